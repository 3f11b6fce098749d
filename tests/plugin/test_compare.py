"""Two runs side by side: what each kept, and what they share."""

from __future__ import annotations

from fiftyone import ViewField as F

from .conftest import shown_ids


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
                assert row["gain"] == f"{counts[1] - counts[0]:+}"
    user.do("close_comparison")
    assert "difference" not in user.layout
    assert shown_ids(dataset, user) == set(dataset.values("id"))
