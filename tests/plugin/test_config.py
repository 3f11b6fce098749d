"""Settings out of their bounds, which no dataset is needed to tell."""

from __future__ import annotations

import re

import pytest

from plugin.config import DownsampleConfig
from plugin.forms import inputs
from plugin.setting_labels import labelled
from smartdownsample_core.errors import Message
from smartdownsample_core.settings import declared


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target_count": -3}, "target_count must be a whole number of at least 1, got -3"),
        ({"target_count": 1.5}, "target_count must be a whole number of at least 1, got 1.5"),
        ({"target_count": "ten"}, "target_count must be a whole number of at least 1, or a share"),
        ({"target_count": None}, "target_count is missing; set how many images"),
        ({"hash_size": 3}, "hash_size must be a whole number from 4 to 64, got 3"),
        ({"hash_size": 8.0}, "hash_size must be a whole number from 4 to 64, got 8.0"),
        ({"n_workers": 0}, "n_workers must be a whole number of at least 1, got 0"),
        ({"random_seed": -1}, "random_seed must be a whole number of at least 0, got -1"),
        (
            {"near_duplicates": -1},
            "near_duplicates must be a number of bits, got -1",
        ),
        (
            {"near_duplicates": 0.5},
            "near_duplicates must be a number of bits, got 0.5; with features it is a cosine",
        ),
        ({"hash_size": 65}, "hash_size must be a whole number from 4 to 64, got 65"),
        (
            {"balance": "equal"},
            "balance 'equal' has no effect without stratify_by; set both or neither",
        ),
        (
            {"max_per_group": 0, "stratify_by": "tags"},
            "max_per_group must be a whole number of at least 1, got 0",
        ),
        ({"max_per_group": 2, "stratify_by": "filepath", "balance": "odd"}, "balance must be 'pro"),
        (
            {"balance": 2, "stratify_by": "tags"},
            "balance must be .* or a number from 0 to 1, got 2.0",
        ),
        ({"recompute": "False"}, "recompute must be True or False, got 'False'"),
        (
            {"near_duplicates": 64},
            "near_duplicates 64 bits exceed the 64 bits of the hash",
        ),
        (
            {"near_duplicates": 64, "hash_size": "8"},
            "hash_size must be a whole number from 4 to 64, got '8'",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_setting_out_of_its_bounds_is_named(settings: dict[str, object], message: str) -> None:
    """With its value and its bound."""
    config = DownsampleConfig.from_params({"target_count": 10, **settings})
    assert re.match(message, str(next(config.problems())))


def test_settings_within_their_bounds_have_no_problems() -> None:
    """Those of a run with every option."""
    config = DownsampleConfig(
        target_count=30,
        strategy="diverse",
        near_duplicates=0.1,
        features="vectors",
        stratify_by="tags",
        balance=0.5,
        max_per_group=60,
        keep="gold",
        leave_out_junk=True,
    )
    assert list(config.problems()) == []


def test_forms_name_choices_as_they_stand_there() -> None:
    """Help and errors name the labels; Python and the command line have the values."""
    (row,) = (row for row in inputs.WHAT_IF_ROWS if row.name == "max_distance")
    needs = "Needs 'What the images are for' set to 'Label or train'"
    assert inputs.described(row).endswith(needs)
    standing = declared(DownsampleConfig)["fixed_cameras"]
    automatic = "'Automatic' finds such cameras, 'All' takes every 'Camera'"
    assert automatic in inputs.described(standing)
    assert "'auto' finds such cameras, 'all' takes every camera" in str(Message(standing.help))
    config = DownsampleConfig(target_count=1, strategy="stride", max_distance=5)
    (problem,) = config.contradictions()
    text = (
        "needs a strategy that ranks images, not 'Sample evenly'; set 'What the images are for' to "
    )
    assert text + "'Label or train'" in labelled(problem)
    assert "not 'stride'; set strategy to 'diverse'" in str(problem)
