"""Draws what is to come while what is there is being worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

DEPTH = 2  # things that may wait


def ahead(things: Iterator[T]) -> Iterator[T]:
    """The same things in the same order, drawn on a thread of their own. What drawing raises is raised here."""
    waiting: queue.Queue[tuple[T, ...] | BaseException] = queue.Queue(DEPTH)
    ended = threading.Event()

    def give(given: tuple[T, ...] | BaseException) -> None:
        while not ended.is_set():
            with suppress(queue.Full):
                waiting.put(given, timeout=0.1)
                break

    def draw() -> None:
        try:
            for thing in things:
                give((thing,))
                if ended.is_set():
                    return
            give(())
        except BaseException as error:  # whatever it is belongs to who waits for the thing
            give(error)

    thread = threading.Thread(target=draw, name="drawing ahead", daemon=True)
    thread.start()
    try:
        while True:
            given = waiting.get()
            if isinstance(given, BaseException):
                raise given
            if not given:
                return
            yield given[0]
    finally:
        ended.set()
        thread.join()
