"""Settings for reading images that worker processes take over from their caller.

These are the limits, Pillow's settings, and formats registered by packages such as ``pillow_heif``.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from .. import limits

#: Names of settings by module.
_SETTINGS = {
    "smartdownsample_core.limits": tuple(
        name for name in dir(limits) if name.isupper() and name[0] != "_"
    ),
    "PIL.Image": ("MAX_IMAGE_PIXELS",),
    "PIL.ImageFile": ("LOAD_TRUNCATED_IMAGES", "MAXBLOCK", "SAFEBLOCK"),
    "PIL.GifImagePlugin": ("LOADING_STRATEGY",),
    "PIL.PngImagePlugin": ("MAX_TEXT_CHUNK", "MAX_TEXT_MEMORY"),
    "PIL.TiffImagePlugin": ("READ_LIBTIFF",),
}

#: Address space that a worker may add after its start, in units of limits.MAX_MEMORY_BYTES. Above 1
#: because BLAS buffers and the arenas of threads reserve more than they use.
_ADDRESS_SPACE = 2


@dataclass(frozen=True)
class Inherited:
    """Settings to apply in another process."""

    settings: tuple[tuple[str, str, Any], ...]
    """module, name and value"""
    formats: tuple[tuple[str, Any, Callable[[bytes], Any] | None], ...]
    """name, class and test of each format that is not Pillow's own; pickled by reference"""

    @classmethod
    def here(cls) -> Inherited:
        """Returns the settings of this process.

        Raises:
            ValueError: if other processes cannot import the code that reads a format
        """
        formats = tuple(
            (name, factory, accept)
            for name, (factory, accept) in Image.OPEN.items()
            if not getattr(factory, "__module__", "").startswith("PIL.")
        )
        for name, factory, accept in formats:
            if not (_is_importable(factory) and _is_importable(accept)):
                raise ValueError(
                    f"worker processes cannot import the code for image format {name} from this "
                    'script; move it to a module, or read with workers="threads"'
                )
        return cls(
            settings=tuple(
                (module, name, getattr(importlib.import_module(module), name))
                for module, names in _SETTINGS.items()
                for name in names
            ),
            formats=formats,
        )

    def apply(self) -> None:
        """Applies the settings to this process."""
        for module, name, value in self.settings:
            setattr(importlib.import_module(module), name, value)
        for name, factory, accept in self.formats:
            Image.register_open(name, factory, accept)


def limit_memory() -> None:
    """Limits the address space of this process, so that a decoder fails rather than the machine.

    :mod:`smartdownsample_core.images` refuses images whose headers announce too much; this catches
    the others. On Linux only: macOS does not enforce the limit, and Windows has none.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        mapped = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    wanted = mapped + _ADDRESS_SPACE * limits.MAX_MEMORY_BYTES
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or wanted < soft:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _is_importable(thing: Any) -> bool:
    inside = "<" in getattr(thing, "__qualname__", "<")  # a local function or a lambda
    return thing is None or not (inside or thing.__module__ == "__main__")
