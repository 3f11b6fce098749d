"""When images were taken, as people and files give it, in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import shown
from ..errors import ParameterError
from ._notation import duration, has_unit

#: The time of an image whose time is unknown; as int64, what NumPy calls NaT.
UNKNOWN = np.iinfo(np.int64).min

_MICROS = 1_000_000
#: In seconds; far more than a clock shows, and safe to subtract as int64.
_LARGEST = 4e12

_Micros = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Times:
    """When n images were taken."""

    micros: _Micros
    """``(n,)`` microseconds; :data:`UNKNOWN` where unknown"""
    is_clock: bool
    """whether they count from 1970-01-01 by some clock, so that they have a date"""

    @property
    def known(self) -> NDArray[np.bool_]:
        """``(n,)``; whether there is a time."""
        return np.asarray(self.micros != UNKNOWN)

    def take(self, rows: NDArray[np.int64]) -> Times:
        """Returns the times of some images, ``(m,)`` rows."""
        return Times(self.micros[rows], self.is_clock)

    def days(self) -> NDArray[np.int64]:
        """Returns days since 1970-01-01, ``(n,)``; -1e9 or less where unknown."""
        return np.asarray(self.micros // (86_400 * _MICROS))

    def plain(self, micros: _Micros) -> list[str | float | None]:
        """Returns some times as text (ISO 8601), or as seconds if they are by no clock."""
        if self.is_clock:
            datetimes = micros.view("datetime64[us]")
            return [None if np.isnat(one) else one.item().isoformat() for one in datetimes]
        return [None if one == UNKNOWN else one / _MICROS for one in micros.tolist()]


def in_micros(seconds: float) -> int:
    """Returns a duration in microseconds."""
    return round(seconds * _MICROS)


def check_unit(name: str, value: Any, times: Times | None = None) -> None:
    """Raises a ParameterError for a duration with a unit, if the times are numbers without one.

    Args:
        name: the setting
        value: a valid duration, or None
        times: those that it applies to; None if they are known to be numbers
    """
    is_by_clock = times is not None and (times.is_clock or not times.known.any())
    if has_unit(value) and not is_by_clock:
        raise ParameterError(
            name,
            "must be a number, as {time} has numbers, which may count frames or anything else, "
            "got {value}",
            "give it in the same unit, such as 10 for 10 frames; if they are seconds, {number:g}",
            value=shown(value),
            number=duration(name, value),
        )


def read_times(values: Any, n: int) -> Times:
    """Reads when n images were taken.

    Args:
        values: for each a datetime (with a time zone: converted to UTC), a date, a datetime64, ISO
            or EXIF text, a number of seconds, or None, NaN, NaT or an empty text
        n: number of images

    Raises:
        ParameterError: if they are not n times, or both dates and numbers

    >>> times = read_times(["2024-05-01 12:00:00", None], 2)
    >>> times.plain(times.micros)
    ['2024-05-01T12:00:00', None]
    """
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__") or len(values) != n:
        is_list = hasattr(values, "__len__") and not isinstance(values, (str, bytes))
        raise ParameterError(
            "time",
            "must have a time for each of the {n:,} images, got {got}",
            "use None for images without one",
            n=n,
            got=f"{len(values):,}" if is_list else shown(values),
        )
    array = np.asarray(values) if hasattr(values, "dtype") else None
    if array is not None and array.dtype.kind == "M":
        return Times(array.astype("datetime64[us]").view(np.int64), True)
    if array is not None and array.dtype.kind in "iuf":
        return Times(_from_seconds(array.astype(np.float64)), False)
    found = [_time_of(value) for value in values]
    clocks = [isinstance(one, datetime) for one in found if one is not None]
    if not any(clocks):
        seconds = [np.nan if one is None else one for one in found]
        return Times(_from_seconds(np.array(seconds, np.float64)), False)
    if not all(clocks):
        odd = next(place for place, one in enumerate(found) if isinstance(one, float))
        raise ParameterError(
            "time",
            "has dates and also numbers, such as {value}",
            "give all times in the same form",
            value=shown(values[odd]),
        )
    return Times(np.array(found, "datetime64[us]").view(np.int64), True)


def _from_seconds(seconds: NDArray[np.float64]) -> _Micros:
    known = np.isfinite(seconds)
    if (np.abs(seconds[known]) > _LARGEST).any():
        raise ParameterError(
            "time",
            "must be at most {largest:,.0f} seconds, got {value:g}",
            "divide times in milliseconds by 1000",
            largest=_LARGEST,
            value=float(np.abs(seconds[known]).max()),
        )
    micros = np.full(len(seconds), UNKNOWN)
    micros[known] = np.rint(seconds[known] * _MICROS).astype(np.int64)
    return micros


def _time_of(value: Any) -> datetime | float | None:
    """Returns one time: by a clock, in UTC if it has a time zone, or a number of seconds."""
    if value is None or value == "" or type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype("datetime64[us]").item()
    if isinstance(value, str):
        value = _from_text(value.strip())
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ParameterError(
            "time",
            "must be dates such as 2024-05-31 12:00:00, or numbers of seconds, got {value}",
            value=shown(value),
        ) from None


def _from_text(text: str) -> datetime | str | None:
    if text[4:5] == text[7:8] == ":":  # as EXIF writes it
        text = f"{text[:4]}-{text[5:7]}-{text[8:]}"
    if text.endswith("Z"):  # Python 3.10 does not know it
        text = text[:-1] + "+00:00"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text or None
