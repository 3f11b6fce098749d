"""Signatures in files, by several processes, and selections from them: as of one run."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from smartdownsample_core import assign_buckets, extract, extract_batches, natural_order
from smartdownsample_core.images._find import file_stats
from smartdownsample_core.shards._origin import Origin
from smartdownsample_core.shards._select import select_from
from smartdownsample_core.shards._shards import Shards
from smartdownsample_core.shards._write import write_shard
from tests.core.fatal import Trap
from tests.patience import PATIENCE

_MODULE = (sys.executable, "-m", "smartdownsample_core")
_ORIGIN = Origin(8, "exact", True, "one list", 13, 1, 1, "/", "1.0.0")


@pytest.fixture(scope="module")
def collection(burst_paths: list[str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of 62 images; one is missing and one is broken. In text, bytes and file order."""
    folder = Path(burst_paths[0]).parents[2]
    twin = tmp_path_factory.mktemp("collection") / "images"
    for path in burst_paths:
        target = twin / Path(path).relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, target)
    (twin / "broken.jpg").write_bytes(b"\xff\xd8 no image")
    (twin / "gone.png").symlink_to("nowhere")
    return str(twin)


@pytest.fixture(scope="module")
def shards(
    collection: str, tmp_path_factory: pytest.TempPathFactory, python_env: dict[str, str]
) -> list[str]:
    """Three shards of the collection, made by three processes at the same time."""
    folder = tmp_path_factory.mktemp("shards")
    files = [str(folder / f"{number}.parquet") for number in (1, 2, 3)]
    jobs = [
        subprocess.Popen(
            [*_MODULE, "extract", collection, "-o", file, "--shard", f"{number}/3", "-q"],
            env=python_env,
        )
        for number, file in enumerate(files, 1)
    ]
    assert [job.wait(PATIENCE) for job in jobs] == [0, 0, 0]
    return files


def _without_source(file: Path) -> dict[str, object]:
    document = json.loads(file.read_text())
    for name in ("images", "shards"):
        document.pop(name, None)
    document["settings"].pop("paths", None)
    return document


@pytest.mark.parametrize("ending", ["csv", "json"])
@pytest.mark.parametrize(
    "options",
    [
        ["-n", "20"],
        ["-n", "3"],
        ["-n", "999"],
        ["-n", "20", "--seed", "7"],
        ["-n", "20", "--strategy", "stride"],
        ["-n", "20", "--strategy", "diverse"],
        ["-n", "20", "--strategy", "representative"],
        ["-n", "20", "--stratify-by", "folder", "--balance", "equal"],
        ["--near-duplicates", "10"],
        ["-n", "20", "--leave-out-junk"],
    ],
    ids=" ".join,
)
def test_shards_give_what_one_run_gives(
    collection: str, shards: list[str], run, tmp_path: Path, options: list[str], ending: str
) -> None:
    """Every choice, every column of the list and every word, whatever order shards come in."""
    options = [*options, "--fixed-cameras", "none"]  # for which shards need thumbnails
    one, other = tmp_path / f"one.{ending}", tmp_path / f"other.{ending}"
    code, _, said = run(collection, *options, "--on-error", "skip", "-o", str(one))
    assert code == 0
    assert run("select", *reversed(shards), *options, "--on-error", "skip", "-o", str(other)) == (
        0,
        [],
        said[said.index("Warning") :].replace(str(one), str(other)),
    )
    if ending == "json":  # which also says what was chosen from: folders there, shards here
        assert _without_source(other) == _without_source(one)
    else:
        assert other.read_text() == one.read_text()


def test_few_paths_at_a_time_make_no_difference(shards: list[str]) -> None:
    """Bucket by bucket, or all at once."""
    opened = Shards([Path(file) for file in shards])
    answers = [select_from(opened, 20, 5, paths_at_a_time=most) for most in (1, 30, 10**6)]
    kept = [[paths[index] for index in selection.indices] for selection, paths in answers]
    assert len(kept[0]) == 20
    assert kept[0] == kept[1] == kept[2]


def test_a_shard_is_a_table_for_others(collection: str, shards: list[str], same) -> None:
    """It says of every image what the signature is, how large the file, and why not read."""
    tables = [pq.read_table(file) for file in shards]
    rows = [row for table in tables for row in table.to_pylist()]
    paths = [row["path"] for row in rows]
    assert len(set(paths)) == 62
    expected = extract(paths, image_loading_errors="skip")
    assert same(Shards([Path(file) for file in shards]).signatures(descriptors=True), expected)
    assert [row["bucket"] for row in rows] == assign_buckets(expected).tolist()
    sizes = [os.path.getsize(path) if os.path.exists(path) else -1 for path in paths]
    assert [row["file_size"] for row in rows] == sizes
    errors = {row["path"]: row["error"].decode() for row in rows if row["error"]}
    assert errors == {paths[row]: str(error) for row, error in expected.unreadable.items()}
    restored = Shards([Path(file) for file in shards]).unreadable()
    assert [type(error) for error in restored.values()] == [
        type(error) for error in expected.unreadable.values()
    ]


def test_unreadable_images_stop_a_selection(shards: list[str], run) -> None:
    """Unless they are skipped, as in one run."""
    code, _, err = run("select", *shards, "-n", "9", "-q")
    assert code == 1
    assert err.endswith("Use --on-error skip to continue with the remaining images\n")


def test_an_existing_shard_is_refused_or_left(
    collection: str, shards: list[str], run, tmp_path: Path
) -> None:
    """Without --resume it is an error, with it there is nothing to do; it is never overwritten."""
    before = Path(shards[0]).stat()
    command = ["extract", collection, "-o", shards[0], "--shard", "1/3", "-q"]
    code, _, err = run(*command)
    assert code == 2
    assert f"File already exists: {shards[0]}" in err
    assert run(*command, "--resume") == (0, [], "")
    after = Path(shards[0]).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    code, _, err = run(*command[:-3], "--shard", "2/3", "--resume")
    assert code == 2
    assert "is of another extraction, whose number was 1, and is now 2; delete it" in err
    (Path(collection) / "broken.jpg").rename(tmp_path / "broken.jpg")
    code, _, err = run(*command, "--resume")
    (tmp_path / "broken.jpg").rename(Path(collection) / "broken.jpg")
    assert code == 2
    assert "is of other images: PATH, or what the folders hold, is not what it was" in err


_WITH_TRAPS = """
import sys
from smartdownsample_core.cli import main
from tests.core import fatal
fatal.register()
sys.exit(main(sys.argv[1:]))
"""


def test_an_interrupted_shard_is_not_there(
    collection: str, trap: Trap, python_env: dict[str, str], tmp_path: Path, run
) -> None:
    """Ctrl-C leaves no half of a file; --resume then reads it anew."""
    output = tmp_path / "out" / "shard.parquet"
    command = ["extract", collection, str(trap.path), "-o", str(output), "--resume", "-q"]
    job = subprocess.Popen(
        [sys.executable, "-c", _WITH_TRAPS, *command],
        env=python_env,
        stderr=subprocess.PIPE,
        text=True,
    )
    trap.caught()
    job.send_signal(signal.SIGINT)
    assert job.communicate(timeout=PATIENCE)[1] == "smartdownsample: interrupted\n"
    assert job.returncode == 130
    assert list(output.parent.iterdir()) == []
    Image.new("RGB", (8, 8)).save(trap.path, "PNG")
    assert run(*command)[0] == 0
    assert [file.name for file in output.parent.iterdir()] == ["shard.parquet"]


def test_two_jobs_may_resume_the_same_shard(
    tree: list[str], trap: Trap, python_env: dict[str, str], tmp_path: Path, run
) -> None:
    """The slower one accepts what the other has written meanwhile, if it is of the same images."""
    orders = trap.path.read_bytes()
    Image.new("RGB", (8, 8)).save(trap.path, "PNG")
    command = ["extract", "photos", str(trap.path), "-q", "--resume", "-o"]
    assert run(*command, "faster.parquet")[0] == 0
    assert run("extract", "photos", "-q", "-o", "other.parquet")[0] == 0
    trap.path.write_bytes(orders)
    for written, code, message in [
        ("faster.parquet", 0, ""),
        ("other.parquet", 2, "--resume: s.parquet is of other images"),
    ]:
        job = subprocess.Popen(
            [sys.executable, "-c", _WITH_TRAPS, *command, "s.parquet"],
            env=python_env,
            stderr=subprocess.PIPE,
            text=True,
        )
        reader = trap.caught()
        os.link(written, "s.parquet")
        reader.kill()
        trap.caught().kill()  # once more, as it is read again alone
        err = job.communicate(timeout=PATIENCE)[1]
        assert job.returncode == code
        assert message in err
        os.unlink("s.parquet")


def test_shards_of_one_list_must_be_complete(shards: list[str], run) -> None:
    """One that is missing is an error, unless it is said to be fine."""
    code, _, err = run("select", *shards[1:], "-n", "9")
    assert code == 2
    assert "1 of 3 shards are missing, the first is shard 1/3" in err
    assert run("select", *shards[1:], "-n", "9", "--partial", "--on-error", "skip", "-q")[0] == 0


def test_what_does_not_belong_together_is_refused(
    collection: str, shards: list[str], run, tmp_path: Path
) -> None:
    """Another way of signing, the same part twice, the same image twice, or no shard at all."""
    fast, copy, again = (str(tmp_path / f"{name}.parquet") for name in ("fast", "copy", "again"))
    assert run("extract", collection, "-o", fast, "--decode", "fast", "-q")[0] == 0
    Path(copy).write_bytes(Path(shards[0]).read_bytes())
    broken = str(Path(collection) / "broken.jpg")
    cat = pq.read_table(shards[1])["path"][0].as_py()
    assert run("extract", cat, broken, "-o", again, "-q")[0] == 0
    for others, message in [
        ([fast], "has decode fast"),
        ([copy], "hold the same images, shard 1/3; name one of them"),
        (shards[:1], f"{shards[0]} and {shards[0]} hold the same images, shard 1/3"),
        (["never.parquet"], "cannot read never.parquet (No such file or directory); name files"),
        (
            [collection],
            f"{collection} is a folder; name a file, or those in it, as in {collection}/*",
        ),
        ([again], f"{cat} is in these files of signatures twice"),
        ([broken], "is no file of signatures; 'smartdownsample extract' makes them"),
    ]:
        options = ["-n", "60", "--strategy", "stride", "--on-error", "skip"]
        code, _, err = run("select", *shards, *others, *options)
        assert code == 2
        assert message in err


def test_standing_cameras_need_thumbnails_in_all_shards(shards: list[str], run) -> None:
    options = ["-n", "5", "--fixed-cameras", "auto", "--on-error", "skip"]
    code, _, said = run("select", *shards, *options)
    assert code == 2
    assert "--fixed-cameras needs thumbnails, and these signatures were extracted" in said
    assert "extract them with --grey, or omit it" in said


@pytest.mark.parametrize(
    "options", [("--strategy", "stride"), ("--strategy", "diverse")], ids=["stride", "diverse"]
)
def test_one_image_by_two_names_is_noticed(
    tree: list[str], run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Relative and absolute, in two shards; both names are said."""
    assert run("extract", *tree[:8], "-o", "a.parquet", "-q")[0] == 0
    absolute = [str(tmp_path / path) for path in tree[7:]]
    assert run("extract", *absolute, "-o", "b.parquet", "-q")[0] == 0
    code, _, err = run("select", "a.parquet", "b.parquet", "-n", "12", *options)
    assert code == 2
    assert f"{tree[7]} is in these files of signatures twice, also as {absolute[0]}; name" in err


def test_files_are_copied_as_in_one_run(
    tree: list[str], run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their folders; from another folder, where relative paths mean nothing, it is refused."""
    assert run("extract", "photos", "-o", "s.parquet", "-q")[0] == 0
    assert run("select", "s.parquet", "-n", "5", "-q", "--copy-to", "new")[0] == 0
    assert run("photos", "-n", "5", "-q", "--copy-to", "one")[0] == 0
    new, one = ([path.relative_to(top) for path in Path(top).rglob("*")] for top in ("new", "one"))
    assert sorted(new) == sorted(one)
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    code, _, err = run("select", "../s.parquet", "-n", "5", "--copy-to", "new")
    assert code == 2
    assert f"the paths in these files are relative to {tmp_path}; run from there to" in err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("part", ["0/3", "4/3", "3", "a/b", "1/0"])
def test_parts_are_counted_from_one(collection: str, run, tmp_path: Path, part: str) -> None:
    code, _, err = run("extract", collection, "-o", str(tmp_path / "a.parquet"), "--shard", part)
    assert code == 2
    assert "--shard must be I/N with I from 1 to N" in err


def test_more_parts_than_images_are_fine(tree: list[str], run) -> None:
    """Some are empty then."""
    for number in range(1, 15):
        command = ["extract", "photos", "-o", f"s/{number:02}.parquet", "--shard", f"{number}/14"]
        assert run(*command, "-q")[0] == 0
    names = sorted(str(path) for path in Path("s").iterdir())
    assert run("select", *names, "-n", "5", "-q")[1] == run("photos", "-n", "5", "-q")[1]


def test_names_that_are_no_text_come_back(tree: list[str], run, tmp_path: Path) -> None:
    """Bytes in, the same bytes out."""
    odd = os.fsdecode(b"photos/cam1/\xff.png")
    os.rename(tree[0], odd)
    assert run("extract", "photos", "-o", "odd.parquet", "-q")[0] == 0
    assert run("select", "odd.parquet", "-n", "99", "-o", "kept.csv", "-q")[0] == 0
    with open("kept.csv", errors="surrogateescape", newline="") as stream:
        assert {row["path"] for row in csv.DictReader(stream)} == {odd, *tree[1:]}


def test_a_part_of_the_paths_is_ordered_as_in_the_whole() -> None:
    """What selecting bucket by bucket rests on."""
    rng = np.random.default_rng(1)
    names = ["1", "01", "a1", "a01", "a10", "a2", "é2", "é10", "A1", "b", "2", "B 3", "é02", "10"]
    paths = ["/".join(rng.choice(names, rng.integers(1, 4))) for _ in range(400)]
    order = natural_order(paths)
    for seed in range(20):
        part = np.flatnonzero(np.random.default_rng(seed).random(len(paths)) < 0.3)
        own = part[natural_order([paths[row] for row in part])]
        assert own.tolist() == order[np.isin(order, part)].tolist()


_WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
from smartdownsample_core.cli import main
sys.exit(main(["extract", sys.argv[1], "-o", "never.parquet", "-q"]))
"""


def test_without_pyarrow_the_extra_is_named(tree: list[str], run_python, tmp_path: Path) -> None:
    result = run_python("-c", _WITHOUT_PYARROW, "photos", cwd=tmp_path)
    assert result.returncode == 2
    assert "pip install pyarrow, or install smartdownsample-core with its extra" in result.stderr


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("/proc/x.parquet", "--output: cannot write to the folder /proc ("),
        ("file/x.parquet", "--output: cannot make the folder file (File exists); choose another"),
        ("x" * 250 + ".parquet", "--output: no file can be named 'xxx"),
    ],
    ids=["folder", "file", "name"],
)
def test_a_shard_that_cannot_be_written_is_noticed_first(
    tree: list[str], run, output: str, message: str
) -> None:
    """Before any image is read: one is broken, and nothing is said of it."""
    Path("file").touch()
    Path(tree[0]).write_text("broken")
    code, _, err = run("extract", "photos", "-o", output, "-q")
    assert code in (1, 2)
    assert err.startswith(f"smartdownsample: error: {message}")
    assert err.count("\n") == 1


_ON_A_FULL_DISK = """
import resource, signal, sys
from smartdownsample_core.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_full_disk_is_named(
    tree: list[str], run, run_python, tmp_path: Path, share: float
) -> None:
    """Wherever in the file it is full; nothing is left."""
    command = ["extract", "photos", "-o", "s.parquet", "-q", "--no-processes"]
    assert run(*command)[0] == 0
    n_bytes = int(Path("s.parquet").stat().st_size * share)
    Path("s.parquet").unlink()
    result = run_python("-c", _ON_A_FULL_DISK, str(n_bytes), *command, cwd=tmp_path)
    assert result.returncode == 1
    message = "--output: cannot write s.parquet (File too large); choose another place\n"
    assert result.stderr == f"smartdownsample: error: {message}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gone.png", "photos"]


def test_what_a_killed_job_left_is_removed(
    tree: list[str], trap: Trap, python_env: dict[str, str], run
) -> None:
    """By the next one that makes the same shard."""
    command = ["extract", "photos", "-o", "s.parquet", "-q"]
    job = subprocess.Popen(
        [sys.executable, "-c", _WITH_TRAPS, *command, str(trap.path)], env=python_env
    )
    reader = trap.caught()
    job.kill()
    job.wait(PATIENCE)
    reader.wait(PATIENCE)
    assert len(list(Path().glob(".s.parquet.*"))) == 1
    assert run(*command)[0] == 0
    assert list(Path().glob(".*")) == []


def test_the_longest_name_is_taken(tree: list[str], run) -> None:
    """Also while the file is not whole yet and has a longer one."""
    name = "é" * 123 + ".parquet"  # of 254 bytes
    assert run("extract", "photos", "-o", name, "-q")[0] == 0
    assert [path.name for path in Path().glob("*.parquet")] == [name]
    assert list(Path().glob(".*")) == []


def test_a_job_that_comes_second_says_so(tree: list[str]) -> None:
    """The first one's shard stays as it is, and nothing else is left."""
    output = Path("s.parquet")

    def batches():
        yield from extract_batches(tree)
        output.write_text("first")

    with pytest.raises(
        FileExistsError, match=r"s\.parquet has been written by another job .*--resume"
    ):
        write_shard(output, _ORIGIN, tree, file_stats(tree), batches())
    assert output.read_text() == "first"
    assert sorted(path.name for path in Path().iterdir()) == ["gone.png", "photos", "s.parquet"]
