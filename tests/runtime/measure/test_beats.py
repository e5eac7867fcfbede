"""Beats from the sound alone: those of librosa, where there are any."""

from __future__ import annotations

import runpy
import subprocess
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import librosa
import numpy as np
import pytest

from hitpoint.runtime.measure.beats import CLEAR, Beats, pulse_of, tempo_of, track
from hitpoint.runtime.measure.spectra import RATE, Spectra

sounds = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sounds.py"))))


def spectra_of(sound: np.ndarray, step: int = 48_000) -> Spectra:
    spectra = Spectra()
    for start in range(0, len(sound), step):
        spectra.feed(sound[start : start + step])
    spectra.finish()
    return spectra


def heard(sound: np.ndarray) -> Beats:
    return track(spectra_of(sound).rises())


@pytest.mark.parametrize("tempo", [72, 100, 126])
def test_the_beats_of_a_steady_sound_are_found(tempo):
    times = sounds.grid(tempo, 30)
    found = heard(sounds.ticks(times, 30))
    assert found.tempo == pytest.approx(tempo, rel=0.01)
    assert found.pulse > 0.8
    near = [min(abs(beat - time) for time in times) for beat in found.seconds]
    assert len(near) > 0.9 * len(times)
    assert np.mean(np.array(near) < 0.05) > 0.95


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_they_are_the_beats_that_librosa_finds_in_the_whole(seed):
    sound = sounds.sections(24, [9.0, 16.0], seed)
    found = heard(sound)
    mono = librosa.resample(sound.mean(axis=1), orig_sr=48_000, target_sr=RATE)
    _, frames = librosa.beat.beat_track(y=mono, sr=RATE)
    assert found.seconds == pytest.approx(librosa.frames_to_time(frames, sr=RATE), abs=0.024)


def test_rises_are_librosas_onset_strength():
    sound = sounds.sections(12, [5.0], 4)
    rises = spectra_of(sound, 30_011).rises()
    mono = librosa.resample(sound.mean(axis=1), orig_sr=48_000, target_sr=RATE)
    theirs = librosa.onset.onset_strength(y=mono, sr=RATE, aggregate=np.median)
    assert abs(len(rises) - len(theirs)) <= 1
    least = min(len(rises), len(theirs))
    assert np.abs(rises[:least] - theirs[:least]).max() < 0.05 * theirs.max()


@pytest.mark.parametrize("seed", range(4))
def test_beats_that_wander_by_eight_percent_still_have_a_pulse(seed):
    rng = np.random.default_rng(seed)
    times, at, bend = [], 0.3, 1.0
    while at < 29:
        times.append(at)
        bend = float(np.clip(bend * rng.uniform(0.96, 1.04), 1 / 1.08, 1.08))
        at += 0.55 * bend
    assert heard(sounds.ticks(times, 30)).pulse > CLEAR + 0.2


SILENT = {
    "silence": np.zeros((20 * 48_000, 2), np.float32),
    "noise": sounds.noise(20),
    "drone": sounds.drone(20),
    "speech": sounds.babble(25),
    "more speech": sounds.babble(25, 7),
    "attacks at random": sounds.ticks(list(np.sort(np.random.default_rng(4).uniform(0, 24, 50))), 25),
    "nothing": np.zeros((0, 2), np.float32),
    "an instant": sounds.noise(0.05),
    "one click": sounds.ticks([1.0], 4),
}


@pytest.mark.parametrize("kind", SILENT)
def test_what_has_no_beats_gives_none(kind):
    found = heard(SILENT[kind])
    assert found.seconds == ()
    assert found.tempo is None
    assert 0 <= found.pulse < CLEAR


def test_a_pause_in_music_does_not_take_its_pulse_away():
    times = [time for time in sounds.grid(110, 60) if not 15 < time < 40]
    assert heard(sounds.ticks(times, 60)).pulse > 0.8


def test_the_tempo_is_the_usual_one():
    beats = [0.5 * n for n in range(30)] + [15.0, 17.2]
    assert tempo_of(tuple(beats)) == pytest.approx(120)
    assert tempo_of((1.0,)) is None
    assert tempo_of((1.0, 1.5)) == pytest.approx(120)


def test_the_pulse_of_a_metronome_is_one():
    rises = np.zeros(2000, np.float32)
    rises[::20] = 5
    assert pulse_of(rises) == pytest.approx(1, abs=0.03)


def test_ten_minutes_of_sound_are_kept_in_sixteen_mebibytes():
    spectra, ten = Spectra(), sounds.noise(10)
    spectra.feed(ten)
    tracemalloc.start()
    for _ in range(60):
        spectra.feed(ten)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 16 * 2**20


def test_librosa_is_not_imported_before_a_sound_is_heard():
    code = "import sys, hitpoint.runtime.measure.evaluate; print('librosa' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
