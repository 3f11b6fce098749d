"""Image files, URLs and crops to pixels: the only code that opens images."""

from ._capture import capture_in, capture_of_image
from ._crops import Crop
from ._damage import is_damaged, mark_damaged
from ._decode import Picture, Reduced, averaged, load_rgb, open_picture
from ._depth import as_rgb
from ._errors import attempt
from ._exif import Capture
from ._find import file_stats, find_images, images_below
from ._items import Item, Part, absolute, load_small, moved, open_items, path_of, spans
from ._open_preview import Headed, Preview, PreviewMissingError, open_preview, open_previews
from ._remote import check, is_remote, opened_remote
from ._strip import Strip
