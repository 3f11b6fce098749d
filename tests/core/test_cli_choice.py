"""The command line's options of which images to keep, through ``main()``."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from smartdownsample_core import sample_diverse
from smartdownsample_core.cli._main import main
from smartdownsample_core.images._find import find_images

_QUIET = {"show_progress": False, "show_summary": False}


@pytest.fixture
def keep(capsys: pytest.CaptureFixture[str], burst_paths: list[str]):
    """``keep(*options)``: the kept paths of the bursts; fails unless the exit code is 0."""

    def run(*options: str) -> list[str]:
        code = main([*burst_paths, *options, "-q", "--no-processes"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out.splitlines()

    return run


@pytest.mark.parametrize("strategy", ["stride", "diverse", "representative"])
def test_strategy_is_that_of_the_library(keep, burst_paths: list[str], strategy: str) -> None:
    expected = sample_diverse(burst_paths, 9, strategy=strategy, **_QUIET)
    assert keep("-n", "9", "--strategy", strategy) == expected


def test_standing_cameras_are_those_of_the_library(keep, burst_paths: list[str]) -> None:
    given = {"strategy": "diverse", "fixed_cameras": "auto"}
    expected = sample_diverse(burst_paths, 9, **given, **_QUIET)
    assert keep("-n", "9", "--strategy", "diverse", "--fixed-cameras", "auto") == expected


def test_diverse_lists_ranks_and_smaller_targets_are_their_beginning(
    keep, burst_paths: list[str], tmp_path: Path
) -> None:
    keep("-n", "9", "--strategy", "diverse", "-o", str(tmp_path / "kept.csv"))
    with (tmp_path / "kept.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    first = {row["path"] for row in rows if int(row["rank"]) <= 4}
    assert first == set(keep("-n", "4", "--strategy", "diverse"))


def test_near_duplicates_do_without_a_target(keep, burst_paths: list[str]) -> None:
    expected = sample_diverse(burst_paths, None, near_duplicates=10, **_QUIET)
    assert 1 < len(expected) < len(burst_paths)
    assert keep("--near-duplicates", "10") == expected


def test_near_duplicates_by_look_do_without_a_target(keep, burst_paths: list[str]) -> None:
    expected = sample_diverse(burst_paths, None, duplicate_distance=15, **_QUIET)
    assert 1 < len(expected) < len(burst_paths)
    assert keep("--duplicate-distance", "15") == expected


def test_max_per_group_does_without_a_target(keep, burst_paths: list[str]) -> None:
    expected = sample_diverse(burst_paths, max_per_group=1, strategy="diverse", **_QUIET)
    assert 1 < len(expected) < len(burst_paths)
    assert keep("--max-per-group", "1") == expected


def test_folders_are_strata(keep, burst_paths: list[str]) -> None:
    kept = keep("-n", "8", "--stratify-by", "folder", "--balance", "equal")
    counts = Counter(map(os.path.dirname, kept))
    assert len(counts) == len(set(map(os.path.dirname, burst_paths)))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_folder_one_is_in_has_a_name(tree: list[str], run, monkeypatch) -> None:
    """A label that one can see."""
    monkeypatch.chdir(os.path.dirname(tree[0]))
    _, _, said = run(os.path.basename(tree[0]), "-n", "1", "--stratify-by", "folder")
    assert "  .\n" in said


def test_folders_are_called_folders(run, burst_paths: list[str], tmp_path: Path) -> None:
    """And labels labels, in warnings and in the summary."""
    table = tmp_path / "labels.csv"
    table.write_text("".join(f"{path},{path[-5]}\n" for path in burst_paths), encoding="utf-8")
    for source, noun, other in ((str(table), "label", "folder"), ("folder", "folder", "label")):
        _, _, said = run(*burst_paths, "-n", "1", "--stratify-by", source)
        assert f"{noun}s have no kept image" in said
        assert f"Rate  {noun.capitalize()}\n" in said
        assert f"{other}s" not in said


def test_a_table_of_labels_makes_strata(keep, burst_paths: list[str], tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([path, "rare"] for path in burst_paths[:6])
    kept = keep("--stratify-by", str(table), "--max-per-group", "3")
    assert len(kept) == 6
    assert len(set(kept) & set(burst_paths[:6])) == 3


def test_listed_images_are_kept(keep, burst_paths: list[str], tmp_path: Path) -> None:
    listed = tmp_path / "last_week.txt"
    listed.write_text("\n".join(burst_paths[10:13]))
    kept = keep("-n", "7", "--keep", str(listed), "--strategy", "diverse")
    assert len(kept) == 7
    assert set(burst_paths[10:13]) <= set(kept)


def test_lists_may_be_of_windows(keep, burst_paths: list[str], tmp_path: Path, monkeypatch) -> None:
    """Their line ends are no part of the names, in files and on standard input."""
    lines = "\r\n".join(burst_paths[10:13]) + "\r\n"
    listed = tmp_path / "listed.txt"
    listed.write_text(lines, newline="")
    assert set(burst_paths[10:13]) <= set(keep("-n", "7", "--keep", str(listed)))
    assert find_images(["-"], io.StringIO(lines, newline=""))[0] == burst_paths[10:13]


def test_names_with_quotes_and_line_ends_are_listed(tree: list[str], run) -> None:
    """What --output writes as CSV comes back by --keep, whatever is in the names."""
    odd = [f"photos/cam1/{name}.png" for name in sorted(['a "b"', "a\nb", "a\u2028b", "a,b"])]
    for name in odd:
        shutil.copy(tree[0], name)
    assert run(*odd, "-n", "4", "-q", "-o", "kept.csv")[0] == 0
    assert run("photos", "-n", "4", "-q", "--keep", "kept.csv", "-o", "again.csv")[0] == 0
    with open("kept.csv", newline="") as first, open("again.csv", newline="") as again:
        expected = [{**row, "reason": "always kept"} for row in csv.DictReader(first)]
        assert list(csv.DictReader(again)) == expected


def test_what_was_kept_before_is_kept_again(keep, burst_paths: list[str], tmp_path: Path) -> None:
    """The table that --output writes is a list for --keep."""
    keep("-n", "4", "--strategy", "diverse", "-o", str(tmp_path / "kept.csv"))
    before = keep("-n", "4", "--strategy", "diverse")
    after = keep("-n", "9", "--keep", str(tmp_path / "kept.csv"), "--strategy", "diverse")
    assert len(after) == 9
    assert set(before) <= set(after)


@pytest.mark.parametrize("strategy", ["stride", "diverse", "representative"])
def test_the_order_of_the_files_does_not_matter(burst_paths: list[str], strategy: str) -> None:
    options = {"strategy": strategy, "near_duplicates": 2, **_QUIET}
    shuffled = np.random.default_rng(0).permutation(burst_paths).tolist()
    expected = sample_diverse(burst_paths, 12, **options)
    assert set(sample_diverse(shuffled, 12, **options)) == set(expected)


def test_rows_of_features_are_in_the_order_of_the_files(tree: list[str], run) -> None:
    """Of folders, that in which they are read, which is not that of the numbers in names."""
    os.mkdir("frames")
    for number in (9, 10, 11):
        shutil.copy(tree[0], f"frames/frame_{number}.jpg")
    paths = find_images(["frames"], io.StringIO()).paths
    assert [Path(path).stem for path in paths] == ["frame_10", "frame_11", "frame_9"]
    np.save("features.npy", np.array([[1, 0], [1, 0], [0, 1]]))
    options = ("--near-duplicates", "0.1", "-q", "--no-processes", "-n", "2")
    code, out, _ = run("frames", "--features", "features.npy", *options)
    assert (code, {Path(path).stem for path in out}) == (0, {"frame_9", "frame_10"})


def test_features_of_a_file(keep, burst_paths: list[str], tmp_path: Path) -> None:
    """Three corners of space: one image of each is kept."""
    features = np.eye(3)[np.arange(len(burst_paths)) % 3]
    np.save(tmp_path / "features.npy", features)
    kept = keep("-n", "3", "--strategy", "diverse", "--features", str(tmp_path / "features.npy"))
    assert {burst_paths.index(path) % 3 for path in kept} == {0, 1, 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            [],
            "--target-count is missing; set how many images to keep, or set",
        ),
        (["-n", "5", "--balance", "equal"], "--balance 'equal' has no effect without"),
        (["-n", "99", "--max-per-group", "1"], "images that --max-per-group allows"),
        (
            ["-n", "5", "--balance", "2"],
            "--balance must be 'proportional', 'equal' or a number from 0 to 1, got 2.0",
        ),
        (
            ["-n", "5", "--near-duplicates", "2.5"],
            "--near-duplicates must be a number of bits, got 2.5",
        ),
        (
            ["-n", "5", "--keep", "gone.txt"],
            "--keep: cannot read gone.txt (No such file or directory); name a list",
        ),
        (
            ["-n", "5", "--stratify-by", "gone.csv"],
            "--stratify-by: cannot read gone.csv (No such file or",
        ),
        (
            ["-n", "5", "--stratify-by", "object"],
            "--stratify-by: the key 'object' needs --coco or --yolo; add it, or name a .csv",
        ),
        (["-n", "5", "--max-per", "20"], "must be text such as 'camera=50, event=3', got '20'"),
        (
            ["-n", "5", "--leave-out-quiet", "-1"],
            "--leave-out-quiet must be a number of at least 0",
        ),
        (["-n", "5", "--duplicate-distance", "200"], "a number from 0 to 100, got 200\n"),
        (["-n", "5", "--features", "gone.npy"], "--features: cannot read gone.npy (No such file"),
        (
            ["-n", "9", "--stratify-by", "folder", "--max-per-group", "1"],
            "images that --max-per-group allows; raise --max-per-group or lower --target-count",
        ),
    ],
)
def test_contradictions_are_errors(
    burst_paths: list[str], capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main([*burst_paths, *options, "-q", "--no-processes"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--keep", b"file\na.jpg\n", "lists no images; it must have one path per line, or be a"),
        ("--keep", b"", "lists no images"),
        ("--stratify-by", b"label,path\n", "its first two columns must be path and label"),
        (
            "--stratify-by",
            b'a.jpg,"fox\nb.jpg,owl\nc.jpg,owl\n',
            "is not a CSV table (unexpected end",
        ),
        ("--stratify-by", b"a.jpg," + b"x" * 2**18, "(field larger than field limit (131072), in"),
        (
            "--keep",
            b'path\n"a.jpg\nb.jpg\n',
            "is not a CSV table (unexpected end of data, in line 3);",
        ),
        ("--features", b"1,2\n", "--features must be an .npy file of numbers, as numpy.save"),
    ],
    ids=["no column path", "empty", "columns", "stray quote", "long", "quoted list", "no array"],
)
def test_a_file_of_another_kind_is_refused(
    burst_paths: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    option: str,
    content: bytes,
    message: str,
) -> None:
    """A file without what is asked of it is an error, not a file that says nothing."""
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    assert main([*burst_paths, "-n", "5", option, str(path), "-q", "--no-processes"]) == 2
    assert message in capsys.readouterr().err


def test_warnings_name_the_options(burst_paths: list[str], capsys) -> None:
    """What could not be done is said in the words of the command line."""
    assert main([*burst_paths[:3], "-n", "5", "-q", "--no-processes"]) == 0
    assert capsys.readouterr().err.startswith("Warning: --target-count 5 exceeds the 3 readable")


def test_a_kept_file_that_is_no_image_is_named(
    burst_paths: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed = tmp_path / "kept.txt"
    listed.write_text("elsewhere.jpg\n")
    assert main([*burst_paths, "-n", "5", "--keep", str(listed), "-q", "--no-processes"]) == 2
    assert "names 1 files that are not among the images, the first is elsewhere.jpg" in (
        capsys.readouterr().err
    )


def test_frames_are_numbered_by_a_pattern(tree: list[str], run) -> None:
    """Without times in the files, the error names what helps: frames are that far apart."""
    code, _, err = run("photos", "--min-interval", "20")
    assert (code, "--time 'frame_(?P<time>\\d+)'" in err) == (2, True)
    os.mkdir("frames")
    for number in range(1, 46, 2):
        shutil.copy(tree[0], f"frames/frame_{number:05d}.jpg")
    _, out, _ = run("frames", "--time", r"frame_(?P<time>\d+)", "--min-interval", "20", "-q")
    assert out == [f"frames/frame_{number:05d}.jpg" for number in (1, 21, 41)]
