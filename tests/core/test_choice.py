"""How to choose: every wrong choice is refused, with its bound and a way out."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pyarrow as pa
import pytest

from smartdownsample_core import Choice


def test_a_wrong_name_is_corrected() -> None:
    """What help shows are the settings themselves."""
    with pytest.raises(TypeError, match="no setting 'stratgy'; did you mean 'strategy'"):
        Choice(stratgy="diverse")  # type: ignore[call-arg]
    assert "stratify_by" in inspect.signature(Choice).parameters


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"strategy": "random"},
            "strategy must be 'diverse', 'representative' or 'stride', got 'random'",
            id="strategy",
        ),
        pytest.param(
            {"near_duplicates": -1},
            "near_duplicates must be a number of bits, got -1; "
            "with features it is a cosine distance",
            id="negative radius",
        ),
        pytest.param(
            {"near_duplicates": "2"},
            "near_duplicates must be a number of bits, got '2'; "
            "with features it is a cosine distance",
            id="radius of text",
        ),
        pytest.param(
            {"near_duplicates": True},
            "near_duplicates must be a number of bits, got True; "
            "with features it is a cosine distance",
            id="radius of a flag",
        ),
        pytest.param(
            {"duplicate_distance": 101},
            "duplicate_distance must be a number from 0 to 100, got 101",
            id="more than nothing in common",
        ),
        pytest.param(
            {"duplicate_distance": 10, "near_duplicates": 4},
            "near_duplicates cannot be combined with duplicate_distance: both define "
            "near-duplicates; set one of them",
            id="two kinds of near-duplicates",
        ),
        pytest.param(
            {"near_duplicates": float("nan"), "features": [[1]]},
            "near_duplicates must be a cosine distance of features, 0 to 2, got nan",
            id="radius of nan",
        ),
        pytest.param(
            {"near_duplicates": 8, "features": [[1]]},
            "near_duplicates must be a cosine distance of features, 0 to 2, got 8",
            id="bits instead of a distance",
        ),
        pytest.param(
            {"near_duplicates": 1.5},
            "near_duplicates must be a number of bits, got 1.5; "
            "with features it is a cosine distance",
            id="half a bit",
        ),
        pytest.param(
            {"balance": "even", "stratify_by": []},
            "balance must be 'proportional', 'equal' or a number from 0 to 1, got 'even'",
            id="balance of text",
        ),
        pytest.param(
            {"balance": 1.5, "stratify_by": []},
            "balance must be 'proportional', 'equal' or a number from 0 to 1, got 1.5",
            id="balance too large",
        ),
        pytest.param(
            {"balance": -0.1, "stratify_by": []},
            "balance must be 'proportional', 'equal' or a number from 0 to 1, got -0.1",
            id="balance negative",
        ),
        pytest.param(
            {"balance": None, "stratify_by": []},
            "balance must be 'proportional', 'equal' or a number from 0 to 1, got None",
            id="no balance",
        ),
        pytest.param(
            {"max_per_group": 0, "stratify_by": []},
            "max_per_group must be a whole number of at least 1, got 0",
            id="none per group",
        ),
        pytest.param(
            {"max_per_group": 2.5, "stratify_by": []},
            "max_per_group must be a whole number of at least 1, got 2.5",
            id="half an image per group",
        ),
        pytest.param(
            {"features": [[1.0]]},
            "features would not be used: strategy 'stride' does not compare images; choose "
            "strategy 'diverse' or 'representative', or set near_duplicates",
            id="features that nothing uses",
        ),
        pytest.param(
            {"balance": "equal"},
            "balance 'equal' has no effect without stratify_by; set both or neither",
            id="balance without strata",
        ),
        pytest.param(
            {"stratify_by": "folders"},
            "stratify_by must be a list of one label per image, in the order of the images, got "
            "'folders'; [os.path.dirname(path) for path in image_paths] uses the folders as "
            "labels",
            id="a word instead of labels",
        ),
        pytest.param(
            {"stratify_by": {"a.jpg": "fox"}},
            "stratify_by must be a list of one label per image, in the order of the images, got "
            "{'a.jpg': 'fox'}; [os.path.dirname(path) for path in image_paths] uses the "
            "folders as labels",
            id="a dict instead of labels",
        ),
        pytest.param(
            {"stratify_by": {"fox"}},
            "stratify_by must be a list of one label per image, in the order of the images, got "
            "{'fox'}; [os.path.dirname(path) for path in image_paths] uses the folders as "
            "labels",
            id="a set of labels",
        ),
        pytest.param(
            {"stratify_by": np.array(5)},
            "stratify_by must be a list of one label per image, in the order of the images, got "
            "array(5); [os.path.dirname(path) for path in image_paths] uses the folders as "
            "labels",
            id="labels without dimensions",
        ),
        pytest.param(
            {"stratify_by": pa.table({"path": ["a"], "label": ["fox"]})},
            "stratify_by must be a list of one label per image, in the order of the images, got a "
            "Table; [os.path.dirname(path) for path in image_paths] uses the folders as "
            "labels",
            id="a table of labels",
        ),
        pytest.param(
            {"max_per_group": 10**20},
            "max_per_group must be a whole number from 1 to 9,223,372,036,854,775,807, got "
            "100000000000000000000",
            id="more than 64 bits hold",
        ),
        pytest.param(
            {"keep": np.array(3)},
            "keep must be a list of indices in the list of images, got array(3); "
            "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of "
            "a mask",
            id="keep without dimensions",
        ),
        pytest.param(
            {"keep": None},
            "keep must be a list of indices in the list of images, got None; "
            "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of "
            "a mask",
            id="keep of None",
        ),
        pytest.param(
            {"keep": {0: "a.jpg"}},
            "keep must be a list of indices in the list of images, got a dict; make a list of "
            "its keys or of its values",
            id="keep of a dict",
        ),
        pytest.param(
            {"leave_out_junk": "False"},
            "leave_out_junk must be True or False, got 'False'",
            id="junk of text",
        ),
        pytest.param(
            {"stratify_by": (label for label in "ab")},
            "stratify_by must be a list of one label per image, in the order of the images, got a "
            "generator; [os.path.dirname(path) for path in image_paths] uses the folders as "
            "labels",
            id="a generator of labels",
        ),
    ],
)
def test_a_wrong_choice_is_refused(fields: dict[str, object], message: str) -> None:
    """The error gives the bound and the value, word for word."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Choice(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "target", "message"),
    [
        pytest.param(
            {},
            None,
            "target_count is missing; set how many images to keep, or set "
            "duplicate_distance, max_per_group or max_distance",
            id="no target",
        ),
        pytest.param(
            {"leave_out_junk": True, "stratify_by": ["a"] * 4},
            None,
            "target_count is missing; set how many images to keep, or set "
            "duplicate_distance, max_per_group or max_distance",
            id="no target with strata",
        ),
        pytest.param(
            {"features": [[1.0], [2.0]], "strategy": "diverse"},
            3,
            "features must have the shape (4, d), one row for each of the 4 images, got (2, "
            "1); drop rows of other images, and compute missing ones",
            id="features",
        ),
        pytest.param(
            {"stratify_by": ["a"] * 1234},
            3,
            "stratify_by must have a label for each of the 4 images, got 1,234; use None for "
            "images without one",
            id="labels",
        ),
        pytest.param(
            {"keep": ["a.jpg"]},
            3,
            "keep must be a list of indices in the list of images, got 'a.jpg'; "
            "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of "
            "a mask",
            id="a path instead of a position",
        ),
        pytest.param(
            {"keep": "a.jpg"},
            3,
            "keep must be a list of indices in the list of images, got 'a.jpg'; "
            "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of "
            "a mask",
            id="one path",
        ),
        pytest.param(
            {"keep": 2},
            3,
            "keep must be a list of indices in the list of images, got 2; "
            "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of "
            "a mask",
            id="one position",
        ),
        pytest.param(
            {"keep": [True, False]},
            3,
            "keep must be a list of indices in the list of images, got True; "
            "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of "
            "a mask",
            id="a mask",
        ),
        pytest.param(
            {"keep": [1.5]},
            3,
            "keep must be a list of indices in the list of images, got 1.5; "
            "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of "
            "a mask",
            id="position",
        ),
        pytest.param(
            {"keep": [0, 4]},
            3,
            "keep contains index 4, but valid indices are 0 to 3",
            id="position too large",
        ),
        pytest.param(
            {"keep": [9, -1]},
            3,
            "keep contains index -1, but valid indices are 0 to 3",
            id="negative",
        ),
        pytest.param(
            {"stratify_by": [None, float("nan"), [], [None]]},
            3,
            "stratify_by has no label for any of the 4 images; label some or omit it",
            id="no labels at all",
        ),
        pytest.param(
            {"keep": [0, 1, 2]},
            2,
            "target_count 2 is less than the 3 images of keep, which count toward it; "
            "raise it, or shorten keep",
            id="kept too many",
        ),
        pytest.param(
            {"keep": [3]},
            -5,
            "target_count -5 is less than the 1 images of keep, which count toward it; "
            "raise it, or shorten keep",
            id="kept one of none",
        ),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(
    fields: dict[str, object], target: int | None, message: str
) -> None:
    """The error says how many images there are, word for word."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Choice(**fields).check(4, target, 8)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        pytest.param({}, 3, id="nothing"),
        pytest.param({}, -3, id="negative target"),
        pytest.param({"near_duplicates": 0}, None, id="radius without target"),
        pytest.param({"near_duplicates": np.int64(2)}, None, id="radius of numpy"),
        pytest.param({"near_duplicates": 0.1, "features": [[1]] * 4}, None, id="cosine distance"),
        pytest.param(
            {"max_per_group": 1, "stratify_by": [*"abcd"]}, None, id="most without target"
        ),
        pytest.param({"max_per_group": 3}, None, id="most of each bucket"),
        pytest.param({"balance": 1, "stratify_by": [None, 1, 1, 1]}, 3, id="balance of 1"),
        pytest.param({"balance": np.float32(0.5), "stratify_by": [1] * 4}, 3, id="of numpy"),
        pytest.param({"keep": np.array([0, 3])}, 2, id="positions of numpy"),
        pytest.param({"keep": [1, 1, 1]}, 1, id="repeated positions"),
        pytest.param({"keep": {1, 2}}, 2, id="a set of positions"),
        pytest.param({"keep": (row for row in [1, 2])}, 2, id="a generator of positions"),
    ],
)
def test_a_choice_that_fits_is_taken(fields: dict[str, object], target: int | None) -> None:
    """Nothing is raised for what is within bounds."""
    Choice(**fields).check(4, target, 8)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("balance", "exponent"), [("proportional", 1.0), ("equal", 0.0), (0.5, 0.5), (0, 0.0), (1, 1.0)]
)
def test_a_balance_is_a_power(balance: str | float, exponent: float) -> None:
    """Words and numbers mean the same scale."""
    assert Choice(balance=balance, stratify_by=[]).exponent == exponent


@pytest.mark.parametrize(
    ("fields", "needed"),
    [
        pytest.param({}, False, id="stride"),
        pytest.param({"near_duplicates": 3}, False, id="near-duplicates"),
        pytest.param({"duplicate_distance": 3}, True, id="near-duplicates by look"),
        pytest.param({"strategy": "diverse"}, True, id="diverse"),
        pytest.param({"strategy": "representative"}, True, id="representative"),
        pytest.param({"strategy": "diverse", "features": [[1]]}, False, id="own features"),
        pytest.param(
            {"leave_out_junk": True, "features": [[1]], "near_duplicates": 0}, True, id="junk"
        ),
    ],
)
def test_descriptors_are_asked_for_where_they_are_used(
    fields: dict[str, object], needed: bool
) -> None:
    """By strategies that compare without features, and by junk."""
    assert Choice(**fields).needs_descriptors is needed  # type: ignore[arg-type]


def test_a_choice_is_made_of_keywords_and_stays_as_it_is() -> None:
    """No field goes by its place, none can be changed unchecked."""
    with pytest.raises(TypeError):
        Choice("diverse")  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Choice().strategy = "diverse"  # type: ignore[misc]


def test_what_yields_positions_is_asked_once() -> None:
    """A generator is as good as a list, however often the choice is used."""
    choice = Choice(keep=(row for row in [3, 1, 3]))
    assert choice.keep == (1, 3)
    choice.check(4, 2, 8)
    with pytest.raises(ValueError, match=r"^keep contains index 1, but there are no images$"):
        choice.check(0, 2, 8)
