"""Labels from paths, labels to exclude, shares as targets, and images named by path."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from smartdownsample_core import Choice, Signatures, downsample, sample_diverse
from smartdownsample_core.cli import main
from smartdownsample_core.report import shortfalls, summary
from smartdownsample_core.selection import Reason, labels_of_paths

_QUIET = {"show_progress": False, "show_summary": False}


def _table(n: int) -> Signatures:
    table = Signatures.blank(n, 8)
    rng = np.random.default_rng(0)
    table.dhash[:], table.mean_rgb[:] = rng.integers(0, 256, (n, 8)), rng.integers(0, 256, (n, 3))
    table.descriptor[:] = rng.integers(0, 100, table.descriptor.shape)
    table.sharpness[:], table.dark[:], table.bright[:] = 30, 0, 0
    return table


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("folder", ["/d/s1/c1", "/d/s1/c2", "/d/s2/c1", "/d"]),
        ("folder:1", ["s1", "s1", "s2", None]),
        ("folder:2", ["c1", "c2", "c1", None]),
        ("folder:-1", ["c1", "c2", "c1", None]),
        ("folder:3", [None] * 4),
    ],
)
def test_levels_of_folders(text: str, labels: list[str | None]) -> None:
    """Counted from the folder that all have in common, or from the image."""
    paths = ["/d/s1/c1/1.jpg", "/d/s1/c2/1.jpg", "/d/s2/c1/1.jpg", "/d/1.jpg"]
    assert labels_of_paths(text, paths) == labels
    assert labels_of_paths(text, []) == []


def test_folders_are_labels_in_python(burst_paths: list[str]) -> None:
    """As on the command line."""
    kept = sample_diverse(burst_paths, 6, stratify_by="folder:-1", balance="equal", **_QUIET)
    folders = [os.path.dirname(path) for path in burst_paths]
    counts = [[os.path.dirname(path) for path in kept].count(folder) for folder in set(folders)]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("exclude", [{"species": ["empty"]}, {"species": "empty"}, "species=empty"])
def test_labels_are_excluded(exclude: object) -> None:
    """Also of an image that has another label; images of keep stay."""
    labels = ["fox", "empty", ["fox", "empty"], None, "empty", "owl"]
    choice = Choice(keys={"species": labels}, exclude=exclude, keep=[4])  # type: ignore[arg-type]
    selection = downsample(_table(6), np.arange(6), 4, choice=choice)
    assert selection.indices.tolist() == [0, 3, 4, 5]
    assert selection.n_excluded == 2
    assert (selection.explain().reason[[1, 2]] == Reason.EXCLUDED).all()
    message = (
        "target_count 5 exceeds the 4 images that exclude allows; shorten exclude or lower "
        "target_count"
    )
    with pytest.raises(ValueError, match=message):
        downsample(_table(6), np.arange(6), 5, choice=choice)


@pytest.mark.parametrize(
    ("label", "hint"),
    [("emty", "did you mean species=empty?"), ("dog", "labels are empty, fox, owl")],
)
def test_a_label_to_exclude_that_no_image_has_is_named(label: str, hint: str) -> None:
    """As it may be misspelt; others are named in the summary."""
    labels = ["fox", "empty", ["fox", "empty"], None, "empty", "owl"]
    exclude = {"species": [label, "owl"]}
    selection = downsample(
        _table(6), np.arange(6), 3, choice=Choice(keys={"species": labels}, exclude=exclude)
    )
    messages = list(map(str, shortfalls(selection)))
    assert f"exclude names species={label}, which no image has; {hint}" in messages
    assert "Excluded 1 image with species=owl" in summary(selection)


def test_labels_of_strata_are_excluded() -> None:
    """By the name 'label'."""
    choice = Choice(stratify_by=[*"aabbcc"], exclude={"label": ["b"]}, max_per={"label": 1})
    selection = downsample(_table(6), np.arange(6), None, choice=choice)
    assert len(selection.indices) == 2
    with pytest.raises(
        ValueError, match="that the caps and exclude allow, by 1: at most 1 per label"
    ):
        downsample(_table(6), np.arange(6), 3, choice=choice)


@pytest.mark.parametrize(
    ("target", "count"),
    [("10%", 8), ("100%", 80), ("0.1%", 1), (" 12.5 % ", 10), (" 9", 9), ("000,010", 10)],
)
def test_targets_may_be_shares(target: str, count: int) -> None:
    """Of all images, rounded, but at least one; or numbers as people type them."""
    assert len(downsample(_table(80), np.arange(80), target).indices) == count


@pytest.mark.parametrize("target", ["0%", "101%", "ten", "-5", "-5%", "1,00", ",100"])
def test_other_shares_are_refused(target: str) -> None:
    """With what would do."""
    with pytest.raises(ValueError, match="target_count must be a whole number of at least 1, or a"):
        downsample(_table(8), np.arange(8), target)


def test_images_are_kept_by_path(burst_paths: list[str]) -> None:
    """However they are spelled, and in the place of indices."""
    folder, name = os.path.split(burst_paths[7])
    keep = [Path(burst_paths[3]), os.path.join(folder, ".", name)]
    kept = sample_diverse(burst_paths, "10%", keep=keep, return_indices=True, **_QUIET)  # type: ignore[call-overload]
    assert {3, 7} <= set(kept)
    assert len(kept) == max(round(len(burst_paths) / 10), 2)
    with pytest.raises(ValueError, match=r"keep names no\.jpg, which is not among the"):
        sample_diverse(burst_paths, 5, keep=["no.jpg"], **_QUIET)  # type: ignore[call-overload]


def test_the_ranking_is_returned(burst_paths: list[str]) -> None:
    """The first of more are those of fewer."""
    options = {"strategy": "diverse", "ranked": True, **_QUIET}
    ten, five = (sample_diverse(burst_paths, n, **options) for n in (10, 5))  # type: ignore[call-overload]
    assert ten[:5] == five
    with pytest.raises(ValueError, match="ranked must be False, because strategy 'stride' does"):
        sample_diverse(burst_paths, 5, ranked=True)


def test_all_of_it_on_the_command_line(burst_paths: list[str], tmp_path: Path) -> None:
    """Shares, folders and excluded labels; the record says what was asked for."""
    keys, output = tmp_path / "keys.csv", tmp_path / "kept.json"
    rows = [f'"{path}",s{row % 4}' for row, path in enumerate(burst_paths)]
    keys.write_text("\n".join(["path,species", *rows]))
    options = ["--keys", str(keys), "--exclude-label", "species=s0, species=s1", "--exclude", "x"]
    options += ["--stratify-by", "folder:-1", "-n", "10%", "-q", "--no-processes"]
    options += ["-o", str(output)]
    assert main([*burst_paths, *options]) == 0
    record = json.loads(output.read_text())
    found = [burst_paths.index(row["path"]) for row in record["kept"]]
    assert len(found) == max(round(len(burst_paths) / 10), 1)
    assert {row % 4 for row in found} <= {2, 3}
    assert record["settings"]["exclude"] == "species=s0, species=s1"
    assert record["settings"]["exclude_names"] == ["x"]
    assert record["settings"]["stratify_by"] == "folder:-1"


@pytest.mark.parametrize(
    ("pattern", "labels"),
    [
        (r"(?P<camera>cam\d+)", ["cam1", "cam22", None]),
        (r"^(?P<site>[^/]+)/(?P<camera>[^/]+)/", ["cam1", "cam22", "x"]),
        (r"(?P<any>[ab])/", ["a", "b", "a"]),
        (r".*/(?P<camera>[^/]*)_\d+\.jpg$", ["f", "f", None]),
        (r"(?P<camera>cam1|cam2)", ["cam1", "cam2", None]),
        (r"(?P<camera>(?:cam)?\d{2})", [None, "cam22", None]),
    ],
)
def test_patterns_find_labels(pattern: str, labels: list[str | None]) -> None:
    """The group of the setting's name, or else the first."""
    assert labels_of_paths(pattern, ["a/cam1/f_1.jpg", "b/cam22/f_2.jpg", "a/x/1.jpg"]) == labels


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(?P<camera>a+)+$", r"camera must be a pattern .* \(it repeats more than a single"),
        (r"(?P<camera>(a|aa)+)$", r"camera must be a pattern .* \(it repeats more than a single"),
        (r"(?P<camera>.*).*.*.*x", r"could match in too many ways; write \[\^/\]\+/ rather than"),
        (r"(?P<camera>" + "a?" * 30 + ")" + "a" * 30, "could match in too many ways; write"),
        (r"(?P<camera>a)(?P=camera)", r"camera must be a pattern .* \(it has references or"),
        (r"(?P<camera>(?=a)a)", r"camera must be a pattern .* \(it has references or assertions"),
        (r"(?P<camera", r"camera must be a pattern such as .* \(missing >"),
    ],
)
def test_patterns_that_could_take_long_are_refused(pattern: str, message: str) -> None:
    """Before they are tried."""
    with pytest.raises(ValueError, match=message):
        labels_of_paths(pattern, ["a" * 40])


def test_the_worst_pattern_that_is_allowed_ends() -> None:
    """On a path of the worst kind, which is searched from its end."""
    assert labels_of_paths(r"(?P<camera>.*).*x", ["a" * 5000]) == [None]
