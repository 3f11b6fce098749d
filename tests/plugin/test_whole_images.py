"""Patches that choose whole samples: tags, fields, views, edits and forecasts follow."""

from __future__ import annotations

import json
from typing import Any

import fiftyone as fo
import pytest
from fiftyone import ViewField as F
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.config import DownsampleConfig
from plugin.jobs import engine, in_memory, whatif
from plugin.jobs.progress import with_bar
from plugin.runs import writes
from plugin.targets import Subject, WholeImages
from smartdownsample_core import Choice, Crop, Signatures, downsample, extract, natural_order

from .conftest import BOXES, assert_compared, deer_and_cars, shown_ids

KEY = "smartdownsample"


@pytest.fixture
def objects(make_dataset, images) -> fo.Dataset:
    """Images with one to four objects each, 60 in all, and two images without any."""
    made = [deer_and_cars(path, BOXES[: 1 + number % 4]) for number, path in enumerate(images[:24])]
    return make_dataset([*made, fo.Sample(images[24]), fo.Sample(images[25])])


@pytest.fixture
def patches(objects) -> fo.DatasetView:
    """All 60 of them."""
    return objects.to_patches("ground_truth")


def _signed(view: fo.DatasetView) -> Signatures:
    columns = view.values(["filepath", "ground_truth.bounding_box"])
    return extract([Crop(path, tuple(box)) for path, box in zip(*columns, strict=True)])


def _selected(
    view: fo.DatasetView, target: int, table: Signatures | None = None, **choice: Any
) -> tuple[list[str], list[str]]:
    """Returns the samples that the core keeps, in order, and the patches they are kept for."""
    paths, ids, samples = view.values(["filepath", "id", "sample_id"])
    how = Choice(strategy="diverse", **choice).for_paths(paths)
    table, order = table or _signed(view), natural_order(paths)
    found = downsample(table, order, target, 42, how, image_of=samples)
    assert found.ranking is not None
    rows = found.ranking.tolist()
    return [samples[row] for row in rows], [ids[row] for row in rows]


def _tagged_patches(dataset: fo.Dataset, tag: str = KEY) -> set[str]:
    labels = dataset.filter_labels("ground_truth", F("tags").contains(tag))
    return set(labels.values("ground_truth.detections.id", unwind=True))


def _patches_of(view: fo.DatasetView, samples: list[str]) -> set[str]:
    found = zip(*view.values(["id", "sample_id"]), strict=True)
    return {patch for patch, sample in found if sample in set(samples)}


def test_samples_are_kept_with_their_patches(objects, patches, operators) -> None:
    """Those that the core keeps: their tag, the label tag of their patches, ranks and counts."""
    result = operators.downsample(patches, 10, whole_images=True)
    samples, _ = _selected(patches, 10)
    assert (result["kept"], result["images"], result["items"]) == (
        10,
        60,
        "samples by patches ground_truth",
    )
    assert set(objects.match_tags(KEY).values("id")) == set(samples)
    assert _tagged_patches(objects) == _patches_of(patches, samples)
    assert result["summary"].startswith("Kept 10 of 24 samples (41.7%) by their 60 patches, from")
    assert "whole samples by their patches" in result["choice"]
    rank = "ground_truth.detections.smartdownsample_rank"
    for place, sample in enumerate(samples, 1):
        assert set(objects[[sample]].values(rank, unwind=True)) == {place}
    assert objects.match_tags(KEY, bool=False).count(rank) == 0
    kept = objects.load_saved_view(result["kept_view"])
    assert set(kept.values("id")) == _tagged_patches(objects)
    assert objects.load_run_results(KEY).record == json.loads(json.dumps(result)) == result


def test_what_would_be_kept_equals_the_core(objects, patches, operators) -> None:
    """For any target, whatever was asked before and ranked for a larger one."""
    operators.compute_signatures(patches, decode="exact")
    subject, table = Subject.of(objects, patches, whole_images=True), _signed(patches)

    @given(st.integers(1, 24), st.sampled_from(["nothing", "bucket"]), st.sampled_from([None, 15]))
    @settings(max_examples=20, deadline=None)
    def check(target: int, cover: str, within: float | None) -> None:
        asked = {"cover": cover, "duplicate_distance": within}
        config = DownsampleConfig(target_count=target, whole_images=True, decode="exact", **asked)
        stored = in_memory.load(patches, config)
        found = whatif.answer(subject, stored, config)
        samples, kept_for = _selected(patches, target, table, **asked)
        assert stored.ids_of(found.chosen) == kept_for
        assert set(stored.ids_of(found.indices)) == _patches_of(patches, samples)

    check()


def test_patches_that_are_left_out_are_explained(objects, patches, operators) -> None:
    """By the nearest patch of a kept sample; a target counts samples, as do limits."""
    operators.downsample(patches, 10, whole_images=True)
    fields = [f"ground_truth.detections.{KEY}_{name}" for name in ("kept_by", "reason", "distance")]
    columns = [objects.values(path, unwind=True) for path in fields]
    ids = objects.values("ground_truth.detections.id", unwind=True)
    kept = _tagged_patches(objects)
    for patch, by, reason, distance in zip(ids, *columns, strict=True):
        assert by in kept
        assert (by == patch) == (reason == "kept") == (distance == 0) == (patch in kept)
    tiles = objects.load_saved_view(f"{KEY} stands for")
    assert sum(len(tile) for tile in tiles.iter_dynamic_groups()) == 60
    result = operators.downsample(
        patches, "50%", whole_images=True, stratify_by="ground_truth.label", balance="equal"
    )
    assert result["kept"] == 12
    assert {row["name"]: (row["size"], row["kept"]) for row in result["strata"]} == {
        "deer": (24, 6),
        "car": (18, 6),
    }
    farthest = max(columns[2])
    near = operators.downsample(patches, 24, whole_images=True, max_distance=farthest)
    assert 1 < near["kept"] <= 10
    assert max(objects.values(fields[2], unwind=True)) <= farthest


def test_an_undo_leaves_all_as_before(objects, patches, operators, state_of) -> None:
    """Both tags are gone, and those of the user stay; runs of patches alone replace it."""
    objects.limit(3).tag_samples("mine")
    objects.limit(3).tag_labels("mine", label_fields="ground_truth")
    before = state_of(objects)
    operators.downsample(patches, 10, whole_images=True, near_duplicates=4)
    assert operators.downsample(patches, 7, whole_images=True)["replaced"]
    assert objects.count_sample_tags() == {"mine": 3, KEY: 7}
    operators.downsample(patches, 9)
    assert objects.count_sample_tags() == {"mine": 3}
    assert len(_tagged_patches(objects)) == 9
    operators.downsample(patches, 7, whole_images=True)
    removed = operators.delete_run(objects, KEY)
    assert (removed["items"], removed["untagged"]) == ("samples by patches ground_truth", 7)
    after = state_of(objects)
    for state in (before, after):
        for sample in state["samples"]:
            del sample["last_modified_at"]
    assert after == before


def test_a_run_of_samples_is_replaced_and_replaces(objects, patches, operators) -> None:
    """Their tags are those of the run before, and no others'."""
    operators.downsample(objects, 5)
    operators.downsample(patches, 6, whole_images=True)
    assert objects.count_sample_tags() == {KEY: 6}
    operators.downsample(objects, 4)
    assert objects.count_sample_tags() == {KEY: 4}
    assert objects.count_label_tags() == {}


def test_tags_of_the_user_are_not_taken(objects, patches, operators) -> None:
    """Of samples or labels, also if a run of patches had the tag."""
    operators.downsample(patches, 5, tag="best")
    objects.limit(1).tag_samples("best")
    with pytest.raises(ValueError, match="samples and their patches are tagged 'best' already"):
        operators.downsample(patches, 5, tag="best", whole_images=True)
    assert objects.count_sample_tags() == {"best": 1}


@pytest.mark.parametrize("of_labels", [True, False], ids=["patches", "samples"])
def test_tagged_samples_are_kept(objects, patches, operators, of_labels) -> None:
    """By a tag of samples, or a label tag of some of their patches; each counts once."""
    gold = objects.skip(5).limit(3)
    if of_labels:
        gold.tag_labels("gold", label_fields="ground_truth")
    else:
        gold.tag_samples("gold")
    result = operators.downsample(patches, 4, whole_images=True, keep="gold")
    assert result["kept"] == 4
    assert not result["warning"]
    assert set(gold.values("id")) < set(objects.match_tags(KEY).values("id"))
    with pytest.raises(ValueError, match="has 3 samples, more than the target of 2"):
        operators.downsample(patches, 2, whole_images=True, keep="gold")


@pytest.mark.parametrize(
    ("target", "asked", "message"),
    [
        (25, {}, "25 exceeds the 24 samples"),
        (5, {"strategy": "stride"}, "whole_images needs strategy 'diverse', not 'stride'"),
    ],
    ids=["target", "strategy"],
)
def test_what_does_not_fit_is_refused(patches, operators, target, asked, message) -> None:
    with pytest.raises(ValueError, match=message):
        operators.downsample(patches, target, whole_images=True, **asked)


def test_samples_alone_have_no_patches(objects, operators) -> None:
    with pytest.raises(ValueError, match="the view holds samples, and only patches can"):
        operators.downsample(objects, 5, whole_images=True)


@pytest.mark.parametrize("moment", ["_put", "put_views"])
def test_an_interrupted_run_is_completed(objects, patches, operators, monkeypatch, moment) -> None:
    """Samples and patches are tagged, each once."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writes, moment, interrupted)
        config = DownsampleConfig(target_count=6, whole_images=True)
        with pytest.raises(KeyboardInterrupt):
            with_bar(engine.run(objects, patches, config))
    assert writes.recover(objects) == {KEY: "written"}
    objects.reload()
    tags = [tags for tags in objects.values("tags") if tags]
    assert tags == [[KEY]] * 6
    assert len(objects.load_saved_view(f"{KEY} kept")) == len(_tagged_patches(objects))


def test_samples_are_edited_by_hand(objects, patches, operators) -> None:
    """By the id of a patch or of the sample; all its patches come and go with it."""
    operators.downsample(patches, 8, whole_images=True)
    before = objects.match_tags(KEY).values("id")
    others = objects.match_tags(KEY, bool=False).match(F("ground_truth.detections").length() > 2)
    added = others.first()
    result = operators.edit_run(objects, KEY, keep=added.ground_truth.detections[1].id)
    assert (result["kept"], result["chosen"]) == (9, 8)
    assert "chosen by the run: 8, added by hand: 1, left out by hand: 0" in result["summary"]
    assert set(objects.match_tags(KEY).values("id")) == {*before, added.id}
    assert _tagged_patches(objects) == _patches_of(patches, [*before, added.id])
    rank = "ground_truth.detections.smartdownsample_rank"
    assert set(objects[[added.id]].values(rank, unwind=True)) == {9}
    result = operators.edit_run(objects, KEY, drop=before[:1])
    assert (result["kept"], len(objects.match_tags(KEY))) == (8, 8)
    ranks = objects.match_tags(KEY).values(rank, unwind=True)
    assert set(ranks) == set(range(1, 9))
    assert None not in ranks
    assert operators.edit_run(objects, KEY, take_back=True)["kept"] == 9
    assert operators.edit_run(objects, KEY, take_back=True)["kept"] == 8
    assert objects.match_tags(KEY).values("id") == before
    assert _tagged_patches(objects) == _patches_of(patches, before)
    with pytest.raises(ValueError, match="already; omit it"):
        operators.edit_run(objects, KEY, keep=before[:1])


def test_lists_have_the_samples(objects, patches, operators, tmp_path) -> None:
    """A row for each patch of a kept sample, with the sample's id and rank."""
    operators.downsample(patches, 8, whole_images=True)
    samples, _ = _selected(patches, 8)
    path = tmp_path / "kept.json"
    operators.export_run(objects, KEY, str(path))
    rows = json.loads(path.read_text())
    assert {row["id"] for row in rows} == _tagged_patches(objects)
    assert all(samples[row["rank"] - 1] == row["sample_id"] for row in rows)
    excluded = operators.view_buckets(objects, "excluded", run_key=KEY)
    assert set(excluded.values("id")) == set(patches.values("id")) - _tagged_patches(objects)


def test_the_form_asks_of_patches_only(objects, patches, post) -> None:
    """It counts samples then, and says so."""
    form = post("resolve-type", "downsample", objects, {"target_count": 5})
    assert "whole_images" not in form["type"]["properties"]
    params = {"target_count": "50%", "whole_images": True}
    form = post("resolve-type", "downsample", objects, params, view=patches._serialize())
    properties = form["type"]["properties"]
    assert properties["target_count"]["view"]["description"] == "50% of the 24 samples: exactly 12"
    assert properties["forecast"]["default"].startswith("Keeps 12 of 24 samples. Writes")
    assert "the tag `smartdownsample`" in properties["forecast"]["default"]
    params = {"target_count": 5, "whole_images": True, "strategy": "stride"}
    form = post("resolve-type", "downsample", objects, params, view=patches._serialize())
    text = json.dumps(form["type"]["properties"]["whole_images"])
    assert (
        "'Keep whole samples' needs 'What the images are for' set to 'Label or train', not" in text
    )


def test_the_panel_chooses_whole_samples(objects, patches, operators, open_panel) -> None:
    """From its switch to the run: what would be kept is what is."""
    operators.compute_signatures(patches)
    user = open_panel(objects)
    user.view = patches._serialize()
    user.do("take_view")
    user.change("more", True)
    user.change("whole_images", True)
    user.change("target_count", 9)
    assert "Would keep 9 of 24 samples (37.5%) by their 60 patches" in user.text
    user.do("show_kept")
    would_keep = shown_ids(objects, user)
    user.do("fold_curve", value=True)
    assert "9 kept: the farthest image left out is at" in user.text
    user.do("apply")
    params = user.called("prompt_user_for_operation")["params"]
    assert (params["target_count"], params["whole_images"]) == (9, True)
    operators.downsample(patches, 9, whole_images=True)
    assert would_keep == _tagged_patches(objects)
    user.do("after_apply", original_params={})
    assert "Kept 9 of 24 samples" in user.text
    assert "saved as the run `smartdownsample`" in user.text
    operators.edit_run(objects, KEY, drop=objects.match_tags(KEY).values("id")[:1])
    user.change("target_count", 8)
    user.change("target_count", 9)
    assert "chosen by the run: 9, added by hand: 0, left out by hand: 1" in user.text


def test_two_runs_are_compared(objects, patches, operators, open_panel) -> None:
    """By the patches of what they kept."""
    operators.downsample(patches, 5, whole_images=True, run_key="some")
    operators.downsample(patches, 12, whole_images=True, run_key="more", random_seed=1)
    user = open_panel(objects)
    user.choose("run:some")
    kept = {key: _tagged_patches(objects, key) for key in ("some", "more")}
    assert_compared(objects, user, kept)


def test_samples_of_a_slice_are_kept(make_dataset, operators, images) -> None:
    """By the patches of that slice; samples of other slices stay without a tag."""
    dataset = make_dataset()
    dataset.add_group_field("group", default="left")
    for left, right in zip(images[:6], images[6:12], strict=True):
        group = fo.Group()
        found = [fo.Detection(label="car", bounding_box=list(box)) for box in BOXES[:2]]
        one = group.element("left"), fo.Detections(detections=found)
        dataset.add_samples(
            [
                fo.Sample(left, group=one[0], ground_truth=one[1]),
                fo.Sample(right, group=group.element("right")),
            ]
        )
    view = dataset.select_group_slices("left").to_patches("ground_truth")
    result = operators.downsample(view, 4, whole_images=True)
    assert result["kept"] == 4
    assert not result["warning"]
    tagged = dataset.select_group_slices(["left", "right"]).match_tags(KEY)
    assert tagged.values("group.name") == ["left"] * 4
    assert len(dataset.load_saved_view(f"{KEY} kept")) == 8
    again = operators.downsample(view, 5, whole_images=True, run_key="again", keep=KEY)
    assert (again["kept"], again["warning"]) == (5, None)
    assert operators.delete_run(dataset, KEY)["untagged"] == 4


def test_counts_are_of_samples(objects, patches) -> None:
    """Of all patches, of some of them, and of those in a view."""
    items = WholeImages("ground_truth")
    assert (items.count(patches), items.count(patches.limit(3))) == (24, 2)
    ids = patches.values("id")
    assert items.count(patches, ids[1:3]) == 1
