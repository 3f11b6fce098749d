"""Day or night, from colours and from the sun."""

from __future__ import annotations

import numpy as np
import pytest

from smartdownsample_core import Signatures
from smartdownsample_core.selection._daynight import day_or_night, spread_of_colors, sun_elevation
from smartdownsample_core.selection._times import read_times
from smartdownsample_core.signatures._descriptor import describe


def _frames(tint: tuple[float, float, float], color: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    grey = rng.integers(40, 200, (4, 1, 32, 32))
    colors = rng.normal(0, color, (4, 3, 32, 32))
    tinted = grey * np.array(tint)[:, None, None] + colors
    return np.clip(tinted, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("tint", [(1, 1, 1), (1, 0.8, 1), (0.9, 1, 0.9)])
def test_colours_tell_day_from_infrared(tint: tuple[float, float, float]) -> None:
    """Infrared frames are grey or of one tint, with a little noise."""
    assert (spread_of_colors(describe(_frames(tint, 1))) < 0.1).all()
    assert (spread_of_colors(describe(_frames(tint, 25))) > 0.2).all()


@pytest.mark.parametrize(
    ("time", "latitude", "longitude", "expected"),
    [
        ("2024-03-20T12:00", 0.0, 0.0, 88.1),
        ("2024-06-20T22:00", 67.0, 15.0, 1.1),
        ("2024-12-21T12:00", 52.5, 13.4, 12.9),
        ("2024-07-01T02:00", -33.9, 151.2, 32.9),
    ],
)
def test_elevation_of_the_sun(
    time: str, latitude: float, longitude: float, expected: float
) -> None:
    """Of places on several continents."""
    micros = np.array([np.datetime64(time, "us").astype(np.int64)])
    found = sun_elevation(micros, np.array([latitude]), np.array([longitude]))[0]
    assert found == pytest.approx(expected, abs=0.6)


def test_the_sun_counts_where_time_and_place_are_known() -> None:
    """The clock is that of the offset in the file, or else of the zone of the place."""
    table = Signatures.blank(4, 8)
    table.descriptor[:] = describe(_frames((1, 1, 1), 1))  # grey
    table.mean_rgb[:] = 90
    table.latitude[:3], table.longitude[:3] = 52.5, 13.4
    table.utc_offset[1] = -600
    noon = ["2024-06-20 12:00", "2024-06-20 12:00", None, "2024-06-20 12:00"]
    groups = day_or_night(table, read_times(noon, 4))
    found = [groups.names[number] for number in groups.numbers]
    assert found == ["day", "night", "night", "night"]
    assert day_or_night(table, None).numbers.tolist() == [1] * 4
