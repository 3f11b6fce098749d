"""Manifests, and ``verify``: what it says after each kind of change."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from smartdownsample_core.report import compare, read_manifest
from smartdownsample_core.report._manifest import digests_of
from tests.core.test_constraints import _table

_RUN = ("photos", "-n", "5", "--strategy", "diverse", "-q")


@pytest.fixture
def manifest(tree: list[str], run) -> Path:
    """A manifest of 5 of 12 images."""
    assert run(*_RUN, "--manifest", "new/run.json")[0] == 0
    return Path("new/run.json")


def test_nothing_changed(manifest: Path, run) -> None:
    """The same images would be kept."""
    code, lines, _ = run("verify", str(manifest), "-q")
    assert (code, lines) == (0, ["The same 5 images would be kept"])


def test_a_manifest_is_a_record_with_the_images(manifest: Path, tree: list[str], run) -> None:
    """What --output writes, and 16 digits for each image, folder by folder."""
    run(*_RUN, "-o", "kept.json")
    document, record = (json.loads(Path(name).read_text()) for name in (manifest, "kept.json"))
    assert document["settings"].pop("target_count") == 5
    assert {name: document[name] for name in record} == record
    inputs = document["inputs"]
    listed = [folder + name for folder, entry in inputs.items() for name in entry["names"]]
    assert sorted(listed) == sorted(tree)
    for entry in inputs.values():
        assert len(entry["digests"]) == 16 * len(entry["names"])


def _kept(manifest: Path) -> list[str]:
    return [image["path"] for image in json.loads(manifest.read_text())["kept"]]


def _left_out(manifest: Path, tree: list[str]) -> str:
    return next(path for path in tree if path not in _kept(manifest))


def test_an_image_is_missing(manifest: Path, tree: list[str], run) -> None:
    """A kept one: others would be kept. It is named."""
    os.remove(_kept(manifest)[0])
    code, lines, _ = run("verify", str(manifest), "-q")
    assert code == 1
    assert lines[0] == f"1 image is missing: {_kept(manifest)[0]}"
    assert lines[-1] == "Not the same images would be kept"


def test_an_image_has_changed(manifest: Path, tree: list[str], run) -> None:
    """Its signature, not its time or its name, tells."""
    path = _left_out(manifest, tree)
    os.utime(path, (0, 0))
    assert run("verify", str(manifest), "-q")[0] == 0
    shutil.copy(_kept(manifest)[0], path)
    code, lines, _ = run("verify", str(manifest), "-q")
    assert f"1 image has changed: {path}" in lines
    assert code == (lines[-1] == "Not the same images would be kept")


def test_a_copy_is_new(manifest: Path, run) -> None:
    """A copy of a kept image changes nothing in what is kept."""
    new = Path(_kept(manifest)[0]).parent / "zz.png"
    shutil.copy(_kept(manifest)[0], new)
    code, lines, _ = run("verify", str(manifest), "-q")
    assert f"1 image is new: {new}" in lines
    assert lines[-1] in (
        "The same 5 images would be kept, in spite of that",
        "Not the same images would be kept",
    )
    assert code == (lines[-1][:3] == "Not")


def test_an_image_can_no_longer_be_read(manifest: Path, tree: list[str], run) -> None:
    """It is told from one that has changed."""
    path = _left_out(manifest, tree)
    Path(path).write_bytes(b"no image")
    assert f"1 image can no longer be read: {path}" in run("verify", str(manifest), "-q")[1]


def _edit(manifest: Path, **changes: object) -> None:
    document = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**document, **changes}))


def test_another_version(manifest: Path, run) -> None:
    """It is said, though the same images are kept."""
    _edit(manifest, version="0.9")
    code, lines, _ = run("verify", str(manifest), "-q")
    assert code == 0
    assert lines[0].startswith("Version 0.9 made it, and this is ")


def test_a_file_of_a_setting_has_changed(tree: list[str], run) -> None:
    """Such as the list of images to keep."""
    Path("gold.txt").write_text(f"{tree[3]}\n")
    run(*_RUN, "--keep", "gold.txt", "--manifest", "run.json")
    Path("gold.txt").write_text(f"{tree[4]}\n")
    code, lines, _ = run("verify", "run.json", "-q")
    assert (code, lines[0]) == (1, "The file gold.txt of keep has changed")


def test_a_setting_that_is_not_known(manifest: Path, run) -> None:
    """As of a later version."""
    settings = json.loads(manifest.read_text())["settings"]
    _edit(manifest, settings={**settings, "wings": 2})
    code, _, text = run("verify", str(manifest), "-q")
    assert (code, "has the setting wings 2, which this version does not know" in text) == (2, True)


def test_two_manifests_are_compared(manifest: Path, run) -> None:
    """Without reading images: settings, and what was kept."""
    run("photos", "-n", "4", "--strategy", "diverse", "-q", "--manifest", "other.json")
    os.rename("photos", "elsewhere")
    code, lines, _ = run("verify", str(manifest), "other.json")
    assert code == 1
    assert lines[0] == "Target_count was 5, and is now 4"
    (gone,) = set(_kept(manifest)) - set(_kept(Path("other.json")))
    assert lines[1] == f"1 image would no longer be kept: {gone}"
    assert run("verify", "other.json", "other.json")[:2] == (0, ["The same 4 images would be kept"])


def test_shards_are_verified_from_shards(tree: list[str], run) -> None:
    """No image is read again."""
    run("extract", "photos", "-o", "all.parquet", "-q")
    for options in ((), ("--strategy", "diverse")):
        name = "".join(("run", *options))
        assert run("select", "all.parquet", "-n", "5", *options, "-q", "--manifest", name)[0] == 2
        assert (
            run("select", "all.parquet", "-n", "5", *options, "--manifest", f"{name}.json")[0] == 0
        )
    os.rename("photos", "elsewhere")
    for path in ("run.json", "run--strategydiverse.json"):
        assert run("verify", path)[:2] == (0, ["The same 5 images would be kept"])


def test_names_from_standard_input_are_those_of_the_manifest(
    tree: list[str], run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not asked for again."""
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(tree)))
    run("-", "-n", "5", "-q", "--manifest", "run.json")
    os.remove(tree[0])
    lines = run("verify", "run.json", "-q")[1]
    assert lines[0] == f"1 image can no longer be read: {tree[0]}"


def test_a_file_that_was_named_is_gone(tree: list[str], run) -> None:
    """It is missing, as one of a folder is; also if all of them are."""
    run(*tree[:6], "-n", "3", "-q", "--manifest", "run.json")
    os.remove(tree[0])
    assert run("verify", "run.json", "-q")[1][0] == f"1 image is missing: {tree[0]}"
    shutil.rmtree("photos")
    code, lines, _ = run("verify", "run.json", "-q")
    assert (code, lines[0].startswith("6 images are missing: ")) == (1, True)


def test_relative_paths_are_verified_from_their_folder(
    manifest: Path, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere it says where to go."""
    path = manifest.resolve()
    monkeypatch.chdir(path.parent)
    code, _, text = run("verify", str(path), "-q")
    assert (code, "run verify from there" in text) == (2, True)


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '{"inputs": {"a/": {"names": ["b"]}}}'])
def test_other_files_are_no_manifests(tree: list[str], run, text: str) -> None:
    """Nor is a file that is not there."""
    Path("run.json").write_text(text)
    code, _, message = run("verify", "run.json")
    assert (code, "run.json is not a manifest" in message) == (2, True)
    assert "cannot read none.json" in run("verify", "none.json")[2]


def test_existing_files_are_refused_before_reading(tree: list[str], run) -> None:
    """The manifest stays as it was."""
    Path("run.json").write_text("mine")
    code, _, text = run(*_RUN, "--manifest", "run.json")
    assert (code, "File already exists: run.json" in text) == (2, True)
    assert Path("run.json").read_text() == "mine"


def test_each_column_counts_in_a_digest() -> None:
    """Also texts; unreadable images have no digest."""
    table = _table(6, unreadable=(2,))
    before = digests_of(table)
    assert before[2] == "-" * 16
    assert all(len(digest) == 16 for digest in before)
    for row, name in enumerate(("dhash", "descriptor", "mean_rgb", "sharpness", "damaged")):
        if row == 2:
            continue
        column = getattr(table, name)
        column[row] = ~column[row] if column.dtype == bool else column[row] // 2 + 1
    table.make[5] = "Acme"
    after = digests_of(table)
    assert [one == other for one, other in zip(before, after, strict=True)] == [
        row == 2 for row in range(6)
    ]


def test_a_ranking_in_another_order_is_not_the_same(manifest: Path) -> None:
    """Its beginnings differ."""
    before = read_manifest(str(manifest))
    first, second, *others = before["kept"]
    swapped = [{**first, "rank": second["rank"]}, {**second, "rank": first["rank"]}, *others]
    found = compare(before, {**before, "kept": swapped})
    assert found == (["the same images would be kept, picked in another order"], False)
