"""How well dialogue is found: precision and recall for each 100 ms, over silence, noise and music, and false alarms.

`.venv/bin/python tests/benchmarks/dialogue.py` needs espeak-ng. Speech is of voices and languages that the gate was
not fitted on; kinds of music and noise marked * were not either, and of the others nothing but the kind. Not wholly
blind: LIMIT, CAUTION, the smoothing and what is listened for ("again soon", "again later", because of techno) were
chosen by looking at other takes of the same voices and kinds. Every sound goes through a file, an edit and
`dialogue()`, on a track that is named "A1".
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
from dialogue_midi import band, font, sung
from dialogue_sounds import FITTED_MUSIC, FITTED_NOISE, NEW_MUSIC, NEW_NOISE, Maker, level, room_tone, silence
from dialogue_speech import HELD_OUT_VOICES, RATE, STEP, Sound, conversation
from machine import describe
from numpy.typing import NDArray

from hitpoint.runtime.edit import AudioTrack, Edit, Shot, Source
from hitpoint.runtime.picture.dialogue import dialogue
from hitpoint.runtime.rate import Rate

SECONDS = 60
TAKES = 2
FPS = 50


def found(sound: Sound, folder: Path) -> NDArray[np.bool_]:
    path = folder / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    frames = sound.size * FPS // RATE
    source = Source(0, frames, str(path), Fraction(0), Fraction(1))
    track = AudioTrack("A1", (Shot(0, frames, "clip", str(path), True, (source,)),))
    marks = np.zeros(frames, bool)
    for stretch in dialogue(Edit("cut", Rate.of(FPS), frames, audio_tracks=(track,))).stretches:
        marks[stretch.start : stretch.end] = True
    return marks[: frames // 5 * 5].reshape(-1, 5).mean(axis=1) >= 0.5


def over(make: Maker, below: float, folder: Path) -> tuple[float, float]:
    """Precision and recall of speech over a sound that lies `below` dB under it."""
    hits = claimed = spoken = 0
    for take in range(TAKES):
        rng = np.random.default_rng(900_000 + take)
        speech, cells = conversation(shutil.which("espeak-ng") or "", HELD_OUT_VOICES, SECONDS, 800_000 + take)
        bed = level(make(SECONDS, rng))[: speech.size]
        mixed = speech + np.pad(bed, (0, speech.size - bed.size)) * np.float32(10 ** (-below / 20))
        marks = found(mixed * np.float32(0.5), folder)[: cells.size]
        hits, claimed, spoken = hits + (marks & cells).sum(), claimed + marks.sum(), spoken + cells.sum()
    return hits / max(claimed, 1), hits / spoken


def false_alarms(make: Maker, folder: Path) -> float:
    """The share of 100 ms cells in which speech is found where there is none."""
    marks = [found(level(make(SECONDS, np.random.default_rng(700_000 + n)), 0.07), folder) for n in range(TAKES)]
    return float(np.concatenate(marks).mean())


def main() -> None:
    if not shutil.which("espeak-ng"):
        sys.exit("espeak-ng is not installed (apt-get install espeak-ng)")
    music = {**FITTED_MUSIC, **{f"{kind} *": make for kind, make in NEW_MUSIC.items()}}
    noise = {**FITTED_NOISE, **{f"{kind} *": make for kind, make in NEW_NOISE.items()}}
    if font():
        music |= {"recorded instruments *": band, "recorded choirs *": sung}
    print(describe())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'speech over':26}{'precision':>10}{'recall':>8}")
        for words, make, below in (
            ("silence", silence, 60), ("room noise, 20 dB", room_tone, 20), ("room noise, 10 dB", room_tone, 10)
        ):  # fmt: skip
            print(f"{words:26}{'{:10.3f}{:8.3f}'.format(*over(make, below, folder))}")
        levels = (15, 10, 5, 0)
        print(f"\n{'music, dB below speech':26}" + "".join(f"{below:>16}" for below in levels) + "     alone")
        for kind, make in music.items():
            figures = [over(make, below, folder) for below in levels]
            row = "".join(f"   {precision:6.3f} {recall:6.3f}" for precision, recall in figures)
            print(f"{kind:26}{row}   {false_alarms(make, folder):7.4f}", flush=True)
        print(f"\n{'noise':26}{'10 dB below':>16}     alone")
        for kind, make in noise.items():
            precision, recall = over(make, 10, folder)
            print(f"{kind:26}   {precision:6.3f} {recall:6.3f}   {false_alarms(make, folder):7.4f}", flush=True)
        speech, _ = conversation(shutil.which("espeak-ng") or "", HELD_OUT_VOICES, SECONDS, 1)
        long = np.tile(speech, 20)
        start = time.process_time()
        found(long, folder)
        print(f"\n{long.size / RATE / (time.process_time() - start):.0f} times as fast as it plays, on one core")


if __name__ == "__main__":
    assert STEP * 10 == RATE
    main()
