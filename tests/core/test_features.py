"""Feature vectors of the user's own: unit lengths, errors, and bytes that keep the order."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core.selection._distances import Nearest
from smartdownsample_core.selection._features import quantized, unit_features

_SEEDS = st.integers(0, 2**32)
_WIDTHS = st.sampled_from([1, 2, 7, 128, 512, 1280, 2048])


def _random(seed: int, width: int, n: int = 20) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 10.0 ** rng.integers(-6, 6), (n, width)) + rng.uniform(-1, 1)


@given(_SEEDS, _WIDTHS)
def test_features_get_a_length_of_1_and_keep_their_direction(seed: int, width: int) -> None:
    """Whatever their scale was."""
    features = _random(seed, width)
    units = unit_features(features, 20)
    assert units.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1, atol=1e-5)
    along = (units * features).sum(axis=1)
    np.testing.assert_allclose(along, np.linalg.norm(features, axis=1), rtol=1e-4)


@pytest.mark.parametrize("scale", [1e-20, 1e20, 1e38], ids=["tiny", "large", "huge"])
def test_the_scale_of_features_does_not_matter(scale: float) -> None:
    """Every finite vector but zero has a direction."""
    units = unit_features(np.array([[3, 4], [0, -1]]) * scale / 5, 2)
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, -1]], atol=1e-5)


def test_a_vector_of_zeros_stays_one() -> None:
    """It has no direction, and is not an error."""
    assert unit_features([[0, 0], [0, 5]], 2).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("features", "n", "message"),
    [
        pytest.param(
            np.zeros((3, 4)),
            1234,
            "features must have the shape (1234, d), one row for each of the 1,234 images, "
            "got (3, 4)",
            id="rows",
        ),
        pytest.param([1.0, 2.0], 2, "must have the shape (2, d), one row for each of the 2 images, "
                     "got (2,)", id="flat"),
        pytest.param(np.zeros((2, 0)), 2, "got (2, 0)", id="no columns"),
        pytest.param(np.zeros((2, 2, 2)), 2, "got (2, 2, 2)", id="three dimensions"),
        pytest.param(
            [["a", "b"]],
            1,
            "features must be an array of numbers with 1 rows, one for each image, got "
            "[['a', 'b']]; give every image a vector",
            id="texts",
        ),
        pytest.param(
            [[1.0], [1.0, 2.0]],
            2,
            "features must be an array of numbers with 2 rows, one for each image, got "
            "[[1.0], [1.0, 2.0]]; give every image a vector",
            id="ragged",
        ),
        pytest.param(
            [[1.0, 2.0], [np.nan, 0.0], [np.inf, 0.0]],
            3,
            "features must be finite numbers up to 3.4e+38, but 2 of 3 rows are not; the first is "
            "row 1 with nan; recompute these rows, or remove their images",
            id="not finite",
        ),
        pytest.param(
            np.array([[1.0], [1e39]]), 2, "the first is row 1 with 1e+39; recompute", id="too large"
        ),
        pytest.param(np.zeros((3, 4)), 3, "all 3 rows are zeros; compute the", id="zeros"),
        pytest.param("emb.npy", 2, "got 'emb.npy'", id="a file"),
        pytest.param(np.array([["a"]]), 1, "got an array of <U1; give", id="array of texts"),
    ],
)  # fmt: skip
def test_bad_features_are_refused(features: object, n: int, message: str) -> None:
    """The error names the shape or the row, and counts."""
    with pytest.raises(ValueError, match=re.escape(message)):
        unit_features(features, n)


def test_no_images_need_no_features() -> None:
    """A table of no rows is right for no images."""
    assert unit_features(np.zeros((0, 5)), 0).shape == (0, 5)


@given(_SEEDS, _WIDTHS)
def test_bytes_keep_the_order_of_cosines(seed: int, width: int) -> None:
    """Distances of bytes follow those of floats, to a little rounding."""
    units = unit_features(_random(seed, width), 20)
    points = quantized(units)
    assert points.dtype == np.int8
    exact = np.linalg.norm(units[:, None].astype(float) - units, axis=2)
    nearest = Nearest(points)
    found = np.sqrt(nearest.between(np.arange(20)))
    scale = np.linalg.norm(points.astype(float)) / np.linalg.norm(units)
    # Rounding moves each of d values by at most a half, at random.
    np.testing.assert_allclose(found / scale, exact, atol=(2 + 0.6 * np.sqrt(width)) / scale)


def test_bytes_rank_images_as_floats_do() -> None:
    """Of random embeddings, hardly any pair of distances changes places."""
    units = unit_features(np.random.default_rng(3).normal(size=(200, 512)), 200)
    exact = np.linalg.norm(units[:1] - units[1:], axis=1)
    found = Nearest(quantized(units)).between(np.arange(200))[0, 1:]
    ranks = [np.argsort(np.argsort(distances)) for distances in (exact, found)]
    assert np.corrcoef(*ranks)[0, 1] > 0.99


@given(_SEEDS, _WIDTHS)
def test_squares_of_bytes_sum_to_less_than_2_to_the_22(seed: int, width: int) -> None:
    """So that float32 holds every distance exactly."""
    squares = quantized(unit_features(_random(seed, width), 20)).astype(np.int64) ** 2
    assert squares.sum(axis=1).max() < 2**22


@pytest.mark.parametrize("width", [1, 260, 266, 2542, 4096, 17418])
def test_squares_of_equal_values_sum_to_less_than_2_to_the_22(width: int) -> None:
    """Also where all values of a vector are rounded up."""
    squares = quantized(unit_features(np.ones((1, width)), 1)).astype(np.int64) ** 2
    assert squares.sum() < 2**22


def test_zeros_become_zeros() -> None:
    """Nothing is divided by nothing."""
    assert quantized(np.zeros((2, 3), np.float32)).tolist() == [[0] * 3] * 2
