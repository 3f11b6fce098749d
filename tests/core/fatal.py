"""An image format for tests, whose files do to the process that decodes them what they say.

Registered with Pillow as other packages register theirs; the files are real, and so are the deaths.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import select
import signal
from pathlib import Path
from typing import IO, Any, NamedTuple

import psutil
from PIL import Image

from tests.patience import PATIENCE

_NAME, _START = "FATAL", b"FATAL "
_PID_BYTES = 20


def register() -> None:
    """Teaches Pillow the format."""
    Image.register_open(_NAME, decode, _is_ours)


def dask_setup(worker: object) -> None:
    """What Dask calls in a worker that is started with ``--preload tests.core.fatal``."""
    register()


def killer(path: Path, number: int) -> Path:
    """Makes a file whose decoder dies of a signal."""
    return _file(path, {"signal": number})


def killer_once(path: Path, number: int, image: str) -> Path:
    """Makes a file whose first decoder dies of a signal; for all others, it is that image."""
    flag = path.with_suffix(".flag")
    flag.touch()
    return _file(path, {"signal": number, "once": str(flag)}, Path(image).read_bytes())


class StrangeError(Exception):
    """Not an error that any decoder is known to raise."""


def raiser(path: Path) -> Path:
    """Makes a file whose decoder raises a :class:`StrangeError`."""
    return _file(path, {"raise": "out of cheese"})


def hungry(path: Path, n_bytes: int) -> Path:
    """Makes a file whose decoder asks for that much memory, and does not touch it."""
    return _file(path, {"ask": n_bytes})


def witness(path: Path, image: str) -> Path:
    """Makes a file that is that image, and writes who decodes it to a ``.pid`` file beside it."""
    return _file(path, {"tell": str(path.with_suffix(".pid"))}, Path(image).read_bytes())


class Trap(NamedTuple):
    """A file whose decoder says who it is, and never comes back."""

    path: Path
    pids: int
    """file descriptor of a named pipe"""

    @classmethod
    def at(cls, path: Path) -> Trap:
        """Makes one; close it."""
        pipe = path.with_suffix(".pipe")
        os.mkfifo(pipe)
        _file(path, {"trap": str(pipe)})
        return cls(path, os.open(pipe, os.O_RDWR))

    def caught(self) -> psutil.Process:
        """Waits until a process is caught, and returns it."""
        return psutil.Process(self.caught_pid())

    def caught_pid(self) -> int:
        """Waits until a process is caught, which may be gone since."""
        assert select.select([self.pids], [], [], PATIENCE)[0], "nobody read the file"
        return int(os.read(self.pids, _PID_BYTES))


def decode(file: IO[bytes], filename: str | bytes) -> Any:
    """Does what the file says; Pillow calls this."""
    orders, _, image = file.read().removeprefix(_START).partition(b"\n")
    what = json.loads(orders)
    if "trap" in what:
        Path(what["trap"]).write_text(f"{os.getpid():>{_PID_BYTES}}")
        while True:
            signal.pause()
    if "raise" in what:
        raise StrangeError(what["raise"])
    if "ask" in what:
        bytearray(what["ask"])
    if "tell" in what:
        Path(what["tell"]).write_text(str(os.getpid()))
    elif "once" not in what or _taken(what["once"]):
        faulthandler.disable()  # this one is meant
        os.kill(os.getpid(), what["signal"])
    return Image.open(io.BytesIO(image))


def _is_ours(start: bytes) -> bool:
    return start.startswith(_START)


def _file(path: Path, orders: dict[str, Any], image: bytes = b"") -> Path:
    path.write_bytes(_START + json.dumps(orders).encode() + b"\n" + image)
    return path


def _taken(flag: str) -> bool:
    try:
        os.unlink(flag)
    except FileNotFoundError:
        return False
    return True
