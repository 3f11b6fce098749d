"""Records of files that this package wrote below a folder of images, so that searches skip them.

A hidden file in the folder lists them: a JSON object of relative names by kind.
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
    """Records files that are about to be written below a folder.

    Raises:
        OSError: if the record cannot be written
    """
    known: dict[Kind, set[str]] = {one: noted(folder, one) for one in ("copies", "charts")}
    known[kind].update(names)
    # If this process is killed, the next one removes the temporary file as abandoned.
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
    """Returns the recorded names of a kind in a folder; empty if the record is damaged."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(Path(folder, LIST).read_text(encoding="ascii"))
        return {name for name in known[kind] if isinstance(name, str)}
    return set()


def is_below(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder or inside it, after following links."""
    real = os.path.realpath(folder)
    return os.path.commonpath([os.path.realpath(path), real]) == real
