"""Labels to strata."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core.selection._strata import UNLABELLED, assign_strata

_NAMES = st.sampled_from(["ant", "bee", "cat", "dog"])
_LABELS = st.lists(st.none() | _NAMES | st.lists(st.none() | _NAMES, max_size=4), max_size=30)


def _named(labels: list) -> list[str]:
    ids, names = assign_strata(labels)
    return [names[number] for number in ids]


@given(_LABELS)
def test_strata_are_those_of_the_rarest_labels(labels: list) -> None:
    """Numbers of shape (n,) into sorted names, none without an image; the definition, in words."""
    ids, names = assign_strata(labels)
    assert ids.dtype == np.int64
    assert ids.shape == (len(labels),)
    assert names == sorted(names)
    assert set(ids.tolist()) == set(range(len(names)))
    as_sets = [{one} if isinstance(one, str) else set(one or ()) - {None} for one in labels]
    counts = Counter(name for names_of_one in as_sets for name in names_of_one)
    for names_of_one, name in zip(as_sets, _named(labels), strict=True):
        if not names_of_one:
            assert name == UNLABELLED
            continue
        rarest = min(counts[one] for one in names_of_one)
        assert name == min(one for one in names_of_one if counts[one] == rarest)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param(["b", "b", ["a", "b"]], ["b", "b", "a"], id="the rarest counts"),
        pytest.param([["b", "a"], ["a", "b"]], ["a", "a"], id="ties are alphabetical"),
        pytest.param([["b", "b", "a"], "a"], ["b", "a"], id="twice in an image is once"),
        pytest.param(
            [None, [], [None], ()], ["(no label)"] * 4, id="nothing, empty and only nothing"
        ),
        pytest.param(
            [float("nan"), np.float32("nan"), [float("nan"), "a"]],
            ["(no label)", "(no label)", "a"],
            id="nan is nothing",
        ),
        pytest.param([pd.NA, pd.NaT, "a"], ["(no label)", "(no label)", "a"], id="of pandas"),
        pytest.param([7, 7.5, True, 7], ["7", "7.5", "True", "7"], id="numbers are texts"),
        pytest.param(["cat", ("cat", None)], ["cat", "cat"], id="a text is one label"),
        pytest.param(["", None], ["", "(no label)"], id="an empty text is a label"),
    ],
)
def test_strata_by_example(labels: list, expected: list[str]) -> None:
    """A stratum for each image."""
    assert _named(labels) == expected


def test_arrays_of_labels_will_do() -> None:
    """Texts and numbers of numpy are labels like others; a row of a table is several."""
    assert _named(np.array(["b", "a", "b"])) == ["b", "a", "b"]
    assert _named(np.array([3, 10, 3])) == ["3", "10", "3"]
    assert _named(np.array([["a", "b"], ["a", "c"]])) == ["b", "c"]


def test_sets_of_labels_do_not_depend_on_their_order() -> None:
    """The rule decides, not the order in which a set gives its members."""
    labels = [{"dog", "cat", "ant"}, ["ant", "cat", "dog"], frozenset(["dog", "cat", "ant"])]
    assert _named(labels) == ["ant"] * 3


def test_no_images_have_no_strata() -> None:
    """Empty in, empty out."""
    ids, names = assign_strata([])
    assert ids.dtype == np.int64
    assert (ids.tolist(), names) == ([], [])
