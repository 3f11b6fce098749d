"""Splits such as train, val and test: nothing that belongs together is divided."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import smartdownsample_core as core
from smartdownsample_core.errors import ParameterError
from smartdownsample_core.report import split_summary, split_warnings
from smartdownsample_core.selection import SplitSettings, split_images
from smartdownsample_core.selection._assignment import assign_splits, leaks_at_random
from smartdownsample_core.selection._components import (
    components,
    joined,
    linked,
    sharing_labels,
)
from smartdownsample_core.signatures import LARGEST_DISTANCE

_Rows = NDArray[np.int64]

_GROUPS = st.lists(st.integers(0, 12), min_size=1, max_size=80).map(np.array)
_SHARES = st.lists(st.integers(1, 20), min_size=2, max_size=5).map(lambda s: np.array(s) / sum(s))


@given(st.data())
def test_splits_divide_no_group_and_miss_no_share_by_more_than_the_largest(
    data: st.DataObject,
) -> None:
    """Every image is in one split, groups are whole, and a seed always gives the same."""
    groups, shares = data.draw(_GROUPS), data.draw(_SHARES)
    labels = st.lists(st.integers(0, 5), min_size=len(groups), max_size=len(groups)).map(np.array)
    strata = data.draw(st.none() | labels)
    splits = assign_splits(groups, shares, strata, random_seed=7)
    assert ((splits >= 0) & (splits < len(shares))).all()
    assert all(len(set(splits[groups == group])) == 1 for group in groups)
    sizes, largest = np.bincount(splits, minlength=len(shares)), np.bincount(groups).max()
    assert (np.abs(sizes - shares * len(groups)) <= largest + 1e-6).all()
    assert (assign_splits(groups, shares, strata, random_seed=7) == splits).all()


@given(_GROUPS, _SHARES, st.integers(0, 2**32))
def test_single_images_are_split_by_their_shares_exactly(
    groups: _Rows, shares: NDArray[np.float64], seed: int
) -> None:
    """Without groups, no split is farther than one image from its share."""
    splits = assign_splits(np.arange(len(groups)), shares, None, seed)
    sizes = np.bincount(splits, minlength=len(shares))
    assert (np.abs(sizes - shares * len(groups)) <= 1 + 1e-6).all()


def test_labels_have_their_share_in_each_split() -> None:
    """Of a label, no split is farther from its share than the largest group of the label."""
    random = np.random.default_rng(1)
    sizes = random.integers(1, 6, 600)
    groups, kind = np.repeat(np.arange(600), sizes), random.choice(4, 600, p=[0.7, 0.2, 0.08, 0.02])
    strata, shares = kind[groups], np.array([0.8, 0.1, 0.1])
    splits = assign_splits(groups, shares, strata)
    for label in range(4):
        there = splits[strata == label]
        assert (np.abs(np.bincount(there, minlength=3) - shares * len(there)) <= 5).all()


def test_another_seed_gives_another_split() -> None:
    groups, shares = np.arange(40), np.array([0.5, 0.5])
    assert (assign_splits(groups, shares) != assign_splits(groups, shares, random_seed=1)).any()


def test_each_split_has_a_group_if_that_is_possible() -> None:
    """Three groups of one size are one each, although half of them would be closer to 0.8."""
    splits = assign_splits(np.arange(3), np.array([0.5, 0.25, 0.25]))
    assert sorted(splits) == [0, 1, 2]
    assert sorted(assign_splits(np.repeat([0, 1], 50), np.array([0.9, 0.1]))[[0, 99]]) == [0, 1]


@given(st.integers(1, 30), st.data())
def test_components_are_those_of_a_search(n: int, data: st.DataObject) -> None:
    nodes = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(nodes, nodes), max_size=60))
    pairs = np.array(edges, np.int64).reshape(-1, 2)
    found = components(n, pairs[:, 0], pairs[:, 1]).tolist()
    expected = list(range(n))
    for _ in range(n):
        for one, other in edges:
            expected[one] = expected[other] = min(expected[one], expected[other])
    assert found == expected


@given(st.data())
def test_joined_groups_are_divided_by_no_grouping(data: st.DataObject) -> None:
    """And two images are in one group only if a chain of groups leads from one to the other."""
    n = data.draw(st.integers(0, 30))
    grouping = st.lists(st.integers(-1, 9), min_size=n, max_size=n).map(
        lambda numbers: np.array(numbers, np.int64)
    )
    groupings = data.draw(st.lists(grouping, max_size=3))
    found = joined(groupings, n)
    edges = [np.nonzero((one[:, None] == one) & (one >= 0)) for one in groupings]
    one, other = np.concatenate([*edges, np.empty((2, 0), np.int64)], axis=1).astype(np.int64)
    roots = components(n, one, other)
    assert ((found[:, None] == found) == (roots[:, None] == roots)).all()


def _same_groups(one: _Rows, other: _Rows) -> bool:
    return bool(((one[:, None] == one) == (other[:, None] == other)).all())


def _is_linked(points: _Rows, squared_radius: int) -> _Rows:
    """The groups by all pairs."""
    table = points.astype(float)  # whole numbers: exact
    lengths = (table**2).sum(axis=1)
    far = lengths[:, None] + lengths - 2 * table @ table.T
    return components(len(points), *np.nonzero(far <= squared_radius))


@pytest.mark.parametrize("n", [0, 1, 5, 700, 1200, 5000])
def test_linked_points_are_all_those_within_the_radius(n: int) -> None:
    """Within blocks of a matrix product and between them."""
    random = np.random.default_rng(n)
    points = random.integers(0, 110, (n + 3, 2)).astype(np.uint8)
    rows = random.permutation(n + 3)[:n]
    found = linked(points, rows, 2)
    assert set(np.flatnonzero(found < 0)) == set(range(n + 3)) - set(rows)
    assert _same_groups(found[rows], _is_linked(points[rows], 2))


@given(st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=1, max_size=60), st.integers(0, 40))
def test_any_points_are_linked_as_all_pairs_say(
    points: list[tuple[int, int, int]], squared_radius: int
) -> None:
    table = np.array(points, np.uint8)
    found = linked(table, np.arange(len(table)), squared_radius)
    assert _same_groups(found, _is_linked(table, squared_radius))


@given(st.integers(0, 2**32), st.sampled_from([0.3, 0.6, 1.0, 1.5]), st.integers(1, 40))
@settings(max_examples=15)
def test_dense_points_are_linked_as_all_pairs_say(seed: int, spread: float, copies: int) -> None:
    """Also where hardly any pair of groups can be told apart by the triangle inequality."""
    random = np.random.default_rng(seed)
    centers = random.normal(0, spread, (1200 // copies, 16))
    points = np.repeat(centers, copies, axis=0) + random.normal(0, 0.1, (len(centers) * copies, 16))
    table = np.clip(np.rint(128 + 5 * points), 0, 255).astype(np.uint8)
    assert _same_groups(linked(table, np.arange(len(table)), 400), _is_linked(table, 400))


def test_leaks_at_random_are_those_of_random_splits() -> None:
    """The mean of many random splits, with the nearest other image of a group as its next one."""
    groups, shares = np.repeat([0, 1, 2, 3], [1, 2, 3, 4]), np.array([0.5, 0.3, 0.2])
    random = np.random.default_rng(0)
    mate = np.array([0, 2, 1, 4, 5, 4, 7, 8, 9, 8])  # its own one, for the image without others
    splits = random.choice(3, (40_000, len(groups)), p=shares)
    leaked = (splits != splits[:, mate]).sum(axis=1).mean()
    found = leaks_at_random(groups, shares).images
    assert leaked == pytest.approx(found, rel=0.02)
    assert len(str(found)) < 10  # no digits of rounding errors


def _distances(table: core.Signatures) -> NDArray[np.float64]:
    points = table.descriptor.astype(np.float64)
    return np.sqrt(((points[:, None] - points) ** 2).sum(axis=2)) * 100 / LARGEST_DISTANCE


def test_near_duplicates_are_in_one_split(burst_paths: list[str]) -> None:
    """No image is within the distance of one in another split, and its camera may be."""
    found = core.split(burst_paths, show_progress=False, show_summary=False)
    distances = _distances(core.extract(burst_paths, decode="auto"))
    elsewhere = found.number[:, None] != found.number
    assert (distances[elsewhere] > 10).all()
    assert found.counts.sum() == len(burst_paths)
    assert sorted(found.rows("test")) == [
        row for row, name in enumerate(found.assigned) if name == "test"
    ]


def test_whole_cameras_are_in_one_split(burst_paths: list[str]) -> None:
    """By default the folders; images without a label are of no camera."""
    options = {"show_progress": False, "show_summary": False, "duplicate_distance": 0}
    options["event_gap"] = 0
    found = core.split(burst_paths, "a=1, b=1", whole_cameras=True, **options)
    by_folder = {(str(Path(p).parent), s) for p, s in zip(burst_paths, found.assigned, strict=True)}
    assert len(by_folder) == len({folder for folder, _ in by_folder})
    camera = [None] * 50 + ["x"] * 10
    found = core.split(burst_paths, {"a": 1, "b": 1}, whole_cameras=True, camera=camera, **options)
    assert len(set(found.assigned[50:])) == 1
    assert len(set(found.assigned[:50])) == 2


def test_events_are_in_one_split(burst_paths: list[str]) -> None:
    """Of one camera; with a gap of 0, there are none."""
    options = {"show_progress": False, "show_summary": False, "duplicate_distance": 0}
    time = [600 * (row // 5) + row % 5 for row in range(60)]
    found = core.split(burst_paths, time=time, camera=["x"] * 60, **options)
    assert found.n_events == 12
    assert all(len(set(found.assigned[row : row + 5])) == 1 for row in range(0, 60, 5))
    none = core.split(burst_paths, time=time, event_gap=0, **options)
    assert none.n_events is None
    assert len(none.sizes) == 60


def test_images_that_share_a_label_are_in_one_split(burst_paths: list[str]) -> None:
    """Also those of several labels; images without one are free."""
    labels = [*["a"] * 5, ["a", "b"], *["b"] * 5, *[None] * 39, *[("c",)] * 5, *["d"] * 5]
    options = {"duplicate_distance": 0, "event_gap": 0, "show_progress": False}
    found = core.split(burst_paths, "x=1, y=1", group_by=labels, show_summary=False, **options)
    assert len(set(found.group[:11])) == len(set(found.group[50:55])) == 1
    assert len(found.sizes) == 1 + 39 + 2
    assert found.sizes.max() == 11
    folders = core.split(burst_paths, group_by="folder", show_summary=False, **options)
    assert len(folders.sizes) == len({Path(path).parent for path in burst_paths})


@given(st.lists(st.none() | st.sampled_from("abcd") | st.lists(st.sampled_from("abcdef"))))
def test_shared_labels_are_those_of_a_search(labels: list[str | list[str] | None]) -> None:
    """Any two images with a common label, and chains of them."""
    own = [set(one or ()) for one in labels]
    pairs = [(a, b) for a in range(len(own)) for b in range(len(own)) if own[a] & own[b]]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    expected = components(len(own), table[:, 0], table[:, 1])
    found, has = sharing_labels(labels), np.array([bool(one) for one in own], bool)
    assert ((found >= 0) == has).all()
    assert _same_groups(found[has], expected[has])


def test_labels_are_stratified(burst_paths: list[str]) -> None:
    labels = ["rare"] * 10 + ["common"] * 50
    found = core.split(
        burst_paths,
        duplicate_distance=0,
        event_gap=0,
        stratify_by=labels,
        show_progress=False,
        show_summary=False,
    )
    assert found.strata is not None
    assert found.strata.names == ["common", "rare"]
    assert found.table().tolist() == [[40, 5, 5], [8, 1, 1]]


def test_unreadable_files_are_in_no_split(burst_paths: list[str], tmp_path: Path, capsys) -> None:
    """If skipped; they are named."""
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    paths = [*burst_paths, str(broken)]
    with pytest.raises(OSError, match=r"broken\.jpg"):
        core.split(paths, show_progress=False)
    found = core.split(paths, image_loading_errors="skip", show_progress=False)
    assert found.assigned[-1] is None
    assert found.number[-1] == found.group[-1] == -1
    out, err = capsys.readouterr()
    assert "1 image(s) could not be loaded" in err
    assert "60 images in" in out


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shares": "train=1"}, "shares must be at least two splits"),
        ({"shares": {"train": 1, "test": 0}}, "shares must be at least two splits"),
        ({"duplicate_distance": 101}, "duplicate_distance must be"),
        ({"event_gap": "soon"}, "event_gap must be a duration"),
        ({"event_gap": False}, "event_gap must be a duration"),
        ({"stratify_by": ["a"]}, "stratify_by must have a label for each"),
        ({"camera": ["a"]}, "camera must have a label for each"),
        ({"random_seed": -1}, "random_seed must be"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused_before_reading(options: dict[str, object], text: str) -> None:
    """Each with its value and its bounds, although no file is there."""
    with pytest.raises(ParameterError, match=text):
        core.split(["a.jpg", "b.jpg"], show_progress=False, **options)


def test_no_images_are_refused() -> None:
    with pytest.raises(ParameterError, match="image_paths has no paths; list the files"):
        core.split([])


def test_warnings_name_splits_that_groups_leave_empty_or_small(
    burst_paths: list[str],
) -> None:
    table = core.extract(burst_paths)
    table.taken[:] = np.datetime64("NaT")
    order = core.natural_order(burst_paths)
    one = split_images(table, order, SplitSettings(duplicate_distance=100))
    texts = [str(message) for message in split_warnings(one)]
    assert "no image says when it was taken" in texts[0]
    assert "no image is in val, test" in texts[1]
    assert "the largest of the 1 has 60 images" in texts[1]
    assert "stratify_by" not in texts[1]
    settings = SplitSettings(duplicate_distance=100, stratify_by=["label"] * len(table))
    texts = [str(message) for message in split_warnings(split_images(table, order, settings))]
    assert "without stratify_by only sizes count" in texts[1]
    even = split_images(table, order, SplitSettings(duplicate_distance=0))
    assert not list(split_warnings(even, wants_events=False))
    assert "60 images in 1 group, none" in split_summary(one)


def _table(lines: list[str]) -> dict[str, str]:
    return {row["path"]: row["split"] for row in csv.DictReader(lines)}


def test_the_command_writes_a_table(tree: list[str], run) -> None:
    """To standard output or a new .csv, of all images; what it says goes to standard error."""
    code, out, err = run("split", "photos", "--duplicate-distance", "0", "--shares", "a=3, b=1")
    assert code == 0
    table = _table(out)
    assert sorted(table) == sorted(tree)
    assert set(table.values()) == {"a", "b"}
    assert f"{len(tree)} images in" in err
    assert run("split", "photos", "-o", "said.csv")[2].endswith("Wrote said.csv\n")
    assert run("split", "photos", "-q", "-o", "splits.csv")[:2] == (0, [])
    assert sorted(_table(Path("splits.csv").read_text().splitlines())) == sorted(tree)
    assert run("split", "photos", "-o", "splits.csv")[0] == 2


def test_events_of_whole_cameras_need_no_times(tree: list[str], run) -> None:
    """A warning asks for times, or for whole cameras; not for these where they are."""
    assert "or keep each folder whole with --whole-cameras" in run("split", "photos", "-q")[2]
    assert "no image says when" not in run("split", "photos", "-q", "--whole-cameras")[2]


def test_signatures_are_split_as_their_images(tree: list[str], run) -> None:
    """Those of several shards; images beside them, or shards without descriptors, are refused."""
    for part in ("1", "2"):
        run("extract", "photos", "-q", "-o", f"{part}.parquet", "--shard", f"{part}/2")
    settings = ("--duplicate-distance", "1", "--stratify-by", "folder", "-q")
    expected = run("split", "photos", *settings)
    assert expected[0] == 0
    assert run("split", "1.parquet", "2.parquet", *settings) == expected
    assert "name either signatures or images" in run("split", "1.parquet", "photos")[2]
    assert run("split", "1.parquet")[0] == 2  # the other part is missing
    run("extract", "photos", "-q", "-o", "bare.parquet", "--no-descriptors")
    code, _, err = run("split", "bare.parquet")
    assert code == 2
    assert "extract without it" in err


def test_the_command_reads_tables_of_labels_cameras_and_times(tree: list[str], run) -> None:
    Path("cameras.csv").write_text("".join(f"{path},{row % 2}\n" for row, path in enumerate(tree)))
    Path("times.csv").write_text("".join(f"{path},{row * 1000}\n" for row, path in enumerate(tree)))
    code, out, err = run(
        *("split", "photos", "--camera", "cameras.csv", "--time", "times.csv", "--whole-cameras"),
        *("--stratify-by", "folder", "--shares", "a=1,b=1", "--duplicate-distance", "0"),
    )
    assert code == 0
    table = _table(out)
    assert {table[path] for path in tree[::2]} ^ {table[path] for path in tree[1::2]} == {"a", "b"}
    assert "Images of each label in a, b:" in err


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--shares", "a=1"], "--shares must be"),
        (["--duplicate-distance", "101"], "--duplicate-distance must be"),
        (["--event-gap", "soon"], "--event-gap must be"),
        (["-o", "a.txt"], "--output must be a .csv file path"),
    ],
    ids=str,
)
def test_the_command_refuses_what_it_cannot_do(
    tree: list[str], run, options: list[str], text: str
) -> None:
    code, out, err = run("split", "photos", *options)
    assert (code, out) == (2, [])
    assert text in err
