"""A true-peak limiter: looks ahead, so it acts before a peak and shifts nothing; exactly 1 where nothing exceeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ..rate import SAMPLE_RATE
from .peaks import ARM, peaks
from .wav import Sound

Gain = NDArray[np.float32]  # (n,)

LOOK_AHEAD = SAMPLE_RATE * 5 // 1000
RELEASE_SECONDS = 0.12
INAUDIBLE = 1e-5  # a reduction below this (-0.0001 dB) is over: the gain is 1 again
CHUNK = SAMPLE_RATE  # everything is computed in these pieces, so blocks of any size give the same samples


def gains(blocks: Iterable[Sound], ceiling: float) -> Iterator[Gain]:
    """What to multiply the blocks with so that their true peak stays below `ceiling` (a ratio, full scale 1).

    In pieces of `CHUNK` samples, the last one shorter, together as long as the blocks.
    """
    decay = math.exp(-1 / (RELEASE_SECONDS * SAMPLE_RATE))
    window = np.hanning(LOOK_AHEAD + 3)[1:-1]
    window /= window.sum()
    held = 0.0  # the reduction at the end of the chunk before
    tail: NDArray[np.float64] | None = None  # and its last reductions, before smoothing
    for chunk, length in _with_context(blocks):
        needed = _reductions(chunk, ceiling)
        if tail is None:  # silence before the first sample, in which the gain may fall already
            needed = np.concatenate([np.zeros(LOOK_AHEAD), needed])
            tail = np.zeros(0)
        elif not held and not tail.any() and not needed.any():
            yield np.ones(length, np.float32)
            continue
        released = _release(_sliding_maximum(needed, LOOK_AHEAD + 1), held, decay)
        held, series = float(released[-1]), np.concatenate([tail, released])
        tail = series[-LOOK_AHEAD:]
        yield (1 - np.convolve(series, window, "valid")).astype(np.float32)


def limit(blocks: Iterable[Sound], ceiling: float) -> Iterator[Sound]:
    """The blocks, limited, in pieces of `CHUNK` samples."""
    waiting: list[Sound] = []

    def remember() -> Iterator[Sound]:
        for block in _rechunked(blocks):
            waiting.append(block)
            yield block

    for gain in gains(remember(), ceiling):
        yield waiting.pop(0) * gain[:, None]


# Context around a chunk: the interpolator's arms, and on the right also what is looked ahead to.
_BEFORE = ARM + 1
_AFTER = ARM + LOOK_AHEAD


def _reductions(chunk: Sound, ceiling: float) -> NDArray[np.float64]:
    """How much (1 - gain) every sample needs, for its own peak and those on both sides of it, up to the next samples.

    `chunk` is (_BEFORE + n + ARM, 2); the result (n,).
    """
    n = len(chunk) - _BEFORE - ARM
    if not len(chunk):
        return np.zeros(n)
    # The first peak is that of the sample before: its right side is the first one's left.
    both = peaks(chunk, ceiling)
    around = np.maximum(both[1:], both[:-1]).astype(np.float64)
    if around.max(initial=0.0) <= ceiling:
        return np.zeros(n)
    return np.where(around > ceiling, 1 - ceiling / np.maximum(around, ceiling), 0.0)


def _sliding_maximum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """(n,) -> (n - width + 1,): the largest of `width` values from each on, by doubling."""
    covered = 1
    while covered < width:
        step = min(covered, width - covered)
        values = np.maximum(values[:-step], values[step:])
        covered += step
    return values


def _release(needed: NDArray[np.float64], held: float, decay: float) -> NDArray[np.float64]:
    """Lets every reduction fade: y[n] = max(needed[n], decay * y[n-1]), as a running maximum of logarithms."""
    rise = -math.log(decay) * np.arange(len(needed) + 1)
    with np.errstate(divide="ignore"):
        logarithms = np.log(np.concatenate([[held], needed]))
    faded = np.exp(np.maximum.accumulate(logarithms + rise) - rise)[1:]
    return np.where(faded > INAUDIBLE, np.maximum(faded, needed), needed)


def _with_context(blocks: Iterable[Sound]) -> Iterator[tuple[Sound, int]]:
    """Chunks with _BEFORE samples before and _AFTER after them (silence beyond the ends), and their own length."""
    before = np.zeros((_BEFORE, 2), np.float32)
    chunk: Sound | None = None
    for following in chain(_rechunked(blocks), [np.zeros((0, 2), np.float32)]):
        if chunk is not None:
            after = np.zeros((_AFTER, 2), np.float32)
            after[: len(following)] = following[:_AFTER]
            whole = np.concatenate([before, chunk, after])
            yield whole, len(chunk)
            before = whole[len(chunk) : len(chunk) + _BEFORE]
        chunk = following


def _rechunked(blocks: Iterable[Sound]) -> Iterator[Sound]:
    pending: list[Sound] = []
    held = 0
    for block in blocks:
        pending.append(block)
        held += len(block)
        while held >= CHUNK:
            joined = np.concatenate(pending)
            yield joined[:CHUNK]
            pending, held = [joined[CHUNK:]], held - CHUNK
    if held:
        yield np.concatenate(pending)
