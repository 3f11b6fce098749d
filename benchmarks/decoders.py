"""Memory and time of the largest image of each format that the limits let through.

``python -m benchmarks.decoders``; each is signed in a process of its own. Needs 3 GB of memory, and
disk space for one file at a time.
"""

from __future__ import annotations

import argparse
import io
import math
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from smartdownsample_core import limits, sign_file

from .table import peak_mb, print_table

_Make = Callable[[int], bytes]


def _saved(format_name: str, mode: str = "RGB", **options: object) -> _Make:
    def make(side: int) -> bytes:
        stream = io.BytesIO()
        _scene(side).convert(mode).save(stream, format_name, **options)
        return stream.getvalue()

    return make


def _scene(side: int) -> Image.Image:
    """A gradient with faint noise, which compresses as photographs do."""
    noise = np.random.default_rng(0).integers(0, 8, (512, 512), np.uint8)
    ramp = np.arange(side, dtype=np.uint32) * 200 // side
    grey = (ramp[:, None] + ramp) // 2
    tiles = -(-side // 512)
    grey = grey.astype(np.uint8) + np.tile(noise, (tiles, tiles))[:side, :side]
    return Image.fromarray(grey).convert("RGB")


def _text(side: int) -> bytes:
    return b"P2 %d %d 255 " % (side, side) + b"17 200 " * (side * side // 2)


def _deep(side: int) -> bytes:
    return b"P6 %d %d 1000 " % (side, side) + bytes(6 * side * side)


_FLAT: dict[str, Any] = {"quality_mode": "rates", "quality_layers": [200]}

#: Name to what makes the file, and bytes a pixel by which the limit of memory bounds it.
_CASES: dict[str, tuple[_Make, float]] = {
    "JPEG": (_saved("JPEG", quality=90), 11),
    "JPEG, progressive": (_saved("JPEG", quality=90, progressive=True, subsampling=0), 10.3),
    "JPEG, CMYK, progressive": (_saved("JPEG", "CMYK", quality=90, progressive=True), 12.6),
    "PNG, RGBA": (_saved("PNG", "RGBA", compress_level=1), 10),
    "GIF": (_saved("GIF", "P"), 6),
    "TIFF, deflate": (_saved("TIFF", compression="tiff_adobe_deflate"), 11),
    "BMP": (_saved("BMP"), 8),
    "WebP": (_saved("WEBP", quality=80, method=0), 19.2),
    "AVIF": (_saved("AVIF", speed=10), 12.2),
    "JPEG 2000": (_saved("JPEG2000", **_FLAT), 22.1),
    "PPM as text": (_text, 0),
    "PPM of 1,001 levels": (_deep, 0),
}


def main() -> None:
    """Parses the arguments and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=int, default=178, help="largest image to make")
    parser.add_argument("--measure", metavar="FILE", help=argparse.SUPPRESS)  # in its own process
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.measure:
        _measure(options.measure)
        return
    Image.init()
    header = ["", "megapixels", "file, MB", "seconds", "memory, MB"]
    print_table(header, [_row(name, options.megapixels * 1_000_000) for name in _CASES])


def _row(name: str, most: int) -> list[str]:
    make, bytes_per_pixel = _CASES[name]
    limit = limits.MAX_MEMORY_BYTES / bytes_per_pixel if bytes_per_pixel else limits.MAX_SLOW_PIXELS
    side = math.isqrt(min(most, int(limit)))
    with tempfile.NamedTemporaryFile() as file:
        file.write(make(side))
        file.flush()
        size = Path(file.name).stat().st_size / 2**20
        command = [sys.executable, "-m", "benchmarks.decoders", "--measure", file.name]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = result.stdout.strip().split("\t")
    return [name, f"{side**2 / 1e6:.0f}", f"{size:.0f}", *figures]


def _measure(path: str) -> None:
    start = time.process_time()
    try:
        sign_file(path)
    except OSError as error:
        print("-", str(error)[-150:], sep="\t")
        return
    print(f"{time.process_time() - start:.1f}", f"{peak_mb():,.0f}", sep="\t")


if __name__ == "__main__":
    main()
