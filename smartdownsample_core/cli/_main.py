"""The command line: folders, globs or a list of files in, the kept files out."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from ..checks import nearest_name
from ..console import print_reading_of, read_with_bar
from ..errors import worded
from ..selection import downsample, natural_order
from ..shards import fingerprint
from ..text_files import ERRORS
from ._choice import add_choice, choice_of, needs_descriptors, with_remedies
from ._extract import extract_command
from ._help import add_help
from ._objects import BY_OBJECTS, add_choose, items_of, objects_of
from ._options import (
    FAILED,
    INTERRUPTED,
    OK,
    USAGE,
    Parser,
    add_finding,
    add_null,
    add_on_error,
    add_reading,
    images_of,
    option_of,
    reading,
)
from ._other_programs import check_files
from ._output import Output, add_output, check_output
from ._select import select_command
from ._signals import TerminatedError, ended_by_signals
from ._split import split_command
from ._verify import verify_command

_PROGRAM = "smartdownsample"


def _verify(program: str, arguments: list[str]) -> int:
    return verify_command(program, arguments, _parser().parse_args([]))


_COMMANDS = {
    "extract": extract_command,
    "select": select_command,
    "split": split_command,
    "verify": _verify,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    0: done, possibly with fewer images than asked for and a warning; 1: an image could not be read,
    or none could, or the output could not be written; 2: bad arguments; 130: interrupted; 143:
    terminated. Kept paths go to standard output or ``--output``, everything else to standard error.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)
    if sys.stderr is None:  # closed: messages would go to standard output
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - open until the process ends
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # If -0 were an option, argparse would take the -1 of "--seed -1" for one, too.
    arguments = ["--null" if argument == "-0" else argument for argument in arguments]
    try:
        with ended_by_signals():
            if arguments and arguments[0] in _COMMANDS:
                return _COMMANDS[arguments[0]](_PROGRAM, arguments[1:])
            _check_command(arguments)
            return _run(_parser().parse_intermixed_args(arguments))
    except (ValueError, FileExistsError, ImportError) as error:
        print(f"{_PROGRAM}: error: {worded(error, option_of)}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader, such as head, has enough
        return OK
    except OSError as error:
        message = str(error).replace("image_loading_errors='skip'", "--on-error skip")
        print(f"{_PROGRAM}: error: {message}", file=sys.stderr)
        return FAILED
    except TerminatedError as error:
        print(f"{_PROGRAM}: terminated", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{_PROGRAM}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _check_command(arguments: Sequence[str]) -> None:
    """Raises a ValueError if the first argument is no path, and looks like a misspelt command."""
    first = "".join(arguments[:1])
    if (near := nearest_name(first, _COMMANDS)) and not os.path.exists(first):
        raise ValueError(f"there is no file and no command {first!r}; did you mean {near!r}?")


def _parser() -> argparse.ArgumentParser:
    from .. import __version__

    parser = Parser(
        prog=_PROGRAM,
        add_help=False,
        usage="%(prog)s [PATH ...] --target-count N [options]",
        description="Keep exactly N diverse images of a large, redundant collection.",
        epilog="Train, val and test: 'smartdownsample split --help'. Millions of images: "
        "'smartdownsample extract --help' and 'smartdownsample select --help'. Exit codes: 0 done, "
        "1 images could not be read, 2 bad arguments, 130 interrupted, 143 terminated.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="image files, folders (searched recursively), quoted globs, or URLs such as "
        "s3://bucket/folder; '-' or no PATH reads one path per line from standard input",
    )
    add_help(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only warnings and errors")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    add_output(parser)
    add_choose(add_choice(parser))
    files = parser.add_argument_group("which files to read, and how")
    add_finding(files)
    add_null(files, "on standard input and output")
    add_on_error(files)
    add_reading(files)
    return parser


def _run(options: argparse.Namespace) -> int:
    check_output(options)
    check_files(options)
    how = reading(options)
    paths, base = images_of(options)
    objects = objects_of(options, paths)
    choice = choice_of(options, paths, options.hash_size, objects)
    images = {"count": len(paths), "list": fingerprint(paths)}
    read = {"hash_size": how.hash_size, "decode": how.decode}
    output = Output(options, base, paths, images=images, reading=read)
    descriptors = needs_descriptors(options, choice)
    if objects is not None:
        paths = [paths[row] for row in objects.image]
    signatures = read_with_bar(
        items_of(objects, paths),
        how,
        options.on_error,
        descriptors,
        not options.quiet,
        choice,
        bool(options.activity),
    )
    print_reading_of(signatures, sys.stderr, not options.quiet)
    order = natural_order(paths)
    image_of = objects.image if objects is not None and options.choose == BY_OBJECTS else None
    with with_remedies(options, choice):
        selection = downsample(
            signatures, order, options.target_count, options.random_seed, choice, image_of=image_of
        )
    return output.write(selection, paths, signatures, choice, objects)
