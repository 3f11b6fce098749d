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

from tests.patience import PATIENCE

_ROOT = Path(__file__).parents[1]
_CORE = _ROOT / "smartdownsample_core"

#: The layers of both packages: a part imports only parts of rows above its own.
_LAYERS = {
    "smartdownsample_core": """
        blas errors limits optional
        checks
        settings new_files text_files
        own_files partial_files
        annotations
        images
        signatures
        extraction selection
        shards report
        console
        api
        splitting
        cli
    """,
    "plugin": """
        names wording
        run_fields
        base config
        setting_labels
        targets
        runs
        jobs
        forms
        operators panel
    """,
}

#: What the core may import of others, besides the standard library.
_THIRD_PARTY = {
    "PIL", "distributed", "fsspec", "imagehash", "matplotlib", "natsort", "numpy", "simplejpeg",
    "threadpoolctl", "tqdm",
    "typing_extensions",  # for type checkers only
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
        timeout=PATIENCE,
        check=True,
    )
    return result.stdout


def _modules(package: str) -> list[Path]:
    return sorted((_ROOT / package).rglob("*.py"))


def _imports(module: Path) -> set[str]:
    """The absolute names of the modules that a module imports, or imports names from."""
    *parts, _ = module.relative_to(_ROOT).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = parts[: len(parts) - node.level + 1] if node.level else []
            origin = [*above, *filter(None, [node.module])]
            found |= {".".join([*origin, alias.name]) for alias in node.names}
    return found


def _edges(package: str) -> set[tuple[str, str]]:
    """The parts of a package, its modules and sub-packages, that import others of its parts."""
    edges = set()
    for module in _modules(package):
        part = module.relative_to(_ROOT / package).with_suffix("").parts[0]
        used = (name.split(".") for name in _imports(module))
        edges |= {(part, name[1]) for name in used if name[0] == package}
    return {(part, used) for part, used in edges if part != used and part[:2] != "__"}


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


@pytest.mark.parametrize("package", _LAYERS)
def test_imports_go_one_way(package: str) -> None:
    """Each part of a package imports only parts of the layers above its own."""
    rows = [row.split() for row in _LAYERS[package].split("\n")]
    layer = {part: place for place, row in enumerate(rows) for part in row}
    names = {path.stem for path in (_ROOT / package).iterdir() if path.suffix in ("", ".py")}
    assert set(layer) == {name for name in names if name[:2] != "__"}
    assert [edge for edge in _edges(package) if layer.get(edge[1], -1) >= layer[edge[0]]] == []


@pytest.mark.parametrize("package", _LAYERS)
def test_packages_keep_their_modules_to_themselves(package: str) -> None:
    """What starts with an underscore is imported only within its own sub-package."""
    for user in ("smartdownsample_core", "plugin", "demo", "benchmarks"):
        for module in _modules(user):
            for name in _imports(module):
                parts = name.split(".")
                private = [place for place, part in enumerate(parts) if re.match("_[a-z]", part)]
                if parts[0] == package and len(private) and private[0] < len(parts) - 1:
                    home = _ROOT.joinpath(*parts[: private[0]])
                    assert home in module.parents, f"{module} imports {name}"


@pytest.mark.parametrize("module", _modules("smartdownsample_core"), ids=lambda path: path.stem)
def test_the_core_imports_what_it_declares(module: Path) -> None:
    """Besides the standard library, only its declared dependencies."""
    own = {"smartdownsample_core", *_THIRD_PARTY, *sys.stdlib_module_names}
    assert {name.split(".")[0] for name in _imports(module)} <= own
