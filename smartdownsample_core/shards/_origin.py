"""What a shard is a part of, and which shards belong together."""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from ..checks import flag, one_of, reason, shown, whole_number
from ..optional import arrow
from ..settings import DECODES, check_hash_size
from ._damage import damage_named, refuse_if
from ._seal import PARQUET, check_seal

_KEY = b"smartdownsample"


@dataclass(frozen=True)
class Origin:
    """What a shard is a part of, and how its signatures were made."""

    hash_size: int
    decode: str
    descriptors: bool
    listing: str
    """tells the list of images that was divided from other lists; see :func:`fingerprint`"""
    images: int
    """in that list"""
    number: int
    """1..count"""
    count: int
    """shards that the list was divided into"""
    base: str
    """absolute; the folder that all local images of the list are below"""
    version: str
    """of this package"""
    folder: str = ""
    """absolute; where relative paths start, empty if there are none"""
    grey: bool = False
    """whether it has thumbnails, by which standing cameras are found"""

    @property
    def rows(self) -> range:
        """The part of the list that is in this shard.

        >>> [Origin(8, "exact", True, "", 10, n, 3, "/", "").rows for n in (1, 2, 3)]
        [range(0, 3), range(3, 6), range(6, 10)]
        """
        return range(
            self.images * (self.number - 1) // self.count, self.images * self.number // self.count
        )

    def __len__(self) -> int:
        return len(self.rows)

    def check(self) -> None:
        """Raises a ValueError if a field has the wrong type, or a value out of its bounds."""
        check_hash_size(self.hash_size)
        one_of("decode", self.decode, DECODES)
        flag("descriptors", self.descriptors)
        flag("grey", self.grey)
        whole_number("images", self.images, 0)
        whole_number("count", self.count, 1)
        whole_number("number", self.number, 1, self.count)
        for name in ("listing", "base", "version", "folder"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text, got {shown(getattr(self, name))}")
        for name, path in (("base", self.base), ("folder", self.folder or self.base)):
            if path != os.path.abspath(path) or "\0" in path:
                raise ValueError(f"{name} must be an absolute path, got {shown(path)}")


def fingerprint(paths: Sequence[str]) -> str:
    """Tells lists of paths apart: shards of two different lists do not make a whole.

    >>> fingerprint(["a.jpg", "b.jpg"])
    'e19b0174'
    """
    checksum = 0
    for path in paths:
        checksum = zlib.crc32(path.encode("utf-8", "surrogateescape") + b"\0", checksum)
    return f"{checksum:08x}"


def metadata_of(origin: Origin) -> dict[bytes, bytes]:
    """Returns what is written into a shard, for :func:`read_origin`."""
    return {_KEY: json.dumps(asdict(origin)).encode("ascii")}


def read_origin(file: Path) -> Origin:
    """Compares a shard with its checksum, and returns what it is a part of.

    Raises:
        ImportError: if the extra ``shards`` is not installed
        ValueError: if the file cannot be read, is no shard, or is damaged
    """
    arrow()
    with open_local(file) as stream, damage_named(file):
        return sealed_origin(stream)[0]


def sealed_origin(stream: BinaryIO) -> tuple[Origin, bytes]:
    """As :func:`read_origin`, of an open file; returns its checksum, too."""
    seal = check_seal(stream)
    stream.seek(0)
    return _origin_in(arrow().parquet.read_schema(stream).metadata or {}), seal


def _origin_in(metadata: dict[bytes, bytes]) -> Origin:
    values: Any = None
    with suppress(KeyError, ValueError, RecursionError):
        values = json.loads(metadata[_KEY])
    if isinstance(values, dict):
        values.setdefault("grey", False)  # older shards do not say it
    names = [field.name for field in fields(Origin)]
    is_complete = isinstance(values, dict) and values.keys() >= set(names)
    refuse_if(not is_complete, "it does not say which images it is of")
    origin = Origin(**{name: values[name] for name in names})
    origin.check()
    return origin


def open_local(file: Path) -> BinaryIO:
    """Opens what may be a shard; raises a ValueError for what does not look like one."""
    try:
        mode = os.stat(file).st_mode
        stream = file.open("rb") if stat.S_ISREG(mode) else None
    except (OSError, ValueError) as error:  # a null character in its name, for the second
        raise ValueError(
            f"cannot read {file} ({reason(error)}); name files of 'smartdownsample extract'"
        ) from None
    if stat.S_ISDIR(mode):
        raise ValueError(f"{file} is a folder; name a file, or those in it, as in {file}/*.parquet")
    if stream is None:  # opening a named pipe would wait for a writer
        raise ValueError(f"{file} is not a regular file; name files of 'smartdownsample extract'")
    if not looks_right(stream):
        stream.close()
        raise ValueError(f"{file} is no file of signatures; 'smartdownsample extract' makes them")
    return stream


def looks_right(stream: BinaryIO) -> bool:
    """Whether a file begins or ends as Parquet files do; one of them may be damaged."""
    start = stream.read(len(PARQUET))
    stream.seek(max(stream.seek(0, os.SEEK_END) - len(PARQUET), 0))
    return PARQUET in (start, stream.read())


def check_origins(files: Sequence[Path | str], origins: Sequence[Origin], partial: bool) -> None:
    """Raises a ValueError if shards were made differently, come twice, or (not partial) miss."""
    for file, origin in zip(files, origins, strict=True):
        # Whether cameras are read in two ways is for :class:`Shards` to see.
        is_fast = origin.decode == "fast", origins[0].decode == "fast"
        for name, differs in (
            ("hash_size", origin.hash_size != origins[0].hash_size),
            ("decode", is_fast[0] != is_fast[1]),
        ):
            if differs:
                raise ValueError(
                    f"{file} has {name} {getattr(origin, name)}, {files[0]} has "
                    f"{getattr(origins[0], name)}; extract them with the same settings"
                )
    lists: dict[tuple[str, int, int], dict[int, Path | str]] = defaultdict(dict)
    for file, origin in zip(files, origins, strict=True):
        shards = lists[origin.listing, origin.images, origin.count]
        if origin.number in shards:
            raise ValueError(
                f"{file} and {shards[origin.number]} hold the same images, shard "
                f"{origin.number}/{origin.count}; name one of them"
            )
        shards[origin.number] = file
    for (_, _, count), shards in lists.items():
        if len(shards) < count and not partial:
            # Not a set of all numbers: a shard may claim to be one of any number.
            first = next(number for number in range(1, count + 1) if number not in shards)
            raise ValueError(
                f"{count - len(shards):,} of {count:,} shards are missing, the first is shard "
                f"{first}/{count} beside {next(iter(shards.values()))}; extract it, or say "
                "--partial. If it is there, the folders changed between the extractions"
            )


def record_of(files: Sequence[Path | str], origins: Sequence[Origin]) -> dict[str, Any]:
    """Returns what is to be noted of shards, and how their images were read."""
    return {
        "images": {"count": sum(map(len, origins))},
        "reading": {"hash_size": origins[0].hash_size, "decode": origins[0].decode},
        "shards": [
            {
                "path": str(file),
                "list": origin.listing,
                "shard": f"{origin.number}/{origin.count}",
                "version": origin.version,
            }
            for file, origin in zip(files, origins, strict=True)
        ],
    }
