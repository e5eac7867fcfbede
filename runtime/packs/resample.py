"""Sound at one rate as sound at another, in blocks: a windowed sinc for each place between two samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Sound = NDArray[np.float32]  # (samples, channels)

REACH = 32  # samples of the lower rate that are heard on either side
SHAPE = 9.0  # of the Kaiser window: what is above half the lower rate goes down by 90 dB
PASSED = 0.92  # of half the lower rate: there the filter begins to close
_AT_ONCE = 8192  # samples made in one go


def resampled(blocks: Iterable[Sound], rate: int, to: int) -> Iterator[Sound]:
    """The same sound at another rate, as many seconds long to the sample, without delay. Blocks may have any length."""
    if rate == to:
        yield from blocks
        return
    up, down = to // gcd(rate, to), rate // gcd(rate, to)
    filters = _filters(up, down)
    taps = filters.shape[1]
    before = taps // 2 - 1
    held: Sound | None = None  # from sample `first` of the source on, silence before its beginning
    first, made, heard = -before, 0, 0
    for block in _and_end(blocks, taps):
        if block is not None:
            held = np.concatenate([np.zeros((before, block.shape[1]), np.float32) if held is None else held, block])
            heard += len(block)
            wanted = max(made, ((first + len(held) - taps + before + 1) * up - 1) // down + 1)
        elif held is not None:  # after the last sample there is silence
            held = np.concatenate([held, np.zeros((taps, held.shape[1]), np.float32)])
            wanted = -(-heard * up // down)
        else:
            return
        while made < wanted:
            stop = min(made + _AT_ONCE, wanted)
            at = np.arange(made, stop) * down
            places = at // up - before - first
            pieces = sliding_window_view(held[places[0] : places[-1] + taps], taps, axis=0)[places - places[0]]
            yield np.matmul(pieces, filters[at % up][:, :, None])[:, :, 0]
            made = stop
        keep = made * down // up - before - first
        held, first = held[keep:], first + keep


def _and_end(blocks: Iterable[Sound], taps: int) -> Iterator[Sound | None]:
    """The blocks, none too short to be worth the work, then None."""
    waiting: list[Sound] = []
    for block in blocks:
        waiting.append(np.asarray(block, np.float32))
        if sum(map(len, waiting)) >= 4 * taps:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)
    yield None


def _filters(up: int, down: int) -> NDArray[np.float32]:
    """(up, taps): for each place between two samples what each sample around it counts."""
    wider = max(1.0, down / up)  # going down the filter must close earlier, and so is longer
    half = int(np.ceil(REACH * wider))
    at = np.arange(-half + 1, half + 1)[None] - np.arange(up)[:, None] / up
    close = (1 + PASSED) / 2 / wider
    window = np.i0(SHAPE * np.sqrt(np.clip(1 - (at / half) ** 2, 0, 1))) / np.i0(SHAPE)
    filters = close * np.sinc(close * at) * window
    return np.asarray(filters / filters.sum(axis=1, keepdims=True), np.float32)
