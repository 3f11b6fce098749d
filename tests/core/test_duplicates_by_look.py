"""Near-duplicates by look: what looks alike is one group, and what does not is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.known import Known
from benchmarks.redundant import write_bursts
from demo.photos import load_photos
from smartdownsample_core import Choice, Signatures, downsample, extract

_NEARLY_IDENTICAL, _SAME_SCENE = 10, 20


@pytest.fixture(scope="module")
def bursts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Known, Signatures]:
    """130 frames of 13 photographs, as of a hand-held camera in changing light."""
    known = write_bursts(load_photos(), tmp_path_factory.mktemp("look"), 130, seed=2)
    return known, extract(known.paths)


@pytest.mark.parametrize(
    ("distance", "most"),
    [
        pytest.param(_NEARLY_IDENTICAL, 36, id="nearly identical"),
        pytest.param(_SAME_SCENE, 20, id="same scene"),
    ],
)
def test_hardly_more_than_one_image_of_each_scene_is_left(
    bursts: tuple[Known, Signatures], distance: int, most: int
) -> None:
    """Every scene is still there; four bits of dHash leave twice as many, half of all frames."""
    known, table = bursts
    order = np.arange(len(table))
    left = downsample(table, order, None, choice=Choice(duplicate_distance=distance)).indices
    assert known.shows[left].any(axis=0).tolist() == [True] * 13
    assert len(left) <= most
    by_hash = downsample(table, order, None, choice=Choice(near_duplicates=4)).indices
    assert len(by_hash) > 1.5 * len(left)


def test_kept_images_differ_by_more_than_the_distance(
    bursts: tuple[Known, Signatures],
) -> None:
    """So neighbouring groups never look alike, and every other image is near its group's first."""
    _, table = bursts
    kept = downsample(table, np.arange(130), None, choice=Choice(duplicate_distance=8))
    assert kept.leaders is not None
    looks = table.descriptor.astype(float)
    left = looks[kept.indices]
    apart = np.linalg.norm(left[:, None] - left, axis=2) + 510 * np.eye(len(left))
    assert apart.min() > 8 * 5.1
    assert np.linalg.norm(looks - looks[kept.leaders], axis=1).max() <= 8 * 5.1


def test_an_animal_is_no_near_duplicate_of_the_empty_frame(tmp_path: Path) -> None:
    """A standing camera: the light changes in each frame, and something is in one of them."""
    scene = load_photos()[1].resize((400, 300))
    rng = np.random.default_rng(0)
    paths = []
    for number in range(12):
        frame = scene.copy()
        if number == 7:
            ImageDraw.Draw(frame).ellipse((150, 140, 230, 190), fill=(90, 60, 30))
        lit = np.asarray(frame, float) * rng.uniform(0.9, 1.1) + rng.normal(0, 3, (300, 400, 1))
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(paths[-1])
    choice = Choice(duplicate_distance=5)
    kept = downsample(extract(paths), np.arange(12), None, choice=choice).indices
    assert kept.tolist() == [0, 7]
