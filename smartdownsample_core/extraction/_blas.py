"""One BLAS thread while images are signed, as more would only wait for each other."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def limit() -> Any:
    """Limits numpy's BLAS to one thread; returns what restores it."""
    return _blas().limit(limits=1, user_api="blas")


@cache
def _blas() -> ThreadpoolController:
    """Cached, as searching the loaded libraries takes longer than signing ten images."""
    return ThreadpoolController()


class _Limited:
    """Limits BLAS while at least one caller is inside; several may be at the same time."""

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
