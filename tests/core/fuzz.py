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
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image

from smartdownsample_core import Signature, sign_file
from tests.core.corpus import seeds
from tests.patience import PATIENCE

#: Of the CPU, as the machine may be busy; a small image takes a millisecond.
_SECONDS_PER_FILE = 10
#: Setting the watchdog takes a millisecond as well.
_CASES_PER_WATCH = 100
#: Headers may claim anything; fewer pixels than usual keep the cases short.
_MAX_PIXELS = 2_000_000
_MAX_BYTES_OF_MEMORY = 4 * 2**30

_BEGINNINGS = ("File not found: ", "Permission denied: ", "Cannot read image file: ")
_EDGE_BYTES = b"\x00\x01\x7f\x80\xff"
_EDGE_WORDS = (0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1_000_000, 30_000)

_MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["bit", "byte", "edge", "word", "cut", "drop", "repeat", "splice"]),
        st.integers(0, 2**16 - 1),
        st.integers(0, 2**16 - 1),
    ),
    min_size=1,
    max_size=4,
)


def mutate(original: bytes, other: bytes, mutations: list[tuple[str, int, int]]) -> bytes:
    """Damages a file; places are nearer to its beginning than to its end, where headers are."""
    file = bytearray(original)
    for kind, where, value in mutations:
        place = int((where / 2**16) ** 2 * len(file))
        if kind == "bit" and file:
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
    undamaged = list(seeds().values())
    path = Path(options.folder, f"case_{options.seed}")
    counts: collections.Counter[str] = collections.Counter()
    slowest = 0.0

    @seed(options.seed)
    @settings(
        max_examples=options.cases,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(undamaged), st.sampled_from(undamaged), _MUTATIONS)
    def damage(original: bytes, other: bytes, mutations: list[tuple[str, int, int]]) -> None:
        nonlocal slowest
        _write(path, mutate(original, other, mutations))
        if counts.total() % _CASES_PER_WATCH == 0:
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
        start = time.monotonic()
        counts["signed" if outcome(str(path)) == "signed" else "refused"] += 1
        slowest = max(slowest, time.monotonic() - start)

    _write(path, undamaged[0])
    outcome(str(path))  # loads what is loaded once
    handles = len(os.listdir("/proc/self/fd"))
    start = time.monotonic()
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
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


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
