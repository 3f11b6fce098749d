"""``python -m demo.tutorial``: runs docs/tutorial.ipynb and saves it with its outputs."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from .__main__ import configure_fiftyone

NOTEBOOK = Path(__file__).resolve().parent.parent / "docs" / "tutorial.ipynb"
_PATIENCE = 300  # seconds a cell may take


def execute() -> Any:
    """Returns the notebook, with the outputs that its cells have now.

    It uses the FiftyOne that the environment variables describe.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=_PATIENCE,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )
    # tqdm asks for ipywidgets, which only a program with a screen can use.
    client.execute(env={**os.environ, "PYTHONWARNINGS": "ignore:IProgress not found"})
    notebook.metadata["language_info"] = {"name": "python"}  # which version is no news
    return notebook


def main() -> None:
    """Runs and saves it, in a database of its own."""
    import nbformat

    state = Path(tempfile.mkdtemp(prefix="smartdownsample-tutorial-"))
    atexit.register(shutil.rmtree, state, ignore_errors=True)  # runs after mongod has ended
    try:
        configure_fiftyone(state)
    except RuntimeError as error:
        sys.exit(f"error: {error}")
    nbformat.write(execute(), NOTEBOOK)
    print(f"{NOTEBOOK}: {NOTEBOOK.stat().st_size / 1e3:,.0f} kB")


if __name__ == "__main__":
    main()
