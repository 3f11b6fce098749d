"""Small pictures in the panel; see :mod:`._sheet`."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types
import numpy as np

from smartdownsample_core import Selection
from smartdownsample_core.report import spread
from smartdownsample_core.selection import Pair

from .. import wording
from ..config import DownsampleConfig
from ..jobs import pairs
from ..jobs.in_memory import Stored
from ..targets import Subject
from . import _browser as browser
from . import _sheet
from ._parts import button, row
from ._state import FIRST_ROWS, PanelState, Sheet

#: Pictures of one bucket: two rows.
_OF_BUCKET = 16


class Pictures:
    """The handlers of a panel that shows small pictures."""

    _change: Any

    def fold_pictures(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows more pictures of what would be kept, or fewer and larger ones."""
        unfolded = bool(browser.chosen(ctx)["settings"].get("pictures"))
        shown: PanelState = self._change(ctx, pictures=not unfolded)
        return shown


def add(panel: Any, body: types.Object, sheet: Sheet) -> None:
    """Adds pictures of what would be kept."""
    add_one(body, "sheet", sheet)
    if sheet.other:
        button(row(body, "sheet_size"), "fold_pictures", sheet.other, panel.fold_pictures)


def add_one(body: types.Object, name: str, sheet: Sheet) -> None:
    """Adds pictures, if there are any, with their caption."""
    if sheet.picture:
        body.md(f"![{sheet.caption}]({sheet.picture})\n\n{sheet.caption}", name=name)


def of_buckets(subject: Subject, stored: Stored, selection: Selection, all_rows: bool) -> Sheet:
    """Returns an image of each bucket of the table, the kept one that was chosen first.

    With a strategy that ranks, it stays the same while another number is typed.
    """
    buckets = selection.buckets if all_rows else selection.buckets[:FIRST_ROWS]
    order = selection.order
    kept = order[selection.kept[order]] if selection.ranking is None else selection.ranking
    preferred = np.concatenate([kept, order])
    ids, places = np.unique(selection.bucket_ids[preferred], return_index=True)
    first = dict(zip(ids.tolist(), preferred[places].tolist(), strict=True))
    rows = np.array([first[bucket.id] for bucket in buckets], np.int64)
    if not len(rows):
        return Sheet()
    caption = "An image of each bucket, by its number in the table"
    if any(not bucket.kept for bucket in buckets):
        caption += "; of those without a kept one, the first"
    picture = stored.of_signatures.remember(
        ("of buckets", rows.tobytes()), lambda: _sheet.of_buckets(subject, stored, rows)
    )
    return Sheet(picture, caption)


def of_bucket(subject: Subject, stored: Stored, selection: Selection, bucket: int | None) -> Sheet:
    """Returns images of a bucket, spread over natural order, with frames around kept ones."""
    members = selection.members(bucket) if bucket is not None else np.empty(0, np.int64)
    if not len(members):
        return Sheet()
    rows = spread(members, selection.kept, _OF_BUCKET)
    kept = selection.kept[rows]
    picture = stored.of_signatures.remember(
        ("of bucket", rows.tobytes(), kept.tobytes()),
        lambda: _sheet.of_bucket(subject, stored, rows, kept),
    )
    some = "Its images" if len(rows) == len(members) else f"{len(rows)} of its images"
    return Sheet(picture, f"{some}, the kept ones framed")


def of_pairs(subject: Subject, stored: Stored, config: DownsampleConfig) -> tuple[Sheet, ...]:
    """Returns pairs that are only just near-duplicates, and pairs that are only just none."""
    found = pairs.find(subject, stored, config)
    if found is None:
        return ()
    threshold = f"{found.threshold:g}{found.unit}"

    def sheet(kind: str, some: list[Pair], color: str) -> Sheet:
        # Next to the threshold, descriptors' distances are some thousandths apart.
        at = ", ".join(dict.fromkeys(f"{round(pair.distance, 3):g}" for pair in some))
        rows = np.array([pair[:2] for pair in some], np.int64)
        picture = stored.of_signatures.remember(
            ("pair pictures", color, rows.tobytes()),
            lambda: _sheet.of_pairs(subject, stored, rows, wording.COLORS[color]),
        )
        return Sheet(picture, f"{kind} {threshold}: pairs {at} apart")

    kinds = (
        ("Near-duplicates, within", found.within, wording.KEPT),
        ("Not near-duplicates, beyond", found.beyond, wording.EXCLUDED),
    )
    return tuple(sheet(*kind) for kind in kinds if kind[1])
