"""What this package has written below a folder of images, so that a search passes it over.

A hidden file in the folder lists it: a JSON object of names relative to the folder, by kind.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from .new_files import writing

#: The hidden file's name.
LIST = ".smartdownsample"

Kind = Literal["copies", "charts"]


def note(folder: Path, kind: Kind, names: Iterable[str]) -> None:
    """Adds files that are about to be written below a folder.

    Raises:
        OSError: if that cannot be written down
    """
    known: dict[Kind, set[str]] = {one: noted(folder, one) for one in ("copies", "charts")}
    known[kind].update(names)
    # If this process is killed, the next one takes the temporary file for abandoned.
    temporary = folder / f"{LIST}.{secrets.token_hex(4)}.partial"
    with writing(f"the list of {kind}", folder / LIST):
        try:
            temporary.write_text(
                json.dumps({one: sorted(some) for one, some in known.items()}), encoding="ascii"
            )
            temporary.replace(folder / LIST)
        finally:
            temporary.unlink(missing_ok=True)


def noted(folder: str | os.PathLike[str], kind: Kind) -> set[str]:
    """Returns the names of a kind that are listed in a folder; a damaged list has none."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(Path(folder, LIST).read_text(encoding="ascii"))
        return {name for name in known[kind] if isinstance(name, str)}
    return set()


def is_below(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder or in it, whatever links lead there."""
    real = os.path.realpath(folder)
    return os.path.commonpath([os.path.realpath(path), real]) == real
