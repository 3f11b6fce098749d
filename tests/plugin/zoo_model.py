"""Models of :file:`zoo.json`, which need neither weights nor a network."""

from __future__ import annotations

from typing import Any

import fiftyone.core.models as fom
import numpy as np
from eta.core.config import Config
from numpy.typing import NDArray


class MeanColoursConfig(Config):
    """It has no settings."""

    def __init__(self, d: dict[str, Any]) -> None:
        """As FiftyOne calls it."""


class MeanColours(fom.EmbeddingsMixin, fom.Model):
    """Embeds an image as the mean colour of each of its quarters."""

    media_type, ragged_batches, transforms, preprocess = "image", True, None, False

    def __init__(self, config: MeanColoursConfig) -> None:
        """As FiftyOne calls it."""

    @property
    def has_embeddings(self) -> bool:
        """It has."""
        return True

    def embed(self, arg: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Returns the embedding of an image, ``(12,)``."""
        halves = [part for half in np.array_split(arg, 2) for part in np.array_split(half, 2, 1)]
        return np.concatenate([part.reshape(-1, 3).mean(0) for part in halves])


class NoManagerConfig(fom.ModelManagerConfig):
    """Where a model is."""


class NoManager(fom.ModelManager):
    """Finds no connection."""

    def _download_model(self, model_path: str) -> None:
        raise ConnectionError(f"no route to {self.config.url}")
