"""Signs damaged image files by the thousand: ``python -m tests.core.fuzz --cases 100000 --seed 7``.

A crash ends the process, a hang is ended by the watchdog with a traceback; both leave the file that
did it in ``--folder``. Prints one line of JSON about what it did.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import json
import os
import random
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from smartdownsample_core import Signature, limits, sign_file
from tests.core.corpus import seeds
from tests.core.structure import with_parts, with_size, wrapped
from tests.patience import PATIENCE

#: Of the CPU, as the machine may be busy; a small image takes a millisecond.
_SECONDS_PER_FILE = 10
#: Setting the watchdog takes a millisecond as well.
_CASES_PER_WATCH = 100
#: Headers may claim anything; fewer pixels than usual keep the cases short.
_MAX_PIXELS = 2_000_000
_MAX_BYTES_OF_MEMORY = 4 * 2**30
_MAX_BYTES_OF_IMAGE = 100 * 2**20

#: Beginnings of the names of seeds: of all formats that are read, and of some that are not.
_READ = (*(name.lower() for name in limits.FORMATS), "tiff", "eps", "fits", "ico", "iptc")

_BEGINNINGS = ("File not found: ", "Permission denied: ", "Cannot read image file: ")
_EDGE_BYTES = b"\x00\x01\x7f\x80\xff"
_EDGE_WORDS = (0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1_000_000, 30_000)

_STRUCTURAL = {"parts": with_parts, "size": with_size, "wrap": wrapped}

#: Of mutations.
KINDS = ("bit", "byte", "edge", "word", "cut", "drop", "repeat", "splice", *_STRUCTURAL)

_MOST_MUTATIONS = 4


def mutate(original: bytes, other: bytes, mutations: list[tuple[str, int, int]]) -> bytes:
    """Damages a file; places are nearer to its beginning than to its end, where headers are."""
    file = bytearray(original)
    for kind, where, value in mutations:
        place = int((where / 2**16) ** 2 * len(file))
        if kind in _STRUCTURAL:
            file = bytearray(_STRUCTURAL[kind](bytes(file), where, value))
        elif kind == "bit" and file:
            file[place] ^= 1 << value % 8
        elif kind == "byte" and file:
            file[place] = value % 256
        elif kind == "edge" and file:
            file[place] = _EDGE_BYTES[value % len(_EDGE_BYTES)]
        elif kind == "word":
            order = ("big", "little")[value % 2]
            word = _EDGE_WORDS[value // 2 % len(_EDGE_WORDS)].to_bytes(4, order)
            file[place : place + 4] = word
        elif kind == "cut":
            del file[place:]
        elif kind == "drop":
            del file[place : place + value % 64]
        elif kind == "repeat":
            file[place:place] = file[place : place + value % 1024]
        elif kind == "splice":
            file[place : place + value % 1024] = other[place : place + value % 1024]
    return bytes(file)


def _mutations(rng: random.Random) -> list[tuple[str, int, int]]:
    count = rng.randint(1, _MOST_MUTATIONS)
    return [(rng.choice(KINDS), rng.randrange(2**16), rng.randrange(2**16)) for _ in range(count)]


def outcome(path: str) -> str:
    """Signs a file; ``"signed"``, or the reason why it was refused.

    Raises:
        AssertionError: if the signature is not one, the error does not name the path, or it took
            too long; whatever else is raised is a crash
    """
    start = time.process_time()
    try:
        signature = sign_file(path)
    except OSError as error:
        words = str(error)
        assert words.startswith(tuple(begin + path for begin in _BEGINNINGS)), words
        result = words
    else:
        _check(signature)
        result = "signed"
    assert time.process_time() - start < _SECONDS_PER_FILE, result
    return result


def _check(signature: Signature) -> None:
    assert (signature.dhash.shape, signature.ahash.shape) == ((8, 8), (4, 4))
    assert np.isfinite(signature.mean_rgb).all()
    assert signature.thumbnail.shape == (3, 32, 32)


def main() -> None:
    """Runs the cases and prints what came of them."""
    options = _options()
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES_OF_MEMORY, _MAX_BYTES_OF_MEMORY))
    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS // 2  # Pillow refuses more than twice as many
    limits.MAX_MEMORY_BYTES = _MAX_BYTES_OF_IMAGE
    undamaged = [data for name, data in seeds().items() if name.startswith(_READ)]
    path = Path(options.folder, f"case_{options.seed}")
    counts: collections.Counter[str] = collections.Counter()
    slowest, rng = 0.0, random.Random(options.seed)

    def damage() -> None:
        nonlocal slowest
        original, other = rng.choices(undamaged, k=2)
        _write(path, mutate(original, other, _mutations(rng)))
        if counts.total() % _CASES_PER_WATCH == 0:
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
        start = time.monotonic()
        counts["signed" if outcome(str(path)) == "signed" else "refused"] += 1
        slowest = max(slowest, time.monotonic() - start)

    _write(path, undamaged[0])
    outcome(str(path))  # loads what is loaded once
    handles = len(os.listdir("/proc/self/fd"))
    before = _peak_mb()
    start = time.monotonic()
    for _ in range(options.cases):
        damage()
    seconds = time.monotonic() - start
    faulthandler.cancel_dump_traceback_later()
    path.unlink()
    print(
        json.dumps(
            {
                "cases": sum(counts.values()),
                **counts,
                "seconds": round(seconds, 1),
                "slowest_ms": round(slowest * 1000),
                "leaked_handles": len(os.listdir("/proc/self/fd")) - handles,
                "grown_mb": _peak_mb() - before,
            }
        )
    )


def _peak_mb() -> int:
    """The most memory that this process has had; ru_maxrss begins with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _write(path: Path, file: bytes) -> None:
    path.unlink(missing_ok=True)  # some disks take a millisecond to empty a file
    path.write_bytes(file)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Sign damaged image files.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    return parser.parse_args()


if __name__ == "__main__":
    main()
