"""Tables of explanations: ``--explain`` and ``save_explanation``, from images and from shards."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from smartdownsample_core import Choice, downsample, extract, natural_order, sample_diverse
from smartdownsample_core.report import write_table
from smartdownsample_core.signatures import Signatures

_QUIET = {"show_progress": False, "show_summary": False}
_MISSING = ["/nowhere/a.jpg", "/nowhere/b.jpg", "/nowhere/c.jpg"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("strategy", ["stride", "diverse", "representative"])
def test_every_image_has_a_line(burst_paths: list[str], tmp_path: Path, strategy: str) -> None:
    """With the reason, and with the kept image that stands for it."""
    table = tmp_path / "new" / "why.csv"
    kept = sample_diverse(burst_paths, 9, strategy=strategy, save_explanation=table, **_QUIET)
    rows = _rows(table)
    assert [row["path"] for row in rows] == burst_paths
    assert [row["path"] for row in rows if row["kept"] == "True"] == kept
    assert {row["reason"] for row in rows} == {"kept", "represented"}
    for row in rows:
        assert row["representative"] in kept
        is_kept = row["path"] in kept
        assert (row["representative"] == row["path"]) == is_kept
        assert (float(row["distance"]) == 0) >= is_kept
        assert bool(row["rank"]) == (is_kept and strategy == "diverse")
        assert bool(row.get("added")) == (bool(row["rank"]) and row["rank"] != "1")


def test_csv_and_parquet_agree(burst_paths: list[str], tmp_path: Path) -> None:
    """Near-duplicates name the kept image of their group; unreadable files have no distance."""
    paths = [*burst_paths, str(tmp_path / "gone.jpg")]
    signatures = extract(paths, image_loading_errors="skip")
    choice = Choice(near_duplicates=12, strategy="diverse")
    selection = downsample(signatures, natural_order(paths), 20, choice=choice)
    for name in ("why.csv", "why.parquet"):
        write_table("--explain", tmp_path / name, paths, selection)
    stored = pq.read_table(tmp_path / "why.parquet")
    assert stored.schema.metadata == {b"distance_unit": b"distance, 0-100"}
    for row, other in zip(_rows(tmp_path / "why.csv"), stored.to_pylist(), strict=True):
        for name in ("distance", "added"):
            distance, exact = row.pop(name), other.pop(name)
            assert distance == ("" if exact is None else f"{round(exact, 4)}")
        assert row == {name: "" if value is None else str(value) for name, value in other.items()}
    reasons = stored["reason"].to_pylist()
    assert reasons[-1] == "unreadable"
    assert {"kept", "near-duplicate", "unreadable"} <= set(reasons)


def test_names_that_are_no_text_are_bytes_in_parquet(tmp_path: Path) -> None:
    """As in shards; a text has them as they are."""
    table = Signatures.blank(2, 8)
    table.mean_rgb[:], table.sharpness[:] = 100, 30
    selection = downsample(table, np.arange(2), 1)
    paths = ["a.jpg", "b\udcff.jpg"]
    for name in ("why.csv", "why.parquet"):
        write_table("--explain", tmp_path / name, paths, selection)
    assert pq.read_table(tmp_path / "why.parquet")["path"].to_pylist() == [b"a.jpg", b"b\xff.jpg"]
    assert b"\nb\xff.jpg," in (tmp_path / "why.csv").read_bytes().replace(b"\r", b"")


@pytest.mark.parametrize("path", ["why.json", "why", ""])
def test_other_endings_are_refused_before_reading(path: str) -> None:
    """The files do not exist, yet it is the ending that is complained about."""
    message = f"save_explanation must be a .csv or .parquet file path, got {path!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        sample_diverse(_MISSING, 2, save_explanation=path, **_QUIET)


@pytest.mark.parametrize("target", [0, 2, 3])
def test_an_existing_file_is_refused_before_reading(tmp_path: Path, target: int) -> None:
    """Whatever the target; the file stays as it was."""
    path = tmp_path / "old.csv"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match=re.escape(f"File already exists: {path}")):
        sample_diverse(_MISSING, target, save_explanation=path, **_QUIET)
    assert path.read_text() == "mine"


def test_shards_are_explained_as_their_images(tree: list[str], run, tmp_path: Path) -> None:
    """``select`` writes what one run on all images does, by stride as well."""
    run("extract", "photos", "-o", "all.parquet", "-q")
    for options in ((), ("--strategy", "diverse")):
        name = "-".join(("why", *options))
        assert run("photos", "-n", "4", "-q", *options, "--explain", f"{name}1.csv")[0] == 0
        chosen = run(
            "select", "all.parquet", "-n", "4", "-q", *options, "--explain", f"{name}2.csv"
        )
        assert chosen[0] == 0
        assert Path(f"{name}1.csv").read_text() == Path(f"{name}2.csv").read_text()


def test_shards_without_descriptors_cannot_be_explained(tree: list[str], run) -> None:
    """The message names the option."""
    run("extract", "photos", "-o", "all.parquet", "-q", "--no-descriptors")
    code, _, text = run(
        "select", "all.parquet", "-n", "4", "--strategy", "stride", "--explain", "why.csv"
    )
    assert code == 2
    assert "--explain needs descriptors" in text


def test_the_list_and_the_explanation_are_two_files(tree: list[str], run) -> None:
    """Before anything is read."""
    code, _, text = run("photos", "-n", "4", "-o", "a.csv", "--explain", "./a.csv")
    assert code == 2
    assert "--output and --explain are the same file" in text
