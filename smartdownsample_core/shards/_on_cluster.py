"""Selecting ``"diverse"`` on the workers of a Dask cluster, in two rounds.

Each part of the shards is ranked by one worker, which sends its core-set; what is farthest from
those before, over all parts, is the union, and is ranked here. No process holds more than a part or
the union. A part whose worker dies is ranked again, by another worker. If anything depends on all
images of a camera, such as activity or events, each part is of whole cameras.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..blas import limited
from ..checks import whole_number
from ..errors import ParameterError
from ..extraction import Connection, WorkerDiedError
from ..images import check, is_remote
from ..selection import (
    Choice,
    EventsOfSome,
    Selection,
    StandingOfSome,
    as_beside_standing,
    by_size,
    rank_union,
    shares,
    tally,
    target_of,
)
from ..signatures import N_BUCKETS, UNREADABLE
from ._local import check_choice, needs_times, needs_whole_cameras
from ._origin import check_origins, record_of
from ._parts import (
    Contribution,
    check_shard_at,
    contribute,
    count_cameras,
    parts_of,
    parts_of_cameras,
)
from ._select import check_distinct
from ._shards import refuse_two_ways

if TYPE_CHECKING:
    from distributed import Client

#: Images of a part, unless a group of rows has more: up to 850 MB in a worker.
_ROWS_AT_A_TIME = 2**18

#: Images in the union for each that is kept, besides those that cover. In trials on 100,000
#: synthetic images, of which 1,000 were kept, the farthest image was up to 10% farther than in the
#: exact answer with 4, in parts of whole cameras, and up to 4% with 8 (benchmarks/cluster.py).
_UNION = 8

#: A part ranks so many times its share of the union first, and twice as many if that is too few.
_MARGIN = 1.5


class ClusterShards:
    """Several shards that only workers of a cluster read."""

    def __init__(
        self, files: Sequence[str], scheduler: str | Client, partial: bool = False
    ) -> None:
        """Connects to the cluster, whose workers check the shards; to be closed.

        Args:
            files: at least one: paths that are the same on all workers, or URLs
            scheduler: the address of a Dask scheduler, or a client
            partial: do without shards of a divided list that are missing

        Raises:
            ValueError: if one is no shard or is damaged, or they do not belong together
            ImportError: if an extra is not installed
            OSError: if a shard cannot be read, or there is no such cluster
        """
        check(files)
        self._connection = Connection(scheduler)
        try:
            places = [file if is_remote(file) else os.path.abspath(file) for file in files]
            shards = self._run(check_shard_at, [(place,) for place in places])
            check_origins(files, [shard.origin for shard in shards], partial)
            together = sorted(
                zip(files, shards, strict=True), key=lambda pair: pair[1].origin.number
            )
            self._files, self._shards = [[*column] for column in zip(*together, strict=True)]
            if len(files) > 1:
                refuse_two_ways((file, set(shard.ways)) for file, shard in together)
            if not all(shard.origin.descriptors for shard in shards):
                raise ParameterError(
                    "scheduler",
                    "needs descriptors, and these signatures were extracted with --no-descriptors",
                    "extract them without it",
                )
        except BaseException:
            self.close()
            raise
        self._origins = [shard.origin for shard in self._shards]
        self.folders = {origin.folder for origin in self._origins} - {""}
        self.has_grey = all(origin.grey for origin in self._origins)
        self.base = os.path.commonpath([origin.base for origin in self._origins])
        failures = (shard.failure for shard in self._shards)
        self.failure = next(filter(None, failures), None)
        """of the first image that could not be read"""

    def __enter__(self) -> ClusterShards:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return sum(map(len, self._origins))

    def close(self) -> None:
        """Disconnects; the cluster keeps running."""
        self._connection.close()

    def record(self) -> dict[str, Any]:
        """Returns what is to be noted of these shards, and how their images were read."""
        return record_of(self._files, self._origins)

    def select(
        self,
        target_count: int | str | None,
        random_seed: int = 42,
        choice: Choice | None = None,
        rows_at_a_time: int = _ROWS_AT_A_TIME,
    ) -> tuple[Selection, list[str]]:
        """Selects about as :func:`smartdownsample_core.downsample` does by ``"diverse"``.

        If there is one part, the selection is the same. If there are several, a shot ends where its
        part ends, and standing cameras are looked for in each. Images that are damaged or excluded
        are never kept. The ranking is nested in itself: another target may begin with other images.
        It depends on the files, not on the workers.

        Args:
            target_count: images to keep, or a share such as ``"10%"``
            random_seed: at least 0
            choice: what to cover, exclude, weigh and cap, with ``camera`` a part of each path;
                ``Choice(strategy="diverse")`` by default
            rows_at_a_time: images of a part, unless a group of rows of a shard has more, or, if
                times, caps or standing cameras matter, a camera

        Returns:
            a selection among the paths beside it, which are those that were kept or could not be
            read; sizes of buckets are those of all images

        Raises:
            ValueError: for an argument out of its bounds, or an image that comes twice, as far as
                it is seen: within a part, or among the union
            ChildProcessError: if all workers that ranked a part died
        """
        seed = whole_number("random_seed", random_seed, minimum=0)
        choice = Choice(strategy="diverse") if choice is None else choice
        self.check(choice)
        if target_count is None:
            raise ParameterError("target_count", "is missing", "{scheduler} needs it")
        target = target_of("target_count", target_count, len(self))
        n_good = sum(shard.n_good for shard in self._shards)
        _check_target(target, n_good, "that are readable and not damaged")
        found = self._contributions(target, seed, choice, rows_at_a_time)
        if needs_times(choice) and not any(one.has_times for one in found):
            raise ParameterError(
                "time",
                "is missing: no file of the {n:,} images says when it was taken",
                "extract images that do, or omit {scheduler} and give their times with {time}",
                n=len(self),
            )
        paths = [path for one in found for path in one.paths]
        check_distinct(paths, self.folders)
        _check_target(target, len(paths), "that the caps and what is excluded leave")
        cores = [one.core for one in found]
        groupings = []
        for key in choice.covered:
            numbers = by_size([core.sizes_of[key] for core in cores])
            if key == "bucket" or len(numbers) > 1:  # a single camera is covered anyway
                labels = (label for core in cores for label in core.groups[key])
                groupings.append(np.array([numbers.get(one, -1) for one in labels], np.int64))
        with limited:
            ranking = rank_union(
                np.concatenate([one.points for one in found]),
                cores,
                groupings,
                _start(found, groupings, seed),
                target,
            )
        return _selection(found, paths, ranking, seed)

    def check(self, choice: Choice) -> None:
        """Raises a ParameterError for a choice that needs all images, or thumbnails."""
        check_choice(choice)
        if choice.finds_standing and not self.has_grey:
            raise ParameterError(
                "leave_out_quiet" if choice.leave_out_quiet > 0 else "fixed_cameras",
                "needs thumbnails, and these signatures were extracted without any",
                "extract them with --grey, or omit it",
            )

    def _contributions(
        self, target: int, seed: int, choice: Choice, rows_at_a_time: int
    ) -> list[Contribution]:
        """Returns the core-set of each part, in the order of the part, that make up the union."""
        if needs_whole_cameras(choice):
            cameras = self._run(count_cameras, [(shard, choice) for shard in self._shards])
            parts = parts_of_cameras(self._shards, cameras, rows_at_a_time)
        else:
            parts = parts_of(self._shards, rows_at_a_time)
        n, budget = sum(part.size for part in parts), _UNION * target
        limit = budget + 1  # the first of all is not part of the budget
        counts = [min(int(np.ceil(_MARGIN * budget * part.size / n)), limit) for part in parts]
        common = self._origins[0], frozenset(self.folders), choice
        found: dict[int, Contribution] = {}
        left = list(range(len(parts)))
        while left:
            calls = [(parts[number], *common, counts[number], target, seed) for number in left]
            found.update(zip(left, self._run(contribute, calls), strict=True))
            cores = [found[number].core for number in range(len(parts))]
            taken = shares(as_beside_standing(cores), budget)
            left = [
                number
                for number, core in enumerate(cores)
                if core.has_more and taken[number] == len(core.rows) and counts[number] < limit
            ]
            for number in left:
                counts[number] = min(2 * counts[number], limit)
        return [found[number].first(int(count)) for number, count in enumerate(taken)]

    def _run(self, function: Any, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        try:
            return list(self._connection.map(function, calls))
        except WorkerDiedError as error:
            raise ChildProcessError(
                f"workers of the cluster died on the same part of the shards, {error}; give each "
                "worker more memory"
            ) from error


def _check_target(target: int, n: int, which: str) -> None:
    """Raises a ParameterError if there are fewer than so many images."""
    if target > n:
        raise ParameterError(
            "target_count",
            "{target:,} exceeds the {n:,} images " + which,
            "lower it, or omit {scheduler}",
            target=target,
            n=n,
        )


def _start(
    found: Sequence[Contribution], groupings: Sequence[NDArray[np.int64]], seed: int
) -> int | None:
    """Returns the row of the union to begin with: what one of the parts begins with.

    With groups to cover, that is an image of the largest, from the part that gives most of it; None
    if no part begins with one. Without, parts are drawn by their sizes.
    """
    ends = np.cumsum([0, *(len(one.paths) for one in found)])
    starts = [int(end) + one.begins for end, one in zip(ends, found, strict=False)]
    first = next((groups for groups in groupings if (groups == 0).any()), None)
    if first is not None:
        is_largest = first == 0
        members = [int(part.sum()) for part in np.split(is_largest, ends[1:-1])]
        able = [n * bool(n and is_largest[row]) for n, row in zip(members, starts, strict=True)]
        return starts[int(np.argmax(able))] if any(able) else None
    sizes = np.array([one.core.pool_size for one in found])
    if not sizes.any():
        return None
    return starts[int(np.random.default_rng(seed).choice(len(found), p=sizes / sizes.sum()))]


def _selection(
    found: Sequence[Contribution],
    paths: list[str],
    ranking: NDArray[np.int64],
    seed: int,
) -> tuple[Selection, list[str]]:
    rows = np.sort(ranking)
    unreadable = [failure for one in found for failure in one.unreadable]
    sizes = np.sum([one.sizes for one in found], axis=0)
    kept = np.concatenate([one.buckets for one in found])[rows]
    standing = [one.standing for one in found if one.standing is not None]
    events = [(one.core.events, len(one.paths)) for one in found]
    n = len(rows) + len(unreadable)
    selection = Selection(
        indices=np.arange(len(rows)),
        bucket_ids=np.append(kept, np.full(len(unreadable), UNREADABLE, np.int16)),
        buckets=tally(sizes, np.bincount(kept, minlength=N_BUCKETS)),
        order=np.arange(n),
        unreadable={len(rows) + place: error for place, (_, error) in enumerate(unreadable)},
        target_count=len(rows),
        random_seed=seed,
        strategy="diverse",
        ranking=np.searchsorted(rows, ranking),
        events=EventsOfSome.joined(events, rows, n),
        n_without_time=sum(one.core.n_without_time for one in found),
        standing=StandingOfSome.joined(standing, rows, n) if standing else None,
    )
    return selection, [paths[row] for row in rows.tolist()] + [path for path, _ in unreadable]
