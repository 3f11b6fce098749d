"""The columnar table and its packing of bits."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smartdownsample_core import Signatures, extract, load_rgb, sign
from smartdownsample_core.signatures._bits import from_hex, pack, to_hex, unpack

_BIT_ROWS = st.tuples(st.integers(0, 4), st.integers(1, 80)).flatmap(
    lambda shape: arrays(bool, shape)
)


@given(_BIT_ROWS)
def test_unpack_undoes_pack(bits: np.ndarray) -> None:
    """No bit is lost or moved, whatever their number."""
    packed = pack(bits)
    assert packed.shape == (len(bits), -(-bits.shape[1] // 8))
    assert (unpack(packed, bits.shape[1]) == bits).all()


@given(_BIT_ROWS)
def test_packed_row_is_one_big_endian_number(bits: np.ndarray) -> None:
    """The first bit is the most significant, and hex is that number with its leading zeros."""
    n_bits = bits.shape[1]
    numbers = [int("".join("01"[bit] for bit in row.astype(int)), 2) for row in bits]
    packed = pack(bits)
    assert [int.from_bytes(row.tobytes(), "big") for row in packed] == numbers
    assert to_hex(packed, n_bits) == [f"{number:0{-(-n_bits // 4)}x}" for number in numbers]


@given(_BIT_ROWS)
def test_from_hex_undoes_to_hex(bits: np.ndarray) -> None:
    """Hashes that were stored as text come back."""
    packed = pack(bits)
    assert from_hex(to_hex(packed, bits.shape[1]), bits.shape[1]).tolist() == packed.tolist()


@pytest.mark.parametrize("hash_size", [4, 6, 8, 16])
def test_imagehash_reads_our_hex(formats: dict[str, str], hash_size: int) -> None:
    """Stored hashes open with ``imagehash.hex_to_hash``."""
    path = formats["png_8_bit"]
    table, signature = extract([path], hash_size), sign(load_rgb(path), hash_size)
    for digits, bits in ((table.dhash_hex, signature.dhash), (table.ahash_hex, signature.ahash)):
        assert imagehash.hex_to_hash(digits[0]) == imagehash.ImageHash(bits)


@given(
    arrays(np.int64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.integers(0, 261_120))
)
def test_brightness_and_variance_equal_the_reference_bit_by_bit(sums: np.ndarray) -> None:
    """From sums over 1024 pixels: the reference's own floats, to the last bit."""
    table = Signatures.blank(len(sums), 8)
    table.mean_rgb[:] = sums / 1024
    assert table.brightness.tolist() == [float(total / 3072) for total in sums.sum(axis=1)]
    assert table.color_variance.tolist() == [float(np.var(list(row / 1024))) for row in sums]


def test_blank_rows_are_not_readable() -> None:
    """A table starts with rows that are still to be read."""
    table = Signatures.blank(3, 6)
    assert len(table) == 3
    assert (table.dhash.shape, table.ahash.shape) == ((3, 5), (3, 2))
    assert not table.readable.any()
    assert table.unreadable == {}


def test_put_writes_rows_and_errors(table_of) -> None:
    """A batch lands at its rows, its errors too, and no other row changes."""
    table, batch = table_of([0, 0, 0, 0]), table_of([127, -1])
    table.put(np.array([3, 1]), batch)
    assert table.dhash_hex == ["0" * 16, "0" * 16, "0" * 16, batch.dhash_hex[0]]
    assert table.ahash_hex == ["0000", "0000", "0000", "8000"]
    assert table.readable.tolist() == [True, False, True, True]
    assert table.unreadable == {1: batch.unreadable[1]}
    assert table.mean_rgb[3].tolist() == batch.mean_rgb[0].tolist()
