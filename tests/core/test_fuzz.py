"""Damaged image files by the thousand: each is signed, or refused with a reason that names it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from smartdownsample_core import extract, limits, load_rgb
from smartdownsample_core.images._formats import allowed_formats
from tests.core.corpus import seeds
from tests.core.fuzz import KINDS, mutate, outcome
from tests.patience import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # it says more than it needs to

_PROCESSES, _CASES_EACH = 2, 2_500  # .ci/run signs more of them
_TRUNCATIONS = 16


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The seeds as files, by name."""
    folder = tmp_path_factory.mktemp("seeds")
    for name, data in seeds().items():
        (folder / name).write_bytes(data)
    return {path.name: str(path) for path in folder.iterdir()}


def _format(path: str) -> str | None:
    with Image.open(path) as image:
        return image.format


def _first_frame(path: str) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(Path(path).read_bytes())) as image:
            return image.convert("RGB")
    except OSError:
        return None


def test_every_format_has_a_seed(undamaged: dict[str, str]) -> None:
    """Whatever format is read is among the files that are damaged, and some that are refused."""
    found = {_format(path) for path in undamaged.values()}
    assert found >= limits.FORMATS & set(Image.OPEN)
    assert found >= {"EPS", "FITS", "ICO", "IPTC"}


def test_undamaged_files_are_signed(undamaged: dict[str, str]) -> None:
    """All that Pillow decodes, if their format is one that is read."""
    allowed = {*limits.FORMATS, *allowed_formats()}
    signed = {name for name, path in undamaged.items() if outcome(path) == "signed"}
    decoded = {
        name
        for name, path in undamaged.items()
        if _format(path) in allowed and _first_frame(path)  # old Pillow's MPO is malformed
    }
    assert signed == decoded


def test_truncated_files_are_signed_or_refused(undamaged: dict[str, str], tmp_path: Path) -> None:
    """Cut off at every sixteenth of its length, whatever the format."""
    for name, path in undamaged.items():
        data = Path(path).read_bytes()
        for part in range(_TRUNCATIONS):
            cut = tmp_path / f"{name}_{part}"
            cut.write_bytes(data[: len(data) * part // _TRUNCATIONS])
            outcome(str(cut))


def test_wrong_extensions_do_not_matter(undamaged: dict[str, str], tmp_path: Path) -> None:
    """A file is read as what it holds."""
    for name, path in undamaged.items():
        wrong = tmp_path / f"{name}.jpg"
        wrong.write_bytes(Path(path).read_bytes())
        assert (outcome(str(wrong)) == "signed") == (outcome(path) == "signed")


def test_first_frame_stands_for_every_animation(undamaged: dict[str, str]) -> None:
    """Of each format that has several."""
    for name in (name for name in undamaged if name.endswith("_animated")):
        if first := _first_frame(undamaged[name]):  # which the oldest Pillow has not of its own MPO
            assert load_rgb(undamaged[name]).tobytes() == first.tobytes()


def test_a_table_holds_every_damaged_file(undamaged: dict[str, str], tmp_path: Path) -> None:
    """Threads record each file that cannot be read under its row, and sign the others."""
    paths = []
    for number, path in enumerate(undamaged.values()):
        data = Path(path).read_bytes()
        damaged = tmp_path / str(number)
        damaged.write_bytes(mutate(data, data, [("word", 9_000 + 97 * number % 30_000, number)]))
        paths += [path, str(damaged)]
    table = extract(paths, image_loading_errors="skip")
    assert all(paths[row] in str(error) for row, error in table.unreadable.items())
    assert table.readable.sum() + len(table.unreadable) == len(paths)


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 2**16 - 1))
def test_mutations_are_functions_of_their_arguments(one: bytes, other: bytes, value: int) -> None:
    """So that a failure can be repeated; and no place of any file is out of reach of them."""
    mutations = [(kind, value, value) for kind in KINDS]
    assert mutate(one, other, mutations) == mutate(one, other, mutations)


def test_thousands_of_damaged_files(tmp_path: Path, python_env: dict[str, str]) -> None:
    """No crash, no hang, no file handle left open, little memory; in two processes."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.core.fuzz", "--folder", str(tmp_path)]
    fuzzers = [
        subprocess.Popen(
            [*command, "--cases", str(_CASES_EACH), "--seed", str(number)],
            cwd=Path(__file__).parents[2],
            env=python_env,
            stdout=subprocess.PIPE,
            stderr=(tmp_path / f"errors_{number}").open("w"),
            text=True,
        )
        for number in range(_PROCESSES)
    ]
    try:
        for number, fuzzer in enumerate(fuzzers):
            out, _ = fuzzer.communicate(timeout=PATIENCE)
            errors = (tmp_path / f"errors_{number}").read_text(errors="replace")
            assert fuzzer.returncode == 0, errors[-5000:]
            report = json.loads(out)
            print(report)
            assert report["cases"] >= _CASES_EACH
            assert report["leaked_handles"] == 0
            assert report["grown_mb"] < 300
            assert min(report["signed"], report["refused"]) > _CASES_EACH // 20
    finally:
        for fuzzer in fuzzers:
            fuzzer.kill()
            fuzzer.wait()
