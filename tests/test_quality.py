"""The parts of ``benchmarks/quality.py`` that need no network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.methods import (
    collapse_runs,
    farthest_first,
    farthest_from,
    keep_every_nth,
    keep_ours,
    keep_random,
    nearest_distance,
)
from benchmarks.redundant import (
    JUNK,
    RedundantSet,
    derive_scenes,
    shuffle_names,
    windows,
    write_bursts,
    zipf_sizes,
)
from benchmarks.scores import near_duplicates, score
from demo.photos import load_photos
from smartdownsample_core import Signatures, extract
from smartdownsample_core.signatures._quality import is_junk


@pytest.mark.parametrize(("scenes", "images"), [(1, 1), (7, 7), (7, 70), (180, 1800)])
def test_burst_sizes_sum_exactly_and_no_scene_is_empty(scenes: int, images: int) -> None:
    """Burst sizes sum to what was asked for, and each is at least 1."""
    sizes = zipf_sizes(scenes, images, np.random.default_rng(0))
    assert sizes.sum() == images
    assert len(sizes) == scenes
    assert sizes.min() >= 1


def test_too_few_images_for_the_scenes_are_refused() -> None:
    """An error says how many images there are for how many scenes."""
    with pytest.raises(ValueError, match="6 images cannot show 7 scenes"):
        zipf_sizes(7, 6, np.random.default_rng(0))


def test_bursts_are_labelled_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    """Every scene occurs, junk has its share, and equal seeds write equal files."""
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8))
    scenes = list(windows([photo], 2))
    assert [scene.size for scene in scenes] == [(150, 100)] * 4
    first = write_bursts(scenes, tmp_path / "a", 40, seed=3, junk=0.1)
    again = write_bursts(scenes, tmp_path / "b", 40, seed=3, junk=0.1)
    assert (first.scenes == JUNK).sum() == 4
    assert set(first.scenes.tolist()) == {JUNK, 0, 1, 2, 3}
    for one, other in zip(first.paths, again.paths, strict=True):
        assert Path(one).read_bytes() == Path(other).read_bytes()


def test_shuffled_names_lead_to_the_same_images(tmp_path: Path) -> None:
    """A row keeps its image and its scene under another name."""
    made = write_bursts([Image.new("RGB", (120, 120), "teal")], tmp_path / "a", 12)
    shuffled = shuffle_names(made, tmp_path / "b")
    assert sorted(Path(path).name for path in shuffled.paths) == sorted(
        Path(path).name for path in made.paths
    )
    assert [Path(path).resolve() for path in shuffled.paths] == [
        Path(path).resolve() for path in made.paths
    ]
    assert shuffled.paths != made.paths


def test_scenes_never_span_folders() -> None:
    """Equal features in two folders are two scenes, distant ones in one folder too."""
    features = np.float32([[1, 0], [1, 0], [0, 1], [1, 0]])
    scenes = derive_scenes(["a/1", "a/2", "a/3", "b/1"], features, 0.1)
    assert scenes[0] == scenes[1]
    assert len({scenes[0], scenes[2], scenes[3]}) == 3


def test_farthest_first_keeps_the_distance_it_promises() -> None:
    """Each kept row is the farthest from those before it, by plain computation."""
    features = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    kept = farthest_first(features, 20, seed=2)
    assert len(set(kept.tolist())) == 20
    for place in range(1, 20):
        distance = np.linalg.norm(features[:, None] - features[kept[:place]], axis=2).min(axis=1)
        assert distance[kept[place]] == pytest.approx(distance.max(), rel=1e-4)


def test_farthest_from_adds_the_most_distant_rows() -> None:
    """What is added is farthest from what is kept, and then from each other."""
    features = np.float32([[0], [1], [9], [10], [5]])
    assert farthest_from(features, np.array([0]), np.array([1, 2, 3, 4]), 2).tolist() == [3, 4]


def test_every_nth_and_random_keep_each_image_once() -> None:
    """Both keep exactly the count, without repeats; n-th is evenly spaced in natural order."""
    paths = [f"IMG_{number}.jpg" for number in range(100)]
    for seed in range(5):
        assert len(set(keep_random(paths, 30, seed).tolist())) == 30
        assert set(np.diff(keep_every_nth(paths, 20, seed)).tolist()) == {5}


def test_collapse_keeps_the_first_of_each_run() -> None:
    """A run ends where an image differs from its first by more than the radius."""
    signatures = Signatures.blank(4, 8)
    signatures.dhash[:, 0] = [0b0, 0b1, 0b111, 0b110]
    assert collapse_runs(signatures, np.arange(4), 1).tolist() == [0, 2]


def test_scores_of_a_selection_by_hand() -> None:
    """Coverage counts scenes the budget has room for; junk is no scene and no distance."""
    features = np.float32([[1, 0], [1, 0], [0, 1], [0, 1], [-1, 0]])
    scenes = np.array([0, 0, 1, 1, JUNK])
    found = score(np.array([0, 1, 4]), 3, scenes, features, radius=0.1)
    assert found.coverage == 0.5
    assert found.duplicates == pytest.approx(1 / 3)
    assert found.mean_distance == pytest.approx(0.5)
    assert found.junk == pytest.approx(1 / 3)


def test_near_duplicates_need_a_kept_image_to_stand_for_them() -> None:
    """In a chain of neighbours the second can go, but then not the third."""
    angles = np.arange(3) * 0.4
    chain = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert near_duplicates(chain, 0.1) == pytest.approx(1 / 3)
    assert nearest_distance(chain, chain[:1])[2] == pytest.approx(2 * np.sin(0.4), rel=1e-4)


@pytest.fixture(scope="module")
def bursts(tmp_path_factory: pytest.TempPathFactory) -> RedundantSet:
    """200 frames of 13 photographs, from very many of one to one of another, a tenth of it junk."""
    folder = tmp_path_factory.mktemp("bursts")
    return write_bursts(load_photos(), folder, 200, seed=4, junk=0.1)


def _scenes(known: RedundantSet, kept: np.ndarray) -> int:
    return len(set(known.scenes[kept].tolist()) - {JUNK})


@pytest.mark.parametrize("seed", range(3))
def test_diverse_images_show_more_scenes(bursts: RedundantSet, seed: int) -> None:
    """13 diverse images show 12 of 13 scenes; at random, or every n-th, it is fewer."""
    kept = keep_ours(strategy="diverse", leave_out_junk=True)(bursts.paths, 13, seed)
    assert len(set(kept.tolist())) == 13
    assert _scenes(bursts, kept) >= 12
    assert _scenes(bursts, keep_random(bursts.paths, 13, seed)) < 12
    assert _scenes(bursts, keep_every_nth(bursts.paths, 13, seed)) < 12


def test_most_junk_is_told_from_scenes(bursts: RedundantSet) -> None:
    """No frame of a scene is called junk; of junk, only strong noise in a small image is not."""
    found = is_junk(extract(bursts.paths).traits)
    assert not found[bursts.scenes != JUNK].any()
    assert found[bursts.scenes == JUNK].mean() >= 0.8


def test_junk_is_left_out_until_nothing_else_is_left(bursts: RedundantSet) -> None:
    """Farthest-first picks are full of it; without it there are as many images."""
    counts = [
        np.count_nonzero(
            bursts.scenes[keep_ours(strategy="diverse", **junk)(bursts.paths, n, 0)] == JUNK
        )
        for n, junk in ((40, {}), (40, {"leave_out_junk": True}), (199, {"leave_out_junk": True}))
    ]
    assert counts[0] > 2 * counts[1]
    assert counts[2] >= 19
