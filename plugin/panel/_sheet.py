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
from PIL import Image, ImageDraw, ImageFont

from smartdownsample_core import Selection
from smartdownsample_core.images import Item, path_of
from smartdownsample_core.report import beside_heat, thumbnail

from .. import wording
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

#: Pictures of buckets side by side, the height of their numbers, and what is behind these.
_BUCKETS, _NUMBER, _BACK = 10, 24, (34, 38, 44)

#: Width and height of two that are compared.
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
    uri = _uri(_compose(sources_of(subject, stored, some), *size))
    other = ""
    if len(kept) > few:
        other = f"Show {few} larger ones" if unfolded else f"Show {min(len(kept), many)}, smaller"
    if len(some) == len(kept):
        every = f"All {len(kept):,} kept, in {order}" if len(kept) > 1 else "The only one kept"
        return Sheet(uri, every, other)
    return Sheet(uri, f"{len(some):,} of {len(kept):,} kept, {which}", other)


def of_rows(subject: Subject, stored: Stored, rows: NDArray[np.int64]) -> str:
    """Returns small pictures of some rows, ``(m,)``, m > 0, in their order, as a data URI."""
    return _uri(_compose(sources_of(subject, stored, rows)))


def sources_of(subject: Subject, stored: Stored, rows: NDArray[np.int64]) -> Sequence[Item]:
    """Returns the images of some rows, ``(m,)``, in their order."""
    view = subject.view.select(stored.ids_of(rows), ordered=True)
    _, paths = subject.items.read(view, ())
    return subject.items.sources(view, paths)


def of_buckets(subject: Subject, stored: Stored, rows: NDArray[np.int64]) -> str:
    """Returns small pictures of some rows, ``(m,)``, m > 0, numbered from 1, as a data URI."""
    sheet = _compose(sources_of(subject, stored, rows), columns=_BUCKETS)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_NUMBER)
    for number in range(len(rows)):
        left, top, *_ = _place(number, _TILE, _BUCKETS)
        text = str(number + 1)
        box = draw.textbbox((left + 4, top + 2), text, font=font)
        draw.rectangle((left, top, box[2] + 4, box[3] + 4), fill=_BACK)
        draw.text((left + 4, top + 2), text, "white", font)
    return _uri(sheet)


def of_bucket(
    subject: Subject, stored: Stored, rows: NDArray[np.int64], kept: NDArray[np.bool_]
) -> str:
    """Returns small pictures of some rows, ``(m,)``, m > 0, with frames around some: a data URI."""
    sheet = _compose(sources_of(subject, stored, rows))
    draw = ImageDraw.Draw(sheet)
    for number in np.flatnonzero(kept).tolist():
        draw.rectangle(
            _place(number, _TILE, _COLUMNS), outline=wording.COLORS[wording.KEPT], width=5
        )
    return _uri(sheet)


def of_pairs(subject: Subject, stored: Stored, rows: NDArray[np.int64], color: str) -> str:
    """Returns small pictures of pairs, ``(m, 2)`` rows, m > 0, framed as such, as a data URI.

    The row of pictures has room for four pairs, so that any number of pairs is of one size.
    """
    sheet = _compose(sources_of(subject, stored, rows.reshape(-1)))
    wide = Image.new("RGBA", (_place(_COLUMNS - 1, _TILE, _COLUMNS)[2] + 1, sheet.height))
    wide.paste(sheet)
    draw = ImageDraw.Draw(wide)
    for number in range(0, rows.size, 2):
        first, second = (_place(at, _TILE, _COLUMNS) for at in (number, number + 1))
        draw.rectangle((*first[:2], *second[2:]), outline=color, width=5)
    return _uri(wide)


def beside(items: Sequence[Item], heat: NDArray[np.float32] | None = None) -> str:
    """Returns larger pictures of one image or two, side by side, as a data URI.

    Args:
        items: the images
        heat: the heat map of the first, to draw after them
    """
    tiles = [_tile(item, _changed(item), _LARGE) for item in items]
    if heat is not None:
        tiles.append(beside_heat(items[0], heat, _LARGE)[1])
    return _uri(_arrange(tiles, _LARGE, len(tiles)))


def of_heat(sources: Sequence[Item], maps: NDArray[np.float32]) -> str:
    """Returns small pictures of frames, m > 0, each beside its heat map, as a data URI."""
    pairs = [beside_heat(item, heat, _TILE) for item, heat in zip(sources, maps, strict=True)]
    return _uri(_arrange([tile for pair in pairs for tile in pair], _TILE, _COLUMNS))


def _compose(
    items: Sequence[Item], tile: tuple[int, int] = _TILE, columns: int = _COLUMNS
) -> Image.Image:
    with ThreadPoolExecutor(_THREADS) as threads:
        tiles = list(threads.map(_tile, items, map(_changed, items), repeat(tile)))
    return _arrange(tiles, tile, columns)


def _arrange(tiles: Sequence[Image.Image], tile: tuple[int, int], columns: int) -> Image.Image:
    width, height = tile[0] + _GAP, tile[1] + _GAP
    columns = min(columns, len(tiles))
    size = (columns * width - _GAP, -(-len(tiles) // columns) * height - _GAP)
    sheet = Image.new("RGBA", size)
    for number, picture in enumerate(tiles):
        sheet.paste(picture, _place(number, tile, columns)[:2])
    return sheet


def _place(number: int, tile: tuple[int, int], columns: int) -> tuple[int, int, int, int]:
    """Returns the corners of a picture, by its number from 0: left, top, right, bottom."""
    row, column = divmod(number, columns)
    left, top = column * (tile[0] + _GAP), row * (tile[1] + _GAP)
    return left, top, left + tile[0] - 1, top + tile[1] - 1


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
