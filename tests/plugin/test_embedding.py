"""Embeddings by a model of FiftyOne's zoo: in Python, in the App, and from the panel."""

from __future__ import annotations

import json

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone.operators.delegated import DelegatedOperationService
from PIL import Image

from tests.plugin.zoo_model import MeanColours, MeanColoursConfig

_URI = "@smartdownsample/smartdownsample/compute_embeddings"


def _embedded(path: str) -> np.ndarray:
    image = np.asarray(Image.open(path).convert("RGB"))
    return MeanColours(MeanColoursConfig({})).embed(image)


def test_a_run_compares_by_what_was_computed(dataset, operators) -> None:
    """The embeddings are the model's, are kept when it is called again, and decide."""
    made = operators.compute_embeddings(dataset.limit(60), "mean-colours")
    assert made == {
        "model": "mean-colours",
        "field": "embeddings",
        "samples": 60,
        "computed": 60,
        "missing": 0,
    }
    assert operators.compute_embeddings(dataset, "mean-colours")["computed"] == 20
    assert operators.compute_embeddings(dataset, "mean-colours")["computed"] == 0
    for path, found in zip(*dataset.limit(3).values(["filepath", "embeddings"]), strict=True):
        np.testing.assert_allclose(found, _embedded(path))
    kept = operators.downsample(dataset, 8, features="embeddings")
    assert kept["kept"] == 8
    assert "compares the embeddings `embeddings`" in kept["choice"].lower()


@pytest.mark.parametrize(
    ("model", "field", "said"),
    [
        ("mean-colors", "embeddings", "has no model 'mean-colors'.*'mean-colours'"),
        ("needs-much", "embeddings", "lacks packages.*pip install a-package-that-nobody-has"),
        ("mean-colours", "filepath", "exists, and is not of this model"),
        ("mean-colours", "no field", "letters, digits and underscores, got 'no field'"),
        ("far-away", "embeddings", "no route to .*fiftyone zoo models download far-away"),
    ],
)
def test_what_cannot_be_done_is_said(dataset, operators, model, field, said) -> None:
    """And nothing is written."""
    before = set(dataset.get_field_schema())
    with pytest.raises((ValueError, OSError), match=said):
        operators.compute_embeddings(dataset, model, field=field)
    dataset.reload()
    assert set(dataset.get_field_schema()) == before


def test_images_that_cannot_be_read_are_counted(make_dataset, images, tmp_path, operators) -> None:
    """A run does not need their embeddings; if there is nothing else, it is an error."""
    lost = str(tmp_path / "lost.jpg")
    dataset = make_dataset([*images[:5], lost])
    made = operators.compute_embeddings(dataset, "mean-colours")
    assert (made["computed"], made["missing"]) == (5, 1)
    assert operators.downsample(dataset, 2, features="embeddings")["kept"] == 2
    nothing = make_dataset([lost])
    with pytest.raises(ValueError, match="could embed none of the 1 images"):
        operators.compute_embeddings(nothing, "mean-colours")
    assert not nothing.has_field("embeddings")


def test_patches_are_refused(make_dataset, images, operators) -> None:
    """With what to do instead."""
    found = fo.Detections(detections=[fo.Detection(label="deer", bounding_box=[0, 0, 0.5, 0.5])])
    dataset = make_dataset([fo.Sample(images[0], animals=found)])
    with pytest.raises(ValueError, match=r"these are patches.*compute_similarity"):
        operators.compute_embeddings(dataset.to_patches("animals"), "mean-colours")


def test_in_the_app(dataset, post) -> None:
    """The form of a run offers it where there are none; it ends with a way to choose by them."""
    form = post("resolve-type", "downsample", dataset, {"target_count": 3, "advanced": True})
    assert form["type"]["properties"]["compute_embeddings"]["view"]["operator"] == _URI
    params = {"model": "mean-colours", "field": "seen"}
    form = json.dumps(post("resolve-type", "compute_embeddings", dataset, params))
    assert "Reads all 80 images, and computes what each shows by `mean-colours`" in form
    assert "mobilenet-v2-imagenet-torch" in form
    messages = json.dumps(post("execute/generator", "compute_embeddings", dataset, params))
    assert "80 of 80 samples were embedded" in messages
    dataset.reload()
    assert dataset.exists("seen").count() == 80
    form = post("resolve-type", "downsample", dataset, {"target_count": 3, "advanced": True})
    assert "compute_embeddings" not in form["type"]["properties"]


def test_delegated(dataset) -> None:
    """What is queued is computed."""
    context = {"view": dataset.view(), "params": {"model": "mean-colours"}}
    queued = foo.execute_operator(_URI, {**context, "request_delegation": True}).result
    service = DelegatedOperationService()
    service.execute_queued_operations(dataset_name=dataset.name)
    done = service.get(queued["id"])
    service.delete_operation(queued["id"])
    assert done.result.result["computed"] == 80


def test_from_the_panel(dataset, operators, open_panel) -> None:
    """It is offered among the settings, and what was computed is compared by."""
    operators.compute_signatures(dataset)
    user = open_panel(dataset)
    user.change("more", True)
    settings = user.layout["settings"]["type"]["properties"]
    assert settings["compute_embeddings"]["view"]["label"] == "Compute embeddings with a model ..."
    user.do("compute_embeddings")
    asked = user.called("prompt_user_for_operation")
    assert (asked["operator_uri"], asked["params"]) == (_URI, {"stages": []})
    user.do("after_embeddings", original_params={"field": "later"})  # it was scheduled
    assert not user.settings.get("features")
    operators.compute_embeddings(dataset, "mean-colours", field="seen")
    user.do("after_embeddings", original_params={"field": "seen"})
    assert user.settings["features"] == "seen"
    assert "Would keep 8 of 80" in user.text
    assert "compute_embeddings" not in user.layout["settings"]["type"]["properties"]
