"""Shards that lie: forged on purpose, with a checksum that fits, or damaged at random.

``python -m tests.core.forge --cases 100000 --seed 7`` damages a shard so often and opens it. Prints
one line of JSON about what it did; a crash ends the process, a hang is ended by the watchdog.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import io
import json
import random
import re
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smartdownsample_core.shards._origin import Origin
from smartdownsample_core.shards._seal import seal
from smartdownsample_core.shards._select import select_from
from smartdownsample_core.shards._shards import Shards
from smartdownsample_core.shards._write import write_shard
from smartdownsample_core.signatures import Signatures

_SECONDS_PER_CASE = 10
_SECONDS_PER_WATCH, _CASES_PER_WATCH = 60, 100
_MAX_BYTES_OF_MEMORY = 6 * 2**30
_EDGE_BYTES = (0, 1, 0x7F, 0x80, 0xFF)
_SEAL = 48  # bytes


def sealed(data: bytes) -> bytes:
    """Returns a Parquet file with a checksum that fits."""
    stream = io.BytesIO(data)
    seal(stream)
    return stream.getvalue()


def unsealed(data: bytes) -> bytes:
    """The inverse of :func:`sealed`."""
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[: footer - _SEAL] + data[footer:]


def forged(shard: bytes, columns: dict[str, Any] | None = None, **origin: Any) -> bytes:
    """Returns a shard with other columns (None leaves one out) and another origin."""
    table = pq.read_table(io.BytesIO(shard))
    for name, values in (columns or {}).items():
        place = table.schema.get_field_index(name)
        table = table.remove_column(place)
        if values is not None:
            table = table.add_column(place, name, values)
    metadata = json.loads(table.schema.metadata[b"smartdownsample"]) | origin
    return packed(table, json.dumps(metadata).encode())


def packed(table: pa.Table, metadata: bytes, **options: Any) -> bytes:
    """Returns a table as a shard of this metadata."""
    stream = io.BytesIO()
    table = table.replace_schema_metadata({b"smartdownsample": metadata})
    pq.write_table(table, stream, **{"use_dictionary": False, **options})
    return sealed(stream.getvalue())


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Returns a file with some bytes that are not as they were."""
    file = bytearray(data)
    while bytes(file) == data:
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            # Half of it near the end, where the sizes and types are.
            span = len(file) if rng.random() < 0.5 else min(1500, len(file))
            place = len(file) - 1 - rng.randrange(span)
            kind = rng.choice(("bit", "edge", "zeros", "drop", "repeat", "cut"))
            if kind == "bit":
                file[place] ^= 1 << rng.randrange(8)
            elif kind == "edge":
                file[place] = rng.choice(_EDGE_BYTES)
            elif kind == "zeros":
                file[place : place + 60] = bytes(len(file[place : place + 60]))
            elif kind == "drop":
                del file[place : place + rng.randrange(1, 64)]
            elif kind == "repeat":
                file[place:place] = file[place : place + rng.randrange(1, 64)]
            elif kind == "cut" and rng.random() < 0.2:
                del file[place:]
            if not file:
                return bytes(file)
    return bytes(file)


def outcome(file: Path) -> str:
    """Opens a shard and reads all of it: ``"read"``, or the reason why it was refused.

    Raises:
        AssertionError: if the error does not name the file, or it took too long; whatever else is
            raised is a crash
    """
    start = time.monotonic()
    try:
        shards = Shards([file])
    except ValueError as error:
        result = str(error)
        assert result.startswith(str(file)), result
        assert "\n" not in result, result
    else:
        table = shards.signatures(descriptors=True)
        assert len(table) == len(shards) == len(shards.paths()) == len(shards.bucket_ids())
        if len(set(shards.paths())) == len(shards):
            selection, paths = select_from(shards, 2)
            assert len(selection.indices) == min(2, table.readable.sum()) <= len(paths)
        result = "read"
    assert time.monotonic() - start < _SECONDS_PER_CASE, result
    return result


def a_shard(folder: Path) -> bytes:
    """Returns a shard of nine images, of which one could not be read."""
    paths = [f"/photos/{number}.jpg" for number in range(9)]
    rng = np.random.default_rng(1)
    table = Signatures.blank(9, 8)
    table.unreadable[4] = OSError("Cannot read image file: /photos/4.jpg (empty)")
    good = np.flatnonzero(np.arange(9) != 4)
    for name in table.columns():
        column = getattr(table, name)
        if column.dtype == np.uint8:
            column[good] = rng.integers(0, 256 if column.ndim == 2 else 9, (8, *column.shape[1:]))
        elif column.dtype == object:
            column[good[:5]] = ["Maker", "", "Maker", "x" * 99, "é"]
        elif column.dtype.kind == "M":
            column[good[:5]] = rng.integers(0, 10**15, 5)
        else:
            column[good] = rng.random((8, *column.shape[1:]))
    file = folder / "good.parquet"
    origin = Origin(8, "exact", True, "one list", 9, 1, 1, "/photos", "0")
    stats = (np.full(9, 1000), np.arange(9))
    write_shard(file, origin, paths, stats, [(np.arange(9), table)])
    return file.read_bytes()


def main() -> None:
    """Runs the cases and prints what came of them."""
    parser = argparse.ArgumentParser(description="Open damaged shards.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES_OF_MEMORY, _MAX_BYTES_OF_MEMORY))
    rng = random.Random(options.seed)
    counts: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        good = a_shard(Path(folder))
        file = Path(folder, f"case_{options.seed}.parquet")
        start = time.monotonic()
        for case in range(options.cases):
            if case % _CASES_PER_WATCH == 0:
                faulthandler.dump_traceback_later(_SECONDS_PER_WATCH, exit=True)
            forge = case % 2 == 1
            data = damaged(unsealed(good) if forge else good, rng)
            if forge:
                try:
                    data = sealed(data)
                except ValueError:
                    continue  # there is no place for a checksum
            file.unlink(missing_ok=True)
            file.write_bytes(data)
            kind = "forged" if forge else "damaged"
            counts[f"{kind}_{'read' if outcome(file) == 'read' else 'refused'}"] += 1
        faulthandler.cancel_dump_traceback_later()
        seconds = round(time.monotonic() - start, 1)
    # Unlike what getrusage says, without what the process was forked from.
    (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    peak_mb = int(peak) // 1024
    print(json.dumps({**counts, "seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
