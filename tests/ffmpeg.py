"""ffmpeg, which FiftyOne samples videos with: ``python -m tests.ffmpeg`` finds or installs it."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

_MISSING = "the tests of videos need ffmpeg: install it, as in apt install ffmpeg"


def ensure_ffmpeg() -> bool:
    """Returns whether there is an ffmpeg, which is installed if there is none and that is easy."""
    command = ["apt-get", "install", "--yes", "--no-install-recommends", "ffmpeg"]
    if not _is_there() and shutil.which("apt-get") and os.geteuid() == 0:
        print("No ffmpeg found; trying:", *command, flush=True)
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    return _is_there()


def require_ffmpeg() -> None:
    """Skips a test where there is no ffmpeg."""
    if not ensure_ffmpeg():
        pytest.skip(_MISSING)


def _is_there() -> bool:
    return all(map(shutil.which, ("ffmpeg", "ffprobe")))


if __name__ == "__main__":
    print("ffmpeg:", shutil.which("ffmpeg") if ensure_ffmpeg() else _MISSING)
