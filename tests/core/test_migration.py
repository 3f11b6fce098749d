"""Call sites that were written for the package smartdownsample 1.9 run unchanged."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import smartdownsample

from smartdownsample_core import sample_diverse

_Call = Callable[[Callable[..., list[Any]], list[str], Path], list[Any]]

#: A call, and how many it asks for: of 20 readable images.
_CALLS: dict[str, tuple[_Call, int]] = {
    "two positions": (lambda f, p, _: f(p, 6), 6),
    "keywords": (lambda f, p, _: f(image_paths=p, target_count=6), 6),
    "quiet": (lambda f, p, _: f(p, 6, show_progress=False, show_summary=False), 6),
    "six positions": (lambda f, p, _: f(p, 6, 8, 4, False, False), 6),
    "all positions": (
        lambda f, p, d: f(p, 6, 8, None, True, True, str(d / "a.png"), d / "b.png", "raise", False),
        6,
    ),
    "all keywords": (
        lambda f, p, d: f(
            image_paths=p,
            target_count=6,
            hash_size=8,
            n_workers=None,
            show_progress=False,
            show_summary=False,
            save_distribution=str(d / "new" / "a.png"),
            save_thumbnails=str(d / "new" / "b.png"),
            image_loading_errors="raise",
            return_indices=False,
        ),
        6,
    ),
    "indices": (lambda f, p, _: f(p, 6, return_indices=True), 6),
    "Path objects": (lambda f, p, _: f([Path(path) for path in p], 6), 6),
    "a tuple": (lambda f, p, _: f(tuple(p), 6), 6),
    "an array": (lambda f, p, _: f(np.array(p), np.int64(6)), 6),
    "small hash": (lambda f, p, _: f(p, 6, hash_size=4), 6),
    "large hash": (lambda f, p, _: f(p, 6, hash_size=16), 6),
    "skip": (lambda f, p, _: f([*p, "gone.jpg"], 6, image_loading_errors="skip"), 6),
    "skip, all": (lambda f, p, _: f([*p, "gone.jpg"], 20, image_loading_errors="skip"), 20),
    "one of many": (lambda f, p, _: f(p, 1), 1),
    "all": (lambda f, p, _: f(p, 20), 20),
    "more than all": (lambda f, p, _: f(p, 10**6), 20),
    "none": (lambda f, p, _: f(p, 0), 0),
    "less than none": (lambda f, p, _: f(p, -1, return_indices=True), 0),
}


@pytest.mark.parametrize(("call", "count"), _CALLS.values(), ids=_CALLS)
def test_a_call_site_of_1_9_runs_unchanged(
    call: _Call, count: int, burst_paths: list[str], tmp_path: Path
) -> None:
    """Both give images, or positions, of the list; ours as many as were asked for."""
    paths = burst_paths[:20]
    reference, ours = (
        call(function, paths, tmp_path / name)
        for name, function in (
            ("reference", smartdownsample.sample_diverse),
            ("ours", sample_diverse),
        )
    )
    assert len(set(ours)) == len(ours) == count
    assert {type(item) for item in ours} == {type(item) for item in reference}
    assert set(reference) | set(ours) <= {*paths, *range(20)}
    if count in (0, 20):
        assert sorted(ours) == sorted(reference)
    charts = [sorted(path.name for path in place.rglob("*.png")) for place in tmp_path.iterdir()]
    assert charts in ([], [["a.png", "b.png"]] * 2)


def test_parameters_of_the_reference_are_ours() -> None:
    """A call written for smartdownsample 1.9.2 means the same, by position and by name."""
    ours = inspect.signature(sample_diverse).parameters
    reference = inspect.signature(smartdownsample.sample_diverse).parameters
    assert list(ours)[: len(reference)] == list(reference)
    for name in set(reference) - {"n_workers", "target_count"}:  # None and 4 mean the same to both
        assert ours[name].default == reference[name].default
