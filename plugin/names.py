"""The names this plugin gives to what it writes into a dataset, and what they mean."""

from __future__ import annotations

import fiftyone as fo

#: What a person reads for each operator.
LABELS = {
    "downsample": "Smart downsample",
    "compute_signatures": "Compute visual signatures",
    "view_buckets": "View visual buckets",
    "delete_run": "Undo a smart downsample run",
    "export_run": "Export what a smart downsample run kept",
    "arrange_app": "Arrange the App for visual buckets",
}

#: What a person reads on the panel's tab.
PANEL = "Smart Downsample"

PANEL_NAME = "smart_downsample"

PLUGIN = "@smartdownsample/smartdownsample"

#: ``method`` of our custom runs, and the key of our mark in a field's ``info``.
METHOD = "smartdownsample"

DEFAULT_RUN_KEY = "smartdownsample"
DEFAULT_FIELD = "signature"

#: Of the sidebar group that our fields are put in.
SIDEBAR_GROUP = "smartdownsample"

#: Sub-fields of the signature field: name, type, description.
SUBFIELDS = (
    ("bucket", fo.IntField, "Visual bucket, 0-127, whose images look alike; None if unreadable"),
    ("bucket_name", fo.StringField, "What the images of the bucket have in common"),
    ("dhash", fo.StringField, "Difference hash (dHash), hexadecimal"),
    ("ahash", fo.StringField, "Average hash (aHash), hexadecimal"),
    ("brightness", fo.FloatField, "Mean of all channel values, 0-255"),
    ("color_variance", fo.FloatField, "Variance of the three channel means; 0 for a grey image"),
    ("mean_red", fo.FloatField, "Mean of the red channel, 0-255"),
    ("mean_green", fo.FloatField, "Mean of the green channel, 0-255"),
    ("mean_blue", fo.FloatField, "Mean of the blue channel, 0-255"),
    ("hash_size", fo.IntField, "Side of the dHash in bits"),
    ("decode", fo.StringField, "How the image was read: 'exact' or 'fast'; see the README"),
    ("file_size", fo.IntField, "Size of the file when it was read, in bytes"),
    ("file_mtime", fo.FloatField, "When the file had been changed last, in seconds since 1970"),
    ("error", fo.StringField, "Why the image could not be read; None if it was"),
)  # fmt: skip


def kept_view(run_key: str) -> str:
    """Returns the name of the saved view of a run's kept samples."""
    return f"{run_key} kept"


def buckets_view(run_key: str) -> str:
    """Returns the name of the saved view that groups a run's samples by bucket."""
    return f"{run_key} buckets"


def uri(operator: str) -> str:
    """Returns the URI of one of our operators."""
    return f"{PLUGIN}/{operator}"
