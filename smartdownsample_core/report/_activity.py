"""The picture of where frames of standing cameras differ from their background."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..checks import shown_path
from ..errors import ParameterError
from ..images import Item, attempt, load_small, path_of
from ..new_files import writing
from ..partial_files import complete_file
from ..selection import Choice, Selection, frames_to_show, heat_maps
from ._colors import EXCLUDED_COLOR
from ._summary import standing

if TYPE_CHECKING:
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import SubFigure

_COLUMNS, _ROWS = 4, 2
_SIDE = 320  # most pixels of a frame
_NAME = 24  # letters beside a heat map
_HOTTEST = 8  # units of noise, the most that a pixel counts
_COLORS = "inferno"


def check_activity(choice: Choice) -> None:
    """Raises a ParameterError for a choice that does not look for standing cameras."""
    if not choice.finds_standing:
        raise ParameterError(
            "save_activity",
            "needs standing cameras, which are not looked for",
            "set {strategy} to {strategy:diverse} and {fixed_cameras} to {fixed_cameras:auto} or "
            "{fixed_cameras:all}",
        )


def save_activity(
    selection: Selection,
    grey: NDArray[np.uint8] | None,
    paths: Sequence[Item],
    choice: Choice,
    path: Path,
) -> None:
    """Draws the most active and the most doubtful frames, each beside where it changed.

    Doubtful are those with an activity near 0.2, or near ``leave_out_quiet``.

    Args:
        selection: made with standing cameras
        grey: ``(n, 1024)`` thumbnails; None only if no image could be read
        paths: the n image files
        choice: how the selection was made
        path: the PNG to write

    Raises:
        FileExistsError: if there is one
        OSError: if it cannot be written
    """
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(14.0, 7.0), layout="constrained")
    found, count = selection.standing, _COLUMNS * _ROWS
    if found is None or grey is None or not found.n_cameras:
        figure.suptitle("No standing camera: no 20 images share a background")
    else:
        border = [choice.leave_out_quiet] if choice.leave_out_quiet > 0 else []
        kinds = frames_to_show(found, selection.order, count, *border)
        titles = ("Most active", "Most doubtful: something, or nothing?")
        figure.suptitle(standing(selection))
        parts = np.asarray(figure.subfigures(2, 1)).tolist()
        for part, title, rows in zip(parts, titles, kinds, strict=True):
            part.suptitle(title if len(rows) else f"{title} (none)", x=0.01, ha="left")
            _draw(part, selection, paths, rows, heat_maps(grey, found, selection.order, rows))
    with complete_file("the activity", path) as stream, writing("the activity", path):
        figure.savefig(stream, dpi=110, format="png")


def _draw(
    part: SubFigure,
    selection: Selection,
    paths: Sequence[Item],
    rows: NDArray[np.int64],
    maps: NDArray[np.float32],
) -> None:
    """Draws frames and their heat maps, side by side."""
    assert selection.standing is not None
    kept = selection.kept
    axes = np.asarray(part.subplots(_ROWS, 2 * _COLUMNS)).reshape(-1, 2)
    for pair in axes.ravel():
        pair.axis("off")
    for (left, right), row, heat in zip(axes, rows.tolist(), maps, strict=False):
        frame = _frame(paths[row])
        left.imshow(frame)
        # As large as the frame, whose sides the thumbnail has squeezed.
        size = (0, frame.width, frame.height, 0)
        hot = right.imshow(heat, cmap=_COLORS, norm=_norm(), extent=size, interpolation="nearest")
        left.set_title(_name(paths[row]), fontsize=8, loc="left")
        activity = selection.standing.activity[row]
        right.set_title(f"{activity:.2f}{', kept' if kept[row] else ''}", fontsize=8, loc="left")
    if len(rows):
        part.colorbar(hot, ax=axes, label="difference, in units of noise", fraction=0.02)


def beside_heat(
    item: Item, heat: NDArray[np.float32], size: tuple[int, int]
) -> tuple[Image.Image, Image.Image]:
    """Returns the middle of a frame, and of its heat map, at a size of ``(width, height)``.

    Args:
        item: the frame
        heat: ``(32, 32)``, as :func:`heat_maps` returns it
        size: of each, in pixels
    """
    from matplotlib import colormaps

    frame = _frame(item)
    colors = colormaps[_COLORS](_norm()(heat), bytes=True)[..., :3]
    hot = Image.fromarray(colors).resize(frame.size, Image.Resampling.NEAREST)
    return ImageOps.fit(frame, size), ImageOps.fit(hot, size)


def _norm() -> PowerNorm:
    """Returns square roots, so that doubtful frames are not black."""
    from matplotlib.colors import PowerNorm

    return PowerNorm(0.5, 0, _HOTTEST)


def _frame(item: Item) -> Image.Image:
    """Returns an image, made small; a gap if it is gone."""
    frame = attempt(path_of(item), lambda: load_small(item).convert("RGB"))
    if isinstance(frame, OSError):
        return Image.new("RGB", (_SIDE, _SIDE), EXCLUDED_COLOR)
    frame.thumbnail((_SIDE, _SIDE))
    return frame


def _name(item: Item) -> str:
    """Returns the end of a file's path, as far as there is room and the chart's font has letters.

    >>> _name("box2/IMG_0044.jpg"), _name("traps/forestE/c1_0171.jpg")
    ('box2/IMG_0044.jpg', '.../forestE/c1_0171.jpg')
    """
    name = shown_path(path_of(item))
    if len(name) > _NAME:
        end = name[-_NAME + 3 :]
        name = "..." + end[max(end.find(os.sep), 0) :]
    return name.encode("latin-1", "replace").decode("latin-1").replace("$", r"\$")
