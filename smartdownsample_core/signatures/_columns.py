"""Kinds of columns in the signature table: their arrays, and their values in databases.

A column is an array with one row per image. Databases store it as *sub-fields*: named plain Python
values, such as ``mean_red``, ``mean_green`` and ``mean_blue`` of ``mean_rgb``.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._bits import from_hex, pack, to_hex

Measure = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""Computes the n rows of a column from thumbnails, ``(n, 3, 32, 32)`` RGB."""

#: Plain types by the kind of the dtype.
_PLAIN_TYPES = {"b": bool, "i": int, "u": int, "f": float, "M": datetime}


@dataclass(frozen=True)
class Column(ABC):
    """One array of the table, declared once for all code that stores, reads or shows it."""

    subfields: Mapping[str, str]
    """name to description of each sub-field"""
    _: KW_ONLY
    measure: Measure | None = None
    """computes it from thumbnails; None if ``Signature`` has it"""
    read_from: str = ""
    """its place in ``Signature``, such as ``"capture.time"``, if not the field of its own name"""
    required: bool = True
    """whether stored signatures without it are recomputed"""
    of_all: bool = False
    """whether it depends on the other images, and is filled in when all are known"""
    bounds: tuple[float, float] | None = None
    """the smallest and the largest valid number; a file with others is damaged"""

    @property
    @abstractmethod
    def plain_type(self) -> type:
        """Type of the values of its sub-fields: bool, int, float, str or datetime."""

    @abstractmethod
    def blank(self, n: int, hash_size: int) -> NDArray[Any]:
        """Returns n rows with the values they have before an image is read."""

    @abstractmethod
    def gather(self, values: Sequence[Any]) -> NDArray[Any]:
        """Returns n rows from the values of n signatures for this column."""

    @abstractmethod
    def to_plain(self, rows: NDArray[Any], hash_size: int) -> list[list[Any]]:
        """Returns a list of n plain values for each sub-field, with None for missing values."""

    @abstractmethod
    def from_plain(self, values: Sequence[Sequence[Any]], hash_size: int) -> NDArray[Any]:
        """The inverse of :meth:`to_plain`, for values that are :meth:`usable`."""

    @abstractmethod
    def usable(self, values: Sequence[Sequence[Any]], hash_size: int) -> list[bool]:
        """Returns for each of n rows whether :meth:`from_plain` accepts its stored values."""


@dataclass(frozen=True)
class Numbers(Column):
    """Numbers, flags or times: ``(n,)`` for one sub-field, ``(n, m)`` for m of them."""

    dtype: type[np.generic] | str

    @property
    def plain_type(self) -> type:
        """Depends on the dtype."""
        return _PLAIN_TYPES[np.dtype(self.dtype).kind]

    def blank(self, n: int, hash_size: int) -> NDArray[Any]:
        """Returns NaN, NaT, False or 0."""
        m = len(self.subfields)
        rows = np.zeros((n,) if m == 1 else (n, m), self.dtype)
        if rows.dtype.kind in "fM":
            rows.fill(np.nan if rows.dtype.kind == "f" else np.datetime64("NaT", "us"))
        return rows

    def gather(self, values: Sequence[Any]) -> NDArray[Any]:
        """Returns the values as an array; None becomes NaN or NaT."""
        return np.array(values, self.dtype)

    def to_plain(self, rows: NDArray[Any], hash_size: int) -> list[list[Any]]:
        """Returns a list for each sub-field; NaN and NaT become None."""
        columns = self._by_subfield(rows)
        plain: list[list[Any]] = columns.tolist()
        for place, row in np.argwhere(np.isnan(columns)).tolist():  # NaN or NaT
            plain[place][row] = None
        return plain

    def from_plain(self, values: Sequence[Sequence[Any]], hash_size: int) -> NDArray[Any]:
        """Returns the rows; None becomes the value of a blank row."""
        rows = self.blank(len(values[0]), hash_size)
        for column, plain in zip(self._by_subfield(rows), values, strict=True):
            there = [row for row, value in enumerate(plain) if value is not None]
            column[there] = [_without_zone(plain[row]) for row in there]
        return rows

    def usable(self, values: Sequence[Sequence[Any]], hash_size: int) -> list[bool]:
        """Returns whether all required numbers are present."""
        return [not self.required or None not in row for row in zip(*values, strict=True)]

    def _by_subfield(self, rows: NDArray[Any]) -> NDArray[Any]:
        return rows.reshape(len(rows), len(self.subfields)).T


def _without_zone(value: Any) -> Any:
    """Returns a time in UTC without saying so: databases may return what they hold in a zone."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    return value


@dataclass(frozen=True)
class Text(Column):
    """Text of any length, or None: ``(n,)`` object, stored as one sub-field."""

    @property
    def plain_type(self) -> type:
        """Text."""
        return str

    def blank(self, n: int, hash_size: int) -> NDArray[np.object_]:
        """Returns None for each image."""
        return np.full(n, None, object)

    def gather(self, values: Sequence[Any]) -> NDArray[np.object_]:
        """Returns the texts; images of the same text share it in memory."""
        rows = self.blank(len(values), 0)
        rows[:] = [value if value is None else sys.intern(value) for value in values]
        return rows

    def to_plain(self, rows: NDArray[Any], hash_size: int) -> list[list[Any]]:
        """Returns one list of texts."""
        return [rows.tolist()]

    def from_plain(self, values: Sequence[Sequence[Any]], hash_size: int) -> NDArray[np.object_]:
        """Returns the texts."""
        return self.gather(values[0])

    def usable(self, values: Sequence[Sequence[Any]], hash_size: int) -> list[bool]:
        """Returns whether each is a text, or may be missing."""
        return [not self.required if text is None else isinstance(text, str) for text in values[0]]


@dataclass(frozen=True)
class _Coded(Column):
    """Bytes, ``(n, n_bytes)`` uint8, stored as one sub-field of text."""

    @property
    def plain_type(self) -> type:
        """Text."""
        return str

    @abstractmethod
    def write(self, rows: NDArray[np.uint8], hash_size: int) -> list[str]:
        """Returns n texts of the same length."""

    @abstractmethod
    def read(self, texts: Sequence[str], hash_size: int) -> NDArray[np.uint8]:
        """The inverse of :meth:`write`."""

    def to_plain(self, rows: NDArray[Any], hash_size: int) -> list[list[Any]]:
        """Returns one list of texts."""
        return [list(self.write(rows, hash_size))]

    def from_plain(self, values: Sequence[Sequence[Any]], hash_size: int) -> NDArray[np.uint8]:
        """Returns the rows; None becomes the value of a blank row."""
        blank = self._blank_text(hash_size)
        return self.read([blank if text is None else text for text in values[0]], hash_size)

    def usable(self, values: Sequence[Sequence[Any]], hash_size: int) -> list[bool]:
        """Returns whether each text has the right length; those of other versions may not."""
        length = len(self._blank_text(hash_size))
        return [not self.required if text is None else len(text) == length for text in values[0]]

    def _blank_text(self, hash_size: int) -> str:
        return self.write(self.blank(1, hash_size), hash_size)[0]


@dataclass(frozen=True)
class Hash(_Coded):
    """Packed bits whose number depends on the hash size; hexadecimal as text."""

    n_bits: Callable[[int], int]
    """computes their number from the hash size"""

    def blank(self, n: int, hash_size: int) -> NDArray[np.uint8]:
        """Returns zeros."""
        return np.zeros((n, -(-self.n_bits(hash_size) // 8)), np.uint8)

    def gather(self, values: Sequence[Any]) -> NDArray[np.uint8]:
        """Packs arrays of bools."""
        return pack(np.stack(values).reshape(len(values), -1))

    def write(self, rows: NDArray[np.uint8], hash_size: int) -> list[str]:
        """Writes hexadecimal, as ``imagehash.hex_to_hash`` reads it."""
        return to_hex(rows, self.n_bits(hash_size))

    def read(self, texts: Sequence[str], hash_size: int) -> NDArray[np.uint8]:
        """Reads hexadecimal."""
        return from_hex(texts, self.n_bits(hash_size))


@dataclass(frozen=True)
class Bytes(_Coded):
    """A fixed number of bytes; base64 as text."""

    size: int

    def blank(self, n: int, hash_size: int) -> NDArray[np.uint8]:
        """Returns zeros."""
        return np.zeros((n, self.size), np.uint8)

    def gather(self, values: Sequence[Any]) -> NDArray[np.uint8]:
        """Stacks arrays of bytes."""
        return np.stack(values)

    def write(self, rows: NDArray[np.uint8], hash_size: int) -> list[str]:
        """Writes base64."""
        return [b2a_base64(row, newline=False).decode("ascii") for row in rows]

    def read(self, texts: Sequence[str], hash_size: int) -> NDArray[np.uint8]:
        """Reads base64."""
        return np.frombuffer(b"".join(map(a2b_base64, texts)), np.uint8).reshape(-1, self.size)
