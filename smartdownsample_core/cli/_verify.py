"""The command ``verify``: whether the same images would be kept today, or what changed."""

from __future__ import annotations

import argparse
import glob
import os
from pathlib import Path
from typing import Any

from ..checks import shown
from ..console import mark_with_bar, read_with_bar
from ..errors import counted
from ..images import is_remote
from ..report import Difference, compare, kept_of, read_manifest
from ..selection import downsample, natural_order
from ..shards import Shards
from ._choice import choice_of
from ._options import FAILED, OK, Parser, images_of, reading
from ._record import manifest_of, record_of


def verify_command(program: str, arguments: list[str], defaults: argparse.Namespace) -> int:
    """Runs ``verify`` and returns its exit code: 0 if the same images would be kept, else 1.

    Args:
        program: name of the program
        arguments: of the command
        defaults: the options of the command that reads images, as they are by default
    """
    options = _verify_parser(program).parse_args(arguments)
    before = read_manifest(options.manifest)
    if options.other:
        found = compare(before, read_manifest(options.other))
    else:
        _check_folder(before)
        found = compare(before, _now(before, defaults, options.quiet))
    _print(found, len(before["kept"]))
    return OK if found.is_same_kept else FAILED


def _verify_parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog=f"{program} verify",
        description="Choose again as a manifest says, and tell whether the same images would be "
        "kept, or what changed: images, settings, files or the version. Nothing is written.",
        epilog="Exit codes: 0 the same images would be kept, 1 others would, 2 it cannot be told.",
    )
    parser.add_argument("manifest", metavar="MANIFEST", help="a file that --manifest wrote")
    parser.add_argument(
        "other",
        nargs="?",
        metavar="OTHER",
        help="another manifest to compare it with, instead of choosing again",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    return parser


def _check_folder(manifest: dict[str, Any]) -> None:
    folder = manifest.get("folder")
    if folder and folder != os.getcwd():
        raise ValueError(
            f"the paths in this manifest are relative to {folder}; run verify from there"
        )


def _print(found: Difference, n_kept: int) -> None:
    for line in found.lines:
        print(line[:1].upper() + line[1:])
    same = f"The same {counted(n_kept, 'images')} would be kept"
    if found.is_same_kept:
        print(f"{same}, in spite of that" if found.lines else same)
    else:
        print("Not the same images would be kept")


def _now(before: dict[str, Any], defaults: argparse.Namespace, quiet: bool) -> dict[str, Any]:
    """Chooses again, and returns the manifest that it would write."""
    options = _options_of(before, defaults)
    if "shards" in before:
        shards = Shards([Path(shard["path"]) for shard in before["shards"]], partial=True)
        paths, source = shards.paths(), shards.record()
        choice = choice_of(options, paths, shards.origin.hash_size)
        signatures = shards.signatures(True, choice.finds_standing and shards.has_grey)
        mark_with_bar(signatures, paths, choice, not quiet)
    else:
        how = reading(options)
        paths = _paths_now(before, options)
        choice = choice_of(options, paths, how.hash_size)
        signatures = read_with_bar(paths, how, "skip", True, not quiet, choice)
        source = {"reading": {"hash_size": how.hash_size, "decode": how.decode}}
    order = natural_order(paths)
    selection = downsample(signatures, order, options.target_count, options.random_seed, choice)
    record = {**record_of(options, **source), "settings": before["settings"]}
    return {
        **manifest_of(record, paths, signatures, options.target_count),
        "random_seed": options.random_seed,
        "kept": kept_of(paths, selection),
    }


def _options_of(manifest: dict[str, Any], defaults: argparse.Namespace) -> argparse.Namespace:
    """Returns the options that a manifest was made with.

    Raises:
        ValueError: if it has settings that this version does not know
    """
    options = argparse.Namespace(**vars(defaults))
    seed = {"random_seed": manifest["random_seed"]}
    settings = {**seed, **manifest["reading"], **manifest["settings"]}
    for name, value in settings.items():
        if not hasattr(options, name):
            raise ValueError(
                f"the manifest has the setting {name} {shown(value)}, which this version does not "
                f"know; verify it with version {manifest['version']}"
            )
        setattr(options, name, value)
    options.on_error = "skip"
    return options


def _paths_now(manifest: dict[str, Any], options: argparse.Namespace) -> list[str]:
    """Returns what the same PATHs name now; if names were on standard input, what they were."""
    if not options.paths or "-" in options.paths:
        return [
            folder + name for folder, entry in manifest["inputs"].items() for name in entry["names"]
        ]
    # A file or folder that is gone is no error here, but what is to be found out.
    there = [p for p in options.paths if is_remote(p) or glob.has_magic(p) or os.path.lexists(p)]
    options.paths = there
    return images_of(options)[0] if there else []
