"""Systems that Python runs on and this one is not, as far as that can be seen from here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: What Windows lacks is taken away once the packages that ask for the system have been imported.
_WITHOUT_POSIX = """
import os, pkgutil, signal, sys
import imagehash, matplotlib.pyplot, natsort, numpy, PIL.Image, simplejpeg, tqdm, threadpoolctl
import multiprocessing.connection, subprocess, tempfile

for name in ("fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios"):
    sys.modules[name] = None
for module, names in {
    os: ("O_NONBLOCK", "fork", "getuid", "killpg", "mkfifo", "setsid", "statvfs", "sysconf"),
    signal: ("SIGHUP", "SIGKILL", "SIGALRM", "SIGPIPE", "SIGUSR1", "pthread_sigmask"),
}.items():
    for name in names:
        delattr(module, name)
sys.platform = "unknown"

import smartdownsample_core

for module in pkgutil.walk_packages(smartdownsample_core.__path__, "smartdownsample_core."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
files = {"save_explanation": "why.csv", "save_thumbnails": "b.png"}
kept = smartdownsample_core.sample_diverse(sys.argv[1:], 5, strategy="diverse", **files)
assert len(set(kept)) == 5
"""


def test_the_core_runs_without_what_only_posix_has(
    burst_paths: list[str], python_env: dict[str, str], tmp_path: Path
) -> None:
    """Every module is imported, and images are chosen and explained."""
    script = [sys.executable, "-c", _WITHOUT_POSIX, *burst_paths[:20]]
    subprocess.run(script, check=True, cwd=tmp_path, env=python_env)
    assert len((tmp_path / "why.csv").read_text().splitlines()) == 21
    assert (tmp_path / "b.png").stat().st_size > 0
