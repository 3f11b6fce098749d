"""The bucket browser: each way to show, from the SDK, as an operator and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone.operators.executor import ExecutionError

_URI = "@smartdownsample/smartdownsample/view_buckets"


@pytest.fixture(scope="module")
def signed(signed_images, operators) -> Iterator[fo.Dataset]:
    """Signed samples with a run ``half`` that chose 20 of the first 40; tests only look at it."""
    dataset = signed_images.clone(persistent=True)
    operators.downsample(dataset.limit(40), 20, run_key="half")
    yield dataset
    dataset.delete()


@pytest.fixture(scope="module")
def largest(signed) -> tuple[int, int]:
    """The id and the size of the largest bucket."""
    counts = signed.count_values("signature.bucket")
    return max(counts.items(), key=lambda item: item[1])


@pytest.mark.parametrize("run_key", [None, "half"])
def test_buckets_are_groups(signed, operators, run_key) -> None:
    """``buckets`` shows a group per bucket, of all samples or of a run's."""
    members = signed.limit(40) if run_key else signed
    view = operators.view_buckets(signed, run_key=run_key)
    sizes = {group.first().signature.bucket: len(group) for group in view.iter_dynamic_groups()}
    assert sizes == members.count_values("signature.bucket")


def test_one_bucket(signed, operators, largest) -> None:
    """``bucket`` shows the samples of one bucket, not grouped."""
    bucket, size = largest
    view = operators.view_buckets(signed, "bucket", bucket=bucket)
    assert view.values("signature.bucket") == [bucket] * size
    of_run = operators.view_buckets(signed, "bucket", bucket=bucket, run_key="half")
    assert set(of_run.values("id")) == set(view.values("id")) & set(signed.limit(40).values("id"))


def test_kept_and_excluded_part_the_run(signed, operators) -> None:
    """``kept`` are the tagged samples of a run, ``excluded`` its other ones."""
    kept = operators.view_buckets(signed, "kept", run_key="half").values("id")
    excluded = operators.view_buckets(signed, "excluded", run_key="half").values("id")
    assert kept == signed.match_tags("half").values("id")
    assert len(kept) == len(excluded) == 20
    assert sorted(kept + excluded) == sorted(signed.limit(40).values("id"))


def test_kept_and_excluded_of_a_bucket(signed, operators) -> None:
    """With a bucket, ``kept`` and ``excluded`` show only its samples, as the record counts them."""
    record = signed.load_run_results("half").record
    bucket = record["buckets"][0]
    sizes = [
        len(operators.view_buckets(signed, show, run_key="half", bucket=bucket["bucket"]))
        for show in ("kept", "excluded")
    ]
    assert sizes == [bucket["kept"], bucket["size"] - bucket["kept"]]


def test_unreadable_images_are_in_no_bucket(make_dataset, operators, images) -> None:
    """An image that could not be read is neither in a bucket nor excluded by a run."""
    dataset = make_dataset([*images[:10], "/nowhere/lost.jpg"])
    operators.downsample(dataset, 4)
    assert len(operators.view_buckets(dataset, "excluded", run_key="smartdownsample")) == 6
    grouped = operators.view_buckets(dataset)
    assert sum(len(group) for group in grouped.iter_dynamic_groups()) == 10


def test_the_slice_of_a_grouped_dataset(grouped, operators) -> None:
    """A grouped dataset is browsed by its active slice."""
    operators.downsample(grouped, 10)
    kept = operators.view_buckets(grouped, "kept", run_key="smartdownsample")
    excluded = operators.view_buckets(grouped, "excluded", run_key="smartdownsample")
    assert (len(kept), len(excluded)) == (10, 30)
    assert set(kept.values("group.name") + excluded.values("group.name")) == {"left"}
    tiles = operators.view_buckets(grouped)
    assert len(tiles) == len(grouped.count_values("signature.bucket"))


def test_numbers_of_numpy_are_ids_too(signed, operators, largest) -> None:
    """As an array of buckets holds them."""
    bucket, size = largest
    assert len(operators.view_buckets(signed, "bucket", bucket=np.int64(bucket))) == size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"show": "all"}, "show must be one of buckets, bucket, kept, .*, got 'all'"),
        ({"show": "bucket"}, "show='bucket' needs the id of a bucket; set bucket to a number"),
        ({"show": "kept"}, "show='kept' needs the key of a run; there is half"),
        ({"show": "excluded"}, "show='excluded' needs the key of a run; there is half"),
        ({"run_key": "lost"}, "no smartdownsample run 'lost'; there is half"),
        ({"show": "kept", "run_key": ""}, "show='kept' needs the key of a run; there is half"),
        (
            {"show": "bucket", "bucket": 999},
            "bucket, the id of a bucket, .* from 0 to 127, got 999",
        ),
        (
            {"show": "bucket", "bucket": 1},
            r"bucket 1 has no images; choose one of \d+, ",
        ),
        ({"signature_field": None}, "signature_field must be the name of a field, got None"),
        (
            {"signature_field": "a.b"},
            "'a.b' is not a field of samples; .* the key of a run; there is half",
        ),
        ({"signature_field": "lost"}, "'lost' has no signatures; run compute_signatures first"),
        ({"signature_field": "tags"}, "'tags' has no signatures; run compute_signatures first"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_what_cannot_be_shown_is_said(signed, operators, arguments, message) -> None:
    """Each wrong argument has an error that says what there is instead."""
    with pytest.raises(ValueError, match=message):
        operators.view_buckets(signed, **arguments)


def _params(show: str, bucket: int) -> dict[str, str]:
    return {
        "buckets": {},
        "bucket": {"show": "bucket", "bucket": str(bucket)},
        "kept": {"show": "kept", "run_key": "half"},
        "excluded": {"show": "excluded", "run_key": "half"},
    }[show]


@pytest.mark.parametrize("show", ["buckets", "bucket", "kept", "excluded"])
def test_each_way_as_an_operator(signed, operators, largest, show) -> None:
    """``execute_operator`` counts what the SDK call shows."""
    params = _params(show, largest[0])
    expected = operators.view_buckets(
        signed, show, run_key=params.get("run_key"), bucket=largest[0] if show == "bucket" else None
    )
    execution = foo.execute_operator(_URI, dataset=signed, params=params)
    assert execution.result == {"samples": len(expected)}


def test_kept_is_of_the_first_run_by_default(signed) -> None:
    """As an operator, ``kept`` without a run shows the first one."""
    execution = foo.execute_operator(_URI, dataset=signed, params={"show": "kept"})
    assert execution.result == {"samples": 20}


def test_the_bucket_may_be_a_number(signed, largest) -> None:
    """As an operator, the bucket is accepted as the number that the SDK call takes."""
    bucket, size = largest
    params = {"show": "bucket", "bucket": bucket}
    execution = foo.execute_operator(_URI, dataset=signed, params=params)
    assert execution.result == {"samples": size}


@pytest.mark.parametrize(
    "params",
    [{"show": "bucket", "bucket": "lots"}, {"show": "bucket", "bucket": "999"}, {"run_key": "no"}],
    ids=["not-a-number", "no-such-bucket", "no-such-run"],
)
def test_a_wrong_choice_is_refused_by_the_form(signed, params) -> None:
    """As an operator, a choice that is not there is a validation error."""
    with pytest.raises(ExecutionError, match="Validation error"):
        foo.execute_operator(_URI, dataset=signed, params=params)


@pytest.mark.parametrize("show", ["buckets", "bucket", "kept", "excluded"])
def test_each_way_over_http(signed, operators, largest, post, show) -> None:
    """The App is told to set the view that the SDK call returns, and to show names of buckets."""
    params = _params(show, largest[0])
    answer = post("execute", "view_buckets", signed, params)
    expected = operators.view_buckets(
        signed, show, run_key=params.get("run_key"), bucket=largest[0] if show == "bucket" else None
    )
    request, ticks = answer["executor"]["requests"]
    assert answer["result"] == {"samples": len(expected)}
    assert ticks["operator_uri"] == "set_active_fields"
    run_key = params.get("run_key")
    of_run = [f"{run_key}_choice", f"{run_key}_bucket"]
    shown = of_run if run_key else ["signature.bucket_name"]
    assert ticks["params"] == {"fields": shown}
    assert request["operator_uri"] == "set_view"
    view = fo.DatasetView._build(signed, request["params"]["view"])
    assert view.values("id") == expected.values("id")


def test_the_form_copes_without_any_bucket(make_dataset, operators, images, post) -> None:
    """If no sample is left in any bucket, the form says so instead of failing."""
    dataset = make_dataset([images[0], "/nowhere/lost.jpg"])
    operators.compute_signatures(dataset)
    dataset.delete_samples(dataset.match({"filepath": images[0]}))
    answer = post("resolve-type", "view_buckets", dataset, {"show": "bucket"})
    assert any(prop["invalid"] for prop in answer["type"]["properties"].values())
