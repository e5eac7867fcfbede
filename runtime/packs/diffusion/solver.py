"""From one point of the schedule to the next, by what the model says of the clean latents.

All of them follow the same line: x' = (sigma' / sigma) x + (alpha' - alpha sigma' / sigma) guess, exact where the clean
latents stay at `guess` all the way.

- ddim: the guess is what the model says now. First order.
- dpm++: the guess goes on as it changed since the last step (DPM-Solver++ 2M, Lu et al. 2022). Second order.
- unipc: the same, and the last step is walked again by what the model says at its end, which costs no further
  question (the idea of UniPC, Zhao et al. 2023, with weights that are exact where the change is even in level).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .prediction import Latents
from .schedule import Point

Method = Literal["ddim", "dpm++", "unipc"]
Places = NDArray[np.bool_]


@dataclass(frozen=True)
class _Step:
    """The step before: where it began, what the model said there, and how far the guess went beyond that."""

    begin: Point
    clean: Latents
    beyond: Latents | None


class Solver:
    """Keeps what the step before said: one for each run."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self._before: _Step | None = None

    def forget(self) -> None:
        """The next step starts anew."""
        self._before = None

    def advance(self, x: Latents, clean: Latents, here: Point, there: Point, fresh: Places | None = None) -> Latents:
        """x at the point `there`. At `fresh` places the step before says nothing. Shapes (channels, places)."""
        before = self._before
        beyond = None
        if before is not None and self.method != "ddim" and before.begin.level > -math.inf:
            change = clean - before.clean
            if fresh is not None:
                change[:, fresh] = 0
            if self.method == "unipc":
                x = x + _correction(before, change, here, fresh)
            beyond = np.float32(self._reach(before.begin, here, there)) * change
        self._before = _Step(here, clean, beyond)
        guess = clean if beyond is None else clean + beyond
        kept = there.sigma / here.sigma
        return np.float32(kept) * x + np.float32(there.alpha - here.alpha * kept) * guess

    def _reach(self, before: Point, here: Point, there: Point) -> float:
        """How much of the last change is added to the guess."""
        last, coming = here.level - before.level, there.level - here.level
        if self.method == "dpm++":
            return coming / (2 * last)
        return _centre(coming) * coming / last


def _correction(before: _Step, change: Latents, here: Point, fresh: Places | None) -> Latents:
    """What the end of the last step adds to it, had its clean latents moved evenly in level by `change`."""
    length = here.level - before.begin.level
    moved = np.float32(_centre(length)) * change
    if before.beyond is not None:
        moved -= before.beyond
        if fresh is not None:
            moved[:, fresh] = 0
    return np.float32(-here.alpha * math.expm1(-length)) * moved


def _centre(length: float) -> float:
    """Where, from 0 to 1, the average of a step of this length in level lies: later moments weigh more."""
    return -1 / math.expm1(-length) - 1 / length
