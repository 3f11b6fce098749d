"""What a view holds - samples, groups, patches, frames - and how it is read and written."""

from . import (
    embeddings,
    flat_views,
    kinds,
    locations,
    signature_fields,
    stored_signatures,
    written_fields,
)
from ._groups import GROUPS
from ._items import MAX_SELECTED_IDS, SAMPLES, Parts, Samples, all_slices, note_of
from ._patches import Patches, WholeImages
from .subject import Subject
