"""What the model is told of each window: the picture, second by second, and a rhythm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import EngineError
from ...packs.diffusion.windows import Windows
from ...packs.pack import Tensor
from .rhythm import Planned, silent_around, within
from .rows import drawn, strongest
from .settings import Rhythm, Settings
from .sight import Sight

Array = NDArray[np.float32]
Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]
Ask = Callable[[Mapping[str, NDArray[Any]]], Array]  # the predictor: its inputs -> (batch, steps, rows)


class Conditions(Protocol):
    """What a piece is asked for, window by window."""

    def of(self, start: int, stop: int) -> Arrays:
        """All that can be said of the latent frames [start, stop) of the piece, as a batch of one."""
        ...


@dataclass(frozen=True)
class Asked:
    """A piece of `seconds`, `frames` latent frames long, and what it is to be made from."""

    settings: Settings
    planned: Planned
    sight: Sight
    rhythm: Rhythm
    seconds: float
    frames: int


def conditions(asked: Asked, windows: Windows, predict: Ask | None) -> Conditions:
    if asked.settings.policy == "compat":
        return _Compat(asked, round(windows.length / asked.settings.rate), predict)
    return _Fixed(asked, windows, predict)


class _Fixed:
    """The mended model: rows of rhythm go with the latents, and each second says when it is."""

    def __init__(self, asked: Asked, windows: Windows, predict: Ask | None) -> None:
        self._asked = asked
        settings, plan = asked.settings, asked.planned
        at: Floats = (np.arange(asked.frames, dtype=np.float64) + 0.5) / settings.rate
        wished = asked.rhythm
        self._rows = np.zeros((asked.frames, settings.rows), np.float32)
        self._told = np.zeros(asked.frames, np.bool_)
        if predict is not None and wished != "plan":
            self._rows, self._told = self._predicted(windows, predict)
        if settings.drawn and wished != "predicted":
            quiet = silent_around(plan.times, at)
            curve = drawn(plan.times, plan.strengths, asked.frames, settings.rate)
            self._rows[:, 0] = np.maximum(curve, self._rows[:, 0] * quiet)
            self._told[:] = True
        if settings.drawn:
            still = within(plan.silences, at)
            self._rows[still] = 0
            self._told |= still

    def of(self, start: int, stop: int) -> Arrays:
        asked, rate, sight = self._asked, self._asked.settings.rate, self._asked.sight
        begin = start / rate
        first, count = math.floor(sight.begin + begin), math.ceil((stop - start) / rate) + 1
        meaning, colour, seen = sight.rows(first, count)
        rows = np.zeros((stop - start, self._rows.shape[1]), np.float32)
        told = np.ones(stop - start, np.bool_)  # past the end there is nothing
        rows[: asked.frames - start], told[: asked.frames - start] = self._rows[start:stop], self._told[start:stop]
        return _batch(
            meaning=meaning,
            colour=colour,
            times=(first + np.arange(count) + 0.5 - sight.begin - begin).astype(np.float32),
            seen=seen,
            rhythm=rows,
            told=told,
            start=np.float32(begin),
            total=np.float32(asked.seconds),
        )

    def _predicted(self, windows: Windows, predict: Ask) -> tuple[Array, NDArray[np.bool_]]:
        """(frames, rows): what rhythm music to this picture might have, and where the picture says one."""
        asked, rate, sight = self._asked, self._asked.settings.rate, self._asked.sight
        laid = windows.lay(asked.frames)
        found = np.zeros((laid.places, asked.settings.rows), np.float32)
        known = np.zeros(laid.places, np.bool_)
        for start, weights in zip(laid.starts, laid.weights(), strict=True):
            begin, here = start / rate, slice(start, start + laid.size)
            first = math.floor(sight.begin + begin)
            at = np.floor(sight.begin + (start + np.arange(laid.size) + 0.5) / rate).astype(np.int64) - first
            meaning, _, seen = sight.rows(first, int(at[-1]) + 1)
            inputs = _batch(meaning=meaning[at], known=seen[at], **_moves(sight, begin, laid.size, rate))
            found[here] += weights[:, None] * predict(inputs)[0]
            known[here] = seen[at]
        return found[: asked.frames], known[: asked.frames]


class _Compat:
    """The released model: a row a second, `rows` to a window, each around its whole second."""

    def __init__(self, asked: Asked, rows: int, predict: Ask | None) -> None:
        self._asked, self._count, self._predict = asked, max(1, rows), predict

    def of(self, start: int, stop: int) -> Arrays:
        del stop  # a window is always as long as the model is
        asked, sight = self._asked, self._asked.sight
        begin = start / asked.settings.rate
        meaning, _, seen = sight.rows(round(sight.begin + begin), self._count)
        left = min(float(self._count), asked.seconds - begin)
        rows, told = self._rhythm(begin, left, meaning, seen)
        return _batch(meaning=meaning, seen=seen, rhythm=rows, told=told, start=np.float32(0), total=np.float32(left))

    def _rhythm(
        self, begin: float, left: float, meaning: Array, seen: NDArray[np.bool_]
    ) -> tuple[Array, NDArray[np.bool_]]:
        asked, sight, plan = self._asked, self._asked.sight, self._asked.planned
        count = self._count
        told = np.arange(count) < math.ceil(left)
        times = plan.times - begin + 0.5
        here = plan.times < begin + left
        rows = np.zeros((count, asked.settings.rows), np.float32)
        if self._predict is not None and asked.rhythm != "plan":
            rows = self._predict(_batch(meaning=meaning, known=seen, **_moves(sight, begin - 0.5, count, 1.0)))[0]
        if asked.settings.drawn and asked.rhythm != "predicted":
            curve = _standard(strongest(times[here], plan.strengths[here], count, 1.0) * told)
            hits = strongest(times[here & plan.hits], np.ones(int((here & plan.hits).sum()), np.float32), count, 1.0)
            blended = self._predict is not None and asked.rhythm == "both"
            rows[:, 0] = np.where((hits > 0) | (not blended), curve, rows[:, 0])
        if asked.rhythm == "predicted":
            told &= seen
        return rows, told


def checked(inputs: Mapping[str, Tensor], known: Arrays, where: str) -> None:
    """Raises EngineError where a graph wants to be told what nobody knows."""
    if lacking := sorted(inputs.keys() - known.keys()):
        raise EngineError(f"{where} wants to be told '{lacking[0]}', which this version does not know")


def fed(inputs: Mapping[str, Tensor], known: Arrays) -> Arrays:
    """What a graph takes of all that can be said, in its own types."""
    return {name: np.ascontiguousarray(known[name], np.dtype(tensor.dtype)) for name, tensor in inputs.items()}


def _moves(sight: Sight, begin: float, steps: int, rate: float) -> Arrays:
    """Where the picture is cut, and where it moves, step by step."""
    cuts = strongest(sight.cuts - begin, np.ones(len(sight.cuts), np.float32), steps, rate)
    return {
        "onsets": (cuts > 0).astype(np.int64),
        "beats": strongest(sight.beats - begin, sight.strengths, steps, rate),
    }


def _standard(row: Array) -> Array:
    """Of mean 0 and spread 1 with its padding, as released."""
    return np.asarray((row - row.mean()) / (row.std(ddof=1) + 1e-6), np.float32)


def _batch(**arrays: Any) -> Arrays:
    return {name: np.asarray(value)[None] for name, value in arrays.items()}
