"""A run whose MongoDB goes away, and comes back: ``python -m tests.plugin.outage DIR OUTAGE``.

In a process and with a mongod of its own; prints what it saw as a JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.database import free_port, launch_mongod

_PORT = free_port()
_PATIENCE = "serverSelectionTimeoutMS=5000&connectTimeoutMS=20000"
_ENVIRONMENT = {
    "FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{_PORT}/?{_PATIENCE}",
    "FIFTYONE_DATABASE_VALIDATION": "false",
    "FIFTYONE_DO_NOT_TRACK": "true",
    "FIFTYONE_SHOW_PROGRESS_BARS": "false",
}


def _start(folder: Path) -> subprocess.Popen[bytes]:
    return launch_mongod(folder, _PORT, "--setParameter", "enableTestCommands=1")


def main() -> None:
    """Has a run interrupted by an outage, ends the outage, and runs again."""
    # Not when this is imported, which pytest does as it looks for doctests.
    os.environ |= _ENVIRONMENT
    folder, outage = Path(sys.argv[1]), sys.argv[2]
    mongod = _start(folder / "database")

    import fiftyone as fo
    import fiftyone.core.odm as foo
    from fiftyone.operators.executor import ExecutionContext

    from plugin.base import Operator
    from plugin.config import DownsampleConfig
    from plugin.jobs import engine
    from plugin.jobs.progress import Job, with_bar
    from plugin.operators import OPERATORS
    from smartdownsample_core.extraction import _extract as extract

    engine.WRITE_EVERY = 16
    extract._SECONDS_BETWEEN_REPORTS = 0  # the first is not the last
    dataset = fo.Dataset(persistent=True)
    dataset.add_samples([fo.Sample(str(path)) for path in sorted(folder.glob("*.jpg"))])

    def fail_with(code: int) -> Callable[[], None]:
        """Has mongod answer writes with an error of its own."""

        def begin() -> None:
            data = {"failCommands": ["update", "insert", "findAndModify"], "errorCode": code}
            foo.get_db_client().admin.command(
                "configureFailPoint", "failCommand", mode="alwaysOn", data=data
            )

        return begin

    def kill() -> None:
        foo.get_db_client().admin.command("fsync")  # its journal is up to 100 ms behind
        mongod.kill()
        mongod.wait()

    begin = {"killed": kill, "disk full": fail_with(14031), "read-only": fail_with(13)}[outage]
    config = DownsampleConfig(target_count=10)

    def interrupted() -> Job:
        job = engine.run(dataset, dataset.view(), config)
        yield next(progress for progress in job if dataset.has_field("signature"))
        begin()
        return (yield from job)

    errors = {}

    def execute(operator: Operator) -> None:
        try:
            operator.execute(ExecutionContext({"dataset_name": dataset.name, "params": {}}))
        except OSError as failure:
            errors[operator.key] = str(failure)

    try:
        with_bar(interrupted())
    except OSError as failure:
        errors["the run"] = str(failure)
    if outage == "killed":
        with ThreadPoolExecutor(len(OPERATORS)) as pool:  # all wait for MongoDB at the same time
            list(pool.map(execute, [kind() for kind in OPERATORS]))
    if outage == "killed":
        mongod = _start(folder / "database")
    else:
        foo.get_db_client().admin.command("configureFailPoint", "failCommand", mode="off")
    dataset.reload()
    left = [dataset.list_runs(), dataset.list_saved_views(), dataset.count_sample_tags()]
    signed = dataset.count("signature.bucket")
    result = with_bar(engine.run(dataset, dataset.view(), config))
    seen = {"errors": errors, "left": left, "signed": signed, "reused": result["reused"]}
    print(json.dumps({**seen, "tags": dataset.count_sample_tags(), "runs": dataset.list_runs()}))
    mongod.terminate()
    mongod.wait()


if __name__ == "__main__":
    main()
