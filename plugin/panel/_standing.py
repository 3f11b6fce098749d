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

from ..config import DownsampleConfig
from ..jobs import activity
from ..jobs.in_memory import Stored
from ..targets import Subject
from . import _pictures as pictures
from . import _sheet
from ._state import PanelState, Sheet, StandingCameras

#: Frames of each kind: two rows of four, each beside its heat map.
_FRAMES = 8

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
    return StandingCameras(f"{standing(selection)}.", tuple(sheets))


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
        cameras = signatures.standing[rows].tolist()
        maps = activity.maps(
            subject.dataset, subject.items, config.signature_field, sources, cameras
        )
        return _sheet.of_heat(sources, maps)

    found = ", ".join(f"{value:.2f}" for value in signatures.activity[rows].tolist())
    return Sheet(
        stored.of_signatures.remember(("heat", rows.tobytes()), picture),
        f"{caption}, each beside where it differs from its background; activity {found}",
    )
