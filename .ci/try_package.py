"""Tries the package where nothing else is installed: the command line, the library, its types."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import smartdownsample_core

assert importlib.util.find_spec("fiftyone") is None, "FiftyOne is here; the core must do without"
home = Path(smartdownsample_core.__file__).parent
assert Path(sys.prefix) in home.parents, f"the package that was imported is {home}"
assert (home / "py.typed").is_file(), "the types of the package are not marked as such"
installed = importlib.metadata.distribution("smartdownsample-core")
assert installed.version == smartdownsample_core.__version__
top_level = {file.parts[0] for file in installed.files or () if ".py" in file.suffix}
assert top_level == {"smartdownsample_core"}, f"it installs {top_level}"

with tempfile.TemporaryDirectory() as folder:
    for number in range(12):
        Image.new("RGB", (64, 48), (20 * number, 120, 30)).save(Path(folder, f"{number}.jpg"))
    command = [Path(sys.executable).with_name("smartdownsample"), folder, "-n", "5"]
    command += ["--distribution", Path(folder, "chart.png")]
    kept = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(set(kept)) == 5, kept
    assert Path(folder, "chart.png").is_file()
    assert kept == smartdownsample_core.sample_diverse(
        [str(path) for path in sorted(Path(folder).glob("*.jpg"))],
        5,
        strategy="diverse",  # the default of the command line
        show_progress=False,
        show_summary=False,
    )
