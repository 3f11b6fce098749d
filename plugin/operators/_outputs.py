"""What the App shows when an operator is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone.operators.types as types

from smartdownsample_core.errors import counted
from smartdownsample_core.report import share
from smartdownsample_core.selection import STRATEGIES

from .. import names, wording
from ..jobs import folders
from ..jobs.omissions import Omission
from ..run_fields import RUN_FIELDS
from ..targets import kinds as targets

#: How many of the files that could not be read are named.
_MAX_LISTED = 10

#: As many are beside the result of a run.
_MAX_BESIDE_RUN = 3


def warnings(result: Mapping[str, Any]) -> list[str]:
    """Words what whoever has called an operator in Python should know of its result."""
    texts = [result["warning"]] if result.get("warning") else []
    if result["unreadable"]:
        texts.append(
            f"{result['unreadable']:,} of {counted(result['images'], 'images')} could not be read; "
            f"the field {result['signature_field']}.error says why, of the first: "
            f"{result['errors'][0]}"
        )
    if result["unused_previews"]:
        texts.append(f"Read whole, as previews cannot be used: {result['unused_previews'][0]}")
    return texts


def deletion_output(result: Mapping[str, Any]) -> types.Property:
    """Says what an undo removed."""
    outputs = types.Object()
    items = targets.of_record(result)
    mark = items.mark_name(result["tag"])
    removed = [f"the {items.tag_kind} `{mark}` from {result['untagged']:,} {items.tagged}"]
    removed += [f"the saved view `{name}`" for name in result["saved_views"]]
    removed += [f"the field `{name}`" for name in result["fields"]]
    removed += [f"the brain run `{key}`" for key in result["brain_runs"]]
    if result["signature_field"]:
        removed.append(f"the field `{result['signature_field']}`")
    stays = ""
    if result["kept_field"]:
        stays = f" The field `{result['kept_field']}` stays: {result['why_kept']}."
    gone = "".join(f"\n- {text}" for text in result["gone"])
    gone = gone and f"\n\nCould not be removed, as when it is gone already:{gone}"
    outputs.md(f"Removed the run `{result['run_key']}`: {', '.join(removed)}.{stays}{gone}")
    return types.Property(outputs, view=types.View(label="Undone"))


def downsample_output(
    result: Mapping[str, Any], stratified_by: str = "", omissions: Sequence[Omission] = ()
) -> types.Property:
    """Says what a run did: totals, warnings, what was written, and a table of the buckets."""
    outputs = types.Object()
    outputs.view("summary_notice", types.Success(label=result["summary"]))
    if result["warning"]:
        outputs.view("warning_notice", types.Warning(label=result["warning"]))
    for number, omission in enumerate(omissions):
        outputs.view(f"omission_{number}", types.Warning(label=f"{omission}."))
    if result.get("choice"):
        outputs.md(f"{result['choice']}.", name="choice_text")
    _count_outputs(outputs, result)
    _field_outputs(outputs, result)
    items = targets.of_record(result)
    outputs.md(
        f"Wrote the {items.tag_kind} `{items.mark_name(result['tag'])}`, the saved views "
        f"`{result['kept_view']}` and `{result['buckets_view']}`, and the run `{result['run_key']}`"
        + (", replacing the one before." if result["replaced"] else ".")
        + "".join(f" Saved `{path}`." for path in result.get("charts", ()))
        + f" *{names.LABELS['view_buckets']}* shows what was left out, and "
        f"*{names.LABELS['delete_run']}* undoes all of it: the backtick key lists the operators.",
        name="written",
    )
    _unreadable_outputs(outputs, result, _MAX_BESIDE_RUN)
    outputs.btn(
        "open_panel",
        "Open the panel beside the grid, behind this window",
        on_click="@voxel51/operators/open_panel",
        params={"name": names.PANEL_NAME, "isActive": True, "layout": "horizontal"},
        variant="outlined",
    )
    if result.get("strata"):
        noun = folders.stratum_noun(stratified_by or "Label")
        columns = (("name", noun), ("size", "Images"), ("kept", "Kept"), ("rate", "Share kept"))
        _table(outputs, "strata", f"Shares by {noun}", columns)
    outputs.md(
        "The name of a bucket says what its images have in common: light, the colour of the "
        "average pixel, the top left corner compared with the rest, and a pattern, A to D: "
        "whether they brighten from left to right just above and just below the middle.",
        name="names_text",
    )
    stride = (("stride", "Stride"),) if STRATEGIES[result["strategy"]].strides else ()
    columns = (("name", "Bucket"), ("size", "Images"), ("kept", "Kept"), ("rate", "Share kept"))
    _table(outputs, "buckets", "Buckets", (*columns, *stride, ("bucket", "Id")))
    return types.Property(outputs, view=types.View(label=names.LABELS["downsample"]))


def readable(result: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a result whose tables say shares and strides as the panel does."""

    def worded(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        texts = {"rate": share, "stride": wording.stride}
        return [
            {**row, **{name: word(row[name]) for name, word in texts.items() if name in row}}
            for row in rows
        ]

    tables = {name: worded(result[name]) for name in ("buckets", "strata") if result[name]}
    return {**result, **tables}


def signatures_output(result: Mapping[str, Any]) -> types.Property:
    """Says what was computed."""
    outputs = types.Object()
    _count_outputs(outputs, result)
    _unreadable_outputs(outputs, result)
    return types.Property(outputs, view=types.View(label="Visual signatures"))


def embeddings_output(result: Mapping[str, Any]) -> types.Property:
    """Says what was embedded, and offers to choose by that."""
    outputs, missing = types.Object(), ""
    if result["missing"]:
        missing = (
            f" {result['missing']:,} could not be embedded: choose from those that have one, "
            f"`dataset.exists({result['field']!r})`, unless their images cannot be read at all."
        )
    outputs.md(
        f"{result['computed']:,} of {result['samples']:,} samples were embedded by "
        f"`{result['model']}`, into the field `{result['field']}`.{missing}",
        name="counts",
    )
    outputs.btn(
        "choose",
        "Choose by these embeddings",
        on_click=names.uri("downsample"),
        prompt=True,
        params={"features": result["field"], "advanced": True},
        variant="contained",
    )
    return types.Property(outputs, view=types.View(label=names.LABELS["compute_embeddings"]))


def frames_output(
    result: Mapping[str, Any], stages: list[dict[str, Any]] | None = None
) -> types.Property:
    """Says what was sampled of videos, and what to do with it.

    Args:
        result: of :func:`sampling.sample`
        stages: of the view of the frames, if the App shows it now
    """
    outputs = types.Object()
    outputs.md(
        f"{result['frames']:,} frames of {result['videos'] - len(result['failed']):,} videos, "
        f"{result['fps']:g} a second.",
        name="counts",
    )
    if result["failed"]:
        listed = "".join(f"\n- {path}" for path in result["failed"][:_MAX_LISTED])
        text = f"ffmpeg could not read some videos, and `ffmpeg -i PATH` says why:{listed}"
        outputs.md(text, name="failed_list")
    if stages:
        # With the view: the App takes a moment to change its own.
        outputs.btn(
            "choose",
            "Choose from these frames",
            on_click=names.uri("downsample"),
            prompt=True,
            params={"stages": stages},
            variant="contained",
        )
    else:
        text = "To see them, run the operator again here: it finds them, and the App shows them."
        outputs.md(text, name="how_to_see")
    return types.Property(outputs, view=types.View(label=names.LABELS["sample_frames"]))


def split_output(result: Mapping[str, Any]) -> types.Property:
    """Says how many are in each split, what stays whole, and what would have leaked at random."""
    outputs = types.Object()
    outputs.view("summary_notice", types.Success(label=result["summary"]))
    if result["warning"]:
        outputs.view("warning_notice", types.Warning(label=result["warning"]))
    outputs.md(
        f"Images that belong together are in one split: {counted(result['groups'], 'groups')}, the "
        f"largest of {counted(result['largest'], 'images')}. {result['leaks']}.",
        name="groups_text",
    )
    _count_outputs(outputs, result)
    if result["labels"]:
        columns = (("name", "Label"), *((name, name) for name in result["splits"]))
        _table(outputs, "label_rows", "Images of each label", columns)
    outputs.md(f"*{names.LABELS['delete_split']}* removes the tags.", name="written")
    _unreadable_outputs(outputs, result, _MAX_BESIDE_RUN)
    return types.Property(outputs, view=types.View(label=names.LABELS["split"]))


def _count_outputs(outputs: types.Object, result: Mapping[str, Any]) -> None:
    location = result.get("location_field")  # records of older versions have none
    outputs.md(
        f"Signatures in the field `{result['signature_field']}` of "
        f"{counted(result['images'], targets.of_record(result).noun)}: "
        f"{result['computed']:,} computed, {result['reused']:,} reused, "
        f"{result['unreadable']:,} unreadable."
        + (f" {result['previews']:,} by their previews." if result["previews"] else "")
        + (f" Positions are in the field `{location}`." if location else ""),
        name="counts",
    )
    if result["unused_previews"]:
        listed = "".join(f"\n- {text}" for text in result["unused_previews"])
        outputs.md(f"Read whole, as previews cannot be used:{listed}", name="unused_previews_list")


def _unreadable_outputs(
    outputs: types.Object, result: Mapping[str, Any], most: int = _MAX_LISTED
) -> None:
    """Counts the files that could not be read, and lists the first; the result comes before it."""
    errors, count = result["errors"][:most], result["unreadable"]
    if not errors:
        return
    which = f", the first {len(errors)} of {count:,}" if len(errors) < count else ""
    listed = "".join(f"\n- {error}" for error in errors)
    outputs.md(
        f"Unreadable{which} (*{names.LABELS['view_quality']}* shows the samples, and "
        f"`{result['signature_field']}.error` has the reason):{listed}",
        name="unreadable_list",
    )


def _field_outputs(outputs: types.Object, result: Mapping[str, Any]) -> None:
    """Says of the fields that were written what they are for."""
    noun = targets.of_record(result).noun
    for field in RUN_FIELDS:
        if (path := result["fields"].get(field.name)) and field.outcome:
            text = field.outcome if isinstance(field.outcome, str) else field.outcome(result)
            text = text.format(**{**result, "field": path, "noun": noun})
            # A property is shown with the result of its name, if there is one.
            outputs.md(text, name=f"{field.name}_field_text")


def _table(
    outputs: types.Object, name: str, label: str, columns: Sequence[tuple[str, str]]
) -> None:
    table = types.TableView()
    for column, title in columns:
        table.add_column(column, label=title)
    outputs.list(name, types.Object(), label=label, view=table)
