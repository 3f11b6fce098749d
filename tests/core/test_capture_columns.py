"""When, where and by what camera images were taken: columns of the table and of shards."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from smartdownsample_core import Crop, Signatures, extract, sign_file
from smartdownsample_core.images import Capture
from smartdownsample_core.shards import Shards
from tests.core.camera_files import camera_file, scene

_FACTS = {
    "taken": datetime(2017, 7, 18, 15, 31, 38, 404_000),
    "taken_from": "original",
    "utc_offset": 120.0,
    "latitude": -(32 + 11 / 60 + 32.99 / 3600),
    "longitude": -(53 + 45 / 60 + 6 / 3600),
    "make": "Maker",
    "model": "Model",
    "serial": "SN 1",
    "orientation": 1,
}
_NONE = {**dict.fromkeys(_FACTS), "orientation": 1}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A large and a small file of a camera, a small and a large one of none, and no image."""
    folder = tmp_path_factory.mktemp("files")
    for name, data in {
        "0.jpg": camera_file(),
        "1.jpg": camera_file(scene(64, 48)),
    }.items():
        (folder / name).write_bytes(data)
    scene(64, 48).save(folder / "2.png")
    scene().save(folder / "3.bmp")
    (folder / "4.jpg").write_bytes(b"none")
    return sorted(map(str, folder.iterdir()))


def _facts(table: Signatures) -> list[dict[str, object]]:
    plain = table.to_plain()
    return [
        dict(zip(_FACTS, row, strict=True))
        for row in zip(*(plain[name] for name in _FACTS), strict=True)
    ]


@pytest.mark.parametrize("workers", ["threads", "processes"])
@pytest.mark.parametrize("decode", ["exact", "fast"])
def test_files_say_when_where_and_by_what(files: list[str], workers: str, decode: str) -> None:
    """Whichever way they are decoded; what is not read, says nothing."""
    items = [*files, Crop(files[0], (0.1, 0.1, 0.5, 0.5)), Crop(files[3], (0, 0, 1, 1))]
    table = extract(items, workers=workers, decode=decode, image_loading_errors="skip")
    assert list(table.unreadable) == [4]
    unread = {**_NONE, "orientation": 0}
    assert _facts(table) == [_FACTS, _FACTS, _NONE, _NONE, unread, _FACTS, _NONE]


def test_a_signature_has_them(files: list[str]) -> None:
    assert sign_file(files[1]).capture.model == "Model"
    assert sign_file(files[2]).capture == Capture()


def test_images_of_one_camera_share_its_name_in_memory(files: list[str]) -> None:
    table = extract([files[0], files[1]])
    assert table.model[0] is table.model[1]


def test_shards_hold_them(run, files: list[str], tmp_path: Path) -> None:
    """To the millisecond and the last bit, and once in memory."""
    output = tmp_path / "s.parquet"
    folder = str(Path(files[0]).parent)
    assert run("extract", folder, "-o", str(output), "--no-processes", "-q")[0] == 0
    table = Shards([output]).signatures(descriptors=False)
    expected = extract(files, image_loading_errors="skip")
    assert _facts(table) == _facts(expected)
    assert table.taken.dtype == expected.taken.dtype
    assert table.model[0] is table.model[1]


def test_times_that_a_database_returns_in_a_zone_are_the_same() -> None:
    """FiftyOne does so where ``fo.config.timezone`` is set."""
    column = Signatures.columns()["taken"]
    zone = timezone(timedelta(hours=-9))
    plain = [[datetime(2020, 1, 1, 3, tzinfo=zone), None]]
    assert column.from_plain(plain, 8)[0] == np.datetime64("2020-01-01T12:00")


def test_signatures_of_versions_without_them_are_not_used(files: list[str]) -> None:
    """Or their images would seem to be without a time."""
    table = extract(files[:1])
    plain = {name: values for name, values in table.to_plain().items() if name not in _FACTS}
    assert Signatures.blank(1, 8).put_plain([0], plain) == []
    assert Signatures.blank(1, 8).put_plain([0], {**plain, **{"orientation": [1]}}) == [0]
