"""Signatures and settings to a selection, without reading or printing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..checks import shown, whole_number
from ..errors import ParameterError
from ..signatures import Signatures, assign_buckets
from ._choice import Choice
from ._constraints import Constraints
from ._coverage import farthest_left_out
from ._distances import Points, Relation
from ._events import in_time
from ._explanation import Evidence
from ._features import mean_squared_length
from ._inputs import check_by_objects, images_of_objects
from ._keys import Keys
from ._notation import target_of
from ._picking import picked_by
from ._preference import levels_of
from ._repair import repaired
from ._result import Selection
from ._shots import SQUARED_GAP, shots, squared_gap_of
from ._standing import Standing
from ._still_frames import UNIT, StillFrames, shows_nothing, weigh
from ._strata import Groups, Label
from ._strategies import Images
from ._tally import count_buckets
from ._tiers import GOOD

_Rows = NDArray[np.int64]


def downsample(
    signatures: Signatures,
    order: _Rows,
    target_count: int | str | None,
    random_seed: int = 42,
    choice: Choice | None = None,
    constraints: Constraints | None = None,
    image_of: Sequence[Label | int] | None = None,
) -> Selection:
    """Chooses exactly ``target_count`` images.

    With ``image_of``, the n items are objects on images, and images are chosen by them: an image is
    as far from those kept as its farthest object is from all objects on these, and is kept for that
    object, whose index stands for it. Its other objects are seen with it, and are kept in
    :attr:`Selection.of_objects`; explanations and distances are of objects.

    Excluded images (near-duplicates, then junk, then damaged images) are kept only if there are not
    enough others, so the count is exact whenever enough images are readable.

    Args:
        signatures: the table of n images
        order: ``(n,)``; their natural order, from :func:`smartdownsample_core.natural_order`;
            with ``choice.order="time"``, the images of each camera are sorted by time in it
        target_count: images to keep, or a share of all such as ``"10%"``, including those of
            ``choice.keep``, even unreadable ones; all readable images if there are fewer, none if
            0 or less; None for as many as ``duplicate_distance`` and limits leave. With
            ``max_distance``, fewer if these are enough
        random_seed: at least 0; the same seed gives the same selection
        choice: strategy and constraints; ``Choice()`` by default
        constraints: those of an earlier choice that differs in its strategy at most, to avoid
            searching for near-duplicates again
        image_of: the image that each of n objects is on, such as its path; needs the strategy
            ``"diverse"``. Shares, caps and floors count images then

    Raises:
        ValueError: for an argument out of its bounds
    """
    choice = Choice() if choice is None else choice
    if not isinstance(choice, Choice):
        raise ValueError(
            f"choice must be a Choice, got {shown(choice)}; for example Choice(strategy='diverse')"
        )
    if not isinstance(signatures, Signatures):
        raise ValueError(
            f"signatures must be a table of extract(paths), got {shown(signatures)}; for paths, "
            "use sample_diverse(paths, target_count)"
        )
    order = _checked_order(order, len(signatures))
    random_seed = whole_number("random_seed", random_seed, minimum=0)
    objects_on = None
    if image_of is not None:
        check_by_objects(choice)
        objects_on = images_of_objects(image_of, len(signatures), choice.keep)
    if target_count is not None:
        if isinstance(target_count, str):
            n = len(signatures) if objects_on is None else len(objects_on.names)
            target_count = target_of("target_count", target_count, n)
        target_count = whole_number("target_count", target_count)
    choice.check(len(signatures), target_count, signatures.hash_size)
    if choice.needs_descriptors and not _has_descriptors(signatures):
        raise ParameterError(
            choice.needing_descriptors or "",
            "needs descriptors, and these signatures have none",
            "extract them with descriptors=True",
        )
    order = order_of(signatures, order, choice)
    _check_standing(signatures, choice)
    constraints = constraints or Constraints(signatures, order, choice, objects_on)
    target = constraints.available() if target_count is None else max(target_count, 0)
    constraints.check_target(target)

    standing = None if choice.fixed_cameras == "none" else Standing.of(signatures)
    images = images_of(signatures, order, random_seed, choice, standing)
    if constraints.image_of is not None:
        images = replace(images, image_of=constraints.image_of.numbers)
    if constraints.preference is not None:
        images = replace(images, levels=levels_of(constraints.preference))
    cameras = constraints.cameras
    if cameras is None and choice.uses_camera:  # constraints of a choice without
        cameras = Keys(signatures, order, choice).cameras
    found = standing if standing is not None and standing.n_cameras else None
    groupings = groupings_of(images.bucket_ids, cameras, found, choice)
    images = replace(images, groupings=to_cover(groupings, cameras))

    def choose(target: int) -> Selection:
        fresh = replace(images, found=[])
        selection = _choose(signatures, fresh, constraints, choice, target)
        return replace(selection, cameras=cameras, standing=standing)

    if choice.max_distance is None:
        selection = choose(target)
    else:
        selection = _until_within(choose, choice.max_distance, len(constraints.keep), target)
    return selection if target_count is None else replace(selection, target_count=target_count)


#: Images that a ranking begins with if it is to end at a distance; then twice as many, and so on.
_FIRST_OF_RANKING = 256


def _until_within(
    choose: Callable[[int], Selection], distance: float, least: int, most: int
) -> Selection:
    """Keeps the fewest images so that no other is farther from them than a distance.

    The ranking is nested, so it is made longer until it goes so far, and then cut.

    Args:
        choose: returns the selection for a target
        distance: see :class:`Coverage`
        least: images that are always kept
        most: images to keep if they are not enough
    """
    target = min(max(_FIRST_OF_RANKING, least), most)
    while True:
        selection = choose(target)
        if target == most or farthest_left_out(selection) <= distance:
            break
        target = min(2 * target, most)
    count = selection.coverage().first_within(distance)
    if count is None or selection.n_first is None:
        return selection
    return selection.first(max(count, least, selection.n_first))


def _choose(
    signatures: Signatures, images: Images, constraints: Constraints, choice: Choice, target: int
) -> Selection:
    order = images.order
    taken, n_first = picked_by(images, constraints, choice, target)
    if len(taken) < min(target, len(constraints.keep) + constraints.count(constraints.able)):
        pool = order[constraints.tiers[order] >= GOOD]
        rows = taken[len(constraints.keep) :]
        plan = repaired(constraints.bounds, constraints.keep, pool, rows, len(pool))
        raise constraints.refusal(plan, target)
    return Selection(
        indices=np.sort(taken),
        bucket_ids=images.bucket_ids,
        buckets=count_buckets(images.bucket_ids, taken),
        order=order,
        unreadable=dict(signatures.unreadable),
        target_count=target,
        random_seed=images.random_seed,
        strategy=choice.strategy,
        ranking=taken if choice.how.ranks else None,
        n_first=n_first,
        leaders=constraints.leaders,
        tiers=constraints.tiers,
        strata=constraints.strata,
        strata_are_labels=choice.stratify_by is not None,
        without_share=constraints.without_share,
        caps=constraints.caps,
        exclusions=constraints.exclusions,
        below_floor=constraints.below_floor(taken),
        evidence=_evidence(signatures, images, choice),
        events=constraints.events,
        n_without_time=constraints.n_without_time,
        image_of=constraints.image_of,
    )


def _check_standing(signatures: Signatures, choice: Choice) -> None:
    """Raises a ParameterError if standing cameras are asked for, and nobody looked for them."""
    name = "leave_out_quiet" if choice.leave_out_quiet > 0 else "fixed_cameras"
    is_needed = name == "leave_out_quiet" or choice.fixed_cameras == "all"
    if is_needed and signatures.readable.any() and not signatures.standing.any():
        raise ParameterError(
            name,
            "needs standing cameras, which nobody has looked for among these signatures",
            "compute the signatures in FiftyOne, or extract them with grey=True and call "
            "mark_standing",
        )


def _checked_order(order: _Rows, n: int) -> _Rows:
    try:
        rows = np.asarray(order)
    except ValueError:  # rows of different lengths
        rows = np.empty((0, 0), np.int64)
    if rows.shape == (n,) and (rows.dtype.kind in "iu" or not n):
        rows = rows.astype(np.int64, copy=False)
        inside = rows[(rows >= 0) & (rows < n)]
        if len(inside) == n and (np.bincount(inside, minlength=n) == 1).all():
            return rows
    raise ValueError(
        f"order must contain each of the indices of {n:,} images once, got {shown(order)}; use "
        "natural_order(paths)"
    )


def order_of(signatures: Signatures, order: _Rows, choice: Choice) -> _Rows:
    """Returns the order of n images that a choice asks for, given their natural order."""
    if choice.order != "time":
        return order
    keys = Keys(signatures, order, choice)
    return in_time(keys.cameras.numbers, keys.times, order)


def images_of(
    signatures: Signatures,
    order: _Rows,
    random_seed: int,
    choice: Choice,
    standing: Standing | None,
) -> Images:
    """Returns what strategies know about n images; ``groupings`` are not in it."""
    n = len(signatures)
    points: Points = np.empty((n, 0), np.uint8)
    compared, gap = order, SQUARED_GAP
    if choice.features is not None:
        points = choice.points(n)
        gap = squared_gap_of(points)
    elif choice.how.compares:
        points = signatures.descriptor
        compared = order[signatures.readable[order]]
    relations: list[Relation] = []
    weights = None
    if choice.how.relates and standing is not None and standing.n_cameras:
        relations.append(StillFrames.of(standing, compared, UNIT * gap / SQUARED_GAP))
        weights = weigh(standing)
        compared = compared[standing.camera[compared] < 0]  # time takes the place of shots
    if choice.how.relates:
        relations.append(shots(points, compared, gap))
    buckets = assign_buckets(signatures)
    return Images(order, buckets, points, random_seed, tuple(relations), weights)


def groupings_of(
    bucket_ids: NDArray[np.int16],
    cameras: Groups | None,
    standing: Standing | None,
    choice: Choice,
) -> dict[str, _Rows]:
    """Returns the groups of each key to cover, -1 for images of which none needs to be covered.

    Buckets of a standing camera are its light: to cover them would keep empty frames, as would
    covering a standing camera that saw nothing.
    """
    buckets = bucket_ids.astype(np.int64)
    groupings = {"bucket": buckets}
    if standing is not None:
        groupings["bucket"] = np.where(standing.camera >= 0, -1, buckets)
    if cameras is not None:
        groupings["camera"] = cameras.numbers
        if standing is not None:
            groupings["camera"] = np.where(shows_nothing(standing), -1, cameras.numbers)
    return {key: groupings[key] for key in choice.covered if key in groupings}


def to_cover(groupings: Mapping[str, _Rows], cameras: Groups | None) -> tuple[_Rows, ...]:
    """Returns the groups of each key but that of a single camera, which is covered anyway."""
    is_single = cameras is None or len(cameras.names) <= 1
    return tuple(one for key, one in groupings.items() if not (key == "camera" and is_single))


def _has_descriptors(signatures: Signatures) -> bool:
    return not np.isnan(signatures.sharpness[signatures.readable]).any()


def _evidence(signatures: Signatures, images: Images, choice: Choice) -> Evidence | None:
    if choice.features is None:
        if not _has_descriptors(signatures):
            return None
        return Evidence(signatures.descriptor, signatures.readable, found=images.found)
    points = choice.points(len(signatures))
    scale = 2 * mean_squared_length(points)
    return Evidence(points, np.ones(len(points), bool), scale, images.found)
