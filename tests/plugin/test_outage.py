"""MongoDB goes away during a run, or takes no more: what was written is kept, and used again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.patience import PATIENCE

from .conftest import OPERATORS

_ROOT = Path(__file__).parents[2]
_OUTAGES = ("killed", "disk full", "read-only")


@pytest.fixture(scope="module")
def folders(
    images: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Path, subprocess.Popen[bytes]]]]:
    """For each outage, a folder and the process that works there: all at once, as they wait."""
    begun = {}
    with ExitStack() as stack:
        for outage in _OUTAGES:
            folder = tmp_path_factory.mktemp("outage")
            for number, path in enumerate(images):
                (folder / f"{number:02}.jpg").symlink_to(path)
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.plugin.outage", str(folder), outage],
                cwd=_ROOT,
                env=os.environ | {"HOME": str(folder)},
                stdout=stack.enter_context((folder / "seen.txt").open("wb")),
                stderr=stack.enter_context((folder / "errors.txt").open("wb")),
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            begun[outage] = folder, process
        yield begun


@pytest.mark.parametrize("outage", _OUTAGES)
def test_a_run_goes_on_after_an_outage(folders, outage: str) -> None:
    """Errors say what to do; the next run reads what is missing, and is complete."""
    folder, process = folders[outage]
    assert process.wait(PATIENCE) == 0, (folder / "errors.txt").read_text()
    seen = json.loads((folder / "seen.txt").read_text().splitlines()[-1])
    asked = (*OPERATORS, "select_saved_view") if outage == "killed" else ()
    assert set(seen["errors"]) == {"the run", *asked}
    for error in seen["errors"].values():
        assert "The signatures written so far are kept" in error
    assert seen["left"] == [[], [], {}]
    assert 0 < seen["signed"] == seen["reused"] < 80
    assert (seen["tags"], seen["runs"]) == ({"smartdownsample": 10}, ["smartdownsample"])
