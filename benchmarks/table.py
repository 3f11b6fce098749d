"""Markdown tables and repeated timings, for all benchmarks."""

from __future__ import annotations

import contextlib
import io
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a Markdown table with aligned columns."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    for row in (header, ["-" * width for width in widths], *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(cells)} |", flush=True)


def peak_mb() -> float:
    """Returns the largest memory that this process has had, in MB."""
    if sys.platform != "linux":
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)
    # What getrusage says of a child on Linux begins with what its parent had.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 2**10


def interleaved_medians(
    tasks: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Times the tasks in turn, so that a machine that slows down slows all of them.

    What they print is dropped.

    Args:
        tasks: name to what is timed
        rounds: how often each is run; one more run, not counted, comes first
        clock: CPU time of this process by default

    Returns:
        name to the median in seconds
    """
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(rounds + 1):
        for name, task in tasks.items():
            start = clock()
            with contextlib.redirect_stdout(io.StringIO()):
                task()
            if turn:
                seconds[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}
