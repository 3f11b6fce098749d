"""MongoDB goes away during a run, or takes no more: what was written is kept, and used again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

from .conftest import OPERATORS

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("outage", ["killed", "disk full", "read-only"])
def test_a_run_goes_on_after_an_outage(tmp_path: Path, images: list[str], outage: str) -> None:
    """Errors say what to do; the next run reads what is missing, and is complete."""
    for number, path in enumerate(images):
        (tmp_path / f"{number:02}.jpg").symlink_to(path)
    command = [sys.executable, "-m", "tests.plugin.outage", str(tmp_path), outage]
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(
        command,
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    asked = (*OPERATORS, "select_saved_view") if outage == "killed" else ()
    assert set(seen["errors"]) == {"the run", *asked}
    for error in seen["errors"].values():
        assert "The signatures written so far are kept" in error
    assert seen["left"] == [[], [], {}]
    assert 0 < seen["signed"] == seen["reused"] < 80
    assert (seen["tags"], seen["runs"]) == ({"smartdownsample": 10}, ["smartdownsample"])
