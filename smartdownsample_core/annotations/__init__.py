"""What other programs write of images: names, labels, results of detectors, data packages."""

from ._by_name import ByName
from ._camtrap_dp import Package, read_package
from ._camtrap_subset import write_subset
from ._coco import coco_labels
from ._labels import EMPTY
from ._megadetector import Objects, detected, detected_objects
from ._yolo import yolo_labels
