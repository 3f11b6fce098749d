"""A checksum that a shard carries of itself, so that damaged bytes are noticed.

It stands between the data and the footer of the Parquet file, where no reader looks. Programs that
rewrite a shard do not carry it along: a shard is as ``extract`` wrote it, or it is refused.
"""

from __future__ import annotations

import hashlib
import os
from typing import BinaryIO

from ._damage import refuse_if

PARQUET = b"PAR1"

_MARK = b"smartdownsample\n"
_DIGEST_SIZE = 32
_BYTES_AT_A_TIME = 2**20


def seal(stream: BinaryIO) -> None:
    """Puts the checksum into a Parquet file that is open for reading and writing."""
    footer_at = _footer_at(stream)
    digest = _digest(stream, footer_at, footer_at)
    stream.seek(footer_at)
    footer = stream.read()
    stream.seek(footer_at)
    stream.write(_MARK + digest + footer)


def check_seal(stream: BinaryIO) -> bytes:
    """Reads a file, once from its beginning to its end, and compares it with its checksum.

    Returns:
        the checksum

    Raises:
        ValueError: if it has none, or another; says what is wrong
        OSError: if it cannot be read
    """
    expected = read_seal(stream)
    footer_at = _footer_at(stream)
    is_same = _digest(stream, footer_at - len(_MARK) - _DIGEST_SIZE, footer_at) == expected
    refuse_if(not is_same, "its bytes do not match its checksum")
    return expected


def read_seal(stream: BinaryIO) -> bytes:
    """Returns the checksum that a file carries; raises a ValueError if it has none."""
    stream.seek(max(_footer_at(stream) - len(_MARK) - _DIGEST_SIZE, 0))
    has_seal = stream.read(len(_MARK)) == _MARK
    refuse_if(not has_seal, "it carries no checksum, so it is not as 'extract' wrote it")
    return stream.read(_DIGEST_SIZE)


def _footer_at(stream: BinaryIO) -> int:
    """Returns where the footer starts, which ends with its own length and four fixed bytes."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - 8, 0))
    end = stream.read()
    start = size - 8 - int.from_bytes(end[:4], "little")
    is_whole = len(end) == 8 and end[4:] == PARQUET and start >= len(PARQUET)
    refuse_if(not is_whole, "its end is missing or overwritten")
    return start


def _digest(stream: BinaryIO, gap_from: int, gap_to: int) -> bytes:
    """Returns the digest of all bytes but those of a gap."""
    digest = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    stream.seek(0)
    left = gap_from
    while left and (data := stream.read(min(left, _BYTES_AT_A_TIME))):
        digest.update(data)
        left -= len(data)
    stream.seek(gap_to)
    while data := stream.read(_BYTES_AT_A_TIME):
        digest.update(data)
    return digest.digest()
