"""Stopping a run: cancelled from the list of operations, or with Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone.operators.delegated import DelegatedOperationService
from PIL import Image

from plugin.jobs import engine
from tests.core.fatal import Trap

_SCRIPT = """
import fiftyone as fo, fiftyone.operators as foo, sys
from tests.core import fatal

fatal.register()
downsample = foo.get_operator("@smartdownsample/smartdownsample/downsample")
downsample(fo.load_dataset(sys.argv[1]), 10, n_workers=2)
"""

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def slow_dataset(make_dataset, tmp_path: Path) -> fo.Dataset:
    """2,000 samples that take ten seconds to read."""
    path = tmp_path / "large.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return make_dataset([str(path)] * 2000)


def _run_and_cancel(dataset, operators, monkeypatch, wait=lambda: None) -> list[float]:
    """Queues a run and marks it as failed, as the App does it, once it has come somewhere.

    Returns:
        the progress that it has reported
    """
    queued = operators.downsample(dataset, 10, decode="exact", delegate=True)
    service = DelegatedOperationService()
    report = foo.ExecutionContext.set_progress
    reports = []

    def report_and_cancel(ctx, progress, label) -> None:
        report(ctx, progress, label)
        if progress and not any(reports):  # not only a sign of life
            wait()
            service.set_failed(queued["id"])
        reports.append(progress)

    monkeypatch.setattr(foo.ExecutionContext, "set_progress", report_and_cancel)
    service.execute_queued_operations(dataset_name=dataset.name)
    assert service.get(queued["id"]).run_state == "failed"
    service.delete_operation(queued["id"])
    dataset.reload()
    return reports


def test_a_delegated_run_is_cancelled(slow_dataset, operators, monkeypatch) -> None:
    """It stops, and keeps the signatures it has."""
    assert _run_and_cancel(slow_dataset, operators, monkeypatch)[-1] < 0.9
    _assert_stopped(slow_dataset)


def test_a_delegated_run_is_cancelled_while_it_waits_for_a_file(
    make_dataset, images, trap: Trap, operators, monkeypatch
) -> None:
    """However long that takes to read: its process is ended."""
    dataset = make_dataset([*images[:3], str(trap.path), *images[3:9]])
    readers = []
    _run_and_cancel(dataset, operators, monkeypatch, lambda: readers.append(trap.caught()))
    assert not readers[0].is_running()
    assert dataset.count("signature.bucket") == 3  # the batch before


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_ctrl_c(make_dataset, images, trap: Trap) -> None:
    """Ctrl-C ends a script that waits for a file, and has kept the signatures it had."""
    dataset = make_dataset([*images, *images, str(trap.path)])
    environment = os.environ | {"FIFTYONE_SHOW_PROGRESS_BARS": "true"}
    command = [sys.executable, "-u", "-c", _SCRIPT, dataset.name]
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as script:
        shown = b""
        while not re.search(rb"Reading images.* [1-9][0-9]*/161", shown):
            piece = os.read(script.stderr.fileno(), 1000)
            assert piece, shown.decode()
            shown += piece
        trap.caught()
        os.killpg(script.pid, signal.SIGINT)  # as a terminal does: to all processes of the group
        shown += script.stderr.read()
        assert script.wait() != 0, shown.decode()
    assert b"KeyboardInterrupt" in shown
    dataset.reload()
    _assert_stopped(dataset)


def _assert_stopped(dataset: fo.Dataset) -> None:
    assert 0 < dataset.count("signature.bucket") < len(dataset)
    assert (dataset.list_runs(), dataset.list_saved_views()) == ([], [])
    assert dataset.count_sample_tags() == {}


def test_what_has_been_read_is_written_when_it_is_stopped(slow_dataset) -> None:
    """However few there are."""
    config = engine.DownsampleConfig(target_count=20, decode="exact")
    job = engine.run(slow_dataset, slow_dataset.view(), config)
    progress = next(progress for progress in job if progress.done)
    assert progress.done < engine.WRITE_EVERY
    job.close()
    assert slow_dataset.count("signature.bucket") == progress.done
