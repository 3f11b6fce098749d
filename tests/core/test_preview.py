"""Previews in the heads of camera files: signed instead of the file, or refused with a reason."""

from __future__ import annotations

import http.server
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from smartdownsample_core import assign_buckets, extract, sign_file
from smartdownsample_core.extraction import tabulate
from smartdownsample_core.images import Capture, PreviewMissingError, Reduced
from smartdownsample_core.images._open_preview import Headed, headed, open_preview
from smartdownsample_core.signatures._sign_previews import (
    sign_preview,
    sign_previews,
    sign_previews_of,
)
from tests.core.camera_files import camera_file, jpeg, preview_of, scene, short, text
from tests.http_server import serving


def _read(data: bytes) -> Headed:
    return headed(lambda start, size: data[start : start + size])


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((640, 480), (60, 80, 3)),
        ((640, 360), (44, 80, 3)),
        ((480, 640), (60, 44, 3)),
        ((642, 480), (60, 80, 3)),
    ],
    ids=["4:3", "16:9", "upright", "nearly 4:3"],
)
def test_a_preview_has_the_aspect_of_its_image(
    order: str, size: tuple[int, int], shape: tuple[int, ...]
) -> None:
    """Its bars are cut off, on whichever sides they are, also those of half a reduced row."""
    result = _read(camera_file(scene(*size), order))
    assert result.reason is None
    assert result.preview is not None
    assert result.preview.pixels.shape == shape
    pixels = result.preview.pixels
    edges = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    assert min(edge.mean() for edge in edges) > 60


@pytest.mark.parametrize(("top", "bottom"), [(15, 15), (15, 17), (13, 16)])
def test_bars_are_cut_off_where_they_end(top: int, bottom: int) -> None:
    """Makers do not centre every preview; compression blurs the edge."""
    image = scene(640, 360)
    boxed = Image.new("RGB", (160, 120))
    boxed.paste(image.resize((160, 120 - top - bottom)), (0, top))
    preview = _read(camera_file(image, preview=jpeg(boxed, quality=75))).preview
    assert preview is not None
    rows, columns, _ = preview.pixels.shape
    assert (columns, preview.extent) == (80, (80, rows))
    assert (118 - top - bottom) / 2 <= rows <= (120 - top - bottom) / 2


def test_large_previews_are_reduced_further() -> None:
    """Their signature needs no more pixels."""
    image = scene(1280, 960)
    preview = _read(camera_file(image, preview=preview_of(image, (640, 480)))).preview
    assert preview is not None
    assert preview.pixels.shape == (60, 80, 3)


def test_no_more_than_bars_is_cut_off_of_a_dark_picture() -> None:
    image = Image.new("RGB", (640, 360))
    preview = _read(camera_file(image)).preview
    assert preview is not None
    assert preview.pixels.shape == (44, 80, 3)


def test_a_preview_signs_nearly_as_its_file(tmp_path: Path) -> None:
    """Of smooth pictures, in which nothing is near a threshold by chance."""
    paths = []
    for seed in range(12):
        paths.append(tmp_path / f"{seed}.jpg")
        size = [(640, 480), (640, 360), (480, 640)][seed % 3]
        paths[-1].write_bytes(camera_file(scene(*size, seed=seed)))
    whole = tabulate([sign_file(path) for path in paths], 8)
    signed = [sign_preview(path) for path in paths]
    previews = tabulate([one for one in signed if one is not None], 8)
    assert len(previews) == len(paths)
    differing = np.unpackbits(whole.dhash ^ previews.dhash, axis=1).sum(axis=1)
    assert differing.mean() < 3
    assert np.abs(whole.mean_rgb - previews.mean_rgb).max() < 4
    assert (assign_buckets(whole) == assign_buckets(previews)).mean() > 0.8


def test_many_previews_are_signed_as_one_by_one() -> None:
    """In their order, though they are of several sizes."""
    sizes = [(160, 120), (160, 90), (120, 160), (160, 120)]
    previews = [
        Headed(Capture(), Reduced(np.asarray(scene(*size, seed=number)), size), None)
        for number, size in enumerate(sizes, start=1)
    ]
    for together, preview in zip(sign_previews(previews, 8), previews, strict=True):
        (alone,) = sign_previews([preview], 8)
        assert all(np.array_equal(a, b) for a, b in zip(together, alone, strict=True))


_OTHER = preview_of(scene(480, 640), (120, 160))
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"preview": None}, "the head of this file has no preview"),
        ({"preview": _OTHER}, "must have the aspect of its image"),
        ({"preview": jpeg(scene(160, 120).crop((0, 0, 160, 90)))}, "must have the aspect"),
        ({"preview": _PNG}, "got none of 108 bytes at byte"),
        ({"preview": preview_of(scene())[:2000]}, "the preview is damaged"),
        ({"preview": b"\xff\xd8" + bytes(500)}, "the preview is damaged"),
        ({"preview": jpeg(scene(40, 30))}, "must have sides of 60 to 1,024 pixels, got 40 x 30"),
        (
            {"preview": jpeg(Image.new("RGB", (1600, 1200)))},
            "must have sides of 60 to 1,024 pixels",
        ),
        ({"preview": jpeg(scene(160, 120).convert("CMYK"))}, "must be YCbCr or grey, got"),
        ({"preview_tags": {0x0202: (4, [2**31])}}, "got none of 2,147,483,648 bytes"),
        ({"preview_tags": {0x0201: (4, [2**32 - 1])}}, "must be a JPEG file, got none of"),
        ({"preview_tags": {0x0201: (4, [4])}}, "must be a JPEG file, got none of"),
        ({"preview_tags": {0x0201: text("here")}}, "the head of this file has no preview"),
        ({"preview_tags": {0x0103: short(1)}}, "must be a JPEG file, got compression 1"),
        ({"preview_tags": {0x0112: short(6)}}, "must be oriented as the image, 1, got 6"),
        (
            {"photo": {0xA002: short(4000), 0xA003: short(3000)}},
            "must be that of the image, 640 x 480, got that of 4,000 x 3,000",
        ),
    ],
    ids=range(16),
)
def test_a_preview_that_may_show_something_else_is_refused(
    changes: dict[str, Any], reason: str
) -> None:
    """Missing, damaged, of another aspect or orientation, or of the image as it was once."""
    result = _read(camera_file(**changes))
    assert result.preview is None
    assert result.reason is not None
    assert reason in result.reason
    assert result.capture.make == "Maker"


def test_grey_previews_are_fine() -> None:
    """As infrared cameras write them."""
    result = _read(camera_file(preview=jpeg(scene(160, 120).convert("L"))))
    assert result.preview is not None
    assert (result.preview.pixels == result.preview.pixels[:, :, :1]).all()


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_other_formats_have_no_preview(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    scene(64, 48).save(path)
    result = open_preview(str(path))
    assert result.preview is None
    assert result.reason is not None
    assert sign_preview(path) is None


def test_files_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    """As they are of the whole image."""
    with pytest.raises(FileNotFoundError, match="File not found: "):
        sign_preview(tmp_path / "gone.jpg")
    with pytest.raises(OSError, match="it is a directory"):
        sign_preview(tmp_path)


def test_many_files_are_opened_as_one_by_one(tmp_path: Path) -> None:
    """Each in its place: with a preview, without, unreadable; errors name a file once."""
    paths = [
        tmp_path / name for name in ("good.jpg", "none.jpg", "folder.jpg", "gone.jpg", "z.jpg")
    ]
    paths[0].write_bytes(camera_file())
    paths[1].write_bytes(jpeg(scene(64, 48)))
    paths[2].mkdir()
    paths[4].write_bytes(b"II*")
    good, none, folder, gone, other = signed = sign_previews_of(map(str, paths), 8)
    expected = sign_preview(paths[0])
    assert isinstance(good, tuple)
    assert expected is not None
    assert all(np.array_equal(a, b) for a, b in zip(good, expected, strict=True))
    assert isinstance(none, PreviewMissingError)
    assert isinstance(other, PreviewMissingError)
    assert isinstance(gone, FileNotFoundError)
    assert str(folder).count(str(paths[2])) == 1
    assert len(signed) == len(paths)


def test_a_progressive_preview_with_many_scans_is_refused() -> None:
    """Each scan goes over all its pixels."""
    preview = jpeg(Image.new("RGB", (160, 120)), progressive=True)
    start = preview.rindex(b"\xff\xda")
    many = preview[:start] + 200 * preview[start:-2] + b"\xff\xd9"
    reason = _read(camera_file(preview=many)).reason
    assert reason is not None
    assert "scans" in reason


class _Ranged(http.server.BaseHTTPRequestHandler):
    """Serves one file, of which parts can be asked for, and counts the bytes it sends."""

    data = b""
    sent = 0
    asked: ClassVar[list[str]] = []
    knows_ranges = True

    def do_HEAD(self) -> None:
        self._answer(self.data)

    def do_GET(self) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted and type(self).knows_ranges:
            start, last = map(int, wanted.groups())
            self._answer(self.data[start : last + 1], f"bytes {start}-{last}/{len(self.data)}")
        else:
            self._answer(self.data)

    def _answer(self, part: bytes, range_: str = "") -> None:
        type(self).asked.append(self.command)
        self.send_response(206 if range_ else 200)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Accept-Ranges", "bytes" if type(self).knows_ranges else "none")
        if range_:
            self.send_header("Content-Range", range_)
        self.end_headers()
        if self.command == "GET":
            type(self).sent += len(part)
            with suppress(OSError):  # the reader may have enough
                self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def ranged() -> Iterator[tuple[str, type[_Ranged]]]:
    """The URL of a camera file of half a megabyte, and its server's class."""
    data = camera_file() + bytes(500_000)
    handler = type("Handler", (_Ranged,), {"data": data, "asked": []})
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        yield f"{url}/a.jpg", handler


def test_only_the_head_of_a_remote_file_is_requested(ranged, tmp_path: Path) -> None:
    """And signed as that of a local one; file:// is one."""
    url, server = ranged
    path = tmp_path / "a.jpg"
    path.write_bytes(server.data)
    expected = sign_preview(path)
    assert expected is not None
    for there in (url, path.as_uri()):
        signed = sign_preview(there)
        assert signed is not None
        assert all(np.array_equal(a, b) for a, b in zip(signed, expected, strict=True))
    assert server.sent == 2**16


def test_a_camera_on_the_web_is_read_by_the_heads_of_its_files(ranged) -> None:
    """Two requests for each; only the sample that is compared takes more."""
    url, server = ranged
    n = 60
    table = extract([f"{url}?{number}" for number in range(n)], decode="auto")
    assert table.n_previews == n
    assert server.asked.count("HEAD") <= n + 6
    assert server.asked.count("GET") <= n + 12
    assert server.sent < (n + 12) * 2**16 + 3 * len(server.data)


def test_a_server_without_ranges_gives_the_first_part(ranged) -> None:
    """Of what it sends, no more is taken; a part further on is an error that names the image."""
    url, server = ranged
    server.knows_ranges = False
    assert sign_preview(url) is not None
    filling = b"\xff\xe2" + struct.pack(">H", 60_002) + bytes(60_000)
    server.data = server.data[:2] + 2 * filling + server.data[2:]
    with pytest.raises(OSError, match=re.escape(f"Cannot read image file: {url}")):
        sign_preview(url)
