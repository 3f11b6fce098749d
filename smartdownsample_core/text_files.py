"""Lists and tables as editors, spreadsheets and other programs write them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

#: File names need not be valid text; with this, they come out as they went in.
ERRORS = "surrogateescape"

# Of UTF-32 first: it begins with that of UTF-16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_BINARY = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


def text_of(data: bytes) -> str:
    """Decodes UTF-8, and what a byte order mark says is UTF-16 or UTF-32.

    Bytes that are not valid UTF-8 become lone surrogates, as in file names.

    Raises:
        ValueError: if a file that begins as UTF-16 or UTF-32 is not
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding)
    return data.decode("utf-8-sig", ERRORS)


def names_in(text: str, null: bool = False) -> Iterator[str]:
    r"""Yields the names in a list, one a line, or as ``find -print0`` writes them.

    Args:
        text: the list; if it has null characters, which no name has, they separate the names
        null: separate by null characters in any case

    >>> list(names_in("a.jpg\r\n\nb.jpg\n")), list(names_in("a\nb.jpg\0c.jpg\0"))
    (['a.jpg\r', 'b.jpg'], ['a\nb.jpg', 'c.jpg'])
    """
    separator = "\0" if null or "\0" in text else "\n"
    return (name for name in text.split(separator) if name.strip())


def looks_binary(text: str) -> bool:
    r"""Whether a list is rather an image or another file that is no text.

    >>> looks_binary("\udcff\udcd8\udcff\udce0\0\x10JFIF\0"), looks_binary("a.jpg\0b\x01.jpg\0")
    (True, False)
    """
    start = text[:1000]
    odd = len(_BINARY.findall(start)) + sum("\udc80" <= each <= "\udcff" for each in start)
    return odd > len(start) / 10


def in_windows_text(text: str) -> str:
    r"""Returns text that is no valid UTF-8 as Windows in western Europe means it.

    >>> in_windows_text("F\udcfcchse"), in_windows_text("Füchse")
    ('Füchse', 'Füchse')
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", ERRORS).decode("cp1252", "replace")
    return text
