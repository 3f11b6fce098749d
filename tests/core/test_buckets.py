"""Bucket ids: the packing of the seven bits, their thresholds and their names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Signatures, assign_buckets, bucket_name
from smartdownsample_core.signatures import N_BUCKETS
from smartdownsample_core.signatures._bits import pack

_LEVELS = st.integers(0, 255 * 4).map(lambda quarter: quarter / 4)


def _bucket(
    mean_rgb: tuple[float, ...],
    dhash_bits: tuple[int, ...] = (),
    corner: int = 0,
    hash_size: int = 8,
) -> int:
    """The bucket of one image with this mean colour, these dHash bits and this aHash corner."""
    table = Signatures.blank(1, hash_size)
    bits = np.zeros(hash_size**2, bool)
    bits[list(dhash_bits)] = True
    contrast = np.zeros((hash_size // 2) ** 2, bool)
    contrast[0] = corner
    table.dhash[0], table.ahash[0], table.mean_rgb[0] = pack(bits), pack(contrast), mean_rgb
    return int(assign_buckets(table)[0])


@pytest.mark.parametrize("hash_size", [4, 6, 8, 10])
def test_every_possible_id_round_trips(table_of, possible_ids: list[int], hash_size: int) -> None:
    """All 80 ids come out of signatures that have just their bits."""
    ids = assign_buckets(table_of(possible_ids, hash_size))
    assert ids.dtype == np.int16
    assert ids.tolist() == possible_ids
    assert len(possible_ids) == 80


@pytest.mark.parametrize(
    ("mean_rgb", "expected"),
    [
        pytest.param((0, 0, 0), 0, id="black"),
        pytest.param((127.9, 127.9, 127.9), 0, id="just dark"),
        pytest.param((128, 128, 128), 4, id="just bright"),
        pytest.param((10, 22.24, 34.48), 0, id="variance 99.9: grey"),
        pytest.param((10, 22.25, 34.5), 8 + 3, id="variance 100.04: colour"),
        pytest.param((150, 20, 20), 8 + 0, id="red"),
        pytest.param((20, 150, 20), 8 + 1, id="green"),
        pytest.param((20, 20, 150), 8 + 2, id="blue"),
        pytest.param((140, 20, 20), 8 + 3, id="red is not above 140"),
        pytest.param((140.1, 20, 20), 8 + 0, id="red is just above 140"),
        pytest.param((150, 150, 20), 8 + 3, id="red and green tie"),
        pytest.param((20, 150, 150), 8 + 3, id="green and blue tie"),
        pytest.param((200, 120, 120), 8 + 4 + 0, id="bright red"),
        pytest.param((190, 188, 189), 4 + 0, id="bright grey with a dominant channel has no theme"),
    ],
)
def test_colour_bits(mean_rgb: tuple[float, ...], expected: int) -> None:
    """Colour, brightness and theme switch exactly at their thresholds."""
    assert _bucket(mean_rgb) == expected


@pytest.mark.parametrize(
    ("hash_size", "first", "second"),
    [(4, 5, 10), (5, 5, 10), (7, 5, 10), (8, 27, 36), (9, 27, 36), (16, 27, 36)],
)
def test_structure_bits_are_two_fixed_places_of_the_dhash(
    hash_size: int, first: int, second: int
) -> None:
    """Only these two flat indices count, the first for more."""
    grey = (10.0, 10.0, 10.0)
    others = tuple(set(range(hash_size**2)) - {first, second})
    assert _bucket(grey, (first,), hash_size=hash_size) == 64
    assert _bucket(grey, (second,), hash_size=hash_size) == 32
    assert _bucket(grey, others, hash_size=hash_size) == 0
    assert _bucket(grey, (), corner=1, hash_size=hash_size) == 16


@given(st.tuples(_LEVELS, _LEVELS, _LEVELS))
def test_grey_images_have_no_theme(mean_rgb: tuple[float, ...]) -> None:
    """Whatever the means, only the possible ids occur."""
    bucket_id = _bucket(mean_rgb)
    assert bucket_id & 8 or not bucket_id & 3


def test_unreadable_rows_have_no_bucket(table_of) -> None:
    """They get -1, and do not disturb their neighbours."""
    assert assign_buckets(table_of([5 * 16, -1, 12])).tolist() == [80, -1, 12]


def test_names_tell_all_possible_buckets_apart(possible_ids: list[int]) -> None:
    """80 ids have 80 names."""
    assert len({bucket_name(bucket_id) for bucket_id in possible_ids}) == 80
    assert len({bucket_name(bucket_id) for bucket_id in range(N_BUCKETS)}) == 128


@pytest.mark.parametrize(
    ("bucket_id", "name"),
    [
        (0, "dark · no main colour · dark top left · pattern A"),
        (32, "dark · no main colour · dark top left · pattern B"),
        (64 + 16 + 4, "bright · no main colour · light top left · pattern C"),
        (8, "dark · warm · dark top left · pattern A"),
        (8 + 4 + 2, "bright · bluish · dark top left · pattern A"),
        (127, "bright · subdued · light top left · pattern D"),
        (-1, "unreadable"),
    ],
)
def test_names_say_what_is_inside(bucket_id: int, name: str) -> None:
    """A name reads from structure to colour."""
    assert bucket_name(bucket_id) == name


@pytest.mark.parametrize("bucket_id", [-2, 128, "5", 5.0, True])
def test_an_id_out_of_range_is_refused(bucket_id: int) -> None:
    """The error names the range and the value."""
    message = f"bucket_id must be a whole number from 0 to 127, got {bucket_id!r}"
    with pytest.raises(ValueError, match=f"^{message}$"):
        bucket_name(bucket_id)


def test_what_was_not_read_has_a_name() -> None:
    """By the number of the core, and by the nothing of databases."""
    assert bucket_name(-1) == bucket_name(None) == bucket_name(np.int16(-1)) == "unreadable"
