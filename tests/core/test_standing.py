"""Standing cameras: found by their background, and what their frames show besides it."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from smartdownsample_core import (
    Choice,
    Signatures,
    assign_buckets,
    downsample,
    extract,
    natural_order,
    sample_diverse,
)
from smartdownsample_core.cli._main import main
from smartdownsample_core.selection import (
    Standing,
    frames_to_show,
    heat_maps,
    mark_standing,
)
from smartdownsample_core.selection._background import activities
from smartdownsample_core.selection._medians import median_of_planes
from smartdownsample_core.selection._standing import find_standing

_Frames = NDArray[np.uint8]


def scene(seed: int, width: int = 32) -> NDArray[np.float64]:
    """Draws a background, ``(32, width)`` grey: patches of different sizes and brightness."""
    rng = np.random.default_rng(seed)
    levels = np.full((32, width), 110.0)
    for _ in range(3 * width):
        top, left = rng.integers(0, 32), rng.integers(0, width)
        height, breadth = rng.integers(2, 9, 2)
        levels[top : top + height, left : left + breadth] = rng.uniform(40, 200)
    return levels


def film(
    background: NDArray[np.float64],
    n: int,
    visits: dict[int, int],
    seed: int = 0,
    light: tuple[float, float] = (0.6, 1.3),
) -> _Frames:
    """Films ``n`` frames, ``(n, 32, 32)``: slowly changing light, noise, and visits of an animal.

    Args:
        background: ``(32, 32)``
        n: number of frames
        visits: frame to the column at which a dark animal stands
        seed: of the noise
        light: the least and the most of the light's factor
    """
    rng = np.random.default_rng(seed)
    low, high = light
    gains = low + (high - low) * (0.5 + 0.5 * np.sin(np.arange(n) / 7))
    frames = np.repeat(background[None], n, axis=0)
    for frame, column in visits.items():
        frames[frame, 20:26, column : column + 6] = 25
    frames = frames * gains[:, None, None] + rng.normal(0, 1.5, frames.shape)
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


def everything(frames: _Frames) -> NDArray[np.int64]:
    """Returns the rows of frames in their order."""
    return np.arange(len(frames))


@given(
    hnp.arrays(
        np.int16,
        st.tuples(st.integers(1, 70), st.integers(1, 4)),
        elements=st.integers(-9, 9),
    )
)
def test_a_median_of_planes_is_that_of_sorted_numbers(planes: NDArray[np.int16]) -> None:
    expected = np.sort(planes, axis=0)[(len(planes) - 1) // 2]
    np.testing.assert_array_equal(median_of_planes(planes.copy()), expected)


def test_visits_are_active_and_changes_of_light_are_not() -> None:
    visits = {12: 3, 13: 5, 40: 20, 77: 10}
    found = activities(film(scene(1), 100, visits))
    quiet = np.delete(found, list(visits))
    assert found[list(visits)].min() > 0.4
    assert quiet.max() < 0.05


def test_day_and_night_are_each_compared_with_their_own() -> None:
    day, night = scene(1), 0.5 * scene(1) + 0.2 * scene(2)[::-1]
    halves = [film(day, 60, {20: 4}), film(night, 60, {30: 9}, light=(0.3, 0.4))]
    frames = np.concatenate(halves)
    found = activities(frames)
    assert sorted(np.argsort(found)[-2:].tolist()) == [20, 90]
    assert np.delete(found, [20, 90]).max() < 0.1


def test_the_backgrounds_of_a_moved_camera_are_found_apart() -> None:
    wide = scene(3, width=64)
    frames = np.concatenate(
        [film(wide[:, :32], 40, {7: 5}), film(wide[:, 20:52], 40, {11: 8}, seed=1)]
    )
    found = find_standing(frames, everything(frames))
    assert found.camera.tolist() == [0] * 40 + [1] * 40
    assert sorted(np.argsort(found.activity)[-2:].tolist()) == [7, 51]


def test_gaps_do_not_matter() -> None:
    frames = film(scene(4), 200, {30: 5, 150: 9})
    kept = np.r_[0:40, 90:100, 145:200]
    found = activities(frames[kept])
    assert sorted(kept[np.argsort(found)[-2:]].tolist()) == [30, 150]


def test_shuffled_names_change_little() -> None:
    visits = {12: 3, 40: 20, 77: 10}
    frames = film(scene(5), 90, visits)
    shuffled = np.random.default_rng(0).permutation(90)
    found = np.empty(90)
    found[shuffled] = find_standing(frames[shuffled], everything(frames)).activity
    assert sorted(np.argsort(found)[-3:].tolist()) == sorted(visits)
    assert np.sort(found)[:-3].max() < 0.05


def test_input_order_does_not_matter() -> None:
    frames = np.concatenate([film(scene(6), 30, {4: 4}), film(scene(7), 30, {9: 9})])
    expected = find_standing(frames, everything(frames))
    rows = np.random.default_rng(1).permutation(60)
    found = find_standing(frames[rows], np.argsort(rows))
    np.testing.assert_array_equal(found.camera, expected.camera[rows])
    np.testing.assert_array_equal(found.activity, expected.activity[rows])


@pytest.mark.parametrize(("n", "cameras"), [(19, 0), (20, 1)])
def test_it_takes_20_images(n: int, cameras: int) -> None:
    found = find_standing(film(scene(8), n, {}), np.arange(n))
    assert found.n_cameras == cameras
    assert np.isnan(found.activity).all() == (cameras == 0)


def test_photographs_are_of_no_standing_camera() -> None:
    frames = np.concatenate([film(scene(seed), 1, {}) for seed in range(60)])
    found = find_standing(frames, everything(frames))
    assert found.n_cameras == 0
    assert (found.camera == -1).all()


def test_two_cameras_among_photographs_are_found_without_their_folders() -> None:
    photographs = [film(scene(seed), 1, {}) for seed in range(20, 50)]
    frames = np.concatenate([film(scene(1), 25, {3: 4}), film(scene(2), 25, {9: 4}), *photographs])
    found = find_standing(frames, everything(frames))
    assert found.camera.tolist() == [0] * 25 + [1] * 25 + [-1] * 30


def pan(width: int, step: float, n: int) -> list[NDArray[np.float64]]:
    """Returns frames, ``(32, 32)``, of a camera that moves by ``step`` columns each time."""
    wide = np.repeat(scene(9, width=width), 4, axis=1)  # four columns are one of a frame
    lefts = [round(4 * number * step) % (wide.shape[1] - 128) for number in range(n)]
    return [wide[:, left : left + 128].reshape(32, 32, 4).mean(axis=2) for left in lefts]


@pytest.mark.parametrize("bonnet", [0, 6, 10])
@pytest.mark.parametrize("step", [0.25, 1, 3])
def test_moving_cameras_do_not_stand_still(step: float, bonnet: int) -> None:
    car = scene(10)
    frames = []
    for frame, view in enumerate(pan(400, step, 100)):
        view[32 - bonnet :] = car[32 - bonnet :]
        frames.append(film(view, 1, {}, seed=frame)[0])
    found = find_standing(np.array(frames), np.arange(100))
    assert (found.camera >= 0).mean() < 0.3


def test_named_cameras_are_taken_as_they_are() -> None:
    frames = np.concatenate([film(scene(1), 30, {4: 4}), film(scene(1), 10, {})])
    found = find_standing(frames, everything(frames), ["pole"] * 30 + ["gate"] * 10)
    assert found.camera.tolist() == [0] * 30 + [-2] * 10
    assert found.activity[:30].argmax() == 4


def test_nothing_in_nothing_out() -> None:
    found = find_standing(np.empty((0, 32, 32), np.uint8), np.empty(0, np.int64))
    assert (found.n_cameras, len(found.activity)) == (0, 0)


def test_unreadable_images_are_of_no_camera() -> None:
    frames = film(scene(1), 30, {4: 4})
    found = find_standing(frames, np.arange(1, 30))
    assert found.camera[0] == -1
    assert np.isnan(found.activity[0])


def test_activities_are_the_same_everywhere() -> None:
    """Frozen: all steps are of whole numbers, or single IEEE operations."""
    pixels = np.arange(32 * 32).reshape(32, 32)
    frames = np.repeat((pixels * 7919 % 211)[None] // 2, 30, axis=0)
    frames += np.arange(30)[:, None, None] * pixels % 5
    frames[[4, 9, 17], 10:13, 5:9] = 200
    found = activities(frames.astype(np.uint8))
    steps = np.rint(found * (9 * 256 * 20)).astype(int)
    assert steps[[3, 4, 9, 17]].tolist() == [0, 18212, 18212, 162823]


def test_dappled_shade_is_a_known_weakness() -> None:
    """Hard shade that is new in every frame looks like something that was not there before."""
    rng = np.random.default_rng(0)
    frames = film(scene(2), 60, {}).astype(float)
    for frame in frames:
        for _ in range(12):
            top, left = rng.integers(0, 29, 2)
            frame[top : top + 4, left : left + 4] *= 0.4
    assert np.median(activities(frames.astype(np.uint8))) > 0.3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two standing cameras with 4 and 2 visits in 40 and 30 frames, and 12 photographs."""
    root = tmp_path_factory.mktemp("cameras")
    films = {
        "pole": film(scene(1), 40, {5: 3, 16: 12, 27: 20, 33: 7}),
        "gate": film(scene(2), 30, {8: 4, 22: 15}),
        "photos": np.concatenate([film(scene(seed), 1, {}) for seed in range(50, 62)]),
    }
    for name, frames in films.items():
        (root / name).mkdir()
        for number, frame in enumerate(frames):
            Image.fromarray(frame).resize((64, 64), 0).save(root / name / f"{number}.png")
    return root


_VISITS = {f"pole/{n}.png" for n in (5, 16, 27, 33)} | {f"gate/{n}.png" for n in (8, 22)}


def _kept(folder: Path, count: int, **settings: Any) -> list[str]:
    paths = sorted(map(str, folder.rglob("*.png")))
    kept = sample_diverse(paths, count, show_progress=False, strategy="diverse", **settings)
    return [os.path.relpath(path, folder) for path in kept]


@pytest.mark.parametrize("cameras", ["auto", "all", True])
def test_visits_are_kept_first(folder: Path, cameras: str | bool) -> None:
    only = [folder / "pole", folder / "gate"]
    paths = sorted(str(path) for one in only for path in one.glob("*.png"))
    kept = sample_diverse(paths, 6, strategy="diverse", fixed_cameras=cameras, show_progress=False)
    assert {os.path.relpath(path, folder) for path in kept} == _VISITS


def test_what_was_found_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = _kept(folder, 18, fixed_cameras="auto")
    assert set(kept) >= _VISITS
    assert "2 standing cameras with 70 images; 12 other images" in capsys.readouterr().out
    _kept(folder, 18)
    assert "standing" not in capsys.readouterr().out


def test_a_standing_camera_that_saw_nothing_is_not_covered(folder: Path, tmp_path: Path) -> None:
    paths = [str(folder / "pole" / f"{number}.png") for number in (*range(20), 27, 33)]
    (tmp_path / "idle").mkdir()
    for number, frame in enumerate(film(scene(3), 30, {})):
        Image.fromarray(frame).resize((64, 64), 0).save(tmp_path / "idle" / f"{number}.png")
    paths += sorted(map(str, (tmp_path / "idle").glob("*.png")))
    kept = sample_diverse(paths, 4, strategy="diverse", fixed_cameras="auto", show_progress=False)
    assert {os.path.relpath(path, folder) for path in kept} == {
        f"pole/{number}.png" for number in (5, 16, 27, 33)
    }


def test_of_a_slow_camera_beside_a_standing_one_each_bucket_is_covered(
    folder: Path, tmp_path: Path
) -> None:
    """Neighbouring frames share their background, but are no standing camera."""
    (tmp_path / "slow").mkdir()
    for number, view in enumerate(pan(140, 0.5, 90)):
        pixels = Image.fromarray((view * (0.4 + number / 90)).clip(0, 255).astype(np.uint8))
        pixels.resize((64, 64), 0).save(tmp_path / "slow" / f"{number:02}.png")
    shutil.copytree(folder / "pole", tmp_path / "pole")
    slow = sorted(map(str, (tmp_path / "slow").iterdir()))
    buckets = assign_buckets(extract(slow))
    assert len(set(buckets.tolist())) > 3
    kept = _kept(tmp_path, 20, fixed_cameras="auto")
    of_kept = [buckets[int(Path(one).stem)] for one in kept if one.startswith("slow")]
    assert set(of_kept) == set(buckets.tolist())


def test_copies_of_a_frame_are_kept_last(folder: Path, tmp_path: Path) -> None:
    """However far they are apart in time: as of a folder beside its backup."""
    for name in ("backup", "pole"):
        shutil.copytree(folder / "pole", tmp_path / name)
    kept = _kept(tmp_path, 40, fixed_cameras="auto")
    assert len({(tmp_path / one).read_bytes() for one in kept}) == 40


@pytest.mark.parametrize("of", ["photographs", "a burst", "a dash camera"])
def test_it_makes_no_difference_without_standing_cameras(
    folder: Path, tmp_path: Path, of: str
) -> None:
    """A burst shares its background, but is short; a dash camera moves."""
    if of == "a dash camera":
        road = scene(4, 32 + 3 * 40)
        frames = [road[:, 3 * step : 3 * step + 32].copy() for step in range(40)]
        for frame in frames:
            frame[26:] = 60  # the bonnet
    else:
        frames = [*film(scene(5), 8, {3: 9})] if of == "a burst" else []
    for number, frame in enumerate(frames):
        pixels = Image.fromarray(frame.astype(np.uint8))
        pixels.resize((64, 64), 0).save(tmp_path / f"{number:02}.png")
    for photo in (folder / "photos").glob("*.png"):
        shutil.copy(photo, tmp_path / f"photo {photo.name}")
    for count in (3, 5, 9):
        assert _kept(tmp_path, count, fixed_cameras="auto") == _kept(tmp_path, count)


def test_commands_look_for_them_by_default(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_default, asked, without = (
        (main([str(folder), "-n", "18", *options]), *capsys.readouterr())
        for options in ([], ["--fixed-cameras", "auto"], ["--fixed-cameras", "none"])
    )
    assert by_default[:2] == asked[:2]
    assert by_default[1] != without[1]
    assert "2 standing cameras with 70 images; 12 other images" in by_default[2]
    assert "standing" not in without[2]


def test_quiet_frames_are_left_out_if_asked_for(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "why.csv"
    kept = _kept(folder, 18, fixed_cameras="auto", leave_out_quiet=0.1, save_explanation=table)
    assert {path for path in kept if not path.startswith("photos")} == _VISITS
    with table.open(encoding="utf-8") as stream:
        lines = {os.path.relpath(line["path"], folder): line for line in csv.DictReader(stream)}
    assert lines["pole/6.png"]["reason"] == "quiet"
    assert float(lines["pole/5.png"]["activity"]) > 0.4
    assert lines["photos/1.png"]["activity"] == ""


def test_quiet_frames_fill_up_the_target(folder: Path) -> None:
    kept = _kept(folder, 50, fixed_cameras="auto", leave_out_quiet=0.1)
    assert len(kept) == 50
    assert set(kept) >= _VISITS


def test_leaving_out_quiet_frames_needs_cameras() -> None:
    with pytest.raises(ValueError, match=r"leave_out_quiet 0\.02 has no effect without standing"):
        Choice(strategy="diverse", leave_out_quiet=0.02)


def test_blas_does_not_compete_for_the_cores(folder: Path) -> None:
    paths = sorted(map(str, (folder / "gate").glob("*.png")))
    table, seen = extract(paths, grey=True), set()

    def look(_: int) -> None:
        seen.update(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")

    with threadpool_limits(2, user_api="blas"):
        mark_standing(table, np.arange(len(paths)), progress=look)
    assert seen == {1}


def test_thumbnails_are_stored_where_they_are_asked_for(folder: Path) -> None:
    paths = sorted(map(str, (folder / "gate").glob("*.png")))
    table = extract(paths, grey=True)
    plain, without = table.to_plain(), extract(paths).to_plain()
    assert plain.keys() - without.keys() == {"grey"}
    wants_none, wants = Signatures.blank(len(paths), 8), Signatures.blank(len(paths), 8)
    wants.add_grey()
    assert wants_none.put_plain(range(len(paths)), plain) == list(range(len(paths)))
    assert wants_none.grey is None
    plain["grey"][:5] = [None] * 5
    assert wants.put_plain(range(len(paths)), plain) == list(range(len(paths)))
    assert wants.grey is not None
    assert wants.grey.any(axis=1).tolist() == [False] * 5 + [True] * (len(paths) - 5)
    np.testing.assert_array_equal(wants.grey[5:], table.grey[5:])  # type: ignore[index]


def test_shards_find_the_same_cameras_as_one_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    options = ["-n", "18", "--explain"]
    shards = [str(tmp_path / f"{part}.parquet") for part in (1, 2, 3)]
    for part, shard in enumerate(shards, 1):
        split = ["--shard", f"{part}/3"]
        assert main(["extract", str(folder), *split, "--grey", "-q", "-o", shard]) == 0
    assert main(["select", *shards, *options, str(tmp_path / "shards.csv")]) == 0
    said = capsys.readouterr()
    assert main([str(folder), *options, str(tmp_path / "one.csv")]) == 0
    one = capsys.readouterr()
    assert "2 standing cameras with 70 images; 12 other images" in said.err
    assert (said.out, "2 standing cameras" in one.err) == (one.out, True)
    assert (tmp_path / "shards.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_shards_without_thumbnails_are_chosen_from_without_looking(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default; and it says so, once, where it would have made a difference."""
    pytest.importorskip("pyarrow")
    shard = str(tmp_path / "signatures.parquet")
    assert main(["extract", str(folder), "-q", "-o", shard]) == 0
    assert main([str(folder), "-n", "18", "--fixed-cameras", "none"]) == 0
    without = capsys.readouterr().out
    for options, is_said in (([], True), (["-q"], False), (["--fixed-cameras", "none"], False)):
        assert main(["select", shard, "-n", "18", *options]) == 0
        said = capsys.readouterr()
        assert said.out == without
        assert ("Standing cameras were not looked for" in said.err) == is_said
    assert main(["select", shard, "-n", "18", "--strategy", "stride"]) == 0
    assert "Standing cameras" not in capsys.readouterr().err
    assert main(["select", shard, "-n", "18", "--leave-out-quiet", "0.1"]) == 2
    assert "--leave-out-quiet needs thumbnails" in capsys.readouterr().err


@pytest.mark.parametrize("grey", [["--grey"], []], ids=["with thumbnails", "without"])
def test_a_manifest_of_shards_is_verified_as_it_was_made(
    folder: Path, tmp_path: Path, grey: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    shard, manifest = (str(tmp_path / name) for name in ("signatures.parquet", "run.json"))
    assert main(["extract", str(folder), "-q", *grey, "-o", shard]) == 0
    assert main(["select", shard, "-n", "18", "-q", "--manifest", manifest]) == 0
    capsys.readouterr()
    assert main(["verify", manifest, "-q"]) == 0
    assert "The same 18 images would be kept" in capsys.readouterr().out


def test_signatures_without_thumbnails_are_refused_where_they_are_needed(folder: Path) -> None:
    table = extract(sorted(map(str, (folder / "gate").glob("*.png"))))
    order = np.arange(len(table))
    with pytest.raises(ValueError, match="leave_out_quiet needs standing cameras"):
        downsample(table, order, 5, choice=Choice(fixed_cameras="auto", leave_out_quiet=0.02))
    with pytest.raises(ValueError, match="fixed_cameras needs standing cameras"):
        downsample(table, order, 5, choice=Choice(strategy="diverse", fixed_cameras=True))


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A standing camera with visits of different contrast in 60 JPEGs, and three photographs."""
    root = tmp_path_factory.mktemp("jpegs")
    frames = film(scene(7, 32), 60, {9: 4, 30: 12, 31: 13, 50: 20})
    others = [film(scene(seed), 1, {})[0] for seed in (70, 71, 72)]
    for number, frame in enumerate([*frames, *others]):
        picture = Image.fromarray(frame).resize((320, 240), Image.Resampling.BICUBIC)
        picture.convert("RGB").save(root / f"{number:02}.jpg", quality=90)
    return sorted(map(str, root.glob("*.jpg")))


def test_activity_is_the_mean_of_the_hottest_pixels(jpegs: list[str]) -> None:
    table, order = extract(jpegs, grey=True), natural_order(jpegs)
    mark_standing(table, order, keep_grey=True)
    standing = Standing.of(table)
    assert table.grey is not None
    rows = np.flatnonzero(standing.camera >= 0)[::-1]
    assert len(rows) == 60
    maps = heat_maps(table.grey, standing, order, rows)
    hottest = np.sort(maps.reshape(60, -1), axis=1)[:, -20:].mean(axis=1)
    np.testing.assert_allclose(hottest, standing.activity[rows], rtol=1e-5)
    active, doubtful = frames_to_show(standing, order, 3, border=0.1)
    assert {Path(jpegs[row]).stem for row in active} in ({"09", "30", "50"}, {"09", "31", "50"})
    assert not set(doubtful.tolist()) & set(active.tolist())
    assert (np.abs(np.log(standing.activity[doubtful] / 0.1)) <= np.log(4)).all()
    # Hot is where the animal is.
    row, column = np.unravel_index(maps[rows.tolist().index(9)].argmax(), (32, 32))
    still = np.median(table.grey[:60].reshape(60, 32, 32), axis=0)
    frame = table.grey[9].reshape(32, 32) - still
    frame -= np.median(frame)
    assert abs(frame[row, column]) > np.quantile(abs(frame), 0.95)


def _pixels(png: Path) -> NDArray[np.uint8]:
    with Image.open(png) as picture:
        return np.asarray(picture.convert("RGB"))


def test_the_picture_of_activity(
    jpegs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same from Python, from images and from shards; of no standing camera, it says so."""
    pytest.importorskip("pyarrow")
    given = {"strategy": "diverse", "fixed_cameras": "auto", "show_progress": False}
    shard, none = str(tmp_path / "s.parquet"), tmp_path / "none.png"
    pngs = [tmp_path / f"{of}.png" for of in ("python", "images", "shards")]
    sample_diverse(jpegs, 5, save_activity=pngs[0], **given)  # type: ignore[call-overload]
    assert main([*jpegs, "-n", "5", "-q", "--activity", str(pngs[1])]) == 0
    assert main(["extract", *jpegs, "-q", "--grey", "-o", shard]) == 0
    assert main(["select", shard, "-n", "5", "-q", "--activity", str(pngs[2])]) == 0
    first, *others = (_pixels(png) for png in pngs)
    for other in others:
        np.testing.assert_array_equal(first, other)
    assert np.ptp(first, axis=2).any(), "nothing is hot"
    assert main([*jpegs[:9], "-n", "5", "-q", "--activity", str(none)]) == 0
    assert not np.ptp(_pixels(none), axis=2).any()
    plain = str(tmp_path / "plain.parquet")
    assert main(["extract", *jpegs, "-q", "-o", plain]) == 0
    capsys.readouterr()
    refused = str(tmp_path / "refused.png")
    for options, said in (
        ([*jpegs, "--fixed-cameras", "none"], "--activity needs standing cameras, which are not"),
        ([*jpegs, "--strategy", "stride"], "set --strategy to 'diverse' and --fixed-cameras to"),
        (["select", plain], "--activity needs thumbnails"),
        ([*jpegs, "--curve", refused], "are the same file"),
    ):
        assert main([*options, "-n", "5", "-q", "--activity", refused]) == 2
        assert said in capsys.readouterr().err
    assert not Path(refused).exists()


def test_a_run_resumed_finds_the_same_cameras_as_one_run(folder: Path, tmp_path: Path) -> None:
    """Of some parts of the images, signatures are there already; the others are read now."""
    pytest.importorskip("pyarrow")
    parts = [
        ["extract", str(folder), "--shard", f"{number}/3", "--grey", "-q", "--resume", "-o"]
        for number in (1, 2, 3)
    ]
    answers = []
    for name, stopped in (("whole", False), ("resumed", True)):
        (tmp_path / name).mkdir()
        shards = [str(tmp_path / name / f"{number}.parquet") for number in (1, 2, 3)]
        if stopped:
            assert main([*parts[1], shards[1]]) == 0
            before = Path(shards[1]).stat().st_mtime_ns
        for part, shard in zip(parts, shards, strict=True):
            assert main([*part, shard]) == 0
        if stopped:
            assert Path(shards[1]).stat().st_mtime_ns == before, "it was read again"
        table = tmp_path / name / "why.csv"
        options = ["-n", "18", "--fixed-cameras", "auto", "-q", "--explain", str(table)]
        assert main(["select", *shards, *options, "-o", str(tmp_path / name / "kept.txt")]) == 0
        answers.append([table.read_bytes(), (tmp_path / name / "kept.txt").read_bytes()])
    assert answers[0] == answers[1]
