"""The panel: which buckets there are, what a run would keep, and two runs side by side."""

from ._panel import PANELS
