"""The caller's settings for reading images, passed on to its worker processes.

Limits, Pillow's own settings, and the formats that packages such as ``pillow_heif`` have
registered: a worker must read what its caller reads.
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

#: Settings by the module that has them.
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

#: What a worker may map besides what it has when it starts, in units of what one image may take:
#: address space is not memory; arrays of BLAS and arenas of threads reserve more than they use.
_ADDRESS_SPACE = 2


@dataclass(frozen=True)
class Inherited:
    """Settings to send to another process and apply there."""

    settings: tuple[tuple[str, str, Any], ...]
    """module, name and value"""
    formats: tuple[tuple[str, Any, Callable[[bytes], Any] | None], ...]
    """name, class and test of the formats that are not Pillow's own; pickled by their modules"""

    @classmethod
    def here(cls) -> Inherited:
        """Returns the settings of this process.

        Raises:
            ValueError: if a format is read by code that other processes cannot import
        """
        formats = tuple(
            (name, factory, accept)
            for name, (factory, accept) in Image.OPEN.items()
            if not getattr(factory, "__module__", "").startswith("PIL.")
        )
        for name, factory, accept in formats:
            if not (_is_importable(factory) and _is_importable(accept)):
                raise ValueError(
                    f"worker processes cannot import what reads the image format {name} from this "
                    'script: move it to a module, or read with workers="threads"'
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
        """Makes them the settings of this process."""
        for module, name, value in self.settings:
            setattr(importlib.import_module(module), name, value)
        for name, factory, accept in self.formats:
            Image.register_open(name, factory, accept)


def limit_memory() -> None:
    """Bounds the address space of this process, so that a decoder fails instead of the machine.

    The estimates of :mod:`smartdownsample_core.images` refuse what an image's header admits; this
    is for what it does not. On Linux only: macOS does not enforce the limit, Windows has none.
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
    inside = "<" in getattr(thing, "__qualname__", "<")  # of a function, or a lambda
    return thing is None or not (inside or thing.__module__ == "__main__")
