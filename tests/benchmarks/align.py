"""How cuts meet the beats of songs that were laid under them, by librosa's beat tracker on the finished sound.

Songs of known tempo, made by the tests (drums, bass, chords) and by our own composer, under edits of log-normal shot
lengths. Prints recall at 0.1 s of the song as it is (before), of the song bent (after) and of any moments (chance), how
many cuts are within half a frame of a planned beat, the largest bend, the pitch error in cents, and clicks.

    python tests/benchmarks/align.py [seeds of edits]
"""

from __future__ import annotations

import runpy
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from machine import describe
from numpy.typing import NDArray

from hitpoint.runtime.cues.sheet import CueSheet, Storyboard
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.mix.elastic import Laid, blocks, lay
from hitpoint.runtime.mix.elastic_sound import attacks
from hitpoint.runtime.mix.heard import hear
from hitpoint.runtime.progress import silent

songs = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "runtime" / "mix" / "songs.py")))
RATE = songs.RATE
Sound = NDArray[np.float32]

TEMPI = (80, 96, 112, 128, 144, 160)
COMPOSED = (88.0, 120.0, 150.0)
MEDIANS = (2.2, 4.0)
LENGTH = 100  # seconds of a song
HERTZ = (65.4, 220.0, 277.18, 659.26, 1975.5)
GOAL = 0.8


def composed(tempo: float) -> Sound:
    """Our own composer at one tempo, without a cut."""
    frames = LENGTH * 24
    beats = tuple(np.round(np.arange(0, LENGTH - 0.2, 60 / tempo), 6).tolist())
    sheet = CueSheet("made", songs.FILM, frames, storyboards=(Storyboard("all", 0, frames, tempo, beats=beats),))
    played = engine("composer").perform(sheet, seed=3, progress=silent).blocks
    whole = np.concatenate([sum(block.stems.values()) for block in played])
    return (whole / np.abs(whole).max() * 0.7).astype(np.float32)


def bent_pitch(laid: Laid) -> float:
    """The error of pure tones, in cents, that are bent as the song was."""
    tones = songs.tones(HERTZ, len(laid.line.sound) / RATE)
    bare = replace(laid, line=replace(laid.line, sound=tones))
    made = np.concatenate(list(blocks(bare, songs.sheet([round(laid.end * 24)]))))[2 * RATE : 12 * RATE]
    return max(abs(songs.cents(made, pitch)) for pitch in HERTZ)


def row(name: str, sound: Sound, median: float, seeds: int) -> list[float]:
    starts, clear = attacks(sound)
    heard = hear(sound, songs.tracked(sound), starts, clear)
    found = []
    for seed in range(seeds):
        ends = songs.shots(median, seed)
        cuts, sheet = songs.seconds(ends), songs.sheet(ends)
        laid = lay(sound, heard, starts, sheet)
        made = np.concatenate(list(blocks(laid, sheet)))
        plain = np.concatenate([sound[round(heard.beats[0]) :]] * 3)[: len(made)]
        after = songs.tracked(made)
        new, _ = attacks(made)
        real = laid.time_map.of(laid.line.attacks) / RATE
        found.append(
            (
                songs.recall(songs.tracked(plain), cuts),
                songs.recall(after, cuts),
                min(1.0, 0.2 * len(after) * RATE / len(made)),
                songs.recall(laid.beats, cuts, 0.0209),
                100 * laid.bent,
                bent_pitch(laid) if seed == 0 else 0.0,
                songs.clicks(made, np.concatenate([new / RATE, real])) - songs.clicks(plain, attacks(plain)[0] / RATE),
            )
        )
    rows = np.array(found)
    mean = rows.mean(axis=0)
    worst = rows.max(axis=0)
    print(
        f"{name:<14} {median:>4}   {heard.tempo:6.1f}   {mean[0]:.2f}   {mean[1]:.2f}  {mean[2]:.2f}    {mean[3]:.2f}"
        f"     {worst[4]:.1f} %   {worst[5]:.2f}    {max(0, worst[6]):.0f}"
    )
    return mean.tolist()


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    print(describe())
    print("song          median  heard  before  after chance landed   bend    cents  clicks")
    made = [(f"{tempo} bpm", songs.song(songs.steady(tempo, LENGTH))) for tempo in TEMPI]
    made += [(f"composer {tempo:g}", composed(tempo)) for tempo in COMPOSED]
    means = [row(name, sound, median, seeds) for median in MEDIANS for name, sound in made]
    before, after, chance = np.array(means).mean(axis=0)[:3]
    verdict = "met" if after >= GOAL else "missed"
    print(f"recall at 0.1 s: {before:.2f} before, {after:.2f} after, chance {chance:.2f}; goal {GOAL}: {verdict}")


if __name__ == "__main__":
    main()
