"""The direction of imports: the core stands alone, and inside it only the front doors compose."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

_ROOT = Path(__file__).parents[1]
_CORE = _ROOT / "smartdownsample_core"

#: What each module of the core may import of the core.
_ALLOWED = {
    "checks": {"rules"},
    "descriptor": {"signature"},
    "features": {"checks"},
    "find": {"remote"},
    "limits": set(),
    "nearest": set(),
    "optional": set(),
    "order": set(),
    "rules": set(),
    "origin": {"checks", "optional"},
    "signature": {"checks"},
    "strata": set(),
    "surroundings": {"limits"},
    "tiers": set(),
    "traits": set(),
    "images": {"checks", "limits", "remote"},
    "allocate": {"checks"},
    "crops": {"checks", "images", "signature"},
    # The only one that imports fsspec, and not before there is a URL to read.
    "remote": {"limits", "optional"},
    "choice": {"checks", "features", "strata"},
    "duplicates": {"nearest"},
    "farthest": {"nearest"},
    "neighbors": {"nearest"},
    "reduced": {"images", "rules", "signature"},
    "representative": {"nearest"},
    "select": {"checks"},
    "signing": {"checks", "images", "reading", "reduced", "signature"},
    "table": {"descriptor", "traits"},
    "batches": {"checks", "crops", "table"},
    "buckets": {"checks", "rules", "table"},
    "choice_files": {"checks", "output"},
    "constraints": {
        "buckets", "choice", "duplicates", "features", "nearest", "strata", "table", "tiers",
        "traits",
    },
    "cluster": {"__version__", "batches", "checks", "crops", "optional", "remote", "table"},
    "processes": {"batches", "crops", "limits", "reading", "table"},
    "selection": {"buckets", "checks", "tiers"},
    "shards": {"buckets", "checks", "optional", "origin", "places", "table"},
    "strategies": {
        "allocate", "buckets", "choice", "farthest", "nearest", "representative", "select",
    },
    "downsample": {
        "allocate", "buckets", "checks", "choice", "constraints", "nearest",
        "neighbors", "selection", "strategies", "table", "tiers",
    },
    "output": {"buckets", "checks", "places", "selection"},
    "pools": {"batches", "cluster", "crops", "processes", "reading", "table"},
    "report": {"crops", "places", "selection", "tiers"},
    "shard_select": {"allocate", "buckets", "checks", "order", "select", "selection", "shards"},
    "extract": {
        "batches", "blas", "checks", "crops", "descriptor", "pools", "processes", "reading",
        "remote", "signature", "signing", "surroundings", "table", "traits",
    },
    "api": {
        "checks", "choice", "downsample", "extract", "order", "places", "reading", "report",
        "rules", "selection", "table",
    },
    "options": {
        "api", "checks", "choice", "choice_files", "find", "output", "places", "reading", "remote",
        "report", "selection",
    },
    "cli_shards": {
        "__version__", "choice", "downsample", "extract", "find", "optional", "options", "order",
        "origin", "places", "remote", "shard_select", "shards", "table",
    },
    "cli": {
        "__version__", "api", "cli_shards", "downsample", "options", "order", "output",
    },
    "__init__": {
        "allocate", "api", "buckets", "choice", "crops", "downsample", "extract", "images", "order",
        "select", "selection", "signature", "signing", "table",
    },
    "__main__": {"cli"},
    "blas": set(),
    "places": {"checks"},
    "reading": set(),
}  # fmt: skip

#: What the core may import of others, besides the standard library.
_THIRD_PARTY = {
    "PIL", "distributed", "fsspec", "imagehash", "matplotlib", "natsort", "numpy", "simplejpeg",
    "threadpoolctl", "tqdm",
}  # fmt: skip

_WITHOUT_FIFTYONE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "fiftyone":
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
try:
    import fiftyone
except ImportError:
    import smartdownsample_core
    kept = smartdownsample_core.sample_diverse(sys.argv[1:], 3, save_thumbnails="grid.png")
    print(*kept, sep="\\n")
"""

_HEAVY = """
import sys
import smartdownsample_core
print(*sorted({name.split(".")[0] for name in sys.modules} & {HEAVY!r}))
"""


def _run(code: str, *arguments: str, cwd: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return result.stdout


def _imports(module: Path) -> tuple[set[str], set[str]]:
    """The names that a module imports: of the core, and top-level ones of others."""
    inside, outside = set(), set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            outside |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1, f"{module.name} reaches above the core"
            inside |= {node.module} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            outside.add(str(node.module).split(".")[0])
    return inside, outside


def test_core_works_where_fiftyone_cannot_be_imported(tmp_path: Path) -> None:
    """With the import of fiftyone blocked, the front door works from reading to charts."""
    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    for number, path in enumerate(paths):
        Image.fromarray(np.full((8, 8, 3), 40 * number, np.uint8)).save(path)
    kept = _run(_WITHOUT_FIFTYONE, *paths, cwd=tmp_path).splitlines()[-3:]
    assert set(kept) <= set(paths)
    assert (tmp_path / "grid.png").is_file()


def test_importing_the_core_is_light(tmp_path: Path) -> None:
    """Nothing imports matplotlib, scipy, pandas or Dask before it is needed."""
    heavy = {
        "aiohttp", "dask", "demo", "distributed", "fiftyone", "fsspec", "matplotlib", "pandas",
        "plugin", "pyarrow", "scipy",
    }  # fmt: skip
    assert _run(_HEAVY.replace("{HEAVY!r}", repr(heavy)), cwd=tmp_path).split() == []


@pytest.mark.parametrize("module", sorted(_CORE.glob("*.py")), ids=lambda path: path.stem)
def test_imports_go_one_way(module: Path) -> None:
    """A module imports of the core what it is allowed to, and of others what is declared."""
    inside, outside = _imports(module)
    assert inside == _ALLOWED[module.stem]
    assert outside <= _THIRD_PARTY | set(sys.stdlib_module_names)


def test_the_architecture_names_every_module() -> None:
    """The tables of docs/architecture.md have the modules of their package, each once."""
    text = (_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = {"smartdownsample_core": "The core", "plugin": "The plugin"}
    for package, heading in packages.items():
        section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
        cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
        named = re.findall(r"`(\w+\.py)`", " ".join(cells))
        there = {path.name for path in (_ROOT / package).glob("*.py")} - {"__init__.py"}
        assert sorted(named) == sorted(there)
    diagram = text.split("```mermaid\n")[1].split("```")[0]
    modules = {path.name for package in packages for path in (_ROOT / package).glob("*.py")}
    assert set(re.findall(r"\w+\.py", diagram)) <= modules


def test_only_the_front_doors_compose() -> None:
    """Only ``__init__`` and the command line import ``api``, and only ``__main__`` the latter."""
    users = {
        name: {module.stem for module in _CORE.glob("*.py") if name in _imports(module)[0]}
        for name in ("api", "cli")
    }
    assert users == {"api": {"__init__", "cli", "options"}, "cli": {"__main__"}}
