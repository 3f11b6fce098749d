"""Strategies and constraints, end to end: what is chosen, what is written, what goes again."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from types import SimpleNamespace
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from fiftyone import ViewField as F

from plugin.config import DownsampleConfig
from plugin.jobs import choices, labels
from plugin.targets import Subject
from smartdownsample_core import Choice, Signatures, downsample, extract, natural_order
from smartdownsample_core.selection import ChoiceSettings
from smartdownsample_core.settings import declared

_LABELS = ["fox"] * 50 + ["owl"] * 20 + ["lynx"] * 6 + [None] * 4
_BOX = [0, 0, 0.5, 0.5]


@cache
def _signatures(paths: tuple[str, ...]) -> Signatures:
    return extract(paths)


def _chosen(paths: list[str], target_count: int | None, **choice: Any) -> set[str]:
    """The paths that the core chooses."""
    asked = Choice(**choice).for_paths(paths)
    selection = downsample(
        _signatures(tuple(paths)), natural_order(paths), target_count, choice=asked
    )
    return {paths[index] for index in selection.indices}


def _kept(dataset: fo.Dataset, tag: str = "smartdownsample") -> set[str]:
    return set(dataset.match_tags(tag).values("filepath"))


@pytest.fixture
def dataset(signed_dataset: fo.Dataset) -> fo.Dataset:
    """A dataset of the 80 images, whose signatures are there already."""
    return signed_dataset


@pytest.fixture
def labelled(dataset: fo.Dataset) -> fo.Dataset:
    """The dataset with labels of three kinds, alike in what they say."""
    for sample, label in zip(dataset.iter_samples(autosave=True), _LABELS, strict=True):
        sample["species"] = label
        if label is not None:
            sample["truth"] = fo.Classification(label=label)
            # A fox beside everything: the rarer label counts.
            found = [fo.Detection(label=name, bounding_box=_BOX) for name in ("fox", label)]
            sample["boxes"] = fo.Detections(detections=found)
    return dataset


@pytest.fixture
def embedded(dataset: fo.Dataset) -> fo.Dataset:
    """The dataset with embeddings of 5 numbers in the field ``vectors``."""
    vectors = np.random.default_rng(0).normal(size=(80, 5))
    dataset.add_sample_field("vectors", fo.VectorField)
    dataset.set_values("vectors", list(vectors))
    return dataset


@pytest.mark.parametrize("strategy", ["stride", "diverse", "representative"])
@pytest.mark.parametrize("more", [{}, {"near_duplicates": 6}, {"leave_out_junk": True}], ids=str)
def test_the_choice_is_that_of_the_core(dataset, operators, images, strategy, more) -> None:
    """Each strategy keeps exactly what the core keeps, with and without constraints."""
    result = operators.downsample(dataset, 30, strategy=strategy, **more)
    assert _kept(dataset) == _chosen(images, 30, strategy=strategy, **more)
    assert (result["kept"], result["strategy"]) == (30, strategy)


@pytest.mark.parametrize(
    ("prefer", "sign"), [("sharpness", 1), ("score", 1), ("-score", -1), ("metadata.width", 0)]
)
def test_measures_and_fields_are_preferred(dataset, operators, images, prefer, sign) -> None:
    """A field of numbers counts for its samples; those without a number come last."""
    score = [None if row % 7 == 0 else row * 31 % 80 / 8 for row in range(80)]
    dataset.set_values("score", score)
    dataset.compute_metadata()
    result = operators.downsample(dataset, 30, duplicate_distance=15, prefer=prefer)
    assert result["choice"].startswith(f"Prefers `{prefer}`; excludes near-duplicates")
    numbers = [None if value is None else sign * value for value in score]
    if not sign:
        numbers = dataset.values(prefer)
    wanted = "sharpness" if prefer == "sharpness" else numbers
    kept = _chosen(images, 30, strategy="diverse", duplicate_distance=15, prefer=wanted)
    assert _kept(dataset) == kept


@pytest.mark.parametrize(
    ("prefer", "message"),
    [
        (
            "sharpnes",
            "the dataset has no field 'sharpnes'; there is 'sharpness', .*; measures are sharpness",
        ),
        ("species", "'species' is of type StringField and holds no numbers"),
    ],
)
def test_what_cannot_be_preferred_is_refused(labelled, operators, prefer, message) -> None:
    """With the measures that there are."""
    with pytest.raises(ValueError, match=message):
        operators.downsample(labelled, 30, prefer=prefer)


def test_a_rank_is_a_smaller_run(dataset, operators) -> None:
    """The first m in the order of choice are what a run for m samples keeps."""
    result = operators.downsample(dataset, 30, strategy="diverse")
    field = result["rank_field"]
    assert field == "smartdownsample_rank"
    assert sorted(dataset.exists(field).values(field)) == list(range(1, 31))
    for target in (1, 7, 20):
        operators.downsample(dataset, target, strategy="diverse", run_key="small")
        first = dataset.match((F(field) >= 1) & (F(field) <= target))  # None is less than 1
        assert set(first.values("filepath")) == _kept(dataset, "small")
    declared = dataset.get_field(field)
    assert "1 was chosen first" in declared.description
    assert declared.info == {"smartdownsample": {"run": "smartdownsample"}}


def test_another_target_reads_no_image(make_dataset, operators, own_images) -> None:
    """With the images gone but their stamps the same, a run with another target works."""
    dataset = make_dataset(own_images)
    operators.downsample(dataset, 5, strategy="diverse")
    for path in own_images:  # same size and time, but no image any more
        status = os.stat(path)
        with open(path, "r+b") as file:
            file.write(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    result = operators.downsample(
        dataset, 15, strategy="diverse", near_duplicates=3, leave_out_junk=True
    )
    assert (result["kept"], result["computed"], result["reused"]) == (15, 0, 24)
    assert result["unreadable"] == 0


def test_signatures_without_a_descriptor_are_computed_again(dataset, operators) -> None:
    """Signatures of before there were descriptors are stale."""
    operators.compute_signatures(dataset)
    dataset.limit(10).set_values("signature.descriptor", [None] * 10)
    assert operators.compute_signatures(dataset)["computed"] == 10
    dataset.delete_sample_field("signature.descriptor")
    assert operators.compute_signatures(dataset)["computed"] == 80
    assert dataset.count("signature.descriptor") == 80


def test_one_of_each_group_of_near_duplicates(dataset, operators, images, state_of) -> None:
    """Without a target, one of each group is kept; the groups can be browsed and are undone."""
    before = state_of(dataset)
    result = operators.downsample(dataset, near_duplicates=10)
    assert _kept(dataset) == _chosen(images, None, near_duplicates=10)
    field = result["group_field"]
    groups = dataset.count_values(field)
    alone = groups.pop(None, 0)
    assert result["groups"] == len(groups) > 3
    assert result["grouped"] == sum(groups.values()) == 80 - alone
    assert min(groups.values()) >= 2
    assert sorted(groups) == list(range(1, len(groups) + 1))
    assert result["kept"] == len(groups) + alone
    kept = dataset.match_tags("smartdownsample").count_values(field)
    assert {number: kept[number] for number in groups} == dict.fromkeys(groups, 1)
    saved = dataset.load_saved_view(result["groups_view"])
    shown = operators.view_buckets(dataset, "near_duplicates", run_key="smartdownsample")
    for view in (saved, shown):
        sizes = {group.first()[field]: len(group) for group in view.iter_dynamic_groups()}
        assert sizes == groups
    undone = operators.delete_run(dataset, "smartdownsample")
    assert undone["fields"] == list(result["fields"].values())
    assert field in undone["fields"]
    assert result["groups_view"] in undone["saved_views"]
    _assert_same(before, state_of(dataset))


def test_a_target_is_reached_all_the_same(dataset, operators) -> None:
    """Near-duplicates are kept if the target needs them, and the result says how many."""
    alone = operators.downsample(dataset, near_duplicates=10)["kept"]
    result = operators.downsample(dataset, alone + 7, near_duplicates=10)
    assert (result["kept"], result["near_duplicates_kept"]) == (alone + 7, 7)
    assert "7 near-duplicates of kept images had to be kept" in result["warning"]


@pytest.mark.parametrize(
    "path", ["species", "truth.label", "truth", "boxes.label", "boxes", "boxes.detections.label"]
)
def test_every_label_gets_its_share(labelled, operators, path) -> None:
    """Equal shares, as far as there are samples: of fields, Classification and Detections."""
    result = operators.downsample(labelled, 40, stratify_by=path, balance="equal")
    strata = {row["name"]: row["kept"] for row in result["strata"]}
    assert strata == {"fox": 15, "owl": 15, "lynx": 6, "(no label)": 4}
    kept = Counter(labelled.match_tags("smartdownsample").values("species"))
    assert kept == {"fox": 15, "owl": 15, "lynx": 6, None: 4}
    assert [row["name"] for row in result["strata"]] == ["fox", "owl", "lynx", "(no label)"]


def test_tags_are_labels_too(dataset, operators) -> None:
    """A list of texts is a label: the rarest of them counts."""
    dataset.tag_samples("all")
    dataset.limit(4).tag_samples("few")
    result = operators.downsample(dataset, 8, stratify_by="tags", balance="equal", tag="chosen")
    assert {row["name"]: row["kept"] for row in result["strata"]} == {"all": 4, "few": 4}


def test_a_field_is_stratified_by_and_limited(labelled, operators) -> None:
    """Limits name the field as strata do, and both hold."""
    limits = {"max_per": {"truth.label": 3}, "min_per": {"truth.label": 1}}
    operators.downsample(labelled, 6, stratify_by="truth.label", **limits)
    kept = labelled.match_tags("smartdownsample").count_values("truth.label")
    assert sum(kept.values()) == 6
    assert all(1 <= n <= 3 for n in kept.values())


def test_a_limit_per_group_is_enough(labelled, operators) -> None:
    """Without a target, each label keeps as many as it may."""
    result = operators.downsample(labelled, stratify_by="truth.label", max_per_group=5)
    assert {row["kept"] for row in result["strata"]} == {5, 4}
    assert result["kept"] == 19


@pytest.mark.parametrize("how", ["tag", "view-name", "view", "ids"])
def test_what_is_to_be_kept_is_kept(dataset, operators, images, how) -> None:
    """Samples named by a tag, a saved view, a view or ids are in, and count."""
    rows = [3, 4, 5, 40]
    ids = [dataset.values("id")[row] for row in rows]
    view = dataset.select(ids)
    view.tag_samples("gold")
    dataset.save_view("my gold", view)
    keep = {"tag": "gold", "view-name": "my gold", "view": view, "ids": ids}[how]
    result = operators.downsample(dataset, 20, strategy="diverse", keep=keep)
    assert _kept(dataset) == _chosen(images, 20, strategy="diverse", keep=rows)
    assert {images[row] for row in rows} <= _kept(dataset)
    assert result["kept"] == 20
    ranks = view.values("smartdownsample_rank")
    assert sorted(ranks) == [1, 2, 3, 4]


def test_a_run_can_be_added_to(dataset, operators) -> None:
    """With its own tag to keep, a run that replaces another has all of it, and more."""
    operators.downsample(dataset, 10)
    before = _kept(dataset)
    operators.downsample(dataset, 25, keep="smartdownsample")
    assert before < _kept(dataset)
    assert dataset.count_sample_tags() == {"smartdownsample": 25}


def test_embeddings_of_a_field(embedded, operators, images) -> None:
    """Images are compared by the embeddings of a field."""
    vectors = np.stack(embedded.values("vectors"))
    operators.downsample(embedded, 20, strategy="diverse", features="vectors")
    assert _kept(embedded) == _chosen(images, 20, strategy="diverse", features=vectors)
    assert _kept(embedded) != _chosen(images, 20, strategy="diverse")


@pytest.mark.parametrize("stored_in_field", [True, False], ids=["field", "index"])
def test_embeddings_of_a_brain_key(embedded, operators, images, stored_in_field) -> None:
    """A similarity run gives its embeddings, whatever the order of the view."""
    import fiftyone.brain as fob

    vectors = np.stack(embedded.values("vectors"))
    fob.compute_similarity(
        embedded,
        embeddings="vectors" if stored_in_field else vectors,
        brain_key="near",
        backend="sklearn",
    )
    view = embedded.sort_by("filepath", reverse=True)
    operators.downsample(view, 20, strategy="diverse", features="near")
    rows = [images.index(path) for path in view.values("filepath")]
    wanted = _chosen([images[row] for row in rows], 20, strategy="diverse", features=vectors[rows])
    assert _kept(embedded) == wanted


def test_near_duplicates_by_embeddings(embedded, operators, images) -> None:
    """With features, near-duplicates are a matter of cosine distance."""
    vectors = np.stack(embedded.values("vectors"))
    operators.downsample(embedded, near_duplicates=0.2, features="vectors")
    wanted = _chosen(images, None, near_duplicates=0.2, features=vectors)
    assert _kept(embedded) == wanted
    assert len(wanted) < 80


def test_an_undo_leaves_nothing_of_any_option(embedded, operators, state_of) -> None:
    """Ranks, groups, views and descriptors go with the run."""
    embedded.limit(3).tag_samples("gold")
    before = state_of(embedded)
    operators.downsample(
        embedded,
        30,
        strategy="diverse",
        near_duplicates=0.1,
        features="vectors",
        stratify_by="tags",
        balance=0.5,
        max_per_group=60,
        keep="gold",
        leave_out_junk=True,
    )
    fields = embedded.get_field_schema()
    assert {"smartdownsample_rank", "smartdownsample_group"} <= set(fields)
    operators.delete_run(embedded, "smartdownsample")
    _assert_same(before, state_of(embedded))


def test_a_replacing_run_takes_the_fields_of_the_first(dataset, operators) -> None:
    """What the second run does not write is gone."""
    operators.downsample(dataset, 20, strategy="diverse", near_duplicates=6)
    operators.downsample(dataset, 20, strategy="stride")
    assert set(dataset.get_field_schema()) & {"smartdownsample_rank", "smartdownsample_group"} == (
        set()
    )
    assert dataset.list_saved_views() == [
        "smartdownsample kept",
        "smartdownsample buckets",
        "smartdownsample stands for",
    ]


def test_a_bucket_is_in_natural_order(make_dataset, operators, images, tmp_path) -> None:
    """Inside the tiles of the bucket view, cam2 comes before cam10."""
    paths = []
    for number in (10, 9, 100, 2):
        path = tmp_path / f"cam{number}.jpg"
        path.symlink_to(images[0])
        paths.append(str(path))
    dataset = make_dataset(paths)
    operators.downsample(dataset, 1, near_duplicates=0)
    for name in ("smartdownsample buckets", "smartdownsample near-duplicates"):
        (group,) = dataset.load_saved_view(name).iter_dynamic_groups()
        assert [os.path.basename(path) for path in group.values("filepath")] == [
            "cam2.jpg",
            "cam9.jpg",
            "cam10.jpg",
            "cam100.jpg",
        ]


def _assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    for state in (before, after):
        for sample in state["samples"]:
            del sample["last_modified_at"]
    assert after == before


def test_tags_that_runs_and_splits_gave_are_no_labels(dataset, operators) -> None:
    """The same call keeps the same each time, and no tag of another run or split is a stratum."""
    dataset.limit(50).tag_samples("train")
    dataset.skip(50).tag_samples("val")
    options = {"stratify_by": "tags", "balance": "equal", "workers": "threads"}
    found = []
    for run_key in ("first", "first", "second"):
        result = operators.downsample(dataset, 20, run_key=run_key, **options)
        sizes = {stratum["name"]: stratum["size"] for stratum in result["strata"]}
        found.append((sizes, _kept(dataset, run_key)))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == {"train": 50, "val": 30}
    operators.split(dataset, "half=1, other=1")
    operators.downsample(dataset, 20, run_key="first", **options)
    assert _kept(dataset, "first") == found[0][1]


def test_fields_that_runs_wrote_are_no_labels(dataset, operators) -> None:
    """They are not offered, and a run is not stratified by what it replaces."""
    options = {"strategy": "diverse", "near_duplicates": 8, "workers": "threads"}
    operators.downsample(dataset, 20, **options)
    offered = [path for path, _ in labels.options(dataset)]
    assert offered == ["folder", "tags", "signature.bucket_name"]
    with pytest.raises(
        ValueError, match=r"'smartdownsample_group' belongs to the run 'smartdown.*repl"
    ):
        operators.downsample(dataset, 20, stratify_by="smartdownsample_group", **options)


def test_an_image_that_cannot_be_read_needs_no_embedding(embedded, operators, tmp_path) -> None:
    """If it is not there, or compute_signatures could not read it; others do."""
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no image")
    options = {"features": "vectors", "strategy": "diverse", "workers": "threads"}
    embedded.add_sample(fo.Sample(str(tmp_path / "gone.jpg")))
    assert operators.downsample(embedded, 20, **options)["unreadable"] == 1
    embedded.add_sample(fo.Sample(str(damaged)))
    with pytest.raises(ValueError, match=f"1 of 82 .* such as {embedded.last().id}; compute"):
        operators.downsample(embedded, 20, **options)
    operators.compute_signatures(embedded, workers="threads")
    assert operators.downsample(embedded, 20, **options)["kept"] == 20


def test_an_embedding_that_is_not_finite_is_named(embedded, operators) -> None:
    """By the id of its sample."""
    vectors = embedded.values("vectors")
    vectors[2] = np.full(5, np.nan)
    embedded.set_values("vectors", vectors)
    with pytest.raises(ValueError, match=f"the sample {embedded.values('id')[2]} with nan"):
        operators.downsample(
            embedded, 20, strategy="diverse", features="vectors", workers="threads"
        )


@pytest.mark.parametrize("target", [None, 60])
def test_as_few_are_kept_as_leave_all_within_a_distance(
    dataset: fo.Dataset, operators: SimpleNamespace, target: int | None
) -> None:
    """As in the core, with a target and without."""
    result = operators.downsample(dataset, target, max_distance=30)
    paths = dataset.values("filepath")
    expected = _chosen(paths, target, strategy="diverse", max_distance=30)
    assert 1 < len(expected) < 60
    assert _kept(dataset) == expected
    assert "leave every image within 30" in result["choice"]


def test_every_setting_of_a_choice_is_one_of_a_run(dataset: fo.Dataset) -> None:
    """None is dropped on the way to the core."""
    own = {"stratify_by", "features", "prefer", "camera", "time", "keep"}
    shared = set(declared(ChoiceSettings)) - own
    assert set(declared(Choice)) - {"keys"} == own | shared
    subject = Subject.of(dataset, dataset.view())
    asked = {"max_distance": 30, "strategy": "diverse", "leave_out_junk": True, "cover": "bucket"}
    config = DownsampleConfig(target_count=9, **asked)
    choice = choices.make(subject, dataset.values("id"), config)
    assert {name: getattr(choice, name) for name in asked} == asked
