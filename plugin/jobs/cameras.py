"""The camera of each image: what a run's settings name, the field ``camera``, or the folders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core.selection import assign_strata

from ..config import DownsampleConfig
from ..targets import Subject
from . import folders, labels
from .in_memory import Stored


def of(
    subject: Subject, stored: Stored, config: DownsampleConfig
) -> tuple[list[str], NDArray[np.int64]]:
    """Returns the names of the cameras, and ``(n,)`` the number of each image's."""
    path = labels.camera_path(subject, config.camera)
    if _are_folders(subject, path):
        return stored.folders

    def read() -> tuple[list[str], NDArray[np.int64]]:
        numbers, names = assign_strata(labels.read_all(subject, path, "camera"))
        return names, numbers

    found: tuple[list[str], NDArray[np.int64]] = stored.of_samples.remember(
        ("camera names", path), read
    )
    return found


def of_one(subject: Subject, stored: Stored, config: DownsampleConfig, row: int) -> str:
    """Returns the name of the camera of an image; empty if all are of one, or it has none."""
    path = labels.camera_path(subject, config.camera)
    if _are_folders(subject, path):
        names, numbers = stored.folders
        return names[numbers[row]] if len(names) > 1 else ""
    view = subject.view.select(stored.ids_of(np.array([row])))
    value = view.values(labels.full_path(subject, path, "camera"))[0]
    return "" if value is None or isinstance(value, list) else str(value)


def _are_folders(subject: Subject, path: str) -> bool:
    return path == folders.FOLDER and folders.is_folder(subject.view, path)
