"""Reports on a selection: summary, charts, lists and copies."""

from ._activity import beside_heat, check_activity, save_activity
from ._charts import save_charts
from ._copies import VERBS, Placing
from ._curve import check_curve, how_many, save_curve
from ._explanation import new_table, write_table
from ._figures import share
from ._lists import (
    TEXT,
    dropped_if_it_fails,
    kept_of,
    new_list,
    with_line_breaks,
    write_csv,
    write_list,
    write_text,
)
from ._manifest import Difference, compare, inputs_of, new_manifest, read_manifest
from ._splits import leaks, split_summary, split_warnings, write_splits
from ._summary import shortfalls, standing, summary, totals
from ._thumbnails import spread, thumbnail
