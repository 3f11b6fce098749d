"""A Dask cluster of real processes on this machine, which may be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from smartdownsample_core import extract, sample_diverse
from smartdownsample_core.cli._main import main
from tests.cluster import Cluster
from tests.core.camera_files import camera_file, scene
from tests.core.fatal import Trap, killer
from tests.patience import PATIENCE


def test_a_cluster_gives_the_table_that_threads_give(
    burst_paths: list[str], cluster: Cluster, same
) -> None:
    """In every bit, in order, and with the same errors; progress goes up to the end."""
    paths = [*burst_paths * 5, "/gone.jpg", *burst_paths]
    calls = []
    signed = extract(
        paths,
        workers="dask",
        scheduler=cluster.address,
        image_loading_errors="skip",
        progress=lambda done, total: calls.append((done, total)),
    )
    expected = extract(paths, image_loading_errors="skip")
    assert same(signed, expected)
    assert str(signed.unreadable[300]) == str(expected.unreadable[300])
    assert type(signed.unreadable[300]) is FileNotFoundError
    assert calls[-1] == (361, 361)


def test_a_cluster_reads_previews(tmp_path: Path, cluster: Cluster, same) -> None:
    """And the other images of a camera that cannot be read by them."""
    paths = []
    for number, folder in enumerate("aaaabbb"):
        path = tmp_path / folder / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        changes = {"preview": None} if number == 6 else {}
        path.write_bytes(camera_file(scene(seed=number), **changes))
        paths.append(str(path))
    signed = extract(paths, workers="dask", scheduler=cluster.address, decode="auto")
    assert signed.decode.tolist() == ["preview"] * 4 + ["exact"] * 3
    assert same(signed, extract(paths, decode="auto"))


def test_a_client_stays_open(burst_paths: list[str], cluster: Cluster) -> None:
    """Whose client it is, closes it; nothing of ours is left on the cluster."""
    kept = sample_diverse(
        burst_paths,
        7,
        workers="dask",
        scheduler=cluster.client,
        show_progress=False,
        show_summary=False,
    )
    assert kept == sample_diverse(burst_paths, 7, show_progress=False, show_summary=False)
    assert cluster.client.status == "running"
    assert cluster.client.who_has() == {}


def test_the_command_line_knows_clusters(
    burst_paths: list[str], cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*burst_paths, "-n", "9", "-q", "--scheduler", cluster.address]) == 0
    kept = sample_diverse(
        burst_paths,
        9,
        strategy="diverse",
        decode="auto",
        show_progress=False,
        show_summary=False,
    )
    assert capsys.readouterr().out.splitlines() == kept


def test_relative_paths_are_those_of_the_caller(
    burst_paths: list[str], cluster: Cluster, monkeypatch: pytest.MonkeyPatch, same
) -> None:
    """Not of the folder where the workers were started."""
    monkeypatch.chdir(Path(burst_paths[0]).parent)
    names = [os.path.relpath(path) for path in burst_paths[:3]]
    assert same(extract(names, workers="dask", scheduler=cluster.address), extract(names))


def test_a_worker_that_is_killed_costs_nothing(
    burst_paths: list[str], cluster: Cluster, same
) -> None:
    """Its batches go to others while the run goes on."""
    paths = burst_paths * 15
    killed = threading.Event()

    def kill_one(done: int, total: int) -> None:
        if not killed.is_set():
            assert done < total
            os.kill(cluster.worker_pids()[0], signal.SIGKILL)
            killed.set()

    signed = extract(paths, workers="dask", scheduler=cluster.address, progress=kill_one)
    assert killed.is_set()
    assert same(signed, extract(paths))
    cluster.client.wait_for_workers(2, timeout=PATIENCE)


def test_a_file_that_kills_every_worker_is_an_unreadable_file(
    burst_paths: list[str], cluster: Cluster, tmp_path: Path, same
) -> None:
    """The files of its batch are read one by one, and it alone is named."""
    bad = killer(tmp_path / "bad.png", signal.SIGKILL)
    signed = extract(
        [*burst_paths[:4], str(bad)],
        workers="dask",
        scheduler=cluster.address,
        image_loading_errors="skip",
    )
    assert list(signed.unreadable) == [4]
    assert f"{bad} (the worker that read it died: " in str(signed.unreadable[4])
    assert same(signed.take(np.arange(4)), extract(burst_paths[:4]))


def test_ctrl_c_leaves_the_cluster_to_others(
    burst_paths: list[str], cluster: Cluster, trap: Trap, python_env: dict[str, str], same
) -> None:
    """The run ends though a worker is stuck; what it had handed over is cancelled."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "smartdownsample_core", str(trap.path), *burst_paths),
            *("-n", "9", "-q", "--scheduler", cluster.address),
        ],
        env=python_env,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stuck = trap.caught()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    stuck.kill()  # rather than wait for it
    assert (process.returncode, err) == (130, "smartdownsample: interrupted\n")
    assert same(
        extract(burst_paths, workers="dask", scheduler=cluster.client), extract(burst_paths)
    )


@pytest.mark.parametrize("command", [[], ["extract", "-o", "s.parquet"]], ids=["select", "extract"])
def test_a_lost_scheduler_is_named(
    burst_paths: list[str],
    trap: Trap,
    python_env: dict[str, str],
    tmp_path: Path,
    command: list[str],
) -> None:
    """In one line with the remedy, and nothing of what Dask logs; no half of a file is left."""
    cluster = Cluster(python_env, tmp_path / "log")
    try:
        cluster.add_workers(1)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "smartdownsample_core", *command, str(trap.path)),
                *(*burst_paths, "-q", "--scheduler", cluster.address),
                *([] if command else ["-n", "9"]),
            ],
            env=python_env,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        stuck = trap.caught()
        os.kill(cluster.pids[0], signal.SIGKILL)
        _, err = process.communicate(timeout=PATIENCE)
        stuck.kill()
    finally:
        cluster.close()
    assert process.returncode == 1
    assert err == (
        f"smartdownsample: error: lost the Dask scheduler at {cluster.address}; restart it and "
        "its workers, then run again\n"
    )
    assert [name for name in os.listdir(tmp_path) if "s.parquet" in name] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": "dask"}, "scheduler None does not go with workers 'dask'"),
        ({"workers": "dask", "scheduler": ""}, "scheduler '' does not go with workers 'dask'"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "1' does not go with workers 'threads'"),
    ],
)
def test_dask_and_scheduler_go_together(
    burst_paths: list[str], options: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        extract(burst_paths, **options)


@pytest.mark.parametrize("scheduler", ["nonsense", "10.0.0.1", "tcp://10.0.0.1", 5], ids=repr)
def test_an_address_is_looked_at_before_it_is_asked(
    burst_paths: list[str], scheduler: object
) -> None:
    """Rather than wait for what cannot be one."""
    message = f"got {scheduler!r}; 'dask scheduler' starts one and prints its address"
    with pytest.raises(ValueError, match=re.escape(message)):
        extract(burst_paths, workers="dask", scheduler=scheduler)  # type: ignore[arg-type]


_WITHOUT_DASK = """
import sys
sys.modules["distributed"] = None
from smartdownsample_core.cli import main
from tests.cluster import Cluster
from tests.core.fatal import Trap, killer
sys.exit(main([*sys.argv[1:], "-n", "1", "--scheduler", "tcp://127.0.0.1:1"]))
"""


def test_without_dask_the_extra_is_named(burst_paths: list[str], run_python) -> None:
    result = run_python("-c", _WITHOUT_DASK, burst_paths[0], burst_paths[1])
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == (
        'smartdownsample: error: workers="dask" needs the package distributed: '
        "pip install distributed, or install smartdownsample-core with its extra 'dask'"
    )
