"""Grouped datasets: one slice is compared, and it or whole groups are kept."""

from __future__ import annotations

import fiftyone as fo
import pytest

from plugin.runs import compare
from smartdownsample_core import Choice, downsample, extract, natural_order


def _chosen(paths: list[str], target_count: int) -> set[str]:
    choice = Choice(strategy="diverse").for_paths(paths)
    signatures, order = extract(paths), natural_order(paths)
    selection = downsample(signatures, order, target_count, 42, choice)
    return {paths[index] for index in selection.indices}


@pytest.fixture
def rig(make_dataset, images) -> fo.Dataset:
    """20 groups of a left and a right image and a point cloud; the active slice is ``left``."""
    dataset = make_dataset()
    dataset.add_group_field("rig", default="left")
    for number, (left, right) in enumerate(zip(images[:20], images[20:40], strict=True)):
        group = fo.Group()
        dataset.add_samples(
            [
                fo.Sample(left, rig=group.element("left")),
                fo.Sample(right, rig=group.element("right")),
                fo.Sample(f"/clouds/{number}.pcd", rig=group.element("cloud")),
            ]
        )
    return dataset


def _tagged(dataset: fo.Dataset, tag: str = "smartdownsample") -> fo.DatasetView:
    return dataset.select_group_slices(_allow_mixed=True).match_tags(tag)


def test_whole_groups_are_kept(rig, operators, images) -> None:
    """The groups of the images that are chosen have all of their samples tagged, clouds too."""
    result = operators.downsample(rig, 6, whole_groups=True)
    chosen = _chosen(images[:20], 6)
    left = rig.select_group_slices("left")
    groups = {
        group
        for path, group in zip(*left.values(["filepath", "rig.id"]), strict=True)
        if path in chosen
    }
    tagged = _tagged(rig)
    assert (result["kept"], len(tagged)) == (6, 18)
    assert set(tagged.values("rig.id")) == groups
    assert tagged.count_values("rig.name") == {"left": 6, "right": 6, "cloud": 6}


def test_the_kept_view_is_one_of_groups(rig, operators) -> None:
    """It has a tile per group, and each group its slices."""
    operators.downsample(rig, 6, whole_groups=True)
    kept = rig.load_saved_view("smartdownsample kept")
    assert (kept.media_type, len(kept)) == ("group", 6)
    assert {tuple(sorted(group)) for group in kept.iter_groups()} == {("cloud", "left", "right")}


def test_a_slice_can_be_chosen(rig, operators, images) -> None:
    """The images of that slice are read, compared and tagged, whichever is active."""
    result = operators.downsample(rig, 6, group_slice="right")
    assert set(_tagged(rig).values("filepath")) == _chosen(images[20:40], 6)
    assert result["images"] == 20
    everything = rig.select_group_slices(_allow_mixed=True)
    assert set(everything.exists("signature").values("rig.name")) == {"right"}


def test_whole_groups_by_another_slice(rig, operators, images) -> None:
    """The chosen slice decides which groups are kept."""
    operators.downsample(rig, 6, group_slice="right", whole_groups=True)
    right = _tagged(rig).match({"rig.name": "right"})
    assert set(right.values("filepath")) == _chosen(images[20:40], 6)
    assert len(_tagged(rig)) == 18


def test_all_image_slices_are_chosen_from_one_by_one(rig, operators, images) -> None:
    """A view of several image slices has an item per image."""
    view = rig.select_group_slices(["left", "right"])
    result = operators.downsample(view, 10)
    assert result["images"] == 40
    expected = _chosen(view.values("filepath"), 10)
    assert set(_tagged(rig).values("filepath")) == expected


def test_signatures_of_a_chosen_slice(rig, operators) -> None:
    """Computing signatures takes the slice as well."""
    assert operators.compute_signatures(rig, group_slice="right")["images"] == 20
    everything = rig.select_group_slices(_allow_mixed=True)
    assert set(everything.exists("signature").values("rig.name")) == {"right"}


def test_undo_removes_the_tag_from_whole_groups(rig, operators, state_of) -> None:
    """All samples lose it, and the result counts them."""
    before = state_of(rig)
    operators.downsample(rig, 6, whole_groups=True)
    result = operators.delete_run(rig, "smartdownsample")
    assert (result["items"], result["untagged"]) == ("groups", 18)
    after = state_of(rig)
    for state in (before, after):
        state.pop("samples")
    assert after == before
    assert rig.select_group_slices(_allow_mixed=True).count_sample_tags() == {}


def test_groups_replace_samples_of_the_same_key(rig, operators) -> None:
    """A run on groups may replace one on samples, and the other way round."""
    operators.downsample(rig, 6)
    assert operators.downsample(rig, 5, whole_groups=True)["replaced"]
    assert len(_tagged(rig)) == 15
    operators.downsample(rig, 4)
    assert len(_tagged(rig)) == 4


def test_whole_groups_are_compared_as_groups(rig, operators) -> None:
    """Two runs, and a run of samples beside one of groups, count an image of each group."""
    operators.compute_signatures(rig, group_slice="right")
    operators.downsample(rig, 5, whole_groups=True, run_key="a")
    operators.downsample(rig, 6, whole_groups=True, run_key="b", random_seed=1)
    operators.downsample(rig, 7, run_key="c", random_seed=2)
    kept = {tag: set(_tagged(rig, tag).values("rig.id")) for tag in "abc"}
    for one, other in (("a", "b"), ("c", "b"), ("a", "c")):
        counts = [len(groups) for groups in (kept[one], kept[other], kept[one] & kept[other])]
        found = compare.compared(rig, one, other)
        assert [found["kept_a"], found["kept_b"], found["counts"]["both"]] == counts
        rows = found["rows"]
        assert [sum(row[part] for row in rows) for part in ("a", "b", "both")] == counts
        for part, count in found["counts"].items():
            assert len(compare.view(rig, one, other, part)) == count


def test_browsing_and_export_know_whole_groups(rig, operators, tmp_path) -> None:
    """What was left out are the other images of the slice; the list has all samples."""
    operators.downsample(rig, 6, whole_groups=True)
    assert len(operators.view_buckets(rig, "excluded", run_key="smartdownsample")) == 14
    assert len(operators.view_buckets(rig, "kept", run_key="smartdownsample")) == 6
    result = operators.export_run(rig, "smartdownsample", str(tmp_path / "kept.csv"))
    assert result["samples"] == 18


def test_a_group_without_the_slice_is_left_alone(rig, operators, images) -> None:
    """It has no image to be compared by, so it is not among those to choose from."""
    group = fo.Group()
    rig.add_samples([fo.Sample(images[40], rig=group.element("right"))])
    assert operators.downsample(rig, 20, whole_groups=True)["images"] == 20
    assert len(_tagged(rig)) == 60


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group_slice": "up"}, r"has no slice 'up'; it has 'left', 'right', 'cloud'"),
        ({"group_slice": "cloud"}, r"are point clouds.*or choose the slice 'left' or 'right'"),
    ],
    ids=["unknown", "without images"],
)
def test_a_wrong_slice_is_refused(rig, operators, state_of, settings, message) -> None:
    """The error names those that there are, and nothing is written."""
    before = state_of(rig)
    with pytest.raises(ValueError, match=message):
        operators.downsample(rig, 5, **settings)
    assert state_of(rig) == before


def test_whole_groups_need_groups(rig, dataset, operators) -> None:
    """They are refused where there are none, and where a group has several images in the view."""
    with pytest.raises(ValueError, match="only grouped datasets have groups to keep"):
        operators.downsample(dataset, 5, whole_groups=True)
    with pytest.raises(ValueError, match="'left' does not exist, as the dataset has no groups"):
        operators.downsample(dataset, 5, group_slice="left")
    with pytest.raises(ValueError, match=r"needs one image of each group, .*'left', 'right'"):
        operators.downsample(rig.select_group_slices(["left", "right"]), 5, whole_groups=True)


def test_the_form_asks_grouped_datasets_only(rig, dataset, post) -> None:
    """It offers the slices, and says that groups are kept."""
    params = {"target_count": 5, "group_slice": "right", "whole_groups": True}
    properties = post("resolve-type", "downsample", rig, params)["type"]["properties"]
    offered = [choice["value"] for choice in properties["group_slice"]["view"]["choices"]]
    assert offered == ["left", "right", "cloud"]
    assert properties["forecast"]["default"].startswith("Keeps 5 of 20 groups.")
    assert not any(prop["invalid"] for prop in properties.values())
    form = post("resolve-type", "downsample", dataset, {"target_count": 5})
    assert not {"group_slice", "whole_groups"} & set(form["type"]["properties"])
