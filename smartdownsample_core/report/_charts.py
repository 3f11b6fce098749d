"""The chart of kept and excluded images per bucket; saving it and the thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..images import Item
from ..new_files import writing
from ..partial_files import complete_file
from ..selection import Bucket, Selection
from ._colors import EXCLUDED_COLOR, KEPT_COLOR
from ._summary import totals
from ._thumbnails import save_thumbnails

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_UPRIGHT_LABELS = 8


def save_charts(
    selection: Selection, paths: Sequence[Item], distribution: Path | None, thumbnails: Path | None
) -> None:
    """Saves each of the two charts that has a path.

    Raises:
        OSError: if one cannot be written; the error names it
    """
    if distribution:
        save_distribution(selection, distribution)
    if thumbnails:
        save_thumbnails(selection, paths, thumbnails)


def save_distribution(selection: Selection, path: Path) -> None:
    """Saves a chart of kept and excluded images per bucket: stacked bars, largest bucket first.

    Args:
        selection: what to draw
        path: the PNG to write

    Raises:
        FileExistsError: if there is one
        OSError: if it cannot be written
    """
    # Imported here because it is slow. Figure without pyplot draws with Agg, needs no display, and
    # shares no state between threads.
    from matplotlib.figure import Figure

    width = min(max(0.26 * len(selection.buckets) + 2.5, 7.0), 36.0)
    figure = Figure(figsize=(width, 7.0), layout="constrained")
    axes = figure.add_subplot()
    _draw_bars(axes, selection.buckets)
    axes.set_title(totals(selection), loc="left")
    with complete_file("the chart", path) as stream, writing("the chart", path):
        figure.savefig(stream, dpi=110, format="png")


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
