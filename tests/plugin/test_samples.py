"""Signatures in a dataset: what is written is what is read again."""

from __future__ import annotations

import numpy as np
import pytest

from plugin.targets import stored_signatures
from smartdownsample_core import extract


@pytest.mark.parametrize("hash_size", [4, 6, 8, 10])
def test_signatures_come_back_bit_equal(dataset, operators, images, hash_size) -> None:
    """Signatures loaded from the dataset equal fresh ones in every bit, and none is stale."""
    operators.compute_signatures(dataset, hash_size=hash_size)
    target = stored_signatures.load(
        dataset.view(), "signature", hash_size, "exact", recompute=False
    )
    fresh = extract(images, hash_size)
    assert target.paths == images
    assert target.stale.tolist() == []
    assert np.array_equal(target.signatures.dhash, fresh.dhash)
    assert np.array_equal(target.signatures.ahash, fresh.ahash)
    assert np.array_equal(target.signatures.mean_rgb, fresh.mean_rgb)


def test_parts_are_the_whole(dataset, operators, images, monkeypatch) -> None:
    """Stored signatures are read a part at a time, in whatever order the view has its samples."""
    operators.compute_signatures(dataset.limit(70))
    view = dataset.sort_by("filepath", reverse=True)
    whole = stored_signatures.load(view, "signature", 8, "exact", recompute=False)
    monkeypatch.setattr(stored_signatures, "_LOADED_AT_A_TIME", 7)
    parts = stored_signatures.load(view, "signature", 8, "exact", recompute=False)
    assert [parts.paths[row] for row in parts.stale] == sorted(images[70:], reverse=True)
    assert np.array_equal(parts.stale, whole.stale)
    for column in whole.signatures.columns():
        one, other = getattr(parts.signatures, column), getattr(whole.signatures, column)
        assert one.tobytes() == other.tobytes()


def test_another_hash_size_is_stale(dataset, operators) -> None:
    """Signatures of one hash size are none of another."""
    operators.compute_signatures(dataset, hash_size=6)
    target = stored_signatures.load(dataset.view(), "signature", 8, "exact", recompute=False)
    assert target.stale.tolist() == list(range(len(dataset)))
    assert not target.signatures.readable.any()


def test_the_samples_follow_the_order_of_the_view(dataset, operators, images) -> None:
    """Rows of the target are in the order of the view, whatever that is."""
    operators.compute_signatures(dataset)
    view = dataset.sort_by("filepath", reverse=True).limit(10)
    target = stored_signatures.load(view, "signature", 8, "exact", recompute=False)
    assert target.paths == sorted(images, reverse=True)[:10]
    assert np.array_equal(target.signatures.mean_rgb, extract(target.paths).mean_rgb)


@pytest.mark.parametrize(
    ("made", "wanted", "reused"),
    [
        ("exact", "exact", True),
        ("exact", "fast", True),
        ("fast", "fast", True),
        ("fast", "exact", False),
    ],
)
def test_exact_signatures_are_as_good_as_fast_ones(
    dataset, operators, made, wanted, reused
) -> None:
    """A signature says how it was made; fast ones are not taken for exact ones."""
    operators.compute_signatures(dataset, decode=made)
    assert dataset.distinct("signature.decode") == [made]
    result = operators.compute_signatures(dataset, decode=wanted)
    assert (result["reused"] == len(dataset)) == reused
    assert dataset.distinct("signature.decode") == [made if reused else wanted]


def test_a_descriptor_of_another_length_is_stale(dataset, operators) -> None:
    """It was made by another version, and is computed again."""
    operators.compute_signatures(dataset)
    dataset.limit(3).set_values("signature.descriptor", ["AAAA", "A" * 156, None])
    target = stored_signatures.load(dataset.view(), "signature", 8, "exact", recompute=False)
    assert target.stale.tolist() == [0, 1, 2]
