"""Redundant image sets made of photographs, so that the scenes are known.

A scene is a photograph, or one of several windows of it that do not overlap. A burst is the frames
of one scene, each a little different: another crop, light, contrast, colour temperature, noise,
sharpness and JPEG quality. Burst sizes follow Zipf's law, so that a few scenes have most of the
images and many have one or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .known import Known

_JUNK = -1
_ZIPF_EXPONENT = 1.15
_LONG_SIDE = 500
_SMALLEST_WINDOW = 96


def windows(photos: Iterable[Image.Image], side: int) -> Iterator[Image.Image]:
    """Yields ``side * side`` windows per photograph, fewer where they would be under 96 pixels."""
    for photo in photos:
        across, down = (max(1, min(side, length // _SMALLEST_WINDOW)) for length in photo.size)
        width, height = photo.width // across, photo.height // down
        for number in range(across * down):
            left, top = number % across * width, number // across * height
            yield photo.crop((left, top, left + width, top + height))


def zipf_sizes(n_scenes: int, n_images: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Returns shuffled burst sizes that sum to ``n_images``.

    Each is at least 1; the rest is shared out by Zipf's law, by largest remainder.
    """
    if n_images < n_scenes:
        raise ValueError(f"{n_images} images cannot show {n_scenes} scenes: ask for more of them")
    shares = np.arange(1.0, n_scenes + 1) ** -_ZIPF_EXPONENT
    exact = (n_images - n_scenes) * shares / shares.sum()
    sizes = np.floor(exact).astype(np.intp)
    short = n_images - n_scenes - sizes.sum()
    sizes[np.argsort(sizes - exact, kind="stable")[:short]] += 1
    return np.asarray(rng.permutation(sizes + 1))


def write_bursts(
    scenes: Sequence[Image.Image],
    folder: Path,
    n_images: int,
    *,
    seed: int = 0,
    strength: float = 1.0,
    junk: float = 0.0,
) -> Known:
    """Writes ``n_images`` JPEG files, burst after burst, and returns them in that order.

    Args:
        scenes: RGB images, one per scene
        folder: where the files go; made if it is missing
        n_images: how many, junk included
        seed: of everything that is random
        strength: of the change from frame to frame; 1 is a hand-held camera in changing light
        junk: share of the images that show nothing, strewn over the others
    """
    rng = np.random.default_rng(seed)
    n_junk = round(junk * n_images)
    sizes = zipf_sizes(len(scenes), n_images - n_junk, rng)
    labels = np.repeat(rng.permutation(len(scenes)), sizes)
    labels = np.insert(labels, rng.integers(0, len(labels) + 1, n_junk), _JUNK)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [str(folder / f"IMG_{number}.jpg") for number in range(1, n_images + 1)]
    for path, label in zip(paths, labels.tolist(), strict=True):
        some = scenes[int(rng.integers(len(scenes)))]
        frame = render_junk(some, rng) if label == _JUNK else render(scenes[label], strength, rng)
        frame.save(path, quality=int(rng.integers(70, 96)))
    names = [[] if label == _JUNK else [str(label)] for label in labels.tolist()]
    return Known.of_labels(folder.name, paths, names)


def render(scene: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Returns a frame of the scene, its long side at most 500 pixels.

    At strength 1 the crop is 90 to 100% of the scene, and the standard deviations are 8% of
    brightness and of contrast, 4% of the ratio of red to blue; noise has 1 to 4 grey levels, and a
    third of the frames are blurred by up to a pixel.
    """
    zoom = 1 - strength * rng.uniform(0, 0.1)
    size = np.array(scene.size) * zoom
    left, top = (scene.size - size) * rng.random(2)
    scale = min(1, _LONG_SIDE / size.max())
    shape = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    box = (left, top, left + size[0], top + size[1])
    frame = scene.resize(shape, Image.Resampling.BICUBIC, box=box)
    if rng.random() < 1 / 3:
        frame = frame.filter(ImageFilter.GaussianBlur(strength * rng.uniform(0, 1)))
    warmth = strength * rng.normal(0, 0.02)
    light = np.exp(strength * rng.normal(0, 0.08)) * np.array([1 + warmth, 1, 1 - warmth])
    contrast = np.exp(strength * rng.normal(0, 0.08))
    pixels = (np.asarray(frame, np.float32) * light - 128) * contrast + 128
    pixels += rng.normal(0, strength * rng.uniform(1, 4), (*pixels.shape[:2], 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def render_junk(scene: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Returns a frame that shows nothing: noise, black, white, or a scene blurred away."""
    match int(rng.integers(4)):
        case 0:
            pixels = rng.integers(0, 256, (scene.height, scene.width, 3), dtype=np.uint8)
        case 1 | 2 as kind:
            noise = rng.normal(255 * (kind - 1), 3, (scene.height, scene.width, 3))
            pixels = np.clip(noise, 0, 255).astype(np.uint8)
        case _:
            return scene.filter(ImageFilter.GaussianBlur(max(scene.size) / 8))
    return Image.fromarray(pixels)


def shuffle_names(known: Known, folder: Path, seed: int = 0) -> Known:
    """Links the images under names that do not reflect their order; rows stay where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, path in zip(
        np.random.default_rng(seed).permutation(len(known.paths)), known.paths, strict=True
    ):
        link = folder / f"IMG_{number + 1}{Path(path).suffix}"
        link.symlink_to(Path(path).resolve())
        paths.append(str(link))
    return Known(f"{known.name} shuffled", paths, known.shows)
