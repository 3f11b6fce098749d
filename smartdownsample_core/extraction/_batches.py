"""What all pools of workers have in common: batches of files in, tables of signatures out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from ..checks import unreadable
from ..images import Item, path_of
from ..signatures import Signatures

#: Images that a worker signs between two hand-overs. Handing 32 over to another process and their
#: signatures back takes 0.1 ms; signing 32 of the smallest takes 5 ms.
BATCH_SIZE = 32


class Sign(Protocol):
    """Reads a batch of files; can be pickled."""

    @property
    def hash_size(self) -> int:
        """That of the tables."""

    def __call__(self, items: Iterable[Item]) -> Signatures:
        """Returns a table of as many rows; files that cannot be read are recorded in it."""


class Pool(Protocol):
    """Workers that sign batches at the same time."""

    @property
    def batch_size(self) -> int:
        """How many files to hand over at a time."""

    @property
    def window(self) -> int:
        """How many batches keep all workers busy while the caller handles a result."""

    def submit(self, batch: Sequence[Item]) -> Any:
        """Hands a batch over and returns the ticket for its result."""

    def is_done(self, ticket: Any, seconds: float) -> bool:
        """Waits so long for the result of a batch, and says whether it is there."""

    def result(self, ticket: Any) -> Signatures:
        """Waits for the result of a batch; call it once."""

    def close(self) -> None:
        """Ends all work, also what is not done yet, and waits until its workers are gone."""


class WorkerDiedError(Exception):
    """The process of a worker ended while it read a batch; says why."""


def one_by_one(
    sign_one: Callable[[Sequence[Item]], Signatures], paths: Sequence[Item], hash_size: int
) -> Signatures:
    """Signs files one at a time, so that a file that kills its worker is found.

    Args:
        sign_one: signs a batch of one; raises WorkerDiedError
        paths: n files
        hash_size: that of the table

    Returns:
        a table of n rows; the files that killed their worker are recorded as unreadable
    """
    table = Signatures.blank(len(paths), hash_size)
    for row, path in enumerate(paths):
        signed = _survived(sign_one, path)
        if isinstance(signed, OSError):
            table.unreadable[row] = signed
        else:
            table.put(np.array([row]), signed)
    return table


def _survived(sign_one: Callable[[Sequence[Item]], Signatures], item: Item) -> Signatures | OSError:
    try:
        return sign_one([item])
    except WorkerDiedError as death:
        return unreadable(path_of(item), f"the worker that read it died: {death}")
