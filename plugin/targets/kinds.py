"""What a view holds - samples, groups, patches, frames - and why others cannot be downsampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fiftyone as fo
from fiftyone.core.clips import ClipsView
from fiftyone.core.patches import EvaluationPatchesView, PatchesView
from fiftyone.core.stages import Concat, Mongo
from fiftyone.core.video import FramesView

from .. import names
from ._frames import Frames
from ._groups import GROUPS
from ._items import SAMPLES, Samples
from ._patches import PREFIX, WHOLE_PREFIX, Patches, WholeImages

FRAMES = Frames()

#: What an error adds for Python; the App has a button.
IN_PYTHON = " or as in frames = dataset.to_frames(sample_frames=True, fps=1)"

_BY_OPERATOR = f"by the operator {names.LABELS['sample_frames']!r}{IN_PYTHON}"
_FRAMES_HINT = f"sample their frames first, {_BY_OPERATOR}, and choose from that view"
_NO_PIXELS = "which have no pixels to compare"

#: Why samples of a media type cannot be compared, and what to do.
_REASONS = {
    "video": f"Videos have to be sampled into frames first, {_BY_OPERATOR}",
    "3d": f"the samples are 3D scenes, {_NO_PIXELS}; render them to images",
    "point-cloud": f"the samples are point clouds, {_NO_PIXELS}; render them to images",
    "mixed": "the view mixes slices of several media types; choose one slice of images",
}


def dataset_of(collection: Any) -> fo.Dataset:
    """Returns the dataset of a dataset or view.

    Raises:
        ValueError: if it is neither
    """
    if isinstance(collection, (fo.Dataset, fo.DatasetView)):
        return fo.load_dataset(collection.view().dataset_name)
    loads = f"; fo.load_dataset({collection!r}) loads one" if isinstance(collection, str) else ""
    loads = loads or "; fo.list_datasets() names those that fo.load_dataset can load"
    raise ValueError(f"expected a dataset or view, got a {type(collection).__name__}{loads}")


def of(view: fo.DatasetView, whole_groups: bool = False, whole_images: bool = False) -> Samples:
    """Returns what a (flat) view holds.

    Args:
        view: the view
        whole_groups: its samples stand for their groups
        whole_images: its patches choose the samples that they are on
    """
    if isinstance(view, FramesView):
        return FRAMES
    if isinstance(view, PatchesView):
        return (WholeImages if whole_images else Patches)(view.patches_field)
    return GROUPS if whole_groups else SAMPLES


def of_record(record: Mapping[str, Any]) -> Samples:
    """Returns what a run of this record or these settings is about."""
    key = record.get("items", SAMPLES.key)
    for prefix, kind in ((PREFIX, Patches), (WHOLE_PREFIX, WholeImages)):
        if key.startswith(prefix):
            return kind(key.removeprefix(prefix))
    return {kind.key: kind for kind in (SAMPLES, GROUPS, FRAMES)}[key]


def holds_videos(view: fo.DatasetView) -> bool:
    """Whether a (flat) view holds whole videos."""
    return type(view) is fo.DatasetView and view.media_type == "video" and bool(view.limit(1))


def fresh(view: fo.DatasetView) -> fo.DatasetView:
    """Returns a view of patches or frames with all that has been written since; others as they are.

    FiftyOne generates a dataset for such a view, which holds what there was at that time. It is
    generated anew here rather than by ``view.reload()``, which would delete it under the feet of
    other views of the user.
    """
    if not isinstance(view, (PatchesView, FramesView)):
        return view
    (stage,) = view._base_view._all_stages[-1:]
    settings = dict(stage._kwargs())
    settings.pop("_state")
    made: fo.DatasetView = view._source_collection.add_stage(type(stage)(**settings))
    for later in view._stages:
        made = made.add_stage(later)
    return made


def refusal(view: fo.DatasetView) -> str | None:
    """Says why this (flat) view cannot be downsampled, and what to do; None if it can."""
    if isinstance(view, ClipsView):
        return f"the view holds clips, which are parts of videos: {_FRAMES_HINT}"
    if isinstance(view, EvaluationPatchesView):
        fields = f"to_patches({view.gt_field!r}) or to_patches({view.pred_field!r})"
        return f"the view holds patches of two fields; choose those of one of them, {fields}"
    if isinstance(view, PatchesView) and (reason := _refused_patches(view)):
        return reason
    if isinstance(view, FramesView) and (reason := _refused_frames(view)):
        return reason
    if not view.limit(1):
        return "there are no samples here; choose another view or dataset"
    if view.media_type == "image":
        return _repetition(view)
    other = (
        f"the samples are of media type {view.media_type!r}, {_NO_PIXELS}; choose samples that are "
        "images"
    )
    return _REASONS.get(view.media_type, other) + _slices_hint(view)


def _refused_patches(view: PatchesView) -> str | None:
    if view._source_collection._is_generated:
        return (
            "the view holds patches of a view of frames, clips or patches; save the frames as a "
            "dataset of images, frames.clone(), and choose from the patches of that"
        )
    kind = view._source_collection._get_label_field_type(view.patches_field)
    if kind is not fo.Detections:
        return (
            f"the patches are {kind.__name__.lower()} of the field {view.patches_field!r}, and "
            "crops are made by the bounding boxes of detections; choose a field of Detections"
        )
    return None


def _refused_frames(view: FramesView) -> str | None:
    if view._source_collection._is_generated:
        return f"the view holds frames of clips; of whole videos, {_FRAMES_HINT}"
    if (view._frames_stage.config or {}).get("sample_frames") == "dynamic":
        return f"the frames of this view are not sampled, so they have no images: {_FRAMES_HINT}"
    if not view.limit(1):
        return f"no frame has an image: {_FRAMES_HINT}"
    return None


def _repetition(view: fo.DatasetView) -> str | None:
    """Says that a view holds something more than once; None if it does not."""
    if not any(isinstance(stage, (Concat, Mongo)) for stage in view._stages):
        return None
    ids = view.values("id")
    n, n_different, items = len(ids), len(set(ids)), of(view)
    if n == n_different:
        return None
    everything = "dataset" if items is SAMPLES else items.noun
    return (
        f"the view holds {n:,} {items.noun} of which only {n_different:,} differ, as concat() "
        f"makes it; choose from {everything}.select(set(view.values('id')))"
    )


def _slices_hint(view: fo.DatasetView) -> str:
    media = view._root_dataset.group_media_types or {}
    images = sorted(name for name, kind in media.items() if kind == "image")
    return f"; or choose the slice {' or '.join(map(repr, images))}" if images else ""
