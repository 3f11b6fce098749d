"""Two runs side by side: what each kept, and what they share."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest
from fiftyone import ViewField as F

from benchmarks.panel import PanelUser
from smartdownsample_core import extract
from smartdownsample_core.signatures import LARGEST_DISTANCE

from .conftest import shown_ids


@pytest.fixture
def dataset(signed_dataset: fo.Dataset) -> fo.Dataset:
    """A dataset of the 80 images, whose signatures are there already."""
    return signed_dataset


def _assert_measured(dataset: fo.Dataset, user: PanelUser, kept: dict[str, set[str]]) -> None:
    """Compares the figures with those of the descriptors of what both runs chose from."""
    both = [set(dataset.load_run_view(key).values("id")) for key in kept]
    ids = [one for one in dataset.values("id") if all(one in some for some in both)]
    paths = dataset.select(ids, ordered=True).values("filepath")
    points = extract(paths).descriptor.astype(float)
    away = np.linalg.norm(points[:, None] - points, axis=2) * 100 / LARGEST_DISTANCE
    rows, captions = user.table("sides"), []
    for side, (key, tagged) in zip("ab", kept.items(), strict=True):
        is_kept = np.array([one in tagged for one in ids])
        left_out = np.sort(away[~is_kept][:, is_kept].min(axis=1))
        among = away[np.ix_(is_kept, is_kept)] + np.diag(np.full(is_kept.sum(), np.inf))
        alike = int((among.min(axis=1) <= 10).sum())
        assert rows[0][side] == str(is_kept.sum())
        assert rows[1][side] == f"{left_out[-1]:.1f}"
        assert rows[2][side] == f"{left_out[(len(left_out) - 1) // 2]:.1f}"
        assert rows[3][side].split(" ")[0] == str(alike)
        (other,) = set(kept) - {key}
        if n := len((tagged - kept[other]) & set(ids)):
            some = f"16 of the {n}" if n > 16 else f"The {n}"
            captions.append(f"{some} that only `{key}` kept, those least like what `{other}`")
    assert all(caption in user.text for caption in captions)
    assert user.text.count("data:image/webp;base64") == len(captions)


def test_two_runs_are_compared(dataset, operators, open_panel) -> None:
    """Counts, differences per bucket, and the views of what differs."""
    operators.downsample(dataset, 20, run_key="small")
    operators.downsample(dataset, 40, run_key="large", strategy="diverse")
    user = open_panel(dataset)
    user.choose("run:small")
    user.do("compare", value="large")
    kept = {tag: set(dataset.match_tags(tag).values("id")) for tag in ("small", "large")}
    parts = {
        "either": kept["small"] | kept["large"],
        "both": kept["small"] & kept["large"],
        "only_a": kept["small"] - kept["large"],
        "only_b": kept["large"] - kept["small"],
    }
    buttons = user.layout["parts"]["type"]["properties"]
    for part, ids in parts.items():
        assert f"({len(ids)})" in buttons[f"show_{part}"]["view"]["label"]
    _assert_measured(dataset, user, kept)
    rows = user.table("difference")
    for part, ids in parts.items():
        user.do(f"show_{part}")
        assert shown_ids(dataset, user) == ids
        for place, row in enumerate(rows):
            user.do("click_difference", row=place)
            members = set(dataset.match(F("signature.bucket") == int(row["id"])).values("id"))
            assert shown_ids(dataset, user) == ids & members
            if part == "either":
                counts = [len(members & kept[tag]) for tag in ("small", "large")]
                counts.append(len(members & parts["both"]))
                assert [int(row[name]) for name in ("a", "b", "both")] == counts
                gain = counts[1] - counts[0]
                assert row["gain"] == (f"{gain:+}" if gain else "0")
    user.do("close_comparison")
    assert "difference" not in user.layout
    assert shown_ids(dataset, user) == set(dataset.values("id"))


def test_runs_of_different_samples_are_measured_over_those_they_share(
    dataset, operators, open_panel
) -> None:
    """It is said which they are; where there are none, there is nothing to measure."""
    operators.downsample(dataset.limit(50), 20, run_key="first")
    operators.downsample(dataset.skip(30), 30, run_key="last")
    operators.downsample(dataset.skip(60), 5, run_key="rest")
    user = open_panel(dataset)
    user.choose("run:first")
    user.do("compare", value="last")
    kept = {tag: set(dataset.match_tags(tag).values("id")) for tag in ("first", "last", "rest")}
    _assert_measured(dataset, user, {key: kept[key] for key in ("first", "last")})
    columns = user.layout["sides"]["view"]["columns"]
    assert columns[0]["label"] == (
        "Of the 20 samples that both chose from, not of those that only one did"
    )
    user.do("compare", value="rest")
    assert "The runs chose from different samples" in user.text
    assert "sides" not in user.layout
    user.do("compare", value="last")
    dataset.match_tags("last").untag_samples("last")  # of another program
    user.do("show_either")
    assert [row["b"] for row in user.table("sides")] == ["0", "-", "-", "0"]


def test_a_run_is_compared_with_what_other_settings_keep(dataset, operators, open_panel) -> None:
    """As with a run that is made with them, which is not there yet; not without an answer."""
    operators.downsample(dataset, 20, strategy="stride")
    user = open_panel(dataset)
    user.choose("run:smartdownsample")
    (choice,) = user.layout["choose"]["type"]["properties"]["other"]["view"]["choices"]
    assert choice["label"] == "What these settings keep"
    user.change("target_count", 500)
    user.do("compare", value="settings:")
    assert "difference" not in user.layout
    user.change("target_count", 30)
    tables = user.table("sides"), user.table("difference")
    parts = {}
    for part in ("either", "both", "only_a", "only_b"):
        user.do(f"show_{part}")
        parts[part] = shown_ids(dataset, user)
    assert "`these settings` kept 30" in user.text
    dataset.reload()
    assert dataset.list_runs() == ["smartdownsample"]

    operators.downsample(dataset, 30, run_key="new", strategy="stride")
    old, new = (set(dataset.match_tags(tag).values("id")) for tag in ("smartdownsample", "new"))
    assert parts == {
        "either": old | new,
        "both": old & new,
        "only_a": old - new,
        "only_b": new - old,
    }
    user.do("close_comparison")
    user.do("compare", value="new")
    assert (user.table("sides"), user.table("difference")) == tables
