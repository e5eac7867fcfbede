"""Beats: laid evenly from a storyboard's start, and how the hits meet them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..rate import Rate
from .sheet import Hit, Storyboard, outcome

# A last beat closer to the end than this part of a beat would stumble into the next storyboard's first.
STUMBLE = 0.125


def lay(start: float, end: float, tempo: float) -> tuple[float, ...]:
    """Even beats in seconds, the first on `start`, rounded to microseconds as the JSON has them; one at least."""
    beat = 60.0 / tempo
    count = max(1, int((end - start) / beat - STUMBLE) + 1)
    return tuple(np.round(start + np.arange(count) * beat, 6).tolist())


def laid(storyboard: Storyboard, rate: Rate) -> tuple[float, ...]:
    """The storyboard's beats, or even ones where it lists none."""
    if storyboard.beats:
        return storyboard.beats
    return lay(float(rate.seconds(storyboard.start)), float(rate.seconds(storyboard.end)), storyboard.tempo)


def meet(hits: Sequence[Hit], storyboards: Iterable[Storyboard], rate: Rate) -> tuple[Hit, ...]:
    """The hits with `at` on the nearest beat of any storyboard, and the outcome that follows."""
    beats = np.array([beat for board in storyboards for beat in board.beats])
    if not hits or not beats.size:
        return tuple(replace(hit, at=None, outcome="missed") for hit in hits)
    asked = np.array([float(rate.seconds(hit.frame)) for hit in hits])
    after = np.clip(np.searchsorted(beats, asked), 0, beats.size - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(asked - beats[before] <= np.abs(beats[after] - asked), before, after)
    met = beats[nearest].tolist()
    return tuple(
        replace(hit, at=at, outcome=outcome(wish, at, rate))
        for hit, wish, at in zip(hits, asked.tolist(), met, strict=True)
    )
