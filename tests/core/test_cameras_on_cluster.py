"""Activity, events and caps on a Dask cluster: by camera, as one machine has them."""

from __future__ import annotations

import json
import re
from collections import Counter
from csv import DictReader
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, Selection, Signatures, downsample, natural_order
from smartdownsample_core.cli._main import main
from smartdownsample_core.report import kept_of
from smartdownsample_core.selection import mark_standing
from smartdownsample_core.shards import ClusterShards, Origin, Shards, write_shard
from smartdownsample_core.shards._parts import Checked, parts_of_cameras
from smartdownsample_core.signatures import describe
from tests.cluster import Cluster
from tests.core.test_standing import film, scene

_SIZES = {"still0": 60, "still1": 45, "still2": 30, "moving": 40}
_N_GOOD = sum(_SIZES.values()) - 2 * len(_SIZES)  # one of each is broken, one damaged
_VISITS: dict[str, dict[int, int]] = {
    "still0": {9: 3, 10: 5, 40: 20},
    "still1": {22: 12},
    "still2": {},
}
_START = np.datetime64("2026-05-31T23:50:00", "us")
_GAP, _INTERVAL = 90, 45  # seconds
_TAKEN = {
    name: _START
    + np.cumsum(np.random.default_rng(n).choice([10, 20, 100, 300], n)) * np.timedelta64(1, "s")
    for name, n in _SIZES.items()
}


def _table() -> tuple[list[str], Signatures]:
    """Three standing cameras and a moving one; some damaged, blank and broken, one without time."""
    paths, tables = [], []
    for number, (name, n) in enumerate(_SIZES.items()):
        rng = np.random.default_rng(number)
        if name == "moving":
            grey = rng.integers(0, 256, (n // 4, 32, 32), np.uint8).repeat(4, axis=0)
        else:
            grey = film(scene(number), n, _VISITS[name], number)
        table = Signatures.blank(n, 8)
        table.add_grey()
        assert table.grey is not None
        table.grey[:] = grey.reshape(n, -1)
        table.descriptor[:] = describe(np.repeat(grey[:, None], 3, axis=1))
        table.dhash[:] = rng.integers(0, 256, (n, 8))
        table.mean_rgb[:] = grey.mean(axis=(1, 2))[:, None] + rng.uniform(-40, 40, (n, 3))
        np.clip(table.mean_rgb, 0, 255, out=table.mean_rgb)
        table.sharpness[:], table.dark[:], table.bright[:] = 9, 0, 0
        table.dark[5] = 1  # blank
        table.damaged[7] = True
        table.taken[:] = _TAKEN[name]
        table.taken[11] = np.datetime64("NaT")
        table.mean_rgb[3] = np.nan
        table.unreadable[3] = FileNotFoundError("File not found: 3.jpg")
        tables.append(table)
        paths += [f"/data/{name}/IMG_{row:04d}.JPG" for row in range(n)]
    together = Signatures.blank(len(paths), 8)
    ends = np.cumsum([0, *map(len, tables)])
    for first, table in zip(ends, tables, strict=False):
        together.put(np.arange(first, first + len(table)), table)
    return paths, together


def _written(folder: Path, by_camera: bool, timeless: bool = False) -> list[str]:
    """Writes four shards, of a camera each, or with every fourth image."""
    paths, table = _table()
    if timeless:
        table.taken[:] = np.datetime64("NaT")
    rows = np.arange(len(paths))
    shards = [rows[number::4] for number in range(4)]
    if by_camera:
        shards = np.split(rows, np.cumsum([*_SIZES.values()])[:-1])
    files = []
    for number, some in enumerate(shards):
        n = len(some)
        origin = Origin(8, "exact", True, str(number), n, 1, 1, "/data", "0", grey=True)
        stats = (np.full(n, 9), np.arange(n))
        # Groups of rows with images of two cameras.
        cuts = np.split(np.arange(n), np.arange(25, n, 25))
        batches = ((places, table.take(some[places])) for places in cuts)
        file = folder / f"{number}.parquet"
        write_shard(file, origin, [paths[row] for row in some], stats, batches)
        files.append(str(file))
    return files


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return _written(tmp_path_factory.mktemp("cameras"), by_camera=True)


@pytest.fixture(scope="module")
def dealt(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every camera is in every shard."""
    return _written(tmp_path_factory.mktemp("dealt"), by_camera=False)


def _exact(files: list[str], target: int | None, choice: Choice) -> tuple[Selection, list[str]]:
    shards = Shards([Path(file) for file in files])
    paths = shards.paths()
    table = shards.signatures(True, True)
    order = natural_order(paths)
    choice = choice.for_paths(paths)
    if choice.finds_standing:
        cameras = choice.camera if choice.fixed_cameras == "all" else None
        mark_standing(table, order, cameras)  # type: ignore[arg-type]
    return downsample(table, order, target, choice=choice), paths


def _ranked(selection: Selection, paths: list[str]) -> list[str]:
    assert selection.ranking is not None
    return [paths[row] for row in selection.ranking]


_CHOICES: dict[str, dict[str, Any]] = {
    "standing": {"fixed_cameras": "auto"},
    "all standing": {"fixed_cameras": "all", "cover": "nothing"},
    "quiet": {"fixed_cameras": "auto", "leave_out_quiet": 0.02, "cover": "bucket"},
    "events": {"event_gap": _GAP, "max_per_event": 2},
    "standing events": {"fixed_cameras": "auto", "event_gap": _GAP, "max_per_event": 1},
    "interval": {"min_interval": _INTERVAL, "cover": "nothing"},
    "caps": {"event_gap": _GAP, "max_per": "event=2,camera=12", "order": "time"},
    "days": {"max_per": "camera+day=5", "leave_out_junk": True, "exclude": "daynight=day"},
    "pattern": {"min_interval": _INTERVAL, "camera": r"/(?P<camera>[a-z]+)[0-9]*/IMG"},
}


@pytest.mark.parametrize("settings", _CHOICES.values(), ids=_CHOICES)
def test_one_part_gives_the_exact_answer(
    shards: list[str], cluster: Cluster, settings: dict[str, Any]
) -> None:
    choice = Choice(strategy="diverse", **settings)
    exact = _exact(shards, 15, choice)
    with ClusterShards(shards, cluster.client) as there:
        selection, paths = there.select(15, choice=choice)
    assert _ranked(selection, paths) == _ranked(*exact)
    assert selection.n_without_time == exact[0].n_without_time


@pytest.mark.parametrize("layout", ["shards", "dealt"])
@pytest.mark.parametrize("settings", _CHOICES.values(), ids=_CHOICES)
def test_parts_of_cameras_respect_limits_exactly(
    layout: str, cluster: Cluster, settings: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    """As many images can be kept as on one machine, and the same ones are excluded."""
    files = request.getfixturevalue(layout)
    choice = Choice(strategy="diverse", **settings)
    exact, all_paths = _exact(files, 15, choice)
    assert exact.tiers is not None
    with ClusterShards(files, cluster.client) as there:
        selection, paths = there.select(15, choice=choice, rows_at_a_time=50)
        few = _ranked(selection, paths)
        most = int((exact.tiers == 0).sum())
        if exact.caps or most < _N_GOOD:
            left = r"exceeds the ([0-9]+) images that the caps and what is excluded leave"
            with pytest.raises(ValueError, match=left) as refused:
                there.select(_N_GOOD, choice=choice, rows_at_a_time=50)
            found = re.search(left, str(refused.value))
            assert found is not None
            most = int(found[1])
        kept = _ranked(*there.select(most, choice=choice, rows_at_a_time=50))
    assert len(set(few)) == 15
    assert len(set(kept)) == len(kept) == most
    row_of = {path: row for row, path in enumerate(all_paths)}
    rows = np.array([row_of[path] for path in kept])
    assert (exact.tiers[rows] == 0).all()
    if not exact.caps:
        assert set(rows.tolist()) == set(np.flatnonzero(exact.tiers == 0).tolist())
    for cap in exact.caps:
        counts = np.bincount(cap.number_of[rows], minlength=len(cap.most))
        assert (counts <= cap.most).all(), cap.name
    if len(exact.caps) == 1:
        (cap,) = exact.caps
        sizes = np.bincount(cap.number_of[exact.tiers == 0], minlength=len(cap.most))
        assert most == int(np.minimum(sizes, cap.most).sum())
    if choice.interval is not None:
        camera = np.array([path.split("/")[2][: 5 if choice.camera else None] for path in kept])
        taken = _table()[1].taken
        times = dict(zip(_table()[0], taken, strict=True))
        of_kept = np.array([times[path] for path in kept])
        for one in set(camera.tolist()):
            known = np.sort(of_kept[(camera == one) & ~np.isnat(of_kept)])
            assert (np.diff(known) >= np.timedelta64(_INTERVAL, "s")).all()


def test_visits_to_standing_cameras_are_found_in_parts(
    shards: list[str], cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default on the command line, as the shards have thumbnails; and not with 'none'."""
    output = tmp_path / "kept.json"
    command = ["select", *shards, "--scheduler", cluster.address, "-n", "8"]
    command += ["--on-error", "skip", "--cover", "camera"]
    assert main([*command, "-o", str(output)]) == 0
    document = json.loads(output.read_text())
    kept = {one["path"] for one in document["kept"]}
    visits = {f"/data/{name}/IMG_{frame:04d}.JPG" for name, of in _VISITS.items() for frame in of}
    assert len(visits & kept) >= 3
    said = capsys.readouterr().err
    assert "not looked for" not in said
    assert document["settings"]["fixed_cameras"] == "auto"
    here = ["select", *shards, "-n", "8", "--on-error", "skip", "-o", str(tmp_path / "here.json")]
    assert main(here) == 0
    line = re.compile("3 standing cameras with .*")
    assert line.findall(said) == line.findall(capsys.readouterr().err) != []


@pytest.mark.parametrize("layout", ["shards", "dealt"])
@pytest.mark.parametrize("name", ["events", "standing events", "caps", "pattern"])
def test_events_are_those_of_one_machine(
    layout: str, name: str, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    """Also where shards hold some images of every camera, and where a part has several."""
    files = request.getfixturevalue(layout)
    choice = Choice(strategy="diverse", **{"event_gap": _GAP, **_CHOICES[name]})
    exact, all_paths = _exact(files, 15, choice)
    events = exact.events
    assert events is not None
    starts = events.times.plain(events.start)
    of_all = zip(events.number.tolist(), starts, events.size.tolist(), strict=True)
    expected = dict(zip(all_paths, of_all, strict=True))
    columns = list(kept_of(all_paths, exact)[0])
    with ClusterShards(files, cluster.client) as there:
        for rows_at_a_time in (30, 80, 999):
            selection, paths = there.select(15, choice=choice, rows_at_a_time=rows_at_a_time)
            kept = kept_of(paths, selection)
            assert len(kept) == 15
            for one in kept:
                number, start, size = expected[str(one["path"])]
                assert list(one) == columns
                assert one["event"] == (None if number < 0 else number + 1)
                assert (one["event_start"], one["event_size"]) == (start, size)
            assert selection.events is not None
            assert len(selection.events) == len(events)
            assert selection.events.number[15:].tolist() == [-1] * len(_SIZES)  # unreadable


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_lists_have_the_columns_of_one_machine(
    ending: str, dealt: list[str], cluster: Cluster, tmp_path: Path
) -> None:
    command = ["select", *dealt, "-n", "9", "--event-gap", str(_GAP), "--max-per-event", "1"]
    command += ["-q", "--on-error", "skip"]
    here, there = tmp_path / f"here.{ending}", tmp_path / f"there.{ending}"
    assert main([*command, "-o", str(here)]) == 0
    assert main([*command, "--scheduler", cluster.address, "-o", str(there)]) == 0
    columns = ["path", "bucket", "bucket_name", "rank", "event", "event_start", "event_size"]
    for file in (here, there):
        text = file.read_text()
        found = json.loads(text)["kept"] if ending == "json" else list(DictReader(StringIO(text)))
        assert list(found[0]) == columns
        assert len({one["event"] for one in found if one["event"]}) >= 8


def test_parts_without_times_have_no_events(cluster: Cluster, tmp_path: Path) -> None:
    """They are counted; only if no image has a time, events are refused."""
    with_times = _written(tmp_path, by_camera=True)[:2]
    (tmp_path / "other").mkdir()
    without = _written(tmp_path / "other", by_camera=True, timeless=True)[2:]
    choice = Choice(strategy="diverse", event_gap=_GAP, max_per_event=1, camera="folder")
    with ClusterShards([*with_times, *without], cluster.client) as there:
        selection, paths = there.select(9, choice=choice, rows_at_a_time=50)
    n_timeless = _SIZES["still2"] + _SIZES["moving"] - 2
    assert selection.n_without_time == n_timeless + 2
    exact, all_paths = _exact([*with_times, *without], None, choice)
    assert exact.events is not None
    assert selection.events is not None
    assert len(selection.events) == len(exact.events)
    number = dict(zip(all_paths, exact.events.number.tolist(), strict=True))
    assert selection.events.number[:9].tolist() == [number[path] for path in paths[:9]]
    with (
        ClusterShards(without, cluster.client) as there,
        pytest.raises(ValueError, match="time is missing: no file of the 70 images says when"),
    ):
        there.select(9, choice=choice)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_per": "day=3"}, "max_per of 'day' does not go with scheduler: cameras are counted"),
        ({"max_per": "bucket=3"}, "such as camera+day"),
        ({"keep": [3]}, "keep does not go with scheduler; omit one of them"),
        ({"stratify_by": "camera"}, "stratify_by does not go with scheduler"),
        ({"features": np.ones((175, 3))}, "features does not go with scheduler"),
        ({"camera": ["a"] * 175, "min_interval": 5}, "use 'folder' or a pattern such as"),
        ({"exclude": "label=fox", "stratify_by": ["fox"] * 175}, "does not go with scheduler"),
        ({"exclude": "event=1", "event_gap": 9}, "exclude of 'event' does not go with scheduler"),
    ],
)
def test_what_needs_all_images_is_refused(
    shards: list[str], cluster: Cluster, settings: dict[str, Any], message: str
) -> None:
    choice = Choice(strategy="diverse", **settings)
    with (
        ClusterShards(shards, cluster.client) as there,
        pytest.raises(ValueError, match=re.escape(message)),
    ):
        there.select(9, choice=choice)


def test_standing_cameras_need_thumbnails(cluster: Cluster, tmp_path: Path) -> None:
    table = _table()[1].take(np.arange(30))
    table.drop_grey()
    paths = _table()[0][:30]
    origin = Origin(8, "exact", True, "", 30, 1, 1, "/data", "0")
    file = tmp_path / "plain.parquet"
    stats = (np.full(30, 9), np.arange(30))
    write_shard(file, origin, paths, stats, [(np.arange(30), table)])
    with (
        ClusterShards([str(file)], cluster.client) as there,
        pytest.raises(ValueError, match="fixed_cameras needs thumbnails"),
    ):
        there.select(9, choice=Choice(strategy="diverse", fixed_cameras="auto"))


@given(
    st.lists(
        st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50)), max_size=5),
        max_size=6,
    ),
    st.integers(1, 99),
)
def test_parts_hold_every_camera_once(shards: list[list[dict[str | None, int]]], most: int) -> None:
    """None has too many images unless it is a single camera, and each has all groups of its own."""
    origin = Origin(8, "exact", True, "", 1, 1, 1, "/", "0")
    checked = [
        Checked(str(number), b"", origin, (), 0, None, frozenset()) for number in range(len(shards))
    ]
    parts = parts_of_cameras(checked, shards, most)
    sizes: Counter[str | None] = Counter()
    for group in (group for of in shards for group in of):
        sizes.update(group)
    assert sorted(str(one) for part in parts for one in part.cameras or ()) == sorted(
        map(str, sizes)
    )
    for part in parts:
        assert part.cameras is not None
        assert part.size == sum(sizes[camera] for camera in part.cameras)
        assert part.size <= most or len(part.cameras) == 1
        groups = {(file, number) for file, _, numbers in part.pieces for number in numbers}
        assert groups == {
            (str(file), number)
            for file, of in enumerate(shards)
            for number, group in enumerate(of)
            if not part.cameras.isdisjoint(group)
        }
