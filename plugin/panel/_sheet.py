"""A sheet of small pictures of what would be kept, as the App can show it: one picture."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from smartdownsample_core import Selection
from smartdownsample_core.images import Item, path_of
from smartdownsample_core.report import thumbnail

from ..jobs.in_memory import Stored
from ..targets import Subject
from ._state import Sheet

#: Pictures side by side and one below the other. At 40 of them a person still sees what each shows
#: in a panel of 420 pixels, and two alike.
_COLUMNS, _ROWS = 8, 5

#: The same of the unfolded sheet, where two alike are still seen.
_MORE_COLUMNS, _MORE_ROWS = 12, 20

#: Width and height of each, with a gap around it.
_TILE, _SMALL = (96, 72), (64, 48)
_GAP = 2

#: The same of two that are compared.
_LARGE = (192, 144)

#: Small pictures that are held, of 20 to 80 KB each.
_MAX_HELD = 1_000

_THREADS = 4


def draw(
    subject: Subject, stored: Stored, selection: Selection, *, unfolded: bool = False
) -> Sheet:
    """Draws a sheet of kept images, and words which of them.

    Those that were chosen first, if the strategy ranks; else some at even distances in natural
    order. What was read for one sheet is not read again for the next.

    Args:
        subject: what there is to choose from
        stored: its signatures
        selection: what would be kept of it
        unfolded: whether to draw more and smaller pictures
    """
    few, many = _COLUMNS * _ROWS, _MORE_COLUMNS * _MORE_ROWS
    most = many if unfolded else few
    if selection.ranking is not None:
        kept, order, which = selection.ranking, "order of choice", "first chosen"
        some = kept[:most]
    else:
        kept, order, which = selection.indices, "natural order", "at even distances"
        some = kept[np.linspace(0, len(kept) - 1, min(len(kept), most)).round().astype(int)]
    if not len(some):
        return Sheet()
    size = (_SMALL, _MORE_COLUMNS) if unfolded else (_TILE, _COLUMNS)
    uri = _uri(_compose(_sources(subject, stored, some), *size))
    other = ""
    if len(kept) > few:
        other = f"Show {few} larger ones" if unfolded else f"Show {min(len(kept), many)}, smaller"
    if len(some) == len(kept):
        return Sheet(uri, f"All {len(kept):,} kept, in {order}", other)
    return Sheet(uri, f"{len(some):,} of {len(kept):,} kept, {which}", other)


def of_rows(subject: Subject, stored: Stored, rows: NDArray[np.int64]) -> str:
    """Returns small pictures of some rows, ``(m,)``, m > 0, in their order, as a data URI."""
    return _uri(_compose(_sources(subject, stored, rows)))


def _sources(subject: Subject, stored: Stored, rows: NDArray[np.int64]) -> Sequence[Item]:
    view = subject.view.select(stored.ids_of(rows), ordered=True)
    _, paths = subject.items.read(view, ())
    return subject.items.sources(view, paths)


def beside(items: Sequence[Item]) -> str:
    """Returns larger pictures of one image or two, side by side, as a data URI."""
    return _uri(_compose(items, _LARGE))


def _compose(
    items: Sequence[Item], tile: tuple[int, int] = _TILE, columns: int = _COLUMNS
) -> Image.Image:
    with ThreadPoolExecutor(_THREADS) as threads:
        tiles = list(threads.map(_tile, items, map(_changed, items), repeat(tile)))
    width, height = tile[0] + _GAP, tile[1] + _GAP
    columns = min(columns, len(tiles))
    size = (columns * width - _GAP, -(-len(tiles) // columns) * height - _GAP)
    sheet = Image.new("RGBA", size)
    for number, picture in enumerate(tiles):
        row, column = divmod(number, columns)
        sheet.paste(picture, (column * width, row * height))
    return sheet


def _changed(item: Item) -> int | None:
    """When a file was changed; None if there is none, or it is not of a file system."""
    try:
        return os.stat(path_of(item)).st_mtime_ns
    except OSError:
        return None


@lru_cache(_MAX_HELD)
def _tile(item: Item, changed: int | None, size: tuple[int, int]) -> Image.Image:
    return thumbnail(item, size)


def _uri(sheet: Image.Image) -> str:
    stream = io.BytesIO()
    sheet.save(stream, "WEBP", quality=75)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"
