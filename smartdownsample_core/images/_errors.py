"""Whatever goes wrong with one image becomes the error of that image, in this one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from PIL import Image

from ..checks import KINDS_OF_ERRORS, shown_path, unreadable
from ..limits import RefusedError

_T = TypeVar("_T")

#: Errors whose text says what is wrong with the file. Of all others, the type is named as well.
_SELF_EXPLANATORY = (
    OSError,
    RefusedError,
    SyntaxError,  # Pillow's word for a broken PNG, GIF, TIFF or JPEG structure
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,  # under python -W error
)


@contextmanager
def named_errors(path: str) -> Iterator[None]:
    """Turns any exception into one that names the image.

    Every reader of images goes through here: threads, processes, Dask, crops, thumbnails. The catch
    is deliberately broad. Decoders raise about any exception on damaged or hostile bytes
    (struct.error, KeyError, RecursionError, MemoryError, ...), plug-ins of other packages can raise
    their own, and a list of the known ones has been incomplete before: one such file then ended a
    run over a million others. KeyboardInterrupt and SystemExit are no Exception, and pass.

    Raises:
        FileNotFoundError: ``File not found: PATH``
        PermissionError: ``Permission denied: PATH``
        OSError: ``Cannot read image file: PATH (reason)``
    """
    try:
        yield
    except Exception as error:
        raise _named(path, error) from error


def attempt(path: str, action: Callable[..., _T], *arguments: Any) -> _T | OSError:
    """Returns what an action on one image returns, or its error, as of :func:`named_errors`."""
    try:
        return action(*arguments)
    except Exception as error:  # noqa: BLE001 - as named_errors, which would take a microsecond
        named = _named(path, error)
        named.__cause__ = error
        return named


def _named(path: str, error: Exception) -> OSError:
    for kind, beginning in KINDS_OF_ERRORS.items():
        if isinstance(error, kind):
            return kind(beginning + shown_path(path))
    return unreadable(path, _reason(error))


def _reason(error: Exception) -> str:
    """Words what an exception says of a file.

    >>> _reason(SyntaxError("broken PNG file")), _reason(KeyError("EXIF")), _reason(MemoryError())
    ('broken PNG file', "KeyError: 'EXIF'", 'MemoryError')
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    name, text = type(error).__name__, str(error)
    if not text:
        return name
    return text if isinstance(error, _SELF_EXPLANATORY) else f"{name}: {text}"
