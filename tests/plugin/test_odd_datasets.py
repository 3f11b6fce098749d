"""States of a dataset that FiftyOne allows, though they are rare."""

from __future__ import annotations

import fiftyone as fo
import pytest
from fiftyone import ViewField as F

from plugin.targets import flat_views


def test_a_sample_without_filepath_counts_as_unreadable(dataset, operators) -> None:
    """As one whose file is gone does."""
    dataset.set_values("filepath", [None, *dataset.values("filepath")[1:]])
    assert operators.compute_signatures(dataset, workers="threads")["unreadable"] == 1
    assert operators.downsample(dataset, 79)["kept"] == 79
    assert dataset.first()["signature.error"] == "File not found: ''"


@pytest.fixture
def by_site(grouped: fo.Dataset) -> fo.DatasetView:
    """The right images of the pairs, grouped by site: 20 of each of two."""
    sites = [f"s{number // 2 % 2}" for number in range(80)]
    everything = grouped.select_group_slices(_allow_mixed=True)
    everything.set_values("site", sites)
    return grouped.select_group_slices("right").group_by("site", order_by="filepath")


@pytest.mark.parametrize(
    ("behind", "n"),
    [
        (lambda view: view, 40),
        (lambda view: view.limit(1), 20),
        (lambda view: view.match(F("site") == "s0"), 20),
        (lambda view: view.select(view.first().id), 20),
    ],
    ids=["nothing", "limit", "match", "select"],
)
def test_a_slice_may_be_grouped(grouped, operators, by_site, behind, n) -> None:
    """Of a slice that is grouped by a field, with any stage behind, all samples take part."""
    view = behind(by_site)
    result = operators.downsample(view, n - 5, workers="threads")
    assert (result["images"], result["kept"]) == (n, n - 5)
    slices = grouped.select_group_slices("right")
    assert len(slices.match_tags("smartdownsample")) == n - 5
    assert len(operators.view_buckets(grouped, "excluded", run_key="smartdownsample")) == 5
    flat = flat_views.flat(view)
    again = flat_views.rebuild(grouped, flat_views.stages_of(flat))
    assert again.media_type == "image"
    assert set(again.values("id")) == set(flat.values("id"))
