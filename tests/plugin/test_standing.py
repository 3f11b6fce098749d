"""Standing cameras in FiftyOne: activity as a field, kept for later runs, and undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from plugin.config import DownsampleConfig, SignatureConfig
from plugin.jobs import engine
from plugin.targets import stored_signatures
from tests.core.test_standing import film, scene

_VISITS = {4: 3, 13: 12, 21: 20}


def _frames(folder: Path) -> list[str]:
    return _write(folder, film(scene(1), 30, _VISITS))


def _write(folder: Path, frames: Iterable[NDArray[np.uint8]]) -> list[str]:
    paths = []
    for number, frame in enumerate(frames):
        paths.append(str(folder / f"{number:02}.png"))
        Image.fromarray(frame).resize((64, 64), 0).save(paths[-1])
    return paths


def test_activity_is_a_field_and_known_to_later_runs(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, tmp_path: Path
) -> None:
    paths = _frames(tmp_path)
    dataset = make_dataset(paths)

    def run(**settings: Any) -> Any:
        return operators.downsample(dataset, 3, **settings)

    plain = run(strategy="stride", run_key="plain")
    assert (plain["computed"], plain["standing"]) == (30, "")
    result = run()
    assert result["computed"] == 30, "they had no thumbnails"
    kept = {Path(path).stem for path in dataset.match_tags(result["tag"]).values("filepath")}
    assert kept == {f"{number:02}" for number in _VISITS}
    assert result["standing"] == "1 standing camera with 30 images"
    activity = dict(
        zip(dataset.values("filepath"), dataset.values(result["fields"]["activity"]), strict=True)
    )
    assert min(activity[paths[number]] for number in _VISITS) > 0.4
    assert set(dataset.values("signature.standing_camera")) == {1}

    again = run(run_key="again")
    assert (again["computed"], again["reused"]) == (0, 30)
    assert dataset.values("again_activity") == dataset.values(result["fields"]["activity"])
    assert run(run_key="without", fixed_cameras=False)["standing"] == ""
    operators.delete_run(dataset, "again")
    assert not dataset.has_field("again_activity")


def test_computed_signatures_say_it_too(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, tmp_path: Path
) -> None:
    dataset = make_dataset(_frames(tmp_path))
    operators.compute_signatures(dataset)
    assert set(dataset.values("signature.standing_camera")) == {1}
    assert operators.downsample(dataset, 3)["computed"] == 0


def test_images_added_later_are_compared_with_all(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, tmp_path: Path
) -> None:
    """As in one run of all, and only they are read."""
    paths = _frames(tmp_path)
    one, grown = make_dataset(paths), make_dataset(paths[:21])
    of_all = operators.downsample(one, 3, run_key="all")
    operators.downsample(grown, 3, run_key="first")
    grown.add_samples([fo.Sample(filepath=path) for path in paths[21:]])
    result = operators.downsample(grown, 3, run_key="then")
    assert (result["computed"], result["reused"]) == (9, 21)
    fields = ["filepath", "signature.standing_camera", "signature.activity"]
    assert grown.values([*fields, "then_activity"]) == one.values([*fields, "all_activity"])
    kept, expected = grown.match_tags(result["tag"]), one.match_tags(of_all["tag"])
    assert kept.values("filepath") == expected.values("filepath")


@pytest.fixture
def long_film(tmp_path: Path) -> list[str]:
    """180 frames of a standing camera, with visits in the 140th, 155th and 170th."""
    return _write(tmp_path, film(scene(1), 180, {140: 3, 155: 12, 170: 20}))


def test_thumbnails_stay_where_backgrounds_are_made_of_them(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, long_film: list[str]
) -> None:
    dataset = make_dataset(long_film[:150])
    operators.downsample(dataset, 3)
    assert len(dataset.exists("signature.grey")) == 128
    dataset.add_samples([fo.Sample(filepath=path) for path in long_film[150:]])
    result = operators.downsample(dataset, 3)
    assert (result["computed"], result["reused"]) == (30, 150)
    assert set(dataset.values("signature.standing_camera")) == {1}
    kept = dataset.match_tags(result["tag"]).values("filepath")
    assert kept == [long_film[number] for number in (140, 155, 170)]
    assert len(dataset.exists("signature.grey")) == 128


def test_a_camera_stays_one_if_writing_is_interrupted(
    make_dataset: Callable[..., fo.Dataset],
    operators: SimpleNamespace,
    long_film: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset, write = make_dataset(long_film), stored_signatures.write_standing
    calls: list[int] = []

    def write_once(*arguments: Any) -> None:
        calls.append(len(arguments[3]))
        if len(calls) > 1:
            raise OSError("no connection")
        write(*arguments)

    monkeypatch.setattr(stored_signatures, "write_standing", write_once)
    with pytest.raises(OSError, match="no connection"):
        deque(engine.compute_signatures(dataset, dataset.view(), SignatureConfig()))
    assert calls == [128, 52]
    monkeypatch.undo()
    result = operators.downsample(dataset, 3)
    assert (result["computed"], result["standing"]) == (0, "1 standing camera with 180 images")
    assert len(dataset.exists("signature.grey")) == 128


def test_cameras_that_are_named_are_found_among_images_of_none(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, tmp_path: Path
) -> None:
    """Their thumbnails are still there, as they are few."""
    photos = [film(scene(seed), 1, {})[0] for seed in range(40, 65)]
    dataset = make_dataset(_write(tmp_path, photos))
    assert operators.downsample(dataset, 3)["standing"] == ""
    named = operators.downsample(dataset, 3, fixed_cameras=True)
    assert (named["computed"], named["standing"]) == (0, "1 standing camera with 25 images")


def test_a_split_does_not_look_for_them(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, tmp_path: Path
) -> None:
    dataset = make_dataset(_frames(tmp_path))
    operators.split(dataset)
    assert not dataset.exists("signature.grey")


def test_a_run_stopped_while_it_reads_is_finished_as_one_run(
    make_dataset: Callable[..., fo.Dataset],
    operators: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report_always: None,
) -> None:
    """Signatures and thumbnails read before the stop are kept; cameras are found among all."""
    paths = _frames(tmp_path)
    one, stopped = make_dataset(paths), make_dataset(paths)
    settings = {"strategy": "diverse", "fixed_cameras": "auto", "run_key": "again"}
    of_one = operators.downsample(one, 3, **settings)
    monkeypatch.setattr(engine, "WRITE_EVERY", 1)
    config = DownsampleConfig(target_count=3, n_workers=1, decode="exact", **settings)
    job = engine.run(stopped, stopped.view(), config)
    next(progress for progress in job if 0 < progress.done < 30)
    job.close()
    n_known = len(stopped.exists("signature.grey"))
    assert 0 < n_known < 30
    result = operators.downsample(stopped, 3, **settings)
    assert (result["computed"], result["reused"]) == (30 - n_known, n_known)
    fields = ["filepath", "signature.standing_camera", "signature.activity", "again_activity"]
    assert stopped.values(fields) == one.values(fields)
    kept = stopped.match_tags(result["tag"]).values("filepath")
    assert kept == one.match_tags(of_one["tag"]).values("filepath")
