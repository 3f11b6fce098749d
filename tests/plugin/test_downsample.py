"""A run on a dataset or a part of it: what is chosen, and what is written."""

from __future__ import annotations

import asyncio
import json

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest

from plugin import names
from smartdownsample_core import (
    Choice,
    Signatures,
    assign_buckets,
    downsample,
    extract,
    natural_order,
)

_URI = "@smartdownsample/smartdownsample/downsample"


def _chosen_by_the_core(
    paths: list[str], target_count: int, random_seed: int = 42, strategy: str = "diverse"
) -> set[str]:
    choice = Choice(strategy=strategy).for_paths(paths)
    signatures, order = extract(paths), natural_order(paths)
    selection = downsample(signatures, order, target_count, random_seed, choice)
    return {paths[index] for index in selection.indices}


def _kept(dataset: fo.Dataset, tag: str = "smartdownsample") -> set[str]:
    return set(dataset.match_tags(tag).values("filepath"))


@pytest.mark.parametrize("target_count", [1, 5, 20, 79, 80])
def test_exactly_n_are_tagged(dataset, operators, images, target_count) -> None:
    """The tagged samples are as many as asked for, and those that the core chooses."""
    result = operators.downsample(dataset, target_count)
    assert dataset.count_sample_tags() == {"smartdownsample": target_count}
    assert result["kept"] == target_count
    assert _kept(dataset) == _chosen_by_the_core(images, target_count)


def test_the_seed_decides(dataset, operators, images) -> None:
    """Another seed keeps what the core keeps with that seed, and not the same samples."""
    operators.downsample(dataset, 20, random_seed=7, strategy="stride")
    seventh, other = (_chosen_by_the_core(images, 20, seed, "stride") for seed in (7, 42))
    assert _kept(dataset) == seventh != other


def test_every_sample_has_a_declared_signature(dataset, operators, images) -> None:
    """The signature has every sub-field, each with a type and a description, and an index."""
    operators.downsample(dataset, 20)
    schema = dataset.get_field_schema(flat=True)
    assert schema["signature"].description
    for name, kind, description in names.SUBFIELDS:
        field = schema[f"signature.{name}"]
        assert (type(field), field.description) == (kind, description)
    declared = {f"signature.{name}" for name, _, _ in names.SUBFIELDS}
    assert {path for path in schema if path.startswith("signature.")} == declared
    columns = Signatures.columns(grey=True).values()
    may_be_none = {name for column in columns if not column.required for name in column.subfields}
    for name in {name for name, _, _ in names.SUBFIELDS} - {"error"} - may_be_none:
        assert dataset.count(f"signature.{name}") == len(images)
    assert dataset.count("signature.error") == 0
    assert "signature.bucket" in dataset.get_index_information()


def test_fields_of_a_run_are_declared_in_one_write(dataset, operators) -> None:
    """They have one time of creation; FiftyOne takes 50 ms or more to write a dataset's schema."""
    operators.downsample(dataset, 20, near_duplicates=4, explain=True)
    schema = dataset.get_field_schema()
    declared = [field for name, field in schema.items() if name.startswith("smartdownsample_")]
    assert len(declared) >= 8
    assert len({field.created_at for field in declared}) == 1


def test_a_signature_has_all_its_attributes(make_dataset, operators, images) -> None:
    """A sub-field without a value is None on a sample: ``error`` if read, ``bucket`` if not."""
    dataset = make_dataset([images[0], "/nowhere/lost.jpg"])
    operators.downsample(dataset, 1)
    read, lost = (sample.signature for sample in dataset)
    assert (read.error, lost.bucket, lost.dhash) == (None, None, None)


def test_stored_buckets_are_those_of_the_core(dataset, operators, images) -> None:
    """Bucket ids in the dataset equal the core's own."""
    operators.downsample(dataset, 20)
    assert dataset.values("signature.bucket") == assign_buckets(extract(images)).tolist()


def test_the_saved_views_load(dataset, operators) -> None:
    """One saved view shows the kept samples, the other one all in a group per bucket."""
    result = operators.downsample(dataset, 20)
    kept = dataset.load_saved_view(result["kept_view"])
    assert set(kept.values("filepath")) == _kept(dataset)
    buckets = dataset.load_saved_view(result["buckets_view"])
    sizes = {group.first().signature.bucket: len(group) for group in buckets.iter_dynamic_groups()}
    assert sizes == {bucket["bucket"]: bucket["size"] for bucket in result["buckets"]}


def test_the_run_is_recorded(dataset, operators) -> None:
    """The custom run has the settings and, in plain values, what was returned."""
    result = operators.downsample(dataset, 20, random_seed=7, tag="chosen", n_workers=2)
    config = dataset.get_run_info("smartdownsample").config
    settings = {"target_count": 20, "random_seed": 7, "tag": "chosen", "n_workers": 2}
    assert settings.items() <= config.serialize().items()
    assert config.method == "smartdownsample"
    record = dataset.load_run_results("smartdownsample").record
    assert record == json.loads(json.dumps(result)) == result
    assert len(dataset.load_run_view("smartdownsample")) == 80


def test_the_result_adds_up(dataset, operators) -> None:
    """Counts of the result agree with each other and with the dataset."""
    result = operators.downsample(dataset, 20)
    buckets = result["buckets"]
    assert sum(bucket["kept"] for bucket in buckets) == result["kept"] == 20
    assert sum(bucket["size"] for bucket in buckets) == result["images"] == 80
    assert [bucket["size"] for bucket in buckets] == sorted(
        (bucket["size"] for bucket in buckets), reverse=True
    )
    for bucket in buckets:
        members = dataset.match({"signature.bucket": bucket["bucket"]})
        assert len(members) == bucket["size"]
        assert len(members.match_tags("smartdownsample")) == bucket["kept"]
        assert bucket["rate"] == round(bucket["kept"] / bucket["size"], 6)
        assert bucket["stride"] is None  # of another strategy
    strided = operators.downsample(dataset, 20, run_key="strided", strategy="stride")["buckets"]
    assert all(row["stride"] == round(row["size"] / row["kept"], 2) for row in strided)
    assert (result["computed"], result["reused"], result["unreadable"]) == (80, 0, 0)
    assert (result["warning"], result["replaced"], result["errors"]) == (None, False, [])


def test_numpy_numbers_are_numbers(dataset, operators) -> None:
    """Counts that come from numpy are as good as Python's own."""
    numbers = {"target_count": 20, "hash_size": 8, "random_seed": 7, "n_workers": 2}
    result = operators.downsample(dataset, **{name: np.int64(n) for name, n in numbers.items()})
    assert json.loads(json.dumps(result)) == dataset.load_run_results("smartdownsample").record


def test_only_the_samples_of_the_view_are_touched(dataset, operators) -> None:
    """On a view, samples outside of it get neither a signature nor a tag."""
    view = dataset.sort_by("filepath", reverse=True).limit(30)
    operators.downsample(view, 10)
    inside = set(view.values("id"))
    assert set(dataset.exists("signature").values("id")) == inside
    assert set(dataset.match_tags("smartdownsample").values("id")) <= inside
    assert _kept(dataset) == _chosen_by_the_core(view.values("filepath"), 10)


def test_the_view_may_hide_fields(dataset, operators) -> None:
    """A run on a view of some fields still has all of its samples in its bucket view."""
    operators.downsample(dataset.select_fields("tags"), 20)
    buckets = dataset.load_saved_view("smartdownsample buckets")
    assert sum(len(group) for group in buckets.iter_dynamic_groups()) == 80


def test_a_view_may_filter_on_what_the_run_writes(dataset, operators) -> None:
    """A run on the samples that an earlier run left out chooses among exactly these."""
    operators.downsample(dataset, 60, run_key="first")
    rest = dataset.match_tags("first", bool=False)
    operators.downsample(rest, 10, run_key="second")
    assert len(_kept(dataset, "second")) == 10
    assert not _kept(dataset, "second") & _kept(dataset, "first")


def test_a_bucket_view_is_chosen_from_as_a_whole(dataset, operators, images) -> None:
    """A view grouped by bucket counts as all of its samples."""
    operators.downsample(dataset, 20, run_key="first")
    operators.downsample(dataset.load_saved_view("first buckets"), 30, run_key="second")
    assert _kept(dataset, "second") == _chosen_by_the_core(images, 30)


def test_a_selection_is_chosen_from(dataset, operators) -> None:
    """As an operator on the selected samples, it keeps some of these only."""
    selected = dataset.values("id")[10:40]
    params = {"target_count": 5, "view_target": "SELECTED_SAMPLES"}
    execution = foo.execute_operator(_URI, dataset=dataset, selected=selected, params=params)
    assert execution.result["images"] == 30
    assert len(set(dataset.match_tags("smartdownsample").values("id")) & set(selected)) == 5
    assert dataset.count_sample_tags() == {"smartdownsample": 5}


def test_the_active_slice_of_a_grouped_dataset(grouped, operators, images, state_of) -> None:
    """Of a grouped dataset only the active slice is read and chosen from."""
    operators.downsample(grouped, 10)
    everything = grouped.select_group_slices()
    assert set(everything.exists("signature").values("group.name")) == {"left"}
    assert _kept(everything) == _chosen_by_the_core(images[:40], 10)
    grouped.group_slice = "right"
    operators.downsample(grouped, 5, run_key="other")
    assert _kept(everything, "other") == _chosen_by_the_core(images[40:], 5)
    operators.delete_run(grouped, "other")
    assert everything.count_sample_tags() == {"smartdownsample": 10}


def test_the_bucket_view_of_a_grouped_dataset(grouped, operators, images) -> None:
    """The bucket view of a slice can be chosen from, too."""
    operators.downsample(grouped, 10, run_key="first")
    operators.downsample(grouped.load_saved_view("first buckets"), 5, run_key="second")
    assert _kept(grouped.select_group_slices(), "second") == _chosen_by_the_core(images[:40], 5)


def test_a_slice_beside_point_clouds(make_dataset, operators, images) -> None:
    """A grouped dataset may hold other media in its other slices: run, browse and undo work."""
    dataset = make_dataset()
    dataset.add_group_field("group", default="left")
    for number, path in enumerate(images[:20]):
        group = fo.Group()
        left = fo.Sample(path, group=group.element("left"))
        cloud = fo.Sample(f"/clouds/{number}.pcd", group=group.element("cloud"))
        dataset.add_samples([left, cloud])
    operators.downsample(dataset, 5)
    assert _kept(dataset) == _chosen_by_the_core(images[:20], 5)
    assert len(dataset.load_saved_view("smartdownsample kept")) == 5
    assert len(operators.view_buckets(dataset, "excluded", run_key="smartdownsample")) == 15
    assert operators.delete_run(dataset, "smartdownsample")["untagged"] == 5


def test_in_a_notebook_the_result_is_returned(dataset, operators) -> None:
    """Where an event loop runs already, the call returns the result rather than a task."""

    async def cell() -> dict[str, object]:
        return operators.downsample(dataset, 20)

    assert asyncio.run(cell())["kept"] == 20
