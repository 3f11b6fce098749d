"""The summary of a selection, and messages about what fell short."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..checks import nearest_name
from ..errors import Message, counted
from ..selection import STRATEGIES, Bucket, Selection, Stratum, are_good
from ._cameras import of_cameras
from ._figures import share

#: So many labels are listed.
_MAX_LABELS = 5

#: Maximum number of strata in the summary; there can be as many labels as images.
_MAX_STRATA = 20


def summary(selection: Selection, strata: str = "labels", noun: str = "images") -> str:
    """Summarizes a selection: totals, excluded images, and a line per stratum and per bucket.

    Args:
        selection: the result of :func:`smartdownsample_core.downsample`
        strata: what to call its strata, in the plural
        noun: what was chosen among, in the plural

    Returns:
        lines of text without a final newline, largest strata and buckets first; rates in per cent,
        and with the strategy ``"stride"`` also strides in images
    """
    selection = selection.of_objects
    lines = [totals(selection, noun), *_left_out(selection), *_events(selection)]
    lines += filter(None, [standing(selection)])
    lines += _table_of_strata(selection.count_strata(), strata)
    stride = STRATEGIES[selection.strategy].strides
    size = "Size" if selection.image_of is None else "Objects"  # by which images are chosen
    header = f"{'Bucket':>6} {size:>9} {'Kept':>9} {'Rate':>7}"
    lines += ["", f"{header} {'Stride':>8}  Name" if stride else f"{header}  Name"]
    lines += [
        f"{bucket.id:>6} {bucket.size:>9,} {bucket.kept:>9,} {share(bucket.rate):>7} "
        + (f"{_stride(bucket):>8}  " if stride else " ")
        + bucket.name
        for bucket in selection.buckets
    ]
    return "\n".join(lines)


def standing(selection: Selection) -> str:
    """Says which standing cameras there are; empty if nobody looked for them, or there are none.

    Such as ``3 standing cameras with 1,430 images; 212 other images``.
    """
    found = selection.standing
    if found is None or not found.n_cameras:
        return ""
    count = found.n_images
    others = selection.n_readable - count
    cameras = (
        "1 standing camera" if found.n_cameras == 1 else f"{found.n_cameras:,} standing cameras"
    )
    rest = f"; {counted(others, 'other images')}" if others else ""
    return f"{cameras} with {counted(count, 'images')}{rest}"


def _left_out(selection: Selection) -> list[str]:
    counts = (
        (selection.n_near_duplicates_left_out, "near-duplicates", " of kept images"),
        (selection.n_quiet_left_out, "quiet frames", " of standing cameras"),
        (selection.n_junk_left_out, "blank images", " (black, white or blurred)"),
        (selection.n_excluded, "images", f" with {_excluded(selection)}"),
        (selection.n_too_soon, "images", " taken too soon after another"),
    )
    words = [counted(count, noun) + which for count, noun, which in counts if count]
    return [f"Excluded {', '.join(words)}"] if words else []


def _excluded(selection: Selection) -> str:
    found = [str(one) for one in selection.exclusions if one.others is None]
    return " or ".join(found) if len(found) <= _MAX_LABELS else "excluded labels"


def _events(selection: Selection) -> list[str]:
    if selection.events is None:
        return []
    kept = np.unique(selection.events.number[selection.indices])
    return [f"Kept images of {int((kept >= 0).sum()):,} of {len(selection.events):,} events"]


def _table_of_strata(strata: Sequence[Stratum], noun: str) -> list[str]:
    if not strata:
        return []
    lines = ["", f"{'':>6} {'Size':>9} {'Kept':>9} {'Rate':>7}  {noun[:-1].capitalize()}"]
    for stratum in strata[:_MAX_STRATA]:
        counts = f"{stratum.size:>9,} {stratum.kept:>9,} {share(stratum.rate):>7}"
        lines.append(f"{'':>6} {counts}  {stratum.name}")
    if len(strata) > _MAX_STRATA:
        lines.append(f"{'':>6} ... and {len(strata) - _MAX_STRATA:,} smaller ones")
    return lines


def totals(selection: Selection, noun: str = "images", objects: str = "objects") -> str:
    """Summarizes a selection in one sentence.

    Args:
        selection: the selection
        noun: what was chosen among, in the plural
        objects: what chose whole images, if it did
    """
    selection = selection.of_objects
    kept, readable = len(selection.chosen), selection.n_choosable
    rate = kept / readable if readable else 0
    n_buckets = len(selection.buckets)
    by = ""
    if selection.image_of is not None:
        by = f"by their {counted(selection.n_readable, objects)}, "
    return (
        f"Kept {kept:,} of {counted(readable, noun)} ({share(rate)}) {by}"
        f"from {n_buckets - selection.n_unrepresented} of {counted(n_buckets, 'buckets')}"
    )


def shortfalls(selection: Selection, strata: str = "labels") -> list[Message]:
    """Returns warnings about a selection, one sentence each.

    They say which requests could not be fulfilled, and how many images are damaged.

    Args:
        selection: the result of :func:`smartdownsample_core.downsample`
        strata: what to call its strata
    """
    selection = selection.of_objects
    return [
        *_unmet(selection, strata),
        *_without_share(selection),
        *_not_excluded(selection),
        *of_cameras(selection),
        *_below_floor(selection),
        *_without_time(selection),
        *_damage(selection),
    ]


def _without_share(selection: Selection) -> list[Message]:
    """Names the labels that shares do not name, as if they were forgotten."""
    left_out = {one.name: one.size for one in selection.count_strata() if one.size and not one.kept}
    names = [name for name in selection.without_share if name in left_out]
    if not names or not len(selection.chosen):
        return []
    n = sum(left_out[name] for name in names)
    return [
        Message(
            "{balance} has no share for {labels}, so {none} kept; give each label a share to keep "
            "some of it, or 0",
            labels=_listed(names),
            none="its only image was not" if n == 1 else f"none of their {n:,} images was",
        )
    ]


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels[:_MAX_LABELS]) + ", ..." * (len(labels) > _MAX_LABELS)


def _not_excluded(selection: Selection) -> list[Message]:
    """Names the labels to exclude that no image has, as if they were misspelt."""
    messages = []
    for one in selection.exclusions:
        if one.others is None:
            continue
        near = nearest_name(one.label, one.others)
        there = _listed(one.others) or "missing"
        hint = f"did you mean {one.key}={near}?" if near else f"labels are {there}"
        messages.append(
            Message("{exclude} names {label}, which no image has; {hint}", label=one, hint=hint)
        )
    return messages


def _below_floor(selection: Selection) -> list[Message]:
    text = (
        "{count:,} of the groups of {key} {have} fewer images than {min_per} asks for, because the "
        "target or {max_per} leaves no room; raise these or lower {min_per}"
    )
    return [
        Message(text, count=n, key=repr(key), have="has" if n == 1 else "have")
        for key, n in selection.below_floor.items()
    ]


def _without_time(selection: Selection) -> list[Message]:
    count = selection.n_without_time
    text = (
        "1 image has no time: it is in no event, and may be of any moment"
        if count == 1
        else "{count:,} images have no time: they are in no event, and may be of any moment"
    )
    return [Message(text, count=count)] if count else []


def _damage(selection: Selection) -> list[Message]:
    count = len(selection.damaged)
    text = (
        "1 image is damaged (cut off or corrupt), and is kept only if there are too few others; "
        "fix or delete it"
        if count == 1
        else "{count:,} images are damaged (cut off or corrupt), and are kept only if there are "
        "too few others; fix or delete them"
    )
    return [Message(text, count=count)] if count else []


def _unmet(selection: Selection, strata: str) -> list[Message]:
    target, n_readable = selection.target_count, selection.n_choosable
    kinds = (
        ("blank images", " (black, white or blurred)", selection.n_junk_kept),
        ("near-duplicates", " of kept images", selection.n_near_duplicates_kept),
        ("quiet frames", " of standing cameras", selection.n_quiet_kept),
        ("damaged images", "", selection.n_damaged_kept),
    )
    unwanted = {counted(count, noun) + which: count for noun, which, count in kinds if count}
    if not n_readable and selection.unreadable:
        return [Message("no image could be read, so none was kept; see the reasons above")]
    if target > n_readable:
        unreadable = len(selection.unreadable)
        return [
            Message(
                "{target_count} {target:,} exceeds the {n:,} readable images"
                + (" ({unreadable:,} could not be read)" if unreadable else "")
                + ", all of which were kept"
                + "".join(f", also {what}" for what in unwanted)
                + "; ask for {n:,} or fewer",
                target=target,
                n=n_readable,
                unreadable=unreadable,
            )
        ]
    messages = [*_left_without(selection, strata), *_short_of_share(selection, strata)]
    others = len(selection.chosen)
    for what, count in unwanted.items():
        others -= count
        messages.append(
            Message(
                "{what} had to be kept to reach {target_count} {target:,}; ask for "
                "{others:,} or fewer to keep none",
                what=what,
                target=target,
                others=others,
            )
        )
    return messages


def _short_of_share(selection: Selection, strata: str) -> list[Message]:
    """Returns a warning if some strata have only near-duplicates and blank images left."""
    if selection.strata is None or selection.tiers is None or not selection.strata_are_labels:
        return []
    numbers, names = selection.strata
    left = ~selection.kept
    is_good = are_good(selection.tiers)
    good, others, kept = (
        np.bincount(numbers[some], minlength=len(names))
        for some in (left & is_good, left & ~is_good & (selection.tiers >= 0), ~left)
    )
    n_short = int(((good == 0) & (others > 0) & (kept < kept.max())).sum())
    if not n_short or not good.any():  # no other stratum got more
        return []
    return [
        Message(
            "{n_short:,} of {n:,} {strata} may have less than their share, because only "
            "near-duplicates or blank images of them are left; exclude fewer near-duplicates, or "
            "keep blank images",
            n_short=n_short,
            strata=strata,
            n=len(names),
        )
    ]


def _left_without(selection: Selection, strata: str) -> list[Message]:
    """Returns warnings about buckets and strata that should have a kept image, but do not."""
    target, has_labels = selection.target_count, selection.strata_are_labels
    if target <= 0:
        return []
    strides = STRATEGIES[selection.strategy].strides
    buckets = [bucket.kept for bucket in selection.buckets if strides]
    labels = [stratum.kept for stratum in selection.count_strata() if has_labels and stratum.size]
    messages = []
    for noun, kept, shares_come_first in (
        ("buckets", buckets, has_labels),
        (strata, labels, False),
    ):
        # If the target is large enough for all, near_duplicates is why some have none.
        if 0 in kept and (shares_come_first or target < len(kept)):
            remedy = f"ask for {len(kept)} or more"
            if shares_come_first:
                remedy = f"{strata} get their shares first; ask for more"
            without = kept.count(0)
            have = "has" if without == 1 else "have"
            text = f"{without:,} of {len(kept):,} {noun} {have} no kept image; {remedy}"
            messages.append(Message(text))
    return messages


def _stride(bucket: Bucket) -> str:
    return "-" if bucket.stride is None else f"{bucket.stride:,.2f}"
