"""Columns of the table of signatures: each is declared once, and all else follows from that."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

from smartdownsample_core import Signatures
from smartdownsample_core.signatures._columns import Bytes, Column, Hash, Numbers, Text
from tests.documented_patches import add_column, run_there

_ROOT = Path(__file__).parents[2]

_KINDS = [
    pytest.param(Numbers({"a": ""}, np.float32), [[0.5, None, -2.0]], id="float"),
    pytest.param(Numbers({"a": ""}, np.int64), [[3, -1, 2**40]], id="int"),
    pytest.param(Numbers({"a": ""}, np.bool_), [[True, False, True]], id="flag"),
    pytest.param(
        Numbers({"lat": "", "lon": ""}, np.float64), [[1.5, None, 0.0], [2.5, None, 9.0]], id="GPS"
    ),
    pytest.param(
        Numbers({"a": ""}, "datetime64[ms]"),
        [[datetime(2026, 5, 1, 12, 30), None, datetime(1970, 1, 1)]],
        id="time",
    ),
    pytest.param(Hash({"a": ""}, lambda hash_size: hash_size + 1), [["1ff", "000", "012"]], id="9"),
    pytest.param(Text({"a": ""}, required=False), [["Kölner Kamera", None, ""]], id="text"),
    pytest.param(Bytes({"a": ""}, 4), [["AAECAw==", "AAAAAA==", "/////w=="]], id="bytes"),
]


@pytest.mark.parametrize(("column", "plain"), _KINDS)
def test_plain_values_come_back(column: Column, plain: list[list[object]]) -> None:
    """What a database holds gives an array that gives what the database holds."""
    rows = column.from_plain(plain, 8)
    blank = column.blank(3, 8)
    assert (rows.dtype, rows.shape) == (blank.dtype, blank.shape)
    assert column.to_plain(rows, 8) == plain
    assert {type(value) for values in plain for value in values} <= {column.plain_type, type(None)}


@pytest.mark.parametrize(("column", "plain"), _KINDS)
def test_no_images_are_no_values(column: Column, plain: list[list[object]]) -> None:
    """An empty table has empty columns."""
    nothing = [[] for _ in plain]
    assert column.to_plain(column.from_plain(nothing, 8), 8) == nothing
    assert column.usable(nothing, 8) == []


def test_a_number_that_a_signature_needs_is_there() -> None:
    """Where it is None, the signature is computed again; where it may be missing, it is blank."""
    stored = [[1.0, None]]
    assert Numbers({"a": ""}, np.float32).usable(stored, 8) == [True, False]
    optional = Numbers({"a": ""}, np.float32, required=False)
    assert optional.usable(stored, 8) == [True, True]
    assert np.isnan(optional.from_plain(stored, 8)).tolist() == [False, True]


def test_a_text_of_another_length_is_of_another_version() -> None:
    """A descriptor of 128 bytes is none of 115, nor is the hash of another hash size."""
    (written,) = Bytes({"a": ""}, 128).to_plain(np.zeros((1, 128), np.uint8), 8)
    assert Bytes({"a": ""}, 115).usable([[*written, None]], 8) == [False, False]
    assert Bytes({"a": ""}, 128).usable([[*written, None]], 8) == [True, False]
    assert Signatures.columns()["dhash"].usable([["0" * 16, "0" * 9]], 6) == [False, True]


def test_optional_texts_may_be_missing() -> None:
    """They are blank then."""
    column = Bytes({"a": ""}, 2, required=False)
    assert column.usable([[None]], 8) == [True]
    assert column.from_plain([[None]], 8).tolist() == [[0, 0]]


def test_rows_without_what_a_signature_needs_are_not_written(table_of) -> None:
    """Nor are those that the caller does not want; the caller learns which were."""
    table, plain = table_of([0, 0, 0, 0]), table_of([127, 127, 127]).to_plain()
    del plain["clipped_dark"]
    assert table.put_plain([3, None, 1], plain) == []
    plain["clipped_dark"] = plain["clipped_bright"] = plain["sharpness"] = [0.5, 0.5, 0.5]
    plain["ahash"] = [None, *plain["ahash"][1:]]
    assert table.put_plain([3, None, 1], plain) == [1]
    assert table.dark[:3].tolist()[1] == 0.5
    assert np.isnan(table.dark[[0, 2, 3]]).all()


def test_names_of_sub_fields_are_their_own() -> None:
    """No two columns write to the same one."""
    names = [name for column in Signatures.columns().values() for name in column.subfields]
    assert len(set(names)) == len(names)


def test_arrays_have_the_types_of_their_annotations() -> None:
    """What mypy takes a column for is what is declared."""
    hints = get_type_hints(Signatures)
    for name, column in Signatures.columns().items():
        dtype = get_args(hints[name])[-1]  # np.dtype[...], or what is in it since NumPy 2.5
        (kind,) = get_args(dtype) or (dtype,)
        assert column.blank(0, 8).dtype.type is kind


def test_the_columns_that_scaling_names_exist() -> None:
    """Of those of a shard, docs/scaling.md gives examples."""
    text = (_ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| (.*) \| the signature", text, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) <= set(Signatures.columns())


_SCRIPT = """
from pathlib import Path
import numpy as np
from PIL import Image
from smartdownsample_core import Signatures, extract
from smartdownsample_core.cli import main
from smartdownsample_core.shards import Shards

Path("images").mkdir()
for number, colour in enumerate([(200, 100, 50), (9, 9, 9), (0, 255, 0)]):
    Image.new("RGB", (64, 48), colour).save(f"images/{number}.png")
table = extract(sorted(map(str, Path("images").iterdir())))
print(table.saturation.dtype, table.saturation.tolist())
print(extract(["images/0.png"], descriptors=False).saturation.tolist())
placed = Signatures.blank(3, 8)
placed.put(np.array([2, 0]), table.take(np.array([0, 2])))
print(placed.saturation.tolist())
assert main(["extract", "images", "-o", "s.parquet", "--no-processes", "-q"]) == 0
print(Shards([Path("s.parquet")]).signatures(descriptors=True).saturation.tolist())
"""


def test_a_column_is_added_in_two_files(tmp_path: Path, python_env: dict[str, str]) -> None:
    """The patch of docs/architecture.md takes it from pixels to the table, a shard and back."""
    add_column(tmp_path)
    assert run_there(tmp_path, _SCRIPT, python_env) == [
        "float32 [150.0, 0.0, 255.0]",
        "[nan]",
        "[255.0, nan, 150.0]",
        "[150.0, 0.0, 255.0]",
    ]


_OLDER_SHARD = """
import sys
from pathlib import Path
from smartdownsample_core.shards import Shards

try:
    table = Shards([Path(sys.argv[1])]).signatures(descriptors=True)
    print(table.readable.all(), table.saturation.tolist()[:2])
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("required", [True, False])
def test_a_shard_without_an_added_column(
    tree: list[str], run, tmp_path: Path, python_env: dict[str, str], required: bool
) -> None:
    """It is refused, with the remedy, unless signatures may be without the column."""
    assert run("extract", "photos", "-o", "older.parquet", "--no-processes", "-q")[0] == 0
    newer, older = tmp_path / "newer", str(tmp_path / "older.parquet")
    add_column(newer, required)
    (said,) = run_there(newer, _OLDER_SHARD, python_env, older)
    if required:
        assert "column 'saturation' is missing" in said
        assert said.endswith("extract it again")
    else:
        assert said == "True [nan, nan]"
