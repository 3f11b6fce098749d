"""Labels to stratify by: the field that a path means, and one label per sample from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fiftyone as fo
import fiftyone.core.fields as fof
import fiftyone.core.labels as fol

from smartdownsample_core.errors import refused
from smartdownsample_core.selection import assign_strata

from .. import names
from ..config import DownsampleConfig
from ..runs import records, splits
from ..targets import Subject, signature_fields, written_fields
from . import folders

_SCALARS = (fof.StringField, fof.IntField, fof.BooleanField, fof.FloatField, fof.DateField)
_FEW_VALUES = (fof.StringField, fof.IntField, fof.BooleanField)


def full_path(subject: Subject, path: str, setting: str = "stratify_by") -> str:
    """Returns the full path of the values that a setting names, by default those to stratify by.

    ``folder`` means the folder of each file, unless a field has this name. ``ground_truth`` and
    ``ground_truth.label`` mean the label of a Classification, and the labels of all objects of
    Detections.

    Raises:
        ValueError: if there is no such field, or its values are no labels
    """
    view = subject.view
    if not isinstance(path, str):
        raise refused(
            setting,
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
        known = [path for path, _ in options(view)]
        raise refused(setting, f"the dataset has no field {path!r}{names.closest(path, known)}")
    if isinstance(field, fof.EmbeddedDocumentField) and view.get_field(f"{path}.label"):
        return f"{path}.label"
    if root := _list_of_labels(view, path):
        return f"{root}.label"
    while isinstance(field, fof.ListField):
        field = field.field
    if not isinstance(field, _SCALARS):
        raise refused(
            setting,
            f"{path!r} is of type {type(field).__name__} and holds no labels; choose a field of "
            f"text, numbers or labels, {_hint(subject)}",
        )
    return path


def _hint(subject: Subject) -> str:
    """Returns an example of labels that there are."""
    if subject.view.has_field("frame_number"):
        return "or 'folder', which is that of the frames of each video"
    return "such as 'ground_truth.label', or 'folder', the folder of each file"


def options(dataset: fo.Dataset | fo.DatasetView) -> list[tuple[str, str]]:
    """Returns the fields of a dataset that are likely to be stratified by: path and label."""
    found = [(folders.FOLDER, "folder of each file")] * (not dataset.has_field(folders.FOLDER))
    found.append(("tags", "tags"))
    for name, field in dataset.get_field_schema().items():
        if written_fields.owner(dataset, name):
            continue
        if signature_fields.is_ours(dataset, name):
            found.append((f"{name}.bucket_name", f"{name}.bucket_name"))
        elif _is_label(field):
            found.append((f"{name}.label", f"{name}.label"))
        elif isinstance(field, _FEW_VALUES) and name not in ("id", "filepath"):
            found.append((name, name))
    return found


def groupings(view: fo.DatasetView) -> list[str]:
    """Returns the fields of text, and labels of whole images, that may group the samples."""
    schema = view.get_field_schema()
    kinds = {
        path: schema[path.partition(".")[0]]
        for path, _ in options(view)
        if path != "tags" and not (folders.is_folder(view, path) or path.endswith(".bucket_name"))
    }
    return [
        path
        for path, kind in kinds.items()
        if isinstance(kind, fof.StringField)
        or (_is_label(kind) and not issubclass(kind.document_type, fol._HasLabelList))
    ]


def is_key(subject: Subject, config: DownsampleConfig) -> bool:
    """Whether the strata are those of keys, such as ``site+daynight``, rather than of a field."""
    return bool(config.strata_keys) and not subject.view.has_field(config.stratify_by)


def default_camera(subject: Subject) -> str:
    """Returns the path of what took each image: a field ``camera``, or the folders."""
    return "camera" if subject.view.has_field("camera") else folders.FOLDER


def camera_path(subject: Subject, camera: str) -> str:
    """Returns the path of what took each image, given the setting, which may be empty."""
    return camera or default_camera(subject)


def read_all(subject: Subject, path: str, setting: str = "stratify_by") -> list[Any]:
    """Reads the labels of each sample: one, several or None."""
    values: list[Any] = subject.view.values(full_path(subject, path))
    if folders.is_folder(subject.view, path):
        return folders.labels(path, [value or "" for value in values], setting)
    return values


def read(subject: Subject, path: str, ignored: frozenset[str] = frozenset()) -> list[str]:
    """Reads one label per sample: the rarest, if a sample has several that are not ignored."""
    values = read_all(subject, path)
    if ignored:
        values = [[tag for tag in tags or () if tag not in ignored] for tags in values]
    numbers, texts = assign_strata(values)
    return [texts[number] for number in numbers.tolist()]


def our_tags(dataset: fo.Dataset) -> set[str]:
    """Returns the tags that runs and splits gave, which say nothing about what an image shows."""
    return records.marks(dataset) | splits.tags(dataset)


def ignored_tags(dataset: fo.Dataset, config: DownsampleConfig) -> frozenset[str]:
    """Returns the tags to ignore when stratifying by tags: those that runs and splits gave.

    Raises:
        ValueError: if the run itself replaces the field to stratify by
    """
    path = config.stratify_by
    if written_fields.owner(dataset, path) in (config.run_key, config.tag):
        raise refused(
            "stratify_by",
            f"the field {path!r} belongs to the run {config.run_key!r}, which this run replaces; "
            "choose another field, or another name for the run",
        )
    is_of_tags = path.rpartition(".")[2] == "tags"
    return frozenset((config.tag, *our_tags(dataset))) if is_of_tags else frozenset()


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
