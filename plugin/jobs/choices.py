"""Strategy and constraints: from settings that name fields, tags and runs to the core's arrays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import fiftyone as fo
import fiftyone.core.fields as fof
import fiftyone.core.labels as fol
import fiftyone.core.sample as fos
from bson import ObjectId, json_util

from smartdownsample_core import Choice
from smartdownsample_core.checks import shown
from smartdownsample_core.errors import ParameterError, refused
from smartdownsample_core.selection import assign_strata

from .. import names
from ..config import DownsampleConfig, is_given
from ..runs import records as runs
from ..targets import Subject, embeddings, flat_views, number_fields, signature_fields
from . import folders

#: Ids that ``keep`` may list: a run is recorded in a MongoDB document, which holds 16 MB.
MAX_KEPT_IDS = 100_000

_SAMPLE = (fo.Sample, fos.SampleView)
_SCALARS = (fof.StringField, fof.IntField, fof.BooleanField, fof.FloatField, fof.DateField)
_FEW_VALUES = (fof.StringField, fof.IntField, fof.BooleanField)

Remember = Callable[[Any, Callable[[], Any]], Any]
"""``remember(key, make)``: what ``make`` returns, or returned before under that key"""


def make(
    subject: Subject,
    ids: Sequence[str],
    config: DownsampleConfig,
    remember: Remember = lambda key, work: work(),
) -> Choice:
    """Returns the core's choice for some samples, and checks that it fits them.

    Args:
        subject: what to choose from
        ids: of its n samples, in its order
        config: the settings
        remember: for who asks again and again: keeps what was read, as long as samples stay the
            same

    Raises:
        ValueError: if labels, features or samples to keep are not there
    """
    labels = features = None
    if path := config.stratify_by:
        own = _own_marks(subject.dataset, config, path)
        labels = remember(("labels", path, own), lambda: _labels(subject.view, path, own))
    if name := config.features:
        key = ("features", name, stamp(subject.dataset, config))
        features = remember(key, lambda: embeddings.load(subject, ids, name))
    choice = Choice(
        strategy=config.strategy,
        near_duplicates=config.near_duplicates,
        features=features,
        stratify_by=labels,
        balance=config.balance,
        max_per_group=config.max_per_group,
        keep=_rows(subject, ids, config.keep) if config.keep else (),
        leave_out_junk=config.leave_out_junk,
    )
    choice.check(len(ids), config.target_count, config.hash_size)
    return choice


def stamp(dataset: fo.Dataset, config: DownsampleConfig) -> tuple[Any, ...]:
    """What changes when settings come to mean something else, though no sample has changed."""
    keep, features = config.keep, config.features
    stages = None
    if isinstance(keep, str) and dataset.has_saved_view(keep):
        serialized = dataset.load_saved_view(keep)._serialize(include_uuids=False)
        stages = json.dumps(serialized, default=json_util.default)
    is_run = bool(features) and dataset.has_brain_run(features)
    return stages, dataset.get_brain_info(features).timestamp if is_run else None


def named(keep: Any) -> Any:
    """Returns ``keep`` as a setting can hold it: a view as its ids, other lists as lists.

    Raises:
        ValueError: for more ids than a run can record
    """
    if isinstance(keep, (fo.Dataset, fo.DatasetView)):
        ids = keep.values("id")
        if not ids:
            raise refused("keep", "the view has no samples; leave it out")
    elif isinstance(keep, str) or not isinstance(keep, Iterable):
        return keep
    else:
        ids = [] if isinstance(keep, _SAMPLE) else list(keep)
        if not ids or not all(isinstance(one, str) for one in ids):
            got = f"{ids[0]!r} in a list" if ids else f"an empty {type(keep).__name__}"
            if isinstance(keep, _SAMPLE):
                got = f"a {type(keep).__name__}"
            raise refused(
                "keep",
                "must be a tag, the name of a saved view, a view, or ids of samples, got "
                f"{got}; of samples, [sample.id for sample in samples]",
            )
    if len(ids) > MAX_KEPT_IDS:
        raise refused(
            "keep",
            f"has {len(ids):,} ids, and a run records at most {MAX_KEPT_IDS:,}; tag the "
            "samples, and name the tag instead",
        )
    return ids


def problems(subject: Subject, config: DownsampleConfig) -> Iterator[ParameterError]:
    """Yields which names, of fields, runs, tags and views, stand for nothing that can be used."""
    checks: dict[str, Callable[..., Any]] = {
        "stratify_by": _check_labels,
        "features": embeddings.check,
        "keep": partial(_check_keep, target_count=config.target_count),
    }
    for setting, check in checks.items():
        if is_given(value := getattr(config, setting)):
            try:
                check(subject, value)
            except ParameterError as error:
                yield error


def label_path(view: fo.DatasetView, path: str) -> str:
    """Returns the full path of the values to stratify by.

    ``folder`` means the folder of each file, if there is no such field. ``ground_truth`` and
    ``ground_truth.label`` mean the labels of a Classification, and those of
    all objects of Detections.

    Raises:
        ValueError: if there is no such field, or its values make no groups
    """
    if not isinstance(path, str):
        raise refused(
            "stratify_by",
            f"must be the path of a field, got a {type(path).__name__}; write labels "
            "into a field with dataset.set_values('my_label', labels)",
        )
    if folders.is_folder(view, path):
        return "filepath"
    field = view.get_field(path)
    if field is None and (root := _list_of_labels(view, path.rpartition(".")[0])):
        path = f"{root}.{path.rpartition('.')[2]}"
        field = view.get_field(path)
    if field is None:
        known = [path for path, _ in label_fields(view)]
        raise refused(
            "stratify_by", f"the dataset has no field {path!r}{names.closest(path, known)}"
        )
    if isinstance(field, fof.EmbeddedDocumentField) and view.get_field(f"{path}.label"):
        return f"{path}.label"
    if root := _list_of_labels(view, path):
        return f"{root}.label"
    while isinstance(field, fof.ListField):
        field = field.field
    if not isinstance(field, _SCALARS):
        kind = type(field).__name__
        raise refused(
            "stratify_by",
            f"{path!r} is of the type {kind}, no labels; choose a field of "
            "texts, numbers or labels, such as 'ground_truth.label'",
        )
    return path


def label_fields(dataset: fo.Dataset | fo.DatasetView) -> list[tuple[str, str]]:
    """Returns the fields of a dataset that are likely to be stratified by: path and label."""
    found = [(folders.FOLDER, "folder of each file")] * (not dataset.has_field(folders.FOLDER))
    found.append(("tags", "tags"))
    for name, field in dataset.get_field_schema().items():
        if number_fields.owner(dataset, name):
            continue
        if signature_fields.is_ours(dataset, name):
            found.append((f"{name}.bucket_name", f"{name}.bucket_name"))
        elif _is_label(field):
            found.append((f"{name}.label", f"{name}.label"))
        elif isinstance(field, _FEW_VALUES) and name not in ("id", "filepath"):
            found.append((name, name))
    return found


def kept_choices(dataset: fo.Dataset) -> list[tuple[str, str]]:
    """Returns the tags and saved views that ``keep`` can name: value and label."""
    tags = sorted(dataset.distinct("tags"))
    views = [name for name in dataset.list_saved_views() if name not in tags]
    return [(tag, f"Tag: {tag}") for tag in tags] + [(name, f"View: {name}") for name in views]


def worded(config: DownsampleConfig) -> str:
    """Words what the choice adds to the number of samples; empty if it adds nothing."""
    parts = []
    if config.strategy != DownsampleConfig.strategy:
        parts.append(f"strategy {config.strategy}")
    if config.features:
        parts.append(f"compares the embeddings `{config.features}`")
    if config.near_duplicates is not None:
        unit = "cosine distance" if config.features else "bits"
        parts.append(f"leaves out near-duplicates within {config.near_duplicates:g} {unit}")
    if config.leave_out_junk:
        parts.append("leaves out blank images (black, white or blurred)")
    if config.stratify_by:
        balance = config.balance
        share = balance if isinstance(balance, str) else f"size to the power of {balance:g}"
        most = f", at most {config.max_per_group:,} each" if config.max_per_group else ""
        parts.append(f"{share} shares of `{config.stratify_by}`{most}")
    elif config.max_per_group:
        parts.append(f"at most {config.max_per_group:,} of each bucket")
    if config.keep:
        what = f"`{config.keep}`" if isinstance(config.keep, str) else f"{len(config.keep):,} ids"
        parts.append(f"keeps {what} in any case")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _own_marks(dataset: fo.Dataset, config: DownsampleConfig, path: str) -> frozenset[str]:
    """Returns which of the values at a path are tags that runs gave, and no labels of the user's.

    Raises:
        ValueError: if the path is that of a field which the run itself replaces
    """
    if number_fields.owner(dataset, path) in (config.run_key, config.tag):
        raise refused(
            "stratify_by",
            f"the field {path!r} is of the run {config.run_key!r}, which this one replaces; choose "
            "another field, or another name for the run",
        )
    is_of_tags = path.rpartition(".")[2] == "tags"
    return frozenset((config.tag, *runs.marks(dataset))) if is_of_tags else frozenset()


def _check_labels(subject: Subject, path: str) -> None:
    label_path(subject.view, path)


def _labels(view: fo.DatasetView, path: str, left_out: frozenset[str]) -> list[str]:
    """Reads one label per sample, but for some that count as none; of several the rarest."""
    values = view.values(label_path(view, path))
    if folders.is_folder(view, path):
        values = folders.of_files([value or "" for value in values])
    if left_out:
        values = [[tag for tag in tags or () if tag not in left_out] for tags in values]
    numbers, texts = assign_strata(values)
    return [texts[number] for number in numbers.tolist()]


def _rows(subject: Subject, ids: Sequence[str], keep: str | tuple[str, ...]) -> list[int]:
    kept = set(_kept_ids(subject, keep))
    rows = [row for row, sample_id in enumerate(ids) if sample_id in kept]
    _check_found(keep, len(rows), len(kept))
    return rows


def n_kept_outside(subject: Subject, config: DownsampleConfig) -> int:
    """Returns how many items of the tag or saved view to keep are not among those to choose from.

    Of the run's own mark, which it gives anew, none are.
    """
    keep = config.keep
    if not keep or not isinstance(keep, str) or keep == config.tag:
        return 0
    if subject.items.is_marked(subject.dataset, keep):
        n_all = subject.items.count_kept(subject.dataset, keep)
    else:
        n_all = len(flat_views.flat(subject.dataset.load_saved_view(keep)))
    return n_all - len(set(_kept_ids(subject, keep)))


def _kept_ids(subject: Subject, keep: str | tuple[str, ...]) -> Iterable[str]:
    if not isinstance(keep, str):
        return keep
    if subject.items.is_marked(subject.dataset, keep):
        return subject.items.marked_ids(subject.view, keep)
    saved: list[str] = flat_views.flat(subject.dataset.load_saved_view(keep)).values("id")
    return set(saved).intersection(subject.view.values("id"))


def _check_keep(subject: Subject, keep: Any, target_count: int | None) -> None:
    dataset = subject.dataset
    if isinstance(keep, tuple):
        if wrong := [one for one in keep if not _is_id(one)]:
            raise refused(
                "keep",
                f"{wrong[0]!r} is no id of a sample; of paths, "
                "dataset.select_by('filepath', paths)",
            )
        n = len(subject.view.select(list(set(keep))))
        _check_found(keep, n, len(set(keep)))
    elif not isinstance(keep, str):
        raise refused(
            "keep",
            "must be a tag, the name of a saved view or ids, got "
            f"{shown(keep)}; of a view, view.values('id')",
        )
    elif not subject.items.is_marked(dataset, keep) and not dataset.has_saved_view(keep):
        known = [*dataset.distinct("tags"), *dataset.list_saved_views()]
        raise refused(
            "keep",
            f"no tag and no saved view is named {keep!r}"
            + (names.closest(keep, known) or "; there is none so far: tag samples first, say"),
        )
    else:
        n = len(set(_kept_ids(subject, keep)))
        _check_found(keep, n, 1)
    if isinstance(target_count, int) and n > target_count:
        raise refused(
            "keep",
            f"has {n:,} samples, more than the {target_count:,} to keep; ask for "
            "more, or keep fewer",
        )


def _check_found(keep: str | tuple[str, ...], found: int, wanted: int) -> None:
    """Ids have to be there, all of them; of a tag or a saved view, those that are here count."""
    if isinstance(keep, tuple) and found < wanted:
        raise refused(
            "keep",
            f"{wanted - found:,} of {wanted:,} ids are not among the samples to choose from; "
            "choose from more samples, or leave them out",
        )
    if not found:
        raise refused("keep", f"{keep!r} has none of the samples to choose from; leave it out")


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and ObjectId.is_valid(value)


def _is_label(field: fof.Field | None) -> bool:
    if not isinstance(field, fof.EmbeddedDocumentField):
        return False
    kinds = (fol._HasLabelList, fol.Label)
    return issubclass(field.document_type, kinds) and "label" in _label_attributes(field)


def _label_attributes(field: fof.EmbeddedDocumentField) -> Mapping[str, Any]:
    kind = field.document_type
    if issubclass(kind, fol._HasLabelList):
        field = field.get_field_schema()[kind._LABEL_LIST_FIELD].field
    attributes: Mapping[str, Any] = field.get_field_schema()
    return attributes


def _list_of_labels(view: fo.DatasetView, path: str) -> str | None:
    """Returns the path of the list in a field of several labels, as in Detections; else None."""
    field = view.get_field(path) if path else None
    if not isinstance(field, fof.EmbeddedDocumentField):
        return None
    if not issubclass(field.document_type, fol._HasLabelList):
        return None
    return f"{path}.{field.document_type._LABEL_LIST_FIELD}"
