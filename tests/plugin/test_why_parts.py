"""Why one was kept or left out: in the panel, of patches, frames of videos, and whole groups."""

from __future__ import annotations

import base64
import io
import re
import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
from fiftyone import ViewField as F
from PIL import Image

from tests.plugin.conftest import shown_ids


def _patches(make_dataset: Any, images: list[str]) -> tuple[fo.DatasetView, fo.DatasetView]:
    boxes = ([0.05, 0.1, 0.4, 0.5], [0.3, 0.2, 0.6, 0.7])
    made = [
        fo.Sample(
            path,
            animals=fo.Detections(
                detections=[fo.Detection(label="deer", bounding_box=list(box)) for box in boxes]
            ),
        )
        for path in images[:20]
    ]
    dataset = make_dataset(made)
    return dataset.limit(9).to_patches("animals"), dataset.to_patches("animals")


def _frames(
    make_dataset: Any, images: list[str], folder: Path
) -> tuple[fo.DatasetView, fo.DatasetView]:
    videos = [fo.Sample(str(folder / f"{number}.mp4")) for number in range(2)]
    for number, video in enumerate(videos):
        (folder / str(number)).mkdir()
        for place, path in enumerate(images[number:40:2], 1):
            copy = str(shutil.copy(path, folder / str(number) / f"{place:06d}.jpg"))
            video.frames[place] = fo.Frame(filepath=copy)
    dataset = make_dataset(videos)
    return dataset.limit(1).to_frames(), dataset.to_frames()


def _picture(text: str) -> Image.Image:
    found = re.search(r"\(data:image/webp;base64,([^)]*)\)", text)
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


@pytest.mark.parametrize("kind", ["patches", "frames"])
def test_parts_are_explained(kind, make_dataset, images, tmp_path, operators, open_panel) -> None:
    """By two runs of different coverage: reason, picture, what stands together, and an edit."""
    if kind == "patches":
        some, every = _patches(make_dataset, images)
    else:
        some, every = _frames(make_dataset, images, tmp_path)
    dataset = fo.load_dataset(every.dataset_name)
    folder = "animals.detections" if kind == "patches" else "frames"
    operators.downsample(some, 4, run_key="some")
    operators.downsample(every, 10, run_key="every")
    outside = next(one for one in every.values("id") if one not in set(some.values("id")))
    user = open_panel(dataset)
    for run, n_kept in (("some", 4), ("every", 10)):
        dataset.reload()
        names = ("id", *(f"{run}_{name}" for name in ("kept_by", "distance", "reason")))
        columns = dataset.values([f"{folder}.{name}" for name in names], unwind=True)
        said = {one: rest for one, *rest in zip(*columns, strict=True)}
        left_out, (kept, distance, reason) = next(
            (one, of) for one, of in said.items() if of[0] not in (None, one)
        )
        together = {one for one, of in said.items() if of[0] == kept}
        user.choose(f"run:{run}")
        user.selected = [left_out]
        user.do("on_change_selected")
        text = user.layout["why"]["default"]
        assert "(left) was left out. " in text
        assert reason == "represented"
        assert f"distance of {distance:.1f}, and for {len(together) - 2} others" in text
        assert ("deer in " in text) == (kind == "patches")
        assert _picture(text).size == (386, 144)
        button = user.layout["represented"]["type"]["properties"]["show_represented"]["view"]
        assert button["label"] == f"Show all {len(together)} together"
        user.do("show_represented", **button["params"])
        assert shown_ids(dataset, user) == together
        buttons = user.layout["by_hand"]["type"]["properties"].values()
        params = {one["view"]["label"]: one["view"]["params"] for one in buttons}
        user.do("edit_by_hand", **params["Swap: keep this one instead"])
        assert f"**Kept {n_kept} of" in user.text
        assert "was kept, as number" in user.layout["why"]["default"]
        user.do("take_back")
        assert "(left) was left out" in user.layout["why"]["default"]
    user.choose("run:some")
    user.selected = [outside]
    user.do("on_change_selected")
    assert "why" not in user.layout


def test_a_group_is_explained_by_any_slice(grouped, operators, open_panel) -> None:
    """Whole groups are compared by one slice; the grid may show another."""
    operators.downsample(grouped.limit(12), 4, run_key="some", whole_groups=True)
    operators.downsample(grouped, 8, run_key="every", whole_groups=True)
    grouped.reload()
    user = open_panel(grouped)
    samples = grouped.select_group_slices(_allow_mixed=True)
    for run in ("some", "every"):
        view = samples.match(F(f"{run}_kept_by") != None)  # noqa: E711 (an expression)
        ids, kept_by, groups = view.values(["id", f"{run}_kept_by", "group.id"])
        place = next(p for p, one in enumerate(ids) if kept_by[p] != one)
        group = samples.match(F("group.name") == "right").values(["group.id", "id"])
        right = dict(zip(*group, strict=True))[groups[place]]
        user.choose(f"run:{run}")
        texts = []
        for selected in (ids[place], right):
            user.selected = [selected]
            user.do("on_change_selected")
            texts.append(user.layout["why"]["default"])
        assert "(left) was left out" in texts[0]
        assert texts[0] == texts[1]
