"""Camtrap DP packages: cameras, times, sequences and species of images."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from smartdownsample_core.annotations import EMPTY, read_package
from smartdownsample_core.errors import ParameterError

_URL = "https://example.org/assets/7/file"


def _write(name: str, rows: list[dict[str, str]]) -> None:
    with open(f"{name}.csv", "w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _medium(number: int, path: str, deployment: str, minute: int) -> dict[str, str]:
    return {
        "mediaID": f"m{number}",
        "deploymentID": deployment,
        "timestamp": f"2020-03-24T11:{minute:02}:46+02:00",
        "filePath": path,
        "filePublic": "true",
        "fileMediatype": "image/jpeg",
    }


def _seen(number: str, kind: str, name: str = "", **event: str) -> dict[str, str]:
    blank = {"eventID": "", "eventStart": "", "eventEnd": "", "deploymentID": "dep1"}
    return {
        **{"observationID": f"{number}{kind}{name}", "mediaID": number, "observationType": kind},
        "scientificName": name,
        **{**blank, **event},
    }


@pytest.fixture
def package(tree: list[str]) -> list[str]:
    """A package of ten of the twelve images, and one at a URL."""
    media = [_medium(n, path, f"dep{n // 6 + 1}", n) for n, path in enumerate(tree[:10])]
    _write("media", [*media, _medium(99, _URL, "dep2", 50)])
    places = {"dep1": "loc1", "dep2": "loc1"}
    _write("deployments", [{"deploymentID": d, "locationID": at} for d, at in places.items()])
    event = {"eventStart": "2020-03-24T11:02:00+02:00", "eventEnd": "2020-03-24T11:04:00+02:00"}
    _write(
        "observations",
        [
            _seen("m0", "animal", "Canis lupus", eventID="e1"),
            _seen("m0", "animal", "Vulpes vulpes", eventID="e1"),
            _seen("m0", "blank"),  # by somebody else
            _seen("m1", "blank"),
            _seen("", "human", eventID="e2", **event),
            _seen("m4", "unknown"),
            *(_seen(f"m{n}", "animal", "Canis lupus", deploymentID="dep2") for n in range(6, 10)),
        ],
    )
    return tree


def test_images_have_what_the_tables_say(package: list[str]) -> None:
    """Of media files and of events; times are by the clock of the deployment."""
    found = read_package(".", [*package, _URL])
    assert found.camera == ["dep1"] * 6 + ["dep2"] * 4 + [None] * 2 + ["dep2"]
    assert found.location == ["loc1"] * 10 + [None] * 2 + ["loc1"]
    assert found.time[:2] == ["2020-03-24T11:00:46", "2020-03-24T11:01:46"]
    assert found.sequence == ["e1", None, "e2", "e2", *[None] * 9]
    assert found.species[:2] == [["Canis lupus", "Vulpes vulpes"], [EMPTY]]
    assert found.species[2:6] == [["human"], ["human"], None, None]
    assert found.species[6:] == [["Canis lupus"]] * 4 + [None] * 3


def test_the_command_takes_cameras_times_and_species(package: list[str], run) -> None:
    """Each where it is asked for; an image that is not there is named."""
    common = ("photos", "--camtrap-dp", ".", "-q")
    code, out, err = run(*common, "-n", "8", "--exclude-label", "species=human")
    assert code == 0
    assert not {package[2], package[3]} & set(out)
    assert f"does not have 2 of 12 images, such as {package[10]}" in err
    kept = run(*common, "-n", "5", "--max-per", "sequence=1")[1]
    assert len({package[2], package[3]} & set(kept)) <= 1
    code, out, _ = run(*common, "--event-gap", "90", "--max-per-event", "1")
    assert len(out) == 4  # an event of each deployment, and the two images without a time
    assert run(*common, "-n", "4", "--stratify-by", "species", "--manifest", "run.json")[0] == 0
    assert run("verify", "run.json", "-q")[0] == 0


def test_splits_divide_no_event_of_a_package(package: list[str], run) -> None:
    """Its cameras, times and species are those of the split."""
    options = ("--camtrap-dp", ".", "--duplicate-distance", "0", "--shares", "a=1,b=1")
    code, out, err = run("split", "photos", *options, "--stratify-by", "species")
    assert code == 0
    splits = {row["path"]: row["split"] for row in csv.DictReader(out)}
    assert len({splits[path] for path in package[:6]}) == 1
    assert len({splits[path] for path in package[6:10]}) == 1
    assert splits[package[0]] != splits[package[6]]
    assert "Canis lupus" in err


def test_splits_divide_no_sequence_of_a_package(package: list[str], run) -> None:
    """Even if its images are far apart in time; another key, or no events, takes their place."""
    rows = [_medium(n, path, f"d{n}", 5 * n) for n, path in enumerate(package)]
    _write("media", rows)
    seen = [_seen(f"m{n}", "animal", "Canis lupus", eventID=f"e{n % 3}") for n in range(12)]
    _write("observations", seen)
    common = ("split", "photos", "--camtrap-dp", ".", "--duplicate-distance", "0", "-q")

    def groups(*options: str) -> list[str]:
        out = run(*common, "--shares", "a=1,b=1,c=1", *options)[1]
        splits = {row["path"]: row["split"] for row in csv.DictReader(out)}
        return [splits[path] for path in package]

    found = groups()
    assert found == found[:3] * 4
    assert len(set(found[:3])) == 3
    assert found != groups("--event-gap", "0")
    assert len(set(groups("--group-by", "species"))) == 1


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("media", None, r"cannot read media\.csv"),
        ("media", "mediaID,deploymentID,timestamp\n", "has no column filePath"),
        ("media", 'a"\0,"b\n"', "media.csv"),
        ("observations", "deploymentID\n", "has no column mediaID"),
        ("deployments", "", "has no column deploymentID"),
        ("media", "mediaID,deploymentID,timestamp,filePath\nm,d,t,x.jpg\n", "none of the images"),
        ("media", "mediaID,deploymentID,timestamp,filePath\n", "it has no media"),
    ],
    ids=["missing", "column", "binary", "observations", "deployments", "others", "none"],
)
def test_other_folders_are_refused(
    package: list[str], table: str, text: str | None, message: str
) -> None:
    if text is None:
        Path(f"{table}.csv").unlink()
    else:
        Path(f"{table}.csv").write_text(text)
    with pytest.raises(ParameterError, match=message):
        read_package(".", package)
