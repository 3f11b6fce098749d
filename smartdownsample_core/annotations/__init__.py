"""What other programs write of images: names in lists and tables, and results of detectors."""

from ._by_name import ByName
from ._megadetector import EMPTY, detected
