"""``sample_diverse``: one call from paths to kept paths, with progress, summary and charts."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from .checks import did_you_mean, flag, one_of, path_list, shown_path, whole_number
from .console import print_reading_of, print_warnings, read_with_bar
from .errors import ParameterError
from .new_files import new_pngs
from .report import (
    check_activity,
    check_curve,
    new_table,
    save_charts,
    summary,
    write_table,
)
from .report import save_activity as save_activity_chart
from .report import save_curve as save_curve_chart
from .selection import (
    RANDOM_SEED,
    Choice,
    ChoiceOptions,
    downsample,
    natural_order,
    target_of,
)
from .settings import LOADING_ERRORS, Decode, Reading, Workers, declared, raise_first

if TYPE_CHECKING:
    from distributed import Client
    from typing_extensions import Unpack

_OF_VERSION_2 = (
    "distance_threshold belongs to smartdownsample 2, which clusters embeddings: pass such "
    "embeddings as features= with strategy='diverse', and near_duplicates= to exclude images "
    "within a cosine distance of others"
)


@overload
def sample_diverse(
    image_paths: Iterable[str | os.PathLike[str]],
    target_count: int | str | None = ...,
    hash_size: int = ...,
    n_workers: int | None = ...,
    show_progress: bool = ...,
    show_summary: bool = ...,
    save_distribution: str | os.PathLike[str] | None = ...,
    save_thumbnails: str | os.PathLike[str] | None = ...,
    image_loading_errors: str = ...,
    return_indices: Literal[False] = ...,
    *,
    random_seed: int = ...,
    decode: Decode = ...,
    workers: Workers = ...,
    scheduler: str | Client | None = ...,
    save_explanation: str | os.PathLike[str] | None = ...,
    save_curve: str | os.PathLike[str] | None = ...,
    save_activity: str | os.PathLike[str] | None = ...,
    ranked: bool = ...,
    **choice: Unpack[ChoiceOptions],
) -> list[str]: ...
@overload
def sample_diverse(
    image_paths: Iterable[str | os.PathLike[str]],
    target_count: int | str | None = ...,
    hash_size: int = ...,
    n_workers: int | None = ...,
    show_progress: bool = ...,
    show_summary: bool = ...,
    save_distribution: str | os.PathLike[str] | None = ...,
    save_thumbnails: str | os.PathLike[str] | None = ...,
    image_loading_errors: str = ...,
    *,
    return_indices: Literal[True],
    random_seed: int = ...,
    decode: Decode = ...,
    workers: Workers = ...,
    scheduler: str | Client | None = ...,
    save_explanation: str | os.PathLike[str] | None = ...,
    save_curve: str | os.PathLike[str] | None = ...,
    save_activity: str | os.PathLike[str] | None = ...,
    ranked: bool = ...,
    **choice: Unpack[ChoiceOptions],
) -> list[int]: ...
def sample_diverse(
    image_paths: Iterable[str | os.PathLike[str]],
    target_count: int | str | None = None,
    hash_size: int = 8,
    n_workers: int | None = 4,
    show_progress: bool = True,
    show_summary: bool = True,
    save_distribution: str | os.PathLike[str] | None = None,
    save_thumbnails: str | os.PathLike[str] | None = None,
    image_loading_errors: str = "raise",
    return_indices: bool = False,
    *,
    random_seed: int = 42,
    decode: Decode = "exact",
    workers: Workers = "threads",
    scheduler: str | Client | None = None,
    save_explanation: str | os.PathLike[str] | None = None,
    save_curve: str | os.PathLike[str] | None = None,
    save_activity: str | os.PathLike[str] | None = None,
    ranked: bool = False,
    **choice: Unpack[ChoiceOptions],
) -> list[str] | list[int]:
    """Chooses exactly ``target_count`` diverse images from many similar ones.

    Args:
        image_paths: n image files
        target_count: images to keep, or a share of them such as ``"10%"``. All are returned if it
            is n or more, none if it is 0 or less; as in smartdownsample 1.9, files are then not
            read, and may be missing, unless a choice or a chart needs them. None, with
            ``duplicate_distance`` or a limit, for as many as these leave
        hash_size: side of the dHash, at least 4
        n_workers: images to read at the same time; None for the default of 4
        show_progress: show a progress bar, and name the first ten unreadable files
        show_summary: print totals and one line per bucket
        save_distribution: a ``.png`` to save the chart of kept and excluded images to
        save_thumbnails: a ``.png`` to save a grid of thumbnails per bucket to
        image_loading_errors: ``"raise"`` stops at the first file that cannot be read, ``"skip"``
            goes on and fills the target from the readable ones
        return_indices: return positions in ``image_paths`` instead of paths
        random_seed: at least 0; the same seed gives the same images, on any machine
        decode: ``"exact"`` for the buckets of smartdownsample 1.9; ``"fast"`` takes less time but
            puts a few images in a hundred into a neighbouring bucket; ``"preview"`` and
            ``"auto"`` read previews where they can be trusted; see
            :func:`smartdownsample_core.extract`
        workers: ``"threads"``; ``"processes"``, faster for many small images; or ``"dask"``; see
            :func:`smartdownsample_core.extract`
        scheduler: for ``workers="dask"``, the address of the cluster's scheduler, or a client
        save_explanation: a ``.csv`` or ``.parquet`` for why each image was kept or left out,
            and which kept image stands for it
        save_curve: a ``.png`` for how far the images left out are, by the number kept
        save_activity: a ``.png`` for which frames of standing cameras are most active, and
            which most doubtful, each beside where it differs from the background
        ranked: return the images in the order in which they were picked, most important first;
            needs the strategy ``"diverse"``
        **choice: the fields of :class:`smartdownsample_core.Choice`, such as ``strategy``

    Returns:
        the kept paths as str (or their positions), in input order; fewer than ``target_count``,
        with a warning, only if there are fewer readable images

    Raises:
        ValueError: for an argument out of its bounds
        FileExistsError: if a file to save to exists
        FileNotFoundError, PermissionError, OSError: for a file that cannot be read, unless
            skipped; the message names it
    """
    paths = path_list(image_paths)
    if show_summary not in (True, False):  # smartdownsample 1.9.0 had random_seed in its place
        raise ParameterError(
            "show_summary",
            "must be True or False, got {value}",
            "pass random_seed by name",
            value=repr(show_summary),
        )
    flag("show_progress", show_progress)
    flag("return_indices", return_indices)
    if isinstance(target_count, str):
        target_count = target_of("target_count", target_count, len(paths))
    target = None if target_count is None else whole_number("target_count", target_count)
    if "keep" in choice:
        choice["keep"] = _rows_of(choice["keep"], paths)
    how = _choice(choice, paths)
    if flag("ranked", ranked) and not how.how.ranks:
        raise ParameterError(
            "ranked",
            "must be False, because {strategy} {value} does not rank",
            "choose {strategy} 'diverse'",
            value=repr(how.strategy),
        )
    one_of("image_loading_errors", image_loading_errors, LOADING_ERRORS)
    if isinstance(hash_size, float):  # smartdownsample 2 has distance_threshold in its place
        reason = "must be a whole number, got {value}"
        raise ParameterError("hash_size", reason, _OF_VERSION_2, value=hash_size)
    reading = Reading(
        hash_size=hash_size,
        decode=decode,
        n_workers=4 if n_workers is None else n_workers,
        workers=workers,
        scheduler=scheduler,
    )
    raise_first(reading.problems())
    how.check(len(paths), target, hash_size)
    RANDOM_SEED.check(random_seed)
    distribution, thumbnails, curve, activity = new_pngs(
        {
            "save_distribution": save_distribution,
            "save_thumbnails": save_thumbnails,
            "save_curve": save_curve,
            "save_activity": save_activity,
        }
    )
    if curve:
        check_curve(how)
    if activity:
        check_activity(how)

    explanation = new_table("save_explanation", save_explanation)

    everything = target is not None and target >= len(paths)
    nothing = target is not None and target <= 0
    if (everything or nothing) and not (
        choice or distribution or thumbnails or explanation or curve or activity
    ):
        if everything and show_progress:
            print(f"Keeping all {len(paths):,} images, unread: target_count is {target:,}")
        return _answer(paths, range(len(paths) if everything else 0), return_indices)

    descriptors = how.needs_descriptors or explanation is not None
    signatures = read_with_bar(
        paths, reading, image_loading_errors, descriptors, show_progress, how, bool(activity)
    )
    print_reading_of(signatures, sys.stdout, show_summary)
    selection = downsample(signatures, natural_order(paths), target, random_seed, how)
    print_warnings(selection, paths, name_files=show_progress, stream=sys.stdout)
    if show_summary:
        print(summary(selection))
    if explanation:
        write_table("save_explanation", explanation, paths, selection)
    save_charts(selection, paths, distribution, thumbnails)
    if curve:
        save_curve_chart(selection.coverage(), curve)
    if activity:
        save_activity_chart(selection, signatures.grey, paths, how, activity)
    rows = selection.ranking if ranked and selection.ranking is not None else selection.indices
    kept = range(len(paths)) if everything and not choice else rows.tolist()
    return _answer(paths, kept, return_indices)


def _rows_of(keep: Any, paths: Sequence[str]) -> Any:
    """Returns ``keep`` with indices in the place of paths."""
    if not isinstance(keep, Iterable) or isinstance(keep, (str, bytes)):
        return keep
    wanted = list(keep)
    if not any(isinstance(one, (str, os.PathLike)) for one in wanted):
        return wanted
    rows = {os.path.abspath(path): row for row, path in enumerate(paths)}
    found: list[Any] = []
    for one in wanted:
        is_path = isinstance(one, (str, os.PathLike))
        found.append(rows.get(os.path.abspath(one)) if is_path else one)
        if found[-1] is None:
            raise ParameterError(
                "keep",
                "names {path}, which is not among the {n:,} images",
                "add it to image_paths, or remove it",
                path=shown_path(os.fspath(one)),
                n=len(paths),
            )
    return found


def _choice(given: ChoiceOptions, paths: Sequence[str]) -> Choice:
    for name in set(given) - set(declared(Choice)):
        if name == "distance_threshold":
            raise TypeError(_OF_VERSION_2)
        known = [*inspect.signature(sample_diverse).parameters, *declared(Choice)]
        hint = did_you_mean(name, known)
        raise TypeError(f"sample_diverse() got an unexpected keyword argument {name!r}; {hint}")
    return Choice(**given).for_paths(paths)


def _answer(paths: list[str], kept: Iterable[int], as_indices: bool) -> list[str] | list[int]:
    return list(kept) if as_indices else [paths[index] for index in kept]
