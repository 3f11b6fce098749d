"""What other programs write of images: names, labels, results of detectors, data packages."""

from ._by_name import ByName
from ._camtrap_dp import Package, files_of_package, read_package
from ._camtrap_subset import write_subset
from ._coco import coco_labels, coco_objects
from ._labels import EMPTY
from ._megadetector import detected, detected_objects
from ._objects import Objects
from ._yolo import yolo_labels, yolo_objects
