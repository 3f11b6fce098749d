"""How to choose: every wrong choice is refused, with its bound and a way out."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest

from smartdownsample_core import Choice
from smartdownsample_core.selection._choice import MISSING_TARGET


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"strategy": "random"},
            "strategy must be 'stride', 'diverse' or 'representative', got 'random'",
            id="strategy",
        ),
        pytest.param(
            {"near_duplicates": -1},
            "near_duplicates, in bits of the hash, must be a whole number of at least 0, got -1; "
            "of features it is a cosine distance",
            id="negative radius",
        ),
        pytest.param(
            {"near_duplicates": "2"},
            "near_duplicates, in bits of the hash, must be a whole number of at least 0, got '2'; "
            "of features it is a cosine distance",
            id="radius of text",
        ),
        pytest.param(
            {"near_duplicates": True},
            "near_duplicates, in bits of the hash, must be a whole number of at least 0, got True; "
            "of features it is a cosine distance",
            id="radius of a flag",
        ),
        pytest.param(
            {"near_duplicates": float("nan"), "features": [[1]]},
            "near_duplicates, a cosine distance of features, must be a number from 0 to 2, got nan",
            id="radius of nan",
        ),
        pytest.param(
            {"near_duplicates": 8, "features": [[1]]},
            "near_duplicates, a cosine distance of features, must be a number from 0 to 2, got 8",
            id="bits instead of a distance",
        ),
        pytest.param(
            {"near_duplicates": 1.5},
            "near_duplicates, in bits of the hash, must be a whole number of at least 0, got 1.5; "
            "of features it is a cosine distance",
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
            {"balance": "equal"},
            "balance 'equal' shares out among labels: say stratify_by, too",
            id="balance without strata",
        ),
        pytest.param(
            {"stratify_by": "folder"},
            "stratify_by must be a list with a label for each image, got the text 'folder'; the "
            "folders are [os.path.dirname(path) for path in image_paths]",
            id="a word instead of labels",
        ),
        pytest.param(
            {"stratify_by": {"a.jpg": "fox"}},
            "stratify_by must be a list with a label for each image, got a dict; say "
            "[labels[path] for path in image_paths]",
            id="a dict instead of labels",
        ),
        pytest.param(
            {"stratify_by": {"fox", "owl"}},
            "stratify_by must be a list with a label for each image, got a set, which has no "
            "order; make a list in that of the images",
            id="a set of labels",
        ),
        pytest.param(
            {"stratify_by": np.array(5)},
            "stratify_by must be a list with a label for each image, got array(5); list(labels) "
            "makes one of what yields labels",
            id="labels without dimensions",
        ),
        pytest.param(
            {"stratify_by": pa.table({"path": ["a"], "label": ["fox"]})},
            "stratify_by must be a list with a label for each image, got a Table; say "
            "list(table['label'])",
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
            "keep must be a list of positions in the list of images, got array(3); [] keeps none",
            id="keep without dimensions",
        ),
        pytest.param(
            {"keep": None},
            "keep must be a list of positions in the list of images, got None; [] keeps none",
            id="keep of None",
        ),
        pytest.param(
            {"keep": {0: "a.jpg"}},
            "keep must be a list of positions in the list of images, got a dict; make a list of "
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
            "stratify_by must be a list with a label for each image, got a generator; "
            "list(labels) makes one of what yields labels",
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
            MISSING_TARGET,
            id="no target",
        ),
        pytest.param(
            {"leave_out_junk": True, "stratify_by": ["a"] * 4},
            None,
            MISSING_TARGET,
            id="no target with strata",
        ),
        pytest.param(
            {"features": [[1.0], [2.0]]},
            3,
            "features must have the shape (4, d), one row for each of the 4 images, got (2, 1); "
            "leave out the rows of others, and compute those that are missing",
            id="features",
        ),
        pytest.param(
            {"stratify_by": ["a"] * 1234},
            3,
            "stratify_by must have a label for each of the 4 images, got 1,234; give None "
            "to those without one",
            id="labels",
        ),
        pytest.param(
            {"keep": ["a.jpg"]},
            3,
            "keep must be a list of positions in the list of images, got 'a.jpg'; for a path, "
            "image_paths.index(path)",
            id="a path instead of a position",
        ),
        pytest.param(
            {"keep": "a.jpg"},
            3,
            "keep must be a list of positions in the list of images, got 'a.jpg'; for a path, "
            "[image_paths.index(path)]",
            id="one path",
        ),
        pytest.param(
            {"keep": 2},
            3,
            "keep must be a list of positions in the list of images, got 2; [] keeps none",
            id="one position",
        ),
        pytest.param(
            {"keep": [True, False]},
            3,
            "keep must be a list of positions in the list of images, got True; of a mask, "
            "numpy.flatnonzero(mask)",
            id="a mask",
        ),
        pytest.param(
            {"keep": [1.5]},
            3,
            "keep must be a list of positions in the list of images, got 1.5; of numbers, "
            "[int(row) for row in rows]",
            id="position",
        ),
        pytest.param(
            {"keep": [0, 4]},
            3,
            "keep has the position 4, and the 4 images have 0 to 3; leave it out",
            id="position too large",
        ),
        pytest.param(
            {"keep": [9, -1]},
            3,
            "keep has the position -1, and the 4 images have 0 to 3; leave it out",
            id="negative",
        ),
        pytest.param(
            {"stratify_by": [None, float("nan"), [], [None]]},
            3,
            "stratify_by has a label for none of the 4 images; leave it out",
            id="no labels at all",
        ),
        pytest.param(
            {"keep": [0, 1, 2]},
            2,
            "target_count 2 is less than the 3 images of keep, which count; raise it, "
            "or keep fewer",
            id="kept too many",
        ),
        pytest.param(
            {"keep": [3]},
            -5,
            "target_count -5 is less than the 1 images of keep, which count; raise it, "
            "or keep fewer",
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
        pytest.param({"strategy": "diverse"}, True, id="diverse"),
        pytest.param({"strategy": "representative"}, True, id="representative"),
        pytest.param({"strategy": "diverse", "features": [[1]]}, False, id="own features"),
        pytest.param({"leave_out_junk": True, "features": [[1]]}, True, id="junk"),
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
    with pytest.raises(
        ValueError, match=r"^keep has the position 1, and there are no images; leave"
    ):
        choice.check(0, 2, 8)
