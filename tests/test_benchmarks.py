"""Every benchmark runs to its end and prints its tables, on little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from demo.photos import load_photos
from tests.patience import PATIENCE

_ROOT = Path(__file__).parents[1]

#: The arguments with which each takes seconds, and the rows that its tables then have.
_SMALL = {
    "cluster": ("--sizes 3000 --parts 2 --kinds cameras", 2),
    "cluster_cameras": ("--size 1300 --share 0.02 --parts 4", 8),
    "cluster_scale": ("--sizes 2000 --shares 0.01", 1),
    "diverse": ("--largest 10000", 10),
    "fiftyone_write": ("--samples 500 --images 20", 2),
    "decoders": ("--megapixels 1", 12),
    "memory": ("--samples 60", 3),
    "order": ("--largest 10000", 1),
    "panel": ("--largest 1000", 1),
    "prefer": ("PHOTOS", 5),
    "scale": ("--largest 10000", 6),
    "standing": ("PHOTOS --draws 1", 28),
    "speed": ("--images PHOTOS --rounds 1", 4),
}

#: Downloads a model; its parts are in test_quality.py.
_NEEDS_THE_NETWORK = {"quality"}

#: Labels images of others; tested in test_quality.py as well.
_NEEDS_IMAGES = {"visits"}


def test_all_benchmarks_are_here() -> None:
    found = {
        path.stem
        for path in (_ROOT / "benchmarks").glob("*.py")
        if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
    }
    assert found == {*_SMALL, *_NEEDS_THE_NETWORK, *_NEEDS_IMAGES}


@pytest.mark.parametrize("name", _SMALL)
def test_a_benchmark_prints_its_tables(name: str, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    for number, photo in enumerate(load_photos()[:4]):
        photo.save(tmp_path / "few" / f"{number}.jpg")
    labels = [
        "path,camera,event",
        *(f"few/{n}.jpg,few,{e}" for n, e in enumerate(["", "", "a", "b"])),
    ]
    (tmp_path / "labels.csv").write_text("\n".join(labels), encoding="utf-8")
    arguments, n_rows = _SMALL[name]
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            f"benchmarks.{name}",
            *arguments.replace("PHOTOS", str(tmp_path)).split(),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    lines = [line for line in answer.stdout.splitlines() if line.startswith("|")]
    n_tables = sum(line.startswith("| -") for line in lines)
    assert n_tables >= 1
    assert len(lines) - 2 * n_tables == n_rows, answer.stdout
