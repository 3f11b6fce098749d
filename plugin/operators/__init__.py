"""The operators: parse, call, write."""

from . import _brain, _embedding, _jobs, _runs, _sampling, _saved_view, _splits

OPERATORS = (
    *_jobs.OPERATORS,
    *_runs.OPERATORS,
    *_brain.OPERATORS,
    *_embedding.OPERATORS,
    *_sampling.OPERATORS,
    *_splits.OPERATORS,
    *_saved_view.OPERATORS,
)
