"""Files that a run is saved to, and the App arranged for browsing."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
from base64 import b64decode
from pathlib import Path

import fiftyone as fo
import numpy as np
import pytest
from fiftyone.operators.operations import Operations

import smartdownsample_core
from plugin.config import DownsampleConfig
from plugin.jobs import engine
from plugin.runs import files


@pytest.fixture
def dataset(signed_dataset: fo.Dataset) -> fo.Dataset:
    """A dataset of the 80 images, whose signatures are there already."""
    return signed_dataset


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


def test_the_list_holds_ranks_and_groups(dataset, operators, post, tmp_path) -> None:
    """A list of a run that numbers samples has these numbers, as its form says."""
    path = tmp_path / "kept.csv"
    operators.downsample(dataset, 20, strategy="diverse", near_duplicates=16, stratify_by="tags")
    form = post("resolve-type", "export_run", dataset, {})["type"]["properties"]
    about = "Writes id, path and bucket of 20 samples, and `stratum`, `rank` and `group`. "
    assert form["forecast"]["default"].startswith(about)
    operators.export_run(dataset, "smartdownsample", str(path))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {"id", "filepath", "bucket", "bucket_name", "stratum", "rank", "group"}
    assert set(rows[0]) == columns
    kept = dataset.match_tags("smartdownsample")
    assert [int(row["rank"]) for row in rows] == list(range(1, 21))
    groups = dict(zip(*kept.values(["id", "smartdownsample_group"]), strict=True))
    assert {row["id"]: row["group"] for row in rows} == {
        item: str(group or "") for item, group in groups.items()
    }
    assert any(row["group"] for row in rows)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("~nobody at all/kept.csv", "does not exist"),
        ("{folder}/kept.txt", "must end in .csv or .json"),
        ("{folder}/there.csv", "exists already"),
        ("{folder}/nowhere/kept.csv", "does not exist"),
        ("", "must be the path of a file"),
        ("{folder}/a\0.csv", r"no file can be named .* \(.*embedded null .*\)"),
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


def test_a_chart_that_appears_meanwhile_is_not_overwritten(dataset, tmp_path) -> None:
    """The run is not written, and the error names the file."""
    there = tmp_path / "chart.png"
    job = engine.run(
        dataset, dataset.view(), DownsampleConfig(target_count=20, save_distribution=str(there))
    )
    while next(job).label != "Drawing the charts":
        pass
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(OSError, match=r"chart.png.* The signatures are saved, and the run is not"):
        next(job)
    assert there.read_text(encoding="utf-8") == "mine"
    assert dataset.list_runs() == []


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


def test_arranging_needs_signatures(make_dataset, images, operators) -> None:
    """Without signatures there is nothing to arrange."""
    dataset = make_dataset(images[:4])
    with pytest.raises(ValueError, match="run compute_signatures first"):
        operators.arrange_app(dataset)
    dataset.reload()
    assert dataset.app_config.sidebar_groups is None


def test_the_list_holds_what_the_record_says(dataset, operators, tmp_path) -> None:
    """Tags that are taken away and samples that are deleted leave no gap; strata are told."""
    dataset.set_values("species", ["fox", "owl"] * 40)
    options = {"strategy": "diverse", "stratify_by": "species", "workers": "threads"}
    operators.downsample(dataset, 30, **options)
    ranks = dict(zip(*dataset.values(["id", "smartdownsample_rank"]), strict=True))
    species = dict(zip(*dataset.values(["id", "species"]), strict=True))
    first = dataset.match_tags("smartdownsample").limit(10)
    first.untag_samples("smartdownsample")
    gone = dataset.match_tags("smartdownsample").first().id
    dataset.delete_samples([gone])
    operators.export_run(dataset, "smartdownsample", tmp_path / "kept.json")
    rows = json.loads((tmp_path / "kept.json").read_text())
    assert {row["id"]: row["rank"] for row in rows} == {
        item: rank for item, rank in ranks.items() if rank is not None
    }
    assert all(row["stratum"] == species[row["id"]] for row in rows)
    assert [row["id"] for row in rows if row["filepath"] is None] == [gone]


def test_the_record_is_complete(dataset, operators) -> None:
    """It has what the run was made with: version, embeddings; and which samples it kept."""
    dataset.set_values("vectors", [[float(number), 1.0] for number in range(80)])
    dataset.add_sample_field("embedding", fo.VectorField)
    dataset.set_values("embedding", [np.array(v) for v in dataset.values("vectors")])
    options = {"strategy": "diverse", "features": "embedding", "workers": "threads"}
    result = operators.downsample(dataset, 10, **options)
    assert result["version"] == smartdownsample_core.__version__
    again = operators.downsample(dataset, 10, **options)
    assert again["features_digest"] == result["features_digest"]
    dataset.set_values("embedding", [np.array(v) + 1 for v in dataset.values("vectors")])
    other = operators.downsample(dataset, 10, **options)
    assert other["features_digest"] != result["features_digest"]
    kept = dataset.load_run_results("smartdownsample", cache=False).kept
    tagged = dataset.match_tags("smartdownsample")
    assert set(kept["ids"]) == set(tagged.values("id"))
    assert sorted(kept["buckets"]) == sorted(tagged.values("signature.bucket"))


def test_what_is_kept_from_outside_of_the_view_is_said(dataset, operators) -> None:
    """Samples with the tag, but not among those to choose from, are not kept."""
    dataset.limit(10).tag_samples("mine")
    result = operators.downsample(dataset.skip(4).limit(60), 20, keep="mine", workers="threads")
    assert result["warning"] == (
        "4 samples of 'mine' are not among those to choose from, so they were not kept"
    )


def test_a_list_is_downloaded(dataset, kept, post) -> None:
    """Without a path, the browser is sent the list itself, where FiftyOne can do that."""
    if not hasattr(Operations, "browser_download"):
        pytest.skip("this FiftyOne offers no downloads, and the form none either")
    answer = post("execute", "export_run", dataset, {"run_key": "smartdownsample", "to": ".json"})
    (request,) = answer["executor"]["requests"]
    assert answer["result"] == {"path": "smartdownsample.json", "samples": 20}
    assert request["params"]["filename"] == "smartdownsample.json"
    rows = json.loads(b64decode(request["params"]["url"].partition("base64,")[2]))
    assert {(row["id"], row["filepath"]) for row in rows} == kept
