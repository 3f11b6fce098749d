"""The two jobs, computing signatures and downsampling, and how callers follow them."""

from . import (
    choices,
    edits,
    engine,
    folders,
    frame_sampling,
    keep,
    labels,
    maps,
    omissions,
    outcome,
    problems,
    splitting,
    whatif,
)
from .progress import Job, defect, execute, show_output, with_bar
