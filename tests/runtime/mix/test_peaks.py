"""Peaks between samples: what is left out for being too small to matter changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from hitpoint.runtime.mix.peaks import ARM, TruePeak, peaks

LAST_BIT = 1e-6  # eight units in the last place of a 32-bit float


def noise(samples: int, seed: int = 3) -> np.ndarray:
    """Noise whose level runs from next to nothing to full scale and back every second."""
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(samples) / 48_000)
    sound = np.random.default_rng(seed).standard_normal((samples, 2)) * 0.25 * swell[:, None] ** 3
    return sound.astype(np.float32)


def slowly(sound: np.ndarray) -> np.ndarray:
    """(n,): the same by the formula, every point between two samples on its own, in double precision."""
    count = len(sound) - 2 * ARM
    found = np.abs(sound[ARM : ARM + count]).astype(np.float64)
    for part in (0.25, 0.5, 0.75):
        at = np.arange(-ARM + 1, ARM + 1) - part
        row = np.sinc(at) * np.i0(5 * np.sqrt(np.clip(1 - (at / ARM) ** 2, 0, None)))
        row /= row.sum()
        for side in range(2):
            line = np.array([row @ sound[n + 1 : n + 1 + 2 * ARM, side] for n in range(count)])
            found[:, side] = np.maximum(found[:, side], np.abs(line))
    return found.max(axis=1)


@pytest.mark.parametrize("samples", [1, 31, 32, 1000])
def test_every_point_between_is_what_the_formula_says(samples: int) -> None:
    sound = noise(samples + 2 * ARM + 20_000)[20_000:]
    assert np.allclose(peaks(sound, 0.0), slowly(sound), atol=2e-6)


@pytest.mark.parametrize("above", [0.05, 0.3, 0.7])
def test_all_that_can_exceed_a_level_is_computed(above: float) -> None:
    sound = noise(60_000)
    every, some = peaks(sound, 0.0), peaks(sound, above)
    assert (every > above).sum() > 10
    # What a matrix product rounds in the last bit hangs on the place in it, on some processors.
    assert np.allclose(some[every > above], every[every > above], rtol=LAST_BIT, atol=0)
    assert (some <= every * (1 + LAST_BIT)).all()


def test_silence_has_no_peak_and_a_single_sample_has_its_own() -> None:
    meter = TruePeak()
    meter.feed(np.zeros((100_000, 2), np.float32))
    assert meter.result() == 0
    meter = TruePeak()
    meter.feed(np.array([[0.0, -0.5]], np.float32))
    assert meter.result() == 0.5


@pytest.mark.parametrize("step", [1, 777, 48_000, 1_000_000])
def test_blocks_of_any_size_have_one_peak(step: int) -> None:
    sound = noise(3000 if step == 1 else 150_001)
    meter, whole = TruePeak(), TruePeak()
    whole.feed(sound)
    for start in range(0, len(sound), step):
        meter.feed(sound[start : start + step])
    assert meter.result() == whole.result() > np.abs(sound).max()
