"""``split``: one call from paths to train, val and test, with progress and a summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .checks import flag, one_of, path_list
from .console import print_unreadable, read_with_bar
from .errors import ParameterError, Word, worded
from .report import split_summary, split_warnings
from .selection import Choice, Split, SplitSettings, natural_order, split_images
from .settings import LOADING_ERRORS, Decode, Reading, raise_first
from .signatures import Signatures


def split(
    image_paths: Iterable[str | os.PathLike[str]],
    shares: Mapping[str, float] | str = "train=0.8, val=0.1, test=0.1",
    *,
    duplicate_distance: float = 10,
    event_gap: str | float = "5 min",
    whole_cameras: bool = False,
    group_by: Sequence[Any] | str | None = None,
    stratify_by: Sequence[Any] | str | None = None,
    camera: Sequence[Any] | str | None = None,
    time: Any = None,
    random_seed: int = 42,
    decode: Decode = "auto",
    n_workers: int = 4,
    image_loading_errors: str = "raise",
    show_progress: bool = True,
    show_summary: bool = True,
) -> Split:
    """Splits images into train, val and test so that no test image was seen in training.

    Images that look alike stay in one split, and so do those of one event.

    Args:
        image_paths: n image files
        shares: name and share of each split
        duplicate_distance: images within this distance, or linked by images that are, stay in one
            split: from 0, identical, to 100, nothing in common
        event_gap: images of one camera, each taken less than this after the one before, stay in
            one split: seconds, or text such as ``"5 min"``; 0 for no events
        whole_cameras: all images of a camera stay in one split
        group_by: n labels, or ``"folder"``: images that share one, such as a sequence, an animal or
            a patient, stay in one split
        stratify_by: n labels, or ``"folder"`` for the folders; each split gets its share of each
            label, as far as whole groups allow
        camera: n labels of what took the images; by default their folders
        time: n times when they were taken; by default what the files say
        random_seed: at least 0; the same seed gives the same split, on any machine
        decode: see :func:`smartdownsample_core.extract`
        n_workers: images to read at the same time
        image_loading_errors: ``"raise"`` stops at the first file that cannot be read, ``"skip"``
            assigns it to no split
        show_progress: show a progress bar
        show_summary: print the size of each split, and what a random split would have leaked

    Returns:
        the splits; ``.assigned`` has the name of each image's split, and ``.rows("test")`` the
        indices of the images in one

    Raises:
        ValueError: for an argument out of its bounds
        FileNotFoundError, PermissionError, OSError: for a file that cannot be read, unless skipped
    """
    paths = path_list(image_paths)
    if not paths:
        raise ParameterError(
            "image_paths",
            "has no paths",
            "list the files, as pathlib.Path(folder).rglob('*.jpg') does",
        )
    flag("show_progress", show_progress)
    flag("show_summary", show_summary)
    one_of("image_loading_errors", image_loading_errors, LOADING_ERRORS)
    settings = SplitSettings(
        shares=shares,
        duplicate_distance=duplicate_distance,
        event_gap=event_gap,
        whole_cameras=whole_cameras,
        group_by=group_by,
        stratify_by=stratify_by,
        camera=camera,
        time=time,
        random_seed=random_seed,
    ).for_paths(paths)
    reading = Reading(decode=decode, n_workers=n_workers)
    raise_first(reading.problems())
    found = split_files(paths, settings, reading, image_loading_errors, show_progress)
    if show_summary:
        print(split_summary(found))
    return found


def split_files(
    paths: list[str],
    settings: SplitSettings,
    reading: Reading,
    image_loading_errors: str,
    show_progress: bool,
    word: Word = str,
) -> Split:
    """Reads images and splits them as :func:`split` does; prints warnings on standard error.

    Args:
        paths: n image files
        settings: with labels for each image
        reading: how to read them
        image_loading_errors: as in :func:`split`
        show_progress: likewise
        word: returns the name of a setting as the reader knows it
    """
    settings.check(len(paths))
    signatures = read_with_bar(paths, reading, image_loading_errors, True, show_progress, Choice())
    return split_signed(paths, signatures, settings, word)


def split_signed(
    paths: list[str], signatures: Signatures, settings: SplitSettings, word: Word = str
) -> Split:
    """Splits images by their signatures, which have descriptors; see :func:`split_files`."""
    found = split_images(signatures, natural_order(paths), settings)
    failures = list(signatures.unreadable.values())
    print_unreadable(failures, len(paths), True, sys.stderr)
    for message in split_warnings(found, settings.divides_events):
        print(f"Warning: {worded(message, word)}", file=sys.stderr)
    return found
