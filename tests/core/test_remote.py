"""Files at URLs: read through fsspec, from its memory file system and a real HTTP server."""

from __future__ import annotations

import http.server
import io
import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from smartdownsample_core import Crop, extract, limits, load_rgb, sample_diverse
from smartdownsample_core.images._find import find_images
from smartdownsample_core.images._remote import check, find_remote
from tests.http_server import serving

_BIG = 50_000_000

_WITHOUT_FSSPEC = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
import smartdownsample_core
try:
    smartdownsample_core.extract(["https://127.0.0.1/1.jpg"], image_loading_errors="skip")
except ValueError as error:
    print(error)
try:
    smartdownsample_core.load_rgb("https://127.0.0.1/1.jpg")
except OSError as error:
    print(error)
"""


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files; some names stand for what else servers do."""

    def do_HEAD(self) -> None:
        if not self._answered("HEAD"):
            super().do_HEAD()

    def do_GET(self) -> None:
        if not self._answered("GET"):
            super().do_GET()

    def _answered(self, method: str) -> bool:
        name = self.path.rpartition("/")[2]
        self.server.requests.append((method, name))
        if name in ("401", "403", "404", "500"):
            self.send_error(int(name))
        elif name == "big.jpg":
            self.send_response(200)
            self.send_header("Content-Length", str(_BIG))
            self.end_headers()
        elif name == "endless.jpg":  # of no length, until the reader has enough
            self.send_response(200)
            self.end_headers()
            while method == "GET" and self._sent(bytes(100_000)):
                pass
        elif name == "short.jpg":  # less than was said
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b"\xff\xd8" * (method == "GET"))
            self.close_connection = True
        elif name == "no_length.jpg":
            self.send_response(200)
            self.end_headers()
            if method == "GET":
                self.wfile.write(Path(self.directory, "0.jpg").read_bytes())
        else:
            return False
        return True

    def _sent(self, data: bytes) -> bool:
        try:
            self.wfile.write(data)
        except OSError:
            return False
        return True

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def local(burst_paths: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """40 images, ``0.jpg`` to ``39.jpg`` in one folder."""
    folder = tmp_path_factory.mktemp("served")
    return [str(shutil.copy(path, folder / f"{n}.jpg")) for n, path in enumerate(burst_paths[:40])]


@pytest.fixture(scope="module")
def server(local: list[str]) -> Iterator[http.server.ThreadingHTTPServer]:
    """An HTTP server of these images, on this machine."""

    def handler(*arguments: object) -> _Handler:
        return _Handler(*arguments, directory=str(Path(local[0]).parent))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.requests = []
    with serving(server):
        yield server


@pytest.fixture
def web(server: http.server.ThreadingHTTPServer) -> str:
    """The URL of the server."""
    server.requests.clear()
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def memory(local: list[str]) -> Iterator[list[str]]:
    """The images in fsspec's memory file system, in two folders."""
    fs = fsspec.filesystem("memory")
    urls = [f"memory://cams/cam{n % 2}/{n}.jpg" for n in range(40)]
    for url, path in zip(urls, local, strict=True):
        with fs.open(url, "wb") as file:
            file.write(Path(path).read_bytes())
    yield urls
    fs.rm("/cams", recursive=True)


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_images_on_the_web_are_signed_as_local_ones(local, web, workers, same) -> None:
    """Every column is equal, with workers of both kinds."""
    urls = [f"{web}/{n}.jpg" for n in range(40)]
    assert same(extract(urls, n_workers=2, workers=workers), extract(local))


def test_images_in_memory_are_chosen_as_local_ones(local, memory, tmp_path) -> None:
    """The front door keeps the same ones, and returns their URLs."""
    quiet = {"show_progress": False, "show_summary": False}
    kept = sample_diverse(memory, 7, **quiet)
    assert set(kept) < set(memory)
    # In the same folders: natural order, which strides follow, goes by them.
    folders = tmp_path / "cams"
    paths = [str(folders / f"cam{n % 2}" / f"{n}.jpg") for n in range(40)]
    for path, original in zip(paths, local, strict=True):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(original, path)
    expected = sample_diverse(paths, 7, return_indices=True, **quiet)
    assert sample_diverse(memory, 7, return_indices=True, **quiet) == expected


def test_crops_of_remote_images(local, memory) -> None:
    """They are cut from the image at the URL."""
    boxes = [(0.1, 0.1, 0.5, 0.5), (0.4, 0.4, 0.6, 0.6)]
    there = extract([Crop(url, box) for url in memory[:5] for box in boxes])
    here = extract([Crop(path, box) for path in local[:5] for box in boxes])
    assert there.mean_rgb.tolist() == here.mean_rgb.tolist()


def test_a_file_of_unknown_length_is_read(local, web) -> None:
    """To its end, if the server does not say where that is."""
    assert load_rgb(f"{web}/no_length.jpg").tobytes() == load_rgb(local[0]).tobytes()


def test_a_file_url_is_a_local_file(local, tmp_path) -> None:
    """With the limits of local files: a directory is refused."""
    assert load_rgb(f"file://{local[0]}").tobytes() == load_rgb(local[0]).tobytes()
    with pytest.raises(
        OSError,
        match=r"^Cannot read image file: file://.* \(it is a directory, and files ",
    ):
        load_rgb(f"file://{tmp_path}")


def test_a_large_file_is_refused_before_it_is_downloaded(web, server, monkeypatch) -> None:
    """From its size, which is asked for first."""
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", _BIG - 1)
    with pytest.raises(OSError, match=r"big\.jpg \(it has 50,000,000 bytes, and more than"):
        load_rgb(f"{web}/big.jpg")
    assert server.requests == [("HEAD", "big.jpg")]


def test_what_does_not_end_is_cut_off_at_the_limit(web, monkeypatch) -> None:
    """A server that does not say how much it sends cannot fill the memory."""
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1_000_000)
    with pytest.raises(OSError, match=r"endless\.jpg \(it has .* bytes, and more than 1,000,000"):
        load_rgb(f"{web}/endless.jpg")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("404", FileNotFoundError, "^File not found: {url}$"),
        ("401", PermissionError, "^Permission denied: {url}$"),
        ("403", PermissionError, "^Permission denied: {url}$"),
        ("500", OSError, r"^Cannot read image file: {url} \(ClientResponseError: 500"),
        ("short.jpg", OSError, r"^Cannot read image file: {url} \(ClientPayloadError"),
    ],
)
def test_what_a_server_refuses_is_an_unreadable_image(web, name, kind, words) -> None:
    """The error names the URL and the reason, as that of a local file."""
    url = f"{web}/{name}"
    with pytest.raises(kind, match=words.format(url=re.escape(url))) as caught:
        load_rgb(url)
    assert type(caught.value) is kind


def test_an_unreachable_server_is_an_unreadable_image(local) -> None:
    """It is recorded as any other is, and the rest goes on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/1.jpg"
        table = extract([local[0], url, local[1]], image_loading_errors="skip")
    assert list(table.unreadable) == [1]
    assert str(table.unreadable[1]).startswith(f"Cannot read image file: {url} (")


def test_a_lost_object_is_named(memory) -> None:
    """As a local file is."""
    with pytest.raises(FileNotFoundError, match=r"^File not found: memory://cams/lost\.jpg"):
        extract([*memory, "memory://cams/lost.jpg"])


@pytest.mark.parametrize(
    ("blocked", "first"),
    [
        (
            ["fsspec"],
            "https://127.0.0.1/1.jpg cannot be read: a file at a URL needs the package "
            "fsspec: pip install fsspec, or install smartdownsample-core with its extra 'remote'",
        ),
        (["aiohttp"], "https://127.0.0.1/1.jpg cannot be read: HTTPFileSystem requires"),
    ],
    ids=["fsspec", "aiohttp"],
)
def test_without_what_is_needed_the_error_says_what(run_python, tmp_path, blocked, first) -> None:
    """Before the first file, also where unreadable files are skipped; and of a single file."""
    result = run_python("-c", _WITHOUT_FSSPEC.format(blocked=blocked), cwd=tmp_path)
    lines = result.stdout.splitlines()
    assert lines[0].startswith(first), result
    assert lines[1].startswith("Cannot read image file: https://127.0.0.1/1.jpg (")
    assert blocked[0] in lines[1]


def test_an_unknown_protocol_is_refused() -> None:
    """With its name."""
    with pytest.raises(ValueError, match="fsspec knows no protocol 'nowhere'"):
        check(["/a.jpg", "nowhere://a/1.jpg"])


def test_a_folder_is_searched(memory) -> None:
    """For images, below it as well; other files are left out."""
    fsspec.filesystem("memory").pipe("/cams/notes.txt", b"hello")
    everything = [url.replace("://", ":///") for url in sorted(memory)]
    assert find_remote("memory://cams", (".jpg",)) == everything
    assert find_remote("memory://cams/cam1/*.jpg", (".jpg",)) == everything[20:]
    assert find_remote("memory://cams/*", (".jpg",)) == ["memory:///cams/notes.txt"]  # no folders
    assert find_remote("memory://cams/lost.jpg", (".jpg",)) == ["memory://cams/lost.jpg"]
    assert load_rgb(everything[0]).size == load_rgb(memory[0]).size


def test_the_command_line_takes_urls(run_python, web, tmp_path) -> None:
    """A list of them, or one that is a folder of the server's; copies are refused."""
    urls = "".join(f"{web}/{n}.jpg\n" for n in range(20))
    command = ("-m", "smartdownsample_core", "-q", "-n", "5")
    listed = run_python(*command, "--output", "kept.json", "-", input=urls, cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    kept = json.loads((tmp_path / "kept.json").read_text())["kept"]
    assert len({row["path"] for row in kept} & set(urls.split())) == 5
    folder = run_python(*command, f"{web}/", cwd=tmp_path)
    assert len(folder.stdout.splitlines()) == 5, folder.stderr
    copies = run_python(*command, "--copy-to", "there", "-", input=urls, cwd=tmp_path)
    assert copies.returncode == 2
    assert "--copy-to is for local files, and http://127.0.0.1" in copies.stderr


def test_shards_of_urls_belong_to_no_folder(run_python, web, local, tmp_path) -> None:
    """They are selected from anywhere, and together with those of files."""
    command = ("-m", "smartdownsample_core", "extract", "-q", "-o")
    urls = "".join(f"{web}/{n}.jpg\n" for n in range(20))
    made = run_python(*command, "urls.parquet", "-", input=urls, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert run_python(*command, "files.parquet", *local[20:], cwd=tmp_path).returncode == 0
    (tmp_path / "elsewhere").mkdir()
    kept = run_python(
        *("-m", "smartdownsample_core", "select", "-q", "-n", "5", "--thumbnails", "grid.png"),
        *("../urls.parquet", "../files.parquet"),
        cwd=tmp_path / "elsewhere",
    )
    assert len(kept.stdout.splitlines()) == 5, kept.stderr


def test_what_no_user_took_is_passed_over_at_urls_too(memory) -> None:
    """As in folders, and counted."""
    names = ("/cams/._0.jpg", "/cams/@eaDir/0.jpg", "/cams/clip.mp4")
    fsspec.filesystem("memory").pipe(dict.fromkeys(names, b"hello"))
    paths, _, passed_over = find_images(["memory://cams"], io.StringIO())
    assert len(paths) == len(memory)
    warning, others = passed_over.notes()
    assert "1 video (extract frames, as with ffmpeg): memory://cams/clip.mp4" in warning
    assert "1 bin, thumbnail or hidden folder: memory://cams/@eaDir/0.jpg" in others
    assert "1 system or hidden file: memory://cams/._0.jpg" in others


@pytest.mark.parametrize("name", ["folder/", "*.jpg"])
def test_a_server_that_cannot_be_asked_is_named(name: str) -> None:
    """That there is nothing is another answer than none."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/{name}"
        with pytest.raises(OSError, match=rf"^cannot list {re.escape(url)} \(Connect call failed"):
            find_remote(url, [".jpg"])


def test_a_folder_that_is_not_there_has_no_images(memory, web) -> None:
    assert find_remote("memory://nowhere", [".jpg"]) == []
    assert find_remote(f"{web}/nowhere/", [".jpg"]) == []
