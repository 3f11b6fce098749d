"""Image files, URLs and crops to pixels: the only code that opens images."""

from ._crops import Crop, Item, cut, load_item, path_of, spans
from ._decode import Picture, Reduced, averaged, load_rgb, open_picture
from ._find import file_stats, find_images, images_below
from ._remote import check, is_remote

__all__ = [
    "Crop",
    "Item",
    "Picture",
    "Reduced",
    "averaged",
    "check",
    "cut",
    "file_stats",
    "find_images",
    "images_below",
    "is_remote",
    "load_item",
    "load_rgb",
    "open_picture",
    "path_of",
    "spans",
]
