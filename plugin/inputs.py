"""The settings as people see them: one row each, which the forms and the panel share.

A new setting is a field of a config in config.py and a row here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import fiftyone.operators.types as types

from . import names
from .config import DownsampleConfig, SignatureConfig


class Row(NamedTuple):
    """How to ask for one setting."""

    name: str
    kind: Literal["whole number", "text", "switch", "choice"]
    label: str
    description: str = ""
    default: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    """value and label"""
    what_if: bool = False
    """the panel asks for it too, because stored signatures are enough to see what it does"""


TARGET_COUNT = Row("target_count", "whole number", "Images to keep", what_if=True)

RUN_KEY = Row(
    "run_key",
    "text",
    "Run key",
    "Names the run, its tag and its saved views; a run of that key is replaced",
    names.DEFAULT_RUN_KEY,
)

#: Of a run, folded away by default.
SELECTION_ROWS = (
    Row("tag", "text", "Tag", "For the kept samples; the run key if empty"),
    Row(
        "random_seed",
        "whole number",
        "Random seed",
        "Another seed keeps other samples; the same seed the same ones",
        DownsampleConfig.random_seed,
        what_if=True,
    ),
)

#: Charts of a run as files.
CHART_ROWS = (
    Row(
        "save_distribution",
        "text",
        "Save the chart",
        "Full path of a new .png on the server: kept and excluded images per bucket",
    ),
    Row(
        "save_thumbnails",
        "text",
        "Save the thumbnails",
        "Full path of a new .png on the server: up to 25 images of every bucket",
    ),
)

#: Of the signatures.
SIGNATURE_ROWS = (
    Row(
        "signature_field",
        "text",
        "Signature field",
        "Where the signatures are, or will be",
        names.DEFAULT_FIELD,
    ),
    Row(
        "hash_size",
        "whole number",
        "Hash size",
        "Side of the difference hash, at least 4; 8 is the usual one",
        SignatureConfig.hash_size,
    ),
    Row(
        "decode",
        "choice",
        "Reading images",
        default=SignatureConfig.decode,
        choices=(
            ("exact", "Exact: the buckets of smartdownsample 1.9"),
            ("fast", "Fast: some images land in a neighbouring bucket"),
        ),
    ),
    Row(
        "n_workers",
        "whole number",
        "Workers",
        "Threads that read images at the same time",
        SignatureConfig.n_workers,
    ),
    Row(
        "recompute",
        "switch",
        "Compute all signatures anew",
        "Otherwise only those that are missing or whose file has changed",
        SignatureConfig.recompute,
    ),
)

#: What the panel asks for besides the target count.
WHAT_IF_ROWS = tuple(row for row in (*SELECTION_ROWS, *SIGNATURE_ROWS) if row.what_if)


def add(inputs: types.Object, row: Row, **options: Any) -> types.Property:
    """Adds a row to a form or a panel.

    Args:
        inputs: where to add it
        row: the row
        options: for the property; those of the row are the default
    """
    options = {"label": row.label, "description": row.description, **options}
    if row.default is not None:
        options.setdefault("default", row.default)
    if row.kind == "choice":
        choices = types.RadioGroup()
        for value, label in row.choices:
            choices.add_choice(value, label=label)
        return inputs.enum(row.name, choices.values(), view=choices, **options)
    makers: dict[str, Callable[..., types.Property]] = {
        "whole number": inputs.int,
        "text": inputs.str,
        "switch": inputs.bool,
    }
    return makers[row.kind](row.name, **options)
