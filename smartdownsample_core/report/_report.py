"""A selection for people: summary text, distribution chart, thumbnail grids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ..errors import Message
from ..images import Item, attempt, load_item, path_of
from ..new_files import new_stream, writing
from ..selection import GOOD, STRATEGIES, Bucket, Selection, Stratum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEPT_COLOR = "#0b7a75"
EXCLUDED_COLOR = "#c3c9d2"

#: How many strata the summary lists; labels can be as many as images.
_MAX_STRATA = 20
_MAX_UPRIGHT_LABELS = 8
_GRID_SIDE = 5
# A palette PNG of photographs takes about one byte a pixel; this keeps 128 buckets under 5 MB.
_MAX_THUMBNAIL_PIXELS = 4_200_000
_LARGEST_THUMBNAIL = 112
_MARGIN = 16
_INK = (40, 44, 52)
_PAPER = (255, 255, 255)


def summary(selection: Selection) -> str:
    """Words a selection: totals, what was left out, a line per stratum and per bucket.

    Args:
        selection: the answer of :func:`smartdownsample_core.downsample`

    Returns:
        lines of text without a final newline, largest strata and buckets first; rate in per cent,
        stride, which only the strategy of that name has, in images
    """
    lines = [totals(selection), *_left_out(selection)]
    lines += _table_of_strata(selection.count_strata())
    stride = STRATEGIES[selection.strategy].strides
    header = f"{'Bucket':>6} {'Size':>9} {'Kept':>9} {'Rate':>7}"
    lines += ["", f"{header} {'Stride':>8}  Name" if stride else f"{header}  Name"]
    lines += [
        f"{bucket.id:>6} {bucket.size:>9,} {bucket.kept:>9,} {bucket.rate:>7.1%} "
        + (f"{_stride(bucket):>8}  " if stride else " ")
        + bucket.name
        for bucket in selection.buckets
    ]
    return "\n".join(lines)


def _left_out(selection: Selection) -> list[str]:
    counts = {
        "near-duplicates of kept images": selection.n_near_duplicates_left_out,
        "blank images (black, white or blurred)": selection.n_junk_left_out,
    }
    words = [f"{count:,} {what}" for what, count in counts.items() if count]
    return [f"Left out {' and '.join(words)}"] if words else []


def _table_of_strata(strata: Sequence[Stratum]) -> list[str]:
    if not strata:
        return []
    lines = ["", f"{'':>6} {'Size':>9} {'Kept':>9} {'Rate':>7}  Label"]
    for stratum in strata[:_MAX_STRATA]:
        rate = "-" if stratum.rate is None else f"{stratum.rate:.1%}"
        lines.append(f"{'':>6} {stratum.size:>9,} {stratum.kept:>9,} {rate:>7}  {stratum.name}")
    if len(strata) > _MAX_STRATA:
        lines.append(f"{'':>6} ... and {len(strata) - _MAX_STRATA:,} smaller ones")
    return lines


def totals(selection: Selection) -> str:
    """Words a selection in one sentence."""
    kept, readable = len(selection.indices), selection.n_readable
    share = kept / readable if readable else 0
    n_buckets = len(selection.buckets)
    return (
        f"Kept {kept:,} of {readable:,} images ({share:.1%}) "
        f"from {n_buckets - selection.n_unrepresented} of {n_buckets} buckets"
    )


def shortfalls(selection: Selection) -> list[Message]:
    """Returns what was asked for and could not be done, a sentence each; none if all is well."""
    target, n_readable = selection.target_count, selection.n_readable
    unwanted = {
        "blank images (black, white or blurred)": selection.n_junk_kept,
        "near-duplicates of kept images": selection.n_near_duplicates_kept,
    }
    unwanted = {kind: count for kind, count in unwanted.items() if count}
    if not n_readable and selection.unreadable:
        return [Message("no image could be read, so none was kept; see the reasons above")]
    if target > n_readable:
        unreadable = len(selection.unreadable)
        return [
            Message(
                "{target_count} {target:,} exceeds the {n:,} readable images"
                + ("; {unreadable:,} could not be read" if unreadable else "")
                + ": all of them were kept"
                + "".join(f", also {count:,} {kind}" for kind, count in unwanted.items())
                + "; ask for {n:,} or fewer",
                target=target,
                n=n_readable,
                unreadable=unreadable,
            )
        ]
    messages = [*_left_without(selection), *_short_of_share(selection)]
    others = len(selection.indices)
    for kind, count in unwanted.items():
        others -= count
        messages.append(
            Message(
                "{count:,} {kind} had to be kept to reach {target_count} {target:,}; ask for "
                "{others:,} or fewer to keep none",
                count=count,
                kind=kind,
                target=target,
                others=others,
            )
        )
    return messages


def _short_of_share(selection: Selection) -> list[Message]:
    """Returns how many labels have nothing left to give but near-duplicates and junk."""
    if selection.strata is None or selection.tiers is None or not selection.strata_are_labels:
        return []
    numbers, names = selection.strata
    left = ~selection.kept
    good, others, kept = (
        np.bincount(numbers[some], minlength=len(names))
        for some in (left & (selection.tiers == GOOD), left & (selection.tiers > GOOD), ~left)
    )
    n_short = int(((good == 0) & (others > 0) & (kept < kept.max())).sum())
    if not n_short or not good.any():  # nobody got what they did not
        return []
    return [
        Message(
            "{n_short:,} of {n:,} labels may have less than their share, as only near-duplicates "
            "or blank images of them are left; lower {near_duplicates}, or do not exclude these",
            n_short=n_short,
            n=len(names),
        )
    ]


def _left_without(selection: Selection) -> list[Message]:
    """Returns which buckets and labels have no kept image, though they should."""
    target, has_labels = selection.target_count, selection.strata_are_labels
    if target <= 0:
        return []
    strides = STRATEGIES[selection.strategy].strides
    buckets = [bucket.kept for bucket in selection.buckets if strides]
    labels = [stratum.kept for stratum in selection.count_strata() if has_labels and stratum.size]
    messages = []
    for noun, kept, shares_come_first in (
        ("buckets", buckets, has_labels),
        ("labels", labels, False),
    ):
        # Where the target is large enough for all, it is near_duplicates that leave some without.
        if 0 in kept and (shares_come_first or target < len(kept)):
            remedy = f"ask for {len(kept)} or more"
            if shares_come_first:
                remedy = "labels get their shares first; ask for more"
            without = kept.count(0)
            text = f"{without:,} of {len(kept):,} {noun} have no kept image; {remedy}"
            messages.append(Message(text))
    return messages


def save_distribution(selection: Selection, path: Path) -> None:
    """Saves a chart of kept and excluded images per bucket: stacked bars, largest bucket first.

    Args:
        selection: what to draw
        path: the PNG to write

    Raises:
        FileExistsError: if there is one
        OSError: if it cannot be written
    """
    # Only who asks for a chart pays for importing matplotlib; Figure without pyplot draws with
    # Agg, needs no display, and shares no state between threads.
    from matplotlib.figure import Figure

    width = min(max(0.26 * len(selection.buckets) + 2.5, 7.0), 36.0)
    figure = Figure(figsize=(width, 7.0), layout="constrained")
    axes = figure.add_subplot()
    _draw_bars(axes, selection.buckets)
    axes.set_title(totals(selection), loc="left")
    with new_stream(path, "xb") as stream:
        figure.savefig(stream, dpi=110, format="png")


def save_thumbnails(selection: Selection, paths: Sequence[Item], path: Path) -> None:
    """Saves a 5x5 grid of thumbnails per bucket, spread over it in natural order.

    Kept images are framed. The grid shows kept and excluded images in the proportion of the
    bucket, and at least one of the kept.

    Args:
        selection: what to draw
        paths: the n paths that the selection was made from
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
    with new_stream(path, "xb") as stream:
        sheet.quantize(256).save(stream, format="PNG", optimize=True)


def save_charts(
    selection: Selection, paths: Sequence[Item], distribution: Path | None, thumbnails: Path | None
) -> None:
    """Saves those of the two charts that have a path.

    Raises:
        OSError: if one cannot be written; names it
    """
    if distribution:
        with writing("the chart", distribution):
            save_distribution(selection, distribution)
    if thumbnails:
        with writing("the grid of thumbnails", thumbnails):
            save_thumbnails(selection, paths, thumbnails)


def spread(members: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Chooses up to 25 images to show of a bucket, kept ones in proportion and at least one.

    Args:
        members: ``(size,)``; its images in natural order
        kept: ``(n,)``; True for the kept images

    Returns:
        ``(min(size, 25),)``; in natural order
    """
    if len(members) <= _GRID_SIDE**2:
        return members
    is_kept = kept[members]
    kept_places, other_places = np.flatnonzero(is_kept), np.flatnonzero(~is_kept)
    n_kept = round(_GRID_SIDE**2 * is_kept.mean())
    n_kept = min(max(n_kept, min(len(kept_places), 1)), len(kept_places))
    n_other = min(_GRID_SIDE**2 - n_kept, len(other_places))
    n_kept = _GRID_SIDE**2 - n_other
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
    some = f", {len(shown)} shown" if len(shown) < bucket.size else ""
    line_height = math.ceil(1.35 * _text_size(side))
    title_height = 2 * line_height
    rows = math.ceil(len(shown) / _GRID_SIDE)
    grid = Image.new("RGB", (side * _GRID_SIDE, title_height + side * rows), _PAPER)
    draw = ImageDraw.Draw(grid)
    draw.text((0, 0), f"{bucket.id}: kept {bucket.kept:,} of {bucket.size:,}{some}", _INK, font)
    name = bucket.name
    while draw.textlength(name, font) > grid.width:
        name = name[:-2] + "…"
    draw.text((0, line_height), name, _INK, font)
    for cell, index in enumerate(shown):
        row, column = divmod(cell, _GRID_SIDE)
        tile = _tile(paths[index], side, bool(kept[index]))
        grid.paste(tile, (column * side, title_height + row * side))
    return grid


def _tile(item: Item, side: int, kept: bool) -> Image.Image:
    framed = Image.new("RGB", (side, side), _PAPER)
    tile = attempt(path_of(item), lambda: ImageOps.fit(load_item(item), (side - 2, side - 2)))
    if isinstance(tile, OSError):  # gone since it was signed: show a gap rather than fail
        tile = Image.new("RGB", (side - 2, side - 2), EXCLUDED_COLOR)
    framed.paste(tile, (1, 1))
    if kept:
        width = max(side // 16, 3)
        ImageDraw.Draw(framed).rectangle((0, 0, side - 1, side - 1), None, KEPT_COLOR, width)
    return framed


def _text_size(side: int) -> int:
    return max(side // 5, 9)


def _draw_bars(axes: Axes, buckets: Sequence[Bucket]) -> None:
    from matplotlib.ticker import MaxNLocator

    x = np.arange(len(buckets))
    rotation = 90 if len(buckets) > _MAX_UPRIGHT_LABELS else 0
    kept = [bucket.kept for bucket in buckets]
    excluded = [bucket.excluded for bucket in buckets]
    axes.bar(x, kept, color=KEPT_COLOR, label="kept")
    axes.bar(x, excluded, bottom=kept, color=EXCLUDED_COLOR, label="excluded")
    for place, bucket in enumerate(buckets):
        text = f"{bucket.kept:,} / {bucket.size:,}"
        axes.annotate(
            text,
            (place, bucket.size),
            xytext=(0, 3),
            textcoords="offset points",
            rotation=rotation,
            ha="center",
            va="bottom",
            fontsize=8,
        )
    separator = " · " if rotation else "\n"
    labels = [f"{b.name} · ({b.id})".replace(" · ", separator) for b in buckets]
    axes.set_xticks(x, labels, rotation=rotation, fontsize=8)
    axes.set_xlim(-0.7, max(len(buckets), 4) - 0.3)
    axes.margins(y=0.25 if rotation else 0.1)
    axes.set_ylabel("images")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper right")


def _stride(bucket: Bucket) -> str:
    return "-" if bucket.stride is None else f"{bucket.stride:,.2f}"
