"""Signatures in memory: what has been read is not read again, unless it may have changed."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from typing import Any

import fiftyone as fo
import pytest

from plugin.config import DownsampleConfig
from plugin.jobs import engine, in_memory, whatif
from plugin.jobs.in_memory import Stored
from plugin.targets import Subject

_SETTINGS = {"target_count": 20, "strategy": "diverse"}


def _load(view: fo.DatasetView) -> Stored:
    return in_memory.load(view, DownsampleConfig.from_params(_SETTINGS))


def _kept(dataset: fo.Dataset, **settings: Any) -> list[str]:
    config = DownsampleConfig.from_params({**_SETTINGS, **settings})
    subject = Subject.of(dataset, dataset.view())
    stored = in_memory.load(subject.view, config)
    return stored.ids_of(whatif.answer(subject, stored, config).indices)


def _tag(dataset: fo.Dataset) -> None:
    dataset.take(3, seed=1).tag_samples("new")


def _change_fields(dataset: fo.Dataset) -> None:
    dataset.add_sample_field("note", fo.StringField)
    dataset.limit(2).set_values("note", ["a", "b"])


def test_other_changes_leave_signatures_and_their_answers(signed_dataset) -> None:
    """They stay in memory after tags and other fields change; what is made of fields does not."""
    before = _load(signed_dataset.view())
    for change in (_tag, _change_fields):
        change(signed_dataset)
        after = _load(signed_dataset.view())
        assert after is not before
        assert after.signatures is before.signatures
        assert after.of_signatures is before.of_signatures
        assert after.of_samples is not before.of_samples
        before = after


def _change_signature(dataset: fo.Dataset) -> None:
    dataset.limit(1).set_values("signature.sharpness", [123.0])


def _swap_files(dataset: fo.Dataset) -> None:
    paths = dataset.limit(2).values("filepath")
    dataset.limit(2).set_values("filepath", paths[::-1])


def _delete(dataset: fo.Dataset) -> None:
    dataset.delete_samples(dataset.first())


def _replace(dataset: fo.Dataset) -> None:
    path = dataset.first().filepath
    dataset.delete_samples(dataset.first())
    copied = shutil.copy(path, f"{path}.copy.jpg")
    dataset.add_sample(fo.Sample(copied, signature=dataset.first().signature))


def _clear(dataset: fo.Dataset) -> None:
    dataset.limit(1).clear_sample_field("signature")


@pytest.mark.parametrize("change", [_change_signature, _swap_files, _delete, _replace, _clear])
def test_changed_signatures_are_read_again(
    signed_dataset, change: Callable[[fo.Dataset], None]
) -> None:
    """A signature that has changed, or is of another file, and samples that are new or gone."""
    before = _load(signed_dataset.view())
    change(signed_dataset)
    after = _load(signed_dataset.view())
    assert after.signatures is not before.signatures
    assert after.of_signatures is not before.of_signatures
    assert after.id_list == signed_dataset.values("id")


def test_a_view_that_has_other_samples_is_read_again(signed_dataset) -> None:
    """Tags decide what is in a view, whose signatures are all as they were."""
    signed_dataset.limit(10).tag_samples("some")
    view = signed_dataset.match_tags("some")
    before = _load(view)
    signed_dataset.skip(10).limit(1).tag_samples("other")
    assert _load(view).signatures is before.signatures
    signed_dataset.skip(10).limit(1).tag_samples("some")
    assert len(_load(view)) == 11


def test_many_changes_are_read_again_and_answers_stay(signed_dataset, monkeypatch) -> None:
    """If all signatures turn out to be the same, so are the answers that were made of them."""
    monkeypatch.setattr(in_memory, "_MOST_CHANGED", 2)
    before = _load(signed_dataset.view())
    _tag(signed_dataset)
    after = _load(signed_dataset.view())
    assert after.signatures is not before.signatures
    assert after.of_signatures is before.of_signatures
    _change_signature(signed_dataset)
    assert _load(signed_dataset.view()).of_signatures is not before.of_signatures


def test_answers_that_depend_on_tags_follow_them(signed_dataset) -> None:
    """What has a tag is kept, also if it has got the tag since the last answer."""
    signed_dataset.limit(1).tag_samples("wanted")
    first = _kept(signed_dataset, keep="wanted")
    new = next(one for one in signed_dataset.values("id") if one not in first)
    signed_dataset.select(new).tag_samples("wanted")
    assert new in _kept(signed_dataset, keep="wanted")


def test_a_run_in_the_app_need_not_be_worked_out_again(signed_dataset, monkeypatch) -> None:
    """What it keeps is known as soon as the signatures that it has written have been read."""
    monkeypatch.setattr(whatif, "_FEW", 0)
    config = DownsampleConfig.from_params({**_SETTINGS, "target_count": 21})
    job = engine.run(signed_dataset, signed_dataset.view(), config, in_app=True)
    deque(job, maxlen=0)
    subject = Subject.of(signed_dataset, signed_dataset.view())
    assert (whatif.takes_long(subject, config) or "").startswith("Reading the stored")
    stored = in_memory.load(subject.view, config)
    assert whatif.takes_long(subject, config) is None
    kept = signed_dataset.match_tags("smartdownsample").values("id")
    assert sorted(stored.ids_of(whatif.answer(subject, stored, config).indices)) == sorted(kept)
