"""When, where and by what camera images were taken: sub-fields of signatures, and a map."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from fiftyone import ViewField as F

from plugin.targets import stored_signatures
from smartdownsample_core import extract
from tests.core.camera_files import camera_file, scene

_POINT = [-(53 + 45 / 60 + 6 / 3600), -(32 + 11 / 60 + 32.99 / 3600)]


@pytest.fixture
def taken(tmp_path: Path) -> fo.Dataset:
    """Four images by a camera, the last two without a position, and one by none."""
    paths = [str(tmp_path / f"{number}.jpg") for number in range(5)]
    for number, path in enumerate(paths[:4]):
        gps: dict[str, Any] = {"gps": None} if number > 1 else {}
        Path(path).write_bytes(camera_file(scene(200, 150, seed=number), **gps))
    scene(64, 48).save(paths[4])
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(path) for path in paths])
    yield dataset
    dataset.delete()


def test_facts_have_the_types_of_fiftyone(taken, operators) -> None:
    """They can be filtered by, and the time as the camera's clock showed it."""
    operators.compute_signatures(taken)
    kinds = {
        "taken": fo.DateTimeField,
        "taken_from": fo.StringField,
        "utc_offset": fo.FloatField,
        "latitude": fo.FloatField,
        "make": fo.StringField,
        "serial": fo.StringField,
        "orientation": fo.IntField,
    }
    for name, kind in kinds.items():
        assert isinstance(taken.get_field(f"signature.{name}"), kind)
    time = datetime(2017, 7, 18, 15, 31, 38, 404_000)
    assert taken.values("signature.taken") == [time] * 4 + [None]
    assert taken.match(F("signature.taken") > datetime(2017, 7, 18, 15)).count() == 4
    assert taken.count_values("signature.model") == {"Model": 4, None: 1}
    assert {"signature.taken", "signature.model"} <= set(taken.get_index_information())


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_stored_facts_come_back_exactly(taken, operators, monkeypatch, zone) -> None:
    """Also where FiftyOne is set to return times in a zone."""
    operators.compute_signatures(taken)
    monkeypatch.setattr(fo.config, "timezone", zone)
    taken.reload()
    target = stored_signatures.load(taken.view(), "signature", 8, "exact", recompute=False)
    fresh = extract(target.paths)
    assert not len(target.stale)
    for name, column in fresh.columns().items():
        if column.of_all:
            continue
        assert np.array_equal(getattr(target.signatures, name), getattr(fresh, name)) or (
            getattr(target.signatures, name).tobytes() == getattr(fresh, name).tobytes()
        )


def test_signatures_without_facts_are_computed_again(taken, operators) -> None:
    """Those of version 1.0: their images may have a time."""
    operators.compute_signatures(taken)
    taken.set_values("signature.orientation", [None] * 5)
    assert operators.compute_signatures(taken)["computed"] == 5
    assert operators.compute_signatures(taken)["computed"] == 0


def test_positions_are_on_the_map(taken, operators) -> None:
    """In a field of a run, which its undo removes with the signatures."""
    before = taken.get_field_schema()
    result = operators.downsample(taken, 2)
    assert result["location_field"] == "location"
    points = [place and place.point for place in taken.values("location")]
    assert points == [_POINT, _POINT, None, None, None]
    assert taken.geo_near(_POINT, max_distance=10).count() == 2
    removed = operators.delete_run(taken, "smartdownsample")
    assert "location" in removed["fields"]
    assert taken.get_field_schema().keys() == before.keys()


def test_reused_signatures_have_their_positions(taken, operators) -> None:
    """A field of positions that was deleted is written again, of all samples."""
    operators.compute_signatures(taken)
    taken.delete_sample_field("location")
    result = operators.compute_signatures(taken)
    assert (result["computed"], result["location_field"]) == (0, "location")
    assert len(taken.exists("location")) == 2
    operators.downsample(taken, 2)
    operators.delete_run(taken, "smartdownsample")
    assert taken.has_field("location"), "as the signatures stay, which were computed as such"


def test_positions_that_a_person_added_stay(taken, operators) -> None:
    """Even when all is computed again."""
    operators.compute_signatures(taken)
    sample = taken.last()
    sample["location"] = fo.GeoLocation(point=[1.0, 2.0])
    sample.save()
    operators.compute_signatures(taken, recompute=True)
    taken.reload()
    assert taken.last().location.point == [1.0, 2.0]
    assert len(taken.exists("location")) == 3


@pytest.mark.parametrize("other", ["place", "location"])
def test_a_dataset_with_positions_keeps_its_own(taken, operators, other) -> None:
    taken.set_values(other, [fo.GeoLocation(point=[0.0, 0.0])] * 5)
    assert operators.downsample(taken, 2)["location_field"] is None
    assert taken.has_field("location") == (other == "location")
    operators.delete_run(taken, "smartdownsample")
    assert len(taken.exists(other)) == 5


def test_a_dataset_without_positions_gets_no_field(taken, operators) -> None:
    assert operators.compute_signatures(taken[2:])["location_field"] is None
    assert not taken.has_field("location")


def test_patches_have_the_facts_of_their_image(taken, operators) -> None:
    """And no map, as FiftyOne shows none of patches."""
    box = [0.1, 0.1, 0.5, 0.5]
    for sample in taken:
        detections = [fo.Detection(label="animal", bounding_box=box)]
        sample["boxes"] = fo.Detections(detections=detections)
        sample.save()
    result = operators.compute_signatures(taken.to_patches("boxes"))
    models = taken.values("boxes.detections.signature.model", unwind=True)
    assert models == ["Model"] * 4 + [None]
    assert result["location_field"] is None
    assert not taken.has_field("location")
