"""A sheet of thumbnails: one grid per bucket, with frames around kept images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ..images import Item, attempt, load_small, path_of
from ..new_files import writing
from ..partial_files import complete_file
from ..selection import Bucket, Selection
from ._colors import EXCLUDED_COLOR, KEPT_COLOR
from ._summary import totals

_GRID_SIDE = 5
# A palette PNG of photographs takes about one byte per pixel; this keeps 128 buckets below 5 MB.
_MAX_THUMBNAIL_PIXELS = 4_200_000
_LARGEST_THUMBNAIL = 112
_MARGIN = 16
_INK = (40, 44, 52)
_PAPER = (255, 255, 255)


def save_thumbnails(selection: Selection, paths: Sequence[Item], path: Path) -> None:
    """Saves a 5x5 grid of thumbnails per bucket, spread over its natural order.

    Kept images are framed. The grid shows kept and excluded images in proportion, with at least one
    kept image.

    Args:
        selection: what to draw
        paths: the n paths from which the selection was made
        path: the PNG to write, below 5 MB

    Raises:
        FileExistsError: if there is one
        OSError: if it cannot be written
    """
    n_buckets = max(len(selection.buckets), 1)
    side = min(math.isqrt(_MAX_THUMBNAIL_PIXELS // (n_buckets * _GRID_SIDE**2)), _LARGEST_THUMBNAIL)
    columns = math.ceil(math.sqrt(n_buckets))
    kept = selection.kept
    grids = [_grid(selection, bucket, paths, kept, side) for bucket in selection.buckets]
    lines = [grids[start : start + columns] for start in range(0, len(grids), columns)]
    header = 3 * _MARGIN + _text_size(side)
    width = max(columns * (side * _GRID_SIDE + _MARGIN) + _MARGIN, 480)
    height = header + sum(line[0].height + _MARGIN for line in lines)
    sheet = Image.new("RGB", (width, height), _PAPER)
    title = f"{totals(selection)}; kept ones are framed"
    font = ImageFont.load_default(_text_size(side))
    ImageDraw.Draw(sheet).text((_MARGIN, _MARGIN), title, _INK, font)
    top = header
    for line in lines:
        for column, grid in enumerate(line):
            sheet.paste(grid, (_MARGIN + column * (grid.width + _MARGIN), top))
        top += line[0].height + _MARGIN  # buckets come largest first, so the first is the tallest
    what = "the grid of thumbnails"
    with complete_file(what, path) as stream, writing(what, path):
        sheet.quantize(256).save(stream, format="PNG", optimize=True)


def thumbnail(item: Item, size: tuple[int, int]) -> Image.Image:
    """Returns the middle of an image at a size of ``(width, height)``; a gap if it is gone."""
    tile = attempt(path_of(item), lambda: ImageOps.fit(load_small(item).convert("RGB"), size))
    return Image.new("RGB", size, EXCLUDED_COLOR) if isinstance(tile, OSError) else tile


def spread(
    members: NDArray[np.int64], kept: NDArray[np.bool_], most: int = _GRID_SIDE**2
) -> NDArray[np.int64]:
    """Chooses some images of a bucket to show, with kept ones in proportion, at least one.

    Args:
        members: ``(size,)``; the images of the bucket in natural order
        kept: ``(n,)``; True for the kept images
        most: how many to show

    Returns:
        ``(min(size, most),)``; in natural order
    """
    if len(members) <= most:
        return members
    is_kept = kept[members]
    kept_places, other_places = np.flatnonzero(is_kept), np.flatnonzero(~is_kept)
    n_kept = round(most * is_kept.mean())
    n_kept = min(max(n_kept, min(len(kept_places), 1)), len(kept_places))
    n_other = min(most - n_kept, len(other_places))
    n_kept = most - n_other
    places = [_evenly(kept_places, n_kept), _evenly(other_places, n_other)]
    shown: NDArray[np.int64] = members[np.sort(np.concatenate(places))]
    return shown


def _evenly(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    chosen: NDArray[np.int64] = places[np.linspace(0, len(places) - 1, count).round().astype(int)]
    return chosen


def _grid(
    selection: Selection,
    bucket: Bucket,
    paths: Sequence[Item],
    kept: NDArray[np.bool_],
    side: int,
) -> Image.Image:
    shown = spread(selection.members(bucket.id), kept)
    font = ImageFont.load_default(_text_size(side))
    line_height = math.ceil(1.35 * _text_size(side))
    title_height = 2 * line_height
    rows = math.ceil(len(shown) / _GRID_SIDE)
    grid = Image.new("RGB", (side * _GRID_SIDE, title_height + side * rows), _PAPER)
    draw = ImageDraw.Draw(grid)
    for line, text in enumerate((_counts(bucket, kept[shown]), bucket.name)):
        while draw.textlength(text, font) > grid.width:
            text = text[:-2] + "…"
        draw.text((0, line * line_height), text, _INK, font)
    for cell, index in enumerate(shown):
        row, column = divmod(cell, _GRID_SIDE)
        tile = _tile(paths[index], side, bool(kept[index]))
        grid.paste(tile, (column * side, title_height + row * side))
    return grid


def _counts(bucket: Bucket, kept: NDArray[np.bool_]) -> str:
    """Words how many images of a bucket were kept, also of those that are shown, ``(m,)``.

    >>> _counts(Bucket(5, size=164, kept=6), np.arange(25) == 3)
    '5: kept 6 of 164, 1 of the 25 shown'
    """
    some = f", {kept.sum()} of the {len(kept)} shown" if len(kept) < bucket.size else ""
    return f"{bucket.id}: kept {bucket.kept:,} of {bucket.size:,}{some}"


def _tile(item: Item, side: int, kept: bool) -> Image.Image:
    framed = Image.new("RGB", (side, side), _PAPER)
    framed.paste(thumbnail(item, (side - 2, side - 2)), (1, 1))
    if kept:
        width = max(side // 16, 3)
        ImageDraw.Draw(framed).rectangle((0, 0, side - 1, side - 1), None, KEPT_COLOR, width)
    return framed


def _text_size(side: int) -> int:
    return max(side // 5, 9)
