"""The tutorial runs, and says what its saved outputs say."""

from __future__ import annotations

from typing import Any

import nbformat

from demo.tutorial import NOTEBOOK, execute


def _said(notebook: nbformat.NotebookNode) -> list[list[Any]]:
    """Of each cell: what it printed, and the kinds of what it showed."""
    return [
        [output.get("text") or sorted(output["data"]) for output in cell.get("outputs", [])]
        for cell in notebook.cells
    ]


def test_the_tutorial_runs_and_its_outputs_are_those_of_today() -> None:
    """No cell fails, and each prints what is saved; ``make tutorial`` saves it anew."""
    saved = nbformat.read(NOTEBOOK, as_version=4)
    assert _said(execute()) == _said(saved)
    assert NOTEBOOK.stat().st_size < 500_000
