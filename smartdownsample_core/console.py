"""What a person at a terminal sees on the way: progress bars and warnings."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from .checks import shown_path
from .errors import Word, counted, worded
from .extraction import read_all
from .images import Item, path_of
from .report import shortfalls
from .selection import Choice, Selection, mark_standing, natural_order
from .settings import Reading
from .signatures import Signatures

#: How many unreadable files are named one by one.
_MAX_NAMED_FILES = 10


def read_with_bar(
    items: Sequence[Item],
    reading: Reading,
    image_loading_errors: str,
    descriptors: bool,
    show_progress: bool,
    choice: Choice,
    keep_grey: bool = False,
) -> Signatures:
    """Returns the signatures of images, with a progress bar on standard error.

    If the choice asks for it, standing cameras are looked for, as by :func:`mark_with_bar`. The
    other arguments are those of :func:`read_all`.
    """
    from tqdm import tqdm  # not above: it would take a sixth of the time to import this package

    with tqdm(
        total=len(items), desc="Reading images", unit="img", disable=not show_progress
    ) as bar:

        def progress(done: int, _: int) -> None:
            bar.update(done - bar.n)

        found = read_all(
            items,
            reading,
            image_loading_errors,
            descriptors,
            progress,
            choice.camera,
            choice.finds_standing,
        )
    mark_with_bar(found, list(map(path_of, items)), choice, show_progress, keep_grey)
    return found


def mark_with_bar(
    signatures: Signatures,
    paths: Sequence[str],
    choice: Choice,
    show_progress: bool,
    keep_grey: bool = False,
) -> None:
    """Looks for standing cameras if the choice asks for it, with a bar on standard error.

    Thumbnails are dropped unless they are to be kept.
    """
    if not choice.finds_standing:
        return
    from tqdm import tqdm

    with tqdm(
        total=int(signatures.readable.sum()),
        desc="Comparing frames",
        unit="img",
        disable=not show_progress,
        delay=1,
    ) as bar:

        def compared(done: int) -> None:
            bar.update(done - bar.n)

        cameras = choice.camera if choice.fixed_cameras == "all" else None
        mark_standing(signatures, natural_order(paths), cameras, compared, keep_grey)


def print_reading(
    n_previews: int, n_whole: int, unused: Mapping[str, str], stream: TextIO, with_counts: bool
) -> None:
    """Prints of how many images only the preview was read, and whose previews were not used.

    Args:
        n_previews: number of images whose preview was read
        n_whole: number of others
        unused: as :attr:`smartdownsample_core.Signatures.unused_previews`
        stream: where to print how many; the warning goes to standard error
        with_counts: also print how many, if there are previews
    """
    if unused:
        print(
            f"Warning: the previews of {counted(len(unused), 'cameras')} cannot be used, so the "
            "images were read whole:",
            file=sys.stderr,
        )
        _print_first([f"{camera}: {reason}" for camera, reason in unused.items()], sys.stderr)
    if with_counts and n_previews:
        whole = f"; as a whole: {n_whole:,}" if n_whole else ""
        print(f"Images read by their previews: {n_previews:,}{whole}", file=stream)


def print_reading_of(signatures: Signatures, stream: TextIO, with_counts: bool) -> None:
    """:func:`print_reading` of a table."""
    n_previews = signatures.n_previews
    n_whole = int(signatures.readable.sum()) - n_previews
    print_reading(n_previews, n_whole, signatures.unused_previews, stream, with_counts)


def print_warnings(
    selection: Selection,
    paths: Sequence[str],
    name_files: bool,
    stream: TextIO,
    word: Word = str,
    strata: str = "labels",
) -> None:
    """Prints warnings about unreadable or damaged files and settings that could not be met.

    Args:
        selection: the result of :func:`smartdownsample_core.downsample`
        paths: the n files it was made from
        name_files: also name the first ten unreadable and the first ten damaged files, a line each
        stream: where to print those about unreadable files; smartdownsample 1.9 does so to standard
            output. All others go to standard error
        word: returns the name of a setting as the reader knows it
        strata: what to call the strata, in the plural
    """
    failures = list(selection.unreadable.values())
    print_unreadable(failures, selection.n_readable + len(failures), name_files, stream)
    for message in shortfalls(selection, strata):
        print(f"Warning: {worded(message, word)}", file=sys.stderr)
    if name_files:
        damaged = [shown_path(paths[row]) for row in selection.damaged.tolist()]
        _print_first([f"Damaged: {path}" for path in damaged], sys.stderr)


def print_unreadable(
    failures: Sequence[OSError], n_images: int, name_files: bool, stream: TextIO
) -> None:
    """Prints a warning about the files that could not be read, if there are any.

    Args:
        failures: the reason of each
        n_images: number of all images
        name_files: also name the first ten
        stream: where to print
    """
    if not failures:
        return
    # Callers of smartdownsample 1.9 may match this text, including the number without commas.
    print(
        f"Warning: {len(failures)} image(s) could not be loaded and were skipped (of "
        f"{n_images:,}); fix or delete them{':' if name_files else ''}",
        file=stream,
    )
    if name_files:
        _print_first(list(map(str, failures)), stream)


def _print_first(lines: list[str], stream: TextIO) -> None:
    for line in lines[:_MAX_NAMED_FILES]:
        print(f"  {line}", file=stream)
    if len(lines) > _MAX_NAMED_FILES:
        print(f"  ... and {len(lines) - _MAX_NAMED_FILES:,} more", file=stream)
