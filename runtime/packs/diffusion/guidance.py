"""Asks the model, with and without conditions: v = v_without + scale * (v_with - v_without)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import EngineError
from .beside import both
from .prediction import Latents

# The first axis of each array is the batch.
Conditions = Mapping[str, NDArray[Any]]
# (batch, channels, places), the time, conditions -> what the model predicts, in the shape of the first.
Model = Callable[[Latents, float, Conditions], Latents]


@dataclass(frozen=True)
class Asked:
    """What is asked of a stretch: `given`, and `null`, which asks for nothing. Without null there is no guidance."""

    given: Conditions
    null: Conditions | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(array.nbytes for each in (self.given, self.null or {}) for array in each.values())


@dataclass(frozen=True)
class Guidance:
    """`together` asks for both answers in one batch: good on a GPU, wrong in int8, where rows of a batch share scales.

    Else there are two runs, one after the other or, with `beside`, at once: the model is then called from two threads.
    """

    scale: float = 3.0
    together: bool = True
    beside: bool = False

    def question(self, asked: list[Asked]) -> Question:
        """For as many rows as `asked` has. Put the same question at every step: a session may know it again."""
        given = stacked([each.given for each in asked])
        without = [each.null for each in asked if each.null is not None]
        if not without or self.scale == 1:
            return Question((given,))
        null = stacked(without)
        if self.together:
            return Question((stacked([given, null]),), self.scale)
        return Question((given, null), self.scale, self.beside)


@dataclass(frozen=True)
class Question:
    """The conditions of each run of the model that an answer takes; a scale where the answer is guided."""

    runs: tuple[Conditions, ...]
    scale: float | None = None
    beside: bool = False

    def put(self, model: Model, x: Latents, time: float) -> Latents:
        """x of shape (batch, channels, places)."""
        if self.scale is None:
            return _ask(model, x, time, self.runs[0])
        if len(self.runs) == 1:
            given, null = np.split(_ask(model, np.concatenate([x, x]), time, self.runs[0]), 2)
        else:
            asks = [partial(_ask, model, x, time, conditions) for conditions in self.runs]
            given, null = both(*asks) if self.beside else (ask() for ask in asks)
        return null + np.float32(self.scale) * (given - null)


def stacked(parts: list[Conditions]) -> Conditions:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _ask(model: Model, x: Latents, time: float, conditions: Conditions) -> Latents:
    answer = np.asarray(model(x, time, conditions), np.float32)
    if answer.shape != x.shape:
        raise EngineError(f"the model answered in the shape {answer.shape} where it was asked for {x.shape}")
    return answer
