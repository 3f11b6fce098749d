"""Shards that were damaged, or forged: refused by name when they are opened, whatever is wrong."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.core.forge import a_shard, damaged, forged, outcome, packed, sealed, unsealed

_N = 9


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return a_shard(tmp_path_factory.mktemp("good"))


def _refused(run, tmp_path: Path, shard: bytes) -> str:
    """Returns why ``select`` refuses a shard, in one line that names it and the remedy."""
    file = tmp_path / "bad.parquet"
    file.write_bytes(shard)
    code, out, err = run("select", str(file), "-n", "3", "-q", "--on-error", "skip")
    assert (code, out) == (2, [])
    assert err.startswith(f"smartdownsample: error: {file} is damaged (")
    assert err.endswith("); delete it, and extract it again\n")
    assert err.count("\n") == 1
    return err.split(" is damaged (")[1].rsplit("); delete", 1)[0]


def test_a_forged_shard_is_read_where_it_does_not_lie(good: bytes, run, tmp_path: Path) -> None:
    """So that what the other tests find is what they forged."""
    file = tmp_path / "same.parquet"
    for shard in (good, sealed(unsealed(good)), forged(good)):
        file.write_bytes(shard)
        assert outcome(file) == "read"


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9, 0.99])
def test_any_other_byte_is_noticed(good: bytes, run, tmp_path: Path, place: float) -> None:
    where = int(place * len(good))
    changed = good[:where] + bytes([good[where] ^ 1]) + good[where + 1 :]
    assert "match its checksum" in _refused(run, tmp_path, changed)


def test_a_shard_without_its_end_is_damaged(good: bytes, run, tmp_path: Path) -> None:
    assert _refused(run, tmp_path, good[:-100]) == "its end is missing or overwritten"


def test_a_shard_that_others_have_written_is_refused(good: bytes, run, tmp_path: Path) -> None:
    """As nothing says any more whether its bytes are what they were."""
    assert "carries no checksum" in _refused(run, tmp_path, unsealed(good))


_INT16, _TEXT = pa.int16(), pa.string()
_PATHS = [f"/photos/{number}.jpg" for number in range(_N)]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"bucket": None}, "column 'bucket' is missing"),
        ({"sharpness": None}, "column 'sharpness' is missing"),
        ({"bucket": pa.array([500, *[0] * 8], _INT16)}, "column 'bucket' has values outside of -1"),
        ({"bucket": pa.array([None, *[0] * 8], _INT16)}, "column 'bucket' has gaps"),
        ({"bucket": pa.array([0] * _N, pa.int64())}, "'bucket' is of type int64 instead of int16"),
        ({"bucket": pa.array([0] * _N, _INT16)}, "images that could not be read have signatures"),
        ({"bucket": pa.array([-1] * _N, _INT16)}, "images that could not be read have signatures"),
        ({"path": pa.array([None, *_PATHS[1:]], _TEXT)}, "column 'path' has gaps"),
        ({"path": pa.array(range(_N))}, "column 'path' is of type int64 instead of string"),
        ({"error": pa.array(range(_N))}, "column 'error' is of type int64 instead of binary"),
        ({"error": pa.array([None] * _N, pa.binary())}, "images that could not be read have sig"),
        ({"dhash": pa.array([b"abc"] * _N)}, "'dhash' is of type binary instead of fixed_size_"),
        (
            {"dhash": pa.array([b"abc"] * _N, pa.binary(3))},
            "'dhash' is of type fixed_size_binary[3",
        ),
        (
            {"dark": pa.array([2.0] * _N, pa.float32())},
            "column 'dark' has values outside of 0 to 1",
        ),
        ({"file_size": pa.array([-2] * _N)}, "column 'file_size' has values outside of -1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_columns_that_lie(
    good: bytes, run, tmp_path: Path, columns: dict[str, Any], reason: str
) -> None:
    assert reason in _refused(run, tmp_path, forged(good, columns))


def test_a_shard_with_descriptors_of_another_version_is_not_called_damaged(
    good: bytes, run, tmp_path: Path
) -> None:
    file = tmp_path / "old.parquet"
    file.write_bytes(forged(good, {"descriptor": pa.array([bytes(115)] * _N, pa.binary(115))}))
    assert run("select", str(file), "-n", "3", "-q") == (
        2,
        [],
        f"smartdownsample: error: {file} has signatures of another version (descriptor of 115 "
        "bytes instead of 128); extract it again\n",
    )


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        ({"hash_size": "8"}, "hash_size must be a whole number from 4 to 64, got '8'"),
        ({"hash_size": 10**6}, "hash_size must be a whole number from 4 to 64"),
        ({"hash_size": 16}, "column 'dhash' is of type fixed_size_binary[8]"),
        ({"decode": 5}, "decode must be"),
        ({"descriptors": "yes"}, "descriptors must be True or False"),
        ({"listing": [1]}, "listing must be text, got [1]"),
        ({"images": 10**9}, "it has 9 images instead of 1,000,000,000"),
        ({"images": 8}, "it has 9 images instead of 8"),
        ({"images": -1}, "images must be a whole number of at least 0"),
        ({"number": 2}, "number must be a whole number from 1 to 1"),
        ({"count": 0}, "count must be a whole number of at least 1"),
        ({"base": None}, "base must be text, got None"),
        ({"base": 3}, "base must be text, got 3"),
        ({"base": "photos"}, "base must be an absolute path, got 'photos'"),
        ({"base": "/photos/../etc"}, "base must be an absolute path"),
        ({"folder": 7}, "folder must be text, got 7"),
        ({"folder": "here"}, "folder must be an absolute path, got 'here'"),
        ({"version": {}}, "version must be text, got {}"),
    ],
    ids=str,
)
def test_origins_that_lie(
    good: bytes, run, tmp_path: Path, origin: dict[str, Any], reason: str
) -> None:
    assert reason in _refused(run, tmp_path, forged(good, **origin))


@pytest.mark.parametrize(
    "metadata", [b"", b"\xff", b"null", b"[1]", b"{}", b'{"hash_size": 8}', b"[" * 10**5], ids=len
)
def test_metadata_that_is_none(good: bytes, run, tmp_path: Path, metadata: bytes) -> None:
    table = pq.read_table(io.BytesIO(good))
    reason = _refused(run, tmp_path, packed(table, metadata))
    assert reason == "it does not say which images it is of"


def test_a_number_of_shards_costs_no_memory(good: bytes, run, tmp_path: Path) -> None:
    """Though a shard claims to be one of a quintillion, those that are missing are only counted."""
    file = tmp_path / "one.parquet"
    file.write_bytes(forged(good, count=10**18, images=9 * 10**18))
    code, _, err = run("select", str(file), "-n", "3", "-q")
    assert code == 2
    assert (
        "999,999,999,999,999,999 of 1,000,000,000,000,000,000 shards are missing, the first" in err
    )


def test_a_small_file_cannot_hold_a_billion_images(good: bytes, run, tmp_path: Path) -> None:
    """Nor have them all in memory at once: a column that repeats takes next to no bytes."""
    table = pq.read_table(io.BytesIO(good)).take(pa.array([0] * 1_500_000))
    metadata = json.loads(table.schema.metadata[b"smartdownsample"]) | {"images": 1_500_000}
    shard = packed(table, json.dumps(metadata).encode(), use_dictionary=True)
    reason = _refused(run, tmp_path, shard)
    assert reason == "it is too small to hold 1,500,000 images"


def test_columns_that_repeat_a_value_are_not_read(good: bytes, run, tmp_path: Path) -> None:
    """As a kilobyte would say a long path for a million images."""
    table = pq.read_table(io.BytesIO(good))
    shard = packed(table, table.schema.metadata[b"smartdownsample"], use_dictionary=True)
    reason = _refused(run, tmp_path, shard)
    assert reason == "it has columns in an encoding that 'extract' does not write"


def test_a_path_of_many_megabytes_is_not_read(good: bytes, run, tmp_path: Path) -> None:
    """Though it takes only kilobytes of the file."""
    paths = pa.array([f"/photos/{'x' * 2**28}", *_PATHS[1:]])
    reason = _refused(run, tmp_path, forged(good, {"path": paths}))
    assert reason == "it has a group of images that is too large to be read at once"


@pytest.mark.parametrize(
    ("paths", "origin", "reason"),
    [
        (["/etc/passwd"], {}, "'/etc/passwd' is not below the folder of its images, '/photos'"),
        (["/photos/../etc/passwd"], {}, "'/photos/../etc/passwd' is not below"),
        (["/photos2/a.jpg"], {}, "'/photos2/a.jpg' is not below"),
        (["a.jpg"], {}, "it has relative paths, and does not say from which folder they start"),
        (["../a.jpg"], {"folder": "/photos"}, "'../a.jpg' is not below"),
        ([""], {}, "it has relative paths"),
        ([_PATHS[1]], {"base": "/photos/x/y"}, "is not below the folder of its images"),
    ],
    ids=str,
)
def test_paths_that_would_lead_copies_elsewhere(
    good: bytes, run, tmp_path: Path, paths: list[str], origin: dict[str, Any], reason: str
) -> None:
    """Copies keep their way from the base, which therefore must not go up."""
    for kind in (pa.string(), pa.binary()):
        column = pa.array([*paths, *_PATHS[len(paths) :]], kind)
        assert reason in _refused(run, tmp_path, forged(good, {"path": column}, **origin))


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/photos/a/../b.jpg", {}),
        ("/photos/..a/b..jpg", {}),
        ("x/a.jpg", {"folder": "/photos"}),
        ("https://example.org/../a.jpg", {}),
    ],
    ids=str,
)
def test_odd_paths_that_lead_nowhere_else_are_fine(
    good: bytes, tmp_path: Path, path: str, origin: dict[str, Any]
) -> None:
    file = tmp_path / "odd.parquet"
    file.write_bytes(forged(good, {"path": pa.array([path, *_PATHS[1:]])}, **origin))
    assert outcome(file) == "read"


def test_a_shard_does_not_steer_the_terminal(good: bytes, run, tmp_path: Path) -> None:
    """Errors that it records are shown as text."""
    errors = [None] * 4 + [b"Cannot read image file: \x1b[2J\x07"] + [None] * 4
    (tmp_path / "s.parquet").write_bytes(forged(good, {"error": pa.array(errors, pa.binary())}))
    code, _, err = run("select", str(tmp_path / "s.parquet"), "-n", "3", "-q")
    assert code == 1
    assert "\x1b" not in err
    assert r"\x1b[2J\x07" in err


@pytest.mark.parametrize("kind", ["pipe", "empty", "text"])
def test_what_is_no_shard_is_not_waited_for(run, tmp_path: Path, kind: str) -> None:
    file = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.write_text("" if kind == "empty" else "no shard")
    code, _, err = run("select", str(file), "-n", "3", "-q")
    assert code == 2
    assert f"{file} is " in err
    assert "smartdownsample extract" in err


def test_resuming_notices_damage(tree: list[str], run) -> None:
    """A shard is not taken for done because its name is there."""
    command = ("extract", "photos", "-o", "s.parquet", "-q", "--resume")
    assert run(*command)[0] == 0
    shard = Path("s.parquet")
    shard.write_bytes(damaged(shard.read_bytes(), random.Random(1)))
    code, _, err = run(*command)
    assert code == 2
    assert "s.parquet is damaged (" in err


def test_thousands_of_damaged_shards(python_env: dict[str, str]) -> None:
    """None is taken as good; none that was forged at random crashes, hangs or takes memory."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.core.forge", "--cases", "4000", "--seed", "1"],
        cwd=Path(__file__).parents[2],
        env=python_env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-5000:]
    report = json.loads(result.stdout)
    assert report["damaged_refused"] == 2000
    assert "damaged_read" not in report
    assert min(report["forged_read"], report["forged_refused"]) > 100
    assert report["peak_mb"] < 1000
