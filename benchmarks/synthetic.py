"""Datasets of synthetic samples, and random signatures written to them as the operators do it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from demo.database import use_own_database

from .order import random_signatures, synthetic_paths


def own_fiftyone() -> Path:
    """Starts a MongoDB for FiftyOne, imported later; returns a folder that goes at the end."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)  # after FiftyOne's own clean-up, which needs MongoDB
    use_own_database(folder / "database")
    os.environ["FIFTYONE_SHOW_PROGRESS_BARS"] = "false"
    return folder


def unsigned(size: int, folder: Path | None = None) -> tuple[Any, Any]:
    """Returns a new dataset, and what to write: a target of so many samples with signatures.

    Args:
        size: of the dataset
        folder: where its files are, which else there are none of
    """
    import fiftyone as fo

    from plugin.targets import stored_signatures

    dataset = fo.Dataset(persistent=True)
    root = str(folder or "")
    dataset.add_samples([fo.Sample(root + path) for path in synthetic_paths(size)])
    target = stored_signatures.load(dataset.view(), "signature", 8, "exact", recompute=True)
    target.signatures.put(target.stale, random_signatures(size))
    return dataset, target


def write_signatures(dataset: Any, target: Any) -> None:
    """Declares the field and writes the signatures of a target."""
    from plugin.jobs import engine
    from plugin.targets import signature_fields, stored_signatures

    signature_fields.declare(dataset, target.items, "signature", wanted_by_user=True)
    for first in range(0, len(target.ids), engine.WRITE_EVERY):
        rows = np.arange(first, min(first + engine.WRITE_EVERY, len(target.ids)))
        stored_signatures.write(dataset, "signature", target, rows)
