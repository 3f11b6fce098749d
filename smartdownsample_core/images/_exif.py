"""What a file says of when, where and by what camera it was taken: a parser of EXIF blocks.

It trusts nothing: it follows at most four offsets of a block, each once, so that chains cannot
loop, reads only what lies inside, and takes only the tags that it knows, in the types they have,
each when it is asked for.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

#: Values of a tag: text, or numbers. A rational with a denominator of 0 is NaN.
Value = str | tuple[float, ...]

_MOST_ENTRIES = 1000
_MOST_NUMBERS = 4
_LONGEST_TEXT = 100

_EXIF_POINTER, _GPS_POINTER = 0x8769, 0x8825
_MAKE, _MODEL, _ORIENTATION, _DNG_SERIAL, _BODY_SERIAL = 0x010F, 0x0110, 0x0112, 0xC62F, 0xA431
WIDTH, HEIGHT = 0xA002, 0xA003
COMPRESSION, PREVIEW_AT, PREVIEW_LENGTH, ORIENTATION = 0x0103, 0x0201, 0x0202, _ORIENTATION
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4

_MODIFIED = 0x0132  # in the main directory, unlike all other tags of times

#: Where a time may stand, best first: the name of the source, and the tags of the time, its
#: fraction of a second and its offset from UTC.
_TIMES = (
    ("original", 0x9003, 0x9291, 0x9011),
    ("digitized", 0x9004, 0x9292, 0x9012),
    ("modified", _MODIFIED, 0x9290, 0x9010),
)
_TIME = re.compile(r"(\d{4})[-:/.](\d\d?)[-:/.](\d\d?)[ T]+(\d\d?):(\d\d?):(\d\d?)", re.ASCII)
_DIGITS = re.compile(r"\d*", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)

#: TIFF's types of numbers, and how struct calls one value.
_FORMS = {1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 8: "h", 9: "i", 10: "ii", 13: "I"}
_RATIONALS = (5, 10)
_SIZES = {kind: struct.calcsize("<" + form) for kind, form in _FORMS.items()}
_TEXTS = (1, 2, 7)  # some makers declare text as bytes

_SHORT, _LONG, _ENTRY = (
    {order: struct.Struct(order + form) for order in "<>"} for form in ("H", "I", "2xHII")
)
_ENTRY_SIZE, _VALUE_AT, _INLINE_SIZE = 12, 8, 4


class ExifError(ValueError):
    """An EXIF block that cannot be read."""


class Tags(Protocol):
    """Tags of a directory."""

    def get(self, tag: int, /) -> Value | None:
        """Returns the value of a tag; None if it is missing, damaged or of an unknown type."""


class Exif(NamedTuple):
    """The four directories of an EXIF block that are of use."""

    main: Tags
    """of the image (IFD0)"""
    photo: Tags
    """of how it was taken (Exif IFD)"""
    gps: Tags
    preview: Tags
    """of the preview (IFD1)"""


class Capture(NamedTuple):
    """When, where and by what an image was taken; None for what its file does not say."""

    time: datetime | None = None
    """by the camera's clock, without a time zone; cut to milliseconds, which databases hold"""
    time_source: str | None = None
    """``"original"`` (the shutter), ``"digitized"`` or ``"modified"`` (any change of the file)"""
    utc_offset: int | None = None
    """minutes that the camera's clock is ahead of UTC"""
    latitude: float | None = None
    """degrees, -90 to 90"""
    longitude: float | None = None
    """degrees, -180 to 180"""
    make: str | None = None
    model: str | None = None
    serial: str | None = None
    """of the camera's body"""
    orientation: int = 1
    """1-8, as EXIF counts them; 1 is upright"""


def parse_exif(block: bytes, preview: bool = True) -> Exif:
    r"""Reads the tags of an EXIF block.

    Args:
        block: begins with its byte order, without the ``Exif\0\0`` of JPEG files
        preview: whether to look for its tags, too

    Raises:
        ExifError: if it does not begin like one

    >>> entry = struct.pack(">HHI4s", 0x0110, 2, 4, b"Z6\0\0")
    >>> block = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    >>> parse_exif(block).main.get(0x0110)
    'Z6'
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        raise ExifError(f"an EXIF block must begin with II*\\0 or MM\\0*, got {block[:4]!r}")
    main = _Directory(block, order, _LONG[order].unpack_from(block, 4)[0])
    photo = _Directory(block, order, whole(main, _EXIF_POINTER) or 0)
    gps = _Directory(block, order, whole(main, _GPS_POINTER) or 0)
    return Exif(main, photo, gps, _Directory(block, order, main.next if preview else 0))


def capture_of(exif: Exif) -> Capture:
    """Returns what the tags say of when, where and by what an image was taken.

    >>> tags = {0x9003: "2017:07:18 15:31:38", 0x9291: "404", 0x9011: "+02:00"}
    >>> capture = capture_of(Exif({}, tags, {}, {}))
    >>> str(capture.time), capture.time_source, capture.utc_offset
    ('2017-07-18 15:31:38.404000', 'original', 120)
    """
    main, photo = exif.main, exif.photo
    time, source, offset = _time(main, photo)
    latitude = _degrees(exif.gps, _LATITUDE, _LATITUDE_REF, "NS", 90)
    longitude = _degrees(exif.gps, _LONGITUDE, _LONGITUDE_REF, "EW", 180)
    # Cameras that have not found themselves yet say 0, 0, which is in the sea.
    if latitude is None or longitude is None or latitude == longitude == 0:
        latitude = longitude = None
    return Capture(
        time,
        source,
        offset,
        latitude,
        longitude,
        _text(main, _MAKE),
        _text(main, _MODEL),
        _text(photo, _BODY_SERIAL) or _text(main, _DNG_SERIAL),
        orientation_of(main) or 1,
    )


def orientation_of(tags: Tags) -> int | None:
    """Returns EXIF's number of an orientation, 1-8, None if there is none."""
    orientation = whole(tags, _ORIENTATION)
    return orientation if orientation and 1 <= orientation <= 8 else None


def whole(tags: Tags, tag: int) -> int | None:
    """Returns a tag whose value is one whole number; None for any other."""
    value = tags.get(tag)
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], int):
        return value[0]
    return None


class _Directory:
    """A directory of a block, empty if it would lie outside of it."""

    def __init__(self, block: bytes, order: str, start: int) -> None:
        self._block, self._order = block, order
        self._first = first = start + 2
        self._entries: Mapping[int, int] = {}
        self.next = 0
        """where the next directory starts; 0 for nowhere"""
        if not 8 <= start <= len(block) - 2:
            return
        (count,) = _SHORT[order].unpack_from(block, start)
        n_there = min(count, _MOST_ENTRIES, (len(block) - first) // _ENTRY_SIZE)
        stop = first + _ENTRY_SIZE * n_there
        self._entries = _entries(
            order, block[first:stop:_ENTRY_SIZE], block[first + 1 : stop : _ENTRY_SIZE]
        )
        end = first + _ENTRY_SIZE * count
        if end <= len(block) - 4:
            (self.next,) = _LONG[order].unpack_from(block, end)

    def get(self, tag: int, /) -> Value | None:
        """Returns the value of a tag, as :class:`Tags` says."""
        entry = self._entries.get(tag)
        return None if entry is None else _value(self._block, self._order, self._first + entry)


# All files of a camera have the same tags in the same order.
@lru_cache(maxsize=128)
def _entries(order: str, first: bytes, second: bytes) -> Mapping[int, int]:
    r"""Returns where the entries of a directory are, by tag.

    Args:
        order: ``"<"`` or ``">"``
        first: the first bytes of the tags
        second: their second bytes

    >>> _entries("<", b"\x0f\x10", b"\x01\x01") == {0x010F: 0, 0x0110: 12}
    True
    """
    high, low = (first, second) if order == ">" else (second, first)
    tags = [256 * a + b for a, b in zip(high, low, strict=True)]
    return {tag: _ENTRY_SIZE * place for place, tag in enumerate(tags)}


def _value(block: bytes, order: str, entry: int) -> Value | None:
    """Returns the value of an entry, None if it lies outside of the block, or of another type."""
    kind, count, start = _ENTRY[order].unpack_from(block, entry)
    is_text = kind in _TEXTS and count > 1
    if not is_text and not (kind in _FORMS and count <= _MOST_NUMBERS and count):
        return None
    size = count if is_text else count * _SIZES[kind]
    if size <= _INLINE_SIZE:
        start = entry + _VALUE_AT
    elif start + size > len(block):
        return None
    if is_text:
        data = block[start : start + min(size, _LONGEST_TEXT)]
        return data.partition(b"\0")[0].decode("utf-8", "replace").strip()
    numbers: tuple[float, ...] = struct.unpack_from(order + _FORMS[kind] * count, block, start)
    if kind not in _RATIONALS:
        return numbers
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return tuple([above / below if below else math.nan for above, below in pairs])


def _time(main: Tags, photo: Tags) -> tuple[datetime | None, str | None, int | None]:
    for source, tag, fraction_tag, offset_tag in _TIMES:
        match = _TIME.match(_text(main if tag == _MODIFIED else photo, tag) or "")
        if match is None:
            continue
        fraction = _DIGITS.match(_text(photo, fraction_tag) or "")
        microseconds = int((fraction[0] if fraction else "").ljust(3, "0")[:3]) * 1000
        year, month, day, hour, minute, second = map(int, match.groups())
        try:
            time = datetime(year, month, day, hour, minute, second, microseconds)
        except ValueError:  # a clock that was never set, for instance
            continue
        return time, source, _minutes(_text(photo, offset_tag) or "")
    return None, None, None


def _minutes(text: str) -> int | None:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    minutes = 60 * int(match[2]) + int(match[3])
    if minutes > 14 * 60:
        return None
    return -minutes if match[1] == "-" else minutes


def _degrees(tags: Tags, tag: int, ref_tag: int, signs: str, most: int) -> float | None:
    """Returns degrees, of which minutes and seconds may be a part; None without its direction.

    >>> _degrees({2: (45.0, 30.0, 36.0), 1: "S"}, 2, 1, "NS", 90)
    -45.51
    """
    parts, ref = tags.get(tag), tags.get(ref_tag)
    if not isinstance(parts, tuple) or not isinstance(ref, str) or ref[:1] not in tuple(signs):
        return None
    whole, minutes, seconds, *_ = *parts, 0, 0
    degrees = whole + minutes / 60 + seconds / 3600
    if not 0 <= degrees <= most:  # nor NaN
        return None
    return -degrees if ref[0] == signs[1] else degrees


def _text(tags: Tags, tag: int) -> str | None:
    """Returns a text without what is not to be printed, None for none."""
    value = tags.get(tag)
    if not isinstance(value, str):
        return None
    if not value.isprintable():
        value = "".join(filter(str.isprintable, value)).strip()
    return value or None
