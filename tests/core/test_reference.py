"""The buckets are those of smartdownsample 1.9.2: of its definition and of the package itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import imagehash
import numpy as np
import pytest
import smartdownsample.core
from PIL import Image

from demo.photos import photo_paths
from smartdownsample_core import assign_buckets, extract

_HASH_SIZES = (4, 6, 8, 10)


@pytest.fixture(scope="module")
def all_paths(burst_paths: list[str], formats: dict[str, str]) -> list[str]:
    """Every burst image, photograph and format of 8 bits a channel: deeper ones are scaled."""
    shallow = (path for name, path in formats.items() if "16 bit" not in name.replace("_", " "))
    return [*burst_paths, *map(str, photo_paths()), *shallow]


@pytest.fixture(scope="module", params=_HASH_SIZES, ids="hash_size={}".format)
def ids_by_path(request: pytest.FixtureRequest, all_paths: list[str]) -> tuple[int, dict[str, int]]:
    """A hash size, and our bucket id of every path."""
    ids = assign_buckets(extract(all_paths, request.param)).tolist()
    return request.param, dict(zip(all_paths, ids, strict=True))


def _defined_id(path: str, hash_size: int) -> int:
    """The seven bits of one image, written down as the reference defines them."""
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    dhash = imagehash.dhash(rgb, hash_size=hash_size).hash.flatten()
    ahash = imagehash.average_hash(rgb, hash_size=hash_size // 2).hash.flatten()
    pixels = np.array(rgb.resize((32, 32), Image.Resampling.LANCZOS))
    red, green, blue = (np.mean(pixels[:, :, channel]) for channel in range(3))
    first, second = (27, 36) if hash_size >= 8 else (5, 10)
    colourful = np.var([red, green, blue]) >= 100
    theme = 0
    if colourful:
        theme = 3
        if red > green and red > blue and red > 140:
            theme = 0
        elif green > red and green > blue and green > 140:
            theme = 1
        elif blue > red and blue > green and blue > 140:
            theme = 2
    bits = [dhash[first], dhash[second], ahash[0], colourful, np.mean(pixels) >= 128]
    return int("".join("01"[int(bit)] for bit in bits), 2) * 4 + theme


def _partition(paths: Sequence[str], buckets: Sequence[int]) -> set[frozenset[str]]:
    members = defaultdict(set)
    for path, bucket in zip(paths, buckets, strict=True):
        members[bucket].add(path)
    return {frozenset(group) for group in members.values()}


def test_images_fall_into_many_buckets(ids_by_path: tuple[int, dict[str, int]]) -> None:
    """The images are varied enough for the comparisons to mean something."""
    ids = np.array(list(ids_by_path[1].values()))
    assert len(set(ids.tolist())) >= 15
    assert all(0 < np.count_nonzero(ids & bit) < len(ids) for bit in (64, 32, 16, 8, 4, 2, 1))


def test_ids_equal_the_definition(ids_by_path: tuple[int, dict[str, int]]) -> None:
    """Image by image, the id is the one of the slow, literal definition."""
    hash_size, ids = ids_by_path
    assert ids == {path: _defined_id(path, hash_size) for path in ids}


def test_buckets_equal_those_of_the_package(
    ids_by_path: tuple[int, dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package, run on the same files, groups them as we do."""
    assert version("smartdownsample") == "1.9.2"
    hash_size, ids = ids_by_path
    seen = {}
    monkeypatch.setattr(  # its buckets are nowhere to be seen but on the way to this chart
        smartdownsample.core,
        "_plot_bucket_thumbnails",
        lambda stats, viz_data, *_: seen.update(viz_data),
    )
    smartdownsample.core.sample_diverse(
        list(ids),
        len(ids) - 1,
        hash_size=hash_size,
        show_progress=False,
        show_summary=False,
        save_thumbnails=str(tmp_path / "unused.png"),
    )
    assert set(seen["all_paths"]) == set(ids)
    assert _partition(seen["all_paths"], seen["bucket_assignments"]) == _partition(
        list(ids), list(ids.values())
    )
