"""``sample_diverse``: the contract of the front door."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image

from smartdownsample_core import sample_diverse

_QUIET = {"show_progress": False, "show_summary": False}
_MISSING = ["nowhere/1.jpg", "nowhere/2.jpg", "nowhere/3.jpg"]


def _assert_png(path: Path) -> None:
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"


@pytest.mark.parametrize("target", [1, 5, 23, 59])
def test_exactly_the_target_in_input_order(burst_paths: list[str], target: int) -> None:
    """Distinct str paths, as many as asked for, ordered as they came in."""
    paths = burst_paths[::-1]
    kept = sample_diverse(paths, target, **_QUIET)
    positions = [paths.index(path) for path in kept]
    assert len(kept) == target
    assert all(type(path) is str for path in kept)
    assert positions == sorted(set(positions))


def test_indices_are_those_of_the_paths(burst_paths: list[str]) -> None:
    """With return_indices the same images come back as int positions."""
    kept = sample_diverse(burst_paths, 17, **_QUIET)
    indices = sample_diverse(burst_paths, 17, return_indices=True, **_QUIET)
    assert all(type(index) is int for index in indices)
    assert [burst_paths[index] for index in indices] == kept


def test_repeated_paths_count_as_images_of_their_own(burst_paths: list[str]) -> None:
    """Indices refer to the input list even where paths repeat."""
    paths = burst_paths[:12] * 3
    indices = sample_diverse(paths, 20, return_indices=True, **_QUIET)
    assert len(indices) == len(set(indices)) == 20
    assert max(indices) < 36
    assert [paths[index] for index in indices] == sample_diverse(paths, 20, **_QUIET)


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(iter, id="iterator"),
        pytest.param(tuple, id="tuple"),
        pytest.param(lambda paths: [Path(path) for path in paths], id="Path objects"),
        pytest.param(lambda paths: (Path(path) for path in paths), id="generator of Paths"),
    ],
)
def test_any_iterable_of_paths_will_do(burst_paths: list[str], wrap: type[Iterable]) -> None:
    """The answer is the one for a list of str."""
    expected = sample_diverse(burst_paths[:20], 5, **_QUIET)
    assert sample_diverse(wrap(burst_paths[:20]), 5, **_QUIET) == expected


def test_the_seed_decides(burst_paths: list[str]) -> None:
    """One seed, one answer; another seed, another; 42 is the default."""
    first, again, default, other = (
        sample_diverse(burst_paths, 10, **_QUIET, **seed)
        for seed in ({"random_seed": 42}, {"random_seed": 42}, {}, {"random_seed": 3})
    )
    assert first == again == default
    assert first != other


@pytest.mark.parametrize("n_workers", [None, 1, 2, 8])
def test_workers_do_not_change_the_answer(burst_paths: list[str], n_workers: int | None) -> None:
    """However many threads read, also the default number, the images are the same."""
    kept = sample_diverse(burst_paths[:30], 9, n_workers=n_workers, **_QUIET)
    assert kept == sample_diverse(burst_paths[:30], 9, **_QUIET)


@pytest.mark.parametrize("target", [3, 4, 10**9])
def test_a_target_of_everything_reads_nothing(target: int) -> None:
    """All paths come back in input order, though none of the files exists."""
    assert sample_diverse(_MISSING, target, **_QUIET) == _MISSING
    assert sample_diverse(map(Path, _MISSING), target, **_QUIET) == _MISSING
    assert sample_diverse(_MISSING, target, return_indices=True, **_QUIET) == [0, 1, 2]


@pytest.mark.parametrize("target", [0, -1])
def test_a_target_of_nothing_reads_nothing(target: int) -> None:
    """The answer is empty, though none of the files exists."""
    assert sample_diverse(_MISSING, target, **_QUIET) == []
    assert sample_diverse(_MISSING, target, return_indices=True, **_QUIET) == []


def test_no_images_give_no_images() -> None:
    """An empty list is no error."""
    assert sample_diverse([], 5, **_QUIET) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        pytest.param({"target_count": 1.5}, ValueError, "target_count must be a", id="target"),
        pytest.param(
            {"hash_size": 3},
            ValueError,
            "hash_size must be a whole number from 4 to 64",
            id="hash size",
        ),
        pytest.param(
            {"n_workers": 0},
            ValueError,
            "n_workers must be a whole number of at least 1",
            id="workers",
        ),
        pytest.param(
            {"random_seed": -1},
            ValueError,
            "random_seed must be a whole number of at least 0",
            id="seed",
        ),
        pytest.param(
            {"image_loading_errors": "ignore"},
            ValueError,
            "image_loading_errors must be 'raise' or 'skip', got 'ignore'",
            id="errors",
        ),
        pytest.param({"target_count": None}, ValueError, "target_count is missing", id="none"),
        pytest.param(
            {"show_summary": 42}, ValueError, "got 42; pass random_seed by name", id="1.9.0"
        ),
        pytest.param(
            {"distance_threshold": 0.5},
            TypeError,
            "pass such embeddings as features= with strategy='diverse'",
            id="2.0",
        ),
        pytest.param(
            {"hash_size": 0.5},
            ValueError,
            "got 0.5; distance_threshold belongs to",
            id="2.0 by position",
        ),
        pytest.param(
            {"hash_size": 8.0}, ValueError, "must be a whole number, got 8.0", id="fraction"
        ),
        pytest.param({"qqq": 1}, TypeError, "'qqq'; it takes image_paths, target_", id="strange"),
        pytest.param({"target": 1}, TypeError, "did you mean 'target_count'?", id="abbreviated"),
        pytest.param({"stratify": []}, TypeError, "did you mean 'stratify_by'?", id="unknown"),
        pytest.param(
            {"image_paths": "a.jpg"}, ValueError, "got the single path 'a.jpg'", id="one str"
        ),
        pytest.param({"image_paths": Path("a")}, ValueError, "got the single path", id="one Path"),
        pytest.param({"image_paths": [1, 2]}, ValueError, "list of str or Path", id="numbers"),
        pytest.param({"image_paths": 7}, ValueError, "list of str or Path", id="not a list"),
    ],
)
def test_bad_arguments_are_refused_before_reading(
    arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    """The files do not exist, yet it is the argument that is complained about."""
    with pytest.raises(error, match=re.escape(message)):
        sample_diverse(**{"image_paths": _MISSING, "target_count": 2, **_QUIET, **arguments})


@pytest.mark.parametrize("name", ["save_distribution", "save_thumbnails"])
class TestChartPaths:
    """``save_distribution`` and ``save_thumbnails`` keep the same rules."""

    @pytest.mark.parametrize("path", ["chart.jpg", "chart", "png", ""])
    def test_other_endings_are_refused(self, name: str, path: str) -> None:
        """Only a PNG can be asked for."""
        message = f"{name} must be a .png file path, got {path!r}"
        with pytest.raises(ValueError, match=re.escape(message)):
            sample_diverse(_MISSING, 2, **_QUIET, **{name: path})

    @pytest.mark.parametrize("value", [True, False])
    def test_a_bool_is_refused(self, name: str, value: bool) -> None:
        """A flag of an older version is told what the argument is now."""
        message = f"{name} must be a file path string or None, not a boolean"
        with pytest.raises(ValueError, match=message):
            sample_diverse(_MISSING, 2, **_QUIET, **{name: value})

    @pytest.mark.parametrize("target", [0, 2, 3])
    def test_an_existing_file_is_refused(self, name: str, tmp_path: Path, target: int) -> None:
        """Before anything is read, and whatever the target; the file stays as it was."""
        path = tmp_path / "old.png"
        path.write_text("mine")
        with pytest.raises(FileExistsError, match=re.escape(f"File already exists: {path}")):
            sample_diverse(_MISSING, target, **_QUIET, **{name: str(path)})
        assert path.read_text() == "mine"

    def test_a_dangling_link_is_refused(self, name: str, tmp_path: Path) -> None:
        """A chart is not written through a link to somewhere else."""
        (tmp_path / "link.png").symlink_to(tmp_path / "elsewhere.png")
        with pytest.raises(FileExistsError, match="File already exists"):
            sample_diverse(_MISSING, 2, **_QUIET, **{name: tmp_path / "link.png"})

    @pytest.mark.parametrize("target", [0, 5, 9])
    def test_chart_is_saved_and_its_folders_are_made(
        self, name: str, tmp_path: Path, burst_paths: list[str], target: int
    ) -> None:
        """Whatever the target is, a chart that was asked for is there."""
        path = tmp_path / "new" / "deep" / "chart.PNG"
        kept = sample_diverse(burst_paths[:9], target, **_QUIET, **{name: str(path)})
        assert len(kept) == target
        _assert_png(path)


def test_both_charts_can_be_saved(tmp_path: Path, burst_paths: list[str]) -> None:
    """They do not get into each other's way."""
    charts = {"save_distribution": tmp_path / "a.png", "save_thumbnails": tmp_path / "b.png"}
    sample_diverse(burst_paths[:9], 4, **_QUIET, **charts)
    for path in charts.values():
        _assert_png(path)


def test_one_file_for_both_charts_is_refused(tmp_path: Path) -> None:
    """The second chart would overwrite the first."""
    path = tmp_path / "chart.png"
    with pytest.raises(ValueError, match="save_thumbnails"):
        sample_diverse(_MISSING, 2, save_distribution=path, save_thumbnails=str(path), **_QUIET)


def test_unreadable_file_raises_with_the_way_out(
    burst_paths: list[str], broken: tuple[str, type[OSError], str]
) -> None:
    """By default the named error, with path and hint."""
    path, expected, words = broken
    with pytest.raises(expected, match=re.escape(words)) as caught:
        sample_diverse([*burst_paths[:5], path], 3, **_QUIET)
    assert type(caught.value) is expected
    assert "Use image_loading_errors='skip' " in str(caught.value)


def test_skip_fills_the_target_from_the_readable(
    burst_paths: list[str], broken: tuple[str, type[OSError], str], capsys
) -> None:
    """Every kind of unreadable file is counted, and costs nothing of the target."""
    paths = [broken[0], *burst_paths[:5], broken[0]]
    kept = sample_diverse(paths, 5, image_loading_errors="skip", **_QUIET)
    assert kept == burst_paths[:5]
    assert capsys.readouterr().out.splitlines() == [
        "Warning: 2 image(s) could not be loaded and were skipped (of 7); fix or delete them"
    ]


def test_the_first_ten_unreadable_files_are_named(burst_paths: list[str], capsys) -> None:
    """With progress shown: a line for each of ten, in input order, and how many more there are."""
    paths = [*(f"gone/{number}.jpg" for number in range(12)), *burst_paths[:5]]
    sample_diverse(paths, 2, image_loading_errors="skip", show_summary=False)
    assert capsys.readouterr().out.splitlines() == [
        "Warning: 12 image(s) could not be loaded and were skipped (of 17); fix or delete them:",
        *(f"  File not found: gone/{number}.jpg" for number in range(10)),
        "  ... and 2 more",
    ]


def test_a_target_that_cannot_be_met_is_said(burst_paths: list[str], capsys) -> None:
    """Too few readable images: all of them, and a warning."""
    kept = sample_diverse([*_MISSING, *burst_paths[:4]], 6, image_loading_errors="skip", **_QUIET)
    assert kept == burst_paths[:4]
    out, err = capsys.readouterr()
    assert out.splitlines() == [  # as in smartdownsample 1.9
        "Warning: 3 image(s) could not be loaded and were skipped (of 7); fix or delete them",
    ]
    assert err.splitlines() == [
        "Warning: target_count 6 exceeds the 4 readable images (3 could not be read), "
        "all of which were kept; ask for 4 or fewer",
    ]


def test_what_a_target_costs_is_said(burst_paths: list[str], capsys) -> None:
    """Near-duplicates that the target needs, and the target that would not; no two that clash."""
    paths = [burst_paths[0]] * 3 + [burst_paths[30]]
    sample_diverse(paths, 3, near_duplicates=0, **_QUIET)
    assert capsys.readouterr().err.splitlines() == [
        "Warning: 1 near-duplicate of kept images had to be kept to reach target_count 3; ask for "
        "2 or fewer to keep none",
    ]
    sample_diverse(paths, 5, near_duplicates=0, **_QUIET)
    assert capsys.readouterr().err.splitlines() == [
        "Warning: target_count 5 exceeds the 4 readable images, all of which were kept, also "
        "2 near-duplicates of kept images; ask for 4 or fewer",
    ]


def test_buckets_that_go_without_are_said(burst_paths: list[str], capsys) -> None:
    """More kinds of image than images asked for: not every kind is represented."""
    sample_diverse(burst_paths, 2, **_QUIET)
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"Warning: (\d+) of (\d+) buckets have no kept image; ask for \2 or more",
        line,
    )


def test_labels_that_go_without_are_said(burst_paths: list[str], capsys) -> None:
    """And buckets, which the labels' shares can leave without any."""
    labels = [str(number // 3) for number in range(len(burst_paths))]
    sample_diverse(burst_paths, 4, stratify_by=labels, **_QUIET)
    buckets, labels = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"Warning: \d+ of \d+ buckets have no kept image; labels get their shares first; .*",
        buckets,
    )
    assert labels == "Warning: 16 of 20 labels have no kept image; ask for 20 or more"


def test_more_bits_than_the_hash_has_are_refused(burst_paths: list[str]) -> None:
    """All images would be near-duplicates."""
    for hash_size, most in ((8, 63), (4, 15)):
        with pytest.raises(
            ValueError,
            match=f"{most + 1} bits exceed the {most + 1} bits of the hash; set",
        ):
            sample_diverse(burst_paths, near_duplicates=most + 1, hash_size=hash_size, **_QUIET)


def test_quiet_means_silent(burst_paths: list[str], capsys) -> None:
    """Without progress and summary a good run prints nothing anywhere."""
    sample_diverse(burst_paths[:9], 8, **_QUIET)
    sample_diverse(burst_paths[:9], 9, **_QUIET)
    assert capsys.readouterr() == ("", "")


def test_progress_and_summary_are_shown_by_default(burst_paths: list[str], capsys) -> None:
    """The bar goes to standard error, the summary to standard output."""
    sample_diverse(burst_paths[:9], 4)
    out, err = capsys.readouterr()
    assert "Reading images" in err
    assert "9/9" in err
    assert out.startswith("Kept 4 of 9 images (44.4%)")
