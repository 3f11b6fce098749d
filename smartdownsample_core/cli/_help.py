"""What ``--help`` prints: commands, examples, and the options that most people need."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

#: Of at most 80 columns; a test compares its options with those that there are.
SHORT = """\
usage: smartdownsample [PATH ...] --target-count N [options]

Keep exactly N diverse images of a large, redundant collection.

PATH is an image, a folder (searched recursively), a quoted glob, or a URL such
as s3://bucket/folder. '-' or no PATH reads paths from standard input.

examples:
  smartdownsample photos/ -n 500 -o kept.txt           the 500 that differ most
  smartdownsample photos/ -n 10% --copy-to kept/       a tenth of them, as files
  smartdownsample photos/ --duplicate-distance 10      all but near-duplicates
  smartdownsample photos/ -n 500 --stratify-by folder  each folder has its share

commands:
  split                   assign images to train, val and test without leaks
  extract, select         of millions of images: read them once, choose often
  verify                  check that what a --manifest records still holds

how many, and where they go:
  -n, --target-count N    exact number to keep, or a share such as 10%
  -o, --output FILE       write the kept paths to a new .txt, .csv or .json
  --copy-to DIR           copy the kept files there, folders and all
  --explain FILE          say why each was kept or left out: .csv or .parquet
  --curve PNG             draw how many are enough
  --thumbnails PNG        draw what was kept of each visual bucket
  --activity PNG          draw where frames of standing cameras changed

which images to keep:
  --strategy NAME         diverse (the default), representative or stride
  --duplicate-distance D  exclude near-duplicates: try 10; 5 for camera traps
  --leave-out-junk        exclude blank images
  --leave-out-quiet 0.02  exclude frames in which hardly anything changed
  --fixed-cameras WHICH   whether cameras stand still: auto, all or none
  --keep FILE             always keep these, and others that differ from them
  --stratify-by CSV       each label gets its share; 'folder' for folders
  --max-per KEY=N         limits, such as camera=50, day=20
  --max-per-event N       at most N of a visit; set --event-gap, such as 5min
  --min-interval TIME     least time between images of a camera, such as 10 min
  --detections JSON       of MegaDetector; also --coco, --yolo, --camtrap-dp
  --choose WHAT           images, the objects on them, or images-by-objects

how to read them:
  --on-error skip         go on without files that cannot be read
  --exclude NAME          skip files and folders of this name
  -q, --quiet             print only warnings and errors

--help-all describes all options, and COMMAND --help those of a command. Exit
codes: 0 done, 1 images could not be read, 2 bad arguments, 130 or 143 stopped.
"""


class PrintShort(argparse.Action):
    """Prints :data:`SHORT` and exits."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Prints it."""
        parser._print_message(SHORT, sys.stdout)
        parser.exit()


def add_help(parser: argparse.ArgumentParser) -> None:
    """Adds ``--help``, which is short, and ``--help-all``."""
    parser.add_argument(
        "-h", "--help", action=PrintShort, help="show the most used options, and exit"
    )
    parser.add_argument("--help-all", action="help", help="show this, and exit")
