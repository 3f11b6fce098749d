"""Images by what is wrong with them, from the stored signatures: counted, and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import fiftyone as fo
import numpy as np
from fiftyone import ViewField as F
from numpy.typing import NDArray

from smartdownsample_core import Signatures
from smartdownsample_core.signatures import MAX_CLIPPED, MIN_SHARPNESS

from .. import names
from ..targets import kinds as targets
from . import records as runs

#: Little detail, for a thumbnail: up to twice that of blank images, which are left out of it.
_FAINT = 2 * MIN_SHARPNESS

#: A mostly black or white image: at least half of the thumbnail.
_MOSTLY = 0.5

#: Activity of quiet frames. Below it, a standing camera's frames were nearly all empty, but on
#: cameras with low contrast also a quarter of those that were not: see docs/strategies.md.
_QUIET = 0.02


@dataclass(frozen=True)
class Kind:
    """What can be wrong with an image.

    Args:
        label: what a person reads
        where: makes the condition from a function that returns sub-fields of signatures
    """

    label: str
    where: Callable[[Callable[[str], Any]], Any]


def _is_blank(of: Callable[[str], Any]) -> Any:
    """As :func:`smartdownsample_core.signatures.is_junk`; False where there is no signature."""
    clipped = (of("clipped_dark") > MAX_CLIPPED) | (of("clipped_bright") > MAX_CLIPPED)
    return (of("sharpness") >= 0) & ((of("sharpness") < MIN_SHARPNESS) | clipped)


def _is_between(value: Any, low: float, high: float) -> Any:
    return (value >= low) & (value < high)


KINDS: Mapping[str, Kind] = {
    "unreadable": Kind("Unreadable: missing, cut off, or no image", lambda of: of("error")),
    "damaged": Kind("Damaged: corrupt, but shown in part", lambda of: of("damaged") == True),  # noqa: E712
    "blank": Kind("Blank: black, white, or without any detail", _is_blank),
    "faint": Kind(
        "Little detail: fog, strong blur, a covered lens",
        lambda of: _is_between(of("sharpness"), MIN_SHARPNESS, _FAINT),
    ),
    "dark": Kind(
        "Mostly black: half of the image or more",
        lambda of: (of("clipped_dark") >= _MOSTLY) & (of("clipped_dark") <= MAX_CLIPPED),
    ),
    "bright": Kind(
        "Mostly white: half of the image or more",
        lambda of: (of("clipped_bright") >= _MOSTLY) & (of("clipped_bright") <= MAX_CLIPPED),
    ),
    "quiet": Kind(
        "Quiet: a standing camera's frame without anything besides the background",
        lambda of: _is_between(of("activity"), 0, _QUIET),
    ),
}


def view_of(
    dataset: fo.Dataset,
    show: str,
    run_key: str | None = None,
    signature_field: str = names.DEFAULT_FIELD,
) -> fo.DatasetView:
    """Returns the view of one of :data:`KINDS`.

    Args:
        dataset: the dataset
        show: which
        run_key: the run that chose from the images; all samples of the dataset if None
        signature_field: where the signatures are, if no run is given

    Raises:
        ValueError: if there is no such kind, run or field of signatures
    """
    if show not in KINDS:
        raise ValueError(f"show must be one of {', '.join(KINDS)}, got {show!r}")
    view, field = _signed(dataset, run_key, signature_field)
    return view.match(_condition(field, show))


def count(
    dataset: fo.Dataset, run_key: str | None = None, signature_field: str = names.DEFAULT_FIELD
) -> dict[str, int]:
    """Returns how many images there are of each of :data:`KINDS`; see :func:`view_of`."""
    view, field = _signed(dataset, run_key, signature_field)
    return {show: len(view.match(_condition(field, show))) for show in KINDS}


def rows_of(signatures: Signatures) -> dict[str, NDArray[np.int64]]:
    """Returns the rows of signatures that are of each of :data:`KINDS`; see :func:`view_of`."""
    arrays = {
        subfield: getattr(signatures, name)
        for name, column in signatures.columns().items()
        for subfield in column.subfields
    }
    arrays["error"] = np.isin(np.arange(len(signatures)), list(signatures.unreadable))
    known = signatures.readable | arrays["error"]
    return {
        show: np.flatnonzero(kind.where(arrays.__getitem__) & known) for show, kind in KINDS.items()
    }


def _condition(field: str, show: str) -> Any:
    return KINDS[show].where(lambda name: F(f"{field}.{name}"))


def _signed(
    dataset: fo.Dataset, run_key: str | None, signature_field: str
) -> tuple[fo.DatasetView, str]:
    """Returns the flat view of a run or of all samples, and the path of its signatures in it."""
    record = runs.load(dataset, run_key) if run_key else {"signature_field": signature_field}
    stored = record["signature_field"]
    view = runs.signed(dataset, run_key, stored)
    return view, targets.of_record(record).to_view_path(stored)
