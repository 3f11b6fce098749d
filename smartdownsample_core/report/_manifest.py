"""Manifests: what a selection was made from, so that it can be checked later.

A manifest is the ``.json`` that ``--output`` writes, and ``inputs``: a digest of the signature of
each image, 8 bytes as 16 hexadecimal digits, beside the names of each folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..checks import reason, shown_path
from ..new_files import make_folder, new_path
from ..signatures import Signatures

_DIGEST_BYTES = 8
_DIGITS = 2 * _DIGEST_BYTES

#: The digest of an image that could not be read.
_UNREADABLE = "-" * _DIGITS

#: How many names a list of differences has of each kind.
_NAMED = 10


def new_manifest(path: str | None) -> Path | None:
    """Returns the path of a new manifest, or None for None; creates its folder."""
    output = new_path("--manifest", path, (".json",))
    if output is not None:
        make_folder("--manifest", output.parent)
    return output


def digests_of(signatures: Signatures) -> list[str]:
    """Returns a digest of each image's signature, 16 hexadecimal digits."""
    n = len(signatures)
    if not n:
        return []
    columns = [getattr(signatures, name) for name in signatures.columns()]
    texts = [column for column in columns if column.dtype == object]
    plain = [
        np.ascontiguousarray(column).reshape(n, -1).view(np.uint8)
        for column in columns
        if column.dtype != object
    ]
    rows = np.concatenate(plain, axis=1)
    digests = []
    for row, is_readable in enumerate(signatures.readable.tolist()):
        if not is_readable:
            digests.append(_UNREADABLE)
            continue
        digest = blake2b(rows[row].data, digest_size=_DIGEST_BYTES)
        for column in texts:
            digest.update(b"\0" + str(column[row] or "").encode("utf-8", "surrogateescape"))
        digests.append(digest.hexdigest())
    return digests


def inputs_of(paths: Sequence[str], signatures: Signatures) -> dict[str, Any]:
    """Returns what a manifest says of n images, folder by folder."""
    folders: dict[str, dict[str, Any]] = {}
    digests: dict[str, list[str]] = {}
    for path, digest in zip(paths, digests_of(signatures), strict=True):
        cut = path.rfind("/") + 1
        folders.setdefault(path[:cut], {"names": []})["names"].append(path[cut:])
        digests.setdefault(path[:cut], []).append(digest)
    for folder, entry in folders.items():
        entry["digests"] = "".join(digests[folder])
    return folders


def read_manifest(path: str) -> dict[str, Any]:
    """Reads a manifest.

    Raises:
        ValueError: if the file cannot be read, or is none
    """
    try:
        manifest = json.loads(Path(path).read_text(encoding="utf-8", errors="surrogateescape"))
        _digest_by_path(manifest)
        is_one = all(isinstance(manifest[name], kind) for name, kind in _PARTS.items())
    except OSError as error:
        raise ValueError(
            f"cannot read {shown_path(path)} ({reason(error)}); name a file of --manifest"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_one = False
    if not is_one:
        raise ValueError(f"{shown_path(path)} is not a manifest; --manifest writes one")
    return dict(manifest)


_PARTS = {
    "version": str,
    "settings": dict,
    "files": dict,
    "reading": dict,
    "kept": list,
    "random_seed": int,
    "inputs": dict,
}


class Difference(NamedTuple):
    """What tells two manifests apart."""

    lines: list[str]
    """a sentence each, without a full stop"""
    is_same_kept: bool
    """whether the same images are kept, in the same order of picking"""


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> Difference:
    """Compares two manifests: version, settings, files, images, and what was kept."""
    lines = [*_of_settings(before, now), *_of_images(before, now)]
    one, other = _kept(before), _kept(now)
    if one == other:
        return Difference(lines, True)
    lost, new = [path for path in one if path not in other], [p for p in other if p not in one]
    if lost or new:
        lines += _listed("{n} image{s} would no longer be kept", lost)
        lines += _listed("{n} other image{s} would be kept", new)
    else:
        lines.append("the same images would be kept, picked in another order")
    return Difference(lines, False)


def _kept(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the kept paths, each with its rank."""
    return {image["path"]: image.get("rank") for image in manifest["kept"]}


def _of_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before["version"] != now["version"]:
        yield f"version {before['version']} made it, and this is {now['version']}"

    def of(manifest: Mapping[str, Any]) -> dict[str, Any]:
        seed = {"random_seed": manifest["random_seed"]}
        return {**manifest["settings"], **seed, **manifest["reading"]}

    one, other = of(before), of(now)
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name):
            yield f"{name} was {one.get(name)}, and is now {other.get(name)}"
    for name, file in before["files"].items():
        digest = now["files"].get(name, {}).get("sha256")
        if digest not in (None, file["sha256"]):
            yield f"the file {shown_path(file['path'])} of {name} has changed"


def _of_images(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    one, other = _digest_by_path(before), _digest_by_path(now)
    yield from _listed("{n} image{s} {are} missing", [path for path in one if path not in other])
    yield from _listed("{n} image{s} {are} new", [path for path in other if path not in one])
    both = [path for path in one if path in other]
    changed = [path for path in both if one[path] != other[path]]
    if changed and len(changed) == len(both) and before["version"] != now["version"]:
        yield "the signatures of all images differ, as those of two versions may"
        return
    unreadable = [path for path in changed if other[path] == _UNREADABLE]
    yield from _listed("{n} image{s} can no longer be read", unreadable)
    yield from _listed("{n} image{s} {have} changed", [p for p in changed if p not in unreadable])


def _digest_by_path(manifest: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder, entry in manifest["inputs"].items():
        names, digests = entry["names"], entry["digests"]
        if len(digests) != _DIGITS * len(names):
            raise ValueError(f"the digests of {folder!r} must be {_DIGITS} digits a name")
        for place, name in enumerate(names):
            found[folder + name] = digests[_DIGITS * place : _DIGITS * (place + 1)]
    return found


def _listed(text: str, paths: Sequence[str]) -> list[str]:
    """Returns a sentence on some images with the first of their names; none without images."""
    if not paths:
        return []
    one = len(paths) == 1
    words = (
        {"s": "", "are": "is", "have": "has"} if one else {"s": "s", "are": "are", "have": "have"}
    )
    named = ", ".join(map(shown_path, paths[:_NAMED]))
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return [f"{text.format(n=f'{len(paths):,}', **words)}: {named}{more}"]
