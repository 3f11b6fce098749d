"""How fast the panel answers: ``python -m benchmarks.panel [--largest N] [--browser]``.

Against the App's real server, over HTTP, with synthetic signatures. *open* is the first look at a
dataset, until the chart can be drawn; *again* is another one, of anybody; *change* and *click* are
the medians of ten changes of the target count and ten clicks on bars. *diverse* is the first answer
with strategy="diverse" and a tenth kept, *near* and *strata* those without near-duplicates and with
shares of a field.

With ``--browser``, how long a person waits, in a real browser: see :mod:`benchmarks.panel_browser`.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import requests

from demo.database import free_port

from .synthetic import own_fiftyone, unsigned, write_signatures
from .table import print_table

_PANEL = "@smartdownsample/smartdownsample/smart_downsample"
_PROMPT = "prompt_user_for_operation"
#: Views whose components report no values.
_SILENT = ("AlertView", "Button", "LoadingView", "MarkdownView", "TableView")
_SIZES = (10_000, 100_000)
_OPTIONS: dict[str, dict[str, Any]] = {
    "diverse s": {"strategy": "diverse"},
    "near s": {"near_duplicates": 4},
    "strata s": {"stratify_by": "camera"},
}


class PanelUser:
    """Does over HTTP what a browser does with the panel, and keeps the panel's state and layout.

    The App mixes state and data, and an input that notices another value writes all that it saw
    before into the state, unless it is composite: so does this.

    Args:
        url: of the App's server
        dataset: name of the dataset
    """

    def __init__(self, url: str, dataset: str) -> None:
        self.state: dict[str, Any] = {}
        self.layout: dict[str, Any] = {}
        self.signs: list[str] = []  # that something takes a moment
        self.notices: list[str] = []
        self.panel_id = uuid.uuid4().hex
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.view: list[dict[str, Any]] = []
        self.filters: dict[str, Any] = {}  # of the sidebar
        self.selected: list[str] = []  # ids
        self._data: dict[str, Any] = {}
        self._url = f"{url}/operators/execute"
        self._dataset = dataset

    @property
    def settings(self) -> dict[str, Any]:
        """The values of the inputs."""
        return self.state["settings"]

    @property
    def text(self) -> str:
        """All that the panel says outside of charts and tables, a line each."""
        return "\n".join(_texts(self.layout))

    @property
    def chart(self) -> list[dict[str, Any]]:
        """The traces of the chart."""
        return self.layout["chart"]["view"]["data"]

    def table(self, name: str) -> list[dict[str, Any]]:
        """Returns the rows of a table."""
        return self.layout[name]["default"]

    def do(self, method: str, **params: Any) -> None:
        """Calls a handler of the panel, and those that it makes the App call."""
        own = {"panel_id": self.panel_id, "panel_state": self.state, "__method__": method}
        body: dict[str, Any] = {
            "operator_uri": _PANEL,
            "dataset_name": self._dataset,
            "view": self.view,
            "filters": self.filters,
            "selected": self.selected,
            "params": {**own, **params},
        }
        answer = requests.post(self._url, json=body, timeout=60).json()
        assert answer["error"] is None, answer["error"]
        requested = answer["executor"]["requests"]
        self.calls = [(request["operator_uri"], request["params"]) for request in requested]
        before = merged(self.state, self._data)
        for name, arguments in sorted(self.calls, key=lambda call: call[0] == _PROMPT):
            self._obey(name, arguments)
        self._echo(before)

    def change(self, name: str, value: Any) -> None:
        """Types a value into an input of the settings."""
        self.state = merged(self.state, self._data)
        self.state["settings"][name] = value
        handlers = {"target_count": "change_target", "slider": "change_target"}
        handlers["more"] = "fold_settings"
        handler = handlers.get(name, "change_setting")
        self.do(handler, path=f"settings.{name}", value=value)

    def choose(self, source: str) -> None:
        """Chooses what the panel is about."""
        self.state["choose"]["source"] = source
        self.do("choose_source", path="choose.source", value=source)

    def called(self, name: str) -> dict[str, Any]:
        """Returns the arguments of what the last handler made the App do."""
        (arguments,) = [arguments for called, arguments in self.calls if called == name]
        return arguments

    def _obey(self, name: str, arguments: dict[str, Any]) -> None:
        if name in ("patch_panel_state", "patch_panel_data"):
            what = name.removeprefix("patch_panel_")
            for path, value in arguments[what].items():
                _put(self.state if what == "state" else self._data, path, value)
        elif name == "show_panel_output":
            self.layout = arguments["output"]["type"]["properties"]
            if sign := self.layout.get("loading"):
                self.signs.append(sign["view"]["text"])
        elif name == "set_view":
            self.view, self.filters = arguments.get("view", []), {}
        elif name == "notify":
            self.notices.append(arguments["message"])
        elif name == _PROMPT and arguments["skip_prompt"]:
            self.do(arguments["operator_uri"].partition("#")[2], **arguments["params"])

    def _echo(self, before: dict[str, Any]) -> None:
        now = merged(self.state, self._data)
        for path, prop in _inputs(self.layout):
            value = _get(now, path)
            composite = prop["view"].get("composite_view")
            if value is not None and value != _get(before, path) and not composite:
                self.state = merged(self.state, before)
                _put(self.state, path, value)


def merged(old: Any, new: Any) -> Any:
    """Returns two states in one, as lodash merges them: of a longer list the tail stays."""
    if isinstance(old, dict) and isinstance(new, dict):
        both = {key: merged(old[key], new[key]) for key in old.keys() & new.keys()}
        return {**copy.deepcopy({**old, **new}), **both}
    if isinstance(old, list) and isinstance(new, list):
        pairs = [merged(*pair) for pair in zip(old, new, strict=False)]
        return pairs + copy.deepcopy(old[len(new) :] + new[len(old) :])
    return copy.deepcopy(new)


def _inputs(layout: dict[str, Any], folder: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the path and the property of all that has a value."""
    for name, prop in layout.items():
        if inner := prop["type"].get("properties"):
            yield from _inputs(inner, f"{folder}{name}.")
        elif prop["view"]["name"] not in _SILENT:
            yield folder + name, prop


def _texts(layout: dict[str, Any]) -> Iterator[str]:
    for prop in layout.values():
        if inner := prop["type"].get("properties"):
            yield from _texts(inner)
        elif prop["view"]["name"] == "MarkdownView":
            yield prop["default"]
        elif label := prop["view"].get("label"):
            yield label


def _put(state: dict[str, Any], path: str, value: Any) -> None:
    *folders, last = path.split(".")
    for folder in folders:
        state = state.setdefault(folder, {})
    state[last] = value


def _get(state: Any, path: str) -> Any:
    for folder in path.split("."):
        state = state.get(folder) if isinstance(state, dict) else None
    return state


def main() -> None:
    """Parses the arguments, starts a MongoDB and a server, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=_SIZES[-1])
    parser.add_argument("--browser", action="store_true")
    arguments = parser.parse_args()
    folder = own_fiftyone()
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "smartdownsample").symlink_to(Path(__file__).parents[1], target_is_directory=True)
    os.environ["FIFTYONE_PLUGINS_DIR"] = str(plugins)
    import fiftyone as fo

    sizes = [size for size in _SIZES if size < arguments.largest] + [arguments.largest]
    if arguments.browser:
        from . import panel_browser

        panel_browser.measure(sizes, folder)
        return
    datasets = [signed(size) for size in sizes]
    port = free_port()
    session = fo.launch_app(remote=True, address="127.0.0.1", port=port)
    url = f"http://127.0.0.1:{port}"
    while not _answers(url):
        time.sleep(0.1)  # or asking would take the CPU that the server needs to start
    rows = [_row(url, dataset) for dataset in datasets]
    print_table(["samples", "open s", "again s", "change s", "click s", *_OPTIONS], rows)
    session.close()


def signed(size: int) -> Any:
    """Returns a new dataset of so many samples with random signatures."""
    dataset, target = unsigned(size)
    dataset.set_values("camera", [f"cam{number % 97}" for number in range(size)])
    write_signatures(dataset, target)
    return dataset


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/fiftyone", timeout=60).ok
    except requests.ConnectionError:
        return False


def _row(url: str, dataset: Any) -> list[str]:
    size = len(dataset)
    user = PanelUser(url, dataset.name)
    opened = _seconds(lambda: user.do("on_load"))
    again = _seconds(lambda: PanelUser(url, dataset.name).do("on_load"))
    targets = np.linspace(1, size, 10).astype(int).tolist()
    changed = [_seconds(lambda t=target: user.change("target_count", t)) for target in targets]
    bars = user.chart[0]["ids"][:10]
    clicked = [_seconds(lambda b=bar: user.do("click_bar", id=b)) for bar in bars]
    seconds = [opened, again, statistics.median(changed), statistics.median(clicked)]
    user.change("target_count", size // 10)
    for settings in _OPTIONS.values():
        for name, value in settings.items():
            before = user.settings.get(name)
            seconds.append(_seconds(lambda n=name, v=value: user.change(n, v)))
            assert "Would keep" in user.text, user.text
            user.change(name, before)
    return [f"{size:,}", *(f"{value:.2f}" for value in seconds)]


def _seconds(task: Any) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
