"""Hand edits of runs: tag, fields, views, record and exports follow, and all can be taken back."""

from __future__ import annotations

import csv
from typing import Any

import fiftyone as fo
import pytest

from tests.plugin.test_explained import view  # noqa: F401 (a fixture)

_RUN = "smartdownsample"


def _written(shown: fo.DatasetView) -> dict[str, dict[str, Any]]:
    """What the run has written: id to values, of samples, patches or frames as they are now."""
    if shown.has_field("objects"):
        fresh = shown._source_collection.to_patches("objects")
        prefix, marks = "objects.", fresh.values("objects.tags")
    elif shown.has_field("frame_number"):
        fresh, prefix = shown._source_collection.to_frames(), ""
        marks = [[_RUN] if mark else [] for mark in fresh.values(_RUN)]
    else:
        fresh, prefix, marks = shown._root_dataset.view(), "", shown.values("tags")
    names = ("choice", "bucket", "rank", "kept_by", "distance", "reason")
    columns = fresh.values([f"{prefix}{_RUN}_{name}" for name in names])
    rows = zip(fresh.values("id"), [_RUN in (tags or ()) for tags in marks], *columns, strict=True)
    return {one: dict(zip(("kept", *names), values, strict=True)) for one, *values in rows}


def _state(shown: fo.DatasetView) -> tuple[Any, ...]:
    dataset = shown._root_dataset
    dataset.reload()
    results = dataset.load_run_results(_RUN, cache=False)
    info = next(one for one in dataset.list_saved_views(info=True) if one["name"] == f"{_RUN} kept")
    views = {name: len(dataset.load_saved_view(name)) for name in dataset.list_saved_views()}
    return _written(shown), results.record, results.kept, info["description"], views


def test_everything_follows_and_can_be_taken_back(view, operators) -> None:  # noqa: F811
    """A swap keeps the number, the other edits change it by one; taken back, all is as before."""
    dataset = view._root_dataset
    operators.downsample(view, 8)
    states = [_state(view)]
    before = states[0][0]
    others = [one for one, of in before.items() if not of["kept"]]
    swapped, added = others[0], others[-1]
    dropped = before[swapped]["kept_by"]
    for edit, count in (
        ({"keep": [swapped], "drop": dropped}, 8),
        ({"keep": added}, 9),
        ({"drop": [next(one for one, of in before.items() if of["kept"] and one != dropped)]}, 8),
    ):
        result = operators.edit_run(dataset, _RUN, **edit)
        states.append(_state(view))
        values, record, kept, about, views = states[-1]
        assert (result["kept"], result["chosen"], result["warning"]) == (count, 8, None)
        is_kept = {one for one, of in values.items() if of["kept"]}
        assert (len(is_kept), record["kept"], views[f"{_RUN} kept"]) == (count,) * 3
        assert (
            is_kept
            == set(kept["ids"])
            == {one for one, of in values.items() if of["choice"] == "kept"}
        )
        assert {of["kept_by"] for of in values.values()} == is_kept
        assert views[f"{_RUN} stands for"] == count
        assert about.startswith(f"The {count} ")
        assert sum(bucket["kept"] for bucket in record["buckets"]) == count
        assert f"Kept {count} of" in record["summary"]
        assert "chosen by the run: 8, added by hand: " in record["summary"]
        for one, reason in (
            *((one, "kept by hand") for one in record["kept_by_hand"]),
            *((one, "left out by hand") for one in record["left_out_by_hand"]),
        ):
            assert values[one]["reason"] == reason
            assert (values[one]["kept_by"] == one) == (reason == "kept by hand")
        moved = [
            one
            for one, of in values.items()
            if of["kept_by"] != states[-2][0][one]["kept_by"]
            and of["choice"] == states[-2][0][one]["choice"]
        ]
        assert result["reassigned"] == len(moved)
        assert [values[one]["rank"] for one in kept["ids"]] == list(range(1, count + 1))
    assert record["kept_by_hand"] == sorted([swapped, added], key=list(values).index)
    assert len(record["left_out_by_hand"]) == 2
    for state in reversed(states[:-1]):
        operators.edit_run(dataset, _RUN, take_back=True)
        assert _state(view) == state
    with pytest.raises(ValueError, match="no hand edits to take back"):
        operators.edit_run(dataset, _RUN, take_back=True)


@pytest.mark.parametrize("strategy", ["diverse", "stride"])
def test_images_go_to_their_nearest_kept_one(signed_dataset, operators, strategy: str) -> None:
    """As if the images that are kept now had been the run's, by a run that always keeps them."""
    dataset = signed_dataset
    operators.downsample(dataset, 10, strategy=strategy)
    left_out = dataset.match_tags(_RUN, bool=False).values("id")
    dropped = dataset.match_tags(_RUN).values("id")[3:5]
    operators.edit_run(dataset, _RUN, keep=left_out[5], drop=dropped)
    kept = dataset.match_tags(_RUN).values("id")
    assert len(kept) == 9
    operators.downsample(dataset, 9, keep=kept, run_key="again")
    for name in ("kept_by", "distance"):
        found, expected = dataset.values([f"{_RUN}_{name}", f"again_{name}"])
        assert found == (expected if name == "kept_by" else pytest.approx(expected, rel=1e-5))


def test_an_undo_removes_the_edits_too(dataset, operators, state_of) -> None:
    """Nothing of a run is left, nor of the edits; a run in its place says that they are gone."""
    bare = state_of(dataset)
    operators.downsample(dataset, 10)
    operators.edit_run(dataset, _RUN, drop=dataset.match_tags(_RUN).first().id)
    warning = operators.downsample(dataset, 10)["warning"]
    assert warning == f"The earlier run {_RUN!r} was replaced, and its 1 hand edit discarded"
    assert dataset.load_run_results(_RUN).record["left_out_by_hand"] == []
    assert operators.downsample(dataset, 10)["warning"] is None
    operators.edit_run(dataset, _RUN, keep=dataset.match_tags(_RUN, bool=False).first().id)
    assert operators.delete_run(dataset, _RUN)["untagged"] == 11
    after = state_of(dataset)
    for state in (bare, after):
        for sample in state["samples"]:
            sample.pop("last_modified_at", None)
    assert after == bare


def test_the_form_says_which_edits_a_run_discards(signed_dataset, operators, post) -> None:
    """Of the run that it would replace, as many as have not been taken back."""
    dataset = signed_dataset

    def forecast(run_key: str = _RUN) -> str:
        params = {"target_count": 10, "run_key": run_key}
        form = post("resolve-type", "downsample", dataset, params)["type"]["properties"]
        return form["forecast"]["default"]

    operators.downsample(dataset, 10)
    ids = dataset.match_tags(_RUN).values("id")
    for one in ids[:3]:
        operators.edit_run(dataset, _RUN, drop=one)
    assert forecast().endswith(
        f"the run `{_RUN}`, which kept 7, and **discards its 3 hand edits**."
    )
    operators.edit_run(dataset, _RUN, take_back=True)
    assert forecast().endswith("which kept 8, and **discards its 2 hand edits**.")
    assert "hand edit" not in forecast("other")
    operators.downsample(dataset, 10)
    assert forecast().endswith("which kept 10.")


def test_an_exported_list_follows(signed_dataset, operators, tmp_path) -> None:
    """Ranks, buckets and reasons of the list are those of what is kept now."""
    operators.downsample(signed_dataset, 10)
    added = signed_dataset.match_tags(_RUN, bool=False).first().id
    operators.edit_run(signed_dataset, _RUN, keep=added)
    path = tmp_path / "kept.csv"
    operators.export_run(signed_dataset, _RUN, path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == set(signed_dataset.match_tags(_RUN).values("id"))
    assert [int(row["rank"]) for row in rows] == list(range(1, 12))
    assert rows[-1]["id"] == added


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({}, "both empty"),
        ({"keep": "kept"}, "already; omit it"),
        ({"drop": "left out"}, "does not keep"),
        ({"keep": "stranger"}, "is not among the samples"),
        ({"keep": "lost"}, "cannot be read"),
        ({"keep": "left out", "take_back": True}, "needs no keep and drop"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(
    make_dataset, images, operators, edit: dict[str, Any], message: str
) -> None:
    """Before anything is written."""
    dataset = make_dataset([*images[:30], "/nowhere/lost.jpg"])
    operators.downsample(dataset.skip(1), 5)
    ids = {
        "kept": dataset.match_tags(_RUN).first().id,
        "left out": dataset.skip(1).match_tags(_RUN, bool=False).first().id,
        "stranger": dataset.first().id,
        "lost": dataset.last().id,
    }
    state = _state(dataset.view())
    with pytest.raises(ValueError, match=message):
        operators.edit_run(dataset, _RUN, **{name: ids.get(of, of) for name, of in edit.items()})
    assert _state(dataset.view()) == state


def test_a_run_that_is_out_of_date_is_not_edited(dataset, operators) -> None:
    """What was chosen of other samples has no place among these."""
    operators.downsample(dataset, 10)
    left_out = dataset.match_tags(_RUN, bool=False).values("id")
    dataset.delete_samples(dataset.match_tags(_RUN).first())
    with pytest.raises(ValueError, match="changed since the run 'smartdownsample'"):
        operators.edit_run(dataset, _RUN, keep=left_out[0])


def test_a_run_that_keeps_its_own_tag_is_edited_again_and_again(dataset, operators) -> None:
    """Its settings name the tag, which the edits change."""
    operators.downsample(dataset, 10)
    operators.downsample(dataset, 10, keep=_RUN)
    for count in (11, 12):
        added = dataset.match_tags(_RUN, bool=False).first().id
        assert operators.edit_run(dataset, _RUN, keep=added)["kept"] == count
    assert operators.edit_run(dataset, _RUN, take_back=True)["kept"] == 11


def test_whole_groups_are_edited(grouped, operators) -> None:
    """All samples of the group of an image get the tag, or lose it."""
    operators.downsample(grouped, 6, whole_groups=True)
    before = set(grouped.match_tags(_RUN).values("id"))
    other = grouped.match_tags(_RUN, bool=False).first().id
    assert operators.edit_run(grouped, _RUN, keep=other, drop=min(before))["kept"] == 6
    after = set(grouped.match_tags(_RUN).values("id"))
    assert after == before - {min(before)} | {other}
    assert len(grouped.select_group_slices(_allow_mixed=True).match_tags(_RUN)) == 12


def test_a_run_that_does_not_explain_is_edited(signed_dataset, operators) -> None:
    """Tag, choice and record follow, and nobody is said to stand for anything."""
    operators.downsample(signed_dataset, 10, explain=False)
    kept = signed_dataset.match_tags(_RUN).first().id
    result = operators.edit_run(signed_dataset, _RUN, drop=kept)
    assert (result["kept"], result["reassigned"]) == (9, 0)
    assert signed_dataset[kept][f"{_RUN}_choice"] == "excluded"
