"""What reading an image file may cost: every limit, and reading within them.

==============  ==============================================================================
pixels          twice ``PIL.Image.MAX_IMAGE_PIXELS``, 178,956,970 by default. Pillow refuses
                more, from the header, and warns from half of that on. JPEG files above the half
                are left to Pillow for that reason. ``PIL.Image.MAX_IMAGE_PIXELS = None`` lifts it
side            :data:`MAX_SIDE` pixels: what Lanczos takes grows with the side, not the pixels
memory          :data:`MAX_MEMORY_BYTES`: the file, and its pixels times what their decoder was
                measured to take for each. Worker processes on Linux cannot map more than twice that
slow pixels     :data:`MAX_SLOW_PIXELS` of what Pillow decodes in Python
bytes           :data:`MAX_FILE_BYTES`, from the size of the file, before it is opened
parts           :data:`MAX_PARTS` segments, chunks, blocks or tags, and :data:`MAX_TABLE_BYTES`
scans           :data:`MAX_SCANS` of a JPEG file: each one goes over all pixels again
kind of file    regular files only, which is looked up before they are opened: opening a named
                pipe waits for a writer, and a device may never end
format          :data:`FORMATS`; ``limits.FORMATS.add("TGA")`` allows another one
time            :data:`MAX_SECONDS`, of worker processes only: a decoder in C cannot be stopped but
                with its process
==============  ==============================================================================

``python -m benchmarks.decoders`` measures the largest image of each format that is let through;
SECURITY.md has its table.
"""

from __future__ import annotations

import os
import re
import stat

#: 1 GiB. An uncompressed image of as many pixels as are allowed has half of it.
MAX_FILE_BYTES = 2**30

#: Pillow's Lanczos takes 48 bytes and a microsecond for each pixel of a side.
MAX_SIDE = 1_000_000

#: An ordinary progressive file has 10; each scan goes over all pixels again.
MAX_SCANS = 32

#: Segments of a JPEG file, chunks of a PNG, blocks of a GIF before its first frame, and so on.
#: Of an image of the largest size allowed, PNG writers make 65,536 chunks.
MAX_PARTS = 100_000

#: Bytes of tables in a file: JPEG tables, offsets of TIFF strips, JP2 colours.
MAX_TABLE_BYTES = 2**24

#: Of a worker while it decodes and signs one image: its file and what decoding that format takes.
MAX_MEMORY_BYTES = 2**31

#: Pixels of formats that Pillow decodes in Python, at up to 2 microseconds each: text PPM, PPM of
#: other than 8 or 16 bits, and run-length BMP.
MAX_SLOW_PIXELS = 2**24

#: For a batch of files, and then for each of them alone; a slow disk is no fault of a file.
MAX_SECONDS = 600

#: Formats that are read, by Pillow's names, and those that other packages have registered with it,
#: such as ``pillow_heif``. All of Pillow's other plug-ins start a program (EPS), open any format
#: inside (IPTC), decompress without a bound (FITS), decode in Python at a microsecond a pixel (QOI,
#: BLP, MSP, XPM), wrap another format (ICO, ICNS, CUR, DCX, BLP), need a handler (WMF, GRIB, BUFR,
#: HDF5), or are no format of photographs.
FORMATS = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP"}

#: Flags of ``os.open``: opening a named pipe would wait for a writer.
READ_WITHOUT_WAITING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

# What ends the compressed data of a JPEG scan: no stuffed zero, restart or fill byte.
_JPEG_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
_SEQUENTIAL = (0xC0, 0xC1)  # frames that are not progressive
_USUAL_SEGMENTS = 1000


class RefusedError(ValueError):
    """Raised for an image that is refused; the message names the reason and the remedy."""


def read_file(path: str) -> bytes:
    """Reads a regular file, as many bytes as it had when it was looked at.

    Raises:
        OSError: if the file cannot be read, is not a regular one, or too large
        ValueError: if no file can have this name
    """
    file, size = open_file(path)
    try:
        data = os.read(file, size)
        while len(data) < size and (more := os.read(file, size - len(data))):
            data += more  # a network file system may give less than was asked for
        return data
    finally:
        os.close(file)


def open_file(path: str) -> tuple[int, int]:
    """Opens a regular file; returns its descriptor, to be closed, and its size in bytes.

    Raises:
        OSError, ValueError: as :func:`read_file`
    """
    _checked_size(os.stat(path))
    # Without a file object around it, which costs more than reading a small image.
    file = os.open(path, READ_WITHOUT_WAITING)
    try:
        # Once more: another file may have taken the name in between.
        return file, _checked_size(os.fstat(file))
    except BaseException:
        os.close(file)
        raise


def _checked_size(status: os.stat_result) -> int:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a regular file")
        remedy = ", and files are read: name the files in it" if kind == "a directory" else ""
        raise RefusedError(f"it is {kind}{remedy}")
    check_bytes(status.st_size)
    return status.st_size


def check_bytes(size: int) -> None:
    """Raises an OSError for a file of more bytes than :data:`MAX_FILE_BYTES`."""
    if size > MAX_FILE_BYTES:
        raise OSError(
            f"it has {size:,} bytes, and more than {MAX_FILE_BYTES:,} are not read; "
            "smartdownsample_core.limits.MAX_FILE_BYTES is the limit"
        )


def check_sides(width: int, height: int) -> None:
    """Raises a RefusedError for an image without pixels, or with a side above :data:`MAX_SIDE`."""
    if min(width, height) < 1:
        raise RefusedError(f"it has no pixels, {width} x {height}")
    if max(width, height) > MAX_SIDE:
        raise RefusedError(
            f"it is {width:,} x {height:,} pixels, and a side above {MAX_SIDE:,} is not read; "
            "smartdownsample_core.limits.MAX_SIDE is the limit"
        )


def check_count(count: int, noun: str, limit: str = "MAX_PARTS") -> None:
    """Raises a RefusedError if a file has more parts than a limit of this module."""
    if count > globals()[limit]:
        raise RefusedError(
            f"it has more than {globals()[limit]:,} {noun}; "
            f"smartdownsample_core.limits.{limit} is the limit"
        )


def check_memory(n_bytes: int) -> None:
    """Raises a RefusedError for an image that takes more than :data:`MAX_MEMORY_BYTES`."""
    if n_bytes > MAX_MEMORY_BYTES:
        raise RefusedError(
            f"decoding it takes {n_bytes:,} bytes of memory, and more than {MAX_MEMORY_BYTES:,} "
            "are not used; smartdownsample_core.limits.MAX_MEMORY_BYTES is the limit"
        )


def check_slow_pixels(pixels: int) -> None:
    """Raises a RefusedError for more than :data:`MAX_SLOW_PIXELS`."""
    if pixels > MAX_SLOW_PIXELS:
        raise RefusedError(
            f"it has {pixels:,} pixels, and more than {MAX_SLOW_PIXELS:,} are not read of a format "
            "that is decoded in Python; smartdownsample_core.limits.MAX_SLOW_PIXELS is the limit"
        )


def check_tables(n_bytes: int) -> None:
    """Raises a RefusedError for more than :data:`MAX_TABLE_BYTES`."""
    if n_bytes > MAX_TABLE_BYTES:
        raise RefusedError(
            f"it has {n_bytes:,} bytes of tables, and more than {MAX_TABLE_BYTES:,} are not read; "
            "smartdownsample_core.limits.MAX_TABLE_BYTES is the limit"
        )


def check_scans(jpeg: bytes | bytearray) -> None:
    r"""Raises a RefusedError if a JPEG file has too many scans, or too many segments in all.

    >>> head = b"\xff\xd8" + b"\xff\xc2\x00\x0b\x08\x00\x40\x00\x40\x01\x01\x11\x00"
    >>> scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"compressed\xff\x00"
    >>> check_scans(head + 32 * scan + b"\xff\xd9" + scan)
    >>> check_scans(head + 33 * scan + b"\xff\xd9")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    RefusedError: it has more than 32 scans; smartdownsample_core.limits.MAX_SCANS is the limit
    """
    if _has_one_scan(jpeg):
        return
    place, scans, segments = len(b"\xff\xd8"), 0, 0
    while (marker := _JPEG_MARKER.search(jpeg, place)) and marker[0] != _END_OF_IMAGE:
        scans += marker[0] == _START_OF_SCAN
        segments += 1
        check_count(scans, "scans", "MAX_SCANS")
        check_count(segments, "segments", "MAX_PARTS")
        place = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2], "big")


def _has_one_scan(jpeg: bytes | bytearray) -> bool:
    """Whether the first scan of a JPEG file has it all, as in nearly all files.

    Takes 2 us, where looking for markers takes 8. Says False if anything is out of the ordinary.
    """
    place, components = 2, -1
    try:
        for _ in range(_USUAL_SEGMENTS):
            marker = jpeg[place + 1]
            if jpeg[place] != 0xFF:
                break
            if marker == _START_OF_SCAN[1]:
                return jpeg[place + 4] == components
            if marker in _SEQUENTIAL:
                components = jpeg[place + 9]
            elif not 0xC0 <= marker <= 0xFE or 0xD0 <= marker <= 0xD9:
                break  # these have no length
            place += 2 + (jpeg[place + 2] << 8) + jpeg[place + 3]
    except IndexError:
        pass
    return False
