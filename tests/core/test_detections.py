"""Results of MegaDetector: empty images are left out, what was found is a label."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from smartdownsample_core.annotations import EMPTY, Objects, detected, detected_objects
from smartdownsample_core.cli._objects import columns_of
from smartdownsample_core.errors import ParameterError

_CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}


def _box(category: str, confidence: float) -> dict[str, Any]:
    return {"category": category, "conf": confidence, "bbox": [0.1, 0.2, 0.3, 0.4]}


def _write(images: list[dict[str, Any]], name: str = "md.json") -> str:
    info = {"format_version": "1.6", "detector": "MDV5A"}
    document = {"info": info, "detection_categories": _CATEGORIES, "images": images}
    Path(name).write_text(json.dumps(document))
    return name


def test_labels_are_what_was_detected_with_confidence(tree: list[str]) -> None:
    """Each category once; failures and images without a result have no label."""
    path = _write(
        [
            {"file": tree[0], "detections": [_box("1", 0.9), _box("1", 0.3), _box("2", 0.2)]},
            {"file": tree[1], "detections": [_box("1", 0.19)]},
            {"file": tree[2], "detections": [], "failure": None},
            {"file": tree[3], "detections": None, "failure": "Failure image access"},
            {"file": tree[4], "detections": [_box("7", 0.9)]},  # in no category: no detection
            {"file": "elsewhere.jpg", "detections": [_box("1", 0.9)]},
        ]
    )
    found = detected(path, tree)
    assert found[:5] == [["animal", "person"], [EMPTY], [EMPTY], None, [EMPTY]]
    assert found[5:] == [None] * 7
    assert detected(path, tree, 0.1)[1] == ["animal"]


@pytest.mark.parametrize("how", ["relative", "absolute", "below", "backslashes", "beside"])
def test_files_are_found_from_any_folder(tree: list[str], how: str) -> None:
    """Whichever folder MegaDetector was run on."""
    file = tree[3]
    name = "md.json"
    if how == "absolute":
        file = str(Path(file).absolute())
    elif how == "below":
        file = str(Path(file).relative_to("photos"))
    elif how == "backslashes":
        file = str(Path(file).relative_to("photos")).replace("/", "\\")
    elif how == "beside":
        file, name = str(Path(file).relative_to("photos/cam 2")), "photos/cam 2/md.json"
    path = _write([{"file": file, "detections": [_box("3", 0.5)]}], name)
    assert detected(path, tree)[3] == ["vehicle"]


def test_the_list_of_images_of_newer_versions_is_read(tree: list[str]) -> None:
    detection = {"category": "animal", "confidence": 0.9, "bbox": [1.0, 2.0, 3.0, 4.0]}
    images = [{"file": tree[0], "detections": [detection]}, {"file": tree[1], "detections": []}]
    Path("md.json").write_text(json.dumps(images))
    assert detected("md.json", tree)[:3] == [["animal"], [EMPTY], None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "detections must be a .json with images"),
        ("[" * 100_000, "detections must be a .json with images"),
        ("{}", "detections must be a .json with images"),
        ('{"images": [5]}', "has 5 where an image"),
        ('{"images": [{"file": "a", "detections": 5}]}', "where an image"),
        ('{"images": [{"file": "a", "detections": [{"category": "1"}]}]}', "where an image"),
        ('{"images": [{"file": "a", "detections": [{"conf": 1}]}]}', "where an image"),
        ('{"images": []}', "no result for any of the images; it has no images"),
        ('{"images": [{"file": "a.jpg", "detections": []}]}', "it has a.jpg, and an image is"),
    ],
    ids=["broken", "deep", "empty", "number", "no-list", "no-conf", "no-category", "none", "other"],
)
def test_other_files_are_refused(tree: list[str], text: str, message: str) -> None:
    Path("md.json").write_text(text)
    with pytest.raises(ParameterError, match=message):
        detected("md.json", tree)


def test_a_missing_file_and_a_wrong_confidence_are_refused(tree: list[str]) -> None:
    with pytest.raises(ParameterError, match=r"cannot read nothing\.json"):
        detected("nothing.json", tree)
    with pytest.raises(ParameterError, match="min_confidence must be"):
        detected("nothing.json", tree, 20)


@pytest.fixture
def results(tree: list[str]) -> str:
    """Four empty images, six with animals, one with a person, one without a result."""
    of_row = [[_box("1", 0.1)]] * 4 + [[_box("1", 0.8)]] * 6 + [[_box("2", 0.7)]]
    return _write(
        [{"file": path, "detections": found} for path, found in zip(tree, of_row, strict=False)]
    )


def test_the_command_leaves_empties_out(tree: list[str], run, results: str) -> None:
    """All but them are kept, if asked; an image without a result is named."""
    code, out, err = run("photos", "-n", "8", "--detections", results)
    assert code == 0
    assert out == sorted(tree[4:])
    assert f"has no result for 1 of 12 images, such as {tree[11]}" in err
    refused = run("photos", "-n", "9", "--detections", results)
    assert refused[0] == 2
    assert (
        "--target-count 9 exceeds the 8 images that --detections allows; on 4 images, MegaDetector "
        "found nothing of confidence 0.2 or more; lower --min-confidence or lower --target-count"
    ) in refused[2]
    refused = run(
        "photos", "-n", "8", "--detections", results, "--exclude-label", "detection=person"
    )
    assert "7 images that --exclude-label allows; on 4 images, MegaDetector found" in refused[2]
    assert "shorten --exclude-label, lower --min-confidence or lower" in refused[2]
    err = run("photos", "-n", "8", "--detections", results)[2]
    assert "Excluded 4 images with detection=empty" in err
    code, out, _ = run("photos", "-n", "12", "--detections", results, "--min-confidence", "0.05")
    assert (code, len(out)) == (0, 12)


def test_labels_that_no_image_has_are_named(tree: list[str], run, results: str) -> None:
    """A label to exclude that no image has is misspelt, but this one was not given."""
    common = ("photos", "-n", "8", "--detections", results, "--min-confidence", "0.05", "-q")
    assert "detection=" not in run(*common)[2]
    err = run(*common, "--exclude-label", "detection=dog, detection=vehicle")[2]
    assert "--exclude-label names detection=dog, which no image has; labels are animal, per" in err
    assert "names detection=vehicle, which no image has" in err


@pytest.mark.parametrize("command", [[], ["split"]], ids=["choose", "split"])
def test_a_confidence_without_detections_is_refused(tree: list[str], run, command) -> None:
    """As other options without an effect are."""
    code, _, err = run(*command, "photos", "--min-confidence", "0.3")
    assert code == 2
    assert "--min-confidence has no effect without --detections" in err


def test_categories_are_balanced_capped_and_excluded(tree: list[str], run, results: str) -> None:
    """By the key ``detection``, as any other."""
    common = ("photos", "--detections", results, "-q")
    kept = run(*common, "-n", "2", "--stratify-by", "detection", "--balance", "equal")[1]
    assert tree[10] in kept
    kept = run(*common, "-n", "7", "--exclude-label", "detection=person")[1]
    assert set(kept) == {*tree[4:10], tree[11]}
    kept = run(*common, "-n", "3", "--max-per", "detection=1")[1]
    assert len(set(kept) & set(tree[4:10])) == 1


def test_a_manifest_holds_the_detections(tree: list[str], run, results: str) -> None:
    """Verifying it chooses among the same images, and notices a change of the file."""
    options = ("--detections", results, "--min-confidence", "0.5", "--manifest", "run.json")
    run("photos", "-n", "3", "-q", *options)
    recorded = json.loads(Path("run.json").read_text())
    assert recorded["settings"]["min_confidence"] == 0.5
    assert list(recorded["files"]) == ["detections"]
    assert run("verify", "run.json", "-q")[0] == 0


@pytest.fixture
def objects(tree: list[str]) -> str:
    """Three objects on the first image, one on the second, and one of little confidence."""
    boxes = [[0, 0, 0.5, 0.5], [0.5, 0, 0.5, 1], [0, 0.5, 0.5, 0.5]]
    three = [
        {"category": str(number + 1), "conf": 0.9, "bbox": box} for number, box in enumerate(boxes)
    ]
    one = {"category": "1", "conf": 0.6, "bbox": [0.25, 0.25, 0.5, 0.5]}
    images = [three, [one], [_box("1", 0.1)]]
    return _write(
        [{"file": path, "detections": found} for path, found in zip(tree, images, strict=False)]
    )


def test_objects_are_where_they_were_detected(tree: list[str], objects: str) -> None:
    found = detected_objects(objects, tree)
    assert found.image == [0, 0, 0, 1]
    assert found.label == ["animal", "person", "vehicle", "animal"]
    assert found.confidence == [0.9, 0.9, 0.9, 0.6]
    assert found.box[1] == (0.5, 0, 0.5, 1)
    assert detected_objects(objects, tree, 0.7).image == [0, 0, 0]


def test_the_command_chooses_among_objects(tree: list[str], run, objects: str) -> None:
    """The table has the image, box, category and confidence of each; empties have none."""
    common = ("photos", "--detections", objects, "--choose", "objects")
    code, out, err = run(*common, "-n", "100%")
    assert code == 0
    assert "Kept 4 of 4 objects" in err
    rows = list(csv.DictReader(out))
    assert [row["path"] for row in rows] == [tree[0]] * 3 + [tree[1]]
    assert [row["detection"] for row in rows] == ["animal", "person", "vehicle", "animal"]
    sides = [float(rows[3][side]) for side in ("left", "top", "width", "height")]
    assert sides == [0.25, 0.25, 0.5, 0.5]
    written = columns_of(
        Objects([0], [(0.7, 0.1, 0.9 - 0.7, 0.3 - 0.2)], ["owl"], [None]), "object"
    )
    assert [values[0] for values in written.values()] == [0.7, 0.1, 0.2, 0.1, "owl"]
    assert rows[3]["confidence"] == "0.6"
    assert len(run(*common, "-n", "100%", "--min-confidence", "0.7")[1]) == 1 + 3


def test_objects_are_capped_and_excluded_by_what_they_are(
    tree: list[str], run, objects: str
) -> None:
    """Not by what else is on their image; files of other options are of images."""
    common = ("photos", "--detections", objects, "--choose", "objects", "-q")
    rows = list(csv.DictReader(run(*common, "--max-per", "detection=1")[1]))
    assert sorted(row["detection"] for row in rows) == ["animal", "person", "vehicle"]
    rows = list(csv.DictReader(run(*common, "-n", "2", "--exclude-label", "detection=animal")[1]))
    assert [row["detection"] for row in rows] == ["person", "vehicle"]
    Path("sites.csv").write_text(f"path,site\n{tree[0]},north\n{tree[1]},south\n")
    rows = list(csv.DictReader(run(*common, "--keys", "sites.csv", "--max-per", "site=1")[1]))
    assert [row["path"] for row in rows] == tree[:2]


def test_objects_choose_whole_images(tree: list[str], run, objects: str) -> None:
    """Each image once, for its object that differs most from those kept before."""
    common = ("photos", "--detections", objects, "--choose", "objects", "-q")
    rows = list(csv.DictReader(run(*common, "--max-per", "image=1", "-n", "2")[1]))
    assert [row["path"] for row in rows] == tree[:2]
    refused = run(*common, "--max-per", "image=1", "-n", "3")
    assert refused[0] == 2
    assert "image" in refused[2]


def test_images_are_chosen_by_the_objects_on_them(tree: list[str], run, objects: str) -> None:
    """The target, labels and lists are of images; an image without an object is left out."""
    common = ("photos", "--detections", objects, "--choose", "images-by-objects")
    code, out, err = run(*common, "-n", "100%", "--explain", "why.csv")
    assert (code, out) == (0, tree[:2])
    rows = list(csv.DictReader(Path("why.csv").read_text().splitlines()))
    assert {row["path"].partition("#")[0] for row in rows} == set(tree[:2])
    assert {(row["reason"], row["representative"] == row["path"]) for row in rows} == {
        ("kept", True)
    }
    code, out, err = run(*common, "-n", "1", "--curve", "curve.png", "--max-distance", "99")
    assert (code, len(out)) == (0, 1)
    assert "1 kept: the farthest image left out is at" in err
    code, out, err = run(*common, "-n", "100%", "-o", "kept.json", "--copy-to", "kept")
    assert code == 0
    assert "Kept 2 of 2 images (100%) by their 4 objects" in err
    assert "Bucket   Objects      Kept" in err  # of which the table is
    kept = json.loads(Path("kept.json").read_text())["kept"]
    assert [one["path"] for one in kept] == tree[:2]
    assert kept[1]["left"] == 0.25  # of the object that it was kept for
    assert len(list(Path("kept").rglob("*.png"))) == 2
    assert len(run(*common, "-n", "1")[1]) == 1
    person = ("--exclude-label", "detection=person")
    assert run(*common, "-n", "1", *person)[1] == tree[1:2]
    Path("list.txt").write_text(tree[1])
    assert run(*common, "-n", "1", "--keep", "list.txt", "-o", "new.txt")[0] == 0
    assert Path("new.txt").read_text() == f"{tree[1]}\n"
    Path("list.txt").write_text(f"{tree[2]}\n")
    code, _, err = run(*common, "-n", "1", "--keep", "list.txt")
    assert code == 2
    assert "--keep has 1 images without an object" in err
    code, _, err = run(*common, "-n", "1", "--strategy", "stride")
    assert code == 2
    assert "--choose images-by-objects does not go with --strategy stride" in err


def test_lists_of_objects_name_them(tree: list[str], run, objects: str) -> None:
    """By box in lists, by a media fragment in the explanation; a copy is of the image, once."""
    common = ("photos", "--detections", objects, "--choose", "objects", "-q", "-n", "2")
    more = ("--explain", "why.csv", "--copy-to", "kept", "--thumbnails", "sheet.png")
    assert run(*common, "-o", "kept.json", *more)[0] == 0
    record = json.loads(Path("kept.json").read_text())
    assert record["settings"]["choose"] == "objects"
    assert all(0 < one["width"] <= 0.5 for one in record["kept"])
    why = list(csv.DictReader(Path("why.csv").read_text().splitlines()))
    assert why[1]["path"] == f"{tree[0]}#xywh=percent:50,0,50,100"
    assert len(why) == 4
    copies = {str(path) for path in Path("kept").rglob("*.png")}
    assert len(copies) == len({one["path"] for one in record["kept"]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--choose", "objects"), "name a file with --detections"),
        (("--keep", "list.txt"), "--keep does not go with --choose objects"),
        (("--manifest", "m.json"), "--manifest does not go with --choose objects"),
        (("--fixed-cameras", "all"), "--fixed-cameras all does not go"),
        (("-o", "kept.txt"), "--output cannot list objects in a .txt"),
        (("--min-confidence", "0.95"), "--min-confidence 0.95 leaves no object"),
    ],
    ids=["no-file", "keep", "manifest", "standing", "text", "none-left"],
)
def test_what_does_not_go_with_objects_is_refused(
    tree: list[str], run, objects: str, options: tuple[str, ...], message: str
) -> None:
    """Before anything is read or written."""
    own = () if options[0] == "--choose" else ("--choose", "objects", "--detections", objects)
    code, out, err = run("photos", "-n", "2", *own, *options)
    assert (code, out) == (2, [])
    assert message in err
    assert not Path("kept.txt").exists()


@pytest.mark.parametrize("box", [None, [0, 0, 1], [10.0, 20.0, 300.0, 400.0], [0, 0, 1, "1"]])
def test_boxes_that_are_no_shares_are_refused(tree: list[str], box: object) -> None:
    """Those in pixels, too; the categories can be used without."""
    path = _write([{"file": tree[0], "detections": [{**_box("1", 0.9), "bbox": box}]}])
    assert detected(path, tree)[0] == ["animal"]
    with pytest.raises(ParameterError, match="each needs left, top, width and height as shares"):
        detected_objects(path, tree)
