"""Natural order: directory by directory, numbers by value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
from natsort import index_natsorted
from numpy.typing import NDArray


def natural_order(paths: Sequence[str]) -> NDArray[np.int64]:
    """Sorts paths part by part in natural order, so that directories are never interleaved.

    Args:
        paths: n paths

    Returns:
        ``(n,)`` int64; the positions of the paths in natural order. Names that natsort holds
        equal, as ``1`` and ``01``, are told apart by what follows them, then by the input order

    >>> natural_order(["cam10/1.jpg", "cam2/10.jpg", "cam2/9.jpg"]).tolist()
    [2, 1, 0]
    """
    return np.array(index_natsorted([PurePath(path).parts for path in paths]), dtype=np.int64)
