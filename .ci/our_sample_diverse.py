"""A pytest plugin: puts our ``sample_diverse`` in the place of smartdownsample's."""

from __future__ import annotations

import sys
from pathlib import Path

import smartdownsample

sys.path.insert(0, str(Path(__file__).parents[1]))

from smartdownsample_core import sample_diverse

smartdownsample.sample_diverse = sample_diverse
