"""Real photographs that installed packages ship, so that nothing has to be downloaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from PIL import Image

_PHOTOS = {
    "skimage": [
        f"data/{name}"
        for name in (
            "astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "gravel.png",
            "hubble_deep_field.jpg", "motorcycle_left.png", "retina.jpg", "rocket.jpg",
        )
    ],
    "sklearn": ["datasets/images/china.jpg", "datasets/images/flower.jpg"],
    "matplotlib": ["mpl-data/sample_data/grace_hopper.jpg"],
}  # fmt: skip


def photo_paths() -> list[Path]:
    """Returns the photographs of scikit-image, scikit-learn and matplotlib.

    Raises:
        FileNotFoundError: if a package or a photograph is missing
    """
    paths = [_folder(package) / name for package, names in _PHOTOS.items() for name in names]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; reinstall the package it belongs to")
    return paths


def load_photos() -> list[Image.Image]:
    """Returns the photographs as RGB images."""
    return [Image.open(path).convert("RGB") for path in photo_paths()]


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the demo photographs need {package}: run 'make install'")
    return Path(spec.origin).parent
