"""The settings as people see them: one row each, which the forms and the panel share.

A new setting is a field of a config in config.py and a row here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import fiftyone as fo
import fiftyone.operators.types as types

from .. import names
from ..config import DownsampleConfig, SignatureConfig
from ..jobs import choices as choice_settings
from ..targets import embeddings


class Row(NamedTuple):
    """How to ask for one setting."""

    name: str
    kind: Literal["whole number", "number", "text", "switch", "choice", "name"]
    """a name is one of what a dataset has, which may also be typed"""
    label: str
    description: str = ""
    default: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    """value and label"""
    offer: Callable[[fo.Dataset], list[tuple[str, str]]] | None = None
    """of a name: the choices of a dataset"""
    what_if: bool = False
    """the panel asks for it too, because stored signatures are enough to see what it does"""


TARGET_COUNT = Row("target_count", "whole number", "Images to keep", what_if=True)

RUN_KEY = Row(
    "run_key",
    "text",
    "Run key",
    "Names the run, its tag and its saved views; a run of that key is replaced",
    names.DEFAULT_RUN_KEY,
)

STRATEGY = Row(
    "strategy",
    "choice",
    "Strategy",
    default=DownsampleConfig.strategy,
    choices=(
        ("stride", "Stride: evenly from every visual bucket"),
        ("diverse", "Diverse: each image as different as can be from those before it"),
        ("representative", "Representative: few of what is rare, many of what is common"),
    ),
    what_if=True,
)

#: What the kept samples have to satisfy; folded away by default.
CHOICE_ROWS = (
    Row(
        "near_duplicates",
        "number",
        "Near-duplicates within (bits)",
        "Leave out what differs so little from an image before it: in 4 of 64 bits, say, but not "
        "where the camera stands still (of embeddings, in a cosine distance of 0.05)",
        what_if=True,
    ),
    Row(
        "leave_out_junk",
        "switch",
        "Leave out junk",
        "Blank images (black, white or blurred beyond use); empty scenes are not blank",
        DownsampleConfig.leave_out_junk,
        what_if=True,
    ),
    Row(
        "stratify_by",
        "name",
        "Stratify by",
        "A field, such as ground_truth.label, each of whose values gets its share",
        offer=choice_settings.label_fields,
        what_if=True,
    ),
    Row(
        "balance",
        "choice",
        "Shares",
        default=DownsampleConfig.balance,
        choices=(
            ("proportional", "Proportional to sizes"),
            ("0.5", "In between: in proportion to the square roots of sizes"),
            ("equal", "Equal"),
        ),
        what_if=True,
    ),
    Row(
        "max_per_group",
        "whole number",
        "Most per group",
        "Of each value of the field to stratify by; without one, of each visual bucket",
        what_if=True,
    ),
    Row(
        "keep",
        "name",
        "Keep in any case",
        "A tag or a saved view; its samples count, and others are chosen to differ from them",
        offer=choice_settings.kept_choices,
        what_if=True,
    ),
    Row(
        "features",
        "name",
        "Compare by",
        "Embeddings, of a field or a brain key, instead of our descriptors",
        offer=embeddings.fields,
        what_if=True,
    ),
)

#: Of a run, folded away by default.
SELECTION_ROWS = (
    Row("tag", "text", "Tag", "For the kept samples; the run key if empty"),
    Row(
        "random_seed",
        "whole number",
        "Random seed",
        "Another seed keeps other samples; the same seed the same ones",
        DownsampleConfig.random_seed,
        what_if=True,
    ),
)

#: Charts of a run as files.
CHART_ROWS = (
    Row(
        "save_distribution",
        "text",
        "Save the chart",
        "Full path of a new .png on the server: kept and excluded images per bucket",
    ),
    Row(
        "save_thumbnails",
        "text",
        "Save the thumbnails",
        "Full path of a new .png on the server: up to 25 images of every bucket",
    ),
)

#: Of the signatures.
SIGNATURE_ROWS = (
    Row(
        "signature_field",
        "text",
        "Signature field",
        "Where the signatures are, or will be",
        names.DEFAULT_FIELD,
    ),
    Row(
        "hash_size",
        "whole number",
        "Hash size",
        "Side of the difference hash, at least 4; 8 is the usual one",
        SignatureConfig.hash_size,
    ),
    Row(
        "decode",
        "choice",
        "Reading images",
        default=SignatureConfig.decode,
        choices=(
            ("exact", "Exact: the buckets of smartdownsample 1.9"),
            ("fast", "Fast: some images land in a neighbouring bucket"),
        ),
    ),
    Row(
        "n_workers",
        "whole number",
        "Workers",
        "Images that are read at the same time",
        SignatureConfig.n_workers,
    ),
    Row(
        "workers",
        "choice",
        "Workers are",
        default=SignatureConfig.workers,
        choices=(
            (
                "auto",
                "As is best: threads now, processes if scheduled, Dask if there is a scheduler",
            ),
            ("threads", "Threads"),
            ("processes", "Processes: a file that crashes its reader costs no other"),
        ),
    ),
    Row(
        "scheduler",
        "text",
        "Dask scheduler",
        "Its address, such as tcp://10.0.0.1:8786, to read on a cluster that sees the same files",
    ),
    Row(
        "recompute",
        "switch",
        "Compute all signatures anew",
        "Otherwise only those that are missing or whose file has changed",
        SignatureConfig.recompute,
    ),
)

#: Of grouped datasets only.
GROUP_SLICE = Row(
    "group_slice",
    "name",
    "Slice",
    "The slice whose images are compared; the active one if empty",
    offer=lambda dataset: [(name, name) for name in dataset.group_slices or ()],
)
WHOLE_GROUPS = Row(
    "whole_groups",
    "switch",
    "Keep whole groups",
    "Tag all samples of the groups whose image is kept, instead of that image only",
    DownsampleConfig.whole_groups,
)

#: The rows that are folded away, under their headings: what is chosen, how it is written, how read.
SECTIONS = (
    ("Which images", CHOICE_ROWS),
    ("Names and files", (*SELECTION_ROWS, *CHART_ROWS)),
    ("Signatures", SIGNATURE_ROWS),
)

#: What the panel asks for besides the target count.
WHAT_IF_ROWS = tuple(
    row for row in (STRATEGY, *CHOICE_ROWS, *SELECTION_ROWS, *SIGNATURE_ROWS) if row.what_if
)

#: Settings that the panel asks for.
ASKED = tuple(row.name for row in (TARGET_COUNT, *WHAT_IF_ROWS))


def matters(row: Row, settings: Mapping[str, Any]) -> bool:
    """Whether to ask for a setting: shares of what, if there is no field to stratify by?"""
    if row.name != "balance":
        return True
    return bool(settings.get("stratify_by")) or settings.get(row.name) not in (None, row.default)


def labelled(message: str) -> str:
    """Names settings in a message as the forms and the panel do; not within names and paths."""
    rows = (TARGET_COUNT, RUN_KEY, *CHOICE_ROWS, *SELECTION_ROWS, *CHART_ROWS, *SIGNATURE_ROWS)
    labels = {row.name: row.label for row in rows if "_" in row.name}
    words = rf"(?<![\w./'])(?:{'|'.join(labels)})(?![\w/'=]|\.\w)"
    return re.sub(words, lambda name: f"'{labels[name[0]]}'", message)


def defaults() -> dict[str, Any]:
    """Returns the defaults of what the panel asks for."""
    return {row.name: row.default for row in WHAT_IF_ROWS if row.default is not None}


def options(dataset: fo.Dataset) -> dict[str, list[tuple[str, str]]]:
    """Returns what of the dataset the rows of names offer: setting to values and labels."""
    return {row.name: row.offer(dataset) for row in CHOICE_ROWS if row.offer}


def add(
    inputs: types.Object,
    row: Row,
    offered: Sequence[tuple[str, str]] = (),
    item: dict[str, Any] | None = None,
    given: Any = None,
    **options: Any,
) -> types.Property:
    """Adds a row to a form or a panel.

    Args:
        inputs: where to add it
        row: the row
        offered: of a name, what to choose from
        item: options of its view, such as its place in a panel
        given: what its value is; of a choice, it is offered, too
        options: for the property; those of the row are the default
    """
    options = {"label": row.label, "description": row.description, **options}
    item = item or {}
    if row.default is not None:  # a default of None in the options stays
        options.setdefault("default", row.default)
    if row.kind == "choice":
        own = () if given in (None, *dict(row.choices)) else ((given, str(given)),)
        radio = _with_choices(
            types.RadioGroup(orientation="vertical", **item), (*row.choices, *own)
        )
        return inputs.enum(row.name, radio.values(), view=radio, **options)
    if row.kind == "name":
        options["view"] = _with_choices(types.AutocompleteView(**item), offered)
    elif item:
        options.setdefault("view", types.View(**item))
    makers: dict[str, Callable[..., types.Property]] = {
        "whole number": inputs.int,
        "number": inputs.float,
        "text": inputs.str,
        "name": inputs.str,
        "switch": inputs.bool,
    }
    return makers[row.kind](row.name, **options)


def _with_choices(view: types.Choices, choices: Sequence[tuple[str, str]]) -> types.Choices:
    for value, label in choices:
        view.add_choice(value, label=label)
    return view
