"""Standing cameras in FiftyOne: activity as a field, kept for later runs, and undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fiftyone as fo
import pytest
from PIL import Image

from plugin.config import DownsampleConfig
from plugin.jobs import engine
from tests.core.test_standing import film, scene

_VISITS = {4: 3, 13: 12, 21: 20}


def _frames(folder: Path) -> list[str]:
    paths = []
    for number, frame in enumerate(film(scene(1), 30, _VISITS)):
        paths.append(str(folder / f"{number:02}.png"))
        Image.fromarray(frame).resize((64, 64), 0).save(paths[-1])
    return paths


def test_activity_is_a_field_and_known_to_later_runs(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, tmp_path: Path
) -> None:
    paths = _frames(tmp_path)
    dataset = make_dataset(paths)

    def run(**settings: Any) -> Any:
        settings = {"fixed_cameras": "auto", **settings}
        return operators.downsample(dataset, 3, strategy="diverse", **settings)

    plain = operators.downsample(dataset, 3, strategy="diverse", run_key="plain")
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


def test_images_added_later_are_compared_with_all(
    make_dataset: Callable[..., fo.Dataset], operators: SimpleNamespace, tmp_path: Path
) -> None:
    """As in one run of all, and only those without a thumbnail are read."""
    paths = _frames(tmp_path)
    one, grown = make_dataset(paths), make_dataset(paths[:21])

    def run(dataset: fo.Dataset, key: str) -> Any:
        return operators.downsample(
            dataset, 3, strategy="diverse", fixed_cameras="auto", run_key=key
        )

    of_all = run(one, "all")
    assert not grown.has_field("signature")
    run(grown, "first")
    grown.add_samples([fo.Sample(filepath=path) for path in paths[21:]])
    operators.compute_signatures(grown[21:25])
    result = run(grown, "then")
    assert (result["computed"], result["reused"]) == (9, 21)
    fields = ["filepath", "signature.standing_camera", "signature.activity"]
    assert grown.values([*fields, "then_activity"]) == one.values([*fields, "all_activity"])
    kept, expected = grown.match_tags(result["tag"]), one.match_tags(of_all["tag"])
    assert kept.values("filepath") == expected.values("filepath")


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
