"""A process that forks others, which run jobs of the plugin and are killed at a given write.

``python -m tests.plugin.zygote`` reads a JSON object from each line of its input, and answers each
with one. Forking spares every job the seconds that importing FiftyOne takes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from pymongo import monitoring

_INDEXES = ("createIndexes", "dropIndexes")
_WRITES = frozenset(("insert", "update", "delete", "findAndModify", "create", "drop", *_INDEXES))


class _Killer(monitoring.CommandListener):
    """Kills its process when the n-th command that writes is about to be sent to MongoDB."""

    kill_at: int | None = None
    count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.kill_at is None or event.command_name not in _WRITES:
            return
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


_killer = _Killer()
monitoring.register(_killer)

import fiftyone as fo  # noqa: E402 (its client has to know the listener)

from plugin.config import DownsampleConfig  # noqa: E402
from plugin.jobs import edits, engine, splitting  # noqa: E402
from plugin.jobs.progress import with_bar  # noqa: E402
from plugin.runs import writes  # noqa: E402


def _run(dataset: fo.Dataset, **params: Any) -> None:
    config = DownsampleConfig(**params)
    # With threads, as in the App: what is killed is the process that writes.
    with_bar(engine.run(dataset, dataset.view(), config, in_app=True))


def _split(dataset: fo.Dataset, **params: Any) -> None:
    config = splitting.SplitConfig(**params)
    with_bar(splitting.run(dataset, dataset.view(), config, in_app=True))


def _rename(dataset: fo.Dataset, name: str) -> None:
    dataset.name = name


_JOBS = {
    "run": _run,
    "undo": writes.delete,
    "split": _split,
    "undo split": writes.delete_split,
    "edit": edits.edit,
    "rename": _rename,
    "delete dataset": fo.Dataset.delete,
}


def main() -> None:
    """Answers requests until the input ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _work(**json.loads(line))
        _, status = os.waitpid(child, 0)
        answer = {"killed": os.WIFSIGNALED(status), "status": status}
        print(json.dumps(answer), flush=True)


def _work(
    dataset: str, job: str, kill_at: int | None, write_every: int, params: dict[str, Any]
) -> None:
    engine.WRITE_EVERY = write_every
    loaded = fo.load_dataset(dataset)
    _killer.kill_at = kill_at
    status = 1
    try:
        _JOBS[job](loaded, **params)
        status = 0
    finally:
        os._exit(status)  # not the ways out that are the parent's


if __name__ == "__main__":
    main()
