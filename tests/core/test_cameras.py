"""Cameras read by their previews: never in two ways, and only where previews show what is there."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from demo.photos import load_photos
from smartdownsample_core import Crop, Signatures, extract, extract_batches, sample_diverse
from smartdownsample_core.extraction import Cameras, Steps, in_order, read_batches
from smartdownsample_core.settings import Reading
from tests.core.camera_files import camera_file, preview_of

Make = Callable[..., list[str]]


def _photo(number: int) -> Image.Image:
    photos = load_photos()
    photo = photos[number % len(photos)].convert("RGB").resize((800, 600))
    return photo.crop((number, 0, 760 + number % 40, 570)).resize((800, 600))


@pytest.fixture(scope="module")
def files() -> dict[str, list[bytes]]:
    """Files of one camera, with previews; without; and with those of an image of the day before."""
    photos = [_photo(number) for number in range(8)]
    plain = []
    for photo in photos:
        stream = io.BytesIO()
        photo.save(stream, "JPEG")
        plain.append(stream.getvalue())
    return {
        "good": [camera_file(photo) for photo in photos],
        "none": plain,
        "lying": [
            camera_file(photo, preview=preview_of(photos[number - 1]))
            for number, photo in enumerate(photos)
        ],
        "broken": [b"no image"] * 8,
    }


@pytest.fixture
def make(tmp_path: Path, files: dict[str, list[bytes]]) -> Make:
    """``make(name, "good", "none", ...)``: a folder of so many files; returns their paths."""

    def write(name: str, *kinds: str) -> list[str]:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for number, kind in enumerate(kinds):
            path = folder / f"{number:03}.jpg"
            if kind != "gone":
                path.write_bytes(files[kind][number % 8])
            paths.append(str(path))
        return paths

    return write


def _read(paths: list[str], **options: object) -> Signatures:
    return extract(paths, decode="preview", image_loading_errors="skip", **options)


def test_a_camera_with_previews_is_read_by_them(make: Make) -> None:
    """Its signatures are nearly those of the whole files."""
    paths = make("a", *["good"] * 8)
    table, whole = _read(paths), extract(paths)
    assert table.decode.tolist() == ["preview"] * 8
    assert table.n_previews == 8
    assert not table.unused_previews
    assert whole.decode.tolist() == ["exact"] * 8
    assert np.unpackbits(table.dhash ^ whole.dhash, axis=1).sum(axis=1).mean() < 4
    assert table.make.tolist() == whole.make.tolist() == ["Maker"] * 8
    assert (table.taken == whole.taken).all()


def test_other_cameras_are_read_exactly(make: Make, same) -> None:
    """Those without previews, with one image without, and with previews of other images."""
    none, mixed = make("none", *["none"] * 5), make("mixed", *["good"] * 7, "none")
    lying = make("lying", *["lying"] * 8)
    table = _read([*none, *mixed, *lying])
    assert same(table, extract([*none, *mixed, *lying]))
    reasons = {Path(camera).name: reason for camera, reason in table.unused_previews.items()}
    assert reasons["none"] == "000.jpg: the head of this file has no preview"
    assert reasons["mixed"] == "007.jpg: the head of this file has no preview"
    assert "of the hash's bits" in reasons["lying"]


def test_auto_does_not_name_cameras_without_any_preview(make: Make) -> None:
    """Folders of other images are nothing to be warned of."""
    paths = [*make("none", *["none"] * 5), *make("mixed", *["good"] * 7, "none")]
    table = extract(paths, decode="auto")
    assert [Path(camera).name for camera in table.unused_previews] == ["mixed"]


def test_unreadable_files_do_not_decide(make: Make) -> None:
    """A camera's other images are read by their previews all the same."""
    paths = make("a", *["good"] * 3, "broken", "good", "gone", *["good"] * 6)
    table = _read(paths)
    assert sorted(table.unreadable) == [3, 5]
    assert [row for row in range(12) if table.decode[row] == "preview"] == [
        row for row in range(12) if row not in (3, 5)
    ]
    with pytest.raises(OSError, match=r"Cannot read image file: .*003\.jpg"):
        extract(paths, decode="preview")


def test_a_camera_without_a_readable_image(make: Make) -> None:
    table = _read(make("a", "broken", "gone"))
    assert sorted(table.unreadable) == [0, 1]
    assert table.decode.tolist() == [None, None]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_small_cameras(make: Make, n: int) -> None:
    """All of their images are compared."""
    assert _read(make("a", *["good"] * n)).n_previews == n
    assert _read(make("b", *["lying"] * n)).n_previews == 0


def test_parts_of_images_are_read_exactly(make: Make, same) -> None:
    """Of any file, also between others."""
    paths = make("a", *["good"] * 4)
    crop = Crop(paths[0], (0.1, 0.1, 0.5, 0.5))
    table = _read([paths[0], crop, *paths[1:]])
    assert table.decode.tolist() == ["preview", "exact", "preview", "preview", "preview"]
    assert same(table.take(np.array([1])), extract([crop]))


def test_a_folder_with_two_names_is_one_camera(make: Make, tmp_path: Path) -> None:
    paths = make("a", *["good"] * 4, "none")
    os.symlink(tmp_path / "a", tmp_path / "link")
    linked = [path.replace("/a/", "/link/") for path in paths[:4]]
    assert _read([*linked, paths[4]]).n_previews == 0


def test_nested_folders_are_cameras_of_their_own(make: Make) -> None:
    """Also if their images come in turns."""
    upper, lower = make("a", *["good"] * 4), make("a/b", *["none"] * 4)
    table = _read([path for pair in zip(upper, lower, strict=True) for path in pair])
    assert table.decode.tolist() == ["preview", "exact"] * 4


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_workers_and_batches_do_not_matter(make: Make, same, workers: str) -> None:
    paths = [*make("a", *["good"] * 9), *make("b", *["lying"] * 5), *make("c", *["good"] * 2)]
    mixed = paths[::2] + paths[1::2]
    one = _read(mixed, n_workers=1)
    assert same(one, _read(mixed, n_workers=3, workers=workers))
    batches = list(extract_batches(mixed, decode="auto", n_workers=2, workers=workers))
    assert np.concatenate([rows for rows, _ in batches]).tolist() == list(range(len(mixed)))
    put = Signatures.blank(len(mixed), 8)
    for rows, table in batches:
        put.put(rows, table)
    assert same(one, put)


_KINDS = st.lists(st.sampled_from(["good", "none", "lying", "broken", "gone"]), min_size=1)


@settings(max_examples=25, deadline=None)
@given(cameras=st.lists(_KINDS, min_size=1, max_size=4), seed=st.integers(0, 99))
def test_no_camera_is_read_in_two_ways(
    tmp_path_factory: pytest.TempPathFactory,
    files: dict[str, list[bytes]],
    cameras: list[list[str]],
    seed: int,
) -> None:
    """Whatever its images, and in whatever order they come: each has one row, read or not."""
    folder = tmp_path_factory.mktemp("cameras")
    images = []
    for number, kinds in enumerate(cameras):
        (folder / str(number)).mkdir()
        for place, kind in enumerate(kinds[:9]):
            path = folder / str(number) / f"{place}.jpg"
            if kind != "gone":
                path.write_bytes(files[kind][place % 8])
            images.append((str(path), number, kind))
    order = np.random.default_rng(seed).permutation(len(images))
    paths = [images[place][0] for place in order]
    table = _read(paths, n_workers=1)
    ways: dict[int, set[str | None]] = {}
    for row, place in enumerate(order.tolist()):
        _, camera, kind = images[place]
        is_image = kind not in ("broken", "gone")
        assert (row in table.unreadable) != is_image
        assert bool(table.decode[row]) == is_image
        if is_image:
            ways.setdefault(camera, set()).add(table.decode[row])
            if kind == "none":
                assert table.decode[row] == "exact"
    assert all(len(found) == 1 for found in ways.values())


def test_what_is_known_is_not_read_again(make: Make) -> None:
    """Unless its camera is read in another way now; progress counts it as done."""
    good, mixed = make("good", *["good"] * 5), make("mixed", *["good"] * 4, "none")
    known = np.array([*["preview"] * 4, None, *["exact"] * 2, *["preview"] * 2, None], object)
    paths = [*good, *mixed]
    cameras = Cameras(Cameras.of(paths).labels, known)
    found: list[int] = []
    dones = [0]
    for rows, _, done in read_batches(paths, Reading(decode="auto"), True, None, cameras):
        found += rows.tolist()
        dones.append(done)
    assert sorted(found) == [4, 7, 8, 9]
    assert dones[-1] == 10


def test_those_who_read_a_part_of_a_camera_trust_it_alike(make: Make, same) -> None:
    """The same sample of it is compared, also of images that others read."""
    paths = make("a", *["good"] * 9)
    labels = Cameras.of(paths).labels
    whole = _read(paths)
    for start in (0, 3, 6):
        wanted = np.zeros(9, bool)
        wanted[start : start + 3] = True
        cameras = Cameras(labels, wanted=wanted)
        table = Signatures.blank(9, 8)
        rows: list[int] = []
        for some, part, _ in read_batches(paths, Reading(decode="auto"), True, None, cameras):
            table.put(some, part)
            rows += some.tolist()
        assert sorted(rows) == list(range(start, start + 3))
        assert same(table.take(np.array(rows)), whole.take(np.array(rows)))


def test_rows_that_come_too_early_are_held_back() -> None:
    def steps() -> Steps:
        for rows in ([3, 1], [], [0], [2]):
            table = Signatures.blank(len(rows), 8)
            table.mean_rgb[:, 0] = rows
            yield np.array(rows, np.int64), table, 0

    found = list(in_order(steps(), with_signs_of_life=False))
    assert [rows.tolist() for rows, _ in found] == [[0, 1], [2, 3]]
    assert [table.mean_rgb[:, 0].tolist() for _, table in found] == [[0, 1], [2, 3]]


def test_sample_diverse_says_how_images_were_read(make: Make, capsys) -> None:
    """Counts with the summary, cameras read whole as a warning."""
    paths = [*make("a", *["good"] * 5), *make("b", *["lying"] * 3)]
    kept = sample_diverse(paths, 4, decode="preview", show_progress=False)
    printed, warned = capsys.readouterr()
    assert len(kept) == 4
    assert "Warning: the previews of 1 camera cannot be used, so the images were" in warned
    assert "Images read by their previews: 5; as a whole: 3" in printed


def test_shards_of_one_camera_are_read_alike(make: Make, tmp_path: Path, run) -> None:
    """By previews that the jobs trust together; what they keep is what one job would keep."""
    folder = str(Path(make("a", *["good"] * 7)[0]).parent)
    files = [str(tmp_path / f"{number}.parquet") for number in (1, 2, 3)]
    for number, file in enumerate(files[:2], 1):
        code, _, err = run("extract", folder, "-o", file, "--shard", f"{number}/2")
        assert code == 0
        assert f"Images read by their previews: {2 + number}\n" in err
    assert run("extract", folder, "-o", files[2], "-q") == (0, [], "")
    options = ("-n", "3", "-q", "--strategy", "diverse")
    kept = run("select", *files[:2], *options)
    assert kept[0] == 0
    assert kept == run("select", files[2], *options) == run(folder, *options)


def test_shards_of_one_camera_read_in_two_ways_are_refused(make: Make, tmp_path: Path, run) -> None:
    """Where only one job meets the image without a preview; the message says how to go on."""
    folder = str(Path(make("a", *["good"] * 9, "none")[0]).parent)
    files = [str(tmp_path / f"{number}.parquet") for number in (1, 2)]
    for number, file in enumerate(files, 1):
        run("extract", folder, "-o", file, "--shard", f"{number}/2", "-q")
    code, kept, err = run("select", *files, "-n", "3")
    assert (code, kept) == (2, [])
    assert f"are read by their previews in {files[0]}, and whole in {files[1]}; extract" in err
    os.remove(files[0])
    run("extract", folder, "-o", files[0], "--shard", "1/2", "-q", "--decode", "exact")
    assert run("select", *files, "-n", "3", "-q")[0] == 0


def test_cameras_may_be_named(make: Make, capsys) -> None:
    """Their labels count instead of the folders; an image without one is of its folder."""
    paths = [*make("a", *["good"] * 4, "none"), *make("b", *["good"] * 4)]
    options = {"decode": "preview", "show_progress": False}
    sample_diverse(paths, 3, **options)
    assert "Images read by their previews: 4; as a whole: 5" in capsys.readouterr().out
    sample_diverse(paths, 3, camera=[*"xxxxy", *[None] * 4], max_per={"camera": 3}, **options)
    assert "Images read by their previews: 8; as a whole: 1" in capsys.readouterr().out


def test_progress_ends_with_all_images(make: Make) -> None:
    """It goes back where a camera has to be read whole after all, and never beyond the end."""
    paths = [*make("a", *["good"] * 9, "none"), *make("b", *["good"] * 4, "broken"), "/gone.jpg"]
    dones = [done for _, _, done in read_batches(paths, Reading(decode="auto"), True)]
    assert max(dones) == dones[-1] == len(paths)
    assert min(dones) >= 0
    assert len(set(dones)) > 3
