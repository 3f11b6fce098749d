"""Cameras read by their previews in FiftyOne: how is stored, and never two ways in one."""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo
import pytest

from demo.photos import load_photos
from tests.core.camera_files import camera_file


@pytest.fixture
def camera(tmp_path: Path) -> list[str]:
    """Eight files of one camera with previews, and one without that is not in the dataset yet."""
    paths = []
    for number, photo in enumerate(load_photos()[:9]):
        path = tmp_path / f"{number}.jpg"
        changes = {} if number < 8 else {"preview": None}
        path.write_bytes(camera_file(photo.convert("RGB").resize((640, 480)), **changes))
        paths.append(str(path))
    return paths


def _computed(result: dict[str, object]) -> tuple[object, object, object]:
    return result["computed"], result["reused"], result["previews"]


def test_how_images_were_read_is_stored(make_dataset, operators, camera) -> None:
    """And said; signatures of previews are used again only where previews are asked for."""
    dataset = make_dataset(camera[:8])
    assert _computed(operators.compute_signatures(dataset, decode="preview")) == (8, 0, 8)
    assert dataset.values("signature.decode") == ["preview"] * 8
    assert dataset.values("signature.make") == ["Maker"] * 8
    assert _computed(operators.downsample(dataset, 3, decode="auto")) == (0, 8, 8)
    assert _computed(operators.downsample(dataset, 3, decode="exact")) == (8, 0, 0)
    assert _computed(operators.downsample(dataset, 3, decode="preview")) == (0, 8, 0)
    assert dataset.values("signature.decode") == ["exact"] * 8


def test_images_that_are_added_do_not_mix(make_dataset, operators, camera) -> None:
    """Those with a preview are read by it; one without has its camera read whole."""
    dataset = make_dataset(camera[:6])
    operators.compute_signatures(dataset, decode="auto")
    dataset.add_samples([fo.Sample(path) for path in camera[6:8]])
    assert _computed(operators.compute_signatures(dataset, decode="auto")) == (2, 6, 8)
    dataset.add_samples([fo.Sample(camera[8])])
    result = operators.compute_signatures(dataset, decode="auto")
    assert _computed(result) == (9, 0, 0)
    (reason,) = result["unused_previews"]
    assert reason.endswith("8.jpg: the head of this file has no preview")
    assert dataset.values("signature.decode") == ["exact"] * 9


def test_a_camera_that_was_read_in_two_ways_is_read_again(make_dataset, operators, camera) -> None:
    """As when a part of it was asked for exactly."""
    dataset = make_dataset(camera[:8])
    operators.compute_signatures(dataset.limit(3), decode="exact")
    assert _computed(operators.compute_signatures(dataset, decode="auto")) == (8, 0, 8)
    operators.compute_signatures(dataset.skip(6), decode="exact", recompute=True)
    assert _computed(operators.downsample(dataset, 3, decode="auto")) == (2, 6, 8)
    assert dataset.values("signature.decode") == ["preview"] * 8
