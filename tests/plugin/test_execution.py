"""The ways to run an operator: ``execute_operator``, the App's HTTP routes, and delegated."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.executor import ExecutionContext, ExecutionError, Executor
from pymongo.errors import AutoReconnect

from plugin.forms.inputs import SECTIONS
from plugin.jobs.engine import Progress
from plugin.jobs.progress import Job, execute

from .conftest import OPERATORS

_PLUGIN = "@smartdownsample/smartdownsample"


def _execute(operator: str, dataset: fo.Dataset, **params: Any) -> dict[str, Any]:
    result: dict[str, Any] = foo.execute_operator(
        f"{_PLUGIN}/{operator}", dataset=dataset, params=params
    ).result
    return result


def test_execute_operator_returns_what_the_call_returns(dataset, operators) -> None:
    """Each operator's result is the same by ``execute_operator`` as by calling it."""
    computed = _execute("compute_signatures", dataset)
    assert (computed["computed"], computed["images"]) == (80, 80)
    run = _execute("downsample", dataset, target_count=20)
    assert run == dataset.load_run_results("smartdownsample").record
    assert {**operators.downsample(dataset, 20), "replaced": False} == run
    assert _execute("view_buckets", dataset, show="kept") == {"samples": 20}
    undone = _execute("delete_run", dataset, run_key="smartdownsample")
    assert (undone["untagged"], undone["signature_field"]) == (20, None)


@pytest.mark.parametrize(
    ("operator", "params", "message"),
    [
        ("downsample", {}, "target_count is missing; set how many images"),
        ("downsample", {"target_count": 81}, "'Images to keep' 81 exceeds the 80 samples"),
        (
            "downsample",
            {"target_count": 9, "hash_size": 2},
            "'Hash size' must be a whole number from 4 to 64, got 2",
        ),
        ("compute_signatures", {"signature_field": "tags"}, "smartdownsample did not make"),
        ("delete_run", {"run_key": "lost"}, "has no smartdownsample run to undo"),
    ],
    ids=["no-target", "target-too-large", "folded-option", "foreign-field", "no-run"],
)
def test_the_form_refuses(dataset, operators, state_of, operator, params, message) -> None:
    """What the form marks as wrong cannot be executed."""
    before = state_of(dataset)
    with pytest.raises(ExecutionError, match=message):
        _execute(operator, dataset, **params)
    assert state_of(dataset) == before


def _properties(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = answer["type"]["properties"]
    return properties


def test_the_form_says_what_a_run_will_do(dataset, operators, post) -> None:
    """Valid settings are answered with a forecast; a run that would be replaced is named."""
    params = {"target_count": 20, "run_key": "mine"}
    forecast = _properties(post("resolve-type", "downsample", dataset, params))["forecast"]
    assert forecast["default"] == (
        "Keeps 20 of 80 samples. Writes the fields `signature`, `mine_choice`, `mine_bucket`, "
        "`mine_rank`, `mine_kept_by`, `mine_distance` and `mine_reason`, the tag "
        "`mine` and the saved views `mine kept`, `mine buckets` and `mine stands for`; if there "
        "are standing cameras, also the field `mine_activity`."
    )
    operators.downsample(dataset, 30, run_key="mine")
    forecast = _properties(post("resolve-type", "downsample", dataset, params))["forecast"]
    assert forecast["default"].endswith(" Replaces the run `mine`, which kept 30.")
    form = _properties(post("resolve-type", "downsample", dataset, {"run_key": "mine"}))
    assert form["target_count"]["default"] == "30"  # to change what is not liked


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, ": filter it to 1 to 10, for example, to see what a run for 10 keeps."),
        ({"stratify_by": "tags"}, ". A run for fewer would not keep just the first of them"),
        ({"max_per_group": 3}, ". A run for fewer would not keep just the first of them"),
    ],
    ids=["nested", "shares", "limits"],
)
def test_the_result_says_what_the_first_ranks_are(dataset, post, settings, text) -> None:
    """Not that fewer would be the first of them where that is wrong."""
    params = {"target_count": 20, **settings}
    answers = str(post("execute/generator", "downsample", dataset, params))
    said = "The field `smartdownsample_rank` numbers the kept samples in the order of their choice"
    assert said + text in answers


def test_the_form_does_not_start_from_what_a_run_kept(dataset, operators, post) -> None:
    """Run again from the view that a run ends with, it proposes the dataset, and warns of less.

    Also before the App has sent the choice of the form.
    """
    kept = operators.downsample(dataset, 30)["kept_view"]
    view = dataset.load_saved_view(kept)._serialize()
    params = {"target_count": 20, "strategy": "stride"}
    form = _properties(post("resolve-type", "downsample", dataset, params, view=view))
    assert form["view_target"]["default"] == "DATASET"
    forecast = form["forecast"]["default"]
    assert forecast.startswith("Keeps 20 of 80 images (25.0%) from 7 of 7 buckets. ")
    assert "only the samples" not in forecast
    params["view_target"] = "DATASET"
    form = _properties(post("resolve-type", "downsample", dataset, params, view=view))
    assert form["forecast"]["default"] == forecast
    params["target_count"] = 4
    form = _properties(post("resolve-type", "downsample", dataset, params, view=view))
    forecast = form["forecast"]["default"]
    assert "Keeps 4 of 80 images (5.0%) from 4 of 7 buckets. **3 of 7 buckets have no" in forecast
    params["view_target"] = "CURRENT_VIEW"
    form = _properties(post("resolve-type", "downsample", dataset, params, view=view))
    assert "only the samples that the run `smartdownsample` kept" in form["forecast"]["default"]


@pytest.mark.parametrize(
    ("params", "name", "message"),
    [
        ({"target_count": 81}, "target_count", "'Images to keep' 81 exceeds the 80 samples"),
        ({"target_count": 9, "run_key": "a b"}, "run_key", "'Run key' must be letters, digits"),
        ({"target_count": 9, "advanced": True, "hash_size": 3}, "hash_size", "from 4 to 64, got 3"),
        ({"target_count": 9, "hash_size": 3}, "hash_size_error", "got 3 (among the advanced"),
    ],
    ids=["target", "run-key", "advanced", "folded-away"],
)
def test_the_form_marks_what_is_wrong(dataset, post, params, name, message) -> None:
    """The wrong input is invalid with our message, and there is no forecast."""
    properties = _properties(post("resolve-type", "downsample", dataset, params))
    assert properties[name]["invalid"] is True
    assert message in properties[name]["error_message"]
    assert "forecast" not in properties


def test_the_form_asks_for_all_settings(dataset, post) -> None:
    """The form proposes a tenth of the samples; advanced options come when asked for."""
    simple = _properties(post("resolve-type", "downsample", dataset, {}))
    assert simple["target_count"]["default"] == "8"
    assert simple["forecast"]["default"].startswith("Keeps 8 of 80 samples")
    headings = {
        f"heading_{name}"
        for name in ("which_images", "time", "limits", "names_and_files", "signatures")
    }
    needed = {"balance", "time", "max_per_event"}  # "diverse" covers each camera
    advanced = {row.name for _, rows in SECTIONS for row in rows} - needed
    assert {"near_duplicates", "event_gap", "max_per", "tag", "hash_size"} < advanced
    for params, more in (
        ({}, set()),
        ({"stratify_by": "tags"}, {"balance"}),
        ({"event_gap": "60"}, {"time", "max_per_event"}),
    ):
        params["advanced"] = True
        form = _properties(post("resolve-type", "downsample", dataset, params))
        offered = {"compute_embeddings"}  # as there are none
        assert set(form) - set(simple) == headings | advanced | more | offered


@pytest.mark.parametrize(
    ("target", "description", "kept"),
    [
        ("24", "Exactly this many of the 80 samples, or a share such as 10%", 24),
        ("12.5 %", "12.5 % of the 80 samples: exactly 10", 10),
    ],
)
def test_the_form_takes_numbers_and_shares_as_text(
    dataset, operators, post, target, description, kept
) -> None:
    """It says how many a share is, and the run keeps as many; Python takes the same text."""
    form = _properties(post("resolve-type", "downsample", dataset, {"target_count": target}))
    assert form["target_count"]["type"]["name"] == "String"
    assert form["target_count"]["view"]["description"] == description
    assert form["forecast"]["default"].startswith(f"Keeps {kept} of 80 samples.")
    run = _execute("downsample", dataset, target_count=target)
    assert (run["kept"], run["target_count"]) == (kept, kept)
    assert dataset.get_run_info("smartdownsample").config.target_count == kept
    assert operators.downsample(dataset, target)["kept"] == kept


@pytest.mark.parametrize("target", ["0", "0%", "101%", "ten", "-3", "1.5"])
def test_text_that_is_no_target_is_refused(dataset, operators, post, target) -> None:
    """At its row, and in Python."""
    form = _properties(post("resolve-type", "downsample", dataset, {"target_count": target}))
    assert (
        "'Images to keep' must be a whole number of at least 1"
        in (form["target_count"]["error_message"])
    )
    with pytest.raises(ValueError, match="target_count must be a whole number of at least 1"):
        operators.downsample(dataset, target)
    assert dataset.list_runs() == []


def test_an_emptied_number_is_not_filled_in_again(dataset, post) -> None:
    """Without a number the form says what to do; with near-duplicates it may be left out."""
    params: dict[str, Any] = {"target_count": None}
    number = _properties(post("resolve-type", "downsample", dataset, params))["target_count"]
    assert number["invalid"]
    assert "set how many images to keep" in number["error_message"]
    assert number["default"] is None
    params["near_duplicates"] = 4
    form = _properties(post("resolve-type", "downsample", dataset, params))
    assert not form["target_count"]["invalid"]
    assert "Keeps one of each near-duplicate group" in form["forecast"]["default"]


def _stream(messages: list[dict[str, Any]]) -> tuple[list[float], list[tuple[str, Any]]]:
    """Parts the messages of a generator into progress and what comes after it."""
    assert {message["cls"] for message in messages} == {"InvocationRequest"}
    calls = [(message["body"]["operator_uri"], message["body"]["params"]) for message in messages]
    progress = [params["progress"] for name, params in calls if name == "set_progress"]
    assert [name for name, _ in calls[: len(progress)]] == ["set_progress"] * len(progress)
    return progress, calls[len(progress) :]


def test_the_app_follows_a_run(dataset, post) -> None:
    """The App gets growing progress, then shows the output, reloads, and shows the kept samples."""
    messages = post("execute/generator", "downsample", dataset, {"target_count": 20})
    progress, calls = _stream(messages)
    assert len(progress) >= 3
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert [name.rpartition("/")[2] for name, _ in calls] == [
        "show_output",
        "reload_dataset",
        "set_active_fields",
        "set_view",
        "select_saved_view",
    ]
    (stage,) = calls[3][1]["view"]
    assert stage["_cls"].endswith(".MatchTags")
    results, outputs = calls[0][1]["results"], _properties(calls[0][1]["outputs"])
    assert sum(bucket["kept"] for bucket in results["buckets"]) == results["kept"]
    assert outputs["summary_notice"]["view"]["label"] == results["summary"]
    assert "80 computed, 0 reused, 0 unreadable" in outputs["counts"]["default"]
    dataset.reload()
    assert dataset.count_sample_tags() == {"smartdownsample": 20}


def test_the_app_shows_the_run_before_the_one_undone(dataset, operators, post) -> None:
    """The browser would go on showing fields that are gone; with no run left, it is left alone."""
    for run_key in ("first", "second"):
        operators.downsample(dataset, 9, run_key=run_key)

    def shown(run_key: str, active: list[str]) -> list[list[str]]:
        params = {"run_key": run_key}
        answer = post("execute", "delete_run", dataset, params, active_fields=active)
        calls = answer["executor"]["requests"]
        name = "set_active_fields"
        return [call["params"]["fields"] for call in calls if call["operator_uri"] == name]

    fields = ["first_choice", "first_bucket"]
    assert shown("second", ["second_choice", "second_bucket", "tags"]) == [[*fields, "tags"]]
    assert shown("first", [*fields, "tags"]) == []


def test_the_app_is_asked_until_it_has_selected_a_view(dataset, post) -> None:
    """It ignores the name of a saved view that it has not heard of yet; not for ever, though."""
    dataset.save_view("some", dataset.limit(3))

    def asked(name: str, tries: int, shown: str | None = None) -> list[tuple[str, Any]]:
        params = {"name": name, "tries": tries}
        answer = post("execute", "select_saved_view", dataset, params, view_name=shown)
        requests = answer["executor"]["requests"]
        return [(one["operator_uri"].rpartition("/")[2], one["params"]) for one in requests]

    assert asked("some", 2) == [
        ("set_view", {"name": "some"}),
        ("select_saved_view", {"name": "some", "tries": 3}),
    ]
    assert asked("some", 2, "some") == asked("some", 50) == asked("gone", 0) == []


def test_the_app_follows_signatures(dataset, post) -> None:
    """Computing signatures streams progress, then shows the counts and reloads."""
    progress, calls = _stream(post("execute/generator", "compute_signatures", dataset, {}))
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert [name for name, _ in calls] == ["show_output", "reload_dataset"]
    assert calls[0][1]["results"]["computed"] == 80


@pytest.mark.parametrize(
    ("operator", "params"),
    [("downsample", {"target_count": 1}), ("compute_signatures", {})],
    ids=["downsample", "compute_signatures"],
)
def test_the_app_is_told_of_an_error(make_dataset, post, operator, params) -> None:
    """An error in the middle of a job is notified, and nothing comes after it."""
    dataset = make_dataset(["/nowhere/lost.jpg"])
    _, calls = _stream(post("execute/generator", operator, dataset, params))
    ((name, notice),) = calls
    assert (name, notice["variant"]) == ("notify", "error")
    assert "none of the 1 images could be read" in notice["message"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no such view"), "no such view"),
        (AutoReconnect("connection closed"), "the database failed: connection closed. The sign"),
    ],
    ids=["of-ours", "of-the-database"],
)
def test_the_app_is_told_of_an_error_at_the_end(error, message) -> None:
    """What fails after the job, as the App is about to be shown its result, is notified, too."""

    def job() -> Job:
        yield Progress(1, 1, "Doing it")
        return {}

    def show(result: dict[str, Any]) -> Iterator[Any]:
        raise error
        yield

    context = ExecutionContext({"operator_uri": f"{_PLUGIN}/downsample"}, executor=Executor())
    _, notice = (call.body for call in execute(context, job(), show))
    assert (notice.operator_uri, notice.params["variant"]) == ("notify", "error")
    assert notice.params["message"].startswith(message)


def test_the_app_is_told_of_unreadable_images(make_dataset, images, post) -> None:
    """The output warns of what could not be read, and lists it."""
    dataset = make_dataset([*images[:5], "/nowhere/lost.jpg"])
    _, calls = _stream(post("execute/generator", "downsample", dataset, {"target_count": 6}))
    outputs = _properties(calls[0][1]["outputs"])
    assert "exceeds the 5 readable images" in outputs["warning_notice"]["view"]["label"]
    listed = outputs["unreadable_list"]["default"]
    assert "\n- File not found: /nowhere/lost.jpg" in listed
    assert "the first" not in listed
    assert list(outputs).index("unreadable_list") > list(outputs).index("written")


@pytest.mark.parametrize(("operator", "most"), [("downsample", 3), ("compute_signatures", 10)])
def test_of_many_unreadable_images_the_first_are_listed(
    make_dataset, images, post, operator, most
) -> None:
    """With how many there are, and where to see them; fewer beside the result of a run."""
    dataset = make_dataset([*images[:5], *(f"/nowhere/{number}.jpg" for number in range(12))])
    params = {"target_count": 3} if operator == "downsample" else {}
    _, calls = _stream(post("execute/generator", operator, dataset, params))
    text = _properties(calls[0][1]["outputs"])["unreadable_list"]["default"]
    first, *listed = text.split("\n- ")
    assert f"the first {most} of 12" in first
    assert "*View images by quality*" in first
    assert len(listed) == most


def test_the_app_is_told_of_labels_that_go_without(dataset, post) -> None:
    """After a run, as in the panel; not of those that were to get their shares."""
    dataset.set_values("visit", ["a"] * 78 + ["b", "b"])
    params = {"target_count": 2, "strategy": "stride"}
    _, calls = _stream(post("execute/generator", "downsample", dataset, params))
    outputs = _properties(calls[0][1]["outputs"])
    kept = set(dataset.match_tags("smartdownsample").distinct("visit"))
    (without,) = {"a", "b"} - kept
    label = outputs["omission_0"]["view"]["label"]
    assert label == f"1 of 2 values of visit has no kept image: {without}."
    params["stratify_by"] = "visit"
    _, calls = _stream(post("execute/generator", "downsample", dataset, params))
    outputs = _properties(calls[0][1]["outputs"])
    assert "omission_0" not in outputs
    assert outputs["strata"]["view"]["label"] == "Shares by visit"


def test_one_image_is_counted_as_one(make_dataset, images, post) -> None:
    """In the result of a run."""
    dataset = make_dataset(images[:1])
    _, calls = _stream(post("execute/generator", "downsample", dataset, {"target_count": 1}))
    outputs = _properties(calls[0][1]["outputs"])
    summary = outputs["summary_notice"]["view"]["label"]
    assert summary == "Kept 1 of 1 image (100%) from 1 of 1 bucket"
    assert "of 1 sample: 1 computed" in outputs["counts"]["default"]


def test_a_misspelt_setting_is_said(dataset, state_of) -> None:
    """Of params, which FiftyOne hands over as they are."""
    before = state_of(dataset)
    params = {"target_count": 3, "stategy": "diverse"}
    with pytest.raises(
        (ValueError, ExecutionError), match="no setting 'stategy'; did you mean 'st"
    ):
        _execute("downsample", dataset, **params)
    assert state_of(dataset) == before


@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "recover_runs"])
def test_without_a_dataset_a_form_says_so(post, operator) -> None:
    """The App offers operators before any dataset is open."""
    form = post("resolve-type", operator, SimpleNamespace(name=None), {})
    (only,) = form["type"]["properties"].values()
    assert only["invalid"]
    assert only["error_message"] == "No dataset is open: open one, and try again"


def test_what_can_be_run_can_be_queued(dataset, operators, tmp_path) -> None:
    """Numbers of NumPy, and paths."""
    chart = tmp_path / "chart.png"
    queued = operators.downsample(dataset, np.int64(3), save_distribution=chart, delegate=True)
    service = DelegatedOperationService()
    service.execute_queued_operations(dataset_name=dataset.name)
    service.delete_operation(queued["id"])
    dataset.reload()
    assert dataset.count_sample_tags() == {"smartdownsample": 3}
    assert chart.exists()


def test_what_should_be_known_of_a_result_is_logged(dataset, operators, caplog) -> None:
    """In Python, where nobody may look at more than the summary."""
    dataset.add_sample(fo.Sample("/gone.jpg"))
    operators.downsample(dataset, 2, strategy="stride")
    buckets, unreadable = (record.message for record in caplog.records[-2:])
    assert re.fullmatch(r"\d+ of (\d+) buckets have no kept image; ask for \1 or more", buckets)
    assert unreadable == (
        "1 of 81 images could not be read; the field signature.error says why, of the first: "
        "File not found: /gone.jpg"
    )
    caplog.clear()
    operators.downsample(dataset, 75)
    assert [record.message for record in caplog.records] == [unreadable]


def test_the_app_undoes_a_run(dataset, operators, post) -> None:
    """The form says what goes; afterwards the App is reloaded and told what went."""
    operators.downsample(dataset, 20)
    params = {"run_key": "smartdownsample"}
    form = _properties(post("resolve-type", "delete_run", dataset, params))
    assert "the tag `smartdownsample` from 20 samples" in form["forecast"]["default"]
    answer = post("execute", "delete_run", dataset, params)
    requests = [request["operator_uri"] for request in answer["executor"]["requests"]]
    assert requests == ["clear_view", "reload_dataset"]
    extra = {"target": "outputs", "results": answer["result"]}
    (output,) = _properties(post("resolve-type", "delete_run", dataset, {}, **extra)).values()
    assert "the field `signature`" in output["default"]
    dataset.reload()
    assert (dataset.count_sample_tags(), dataset.list_runs()) == ({}, [])


def _run_delegated(dataset: fo.Dataset, queued: dict[str, Any]) -> Any:
    service = DelegatedOperationService()
    assert service.get(queued["id"]).run_state == "queued"
    service.execute_queued_operations(dataset_name=dataset.name)
    done = service.get(queued["id"])
    service.delete_operation(queued["id"])
    return done


@pytest.mark.parametrize("operator", ["downsample", "compute_signatures"])
def test_a_delegated_job(dataset, operators, operator) -> None:
    """A delegated job writes nothing until it is executed; then progress and result are stored."""
    arguments = {"target_count": 20} if operator == "downsample" else {}
    queued = getattr(operators, operator)(dataset, **arguments, delegate=True)
    assert not dataset.has_field("signature")
    done = _run_delegated(dataset, queued)
    dataset.reload()
    assert (done.run_state, done.status.progress) == ("completed", 1)
    assert done.result.result["computed"] == dataset.count("signature.bucket") == 80
    assert dataset.list_runs() == (["smartdownsample"] if operator == "downsample" else [])


def test_a_delegated_run_of_a_view(dataset, operators) -> None:
    """A delegated run is of the view that it was asked for, and has the rows that it shows."""
    done = _run_delegated(dataset, operators.downsample(dataset.limit(30), 10, delegate=True))
    dataset.reload()
    result = done.result.result
    assert (result["images"], result["kept"]) == (30, 10)
    assert dataset.count_sample_tags() == {"smartdownsample": 10}
    assert sum(bucket["kept"] for bucket in result["buckets"]) == result["kept"]


def test_in_a_notebook_delegation_is_a_task(dataset, operators) -> None:
    """Where an event loop runs already, the queued operation is awaited."""

    async def cell() -> Any:
        return await operators.compute_signatures(dataset, delegate=True)

    queued = asyncio.run(cell())
    assert _run_delegated(dataset, queued.result).run_state == "completed"
