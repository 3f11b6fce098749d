"""Camera trap data packages (Camtrap DP): camera, time, sequence and species of images.

The tables are those of https://camtrap-dp.tdwg.org/data, version 1.0.
"""

from __future__ import annotations

import csv
import io
import os
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..checks import reason, shown_path
from ..errors import ParameterError
from ..text_files import text_of
from ._by_name import ByName
from ._labels import EMPTY

_Row = dict[str, str]

#: Types of observations that say nothing of what is there.
_UNKNOWN = ("", "unknown", "unclassified")

_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2})$", re.ASCII)


@dataclass(frozen=True)
class Package:
    """What a package says of n images; None where it says nothing."""

    camera: list[str | None]
    """the deployment"""
    location: list[str | None]
    """where it was"""
    time: list[str | None]
    """ISO 8601, by the clock of the deployment: without the offset from UTC, so that days are its
    days"""
    sequence: list[str | None]
    """the event"""
    species: list[list[str] | None]
    """scientific names; else the type of the observation, such as ``human``, and ``empty`` for
    ``blank``"""


def read_package(folder: str | os.PathLike[str], image_paths: Sequence[str]) -> Package:
    """Reads ``media.csv``, ``deployments.csv`` and ``observations.csv`` of a package.

    An observation of a media file is of its image; one of an event is of all images of the
    deployment from its start to its end.

    Args:
        folder: that of the package, which relative paths start from
        image_paths: n image files or URLs

    Raises:
        ParameterError: if a table cannot be read, lacks a column, or names none of the images
    """
    media, deployments, observations = (one.rows for one in read_tables(folder).values())
    paths = list(image_paths)
    places = image_rows(folder, media, paths)
    of_row = {row: medium for row, medium in zip(places, media, strict=True) if row is not None}
    if paths and not of_row:
        raise ParameterError(
            "camtrap_dp",
            "{folder} has none of the images; it has {example}, and an image is {image}",
            "paths in it start from its folder",
            folder=os.fspath(folder),
            example=shown_path(media[0]["filePath"]) if media else "no media",
            image=shown_path(paths[0]),
        )
    sites = {one["deploymentID"]: one.get("locationID") or None for one in deployments}
    seen = Observations(observations)
    found: list[tuple[str | None, list[str] | None]] = [
        seen.of(of_row[row]) if row in of_row else (None, None) for row in range(len(paths))
    ]
    rows = [of_row.get(row) for row in range(len(paths))]
    return Package(
        camera=[row["deploymentID"] if row else None for row in rows],
        location=[sites.get(row["deploymentID"]) if row else None for row in rows],
        time=[_clock(row["timestamp"]) or None if row else None for row in rows],
        sequence=[sequence for sequence, _ in found],
        species=[species for _, species in found],
    )


class Observations:
    """Observations by what they are of."""

    def __init__(self, observations: Sequence[_Row]) -> None:
        self._of_medium: dict[str, list[_Row]] = defaultdict(list)
        self._of_deployment: dict[str, list[tuple[str, str, _Row]]] = defaultdict(list)
        for one in observations:
            if one["mediaID"]:
                self._of_medium[one["mediaID"]].append(one)
            elif one.get("eventStart") and one.get("eventEnd"):
                event = (_clock(one["eventStart"]), _clock(one["eventEnd"]), one)
                self._of_deployment[one["deploymentID"]].append(event)
        for events in self._of_deployment.values():
            events.sort(key=lambda event: event[0])

    def all_of(self, medium: _Row) -> list[_Row]:
        """Returns the observations of a media file, and those of its events."""
        events, at = self._of_deployment[medium["deploymentID"]], _clock(medium["timestamp"])
        begun = events[: bisect_right(events, at, key=lambda event: event[0])]
        return [*self._of_medium[medium["mediaID"]], *(one for _, end, one in begun if at <= end)]

    def of(self, medium: _Row) -> tuple[str | None, list[str] | None]:
        """Returns the sequence and the species of a media file."""
        found = self.all_of(medium)
        sequences = [one["eventID"] for one in found if one.get("eventID")]
        names = {_name(one) for one in found} - {None}
        species = sorted(name for name in names if name)
        if len(species) > 1:  # something was seen, whoever saw nothing
            species = [name for name in species if name != EMPTY]
        return (sequences[0] if sequences else None), species or None


def _name(observation: _Row) -> str | None:
    kind = observation["observationType"]
    if observation["scientificName"]:
        return observation["scientificName"]
    return EMPTY if kind == "blank" else None if kind in _UNKNOWN else kind


def _clock(timestamp: str) -> str:
    return _OFFSET.sub("", timestamp)


class Table(NamedTuple):
    """A table of a package."""

    head: str
    """as it is in the file"""
    rows: list[_Row]
    texts: list[str]
    """of the rows, as they are in the file"""


#: The tables of a package, and the columns of each that are read.
TABLES = {
    "media": ("mediaID", "deploymentID", "timestamp", "filePath"),
    "deployments": ("deploymentID",),
    "observations": ("deploymentID", "mediaID", "observationType", "scientificName"),
}

#: What describes the tables of a package.
DESCRIPTOR = "datapackage.json"


def files_of_package(folder: str | os.PathLike[str]) -> list[str]:
    """Returns the files of a package that are no media."""
    return [os.path.join(folder, name) for name in (DESCRIPTOR, *map("{}.csv".format, TABLES))]


def read_tables(folder: str | os.PathLike[str]) -> dict[str, Table]:
    """Returns the tables of a package by their names."""
    return {name: _table(folder, name, columns) for name, columns in TABLES.items()}


def image_rows(
    folder: str | os.PathLike[str], media: Sequence[_Row], paths: Sequence[str]
) -> list[int | None]:
    """Returns for each media file which image it is, None for none."""
    images = ByName(paths)
    rows = []
    for medium in media:
        place = medium["filePath"]
        row = images.find(os.path.join(folder, place))
        rows.append(images.find(place) if row is None else row)
    return rows


def _table(folder: str | os.PathLike[str], name: str, columns: Sequence[str]) -> Table:
    path = Path(folder) / f"{name}.csv"
    remedy = "name the folder of a Camtrap DP package, with media, deployments and observations"
    taken: list[str] = []
    try:
        lines = io.StringIO(text_of(path.read_bytes()), newline="")
        reader = csv.DictReader(_noted(lines, taken), restval="")
        names = reader.fieldnames or ()
        table = Table("".join(taken), [], [])
        taken.clear()
        for row in reader:
            table.rows.append(row)
            table.texts.append("".join(taken))
            taken.clear()
    except (OSError, ValueError, csv.Error) as error:
        why = reason(error)
        raise ParameterError(
            "camtrap_dp", ": cannot read {path} ({why})", remedy, path=path, why=why
        ) from None
    missing = [column for column in columns if column not in names]
    if missing:
        raise ParameterError(
            "camtrap_dp", ": {path} has no column {column}", remedy, path=path, column=missing[0]
        )
    return table


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """Yields lines, and adds each to those that were taken."""
    for line in lines:
        taken.append(line)
        yield line
