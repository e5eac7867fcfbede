"""Windows of pieces as batches. What a step is given follows from the seed and the step alone, so a run can be resumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...runtime.engines.diffv2m.rows import drawn, strongest
from .conditioners import Clip
from .config import COLOUR, MEANING, Config
from .latents import Coding, Piece
from .rhythm import block_means, low_resolution

Floats = NDArray[np.float32]

WHOLE = 0.7  # of the batches have whole windows, the others shorter ones: pieces may be shorter too
_UNTOLD = 0.1  # of the windows have a stretch whose rhythm is not told
_SHORTEST = 8.0  # seconds of a window, where it has as many


class Batch(NamedTuple):
    """`latents` (batch, channels, n), normalised. `clip` is told the music's own rhythm; `onsets` and `beats`
    (batch, steps) are what the predictor looks at beside `meaning` (batch, steps, 512), where `known` (batch, steps).
    """

    latents: Tensor
    clip: Clip
    meaning: Tensor
    onsets: Tensor
    beats: Tensor
    known: Tensor

    def part(self, start: int, stop: int) -> Batch:
        clip = Clip(**{name: value[start:stop] for name, value in self.clip._asdict().items() if value is not None})
        return Batch(clip=clip, **{name: getattr(self, name)[start:stop] for name in self._fields if name != "clip"})

    def to(self, device: torch.device | str) -> Batch:
        clip = moved(self.clip, device)
        others = {name: getattr(self, name).to(device) for name in self._fields if name != "clip"}
        return Batch(clip=clip, **others)


@dataclass(frozen=True)
class Scales:
    """What a set of pieces is like: mean and spread of each latent channel and of each rhythm row's numbers, and how
    strong their usual accent is.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    rhythm_mean: tuple[float, ...]
    rhythm_spread: tuple[float, ...]
    usual: float

    @classmethod
    def of(cls, pieces: Sequence[Piece], config: Config) -> Scales:
        latents = np.concatenate([piece.latents for piece in pieces], axis=1)
        if config.rhythm == "odf":
            rows = np.zeros((1, 1), np.float32)
        else:
            rows = np.concatenate([np.asarray(getattr(piece, config.rhythm), np.float32) for piece in pieces])
        strengths = np.concatenate([piece.strengths for piece in pieces])
        plain = config.rhythm == "odf"
        return cls(
            _numbers(latents.mean(axis=1)),
            _numbers(np.maximum(latents.std(axis=1), 1e-3)),
            (0.0,) if plain else _numbers(rows.mean(axis=0)),
            (1.0,) if plain else _numbers(np.maximum(rows.std(axis=0), 1e-3)),
            round(float(np.median(strengths)), 4) if len(strengths) else 0.5,
        )


class Windows:
    """Draws batches of windows of `pieces`; each piece as often as it is long."""

    def __init__(self, pieces: Sequence[Piece], coding: Coding, config: Config, scales: Scales, seed: int) -> None:
        self.pieces, self.coding, self.config, self.scales, self.seed = pieces, coding, config, scales, seed
        lengths = np.array([piece.latents.shape[1] for piece in pieces], np.float64)
        self._shares = lengths / lengths.sum()
        self._silence = np.array(coding.silence, np.float32)[:, None]

    def batch(self, step: int, size: int) -> Batch:
        chance = np.random.Generator(np.random.PCG64([self.seed, step, 7]))
        n = self._length(chance)
        chosen = chance.choice(len(self.pieces), size=size, p=self._shares)
        windows = []
        for number in chosen:
            piece = self.pieces[number]
            room = max(piece.latents.shape[1] - n, 0)
            begin = int(chance.integers(room + 1))
            if not self.config.fixed:
                begin = self._on_a_second(begin)
            windows.append(self.window(piece, begin, n, chance))
        return stacked(windows)

    def window(self, piece: Piece, begin: int, n: int, chance: np.random.Generator | None = None) -> Batch:
        """One window of `n` latents from latent `begin` on, as a batch of one. Past the end there is silence."""
        found = piece.latents[:, begin : begin + n]
        more = n - found.shape[1]
        latents = np.concatenate([found, np.repeat(self._silence, more, axis=1)], axis=1) if more else found
        mean, spread = (np.array(each, np.float32)[:, None] for each in (self.scales.mean, self.scales.spread))
        made = self._fixed(piece, begin, n, chance) if self.config.fixed else self._compat(piece, begin)
        return made._replace(latents=torch.from_numpy((latents - mean) / spread)[None])

    def _length(self, chance: np.random.Generator) -> int:
        whole = self.config.window
        if not self.config.fixed or chance.random() < WHOLE:
            return whole
        least = min(whole, max(whole // 2, round(_SHORTEST * self.coding.rate)))
        return int(chance.integers(least // 2, whole // 2 + 1)) * 2

    def _on_a_second(self, begin: int) -> int:
        """The released model's rows are whole seconds: windows begin with one."""
        return round(int(begin / self.coding.rate) * self.coding.rate)

    def _fixed(self, piece: Piece, begin: int, n: int, chance: np.random.Generator | None) -> Batch:
        rate = self.coding.rate
        start = begin / rate
        first, count = math.floor(start), math.ceil(n / rate) + 1
        meaning, colour, seen = seconds_of(piece, first, count)
        rhythm = self._rows(piece, begin, n)
        told = np.ones(n, np.bool_)
        if chance is not None and chance.random() < _UNTOLD:
            edges = np.sort(chance.integers(0, n + 1, 2))
            told[edges[0] : edges[1]] = False
        middles = (first + 0.5 - start + np.arange(count)).astype(np.float32)
        ends = np.array(start, np.float32), np.array(piece.seconds, np.float32)
        clip = Clip(*_tensors(meaning, colour, middles, seen, rhythm, told, *ends))
        at = np.floor(start + (np.arange(n) + 0.5) / rate).astype(np.int64) - first
        onsets = strongest(piece.cuts - start, np.ones(len(piece.cuts), np.float32), n, rate)
        beats = strongest(piece.moves[:, 0] - start, piece.moves[:, 1], n, rate)
        return Batch(torch.zeros(0), clip, *_tensors(meaning[at], onsets.astype(np.int64), beats, seen[at]))

    def _rows(self, piece: Piece, begin: int, n: int) -> Floats:
        """(n, rhythm width), a row a latent."""
        if self.config.rhythm == "odf":
            rate = self.coding.rate
            return drawn(piece.times - begin / rate, piece.strengths, n, rate)[:, None]
        low = np.repeat(self._scaled(piece), 2, axis=0)
        rows = low[begin : begin + n]
        return np.pad(rows, ((0, n - len(rows)), (0, 0)), mode="edge" if len(rows) else "constant")

    def _scaled(self, piece: Piece) -> Floats:
        values = np.asarray(getattr(piece, self.config.rhythm), np.float32)
        mean, spread = (np.array(each, np.float32) for each in (self.scales.rhythm_mean, self.scales.rhythm_spread))
        return np.asarray((values - mean) / spread, np.float32)

    def _compat(self, piece: Piece, begin: int) -> Batch:
        rows, start = self.config.seconds, round(begin / self.coding.rate)
        meaning, colour, seen = seconds_of(piece, start, rows)
        left = min(math.ceil(piece.seconds - start), rows + 1)
        if self.config.rhythm == "odf":
            here = (piece.times >= start - 0.5) & (piece.times < start + left - 0.5)
            values = strongest(piece.times[here] - start + 0.5, piece.strengths[here], left, 1.0)
        else:
            low = np.asarray(getattr(piece, self.config.rhythm), np.float32)
            half = self.coding.rate / 2
            some = low[round(start * half) : round((start + min(left, rows)) * half)]
            values = block_means(some, min(left, rows)) if len(some) else np.zeros((1, low.shape[1]), np.float32)
        rhythm, told = low_resolution(values, rows, released=True)
        onsets = strongest(piece.cuts - start + 0.5, np.ones(len(piece.cuts), np.float32), rows, 1.0)
        beats = strongest(piece.moves[:, 0] - start + 0.5, piece.moves[:, 1], rows, 1.0)
        middles = np.arange(rows, dtype=np.float32)
        ends = np.array(0, np.float32), np.array(min(float(rows), piece.seconds - start), np.float32)
        clip = Clip(*_tensors(meaning, colour, middles, seen, rhythm, told, *ends))
        return Batch(torch.zeros(0), clip, *_tensors(meaning, onsets.astype(np.int64), beats, seen))


def seconds_of(piece: Piece, first: int, count: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Meaning (count, 512), colour (count, 3072) and whether anything was seen, of the seconds from `first` on."""
    meaning, colour = np.zeros((count, MEANING), np.float32), np.zeros((count, COLOUR), np.float32)
    some = slice(first, min(first + count, len(piece.meaning)))
    here = max(some.stop - some.start, 0)
    if here:
        meaning[:here] = piece.meaning[some]
        colour[:here] = piece.colour[some].astype(np.float32) / COLOUR
    return meaning, colour, np.asarray(np.abs(meaning).max(axis=1) > 0)


def moved(clip: Clip, device: torch.device | str) -> Clip:
    return Clip(**{name: value.to(device) for name, value in clip._asdict().items() if value is not None})


def stacked(batches: Sequence[Batch]) -> Batch:
    names = [name for name in Clip._fields if getattr(batches[0].clip, name) is not None]
    clip = Clip(**{name: torch.cat([getattr(b.clip, name) for b in batches]) for name in names})
    others = {name: torch.cat([getattr(b, name) for b in batches]) for name in Batch._fields if name != "clip"}
    return Batch(clip=clip, **others)


def _tensors(*arrays: NDArray[np.generic]) -> list[Tensor]:
    return [torch.from_numpy(np.array(array))[None] for array in arrays]


def _numbers(values: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
