"""Tables that say of every image why it was kept or left out."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..new_files import make_folder, new_path, writing
from ..optional import arrow
from ..partial_files import complete_file, complete_text
from ..selection import Explanation, Selection

_PARQUET = ".parquet"
_ENDINGS = (".csv", _PARQUET)

#: Decimals of the distances in a text.
_DECIMALS = 4


def new_table(name: str, path: Any) -> Path | None:
    """Returns the path of a new table, or None for None; creates its folder.

    Args:
        name: the parameter that asks for it
        path: what the user gave

    Raises:
        ValueError: if it is no path, or ends neither in ``.csv`` nor in ``.parquet``
        FileExistsError: if there is such a file
        ImportError: if it is Parquet, and the extra ``shards`` is not installed
        OSError: if the folder cannot be created or written to
    """
    output = new_path(name, path, _ENDINGS)
    if output is not None:
        if output.suffix.lower() == _PARQUET:
            arrow(f"{name} {output}")
        make_folder(name, output.parent)
    return output


def write_table(name: str, output: Path, paths: Sequence[str], selection: Selection) -> None:
    """Writes a line per image: path, kept, rank, reason, representative and distance.

    With near-duplicates also ``near_duplicate_of``, the kept image of the same group; with a
    ranking ``added``, how far each kept image is from those before it; and with standing cameras
    ``activity``, what each frame shows besides the background. Parquet has
    the unit of the distances as metadata of its schema.

    Args:
        name: the parameter that asks for it
        output: the new file, which ends in ``.csv`` or ``.parquet``
        paths: n image files
        selection: which of them were kept; their signatures have descriptors
    """
    found = selection.explain()
    rows = {"representative": found.representative}
    if selection.leaders is not None:
        rows["near_duplicate_of"] = found.near_duplicate_of
    standing = selection.standing
    measured = {} if selection.added is None else {"added": selection.added}
    if standing is not None and standing.n_cameras:
        measured["activity"] = standing.activity
    if output.suffix.lower() == _PARQUET:
        _write_parquet(name, output, paths, selection.of_objects.indices, found, rows, measured)
    else:
        _write_csv(name, output, paths, found, rows, measured)


def _write_csv(
    name: str,
    output: Path,
    paths: Sequence[str],
    found: Explanation,
    rows: Mapping[str, NDArray[np.int32]],
    measured: Mapping[str, NDArray[np.float32]],
) -> None:
    words, numbers = found.words

    def rounded(values: NDArray[np.float32]) -> Iterator[float | None]:
        found = np.round(values.astype(np.float64), _DECIMALS).tolist()
        return (None if value != value else value for value in found)

    columns = {
        "path": paths,
        "kept": found.kept.tolist(),
        "rank": (rank or None for rank in found.rank.tolist()),
        "reason": (words[number] for number in numbers.tolist()),
        "distance": rounded(found.distance),
        **{
            column: (paths[row] if row >= 0 else None for row in of.tolist())
            for column, of in rows.items()
        },
        **{column: rounded(values) for column, values in measured.items()},
    }
    with complete_text(name, output) as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _write_parquet(
    name: str,
    output: Path,
    paths: Sequence[str],
    indices: NDArray[np.int64],
    found: Explanation,
    rows: Mapping[str, NDArray[np.int32]],
    measured: Mapping[str, NDArray[np.float32]],
) -> None:
    pyarrow = arrow()
    names: Any = pyarrow.array(_texts(paths))
    kept = names.take(pyarrow.array(indices))
    place = np.full(len(paths), -1, np.int32)
    place[indices] = np.arange(len(indices))
    words, numbers = found.words

    def chosen(values: Any, places: NDArray[np.integer], is_there: NDArray[np.bool_]) -> Any:
        indices = pyarrow.array(places, mask=~is_there)
        return pyarrow.DictionaryArray.from_arrays(indices, values)

    columns = {
        "path": names,
        "kept": found.kept,
        "rank": pyarrow.array(found.rank, mask=found.rank == 0),
        "reason": chosen(pyarrow.array(words), numbers, np.ones(len(paths), bool)),
        "distance": pyarrow.array(found.distance, mask=np.isnan(found.distance)),
        **{column: chosen(kept, place[of], of >= 0) for column, of in rows.items()},
        **{c: pyarrow.array(values, mask=np.isnan(values)) for c, values in measured.items()},
    }
    table = pyarrow.table(columns).replace_schema_metadata({"distance_unit": found.unit})
    with complete_file(name, output) as stream, writing(name, output):
        pyarrow.parquet.write_table(table, stream, compression="zstd")


def _texts(paths: Sequence[str]) -> Sequence[str] | Sequence[bytes]:
    """Returns paths as they are or, if one is no valid text, all of them as bytes."""
    try:
        "\n".join(paths).encode()
    except UnicodeEncodeError:
        return [os.fsencode(path) for path in paths]
    return paths
