"""The plugin as FiftyOne finds it: manifest, requirements, and loading from any folder."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fiftyone.operators as foo
import pytest
import yaml

import smartdownsample_core
from plugin.operators import OPERATORS
from plugin.panel import PANELS
from tests.http_server import serving
from tests.patience import PATIENCE

_ROOT = Path(__file__).parents[2]
_NAME = "@smartdownsample/smartdownsample"
_PARTS = ("__init__.py", "fiftyone.yml", "plugin", "smartdownsample_core", "assets")
#: What an archive holds; the rest of the project is for who works on it.
_ARCHIVED = {
    *_PARTS, "CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "README.md", "SECURITY.md",
    "docs", "pyproject.toml", "requirements.txt", "skills",
}  # fmt: skip
_MANIFEST = yaml.safe_load((_ROOT / "fiftyone.yml").read_text(encoding="utf-8"))

#: Loads all plugins, and says what became of ours; WITHOUT_CORE hides the installed core first.
#: Given the name of a dataset, keeps five of its samples.
_LOAD = """
import importlib.util, json, os, sys

if "WITHOUT_CORE" in os.environ:
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if not getattr(finder, "__module__", "").startswith("__editable___smartdownsample_core")
    ]
    sys.path[:] = [path for path in sys.path if os.path.realpath(path or ".") != sys.argv[1]]
    assert importlib.util.find_spec("smartdownsample_core") is None

from fiftyone.plugins.context import build_plugin_contexts

(context,) = [c for c in build_plugin_contexts() if not c.plugin_definition.builtin]
core = sys.modules.get("smartdownsample_core")
report = {
    "operators": [operator.uri for operator in context.instances],
    "errors": context.errors,
    "core": core and core.__file__,
}
if len(sys.argv) > 2:
    import fiftyone as fo
    import fiftyone.operators as foo

    downsample = foo.get_operator("@smartdownsample/smartdownsample/downsample")
    report["summary"] = downsample(fo.load_dataset(sys.argv[2]), target_count=5)["summary"]
print("REPORT", json.dumps(report))
"""


@pytest.fixture
def copy_plugin(tmp_path: Path) -> Callable[[str], Path]:
    """``copy_plugin(folder)``: what a user would have in a plugins directory, and no more."""

    def copy(folder: str) -> Path:
        target = tmp_path / "plugins" / folder
        target.mkdir(parents=True)
        for part in map(_ROOT.joinpath, _PARTS):
            copy_part = shutil.copytree if part.is_dir() else shutil.copy
            copy_part(part, target / part.name)
        return target

    return copy


@pytest.fixture
def archive_url(tmp_path: Path) -> Iterator[str]:
    """Where a web server of this machine has the archive of the last commit."""
    web = tmp_path / "web"
    web.mkdir()
    command = ["git", "archive", "--worktree-attributes", "--prefix=project/", "-o"]
    subprocess.run([*command, str(web / "plugin.zip"), "HEAD"], cwd=_ROOT, check=True)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=web)
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        yield f"{url}/plugin.zip"


@pytest.fixture
def load(ready_commands: Path) -> Callable[..., dict[str, Any]]:
    """``load(plugin, *dataset, **env)``: what a process that loads a plugin says of it."""

    def load(plugin: Path, *dataset: str, **env: str) -> dict[str, Any]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = subprocess.run(
            [ready_commands / "ready-python", "-c", _LOAD, str(_ROOT), *dataset],
            cwd=plugin.parent,
            env={**inherited, "FIFTYONE_PLUGINS_DIR": str(plugin.parent), **env},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        (line,) = re.findall("^REPORT (.*)$", process.stdout, re.MULTILINE)
        report: dict[str, Any] = json.loads(line)
        return report

    return load


def test_the_manifest_names_every_operator() -> None:
    """FiftyOne registers the operators and panels of the manifest, which are all that there are."""
    registered = [o.name for o in foo.list_operators() if o.plugin_name == _NAME]
    operators = [operator().name for operator in OPERATORS]
    assert operators == _MANIFEST["operators"]
    assert [panel().name for panel in PANELS] == _MANIFEST["panels"]
    assert registered == [*_MANIFEST["operators"], *_MANIFEST["panels"]]


def test_the_manifest_has_the_version_of_the_core() -> None:
    """Plugin and core are released together."""
    assert str(_MANIFEST["version"]) == smartdownsample_core.__version__


def test_every_icon_is_there() -> None:
    """The icons that the operators name are files of the plugin."""
    configs = [operator().config for operator in OPERATORS]
    icons = {
        icon for config in configs for icon in (config.icon, config.light_icon, config.dark_icon)
    }
    # A panel's is one of the App's own, by name: there it does not look for a plugin's picture.
    assert all(panel().config.icon.isidentifier() for panel in PANELS)
    assert [icon for icon in icons if not (_ROOT / icon.lstrip("/")).is_file()] == []


def test_the_requirements_are_those_of_the_package() -> None:
    """What FiftyOne installs for the plugin is what pip installs for the core."""
    lines = (_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ours = {line for line in lines if line and not line.startswith("#")}
    required = importlib.metadata.requires("smartdownsample-core") or []
    assert ours == {line for line in required if "extra ==" not in line}


def test_the_command_line_lists_the_plugin(ready_commands) -> None:
    """``fiftyone plugins list`` shows the plugin as enabled."""
    command = [ready_commands / "fiftyone", "plugins", "list", "--enabled"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert _NAME in listed.stdout


@pytest.mark.parametrize(
    ("folder", "env"),
    [("smartdownsample", {}), ("7 - my plugin.v2 (copy)", {"WITHOUT_CORE": "1"})],
    ids=["core-installed", "core-copied"],
)
def test_it_loads_from_any_folder(copy_plugin, load, folder, env) -> None:
    """A copy loads under any folder name, with the installed core or else its own."""
    plugin = copy_plugin(folder)
    report = load(plugin, **env)
    assert report["errors"] == []
    names = [*_MANIFEST["operators"], *_MANIFEST["panels"]]
    assert report["operators"] == [f"{_NAME}/{name}" for name in names]
    home = plugin if env else _ROOT
    assert report["core"] == str(home / "smartdownsample_core" / "__init__.py")


def test_what_fiftyone_downloads_is_a_plugin_that_works(
    tmp_path, archive_url, dataset, load, ready_commands
) -> None:
    """``fiftyone plugins download`` of an archive gets all that a run needs, and no tests."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    subprocess.run(
        [ready_commands / "fiftyone", "plugins", "download", archive_url],
        env={**os.environ, "FIFTYONE_PLUGINS_DIR": str(plugins)},
        timeout=PATIENCE,
        check=True,
    )
    plugin = plugins / _NAME
    assert {path.name for path in plugin.iterdir()} == _ARCHIVED
    report = load(plugins / "@smartdownsample", dataset.name, WITHOUT_CORE="1")
    assert report["errors"] == []
    assert report["core"] == str(plugin / "smartdownsample_core" / "__init__.py")
    assert report["summary"].startswith(f"Kept 5 of {len(dataset)} images")


def test_another_version_of_the_core_is_a_clear_error(copy_plugin, load) -> None:
    """A plugin that finds a core of another version says which, where, and what to do."""
    plugin = copy_plugin("smartdownsample")
    manifest = plugin / "fiftyone.yml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(f"version: {_MANIFEST['version']}", "version: 99.1.0"))
    report = load(plugin)
    assert report["operators"] == []
    (error,) = report["errors"]
    assert "this plugin needs smartdownsample-core 99.1.0" in error
    assert f"but {smartdownsample_core.__version__} is installed at {_ROOT}" in error
    assert f"pip install -U {plugin}" in error
