"""Latents that are given, and stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from .prediction import Latents
from .solver import Places


@dataclass(frozen=True)
class Keep:
    """`openness` (places,) from 0, which stays bit for bit as in `latents` (channels, places), to 1, which is new.

    A place in between stays for the first part of the steps and is free for the rest, so that it is the same music in
    other detail (Differential Diffusion, Levin and Fried 2023). With `repeats`, every `jump` steps are walked back with
    new noise and walked again, so that what is new agrees better with what stays (RePaint, Lugmayr et al. 2022); each
    repeat costs as much as the whole run.
    """

    latents: Latents
    openness: NDArray[np.float64]
    repeats: int = 0
    jump: int = 5

    def __post_init__(self) -> None:
        if self.openness.shape != self.latents.shape[1:] or self.repeats < 0 or self.jump < 1:
            raise UsageError("what is kept and how far it is open do not fit together")

    def releases(self, steps: int) -> NDArray[np.int64]:
        """The step from which each place is free; `steps` where it never is."""
        return np.round((1 - np.clip(self.openness, 0, 1)) * steps).astype(np.int64)


@dataclass(frozen=True)
class Held:
    """A Keep within one run: `latents` (channels, places) and the step at which each place is `released`."""

    latents: Latents
    released: NDArray[np.int64]

    @classmethod
    def of(cls, keep: Keep, steps: int, places: int) -> Held:
        """Places that pass the end of what is kept are free."""
        more = places - keep.latents.shape[1]
        return cls(np.pad(keep.latents, ((0, 0), (0, more))), np.pad(keep.releases(steps), (0, more)))

    def at(self, step: int) -> Places:
        return self.released > step


def openness(places: int, start: int, stop: int, join: int) -> NDArray[np.float64]:
    """(places,) 1 within [start, stop) and 0 outside, with a slope of `join` places over either edge.

    At the ends of the piece there is no slope.
    """
    at = np.arange(places) + 0.5
    rise = np.clip((at - start) / join + 0.5, 0, 1) if join else (at > start).astype(np.float64)
    fall = np.clip((stop - at) / join + 0.5, 0, 1) if join else (at < stop).astype(np.float64)
    return (rise if start > 0 else np.ones(places)) * (fall if stop < places else np.ones(places))


def walk(steps: int, repeats: int, jump: int) -> Iterator[tuple[int, int | None]]:
    """Each step with the step to walk back to after it, or None."""
    for first in range(0, steps, jump):
        last = min(first + jump, steps) - 1
        again = repeats if last < steps - 1 else 0  # after the last step there is no noise to walk back from
        for turn in range(again + 1):
            for step in range(first, last + 1):
                yield step, first if step == last and turn < again else None
