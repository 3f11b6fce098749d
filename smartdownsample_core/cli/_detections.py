"""The options for what a detector found: empty images are left out, others labelled."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..annotations import EMPTY, detected
from ..checks import shown_path
from ..selection import labels_by_key

#: The key of what was detected, for ``--stratify-by``, ``--max-per`` and the like.
KEY = "detection"

DEFAULT_CONFIDENCE = 0.2


def add_detections(group: argparse._ActionsContainer) -> None:
    """Adds the options."""
    group.add_argument(
        "--detections",
        metavar="JSON",
        help="results of MegaDetector: exclude images on which it found nothing, and use what it "
        f"found as the key '{KEY}' of --stratify-by, --max-per, --min-per and --exclude-label, "
        f"such as --exclude-label {KEY}=person",
    )
    group.add_argument(
        "--min-confidence",
        type=float,
        default=DEFAULT_CONFIDENCE,
        metavar="N",
        help=f"confidence from which detections count, 0 to 1 (default: {DEFAULT_CONFIDENCE})",
    )


def with_detections(
    options: argparse.Namespace, keys: Mapping[str, Any] | None, paths: Sequence[str]
) -> dict[str, Any]:
    """Returns the keys and the excluded labels, with what was detected.

    Warns on standard error about images without a result, which stay without a label.

    Args:
        options: the parsed options
        keys: those of ``--keys``
        paths: of n images
    """
    if not options.detections:
        return {"keys": keys, "exclude": options.exclude}
    labels = detected(options.detections, paths, options.min_confidence)
    unknown = [path for path, label in zip(paths, labels, strict=True) if label is None]
    if unknown:
        print(
            f"Warning: --detections {options.detections} has no result for {len(unknown):,} of "
            f"{len(paths):,} images, such as {shown_path(unknown[0])}",
            file=sys.stderr,
        )
    excluded = labels_by_key("exclude", options.exclude) if options.exclude else {}
    empties = {*excluded.get(KEY, ()), EMPTY}
    return {"keys": {**(keys or {}), KEY: labels}, "exclude": {**excluded, KEY: sorted(empties)}}
