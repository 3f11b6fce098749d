"""Selecting by ``"diverse"`` from shards, on the workers of a real Dask cluster."""

from __future__ import annotations

import http.server
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, Selection, Signatures, downsample, natural_order
from smartdownsample_core.cli._main import main
from smartdownsample_core.shards import ClusterShards, Origin, Shards, write_shard
from smartdownsample_core.shards._parts import Checked, parts_of
from tests.cluster import Cluster
from tests.http_server import serving
from tests.patience import PATIENCE

_SIZES = (90, 40, 200, 70)  # images of each shard
_BROKEN = {(1, 3), (2, 0)}  # shard, row
_N_GOOD = sum(_SIZES) - len(_BROKEN) - len(_SIZES)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Four shards of a camera each, with scenes, two unreadable images and four damaged ones."""
    folder = tmp_path_factory.mktemp("shards")
    return [_shard(folder / f"{number}.parquet", number) for number in range(len(_SIZES))]


def _shard(file: Path, number: int, descriptors: bool = True) -> str:
    rng = np.random.default_rng(number)
    n = _SIZES[number]
    scene = np.arange(n) // 5
    table = Signatures.blank(n, 8)
    table.dhash[:] = rng.integers(0, 256, (n, 8), np.uint8)[scene]
    table.ahash[:] = rng.integers(0, 256, (n, 2), np.uint8)[scene]
    table.mean_rgb[:] = rng.uniform(0, 255, (n, 3))[scene]
    look = rng.integers(30, 226, table.descriptor.shape)[scene]
    table.descriptor[:] = look + rng.integers(-9, 10, look.shape)
    table.sharpness[:], table.dark[:], table.bright[:] = 9, 0, 0
    table.damaged[1] = True
    for _, row in filter(lambda place: place[0] == number, _BROKEN):
        table.mean_rgb[row] = np.nan
        table.unreadable[row] = FileNotFoundError(f"File not found: {row}.jpg")
    paths = [f"/data/cam{number}/IMG_{row}.JPG" for row in range(n)]
    origin = Origin(8, "exact", descriptors, str(number), n, 1, 1, "/data", "0")
    stats = (np.full(n, 9), np.arange(n))
    write_shard(file, origin, paths, stats, [(np.arange(n), table)])
    return str(file)


def _exact(files: list[str], target: int, cover: str = "camera,bucket") -> list[str]:
    """The kept paths in the order of picking."""
    shards = Shards([Path(file) for file in files])
    paths = shards.paths()
    choice = Choice(strategy="diverse", cover=cover).for_paths(paths)
    table = shards.signatures(descriptors=True)
    return _ranked(downsample(table, natural_order(paths), target, choice=choice), paths)


def _ranked(selection: Selection, paths: list[str]) -> list[str]:
    assert selection.ranking is not None
    return [paths[row] for row in selection.ranking]


@pytest.mark.parametrize("cover", ["camera,bucket", "bucket", "nothing"])
def test_one_part_gives_the_exact_answer(shards: list[str], cluster: Cluster, cover: str) -> None:
    """In the same order; what covers the sizes and the unreadable images is that of all images."""
    with ClusterShards(shards, cluster.address) as there:
        assert len(there) == sum(_SIZES)
        selection, paths = there.select(60, choice=Choice(strategy="diverse", cover=cover))
    assert _ranked(selection, paths) == _exact(shards, 60, cover)
    assert selection.n_readable == sum(_SIZES) - len(_BROKEN)
    failed = [paths[row] for row in selection.unreadable]
    assert failed == [f"/data/cam{number}/IMG_{row}.JPG" for number, row in sorted(_BROKEN)]
    assert {type(error) for error in selection.unreadable.values()} == {FileNotFoundError}


@pytest.mark.parametrize("target", [1, 3, 40, 150, _N_GOOD])
def test_parts_give_exactly_so_many_and_cover_all(
    shards: list[str], cluster: Cluster, target: int
) -> None:
    """Unique, undamaged, and of every bucket and camera as far as there is room; from URLs, too."""
    urls = [Path(file).as_uri() for file in shards]
    with ClusterShards(urls, cluster.client) as there:
        selection, paths = there.select(target, rows_at_a_time=100)
    kept = _ranked(selection, paths)
    assert len(set(kept)) == len(kept) == target == len(selection.indices)
    assert not any(path.endswith("IMG_1.JPG") for path in kept)
    cameras = [path.split("/")[2] for path in kept]
    assert set(cameras[:4]) == {"cam2", "cam0", "cam3", "cam1"} or target < 4
    assert cameras[0] == "cam2"  # the largest
    assert cluster.client.status == "running"
    if target >= 150:
        assert all(bucket.kept for bucket in selection.buckets)
    assert sum(bucket.kept for bucket in selection.buckets) == target


class _Server(http.server.ThreadingHTTPServer):
    """Serves ranges of files; the first who asks after it is armed dies, as do all its like."""

    folder: Path
    doomed: tuple[int, ...] = ()
    n_killed = 0
    lock = threading.Lock()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        with server.lock:
            doomed, server.doomed = server.doomed, ()
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
            server.n_killed += 1
        if not doomed:
            self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        assert isinstance(self.server, _Server)
        data = (self.server.folder / self.path.strip("/")).read_bytes()
        size = len(data)
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        self.send_response(206 if found else 200)
        if found:
            first, last = int(found[1]), min(int(found[2]), size - 1)
            data = data[first : last + 1]
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if with_body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(shards: list[str]) -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.folder = Path(shards[0]).parent
    with serving(server):
        yield server


def test_workers_that_die_cost_a_retry(
    shards: list[str], cluster: Cluster, server: _Server
) -> None:
    """All workers are killed while they read a part from a server; the answer is the same."""
    urls = [f"http://127.0.0.1:{server.server_port}/{Path(file).name}" for file in shards]
    with ClusterShards(shards, cluster.address) as there:
        expected = _ranked(*there.select(60, rows_at_a_time=100))
    with ClusterShards(urls, cluster.address) as there:
        server.doomed = tuple(cluster.worker_pids())
        assert _ranked(*there.select(60, rows_at_a_time=100)) == expected
    assert server.n_killed == 2
    cluster.client.wait_for_workers(2, timeout=PATIENCE)


def test_the_command_line_selects_on_clusters(
    shards: list[str], cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list says of which shards, and which came first; unreadable images are warned of."""
    output = tmp_path / "kept.json"
    command = ["select", *shards, "--scheduler", cluster.address, "-n", "10%", "-o", str(output)]
    assert main(command) == 1
    assert "File not found: 3.jpg. Use --on-error skip" in capsys.readouterr().err
    assert main([*command, "--on-error", "skip", "--cover", "bucket"]) == 0
    err = capsys.readouterr().err
    assert "Warning: 2 image(s) could not be loaded and were skipped (of 400)" in err
    document = json.loads(output.read_text())
    kept = sorted(document["kept"], key=lambda one: one["rank"])
    assert [one["path"] for one in kept] == _exact(shards, 40, "bucket")
    assert document["images"] == {"count": 400}
    assert [one["path"] for one in document["shards"]] == shards
    assert sum(bucket["size"] for bucket in document["buckets"]) == 398


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strategy", "stride"], "--strategy 'stride' does not go with --scheduler; use diverse"),
        (["--duplicate-distance", "9"], "--duplicate-distance does not go with --scheduler"),
        (["--keep", "kept.txt"], "--keep does not go with --scheduler; omit one of them"),
        (["--camera", "folder:1"], "--camera does not go with --scheduler unless each path tells"),
        (["--camera", "cameras.csv"], "use 'folder' or a pattern such as"),
        (["--explain", "why.csv"], "--explain does not go with --scheduler"),
        (["--thumbnails", "grid.png"], "--thumbnails does not go with --scheduler"),
    ],
)
def test_what_needs_all_images_is_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the cluster or a shard is asked."""
    command = ["select", "none.parquet", "-n", "9", "--scheduler", "tcp://127.0.0.1:9"]
    assert main([*command, *options]) == 2
    assert message in capsys.readouterr().err


def test_targets_are_checked(shards: list[str], cluster: Cluster) -> None:
    with ClusterShards(shards, cluster.client) as there:
        with pytest.raises(ValueError, match=f"exceeds the {_N_GOOD} images that are readable and"):
            there.select(_N_GOOD + 1)
        with pytest.raises(ValueError, match="target_count is missing; scheduler needs it"):
            there.select(None)


def test_shards_that_do_not_fit_are_refused(
    shards: list[str], cluster: Cluster, tmp_path: Path
) -> None:
    """By the workers or from what they say; each error names the file and the remedy."""
    plain = _shard(tmp_path / "plain.parquet", 0, descriptors=False)
    broken = tmp_path / "broken.parquet"
    data = bytearray(Path(shards[0]).read_bytes())
    data[200] ^= 1
    broken.write_bytes(data)
    cases = {
        plain: "scheduler needs descriptors",
        str(broken): r"broken\.parquet is damaged \(its bytes do not match its checksum\)",
        str(tmp_path / "gone.parquet"): r"cannot read .*gone\.parquet",
        __file__: "is no file of signatures",
        Path(__file__).as_uri(): "is no file of signatures",
    }
    for file, message in cases.items():
        with pytest.raises(ValueError, match=message):
            ClusterShards([file], cluster.client)
    with pytest.raises(ValueError, match="hold the same images, shard 1/1; name one of them"):
        ClusterShards([shards[0], shards[0]], cluster.client)
    with pytest.raises(FileNotFoundError):
        ClusterShards([(tmp_path / "gone.parquet").as_uri()], cluster.client)


def test_a_shard_that_changes_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "shard.parquet"
    with ClusterShards([_shard(file, 0)], cluster.client) as there:
        file.unlink()
        _shard(file, 1)
        with pytest.raises(ValueError, match="it has changed since it was opened"):
            there.select(5)


@given(st.lists(st.lists(st.integers(1, 50), max_size=5), max_size=6), st.integers(1, 99))
def test_parts_hold_every_group_of_rows_once(groups: list[list[int]], most: int) -> None:
    """In order, and none has too many images unless it is a single group."""
    origin = Origin(8, "exact", True, "", 1, 1, 1, "/", "0")
    shards = [
        Checked(str(number), b"", origin, tuple(sizes), 0, None, frozenset())
        for number, sizes in enumerate(groups)
    ]
    parts = parts_of(shards, most)
    found = [
        (int(file), number)
        for part in parts
        for file, _, numbers in part.pieces
        for number in numbers
    ]
    assert found == [
        (file, number) for file, sizes in enumerate(groups) for number in range(len(sizes))
    ]
    for part in parts:
        sizes = [groups[int(file)][number] for file, _, all_ in part.pieces for number in all_]
        assert part.size == sum(sizes)
        assert part.size <= most or len(sizes) == 1
