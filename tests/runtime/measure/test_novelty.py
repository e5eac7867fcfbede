"""Where a sound becomes another, heard without knowing where."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.measure.limits import anywhere
from hitpoint.runtime.measure.matching import near
from hitpoint.runtime.measure.novelty import COLUMN, Novelty, novelty
from hitpoint.runtime.measure.spectra import Spectra

sounds = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sounds.py"))))


def heard(sound: np.ndarray) -> Novelty:
    spectra = Spectra()
    for start in range(0, len(sound), 48_000):
        spectra.feed(sound[start : start + 48_000])
    spectra.finish()
    return novelty(spectra.slices)


def shares(changing: bool) -> tuple[float, float]:
    """The part of known bounds that are peaks to half a second, and chance, over four pieces."""
    found = []
    for seed in range(4):
        bounds = [float(bound) for bound in np.cumsum(np.random.default_rng(seed).uniform(6, 16, 5))]
        end = bounds[-1] + 8
        peaks = heard(sounds.sections(end, bounds, seed, changing)).peaks
        found.append((np.mean(near(bounds, peaks, 0.5)), anywhere(peaks, 0.5, 0, end)))
    audible, chance = np.mean(found, axis=0)
    return float(audible), float(chance)


def test_changes_of_the_music_are_heard_where_they_are():
    audible, chance = shares(changing=True)
    assert audible >= 0.85
    assert chance <= 0.35


def test_bounds_at_which_nothing_changes_are_heard_no_more_than_by_chance():
    audible, chance = shares(changing=False)
    assert audible <= chance + 0.1


def test_a_single_change_is_the_highest_peak_within_a_tenth_of_a_second():
    at = np.arange(20 * 48_000) / 48_000
    tone = np.where(at < 8.3, np.sin(2 * np.pi * 220 * at), np.sin(2 * np.pi * 311 * at))
    found = heard(sounds.stereo(0.2 * tone))
    highest = max(found.peaks, key=lambda peak: found.curve[round(peak / COLUMN)])
    assert highest == pytest.approx(8.3, abs=0.1)


@pytest.mark.parametrize("sound", [sounds.noise(20), sounds.drone(20), np.zeros((20 * 48_000, 2), np.float32)])
def test_what_stays_as_it_is_has_no_peaks(sound):
    assert heard(sound).peaks == ()


def test_a_louder_repetition_is_a_change():
    sound = sounds.ticks(sounds.grid(120, 20), 20)
    sound[: 10 * 48_000] *= 0.1
    assert min(abs(peak - 10) for peak in heard(sound).peaks) < 0.3


@pytest.mark.parametrize("samples", [0, 1, 5000, 30_000])
def test_the_shortest_sounds_do_no_harm(samples):
    assert heard(sounds.noise(1)[:samples]).peaks == ()
