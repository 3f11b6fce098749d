"""What README and docs/ show is what happens: their commands are run, their tables compared."""

from __future__ import annotations

import ast
import csv
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fiftyone as fo
import fiftyone.core.models as fom
import fiftyone.operators.types as types
import fiftyone.plugins as fop
import numpy as np
import pytest
from PIL import ExifTags, Image

from plugin.jobs import edits
from plugin.runs.quality import KINDS
from plugin.runs.records import SHOWN
from smartdownsample_core import sample_diverse
from smartdownsample_core.cli._main import _parser, main
from smartdownsample_core.selection import Reason
from tests.core.test_standing import film, scene
from tests.ffmpeg import require_ffmpeg
from tests.parameter_tables import with_tables
from tests.patience import PATIENCE

from .conftest import OPERATORS

_ROOT = Path(__file__).parents[2]
_SKILL = _ROOT / "skills" / "smartdownsample" / "SKILL.md"
_DOCUMENTS = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md")), _SKILL]
_PARAMETERS = (_ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
_WHY = (_ROOT / "docs" / "why.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(bash|shell|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: Commands that are not run here, and why; that make knows them is checked.
_ELSEWHERE = {
    "make demo": ".ci/run runs it",
    "make test": "this test is a part of it",
}
_N_IMAGES, _N_TRAPS = 1050, 700
_SIZE = 40, 30

#: One of each category, of which every fourth image has none.
_DETECTIONS = [{"category": str(n), "conf": 0.9, "bbox": [0, 0, 1, 1]} for n in (1, 2, 3)]


class _Colours(fom.Model):
    """Embeds an image as the colours of a coarse grid: a model that needs no download."""

    media_type = "image"
    has_embeddings = True
    ragged_batches = False
    transforms = None
    preprocess = False

    def embed(self, arg: np.ndarray) -> np.ndarray:
        """Returns 48 numbers."""
        height, width = (length // 4 * 4 for length in arg.shape[:2])
        cells = arg[:height, :width].reshape(4, height // 4, 4, width // 4, 3)
        return np.asarray(cells.mean((1, 3)).ravel() + 1)

    def predict(self, arg: np.ndarray) -> None:
        """Has nothing to predict."""


def _car() -> fo.Detection:
    return fo.Detection(label="car", bounding_box=[0.2, 0.3, 0.4, 0.5])


@pytest.fixture(scope="module")
def project(images: list[str], video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the photos and the files that the documents speak of."""
    copy = tmp_path_factory.mktemp("project")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (_ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_ROOT / name, copy / name)
    small = _smaller(copy / "small", images)
    for number in range(_N_IMAGES):
        photo = copy / "photos" / f"cam{number % 3}" / f"{number}.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        os.link(small[number % len(small)], photo)
    _write_traps(copy / "traps", small)
    files = [f"photos/cam{n % 3}/{n}.jpg" for n in range(_N_IMAGES)]
    files += [f"traps/{n}.jpg" for n in range(_N_TRAPS)]
    results = [
        {"file": file, "detections": _DETECTIONS[n % 4 : n % 4 + 1]} for n, file in enumerate(files)
    ]
    categories = {"1": "animal", "2": "person", "3": "vehicle"}
    found = {"detection_categories": categories, "images": results}
    (copy / "md.json").write_text(json.dumps(found))
    _write_labels(copy)
    _write_package(copy / "package", images)
    np.save(copy / "vectors.npy", np.random.default_rng(0).normal(size=(_N_IMAGES, 16)))
    shutil.copy(video, copy / "drive.mp4")
    (copy / "last-week").touch()
    os.utime(copy / "last-week", (0, 0))
    return copy


def _smaller(folder: Path, images: list[str]) -> list[str]:
    """Writes small copies of the images, which each of the many commands reads sooner."""
    folder.mkdir()
    copies = [str(folder / f"{number}.jpg") for number in range(len(images))]
    for path, copy in zip(images, copies, strict=True):
        with Image.open(path) as image:
            image.resize(_SIZE).save(copy, exif=image.getexif())
    return copies


def _write_traps(folder: Path, images: list[str]) -> None:
    """Writes images of a camera trap, of which the files say that they are ten minutes apart."""
    folder.mkdir()
    for row in range(_N_TRAPS):
        exif = Image.Exif()
        taken = datetime(2024, 5, 1) + timedelta(minutes=10 * row)
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %X}"
        with Image.open(images[row % len(images)]) as image:
            image.save(folder / f"{row}.jpg", exif=exif)


def _write_labels(folder: Path) -> None:
    """Writes COCO and YOLO labels: a fox on every third photo, an owl on the next."""
    size = {"width": 100, "height": 100}
    images = [{"id": n, "file_name": f"cam{n % 3}/{n}.jpg", **size} for n in range(_N_IMAGES)]
    (folder / "photos" / "labels").mkdir()
    annotations = []
    for number in range(_N_IMAGES):
        if number % 3 < 2:
            of_what = {"image_id": number, "category_id": number % 3}
            annotations.append({**of_what, "bbox": [45, 45, 10, 10]})
            label = folder / "photos" / "labels" / f"{number}.txt"
            label.write_text(f"{number % 3} 0.5 0.5 0.1 0.1\n")
    categories = [{"id": 0, "name": "fox"}, {"id": 1, "name": "owl"}]
    found = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "instances.json").write_text(json.dumps(found))
    (folder / "data.yaml").write_text("names: [fox, owl]\n")


def _write_package(folder: Path, images: list[str]) -> None:
    """Writes a Camtrap DP package of the images: a fox on every other one, a minute apart."""
    (folder / "media").mkdir(parents=True)
    rows = range(len(images))
    for row in rows:
        os.link(images[row], folder / "media" / f"{row}.jpg")
    media = [f"m{n},dep,2024-05-01T{n // 60:02}:{n % 60:02}:00Z,media/{n}.jpg" for n in rows]
    seen = [f"dep,m{n},animal,Vulpes vulpes,e{n // 10}" for n in rows[::2]]
    tables = {
        "media": ["mediaID,deploymentID,timestamp,filePath", *media],
        "deployments": ["deploymentID,locationID", "dep,site"],
        "observations": ["deploymentID,mediaID,observationType,scientificName,eventID", *seen],
    }
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of ten minutes, a frame a second."""
    require_ffmpeg()
    made = tmp_path_factory.mktemp("videos") / "1.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=duration=600:rate=1:size=160x120"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, str(made)], check=True)
    return made


@pytest.fixture(scope="module")
def photos(project: Path) -> Iterator[fo.Dataset]:
    """A dataset of the photos, which tests clone."""
    paths = sorted((project / "photos").rglob("*.jpg"))
    dataset = fo.Dataset(persistent=True)
    dataset.add_samples(
        fo.Sample(
            str(path),
            tags=["last_week"] if number % 100 == 0 else [],
            objects=fo.Detections(detections=[_car(), _car()]),
            ground_truth=fo.Classification(label=("fox", "owl", None)[number % 3]),
            location=f"site {number % 2}",
            # bursts of four, an hour apart
            captured_at=datetime(2024, 5, 1) + timedelta(hours=number // 4, seconds=30 * number),
        )
        for number, path in enumerate(paths)
    )
    yield dataset
    dataset.delete()


@pytest.fixture(scope="module")
def signed_photos(photos: fo.Dataset, operators: SimpleNamespace) -> Iterator[fo.Dataset]:
    """The dataset of the photos with their signatures, which tests clone."""
    dataset = photos.clone(persistent=True)
    operators.compute_signatures(dataset)
    yield dataset
    dataset.delete()


@pytest.fixture
def known(
    document: Path,
    photos: fo.Dataset,
    signed_photos: fo.Dataset,
    video: Path,
    make_dataset,
    operators: SimpleNamespace,
) -> Iterator[dict[str, Any]]:
    """What a document takes for granted: a dataset, videos, paths, a model, an operator.

    The README is read first, so that its photos have no signatures.
    """
    before = photos if document.name == "README.md" else signed_photos
    dataset = before.clone("my-dataset", persistent=True)
    paths = dataset.values("filepath")
    yield {
        "dataset": dataset,
        "videos": make_dataset([str(video)]),
        "downsample": operators.downsample,
        "image_paths": paths,
        "embeddings": np.random.default_rng(0).normal(size=(len(paths), 16)),
        "model": _Colours(),
    }
    dataset.delete()
    if fo.dataset_exists("traps"):  # docs/app.md makes one
        fo.delete_dataset("traps")


def _blocks(language: str) -> list[Any]:
    return [
        pytest.param(number, code, id=f"{document.name}-{number}")
        for document in _DOCUMENTS
        for number, (found, code) in enumerate(
            _BLOCK.findall(document.read_text(encoding="utf-8")), 1
        )
        if found.replace("bash", "shell") == language
    ]


def test_every_block_is_one_that_is_run() -> None:
    """No fence has a language that would be passed over, but for diagrams and plain text.

    tests/documented_patches.py applies what is a diff.
    """
    for document in _DOCUMENTS:
        fences = re.findall(r"^```(\S*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(fences[::2]) <= {"bash", "shell", "python", "mermaid", "text", "diff"}, (
            document.name
        )
        assert set(fences[1::2]) <= {""}, document.name


@pytest.mark.parametrize(
    "document",
    [document for document in _DOCUMENTS if "```python" in document.read_text(encoding="utf-8")],
    ids=lambda document: document.name,
)
def test_python_of_a_document_runs(
    document: Path, project: Path, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks of a document run one after the other, as a reader would type them."""
    monkeypatch.chdir(project)
    for language, code in _BLOCK.findall(document.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(code, document.name, "exec"), known)


@pytest.mark.parametrize(("number", "code"), _blocks("shell"))
def test_commands_run(
    number: int, code: str, project: Path, tmp_path: Path, ready_commands: Path
) -> None:
    """The commands of a block end well, in a copy of the project."""
    (tmp_path / "plugins").mkdir()
    folders = [str(ready_commands), str(Path(sys.executable).parent), os.environ["PATH"]]
    env = {
        **os.environ,
        "PATH": os.pathsep.join(folders),
        "FIFTYONE_PLUGINS_DIR": str(tmp_path / "plugins"),
    }
    lines = []
    for line in code.splitlines():
        elsewhere = next((command for command in _ELSEWHERE if line.startswith(command)), None)
        lines.append(elsewhere.replace("make", "make --dry-run") if elsewhere else line)
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=project,
        env=env,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=True,
    )


def test_modules_in_running_text_take_what_is_said() -> None:
    """They have these options; tests/test_benchmarks.py runs them, on less than they say."""
    found = {
        (module, *re.findall(r"--[a-z-]+", options))
        for text in (document.read_text(encoding="utf-8") for document in _DOCUMENTS)
        for module, options in re.findall(
            r"`python\s+-m\s+((?:benchmarks|tests)[.\w]+)([^`]*)`", text
        )
    }
    assert len(found) > 8
    for module, *options in found:
        code = (_ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert 'if __name__ == "__main__":' in code
        assert [option for option in options if f'"{option}"' not in code] == []


def test_the_readme_keeps_as_many_as_it_says(project: Path) -> None:
    """After the commands of the README, its lists have the lengths that it names."""
    lines = {
        name: len((project / name).read_text(encoding="utf-8").splitlines())
        for name in ("kept.txt", "one_of_each.txt", "kept.csv", "grown.txt")
    }
    assert lines["kept.txt"] == 500
    assert lines["kept.csv"] == 501  # with its header
    assert lines["grown.txt"] == 1000
    assert 1 < lines["one_of_each.txt"] < 100
    assert len(list((project / "week").rglob("*.jpg"))) == 50
    for name in ("active.txt", "visits.txt", "detected.txt"):
        assert len((project / name).read_text(encoding="utf-8").splitlines()) == 500


def _table(heading: str) -> dict[str, tuple[str | None, str]]:
    """Name of a parameter to its option, if it has one, and its default, of the table below."""
    _, below = re.split(f"^{heading}", _PARAMETERS, maxsplit=1, flags=re.MULTILINE)
    text = below.split("\n\n")[1]
    rows = re.findall(r"^\| `(\w+)`(?: \(`([^`]+)`\))? \| (.+?) \|", text, re.MULTILINE)
    return {name: (option or None, default.strip("`")) for name, option, default in rows}


def _default(text: str) -> Any:
    return inspect.Parameter.empty if text == "required" else ast.literal_eval(text)


#: Operators whose parameters are settings, which are in a table of their own.
_JOBS = ("downsample", "compute_signatures", "split")


def test_tables_of_settings_are_those_of_the_code() -> None:
    """Names, defaults and descriptions; ``python -m tests.parameter_tables`` writes them."""
    assert with_tables(_PARAMETERS) == _PARAMETERS


@pytest.mark.parametrize("name", [name for name in OPERATORS if name not in _JOBS])
def test_the_table_of_the_other_operators_is_that_of_the_code(
    operators: SimpleNamespace, name: str
) -> None:
    """Names and defaults of what follows the dataset."""
    (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", _PARAMETERS, re.MULTILINE)
    row = re.sub(r"\([^)]*\)", "", row)
    table = dict(re.findall(r"`(\w+)(?:=([^`]+))?`", row))
    signature = inspect.signature(getattr(operators, name).__call__).parameters
    _, *code = (p for p in signature.values() if p.name != "delegate")
    assert {key: _default(value or "required") for key, value in table.items()} == {
        parameter.name: parameter.default for parameter in code
    }


def test_the_table_of_the_function_is_that_of_the_code() -> None:
    """Names and defaults of the parameters that may be given by position, in their order."""
    parameters = inspect.signature(sample_diverse).parameters.values()
    code = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    table = _table("`sample_diverse` takes")
    assert [(name, _default(default)) for name, (_, default) in table.items()] == list(code.items())


def test_the_table_names_the_options_of_the_command_line() -> None:
    """Every option that it names is one, and has the default of the function."""
    options = {name: a for a in _parser()._actions for name in a.option_strings}
    for name, (option, default) in _table("`sample_diverse` takes").items():
        if option in ("PATH...", None):
            continue
        assert option in options, f"{name}: the command line has no {option}"
        if option != "--quiet":
            assert options[option].default == _default(default), option


def test_the_columns_of_a_csv_are_those_that_are_documented(
    images: list[str], tmp_path: Path
) -> None:
    """A list with all that can be asked for has the documented columns, in their order."""
    output = tmp_path / "kept.csv"
    choice = ["--strategy", "diverse", "--stratify-by", "folder", "--near-duplicates", "2"]
    times = tmp_path / "times.csv"
    times.write_text("".join(f'"{path}",2024-05-01\n' for path in images))
    old = tmp_path / "old.txt"
    old.write_text(images[0])
    choice += ["--event-gap", "60", "--time", str(times), "--keep", str(old)]
    assert main([*images, "-n", "9", *choice, "-o", str(output), "-q"]) == 0
    with output.open(newline="") as stream:
        header = next(csv.reader(stream))
    (table,) = re.findall(r"\| column \|.*?\n((?:\|.*\n)+)", _PARAMETERS)
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    assert header == re.findall(r"`(\w+)`", " ".join(cells))


def test_the_columns_and_reasons_of_an_explanation_are_documented(tmp_path: Path) -> None:
    """Those of a list with all that there can be, and every reason that the code knows."""
    tables = re.findall(r"\| (?:column|reason) \|.*\n\|.*\n((?:\|.*\n)+)", _WHY)
    cells = (" ".join(re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)) for table in tables)
    columns, reasons = (re.findall(r"`([^`]+)`", text) for text in cells)
    frames = []
    for number, frame in enumerate(film(scene(1), 30, {4: 3, 13: 12})):
        frames.append(str(tmp_path / f"{number:02}.png"))
        Image.fromarray(frame).save(frames[-1])
    output = tmp_path / "why.csv"
    choice = {"strategy": "diverse", "duplicate_distance": 5, "fixed_cameras": "auto"}
    sample_diverse(frames, 3, save_explanation=str(output), show_summary=False, **choice)
    assert columns == output.read_text(encoding="utf-8").splitlines()[0].split(",")
    known = {reason.text for reason in Reason if reason is not Reason.CAP}
    caps = {f"{Reason.CAP.text}: {name}" for name in ("label", "bucket", "event", "camera")}
    assert set(reasons) == {*known, *caps, edits.KEPT, edits.LEFT_OUT}


def test_the_skill_knows_the_operators(operators: SimpleNamespace) -> None:
    """Agents find the skill, which names all operators with their risk, and what each shows."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", _SKILL.read_text("utf-8"), re.MULTILINE)
    assert sorted(name for name, _, _ in rows) == sorted(OPERATORS)
    says = {name: re.findall(r"`(\w+)`", text) for name, _, text in rows}
    assert says["view_buckets"] == list(SHOWN)
    assert says["view_quality"] == list(KINDS)
    assert {name: risk for name, risk, _ in rows} == {
        name: getattr(operators, name).risk for name in OPERATORS
    }
    if hasattr(types, "RiskLevel"):  # not in FiftyOne 1.8
        risks = [getattr(operators, name).config.risk_level.value for name, _, _ in rows]
        assert risks == [risk for _, risk, _ in rows]
    if hasattr(fop, "list_skills"):
        (skill,) = fop.list_skills(plugin="@smartdownsample/smartdownsample")
        assert (skill.name, skill.category) == ("smartdownsample", "curation")
        assert "downsample" in skill.description


def test_links_lead_somewhere() -> None:
    """Every link to a file of the project has that file, and every one to a heading that."""
    for document in [*_DOCUMENTS, _ROOT / "CONTRIBUTING.md", _ROOT / "SECURITY.md"]:
        for link in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                path, _, anchor = link.partition("#")
                target = document.parent / path if path else document
                assert target.is_file(), f"{document.name}: {link}"
                assert not anchor or anchor in _anchors(target), f"{document.name}: {link}"


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
