"""The columnar table of signatures: a few numpy arrays with one row per image."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from ._descriptor import DESCRIPTOR_SIZE
from ._quality import Traits

_NO_COLUMNS = ("hash_size", "unreadable")


@dataclass(frozen=True, eq=False)
class Signatures:
    """Signatures of n images, in the order of their paths; h is the hash size.

    A row that was not read (yet) has a ``mean_rgb`` of NaN and no bit set.
    """

    hash_size: int
    dhash: NDArray[np.uint8]
    """``(n, ceil(h * h / 8))``, packed by :func:`pack`"""
    ahash: NDArray[np.uint8]
    """``(n, ceil((h // 2)**2 / 8))``, packed by :func:`pack`"""
    mean_rgb: NDArray[np.float64]
    """``(n, 3)``, mean of each channel, 0-255"""
    descriptor: NDArray[np.uint8]
    """``(n, 115)``, by :func:`smartdownsample_core.signatures._descriptor.describe`"""
    sharpness: NDArray[np.float32]
    """``(n,)``, as the next two by :func:`smartdownsample_core.signatures._quality.traits`"""
    dark: NDArray[np.float32]
    """``(n,)``, share of black, 0-1"""
    bright: NDArray[np.float32]
    """``(n,)``, share of white, 0-1"""
    unreadable: dict[int, OSError] = field(default_factory=dict)
    """row to the error that :func:`smartdownsample_core.images._decode.load_rgb` raised"""

    @classmethod
    def blank(cls, n: int, hash_size: int) -> Signatures:
        """Returns a table of n rows that are still to be read."""
        return cls(
            hash_size,
            dhash=np.zeros((n, -(-(hash_size**2) // 8)), np.uint8),
            ahash=np.zeros((n, -(-((hash_size // 2) ** 2) // 8)), np.uint8),
            mean_rgb=np.full((n, 3), np.nan),
            descriptor=np.zeros((n, DESCRIPTOR_SIZE), np.uint8),
            sharpness=np.full(n, np.nan, np.float32),
            dark=np.full(n, np.nan, np.float32),
            bright=np.full(n, np.nan, np.float32),
        )

    def __len__(self) -> int:
        return len(self.mean_rgb)

    @classmethod
    def columns(cls) -> list[str]:
        """Returns the names of the arrays."""
        return [column.name for column in fields(cls) if column.name not in _NO_COLUMNS]

    def take(self, rows: NDArray[np.int64]) -> Signatures:
        """Returns a copy of some rows, ``(m,)`` int64, as a table of m rows."""
        unreadable = {
            place: self.unreadable[row]
            for place, row in enumerate(rows.tolist())
            if row in self.unreadable
        }
        taken = {name: getattr(self, name)[rows] for name in self.columns()}
        return Signatures(self.hash_size, **taken, unreadable=unreadable)

    def put(self, rows: NDArray[np.int64], other: Signatures) -> None:
        """Writes the rows of ``other`` at ``rows``, an ``(len(other),)`` int64 array."""
        for name in self.columns():
            getattr(self, name)[rows] = getattr(other, name)
        self.unreadable.update({int(rows[row]): error for row, error in other.unreadable.items()})

    @property
    def traits(self) -> Traits:
        """How much there is to see in each image."""
        return Traits(self.sharpness, self.dark, self.bright)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """``(n,)``; True where the image was read."""
        return ~np.isnan(self.mean_rgb[:, 0])

    @property
    def brightness(self) -> NDArray[np.float64]:
        """``(n,)``; mean of all channel values, 0-255."""
        return np.asarray(self.mean_rgb.mean(axis=1))

    @property
    def color_variance(self) -> NDArray[np.float64]:
        """``(n,)``; population variance of the three channel means; 0 for a grey image."""
        return np.asarray(self.mean_rgb.var(axis=1))

    @property
    def dhash_hex(self) -> list[str]:
        """One hex string per image; ``imagehash.hex_to_hash`` reads them."""
        return to_hex(self.dhash, self.hash_size**2)

    @property
    def ahash_hex(self) -> list[str]:
        """One hex string per image; ``imagehash.hex_to_hash`` reads them."""
        return to_hex(self.ahash, (self.hash_size // 2) ** 2)


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Packs rows of bits, ``(..., n_bits)`` bool, into ``(..., ceil(n_bits / 8))`` bytes.

    Each row is read as one big-endian number, so the padding is at its front.

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
    """Writes rows of packed bits, ``(n, n_bytes)``, as n hex strings of ceil(n_bits / 4) digits.

    >>> to_hex(np.array([[1, 3]], dtype=np.uint8), 9)
    ['103']
    """
    digits = -(-n_bits // 4)
    return [row.tobytes().hex()[-digits:] for row in packed]


def from_hex(digits: str, n_bits: int) -> NDArray[np.uint8]:
    """The inverse of :func:`to_hex` for one hash: ``(n_bytes,)`` uint8.

    >>> from_hex("103", 9).tolist()
    [1, 3]
    """
    n_bytes = -(-n_bits // 8)
    return np.frombuffer(bytes.fromhex(digits.zfill(2 * n_bytes)), np.uint8)
