"""The command line."""

from ._main import main
from ._options import option_of

__all__ = [
    "main",
    "option_of",
]
