"""HEIC, AVIF and JPEG XL: read wherever a package for them is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.patience import PATIENCE

#: In a process of its own, as formats that are registered once stay so. The first one writes what
#: the second one, which imports no such package itself, reads.
_WRITE = """
import importlib, sys
from tests.core.camera_files import DATE, exif, scene, text

package, register, ending = sys.argv[1:]
module = importlib.import_module(package)
if register:
    getattr(module, register)()
block = b"Exif\\0\\0" + exif(main={0x010F: text("Maker")}, photo={0x9003: text(DATE)})
for number in range(3):
    scene(320, 240, seed=number).save(f"images/{number}{ending}", exif=block)
"""
_READ = """
from pathlib import Path
from smartdownsample_core import extract
from smartdownsample_core.cli import main

if __name__ == "__main__":
    paths = sorted(map(str, Path("images").iterdir()))
    for workers in ("processes", "threads"):
        table = extract(paths, workers=workers)
        print(table.readable.sum(), table.make.tolist(), table.taken[0])
    main(["images", "-n", "3", "-q"])
"""


@pytest.mark.parametrize(
    ("package", "register", "ending"),
    [
        ("pillow_heif", "register_heif_opener", ".heic"),
        ("pillow_heif", "register_heif_opener", ".HIF"),
        ("pillow_jxl", "", ".jxl"),
    ],
)
def test_what_a_package_reads_is_read(
    tmp_path: Path, python_env: dict[str, str], package: str, register: str, ending: str
) -> None:
    """In worker processes, too, from a folder or a list, and with its capture facts."""
    if find_spec(package) is None:
        pytest.skip(f"the package {package} is not installed")
    (tmp_path / "images").mkdir()
    write = [sys.executable, "-c", _WRITE, package, register, ending]
    subprocess.run(write, cwd=tmp_path, env=python_env, check=True, timeout=PATIENCE)
    script = tmp_path / "read.py"
    script.write_text(_READ)
    result = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=python_env,
        check=True,
        timeout=PATIENCE,
        stdout=subprocess.PIPE,
        text=True,
    )
    facts = "3 ['Maker', 'Maker', 'Maker'] 2017-07-18T15:31:38.000000"
    files = [os.path.join("images", f"{number}{ending}") for number in range(3)]
    assert result.stdout.splitlines() == [facts, facts, *files]
