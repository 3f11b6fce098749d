"""Events, intervals and times: as their definitions say, and in all that comes after."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, Signatures, downsample, sample_diverse
from smartdownsample_core.cli import main
from smartdownsample_core.selection._events import cut_events, in_time, spaced
from smartdownsample_core.selection._notation import duration
from smartdownsample_core.selection._times import UNKNOWN, Times, read_times
from tests.core.camera_files import exif, scene, text

_TAKEN = st.lists(st.tuples(st.integers(0, 2), st.none() | st.integers(0, 40)), max_size=25)


def _images(taken: list[tuple[int, int | None]]) -> tuple[np.ndarray, Times]:
    cameras = np.array([camera for camera, _ in taken], np.int64)
    micros = [UNKNOWN if second is None else second * 1_000_000 for _, second in taken]
    return cameras, Times(np.array(micros, np.int64), is_clock=False)


def _table(n: int, seed: int = 0) -> Signatures:
    rng = np.random.default_rng(seed)
    table = Signatures.blank(n, 8)
    table.dhash[:], table.mean_rgb[:] = rng.integers(0, 256, (n, 8)), rng.integers(0, 256, (n, 3))
    table.descriptor[:] = rng.integers(0, 100, table.descriptor.shape)
    table.sharpness[:], table.dark[:], table.bright[:] = 30, 0, 0
    return table


@given(_TAKEN, st.integers(1, 10), st.randoms(use_true_random=False))
def test_events_are_chains_of_images_less_than_the_gap_apart(taken, gap, random) -> None:
    """The same number if and only if a chain of one camera links two; numbered without gaps."""
    order = list(range(len(taken)))
    random.shuffle(order)
    cameras, times = _images(taken)
    events = cut_events(cameras, times, np.array(order, np.int64), gap)
    for row, (camera, second) in enumerate(taken):
        if second is None:
            assert (events.number[row], events.size[row], events.start[row]) == (-1, 0, UNKNOWN)
            continue
        linked = {row}
        seconds = sorted(s for c, s in taken if c == camera and s is not None)
        at = seconds.index(second)
        low = next((i for i in range(at, 0, -1) if seconds[i] - seconds[i - 1] >= gap), 0)
        ends = (i for i in range(at, len(seconds) - 1) if seconds[i + 1] - seconds[i] >= gap)
        high = next(ends, len(seconds) - 1)
        linked = [
            other
            for other, (c, s) in enumerate(taken)
            if c == camera and s is not None and seconds[low] <= s <= seconds[high]
        ]
        assert np.flatnonzero(events.number == events.number[row]).tolist() == linked
        assert events.size[row] == len(linked)
        assert events.start[row] == seconds[low] * 1_000_000
    assert set(events.number.tolist()) - {-1} == set(range(len(events)))


@given(_TAKEN, st.integers(1, 10), st.data())
def test_thinned_images_are_apart_and_as_many_as_possible(taken, interval, data) -> None:
    """No two that stay are too close, unless both are fixed; without fixed ones, the maximum."""
    cameras, times = _images(taken)
    rows = np.arange(len(taken))
    fixed = data.draw(st.sets(st.sampled_from(rows.tolist()))) if taken else set()
    tiers = [np.array(sorted(fixed), np.int64), np.setdiff1d(rows, list(fixed))]
    stays = spaced(cameras, times, rows, interval, tiers)
    for row in rows:
        others = [
            other
            for other in rows
            if other != row
            and stays[other]
            and None not in (taken[row][1], taken[other][1])
            and taken[row][0] == taken[other][0]
            and abs(taken[row][1] - taken[other][1]) < interval
        ]
        if row in fixed or taken[row][1] is None:
            assert stays[row]
        else:  # it stays if and only if nothing that stays is near
            assert stays[row] == (not others)
    if not fixed:
        for camera in range(3):
            seconds = sorted(s for c, s in taken if c == camera and s is not None)
            best, last = 0, -100
            for second in seconds:  # the greedy schedule of unit intervals, which is optimal
                if second - last >= interval:
                    best, last = best + 1, second
            assert stays[(cameras == camera) & times.known].sum() == best


@given(_TAKEN, st.integers(1, 10), st.data())
def test_of_images_too_close_in_time_the_preferred_one_stays(taken, interval, data) -> None:
    """As picking one at a time does: the first tier, then the best; of equals, the earliest."""
    cameras, times = _images(taken)
    n = len(taken)
    tier_of = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    preference = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))
    stays: list[int] = [row for row in range(n) if tier_of[row] == 0]
    timed = [row for row in range(n) if taken[row][1] is not None]
    for row in sorted(timed, key=lambda row: (tier_of[row], -preference[row], taken[row][1], row)):
        if tier_of[row] in (1, 2) and not any(
            taken[other][0] == taken[row][0]
            and taken[other][1] is not None
            and abs(taken[other][1] - taken[row][1]) < interval
            for other in stays
        ):
            stays.append(row)
    tiers = [np.flatnonzero(np.array(tier_of, np.int64) == tier) for tier in range(3)]
    found = spaced(cameras, times, np.arange(n), interval, tiers, np.array(preference))
    assert set(np.flatnonzero(found).tolist()) == {*stays, *(set(range(n)) - set(timed))}


@pytest.mark.parametrize("strategy", ["stride", "diverse", "representative"])
def test_the_best_of_images_taken_soon_after_another_is_kept(strategy: str) -> None:
    """The best of each burst of four; without a preference, the first."""
    n = 24
    best = [1, 7, 10, 12, 19, 22]
    choice = {
        "strategy": strategy,
        "time": [60 * (row // 4) + row % 4 for row in range(n)],
        "camera": ["a"] * n,
        "min_interval": 30,
    }
    kept = downsample(_table(n), np.arange(n), None, choice=Choice(**choice)).indices
    assert kept.tolist() == list(range(0, n, 4))
    prefer = [2.0 if row in best else 1.0 for row in range(n)]
    selection = downsample(_table(n), np.arange(n), None, choice=Choice(**choice, prefer=prefer))
    assert selection.indices.tolist() == best
    fewer = downsample(_table(n), np.arange(n), 3, choice=Choice(**choice, prefer=prefer))
    assert set(fewer.indices.tolist()) <= set(best)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (30, 30), (2.5, 2.5), ("30", 30), ("30s", 30), ("5 min", 300), ("5 minutes", 300),
        ("2h", 7200), ("1.5 Hours", 5400), ("1 day", 86400), (timedelta(minutes=1), 60),
        (np.timedelta64(3, "m"), 180),
    ],
)  # fmt: skip
def test_durations(value: object, seconds: float) -> None:
    """Numbers are seconds; text may have a unit."""
    assert duration("event_gap", value) == seconds


@pytest.mark.parametrize("value", [0, -1, "soon", "5 years", "", float("nan"), True, [5]])
def test_other_durations_are_refused(value: object) -> None:
    """With the forms that are understood."""
    with pytest.raises(ValueError, match="event_gap must be a duration above 0, such as 30"):
        Choice(event_gap=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        [datetime(2024, 5, 1, 12), None, date(2024, 5, 2)],
        ["2024-05-01T12:00:00", "", "2024-05-02"],
        ["2024:05:01 12:00:00", None, "2024:05:02 00:00:00"],
        [datetime(2024, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))), None,
         "2024-05-02T00:00:00Z"],
        np.array(["2024-05-01T12", "NaT", "2024-05-02"], "datetime64[s]"),
        pd.Series(pd.to_datetime(["2024-05-01 12:00", None, "2024-05-02 00:00"])),
        [pd.Timestamp("2024-05-01 12:00"), pd.NaT, pd.Timestamp("2024-05-02")],
    ],
    ids=["datetimes", "iso", "exif", "zones", "numpy", "series", "pandas"],
)  # fmt: skip
def test_times_by_a_clock(values: object) -> None:
    """Dates in the forms in which people have them."""
    times = read_times(values, 3)
    assert times.plain(times.micros) == ["2024-05-01T12:00:00", None, "2024-05-02T00:00:00"]


@pytest.mark.parametrize(
    "values",
    [[1, None, 2.5], ["1", "", "2.5"], np.array([1, np.nan, 2.5]), pd.Series([1, None, 2.5])],
    ids=["list", "texts", "numpy", "series"],
)
def test_times_in_seconds(values: object) -> None:
    """Numbers, such as the time stamps of frames."""
    times = read_times(values, 3)
    assert times.plain(times.micros) == [1.0, None, 2.5]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["monday"], "time must be dates such as 2024-05-31 12:00:00, or numbers of seconds, got"),
        ([1, 2], "time must have a time for each of the 1 images, got 2; use None"),
        ("2024-05-01", "time must have a time for each of the 1 images, got '2024-05-01'"),
        ([1.7e15], "time must be at most 4,000,000,000,000 seconds, got 1.7e"),
    ],
)
def test_what_is_no_time_is_refused(values: object, message: str) -> None:
    """With the value and what would do."""
    with pytest.raises(ValueError, match=message):
        read_times(values, 1)


def test_dates_and_numbers_do_not_mix() -> None:
    """Nobody could say how far apart they are."""
    with pytest.raises(ValueError, match="time has dates and also numbers, such as 5; give all"):
        read_times(["2024-05-01", 5], 2)


def test_without_any_time_events_are_refused() -> None:
    """An error rather than no events."""
    with pytest.raises(ValueError, match="time is missing: no file of the 3 images says when"):
        downsample(_table(3), np.arange(3), 2, choice=Choice(event_gap=60))


@pytest.mark.parametrize("strategy", ["stride", "diverse", "representative"])
def test_kept_images_are_apart(strategy: str) -> None:
    """By at least the interval in each camera; those without a time are counted."""
    seconds = [*range(19), None]
    choice = Choice(
        strategy=strategy,  # type: ignore[arg-type]
        time=seconds,
        camera=["a", "b"] * 10,
        min_interval="4",
        event_gap=3,
    )
    selection = downsample(_table(20), np.arange(20), None, choice=choice)
    assert selection.indices.tolist() == [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 19]
    assert (selection.n_too_soon, selection.n_without_time) == (9, 1)
    assert selection.events is not None
    assert len(selection.events) == 2
    message = (
        "target_count 12 exceeds the 11 images that min_interval allows; shorten min_interval "
        "or lower target_count"
    )
    with pytest.raises(ValueError, match=message):
        downsample(_table(20), np.arange(20), 12, choice=choice)


@pytest.mark.parametrize("name", ["camera", "time"])
def test_what_has_no_effect_is_refused(name: str) -> None:
    """Cameras and times without events or intervals."""
    with pytest.raises(
        ValueError, match=f"{name} has no effect without event_gap, min_interval, max_per or order"
    ):
        Choice(**{name: ["a"]})  # type: ignore[arg-type]


@given(_TAKEN, st.randoms(use_true_random=False))
def test_each_camera_is_in_order_of_time(taken, random) -> None:
    """Every image without a time, and every camera, keeps its places of the natural order."""
    order = list(range(len(taken)))
    random.shuffle(order)
    cameras, times = _images(taken)
    result = in_time(cameras, times, np.array(order, np.int64)).tolist()
    place_of = {row: place for place, row in enumerate(order)}
    assert sorted(result) == sorted(order)
    for row, before in zip(result, order, strict=True):
        assert taken[row][0] == taken[before][0]
        assert (taken[before][1] is None) == (row == before and taken[row][1] is None)
    for camera in range(3):
        rows = [row for row in result if taken[row][0] == camera and taken[row][1] is not None]
        assert rows == sorted(rows, key=lambda row: (taken[row][1], place_of[row]))


def test_a_stride_follows_the_order_of_time() -> None:
    """Of images whose names say nothing of it; all are in one bucket here."""
    table = _table(8)
    table.dhash[:], table.ahash[:], table.mean_rgb[:] = 0, 0, 9
    seconds = [7, 0, 6, 1, 5, 2, 4, 3]
    choice = Choice(strategy="stride", order="time", time=seconds)
    selection = downsample(table, np.arange(8), 4, choice=choice)
    kept = sorted(seconds[row] for row in selection.indices.tolist())
    assert np.diff(kept).tolist() == [2, 2, 2]
    assert [seconds[row] for row in selection.order.tolist()] == list(range(8))


def test_an_order_of_time_needs_times() -> None:
    with pytest.raises(ValueError, match="time is missing"):
        downsample(_table(3), np.arange(3), 1, choice=Choice(order="time"))


def test_folders_are_ordered_by_the_times_in_their_files(tmp_path: Path) -> None:
    """From a folder, the command line and shards keep the same as the function."""
    for number, second in enumerate([8, 1, 7, 2, 6, 3, 5, 4, 0]):
        folder = tmp_path / "images" / f"cam{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        taken = text(f"2024:05:01 12:00:{second:02}")
        scene(64, 48, seed=1).save(folder / f"{number}.png", exif=exif(photo={0x9003: taken}))
    paths = sorted(map(str, (tmp_path / "images").rglob("*.png")))
    kept = sample_diverse(paths, 4, show_progress=False, show_summary=False, order="time")
    by_path = sample_diverse(paths, 4, show_progress=False, show_summary=False)
    assert kept != by_path
    shard, lists = tmp_path / "s.parquet", [tmp_path / "a.txt", tmp_path / "b.txt"]
    assert main(["extract", *paths, "-o", str(shard), "-q", "--decode", "exact"]) == 0
    options = ["-n", "4", "--strategy", "stride", "--order", "time", "-q", "-o"]
    assert main(["select", str(shard), *options, str(lists[0])]) == 0
    assert main([*paths, "--decode", "exact", *options, str(lists[1])]) == 0
    assert [one.read_text().split() for one in lists] == [kept, kept]


def test_folders_are_cameras(burst_paths: list[str]) -> None:
    """The function fills in the folders of the paths."""
    seconds = list(range(len(burst_paths)))
    kept = sample_diverse(
        burst_paths, show_progress=False, show_summary=False, time=seconds, min_interval=10**6
    )
    assert len(kept) == len({str(Path(path).parent) for path in burst_paths})


def test_events_on_the_command_line(burst_paths: list[str], tmp_path: Path) -> None:
    """Tables of times and cameras; the events of what is kept are columns of the list."""
    times, cameras, kept = (tmp_path / f"{name}.csv" for name in ("times", "cameras", "kept"))
    start = datetime(2024, 5, 1)
    rows = [(path, start + timedelta(minutes=row)) for row, path in enumerate(burst_paths)]
    times.write_text("\n".join(f'"{path}",{time}' for path, time in rows))
    cameras.write_text("\n".join(f'"{path}",cam{row % 2}' for row, path in enumerate(burst_paths)))
    options = ["--time", str(times), "--camera", str(cameras), "--event-gap", "3min"]
    options.append("--no-processes")
    assert main([*burst_paths, "-n", "5", "-q", "-o", str(kept), *options]) == 0
    found = list(csv.DictReader(kept.open()))
    sizes = {0: (len(rows) + 1) // 2, 1: len(rows) // 2}
    for row in found:
        camera = burst_paths.index(row["path"]) % 2
        expected = (start + timedelta(minutes=camera)).isoformat()
        assert (row["event"], row["event_start"]) == (str(camera + 1), expected)
        assert int(row["event_size"]) == sizes[camera]
