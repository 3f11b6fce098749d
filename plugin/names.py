"""The names this plugin gives to what it writes into a dataset, and what they mean."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime

import fiftyone as fo

from smartdownsample_core import Signatures

#: What a person reads for each operator.
LABELS = {
    "downsample": "Smart downsample",
    "compute_signatures": "Compute visual signatures",
    "view_buckets": "View visual buckets",
    "delete_run": "Undo a smart downsample run",
    "edit_run": "Edit a smart downsample run by hand",
    "split": "Split into train, val and test",
    "delete_split": "Undo a split",
    "export_run": "Export what a smart downsample run kept",
    "view_quality": "View images by quality",
    "make_map": "Make a map of a smart downsample run",
    "make_searchable": "Make the images of a smart downsample run searchable",
    "compute_embeddings": "Compute embeddings with a model",
    "sample_frames": "Sample frames of videos",
    "recover_runs": "Finish interrupted smart downsample runs",
    "arrange_app": "Arrange the App for visual buckets",
    "select_saved_view": "Select a saved view",
}

#: The icons of the operators: for either theme, and those that suit a light and a dark one.
ICONS = {
    "icon": "/assets/icon.svg",
    "light_icon": "/assets/icon-light.svg",
    "dark_icon": "/assets/icon-dark.svg",
}

#: What a person reads on the panel's tab.
PANEL = "Smart Downsample"

PANEL_NAME = "smart_downsample"

PLUGIN = "@smartdownsample/smartdownsample"

#: ``method`` of our custom runs, and the key of our mark in a field's ``info``.
METHOD = "smartdownsample"

#: How many names an error message offers.
_MAX_NAMES = 8

#: ``method`` of the custom runs of splits.
SPLIT_METHOD = "smartdownsample_split"

DEFAULT_RUN_KEY = "smartdownsample"
DEFAULT_SPLIT_KEY = "split"
DEFAULT_FIELD = "signature"

#: Name of the sidebar group for our fields.
SIDEBAR_GROUP = "smartdownsample"

#: FiftyOne's types of fields by those of the values that they hold.
FIELD_TYPES = {
    bool: fo.BooleanField,
    int: fo.IntField,
    float: fo.FloatField,
    str: fo.StringField,
    datetime: fo.DateTimeField,
}

#: Sub-fields of the signature field: name, type, description; each column of the table of
#: signatures declares its own. The descriptor is text, because a dataset with a VectorField in an
#: embedded document cannot delete fields any more, whichever they are (FiftyOne 1.22.1:
#: flatten_fields of core/annotation/utils.py takes it for a label).
SUBFIELDS = (
    ("bucket", fo.IntField, "Visual bucket, 0-127, whose images look alike; None if unreadable"),
    ("bucket_name", fo.StringField, "What the images of the bucket have in common"),
    ("brightness", fo.FloatField, "Mean of all channel values, 0-255"),
    ("color_variance", fo.FloatField, "Variance of the three channel means; 0 for a grey image"),
    *(
        (name, FIELD_TYPES[column.plain_type], description)
        for column in Signatures.columns(grey=True).values()
        for name, description in column.subfields.items()
    ),
    ("sort_key", fo.StringField, "The path as a text whose plain order is the natural order"),
    ("hash_size", fo.IntField, "Side of the dHash in bits"),
    ("file_size", fo.IntField, "Size of the file when it was read, in bytes"),
    ("file_mtime", fo.FloatField, "When the file had been changed last, in seconds since 1970"),
    ("file_path", fo.StringField, "Where the file was when it was read"),
    ("error", fo.StringField, "Why the image could not be read; None if it was"),
)


def kept_view(run_key: str) -> str:
    """Returns the name of the saved view of a run's kept samples."""
    return f"{run_key} kept"


def buckets_view(run_key: str) -> str:
    """Returns the name of the saved view that groups a run's samples by bucket."""
    return f"{run_key} buckets"


def stands_for_view(run_key: str) -> str:
    """Returns the name of the saved view that groups samples by the kept one they look like."""
    return f"{run_key} stands for"


def near_duplicates_view(run_key: str) -> str:
    """Returns the name of the saved view that groups a run's near-duplicates."""
    return f"{run_key} near-duplicates"


def events_view(run_key: str) -> str:
    """Returns the name of the saved view that groups a run's samples by event."""
    return f"{run_key} events"


def uri(operator: str) -> str:
    """Returns the URI of one of our operators."""
    return f"{PLUGIN}/{operator}"


def in_words(found: Sequence[str]) -> str:
    """Returns a list of names as text: `a`, `b` and `c`."""
    *first, last = (f"`{name}`" for name in found)
    return f"{', '.join(first)} and {last}" if first else last


def closest(name: str, known: Sequence[str]) -> str:
    """Returns the known names, the most similar first, as the end of an error message."""
    close = difflib.get_close_matches(name, known, cutoff=0.5)
    found = list(dict.fromkeys([*close, *known]))
    more = f" and {len(found) - _MAX_NAMES:,} more" if len(found) > _MAX_NAMES else ""
    return f"; there is {', '.join(map(repr, found[:_MAX_NAMES]))}{more}" if found else ""
