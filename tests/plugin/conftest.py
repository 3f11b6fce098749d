"""Fixtures of the plugin tests: a FiftyOne of their own, images, datasets, operators, a server."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from demo.database import free_port, use_own_database

_ROOT = Path(__file__).parents[2]
_IN_MEMORY = Path("/dev/shm")
_ENOUGH = 2 * 2**30


def _home() -> Path:
    """Makes a folder for the database, in memory if there is room: MongoDB waits for disks."""
    roomy = os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free >= _ENOUGH
    folder = _IN_MEMORY if roomy else None
    return Path(tempfile.mkdtemp(prefix="smartdownsample-tests-", dir=folder))


_HOME = _home()
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)  # runs after mongod has ended


def _configure_fiftyone() -> None:
    """Gives the tests a FiftyOne of their own; the developer's settings and data stay untouched."""
    assert "fiftyone" not in sys.modules, "fiftyone was imported before the tests could set it up"
    for name in [name for name in os.environ if name.startswith("FIFTYONE_")]:
        del os.environ[name]  # a FIFTYONE_DATABASE_URI above all: that is the developer's database
    plugins = _HOME / "plugins"
    plugins.mkdir()
    (plugins / "2 Odd-Name (link)").symlink_to(_ROOT, target_is_directory=True)
    use_own_database(_HOME / "database")
    os.environ |= {
        "FIFTYONE_APP_CONFIG_PATH": str(_HOME / "app_config.json"),
        "FIFTYONE_CONFIG_PATH": str(_HOME / "config.json"),
        "FIFTYONE_DEFAULT_DATASET_DIR": str(_HOME / "datasets"),
        "FIFTYONE_MODEL_ZOO_DIR": str(_HOME / "models"),
        "FIFTYONE_MODEL_ZOO_MANIFEST_PATHS": str(Path(__file__).with_name("zoo.json")),
        "FIFTYONE_PLUGINS_DIR": str(plugins),
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
    }


_configure_fiftyone()

import fiftyone as fo  # noqa: E402 (it reads its settings when it is imported)
import fiftyone.operators as foo  # noqa: E402
import requests  # noqa: E402
from PIL import Image  # noqa: E402
from requests.adapters import HTTPAdapter, Retry  # noqa: E402

from benchmarks.panel import PanelUser  # noqa: E402
from demo.bursts import make_bursts  # noqa: E402
from demo.photos import load_photos  # noqa: E402
from tests.ffmpeg import require_ffmpeg  # noqa: E402
from tests.patience import PATIENCE  # noqa: E402

from . import ready  # noqa: E402

_PLUGIN = "@smartdownsample/smartdownsample"


#: Names of all operators.
OPERATORS = (
    "downsample",
    "sample_frames",
    "split",
    "delete_split",
    "compute_signatures",
    "compute_embeddings",
    "view_buckets",
    "view_quality",
    "delete_run",
    "edit_run",
    "export_run",
    "make_map",
    "make_searchable",
    "arrange_app",
    "recover_runs",
)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """80 JPEG files of several cameras and days; tests must not change them."""
    frames = make_bursts(load_photos(), tmp_path_factory.mktemp("images"), 80, seed=5)
    return [str(frame.path) for frame in frames]


@pytest.fixture
def own_images(images: list[str], tmp_path: Path) -> list[str]:
    """Copies of 24 of the images, which a test may change."""
    copies = [str(tmp_path / f"image {number}.jpg") for number in range(24)]
    for original, copy in zip(images[::3], copies, strict=False):
        shutil.copy(original, copy)
    return copies


BOXES = [[0.05, 0.1, 0.4, 0.5], [0.3, 0.2, 0.6, 0.7], [0.5, 0.5, 0.45, 0.4], [0.0, 0.0, 1.0, 0.3]]


def deer_and_cars(path: str, boxes: Sequence[list[float]]) -> fo.Sample:
    """Returns an image with an object in each box, deer and cars by turns."""
    found = [
        fo.Detection(label="car" if place % 2 else "deer", bounding_box=list(box))
        for place, box in enumerate(boxes)
    ]
    return fo.Sample(path, ground_truth=fo.Detections(detections=found))


@pytest.fixture
def make_dataset() -> Iterator[Callable[[Sequence[Any]], fo.Dataset]]:
    """``make_dataset(samples)``: a dataset of samples or paths, deleted after the test."""
    made = []

    def make(samples: Sequence[Any] = ()) -> fo.Dataset:
        dataset = fo.Dataset(persistent=True)  # or a subprocess that ends might delete it
        made.append(dataset)
        dataset.add_samples(
            [fo.Sample(item) if isinstance(item, str) else item for item in samples]
        )
        return dataset

    yield make
    for dataset in made:
        dataset.delete()


@pytest.fixture
def dataset(make_dataset: Callable[..., fo.Dataset], images: list[str]) -> fo.Dataset:
    """A dataset of the 80 images."""
    return make_dataset(images)


@pytest.fixture(scope="session")
def signed_images(images: list[str], operators: SimpleNamespace) -> Iterator[fo.Dataset]:
    """A dataset of the 80 images with their signatures; tests clone it, or only look at it."""
    dataset = fo.Dataset(persistent=True)
    dataset.add_samples([fo.Sample(path) for path in images])
    operators.compute_signatures(dataset)
    yield dataset
    dataset.delete()


@pytest.fixture
def signed_dataset(signed_images: fo.Dataset) -> Iterator[fo.Dataset]:
    """A dataset of the 80 images, signed as if its user had asked for that."""
    dataset = signed_images.clone(persistent=True)
    yield dataset
    dataset.delete()


@pytest.fixture
def grouped(make_dataset: Callable[..., fo.Dataset], images: list[str]) -> fo.Dataset:
    """A grouped dataset of 40 stereo pairs; its active slice is ``left``."""
    dataset = make_dataset()
    dataset.add_group_field("group", default="left")
    samples = []
    for left, right in zip(images[:40], images[40:], strict=True):
        group = fo.Group()
        samples.append(fo.Sample(left, group=group.element("left")))
        samples.append(fo.Sample(right, group=group.element("right")))
    dataset.add_samples(samples)
    return dataset


@pytest.fixture(scope="session")
def two_videos(images: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two real videos of five seconds, eight frames each; tests must not change them."""
    require_ffmpeg()
    folder = tmp_path_factory.mktemp("videos")
    made = []
    for number in range(2):
        frames = folder / f"frames{number}"
        frames.mkdir()
        for place, image in enumerate(images[number::2][:40], 1):
            Image.open(image).resize((320, 240)).save(frames / f"{place:03d}.png")
        made.append(folder / f"{number}.mp4")
        source = ["-framerate", "8", "-i", str(frames / "%03d.png"), "-pix_fmt", "yuv420p"]
        subprocess.run(["ffmpeg", "-loglevel", "error", *source, str(made[-1])], check=True)
    return made


@pytest.fixture
def videos(
    make_dataset: Callable[..., fo.Dataset], two_videos: list[Path], tmp_path: Path
) -> fo.Dataset:
    """A dataset of copies of the two videos, beside which frames may be saved."""
    return make_dataset([str(shutil.copy(video, tmp_path)) for video in two_videos])


@pytest.fixture
def report_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is reported after every batch of images, however fast they are read."""
    module = sys.modules["smartdownsample_core.extraction._extract"]
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_REPORTS", 0)


class _ByThreads:
    """An operator that reads images by threads, unless it is told otherwise or delegated.

    A process takes half a second to start, which says nothing of what its caller tests;
    :mod:`tests.plugin.test_workers` is about them.
    """

    def __init__(self, operator: Any) -> None:
        self._operator = operator

    def __call__(self, *arguments: Any, **params: Any) -> Any:
        is_told = "scheduler" in params or "delegate" in params
        how = {} if is_told else {"workers": "threads"}
        return self._operator(*arguments, **{**how, **params})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operator, name)


@pytest.fixture(scope="session")
def operators() -> SimpleNamespace:
    """The operators as FiftyOne loaded them: ``operators.downsample`` and so on."""
    loaded = {name: foo.get_operator(f"{_PLUGIN}/{name}") for name in OPERATORS}
    for name in ("downsample", "compute_signatures", "split"):
        loaded[name] = _ByThreads(loaded[name])
    return SimpleNamespace(**loaded)


class Zygote:
    """A process that forks others for jobs, see :mod:`tests.plugin.zygote`."""

    @functools.cached_property
    def process(self) -> subprocess.Popen[str]:
        """Started when it is needed, as most tests need but one."""
        command = [sys.executable, "-m", "tests.plugin.zygote"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen(command, cwd=_ROOT, text=True, **pipes)

    def close(self) -> None:
        """Ends the process, if there is one."""
        if "process" in self.__dict__:
            self.process.stdin.close()
            self.process.wait()

    def begin(
        self,
        dataset: fo.Dataset,
        job: str,
        kill_at: int | None = None,
        write_every: int = 1000,
        **params: Any,
    ) -> None:
        """Begins a job; it is killed at its n-th write."""
        request = {"dataset": dataset.name, "job": job, "params": params}
        request |= {"kill_at": kill_at, "write_every": write_every}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def end(self) -> tuple[bool, int]:
        """Waits for the job; returns whether it was killed, and its status."""
        answer = json.loads(self.process.stdout.readline())
        return answer["killed"], answer["status"]


@pytest.fixture(scope="session")
def zygotes() -> Iterator[list[Zygote]]:
    """Two processes that fork others for jobs."""
    made = [Zygote(), Zygote()]
    yield made
    for zygote in made:
        zygote.close()


@pytest.fixture(scope="session")
def ready_commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with commands that do not have to import FiftyOne, see :mod:`tests.plugin.ready`."""
    with ready.commands(tmp_path_factory.mktemp("ready"), _HOME / "ready") as folder:
        yield folder


@pytest.fixture(scope="session")
def state_of() -> Callable[[fo.Dataset], dict[str, Any]]:
    """``state_of(dataset)``: all that a run could have written into it."""

    def state(dataset: fo.Dataset) -> dict[str, Any]:
        dataset.reload()
        return {
            "fields": sorted(dataset.get_field_schema(flat=True)),
            "tags": dataset.count_sample_tags(),
            "saved views": dataset.list_saved_views(),
            "runs": dataset.list_runs(),
            "indexes": sorted(dataset.get_index_information()),
            "App": dataset.app_config.to_dict(),
            "samples": [sample.to_dict() for sample in dataset],
        }

    return state


@contextlib.contextmanager
def serve() -> Iterator[str]:
    """Runs the App's server as a process of its own; yields its base URL.

    Not by ``fo.launch_app``: its session connects when it gets to it, without a dataset, and then
    closes the one that a browser has opened meanwhile.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "fiftyone.server.main", "--port", str(port)]
    with (_HOME / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--address", "127.0.0.1"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        with requests.Session() as http:
            http.mount(
                url,
                HTTPAdapter(
                    max_retries=Retry(total=10 * PATIENCE, backoff_factor=0.1, backoff_max=0.2)
                ),
            )
            http.get(f"{url}/fiftyone", timeout=PATIENCE).raise_for_status()
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The base URL of the App's real server, which the tests in a browser use too."""
    with serve() as url:
        yield url


@pytest.fixture
def open_panel(server: str) -> Callable[[fo.Dataset], PanelUser]:
    """``open_panel(dataset)``: a user who has just opened the panel."""

    def open_it(dataset: fo.Dataset) -> PanelUser:
        user = PanelUser(server, dataset.name)
        user.do("on_load")
        return user

    return open_it


def shown_ids(dataset: fo.Dataset, user: PanelUser) -> set[str]:
    """Returns the ids of the samples of the view that the panel has just made the grid show."""
    dataset.reload()
    return set(fo.DatasetView._build(dataset, user.called("set_view")["view"]).values("id"))


def assert_compared(dataset: fo.Dataset, user: PanelUser, kept: dict[str, set[str]]) -> None:
    """Compares the run in the panel, the first of ``kept``, with the second.

    Args:
        dataset: the dataset
        user: of a panel
        kept: run keys to ids of what they kept
    """
    (_, of_a), (other, of_b) = kept.items()
    user.do("compare", value=other)
    parts = {"either": of_a | of_b, "both": of_a & of_b, "only_a": of_a - of_b}
    rows, buttons = user.table("difference"), user.layout["parts"]["type"]["properties"]
    totals = [sum(int(row[name]) for row in rows) for name in ("a", "b", "both")]
    assert totals == [len(of_a), len(of_b), len(of_a & of_b)]
    for part, ids in {**parts, "only_b": of_b - of_a}.items():
        assert f"({len(ids)})" in buttons[f"show_{part}"]["view"]["label"]
        user.do(f"show_{part}")
        assert shown_ids(dataset, user) == ids
    user.do("show_either")
    shown: list[str] = []
    for place in range(len(rows)):
        user.do("click_difference", row=place)
        shown += sorted(shown_ids(dataset, user))
    assert sorted(shown) == sorted(of_a | of_b)


@pytest.fixture(scope="session")
def post(server: str) -> Callable[..., list[Any]]:
    """``post(route, operator, dataset, params, ...)``: what the server answers the App."""

    def send(
        route: str, operator: str, dataset: fo.Dataset, params: dict[str, Any], **extra: Any
    ) -> Any:
        body = {
            "operator_uri": f"{_PLUGIN}/{operator}",
            "dataset_name": dataset.name,
            "view": [],
            "params": params,
            **extra,
        }
        response = requests.post(f"{server}/operators/{route}", json=body, timeout=PATIENCE)
        response.raise_for_status()
        if route != "execute/generator":
            return response.json()
        return [json.loads(line) for line in response.text.splitlines()]

    return send
