"""The command line: folders, globs or a list of files in, the kept files out."""

from __future__ import annotations

import argparse
import csv
import glob
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from PIL import Image

from . import report
from .api import extract_with_bar, warnings_of
from .buckets import bucket_name
from .checks import new_file, new_pngs, whole_number
from .downsample import downsample
from .order import natural_order
from .rules import DECODES, MIN_HASH_SIZE
from .selection import Selection

_OK, _FAILED, _USAGE, _INTERRUPTED = 0, 1, 2, 130
_FORMATS = (".txt", ".csv", ".json")
# Of all that Pillow opens, without what is no photograph or needs other programs (EPS, PDF, MPEG).
_IMAGE_FORMATS = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP"}
# Below, processes would take longer to start than they save: see extract.extract.
_MANY_IMAGES = 20_000
_ERRORS = "surrogateescape"  # file names need not be valid text; they come out as they went in


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    0: done, also if there were fewer images than asked for, which is said; 1: an image could not
    be read, or none could; 2: bad arguments; 130: interrupted. The kept paths go to standard
    output (or ``--output``), everything else to standard error.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)
    parser = _parser()
    options = parser.parse_intermixed_args(arguments)
    try:
        return _run(options)
    except (ValueError, FileExistsError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return _USAGE
    except BrokenPipeError:  # the reader, such as head, has all it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OK
    except OSError as error:
        message = str(error).replace("image_loading_errors='skip'", "--on-error skip")
        print(f"{parser.prog}: error: {message}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = argparse.ArgumentParser(
        prog="smartdownsample",
        description="Keep exactly N diverse images of a large, redundant collection.",
        epilog="Exit codes: 0 done, 1 images could not be read, 2 bad arguments, 130 interrupted.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="image files, folders (with all below them) or quoted globs; '-' or nothing reads "
        "one path a line from standard input",
    )
    parser.add_argument(
        "-n", "--target-count", type=int, required=True, metavar="N", help="images to keep"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the kept paths to a new .txt, .csv or .json"
    )
    placing = parser.add_mutually_exclusive_group()
    for verb in _PLACE:
        placing.add_argument(
            f"--{verb}-to", metavar="DIR", help=f"{verb} the kept files there, folders and all"
        )
    parser.add_argument("--distribution", metavar="PNG", help="chart of kept images per bucket")
    parser.add_argument("--thumbnails", metavar="PNG", help="grid of thumbnails per bucket")
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="stop at a file that cannot be read (the default), or go on without it",
    )
    parser.add_argument(
        "--seed", type=int, default=42, metavar="N", help="another seed keeps others; 42"
    )
    parser.add_argument(
        "--decode",
        choices=DECODES,
        default="exact",
        help="buckets as in smartdownsample 1.9 (the default), or fast and nearly so",
    )
    parser.add_argument(
        "--hash-size", type=int, default=8, metavar="N", help="side of the difference hash; 8"
    )
    parser.add_argument(
        "--workers", type=int, default=4, metavar="N", help="images read at the same time; 4"
    )
    parser.add_argument(
        "--processes",
        action=argparse.BooleanOptionalAction,
        help=f"workers are processes instead of threads; by itself from {_MANY_IMAGES:,} images on",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="say nothing but warnings and errors"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _run(options: argparse.Namespace) -> int:
    whole_number("--target-count", options.target_count, minimum=1)
    whole_number("--seed", options.seed, minimum=0)
    whole_number("--workers", options.workers, minimum=1)
    whole_number("--hash-size", options.hash_size, minimum=MIN_HASH_SIZE)
    paths, base = find_images(options.paths or ["-"], sys.stdin)
    output = _new_list(options.output)
    distribution, thumbnails = new_pngs(
        {"--distribution": options.distribution, "--thumbnails": options.thumbnails}
    )

    processes = len(paths) >= _MANY_IMAGES if options.processes is None else options.processes
    signatures = extract_with_bar(
        paths,
        not options.quiet,
        hash_size=options.hash_size,
        n_workers=options.workers,
        image_loading_errors=options.on_error,
        decode=options.decode,
        workers="processes" if processes else "threads",
    )
    selection = downsample(signatures, natural_order(paths), options.target_count, options.seed)
    for line in warnings_of(selection, name_files=True):
        print(line, file=sys.stderr)
    if not selection.n_readable:
        return _FAILED

    _place(options, [paths[index] for index in selection.indices], base)
    if output:
        with output.open("x", encoding="utf-8", errors=_ERRORS, newline="") as stream:
            _WRITERS[output.suffix.lower()](stream, paths, selection)
    report.save_charts(selection, paths, distribution, thumbnails)
    if not options.quiet:
        print(report.summary(selection), file=sys.stderr)
    if not output:
        _write_text(sys.stdout, paths, selection)
        sys.stdout.flush()
    return _OK


def find_images(arguments: Sequence[str], stdin: TextIO) -> tuple[list[str], str]:
    """Resolves the command line's PATHs.

    Args:
        arguments: files, folders (searched by :func:`images_below`), globs, or ``-``
        stdin: where ``-`` reads one path a line from

    Returns:
        the files, each once, in the order they were named; and the folder that all of them are
        below, which copies keep their structure relative to

    Raises:
        ValueError: if an argument stands for no file
    """
    found: dict[str, str] = {}
    bases = []
    for argument in arguments:
        folder = os.path.isdir(argument)
        files = _files_of(argument, stdin)
        if not files:
            hint = (
                "; upper and lower case differ, as in .jpg and .JPG" if _is_glob(argument) else ""
            )
            name = "on standard input" if argument == "-" else f"at {argument!r}"
            raise ValueError(f"no images found {name}{hint}")
        for path in files:
            found.setdefault(os.path.abspath(path), path)
        bases += [os.path.abspath(argument)] if folder else [_parent(path) for path in files]
    return list(found.values()), os.path.commonpath(bases)


def _files_of(argument: str, stdin: TextIO) -> list[str]:
    if argument == "-":
        return [line.rstrip("\n") for line in stdin if line.strip()]
    if os.path.isdir(argument):
        return images_below(argument)
    if not _is_glob(argument):
        return [argument] if os.path.lexists(argument) else []
    matches = sorted(glob.glob(argument, recursive=True))
    return [path for path in matches if not os.path.isdir(path)]


def images_below(folder: str) -> list[str]:
    """Returns all files below a folder with an extension of a usual image format.

    Raises:
        OSError: if a folder cannot be listed
    """
    extensions = Image.registered_extensions().items()
    readable = tuple(extension for extension, name in extensions if name in _IMAGE_FORMATS)

    def fail(error: OSError) -> None:
        raise error

    found = []
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders.sort()  # os.walk goes on in this order
        found += [
            os.path.join(parent, name) for name in sorted(names) if name.lower().endswith(readable)
        ]
    return found


def _is_glob(argument: str) -> bool:
    return glob.has_magic(argument) and not os.path.lexists(argument)


def _parent(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _place(options: argparse.Namespace, kept: list[str], base: str) -> None:
    """Copies or links the kept files, if asked to; refuses before the first if one exists."""
    for verb, place in _PLACE.items():
        directory = getattr(options, f"{verb}_to")
        if directory is None:
            continue
        targets = [Path(directory, os.path.relpath(path, base)) for path in kept]
        for target in targets:
            new_file(f"--{verb}-to", target)
        for path, target in zip(kept, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            place(os.path.abspath(path), target)


def _copy(source: str, target: Path) -> None:
    with open(source, "rb") as readable, target.open("xb") as writable:
        shutil.copyfileobj(readable, writable)
    shutil.copystat(source, target)


_PLACE: dict[str, Callable[[str, Path], None]] = {
    "copy": _copy,
    "symlink": os.symlink,
    "hardlink": os.link,
}


def _new_list(path: str | None) -> Path | None:
    if path is None:
        return None
    if Path(path).suffix.lower() not in _FORMATS:
        raise ValueError(f"--output must end in {', '.join(_FORMATS)}, got: {path}")
    output = new_file("--output", path)
    output.parent.mkdir(parents=True, exist_ok=True)
    return output


def _write_text(stream: TextIO, paths: list[str], selection: Selection) -> None:
    stream.writelines(f"{paths[index]}\n" for index in selection.indices)


def _write_csv(stream: TextIO, paths: list[str], selection: Selection) -> None:
    writer = csv.DictWriter(stream, ["path", "bucket", "bucket_name"])
    writer.writeheader()
    writer.writerows(_records(paths, selection))


def _write_json(stream: TextIO, paths: list[str], selection: Selection) -> None:
    document = {
        "target_count": selection.target_count,
        "random_seed": selection.random_seed,
        "kept": _records(paths, selection),
        "buckets": [
            {"bucket": b.id, "bucket_name": b.name, "size": b.size, "kept": b.kept}
            for b in selection.buckets
        ],
        "unreadable": [
            {"path": paths[index], "error": str(error)}
            for index, error in selection.unreadable.items()
        ],
    }
    json.dump(document, stream, indent=2)


def _records(paths: list[str], selection: Selection) -> list[dict[str, object]]:
    ids = selection.bucket_ids[selection.indices].tolist()
    return [
        {"path": paths[index], "bucket": bucket_id, "bucket_name": bucket_name(bucket_id)}
        for index, bucket_id in zip(selection.indices, ids, strict=True)
    ]


_WRITERS: dict[str, Callable[[TextIO, list[str], Selection], None]] = dict(
    zip(_FORMATS, (_write_text, _write_csv, _write_json), strict=True)
)
