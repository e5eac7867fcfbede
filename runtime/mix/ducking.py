"""Room for dialogue: a gain that falls before somebody speaks and comes back after, and is exactly 1 elsewhere."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..rate import SAMPLE_RATE, Rate

# Listeners want speech at least 10 LU above music under it (Torcoli et al., JAES 67(12), 2019). So much is taken
# where the voice is as loud as the score.
DEPTH = 10.0  # dB
DEEPEST = 40.0
ATTACK = SAMPLE_RATE * 250 // 1000  # ends where speech begins: the music makes room before, not after the first word
RELEASE = SAMPLE_RATE * 600 // 1000
SURE = 0.7  # speech as sure as this gets the whole depth, less sure speech as much less


class Spoken(Protocol):
    """Speech in the frames [start, end), `confidence` from 0 to 1."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def confidence(self) -> float: ...


@dataclass(frozen=True)
class Dip:
    """The gain falls from sample `fall` to `low`, stays `depth` dB down to `rise`, and is 1 again from `back` on.

    `start` and `end` are the frames of the speech that it is for; a dip bridges pauses too short to come back in.
    """

    start: int
    end: int
    fall: int
    low: int
    rise: int
    back: int
    depth: float

    def to_json(self) -> dict[str, Any]:
        moments = {word: round(getattr(self, word) / SAMPLE_RATE, 6) for word in ("fall", "low", "rise", "back")}
        return {"start": self.start, "end": self.end, **moments, "gain_db": -round(self.depth, 3)}


@dataclass(frozen=True)
class Ducking:
    """Dips in order, none over another."""

    depth: float = DEPTH
    dips: tuple[Dip, ...] = ()

    def gains(self, start: int, length: int) -> NDArray[np.float32] | None:
        """(length, 1) for the samples from `start` on; None where all of them are 1."""
        first = bisect_left(self.dips, start, key=lambda dip: dip.back)
        near = []
        for dip in self.dips[first:]:
            if dip.fall >= start + length:
                break
            near.append(dip)
        if not near:
            return None
        at = np.arange(start, start + length)
        down = np.zeros(length)
        for dip in near:
            into = np.clip((at - dip.fall) / (dip.low - dip.fall), 0, 1)
            out = np.clip((dip.back - at) / (dip.back - dip.rise), 0, 1)
            down += dip.depth * np.sin(np.pi / 2 * np.minimum(into, out)) ** 2
        gain: NDArray[np.float32] = (10 ** (-down / 20)).astype(np.float32)[:, None]
        return gain

    def to_json(self) -> dict[str, Any]:
        """`stretches`: seconds of the four corners, raised-cosine ramps in dB between them."""
        return {"depth_db": self.depth, "stretches": [dip.to_json() for dip in self.dips]}


def ducking(spoken: Iterable[Spoken], rate: Rate, depth: float = DEPTH) -> Ducking:
    """The dips for stretches of speech, at most `depth` dB deep."""
    dips: list[Dip] = []
    for said in sorted(spoken, key=lambda said: (said.start, said.end)):
        low, rise = rate.samples(said.start), rate.samples(said.end)
        part = depth * min(said.confidence / SURE, 1.0)
        if part <= 0:
            continue
        dip = Dip(said.start, said.end, low - ATTACK, low, rise, rise + RELEASE, part)
        if dips and dip.fall <= dips[-1].back:
            before = dips.pop()
            dip = Dip(
                before.start,
                max(before.end, said.end),
                before.fall,
                before.low,
                max(before.rise, dip.rise),
                max(before.back, dip.back),
                max(before.depth, part),
            )
        dips.append(dip)
    return Ducking(depth, tuple(dips))
