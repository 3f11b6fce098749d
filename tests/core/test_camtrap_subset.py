"""Subsets of Camtrap DP packages: rows as they were, complete or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smartdownsample_core.annotations import read_package, write_subset
from smartdownsample_core.errors import ParameterError

_URL = "https://example.org/7.jpg"

_MEDIA = [
    "mediaID,deploymentID,timestamp,filePath,exifData,odd column\r\n",
    'm0,dep1,2020-03-24T11:00:00Z,photos/cam 2/day/0.png,"{""a"": 1,\nb}", x \r\n',
    "m1,dep1,2020-03-24T11:01:00Z,photos/cam 2/day/1.png,,1.50\r\n",
    "m2,dep2,2020-03-24T11:01:00Z,photos/cam1/0.png,,\xe9\r\n",
    f"m3,dep3,2020-03-24T11:01:00Z,{_URL},,",  # without a line break at the end
]
_DEPLOYMENTS = ["deploymentID,latitude\n", "dep1,50.10\n", "dep2,-0.0\n", "dep3,1e3\n"]
_OBSERVATIONS = [
    "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationType,"
    "scientificName\n",
    "o0,dep1,m0,e,,,animal,Canis lupus\n",
    "o1,dep1,m1,e,,,blank,\n",
    "o2,dep1,,e,2020-03-24T10:59:00Z,2020-03-24T11:00:30Z,animal,Canis lupus\n",
    "o3,dep1,,f,2020-03-24T11:00:30Z,2020-03-24T11:02:00Z,animal,Vulpes vulpes\n",
    "o4,dep2,m2,,,,animal,Canis lupus\n",
]
_DESCRIPTOR: dict[str, Any] = {
    "name": "example",
    "title": "F\u00fcchse",
    "profile": "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0/camtrap-dp-profile.json",
    "resources": [
        {"name": "deployments", "path": "deployments.csv", "bytes": 40, "hash": "md5:0"},
        {"name": "media", "path": "media.csv", "encoding": "utf-8"},
        {"name": "observations", "path": "observations.csv"},
        {"name": "individuals", "data": [{"id": 1}]},
        {"name": "weather", "path": "weather.csv"},
    ],
}


@pytest.fixture
def package(tree: list[str]) -> list[str]:
    """A package in the current folder; the paths of its first three images."""
    tables = {"media": _MEDIA, "deployments": _DEPLOYMENTS, "observations": _OBSERVATIONS}
    for name, lines in tables.items():
        Path(f"{name}.csv").write_bytes("".join(lines).encode())
    Path("datapackage.json").write_text(json.dumps(_DESCRIPTOR))
    return [tree[0], tree[1], tree[6]]


def _text(name: str) -> str:
    return Path("out", name).read_bytes().decode()


def test_rows_are_as_they_were(package: list[str]) -> None:
    """Of the images, their observations, those of their events, and their deployments."""
    write_subset(".", "out", [package[0], _URL])
    assert _text("media.csv") == _MEDIA[0] + _MEDIA[1] + _MEDIA[4]
    assert _text("deployments.csv") == "".join([*_DEPLOYMENTS[:2], _DEPLOYMENTS[3]])
    assert _text("observations.csv") == "".join([*_OBSERVATIONS[:2], _OBSERVATIONS[3]])


def test_the_images_are_copied_and_the_package_can_be_read(package: list[str]) -> None:
    """Those that start from the package; a copy says the same of an image as the package."""
    write_subset(".", "out", package)
    copies = [f"out/{path}" for path in package]
    assert [Path(copy).read_bytes() for copy in copies] == [
        Path(path).read_bytes() for path in package
    ]
    assert read_package("out", copies) == read_package(".", package)


def test_the_description_is_true_of_the_subset(package: list[str]) -> None:
    """Without sizes and hashes of the tables, and without files that are not there."""
    write_subset(".", "out", package)
    found = json.loads(_text("datapackage.json"))
    names = [resource["name"] for resource in found["resources"]]
    assert names == ["deployments", "media", "observations", "individuals"]
    assert found["resources"][0] == {"name": "deployments", "path": "deployments.csv"}
    assert {**found, "resources": []} == {**_DESCRIPTOR, "resources": []}


def test_a_package_without_a_description_has_none(package: list[str]) -> None:
    Path("datapackage.json").unlink()
    write_subset(".", "out", package)
    assert not Path("out/datapackage.json").exists()


def test_paths_that_leave_the_package_are_not_copied(package: list[str]) -> None:
    """Neither absolute ones, nor those above it: they would be written elsewhere."""
    Path("below").mkdir()
    for name in ("media", "deployments", "observations"):
        Path(f"{name}.csv").rename(f"below/{name}.csv")
    text = Path("below/media.csv").read_text()
    text = text.replace("photos/cam 2", "../photos/cam 2")
    text = text.replace("photos/cam1", str(Path("photos/cam1").absolute()))
    Path("below/media.csv").write_text(text)
    write_subset("below", "out", package)
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "deployments.csv",
        "media.csv",
        "observations.csv",
    ]
    assert len(_text("media.csv").splitlines()) == 5  # one value has a line break


@pytest.mark.parametrize("text", ["{", "[]", '{"resources": [5]}'], ids=["cut", "list", "number"])
def test_a_broken_description_is_refused(package: list[str], text: str) -> None:
    Path("datapackage.json").write_text(text)
    with pytest.raises(ParameterError, match="has no resources"):
        write_subset(".", "out", package)
    assert not Path("out").exists()


def test_nothing_is_left_of_a_package_that_fails(package: list[str]) -> None:
    """Such as when an image is gone by then."""
    before = sorted(Path().iterdir())
    Path(package[1]).unlink()
    with pytest.raises(OSError, match="camtrap_dp_out"):
        write_subset(".", "out", package)
    assert sorted(Path().iterdir()) == before


def test_the_command_writes_a_package_of_what_it_keeps(package: list[str], run) -> None:
    """A later search skips the copies; an existing folder is refused before anything is read."""
    options = ("--camtrap-dp", ".", "-n", "11", "--exclude", "gone.png")
    code, kept, err = run(".", *options, "--camtrap-dp-out", "out")
    assert code == 0
    assert "other files" not in err  # the tables are those of the package
    media = {f"m{number}": path for number, path in enumerate(package)}
    written = {line.split(",")[0] for line in _text("media.csv").splitlines()} & set(media)
    assert written == {name for name, path in media.items() if f"./{path}" in kept}
    assert err.endswith("Wrote 2 images, 3 observations and 2 deployments to out\n")
    assert run(".", *options)[1] == kept
    code, out, err = run(".", *options, "--camtrap-dp-out", "out")
    assert (code, out) == (2, [])
    assert (
        "Folder already exists: out; give --camtrap-dp-out another path or delete the folder" in err
    )


def test_the_command_needs_a_package(tree: list[str], run) -> None:
    code, _, err = run("photos", "-n", "2", "--camtrap-dp-out", "out")
    assert code == 2
    assert "name it with --camtrap-dp" in err
    assert not Path("out").exists()
