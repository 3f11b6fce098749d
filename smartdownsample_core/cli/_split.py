"""The command ``split``: a table that assigns each image to train, val or test."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..annotations import Package
from ..extraction import raise_first_error
from ..new_files import make_folder, new_path, writing
from ..partial_files import complete_text
from ..report import dropped_if_it_fails, split_summary, write_splits
from ..selection import SplitSettings
from ..settings import declared, raise_first
from ..shards import Shards
from ..splitting import split_files, split_signed
from ._choice_files import labels_of, times_of
from ._options import (
    FAILED,
    OK,
    Parser,
    add_finding,
    add_null,
    add_on_error,
    add_paths,
    add_reading,
    add_setting,
    images_of,
    option_of,
    reading,
)
from ._other_programs import add_files, check_files, keys_of_package, package_of, with_labels


def split_command(program: str, arguments: list[str]) -> int:
    """Runs ``split`` and returns its exit code, as :func:`smartdownsample_core.cli.main`."""
    options = _split_parser(program).parse_intermixed_args(arguments)
    how = reading(options)
    check_files(options)
    if sys.stdout is None and not options.output:
        raise ValueError("standard output is closed; write the table with --output")
    output = new_path("--output", options.output, (".csv",))
    if output:
        make_folder("--output", output.parent)
    settings = SplitSettings(**{name: getattr(options, name) for name in declared(SplitSettings)})
    raise_first(settings.problems())  # before folders are searched
    shards = _shards(options)
    paths = images_of(options)[0] if shards is None else shards.paths()
    package = package_of(options, paths)
    keys = with_labels(options, keys_of_package(package, None), paths)
    settings = _with_tables(settings, package, keys, paths)
    if shards is None:
        found = split_files(paths, settings, how, options.on_error, not options.quiet, option_of)
    else:
        settings.check(len(paths))
        found = split_signed(paths, shards.signatures(True, False), settings, option_of)
    if not options.quiet:
        print(split_summary(found), file=sys.stderr)
    if not found.counts.any():
        return FAILED
    if output:
        with complete_text("--output", output) as stream:
            write_splits(stream, paths, found)
        if not options.quiet:
            print(f"Wrote {output}", file=sys.stderr)
    else:
        with writing("standard output", "the table"), dropped_if_it_fails(sys.stdout):
            write_splits(sys.stdout, paths, found)
            sys.stdout.flush()
    return OK


def _shards(options: argparse.Namespace) -> Shards | None:
    """Returns the signatures that PATHs name, None if they name images.

    Raises:
        ValueError: if there are both, or a shard has no descriptors
    """
    are_shards = [path.endswith(".parquet") for path in options.paths]
    if not any(are_shards):
        return None
    if not all(are_shards):
        other = options.paths[are_shards.index(False)]
        raise ValueError(
            f"PATH names signatures (.parquet) and {other}; name either signatures or images"
        )
    found = Shards([Path(path) for path in options.paths])
    if not found.has_descriptors:
        raise ValueError(
            f"{options.paths[0]} was extracted with --no-descriptors, and a split needs them to "
            "find near-duplicates; extract without it"
        )
    if options.on_error == "raise":
        raise_first_error(found.unreadable())
    return found


def _split_parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog=f"{program} split",
        description="Assign images to train, val and test, so that no event and no group of "
        "near-duplicates is divided. Writes a CSV table of path and split. Files that 'extract' "
        "wrote (.parquet) are read instead of images.",
    )
    add_paths(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the table to a new .csv instead"
    )
    for what in declared(SplitSettings).values():
        add_setting(parser, what)
    add_files(parser, "--stratify-by and --group-by")
    add_on_error(parser)
    add_finding(parser)
    add_null(parser, "on standard input")
    add_reading(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only warnings and errors")
    return parser


def _with_tables(
    settings: SplitSettings,
    package: Package | None,
    keys: Mapping[str, Any],
    paths: Sequence[str],
) -> SplitSettings:
    """Returns the settings with what tables, a package and labels have for each path."""
    cameras = None if package is None else package.camera
    times = None if package is None else package.time
    changes: dict[str, Any] = {}
    for name in ("stratify_by", "group_by"):
        by = getattr(settings, name)
        changes[name] = keys[by] if by in keys else labels_of(option_of(name), by, paths)
    if settings.group_by is None and settings.gap:  # the events of the package
        changes["group_by"] = keys.get("sequence")
    return replace(
        settings,
        **changes,
        camera=labels_of("--camera", settings.camera, paths, "camera") or cameras,
        time=times_of("--time", settings.time, paths) or times,
    ).for_paths(paths)
