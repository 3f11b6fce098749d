"""The forms of the operators."""

from . import inputs, job_forms, run_forms, split_forms
from .inputs import CHOICE_ROWS, WHAT_IF_ROWS
