"""A subset of a Camtrap DP package, with the images that were kept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ParameterError
from ..new_files import new_file, writing
from ..own_files import is_below, note
from ..partial_files import temporary
from ..text_files import ERRORS
from ._camtrap_dp import DESCRIPTOR, TABLES, Observations, image_rows, read_tables
from ._labels import json_of

_NAME = "camtrap_dp_out"


def write_subset(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    kept_paths: Sequence[str],
    base: str = "",
) -> dict[str, int]:
    """Writes a new package with some images of a package, complete or not at all.

    Rows of ``media.csv``, of ``observations.csv`` (those of the images and of their events) and of
    ``deployments.csv`` are copied as they are, and ``datapackage.json`` without what describes the
    bytes of the tables. Images whose path starts from the package's folder are copied.

    Args:
        folder: that of the package
        output: a new folder, whose parent exists
        kept_paths: the images
        base: the folder that images are searched in; copies below it are noted there, so that
            later searches skip them

    Returns:
        the rows of each table: media, deployments and observations

    Raises:
        ParameterError: if the package cannot be read
        FileExistsError: if there is anything at ``output``
        OSError: if a file cannot be read or written
    """
    to = new_file(_NAME, output)
    tables = read_tables(folder)
    descriptor = _descriptor(Path(folder))
    media = tables["media"].rows
    rows = image_rows(folder, media, kept_paths)
    kept = [medium for medium, row in zip(media, rows, strict=True) if row is not None]
    seen = Observations(tables["observations"].rows)
    of_table = {
        "media": kept,
        "deployments": _with("deploymentID", kept, tables["deployments"].rows),
        "observations": [one for medium in kept for one in seen.all_of(medium)],
    }
    partial = temporary(to)
    with writing(_NAME, to):
        try:
            partial.mkdir()
            for name, wanted in of_table.items():
                table, ids = tables[name], {id(row) for row in wanted}
                texts = (t for t, r in zip(table.texts, table.rows, strict=True) if id(r) in ids)
                text = table.head + "".join(texts)
                (partial / f"{name}.csv").write_bytes(text.encode("utf-8", ERRORS))
            if descriptor is not None:
                text = json.dumps(descriptor, indent=2, ensure_ascii=False)
                (partial / DESCRIPTOR).write_bytes(text.encode("utf-8", ERRORS))
            copies = {
                medium["filePath"]: kept_paths[row]
                for medium, row in zip(media, rows, strict=True)
                if row is not None and _is_inside(medium["filePath"])
            }
            for place, path in copies.items():
                (partial / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, partial / place)
            if base and is_below(to, base):
                note(partial, "copies", copies)
            new_file(_NAME, to)  # it may have come while files were copied
            partial.rename(to)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return {name: len({id(row) for row in wanted}) for name, wanted in of_table.items()}


def _with(key: str, rows: Sequence[dict[str, str]], others: Sequence[Any]) -> list[Any]:
    known = {row[key] for row in rows}
    return [other for other in others if other[key] in known]


def _is_inside(place: str) -> bool:
    """Whether a path starts from the folder of the package and stays in it."""
    path = PurePosixPath(place)
    return not (path.is_absolute() or os.path.isabs(place) or ".." in path.parts or "://" in place)


def _descriptor(folder: Path) -> dict[str, Any] | None:
    """Returns ``datapackage.json`` as it is true of a subset; None without one.

    Tables of others are files that the subset does not have, so their resources are left out;
    those with their data, or at a URL, stay.
    """
    if not (folder / DESCRIPTOR).exists():
        return None
    remedy = f"name the folder of a Camtrap DP package with a valid {DESCRIPTOR}"
    found: Any = json_of("camtrap_dp", folder / DESCRIPTOR, remedy)
    resources = found.get("resources") if isinstance(found, dict) else None
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise ParameterError(
            "camtrap_dp", ": {path} has no resources", remedy, path=folder / DESCRIPTOR
        )
    stays = [one for one in resources if one.get("name") in TABLES or not _is_file(one)]
    return {**found, "resources": [_of_subset(one) for one in stays]}


def _is_file(resource: dict[str, Any]) -> bool:
    return "data" not in resource and "://" not in str(resource.get("path"))


def _of_subset(resource: dict[str, Any]) -> dict[str, Any]:
    name = resource.get("name")
    if name not in TABLES:
        return resource
    left = {key: value for key, value in resource.items() if key not in ("bytes", "hash")}
    return {**left, "path": f"{name}.csv"}
