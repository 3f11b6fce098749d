"""The operators: parse, call, write."""

from . import _jobs, _runs, _sampling

OPERATORS = (*_jobs.OPERATORS, *_runs.OPERATORS, *_sampling.OPERATORS)
