"""Capture facts of files of every format that can hold them."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import features

from smartdownsample_core.images._capture import capture_in
from smartdownsample_core.images._exif import Capture
from tests.core.camera_files import DATE, camera_file, exif, rationals, scene, text
from tests.core.corpus import seeds
from tests.core.fuzz import mutate

_BLOCK = exif(
    main={0x010F: text("Maker")},
    photo={0x9003: text(DATE)},
    gps={1: text("N"), 2: rationals((45, 1)), 3: text("E"), 4: rationals((7, 1))},
)
_FACTS = Capture(datetime(2017, 7, 18, 15, 31, 38), "original", None, 45.0, 7.0, "Maker")


def _file(format_: str, block: bytes = _BLOCK) -> bytes:
    stream = io.BytesIO()
    # Pillow adds the prefix for some formats, and takes it as a part of the block for others.
    scene(64, 48).save(stream, format_, exif=b"Exif\0\0" + block if format_ == "JPEG" else block)
    return stream.getvalue()


_FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", *(["AVIF"] if features.check("avif") else [])]


@pytest.mark.parametrize("format_", _FORMATS)
def test_every_format_with_exif_says_it(format_: str) -> None:
    """As Pillow writes them."""
    assert capture_in(_file(format_)) == _FACTS


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "BMP", "GIF", "JPEG"])
def test_files_without_exif_have_no_facts(format_: str) -> None:
    stream = io.BytesIO()
    scene(64, 48).save(stream, format_)
    assert capture_in(stream.getvalue()) == Capture()


def test_a_png_that_says_it_behind_the_pixels() -> None:
    """As others than Pillow write them; its pixels are not decoded."""
    plain = _file("PNG")
    start = plain.index(b"eXIf") - 4
    chunk = plain[start : start + 12 + len(_BLOCK)]
    end = plain.index(b"IEND") - 4
    assert capture_in(plain[:start] + plain[start + len(chunk) : end] + chunk + plain[end:]) == (
        _FACTS
    )


def test_a_camera_file_says_the_same_as_its_head() -> None:
    assert capture_in(camera_file()).make == "Maker"


@pytest.mark.filterwarnings("ignore:::PIL")
def test_no_format_raises() -> None:
    """Undamaged, cut in half, or of a few bytes."""
    for data in seeds().values():
        for part in (data, data[: len(data) // 2], data[:9]):
            assert isinstance(capture_in(part), Capture)


_MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["bit", "byte", "edge", "word", "cut", "drop", "repeat", "splice"]),
        st.integers(0, 2**16 - 1),
        st.integers(0, 2**16 - 1),
    ),
    min_size=1,
    max_size=4,
)
_FILES = [_file(format_) for format_ in _FORMATS]


@given(st.sampled_from(_FILES), st.sampled_from(_FILES), _MUTATIONS)
def test_damaged_files_raise_nothing(
    original: bytes, other: bytes, mutations: list[tuple[str, int, int]]
) -> None:
    assert isinstance(capture_in(mutate(original, other, mutations)), Capture)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]))
def test_no_bytes_raise(data: bytes, beginning: bytes) -> None:
    assert isinstance(capture_in(beginning + data), Capture)


def test_a_file_of_empty_chunks_is_not_walked_for_long() -> None:
    """A limit of chunks; Pillow is not asked."""
    chunks = b"\0\0\0\0tEXt\0\0\0\0" * 1_000_000
    assert capture_in(b"\x89PNG\r\n\x1a\n" + chunks) == Capture()
