"""The front doors' checks: every mistake gets an error that names value, bound and remedy."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from smartdownsample_core import Choice, allocate, extract, sample_diverse, sign, sign_file
from smartdownsample_core.checks import LARGEST, one_of, path_list, whole_number

_QUIET = {"show_progress": False, "show_summary": False}


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        pytest.param("8", (4, 64), "n must be a whole number from 4 to 64, got '8'", id="text"),
        pytest.param(3, (4, 64), "n must be a whole number from 4 to 64, got 3", id="below"),
        pytest.param(65, (4, 64), "n must be a whole number from 4 to 64, got 65", id="above"),
        pytest.param(0, (1,), "n must be a whole number of at least 1, got 0", id="minimum"),
        pytest.param(1.5, (), "n must be a whole number, got 1.5", id="fraction"),
        pytest.param(True, (), "n must be a whole number, got True", id="flag"),
        pytest.param(np.float64(2), (), "n must be a whole number, got 2.0", id="numpy"),
        pytest.param(np.array([1, 2]), (), "n must be a whole number, got array([1, 2])", id="two"),
        pytest.param([0] * 99, (), "n must be a whole number, got a list", id="long"),
        pytest.param(
            2**63,
            (1,),
            "n must be a whole number from 1 to 9,223,372,036,854,775,807, got 9223372036854775808",
            id="64 bits",
        ),
        pytest.param(
            -(2**63),
            (),
            "n must be a whole number of at least -9,223,372,036,854,775,807, got "
            "-9223372036854775808",
            id="64 bits below",
        ),
        pytest.param(
            10**5000,
            (),
            "n must be a whole number of at most 9,223,372,036,854,775,807, got a number of 16,610 "
            "bits",
            id="more digits than Python writes",
        ),
    ],
)
def test_a_wrong_number_is_refused(value: object, bounds: tuple[int, ...], message: str) -> None:
    """The error has both bounds, whatever was wrong."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        whole_number("n", value, *bounds)


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, np.int8(3), np.uint64(LARGEST)])
def test_whole_numbers_are_taken(value: int) -> None:
    """As far as arrays hold them."""
    assert whole_number("n", value) == int(value)


_TOO_LARGE = 2**63


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: sample_diverse(["a"], 1, random_seed=_TOO_LARGE), id="random_seed"),
        pytest.param(lambda: sample_diverse(["a"], _TOO_LARGE), id="target_count"),
        pytest.param(lambda: sample_diverse(["a"], 1, n_workers=_TOO_LARGE), id="n_workers"),
        pytest.param(lambda: sample_diverse(["a"], 1, hash_size=_TOO_LARGE), id="hash_size"),
        pytest.param(lambda: Choice(max_per_group=_TOO_LARGE), id="max_per_group"),
        pytest.param(lambda: Choice(keep=[_TOO_LARGE]), id="keep"),
        pytest.param(lambda: extract(["a"], n_workers=_TOO_LARGE), id="extract"),
        pytest.param(lambda: allocate([1], _TOO_LARGE), id="allocate"),
    ],
)
def test_what_64_bits_do_not_hold_is_refused(call, request: pytest.FixtureRequest) -> None:
    """At every front door, with the bound, and before any file is looked for."""
    with pytest.raises(
        ValueError, match=r"must be a whole number .*(to|at most) [0-9,]+, got 9223"
    ):
        call()


@pytest.mark.parametrize("value", ["five", np.array(["one", "two"]), None, ["one"]])
def test_one_of_takes_a_word(value: object) -> None:
    """Arrays and lists are no words."""
    with pytest.raises(ValueError, match=r"^word must be 'one', 'two' or a number, got "):
        one_of("word", value, ("one", "two"), others="a number")


@pytest.mark.parametrize("name", ["leave_out_junk", "return_indices", "show_progress"])
@pytest.mark.parametrize("value", ["False", 0, None])
def test_a_flag_is_true_or_false(name: str, value: object) -> None:
    """The text "False" would count as true."""
    message = f"{name} must be True or False, got {value!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sample_diverse(["a.jpg"], 1, **{name: value})  # type: ignore[call-overload]


def test_a_flag_of_numpy_is_one() -> None:
    assert Choice(leave_out_junk=np.True_).leave_out_junk is True  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        pytest.param("a.jpg", "got the single path 'a.jpg'; put it in a list", id="one path"),
        pytest.param(Path("a.jpg"), "got the single path PosixPath('a.jpg'); put", id="one Path"),
        pytest.param(os.curdir, "it is a folder, whose files pathlib.Path(folder)", id="folder"),
        pytest.param({"a.jpg": "fox"}, "got a dict; make a list of its keys or of", id="dict"),
        pytest.param(
            pa.table({"path": ["a"]}), "got a Table; make a list of one of its columns", id="table"
        ),
        pytest.param(None, "got None", id="nothing"),
        pytest.param(5, "got 5", id="number"),
        pytest.param(np.array("a.jpg"), "got array('a.jpg', dtype='<U5')", id="no dimensions"),
        pytest.param(["a.jpg", 5], "got 5 at position 1; list the files, as pathlib", id="inside"),
        pytest.param([["a.jpg"]], "got ['a.jpg'] at position 0; list", id="list of lists"),
    ],
)
@pytest.mark.parametrize(
    ("name", "call"),
    [
        pytest.param("image_paths", lambda paths: sample_diverse(paths, 1), id="sample_diverse"),
        pytest.param("paths", extract, id="extract"),
    ],
)
def test_paths_are_a_list(name: str, call, paths: object, message: str) -> None:
    """Of texts or Path objects, in both front doors; everything else says what to do."""
    with pytest.raises(ValueError, match=rf"^{name} must be a list of .*{re.escape(message)}"):
        call(paths)


def test_whatever_yields_paths_is_taken() -> None:
    """Arrays, generators, keys; what comes out are plain texts."""
    expected = ["a.jpg", "b.jpg"]
    assert path_list(np.array(expected)) == expected
    assert path_list(map(Path, expected)) == expected
    assert path_list(dict.fromkeys(expected).keys()) == expected
    assert path_list([b"a.jpg", np.str_("b.jpg")]) == expected
    assert {type(path) for path in path_list(np.array(expected))} == {str}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hash_size": 3}, "hash_size must be a whole number from 4 to 64, got 3"),
        ({"hash_size": 0}, "hash_size must be a whole number from 4 to 64, got 0"),
        (
            {"decode": "fsat"},
            "decode must be 'exact', 'fast', 'preview' or 'auto', got 'fsat'",
        ),
    ],
)
def test_one_file_is_signed_within_bounds(options: dict[str, object], message: str) -> None:
    """As many are."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        sign_file("gone.jpg", **options)  # type: ignore[arg-type]


def test_one_image_is_signed_within_bounds() -> None:
    """As a file is."""
    for hash_size in (3, 65, 2.5, "8"):
        with pytest.raises(ValueError, match="hash_size must be a whole number from 4 to 64, got"):
            sign(Image.new("RGB", (9, 9)), hash_size)  # type: ignore[arg-type]
