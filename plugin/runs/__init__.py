"""Runs: recorded, found, compared, exported and undone, each as one step."""

from . import (
    app_settings,
    brain,
    collisions,
    compare,
    files,
    interrupted,
    quality,
    records,
    shapes,
    writes,
)
from ._lock import held
from .writes import Saved, Written
