"""What files say of when, where and by what they were taken; and files that say nonsense."""

from __future__ import annotations

import struct
import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core.images._exif import Capture, ExifError, capture_of, parse_exif
from smartdownsample_core.images._head import HeadError, read_head
from smartdownsample_core.images._open_preview import Headed, headed
from tests.core.camera_files import DATE, camera_file, exif, jpeg, rationals, scene, short, text
from tests.core.fuzz import mutate

_TIME = datetime(2017, 7, 18, 15, 31, 38)


def _read(data: bytes) -> Headed:
    return headed(lambda start, size: data[start : start + size])


def _capture(order: str = "<", **blocks: Any) -> Capture:
    return capture_of(parse_exif(exif(order=order, **blocks)))


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_a_camera_file_says_when_where_and_by_what(order: str) -> None:
    """In both byte orders."""
    assert _read(camera_file(order=order)).capture == Capture(
        _TIME.replace(microsecond=404_000),
        "original",
        120,
        pytest.approx(-32.192497, abs=1e-6),
        pytest.approx(-53.751667, abs=1e-6),
        "Maker",
        "Model",
        "SN 1",
        1,
    )


def test_a_file_that_says_nothing_has_no_facts() -> None:
    assert _read(jpeg(scene())).capture == Capture()


@pytest.mark.parametrize(
    ("main", "photo", "source"),
    [
        ({0x0132: text(DATE)}, {0x9003: text(DATE), 0x9004: text(DATE)}, "original"),
        ({0x0132: text(DATE)}, {0x9004: text(DATE)}, "digitized"),
        ({0x0132: text(DATE)}, {}, "modified"),
        ({0x0132: text(DATE)}, {0x9003: text("0000:00:00 00:00:00")}, "modified"),
        ({0x0132: text(DATE)}, {0x9003: text("    :  :     :  :  ")}, "modified"),
        ({}, {}, None),
    ],
)
def test_the_best_time_is_taken(main: Any, photo: Any, source: str | None) -> None:
    """Of those that are times; a time that is missing is not made up."""
    capture = _capture(main=main, photo=photo)
    assert (capture.time, capture.time_source) == (_TIME if source else None, source)


@pytest.mark.parametrize(
    "value",
    [
        text(DATE),
        (7, DATE.encode()),
        (1, DATE.encode() + b"\0"),
        text(f" {DATE}  "),
        text("2017-07-18T15:31:38"),
        text("2017/07/18 15:31:38"),
        text("2017:7:18 15:31:38"),
        text(DATE + "\0garbage"),
    ],
    ids=repr,
)
def test_times_as_different_makers_write_them(value: Any) -> None:
    assert _capture(photo={0x9003: value}).time == _TIME


@pytest.mark.parametrize(
    "value",
    [
        text(""),
        text("yesterday"),
        text("2017:02:30 10:00:00"),
        text("2017:07:18 24:00:00"),
        text("2017:07:18"),
        short(2017),
        (9, b"2017"),
        (77, b"12345678"),
    ],
    ids=repr,
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert _capture(photo={0x9003: value}).time is None


@pytest.mark.parametrize(
    ("fraction", "microseconds"), [("4", 400_000), ("404", 404_000), ("1234567", 123_000), ("x", 0)]
)
def test_fractions_of_a_second(fraction: str, microseconds: int) -> None:
    capture = _capture(photo={0x9003: text(DATE), 0x9291: text(fraction)})
    assert capture.time == _TIME.replace(microsecond=microseconds)


@pytest.mark.parametrize(
    ("offset", "minutes"),
    [("+02:00", 120), ("-0930", -570), ("+00:00", 0), ("Z", None), ("+99:00", None)],
)
def test_offsets_from_utc(offset: str, minutes: int | None) -> None:
    assert _capture(photo={0x9003: text(DATE), 0x9011: text(offset)}).utc_offset == minutes


_NORTH, _EAST = {1: text("N")}, {3: text("E")}
_LAT, _LON = {2: rationals((45, 1), (30, 1), (0, 1))}, {4: rationals((7, 1), (0, 1), (0, 1))}


@pytest.mark.parametrize(
    ("gps", "expected"),
    [
        (_NORTH | _LAT | _EAST | _LON, (45.5, 7.0)),
        (_NORTH | {2: rationals((4550, 100))} | _EAST | _LON, (45.5, 7.0)),
        (_LAT | _LON, (None, None)),
        (_NORTH | _LAT, (None, None)),
        (_NORTH | {2: rationals((45, 1), (30, 0), (0, 1))} | _EAST | _LON, (None, None)),
        (_NORTH | {2: rationals((91, 1))} | _EAST | _LON, (None, None)),
        (_NORTH | {2: rationals((0, 1))} | _EAST | {4: rationals((0, 1))}, (None, None)),
        ({1: text("X")} | _LAT | _EAST | _LON, (None, None)),
        (_NORTH | {2: text("45.5")} | _EAST | _LON, (None, None)),
    ],
    ids=range(9),
)
def test_places_are_whole_or_none(gps: Any, expected: Any) -> None:
    """Also where the receiver has not found itself yet, or a division is by zero."""
    capture = _capture(gps=gps)
    assert (capture.latitude, capture.longitude) == expected


@pytest.mark.parametrize(("value", "expected"), [(6, 6), (8, 8), (0, 1), (9, 1), (40_000, 1)])
def test_orientations_that_are_none_are_upright(value: int, expected: int) -> None:
    assert _capture(main={0x0112: short(value)}).orientation == expected


def test_names_are_text_to_print() -> None:
    """Blank ones, as some trap cameras have, are none; control characters are left out."""
    capture = _capture(main={0x010F: text("       "), 0x0110: text("\x1b[2Jcam\xe9")})
    assert (capture.make, capture.model) == (None, "[2Jcamé")
    assert _capture(main={0x010F: (2, b"A" * 5000)}).make == "A" * 100


def test_a_chain_that_loops_is_followed_once() -> None:
    """Every pointer to the first directory itself."""
    block = bytearray(exif({0x8769: (4, [8]), 0x8825: (4, [8]), 0x0110: text("Model")}))
    struct.pack_into("<I", block, 8 + 2 + 12 * 3, 8)
    parsed = parse_exif(bytes(block))
    assert capture_of(parsed).model == "Model"
    assert parsed.preview.get(0x0201) is None


@pytest.mark.parametrize("count", [0, 1, 1000, 65_535])
def test_a_number_of_entries_that_lies(count: int) -> None:
    """What is there is read."""
    block = bytearray(exif({0x0110: text("Model")}))
    struct.pack_into("<H", block, 8, count)
    assert capture_of(parse_exif(bytes(block))).model == ("Model" if count else None)


@pytest.mark.parametrize("block", [b"", b"II", b"II*\0", b"XX*\0" + bytes(8), b"II\0*" + bytes(8)])
def test_what_is_no_exif_block_is_refused(block: bytes) -> None:
    with pytest.raises(ExifError, match="must begin with II"):
        parse_exif(block)


def test_large_segments_are_passed_over() -> None:
    """A few bytes of each are read, and the block as a whole where it comes late."""
    filling = b"\xff\xe2" + struct.pack(">H", 60_002) + bytes(60_000)
    plain = camera_file()
    late = plain[:2] + 5 * filling + b"\xff\xff" + plain[2:]
    reads = []

    def read(start: int, size: int) -> bytes:
        reads.append(size)
        return late[start : start + size]

    assert headed(read).capture == _read(plain).capture
    assert sum(reads) < 2**16 + 16_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must begin with"),
        (b"\x89PNG\r\n\x1a\n", "must begin with"),
        (b"\xff\xd8\xff\xd9" + bytes(10), "must say its size"),
        (b"\xff\xd8" + bytes(20), "a segment must begin at byte 2"),
        (b"\xff\xd8" + 300 * b"\xff\xe0\0\2" + bytes(20), "must say its size"),
        (b"\xff\xd8\xff\xc0\0\x0b\x08\0\0\0\x40\1\1\x11\0", "must have pixels"),
    ],
)
def test_what_is_no_head_of_a_jpeg_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(HeadError, match=message):
        read_head(lambda start, size: data[start : start + size])


@given(st.binary(max_size=600), st.sampled_from([b"", b"II*\0", b"MM\0*"]))
def test_no_bytes_break_the_parser(data: bytes, beginning: bytes) -> None:
    """As a block, and as a file that holds it."""
    assert isinstance(_read(beginning + data), Headed)
    assert isinstance(_read(jpeg(scene(64, 64), beginning + data)), Headed)


_CAMERA_FILES = [camera_file(scene(320, 240), order) for order in "<>"]
_MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["bit", "byte", "edge", "word", "cut", "drop", "repeat", "splice"]),
        # Of a head of 8 KB, in which places are nearer to its beginning.
        st.integers(0, 2**16 - 1),
        st.integers(0, 2**16 - 1),
    ),
    min_size=1,
    max_size=6,
)


@given(st.sampled_from(_CAMERA_FILES), st.sampled_from(_CAMERA_FILES), _MUTATIONS)
def test_damaged_heads_are_read_or_refused(original: bytes, other: bytes, mutations: Any) -> None:
    """Whatever is damaged: never an error, never for long, and only facts that can be."""
    damaged = mutate(original[:8000], other[:8000], mutations) + original[8000:]
    start = time.monotonic()
    result = _read(damaged)
    assert time.monotonic() - start < 5
    capture = result.capture
    assert capture.latitude is None or -90 <= capture.latitude <= 90
    assert capture.longitude is None or -180 <= capture.longitude <= 180
    assert 1 <= capture.orientation <= 8
    assert (result.preview is None) == (result.reason is not None)
