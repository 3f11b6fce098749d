"""Which answers are still wanted: those to what each open panel has asked last."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: Open panels that are remembered.
_MAX_PANELS = 10_000


class OvertakenError(Exception):
    """An answer is not wanted any more: the settings have changed while it was worked out."""


class Turns:
    """What each open panel asked last.

    Browsers of one session share a panel, and each of them asks: the same question twice is
    answered twice.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Condition()

    def ask(self, panel_id: str, question: str) -> None:
        """Remembers what a panel asks now."""
        with self._lock:
            self._last[panel_id] = question
            self._last.move_to_end(panel_id)
            if len(self._last) > _MAX_PANELS:
                self._last.popitem(last=False)
            self._lock.notify_all()

    def wait(self, panel_id: str, question: str, seconds: float) -> None:
        """Waits until a panel asks something else, but no longer than some seconds."""
        with self._lock:
            self._lock.wait_for(
                lambda: self._last.get(panel_id, question) != question, timeout=seconds
            )

    def check(self, panel_id: str, question: str) -> None:
        """Raises an OvertakenError if the panel has asked something else meanwhile."""
        with self._lock:
            if self._last.get(panel_id, question) != question:
                raise OvertakenError


turns = Turns()
