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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    media = _table(folder, "media", ("mediaID", "deploymentID", "timestamp", "filePath"))
    deployments = _table(folder, "deployments", ("deploymentID",))
    columns = ("deploymentID", "mediaID", "observationType", "scientificName")
    observations = _table(folder, "observations", columns)
    paths = list(image_paths)
    images = ByName(paths)
    of_row: dict[int, _Row] = {}
    for medium in media:
        place = medium["filePath"]
        row = images.find(os.path.join(folder, place))
        row = images.find(place) if row is None else row
        if row is not None:
            of_row[row] = medium
    if paths and not of_row:
        raise ParameterError(
            "camtrap_dp",
            "{folder} has none of the images; it has {example}, and an image is {image}",
            "paths in it start from its folder",
            folder=os.fspath(folder),
            example=shown_path(media[0]["filePath"]) if media else "no media",
            image=shown_path(paths[0]),
        )
    places = {one["deploymentID"]: one.get("locationID") or None for one in deployments}
    seen = _Observations(observations)
    found: list[tuple[str | None, list[str] | None]] = [
        seen.of(of_row[row]) if row in of_row else (None, None) for row in range(len(paths))
    ]
    rows = [of_row.get(row) for row in range(len(paths))]
    return Package(
        camera=[row["deploymentID"] if row else None for row in rows],
        location=[places.get(row["deploymentID"]) if row else None for row in rows],
        time=[_clock(row["timestamp"]) or None if row else None for row in rows],
        sequence=[sequence for sequence, _ in found],
        species=[species for _, species in found],
    )


class _Observations:
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

    def of(self, medium: _Row) -> tuple[str | None, list[str] | None]:
        """Returns the sequence and the species of a media file."""
        events, at = self._of_deployment[medium["deploymentID"]], _clock(medium["timestamp"])
        begun = events[: bisect_right(events, at, key=lambda event: event[0])]
        found = [*self._of_medium[medium["mediaID"]], *(one for _, end, one in begun if at <= end)]
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


def _table(folder: str | os.PathLike[str], name: str, columns: Sequence[str]) -> list[_Row]:
    path = Path(folder) / f"{name}.csv"
    remedy = "name the folder of a Camtrap DP package, with media, deployments and observations"
    try:
        reader = csv.DictReader(io.StringIO(text_of(path.read_bytes()), newline=""), restval="")
        rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        why = reason(error)
        raise ParameterError(
            "camtrap_dp", ": cannot read {path} ({why})", remedy, path=path, why=why
        ) from None
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise ParameterError(
            "camtrap_dp", ": {path} has no column {column}", remedy, path=path, column=missing[0]
        )
    return rows
