"""Fixtures of all tests: files that kill their readers, and a Dask cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from PIL import Image

from tests.cluster import Cluster
from tests.core import fatal

_ROOT = Path(__file__).parents[1]

# A shell that starts the tests in the background makes them ignore Ctrl-C, and whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Tests start hundreds of processes, none of which is to compile the packages anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Threads of OpenBLAS that have nothing to do spin for some 20 ms each time, in all of these
# processes; they are to sleep at once. Read when numpy is imported.
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "4"
# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs what takes longest first, so that no worker has to wait long for the other.

    Names that are not the same in all workers are refused here, as they are by none if there is
    only one.
    """
    if odd := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"give its parameters ids without addresses: {odd[0]}")
    folders = ["app", "plugin", "tests"]
    items.sort(
        key=lambda item: folders.index(name) if (name := item.path.parent.name) in folders else 3
    )


@pytest.fixture(scope="session")
def python_env() -> dict[str, str]:
    """The environment of a subprocess that imports the core of this checkout."""
    return {**os.environ, "PYTHONPATH": str(_ROOT)}


@pytest.fixture
def fatal_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Teaches Pillow the format of :mod:`tests.core.fatal`, for one test."""
    Image.init()  # what it registers is to stay
    monkeypatch.setattr(Image, "ID", Image.ID.copy())
    monkeypatch.setattr(Image, "OPEN", Image.OPEN.copy())
    fatal.register()


@pytest.fixture
def trap(fatal_format: None, tmp_path: Path) -> Iterator[fatal.Trap]:
    """An image whose reader says who it is, and never comes back."""
    trap = fatal.Trap.at(tmp_path / "trap.png")
    yield trap
    os.close(trap.pids)


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, python_env: dict[str, str]
) -> Iterator[Cluster]:
    """Two workers; tests may kill their processes, which come back."""
    running = Cluster(python_env, tmp_path_factory.mktemp("dask") / "dask.log")
    try:
        running.add_workers(2)
        yield running
    finally:
        running.close()
