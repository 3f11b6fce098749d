"""What other programs write of images: names in lists and tables, and results of detectors."""

from ._by_name import ByName
from ._camtrap_dp import Package, read_package
from ._megadetector import EMPTY, detected
