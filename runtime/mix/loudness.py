"""Loudness after EBU R128, measured by FFmpeg's ebur128, and peaks: in memory that does not grow with the sound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

from ..rate import SAMPLE_RATE
from .peaks import TruePeak
from .wav import Sound

SHORTEST = SAMPLE_RATE * 4 // 10  # BS.1770: one gating block of 0.4 s
GATED_OUT = -70.0  # LUFS, BS.1770's absolute gate; ebur128 answers it where nothing passed


@dataclass(frozen=True)
class Loudness:
    """`integrated` in LUFS, None where there is too little to measure; `range` in LU.

    `true_peak` in dBTP, at four times the rate; None for silence.
    """

    integrated: float | None
    range: float
    true_peak: float | None


class Meter:
    """Takes blocks (n, 2) of any size; `result` ends the measurement. `peaks` False measures those of the samples."""

    def __init__(self, peaks: bool = True) -> None:
        self.samples = 0
        self._loudness = _Filter("metadata=1")
        self._peak = TruePeak() if peaks else None
        self._largest = 0.0

    def feed(self, block: Sound) -> None:
        if len(block):
            self.samples += len(block)
            self._loudness.feed(block)
            if self._peak:
                self._peak.feed(block)
            else:
                self._largest = max(self._largest, float(block.max()), -float(block.min()))

    def result(self) -> Loudness:
        last, peak = self._loudness.finish(), self._peak.result() if self._peak else self._largest
        integrated = last.get("lavfi.r128.I", GATED_OUT)
        measured = self.samples >= SHORTEST and integrated > GATED_OUT
        return Loudness(
            integrated=integrated if measured else None,
            range=last.get("lavfi.r128.LRA", 0.0) if measured else 0.0,
            true_peak=decibels(peak) if peak > 0 else None,
        )


def decibels(ratio: float) -> float:
    return 20 * math.log10(ratio)


def ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))


class _Filter:
    """One ebur128, and the last values that it wrote onto its frames."""

    def __init__(self, options: str) -> None:
        self._graph = Graph()
        self._in = self._graph.add_abuffer(
            sample_rate=SAMPLE_RATE, layout="stereo", format="flt", time_base=Fraction(1, SAMPLE_RATE)
        )
        meter, self._out = self._graph.add("ebur128", options), self._graph.add("abuffersink")
        self._in.link_to(meter)
        meter.link_to(self._out)
        self._graph.configure()
        self._position = 0
        self._last: dict[str, float] = {}

    def feed(self, block: Sound) -> None:
        for start in range(0, len(block), SAMPLE_RATE):
            piece = np.ascontiguousarray(block[start : start + SAMPLE_RATE], np.float32)
            frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="flt", layout="stereo")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = self._position
            self._position += len(piece)
            self._in.push(frame)
            self._drain()

    def finish(self) -> dict[str, float]:
        self._in.push(None)
        self._drain()
        return self._last

    def _drain(self) -> None:
        while True:
            try:
                frame = self._out.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            values = frame.metadata
            if values:
                self._last = {key: float(value) for key, value in values.items()}
