"""What the mix costs and does: seconds of music a second for the plain score, ducked, and with stems, each paired with
the plain one; and how close every preset comes to its loudness.

`.venv/bin/python tests/benchmarks/mix.py [minutes]`
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import describe, paired

from hitpoint.runtime.cues.sheet import CueSheet, Storyboard
from hitpoint.runtime.engines.engine import Block, Performance
from hitpoint.runtime.mix.ducking import Ducking, ducking
from hitpoint.runtime.mix.presets import PRESETS
from hitpoint.runtime.mix.programme import NO_DUCKING, Programme, mix
from hitpoint.runtime.rate import SAMPLE_RATE, Rate

STEMS = ("harmony", "bass", "drums")
RATE = Rate.of("24")


@dataclass(frozen=True)
class Said:
    start: int
    end: int
    confidence: float = 1.0


def performance(sheet: CueSheet) -> Performance:
    """A pad, a bass and beats that are loud for eight seconds of every twenty; a minute is made once and repeated."""
    rng = np.random.default_rng(0)
    at = np.arange(60 * SAMPLE_RATE) / SAMPLE_RATE
    beats = rng.normal(size=(len(at), 2)) * np.exp(-(at % 0.5) * 18)[:, None] * (0.05 + 0.25 * (at % 20 > 12))[:, None]
    pad = sum(np.sin(2 * np.pi * hertz * at + hertz) for hertz in (220.0, 277.2, 329.6)) * 0.03
    bass = 0.12 * np.sin(2 * np.pi * 55 * at)
    minute = {"harmony": pad[:, None].repeat(2, 1), "bass": bass[:, None].repeat(2, 1), "drums": beats}
    played = {name: sound.astype(np.float32) for name, sound in minute.items()}

    def blocks() -> Iterator[Block]:
        for start in range(0, sheet.samples, 5 * SAMPLE_RATE):
            here = slice(start % len(at), min(start % len(at) + 5 * SAMPLE_RATE, len(at)))
            yield Block({name: sound[here][: sheet.samples - start] for name, sound in played.items()})

    return Performance(STEMS, blocks(), ())


def mixed(sheet: CueSheet, *, dips: Ducking = NO_DUCKING, stems: bool = False, preset: str = "default") -> Programme:
    aim = PRESETS[preset]
    with tempfile.TemporaryDirectory() as folder:
        return mix(
            performance(sheet), sheet, Path(folder), loudness=aim.loudness, peak=aim.peak, ducking=dips, stems=stems
        )


minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
frames = round(minutes * 60 * 24)
sheet = CueSheet("mix", RATE, frames, storyboards=(Storyboard("all", 0, frames, 120.0),))
dips = ducking([Said(start, start + 96) for start in range(48, frames, 240)], RATE)
print(describe())
for words, call in (
    ("ducked under dialogue 40 % of the time", lambda: mixed(sheet, dips=dips)),
    ("with three stems", lambda: mixed(sheet, stems=True)),
):
    plain, more, ratio = paired(lambda: mixed(sheet), call, 3)
    print(
        f"{words}: {ratio:.2f} times as long; {60 * minutes / plain:.0f} and {60 * minutes / more:.0f} s of music a second"
    )
for name, aim in PRESETS.items():
    done = mixed(sheet, preset=name)
    assert done.loudness is not None
    assert done.true_peak is not None
    print(
        f"{name}: {done.loudness - aim.loudness:+.2f} LU off {aim.loudness:g}, true peak {done.true_peak:.2f} of {aim.peak:g} "
        f"dBTP, glue up to {done.glue_db:.1f} dB"
    )
