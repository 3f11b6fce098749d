"""Copies of both packages with a patch of docs/architecture.md applied, to run scripts on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("smartdownsample_core", "plugin")


def documented_patch(section: str) -> str:
    """Returns the patch of a section, such as "Adding a signature column"."""
    text = (_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    text = text.split(f"## {section}\n")[1].split("\n## ")[0]
    return "".join(re.findall(r"^```diff\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def apply_to_copy(folder: Path, patch: str) -> None:
    """Copies the packages into an empty folder, and applies a patch there."""
    for package in _PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_ROOT / package, folder / package, ignore=ignored)
    command = ["git", "apply", "-"]
    subprocess.run(command, cwd=folder, input=patch, text=True, check=True)


def add_column(folder: Path, required: bool = True) -> None:
    """Copies the packages with the documented column.

    Args:
        folder: an empty folder
        required: False declares the column as one that stored signatures may be without
    """
    patch = documented_patch("Adding a signature column")
    if not required:
        patch = patch.replace("bounds=(0, 255),", "bounds=(0, 255), required=False,")
    apply_to_copy(folder, patch)


def run_there(
    folder: Path,
    script: str,
    env: dict[str, str],
    *arguments: str,
    python: str | Path = sys.executable,
) -> list[str]:
    """Runs a script that imports the packages of a folder; returns the lines that it prints."""
    result = subprocess.run(
        [python, "-c", script, *arguments],
        cwd=folder,
        env={**env, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    return result.stdout.splitlines()
