"""Colours of kept and excluded images, in the chart and around thumbnails."""

KEPT_COLOR = "#0b7a75"
EXCLUDED_COLOR = "#c3c9d2"
