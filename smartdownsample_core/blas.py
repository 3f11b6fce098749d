"""Limits BLAS to one thread for many small matrices: more would only compete for the cores."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def limit() -> Any:
    """Limits numpy's BLAS to one thread; returns an object that can restore it."""
    return _blas().limit(limits=1, user_api="blas")


@cache
def _blas() -> ThreadpoolController:
    """Cached, because searching the loaded libraries takes longer than signing ten images."""
    return ThreadpoolController()


class _Limited:
    """A context manager that limits BLAS until the last of its users leaves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._limits = limit()
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._limits.restore_original_limits()


limited = _Limited()
