"""A piece as latents: the whole from one seed, then the storyboards that have a seed of their own.

A storyboard is made anew beside the music that the piece's own seed gives, never beside another's: so what it is
depends on its own seed alone, and all else stays bit for bit, but for a join around its edges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ...cues.sheet import CueSheet
from ...packs import providers
from ...packs.diffusion.asking import AskedOf
from ...packs.diffusion.pieces import remake
from ...packs.diffusion.prediction import Latents
from ...packs.diffusion.sample import Sampling, sample
from ...packs.diffusion.windows import Windows
from ...packs.memory import in_pieces
from ...packs.session import Graph
from ...progress import Progress, part
from .model import Model, Steps

JOIN = 1.0  # seconds over which one storyboard's music becomes another's; half of it on either side
_MIX = 0x9E3779B97F4A7C15  # of two seeds


@dataclass(frozen=True)
class Maker:
    """How the latents of a piece of `frames` are made, `sampling` being how a graph is asked where it runs. `batch` windows
    are asked for in one run where memory allows.
    """

    model: Model
    sampling: Callable[[Graph], Sampling]
    windows: Windows
    asked_of: AskedOf
    frames: int
    batch: int

    @property
    def join(self) -> int:
        """In latent frames."""
        return max(2, round(JOIN * self.model.settings.rate / 2) * 2)

    def whole(self, seed: int, progress: Progress) -> Latents:
        def work(graph: Graph, piece: int) -> Latents:
            windows = self._windows(graph, piece)
            return sample(
                Steps(graph), self.model.settings.channels, self.frames, self.asked_of, seed=seed,
                sampling=self.sampling(graph), windows=windows, progress=progress,
            )  # fmt: skip

        return in_pieces(work, self.model.sessions, self.model.step, self.batch)

    def _windows(self, graph: Graph, piece: int) -> Windows:
        """In int8 the rows of a batch would share their scales, and on a processor it is no faster than one by one."""
        alone = graph.device == providers.CPU or graph.variant.precision == "int8"
        return replace(self.windows, batch=1 if alone else piece)

    def part(self, latents: Latents, start: int, stop: int, join: int, seed: int, progress: Progress) -> Latents:
        def work(graph: Graph, piece: int) -> Latents:
            windows = self._windows(graph, piece)
            return remake(
                Steps(graph), latents, start, stop, self.asked_of, seed=seed, sampling=self.sampling(graph),
                windows=windows, join=join, progress=progress,
            )  # fmt: skip

        return in_pieces(work, self.model.sessions, self.model.step, self.batch)


def spans_of(sheet: CueSheet, rate: float, frames: int) -> list[tuple[int, int]]:
    """Each storyboard's latent frames [start, stop); one that is shorter than a frame has none."""
    begin = sheet.seconds(sheet.storyboards[0].start)

    def place(frame: int) -> int:
        return min(frames, round((sheet.seconds(frame) - begin) * rate))

    return [(place(board.start), place(board.end)) for board in sheet.storyboards]


def with_own(
    maker: Maker, latents: Latents, spans: list[tuple[int, int]], seeds: Mapping[int, int], progress: Progress
) -> Latents:
    """The piece with each of the storyboards in `seeds`, by their number, made from its own."""
    own = [number for number in sorted(seeds) if spans[number][0] < spans[number][1]]
    meetings = [(one, two) for one, two in pairwise(own) if spans[one][1] == spans[two][0]]
    total, half = len(own) + len(meetings), maker.join // 2
    made = latents.copy()
    for done, number in enumerate(own):
        start, stop = spans[number]
        share = part(progress, done / total, (done + 1) / total)
        new = maker.part(latents, start, stop, maker.join, seeds[number], share)
        follows = any(two == number for _, two in meetings)
        here = slice(start if follows else max(0, start - half), min(maker.frames, stop + half))
        made[:, here] = new[:, here]
    for done, (one, two) in enumerate(meetings, len(own)):  # where two new ones meet, neither was made for the other
        edge, share = spans[one][1], part(progress, done / total, (done + 1) / total)
        low, high = max(0, edge - half // 2), min(maker.frames, edge + half // 2)
        made = maker.part(made, low, high, half, (seeds[one] * _MIX + seeds[two]) % 2**64, share)
    return np.ascontiguousarray(made)
