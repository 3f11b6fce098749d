"""Looks up images by the names that other programs write in lists and tables."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from functools import cached_property

from ..text_files import in_windows_text


class ByName:
    """Finds images by name, also as Windows, macOS or a spreadsheet writes it."""

    def __init__(self, paths: Sequence[str], folder: str = "") -> None:
        """Takes the paths of the images, and the folder of the list, for paths as seen from it."""
        self._paths, self._folder = paths, folder
        self._exact = {os.path.abspath(path): row for row, path in enumerate(paths)}

    def row(self, name: str) -> int | None:
        """Returns the index of the image of exactly this path, however its folder is spelled.

        Paths as seen from here come first, and then those as seen from the folder of the list.
        """
        line = name.removesuffix("\r")  # of a line that ends as on Windows
        for one in (name, line, os.path.join(self._folder, line)):
            found = self._exact.get(os.path.abspath(one))
            if found is not None:
                return found
        return None

    def row_alike(self, name: str) -> int | None:
        """Returns the index of the only image whose name differs in form alone.

        That is in upper and lower case, in how accents are composed (macOS decomposes them), in
        backslashes, or in the encoding, that of Windows.
        """
        return self._alike.get(_plain(name))

    def find(self, name: str) -> int | None:
        """Returns the result of :meth:`row`, else of :meth:`row_alike`."""
        row = self.row(name)
        return self.row_alike(name) if row is None else row

    @cached_property
    def _alike(self) -> dict[str, int | None]:
        rows: dict[str, int | None] = {}
        for row, path in enumerate(self._paths):
            plain = _plain(path)
            rows[plain] = None if plain in rows else row  # ambiguous
        return rows


def _plain(name: str) -> str:
    name = in_windows_text(name).rstrip("\r").replace("\\", "/")
    return unicodedata.normalize("NFC", os.path.abspath(name)).casefold()
