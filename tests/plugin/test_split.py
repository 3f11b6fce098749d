"""Splits in FiftyOne: tags that divide nothing that belongs together, recorded and undone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import fiftyone as fo
import numpy as np
import pytest

from plugin.operators import _outputs as outputs
from plugin.runs import splits
from smartdownsample_core import extract
from smartdownsample_core.signatures import LARGEST_DISTANCE

_TAGS = ("train", "val", "test")


def _by_tag(dataset: fo.Dataset, names: tuple[str, ...] = _TAGS) -> list[str]:
    """The only tag of the splits that each sample has."""
    found = [[tag for tag in tags if tag in names] for tags in dataset.values("tags")]
    assert {len(tags) for tags in found} == {1}
    return [tag for (tag,) in found]


def test_samples_are_tagged_and_no_near_duplicates_divided(dataset, operators) -> None:
    """Each sample has one tag, and none looks like one with another tag."""
    result = operators.split(dataset)
    tags = np.array(_by_tag(dataset))
    counts = {tag: int((tags == tag).sum()) for tag in _TAGS}
    assert result["splits"] == counts
    points = extract(dataset.values("filepath"), decode="auto").descriptor.astype(float)
    distances = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2)) * 100 / LARGEST_DISTANCE
    assert (distances[tags[:, None] != tags] > 10).all()
    assert result["leaked_at_random"] > 0
    assert result["summary"].startswith("Tagged: train ")
    assert splits.keys(dataset) == ["split"]
    again = dict(zip(dataset.values("id"), tags, strict=True))
    operators.split(dataset)
    assert dict(zip(dataset.values("id"), _by_tag(dataset), strict=True)) == again


def test_an_undo_leaves_only_signatures(dataset, operators, state_of) -> None:
    """Tags and record go."""
    operators.compute_signatures(dataset)
    before = state_of(dataset)
    result = operators.split(dataset, "a=1, b=1", run_key="halves")
    assert operators.delete_split(dataset, "halves") == {
        "run_key": "halves",
        "untagged": result["splits"],
    }
    after = state_of(dataset)
    for state in (before, after):
        for sample in state["samples"]:
            del sample["last_modified_at"]
    assert after == before
    with pytest.raises(ValueError, match="no split 'halves'; there are none yet"):
        operators.delete_split(dataset, "halves")


def test_another_split_replaces_the_tags_of_the_first(dataset, operators) -> None:
    operators.split(dataset)
    operators.split(dataset, {"train": 1, "test": 1})
    assert set(_by_tag(dataset)) == {"train", "test"}
    assert dataset.count_sample_tags().keys() == {"train", "test"}


def test_events_cameras_and_labels_are_those_of_fields(dataset, operators) -> None:
    """Of a field of times; stratified by a field."""
    n = len(dataset)
    start = datetime(2024, 5, 1)
    moments = [start + timedelta(hours=row // 4, seconds=row) for row in range(n)]
    dataset.set_values("moment", moments)
    dataset.set_values("camera", ["one"] * n)
    dataset.set_values("kind", ["rare" if row % 20 < 4 else "common" for row in range(n)])
    options = {"duplicate_distance": 0, "time": "moment", "stratify_by": "kind"}
    result = operators.split(dataset, "a=1, b=1", **options)
    tags = _by_tag(dataset, ("a", "b"))
    assert all(len(set(tags[row : row + 4])) == 1 for row in range(0, n, 4))
    assert result["labels"]["rare"] == {"a": n // 10, "b": n // 10}
    text = json.dumps(outputs.split_output(result).to_json())
    assert "Images of each label" in text
    dataset.set_values("animal", [f"animal {row % 3}" for row in range(n)])
    operators.split(dataset, "a=1, b=1", group_by="animal", event_gap=0, **options)
    tags = _by_tag(dataset, ("a", "b"))
    assert tags[:3] * (n // 3) == tags[: n // 3 * 3]
    assert len(set(tags)) == 2
    operators.delete_split(dataset, "split")
    dataset.set_values("camera", ["one"] * (n // 2) + ["two"] * (n // 2))
    operators.split(dataset, "a=1, b=1", whole_cameras=True, **options)
    tags = _by_tag(dataset, ("a", "b"))
    assert len(set(tags[: n // 2])) == len(set(tags[n // 2 :])) == 1
    assert tags[0] != tags[-1]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shares": "train=1"}, "shares must be at least two splits"),
        ({"shares": "mine=1, b=1"}, "samples are tagged 'mine' already"),
        ({"duplicate_distance": 200}, "duplicate_distance must be"),
        ({"event_gap": "soon"}, "event_gap must be a duration"),
        ({"stratify_by": "nothing"}, "has no field 'nothing'"),
        ({"camera": "nothing"}, "has no field 'nothing'"),
        ({"group_by": "nothing"}, "has no field 'nothing'"),
        ({"time": "nothing"}, "has no field 'nothing'"),
        ({"run_key": "a b"}, "run_key must be letters"),
        ({"run_key": "taken"}, "there is another run 'taken'"),
    ],
    ids=str,
)
def test_nothing_is_written_before_settings_are_refused(
    dataset, operators, options: dict[str, object], text: str
) -> None:
    sample = dataset.first()
    sample.tags = ["mine"]
    sample.save()
    dataset.register_run("taken", dataset.init_run(method="another"))
    with pytest.raises(ValueError, match=text):
        operators.split(dataset, **options)
    assert not dataset.has_field("signature")
    assert splits.keys(dataset) == []


def test_a_split_is_no_run_of_downsample(dataset, operators) -> None:
    """Each is undone by its own operator, and keeps the other's tags."""
    operators.downsample(dataset, 20)
    operators.split(dataset)
    operators.delete_run(dataset, "smartdownsample")
    assert splits.keys(dataset) == ["split"]
    assert set(_by_tag(dataset)) == set(_TAGS)
    assert not dataset.has_field("signature")
    with pytest.raises(ValueError, match="no smartdownsample run 'split'"):
        operators.delete_run(dataset, "split")


def test_all_samples_of_a_group_have_one_tag(grouped, operators) -> None:
    """They are split by the images of the active slice."""
    operators.split(grouped, "a=1, b=1", duplicate_distance=0, event_gap=0)
    everything = grouped.select_group_slices()
    pairs = zip(everything.values("group.id"), everything.values("tags"), strict=True)
    tags_of: dict[str, set[str]] = {}
    for group, tags in pairs:
        tags_of.setdefault(group, set()).update(tags)
        assert len(tags) == 1
    assert all(len(tags) == 1 for tags in tags_of.values())
    assert sorted(map(min, tags_of.values())) == ["a"] * 20 + ["b"] * 20


def test_objects_are_split(make_dataset, own_images, operators) -> None:
    """By their crops; the tags are those of the labels."""
    dataset = make_dataset(own_images[:6])
    boxes = [fo.Detection(label="x", bounding_box=[0.5 * i, 0, 0.5, 1]) for i in (0, 1)]
    for sample in dataset:
        sample["objects"] = fo.Detections(detections=[box.copy() for box in boxes])
        sample.save()
    result = operators.split(dataset.to_patches("objects"), "a=1, b=1")
    assert sum(result["splits"].values()) == 12
    assert sum(dataset.count_label_tags().values()) == 12
    operators.delete_split(dataset, "split")
    assert dataset.count_label_tags() == {}


def _properties(answer) -> dict[str, dict[str, object]]:
    return answer["type"]["properties"]


def test_the_form_says_what_is_wrong_at_its_row(dataset, operators, post) -> None:
    """In the words of the form; what can be done is not refused."""
    rows = _properties(post("resolve-type", "split", dataset, {"shares": "train=1"}))
    assert rows["shares"]["error_message"].startswith("'Splits and their shares' must be")
    rows = _properties(post("resolve-type", "split", dataset, {"time": "nothing"}))
    assert rows["time"]["invalid"]
    rows = _properties(post("resolve-type", "split", dataset, {}))
    assert not any(row.get("invalid") for row in rows.values())
    assert "no_splits" in _properties(post("resolve-type", "delete_split", dataset, {}))


def test_the_app_splits_and_undoes_it(dataset, operators, post) -> None:
    """The server streams progress, and then what was found."""
    messages = post("execute/generator", "split", dataset, {})
    assert "Tagged: train 6" in str(messages)
    assert "for each, the nearest of its group would be in another split" in str(messages)
    rows = _properties(post("resolve-type", "delete_split", dataset, {}))
    assert "`train`, `val` and `test`" in str(rows["forecast"])
    post("execute", "delete_split", dataset, {"run_key": "split"})
    dataset.reload()
    assert dataset.count_sample_tags() == {}
