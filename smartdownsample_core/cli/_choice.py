"""Which images to keep: options, and the choice that they make."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ..report import check_activity, check_curve
from ..selection import Choice, ChoiceSettings, target_of
from ..settings import declared
from ._choice_files import is_key, keys_of, labels_of, rows_of, times_of, vectors_of
from ._detections import (
    add_files,
    keys_of_package,
    package_of,
    with_labels,
    with_package,
    without_empties,
)
from ._options import add_setting
from ._record import radius_of


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Adds the options for the fields of :class:`smartdownsample_core.Choice`."""
    group = parser.add_argument_group("which images to keep")
    # sample_diverse keeps the strategy of 1.9, and does not look for standing cameras.
    of_commands = {
        "strategy": declared(ChoiceSettings)["strategy"],
        "fixed_cameras": replace(declared(Choice)["fixed_cameras"], default="auto"),
    }
    for what in {**declared(Choice), **of_commands}.values():
        add_setting(group, what)
    users = "--stratify-by, --max-per, --min-per and --exclude-label"
    add_files(group, users, "are excluded")


def choice_of(options: argparse.Namespace, paths: Sequence[str], hash_size: int) -> Choice:
    """Returns the choice, checked against the number of images, the target and the hash size.

    A target that is a share of the images becomes a number in the options.
    """
    if options.target_count is not None:
        options.target_count = target_of("target_count", options.target_count, len(paths))
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
    given |= {
        "keys": keys or None,
        "exclude": without_empties(options),
        "stratify_by": options.stratify_by
        if is_key(options.stratify_by, keys)
        else labels_of("--stratify-by", options.stratify_by, paths),
        "keep": rows_of(options.keep or None, paths),
    }
    choice = with_package(Choice(**given), package).for_paths(paths)
    choice.check(len(paths), options.target_count, hash_size)
    if options.curve:
        check_curve(choice)
    if options.activity:
        check_activity(choice)
    return choice


def needs_descriptors(options: argparse.Namespace, choice: Choice) -> bool:
    """Whether images need descriptors, to be chosen or to be explained."""
    return choice.needs_descriptors or bool(options.explain or options.manifest)
