"""The caller's settings for reading images, passed on to its worker processes.

Limits, Pillow's own settings, and the formats that packages such as ``pillow_heif`` have
registered: a worker must read what its caller reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageFile

from .. import limits

_LIMITS = ("FORMATS", "MAX_FILE_BYTES", "MAX_SCANS", "MAX_SIDE")


@dataclass(frozen=True)
class Inherited:
    """Settings to send to another process and apply there."""

    limits: tuple[Any, ...]
    max_pixels: int | None
    truncated_images: bool
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
            limits=tuple(getattr(limits, name) for name in _LIMITS),
            max_pixels=Image.MAX_IMAGE_PIXELS,
            truncated_images=ImageFile.LOAD_TRUNCATED_IMAGES,
            formats=formats,
        )

    def apply(self) -> None:
        """Makes them the settings of this process."""
        for name, value in zip(_LIMITS, self.limits, strict=True):
            setattr(limits, name, value)
        Image.MAX_IMAGE_PIXELS = self.max_pixels
        ImageFile.LOAD_TRUNCATED_IMAGES = self.truncated_images
        for name, factory, accept in self.formats:
            Image.register_open(name, factory, accept)


def _is_importable(thing: Any) -> bool:
    inside = "<" in getattr(thing, "__qualname__", "<")  # of a function, or a lambda
    return thing is None or not (inside or thing.__module__ == "__main__")
