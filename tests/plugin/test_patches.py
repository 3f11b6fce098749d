"""Patches: crops of objects are signed, and what is known of them is kept on the labels."""

from __future__ import annotations

import json
import shutil

import fiftyone as fo
import numpy as np
import pytest
from fiftyone import ViewField as F

from plugin import names
from plugin.config import DownsampleConfig
from plugin.jobs import engine
from plugin.jobs.progress import with_bar
from plugin.runs import writes
from smartdownsample_core import Choice, Crop, assign_buckets, downsample, extract, natural_order

from .conftest import BOXES, assert_compared, deer_and_cars, shown_ids


@pytest.fixture
def objects(make_dataset, images) -> fo.Dataset:
    """24 images with four objects each, cars and deer by turns, one image without any."""
    made = [deer_and_cars(path, BOXES) for path in images[:24]]
    return make_dataset([*made, fo.Sample(images[24]), fo.Sample(images[25])])


@pytest.fixture
def cars(objects) -> fo.DatasetView:
    """The 48 cars."""
    return objects.filter_labels("ground_truth", F("label") == "car").to_patches("ground_truth")


def _crops(view: fo.DatasetView) -> list[Crop]:
    columns = view.values(["filepath", "ground_truth.bounding_box"])
    return [Crop(path, tuple(box)) for path, box in zip(*columns, strict=True)]


def _chosen(view: fo.DatasetView, target_count: int) -> set[str]:
    crops = _crops(view)
    order = natural_order([crop.path for crop in crops])
    choice = Choice(strategy="diverse").for_paths([crop.path for crop in crops])
    selection = downsample(extract(crops), order, target_count, 42, choice)
    ids = view.values("id")
    return {ids[index] for index in selection.indices}


def _tagged(dataset: fo.Dataset, tag: str = "smartdownsample") -> set[str]:
    labels = dataset.filter_labels("ground_truth", F("tags").contains(tag))
    return set(labels.values("ground_truth.detections.id", unwind=True))


def test_exactly_n_crops_are_kept(objects, cars, operators) -> None:
    """Label tags are on those that the core chooses, and on nothing else."""
    result = operators.downsample(cars, 10)
    assert (result["kept"], result["images"], result["computed"]) == (10, 48, 48)
    assert _tagged(objects) == _chosen(cars, 10)
    assert objects.count_label_tags() == {"smartdownsample": 10}
    assert objects.count_sample_tags() == {}


def test_signatures_are_attributes_of_the_labels(objects, cars, operators) -> None:
    """Declared with type and description, equal to the core's, and on the cars only."""
    operators.downsample(cars, 10)
    schema = objects.get_field_schema(flat=True)
    for name, kind, description in names.SUBFIELDS:
        field = schema[f"ground_truth.detections.signature.{name}"]
        assert (type(field), field.description) == (kind, description)
    labels, buckets = objects.values(
        ["ground_truth.detections.label", "ground_truth.detections.signature.bucket"], unwind=True
    )
    of_cars = [bucket for label, bucket in zip(labels, buckets, strict=True) if label == "car"]
    assert of_cars == assign_buckets(extract(_crops(cars))).tolist()
    assert {bucket for label, bucket in zip(labels, buckets, strict=True) if label == "deer"} == {
        None
    }
    assert not objects.has_field("signature")


def test_labels_keep_what_they_had(objects, cars, operators) -> None:
    """Labels, boxes, ids and tags of the user stay as they were."""
    objects.limit(3).tag_labels("mine", label_fields="ground_truth")
    paths = [f"ground_truth.detections.{name}" for name in ("id", "label", "bounding_box")]
    before = objects.values(paths)
    operators.downsample(cars, 10)
    assert objects.values(paths) == before
    assert objects.count_label_tags()["mine"] == 12


def test_the_saved_views_are_views_of_patches(objects, cars, operators) -> None:
    """One shows the kept crops, the other one all of them by bucket, with their signatures."""
    result = operators.downsample(cars, 10)
    kept = objects.load_saved_view(result["kept_view"])
    assert isinstance(kept, fo.core.patches.PatchesView)
    assert set(kept.values("id")) == _tagged(objects)
    assert None not in kept.values("ground_truth.signature.bucket")
    buckets = objects.load_saved_view(result["buckets_view"])
    sizes = {
        group.first().ground_truth.signature.bucket: len(group)
        for group in buckets.iter_dynamic_groups()
    }
    assert sizes == {bucket["bucket"]: bucket["size"] for bucket in result["buckets"]}


def test_the_run_is_recorded(objects, cars, operators) -> None:
    """With its settings, in plain values, and the view it was for."""
    result = operators.downsample(cars, 10)
    record = objects.load_run_results("smartdownsample").record
    assert record == json.loads(json.dumps(result)) == result
    assert record["items"] == "patches ground_truth"
    assert record["signature_field"] == "ground_truth.detections.signature"
    assert len(objects.load_run_view("smartdownsample")) == 48


def test_signatures_are_reused_by_other_views(objects, cars, operators) -> None:
    """Of crops that were signed, whichever view they are in, nothing is read again."""
    operators.downsample(cars, 10)
    result = operators.downsample(objects.to_patches("ground_truth"), 20)
    assert (result["computed"], result["reused"]) == (48, 48)
    assert operators.downsample(cars, 5)["reused"] == 48  # an object made before the first run
    assert len(_tagged(objects)) == 5


def test_a_moved_box_is_signed_again(objects, cars, operators) -> None:
    """A signature is that of a box; one of another file or box does not hold."""
    operators.downsample(cars, 10)
    sample = objects.first()
    sample.ground_truth.detections[1].bounding_box = [0.1, 0.1, 0.2, 0.2]
    sample.save()
    view = objects.to_patches("ground_truth").match(F("ground_truth.label") == "car")
    result = operators.downsample(view, 10)
    assert (result["computed"], result["reused"]) == (1, 47)
    assert _tagged(objects) == _chosen(view, 10)


def test_after_an_undo_all_is_as_before(objects, cars, operators, state_of) -> None:
    """Tag, attributes, views and record are gone; a view made before is signed anew."""
    before = state_of(objects)
    operators.downsample(cars, 10, strategy="diverse", near_duplicates=4)
    result = operators.delete_run(objects, "smartdownsample")
    assert (result["items"], result["untagged"]) == ("patches ground_truth", 10)
    assert result["signature_field"] == "ground_truth.detections.signature"
    after = state_of(objects)
    for state in (before, after):
        for sample in state["samples"]:
            del sample["last_modified_at"]
    assert after == before
    assert operators.downsample(cars, 10)["computed"] == 48


def test_ranks_and_groups_are_attributes(objects, cars, operators) -> None:
    """The order of choice and the groups of near-duplicates are on the labels."""
    result = operators.downsample(cars, 10, strategy="diverse", near_duplicates=4)
    assert result["rank_field"] == "ground_truth.detections.smartdownsample_rank"
    ranks = objects.values(result["rank_field"], unwind=True)
    assert sorted(rank for rank in ranks if rank is not None) == list(range(1, 11))
    groups = objects.load_saved_view("smartdownsample near-duplicates")
    numbers = {group.first().ground_truth.smartdownsample_group for group in
               groups.iter_dynamic_groups()}  # fmt: skip
    assert len(numbers) == result["groups"] > 0


def test_unreadable_crops_are_recorded(make_dataset, operators, images, tmp_path) -> None:
    """A box without pixels, none at all, and a lost file: each with its reason, none chosen."""
    lost = str(tmp_path / "lost.jpg")

    def sample(path: str, *boxes: object) -> fo.Sample:
        found = [fo.Detection(label="car", bounding_box=box) for box in boxes]
        return fo.Sample(path, objects=fo.Detections(detections=found))

    good = [sample(path, *BOXES) for path in images[:3]]
    bad = [sample(images[3], [0.1, 0.1, 0.0, 0.2], None), sample(lost, [0, 0, 1, 1])]
    dataset = make_dataset([*good, *bad])
    result = operators.downsample(dataset.to_patches("objects"), 12)
    assert (result["kept"], result["unreadable"]) == (12, 3)
    errors = dataset.values("objects.detections.signature.error", unwind=True)
    assert errors[:12] == [None] * 12
    assert "its box (0.1, 0.1, 0.0, 0.2) has none of the" in errors[12]
    assert (
        "its box must be left, top, width and height, as shares of the image from 0 to 1, got ()"
        in errors[13]
    )
    assert errors[14] == f"File not found: {lost}"
    again = operators.compute_signatures(dataset.to_patches("objects"))
    assert (again["reused"], again["unreadable"]) == (12, 3)


def test_a_stopped_run_is_resumed(objects, cars, operators, monkeypatch, report_always) -> None:
    """Signatures written before a run was stopped are on the labels, and reused."""
    monkeypatch.setattr(engine, "WRITE_EVERY", 8)
    config = DownsampleConfig(target_count=10, n_workers=1, decode="exact")
    job = engine.run(objects, cars, config)
    next(progress for progress in job if objects.has_field("ground_truth.detections.signature"))
    job.close()
    signed = objects.count("ground_truth.detections.signature.bucket")
    assert 0 < signed < 48
    result = operators.downsample(cars, 10)
    assert (result["reused"], result["computed"]) == (signed, 48 - signed)


def test_choices_speak_of_crops(objects, operators) -> None:
    """Labels, embeddings and tags of the objects decide, by their paths in the view."""
    vectors = np.random.default_rng(0).random((96, 8))
    ids = objects.values("ground_truth.detections.id", unwind=True)
    objects.set_label_values(
        "ground_truth.detections.vector", dict(zip(ids, vectors, strict=True)), dynamic=True
    )
    patches = objects.to_patches("ground_truth")  # tagged only after it was made
    objects.select_labels(ids=ids[:3], fields="ground_truth").tag_labels("gold")
    result = operators.downsample(
        patches,
        20,
        strategy="diverse",
        features="ground_truth.vector",
        stratify_by="ground_truth.label",
        balance="equal",
        keep="gold",
    )
    assert {stratum["name"]: stratum["kept"] for stratum in result["strata"]} == {
        "car": 10,
        "deer": 10,
    }
    assert set(ids[:3]) <= _tagged(objects)


def test_patches_and_samples_share_a_dataset(objects, cars, operators) -> None:
    """Runs on images and on objects have fields of their own, and are undone one by one."""
    operators.downsample(objects, 5, run_key="images")
    operators.downsample(cars, 10, run_key="cars")
    assert operators.delete_run(objects, "images")["signature_field"] == "signature"
    assert objects.count_label_tags() == {"cars": 10}
    assert objects.count("ground_truth.detections.signature.bucket") == 48
    operators.delete_run(objects, "cars")
    assert objects.count_label_tags() == {}
    assert not objects.has_field("ground_truth.detections.signature")


def test_browsing_and_export(objects, cars, operators, tmp_path) -> None:
    """The operators on runs show and list crops."""
    operators.downsample(cars, 10)
    left_out = operators.view_buckets(objects, "excluded", run_key="smartdownsample")
    assert set(left_out.values("id")) == set(cars.values("id")) - _tagged(objects)
    tiles = operators.view_buckets(objects, run_key="smartdownsample")
    assert sum(len(group) for group in tiles.iter_dynamic_groups()) == 48
    path = tmp_path / "kept.json"
    operators.export_run(objects, "smartdownsample", str(path))
    rows = json.loads(path.read_text())
    assert {row["id"] for row in rows} == _tagged(objects)
    boxes = dict(zip(*cars.values(["id", "ground_truth.bounding_box"]), strict=True))
    assert all((row["label"], row["bounding_box"]) == ("car", boxes[row["id"]]) for row in rows)


def test_a_tag_of_the_user_is_not_taken(objects, cars, operators, state_of) -> None:
    """Nor is an attribute of the user, or a word of FiftyOne."""
    objects.limit(1).tag_labels("mine", label_fields="ground_truth")
    before = state_of(objects)
    with pytest.raises(ValueError, match="patches are tagged 'mine' already"):
        operators.downsample(cars, 10, tag="mine")
    with pytest.raises(ValueError, match="'bounding_box' is reserved by FiftyOne"):
        operators.downsample(cars, 10, signature_field="bounding_box")
    assert state_of(objects) == before


def test_crops_of_a_grouped_dataset(make_dataset, operators, images) -> None:
    """The patches of a slice are chosen from as any others are."""
    dataset = make_dataset()
    dataset.add_group_field("group", default="left")
    for left, right in zip(images[:10], images[10:20], strict=True):
        group = fo.Group()
        found = [fo.Detection(label="car", bounding_box=box) for box in BOXES]
        dataset.add_samples(
            [
                fo.Sample(
                    left, group=group.element("left"), objects=fo.Detections(detections=found)
                ),
                fo.Sample(right, group=group.element("right")),
            ]
        )
    view = dataset.select_group_slices("left").to_patches("objects")
    assert operators.downsample(view, 7)["kept"] == 7
    assert len(dataset.load_saved_view("smartdownsample kept")) == 7
    assert operators.delete_run(dataset, "smartdownsample")["untagged"] == 7


def test_thumbnails_show_the_crops(objects, cars, operators, tmp_path, own_images) -> None:
    """The chart of the buckets is drawn of the crops, not of whole images."""
    from PIL import Image

    for path in own_images[:2]:
        Image.new("RGB", (200, 100), (0, 0, 255)).save(path)
        with Image.open(path) as image:
            image.paste((255, 0, 0), (0, 0, 40, 40))
            image.save(path, quality=100)
    box = fo.Detection(label="red", bounding_box=[0, 0, 0.15, 0.3])
    objects.add_samples(
        [fo.Sample(p, ground_truth=fo.Detections(detections=[box.copy()])) for p in own_images[:2]]
    )
    view = objects.filter_labels("ground_truth", F("label") == "red").to_patches("ground_truth")
    chart = tmp_path / "chart.png"
    operators.downsample(view, 1, save_thumbnails=str(chart))
    colours = np.asarray(Image.open(chart).convert("RGB")).reshape(-1, 3).astype(int)
    red, blue = ((colours[:, a] - colours[:, b] > 150).sum() for a, b in ((0, 2), (2, 0)))
    assert red > 100 > blue
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_the_form_words_patches(objects, cars, post) -> None:
    """It says how many patches there are, and which attributes and label tag will be written."""
    form = post("resolve-type", "downsample", objects, {"target_count": 10}, view=cars._serialize())
    properties = form["type"]["properties"]
    assert (
        properties["target_count"]["view"]["description"] == "Exactly this many of the 48 patches"
    )
    *fields, _ = ["signature", *DownsampleConfig(target_count=10).fields()]  # without activity
    *first, last = [f"`ground_truth.detections.{name}`" for name in fields]
    assert properties["forecast"]["default"] == (
        f"Keeps 10 of 48 patches. Writes the fields {', '.join(first)} and {last}, the label tag "
        "`smartdownsample` and the saved views `smartdownsample kept`, `smartdownsample buckets` "
        "and `smartdownsample stands for`."
    )


def test_the_form_does_not_propose_whole_images(objects, cars, operators, post) -> None:
    """On what a run kept it warns, and leaves the choice with the patches."""
    operators.downsample(cars, 10)
    kept = objects.load_saved_view("smartdownsample kept")
    form = post("resolve-type", "downsample", objects, {"target_count": 5}, view=kept._serialize())
    properties = form["type"]["properties"]
    assert properties["view_target"]["default"] != "DATASET"
    forecast = properties["forecast"]["default"]
    assert "Keeps 5 of 10 patches (50.0%)" in forecast
    assert "These are only the patches that the run `smartdownsample` kept" in forecast


def test_the_app_shows_what_was_kept(objects, cars, post) -> None:
    """Over the server, as the App does it: the answer sets the view of the kept crops."""
    params = {"target_count": 10}
    events = post("execute/generator", "downsample", objects, params, view=cars._serialize())
    text = json.dumps(events)
    assert "set_view" in text
    assert "ToPatches" in text
    assert len(_tagged(objects)) == 10


@pytest.mark.parametrize("moment", ["before the tags", "after the tags"])
def test_an_interrupted_run_is_brought_to_its_end(
    objects, cars, operators, monkeypatch, moment
) -> None:
    """The next operation marks what was chosen, each label once."""
    with monkeypatch.context() as patch:
        if moment == "before the tags":
            patch.setattr(writes, "_put", _interrupted)
        else:
            patch.setattr(writes, "put_views", _interrupted)
        job = engine.run(objects, cars, DownsampleConfig(target_count=10, strategy="diverse"))
        with pytest.raises(KeyboardInterrupt):
            with_bar(job)
    assert writes.unfinished(objects) == ["smartdownsample"]
    assert writes.recover(objects) == {"smartdownsample": "written"}
    objects.reload()
    assert len(_tagged(objects)) == 10
    assert len(objects.load_saved_view("smartdownsample kept")) == 10
    ranks = objects.values("ground_truth.detections.smartdownsample_rank", unwind=True)
    assert sorted(rank for rank in ranks if rank is not None) == list(range(1, 11))


def test_labels_that_are_deleted_meanwhile_are_missed(
    objects, cars, operators, monkeypatch
) -> None:
    """The run is that of the others, and its warning counts them."""
    real = writes.save

    def deleting(dataset, view, written, *others):
        dataset.delete_labels(ids=written.kept_ids[:3], fields="ground_truth")
        return real(dataset, view, written, *others)

    monkeypatch.setattr(writes, "save", deleting)
    config = DownsampleConfig(target_count=10, n_workers=1, decode="exact")
    job = engine.run(objects, cars, config)
    warning = with_bar(job)["warning"]
    assert warning.startswith("3 of the 10 patches that were chosen have been deleted meanwhile")
    assert len(_tagged(objects)) == 7


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_saved_views_of_patches_can_be_chosen_from(objects, cars, operators) -> None:
    """One that is grouped by bucket counts as all of its patches, as one of samples does."""
    operators.downsample(cars, 10)
    buckets = objects.load_saved_view("smartdownsample buckets")
    result = operators.downsample(buckets, 7, run_key="second")
    assert (result["kept"], result["reused"]) == (7, 48)
    tiles = objects.load_saved_view("second buckets").iter_dynamic_groups()
    assert sum(len(tile) for tile in tiles) == 48
    kept = objects.load_saved_view("smartdownsample kept")
    assert operators.downsample(kept, 3, run_key="third")["images"] == 10


def test_selected_patches_are_chosen_from(objects, cars, post) -> None:
    """Those that are selected in the App's grid."""
    params = {"target_count": 5, "view_target": "SELECTED_SAMPLES"}
    chosen = cars.values("id")[:20]
    view = cars._serialize()
    post("execute/generator", "downsample", objects, params, view=view, selected=chosen)
    assert len(_tagged(objects) & set(chosen)) == len(_tagged(objects)) == 5


def test_the_panel_takes_patches(objects, cars, operators, open_panel) -> None:
    """From no signature to a run: what would be kept, excluded and in a bucket are patches."""
    user = open_panel(objects)
    user.view = cars._serialize()
    user.do("take_view")
    assert "None of the 48 patches has a visual signature yet" in user.text
    operators.compute_signatures(cars)
    user.do("after_compute")
    user.change("target_count", 10)
    user.do("show_kept")
    would_keep = shown_ids(objects, user)
    user.do("show_excluded")
    assert shown_ids(objects, user) == set(cars.values("id")) - would_keep
    user.do("show_all")
    user.do("click_bar", id=user.chart[0]["ids"][0])
    assert len(shown_ids(objects, user)) == int(user.table("buckets")[0]["size"])
    user.do("apply")
    params = user.called("prompt_user_for_operation")["params"]
    assert (params["target_count"], params["signature_field"]) == (10, "signature")
    operators.downsample(cars, 10)
    assert would_keep == _tagged(objects)
    user.do("after_apply", original_params={})
    assert "saved as the run `smartdownsample`" in user.text
    user.do("show_kept")
    assert shown_ids(objects, user) == _tagged(objects)


def test_two_runs_of_patches_are_compared(objects, cars, operators, open_panel) -> None:
    """One of the cars and one of all objects: numbers and grid are those of the label tags."""
    operators.downsample(cars, 12, run_key="some")
    operators.downsample(objects.to_patches("ground_truth"), 30, run_key="every")
    operators.downsample(objects, 5, run_key="images")
    user = open_panel(objects)
    user.choose("run:images")
    (choice,) = user.layout["choose"]["type"]["properties"]["other"]["view"]["choices"]
    assert choice["value"] == "settings:"  # no run of patches
    user.choose("run:some")
    assert_compared(objects, user, {key: _tagged(objects, key) for key in ("some", "every")})
    user.do("close_comparison")
    user.do("compare", value="settings:")
    assert "`some` kept 12, `these settings` kept 12" in user.text
