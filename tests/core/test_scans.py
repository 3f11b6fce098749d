"""Progressive JPEG files: what is not decoded at 1/8 would not change a pixel."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from smartdownsample_core import extract
from smartdownsample_core.images._scans import without_details
from tests.core.camera_files import scene
from tests.core.fuzz import mutate


def _jpeg(seed: int, width: int = 170, height: int = 131, **options: object) -> bytes:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (height, width, 3), np.uint8)
    image = Image.blend(scene(width, height, seed), Image.fromarray(noise), 0.3)
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


def _reduced(data: bytes) -> np.ndarray:
    height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    sides = {"min_height": -(-height // 8), "min_width": -(-width // 8)}
    return simplejpeg.decode_jpeg(data, "RGB", **sides)


@given(
    st.integers(0, 99),
    st.integers(10, 100),
    st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]),
    st.integers(8, 200),
    st.integers(8, 200),
    st.sampled_from([0, 7]),
)
def test_the_pixels_at_an_eighth_are_the_same(
    seed: int, quality: int, subsampling: str, width: int, height: int, restart: int
) -> None:
    """Of all qualities, sizes and resolutions of colour."""
    data = _jpeg(
        seed,
        width,
        height,
        quality=quality,
        subsampling=subsampling,
        progressive=True,
        restart_marker_blocks=restart,
    )
    less = without_details(data)
    assert len(less) <= len(data)
    assert np.array_equal(_reduced(less), _reduced(data))


def test_other_files_stay_as_they_are() -> None:
    """Those that are not progressive, are cut off, or are none."""
    progressive = _jpeg(1, progressive=True)
    assert len(without_details(progressive)) < 0.6 * len(progressive)
    for data in (
        _jpeg(1),
        progressive[:-2],
        progressive[: len(progressive) // 2],
        b"",
        b"\xff\xd8",
    ):
        assert without_details(data) is data


_MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["bit", "byte", "edge", "word", "cut", "drop", "repeat", "splice"]),
        st.integers(0, 2**16 - 1),
        st.integers(0, 2**16 - 1),
    ),
    min_size=1,
    max_size=4,
)
_FILES = [_jpeg(seed, progressive=True, quality=30) for seed in range(2)]


@given(_MUTATIONS)
def test_damaged_files_raise_nothing(mutations: list[tuple[str, int, int]]) -> None:
    data = mutate(*_FILES, mutations)
    assert len(without_details(data)) <= len(data)


@pytest.mark.filterwarnings("ignore:::PIL")
def test_damage_in_what_is_not_decoded_loses_no_image(tmp_path: Path) -> None:
    """Neither where the full image is looked at, at which Pillow forgives it."""
    paths = []
    for seed in range(6):
        data = bytearray(_jpeg(seed, 700, 600, progressive=True))
        data[-3000:-2000] = bytes(range(250)) * 4
        paths.append(str(tmp_path / f"{seed}.jpg"))
        Path(paths[-1]).write_bytes(data)
    for decode in ("exact", "fast"):
        table = extract(paths, decode=decode, image_loading_errors="skip")
        assert table.unreadable == {}
