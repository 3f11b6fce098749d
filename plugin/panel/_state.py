"""The panel's state: what a person has chosen in it, and all that it shows because of that.

The App merges a panel's state and data into each other, and an input that notices another value
writes what it saw before back into the state. So the browser holds choices only (:class:`Chosen`),
and whatever is drawn is one :class:`PanelState`, sent as a whole with the layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypedDict

from smartdownsample_core import Bucket

from ..jobs.omissions import Omission
from ..jobs.timeline import Timeline
from ..runs.shapes import Edit, StratumRow

#: What part of a bucket, or of all, the grid shows; None if nobody has chosen it in the panel.
Show = Literal["all", "kept", "excluded", "unreadable"] | None

#: Switches among the settings that unfold a part of the panel.
FOLDS = ("more", "curve", "timeline", "standing", "quality", "pictures")

#: Rows of the table that are shown at first: the App takes long to draw many.
FIRST_ROWS = 10

Phase = Literal["refused", "unsigned", "unreadable", "ready"]


class Inputs(TypedDict):
    """The two lists at the top of the panel."""

    source: str
    """what to choose from: a key of :mod:`_sources`"""
    other: str | None
    """what is compared with the source, a run: the key of another one, or ``sources.PROPOSAL``"""


class Chosen(TypedDict):
    """What a person has chosen in the panel: the only state that the browser holds."""

    choose: Inputs
    source: str
    """the source that stages and settings are of; ``choose.source`` may be ahead of it"""
    stages: list[dict[str, Any]] | None
    """of the view to choose from; None for the whole dataset"""
    settings: dict[str, Any]
    """params of the operator, and ``slider`` and :data:`FOLDS` of the panel"""
    show: Show
    bucket: int | None
    """id of the bucket that the grid shows; None for all of them"""
    part: str | None
    """of a comparison, what the grid shows; None if nobody has chosen it"""
    all_rows: bool
    """whether the table is unfolded"""


class Why(NamedTuple):
    """Why a run kept or left out the selected image."""

    run: str
    text: str
    picture: str
    """of the image and, if it was left out, the kept one beside it: a data URI"""
    caption: str = ""
    kept: str = ""
    """id of the kept one"""
    n_represented: int = 0
    """how many others the kept one stands for"""
    edits: Sequence[tuple[str, Edit]] = ()
    """what can be changed by hand, each with its label"""
    event: int | None = None
    """its number"""


class More(NamedTuple):
    """What is known of an image besides what a run has written."""

    camera: str = ""
    """empty if there is only one"""
    added: float | None = None
    """distance of a kept image from those that were picked before it"""


class Sheet(NamedTuple):
    """Small pictures."""

    picture: str = ""
    """a data URI; "" if there are none"""
    caption: str = ""
    other: str = ""
    """what the button says that shows more of them, or fewer; "" if these are all"""


class StandingCameras(NamedTuple):
    """The standing cameras that are known, with their most active and most doubtful frames."""

    text: str
    cameras: Sequence[tuple[str, int, int]] = ()
    """of each, the folder or camera that its images are of, their number, and of kept ones"""
    sheets: tuple[Sheet, ...] = ()


class Curve(NamedTuple):
    """How far what is left out is from what is kept, by the number kept; or why that is unknown."""

    text: str
    counts: Sequence[int] = ()
    """numbers of images kept; empty if there is no curve"""
    farthest: Sequence[float] = ()
    """distance of the farthest image left out at each of them"""
    median: Sequence[float] = ()
    """likewise of the median image"""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class PanelState:
    """All that the panel shows, at one time and for one :class:`Chosen`."""

    chosen: Chosen
    sources: list[tuple[str, str]]
    """what can be chosen from: value and label"""
    comparable: list[tuple[str, str]]
    """what can be compared with the source: value and label"""
    phase: Phase = "ready"
    working: str | None = None
    """what takes a moment; the answer is still to come"""
    problem: str | None = None
    """why there is no answer"""
    noun: str = "samples"
    """what there is to choose from: samples, groups, patches or frames"""
    holds_videos: bool = False
    """whether the samples are videos, whose frames can be sampled"""
    n_samples: int = 0
    n_missing: int = 0
    """samples without a signature that holds"""
    n_unknown: int = 0
    """samples of which it matters, and is not known, whether a standing camera took them"""
    n_unreadable: int = 0
    n_choosable: int = 1
    """the most that can be kept; of patches that choose whole samples, these"""
    buckets: tuple[Bucket, ...] = ()
    """largest first; with a problem, nothing of them is kept"""
    strata: list[StratumRow] | None = None
    """see :func:`outcome.strata`"""
    totals: str = ""
    sheet: Sheet = Sheet()
    """of all that would be kept"""
    pairs: tuple[Sheet, ...] = ()
    """pairs of near-duplicates, and of others, at the threshold; see :func:`pairs.find`"""
    of_buckets: Sheet = Sheet()
    """one of each bucket that the table shows"""
    of_bucket: Sheet = Sheet()
    """of the bucket that the grid shows, kept or not"""
    more_of: Callable[[str], More] | None = None
    """of a saved run: says by the id of an image what the run has not written of it"""
    explains: bool = False
    """whether it shows a run that says why each image was kept or left out"""
    why: Why | None = None
    """of the one image that is selected in the grid"""
    curve: Curve | None = None
    """how many are enough; None unless it is unfolded"""
    timeline: Timeline | None = None
    """cameras over time; None unless it is unfolded"""
    standing: StandingCameras | None = None
    """None unless it is unfolded"""
    quality: dict[str, int] | None = None
    """images of each of :data:`quality.KINDS`; None unless it is unfolded"""
    warnings: list[str] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    """folders and labels of which nothing is kept"""
    is_saved: bool = False
    """a run was made with these settings"""
    has_changed: bool = False
    """that run would keep other samples now"""
    by_hand: str = ""
    """what of that run a person has changed; see :func:`edits.by_hand`"""
    can_take_back: bool = False
    """whether it has hand edits"""
    compared: dict[str, Any] | None = None
    """see :func:`compare.compared`"""
    options: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """what the unfolded settings offer: value and label"""

    @property
    def has_answer(self) -> bool:
        """Whether it says what would be kept."""
        return bool(self.totals)

    @property
    def place(self) -> int | None:
        """Place of the bucket that the grid shows among the others, from 1; None if it is none."""
        ids = [bucket.id for bucket in self.buckets]
        bucket = self.chosen["bucket"]
        return ids.index(bucket) + 1 if bucket in ids else None


def changes(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what to send for the browser to hold what is wanted: paths of values that differ.

    Value by value, because the App draws an input anew only if its own path is sent, and because
    to write back what is just being typed would undo it.

    >>> changes({"settings": {"n": 1, "old": 2}}, {"settings": {"n": 3}})
    {'settings.n': 3, 'settings.old': None}

    Args:
        held: state of the browser
        wanted: another one
    """
    return dict(_differences(held, wanted, ""))


def _differences(
    held: Mapping[str, Any], wanted: Mapping[str, Any], folder: str
) -> Iterator[tuple[str, Any]]:
    for name, value in wanted.items():
        old = held.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            yield from _differences(old, value, f"{folder}{name}.")
        elif old != value or name not in held:
            yield folder + name, value
    if folder:
        yield from ((folder + name, None) for name in held if name not in wanted)
