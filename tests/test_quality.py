"""The parts of ``benchmarks/quality.py`` that need no network."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import visits
from benchmarks.known import Known, labelled
from benchmarks.methods import Method, farthest_first, imported, keep_every_nth, keep_random, ours
from benchmarks.peers import fill, keep_by_semdedup, keep_by_zcore, tightest
from benchmarks.redundant import shuffle_names, windows, write_bursts, zipf_sizes
from benchmarks.scores import coverage, margin, near_duplicates
from demo.photos import load_photos
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
    assert (first.shows.sum(axis=1) == 0).sum() == 4
    assert (first.shows.sum(axis=1) == 1).sum() == 36
    assert first.shows.any(axis=0).tolist() == [True] * 4
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


def test_scenes_are_read_from_a_table(tmp_path: Path) -> None:
    """Several visits are several scenes, an empty site is none, unclear images are left out."""
    table = "path,camera,event\na/1.jpg,a,3\na/2.jpg,a,\na/3.jpg,a,3;4\na/4.jpg,a,~\nb/1.jpg,b,3\n"
    (tmp_path / "labels.csv").write_text(table)
    known = labelled(tmp_path)
    names = [str(Path(path).relative_to(tmp_path)) for path in known.paths]
    assert names == ["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg"]
    assert known.shows.astype(int).tolist() == [[1, 0, 0], [0, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_folders_are_scenes_without_a_table(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/2.png", "b/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    assert labelled(tmp_path).shows.astype(int).tolist() == [[1, 0], [1, 0], [0, 1]]


def test_visits_label_the_images_from_the_first_to_the_last(tmp_path: Path) -> None:
    """Images between two that are named are labelled as well; without one of these, none is."""
    with visits.TABLE.open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            for name in (line["first"], line["last"]):
                (tmp_path / line["camera"]).mkdir(exist_ok=True)
                (tmp_path / line["camera"] / f"{name}.jpg").touch()
    (tmp_path / "box1" / "IMG_0011.jpg").touch()
    found = visits.labels(tmp_path)
    assert ("box1/IMG_0011.jpg", "box1", "") in found
    assert {camera for _, camera, _ in found} == {path.name for path in tmp_path.iterdir()}
    assert len({path for path, _, _ in found}) == len(found)
    (tmp_path / "road" / "f_00000.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="road/f_00000: there is no such image"):
        visits.labels(tmp_path)


def test_methods_of_others_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "of_others.py").write_text("def last(paths, n, seed): return range(-n, 0)")
    monkeypatch.syspath_prepend(tmp_path)
    known = _unlabelled(9)
    assert imported("of_others:last")(known, 3, 0).tolist() == [-3, -2, -1]
    for name in ("of_others", "of_others:first", "nowhere:last", ":last"):
        with pytest.raises(ValueError, match=rf"--method {name}: .*; name it as MODULE:FUNCTION"):
            imported(name)


def test_farthest_first_keeps_the_distance_it_promises() -> None:
    """Each kept row is the farthest from those before it, by plain computation."""
    features = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    kept = farthest_first(features, 20, seed=2)
    assert len(set(kept.tolist())) == 20
    for place in range(1, 20):
        distance = np.linalg.norm(features[:, None] - features[kept[:place]], axis=2).min(axis=1)
        assert distance[kept[place]] == pytest.approx(distance.max(), rel=1e-4)


def test_every_nth_and_random_keep_each_image_once() -> None:
    """Both keep exactly the count, without repeats; n-th is evenly spaced in natural order."""
    known = _unlabelled(100)
    for seed in range(5):
        assert len(set(keep_random(known, 30, seed).tolist())) == 30
        assert set(np.diff(keep_every_nth(known, 20, seed)).tolist()) == {5}


def _unlabelled(n: int) -> Known:
    paths = [f"IMG_{number}.jpg" for number in range(n)]
    return Known("some", paths, np.zeros((n, 0), bool))


@pytest.mark.parametrize("method", [keep_by_zcore, keep_by_semdedup])
def test_peers_keep_each_image_once_and_few_repeats(method: Method) -> None:
    """Of 10 directions, 9 frames each, 10 kept images show more than random ones do."""
    known = _unlabelled(90)
    scenes = np.repeat(np.arange(10), 9)
    rng = np.random.default_rng(0)
    table = np.eye(10, 16, dtype=np.float32)[scenes] + rng.normal(0, 0.02, (90, 16))
    known.embeddings = (table / np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32)
    found = []
    for seed in range(5):
        kept = method(known, 10, seed)
        assert len(set(kept.tolist())) == 10
        found.append(len(set(scenes[kept].tolist())))
    assert np.mean(found) > 6.5  # at random 10 * (1 - 0.9**10)


def test_thresholds_are_tuned_to_a_count() -> None:
    """The smallest threshold that leaves at most the count; then random others, or fewer."""
    found = tightest(lambda threshold: np.arange(90)[int(threshold * 10) :], 40, 0, 9)
    assert len(found) == 40
    assert len(set(fill(found, 90, 60, seed=0).tolist())) == 60
    assert set(found.tolist()) < set(fill(found, 90, 60, seed=0).tolist())
    assert set(fill(found, 90, 20, seed=0).tolist()) < set(found.tolist())


def test_scores_of_a_selection_by_hand() -> None:
    """Coverage counts the scenes that there is room for, and images that show two of them."""
    shows = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]], bool)
    assert coverage(np.array([0, 2]), 2, shows) == 0.5
    assert coverage(np.array([1, 2]), 2, shows) == 1
    assert coverage(np.array([0, 1, 2]), 3, shows) == pytest.approx(2 / 3)


def test_near_duplicates_need_a_kept_image_to_stand_for_them() -> None:
    """In a chain of neighbours the second can go, but then not the third."""
    chain = np.abs(np.arange(3)[:, None] - np.arange(3)) <= 1
    assert near_duplicates(chain) == pytest.approx(1 / 3)


def test_the_margin_is_that_of_a_mean() -> None:
    """For means of independent scenes, halves give the usual 95% interval of the whole."""
    rng = np.random.default_rng(0)
    values = rng.random(400)
    halves = [float(rng.choice(values, 200, replace=False).mean()) for _ in range(2000)]
    assert margin(halves) == pytest.approx(1.96 * values.std() / 20, rel=0.1)


@pytest.fixture(scope="module")
def bursts(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """200 frames of 13 photographs, from very many of one to one of another, a tenth of it junk."""
    folder = tmp_path_factory.mktemp("bursts")
    return write_bursts(load_photos(), folder, 200, seed=4, junk=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_diverse_images_show_more_scenes(bursts: Known, seed: int) -> None:
    """13 diverse images show 12 of 13 scenes; at random, or every n-th, it is fewer."""
    kept = ours(strategy="diverse", cover="nothing", leave_out_junk=True)(bursts, 13, seed)
    assert len(set(kept.tolist())) == 13
    assert coverage(kept, 13, bursts.shows) >= 12 / 13
    assert coverage(keep_random(bursts, 13, seed), 13, bursts.shows) < 12 / 13
    assert coverage(keep_every_nth(bursts, 13, seed), 13, bursts.shows) < 12 / 13


def test_most_junk_is_told_from_scenes(bursts: Known) -> None:
    """No frame of a scene is called junk; of junk, only strong noise in a small image is not."""
    found = is_junk(bursts.signatures.traits)
    shows_something = bursts.shows.any(axis=1)
    assert not found[shows_something].any()
    assert found[~shows_something].mean() >= 0.8


def test_junk_is_left_out_until_nothing_else_is_left(bursts: Known) -> None:
    """Farthest-first picks are full of it; without it there are as many images."""
    shows_something = bursts.shows.any(axis=1)
    counts = [
        np.count_nonzero(~shows_something[ours(strategy="diverse", **junk)(bursts, n, 0)])
        for n, junk in ((40, {}), (40, {"leave_out_junk": True}), (199, {"leave_out_junk": True}))
    ]
    assert counts[0] > 2 * counts[1]
    assert counts[2] >= 19
