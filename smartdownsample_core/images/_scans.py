"""The scans of a progressive JPEG file that decoding at 1/8 needs."""

from __future__ import annotations

import re

_START, _END, _PROGRESSIVE = b"\xff\xd8", b"\xff\xd9", 0xC2
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}

#: The end of a scan's data, in which 0xff is followed by 0 or the number of a restart.
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def without_details(data: bytes) -> bytes:
    """Returns a progressive JPEG file without the scans that no pixel at 1/8 depends on.

    At 1/8, libjpeg makes the brightness of a pixel of the mean of its block alone (the DC
    coefficient). Most of the file are later scans of brightness. The first of them stays, because
    libjpeg-turbo smooths means where it has nothing else (decompress_smooth_data of jdcoefct.c),
    and so do all scans of colour, which is mostly stored at half size, and not reduced as far.

    Args:
        data: a JPEG file; returned as it is if it is not progressive, cut off, or unusual
    """
    kept = [_START]
    place, luma, has_detail = len(_START), b"", False
    while place + 2 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == _END_OF_IMAGE:
            return b"".join([*kept, _END])
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in _FRAMES:
            samplings = [divmod(sampling, 16) for sampling in data[place + 11 : end : 3]]
            largest = tuple(map(max, zip(*samplings, strict=True)))
            if marker != _PROGRESSIVE or samplings[:1] != [largest]:
                return data
            luma = data[place + 10 : place + 11]
        if marker == _START_OF_SCAN:
            following = _NEXT_MARKER.search(data, end)
            if following is None or not luma:
                return data
            is_detail = data[end - 3] > 0 and data[place + 5 : place + 6] == luma
            end = following.start()
            if is_detail and has_detail:
                place = end
                continue
            has_detail |= is_detail
        kept.append(data[place:end])
        place = end
    return data
