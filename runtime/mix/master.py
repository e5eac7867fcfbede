"""The master: glue, gain and a true-peak limiter, set so that the finished file has the loudness asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from .ahead import ahead
from .glue import Energies, Glue, usual_level
from .limiter import CHUNK, gains
from .loudness import SHORTEST, Loudness, Meter, ratio
from .presets import Target
from .scratch import Scratch
from .wav import Sound, WavWriter, on_grid

LOUDNESS_TOLERANCE = 0.1  # LU
PEAK_MARGIN = 0.1  # dB: what a peak can be above its samples at 192 kHz, and the rounding of the file
MAX_GAIN = 40.0  # dB: something this far below its target is not meant to be heard
MAX_LIMITING = 12.0  # dB: beyond it a limiter no longer sounds like the music it is given
LOUDNESS_PASSES = 4
MAX_PASSES = LOUDNESS_PASSES + 2  # the last ones only lower the ceiling
MOVED = 0.5  # LU: from here on a kept gain that misses the target is worth a warning


@dataclass(frozen=True)
class Master:
    """How a score was brought to its level, so that a later take of it can be brought there by the same.

    `gain_db` before limiting at `ceiling_db`; `usual_db` is the level that the glue works from, None without glue.
    """

    gain_db: float
    ceiling_db: float
    usual_db: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {"gain_db": self.gain_db, "ceiling_db": self.ceiling_db, "usual_db": self.usual_db}


@dataclass(frozen=True)
class Drawn:
    """What was measured of the stems' sum while they were played."""

    loudness: Loudness
    energies: Energies
    silent: bool


class Print:
    """Prints the scratch to a file, by a master, and measures what the file then holds."""

    def __init__(
        self, scratch: Scratch, drawn: Drawn, path: Path, time_reference: int | None, progress: Progress
    ) -> None:
        self.scratch, self.drawn = scratch, drawn
        self.master = Master(0.0, 0.0)
        self.glue = Glue(drawn.energies[:0], None)
        self.measured = Loudness(None, 0.0, None)
        self._path, self._time_reference, self._progress = path, time_reference, progress
        self._passes = 0

    def work_from(self, usual: float | None) -> None:
        """Sets the level that the glue works from."""
        self.glue = Glue(self.drawn.energies, usual)
        self.master = Master(self.master.gain_db, self.master.ceiling_db, usual)

    def run(self, gain_db: float, ceiling_db: float) -> Loudness:
        self.master = Master(gain_db, ceiling_db, self.master.usual_db)
        meter, length = Meter(), max(self.scratch.samples, 1)
        with WavWriter(self._path, time_reference=self._time_reference) as writer:
            for signals, gain in ahead(self.levelled()):
                block = on_grid(summed(signals) * gain)
                writer.write(block)
                meter.feed(block)
                self._progress((self._passes + writer.samples / length) / MAX_PASSES, "mixing")
        self._passes += 1
        self.measured = meter.result()
        return self.measured

    def levelled(self) -> Iterator[tuple[NDArray[np.float32], Sound]]:
        """The scratch's signals (n, signals, 2) and what to multiply each with (n, 1): glue, gain and limiter."""
        limiting = gains((summed(signals) * gain for signals, gain in self._raised()), ratio(self.master.ceiling_db))
        for (signals, gain), limited in zip(self._raised(), limiting, strict=True):
            yield signals, limited[:, None] * gain

    def _raised(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        gain = np.array([[ratio(self.master.gain_db)]], np.float32)
        for number, signals in enumerate(self.scratch.read()):
            glued = self.glue.gains(number * CHUNK, len(signals))
            yield signals, gain if glued is None else gain * glued[:, None]


def summed(signals: NDArray[np.float32]) -> Sound:
    """(n, signals, 2) -> (n, 2); of a single signal a view of it."""
    return added([signals[:, index] for index in range(signals.shape[1])])


def added(signals: Sequence[Sound]) -> Sound:
    """One after the other: the order is part of the samples. A single one is given back as it is."""
    total = signals[0]
    for index, signal in enumerate(signals[1:]):
        total = np.add(total, signal, out=total if index else None)
    return total


def level(print_: Print, target: Target) -> list[str]:
    """Finds the gain whose finished file has the target's loudness below its peak, and prints it. Answers warnings."""
    drawn, peak = print_.drawn, target.peak
    gain, warnings = _first_gain(drawn, print_.scratch.samples, target)
    aims = not warnings  # without a target to reach, only the peak matters
    if aims:
        print_.work_from(usual_level(drawn.energies))
        gain = min(gain - print_.glue.change, _most_gain(drawn, peak))
    ceiling = peak - PEAK_MARGIN
    slope = 1.0  # LU a dB: below 1 once the limiter works
    off = 0.0
    for attempt in range(MAX_PASSES):
        before, gain_before = print_.measured.integrated, print_.master.gain_db
        measured = print_.run(gain, ceiling)
        over = _over(measured, peak)
        off = target.loudness - measured.integrated if aims and measured.integrated is not None else 0.0
        if attempt and before is not None and measured.integrated is not None and abs(gain - gain_before) > 0.01:
            slope = min(max((measured.integrated - before) / (gain - gain_before), 0.2), 1.0)
        better = gain
        if abs(off) > LOUDNESS_TOLERANCE and attempt < LOUDNESS_PASSES - 1:
            better = min(gain + off / slope, _most_gain(drawn, peak))
        if not over and abs(better - gain) < 0.01:
            break
        gain = better
        ceiling -= over and over + PEAK_MARGIN / 2
    if abs(off) > LOUDNESS_TOLERANCE:
        warnings.append(
            f"the score has {target.loudness - off:.1f} LUFS instead of {target.loudness:.1f}: its peaks allow no more"
        )
    return warnings


def level_as(print_: Print, master: Master, target: Target) -> list[str]:
    """Prints by the master of an earlier take; only where a peak would be too high is the ceiling lowered."""
    print_.work_from(master.usual_db)
    ceiling = master.ceiling_db
    for _ in range(MAX_PASSES - LOUDNESS_PASSES + 1):
        measured = print_.run(master.gain_db, ceiling)
        over = _over(measured, target.peak)
        if not over:
            break
        ceiling -= over + PEAK_MARGIN / 2
    if measured.integrated is None or abs(measured.integrated - target.loudness) <= MOVED:
        return []
    return [
        f"the score has {measured.integrated:.1f} LUFS instead of {target.loudness:.1f}: what was kept of the earlier "
        "take is as loud as it was; --loudness levels it anew"
    ]


def _over(measured: Loudness, peak: float) -> float:
    return 0.0 if measured.true_peak is None else max(0.0, measured.true_peak - peak)


def _first_gain(drawn: Drawn, samples: int, target: Target) -> tuple[float, list[str]]:
    """The gain in dB to begin with; where it comes with warnings, there is no loudness to aim for."""
    if not samples:
        return 0.0, ["the timeline is empty, and so is the score"]
    if drawn.silent:
        return 0.0, ["the score is silent"]
    if samples < SHORTEST:
        return 0.0, ["the score is shorter than 0.4 s: only its peak is limited, its loudness cannot be measured"]
    integrated = drawn.loudness.integrated
    if integrated is None:
        return 0.0, ["the score is too quiet for its loudness to be measured: it is left as it is"]
    if target.loudness - integrated > MAX_GAIN:
        quiet = f"the score is very quiet ({integrated:.1f} LUFS): raised by {MAX_GAIN:.0f} dB and no more"
        return MAX_GAIN, [quiet]
    return target.loudness - integrated, []


def _most_gain(drawn: Drawn, peak: float) -> float:
    return min(MAX_GAIN, peak - (drawn.loudness.true_peak or 0.0) + MAX_LIMITING)
