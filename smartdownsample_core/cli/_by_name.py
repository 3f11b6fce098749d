"""Images by the names that lists and tables of other programs have for them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from functools import cached_property

from ..text_files import in_windows_text


class ByName:
    """Finds images by name: as it is, else as Windows, macOS or a spreadsheet writes it."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._exact = {os.path.abspath(path): row for row, path in enumerate(paths)}

    def row(self, name: str) -> int | None:
        """Returns the position of the image of just this name, of any spelling of its folder."""
        found = self._exact.get(os.path.abspath(name))
        if found is None and name.endswith("\r"):  # of a line that ends as on Windows
            found = self._exact.get(os.path.abspath(name[:-1]))
        return found

    def row_alike(self, name: str) -> int | None:
        """Returns the position of the only image whose name differs in form alone.

        In the case of its letters, in how accents are composed (macOS writes them apart), in
        backslashes, or because the name was written in the encoding of Windows.
        """
        return self._alike.get(_plain(name))

    @cached_property
    def _alike(self) -> dict[str, int | None]:
        rows: dict[str, int | None] = {}
        for row, path in enumerate(self._paths):
            plain = _plain(path)
            rows[plain] = None if plain in rows else row  # which of two it is, nobody knows
        return rows


def _plain(name: str) -> str:
    name = in_windows_text(name).rstrip("\r").replace("\\", "/")
    return unicodedata.normalize("NFC", os.path.abspath(name)).casefold()
