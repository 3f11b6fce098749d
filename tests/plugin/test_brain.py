"""Maps and search indexes of runs, in FiftyOne's real brain."""

from __future__ import annotations

import re

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone.operators.executor import ExecutionError
from scipy.spatial.distance import cdist

from plugin.jobs import maps
from smartdownsample_core import extract

_PLUGIN = "@smartdownsample/smartdownsample"


def test_the_layout_keeps_most_of_the_distances() -> None:
    """Points in a plane keep their distances, whichever way the plane lies; the map is the same."""
    rng = np.random.default_rng(3)
    plane = rng.normal(size=(50, 2)) * [9, 2]
    axes, _ = np.linalg.qr(rng.normal(size=(128, 128)))
    vectors = (plane @ axes[:2] + 5).astype(np.float32)
    laid_out = maps.principal(vectors)
    assert np.allclose(cdist(laid_out, laid_out), cdist(plane, plane), atol=1e-3)
    assert laid_out[:, 0].std() > laid_out[:, 1].std()
    assert np.allclose(maps.principal(vectors[::-1]), laid_out[::-1], atol=1e-3)


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_images_have_a_map(n) -> None:
    """One image is in the middle; two are on a line."""
    assert maps.principal(np.eye(n, 128, dtype=np.float32)).shape == (n, 2)


def test_a_map_is_what_the_embeddings_panel_shows(signed_dataset, operators) -> None:
    """It is a visualization of FiftyOne's, with a point for each image that the run chose from."""
    view = signed_dataset.limit(40)
    operators.downsample(view, 10, run_key="mine")
    made = operators.make_map(signed_dataset, "mine")
    assert made == {"brain_key": "mine_map", "samples": 40, "missing": 0}
    results = signed_dataset.load_brain_results("mine_map")
    assert results.points.shape == (40, 2)
    assert results.config.type == "visualization"
    assert set(results.sample_ids) == set(view.values("id"))
    assert np.unique(results.points, axis=0).shape[0] > 30


def test_a_search_index_sorts_by_likeness(signed_dataset, operators, images) -> None:
    """FiftyOne sorts by the distances of descriptors, also what the run left out."""
    operators.downsample(signed_dataset, 10)
    made = operators.make_searchable(signed_dataset, "smartdownsample")
    assert made == {"brain_key": "smartdownsample_search", "samples": 80, "missing": 0}
    ids, paths = signed_dataset.values(["id", "filepath"])
    descriptors = extract(paths).descriptor.astype(float)
    nearest = cdist(descriptors[:1], descriptors)[0].argsort(kind="stable")
    found = signed_dataset.sort_by_similarity(ids[0], brain_key="smartdownsample_search", k=5)
    assert found.values("id") == [ids[row] for row in nearest[:5]]


def test_undo_removes_both(signed_dataset, operators, state_of, post) -> None:
    """They go with their run, also with one that is replaced; those of others stay."""
    operators.downsample(signed_dataset, 10, run_key="other")
    operators.make_map(signed_dataset, "other")
    operators.downsample(signed_dataset, 10)
    for make in (operators.make_map, operators.make_searchable):
        make(signed_dataset, "smartdownsample")
        make(signed_dataset, "smartdownsample")  # in the place of the first
    ours = ["smartdownsample_map", "smartdownsample_search"]
    assert sorted(signed_dataset.list_brain_runs()) == ["other_map", *ours]
    form = post("resolve-type", "delete_run", signed_dataset, {"run_key": "smartdownsample"})
    forecast = form["type"]["properties"]["forecast"]["default"]
    assert "the brain run `smartdownsample_map`" in forecast
    signed_dataset.rename_run("smartdownsample", "renamed")
    result = operators.delete_run(signed_dataset, "renamed")
    assert sorted(result["brain_runs"]) == ours
    assert signed_dataset.list_brain_runs() == ["other_map"]
    operators.downsample(signed_dataset, 20, run_key="other")
    assert signed_dataset.list_brain_runs() == []


def test_a_run_takes_over_what_was_left(signed_dataset, operators) -> None:
    """A map whose run FiftyOne's own ``delete_run`` deleted goes with the next of that key."""
    operators.downsample(signed_dataset, 10)
    operators.make_map(signed_dataset, "smartdownsample")
    signed_dataset.delete_run("smartdownsample")
    operators.downsample(signed_dataset, 10)
    assert signed_dataset.list_brain_runs() == []


def test_images_without_a_signature_are_not_on_it(own_images, make_dataset, operators) -> None:
    """An unreadable image and one that has changed since are counted."""
    dataset = make_dataset([*own_images, "missing.jpg"])
    operators.downsample(dataset, 5)
    with open(own_images[3], "ab") as stream:
        stream.write(b"\0")
    made = operators.make_map(dataset, "smartdownsample")
    assert made == {"brain_key": "smartdownsample_map", "samples": 23, "missing": 2}
    assert operators.make_searchable(dataset, "smartdownsample")["samples"] == 23


def test_patches_have_both(make_dataset, operators, images) -> None:
    """Of patches, the points and the index are of labels."""
    boxes = [[0, 0, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]]
    dataset = make_dataset(
        [
            fo.Sample(
                path,
                objects=fo.Detections(
                    detections=[fo.Detection(label="a", bounding_box=box) for box in boxes]
                ),
            )
            for path in images[:10]
        ]
    )
    patches = dataset.to_patches("objects")
    operators.downsample(patches, 5)
    assert operators.make_map(dataset, "smartdownsample")["samples"] == 20
    ids = patches.values("id")
    assert set(dataset.load_brain_results("smartdownsample_map").label_ids) == set(ids)
    operators.make_searchable(dataset, "smartdownsample")
    found = patches.sort_by_similarity(ids[0], brain_key="smartdownsample_search", k=3)
    assert found.values("id")[0] == ids[0]
    operators.delete_run(dataset, "smartdownsample")
    assert dataset.list_brain_runs() == []


def test_groups_have_both(grouped, operators) -> None:
    """Of groups, they are of the slice that was compared."""
    operators.downsample(grouped, 5)
    assert operators.make_map(grouped, "smartdownsample")["samples"] == 40
    operators.make_searchable(grouped, "smartdownsample")
    left = grouped.select_group_slices("left")
    first = left.first().id
    found = left.sort_by_similarity(first, brain_key="smartdownsample_search", k=3)
    assert found.first().id == first


def test_frames_are_refused(videos, operators) -> None:
    """FiftyOne has neither for frames of videos; the error says what to do."""
    frames = operators.sample_frames(videos, fps=1)
    operators.downsample(frames, 3)
    for make in (operators.make_map, operators.make_searchable):
        with pytest.raises(ValueError, match=r"is of frames of videos.*frames\.clone\(\)"):
            make(videos, "smartdownsample")
    assert videos.list_brain_runs() == []


def test_bad_requests_are_refused(signed_dataset, operators) -> None:
    """No such run or layout, someone else's brain run, and no signatures: nothing is registered."""
    with pytest.raises(ValueError, match="no smartdownsample run 'lost'"):
        operators.make_map(signed_dataset, "lost")
    operators.downsample(signed_dataset, 10)
    with pytest.raises(ValueError, match=r"method must be one of pca.*, got 'tsne'"):
        operators.make_map(signed_dataset, "smartdownsample", method="tsne")
    import fiftyone.brain as fob

    fob.compute_visualization(
        signed_dataset, points=np.zeros((80, 2)), brain_key="smartdownsample_map"
    )
    with pytest.raises(ValueError, match="smartdownsample did not make; rename it"):
        operators.make_map(signed_dataset, "smartdownsample")
    with pytest.raises(ExecutionError, match="smartdownsample did not make; rename it"):
        foo.execute_operator(
            f"{_PLUGIN}/make_map", dataset=signed_dataset, params={"run_key": "smartdownsample"}
        )
    assert not operators.delete_run(signed_dataset, "smartdownsample")["brain_runs"]
    assert signed_dataset.list_brain_runs() == ["smartdownsample_map"]


def test_without_up_to_date_signatures_there_is_none(own_images, make_dataset, operators) -> None:
    """The error says what to do."""
    dataset = make_dataset(own_images)
    operators.downsample(dataset, 5)
    dataset.delete_sample_field("signature")
    with pytest.raises(ValueError, match=r"none of the images .* run compute_signatures first"):
        operators.make_searchable(dataset, "smartdownsample")


def test_they_are_not_offered_to_compare_by(signed_dataset, operators, post) -> None:
    """Positions on a map are no embeddings to choose by."""
    operators.downsample(signed_dataset, 10)
    operators.make_map(signed_dataset, "smartdownsample")
    with pytest.raises(ValueError, match="features"):
        operators.downsample(signed_dataset, 10, features="lost_map")
    form = post("resolve-type", "downsample", signed_dataset, {"advanced": True})
    assert "smartdownsample_map" not in str(form["type"]["properties"].get("features"))


def test_the_app_opens_the_map(signed_dataset, operators, post) -> None:
    """The Embeddings panel is opened with the map, coloured by what was kept."""
    operators.downsample(signed_dataset, 10)
    params = {"run_key": "smartdownsample"}
    answer = post("execute", "make_map", signed_dataset, params)
    assert answer["result"] == {"brain_key": "smartdownsample_map", "samples": 80, "missing": 0}
    (opened,) = [
        e["params"] for e in answer["executor"]["requests"] if "open_panel" in e["operator_uri"]
    ]
    assert opened["state"] == {
        "brainResult": "smartdownsample_map",
        "colorByField": "smartdownsample_choice",
    }
    output = post(
        "resolve-type",
        "make_map",
        signed_dataset,
        params,
        results=answer["result"],
        target="outputs",
    )
    assert re.search(r"`smartdownsample_map` has 80 images\. ", str(output))
    form = post("resolve-type", "make_searchable", signed_dataset, params)
    assert "`smartdownsample_search`" in form["type"]["properties"]["forecast"]["default"]
