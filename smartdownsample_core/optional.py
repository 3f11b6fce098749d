"""Packages that only some uses need, imported when they do."""

from __future__ import annotations

import importlib
from typing import Any


def optional(module: str, extra: str, what_for: str) -> Any:
    """Imports a module of an extra.

    Args:
        module: its name
        extra: the extra of ``smartdownsample-core`` that installs it
        what_for: what needs it, to begin a sentence

    Raises:
        ImportError: that names the extra, if the module's package is not there
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.split(".")[0]
        if error.name is None or error.name.split(".")[0] != package:
            raise
        raise ImportError(
            f"{what_for} needs the package {package}: pip install {package}, or install "
            f"smartdownsample-core with its extra {extra!r}",
            name=package,
        ) from None


def arrow() -> Any:
    """Imports pyarrow with its module parquet; raises an ImportError if it is not installed."""
    optional("pyarrow.parquet", "shards", "a file of signatures")
    return optional("pyarrow", "shards", "a file of signatures")
