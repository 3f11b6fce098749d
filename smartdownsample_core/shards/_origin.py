"""What a file of signatures is a part of, and which files belong together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..checks import reason
from ..optional import arrow

_KEY = b"smartdownsample"


@dataclass(frozen=True)
class Origin:
    """What a shard is a part of, and how its signatures were made."""

    hash_size: int
    decode: str
    descriptors: bool
    listing: str
    """says which list of images was divided; that of one image list is always the same"""
    number: int
    """1..count"""
    count: int
    """shards that the list was divided into"""
    base: str
    """folder that all images of the list are below"""
    version: str
    """of this package"""
    folder: str = ""
    """that relative paths start from; empty if there are none"""


def metadata_of(origin: Origin) -> dict[bytes, bytes]:
    """Returns what is written into a shard, for :func:`read_origin`."""
    return {_KEY: json.dumps(asdict(origin)).encode("ascii")}


def read_origin(file: Path) -> Origin:
    """Returns what a shard is a part of.

    Raises:
        ImportError: if the extra ``shards`` is not installed
        ValueError: if the file cannot be read, or is no shard
    """
    pyarrow = arrow()
    try:
        with file.open("rb") as stream:
            metadata = pyarrow.parquet.read_schema(stream).metadata or {}
        return Origin(**json.loads(metadata[_KEY]))
    except OSError as error:
        if error.errno is None:  # pyarrow's word for what makes no sense
            raise damaged(file, error) from error
        if file.is_dir():
            raise ValueError(
                f"{file} is a folder; name a file, or those in it, as in {file}/*.parquet"
            ) from None
        raise ValueError(
            f"cannot read {file} ({reason(error)}); name files of 'smartdownsample extract'"
        ) from None
    except (pyarrow.ArrowInvalid, KeyError, TypeError, ValueError):
        raise ValueError(
            f"{file} is no file of signatures; 'smartdownsample extract' makes them"
        ) from None


def damaged(file: Path, error: Exception) -> ValueError:
    """Returns the error that names a shard of which a part cannot be read."""
    return ValueError(f"{file} is damaged ({reason(error)}); delete it, and extract it again")


def check_origins(files: Sequence[Path], origins: Sequence[Origin], partial: bool) -> None:
    """Raises a ValueError if shards were made differently, come twice, or (not partial) miss."""
    for file, origin in zip(files, origins, strict=True):
        for name in ("hash_size", "decode"):
            if getattr(origin, name) != getattr(origins[0], name):
                raise ValueError(
                    f"{file} has {name} {getattr(origin, name)}, {files[0]} has "
                    f"{getattr(origins[0], name)}; extract them alike"
                )
    lists: dict[tuple[str, int], dict[int, Path]] = defaultdict(dict)
    for file, origin in zip(files, origins, strict=True):
        shards = lists[origin.listing, origin.count]
        if origin.number in shards:
            raise ValueError(
                f"{file} and {shards[origin.number]} hold the same images, shard "
                f"{origin.number}/{origin.count}; name one of them"
            )
        shards[origin.number] = file
    for (_, count), shards in lists.items():
        missing = sorted(set(range(1, count + 1)) - set(shards))
        if missing and not partial:
            raise ValueError(
                f"{len(missing):,} of {count:,} shards are missing, the first is shard "
                f"{missing[0]}/{count} beside {next(iter(shards.values()))}; extract it, or say "
                "--partial. If it is there, the folders changed between the extractions"
            )
