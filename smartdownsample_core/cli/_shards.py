"""The commands for many images: ``extract`` signatures to files, ``select`` from such files."""

from __future__ import annotations

import argparse
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, fields
from pathlib import Path

from tqdm import tqdm

from ..extraction import extract_batches, raise_first_error
from ..images import file_stats, is_remote
from ..new_files import make_folder, new_file
from ..optional import arrow
from ..selection import Choice, downsample, natural_order
from ..shards import Origin, Rows, Shards, check_distinct, read_origin, select_from, write_shard
from ..signatures import Signatures
from ._options import (
    FAILED,
    OK,
    Output,
    add_choice,
    add_finding,
    add_null,
    add_output,
    add_reading,
    check_output,
    check_reading,
    choice_of,
    images_of,
    placing,
    reading,
)

_SUFFIX = ".parquet"


def extract_command(program: str, arguments: list[str]) -> int:
    """Runs ``extract`` and returns its exit code, as :func:`smartdownsample_core.cli.main`."""
    from .. import __version__

    options = _extract_parser(program).parse_intermixed_args(arguments)
    check_reading(options)
    number, count = _part(options.shard)
    paths, base = images_of(options)
    origin = Origin(
        hash_size=options.hash_size,
        decode=options.decode,
        descriptors=options.descriptors,
        listing=_fingerprint(paths),
        number=number,
        count=count,
        base=base,
        version=__version__,
        folder="" if all(os.path.isabs(path) or is_remote(path) for path in paths) else os.getcwd(),
    )
    output = _new_shard(options, origin)
    if output is None:
        return OK
    part = paths[len(paths) * (number - 1) // count : len(paths) * number // count]
    del paths
    n_unreadable = _extract(options, output, origin, part)
    if n_unreadable:
        print(
            f"Warning: {n_unreadable:,} image(s) could not be read; column 'error' says why",
            file=sys.stderr,
        )
    return FAILED if part and n_unreadable == len(part) else OK


def select_command(program: str, arguments: list[str]) -> int:
    """Runs ``select`` and returns its exit code, as :func:`smartdownsample_core.cli.main`."""
    parser = _select_parser(program)
    options = parser.parse_intermixed_args(arguments)
    check_output(options)
    shards = Shards([Path(file) for file in options.shards], options.partial)
    _check_folder(options, shards)
    if options.on_error == "raise":
        raise_first_error(shards.unreadable())
    if _by_buckets_alone(parser, options):
        output = Output(options)
        selection, paths = select_from(shards, options.target_count, options.seed)
        return output.write(selection, paths, shards.base)
    paths = shards.paths()
    check_distinct(paths)
    choice = choice_of(options, paths, shards.origin.hash_size)
    if choice.needs_descriptors and not shards.has_descriptors:
        strategy = options.strategy
        what = "--leave-out-junk" if choice.leave_out_junk else f"--strategy {strategy}"
        raise ValueError(
            f"{what} needs descriptors, and these signatures were extracted with --no-descriptors; "
            "extract them without it, or leave that out"
        )
    output = Output(options, paths)
    signatures = shards.signatures(choice.needs_descriptors)
    order = natural_order(paths)
    selection = downsample(signatures, order, options.target_count, options.seed, choice)
    return output.write(selection, paths, shards.base)


COMMANDS: dict[str, Callable[[str, list[str]], int]] = {
    "extract": extract_command,
    "select": select_command,
}


def _extract_parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{program} extract",
        description="Read images and write their signatures to a file, for 'select'. Files that "
        "cannot be read are listed in it.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="image files, folders or quoted globs; '-' or nothing reads standard input",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help=f"a new {_SUFFIX} file"
    )
    parser.add_argument(
        "--shard",
        default="1/1",
        metavar="I/N",
        help="read only the I-th of N equal parts of the images, for N jobs",
    )
    parser.add_argument(
        "--resume", action="store_true", help="do nothing if FILE is there already, and the same"
    )
    parser.add_argument(
        "--descriptors",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also what --strategy diverse and representative and --leave-out-junk need (yes)",
    )
    add_finding(parser)
    add_null(parser, "on standard input")
    add_reading(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    return parser


def _select_parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{program} select",
        description="Keep exactly N diverse images of those whose signatures 'extract' wrote: the "
        "same as of one run on all of them. No image is read.",
    )
    parser.add_argument("shards", nargs="+", metavar="SHARD", help="files that 'extract' wrote")
    parser.add_argument(
        "--partial", action="store_true", help="do without shards I/N that are missing"
    )
    add_null(parser, "on standard output")
    add_output(parser)
    add_choice(parser)
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="say nothing but warnings and errors"
    )
    return parser


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch("([0-9]+)/([0-9]+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"--shard must be I/N with I from 1 to N, as in 3/8, got {text!r}")
    return int(match[1]), int(match[2])


def _fingerprint(paths: list[str]) -> str:
    """Tells lists of paths apart: shards of two different lists do not make a whole."""
    checksum = 0
    for path in paths:
        checksum = zlib.crc32(path.encode("utf-8", "surrogateescape") + b"\0", checksum)
    return f"{len(paths)} {checksum:08x}"


def _new_shard(options: argparse.Namespace, origin: Origin) -> Path | None:
    """Returns the place of a shard, None if the same is there already and that is fine."""
    arrow()  # before images are read for hours
    output = Path(options.output)
    if output.suffix != _SUFFIX:
        raise ValueError(f"--output must end in {_SUFFIX}, got {options.output!r}")
    if options.resume and output.exists():
        there, wanted = asdict(read_origin(output)), asdict(origin)
        for name in wanted:
            if name not in ("version", "base") and there[name] != wanted[name]:
                raise ValueError(
                    f"--resume: {output} is of {_difference(name, there[name], wanted[name])}; "
                    "delete it, or give --output another path"
                )
        return None
    output = new_file("--output", output)
    make_folder("--output", output.parent)
    return output


def _difference(name: str, there: object, wanted: object) -> str:
    """Words what is not as it was when a shard was written; fields are those of its origin."""
    if name == "listing":
        return "other images: PATH, or what the folders hold, is not what it was"
    return f"another extraction, whose {name} was {there}, and is now {wanted}"


def _extract(options: argparse.Namespace, output: Path, origin: Origin, paths: list[str]) -> int:
    # Before the images are read: a change that comes in between is then seen as one.
    stats = file_stats(paths)
    stream = extract_batches(paths, **reading(options), descriptors=options.descriptors)
    with tqdm(total=len(paths), desc="Reading images", unit="img", disable=options.quiet) as bar:

        def counted() -> Iterator[tuple[Rows, Signatures]]:
            for rows, batch in stream:
                yield rows, batch
                bar.update(len(rows))

        with closing(stream):
            return write_shard(output, origin, paths, stats, counted())


def _check_folder(options: argparse.Namespace, shards: Shards) -> None:
    """Raises a ValueError if files are to be opened whose paths start from another folder."""
    opens = options.thumbnails or placing(options)
    if opens and shards.folders - {os.getcwd()}:
        raise ValueError(
            f"the paths in these files start from {min(shards.folders)}: go there to copy, link or "
            "draw images, or name images by absolute paths when you extract"
        )


def _by_buckets_alone(parser: argparse.ArgumentParser, options: argparse.Namespace) -> bool:
    """Whether nothing is asked for that needs more than the buckets and the order of the images."""
    others = [*(field.name for field in fields(Choice)), "thumbnails"]
    return options.target_count is not None and all(
        getattr(options, name) == parser.get_default(name) for name in others
    )
