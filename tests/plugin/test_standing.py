"""Standing cameras in FiftyOne: activity as a field, kept for later runs, and undone."""

from __future__ import annotations

import base64
import io
import re
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


def _picture(text: str) -> NDArray[np.uint8]:
    found = re.search(r"\(data:image/webp;base64,([^)]*)\)", text)
    assert found
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("L"))


def _hottest(heat: NDArray[np.uint8]) -> tuple[float, float]:
    """Returns where the middle of the hot pixels is, as shares of height and width."""
    rows, columns = np.nonzero(heat > 0.7 * heat.max())
    return rows.mean() / heat.shape[0], columns.mean() / heat.shape[1]


def test_the_panel_shows_where_frames_changed(
    make_dataset: Callable[..., fo.Dataset],
    operators: SimpleNamespace,
    open_panel: Callable[[fo.Dataset], Any],
    long_film: list[str],
) -> None:
    """Also of a frame whose thumbnail is not stored: beside it is the place of the animal."""
    dataset = make_dataset(long_film)
    operators.downsample(dataset, 3)
    dataset.reload()
    by_path = {sample.filepath: sample for sample in dataset}
    visits = [by_path[long_film[number]] for number in (140, 155, 170)]
    assert any(sample.signature.grey is None for sample in visits)

    user = open_panel(dataset)
    assert "standing_0" not in user.layout
    user.change("standing", True)
    assert "1 standing camera with 180 images." in user.text
    active = user.layout["standing_0"]["default"]
    largest = sorted((sample.signature.activity for sample in visits), reverse=True)
    assert f"activity {', '.join(f'{value:.2f}' for value in largest)}" in active
    sheet = _picture(active)
    assert sheet.shape == (72, 3 * 2 * 98 - 2)  # each visit beside its heat map

    for sample, column in zip(visits, (3, 12, 20), strict=True):
        user.selected = [sample.id]
        user.do("on_change_selected")
        text = user.layout["why"]["default"]
        assert f"Its activity is {sample.signature.activity:.2f} (0: nothing but" in text
        picture = _picture(text)
        assert picture.shape == (144, 386)
        down, across = _hottest(picture[:, 194:])
        # The animal, 6x6 pixels of the 32x32; the middle of a square image is what is shown.
        assert across == pytest.approx((column + 3) / 32, abs=0.1)
        assert down == pytest.approx(((20 + 3) / 32 - 1 / 8) / (3 / 4), abs=0.1)


def test_the_panel_lists_them(
    make_dataset: Callable[..., fo.Dataset],
    operators: SimpleNamespace,
    open_panel: Callable[[fo.Dataset], Any],
    tmp_path: Path,
) -> None:
    """By the folders of their images, with how many there are and are kept, and what else is."""
    paths = []
    for name, frames in (
        ("gate", film(scene(1), 30, _VISITS)),
        ("pond", film(scene(2), 25, {7: 5})),
        ("walks", [film(scene(seed), 1, {})[0] for seed in range(40, 44)]),
    ):
        (tmp_path / name).mkdir()
        paths += _write(tmp_path / name, frames)
    dataset = make_dataset(paths)
    operators.downsample(dataset, 10)
    user = open_panel(dataset)
    user.change("standing", True)
    assert "2 standing cameras with 55 images; 4 other images (walks)." in user.text
    kept = [
        Path(path).parent.name for path in dataset.match_tags("smartdownsample").values("filepath")
    ]
    rows = [(row["name"], row["size"], row["kept"]) for row in user.table("standing_cameras")]
    assert rows == [
        ("gate", "30", str(kept.count("gate"))),
        ("pond", "25", str(kept.count("pond"))),
    ]
    assert {"gate", "pond"} < set(kept)
    # A camera by another name, and two of them that share a background.
    dataset.set_values("camera", ["a"] * 20 + ["b"] * 10 + ["c"] * 29)
    user.do("on_load")
    rows = [row["name"] for row in user.table("standing_cameras")]
    assert rows == ["a 20, b 10", "c"]


def test_the_panel_says_that_nobody_has_looked(
    make_dataset: Callable[..., fo.Dataset],
    operators: SimpleNamespace,
    open_panel: Callable[[fo.Dataset], Any],
    tmp_path: Path,
) -> None:
    """Until the signatures are computed again, it answers without standing cameras."""
    dataset = make_dataset(_frames(tmp_path))
    operators.downsample(dataset, 3, strategy="stride", run_key="plain")
    dataset.delete_run("plain")
    user = open_panel(dataset)
    unknown = "It is not known yet whether standing cameras took 30 of 30 samples."
    assert unknown in user.text
    user.change("standing", True)
    assert "Nobody has looked for standing cameras yet" in user.text
    user.change("leave_out_quiet", 0.02)
    assert "'Exclude quiet frames below' needs standing cameras, which nobody" in user.text
    user.change("leave_out_quiet", None)
    operators.compute_signatures(dataset)
    user.do("on_load")
    assert unknown not in user.text
    assert "1 standing camera with 30 images." in user.text
    operators.downsample(dataset, 3)
    expected = set(dataset.match_tags("smartdownsample").values("filepath"))
    assert {Path(path).stem for path in expected} == {f"{number:02}" for number in _VISITS}
