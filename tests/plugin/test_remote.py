"""Samples whose files are at URLs: read through fsspec, or from the local path that they have."""

from __future__ import annotations

import fiftyone as fo
import fsspec
import pytest
from fiftyone.core.sample import SampleView

from smartdownsample_core import assign_buckets, extract


@pytest.fixture
def at_urls(make_dataset):
    """``at_urls(samples, urls)``: a dataset of samples at URLs.

    The open source FiftyOne makes local paths of URLs when samples are made, but holds them.
    """

    def make(samples: list, urls: list[str]) -> fo.Dataset:
        dataset = make_dataset(samples)
        dataset.set_values("filepath", urls)
        return dataset

    return make


@pytest.fixture
def remote(images) -> list[str]:
    """URLs of 30 of the images, in fsspec's memory file system, which is that of one process."""
    fs = fsspec.filesystem("memory")
    urls = [f"memory://bucket/{number}.jpg" for number in range(30)]
    for url, path in zip(urls, images, strict=False):
        with open(path, "rb") as file:
            fs.pipe(url, file.read())
    yield urls
    fs.rm("/bucket", recursive=True)


def test_remote_samples_are_chosen_from(at_urls, operators, remote, images) -> None:
    """Their signatures are those of the local files, and are reused without a look at the files."""
    dataset = at_urls(remote, remote)
    result = operators.downsample(dataset, 7, workers="threads")
    assert (result["kept"], result["computed"]) == (7, 30)
    assert dataset.values("signature.bucket") == assign_buckets(extract(images[:30])).tolist()
    assert operators.downsample(dataset, 5, workers="threads")["reused"] == 30
    assert operators.downsample(dataset, 5, workers="threads", recompute=True)["computed"] == 30


def test_a_lost_url_is_recorded(at_urls, operators, remote) -> None:
    """As the other unreadable files are."""
    urls = [*remote, "memory://bucket/lost.jpg"]
    dataset = at_urls(urls, urls)
    assert operators.downsample(dataset, 7, workers="threads")["unreadable"] == 1
    assert dataset.last().signature.error.startswith("File not found: memory://bucket/lost.jpg")


def test_crops_of_remote_samples(at_urls, operators, remote) -> None:
    """Patches are cut from the images at the URLs."""
    box = fo.Detection(label="car", bounding_box=[0.1, 0.1, 0.6, 0.6])
    samples = [fo.Sample(url, cars=fo.Detections(detections=[box.copy()])) for url in remote]
    dataset = at_urls(samples, remote)
    assert operators.downsample(dataset.to_patches("cars"), 7, workers="threads")["computed"] == 30


def test_an_unknown_protocol_is_refused(at_urls, operators, state_of) -> None:
    """With its name, and before anything is written."""
    dataset = at_urls(["x.jpg"], ["nowhere://bucket/1.jpg"])
    before = state_of(dataset)
    with pytest.raises(ValueError, match=r"nowhere://bucket/1\.jpg cannot be read: fsspec"):
        operators.downsample(dataset, 1)
    assert state_of(dataset) == before


@pytest.mark.parametrize("given", ["field", "attribute"])
def test_the_local_path_of_a_sample_is_read(at_urls, operators, images, monkeypatch, given) -> None:
    """A field of the dataset, or, as in FiftyOne Enterprise, an attribute of all samples."""
    urls = [f"nowhere://bucket/{number}.jpg" for number in range(20)]
    where = dict(zip(urls, images, strict=False))
    if given == "field":
        samples = [fo.Sample(url, local_path=path) for url, path in where.items()]
    else:
        local_path = property(lambda sample: where[sample.filepath])
        monkeypatch.setattr(SampleView, "local_path", local_path, raising=False)
        samples = urls
    dataset = at_urls(samples, urls)
    assert operators.downsample(dataset, 5)["computed"] == 20
    assert dataset.values("signature.bucket") == assign_buckets(extract(images[:20])).tolist()
    assert operators.downsample(dataset, 5)["reused"] == 20
