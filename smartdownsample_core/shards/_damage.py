"""One kind of error for all that can be wrong with a shard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..checks import reason
from ..images import is_remote
from ..optional import arrow


class OtherVersionError(ValueError):
    """Raised for a shard that is not damaged, but holds signatures of another version."""


@contextmanager
def damage_named(file: Path | str) -> Iterator[None]:
    """Turns whatever reading a damaged shard raises into a ValueError with file and remedy.

    Raises:
        OSError: if the server of a URL does not answer as it should
    """
    try:
        yield
    except OtherVersionError as error:
        raise ValueError(f"{file} {error}") from error
    except (arrow().ArrowException, OSError, KeyError, ValueError) as error:
        if isinstance(error, OSError) and is_remote(str(file)):
            raise OSError(f"cannot read {file} ({reason(error)}); try again") from error
        raise ValueError(
            f"{file} is damaged ({reason(error)}); delete it, and extract it again"
        ) from error


def refuse_if(is_wrong: object, what: str) -> None:
    """Raises a ValueError that says what is wrong, for :func:`damage_named`."""
    if is_wrong:
        raise ValueError(what)
