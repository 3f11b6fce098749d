"""The table of signatures: numpy arrays with one row per image, each declared here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _quality as quality
from ._bits import to_hex
from ._columns import Bytes, Column, Hash, Numbers, Text
from ._definition import THUMBNAIL_SIDE
from ._descriptor import DESCRIPTOR_SIZE, describe, grey_of


def _dhash_bits(hash_size: int) -> int:
    return hash_size**2


def _ahash_bits(hash_size: int) -> int:
    return (hash_size // 2) ** 2


def _column(declared: Column, **options: Any) -> Any:
    """Declares a column, from which storing, reading and showing it follow."""
    return field(metadata={"column": declared}, **options)


@dataclass(frozen=True, eq=False)
class Signatures:
    """Signatures of n images, in the order of their paths; h is the hash size.

    In a row that was not read (yet), ``mean_rgb`` is NaN and no bit is set.
    """

    hash_size: int
    dhash: NDArray[np.uint8] = _column(
        Hash({"dhash": "Difference hash (dHash), hexadecimal"}, _dhash_bits)
    )
    """``(n, ceil(h * h / 8))``"""
    ahash: NDArray[np.uint8] = _column(
        Hash({"ahash": "Average hash (aHash), hexadecimal"}, _ahash_bits)
    )
    """``(n, ceil((h // 2)**2 / 8))``"""
    mean_rgb: NDArray[np.float64] = _column(
        Numbers(
            {
                "mean_red": "Mean of the red channel, 0-255",
                "mean_green": "Mean of the green channel, 0-255",
                "mean_blue": "Mean of the blue channel, 0-255",
            },
            np.float64,
            bounds=(0, 255),
        )
    )
    """``(n, 3)``"""
    descriptor: NDArray[np.uint8] = _column(
        Bytes(
            {"descriptor": "What the image looks like: 128 bytes for distances, in base64"},
            DESCRIPTOR_SIZE,
            measure=describe,
        )
    )
    """``(n, 128)``"""
    sharpness: NDArray[np.float32] = _column(
        Numbers(
            {"sharpness": "Mean absolute Laplacian of the 32x32 thumbnail, in grey levels"},
            np.float32,
            measure=quality.sharpness,
            bounds=(0, np.inf),
        )
    )
    """``(n,)``"""
    dark: NDArray[np.float32] = _column(
        Numbers(
            {"clipped_dark": "Share of the thumbnail that is black, 0-1"},
            np.float32,
            measure=quality.dark,
            bounds=(0, 1),
        )
    )
    """``(n,)``"""
    bright: NDArray[np.float32] = _column(
        Numbers(
            {"clipped_bright": "Share of the thumbnail that is white, 0-1"},
            np.float32,
            measure=quality.bright,
            bounds=(0, 1),
        )
    )
    """``(n,)``"""
    taken: NDArray[np.datetime64] = _column(
        Numbers(
            {"taken": "When the image was taken, by the camera's clock"},
            "datetime64[us]",
            read_from="capture.time",
            required=False,
        )
    )
    """``(n,)``; NaT where the file does not say it, or not in a way that can be read"""
    taken_from: NDArray[np.object_] = _column(
        Text(
            {"taken_from": "What the time is of: 'original', 'digitized' or 'modified'"},
            read_from="capture.time_source",
            required=False,
        )
    )
    """``(n,)`` str, and None where no time is known; so are the other texts"""
    utc_offset: NDArray[np.float32] = _column(
        Numbers(
            {"utc_offset": "Minutes that the camera's clock is ahead of UTC"},
            np.float32,
            read_from="capture.utc_offset",
            required=False,
            bounds=(-14 * 60, 14 * 60),
        )
    )
    """``(n,)``; NaN where the file does not say it; so are the coordinates"""
    latitude: NDArray[np.float64] = _column(
        Numbers(
            {"latitude": "Where the image was taken, in degrees north"},
            np.float64,
            read_from="capture.latitude",
            required=False,
            bounds=(-90, 90),
        )
    )
    """``(n,)``"""
    longitude: NDArray[np.float64] = _column(
        Numbers(
            {"longitude": "Where the image was taken, in degrees east"},
            np.float64,
            read_from="capture.longitude",
            required=False,
            bounds=(-180, 180),
        )
    )
    """``(n,)``"""
    make: NDArray[np.object_] = _column(
        Text({"make": "Maker of the camera"}, read_from="capture.make", required=False)
    )
    """``(n,)``"""
    model: NDArray[np.object_] = _column(
        Text({"model": "Model of the camera"}, read_from="capture.model", required=False)
    )
    """``(n,)``"""
    serial: NDArray[np.object_] = _column(
        Text(
            {"serial": "Serial number of the camera"},
            read_from="capture.serial",
            required=False,
        )
    )
    """``(n,)``"""
    # Required, unlike the other facts, as every file has one: signatures of versions that did not
    # look for any fact are computed again, so that no time means that the file has none.
    orientation: NDArray[np.uint8] = _column(
        Numbers(
            {"orientation": "How EXIF says to turn the image, 1-8; signatures ignore it"},
            np.uint8,
            read_from="capture.orientation",
            bounds=(0, 8),
        )
    )
    """``(n,)``; 1 is upright, 0 was not read"""
    decode: NDArray[np.object_] = _column(
        Text(
            {"decode": "How the image was read: 'exact', the faster 'fast', or its 'preview'"},
            required=False,
        )
    )
    """``(n,)``; None where nothing was read"""
    standing: NDArray[np.int32] = _column(
        Numbers(
            {"standing_camera": "Number of the standing camera, negative for none"},
            np.int32,
            of_all=True,
            required=False,
            bounds=(-2, 2**31 - 1),
        )
    )
    """``(n,)``; from 1; 0 where nobody has looked for standing cameras"""
    activity: NDArray[np.float32] = _column(
        Numbers(
            {"activity": "How much of the image differs from what its standing camera sees"},
            np.float32,
            of_all=True,
            required=False,
            bounds=(0, 64),
        )
    )
    """``(n,)``; 0 if nothing, about 1 for an animal, up to 9; NaN without a standing camera"""
    damaged: NDArray[np.bool_] = _column(
        Numbers(
            {"damaged": "Whether the file is cut off or corrupt, and part of the image lost"},
            np.bool_,
            required=False,
        )
    )
    """``(n,)``"""
    unreadable: dict[int, OSError] = field(default_factory=dict)
    """maps rows to errors that :func:`smartdownsample_core.images._decode.load_rgb` raised"""
    unused_previews: dict[str, str] = field(default_factory=dict)
    """maps cameras whose previews were asked for, and not used, to the reason"""
    grey: NDArray[np.uint8] | None = _column(
        Bytes(
            {"grey": "32x32 grey levels by which standing cameras are found, in base64"},
            THUMBNAIL_SIDE**2,
            measure=grey_of,
            required=False,
        ),
        default=None,
    )
    """``(n, 1024)`` thumbnails, by which standing cameras are found; None if not asked for"""

    @classmethod
    @cache
    def columns(cls, grey: bool = False) -> Mapping[str, Column]:
        """Returns the declarations of the arrays by name; of the thumbnails only if asked."""
        return {
            declared.name: declared.metadata["column"]
            for declared in fields(cls)
            if "column" in declared.metadata and (grey or declared.name != "grey")
        }

    @classmethod
    def blank(cls, n: int, hash_size: int) -> Signatures:
        """Returns a table of n rows that have not been read."""
        arrays: dict[str, Any] = {
            name: column.blank(n, hash_size) for name, column in cls.columns().items()
        }
        return cls(hash_size, **arrays)

    def __len__(self) -> int:
        return len(self.mean_rgb)

    def take(self, rows: NDArray[np.int64]) -> Signatures:
        """Returns a table with copies of rows, ``(m,)`` int64."""
        unreadable = {
            place: self.unreadable[row]
            for place, row in enumerate(rows.tolist())
            if row in self.unreadable
        }
        taken = {name: getattr(self, name)[rows] for name in self.columns(self.grey is not None)}
        return Signatures(
            self.hash_size,
            **taken,
            unreadable=unreadable,
            unused_previews=dict(self.unused_previews),
        )

    def put(self, rows: NDArray[np.int64], other: Signatures) -> None:
        """Writes the rows of ``other`` at ``rows``, ``(len(other),)`` int64."""
        if other.grey is not None:
            self.add_grey()
        for name in self.columns(other.grey is not None):
            getattr(self, name)[rows] = getattr(other, name)
        self.unreadable.update({int(rows[row]): error for row, error in other.unreadable.items()})
        self.unused_previews.update(other.unused_previews)

    def add_grey(self) -> None:
        """Makes room for thumbnails, unless there is; those of rows that were not read are 0."""
        if self.grey is None:
            blank = self.columns(grey=True)["grey"].blank(len(self), self.hash_size)
            object.__setattr__(self, "grey", blank)

    def drop_grey(self) -> None:
        """Frees the thumbnails."""
        object.__setattr__(self, "grey", None)

    def to_plain(self) -> dict[str, list[Any]]:
        """Returns the sub-fields of all columns, each as a list of n plain Python values."""
        plain: dict[str, list[Any]] = {}
        for name, column in self.columns(self.grey is not None).items():
            lists = column.to_plain(getattr(self, name), self.hash_size)
            plain |= zip(column.subfields, lists, strict=True)
        return plain

    def put_plain(
        self, rows: Sequence[int | None], plain: Mapping[str, Sequence[Any]]
    ) -> list[int]:
        """Writes rows that :meth:`to_plain` returned for a table like this one.

        Args:
            rows: where to write m signatures; None for those to ignore
            plain: the sub-fields, as lists of m values; optional ones may be missing

        Returns:
            the rows that were written: those with all required values
        """
        none = [None] * len(rows)
        stored = {
            name: (column, [plain.get(subfield, none) for subfield in column.subfields])
            for name, column in self.columns(self.grey is not None).items()
        }
        usable = [column.usable(lists, self.hash_size) for column, lists in stored.values()]
        good = [
            place
            for place, (row, *checks) in enumerate(zip(rows, *usable, strict=True))
            if row is not None and all(checks)
        ]
        written = [row for row in map(rows.__getitem__, good) if row is not None]
        for name, (column, lists) in stored.items():
            chosen = [[values[place] for place in good] for values in lists]
            getattr(self, name)[written] = column.from_plain(chosen, self.hash_size)
        return written

    @property
    def traits(self) -> quality.Traits:
        """Measures of how much each image shows."""
        return quality.Traits(self.sharpness, self.dark, self.bright)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """``(n,)``; True where the image was read."""
        return ~np.isnan(self.mean_rgb[:, 0])

    @property
    def n_previews(self) -> int:
        """Number of images of which only the preview was read."""
        return int((self.decode == "preview").sum())

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
        return to_hex(self.dhash, _dhash_bits(self.hash_size))

    @property
    def ahash_hex(self) -> list[str]:
        """One hex string per image; ``imagehash.hex_to_hash`` reads them."""
        return to_hex(self.ahash, _ahash_bits(self.hash_size))
