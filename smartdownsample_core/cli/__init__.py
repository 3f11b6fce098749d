"""The command line."""

from ._main import main
from ._options import whole

__all__ = [
    "main",
    "whole",
]
