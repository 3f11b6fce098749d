"""Redundant camera images: bursts of nearly equal frames, as camera traps and dash cams make them.

A burst is one scene seen by one camera: a window of a photograph that drifts a little from frame
to frame, under light that changes, with sensor noise and JPEG compression of its own. Some are
taken at night, by infra-red. Each camera has a folder, each of its days one below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

_CAMERAS = ("ridge", "river", "gate", "yard 2", "yard 10")
_DAYS = 6
_FIRST_DAY = datetime(2026, 5, 1)
_FRAME_SIZE = (480, 360)
_MEAN_BURST = 12
_NIGHT_SHARE = 0.2
_EXIF_POINTER, _EXIF_DATE_TIME_ORIGINAL, _EXIF_DATE_TIME, _EXIF_MODEL = (
    0x8769,
    0x9003,
    0x0132,
    0x0110,
)


@dataclass(frozen=True)
class Frame:
    """One image of a burst."""

    path: Path
    """below the directory: ``CAMERA/DATE/IMG_NUMBER.jpg``"""
    camera: str
    scene: int
    """number of the burst, the same for all its frames"""


def make_bursts(
    photos: Sequence[Image.Image], directory: Path, n_images: int, seed: int = 0
) -> list[Frame]:
    """Writes ``n_images`` JPEG files in bursts and returns them; the same for the same seed.

    Args:
        photos: RGB images to take the scenes from
        directory: where the camera folders go; files that exist are written anew
        n_images: how many files to write
        seed: of everything that is random
    """
    rng = np.random.default_rng(seed)
    frames: list[Frame] = []
    scene = 0
    while len(frames) < n_images:
        length = min(1 + int(rng.geometric(1 / _MEAN_BURST)), n_images - len(frames))
        camera = _CAMERAS[int(rng.integers(len(_CAMERAS)))]
        day = _FIRST_DAY + timedelta(days=int(rng.integers(_DAYS)))
        night = rng.random() < _NIGHT_SHARE
        start = day + timedelta(hours=(22 if night else 8), seconds=int(rng.integers(5 * 3600)))
        photo = photos[int(rng.integers(len(photos)))]
        folder = directory / camera / f"{day:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(render_burst(photo, length, night, rng)):
            path = folder / f"IMG_{len(frames) + 1}.jpg"
            quality = int(rng.integers(60, 93))
            image.save(path, quality=quality, exif=_exif(camera, start + timedelta(seconds=number)))
            frames.append(Frame(path, camera, scene))
        scene += 1
    return frames


def render_burst(
    photo: Image.Image, n_frames: int, night: bool, rng: np.random.Generator
) -> Iterator[Image.Image]:
    """Yields the frames of one burst, 480x360 RGB.

    Args:
        photo: the RGB image that the scene is a window of
        n_frames: length of the burst
        night: take it in the dark by infra-red: grey and noisy
        rng: draws the window, its drift, the light and the noise
    """
    width, height = _window(photo, rng)
    corner = rng.random(2) * (photo.width - width, photo.height - height)
    drift = rng.normal(0, 0.004, 2) * (width, height)
    light = rng.uniform(0.3, 0.6) if night else rng.uniform(0.85, 1.5)
    for _ in range(n_frames):
        corner = np.clip(corner + drift, 0, (photo.width - width, photo.height - height))
        box = (*corner, corner[0] + width, corner[1] + height)
        window = photo.resize(_FRAME_SIZE, Image.Resampling.BICUBIC, box=box)
        if night:
            window = window.convert("L").convert("RGB")
        light *= rng.normal(1, 0.01)
        noise = rng.normal(0, 9 if night else 3, (_FRAME_SIZE[1], _FRAME_SIZE[0], 1))
        pixels = np.clip(np.asarray(window, np.float32) * light + noise, 0, 255)
        yield Image.fromarray(pixels.astype(np.uint8))


def _window(photo: Image.Image, rng: np.random.Generator) -> tuple[float, float]:
    """Draws a window of the frame's aspect ratio that fits into the photo."""
    ratio = _FRAME_SIZE[0] / _FRAME_SIZE[1]
    width = min(photo.width, photo.height * ratio) * rng.uniform(0.4, 0.9)
    return width, width / ratio


def _exif(camera: str, taken: datetime) -> Image.Exif:
    stamp = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif = Image.Exif()
    exif[_EXIF_MODEL] = camera
    exif[_EXIF_DATE_TIME] = stamp
    exif[_EXIF_POINTER] = {_EXIF_DATE_TIME_ORIGINAL: stamp}
    return exif
