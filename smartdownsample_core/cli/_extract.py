"""The command ``extract``: signatures of many images, written to a shard."""

from __future__ import annotations

import argparse
import os
import re
import sys
from bisect import bisect_left
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..console import print_reading
from ..errors import counted
from ..extraction import Cameras, Steps, in_order, read_batches
from ..images import file_stats, is_remote
from ..new_files import make_folder, new_file
from ..optional import arrow
from ..settings import BY_PREVIEW, Reading
from ..shards import Origin, fingerprint, read_origin, write_shard
from ._options import (
    FAILED,
    OK,
    Parser,
    add_finding,
    add_null,
    add_paths,
    add_reading,
    images_of,
    reading,
)

_SUFFIX = ".parquet"


def extract_command(program: str, arguments: list[str]) -> int:
    """Runs ``extract`` and returns its exit code, as :func:`smartdownsample_core.cli.main`."""
    from .. import __version__

    options = _extract_parser(program).parse_intermixed_args(arguments)
    how = reading(options)
    number, count = _part(options.shard)
    paths, base = images_of(options)
    origin = Origin(
        hash_size=options.hash_size,
        decode=options.decode,
        descriptors=options.descriptors,
        listing=fingerprint(paths),
        images=len(paths),
        number=number,
        count=count,
        base=base,
        version=__version__,
        grey=options.grey,
        folder="" if all(os.path.isabs(path) or is_remote(path) for path in paths) else os.getcwd(),
    )
    origin.check()
    arrow()  # before images are read for hours
    output = Path(options.output)
    if output.suffix != _SUFFIX:
        raise ValueError(f"--output must end in {_SUFFIX}, got {options.output!r}")
    if options.resume and _is_done(output, origin):
        return OK
    output = new_file("--output", output)
    make_folder("--output", output.parent)
    items, first, cameras = _with_cameras(paths, origin, how)
    del paths
    try:
        n_unreadable = _extract(options, how, output, origin, items, first, cameras)
    except FileExistsError:  # another job has written it meanwhile
        if options.resume and _is_done(output, origin):
            return OK
        raise
    if n_unreadable:
        print(
            f"Warning: {counted(n_unreadable, 'images')} could not be read; see column 'error'",
            file=sys.stderr,
        )
    return FAILED if n_unreadable and n_unreadable == len(origin) else OK


def _extract_parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog=f"{program} extract",
        description="Read images and write their signatures to a file, for 'select'. Files that "
        "cannot be read are listed in it.",
    )
    add_paths(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help=f"a new {_SUFFIX} file"
    )
    parser.add_argument(
        "--shard",
        default="1/1",
        metavar="I/N",
        help="read only the I-th of N equal parts of the images, to run N jobs",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="do nothing if FILE already exists, is complete and of the same images",
    )
    parser.add_argument(
        "--descriptors",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also what --strategy diverse and representative and --leave-out-junk need (yes)",
    )
    parser.add_argument(
        "--grey",
        action="store_true",
        help="also thumbnails of 1 KB per image, by which 'select' finds cameras that stand still",
    )
    add_finding(parser)
    add_null(parser, "on standard input")
    add_reading(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    return parser


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch("([0-9]+)/([0-9]+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"--shard must be I/N with I from 1 to N, as in 3/8, got {text!r}")
    return int(match[1]), int(match[2])


def _is_done(output: Path, origin: Origin) -> bool:
    """Whether a complete shard of the same images exists already.

    Raises:
        ValueError: if there is another shard, or a damaged one
    """
    if not output.exists():
        return False
    there, wanted = asdict(read_origin(output)), asdict(origin)
    for name in wanted:
        if name not in ("version", "base") and there[name] != wanted[name]:
            raise ValueError(
                f"--resume: {output} is of {_difference(name, there[name], wanted[name])}; "
                "delete it, or give --output another path"
            )
    return True


def _difference(name: str, there: object, wanted: object) -> str:
    """Describes a field of the origin that has changed since a shard was written."""
    if name == "listing":
        return "other images: PATH, or what the folders hold, is not what it was"
    return f"another extraction, whose {name} was {there}, and is now {wanted}"


def _with_cameras(
    paths: list[str], origin: Origin, how: Reading
) -> tuple[list[str], int, Cameras | None]:
    """Returns what to read for a shard: its images and, by previews, a sample of their cameras.

    All jobs that read a part of one camera compare the same sample, and so trust its previews, or
    do not.

    Returns:
        paths, the place of the first that is in the shard, and what is known of their cameras
    """
    rows = origin.rows
    if how.decode not in BY_PREVIEW or len(rows) == len(paths):
        return paths[rows.start : rows.stop], 0, None
    labels = Cameras.of(paths).labels
    mine = {labels[row] for row in rows}
    members = [row for row, label in enumerate(labels) if label in mine]
    first = bisect_left(members, rows.start)
    wanted = np.zeros(len(members), bool)
    wanted[first : first + len(rows)] = True
    cameras = Cameras([labels[row] for row in members], wanted=wanted)
    return [paths[row] for row in members], first, cameras


def _extract(
    options: argparse.Namespace,
    how: Reading,
    output: Path,
    origin: Origin,
    items: list[str],
    first: int,
    cameras: Cameras | None,
) -> int:
    """Writes a shard and returns how many of its images could not be read."""
    paths = items[first : first + len(origin)]
    # Before the images are read, so that later changes are noticed.
    stats = file_stats(paths)
    steps = read_batches(items, how, options.descriptors, cameras=cameras, grey=options.grey)
    ways: Counter[str | None] = Counter()
    unused: dict[str, str] = {}
    with tqdm(total=len(paths), desc="Reading images", unit="img", disable=options.quiet) as bar:

        def counted() -> Steps:
            for rows, table, done in steps:
                ways.update(table.decode.tolist())
                unused.update(table.unused_previews)
                yield rows - first, table, done
                bar.update(done - bar.n)

        with closing(steps):
            batches = in_order(counted(), with_signs_of_life=False)
            n_unreadable = write_shard(output, origin, paths, stats, batches)
    n_previews = ways.pop("preview", 0)
    ways.pop(None, None)
    print_reading(n_previews, ways.total(), unused, sys.stderr, not options.quiet)
    return n_unreadable
