"""From a cue sheet to the finished sound, as `score` makes it, and what was played."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...runtime.cues.sheet import CueSheet
from ...runtime.engines.composer.engine import Composer
from ...runtime.engines.composer.piece import Plan, compose
from ...runtime.engines.engine import Note
from ...runtime.mix.programme import mix
from ...runtime.mix.wav import read_blocks
from ...runtime.progress import Progress, part, silent

FULL_SCALE = 32768


@dataclass(frozen=True)
class Played:
    """`audio` is (samples, 2) at 48 kHz. `onsets` are the seconds at which something audible starts; `plans` say key
    and mode of each storyboard.
    """

    audio: NDArray[np.int16]
    onsets: tuple[float, ...]
    notes: tuple[Note, ...]
    plans: tuple[Plan, ...]


def play(sheet: CueSheet, seed: int, progress: Progress = silent) -> Played:
    """The programme at the loudness and peak that `score` gives it."""
    plans = compose(sheet, seed, silent).plans
    performance = Composer().perform(sheet, seed=seed, progress=silent)
    with tempfile.TemporaryDirectory(prefix="hitpoint-corpus-") as room:
        path = mix(performance, sheet, Path(room), progress=part(progress, 0.0, 0.95)).path
        blocks = [np.clip(np.rint(block * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1) for block in read_blocks(path)]
    audio = np.concatenate(blocks).astype(np.int16)
    progress(1.0, "played")
    return Played(audio, performance.onsets or (), performance.notes, plans)
