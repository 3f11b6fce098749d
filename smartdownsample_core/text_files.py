"""Reading lists and tables that editors, spreadsheets and other programs write."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

#: File names need not be valid text; this error handler preserves them.
ERRORS = "surrogateescape"

# UTF-32 first: its mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_BINARY = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


def text_of(data: bytes) -> str:
    """Decodes UTF-8, or UTF-16 and UTF-32 with a byte order mark.

    Bytes that are not valid UTF-8 become lone surrogates, as in file names.

    Raises:
        ValueError: if a file with such a mark is not valid UTF-16 or UTF-32
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding)
    return data.decode("utf-8-sig", ERRORS)


def names_in(text: str, null: bool = False) -> Iterator[str]:
    r"""Yields the names in a list, one per line or as ``find -print0`` writes them.

    Args:
        text: the list; null characters, which no name has, separate names if there are any
        null: separate names by null characters even if there are none

    >>> list(names_in("a.jpg\r\n\nb.jpg\n")), list(names_in("a\nb.jpg\0c.jpg\0"))
    (['a.jpg\r', 'b.jpg'], ['a\nb.jpg', 'c.jpg'])
    """
    separator = "\0" if null or "\0" in text else "\n"
    return (name for name in text.split(separator) if name.strip())


def looks_binary(text: str) -> bool:
    r"""Whether the text was decoded from an image or another binary file.

    >>> looks_binary("\udcff\udcd8\udcff\udce0\0\x10JFIF\0"), looks_binary("a.jpg\0b\x01.jpg\0")
    (True, False)
    """
    start = text[:1000]
    odd = len(_BINARY.findall(start)) + sum("\udc80" <= each <= "\udcff" for each in start)
    return odd > len(start) / 10


def in_windows_text(text: str) -> str:
    r"""Returns text decoded as Windows-1252 if it is not valid UTF-8.

    >>> in_windows_text("F\udcfcchse"), in_windows_text("Füchse")
    ('Füchse', 'Füchse')
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", ERRORS).decode("cp1252", "replace")
    return text
