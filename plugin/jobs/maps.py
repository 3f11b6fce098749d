"""Registers what FiftyOne's own panels show of a run: a map of its images, and a search index."""

from __future__ import annotations

import importlib.util
from typing import Any

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from ..config import SignatureConfig
from ..runs import brain
from ..runs import records as runs
from ..targets import kinds as targets
from . import in_memory

#: How images are laid out on a map: value and what a person reads.
METHODS = {
    "pca": "PCA: the two directions in which the images differ most; at once",
    "umap": "UMAP: keeps similar images together; much slower",
}

#: UMAP compares each image with its 15 nearest.
_FEW = 16


def methods() -> dict[str, str]:
    """Returns those of :data:`METHODS` whose packages are installed."""
    has_umap = importlib.util.find_spec("umap") is not None
    return {name: label for name, label in METHODS.items() if has_umap or name != "umap"}


def make(dataset: fo.Dataset, run_key: str, what: str, method: str = "pca") -> dict[str, Any]:
    """Registers a map or an index of the images that a run chose from, by their descriptors.

    Args:
        dataset: the dataset
        run_key: the run
        what: :data:`brain.MAP` or :data:`brain.SEARCH`
        method: of the map, one of :data:`METHODS`

    Returns:
        ``brain_key``, ``samples`` (how many are in it) and ``missing`` (how many of the run have no
        signature: unreadable, or changed since)

    Raises:
        ValueError: if there is no such run, method or signature, or it is of frames
    """
    if method not in methods():
        hint = "; pip install umap-learn" if method == "umap" else ""
        raise ValueError(f"method must be one of {', '.join(methods())}, got {method!r}{hint}")
    brain.key_of(dataset, run_key, what)  # before anything takes time
    record, view = runs.load(dataset, run_key), targets.fresh(runs.view_of(dataset, run_key))
    field = record["signature_field"].rpartition(".")[2]
    stored = in_memory.load(view, SignatureConfig.from_params({**record, "signature_field": field}))
    rows = np.flatnonzero(stored.signatures.readable)
    if not len(rows):
        raise ValueError(
            f"none of the images of the run {run_key!r} has a signature that is up to date; run "
            "compute_signatures first"
        )
    vectors = stored.signatures.descriptor[rows].astype(np.float32)
    if what == brain.MAP:
        by_umap = method == "umap" and len(rows) > _FEW
        vectors = _by_umap(vectors, record["random_seed"]) if by_umap else principal(vectors)
    key = brain.register(dataset, run_key, what, view, stored.ids_of(rows), vectors)
    return {"brain_key": key, "samples": len(rows), "missing": len(stored) - len(rows)}


def principal(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the first two principal components of vectors, ``(n, d)`` to ``(n, 2)``.

    By the eigenvectors of the scatter matrix, which is small; each points to where its largest
    coefficient is positive, so that the same images always make the same map.
    """
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    axes = axes[:, -1:-3:-1]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, range(axes.shape[1])])
    return np.asarray(centred @ axes.astype(np.float32))


def _by_umap(vectors: NDArray[np.float32], random_seed: int) -> NDArray[np.float32]:
    import umap  # McInnes, Healy and Melville, arXiv:1802.03426

    layout = umap.UMAP(random_state=random_seed, n_jobs=1).fit_transform(vectors)
    return np.asarray(layout, np.float32)
