"""Optional packages, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any


def optional(module: str, extra: str, what_for: str) -> Any:
    """Imports a module of an extra.

    Args:
        module: its name
        extra: the extra of ``smartdownsample-core`` that installs it
        what_for: what needs it, as the beginning of a sentence

    Raises:
        ImportError: if the package is not installed; names the extra
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


def arrow(what_for: str = "a file of signatures") -> Any:
    """Imports pyarrow with its module parquet; raises an ImportError if it is not installed."""
    optional("pyarrow.parquet", "shards", what_for)
    return optional("pyarrow", "shards", what_for)
