"""Images by what is wrong with them: each kind in a real dataset, counted and shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone.operators.executor import ExecutionError
from PIL import Image

from plugin.runs import quality
from smartdownsample_core import extract
from smartdownsample_core.signatures import is_junk
from tests.plugin.conftest import shown_ids

_URI = "@smartdownsample/smartdownsample/view_quality"


def _draw(folder: Path) -> dict[str, Path]:
    """Makes an image of each kind, and a good one."""
    rng = np.random.default_rng(1)
    detailed = np.kron(rng.integers(20, 236, (32, 32, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    dark, bright = detailed.copy(), detailed.copy()
    dark[:80], bright[:80] = 0, 255
    ramp = np.tile(np.linspace(90, 150, 128), (128, 1))
    wave = ramp + 9 * np.sin(np.arange(128) / 4)[:, None]
    made = {
        "good": detailed,
        "dark": dark,
        "bright": bright,
        "blank": np.full((128, 128, 3), 128, np.uint8),
        "faint": np.repeat(wave[:, :, None], 3, axis=2).astype(np.uint8),
    }
    paths = {name: folder / f"{name}.png" for name in made}
    for name, pixels in made.items():
        Image.fromarray(pixels).save(paths[name])
    paths["damaged"] = folder / "damaged.jpg"
    Image.fromarray(detailed).save(paths["damaged"], quality=95)
    contents = paths["damaged"].read_bytes()
    paths["damaged"].write_bytes(contents[: len(contents) * 9 // 10] + b"\xff\xd9")
    paths["unreadable"] = folder / "missing.jpg"
    return paths


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, operators) -> Iterator[tuple[fo.Dataset, dict[str, Path]]]:
    """A dataset with an image of each kind but quiet ones, and one that has no signature."""
    paths = _draw(tmp_path_factory.mktemp("mixed"))
    dataset = fo.Dataset(persistent=True)
    dataset.add_samples([fo.Sample(str(path)) for path in paths.values()])
    operators.compute_signatures(dataset)
    dataset.add_sample(fo.Sample("/not/signed.jpg"))
    yield dataset, paths
    dataset.delete()


@pytest.mark.parametrize("kind", [kind for kind in quality.KINDS if kind != "quiet"])
def test_each_kind_is_found(mixed, operators, kind) -> None:
    """Only that image is shown, and it is counted."""
    dataset, paths = mixed
    assert operators.view_quality(dataset, kind).values("filepath") == [str(paths[kind])]
    assert quality.count(dataset)[kind] == 1


def test_blank_is_what_runs_leave_out(signed_dataset, operators, images) -> None:
    """The database finds the images that ``leave_out_junk`` excludes."""
    junk = is_junk(extract(images).traits)
    paths = signed_dataset.values("filepath")
    found = operators.view_quality(signed_dataset, "blank").values("filepath")
    assert found == [path for path, is_blank in zip(paths, junk, strict=True) if is_blank]


def test_quiet_frames_are_found(signed_dataset, operators) -> None:
    """By the activity of frames of standing cameras; others have none."""
    activity = [0.0, 0.019, 0.02, 3.0] + [None] * 76
    signed_dataset.set_values("signature.activity", activity)
    ids = signed_dataset.values("id")
    assert operators.view_quality(signed_dataset, "quiet").values("id") == ids[:2]


def test_the_panel_counts_and_shows_each_kind(mixed, open_panel) -> None:
    """One press each; what has no signature is of no kind."""
    dataset, paths = mixed
    user = open_panel(dataset)
    assert "kinds" not in user.layout
    user.do("fold_quality", value=True)
    buttons = user.layout["kinds"]["type"]["properties"]
    labels = [button["view"]["label"] for button in buttons.values()]
    counts = {"quiet": 0}
    assert [label.rpartition(" ")[2] for label in labels] == [
        f"({counts.get(kind, 1)})" for kind in quality.KINDS
    ]
    for kind in set(quality.KINDS) - {"quiet"}:
        user.do("show_quality", kind=kind)
        (found,) = shown_ids(dataset, user)
        assert dataset[found].filepath == str(paths[kind])


def test_the_form_counts_and_the_app_shows(mixed, post) -> None:
    """The form has a choice for each kind with its count; the App is told to show it."""
    dataset, paths = mixed
    form = post("resolve-type", "view_quality", dataset, {})["type"]["properties"]
    labels = [choice["label"] for choice in form["show"]["view"]["choices"]]
    assert labels[0] == "1 · Unreadable: missing, cut off, or no image"
    assert labels[-1].startswith("0 · Quiet")
    answer = post("execute", "view_quality", dataset, {"show": "damaged"})
    assert answer["result"] == {"samples": 1}
    (request,) = answer["executor"]["requests"]
    view = fo.DatasetView._build(dataset, request["params"]["view"])
    assert view.values("filepath") == [str(paths["damaged"])]


def test_of_a_run_of_patches(make_dataset, operators, images) -> None:
    """With the key of a run, what it chose from is looked at, also patches."""
    boxes = [[0, 0, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5], [2, 2, 0.1, 0.1]]
    detections = [fo.Detection(label="a", bounding_box=box) for box in boxes]
    dataset = make_dataset([fo.Sample(images[0], objects=fo.Detections(detections=detections))])
    operators.downsample(dataset.to_patches("objects"), 1)
    shown = operators.view_quality(dataset, "unreadable", run_key="smartdownsample")
    assert shown.values("objects.bounding_box") == [[2, 2, 0.1, 0.1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ugly",), "show must be one of unreadable, damaged, .*, got 'ugly'"),
        (("blank", "lost"), "no smartdownsample run 'lost'"),
        (("blank", None, "lost"), "'lost' has no signatures; run compute_signatures first"),
        (("blank", None, "a.b"), "'a.b' is not a field of samples"),
    ],
)
def test_what_cannot_be_shown_is_said(mixed, operators, arguments, message) -> None:
    """Each wrong argument has an error that says what to do."""
    dataset, _ = mixed
    show, run_key, field = (*arguments, None, "signature")[:3] if len(arguments) < 3 else arguments
    with pytest.raises(ValueError, match=message):
        operators.view_quality(dataset, show, run_key=run_key, signature_field=field or "signature")


def test_without_signatures_the_form_says_so(dataset) -> None:
    """It names what to run first."""
    with pytest.raises(ExecutionError, match="run compute_signatures first"):
        foo.execute_operator(_URI, dataset=dataset, params={"show": "blank"})
