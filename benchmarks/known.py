"""Image sets of which it is known what each image shows, and what methods compare images by."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Signatures, extract, natural_order
from smartdownsample_core.images import images_below
from smartdownsample_core.selection import mark_standing

from .embeddings import embed

_UNCLEAR = "~"


class Known:
    """Images, the scenes that each shows, and what is computed from their pixels."""

    def __init__(self, name: str, paths: Sequence[str], shows: NDArray[np.bool_]) -> None:
        """Takes ``(n, s)`` whether each image shows each scene; junk shows none."""
        self.name, self.paths, self.shows = name, list(paths), shows

    @classmethod
    def of_labels(cls, name: str, paths: Sequence[str], labels: Sequence[Sequence[str]]) -> Known:
        """Returns a set of images with any number of scenes each, by name.

        >>> Known.of_labels("two", ["a", "b"], [["cat"], ["cat", "dog"]]).shows.tolist()
        [[True, False], [True, True]]
        """
        scenes = sorted({label for some in labels for label in some})
        shows = [[scene in some for scene in scenes] for some in labels]
        return cls(name, paths, np.array(shows, bool).reshape(len(paths), len(scenes)))

    @cached_property
    def signatures(self) -> Signatures:
        """Our signatures, with the standing cameras among them marked."""
        found = extract(self.paths, n_workers=2, grey=True)
        mark_standing(found, natural_order(self.paths))
        return found

    @cached_property
    def embeddings(self) -> NDArray[np.float32]:
        """``(n, 1280)`` unit vectors of :mod:`.embeddings`."""
        return embed(self.paths)

    def take(self, rows: NDArray[np.intp]) -> Known:
        """Returns some of the images, with the scenes that they show; nothing is computed anew."""
        shows = self.shows[rows]
        part = Known(self.name, [self.paths[row] for row in rows], shows[:, shows.any(axis=0)])
        part.signatures = self.signatures.take(rows.astype(np.int64))
        part.embeddings = self.embeddings[rows]
        return part


def labelled(folder: Path) -> Known:
    """Reads images whose scenes a file or their folders name.

    Args:
        folder: with a ``labels.csv`` of the columns path, camera and event, where an event is one
            visit, several are separated by semicolons, none is an empty site, and ``~`` is unclear
            and left out. Without that file, the images of each folder are one scene
    """
    table = folder / "labels.csv"
    if not table.exists():
        paths = images_below(str(folder))
        return Known.of_labels(folder.name, paths, [[str(Path(path).parent)] for path in paths])
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["event"] != _UNCLEAR]
    labels = [
        [f"{row['camera']} {event}" for event in row["event"].split(";") if event] for row in rows
    ]
    return Known.of_labels(folder.name, [str(folder / row["path"]) for row in rows], labels)
