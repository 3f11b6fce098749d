"""Whether a camera's previews may stand for its images: honest ones pass, edits do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image, ImageFilter

from demo.photos import load_photos
from smartdownsample_core.extraction import tabulate
from smartdownsample_core.images._open_preview import headed
from smartdownsample_core.signatures import Signatures, sign
from smartdownsample_core.signatures._sign_previews import sign_previews
from smartdownsample_core.signatures._trusted_previews import difference, rows_to_compare
from tests.core.camera_files import camera_file, preview_of

Edit = Callable[[Image.Image], Image.Image]


def _cropped(share: float) -> Edit:
    """The preview shows the image before it was cropped: the image is a part of it."""
    return lambda image: image.resize(
        image.size,
        box=(
            image.width * (1 - share) / 2,
            image.height * (1 - share) / 2,
            image.width * (1 + share) / 2,
            image.height * (1 + share) / 2,
        ),
    )


def _pair(edit: Edit, n: int = 6) -> tuple[Signatures, Signatures]:
    """Signatures of previews of photographs, and of images that were edited since."""
    previews, whole = [], []
    for photo in list(load_photos())[:n]:
        photo = photo.convert("RGB").resize((640, 480))
        data = camera_file(edit(photo), preview=preview_of(photo))
        previews.append(headed(lambda start, size, data=data: data[start : start + size]))
        whole.append(sign(edit(photo)))
    return tabulate(sign_previews(previews, 8), 8), tabulate(whole, 8)


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: image,
        lambda image: image.filter(ImageFilter.GaussianBlur(1)),
        lambda image: image.point(lambda value: min(value + 3, 255)),
    ],
    ids=["none", "blurred", "a little brighter"],
)
def test_previews_of_the_same_picture_are_trusted(edit: Edit) -> None:
    assert difference(*_pair(edit)) is None


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (_cropped(0.8), "of the hash's bits"),
        (lambda image: image.transpose(Image.Transpose.ROTATE_180), "of the hash's bits"),
        (lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "of the hash's bits"),
        (lambda image: image.point(lambda value: value * 3 // 4), "grey levels"),
    ],
    ids=["cropped", "turned", "mirrored", "darker"],
)
def test_previews_of_the_picture_before_an_edit_are_not(edit: Edit, reason: str) -> None:
    found = difference(*_pair(edit))
    assert found is not None
    assert reason in found


def test_one_replaced_image_is_enough() -> None:
    """The preview of one of six shows something else."""
    previews, whole = _pair(lambda image: image)
    whole.dhash[2] ^= 0xFF
    assert "100% at most" in str(difference(previews, whole))


def test_images_that_cannot_be_compared_are_not_trusted() -> None:
    blank = Signatures.blank(3, 8)
    assert difference(blank, blank) == "none of the compared images could be read"


@pytest.mark.parametrize(
    ("n", "count"), [(0, 0), (1, 1), (3, 3), (300, 3), (301, 4), (10**6, 10**4)]
)
def test_one_in_a_hundred_is_compared_but_at_least_three(n: int, count: int) -> None:
    """Different ones, spread from the first to the last."""
    rows = rows_to_compare(n).tolist()
    assert len(rows) == len(set(rows)) == count
    assert all(0 <= row < n for row in rows)
