"""Summary text, distribution chart and thumbnail grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageColor

from smartdownsample_core import (
    Bucket,
    Choice,
    Selection,
    bucket_name,
    downsample,
    extract,
    natural_order,
)
from smartdownsample_core.report._charts import save_distribution
from smartdownsample_core.report._colors import EXCLUDED_COLOR, KEPT_COLOR
from smartdownsample_core.report._summary import summary, totals
from smartdownsample_core.report._thumbnails import save_thumbnails, spread

_NO_PYPLOT = """
import sys
from pathlib import Path
import numpy as np
from smartdownsample_core import Signatures, downsample
from smartdownsample_core.report._charts import save_distribution
save_distribution(downsample(Signatures.blank(0, 8), np.arange(0), 1), Path(sys.argv[1]))
print("matplotlib.figure" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""


def _selection(n_buckets: int, size: int = 30) -> Selection:
    """Buckets 0..n-1, each with ``size`` images, every third one kept."""
    n = n_buckets * size
    return Selection(
        indices=np.arange(0, n, 3),
        bucket_ids=np.repeat(np.arange(n_buckets), size).astype(np.int16),
        buckets=tuple(Bucket(bucket, size, size // 3) for bucket in range(n_buckets)),
        order=np.arange(n),
        unreadable={},
        target_count=n // 3,
        random_seed=0,
    )


def _count(path: Path, color: str) -> int:
    """How many pixels of a picture have nearly this colour; a palette may move it a little."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    return int((np.abs(pixels - ImageColor.getrgb(color)).max(axis=-1) <= 6).sum())


@pytest.fixture(scope="module")
def noise_paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """40 images of colour noise, which compress worst."""
    folder, rng = tmp_path_factory.mktemp("noise"), np.random.default_rng(0)
    paths = [str(folder / f"{number}.png") for number in range(40)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (48, 64, 3), np.uint8)).save(path)
    return paths


@pytest.fixture
def white_paths(tmp_path: Path) -> list[str]:
    """Six white images."""
    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    for path in paths:
        Image.new("RGB", (20, 10), "white").save(path)
    return paths


def test_summary_has_totals_and_a_line_per_bucket(table_of) -> None:
    """Each line gives id, size, kept, rate, stride and name, the largest bucket first."""
    selection = downsample(table_of([127] * 3 + [0] * 1500 + [64, -1]), np.arange(1505), 2)
    assert summary(selection).splitlines() == [
        "Kept 2 of 1,504 images (0.1%) from 2 of 3 buckets",
        "",
        "Bucket      Size      Kept    Rate   Stride  Name",
        f"     0     1,500         1    0.1% 1,500.00  {bucket_name(0)}",
        f"   127         3         1   33.3%     3.00  {bucket_name(127)}",
        f"    64         1         0      0%        -  {bucket_name(64)}",
    ]


def test_summary_lists_strata_and_what_was_left_out(table_of) -> None:
    """Strata largest first, of many the first twenty; a strategy without strides shows none."""
    table = table_of([0] * 60 + [-1])
    labels = ["a"] * 5 + ["b"] * 33 + [f"c{number:02}" for number in range(22)] + ["b"]
    features = np.ones((61, 1))
    choice = Choice(
        strategy="diverse",
        near_duplicates=0,
        features=features,
        stratify_by=labels,
        balance="equal",
    )
    text = summary(downsample(table, np.arange(61), 1, choice=choice)).splitlines()
    assert text[:6] == [
        "Kept 1 of 60 images (1.7%) from 1 of 1 bucket",
        "Excluded 59 near-duplicates of kept images",
        "",
        "            Size      Kept    Rate  Label",
        f"{'':>6}        33         0      0%  b",
        f"{'':>6}         5         1   20.0%  a",
    ]
    assert text[-4:] == [
        f"{'':>6} ... and 4 smaller ones",
        "",
        "Bucket      Size      Kept    Rate  Name",
        f"     0        60         1    1.7%  {bucket_name(0)}",
    ]


def test_summary_says_what_junk_was_left_out(white_paths: list[str], burst_paths) -> None:
    """White images that were not kept are counted."""
    paths = [*white_paths, *burst_paths[:4]]
    table = extract(paths, descriptors=True)
    kept = downsample(table, natural_order(paths), 5, choice=Choice(leave_out_junk=True))
    assert summary(kept).splitlines()[1] == "Excluded 5 blank images (black, white or blurred)"


def test_summary_of_nothing_is_words_too(table_of) -> None:
    """Not one readable image is no division by zero."""
    selection = downsample(table_of([-1, -1]), np.arange(2), 1)
    assert totals(selection) == "Kept 0 of 0 images (0%) from 0 of 0 buckets"
    assert summary(selection).startswith(totals(selection))


@pytest.mark.parametrize("n_buckets", [0, 1, 2, 80, 128])
def test_distribution_is_a_png_of_sane_size(tmp_path: Path, n_buckets: int) -> None:
    """From no bucket to 128 the chart is written, in folders made for it."""
    path = tmp_path / "chart.png"
    save_distribution(_selection(n_buckets), path)
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        assert 600 <= image.width <= 4000
        assert 600 <= image.height <= 1000
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("kept", [10, 70])
def test_bars_show_kept_and_excluded_in_proportion(tmp_path: Path, kept: int) -> None:
    """The area of the two colours is the share of the kept and excluded images."""
    selection = Selection(
        indices=np.arange(kept),
        bucket_ids=np.zeros(100, np.int16),
        buckets=(Bucket(0, 100, kept),),
        order=np.arange(100),
        unreadable={},
        target_count=kept,
        random_seed=0,
    )
    save_distribution(selection, tmp_path / "chart.png")
    areas = [_count(tmp_path / "chart.png", color) for color in (KEPT_COLOR, EXCLUDED_COLOR)]
    assert sum(areas) > 10_000
    assert areas[0] / sum(areas) == pytest.approx(kept / 100, abs=0.02)


def test_distribution_does_not_touch_pyplot(tmp_path: Path, run_python) -> None:
    """A chart changes no global state of matplotlib, so that threads can draw."""
    result = run_python("-c", _NO_PYPLOT, str(tmp_path / "chart.png"))
    assert result.stdout.split() == ["True", "False"], result.stderr


@pytest.mark.parametrize("n_buckets", [0, 1, 2, 16, 128])
def test_thumbnails_are_a_png_below_5_mb(
    tmp_path: Path, noise_paths: list[str], n_buckets: int
) -> None:
    """Even 128 buckets of noise stay small, and one bucket stays readable."""
    selection = _selection(n_buckets)
    paths = [noise_paths[index % 40] for index in range(n_buckets * 30)]
    path = tmp_path / "grid.png"
    save_thumbnails(selection, paths, path)
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        assert 480 <= image.width <= 3000
        assert n_buckets == 0 or 500 <= image.height <= 3500
    assert path.stat().st_size < 5_000_000


@pytest.mark.parametrize("n_kept", [0, 1, 3, 6])
def test_kept_images_are_framed(tmp_path: Path, white_paths: list[str], n_kept: int) -> None:
    """The pixels in the colour of the frame are as many as the kept images need."""
    selection = Selection(
        indices=np.arange(n_kept),
        bucket_ids=np.zeros(6, np.int16),
        buckets=(Bucket(0, 6, n_kept),),
        order=np.arange(6),
        unreadable={},
        target_count=n_kept,
        random_seed=0,
    )
    save_thumbnails(selection, white_paths, tmp_path / "grid.png")
    frame = 112**2 - (112 - 2 * 7) ** 2
    assert _count(tmp_path / "grid.png", KEPT_COLOR) == pytest.approx(n_kept * frame, rel=0.01)


def test_images_are_shown_where_the_natural_order_puts_them(tmp_path: Path) -> None:
    """Two images, one red and one blue, are drawn left to right by order, not by position."""
    paths = [str(tmp_path / name) for name in ("b.png", "a.png")]
    for path, color in zip(paths, ((255, 0, 0), (0, 0, 255)), strict=True):
        Image.new("RGB", (20, 20), color).save(path)
    selection = Selection(
        indices=np.array([], np.int64),
        bucket_ids=np.zeros(2, np.int16),
        buckets=(Bucket(0, 2, 0),),
        order=np.array([1, 0]),
        unreadable={},
        target_count=0,
        random_seed=0,
    )
    save_thumbnails(selection, paths, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    red, blue = (np.argwhere(pixels[..., c] - pixels[..., 2 - c] > 200) for c in (0, 2))
    assert len(red) == len(blue) == 110**2
    assert blue[:, 1].max() < red[:, 1].min()


def test_a_vanished_image_leaves_a_gap(tmp_path: Path, white_paths: list[str]) -> None:
    """A file that was deleted since it was read does not cost the grid."""
    selection = _selection(1, size=6)
    Path(white_paths[1]).unlink()
    save_thumbnails(selection, white_paths, tmp_path / "grid.png")
    assert _count(tmp_path / "grid.png", EXCLUDED_COLOR) >= 110**2


@given(st.integers(1, 400).flatmap(lambda size: st.permutations([*range(size)])), st.data())
def test_spread_shows_a_fair_choice(members: list[int], data: st.DataObject) -> None:
    """Up to 25 distinct images in natural order, kept ones in proportion and at least one."""
    kept = np.zeros(len(members), bool)
    kept[: data.draw(st.integers(0, len(members)))] = True
    shown = spread(np.array(members), kept)
    assert len(shown) == min(len(members), 25)
    places = [members.index(image) for image in shown.tolist()]
    assert places == sorted(set(places))
    n_kept = int(kept[shown].sum())
    share = kept.mean() * len(shown)
    assert abs(n_kept - share) < 1
    assert n_kept >= min(1, kept.sum())
