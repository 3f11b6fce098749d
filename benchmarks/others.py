"""Other tools that look for similar images, where they are installed: what an image costs them.

``pip install --group others`` installs them, with torch, which is why they are not needed.
imagededup is timed at its dHash, which is a part of what our signatures are; fastdup at its
features and their nearest neighbours, which is more.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any


def installed() -> dict[str, Callable[[list[str]], None]]:
    """Returns what can be timed here: name to a function of paths."""
    tasks: dict[str, Callable[[list[str]], None]] = {}
    with contextlib.suppress(ImportError):
        from imagededup.methods import DHash

        tasks["imagededup"] = partial(_imagededup, DHash(verbose=False))
    with contextlib.suppress(ImportError):
        import fastdup

        tasks["fastdup"] = partial(_fastdup, fastdup)
    return tasks


def _imagededup(method: Any, paths: list[str]) -> None:
    for path in paths:
        method.encode_image(image_file=path)


def _fastdup(fastdup: Any, paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        dataset = fastdup.create(work_dir=folder, input_dir=paths)
        dataset.run(num_threads=1, verbose=False, print_summary=False)
