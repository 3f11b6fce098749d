"""A Dask cluster of real processes on this machine, which tests may kill."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from distributed import Client


class Cluster:
    """A scheduler and its workers, started by Dask's own commands."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        # Not before FiftyOne is there: with Python 3.11, Dask brings an importlib_metadata that
        # FiftyOne's eta cannot be imported with.
        from distributed import Client

        self._env = env
        self._log = log.open("ab")
        self._processes: list[subprocess.Popen[bytes]] = []
        file = log.with_name("scheduler.json")
        # Should the tests be killed, it goes after some idle time, and its workers with it.
        limits = ("--idle-timeout=300s", "--port=0", f"--scheduler-file={file}")
        self._start("scheduler", "--host=127.0.0.1", *limits)
        self.client: Client = Client(
            scheduler_file=str(file), timeout=PATIENCE, set_as_default=False
        )
        self.address = str(self.client.scheduler.address)

    def _start(self, kind: str, *options: str) -> None:
        self._processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "dask", kind, "--no-dashboard", *options],
                env=self._env,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )

    def add_workers(self, count: int) -> None:
        """Starts workers whose processes are restarted if they die, and waits until all are up."""
        self._start(
            *("worker", self.address, f"--nworkers={count}", "--nthreads=1"),
            *("--host=127.0.0.1", f"--death-timeout={PATIENCE}", "--preload=tests.core.fatal"),
        )
        self.client.wait_for_workers(count, timeout=PATIENCE)

    @property
    def pids(self) -> list[int]:
        """The processes that were started; the workers are children of one of them."""
        return [process.pid for process in self._processes]

    def worker_pids(self) -> list[int]:
        """The processes that sign."""
        return list(self.client.run(os.getpid).values())

    def close(self) -> None:
        """Kills them all, those that restart others first."""
        self.client.close()
        family = [psutil.Process(pid) for pid in self.pids]
        family += [child for process in family for child in process.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for process in self._processes:
            process.wait(PATIENCE)
        self._log.close()
