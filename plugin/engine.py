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

from . import choices, outcome, runs, samples
from .config import CHARTS, DownsampleConfig, SignatureConfig

#: Signatures held back before they are written: what a crash can lose, and one bulk write.
WRITE_EVERY = 1000


class Progress(NamedTuple):
    """How far a job has come."""

    done: int
    total: int
    label: str


def compute_signatures(
    dataset: fo.Dataset, view: fo.DatasetView, config: SignatureConfig, in_app: bool = False
) -> Generator[Progress, None, dict[str, Any]]:
    """Computes and writes the signatures that are missing or out of date.

    Signatures are written while they are computed, so that a failure half-way loses few of them.

    Args:
        dataset: the dataset
        view: what to work on
        config: the settings
        in_app: whether this is the App's server; see :meth:`SignatureConfig.reading`

    Yields:
        :class:`Progress`

    Returns:
        plain values: ``signature_field``, ``images``, ``computed``, ``reused``, ``unreadable``
        (counts) and ``errors`` (the first ten)

    Raises:
        ValueError: for bad settings, before anything is written; or if no image can be read
        OSError: if there are no workers: no cluster at the scheduler's address, or no processes
    """
    view = samples.flat(view)
    config.check(dataset, view)
    target = _load(view, config)
    yield from _sign(dataset, target, config, wanted_by_user=True, in_app=in_app)
    return _counts(target, config)


def run(
    dataset: fo.Dataset, view: fo.DatasetView, config: DownsampleConfig, in_app: bool = False
) -> Generator[Progress, None, dict[str, Any]]:
    """Downsamples: signatures, selection, then tag, saved views and record.

    Args:
        dataset: the dataset
        view: what to choose from
        config: the settings
        in_app: whether this is the App's server; see :meth:`SignatureConfig.reading`

    Yields:
        :class:`Progress`

    Returns:
        plain values: those of :func:`compute_signatures`, those of :func:`outcome.record`,
        ``replaced`` (whether a run of that key was) and ``charts`` (the files that were saved)

    Raises:
        ValueError: for bad settings, before anything is written; or if no image can be read
    """
    view = samples.flat(view)
    config.check(dataset, view)
    target = _load(view, config)
    choice = choices.make(dataset, view, target.ids, config)
    yield from _sign(dataset, target, config, wanted_by_user=False, in_app=in_app)
    yield Progress(len(target.ids), len(target.ids), "Selecting")
    order = natural_order(target.paths)
    selection = downsample(
        target.signatures, order, config.target_count, config.random_seed, choice
    )
    replaced = runs.exists(dataset, config.run_key)
    record = {
        **_counts(target, config),
        **outcome.record(selection, config),
        "replaced": replaced,
        "charts": [path for path in (config.save_distribution, config.save_thumbnails) if path],
    }
    if record["charts"]:
        yield Progress(len(target.ids), len(target.ids), "Drawing the charts")
        distribution, thumbnails = new_pngs(
            {name: _place(getattr(config, name)) for name in CHARTS}
        )
        save_charts(selection, target.paths, distribution, thumbnails)
    yield Progress(len(target.ids), len(target.ids), "Saving the run")
    if replaced:
        old_field = runs.load(dataset, config.run_key)["signature_field"]
        runs.delete(dataset, config.run_key, old_field == config.signature_field)
    written = outcome.written(selection, target.ids)
    runs.save(dataset, view, written, dataclasses.asdict(config), record)
    return record


def _load(view: fo.DatasetView, config: SignatureConfig) -> samples.Target:
    field = config.signature_field
    return samples.load(view, field, config.hash_size, config.decode, config.recompute)


def _sign(
    dataset: fo.Dataset,
    target: samples.Target,
    config: SignatureConfig,
    wanted_by_user: bool,
    in_app: bool,
) -> Generator[Progress, None, None]:
    """Reads the images whose signature is stale, and writes as it goes.

    Args:
        dataset: the dataset
        target: its samples
        config: the settings
        wanted_by_user: the user asked for the signatures as such, so that no undo removes them
        in_app: as in :func:`run`
    """
    field = config.signature_field
    declared = False
    unwritten: list[np.ndarray] = []
    pace = Pace()
    paths = [target.paths[row] for row in target.stale]
    label = f"Reading images into the field '{field}'"
    for places, batch in extract_batches(paths, **config.reading(in_app)):
        rows = target.stale[places]
        target.signatures.put(rows, batch)
        unwritten.append(rows)
        done = int(places[-1]) + 1
        # As long as no image could be read, the target may be a mistake: write nothing yet.
        enough = done == len(paths) or sum(map(len, unwritten)) >= WRITE_EVERY
        if enough and (declared or target.signatures.readable.any()):
            if not declared:
                samples.declare(dataset, field, wanted_by_user)
                declared = True
            samples.write(dataset, field, target, np.concatenate(unwritten), config.decode)
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
        samples.declare(dataset, field, wanted_by_user)


def _counts(target: samples.Target, config: SignatureConfig) -> dict[str, Any]:
    errors = [str(error) for error in target.signatures.unreadable.values()]
    return {
        "signature_field": config.signature_field,
        "images": len(target.ids),
        "computed": len(target.stale) - len(errors),
        "reused": len(target.ids) - len(target.stale),
        "unreadable": len(errors),
        "errors": errors[:10],
    }


def _place(path: str) -> Path | None:
    return Path(path).expanduser() if path else None
