"""Options that commands share: how to read images, which to keep, and where to write them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import report
from ..annotations import write_subset
from ..console import print_warnings
from ..errors import Message
from ..images import find_images, is_remote
from ..new_files import are_same, new_pngs, writing
from ..own_files import is_below, note
from ..report import (
    TEXT,
    VERBS,
    Placing,
    check_activity,
    check_curve,
    dropped_if_it_fails,
    new_list,
    new_manifest,
    new_table,
    with_line_breaks,
    write_list,
    write_table,
    write_text,
)
from ..selection import (
    FOLDER,
    RANDOM_SEED,
    TARGET_COUNT,
    Choice,
    ChoiceSettings,
    Selection,
    target_of,
)
from ..settings import LOADING_ERRORS, Reading, Setting, declared, raise_first
from ..signatures import Signatures
from ._choice_files import is_key, keys_of, labels_of, rows_of, times_of, vectors_of
from ._detections import (
    add_files,
    keys_of_package,
    new_package,
    package_of,
    with_labels,
    with_package,
    without_empties,
)
from ._record import manifest_of, radius_of, record_of

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


#: Options whose name differs from that of their setting.
_OPTIONS = {
    "image_loading_errors": "--on-error",
    "save_distribution": "--distribution",
    "save_thumbnails": "--thumbnails",
    "save_explanation": "--explain",
    "save_curve": "--curve",
    "save_activity": "--activity",
    **{
        what.name: what.option
        for what in (RANDOM_SEED, *declared(Reading).values(), *declared(Choice).values())
        if what.option
    },
}


def option_of(name: str) -> str:
    """Returns the option of a setting, as messages and help name it."""
    return _OPTIONS.get(name, "--" + name.replace("_", "-"))


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def add_setting(parser: argparse._ActionsContainer, what: Setting, *short: str) -> None:
    """Adds the option of a setting from its declaration."""
    text = Message(what.option_help or what.help).worded(option_of).replace("%", "%%")
    if what.default not in (None, False, ()):
        text += f" (default: {what.default})"
    options: dict[str, Any] = {"dest": what.name, "help": text}
    if what.kind == "switch":
        options["action"] = "store_true"
    else:
        options |= {"default": what.default, "metavar": what.metavar or None}
        if what.kind == "choice" and what.maximum is not None:
            options["type"] = _number_or_text
        elif what.kind == "choice":
            options["choices"] = list(what.choices)
        elif what.kind in _TYPES:
            kind = _number_or_share if what.reads else _TYPES[what.kind]
            options |= {"type": kind, "metavar": what.metavar or "N"}
    parser.add_argument(*short, option_of(what.name), **options)


_TYPES = {"whole number": _whole_number, "number": _number}


def _number_or_share(text: str) -> int | str:
    return text if text.endswith("%") else _whole_number(text)


def images_of(options: argparse.Namespace) -> tuple[list[str], str]:
    """Returns the paths that the command's PATHs name, and the folder that contains them."""
    if sys.stdin is None and (not options.paths or "-" in options.paths):
        raise ValueError("standard input is closed; name images or folders as PATH")
    if not options.paths and sys.stdin.isatty():
        raise ValueError("no PATH was given; name images or folders, or see --help")
    found = find_images(
        options.paths or ["-"],
        sys.stdin,
        skip_errors=getattr(options, "on_error", "raise") == "skip",
        include=options.include_names,
        exclude=options.exclude_names,
        null=options.null,
    )
    for line in found.passed_over.notes(options.quiet):
        print(line, file=sys.stderr)
    return found.paths, found.base


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Adds what to read, as commands other than the first one take it."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="image files, folders or quoted globs; '-' or no PATH reads standard input",
    )


def add_on_error(parser: argparse._ActionsContainer) -> None:
    """Adds what to do about files that cannot be read."""
    parser.add_argument(
        "--on-error",
        choices=LOADING_ERRORS,
        default="raise",
        help="stop at a file that cannot be read (the default), or go on without it",
    )


def add_finding(parser: argparse.ArgumentParser) -> None:
    """Adds the options that choose files; see :func:`images_of`."""
    names = {
        "include": "include files and folders of this name, even those that a search skips: hidden "
        "files, trash, thumbnails, earlier copies, and names without the ending of an image",
        "exclude": "skip files and folders of this name",
    }
    for name, what in names.items():
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            dest=f"{name}_names",
            metavar="NAME",
            help=f"{what}; a name or a quoted pattern; may be repeated",
        )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Adds the options for reading images; see :func:`reading`."""
    for name in ("decode", "hash_size", "n_workers"):
        what = declared(Reading)[name]
        add_setting(parser, replace(what, default="auto") if name == "decode" else what)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--processes",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="read in processes (yes), which survive a file that crashes its reader",
    )
    kind.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="read on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786",
    )


def reading(options: argparse.Namespace) -> Reading:
    """Returns the settings for reading; raises a ParameterError for a value out of its bounds."""
    workers = "processes" if options.processes else "threads"
    how = Reading(
        hash_size=options.hash_size,
        n_workers=options.n_workers,
        decode=options.decode,
        workers="dask" if options.scheduler else workers,
        scheduler=options.scheduler,
    )
    raise_first(how.problems())
    return how


def add_null(parser: argparse.ArgumentParser, where: str) -> None:
    """Adds the option that separates names by null characters."""
    parser.add_argument(
        "--null",
        action="store_true",
        help=f"or -0: separate names by null characters {where}, as find -print0 and xargs -0 do",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds the options for the number of images and the output; see :class:`Output`."""
    add_setting(parser, TARGET_COUNT, "-n")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the kept paths to a new .txt, .csv or .json"
    )
    group = parser.add_mutually_exclusive_group()
    for verb in VERBS:
        group.add_argument(
            f"--{verb}-to", metavar="DIR", help=f"{verb} the kept files there, folders and all"
        )
    parser.add_argument(
        "--explain",
        metavar="FILE",
        help="write why each image was kept or left out, and which kept image stands for it, to a "
        "new .csv or .parquet",
    )
    parser.add_argument(
        "--manifest",
        metavar="FILE",
        help="write settings, digests of all images and what was kept to a new .json, for 'verify'",
    )
    parser.add_argument(
        "--camtrap-dp-out",
        metavar="DIR",
        help="write a new Camtrap DP package of the kept images of --camtrap-dp, with their files, "
        "observations and deployments",
    )
    parser.add_argument("--distribution", metavar="PNG", help="chart of kept images per bucket")
    parser.add_argument(
        "--curve", metavar="PNG", help="chart of how far images left out are, by the number kept"
    )
    parser.add_argument(
        "--activity",
        metavar="PNG",
        help="frames of standing cameras that are most active, or most doubtful, and where they "
        "differ from the background",
    )
    parser.add_argument("--thumbnails", metavar="PNG", help="grid of thumbnails per bucket")
    add_on_error(parser)
    add_setting(parser, RANDOM_SEED)


def check_output(options: argparse.Namespace) -> None:
    """Raises a ParameterError for a number out of its bounds."""
    for what in (TARGET_COUNT, RANDOM_SEED):
        what.check(getattr(options, what.name))


def needs_descriptors(options: argparse.Namespace, choice: Choice) -> bool:
    """Whether images need descriptors, to be chosen or to be explained."""
    return choice.needs_descriptors or bool(options.explain or options.manifest)


def placing(options: argparse.Namespace, base: str = "") -> Placing | None:
    """Returns what ``--copy-to`` or a similar option asks for; None without one."""
    asked = ((verb, getattr(options, f"{verb}_to")) for verb in VERBS)
    return next((Placing(verb, Path(to), base) for verb, to in asked if to), None)


class Output:
    """Where the kept images go; checked before any work is done."""

    def __init__(
        self,
        options: argparse.Namespace,
        base: str,
        paths: Sequence[str] = (),
        **source: Any,
    ) -> None:
        """Checks that the output can be written.

        Args:
            options: the parsed options
            base: the folder below which copies keep their structure
            paths: the images to choose from, if known already
            source: what a ``.json`` records about the images to choose from
        """
        _refuse_to_place_urls(options, paths)
        if sys.stdout is None and not options.output:
            raise ValueError("standard output is closed; write the list with --output")
        self._placing = placing(options, base)
        self._base = base
        if self._placing:
            self._placing.check(paths)
        self._options = options
        self._package = new_package(options)
        self._list = new_list(options.output)
        # Taken now, because the files may change while images are read.
        has_record = self._list is not None and self._list.suffix.lower() == ".json"
        self._manifest = new_manifest(options.manifest)
        self._record = record_of(options, **source) if has_record or self._manifest else {}
        names = ("distribution", "thumbnails", "curve", "activity")
        self._distribution, self._thumbnails, self._curve, self._activity = new_pngs(
            {f"--{name}": getattr(options, name) for name in names}
        )
        self._explanation = new_table("--explain", options.explain)
        for name, other in (("--explain", self._explanation), ("--manifest", self._manifest)):
            if self._list and other and are_same(self._list, other):
                raise ValueError(f"--output and {name} are the same file: {self._list}; name two")

    def write(
        self,
        selection: Selection,
        paths: list[str],
        signatures: Signatures | None = None,
        choice: Choice | None = None,
    ) -> int:
        """Writes a selection and returns the exit code.

        Args:
            selection: what was kept of ``paths``
            paths: n image files
            signatures: theirs, if a manifest or the activity is to be written
            choice: how they were chosen, for the activity
        """
        options = self._options
        _refuse_to_place_urls(options, paths)
        strata = "folders" if options.stratify_by == FOLDER else "labels"
        print_warnings(
            selection, paths, name_files=True, stream=sys.stderr, word=option_of, strata=strata
        )
        if not selection.n_readable:
            return FAILED
        if self._placing:
            self._placing.place([paths[index] for index in selection.indices])
        if self._package:
            kept = [paths[index] for index in selection.indices]
            write_subset(options.camtrap_dp, self._package, kept, self._base)
        null = self._null(selection, paths)
        if self._list:
            write_list(self._list, paths, selection, null, self._record)
        if self._manifest and signatures is not None:
            record = manifest_of(self._record, paths, signatures, options.target_count)
            write_list(self._manifest, paths, selection, record=record, name="--manifest")
        if self._explanation:
            write_table("--explain", self._explanation, paths, selection)
        charts = (self._distribution, self._thumbnails, self._curve, self._activity)
        for chart in filter(None, charts):
            if is_below(chart.parent, self._base):
                note(chart.parent, "charts", [chart.name])
        try:
            report.save_charts(selection, paths, self._distribution, self._thumbnails)
            if self._curve:
                report.save_curve(selection.coverage(), self._curve)
            if self._activity and signatures is not None and choice is not None:
                report.save_activity(selection, signatures.grey, paths, choice, self._activity)
        finally:  # a failed chart must not lose the list
            if not options.quiet:
                print(report.summary(selection, strata), file=sys.stderr)
                if self._curve:
                    print(report.how_many(selection.coverage()), file=sys.stderr)
            if not self._list:
                with writing("standard output", "the list"), dropped_if_it_fails(sys.stdout):
                    write_text(sys.stdout, paths, selection, null)
                    sys.stdout.flush()
        return OK

    def _null(self, selection: Selection, paths: list[str]) -> bool:
        """Returns whether to separate names by null characters; --keep reads both forms."""
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
            f"{where.option} is for local files, and {url} is a URL; write a list with --output"
        )


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
