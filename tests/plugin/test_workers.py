"""Which workers read the images: threads in the App's server, processes elsewhere, or a cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.executor import ExecutionContext, Executor

from tests.cluster import Cluster
from tests.core.fatal import killer, witness

Call = Callable[[fo.Dataset, dict[str, Any]], Any]


def _sdk(dataset: fo.Dataset, params: dict[str, Any]) -> Any:
    return _operator()(dataset, **params)


def _delegated(dataset: fo.Dataset, params: dict[str, Any]) -> Any:
    queued = _operator()(dataset, **params, delegate=True)
    service = DelegatedOperationService()
    service.execute_queued_operations(dataset_name=dataset.name)
    done = service.get(queued["id"])
    service.delete_operation(queued["id"])
    assert done.run_state == "completed", done.result.error
    return done.result.result


def _by_name(dataset: fo.Dataset, params: dict[str, Any]) -> Any:
    context = {"view": dataset.view(), "params": params}
    return foo.execute_operator(_operator().uri, context).result


def _app(dataset: fo.Dataset, params: dict[str, Any]) -> Any:
    """As the server's routes do, but in this process."""
    request = {"operator_uri": _operator().uri, "dataset_name": dataset.name, "params": params}
    ctx = ExecutionContext(request_params=request, executor=Executor())
    for _ in _operator().execute(ctx):
        pass


def _operator() -> Any:
    return foo.get_operator("@smartdownsample/smartdownsample/downsample")


@pytest.mark.parametrize(
    ("call", "params", "here"),
    [
        (_app, {}, True),
        (_app, {"workers": "processes"}, False),
        (_sdk, {}, False),
        (_sdk, {"workers": "threads"}, True),
        (_by_name, {}, False),
        (_delegated, {}, False),
    ],
    ids=["app", "app-processes", "sdk", "sdk-threads", "sdk-by-name", "delegated"],
)
def test_who_reads(
    make_dataset, images, fatal_format, tmp_path: Path, call: Call, params, here: bool
) -> None:
    """Threads of this process in the App, other processes elsewhere, unless told otherwise."""
    file = witness(tmp_path / "witness.jpg", images[0])
    call(make_dataset([*images[:9], str(file)]), {"target_count": 5, **params})
    reader = int((tmp_path / "witness.pid").read_text())
    assert (reader == os.getpid()) == here


@pytest.mark.parametrize("call", [_sdk, _by_name, _delegated], ids=["sdk", "by-name", "delegated"])
def test_a_file_that_kills_its_reader_is_recorded(
    make_dataset, images, fatal_format, tmp_path: Path, call: Call
) -> None:
    """The run goes on; the culprit alone has no bucket, and says why."""
    bad = str(killer(tmp_path / "bad.jpg", signal.SIGSEGV))
    dataset = make_dataset([*images[:40], bad, *images[40:]])
    result = call(dataset, {"target_count": 20})
    dataset.reload()
    assert (result["kept"], result["unreadable"]) == (20, 1)
    errors = dict(zip(*dataset.values(["filepath", "signature.error"]), strict=True))
    assert "the worker that read it died: signal 11" in errors.pop(bad)
    assert set(errors.values()) == {None}


def test_workers_of_a_cluster(dataset, operators, cluster: Cluster) -> None:
    """What they sign is what is signed here, in the SDK and in delegated runs."""
    here = operators.downsample(dataset, 20, run_key="here")
    kept = dataset.match_tags("here").values("id")
    signed = dataset.values("signature.dhash")
    for number, call in enumerate([_sdk, _delegated]):
        params = {"target_count": 20, "run_key": f"there{number}", "recompute": True}
        there = call(dataset, {**params, "scheduler": cluster.address})
        dataset.reload()
        assert there["computed"] == here["computed"] == 80
        assert dataset.match_tags(f"there{number}").values("id") == kept
        assert dataset.values("signature.dhash") == signed


def test_without_a_cluster_nothing_is_written(
    dataset, operators, state_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the address."""
    monkeypatch.setattr("smartdownsample_core.extraction._connection._SECONDS_TO_CONNECT", 1)
    before = state_of(dataset)
    with pytest.raises(ConnectionError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        operators.downsample(dataset, 20, scheduler="tcp://127.0.0.1:9")
    assert state_of(dataset) == before


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"workers": "dask"}, "needs the address of a Dask scheduler"),
        (
            {"workers": "threads", "scheduler": "tcp://127.0.0.1:9"},
            "does not go with workers 'threads'",
        ),
        ({"workers": "robots"}, "must be 'auto', 'threads', 'processes' or 'dask'"),
    ],
)
def test_settings_that_do_not_fit(dataset, operators, params, message: str) -> None:
    """Refused before anything is read."""
    with pytest.raises(ValueError, match=message):
        operators.downsample(dataset, 20, **params)
