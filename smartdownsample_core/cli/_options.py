"""Options that commands share: how they are made of settings, and how to read images."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import replace
from typing import Any, NoReturn

from ..annotations import files_of_package
from ..checks import nearest_name
from ..errors import Message
from ..images import find_images
from ..selection import RANDOM_SEED, Choice
from ..settings import LOADING_ERRORS, Reading, Setting, declared, raise_first

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


class Parser(argparse.ArgumentParser):
    """Reports errors without the usage, and with the option that a misspelt one may stand for."""

    def error(self, message: str) -> NoReturn:
        """Exits with a message that says where the options are listed."""
        unknown = message.partition("unrecognized arguments: ")[2].partition("=")[0].split()
        known = re.findall(r"--[a-z-]+", self.format_help())
        near = nearest_name(unknown[0], known) if unknown else None
        meant = f"; did you mean {near}?" if near else ""
        self.exit(USAGE, f"{self.prog}: error: {message}{meant} (see {self.prog} --help)\n")


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
            kind = str if what.reads else _TYPES[what.kind]
            options |= {"type": kind, "metavar": what.metavar or "N"}
    parser.add_argument(*short, option_of(what.name), **options)


_TYPES = {"whole number": _whole_number, "number": _number}


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
    found.passed_over.drop_used(_named_in(options))
    for line in found.passed_over.notes(options.quiet):
        print(line, file=sys.stderr)
    return found.paths, found.base


def _named_in(options: argparse.Namespace) -> list[str]:
    """Returns the files that options name, or that are in the package of one."""
    named = [value for value in vars(options).values() if isinstance(value, str)]
    package = vars(options).get("camtrap_dp")
    return [*filter(os.path.isfile, named), *(files_of_package(package) if package else [])]


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


def add_finding(parser: argparse._ActionsContainer) -> None:
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


def add_reading(parser: argparse._ActionsContainer) -> None:
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


def add_null(parser: argparse._ActionsContainer, where: str) -> None:
    """Adds the option that separates names by null characters."""
    parser.add_argument(
        "--null",
        action="store_true",
        help=f"or -0: separate names by null characters {where}, as find -print0 and xargs -0 do",
    )
