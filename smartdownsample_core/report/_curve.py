"""The chart of how far the images left out are, by the number of images kept."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import numpy as np

from ..errors import ParameterError
from ..new_files import writing
from ..partial_files import complete_file
from ..selection import Choice, Coverage
from ._colors import EXCLUDED_COLOR, KEPT_COLOR

#: Letters of a line of the title; more would be cut off at the right.
_TITLE = 90


def check_curve(choice: Choice) -> None:
    """Raises a ParameterError for a strategy whose selections have no curve."""
    if not choice.how.ranks:
        raise ParameterError(
            "save_curve",
            "needs a strategy that ranks images, not {value}",
            "set {strategy} to {strategy:diverse}",
            value=repr(choice.strategy),
        )


def how_many(coverage: Coverage, kept: int | None = None) -> str:
    """Words what a curve says of a number of images (all by default), and of its knee if any."""
    kept = len(coverage.farthest) - 1 if kept is None else kept
    text = f"{kept:,} kept: the farthest image left out is at {coverage.farthest[kept]:.3g}"
    if coverage.by_activity:
        return f"{text}; frames of standing cameras are kept for what they show, not to lower it"
    if (knee := coverage.knee) is None:
        return text
    return f"{text}. The curve bends at {knee:,}, where it is at {coverage.farthest[knee]:.3g}"


def save_curve(coverage: Coverage, path: Path) -> None:
    """Draws the distance of the farthest and of the median image left out, by the number kept.

    Args:
        coverage: of a selection
        path: the PNG to write

    Raises:
        FileExistsError: if there is one
        OSError: if it cannot be written
    """
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    numbers = np.arange(1, len(coverage.farthest))
    axes.plot(numbers, coverage.farthest[1:], color=KEPT_COLOR, label="farthest image left out")
    axes.plot(coverage.counts, coverage.median, color=EXCLUDED_COLOR, label="median image left out")
    if (knee := coverage.knee) is not None:
        axes.axvline(knee, color="0.6", linewidth=1, linestyle="--", label=f"knee: {knee:,}")
    axes.set_title(fill(how_many(coverage), _TITLE), loc="left", fontsize=10)
    axes.set_xlabel("images kept")
    axes.set_ylabel(coverage.unit)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    with complete_file("the curve", path) as stream, writing("the curve", path):
        figure.savefig(stream, dpi=110, format="png")
