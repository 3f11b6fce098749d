"""What was worked out and is likely to be asked for again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

#: Answers of each kind: the other value of a switch, and some more.
_REMEMBERED = 3


class Memory:
    """A few answers of each kind, which several threads may ask for."""

    def __init__(self) -> None:
        self._answers: dict[str, OrderedDict[Any, Future[Any]]] = {}
        self._lock = threading.Lock()

    def remember(self, key: Any, make: Callable[[], Any]) -> Any:
        """Returns what ``make`` returns, or returned before under that key, a tuple.

        The first element of the key is the kind. Concurrent calls with one key wait for the first.
        """
        with self._lock:
            answers = self._answers.setdefault(key[0], OrderedDict())
            future = answers.get(key)
            is_new = future is None
            if future is None:
                future = answers[key] = Future()
            if len(answers) > _REMEMBERED:
                answers.popitem(last=False)
        if is_new:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    answers.pop(key, None)
                future.set_exception(error)
                raise
        return future.result()

    def remembers(self, key: Any) -> bool:
        """Whether :meth:`remember` would answer at once."""
        with self._lock:
            future = self._answers.get(key[0], {}).get(key)
        return future is not None and future.done()
