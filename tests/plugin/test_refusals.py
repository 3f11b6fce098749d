"""Media without images to compare: refused with the reason and the remedy, by SDK and form."""

from __future__ import annotations

import re

import fiftyone as fo
import pytest


def _video_sample(path: str = "/videos/1.mp4") -> fo.Sample:
    """A video of two frames whose images are said to be extracted, and an event."""
    box = fo.Detection(label="deer", bounding_box=[0, 0, 0.5, 0.5])
    video = fo.Sample(path, event=fo.TemporalDetection(label="event", support=[1, 2]))
    for number in (1, 2):
        deer = fo.Detections(detections=[box.copy()])
        video.frames[number] = fo.Frame(filepath=f"/videos/1/{number}.jpg", deer=deer)
    return video


def _videos(make_dataset, images):
    dataset = make_dataset([_video_sample()])
    return dataset, dataset.view()


def _clips(make_dataset, images):
    dataset = make_dataset([_video_sample()])
    return dataset, dataset.to_clips("event")


def _frames_of_clips(make_dataset, images):
    dataset = make_dataset([_video_sample()])
    return dataset, dataset.to_clips("event").to_frames()


def _frames_without_images(make_dataset, images):
    dataset = make_dataset([fo.Sample("/videos/1.mp4")])
    return dataset, dataset.to_frames()


def _patches_of_frames(make_dataset, images):
    dataset = make_dataset([_video_sample()])
    return dataset, dataset.to_frames().to_patches("deer")


def _polylines(make_dataset, images):
    shape = fo.Polyline(points=[[(0.1, 0.1), (0.5, 0.1), (0.5, 0.6)]])
    dataset = make_dataset([fo.Sample(images[0], shapes=fo.Polylines(polylines=[shape]))])
    return dataset, dataset.to_patches("shapes")


def _evaluation_patches(make_dataset, images):
    def boxes() -> fo.Detections:
        box = fo.Detection(label="deer", bounding_box=[0, 0, 0.5, 0.5], confidence=0.9)
        return fo.Detections(detections=[box])

    dataset = make_dataset([fo.Sample(images[0], truth=boxes(), found=boxes())])
    dataset.evaluate_detections("found", gt_field="truth", eval_key="eval")
    return dataset, dataset.to_evaluation_patches("eval")


def _scenes(make_dataset, images):
    dataset = make_dataset(["/scenes/1.fo3d"])
    return dataset, dataset.view()


def _clouds(make_dataset, images):
    dataset = make_dataset(["/clouds/1.pcd"])
    return dataset, dataset.view()


def _cloud_slice(make_dataset, images):
    dataset = make_dataset()
    dataset.add_group_field("group", default="cloud")
    group = fo.Group()
    cloud = fo.Sample("/clouds/1.pcd", group=group.element("cloud"))
    dataset.add_samples([cloud, fo.Sample(images[0], group=group.element("left"))])
    return dataset, dataset.view()


def _other_media(make_dataset, images):
    dataset = make_dataset(["/notes/1.txt"])
    return dataset, dataset.view()


def _samples_twice(make_dataset, images):
    dataset = make_dataset(images[:10])
    return dataset, dataset.limit(6).concat(dataset.skip(3))


def _patches_twice(make_dataset, images):
    deer = fo.Detections(detections=[fo.Detection(label="deer", bounding_box=[0, 0, 0.5, 0.5])])
    dataset = make_dataset([fo.Sample(images[0], deer=deer)])
    patches = dataset.to_patches("deer")
    return dataset, patches.concat(patches)


_REFUSED = {
    _videos: "Videos have to be sampled into frames first, by the operator 'Sample frames of ",
    _clips: "the view holds clips, which are parts of videos: sample their frames first",
    _frames_of_clips: "the view holds frames of clips; of whole videos, sample their frames first",
    _frames_without_images: "no frame has an image: sample their frames first",
    _patches_of_frames: "patches of a view of frames, clips or patches; save the frames as a data",
    _polylines: "the patches are polylines of the field 'shapes', and crops are made by the bound",
    _evaluation_patches: "choose those of one of them, to_patches('truth') or to_patches('found')",
    _scenes: "the samples are 3D scenes, which have no pixels to compare; render them to images",
    _clouds: "the samples are point clouds, which have no pixels to compare; render them to images",
    _cloud_slice: "which have no pixels to compare; render them to images; or choose the slice 'le",
    _samples_twice: "the view holds 13 samples of which only 10 differ, as concat() makes it; "
    "choose from dataset.select(set(view.values('id')))",
    _patches_twice: "holds 2 patches of which only 1 differ, as concat() makes it; choose from pat",
    _other_media: "the samples are of media type 'unknown', which have no pixels to compare",
}


@pytest.fixture(params=_REFUSED, ids=lambda make: make.__name__.strip("_"))
def refused(make_dataset, images, request) -> tuple[fo.Dataset, fo.DatasetView, str]:
    """A dataset, a view of it that is refused, and why."""
    return *request.param(make_dataset, images), _REFUSED[request.param]


def test_what_has_no_images_is_refused(refused, operators, state_of) -> None:
    """The error says why and what to do, and nothing is written."""
    dataset, view, message = refused
    before = state_of(dataset)
    with pytest.raises(ValueError, match=re.escape(message)):
        operators.downsample(view, 1)
    with pytest.raises(ValueError, match=re.escape(message)):
        operators.compute_signatures(view)
    assert state_of(dataset) == before


@pytest.mark.parametrize("operator", ["downsample", "compute_signatures"])
def test_the_form_says_so_too(refused, post, operator) -> None:
    """The form cannot be sent, and shows the reason."""
    dataset, view, message = refused
    params = {"target_count": 1} if operator == "downsample" else {}
    form = post("resolve-type", operator, dataset, params, view=view._serialize())
    properties = form["type"]["properties"].values()
    reasons = [prop["error_message"] for prop in properties if prop["invalid"]]
    assert any(message in reason for reason in reasons)


def test_the_panel_says_so_too(refused, open_panel) -> None:
    """It shows the reason instead of a chart."""
    dataset, view, message = refused
    user = open_panel(dataset)
    user.view = view._serialize()
    user.do("take_view")
    assert "chart" not in user.layout
    assert message in user.text


def test_views_that_are_put_together_will_do(dataset, operators) -> None:
    """As long as they share no sample."""
    view = dataset.limit(10).concat(dataset.skip(40))
    assert operators.downsample(view, 20)["images"] == 50
