"""What callers of the SDK give as dataset: a dataset or a view, and nothing else."""

from __future__ import annotations

from typing import Any

import fiftyone as fo


def dataset_of(collection: Any) -> fo.Dataset:
    """Returns the dataset of a dataset or view.

    Raises:
        ValueError: if it is neither
    """
    if isinstance(collection, (fo.Dataset, fo.DatasetView)):
        return fo.load_dataset(collection.view().dataset_name)
    loads = f"; fo.load_dataset({collection!r}) loads one" if isinstance(collection, str) else ""
    raise ValueError(f"expected a dataset or view, got a {type(collection).__name__}{loads}")
