"""The worked examples of docs/architecture.md: a setting takes two files, a strategy one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from plugin.config import (
    DownsampleConfig,
    DownsampleOptions,
    SignatureConfig,
    SignatureOptions,
)
from plugin.jobs import splitting
from smartdownsample_core import Choice
from smartdownsample_core.selection import STRATEGIES, ChoiceOptions, StrategyName
from smartdownsample_core.settings import declared
from tests.documented_patches import apply_to_copy, documented_patch, run_there

_SETTING = """
import contextlib, io
from collections.abc import Callable
from pathlib import Path
from PIL import Image
from plugin.config import DownsampleConfig
from plugin.setting_labels import labelled
from plugin.forms.inputs import ASKED, CHOICE_ROWS
from smartdownsample_core import sample_diverse
from smartdownsample_core.cli import main

paths = [f"{level}.png" for level in (10, 90, 170, 250)]
for path in paths:
    noise = Image.effect_noise((64, 64), 20).convert("RGB")
    Image.blend(noise, Image.new("RGB", (64, 64), (int(path[:-4]),) * 3), 0.7).save(path)
quiet = {"show_progress": False, "show_summary": False}
print(*sample_diverse(paths, 2, min_brightness=150, strategy="diverse", **quiet))
print([row.label for row in CHOICE_ROWS if row.name == "min_brightness"], "min_brightness" in ASKED)
print(labelled(next(DownsampleConfig(target_count=1, min_brightness=-1).problems())))
with contextlib.redirect_stderr(io.StringIO()) as said:
    main([*paths, "-n", "1", "--min-brightness", "300"])
print(said.getvalue().strip())
main([*paths, "-n", "2", "--min-brightness", "150", "--no-processes", "-q"])
"""

_STRATEGY = """
from PIL import Image
from plugin.forms.inputs import STRATEGY
from smartdownsample_core import sample_diverse
from smartdownsample_core.cli import main

paths = [f"{number}.png" for number in range(9)]
for path in paths:
    Image.effect_noise((64, 64), 20).save(path)
print(STRATEGY.choices["random"])
kept = sample_diverse(paths, 4, strategy="random", show_progress=False, show_summary=False)
print(len(set(kept)))
main([*paths, "-n", "4", "--strategy", "random", "--no-processes", "-q"])
print(*kept)
"""


@pytest.fixture
def run_with(
    tmp_path: Path, python_env: dict[str, str], ready_commands: Path
) -> Callable[[str, int, str], list[str]]:
    """``run_with(section, n, script)``: what a script prints with a documented patch of n files."""

    def run(section: str, n_files: int, script: str) -> list[str]:
        patch = documented_patch(section)
        assert len(re.findall(r"^--- a/(.*)$", patch, re.MULTILINE)) == n_files
        apply_to_copy(tmp_path, patch)
        python = ready_commands / "ready-python"
        return run_there(tmp_path, script, python_env, python=python)

    return run


def test_a_setting_takes_two_files(run_with) -> None:
    """It is in Python, command line, form and panel, and each words its errors in its own way."""
    kept, row, error, said, *listed = run_with("Adding a setting", 2, _SETTING)
    assert kept == "170.png 250.png"
    assert row == "['Darker than'] True"
    assert error == "'Darker than' must be a number from 0 to 255, got -1"
    assert said.endswith("error: --min-brightness must be a number from 0 to 255, got 300")
    assert listed == ["170.png", "250.png"]


def test_a_strategy_takes_one_file(run_with) -> None:
    """It can be chosen in Python, on the command line and in the form."""
    label, n_kept, *rest = run_with("Adding a strategy", 1, _STRATEGY)
    assert label == "Random: without looking at the images"
    assert n_kept == "4"
    *listed, kept = rest
    assert " ".join(listed) == kept


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        pytest.param(ChoiceOptions, Choice, id="choice"),
        pytest.param(SignatureOptions, SignatureConfig, id="signatures"),
        pytest.param(DownsampleOptions, DownsampleConfig, id="downsample"),
        pytest.param(splitting.SplitOptions, splitting.SplitConfig, id="split"),
    ],
)
def test_editors_know_every_setting(options: Any, settings: type) -> None:
    """The keywords that editors complete are the declared settings."""
    explicit = {"target_count", "shares"}  # which operators take by position, too
    assert set(options.__optional_keys__) == set(declared(settings)) - explicit


def test_editors_know_every_strategy() -> None:
    """The names that editors complete are those of the strategies."""
    assert get_args(StrategyName) == tuple(STRATEGIES)
    assert get_type_hints(Choice)["strategy"] == StrategyName
