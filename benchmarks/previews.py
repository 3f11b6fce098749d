"""How long an image takes whose preview is read instead; for :mod:`benchmarks.speed`."""

from __future__ import annotations

import io
import os
import struct
from functools import partial
from pathlib import Path

import numpy as np
import smartdownsample
from PIL import Image

from demo.bursts import render_burst
from demo.photos import load_photos
from smartdownsample_core import assign_buckets, extract, sample_diverse
from smartdownsample_core.images import open_preview

from .table import interleaved_medians, print_table

QUIET = {"n_workers": 1, "show_progress": False, "show_summary": False}

_SIZES = {"6 MP": (2832, 2128), "6 MP, bars": (3264, 1836), "9 MP, bars": (4000, 2250)}
_SIZES |= {"12 MP": (4032, 3024)}

#: Different files of a size, how many names they have, and how many of them are read whole.
_FILES, _NAMES, _WHOLE = 6, 300, 6


def make_camera_files(folder: Path) -> dict[str, list[str]]:
    """Writes JPEG files as cameras do, with a preview of 160x120, of the demo photographs."""
    photos, rng = load_photos(), np.random.default_rng(0)
    sets: dict[str, list[str]] = {}
    for number, (name, size) in enumerate(_SIZES.items()):
        below = folder / f"camera {number}"
        below.mkdir()
        for file in range(_FILES):
            frame = next(render_burst(photos[file % len(photos)], 1, night=False, rng=rng))
            image = frame.convert("RGB").resize(size, Image.Resampling.BICUBIC)
            (below / f"{file}.jpg").write_bytes(camera_file(image))
        for file in range(_FILES, _NAMES):
            os.link(below / f"{file % _FILES}.jpg", below / f"{file}.jpg")
        sets[name] = [str(below / f"{file}.jpg") for file in range(_NAMES)]
    return sets


def camera_file(image: Image.Image, preview_size: tuple[int, int] = (160, 120)) -> bytes:
    """Returns a JPEG file with a preview, which has black bars if the image has another aspect."""
    preview = Image.new("RGB", preview_size)
    small = image.copy()
    small.thumbnail(preview_size, Image.Resampling.LANCZOS)
    left, top = (preview.width - small.width) // 2, (preview.height - small.height) // 2
    preview.paste(small, (left, top))
    jpeg = _jpeg(preview, 85)
    # An empty directory of the image, and one of the preview: compression, place and length.
    tags = ((0x0103, 3, 6), (0x0201, 4, 56), (0x0202, 4, len(jpeg)))
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    block = b"II*\0" + struct.pack("<IHI", 8, 0, 14) + struct.pack("<H", 3) + entries + bytes(4)
    block = b"Exif\0\0" + block + jpeg
    data = _jpeg(image, 93)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def _jpeg(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def different_files(paths: list[str]) -> list[str]:
    """Returns one name of each file, as files have several names here; at least 2."""
    names = list({os.stat(path).st_ino: path for path in paths}.values())
    return names if len(names) > 1 else paths[:2]


def compare_previews(sets: dict[str, list[str]], rounds: int) -> None:
    """Prints milliseconds per image, ratios and agreement of sets that are read by previews."""
    rows = []
    for name, paths in sets.items():
        if open_preview(paths[0]).preview is None:
            continue
        table = extract(paths, decode="auto", n_workers=1)
        if table.n_previews < len(paths):
            rows.append([name, str(len(paths)), *"-----", *table.unused_previews.values()])
            continue
        some = paths[:_WHOLE]
        tasks = {
            "1.9.2": partial(smartdownsample.sample_diverse, some, len(some) - 1, **QUIET),
            "exact": partial(sample_diverse, some, len(some) - 1, **QUIET),
            "preview": partial(sample_diverse, paths, len(paths) - 1, decode="preview", **QUIET),
        }
        seconds = interleaved_medians(tasks, rounds)
        counts = {"1.9.2": len(some), "exact": len(some), "preview": len(paths)}
        ms = {task: 1000 * seconds[task] / counts[task] for task in tasks}
        different = different_files(paths)[:50]
        whole, preview = (extract(different, decode=way) for way in ("exact", "auto"))
        bits = np.unpackbits(whole.dhash ^ preview.dhash, axis=1).sum(axis=1).mean()
        same = (assign_buckets(whole) == assign_buckets(preview)).mean()
        row = [name, str(len(paths)), *(f"{ms[task]:.2f}" for task in tasks)]
        row += [f"{ms['1.9.2'] / ms['preview']:.0f}x", f"{same:.0%}", f"{bits:.1f}"]
        rows.append(row)
    header = ["images", "n", "1.9.2 ms", "exact ms", "preview ms", "preview", "equal", "bits"]
    if rows:
        print_table(header, rows)
