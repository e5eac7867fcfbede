"""What there is to hear in music before it is bent: its beats, its attacks, its bars."""

from __future__ import annotations

from typing import Any

from ..runtime.measure.beats import Beats, track
from ..runtime.measure.spectra import Spectra
from ..runtime.mix.elastic_sound import attacks
from ..runtime.mix.heard import Heard, hear
from ..runtime.mix.wav import Sound
from ..runtime.progress import Progress, silent
from ..runtime.rate import SAMPLE_RATE

FEWEST = 9  # beats that can be bent
SILENT = 1e-4  # of full scale: what stays below is not heard


def is_silent(sound: Sound) -> bool:
    return not len(sound) or bool(abs(sound[:: max(1, len(sound) // 2_000_000)]).max() < SILENT)


def tracked(sound: Sound, progress: Progress = silent, words: str = "listening to the song") -> Beats:
    """The beats, as a tracker places them."""
    spectra = Spectra()
    for start in range(0, len(sound), SAMPLE_RATE):
        spectra.feed(sound[start : start + SAMPLE_RATE])
        progress(0.8 * start / len(sound), words)
    spectra.finish()
    progress(0.8, "finding its beats")
    return track(spectra.rises())


def heard(sound: Sound, beats: Beats, progress: Progress = silent) -> tuple[Heard, Any]:
    """The music to the millisecond, and its attacks in samples."""
    found, clear = attacks(sound, lambda done: progress(0.8 * done, "finding its beats"))
    known = hear(sound, beats.seconds, found, clear)
    progress(1.0, "finding its beats")
    return known, found
