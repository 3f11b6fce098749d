"""The two jobs, computing signatures and downsampling, and how callers follow them."""

from . import (
    choices,
    edits,
    embedding,
    engine,
    folders,
    frame_sampling,
    in_memory,
    keep,
    labels,
    maps,
    omissions,
    outcome,
    pairs,
    problems,
    proposal,
    sides,
    splitting,
    timeline,
    whatif,
)
from .progress import Job, defect, execute, show_output, with_bar
