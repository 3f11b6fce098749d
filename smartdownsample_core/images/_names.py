"""What the names of files and folders tell: which are images, and what a search passes over."""

from __future__ import annotations

import importlib
import re
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

from PIL import Image


class Kind(NamedTuple):
    """What is passed over, in words."""

    one: str
    several: str
    remedy: str = ""
    """how to have it read"""
    may_be_wanted: bool = True
    """whether the user may take these for images, so that it is always said"""


def _files(name: str, remedy: str) -> Kind:
    return Kind(f"{name} file", f"{name} files", remedy)


class _Plugin(NamedTuple):
    """A package that teaches Pillow a format."""

    kind: Kind
    endings: tuple[str, ...]
    module: str
    register: str | None
    """function of the module, None if importing it is enough"""


VIDEO = Kind("video", "videos", "extract frames, as with ffmpeg")
RAW = Kind("raw photo", "raw photos", "convert to JPEG or TIFF")
BROKEN_LINK = Kind("broken link", "broken links", "mount or restore what they point to")
OWN = Kind("copy or chart of an earlier run", "copies and charts of earlier runs")
OTHER_NAME = Kind("second name of a file", "second names of files")
NOT_LISTED = Kind("folder that cannot be listed", "folders that cannot be listed")
ASIDE = Kind(
    "bin, thumbnail or hidden folder", "bin, thumbnail and hidden folders", may_be_wanted=False
)
SYSTEM = Kind("system or hidden file", "system and hidden files", may_be_wanted=False)
EXCLUDED = Kind("excluded name", "excluded names", may_be_wanted=False)
OTHER = Kind("other file", "other files", may_be_wanted=False)

_PLUGINS = (
    _Plugin(
        _files("HEIC", "pip install pillow-heif"),
        (".heic", ".heif", ".hif"),
        "pillow_heif",
        "register_heif_opener",
    ),
    _Plugin(
        _files("AVIF", "pip install pillow-avif-plugin"), (".avif", ".avifs"), "pillow_avif", None
    ),
    _Plugin(_files("JPEG XL", "pip install pillow-jxl-plugin"), (".jxl",), "pillow_jxl", None),
)

# How files begin: ISO containers name their format at byte 4, and all others are videos here.
_BEGINNINGS = (
    (re.compile(rb"....ftyp(hei[cfmsx]|hev[cx]|mif1|msf1)", re.DOTALL), _PLUGINS[0].kind),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), _PLUGINS[1].kind),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), _PLUGINS[2].kind),
    (re.compile(rb"....ftypcrx |FUJIFILMCCD-RAW|IIU\0", re.DOTALL), RAW),
    (re.compile(rb"....ftyp|....(moov|mdat|wide)|\x1aE\xdf\xa3|RIFF....AVI ", re.DOTALL), VIDEO),
)

_VIDEO_ENDINGS = (
    *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
    *(".mts", ".ogv", ".webm", ".wmv"),
)
_RAW_ENDINGS = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq"),
    *(".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2"),
    *(".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)

# Windows, macOS; the rest of what macOS writes begins with a dot.
_SYSTEM_FILES = {"desktop.ini", "ehthumbs.db", "icon\r", "thumbs.db"}

# Bins, snapshots and thumbnails of Windows, macOS, Linux, Synology, QNAP, NetApp and Lightroom.
_FOLDERS_ASIDE = re.compile(
    r"\..+|\$recycle\.bin|recycle[rd]|system volume information|found\.\d{3}|lost\+found|__macosx"
    r"|#recycle|#snapshot|~snapshot|@eadir|@tmp|@recycle|@recently-snapshot|@__thumb"
    r"|ipod photo cache|.+\.lrdata"
)


def is_aside(folder: str) -> bool:
    """Whether a folder of this name holds what a system or another program keeps for itself.

    >>> is_aside("@eaDir"), is_aside(".Trash-1000"), is_aside("Trash")
    (True, True, False)
    """
    return _FOLDERS_ASIDE.fullmatch(folder.lower()) is not None


def passed_over(name: str, endings: tuple[str, ...]) -> Kind | None:
    """Returns what a file in a folder is passed over as, None for an image.

    Args:
        name: of the file, without its folder
        endings: of the formats that are read, in lower case

    >>> passed_over("IMG_1.JPG", (".jpg",)), passed_over("._IMG_1.JPG", (".jpg",)).one
    (None, 'system or hidden file')
    """
    lower = name.lower()
    if name.startswith(".") or lower in _SYSTEM_FILES:
        return SYSTEM
    if lower.endswith(endings):
        return None
    return unread_format(lower) or OTHER


def unread_format(name: str) -> Kind | None:
    """Returns which video or image format, of those that are not read, a file's name ends like."""
    lower = name.lower()
    if is_video(lower):
        return VIDEO
    if lower.endswith(_RAW_ENDINGS):
        return RAW
    return next((plugin.kind for plugin in _PLUGINS if lower.endswith(plugin.endings)), None)


def unread_content(start: bytes) -> Kind | None:
    r"""Returns which video or image format, of those that Pillow does not read, a file begins like.

    >>> unread_content(b"\0\0\0\x18ftypheic").one, unread_content(b"\xff\xd8\xff")
    ('HEIC file', None)
    """
    return next((kind for beginning, kind in _BEGINNINGS if beginning.match(start)), None)


def is_video(name: str) -> bool:
    """Whether a file's name ends like a video's."""
    return name.lower().endswith(_VIDEO_ENDINGS)


@cache  # once in each process
def load_plugins() -> None:
    """Has the packages that are installed teach Pillow the formats that it does not know."""
    known = Image.registered_extensions()
    for plugin in _PLUGINS:
        if plugin.endings[0] not in known and find_spec(plugin.module) is not None:
            with suppress(ImportError):  # a broken installation; its files are passed over
                module = importlib.import_module(plugin.module)
                if plugin.register:
                    getattr(module, plugin.register)()
