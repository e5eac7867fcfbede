"""A piece window by window, each going on from the last; and one stretch of a piece made anew."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...progress import Progress, part, silent
from .asking import AskedOf
from .guidance import Model
from .keeping import Keep, openness
from .prediction import Latents
from .sample import Sampling, sample
from .windows import Windows


def onward(
    model: Model,
    channels: int,
    length: int,
    asked_of: AskedOf,
    *,
    seed: int,
    sampling: Sampling | None = None,
    windows: Windows | None = None,
    join: int = 32,
    repeats: int = 0,
    progress: Progress = silent,
) -> Iterator[Latents]:
    """(channels, some places) after another, together `length` places. Memory does not grow with the length.

    Each window keeps what it shares with the one before; the last `join` of those places may still change in detail.
    """
    windows = windows or Windows()
    join = min(join, windows.overlap)
    laid = windows.lay(length)
    starts, size = laid.starts, laid.size
    before = np.zeros((channels, 0), np.float32)
    done = 0
    for n, start in enumerate(starts):
        stop = min(start + size, length)
        keep = None
        if n:
            shared = starts[n - 1] + before.shape[1] - start
            given = np.zeros((channels, stop - start), np.float32)
            given[:, :shared] = before[:, before.shape[1] - shared :]
            keep = Keep(given, _slope(stop - start, shared, join), repeats)
        before = sample(
            model, channels, stop - start, asked_of, seed=seed, sampling=sampling, windows=windows, start=start, keep=keep,
            progress=part(progress, n / len(starts), (n + 1) / len(starts)), words=f"window {n + 1} of {len(starts)}",
        )  # fmt: skip
        final = stop - join if n + 1 < len(starts) else length
        yield before[:, done - start : final - start]
        done = final


def _slope(places: int, shared: int, join: int) -> NDArray[np.float64]:
    """Openness that rises over the last `join` of the `shared` places."""
    at = np.arange(places) + 0.5
    return np.clip((at - shared) / join + 1, 0, 1) if join else (at > shared).astype(np.float64)


def remake(
    model: Model,
    latents: Latents,
    start: int,
    stop: int,
    asked_of: AskedOf,
    *,
    seed: int,
    sampling: Sampling | None = None,
    windows: Windows | None = None,
    join: int = 32,
    context: int | None = None,
    repeats: int = 0,
    jump: int = 5,
    progress: Progress = silent,
) -> Latents:
    """A copy of `latents` (channels, places) in which [start, stop) is new.

    A slope of `join` places lies over either edge; all other places are bit for bit as they were. The model sees at
    least `context` places on either side, and a whole window where the piece has one.
    """
    windows = windows or Windows()
    places = latents.shape[1]
    if not 0 <= start < stop <= places:
        raise UsageError(f"there are no places from {start} to {stop} in a piece of {places}")
    beside = max(windows.overlap if context is None else context, join, (windows.length - (stop - start) + 1) // 2)
    first, last = max(0, start - beside), min(places, stop + beside)
    first, last = max(0, min(first, last - windows.length)), min(places, max(last, first + windows.length))
    keep = Keep(latents[:, first:last], openness(places, start, stop, join)[first:last], repeats, jump)
    result = latents.copy()
    result[:, first:last] = sample(
        model, len(latents), last - first, asked_of, seed=seed, sampling=sampling, windows=windows,
        start=first, keep=keep, progress=progress,
    )  # fmt: skip
    return result
