"""Day or night: by the sun where time and place are known, else by whether there are colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signatures import Signatures
from ._strata import Groups
from ._times import Times

#: The sun rises at this elevation of its center, in degrees, because the air bends its light.
_SUNRISE = -0.833

#: Of 1,163 frames of ten standing cameras, the colours of 297 (infrared) spread by at most 0.05,
#: those of the others by 0.25 or more.
_COLORFUL = 0.1

_J2000 = np.datetime64("2000-01-01T12:00", "us").astype(np.int64)
_DAY = 86_400_000_000
_MINUTE = 60_000_000

_Floats = NDArray[np.float64]


def day_or_night(signatures: Signatures, times: Times | None) -> Groups:
    """Tells images by day from images by night.

    Args:
        signatures: of n images, with descriptors
        times: of the images, if they are known
    """
    is_day = spread_of_colors(signatures.descriptor) >= _COLORFUL
    if times is not None and times.is_clock:
        latitude, longitude = signatures.latitude, signatures.longitude
        known = times.known & ~np.isnan(latitude) & ~np.isnan(longitude)
        offset = signatures.utc_offset.astype(np.float64)
        # Without the offset, the clock is taken to be that of the zone at this longitude.
        offset = np.where(np.isnan(offset), 60 * np.rint(longitude / 15), offset)[known]
        micros = times.micros[known] - np.rint(offset * _MINUTE).astype(np.int64)
        elevation = sun_elevation(micros, latitude[known], longitude[known])
        is_day[known] = elevation > _SUNRISE
    numbers = np.where(is_day, 0, 1)
    return Groups(np.where(signatures.readable, numbers, -1), ["day", "night"])


def spread_of_colors(descriptors: NDArray[np.uint8]) -> _Floats:
    """Returns how far the colours of images spread, 0 for grey ones, whatever their tint.

    Args:
        descriptors: ``(n, 128)``; the last 64 bytes are square roots of shares of pixels in 4x4x4
            bins, of lightness and two differences of colours. A grey pixel lies in the middle

    Returns:
        ``(n,)``; variance of the two differences, in bins, beyond that of grey pixels
    """
    shares = (descriptors[:, 64:].astype(np.float64) ** 2).reshape(-1, 4, 4, 4)
    shares /= np.maximum(shares.sum(axis=(1, 2, 3), keepdims=True), 1)
    squares = (np.arange(4) - 1.5) ** 2
    # A pixel in the middle counts half for each of the two bins beside it.
    return np.asarray(
        sum(shares.sum(axis=axes) @ squares - 0.25 for axes in ((1, 3), (1, 2))), np.float64
    )


def sun_elevation(micros: NDArray[np.int64], latitude: _Floats, longitude: _Floats) -> _Floats:
    """Returns the elevation of the sun above the horizon, in degrees, to about 0.02 degrees.

    The low-precision formulas of "The Astronomical Almanac", section C, without refraction.

    Args:
        micros: ``(n,)``; microseconds since 1970, UTC
        latitude: ``(n,)``; degrees north
        longitude: ``(n,)``; degrees east

    >>> noon = np.datetime64("2024-06-20T12:02", "us").astype(np.int64)
    >>> sun_elevation(np.array([noon]), np.array([51.48]), np.array([0.0])).round(1).tolist()
    [62.0]
    """
    days = (micros - _J2000) / _DAY
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 4e-7 * days)
    right_ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    sidereal = 15 * (18.697374558 + 24.06570982441908 * days)
    hour_angle = np.radians(sidereal + longitude) - right_ascension
    phi = np.radians(latitude)
    height = np.sin(phi) * np.sin(declination)
    height += np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(height, -1, 1))))
