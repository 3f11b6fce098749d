"""Measurements; each module prints a Markdown table. ``make bench`` runs them in a short form."""
