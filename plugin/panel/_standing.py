"""Standing cameras in the panel: what was found, and where frames show more than the background."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Selection
from smartdownsample_core.report import standing
from smartdownsample_core.selection import frames_to_show
from smartdownsample_core.signatures import UNREADABLE

from ..config import DownsampleConfig
from ..jobs import activity, cameras
from ..jobs.in_memory import Stored
from ..targets import Subject
from . import _pictures as pictures
from . import _sheet
from ._parts import table
from ._state import PanelState, Sheet, StandingCameras

#: Frames of each kind: two rows of four, each beside its heat map.
_FRAMES = 8

#: Standing cameras with a row of their own, and how many folders or cameras are named of each, and
#: of the images of none.
_MOST_ROWS, _MOST_NAMES, _MOST_OTHERS = 12, 3, 5

_COLUMNS = (("name", "Standing camera"), ("size", "Images"), ("kept", "Kept"))

_NONE = "No standing camera: no 20 images share a background."
_UNKNOWN = "Nobody has looked for standing cameras yet: compute the signatures."


class Stands:
    """The handlers of a panel that shows standing cameras."""

    _change: Any

    def fold_standing(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows what was found, or hides it."""
        shown: PanelState = self._change(ctx, standing=bool(ctx.params.get("value")))
        return shown


def add(body: types.Object, found: StandingCameras | None) -> None:
    """Adds what was found."""
    if found is None:
        return
    body.md(found.text, name="standing_text")
    if found.cameras:
        rows = [
            {"id": str(number), "name": name, "size": f"{size:,}", "kept": f"{kept:,}"}
            for number, (name, size, kept) in enumerate(found.cameras)
        ]
        table(body, "standing_cameras", _COLUMNS, rows)
    for number, sheet in enumerate(found.sheets):
        pictures.add_one(body, f"standing_{number}", sheet)


def find(
    subject: Subject, stored: Stored, config: DownsampleConfig, selection: Selection
) -> StandingCameras:
    """Returns the standing cameras, with their most active and their most doubtful frames."""
    if not subject.items.are_images:
        return StandingCameras("Standing cameras are looked for among whole images only.")
    if not config.finds_standing:
        return StandingCameras("These settings do not look for standing cameras.")
    known = selection.standing
    if known is None or not known.n_cameras:
        return StandingCameras(_UNKNOWN if stored.n_unknown else _NONE)
    border = [config.leave_out_quiet] if config.leave_out_quiet > 0 else []
    kinds = frames_to_show(known, stored.order, _FRAMES, *border)
    captions = ("Most active", "Hardest to tell whether something is there")
    sheets = (
        _draw(subject, stored, config, rows, caption)
        for rows, caption in zip(kinds, captions, strict=True)
        if len(rows)
    )
    known_as = cameras.of(subject, stored, config)
    others = selection.bucket_ids != UNREADABLE
    others &= known.camera < 0
    of_others = f" ({_named(*known_as, others, _MOST_OTHERS)})" if others.any() else ""
    rows = _rows(known_as, known.camera, selection.kept)
    return StandingCameras(f"{standing(selection)}{of_others}.", rows, tuple(sheets))


def _rows(
    known_as: tuple[list[str], NDArray[np.int64]],
    camera: NDArray[np.int64],
    kept: NDArray[np.bool_],
) -> list[tuple[str, int, int]]:
    """Returns a row of each standing camera, those with the most images first."""
    sizes = np.bincount(camera[camera >= 0])
    n_kept = np.bincount(camera[kept & (camera >= 0)], minlength=len(sizes))
    largest = np.argsort(-sizes, kind="stable")
    rows = [
        (_named(*known_as, camera == one, _MOST_NAMES), int(sizes[one]), int(n_kept[one]))
        for one in largest[:_MOST_ROWS].tolist()
    ]
    rest = largest[_MOST_ROWS:]
    if len(rest):
        rows.append((f"{len(rest):,} others", int(sizes[rest].sum()), int(n_kept[rest].sum())))
    return rows


def _named(
    names: list[str], numbers: NDArray[np.int64], these: NDArray[np.bool_], most: int
) -> str:
    """Names the cameras or folders of some images, those with the most of them first.

    With their counts, if they are several.
    """
    if names == ["."]:
        return "the only folder"
    counts = np.bincount(numbers[these], minlength=len(names))
    largest = [one for one in np.argsort(-counts, kind="stable").tolist() if counts[one]]
    if len(largest) == 1:
        return names[largest[0]]
    named = [f"{names[one]} {counts[one]:,}" for one in largest[:most]]
    more = len(largest) - most
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def _draw(
    subject: Subject,
    stored: Stored,
    config: DownsampleConfig,
    rows: NDArray[np.int64],
    caption: str,
) -> Sheet:
    signatures = stored.signatures

    def picture() -> str:
        sources = _sheet.sources_of(subject, stored, rows)
        numbers = signatures.standing[rows].tolist()
        maps = activity.maps(
            subject.dataset, subject.items, config.signature_field, sources, numbers
        )
        return _sheet.of_heat(sources, maps)

    found = ", ".join(f"{value:.2f}" for value in signatures.activity[rows].tolist())
    return Sheet(
        stored.of_signatures.remember(("heat", rows.tobytes()), picture),
        f"{caption}, each beside where it differs from its background; activity {found}",
    )
