"""Conversion of rows of bits to bytes and hexadecimal text, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Packs rows of bits, ``(..., n_bits)`` bool, into ``(..., ceil(n_bits / 8))`` bytes.

    Each row is treated as one big-endian number, so the padding comes first.

    >>> pack(np.array([1, 0, 0, 0, 0, 0, 0, 1, 1], dtype=bool)).tolist()
    [1, 3]
    """
    if padding := -bits.shape[-1] % 8:
        front = np.zeros((*bits.shape[:-1], padding), bool)
        bits = np.concatenate([front, bits], axis=-1)
    return np.packbits(bits, axis=-1)


def unpack(packed: NDArray[np.uint8], n_bits: int) -> NDArray[np.bool_]:
    """The inverse of :func:`pack`: ``(..., n_bytes)`` uint8 to ``(..., n_bits)`` bool.

    >>> unpack(np.array([1, 3], dtype=np.uint8), 9).astype(int).tolist()
    [1, 0, 0, 0, 0, 0, 0, 1, 1]
    """
    return np.unpackbits(packed, axis=-1)[..., -n_bits:].astype(bool)


def to_hex(packed: NDArray[np.uint8], n_bits: int) -> list[str]:
    """Converts packed bits, ``(n, n_bytes)``, to n strings of ceil(n_bits / 4) hex digits.

    >>> to_hex(np.array([[1, 3]], dtype=np.uint8), 9)
    ['103']
    """
    digits = -(-n_bits // 4)
    return [row.tobytes().hex()[-digits:] for row in packed]


def from_hex(texts: Sequence[str], n_bits: int) -> NDArray[np.uint8]:
    """The inverse of :func:`to_hex`: n strings to ``(n, n_bytes)`` uint8.

    >>> from_hex(["103"], 9).tolist()
    [[1, 3]]
    """
    n_bytes = -(-n_bits // 8)
    joined = bytes.fromhex("".join(text.zfill(2 * n_bytes) for text in texts))
    return np.frombuffer(joined, np.uint8).reshape(-1, n_bytes)
