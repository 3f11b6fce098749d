"""Which images to keep: options, and the choice that they make."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..annotations import Objects
from ..errors import ParameterError
from ..report import check_activity, check_curve
from ..selection import Choice, ChoiceSettings, target_of
from ..settings import declared
from ._choice_files import is_key, keys_of, labels_of, rows_of, times_of, vectors_of
from ._objects import BY_OBJECTS, IMAGE, key_of
from ._options import add_setting
from ._other_programs import (
    add_files,
    keys_of_package,
    naming_empties,
    package_of,
    with_labels,
    with_package,
    without_empties,
)
from ._record import radius_of

#: Of frames that ffmpeg wrote, as a part of a template.
_FRAME = r"{time} 'frame_(?P<time>\d+)'"


def add_choice(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Adds the options for the fields of :class:`smartdownsample_core.Choice`.

    Returns:
        the group of those for files of other programs
    """
    group = parser.add_argument_group("which images to keep")
    # sample_diverse keeps the strategy of 1.9, and does not look for standing cameras.
    of_commands = {
        "strategy": declared(ChoiceSettings)["strategy"],
        "fixed_cameras": replace(declared(Choice)["fixed_cameras"], default="auto"),
    }
    for what in {**declared(Choice), **of_commands}.values():
        add_setting(group, what)
    users = "--stratify-by, --max-per, --min-per and --exclude-label"
    others = parser.add_argument_group("what other programs say of the images")
    add_files(others, users, "are excluded")
    return others


def choice_of(
    options: argparse.Namespace,
    paths: Sequence[str],
    hash_size: int,
    objects: Objects | None = None,
) -> Choice:
    """Returns the choice, checked against the number of images, the target and the hash size.

    A target that is a share of the images becomes a number in the options.

    Args:
        options: the parsed options
        paths: of n images
        hash_size: side of the dHash
        objects: those on the images to choose among or by; None to choose among the images
    """
    n = len(paths) if objects is None else len(objects.image)
    by_objects = objects is not None and options.choose == BY_OBJECTS
    if options.target_count is not None:
        among = len(set(objects.image)) if objects is not None and by_objects else n
        options.target_count = target_of("target_count", options.target_count, among)
    given = {name: getattr(options, name) for name in declared(Choice)}
    given |= {
        "near_duplicates": radius_of(options),
        "features": vectors_of(options.features),
        "camera": labels_of("--camera", options.camera, paths, "camera"),
        "time": times_of("--time", options.time, paths),
        "keys": keys_of("--keys", options.keys, paths),
    }
    package = package_of(options, paths)
    keys = with_labels(options, keys_of_package(package, given["keys"]), paths)
    if objects is not None:
        keys.setdefault(IMAGE, list(paths))
    given |= {
        "keys": keys or None,
        "exclude": without_empties(options, keys) if objects is None else options.exclude,
        "stratify_by": options.stratify_by
        if is_key(options.stratify_by, keys)
        else labels_of("--stratify-by", options.stratify_by, paths),
        "keep": rows_of(options.keep or None, paths),
    }
    choice = with_package(Choice(**given), package).for_paths(paths)
    if objects is not None:
        choice = _of_objects(choice, objects, None if by_objects else key_of(options))
    choice.check(n, options.target_count, hash_size)
    if options.curve:
        check_curve(choice)
    if options.activity:
        check_activity(choice)
    return choice


def _of_objects(choice: Choice, objects: Objects, key: str | None) -> Choice:
    """Returns a choice among images as one among objects on them, or by these.

    Args:
        choice: among the images
        objects: those on them
        key: of what each object is; None to choose among the images

    Raises:
        ParameterError: if an image to keep has no object to choose it by
    """

    def spread(values: Any) -> Any:
        is_list = isinstance(values, Sequence) and not isinstance(values, str)
        return [values[row] for row in objects.image] if is_list else values

    keys = {name: spread(labels) for name, labels in (choice.keys or {}).items()}
    changes = {name: spread(getattr(choice, name)) for name in ("stratify_by", "camera", "time")}
    if key is not None:
        return replace(choice, **changes, keys={**keys, key: objects.label})
    first = dict(zip(reversed(objects.image), reversed(range(len(objects.image))), strict=True))
    missing = [row for row in choice.keep if row not in first]
    if missing:
        raise ParameterError(
            "keep",
            "has {n:,} images without an object",
            "remove them from the list, or lower {min_confidence}",
            n=len(missing),
        )
    return replace(choice, **changes, keys=keys, keep=[first[row] for row in choice.keep])


@contextmanager
def with_remedies(options: argparse.Namespace, choice: Choice) -> Iterator[None]:
    """Makes errors of choosing say what helps on the command line, and nowhere else."""
    try:
        with naming_empties(options, choice):
            yield
    except ParameterError as error:
        if error.name != "time" or options.time is not None:
            raise
        remedy = f"{error.remedy}, or with a pattern that finds numbers in names: {_FRAME}"
        raise ParameterError(error.name, error.reason, remedy, error.values) from None


def needs_descriptors(options: argparse.Namespace, choice: Choice) -> bool:
    """Whether images need descriptors, to be chosen or to be explained."""
    return choice.needs_descriptors or bool(options.explain or options.manifest)
