"""Which of Pillow's formats are read: an allow-list, and what others have registered."""

from __future__ import annotations

import struct
from contextlib import suppress

from PIL import Image

from .. import limits
from ._names import load_plugins, unread_content

_PREFIX_BYTES = 16


def allowed_formats() -> list[str]:
    """Returns the formats to let Pillow open, by its names.

    Those of :data:`smartdownsample_core.limits.FORMATS` that this Pillow has, and all formats that
    other packages have registered: the caller did so on purpose, or they are packages for HEIC,
    AVIF or JPEG XL, whose installation is enough.
    """
    Image.init()  # does nothing the second time
    load_plugins()
    return [
        name
        for name, (factory, _) in Image.OPEN.items()
        if name in limits.FORMATS or not getattr(factory, "__module__", "").startswith("PIL.")
    ]


def file_endings() -> tuple[str, ...]:
    """Returns the extensions of the formats that are read, such as ``".jpg"``, in lower case."""
    allowed = {*allowed_formats(), *limits.FORMATS}  # MPO is opened as JPEG
    extensions = Image.registered_extensions().items()
    return tuple(extension for extension, name in extensions if name in allowed)


def unidentified(data: bytes) -> limits.RefusedError:
    """Returns the error of a file that no allowed format has recognized."""
    kind = unread_content(data[:_PREFIX_BYTES])
    if kind is not None:
        return limits.RefusedError(f"it is a {kind.one}: {kind.remedy}")
    name = _refused_format(data[:_PREFIX_BYTES])
    if name is None:
        return limits.RefusedError("empty, or not an image format that is read")
    return limits.RefusedError(
        f"{name} is not among the formats that are read: {', '.join(sorted(limits.FORMATS))}; "
        f"convert it to PNG, or allow it by smartdownsample_core.limits.FORMATS.add({name!r}) if "
        "you trust all files"
    )


def _refused_format(start: bytes) -> str | None:
    """Returns the format that a file begins like; looks at its first bytes only."""
    allowed = allowed_formats()
    for name, (_, accept) in Image.OPEN.items():
        if name not in allowed and accept is not None:
            with suppress(IndexError, TypeError, struct.error):  # files of a few bytes
                if accept(start) is True:
                    return str(name)
    return None
