"""Natural, hierarchical order."""

from __future__ import annotations

import sys
from pathlib import PurePath
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from natsort import index_natsorted

from smartdownsample_core import natural_order

_PART = st.text(alphabet="ab12 _.", min_size=1, max_size=4).filter(lambda part: set(part) - {"."})
_PATHS = st.lists(st.lists(_PART, min_size=1, max_size=3).map("/".join), max_size=12)


def _sorted(paths: list[str]) -> list[str]:
    return [paths[index] for index in natural_order(paths)]


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(["cam1/9.jpg", "cam1/10.jpg"], id="numbers of files by value"),
        pytest.param(["cam2/9.jpg", "cam10/1.jpg"], id="numbers of folders by value"),
        pytest.param(["a/2.jpg", "a/10/1.jpg", "b/1.jpg"], id="files and folders mixed"),
        pytest.param(["cam/1.jpg", "cam/2.jpg", "cam 2/1.jpg"], id="a folder that begins another"),
        pytest.param(["2.jpg", "010.jpg", "11.jpg"], id="leading zeros"),
        pytest.param(["/z/1.jpg", "a/1.jpg"], id="absolute before relative"),
        pytest.param([], id="nothing"),
    ],
)
def test_paths_are_sorted_by_folder_and_by_value(paths: list[str]) -> None:
    """Folders come one after the other, and numbers count by value."""
    assert _sorted(paths[::-1]) == paths


@given(_PATHS)
def test_order_is_a_permutation(paths: list[str]) -> None:
    """Every position occurs exactly once."""
    order = natural_order(paths)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(len(paths)))


@given(_PATHS)
def test_folders_are_never_interleaved(paths: list[str]) -> None:
    """All that lies below a folder, at any depth, is one run."""
    parts = [tuple(path.split("/")) for path in _sorted(paths)]
    for depth in (1, 2):
        runs = [part[:depth] for part in parts if len(part) > depth]
        above = [part[:depth] for part in parts]
        for folder in set(runs):
            places = [place for place, name in enumerate(above) if name == folder]
            assert places == list(range(places[0], places[0] + len(places)))


@given(_PATHS, st.randoms(use_true_random=False))
def test_order_does_not_depend_on_the_input_order(paths: list[str], random: Random) -> None:
    """However distinct paths are shuffled, they are sorted the same."""
    distinct = list(dict.fromkeys(paths))
    shuffled = list(distinct)
    random.shuffle(shuffled)
    assert _sorted(shuffled) == _sorted(distinct)


def test_equal_paths_keep_their_order() -> None:
    """A path that repeats is sorted by position."""
    assert natural_order(["b", "a", "b", "a", "a"]).tolist() == [1, 3, 4, 0, 2]


_ODD_PART = st.one_of(
    st.text(alphabet="aB01 9_.-", max_size=5),
    st.text(alphabet="a\u00e9\u0301\u00c5\u00b2\u06631\uff10 \n\\", max_size=4),
    st.sampled_from(["1", "01", "001", "9" * 18, "9" * 19, "9" * 30, "", ".", "..", "IMG_01.jpg"]),
)
_ODD_PATH = st.lists(_ODD_PART, max_size=4).map("/".join)


@settings(max_examples=500)
@given(st.lists(st.one_of(_ODD_PATH, _ODD_PATH.map("/{}".format), _ODD_PATH.map("{}/".format))))
def test_order_is_that_of_natsort_on_the_parts(paths: list[str]) -> None:
    """Odd names, depths, digits of other scripts, huge numbers: the order is natsort's."""
    assert natural_order(paths).tolist() == index_natsorted([PurePath(p).parts for p in paths])


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_order_does_not_depend_on_how_names_are_chunked(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Names of plain ASCII and others are told apart a chunk at a time."""
    paths = ["b/10.jpg", "b/9.jpg", "\u00e9/1.jpg", "a/\u0661.jpg", "a/2.jpg", "a/x 3 y 10.jpg"]
    expected = natural_order(paths).tolist()
    monkeypatch.setattr(sys.modules["smartdownsample_core.selection._order"], "_CHUNK", chunk)
    assert natural_order(paths).tolist() == expected


def test_names_of_equal_value_keep_their_order() -> None:
    """Only what follows them tells 1 from 01, and then the position does."""
    assert _sorted(["01/b", "1/a", "01/a", "1/b"]) == ["1/a", "01/a", "01/b", "1/b"]


def test_path_objects_are_ordered_as_texts() -> None:
    """They have the same parts."""
    paths = ["cam10/1.jpg", "cam2/10.jpg", "cam2/9.jpg"]
    assert natural_order([*map(PurePath, paths)]).tolist() == natural_order(paths).tolist()
