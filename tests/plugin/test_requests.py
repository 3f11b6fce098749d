"""Requests of the App that come while a run is written or undone, as the App sends many."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_TURNS = 5
_VIEWS = {f"smartdownsample {name}" for name in ("kept", "buckets", "stands for")}


@contextmanager
def _asked_all_the_time(*asks: Callable[[], Any]) -> Iterator[list[Any]]:
    """Asks in threads of their own, again and again; yields the answers."""
    answers: list[Any] = []
    done = threading.Event()

    def ask_until_done(ask: Callable[[], Any]) -> None:
        while not done.is_set():
            answers.append(ask())

    threads = [threading.Thread(target=ask_until_done, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_forms_are_asked_for_while_runs_are_written_and_undone(dataset, operators, post) -> None:
    """FiftyOne reads the dataset anew for each request, and nothing is taken back by that."""
    operators.compute_signatures(dataset)
    undo = {"run_key": "smartdownsample", "keep_signatures": True}

    def undo_form() -> Any:
        return post("resolve-type", "delete_run", dataset, undo)

    def run_form() -> Any:
        return post("resolve-type", "downsample", dataset, {"target_count": 7})

    with _asked_all_the_time(undo_form, run_form, undo_form) as answers:
        for _ in range(_TURNS):
            messages = post("execute/generator", "downsample", dataset, {"target_count": 20})
            called = {message["body"].get("operator_uri") for message in messages}
            assert "notify" not in called, messages
            dataset.reload()
            assert dataset.list_runs() == ["smartdownsample"]
            assert set(dataset.list_saved_views()) == _VIEWS
            assert dataset.count("smartdownsample_reason") == 80
            assert not post("execute", "delete_run", dataset, undo)["error"]
            dataset.reload()
            assert (dataset.list_runs(), dataset.list_saved_views()) == ([], [])
    assert [answer["error"] for answer in answers if answer.get("error")] == []
