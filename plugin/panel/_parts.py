"""Parts that the panel is laid out with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import fiftyone.operators.types as types

#: Options of the view of every input of the panel. An input that is not composite reports the value
#: that it was given as if it had been typed, along with all that it saw before, which would undo
#: what the panel has just been sent.
INPUT = {"composite_view": True}

PLOT_CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}

_SMALL = {"fontSize": "0.85rem", "py": 0.5, "px": 1}


def row(body: types.Object, name: str, align_y: str = "center") -> types.Object:
    """Adds a row that wraps; what is in it needs :func:`item`."""
    added = types.Object()
    view = types.GridView(orientation="2d", gap=1, align_y=align_y)
    body.define_property(name, added, view=view)
    return added


def item(flex: str = "none", **sx: Any) -> dict[str, Any]:
    """Returns the options of a view in a row: its share of the width, as CSS says it."""
    return {"componentsProps": {"item": {"sx": {"width": "auto", "flex": flex, **sx}}}}


def button(
    where: types.Object,
    name: str,
    label: str,
    handler: Any,
    variant: str = "outlined",
    **options: Any,
) -> None:
    """Adds a button to a row."""
    where.btn(name, label, variant=variant, on_click=handler, **item(), **options)


def dropdown(choices: Iterable[tuple[str, str]], **options: Any) -> types.DropdownView:
    """Returns the view of a choice in a row.

    Args:
        choices: value and label
        options: of the view
    """
    view = types.DropdownView(**item(flex="1 1 160px", maxWidth="320px"), **options)
    for value, label in choices:
        view.add_choice(value, label=label)
    return view


def table(
    body: types.Object,
    name: str,
    columns: Iterable[tuple[str, str]],
    rows: list[dict[str, Any]],
    on_click_row: Any = None,
) -> None:
    """Adds a table.

    Args:
        body: where to add it
        name: of the table
        columns: key and label
        rows: text by key
        on_click_row: handler
    """
    pointer = {"cursor": "pointer"} if on_click_row else {}
    components = {
        "table": {"sx": {"minWidth": 0}},
        "tableHeadCell": {"sx": _SMALL},
        "tableBodyCell": {"sx": {**_SMALL, **pointer}},
    }
    view = types.TableView(on_click_row=on_click_row, componentsProps=components)
    for column, label in columns:
        view.add_column(column, label=label)
    body.list(name, types.Object(), default=rows, view=view)
