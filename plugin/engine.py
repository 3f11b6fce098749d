"""The two jobs: compute signatures, downsample. Generators, so that every caller sees progress."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import fiftyone as fo
import numpy as np

from smartdownsample_core import downsample, extract_batches, natural_order
from smartdownsample_core.checks import new_pngs
from smartdownsample_core.extract import Pace
from smartdownsample_core.report import save_charts

from . import choices, outcome, runs, samples, targets, writes
from .config import CHARTS, DownsampleConfig, SignatureConfig
from .items import Samples

#: Signatures held back before they are written: what a crash can lose, and one bulk write.
WRITE_EVERY = 1000


class Progress(NamedTuple):
    """How far a job has come."""

    done: int
    total: int
    label: str


def compute_signatures(
    dataset: fo.Dataset, view: fo.DatasetView, config: SignatureConfig, wanted_by_user: bool = True
) -> Generator[Progress, None, dict[str, Any]]:
    """Computes and writes the signatures that are missing or out of date.

    Signatures are written while they are computed, so that a failure half-way loses few of them.

    Args:
        dataset: the dataset
        view: what to work on
        config: the settings
        wanted_by_user: the user asked for the signatures as such, so that no undo removes them

    Yields:
        :class:`Progress`

    Returns:
        plain values: ``signature_field``, ``images``, ``computed``, ``reused``, ``unreadable``
        (counts) and ``errors`` (the first ten)

    Raises:
        ValueError: for bad settings, before anything is written; or if no image can be read
    """
    view = samples.flat(view, config.group_slice)
    config.check(dataset, view)
    target = _load(view, config)
    yield from _sign(dataset, view, target, config, wanted_by_user)
    return _counts(target, targets.of(view), config)


def run(
    dataset: fo.Dataset, view: fo.DatasetView, config: DownsampleConfig
) -> Generator[Progress, None, dict[str, Any]]:
    """Downsamples: signatures, selection, then tag, saved views and record.

    Args:
        dataset: the dataset
        view: what to choose from
        config: the settings

    Yields:
        :class:`Progress`

    Returns:
        plain values: those of :func:`compute_signatures`, those of :func:`outcome.record`,
        ``replaced`` (whether a run of that key was) and ``charts`` (the files that were saved)

    Raises:
        ValueError: for bad settings, before anything is written; or if no image can be read
    """
    view = samples.flat(view, config.group_slice)
    config.check(dataset, view)
    target = _load(view, config)
    choice = choices.make(dataset, view, target.ids, config)
    items = targets.of(view, config.whole_groups)
    yield from _sign(dataset, view, target, config, wanted_by_user=False)
    yield Progress(len(target.ids), len(target.ids), "Selecting")
    order = natural_order(target.paths)
    selection = downsample(
        target.signatures, order, config.target_count, config.random_seed, choice
    )
    record = {
        **_counts(target, items, config),
        **outcome.record(selection, config, items),
        "replaced": runs.exists(dataset, config.run_key),
        "charts": [path for path in (config.save_distribution, config.save_thumbnails) if path],
    }
    if record["charts"]:
        yield Progress(len(target.ids), len(target.ids), "Drawing the charts")
        distribution, thumbnails = new_pngs(
            {name: _place(getattr(config, name)) for name in CHARTS}
        )
        save_charts(selection, target.sources, distribution, thumbnails)
    yield Progress(len(target.ids), len(target.ids), "Saving the run")
    written = outcome.written(selection, target.ids)
    settings = {**dataclasses.asdict(config), "items": items.key}
    settings["signature_field"] = record["signature_field"]
    writes.save(dataset, view, written, settings, record)
    return record


def _load(view: fo.DatasetView, config: SignatureConfig) -> samples.Target:
    field = config.signature_field
    return samples.load(view, field, config.hash_size, config.decode, config.recompute)


def _sign(
    dataset: fo.Dataset,
    view: fo.DatasetView,
    target: samples.Target,
    config: SignatureConfig,
    wanted_by_user: bool,
) -> Generator[Progress, None, None]:
    """Reads the images whose signature is stale, and writes as it goes."""
    items, field = targets.of(view), config.signature_field
    declared = False
    unwritten: list[np.ndarray] = []
    pace = Pace()
    paths = [target.sources[row] for row in target.stale]
    label = f"Reading images into the field '{items.stored(field)}'"
    for places, batch in extract_batches(paths, config.hash_size, config.n_workers, config.decode):
        rows = target.stale[places]
        target.signatures.put(rows, batch)
        unwritten.append(rows)
        done = int(places[-1]) + 1
        # As long as no image could be read, the target may be a mistake: write nothing yet.
        enough = done == len(paths) or sum(map(len, unwritten)) >= WRITE_EVERY
        if enough and (declared or target.signatures.readable.any()):
            if not declared:
                samples.declare(dataset, items, field, wanted_by_user)
                declared = True
            samples.write(dataset, items, field, target, np.concatenate(unwritten), config.decode)
            unwritten.clear()
        if pace.is_due(done, len(paths)):
            yield Progress(done, len(paths), label)
    if not target.signatures.readable.any():
        first = next(iter(target.signatures.unreadable.values()))
        raise ValueError(
            f"none of the {len(target.ids):,} images could be read, so nothing was written; "
            f"the first: {first}"
        )
    if not declared:
        samples.declare(dataset, items, field, wanted_by_user)


def _counts(target: samples.Target, items: Samples, config: SignatureConfig) -> dict[str, Any]:
    errors = [str(error) for error in target.signatures.unreadable.values()]
    return {
        "signature_field": items.stored(config.signature_field),
        "items": items.key,
        "images": len(target.ids),
        "computed": len(target.stale) - len(errors),
        "reused": len(target.ids) - len(target.stale),
        "unreadable": len(errors),
        "errors": errors[:10],
    }


def _place(path: str) -> Path | None:
    return Path(path).expanduser() if path else None
