"""Files that a run is saved to, and the App arranged for browsing."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
from pathlib import Path

import fiftyone as fo
import pytest

from plugin.runs import files


@pytest.fixture
def kept(dataset, operators) -> set[tuple[str, str]]:
    """Ids and paths of what a run of 20 samples kept."""
    operators.downsample(dataset, 20)
    return set(zip(*dataset.match_tags("smartdownsample").values(["id", "filepath"]), strict=True))


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_the_list_holds_what_was_kept(dataset, operators, kept, tmp_path, ending) -> None:
    """A list has a row per kept sample, with its id, path and bucket."""
    path = tmp_path / f"kept{ending}"
    result = operators.export_run(dataset, "smartdownsample", str(path))
    assert result == {"path": str(path), "samples": 20}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if ending == ".csv" else json.load(file)
    assert {(row["id"], row["filepath"]) for row in rows} == kept
    assert all(row["bucket_name"] for row in rows)


def test_the_list_holds_ranks_and_groups(dataset, operators, tmp_path) -> None:
    """A list of a run that numbers samples has these numbers."""
    path = tmp_path / "kept.csv"
    operators.downsample(dataset, 20, strategy="diverse", near_duplicates=16)
    operators.export_run(dataset, "smartdownsample", str(path))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = dataset.match_tags("smartdownsample")
    assert sorted(int(row["rank"]) for row in rows) == list(range(1, 21))
    assert [row["group"] for row in rows] == [
        str(group or "") for group in kept.values("smartdownsample_group")
    ]
    assert any(row["group"] for row in rows)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("~nobody at all/kept.csv", "does not exist"),
        ("{folder}/kept.txt", "must end in .csv or .json"),
        ("{folder}/there.csv", "exists already"),
        ("{folder}/nowhere/kept.csv", "does not exist"),
        ("", "must be the path of a file"),
        ("{folder}/a\0.csv", r"no file can be named .* \(embedded null byte\)"),
        ("{folder}/" + 300 * "a" + ".csv", r"no file can be named .* \(File name too long\)"),
    ],
    ids=["nobody", "ending", "exists", "no-folder", "empty", "null", "long"],
)
def test_a_list_is_refused(dataset, operators, kept, tmp_path, path, message) -> None:
    """Nothing is overwritten, and what is wrong is said."""
    there = tmp_path / "there.csv"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        operators.export_run(dataset, "smartdownsample", path.format(folder=tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["there.csv"]
    assert there.read_text(encoding="utf-8") == "mine"


def test_a_path_from_python_may_be_relative(
    dataset, operators, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the folder of the caller, wherever the operator runs; the App's user has none."""
    monkeypatch.chdir(tmp_path)
    operators.downsample(dataset, 20, save_distribution="buckets.png")
    result = operators.export_run(dataset, "smartdownsample", Path("kept.csv"))
    assert result["path"] == str(tmp_path / "kept.csv")
    assert {file.name for file in tmp_path.iterdir()} == {"buckets.png", "kept.csv"}
    assert "must be a full path on the server" in str(files.problem("path", "kept.csv", (".csv",)))


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder the kernel guards")
def test_a_folder_that_takes_no_files_is_an_error(dataset, operators, kept) -> None:
    """Where even the permissions promise too much, the refusal names file and reason."""
    with pytest.raises(ValueError, match=r"could not be written|may not write"):
        operators.export_run(dataset, "smartdownsample", "/proc/self/kept.csv")


def test_half_a_list_is_removed(dataset, operators, kept, tmp_path) -> None:
    """A list that the disk has no room for is an error, and does not stay behind."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(ValueError, match=r"kept.csv could not be written: File too large"):
            operators.export_run(dataset, "smartdownsample", str(tmp_path / "kept.csv"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_charts_are_saved(dataset, operators, tmp_path) -> None:
    """A run saves the chart and the thumbnails where it is told to."""
    paths = [str(tmp_path / "chart.png"), str(tmp_path / "grid.png")]
    record = operators.downsample(dataset, 20, save_distribution=paths[0], save_thumbnails=paths[1])
    assert record["charts"] == paths
    for path in paths:
        with open(path, "rb") as file:
            assert file.read(4) == b"\x89PNG"


def test_charts_are_refused_before_anything_is_written(
    dataset, operators, state_of, tmp_path
) -> None:
    """A chart that exists stops the run before it begins."""
    there = tmp_path / "chart.png"
    there.write_text("mine", encoding="utf-8")
    before = state_of(dataset)
    with pytest.raises(ValueError, match="exists already"):
        operators.downsample(dataset, 20, save_distribution=str(there))
    assert state_of(dataset) == before


def test_the_app_is_arranged(dataset, operators, kept) -> None:
    """Our fields get a group of their own, coloured by value; other groups stay."""
    before = [group.name for group in dataset.app_config.default_sidebar_groups(dataset)]
    operators.arrange_app(dataset)
    dataset.reload()
    groups = {group.name: group.paths for group in dataset.app_config.sidebar_groups}
    assert groups["smartdownsample"][0] == "signature.bucket_name"
    assert set(before) - set(groups) <= {"signature"}
    assert dataset.app_config.color_scheme.color_by == "value"


def test_the_app_is_as_it_was_before(dataset, operators, kept) -> None:
    """What was arranged can be undone; a group that somebody made in between stays."""
    operators.arrange_app(dataset)
    operators.arrange_app(dataset, undo=True)
    dataset.reload()
    assert dataset.app_config.sidebar_groups is None
    assert dataset.app_config.color_scheme.color_by == "field"
    operators.arrange_app(dataset, color=False)
    own = fo.SidebarGroupDocument(name="own", paths=["filepath"])
    dataset.app_config.sidebar_groups = [own, *dataset.app_config.sidebar_groups]
    operators.arrange_app(dataset, color=False, undo=True)
    dataset.reload()
    groups = [group.name for group in dataset.app_config.sidebar_groups]
    assert (groups[0], groups[-1]) == ("own", "signature")
    assert "smartdownsample" not in groups


def test_arranging_needs_signatures(dataset, operators) -> None:
    """Without signatures there is nothing to arrange."""
    with pytest.raises(ValueError, match="run compute_signatures first"):
        operators.arrange_app(dataset)
    dataset.reload()
    assert dataset.app_config.sidebar_groups is None
