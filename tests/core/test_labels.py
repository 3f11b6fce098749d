"""Labels in the formats of COCO and YOLO: what is on each image, as a key."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from smartdownsample_core.annotations import (
    EMPTY,
    coco_labels,
    coco_objects,
    yolo_labels,
    yolo_objects,
)
from smartdownsample_core.errors import ParameterError


def _coco(files: dict[str, list[int]], path: str = "instances.json", **changes: Any) -> str:
    """Writes a file with an image for each file, and an annotation for each category of it."""
    document = {
        "info": {"description": "three categories", "version": "1.0"},
        "categories": [
            {"id": 1, "name": "fox", "supercategory": "animal"},
            {"id": 5, "name": "owl"},
            {"id": 9, "name": "car"},
        ],
        "images": [
            {"id": 100 + n, "file_name": file, "width": 96, "height": 72}
            for n, file in enumerate(files)
        ],
        "annotations": [
            {"id": n, "image_id": 100 + row, "category_id": category, "bbox": [8, 9, 60, 50]}
            for row, categories in enumerate(files.values())
            for n, category in enumerate(categories)
        ],
    }
    Path(path).write_text(json.dumps({**document, **changes}))
    return path


@pytest.mark.parametrize("start", ["", "photos"], ids=["from-here", "from-a-folder"])
def test_coco_categories_are_the_labels(tree: list[str], start: str) -> None:
    """Each once; an image without annotations is empty, and one that is not there has none."""
    names = [str(Path(path).relative_to(start)) for path in tree]
    path = _coco({names[0]: [9, 1, 1], names[1]: [5], names[2]: [], "elsewhere.jpg": [1]})
    found = coco_labels(path, tree)
    assert found[:4] == [["car", "fox"], ["owl"], [EMPTY], None]
    assert found[4:] == [None] * 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"categories": []}, "no COCO file of instances"),
        ({"images": []}, "no COCO file of instances"),
        ({"annotations": None}, "of another structure"),
        ({"images": [{"id": [], "file_name": "a.jpg"}]}, "of another structure"),
        ({"images": [{"id": 100, "file_name": 5}]}, "of another structure"),
        ({"images": [{"id": 100}]}, "without 'file_name'"),
        ({"images": [{"id": 100, "file_name": "a.jpg"}]}, "it has a.jpg, and an image is"),
        ({"images": [], "annotations": []}, "it has no images"),
    ],
    ids=["category", "image", "null", "list", "number", "no-file", "others", "none"],
)
def test_other_coco_files_are_refused(
    tree: list[str], changes: dict[str, Any], message: str
) -> None:
    _coco({tree[0]: [1]}, **changes)
    with pytest.raises(ParameterError, match=message):
        coco_labels("instances.json", tree)


def test_a_coco_file_is_json(tree: list[str]) -> None:
    Path("data.yaml").write_text("names: [fox, owl]")
    with pytest.raises(ParameterError, match=r"coco data\.yaml is not JSON; name a \.json with"):
        coco_labels("data.yaml", tree)


@pytest.mark.parametrize("text", [None, "[]", "{", "\0"], ids=["missing", "list", "cut", "binary"])
def test_files_that_are_no_coco_are_refused(tree: list[str], text: str | None) -> None:
    if text is not None:
        Path("instances.json").write_text(text)
    with pytest.raises(ParameterError, match=r"coco.*instances\.json"):
        coco_labels("instances.json", tree)


def _yolo(images: list[str], of_row: list[str], folder: str) -> None:
    """Writes labels of the first images, below a folder that replaces that of the images."""
    for image, text in zip(images, of_row, strict=False):
        place = Path(folder, Path(image).relative_to("photos")).with_suffix(".txt")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


_FOX, _OWL = "0 0.5 0.5 0.1 0.1\n", "1 0.5 0.5 0.1 0.1\n"


@pytest.mark.parametrize(
    "names",
    [
        ("data.yaml", "train: images\nnc: 2\nnames: ['fox', 'owl']\n"),
        ("data.yaml", "path: .\nnames:\n  0: fox # red\n  1: owl\n"),
        ("data.yaml", "names:\n- fox\n- owl\n"),
        ("classes.txt", "fox\nowl\n"),
    ],
    ids=["list", "numbers", "block", "text"],
)
def test_yolo_classes_are_the_labels(tree: list[str], names: tuple[str, str]) -> None:
    """By name; an image without objects is empty, whether it has a file or not."""
    _yolo(tree, [_FOX + _OWL + _FOX, "", _OWL], "photos")
    Path(names[0]).write_text(names[1])
    for path in (".", names[0]):
        found = yolo_labels(path, tree)
        assert found[:4] == [["fox", "owl"], [EMPTY], ["owl"], [EMPTY]]


def test_yolo_classes_without_names_are_numbers(tree: list[str]) -> None:
    _yolo(tree, [_FOX + _OWL], "photos")
    assert yolo_labels(".", tree)[0] == ["0", "1"]


def test_yolo_labels_are_below_labels_as_images_below_images(tree: list[str]) -> None:
    """The last folder of that name counts, as for those who train on them."""
    moved = [path.replace("photos", "images/set/images", 1) for path in tree]
    Path("images/set").mkdir(parents=True)
    Path("photos").rename("images/set/images")
    _yolo(tree, [_FOX], "images/set/labels")
    _yolo(tree, [_OWL], "images/set/images")
    assert yolo_labels(".", moved)[:2] == [["0"], [EMPTY]]


@pytest.mark.parametrize("place", ["photos/labels", "labels"], ids=["within", "beside"])
def test_yolo_labels_are_in_a_folder_beside_images(tree: list[str], place: str) -> None:
    flat = []
    for n, path in enumerate(tree):
        flat.append(f"photos/{n}.jpg")
        Path(path).rename(flat[-1])
    _yolo(flat, [_FOX], place)
    assert yolo_labels(".", flat)[:2] == [["0"], [EMPTY]]


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        (None, "names: [fox]", "none of the images has labels"),
        ("2 0.5 0.5 0.1 0.1", "names: [fox, owl]", "the class '2', of 2 that have a name"),
        ("fox 0.5 0.5 0.1 0.1", "names: [fox]", "the class 'fox'"),
        (_FOX, "nc: 2", "has no names of classes"),
        (_FOX, "names: {fox: 0}", "has no names of classes"),
        (_FOX, "names: [", "has no names of classes"),
        (_FOX, None, r"cannot read data\.yaml"),
    ],
    ids=["none", "unknown", "text", "no-names", "swapped", "broken", "missing"],
)
def test_other_yolo_files_are_refused(
    tree: list[str], labels: str | None, names: str | None, message: str
) -> None:
    if labels is not None:
        _yolo(tree, [labels], "photos")
    if names is not None:
        Path("data.yaml").write_text(names)
    with pytest.raises(ParameterError, match=message):
        yolo_labels("data.yaml", tree)


def _options(tree: list[str], which: str) -> tuple[str, str]:
    """Eight foxes, two owls and two empty images."""
    if which == "coco":
        rows = [[1]] * 8 + [[5]] * 2 + [[]] * 2
        return "--coco", _coco(dict(zip(tree, rows, strict=True)))
    _yolo(tree, [_FOX] * 8 + [_OWL] * 2, "photos")
    Path("data.yaml").write_text("names: [fox, owl]")
    return "--yolo", "data.yaml"


@pytest.mark.parametrize("which", ["coco", "yolo"])
def test_the_command_balances_caps_and_excludes_labels(tree: list[str], run, which: str) -> None:
    """By the key ``object``; empty images stay unless they are excluded."""
    common = ("photos", *_options(tree, which), "-q")
    kept = run(*common, "-n", "3", "--stratify-by", "object", "--balance", "equal")[1]
    groups = [set(tree[:8]), set(tree[8:10]), set(tree[10:])]
    assert [len(group & set(kept)) for group in groups] == [1, 1, 1]
    assert len(run(*common, "-n", "12")[1]) == 12
    kept = run(*common, "-n", "10", "--exclude-label", "object=empty")[1]
    assert set(kept) == set(tree[:10])
    kept = run(*common, "-n", "3", "--max-per", "object=1", "--manifest", "run.json")[1]
    assert len(kept) == 3
    assert which in json.loads(Path("run.json").read_text())["files"]
    assert run("verify", "run.json", "-q")[0] == 0


@pytest.mark.parametrize("which", ["coco", "yolo"])
def test_splits_are_stratified_by_labels(tree: list[str], run, which: str) -> None:
    options = ("--duplicate-distance", "0", "--event-gap", "0", "--shares", "a=1,b=1")
    labels = (*_options(tree, which), "--stratify-by", "object")
    code, out, err = run("split", "photos", *labels, *options)
    assert code == 0
    splits = {row["path"]: row["split"] for row in csv.DictReader(out)}
    assert {splits[path] for path in tree[8:10]} == {"a", "b"}
    assert "owl" in err


def test_images_that_a_coco_file_lacks_are_named(tree: list[str], run) -> None:
    path = _coco({file: [1] for file in tree[:11]})
    code, _, err = run("photos", "-n", "3", "--coco", path)
    assert code == 0
    assert f"does not have 1 of 12 images, such as {tree[11]}" in err


def test_coco_boxes_are_shares_of_their_image(tree: list[str]) -> None:
    """Cut at its border; annotations without a box, or with none of the image, are no objects."""
    boxes = [[24, 36, 48, 18], [-10, -10, 58, 28], [90, 60, 50, 50], [200, 0, 5, 5], [9, 9, 0, 5]]
    annotations = [
        {"image_id": 100 + n // 2, "category_id": 1, "bbox": box} for n, box in enumerate(boxes)
    ]
    path = _coco(
        {tree[0]: [], tree[1]: [], tree[2]: []},
        annotations=[*annotations, {"image_id": 100, "category_id": 5}],
    )
    found = coco_objects(path, tree)
    assert found.image == [0, 0, 1]
    assert found.box[:2] == [(0.25, 0.5, 0.5, 0.25), (0, 0, 0.5, 0.25)]
    assert found.box[2] == pytest.approx((0.9375, 60 / 72, 0.0625, 12 / 72))
    assert found.label == ["fox"] * 3
    assert coco_labels(path, tree)[0] == ["fox", "owl"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": [{"id": 100, "file_name": "{}"}]}, "each image needs width and height"),
        (
            {"images": [{"id": 100, "file_name": "{}", "width": 0, "height": 9}]},
            "each image needs width and height",
        ),
        (
            {"annotations": [{"image_id": 100, "category_id": 1, "bbox": [1, 2, 3]}]},
            "each must be left, top, width and height in pixels",
        ),
        (
            {"annotations": [{"image_id": 100, "category_id": 1, "bbox": [1, 2, 3, "4"]}]},
            "each must be left, top, width and height in pixels",
        ),
    ],
    ids=["no-size", "no-width", "three", "text"],
)
def test_coco_boxes_that_are_none_are_refused(
    tree: list[str], changes: dict[str, Any], message: str
) -> None:
    """Though the labels can be used."""
    for image in changes.get("images", ()):
        image["file_name"] = tree[0]
    path = _coco({tree[0]: [1]}, **changes)
    assert coco_labels(path, tree)[0] == ["fox"]
    with pytest.raises(ParameterError, match=message):
        coco_objects(path, tree)


def test_yolo_lines_are_boxes_or_polygons(tree: list[str]) -> None:
    """With or without confidence or keypoints."""
    box = "0 0.5 0.5 0.5 0.25"
    lines = [box, f"{box} 0.75", "1 0.25 0.25 0.5 0.25 0.5 0.75", f"{box}{' 0.1 0.2 2' * 3}"]
    _yolo(tree, ["\n".join(lines), "0 0.0 0.5 0.5 0.5\n0 5 5 1 1"], "photos")
    found = yolo_objects(".", tree)
    whole = (0.25, 0.375, 0.5, 0.25)
    assert found.image == [0, 0, 0, 0, 1]
    assert found.box == [whole, whole, (0.25, 0.25, 0.25, 0.5), whole, (0, 0.25, 0.25, 0.5)]
    assert found.confidence == [None, 0.75, None, None, None]
    assert found.label == ["0", "0", "1", "0", "0"]


@pytest.mark.parametrize("line", ["0 0.5 0.5 0.1", "0 0.5 0.5 0.1 wide", "0 0.5 0.5 0.1 nan"])
def test_yolo_lines_without_a_box_are_refused(tree: list[str], line: str) -> None:
    """Though their class can be used."""
    _yolo(tree, [line], "photos")
    assert yolo_labels(".", tree)[0] == ["0"]
    with pytest.raises(ParameterError, match="to choose among objects, each line needs center"):
        yolo_objects(".", tree)


@pytest.mark.parametrize("file", ["coco", "yolo"])
def test_the_command_chooses_among_labelled_objects(tree: list[str], run, file: str) -> None:
    """As among those that were detected, by the key ``object``; or images by them."""
    if file == "yolo":
        _yolo(tree, [_FOX + _OWL, _OWL], "photos")
        Path("classes.txt").write_text("fox\nowl\n")
    labels = _coco({tree[0]: [1, 5], tree[1]: [5]}) if file == "coco" else "classes.txt"
    common = ("photos", f"--{file}", labels, "-q", "--choose")
    code, out, _ = run(*common, "objects", "-n", "2", "--exclude-label", "object=fox")
    assert code == 0
    rows = list(csv.DictReader(out))
    assert [(row["path"], row["object"]) for row in rows] == [(tree[0], "owl"), (tree[1], "owl")]
    assert "confidence" not in rows[0]
    assert run(*common, "images-by-objects", "-n", "2")[1] == tree[:2]
    if file == "coco":
        _coco({tree[0]: []})
        code, _, err = run(*common, "objects", "-n", "2")
        assert code == 2
        assert "--coco instances.json has no box on any image" in err
