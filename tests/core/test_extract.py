"""Paths to a table: in order, in parallel, with every error named."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from smartdownsample_core import Crop, Signatures, extract, extract_batches, sign_file
from smartdownsample_core.extraction._batches import BATCH_SIZE

_HINT = ". Use image_loading_errors='skip' to continue with the remaining images"


def _rows(table: Signatures) -> list[object]:
    return [table.dhash_hex, table.ahash_hex, table.mean_rgb.tolist()]


@pytest.mark.parametrize("n_workers", [1, 2, 8])
def test_table_holds_each_image_in_its_row(burst_paths: list[str], n_workers: int) -> None:
    """However many threads read, row i is the signature of path i."""
    paths = burst_paths[:40]
    table = extract(paths, n_workers=n_workers)
    expected = [sign_file(path) for path in paths]
    assert table.mean_rgb.tolist() == [signature.mean_rgb.tolist() for signature in expected]
    assert [int(digits, 16) for digits in table.dhash_hex] == [
        int("".join("01"[bit] for bit in signature.dhash.ravel().astype(int)), 2)
        for signature in expected
    ]
    assert table.readable.all()


def test_batches_are_consecutive_and_make_the_table(burst_paths: list[str]) -> None:
    """The stream yields every row once, in order, and adds up to the whole table."""
    table = Signatures.blank(len(burst_paths), 6)
    seen = []
    for rows, batch in extract_batches(burst_paths, 6, n_workers=3):
        assert len(rows) == len(batch) <= BATCH_SIZE
        table.put(rows, batch)
        seen += rows.tolist()
    assert seen == list(range(len(burst_paths)))
    assert _rows(table) == _rows(extract(burst_paths, 6))


def test_progress_is_reported_by_the_caller(burst_paths: list[str]) -> None:
    """In the thread that called extract, and up to the end."""
    calls = []
    extract(
        burst_paths[:37],
        progress=lambda done, total: calls.append((done, total, threading.get_ident())),
    )
    assert calls[-1] == (37, 37, threading.get_ident())
    assert {thread for *_, thread in calls} == {threading.get_ident()}


def test_a_repeated_path_is_signed_in_each_row(burst_paths: list[str]) -> None:
    """Rows belong to positions, not to paths."""
    table = extract([burst_paths[0], burst_paths[30], burst_paths[0]])
    assert table.mean_rgb[0].tolist() == table.mean_rgb[2].tolist()
    assert table.mean_rgb[0].tolist() != table.mean_rgb[1].tolist()


def test_nothing_gives_an_empty_table() -> None:
    """No paths, no rows, no call of progress."""
    table = extract([], progress=lambda done, total: pytest.fail("called"))
    assert len(table) == 0


def test_raise_stops_at_the_first_unreadable_file(
    burst_paths: list[str], broken: tuple[str, type[OSError], str]
) -> None:
    """The error is the named one, with the path and the way out."""
    path, expected, words = broken
    with pytest.raises(OSError, match=re.escape(words)) as caught:
        extract([burst_paths[0], path, "missing.jpg"])
    assert type(caught.value) is expected
    assert str(caught.value).startswith(words)
    assert str(caught.value).endswith(_HINT)


def test_the_first_error_is_that_of_the_first_path(burst_paths: list[str]) -> None:
    """Which of several unreadable files is named does not depend on the threads."""
    paths = [*burst_paths[:30], "first.jpg", *burst_paths[30:], "second.jpg"]
    with pytest.raises(FileNotFoundError, match=r"^File not found: first\.jpg\. Use "):
        extract(paths, n_workers=8)


def test_what_one_does_not_see_of_a_path_is_written_out() -> None:
    """Such as the end of a line that Windows wrote."""
    with pytest.raises(FileNotFoundError, match=r"^File not found: 'a\.jpg\\r'\. Use "):
        extract(["a.jpg\r"])


def test_skip_records_the_error_and_goes_on(
    burst_paths: list[str], broken: tuple[str, type[OSError], str]
) -> None:
    """The row of an unreadable file stays blank; its error is kept without the hint."""
    path, expected, words = broken
    table = extract([burst_paths[0], path, burst_paths[1]], image_loading_errors="skip")
    assert table.readable.tolist() == [True, False, True]
    assert np.isnan(table.mean_rgb[1]).all()
    assert table.dhash_hex[1] == "0" * 16
    assert list(table.unreadable) == [1]
    assert type(table.unreadable[1]) is expected
    assert str(table.unreadable[1]).startswith(words)
    assert "Use " not in str(table.unreadable[1])


def test_closing_the_stream_stops_the_threads(burst_paths: list[str]) -> None:
    """A caller who leaves early leaves no reader behind."""
    before = threading.active_count()
    stream = extract_batches(burst_paths, n_workers=2)
    next(stream)
    assert threading.active_count() > before
    stream.close()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            {"hash_size": 3}, "hash_size must be a whole number from 4 to 64, got 3", id="hash size"
        ),
        pytest.param({"hash_size": 8.0}, "hash_size must be a whole number", id="fraction"),
        pytest.param(
            {"n_workers": 0},
            "n_workers must be a whole number of at least 1, got 0",
            id="no workers",
        ),
        pytest.param(
            {"image_loading_errors": "ignore"},
            "image_loading_errors must be 'raise' or 'skip', got 'ignore'",
            id="errors",
        ),
    ],
)
def test_bad_arguments_are_refused(
    tmp_path: Path, arguments: dict[str, object], message: str
) -> None:
    """They are refused before the first file is opened."""
    with pytest.raises(ValueError, match=message):
        extract([str(tmp_path / "missing.jpg")], **arguments)  # type: ignore[arg-type]


def test_processes_give_the_table_that_threads_give(burst_paths: list[str]) -> None:
    """In every bit, and with the same errors."""
    paths = [*burst_paths, "gone.jpg"]
    threads, processes = (
        extract(paths, n_workers=2, workers=workers, image_loading_errors="skip")
        for workers in ("threads", "processes")
    )
    assert processes.dhash_hex == threads.dhash_hex
    assert processes.ahash_hex == threads.ahash_hex
    assert np.array_equal(processes.mean_rgb, threads.mean_rgb, equal_nan=True)
    assert type(processes.unreadable[60]) is FileNotFoundError
    assert str(processes.unreadable[60]) == str(threads.unreadable[60])


@pytest.mark.parametrize(("seconds", "most"), [(0, 1200), (3600, 2)], ids=["often", "seldom"])
def test_progress_is_not_reported_all_the_time(burst_paths, monkeypatch, seconds, most) -> None:
    """Not before some time has passed since the last report, but always at the end."""
    monkeypatch.setattr(
        "smartdownsample_core.extraction._extract._SECONDS_BETWEEN_REPORTS", seconds
    )
    counts: list[tuple[int, int]] = []
    extract(burst_paths * 20, n_workers=2, progress=lambda *report: counts.append(report))
    assert counts == sorted(set(counts))
    assert counts[-1] == (1200, 1200)
    assert most // 100 <= len(counts) <= most


@pytest.mark.parametrize(
    "made",
    [np.array, tuple, iter, dict.fromkeys, lambda paths: map(Path, paths)],
    ids=["array", "tuple", "iterator", "keys", "paths"],
)
def test_whatever_yields_paths_is_extracted(burst_paths: list[str], made, same) -> None:
    """Once, though batches are cut from it."""
    paths = made(burst_paths[:5])
    paths = paths.keys() if isinstance(paths, dict) else paths
    assert same(extract(paths), extract(burst_paths[:5]))


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ("a.jpg", "paths must be a list of paths, got the single path 'a.jpg'; put it in a list"),
        (Crop("a.jpg", (0, 0, 1, 1)), "got the single path Crop(path='a.jpg', box=(0, 0, 1, 1)); "),
        ([("a.jpg", (0, 0, 1, 1))], "got ('a.jpg', (0, 0, 1, 1)) at position 0; "),
    ],
    ids=["path", "crop", "tuple"],
)
def test_one_item_is_no_list(paths: object, message: str) -> None:
    """Its letters or parts are no files, also where errors are skipped and in the stream."""
    with pytest.raises(ValueError, match=re.escape(message)):
        extract(paths, image_loading_errors="skip")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=re.escape(message)):
        next(extract_batches(paths))  # type: ignore[arg-type]


def _blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_blas_has_its_threads_again(burst_paths: list[str]) -> None:
    """After extractions that overlap, and after one that could not begin."""
    with threadpool_limits(2, user_api="blas"):
        assert _blas_threads() == {2}
        first, second = extract_batches(burst_paths), extract_batches(burst_paths)
        next(first)
        next(second)
        first.close()
        assert _blas_threads() == {1}
        second.close()
        assert _blas_threads() == {2}
        with pytest.raises(ValueError, match="scheduler"):
            extract(burst_paths, workers="dask", scheduler="no address")
        assert _blas_threads() == {2}
