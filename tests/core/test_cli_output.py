"""What the command line writes: lists, copies and links, charts, messages."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from smartdownsample_core import __version__, bucket_name, downsample, extract, natural_order
from smartdownsample_core.cli._main import _parser
from smartdownsample_core.cli._output import Output
from tests.patience import PATIENCE


def _files_below(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).rglob("*") if path.is_file())


def test_text_list_is_written_instead_of_standard_output(tree: list[str], run) -> None:
    """``--output`` takes the lines that standard output would have got."""
    lines = run("photos", "-n", "5", "--quiet")[1]
    assert run("photos", "-n", "5", "--quiet", "-o", "kept.txt") == (0, [], "")
    assert Path("kept.txt").read_text().splitlines() == lines


def test_csv_gives_each_path_its_bucket(tree: list[str], run) -> None:
    """A row per kept image, with the id and the name of its bucket."""
    lines = run("photos", "-n", "5", "--quiet")[1]
    run("photos", "-n", "5", "-o", "kept.CSV")
    with open("kept.CSV", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == lines
    assert all(row["bucket_name"] == bucket_name(int(row["bucket"])) for row in rows)


def test_json_holds_the_whole_answer(tree: list[str], run) -> None:
    """Settings, kept images, all buckets, and what could not be read."""
    options = ("-n", "5", "--seed", "7", "--on-error", "skip", "--quiet")
    lines = run("photos", "gone.png", *options)[1]
    run("photos", "gone.png", *options, "-o", "kept.json")
    document = json.loads(Path("kept.json").read_text(encoding="utf-8"))
    assert (document["target_count"], document["random_seed"]) == (5, 7)
    assert [record["path"] for record in document["kept"]] == lines
    assert document["unreadable"] == [{"path": "gone.png", "error": "File not found: gone.png"}]
    assert sum(bucket["size"] for bucket in document["buckets"]) == 12
    assert sum(bucket["kept"] for bucket in document["buckets"]) == 5
    for bucket in document["buckets"]:
        kept = [each for each in document["kept"] if each["bucket"] == bucket["bucket"]]
        assert len(kept) == bucket["kept"]
        assert bucket["bucket_name"] == bucket_name(bucket["bucket"])


def test_json_says_how_images_were_chosen(tree: list[str], run) -> None:
    """Settings that had an effect, and no others; digests of the files; the version."""
    Path("labels.csv").write_text("".join(f"{path},{n % 2}\n" for n, path in enumerate(tree)))
    Path("first.txt").write_text(tree[3])
    options = ("-n", "5", "-q", "--strategy", "diverse", "--keep", "first.txt", "--decode", "fast")
    options += ("--stratify-by", "labels.csv", "--near-duplicates", "1")
    assert run("photos", *options, "-o", "a.json")[0] == 0
    document = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert document["version"] == __version__
    assert document["settings"] == {
        "strategy": "diverse",
        "near_duplicates": 1,
        "stratify_by": "labels.csv",
        "balance": "proportional",
        "keep": "first.txt",
        "fixed_cameras": "auto",
        "paths": ["photos"],
        "on_error": "raise",
    }
    assert document["reading"] == {"hash_size": 8, "decode": "fast"}
    assert document["images"]["count"] == 12
    assert document["files"] == {
        name: {"path": path, "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}
        for name, path in (("stratify_by", "labels.csv"), ("keep", "first.txt"))
    }
    assert {"path", "rank", "stratum"} < set(document["kept"][0])
    old = [one["path"] for one in document["kept"] if one["reason"] == "always kept"]
    assert old == [tree[3]]
    run("photos", "-n", "5", "-q", "-o", "b.json")
    plain = json.loads(Path("b.json").read_text(encoding="utf-8"))
    assert set(plain["settings"]) == {"strategy", "fixed_cameras", "paths", "on_error"}
    assert plain["images"] == document["images"]
    assert "reason" not in plain["kept"][0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(("--fixed-cameras", "none"), "none", id="none"),
        pytest.param((), "auto", id="the default"),
        pytest.param(("--strategy", "stride"), None, id="no effect"),
    ],
)
def test_json_says_whether_it_looked_for_standing_cameras(
    tree: list[str], run, options: tuple[str, ...], expected: str | None
) -> None:
    """Wherever it matters, as the default of shards without thumbnails is another."""
    assert run("photos", "-n", "5", "-q", *options, "-o", "a.json")[0] == 0
    document = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert document["settings"].get("fixed_cameras") == expected


@pytest.mark.parametrize(
    "options", [("--strategy", "stride"), ("--strategy", "diverse")], ids=["stride", "diverse"]
)
def test_json_names_the_shards(tree: list[str], run, options: tuple[str, ...]) -> None:
    run("extract", "photos", "-o", "s.parquet", "-q", "--decode", "fast")
    run("photos", "-n", "5", "-q", "-o", "a.json")
    assert run("select", "s.parquet", "-n", "5", "-q", "-o", "b.json", *options)[0] == 0
    whole, document = (json.loads(Path(name).read_text()) for name in ("a.json", "b.json"))
    assert document["reading"] == {"hash_size": 8, "decode": "fast"}
    assert document["shards"] == [
        {
            "path": "s.parquet",
            "list": whole["images"]["list"],
            "shard": "1/1",
            "version": __version__,
        }
    ]


def test_a_list_is_there_as_a_whole_or_not_at_all(tree: list[str], run_python) -> None:
    """The limit on a process's files stands for a full disk."""
    os.symlink(tree[0], "long" * 50 + ".png")
    code = (
        "import resource, signal, sys; from smartdownsample_core.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        f"sys.exit(main([{'long' * 50 + '.png'!r}, '-n1', '-q', '--no-processes', '-ol.txt']))"
    )
    result = run_python("-c", code)
    assert (result.returncode, result.stderr.count("--output: cannot write l.txt (File too")) == (
        1,
        1,
    )
    assert result.stderr.count("\n") == 1
    assert sorted(path.name[:4] for path in Path().iterdir()) == ["gone", "long", "phot"]


@pytest.mark.parametrize("verb", ["copy", "symlink", "hardlink"])
def test_kept_files_are_placed_with_their_folders(tree: list[str], run, verb: str) -> None:
    """Below the named folder the structure stays, and the pixels are the same."""
    code, out, _ = run("photos", "-n", "7", "--quiet", f"--{verb}-to", "chosen/few")
    assert code == 0
    placed = _files_below("chosen/few")
    assert placed == sorted(path.replace("photos", "chosen/few", 1) for path in out)
    for path in placed:
        source = path.replace("chosen/few", "photos", 1)
        assert Path(path).read_bytes() == Path(source).read_bytes()
        assert Path(path).is_symlink() == (verb == "symlink")
        assert os.path.samefile(path, source) == (verb != "copy")


def test_several_folders_keep_their_structure_below_what_they_share(tree: list[str], run) -> None:
    """Two folders are told apart below the copy."""
    run("photos/cam1", "photos/cam 2", "-n", "12", "--quiet", "--copy-to", "out")
    assert _files_below("out") == sorted(path.replace("photos", "out", 1) for path in tree)


@pytest.mark.parametrize("verb", ["copy", "symlink", "hardlink"])
def test_placing_never_overwrites(tree: list[str], run, verb: str) -> None:
    """One file in the way: exit code 2, it stays as it was, and nothing else is placed."""
    in_the_way = Path("chosen/cam1/5.png")
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("mine")
    code, out, err = run("photos", "-n", "12", "--quiet", f"--{verb}-to", "chosen")
    assert (code, out) == (2, [])
    assert err.startswith(f"smartdownsample: error: File already exists: {in_the_way}; ")
    assert _files_below("chosen") == [str(in_the_way)]
    assert in_the_way.read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-o", "old.txt"], id="output"),
        pytest.param(["--distribution", "old.png"], id="distribution"),
        pytest.param(["--thumbnails", "old.png"], id="thumbnails"),
    ],
)
def test_an_existing_file_is_refused_before_reading(
    tree: list[str], run, arguments: list[str]
) -> None:
    """It stays as it was, and the missing image is not even looked for."""
    for name in ("old.txt", "old.png"):
        Path(name).write_text("mine")
    code, _, err = run("gone.png", "-n", "1", *arguments)
    assert (code, err.count("File already exists: old.")) == (2, 1)
    assert Path("old.txt").read_text() == Path("old.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["-o", "kept.xml"], "--output must end in .txt, .csv, .json", id="ending"),
        pytest.param(
            ["--thumbnails", "a.jpg"],
            "--thumbnails must be a .png file path, got 'a.jpg'",
            id="chart",
        ),
        pytest.param(
            ["--seed", "-1"], "--seed must be a whole number of at least 0, got -1", id="seed"
        ),
        pytest.param(
            ["--hash-size", "65"],
            "--hash-size must be a whole number from 4 to 64, got 65",
            id="large hash",
        ),
        pytest.param(
            ["--hash-size", "3"], "must be a whole number from 4 to 64, got 3", id="hash size"
        ),
        pytest.param(
            ["--workers", "0"], "must be a whole number of at least 1, got 0", id="workers"
        ),
    ],
)
def test_bad_options_are_refused_before_reading(
    tree: list[str], run, arguments: list[str], message: str
) -> None:
    """Exit code 2 and a line that names option, bound and value."""
    code, out, err = run("gone.png", "-n", "1", "--quiet", *arguments)
    assert (code, out) == (2, [])
    assert message in err


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("-o", "file/new/kept.txt"),
        ("--thumbnails", "file/grid.png"),
        ("--copy-to", "file"),
        ("--symlink-to", "file/links"),
    ],
)
def test_a_folder_that_cannot_be_made_is_named_before_reading(
    tree: list[str], run, option: str, path: str
) -> None:
    """Not found out after everything was read; the missing image is not even looked for."""
    Path("file").write_text("mine")
    code, out, err = run("gone.png", "-n", "1", "--quiet", option, path)
    assert (code, out) == (1, [])
    assert "cannot make the folder file" in err
    assert "choose another one" in err
    assert Path("file").read_text() == "mine"


def test_output_into_a_missing_folder_makes_it(tree: list[str], run) -> None:
    """As for charts and copies; not an error after everything was read."""
    assert run("photos", "-n", "5", "--quiet", "-o", "new/kept.txt")[0] == 0
    assert len(Path("new/kept.txt").read_text().splitlines()) == 5


def test_charts_are_saved(tree: list[str], run) -> None:
    """Both at once, in folders made for them."""
    run("photos", "-n", "5", "--distribution", "new/a.png", "--thumbnails", "new/b.png")
    for path in _files_below("new"):
        with Image.open(path) as image:
            assert image.format == "PNG"
    assert _files_below("new") == ["new/a.png", "new/b.png"]


def test_unreadable_image_is_an_error_with_the_way_out(tree: list[str], run) -> None:
    """The hint is worded for the command line."""
    code, out, err = run("photos", "gone.png", "-n", "3", "--quiet")
    assert (code, out) == (1, [])
    assert err.startswith("smartdownsample: error: File not found: gone.png. Use --on-error skip ")


def test_skipped_images_are_named_and_the_target_is_met(tree: list[str], run) -> None:
    """With ``--on-error skip`` the readable ones fill the target; warnings pass ``--quiet``."""
    code, out, err = run("photos", "gone.png", "-n", "12", "--quiet", "--on-error", "skip")
    assert code == 0
    assert set(out) == set(tree)
    assert err.splitlines() == [
        "Warning: 1 image(s) could not be loaded and were skipped (of 13); fix or delete them:",
        "  File not found: gone.png",
    ]


def test_nothing_readable_is_a_failure(tree: list[str], run) -> None:
    """Skipping every image leaves nothing to keep: exit code 1."""
    code, out, err = run("gone.png", "-n", "3", "--quiet", "--on-error", "skip")
    assert (code, out) == (1, [])
    assert "Warning: 1 image(s) could not be loaded" in err


def test_quiet_says_nothing_of_a_good_run(tree: list[str], run) -> None:
    """No bar, no summary; without ``--quiet`` both."""
    assert run("photos", "-n", "5", "--quiet")[2] == ""
    assert all(words in run("photos", "-n", "5")[2] for words in ("Reading images", "Kept 5 of 12"))


def test_names_that_are_not_utf_8_are_written(tree: list[str], run) -> None:
    """The bytes of a file's name are written as they are on disk."""
    name = b"photos/caf\xe9.png"
    os.rename(tree[0], name)
    assert run("photos", "-n", "12", "--quiet", "-o", "kept.txt")[0] == 0
    assert name in Path("kept.txt").read_bytes().splitlines()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "/proc/x.txt"], "--output: cannot write to the folder /proc ("),
        (["--distribution", "/proc/x.png"], "--distribution: cannot write to the folder /proc ("),
        (["--copy-to", "/proc"], "--copy-to: cannot write to the folder /proc ("),
        (["-o", "x" * 300 + ".txt"], "--output: no file can be named 'xxx"),
        (["-o", "x.xlsx"], "--output must end in .txt, .csv, .json, got 'x.xlsx'"),
        (["--thumbnails", "y.png", "--distribution", "./y.png"], "are the same file: "),
        (["--workers", str(2**63)], "--workers must be a whole number from 1 to 9,223,"),
        (["--max-per-group", str(2**63)], "--max-per-group must be a whole number from 1 to 9,"),
        (["--seed", "1.5"], "argument --seed: must be a whole number, got '1.5'"),
        (["--near-duplicates", "few"], "argument --near-duplicates: must be a number, got 'few'"),
    ],
)
def test_what_cannot_be_written_is_noticed_first(
    tree: list[str], run_python, options: list[str], message: str
) -> None:
    """Before any image is read: one is broken, and nothing is said of it."""
    Path(tree[0]).write_text("broken")
    result = run_python("-m", "smartdownsample_core", "photos", "-n", "3", "-q", *options)
    assert result.returncode in (1, 2)
    assert result.stdout == ""
    assert message in result.stderr.splitlines()[-1]
    assert "broken" not in result.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["gone.png", "photos"]


def test_a_chart_that_fails_does_not_cost_the_list(
    tree: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder is gone when it is to be saved."""
    options = _parser().parse_args(["photos", "-n", "3", "--distribution", "charts/one.png"])
    output = Output(options, "photos", tree)
    Path("charts").rmdir()
    selection = downsample(extract(tree), natural_order(tree), 3)
    with pytest.raises(OSError, match=r"^the chart: cannot write charts/one\.png \(No such file"):
        output.write(selection, tree)
    assert capsys.readouterr().out.splitlines() == [tree[index] for index in selection.indices]


@pytest.mark.parametrize(
    ("arguments", "closed", "code", "message"),
    [
        ("-n 3 -q", "<&-", 2, "standard input is closed; name images or folders as PATH"),
        ("-n 3 -q - photos", "<&-", 2, "standard input is closed; name images or folders as PATH"),
        ("-n 3 -q photos", ">&-", 2, "standard output is closed; write the list with --output"),
        ("-n 3 -q photos", ">/dev/full", 1, "standard output: cannot write the list (No space"),
        ("-n 3 -q photos -o l.txt", ">&- <&-", 0, ""),
        ("-n 3 photos -o l.txt", "2>&- >&- <&-", 0, ""),
    ],
)
def test_closed_streams_are_noticed(
    tree: list[str],
    python_env: dict[str, str],
    arguments: str,
    closed: str,
    code: int,
    message: str,
) -> None:
    """Where they are needed, and in words."""
    command = f"{sys.executable} -m smartdownsample_core {arguments} {closed}"
    result = subprocess.run(
        command,
        shell=True,
        env=python_env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert result.returncode == code
    assert message in result.stderr
    assert result.stderr.count("\n") == bool(message)
    assert not code or not Path("l.txt").exists()


def test_the_list_comes_out_where_nothing_can_be_said(
    tree: list[str], python_env: dict[str, str], run
) -> None:
    """What would have been said is not mixed into it."""
    lines = run("photos", "-n", "3", "-q")[1]
    command = f"{sys.executable} -m smartdownsample_core -n 3 photos 2>&-"
    result = subprocess.run(
        command,
        shell=True,
        env=python_env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (result.returncode, result.stdout.splitlines(), result.stderr) == (0, lines, "")
