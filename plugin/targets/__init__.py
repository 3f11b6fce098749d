"""What a view holds - samples, groups, patches, frames - and how it is read and written."""

from . import (
    embeddings,
    flat_views,
    kinds,
    number_fields,
    signature_fields,
    stored_signatures,
)
from ._items import GROUPS, MAX_SELECTED_IDS, SAMPLES, Samples, all_slices
from .subject import Subject
