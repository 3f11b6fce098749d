"""What the commands share: options of reading, of which images to keep, and where they go."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from .. import report
from ..api import print_warnings
from ..checks import whole_number
from ..images import find_images, is_remote
from ..new_files import make_folder, new_pngs, writing
from ..report import (
    TEXT,
    VERBS,
    dropped_if_it_fails,
    new_list,
    place,
    with_line_breaks,
    write_list,
    write_text,
)
from ..selection import STRATEGIES, Choice, Selection
from ..settings import DECODES, LOADING_ERRORS, check_hash_size
from ._choice_files import BY_FOLDER, labels_of, rows_of, vectors_of

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def in_options(message: str) -> str:
    """Names the core's parameters as the command line does."""
    names = ["target_count", *(field.name for field in fields(Choice))]
    words = "|".join(name for name in names if "_" in name)
    first = "|".join(name for name in names if "_" not in name)  # elsewhere it may be any word
    return re.sub(
        rf"""(?<![-/.'"\w])({words})(?![-/'"\w]|\.\w)|^({first})\b(?!:)""",
        lambda name: "--" + name[0].replace("_", "-"),
        message,
    )


def whole(text: str) -> int:
    """Returns the whole number that an argument is; its error is worded as that of others."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None


def images_of(options: argparse.Namespace) -> tuple[list[str], str]:
    """Returns what :func:`find_images` finds of the command's PATHs."""
    if sys.stdin is None and (not options.paths or "-" in options.paths):
        raise ValueError("standard input is closed; name images or folders as PATH")
    if not options.paths and sys.stdin.isatty():
        raise ValueError("no PATH was given; name images or folders, or see --help")
    found = find_images(
        options.paths or ["-"],
        sys.stdin,
        skip_errors=getattr(options, "on_error", "raise") == "skip",
        include=options.include,
        exclude=options.exclude,
        null=options.null,
    )
    for note in found.passed_over.notes(options.quiet):
        print(note, file=sys.stderr)
    return found.paths, found.base


def add_finding(parser: argparse.ArgumentParser) -> None:
    """Adds which files are found; see :func:`images_of`."""
    names = {
        "include": "take files and folders of this name, whatever they are: a search passes over "
        "hidden files, bins, thumbnails, earlier copies, and what does not end like an image",
        "exclude": "pass over files and folders of this name",
    }
    for name, what in names.items():
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="NAME",
            help=f"{what}; may be a quoted pattern, and be given several times",
        )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Adds how images are read; see :func:`reading`."""
    parser.add_argument(
        "--decode",
        choices=DECODES,
        default="exact",
        help="buckets as in smartdownsample 1.9 (the default), or fast and nearly so",
    )
    parser.add_argument(
        "--hash-size", type=whole, default=8, metavar="N", help="side of the difference hash; 8"
    )
    parser.add_argument(
        "--workers", type=whole, default=4, metavar="N", help="images read at the same time; 4"
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--processes",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="workers are processes (yes), so that a file that kills its reader costs no other",
    )
    kind.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="read on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786",
    )


def check_reading(options: argparse.Namespace) -> None:
    """Raises a ValueError for a number out of its bounds."""
    whole_number("--workers", options.workers, minimum=1)
    check_hash_size(options.hash_size, "--hash-size")


def reading(options: argparse.Namespace) -> dict[str, Any]:
    """Returns how images are read, as keywords of :func:`smartdownsample_core.extract`."""
    workers = "processes" if options.processes else "threads"
    return {
        "hash_size": options.hash_size,
        "n_workers": options.workers,
        "decode": options.decode,
        "workers": "dask" if options.scheduler else workers,
        "scheduler": options.scheduler,
    }


def add_null(parser: argparse.ArgumentParser, where: str) -> None:
    """Adds the option that separates names by null characters."""
    parser.add_argument(
        "--null",
        action="store_true",
        help=f"or -0: separate names by null characters {where}, as find -print0 and xargs -0 do",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds how many images to keep and where they go; see :class:`Output`."""
    parser.add_argument(
        "-n",
        "--target-count",
        type=whole,
        metavar="N",
        help="images to keep; may be left out with --near-duplicates or --max-per-group",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the kept paths to a new .txt, .csv or .json"
    )
    group = parser.add_mutually_exclusive_group()
    for verb in VERBS:
        group.add_argument(
            f"--{verb}-to", metavar="DIR", help=f"{verb} the kept files there, folders and all"
        )
    parser.add_argument("--distribution", metavar="PNG", help="chart of kept images per bucket")
    parser.add_argument("--thumbnails", metavar="PNG", help="grid of thumbnails per bucket")
    parser.add_argument(
        "--on-error",
        choices=LOADING_ERRORS,
        default="raise",
        help="stop at a file that cannot be read (the default), or go on without it",
    )
    parser.add_argument(
        "--seed", type=whole, default=42, metavar="N", help="another seed keeps others; 42"
    )


def check_output(options: argparse.Namespace) -> None:
    """Raises a ValueError for a number out of its bounds."""
    if options.target_count is not None:
        whole_number("--target-count", options.target_count, minimum=1)
    whole_number("--seed", options.seed, minimum=0)


class Placing(NamedTuple):
    """What is to become of the kept files."""

    verb: str
    """one of :data:`smartdownsample_core.report._lists.VERBS`"""
    directory: str


def placing(options: argparse.Namespace) -> Placing | None:
    """Returns what ``--copy-to`` and the like ask for, of which one at most is given."""
    asked = (Placing(verb, getattr(options, f"{verb}_to")) for verb in VERBS)
    return next((where for where in asked if where.directory), None)


class Output:
    """Where the kept images go: places that are checked before any work is done."""

    def __init__(self, options: argparse.Namespace, paths: Sequence[str] = ()) -> None:
        _refuse_to_place_urls(options, paths)
        if sys.stdout is None and not options.output:
            raise ValueError("standard output is closed; write the list with --output")
        self._options = options
        self._list = new_list(options.output)
        self._distribution, self._thumbnails = new_pngs(
            {"--distribution": options.distribution, "--thumbnails": options.thumbnails}
        )
        if where := placing(options):
            make_folder(f"--{where.verb}-to", Path(where.directory))

    def write(self, selection: Selection, paths: list[str], base: str) -> int:
        """Writes a selection and returns the exit code.

        Args:
            selection: what was kept of ``paths``
            paths: n image files
            base: the folder that copies keep their structure relative to
        """
        options = self._options
        _refuse_to_place_urls(options, paths)
        print_warnings(selection, name_files=True, stream=sys.stderr, word=in_options)
        if not selection.n_readable:
            return FAILED
        if where := placing(options):
            place(*where, [paths[index] for index in selection.indices], base)
        null = self._null(selection, paths)
        if self._list:
            write_list(self._list, paths, selection, null)
        try:
            report.save_charts(selection, paths, self._distribution, self._thumbnails)
        finally:  # a chart that fails does not cost the list
            if not options.quiet:
                print(report.summary(selection), file=sys.stderr)
            if not self._list:
                with writing("standard output", "the list"), dropped_if_it_fails(sys.stdout):
                    write_text(sys.stdout, paths, selection, null)
                    sys.stdout.flush()
        return OK

    def _null(self, selection: Selection, paths: list[str]) -> bool:
        """Returns whether null characters separate the names in a text, which --keep reads back."""
        broken = with_line_breaks(paths, selection)
        is_text = self._list is None or self._list.suffix.lower() == TEXT
        if self._options.null or not broken or not is_text:
            return bool(self._options.null)
        what = "1 kept name has" if len(broken) == 1 else f"{len(broken):,} kept names have"
        result = f"{self._list} separates names by null characters" if self._list else "use --null"
        print(f"Warning: {what} line breaks, such as {broken[0]!r}: {result}", file=sys.stderr)
        return self._list is not None


def _refuse_to_place_urls(options: argparse.Namespace, paths: Sequence[str]) -> None:
    where = placing(options)
    if where and (url := next(filter(is_remote, paths), None)):
        raise ValueError(
            f"--{where.verb}-to is for local files, and {url} is a URL; write a list with --output"
        )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Adds the fields of :class:`smartdownsample_core.Choice`."""
    group = parser.add_argument_group("which images to keep")
    group.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="stride",
        help="stride: evenly from every visual bucket, to see why (the default); diverse: each as "
        "different as can be from those before it, to label or train on; representative: few of "
        "what is rare and many of what is common, to look over or evaluate on",
    )
    group.add_argument(
        "--near-duplicates",
        type=_number,
        metavar="BITS",
        help="leave out images whose hash differs in at most so many bits from an earlier one's: 4 "
        "to 8 of 64, but not where cameras stand still, as their frames are all alike to it; with "
        "--features a cosine distance",
    )
    group.add_argument(
        "--leave-out-junk", action="store_true", help="leave out black, white and blurred images"
    )
    group.add_argument(
        "--stratify-by",
        metavar="CSV",
        help="a table of paths and labels, whose groups get their shares; the word "
        f"'{BY_FOLDER}' takes the folders as labels",
    )
    group.add_argument(
        "--balance",
        default="proportional",
        metavar="HOW",
        help="shares of the groups: proportional, equal, or in between as a number from 0 to 1",
    )
    group.add_argument(
        "--max-per-group",
        type=whole,
        metavar="N",
        help="the most of a group; without --stratify-by, of a visual bucket",
    )
    group.add_argument(
        "--keep",
        metavar="FILE",
        help="a list of images, one a line or a .csv as --output writes, that are kept in any case",
    )
    group.add_argument(
        "--features", metavar="NPY", help="compare by these vectors: one row for each image"
    )


def choice_of(options: argparse.Namespace, paths: Sequence[str], hash_size: int) -> Choice:
    """Returns the choice among n images, checked against their number, the target and the hash."""
    radius, balance = options.near_duplicates, options.balance
    if radius is not None and options.features is None and radius.is_integer():
        radius = int(radius)
    choice = Choice(
        strategy=options.strategy,
        near_duplicates=radius,
        features=vectors_of(options.features),
        stratify_by=labels_of(options.stratify_by, paths),
        balance=float(balance) if balance.replace(".", "", 1).isdecimal() else balance,
        max_per_group=options.max_per_group,
        keep=rows_of(options.keep, paths),
        leave_out_junk=options.leave_out_junk,
    )
    choice.check(len(paths), options.target_count, hash_size)
    return choice
