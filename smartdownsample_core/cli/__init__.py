"""The command line."""

from ._main import main
from ._options import option_of
