"""What is asked of each window, gathered into batches and remembered while there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .guidance import Asked, Guidance, Question
from .windows import Laid

# The places [start, stop) of the piece, which may pass its end -> what is asked there.
AskedOf = Callable[[int, int], Asked]

ROOM = 512 * 2**20  # bytes of conditions that are remembered; those of further windows are made at each step anew


@dataclass(frozen=True)
class Batch:
    """Windows, by their number, that the model sees in one run."""

    windows: range
    question: Question


class Asking:
    """The batches of a piece that begins at the place `start`, from the first window to the last, at each step."""

    def __init__(self, asked_of: AskedOf, guidance: Guidance, laid: Laid, start: int, batch: int) -> None:
        self._asked_of, self._guidance, self._laid, self._start = asked_of, guidance, laid, start
        self._spans = [
            range(first, min(first + batch, len(laid.starts))) for first in range(0, len(laid.starts), batch)
        ]
        self._known: dict[int, list[Batch]] = {}
        self._room = ROOM

    def __len__(self) -> int:
        return len(self._spans)

    def __iter__(self) -> Iterator[list[Batch]]:
        """One batch each time, or as many as there are windows where these are asked things of different shapes."""
        for number, span in enumerate(self._spans):
            if number in self._known:
                yield self._known[number]
                continue
            asked = [self._ask(window) for window in span]
            parts = [range(n, n + 1) for n in range(len(asked))]
            if len({_shapes(each) for each in asked}) == 1:
                parts = [range(len(asked))]
            batches = [
                Batch(
                    range(span.start + part.start, span.start + part.stop),
                    self._guidance.question(asked[part.start : part.stop]),
                )
                for part in parts
            ]
            size = sum(each.size for each in asked)
            if size <= self._room:
                self._room -= size
                self._known[number] = batches
            yield batches

    def _ask(self, window: int) -> Asked:
        start = self._start + self._laid.starts[window]
        return self._asked_of(start, start + self._laid.size)


def _shapes(asked: Asked) -> tuple[object, ...]:
    return tuple(
        None if each is None else tuple(sorted((name, array.shape) for name, array in each.items()))
        for each in (asked.given, asked.null)
    )
