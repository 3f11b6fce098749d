"""Lists and tables of images, as Windows, macOS, spreadsheets and our own output write them."""

from __future__ import annotations

import csv
import os
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

#: What names can hold; all of them are put to the test together.
_ODD = ["a\nb", "a\rb", "a\r", "a,b;c\td", 'a "b"', "a\u2028b", " a ", "\udcff", "ü"]


@pytest.fixture
def odd(tree: list[str]) -> list[str]:
    """Images of odd names, with and without an ending after them."""
    names = [f"photos/odd/{name}.png" for name in _ODD] + ["photos/odd/plain.png\r"]
    os.mkdir("photos/odd")
    for name in names:
        shutil.copy(tree[0], name)
    return names


@pytest.mark.parametrize("ending", ["txt", "csv", "json"])
@pytest.mark.parametrize("null", [[], ["-0"]], ids=["lines", "null"])
def test_every_name_that_is_written_is_read_back(
    odd: list[str], run, ending: str, null: list[str]
) -> None:
    """By ``--keep``, from each kind of list."""
    first = run(*odd, "-n", "10", "-q", "-o", f"kept.{ending}", *null)
    assert first[0] == 0
    is_said = ending == "txt" and not null
    assert ("line breaks, such as 'photos/odd/a\\nb.png': kept.txt" in first[2]) == is_said
    code, _, err = run("photos", *odd, "-n", "10", "-q", "--keep", f"kept.{ending}", "-oagain.csv")
    assert (code, err) == (0, "")
    with open("again.csv", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        assert {row["path"] for row in csv.DictReader(stream)} == set(odd)


def test_a_list_of_lines_keeps_carriage_returns(odd: list[str], run) -> None:
    names = [name for name in odd if "\n" not in name]
    run(*names, "-n", "99", "-q", "-o", "kept.txt")
    assert Path("kept.txt").read_bytes().count(b"\n") == len(names)
    assert run(*names, "-n9", "-q", "--keep", "kept.txt", "-oagain.txt")[0] == 0


def test_standard_output_may_be_separated_by_null_characters(
    odd: list[str], run_python, run
) -> None:
    result = run_python("-m", "smartdownsample_core", odd[0], "-n", "1", "-q", "-0")
    assert (result.stdout, result.stderr) == (f"{odd[0]}\0", "")
    assert "use --null" in run(odd[0], "-n", "1", "-q")[2]


def _labels(tree: list[str]) -> str:
    return "".join(f"{path},{'fox' if 'cam1' in path else 'owl'}\n" for path in tree)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
        pytest.param(lambda text: text.encode("utf-32"), id="UTF-32"),
        pytest.param(lambda text: text.replace(",", ";").encode(), id="semicolons"),
        pytest.param(lambda text: text.replace(",", "\t").encode("utf-16"), id="Unicode text"),
        pytest.param(lambda text: b"sep=;\r\n" + text.replace(",", ";").encode(), id="sep"),
        pytest.param(lambda text: text.replace("/", "\\").encode(), id="backslashes"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="Windows"),
        pytest.param(lambda text: text.upper().encode(), id="case"),
        pytest.param(lambda text: b"path,label\n" + text.encode(), id="header"),
        pytest.param(lambda text: text.replace("photos", "./photos").encode(), id="dot"),
    ],
)
def test_tables_of_other_programs_are_read(tree: list[str], run, change) -> None:
    """And give every image its label, without a word."""
    Path("labels.csv").write_bytes(change(_labels(tree)))
    options = ("-n", "6", "--stratify-by", "labels.csv", "--balance", "equal", "-o", "kept.csv")
    code, _, err = run("photos", *options, "-q")
    assert (code, "labels.csv" in err) == (0, False)
    with open("kept.csv", encoding="utf-8", newline="") as stream:
        counts = Counter(row["stratum"].lower() for row in csv.DictReader(stream))
    assert counts == {"fox": 3, "owl": 3}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_accents_may_be_composed_otherwise(tree: list[str], run, encoding: str) -> None:
    """As macOS and Windows do; in the encoding of Windows as well, labels too."""
    for number in range(6):
        os.rename(tree[number], unicodedata.normalize("NFD", f"photos/Füchse {number}.png"))
    lines = [f"photos/Füchse {number}.png,Füchse\n" for number in range(6)]
    lines += [f"{path},Eule\n" for path in tree[6:]]
    Path("labels.csv").write_bytes("".join(lines).encode(encoding))
    code, _, err = run("photos", "-n", "6", "--stratify-by", "labels.csv")
    assert code == 0
    assert "labels.csv" not in err
    assert "Füchse\n" in err


def test_a_name_in_another_case_is_of_one_image_only(tree: list[str], run) -> None:
    """Where two images differ in case alone, only the exact name counts."""
    shutil.copy(tree[6], "photos/cam1/A.png")
    shutil.copy(tree[6], "photos/cam1/a.png")
    Path("labels.csv").write_text("photos/cam1/a.png,fox\nphotos/CAM1/a.PNG,owl\n")
    _, _, err = run("photos/cam1", "-n", "8", "--stratify-by", "labels.csv")
    assert "has no label for 7 of 8 images, such as photos/cam1/0.png; 1 of its 2 lines" in err


def test_several_lines_of_an_image_are_several_labels(tree: list[str], run) -> None:
    """Of which the rarest counts, as in Python."""
    lines = [f"{path},deer\n" for path in tree] + [f"{tree[0]},fox\n", f"{tree[1]},deer\n"]
    Path("labels.csv").write_text("".join(lines))
    err = run("photos", "-n", "6", "--stratify-by", "labels.csv")[2]
    assert [line.split()[0] for line in err.splitlines() if line.endswith(("fox", "deer"))] == [
        "11",
        "1",
    ]


def test_a_partial_match_is_counted(tree: list[str], run) -> None:
    """With an example of each side; a table of more images than are asked about is fine."""
    Path("labels.csv").write_text(f"path,label\n{_labels(tree)}photos/x.png,fox\n")
    Path("more.png").write_bytes(Path(tree[0]).read_bytes())
    assert "labels.csv" not in run("photos", "-n", "3", "--stratify-by", "labels.csv")[2]
    err = run("photos", "more.png", "-n", "3", "-q", "--stratify-by", "labels.csv")[2]
    assert (
        "Warning: --stratify-by labels.csv has no label for 1 of 13 images, such as more.png; 1 of "
        "its 13 lines name no image, such as photos/x.png\n"
    ) in err


def test_paths_may_be_as_seen_from_the_folder_of_the_table(
    tree: list[str], run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("photos/labels.csv").write_text(
        "".join(f"{os.path.relpath(path, 'photos')},{n}\n" for n, path in enumerate(tree))
    )
    monkeypatch.chdir("photos/cam1")
    code, kept, err = run("..", "-n", "12", "-q", "--stratify-by", "../labels.csv")
    assert (code, len(kept), err) == (0, 12, "")


def test_a_column_that_is_named_like_a_key_of_ours_is_not_used(tree: list[str], run) -> None:
    rows = "".join(f"{path},a,{n % 3}\n" for n, path in enumerate(tree))
    Path("keys.csv").write_text(f"path,event,site\n{rows}")
    code, kept, err = run("photos", "-n", "3", "-q", "--keys", "keys.csv", "--max-per", "site=1")
    assert (code, len(kept)) == (0, 3)
    assert err == (
        "Warning: --keys keys.csv: its column 'event' is not used, because event has a meaning of "
        "its own here; give the column another name\n"
    )


def test_a_table_of_other_paths_is_refused_with_examples(tree: list[str], run) -> None:
    Path("labels.csv").write_text("D:\\site\\0.png;fox\n")
    code, _, err = run("photos", "-n", "3", "--stratify-by", "labels.csv")
    assert code == 2
    assert "it has D:\\site\\0.png, and an image is photos/cam 2/day/0.png" in err


@pytest.mark.parametrize("option", ["--keep", "--stratify-by"])
def test_an_image_is_no_list(tree: list[str], run, formats: dict[str, str], option: str) -> None:
    """And its bytes are not printed."""
    shutil.copy(formats["jpeg_baseline"], "list.txt")
    code, _, err = run("photos", "-n", "3", "-q", option, "list.txt")
    assert code == 2
    assert f"{option}: list.txt holds binary data, not text" in err


def test_long_names_are_shortened(tree: list[str], run) -> None:
    """So that a file that is no list does not fill the terminal."""
    Path("list.txt").write_text("x" * 100_000)
    code, _, err = run("photos", "-n", "3", "-q", "--keep", "list.txt")
    assert code == 2
    assert len(err) < 1000
