"""The panel's chart and table: plain values for the App, made from a selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smartdownsample_core import Bucket
from smartdownsample_core.errors import counted
from smartdownsample_core.report import share

from .. import wording
from ..jobs.timeline import Cell, Timeline

_KEPT, _EXCLUDED = wording.COLORS[wording.KEPT], wording.COLORS[wording.EXCLUDED]
_OTHER = "#a678de"
_MARK = {"color": "#ff6d04", "width": 2}

#: The App gives only the first axis the colours of its theme; these suit a light and a dark one.
_SECOND_AXIS = {
    "color": "#909090",
    "gridcolor": "rgba(128, 128, 128, 0.25)",
    "rangemode": "tozero",
    "fixedrange": True,
}


def traces(buckets: Sequence[Bucket], has_answer: bool = True) -> list[dict[str, Any]]:
    """Returns two bars per bucket, kept and excluded, in the order of the buckets.

    One is above the other, each on a scale of its own, or nobody would see 1% of a bucket. A bar's
    id is that of its bucket, so that a click says which one it was.

    Args:
        buckets: of a :class:`smartdownsample_core.Selection`, largest first
        has_answer: whether it is known what is kept; if not, the bars are of sizes only
    """
    ids = [str(bucket.id) for bucket in buckets]
    if not has_answer:
        texts = [f"<b>{bucket.name}</b><br>{counted(bucket.size, 'images')}" for bucket in buckets]
        sizes = {"name": "images", "y": [bucket.size for bucket in buckets]}
        return [{**_bars(ids, texts), **sizes, "yaxis": "y2", "marker": {"color": _EXCLUDED}}]
    shared = _bars(ids, [_hover(bucket) for bucket in buckets])
    kept = {"name": "kept", "y": [bucket.kept for bucket in buckets]}
    excluded = {"name": "excluded", "y": [bucket.excluded for bucket in buckets]}
    return [
        {**shared, **kept, "marker": {"color": _KEPT}},
        {**shared, **excluded, "yaxis": "y2", "marker": {"color": _EXCLUDED}},
    ]


def layout(marked: int | None = None, has_answer: bool = True) -> dict[str, Any]:
    """Returns the layout of :func:`traces`, with a frame around the place ``marked`` (from 1)."""
    axes = _layout("buckets, largest first", "kept" if has_answer else "", marked)
    axes["xaxis"]["anchor"] = "y"
    axes["yaxis"] |= {"domain": [0, 0.36], "rangemode": "tozero", "nticks": 4}
    title = {"text": "excluded" if has_answer else "images", "standoff": 6}
    axes["yaxis2"] = {**_SECOND_AXIS, "title": {**title, "font": {"size": 14}}, "domain": [0.44, 1]}
    return {**axes, "bargap": 0.15}


def versus(compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns a bar per run in every bucket, in the order of the rows of a comparison.

    Args:
        compared: of :func:`compare.compared`
    """
    rows, a, b = compared["rows"], compared["a"], compared["b"]
    texts = [
        f"<b>{row['name']}</b><br>{a}: {row['a']:,}<br>{b}: {row['b']:,}<br>both: {row['both']:,}"
        for row in rows
    ]
    shared = _bars([row["id"] for row in rows], texts)
    return [
        {**shared, "name": name, "y": [row[side] for row in rows], "marker": {"color": color}}
        for side, name, color in (("a", a, _KEPT), ("b", b, _OTHER))
    ]


def _bars(ids: list[str], texts: list[str]) -> dict[str, Any]:
    """Returns what the bars of all charts have in common: one after the other, texts on hover."""
    return {
        "type": "bar",
        "x": [str(place) for place in range(1, len(ids) + 1)],
        "ids": ids,
        "text": texts,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


def versus_layout(compared: Mapping[str, Any], bucket: int | None) -> dict[str, Any]:
    """Returns the layout of the chart of two runs, with a frame around the bucket in the grid."""
    ids = [row["id"] for row in compared["rows"]]
    marked = ids.index(str(bucket)) + 1 if str(bucket) in ids else None
    axes = _layout("buckets, largest difference first", "images kept", marked)
    return {**axes, "barmode": "group", "bargap": 0.25, "bargroupgap": 0}


def _layout(x_title: str, y_title: str, marked: int | None) -> dict[str, Any]:
    frame = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "line": _MARK}
    return {
        "shapes": [{**frame, "x0": marked - 1.5, "x1": marked - 0.5}] if marked else [],
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "traceorder": "normal",
            "x": 1,
            "xanchor": "right",
            "y": 1,
            "yanchor": "bottom",
        },
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "bgcolor": "#22262c", "font": {"color": "#ffffff"}},
        "margin": {"t": 32, "r": 12, "b": 36, "l": 56},
        "xaxis": {
            "type": "category",
            "title": {"text": x_title, "standoff": 6},
            "showticklabels": False,
            "showgrid": False,
            "fixedrange": True,
        },
        "yaxis": {"title": {"text": y_title, "standoff": 6}, "fixedrange": True},
    }


def curve(
    counts: Sequence[int], farthest: Sequence[float], median: Sequence[float]
) -> list[dict[str, Any]]:
    """Returns two lines by the number of images kept, whose points have it as their id."""
    lines = (("farthest image left out", farthest, _KEPT), ("median", median, _EXCLUDED))
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "marker": {"size": 4},
            "name": name,
            "x": list(counts),
            "y": list(distances),
            "ids": [str(count) for count in counts],
            "line": {"color": color},
            "hovertemplate": "%{x:,} kept: %{y:.3g}<extra></extra>",
        }
        for name, distances, color in lines
    ]


def curve_layout(unit: str, target: int | None) -> dict[str, Any]:
    """Returns the layout of the curve, with a line at the number of images to keep."""
    line = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": _MARK}
    axes = _layout("images kept", unit, None)
    axes["xaxis"] = {"title": axes["xaxis"]["title"], "fixedrange": True, "rangemode": "tozero"}
    axes["yaxis"]["rangemode"] = "tozero"
    return {**axes, "shapes": [{**line, "x0": target, "x1": target}] if target else []}


def timeline(found: Timeline) -> list[dict[str, Any]]:
    """Returns the bars of a timeline: kept above the line of each camera, excluded below it.

    Heights are square roots, on a scale for either, so that single images are seen beside many,
    and the kept beside the excluded. A bar's id is ``ROW:SPAN:kept`` or ``ROW:SPAN:excluded``.
    """
    unit = _MILLIS if found.is_clock else _SECONDS
    traces = []
    for name, color, sign in (("kept", _KEPT, 1), ("excluded", _EXCLUDED, -1)):
        cells = [cell for cell in found.cells if getattr(cell, name)]
        most = max((getattr(cell, name) for cell in cells), default=1)
        traces.append(
            {
                "type": "bar",
                "name": name,
                "marker": {"color": color},
                "x": [_at(found, cell.span + 0.5) for cell in cells],
                "width": found.width / unit,
                "base": [len(found.rows) - 1 - cell.row for cell in cells],
                "y": [sign * _HALF * (getattr(cell, name) / most) ** 0.5 for cell in cells],
                "ids": [f"{cell.row}:{cell.span}:{name}" for cell in cells],
                "text": [_cell_hover(found, cell) for cell in cells],
                "textposition": "none",
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return traces


#: Microseconds in the units of the axes of a timeline.
_MILLIS, _SECONDS = 1_000, 1_000_000

#: Height of the highest bar; cameras are 1 apart.
_HALF = 0.46


def timeline_layout(found: Timeline) -> dict[str, Any]:
    """Returns the layout of a timeline, with a line per camera."""
    axes = _layout(found.unit or "", "", None)
    axes["xaxis"] = {
        "type": "date" if found.is_clock else "linear",
        "title": axes["xaxis"]["title"],
        "fixedrange": True,
        "showgrid": False,
    }
    n = len(found.rows)
    axes["yaxis"] = {
        "tickvals": list(range(n)),
        "ticktext": [_cut(name) for name in reversed(found.rows)],
        "range": [-0.6, n - 0.4],
        "fixedrange": True,
        "automargin": True,
        "zeroline": False,
    }
    return {**axes, "barmode": "overlay", "bargap": 0}


def _cut(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"...{name[3 - most :]}"


def _at(found: Timeline, spans: float) -> str | float:
    """Returns a time, by the number of spans since the first began, as plotly takes it."""
    micros = found.start + round(spans * found.width)
    if not found.is_clock:
        return micros / _SECONDS
    return str(np.datetime64(micros, "us").astype("datetime64[ms]"))


def _cell_hover(found: Timeline, cell: Cell) -> str:
    first, last = _at(found, cell.span), _at(found, cell.span + 1)
    if isinstance(first, str) and isinstance(last, str):
        first, last = (time[:19].replace("T", " ") for time in (first, last))
    events = "" if cell.events is None else f"<br>{cell.events:,} event{'s' * (cell.events != 1)}"
    return (
        f"<b>{found.rows[cell.row]}</b><br>{first} to {last}<br>{cell.kept:,} kept, "
        f"{cell.excluded:,} excluded{events}"
    )


def table(buckets: Sequence[Bucket]) -> list[dict[str, Any]]:
    """Returns a row of text per bucket."""
    return [
        {
            "id": str(bucket.id),
            "place": str(place),
            "name": bucket.name,
            "size": f"{bucket.size:,}",
            "kept": f"{bucket.kept:,}",
            "rate": share(bucket.rate),
            "stride": wording.stride(bucket.stride),
        }
        for place, bucket in enumerate(buckets, 1)
    ]


def differences(compared: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns a row of text per bucket of a comparison."""
    numbers = ("a", "b", "both")
    return [
        {
            **row,
            **{name: f"{row[name]:,}" for name in numbers},
            "gain": f"{row['gain']:+,}" if row["gain"] else "0",
        }
        for row in compared["rows"]
    ]


def overlap(compared: Mapping[str, Any]) -> str:
    """Words what two runs share."""
    shared = compared["counts"]["both"]
    runs = ("a", "b")
    kept = ", ".join(f"`{compared[run]}` kept {compared[f'kept_{run}']:,}" for run in runs)
    shares = [
        f"{share(shared / compared[f'kept_{run}'])} of `{compared[run]}`"
        for run in runs
        if compared[f"kept_{run}"]
    ]
    return f"{kept}. **Both kept {shared:,}**: {' and '.join(shares)}."


def strata(records: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Returns a row of text per stratum."""
    return [
        {
            "id": record["name"],
            "name": record["name"],
            "size": f"{record['size']:,}",
            "kept": f"{record['kept']:,}",
            "rate": share(record["rate"]),
        }
        for record in records
    ]


def _hover(bucket: Bucket) -> str:
    return (
        f"<b>{bucket.name}</b><br>{counted(bucket.size, 'images')}<br>{bucket.kept:,} kept, "
        f"{bucket.excluded:,} excluded"
    )


def sentence(buckets: Sequence[Bucket], marked: int | None) -> str | None:
    """Words the bucket at a place, from 1; None if there is none."""
    if marked is None:
        return None
    bucket = buckets[marked - 1]
    return (
        f"Bucket {marked} of {len(buckets)}: **{bucket.name}** · "
        f"kept {bucket.kept:,} of {bucket.size:,}"
    )
