"""Labels frames of standing cameras: ``python -m benchmarks.visits FOLDER``.

``visits.csv`` beside this file says who was there from which image to which, by eye; README.md says
where the images are from. Images are in ``FOLDER/CAMERA/NAME``. Writes ``FOLDER/labels.csv``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from smartdownsample_core import natural_order
from smartdownsample_core.images import images_below

_ENDS = ("first", "last")

TABLE = Path(__file__).with_suffix(".csv")


def labels(folder: Path) -> list[tuple[str, str, str]]:
    """Returns path (below the folder), camera and event of each image that was looked at.

    Raises:
        FileNotFoundError: if the first or last image of a visit is not there; names it
    """
    with TABLE.open(encoding="utf-8", newline="") as file:
        visits = list(csv.DictReader(file))
    found: list[tuple[str, str, str]] = []
    names: dict[str, list[Path]] = {}
    for visit in visits:
        camera = visit["camera"]
        if camera not in names:
            paths = images_below(str(folder / camera))
            names[camera] = [Path(paths[row]) for row in natural_order(paths)]
        first, last = (_place(folder / camera / visit[end], names[camera]) for end in _ENDS)
        found += [
            (path.relative_to(folder).as_posix(), camera, visit["event"])
            for path in names[camera][first : last + 1]
        ]
    return found


def _place(wanted: Path, paths: Sequence[Path]) -> int:
    for place, path in enumerate(paths):
        if path.with_suffix("") == wanted:
            return place
    raise FileNotFoundError(
        f"{wanted}: there is no such image; README.md says which are needed, and their names"
    )


def main() -> None:
    """Parses the arguments and writes the labels."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = labels(folder)
    with (folder / "labels.csv").open("x", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("path", "camera", "event"), *rows])
    print(f"labelled {len(rows):,} images of {len({camera for _, camera, _ in rows})} cameras")


if __name__ == "__main__":
    main()
