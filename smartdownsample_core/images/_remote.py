"""Files at URLs, such as s3://, gs:// or https://, through fsspec if it is installed.

A file is asked for its size first, which refuses one that is too large before it is downloaded, and
is then read whole, with one ranged request where the server can do that. Reading less would not
help: JPEG, PNG and WebP are entropy-coded from the first byte to the last, so all coefficients are
decoded even at 1/8, where few are used, and a progressive file that is cut off is another image.
fsspec serves any number of threads; to hide the latency, use more of them than there are cores.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..limits import RefusedError, check_bytes, read_file
from ..optional import optional

_PROTOCOL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

_QUERY = re.compile(r"[?#].*")

#: What is read at once of a file whose size is not known.
_CHUNK = 2**20

_NOT_FOUND, _NOT_ALLOWED = (404, 410), (401, 403)


def is_remote(path: str) -> bool:
    """Whether a path is a URL; takes 0.1 us, as it is asked for every image.

    >>> is_remote("s3://bucket/1.jpg"), is_remote("/photos/1.jpg"), is_remote("odd/a://b.jpg")
    (True, False, False)
    """
    # A Path cannot be one: it has no two slashes next to each other.
    return isinstance(path, str) and "://" in path and _PROTOCOL.match(path) is not None


def check(paths: Iterable[str]) -> None:
    """Checks that what is needed to read these paths is installed; local ones need nothing.

    Raises:
        ValueError: if it is not; says what to install
    """
    examples = {path.partition("://")[0]: path for path in paths if is_remote(path)}
    for protocol, path in examples.items():
        _check_protocol(protocol, path)


def _check_protocol(protocol: str, path: str) -> None:
    try:
        _fsspec().get_filesystem_class(protocol)
    except ImportError as error:  # it names the package, fsspec itself or one that fsspec needs
        raise ValueError(f"{path} cannot be read: {error}") from None
    except ValueError:
        raise ValueError(
            f"{path} cannot be read: fsspec knows no protocol {protocol!r}; it knows s3, gs, https "
            "and file, among others"
        ) from None


def read_remote(path: str) -> bytes:
    """Reads the file at a URL, within the limit of bytes.

    Raises:
        FileNotFoundError: if there is none
        PermissionError: if it may not be read
        OSError: if it is too large, or for whatever else goes wrong on the way
    """
    with _os_errors():
        fs, place = _fsspec().core.url_to_fs(path)
        if _is_local(fs):
            return read_file(place)
        with fs.open(place, "rb", cache_type="none") as file:
            return _read_all(file, getattr(file, "size", None))


def local_place(url: str) -> str | None:
    """Returns the path of a file at a URL such as ``file://``; None if it is elsewhere."""
    with _os_errors():
        fs, place = _fsspec().core.url_to_fs(url)
        return str(place) if _is_local(fs) else None


@contextmanager
def opened_remote(url: str) -> Iterator[Any]:
    """Opens the file at a URL; what is read of it, and nothing else, is requested.

    Raises:
        FileNotFoundError, PermissionError, OSError: as :func:`read_remote`; also while it is read
    """
    with _os_errors():
        fs, place = _fsspec().core.url_to_fs(url)
        with fs.open(place, "rb", cache_type="none") as file:
            yield file


def _read_all(file: Any, said: int | None) -> bytes:
    """Reads an open file, which may be longer than was said."""
    check_bytes(said or 0)
    chunks = [file.read(said or _CHUNK)]
    size = 0
    while chunks[-1]:
        size += len(chunks[-1])
        check_bytes(size)
        chunks.append(file.read(_CHUNK))
    return b"".join(chunks)


def find_remote(
    url: str, endings: Sequence[str], takes: Callable[[str, str], bool] | None = None
) -> list[str]:
    """Returns the files that a URL stands for, as sorted URLs.

    Args:
        url: of a file, if it has one of the endings, in which case nothing is asked; a pattern with
            ``*``; or a folder, which is listed with all below it
        endings: such as ``".jpg"``, in lower case
        takes: called with the URL of a folder and the name of a file below it: whether it is taken;
            None takes those that have one of the endings

    Raises:
        ValueError: if what is needed is not installed
        OSError: if the folder cannot be listed
    """
    check([url])

    def is_taken(name: str) -> bool:
        return takes(url, name) if takes is not None else name.lower().endswith(tuple(endings))

    is_glob = "*" in url
    if not is_glob and _QUERY.sub("", url).lower().endswith(tuple(endings)):
        return [url]
    try:
        with _os_errors():
            fs, place = _fsspec().core.url_to_fs(url)
            names = _glob(fs, place) if is_glob else _below(fs, place, is_taken)
            if not names:  # which is also the answer if nobody could be asked
                fs.ls(place.partition("*")[0])
            return sorted(fs.unstrip_protocol(name) for name in names)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OSError(
            f"cannot list {url} ({error.strerror or error}); try again, or name the files"
        ) from error


def _glob(fs: Any, pattern: str) -> list[str]:
    found = fs.glob(pattern, detail=True)
    return [name for name, entry in found.items() if entry["type"] != "directory"]


def _below(fs: Any, folder: str, takes: Callable[[str], bool]) -> list[str]:
    return [name for name in fs.find(folder) if takes(name.removeprefix(folder))]


def _fsspec() -> Any:
    return optional("fsspec", "remote", "a file at a URL")


def _is_local(fs: Any) -> bool:
    return "file" in ([fs.protocol] if isinstance(fs.protocol, str) else fs.protocol)


@contextmanager
def _os_errors() -> Iterator[None]:
    """Makes an OSError of whatever a file system raises."""
    try:
        yield
    except FileNotFoundError as error:
        # fsspec's HTTP says so of any answer, and of none.
        if error.__cause__ is None:
            raise
        raise _worded(error.__cause__) from error
    except (OSError, RefusedError):
        raise
    # The errors of aiohttp, boto, google.auth and all the others have no base in common, and any of
    # them is a failure to read this one file.
    except Exception as error:
        raise _worded(error) from error


def _worded(error: BaseException) -> OSError:
    status = getattr(error, "status", None)
    if status in _NOT_FOUND:
        return FileNotFoundError(str(error))
    if status in _NOT_ALLOWED:
        return PermissionError(str(error))
    if isinstance(error, OSError) and error.strerror:
        return OSError(error.strerror)
    return OSError(f"{type(error).__name__}: {error}")
