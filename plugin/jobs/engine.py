"""The two jobs: compute signatures, downsample. Generators, so that every caller sees progress."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import downsample
from smartdownsample_core.errors import Word
from smartdownsample_core.extraction import Pace, read_batches
from smartdownsample_core.report import save_charts

from ..config import CHARTS, DownsampleConfig, FindsStanding, SignatureConfig
from ..runs import Saved, files, held, shapes, writes
from ..runs import records as runs
from ..targets import Samples, Subject, locations, signature_fields, stored_signatures
from . import choices, outcome, problems, standing, whatif
from ._background import SECONDS_BETWEEN_SIGNS, to_the_end, waiting

#: Signatures held back before they are written: what a crash can lose, and one bulk write. Batches
#: of 100 to 10,000 take the same time, 0.07 ms a sample; of 32, twice as long.
WRITE_EVERY = 1000


class Progress(NamedTuple):
    """How far a job has come."""

    done: int
    total: int
    label: str


def compute_signatures(
    dataset: fo.Dataset,
    view: fo.DatasetView,
    config: SignatureConfig,
    in_app: bool = False,
    wanted_by_user: bool = True,
    find_standing: bool = True,
) -> Generator[Progress, None, shapes.Counts]:
    """Computes and writes the signatures that are missing or out of date.

    Signatures are written while they are computed: a failure loses few of them, and a stop none.

    Args:
        dataset: the dataset
        view: what to work on
        config: the settings
        in_app: whether this is the App's server; see :meth:`SignatureConfig.reading`
        wanted_by_user: the user asked for the signatures as such, so that no undo removes them
        find_standing: also find which cameras stand still, and the activity of their frames

    Yields:
        :class:`Progress`

    Returns:
        plain values: ``signature_field``, ``images``, ``computed``, ``reused``, ``unreadable``
        (counts) and ``errors`` (the first ten)

    Raises:
        ValueError: for bad settings, before anything is written; or if no image can be read
        OSError: if there are no workers: no cluster at the scheduler's address, or no processes
    """
    subject = Subject.of(dataset, view, config.group_slice)
    problems.check(config, subject)
    target = _load(subject.view, config, "auto" if find_standing else None)
    n_read = yield from _sign(dataset, target, config, wanted_by_user, in_app)
    yield from _find_standing(dataset, target, config, None)
    return _counts(dataset, target, config, n_read)


def run(
    dataset: fo.Dataset,
    view: fo.DatasetView,
    config: DownsampleConfig,
    in_app: bool = False,
    word: Word = str,
) -> Generator[Progress, None, shapes.RunRecord]:
    """Downsamples: signatures, selection, then tag, saved views and record.

    Args:
        dataset: the dataset
        view: what to choose from
        config: the settings
        in_app: whether this is the App's server; see :meth:`SignatureConfig.reading`
        word: returns the name of a setting as the reader of warnings knows it

    Yields:
        :class:`Progress`

    Returns:
        plain values: those of :func:`compute_signatures`, those of :func:`outcome.record`,
        ``replaced`` (whether a run of that key was) and ``charts`` (the files that were saved)

    Raises:
        ValueError: for bad settings, before anything is written; or if no image can be read
    """
    if writes.unfinished(dataset):
        writes.recover(dataset)
    subject = Subject.of(
        dataset, view, config.group_slice, config.whole_groups, config.whole_images
    )
    config = config.counted(subject.count)
    problems.check(config, subject)
    items = subject.items
    target = _load(subject.view, config, config.standing)
    choice = choices.make(subject, target.ids, config)
    n_read = yield from _sign(dataset, target, config, False, in_app=in_app)
    if config.finds_standing:
        cameras = choice.camera if config.fixed_cameras == "all" else None
        yield from _find_standing(dataset, target, config, cameras)
    if config.features and len(target.stale):  # images that have become readable need embeddings
        choice = choices.make(subject, target.ids, config)
    selecting = Progress(len(target.ids), len(target.ids), "Selecting")
    yield selecting
    image_of = target.documents if config.whole_images else None
    chosen = yield from waiting(
        lambda: downsample(
            target.signatures,
            target.order,
            config.target_count,
            config.random_seed,
            choice,
            image_of=image_of,
        ),
        lambda: selecting,
    )
    selection = chosen.of_objects
    written = outcome.written(selection, target.ids, choice, config)
    found = whatif.warnings(subject, selection, config, word)
    warnings = [*found, *_lost_edits(dataset, config.run_key)]
    record: shapes.RunRecord = {
        **_counts(dataset, target, config, n_read),
        "items": items.key,  # whole groups, where the signatures are of samples
        **outcome.record(selection, written, config, subject, choice, warnings),
        "replaced": runs.exists(dataset, config.run_key),
        "charts": [path for path in (config.save_distribution, config.save_thumbnails) if path],
    }
    if record["charts"]:
        yield Progress(len(target.ids), len(target.ids), "Drawing the charts")
        paths = [getattr(config, name) for name in CHARTS]
        charts = [files.expanded(path) if path else None for path in paths]
        try:
            save_charts(selection, target.sources, *charts)
        except OSError as error:
            raise OSError(f"{error}. The signatures are saved, and the run is not") from error
    yield Progress(len(target.ids), len(target.ids), "Saving the run")
    settings = {
        **dataclasses.asdict(config),
        "signature_field": record["signature_field"],
        "items": items.key,
    }
    saved = to_the_end(lambda: writes.save(dataset, subject.view, written, settings, record))
    if in_app:
        whatif.know(subject, config, target, chosen)
    return _with_warnings(record, saved, items)


def _lost_edits(dataset: fo.Dataset, run_key: str) -> list[str]:
    """Says that a run in the place of another one discards its hand edits."""
    if not runs.exists(dataset, run_key):
        return []
    edits = runs.hand_edits(runs.settings(dataset, run_key))
    return [f"The earlier run {run_key!r} was replaced, and its {edits} discarded"] * bool(edits)


def _with_warnings(record: shapes.RunRecord, saved: Saved, items: Samples) -> shapes.RunRecord:
    """Adds warnings about what happened while the run was being written."""
    found = [record["warning"]]
    if saved.tagged != record["kept"]:
        found.append(
            f"{record['kept'] - saved.tagged:,} of the {record['kept']:,} {items.kept_noun} that "
            "were chosen have been deleted meanwhile; run again for as many as you asked for"
        )
    found += [f"Not written: {text}" for text in saved.impossible]
    return {**record, "warning": ". ".join(filter(None, found)) or None}


def _load(
    view: fo.DatasetView, config: SignatureConfig, standing: FindsStanding | None
) -> stored_signatures.Target:
    return stored_signatures.load(
        view, config.signature_field, config.hash_size, config.decode, config.recompute, standing
    )


def _sign(
    dataset: fo.Dataset,
    target: stored_signatures.Target,
    config: SignatureConfig,
    wanted_by_user: bool,
    in_app: bool,
) -> Generator[Progress, None, int]:
    """Reads the images whose signature is stale, writes as it goes, and returns their number.

    Args:
        dataset: the dataset
        target: its samples
        config: the settings
        wanted_by_user: the user asked for the signatures as such, so that no undo removes them
        in_app: as in :func:`run`
    """
    writer = _Writer(dataset, target, config, wanted_by_user)
    pace = Pace()
    n_read = furthest = 0
    paths = [target.sources[row] for row in target.to_read]
    label = f"Reading images into the field '{target.items.dataset_path(config.signature_field)}'"
    try:
        stream = read_batches(
            paths,
            config.reading(in_app),
            True,
            SECONDS_BETWEEN_SIGNS,
            target.cameras,
            grey=target.signatures.grey is not None,
        )
        with closing(stream) as batches:
            for places, batch, done in batches:
                rows = target.to_read[places]
                target.signatures.put(rows, batch)
                writer.add(rows)
                n_read += len(rows)
                furthest = max(furthest, done)  # a camera may have to be read again, and whole
                if pace.is_due(furthest, len(paths)):
                    yield Progress(furthest, len(paths), label)
    except (GeneratorExit, KeyboardInterrupt):
        writer.flush()
        raise
    if not target.signatures.readable.any():
        first = next(iter(target.signatures.unreadable.values()))
        raise ValueError(
            f"none of the {len(target.ids):,} images could be read, so nothing was written; fix "
            f"the paths or the files and run again. The first: {first}"
        )
    writer.flush()
    return n_read


def _find_standing(
    dataset: fo.Dataset,
    target: stored_signatures.Target,
    config: SignatureConfig,
    cameras: Sequence[Any] | None,
) -> Generator[Progress, None, None]:
    """Finds standing cameras, if there are images of which that is not known."""
    if standing.is_to_find(target, cameras):
        done = [0]

        def find() -> None:
            standing.find(dataset, target, config.signature_field, cameras, done.append)

        yield from waiting(
            find,
            lambda: Progress(done[-1], len(target.ids), "Comparing the frames of standing cameras"),
        )


class _Writer:
    """Writes signatures, many at a time, into a field that it declares before the first."""

    def __init__(
        self,
        dataset: fo.Dataset,
        target: stored_signatures.Target,
        config: SignatureConfig,
        wanted_by_user: bool,
    ) -> None:
        self._dataset = dataset
        self._target = target
        self._config = config
        self._path = target.items.dataset_path(config.signature_field)
        self._wanted_by_user = wanted_by_user
        self._is_declared = False
        self._unwritten: list[NDArray[np.int64]] = []

    def add(self, rows: NDArray[np.int64]) -> None:
        """Queues rows of the target whose signatures are computed."""
        self._unwritten.append(rows)
        if sum(map(len, self._unwritten)) >= WRITE_EVERY:
            self.flush()

    def flush(self) -> None:
        """Writes what was held back, and declares the field even if there is nothing to write."""
        # As long as no image could be read, the target may be a mistake: write nothing yet.
        if not self._target.signatures.readable.any():
            return
        field = self._config.signature_field
        if not self._is_declared:
            with held(self._dataset):
                signature_fields.declare(
                    self._dataset,
                    self._target.items,
                    field,
                    self._wanted_by_user,
                )
            self._is_declared = True
        if self._unwritten:
            rows = np.concatenate(self._unwritten)
            stored_signatures.write(self._dataset, field, self._target, rows)
            self._unwritten.clear()
            if locations.field_of(self._dataset, self._path):
                locations.write(self._dataset, self._target, rows)
        if locations.is_to_declare(self._dataset, self._target):
            with held(self._dataset):
                locations.declare(self._dataset, self._target.items, self._path)
            locations.write(self._dataset, self._target)


def _counts(
    dataset: fo.Dataset, target: stored_signatures.Target, config: SignatureConfig, n_read: int
) -> shapes.Counts:
    signatures, items = target.signatures, target.items
    errors = [str(error) for error in signatures.unreadable.values()]
    field = items.dataset_path(config.signature_field)
    return {
        "signature_field": field,
        "location_field": locations.field_of(dataset, field),
        "items": items.key,
        "images": len(target.ids),
        "computed": n_read - len(errors),
        "reused": len(target.ids) - n_read,
        "unreadable": len(errors),
        "errors": errors[:10],
        "previews": signatures.n_previews,
        "unused_previews": [
            f"{camera}: {reason}" for camera, reason in signatures.unused_previews.items()
        ][:10],
    }
