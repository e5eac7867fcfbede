"""Onsets at known times, in clicks and tones over noise."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from hitpoint.runtime.measure.onsets import OnsetEnvelope, pick, refine

RATE = 48_000
TIMES = np.array([0.51, 0.9, 1.337, 1.62, 2.0, 2.5, 3.21, 3.4, 4.004, 4.71])


def found(sound: np.ndarray, step: int = RATE) -> np.ndarray:
    envelope = OnsetEnvelope()
    for start in range(0, len(sound), step):
        envelope.feed(sound[start : start + step])
    blocks = (sound[start : start + step] for start in range(0, len(sound), step))
    return np.array(refine(blocks, pick(envelope.result())))


def background(level: float, seconds: float = 5.5) -> np.ndarray:
    return np.random.default_rng(7).standard_normal((round(seconds * RATE), 2)) * level


def with_tones(sound: np.ndarray, attack: float, decay: float, level: float = 0.3) -> np.ndarray:
    """A sine at each of TIMES, rising for `attack` and falling for `decay` seconds; pitches differ."""
    sound = sound.copy()
    for index, time in enumerate(TIMES):
        start = round(time * RATE)
        at = np.arange(min(RATE, len(sound) - start)) / RATE
        tone = (
            np.minimum(1, at / attack) * np.exp(-at / decay) * np.sin(2 * np.pi * 220 * 2 ** (index * 5 % 12 / 6) * at)
        )
        sound[start : start + len(at)] += level * tone[:, None]
    return sound.astype(np.float32)


def with_clicks(sound: np.ndarray, level: float = 0.5) -> np.ndarray:
    sound = sound.copy()
    sound[np.round(TIMES * RATE).astype(int)] += level
    return sound.astype(np.float32)


def after_start(onsets: np.ndarray) -> np.ndarray:
    """Without the beginning of the background noise, which is an onset too."""
    return onsets[onsets > 0.1]


def test_clicks_over_noise_are_found_to_the_millisecond() -> None:
    onsets = after_start(found(with_clicks(background(0.003))))
    assert len(onsets) == len(TIMES)
    assert np.abs(onsets - TIMES).max() < 0.001


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
def test_tones_over_noise_are_found_within_five_milliseconds(noise: float) -> None:
    onsets = after_start(found(with_tones(background(noise), 0.002, 0.15)))
    assert len(onsets) == len(TIMES)
    assert np.abs(onsets - TIMES).max() < 0.005


def test_a_sound_that_differs_between_left_and_right_is_heard() -> None:
    sound = with_clicks(background(0.001))
    sound[:, 1] *= -1  # left and right cancel
    assert len(after_start(found(sound))) == len(TIMES)


def test_a_first_sample_is_an_onset() -> None:
    sound = np.exp(-np.arange(RATE) / 5000)[:, None] * background(0.2, 1.0)
    onsets = found(sound.astype(np.float32))
    assert onsets[0] < 0.002


@pytest.mark.parametrize("level", [1.0, 0.01])
def test_steady_noise_has_no_onsets_but_its_start(level: float) -> None:
    assert len(found(background(0.1 * level, 20).astype(np.float32))) <= 2


def test_a_steady_tone_that_breaks_off_has_one_onset_at_its_start() -> None:
    at = np.arange(3 * RATE) / RATE
    tone = np.where(at > 1, 0.3 * np.sin(2 * np.pi * 110 * at), 0)[:, None].repeat(2, 1)
    assert found(tone.astype(np.float32)) == pytest.approx([1.0], abs=0.005)


@pytest.mark.parametrize("samples", [0, 1, 300, 2000])
def test_silence_and_the_shortest_sounds_have_none(samples: int) -> None:
    assert len(found(np.zeros((samples, 2), np.float32))) == 0


def test_blocks_of_any_size_give_the_same_onsets() -> None:
    sound = with_tones(background(0.01), 0.002, 0.15)
    assert found(sound, 777) == pytest.approx(found(sound, 200_000), abs=1e-9)


def test_ten_times_the_sound_takes_no_ten_times_the_memory() -> None:
    def peak_of(seconds: int) -> int:
        envelope = OnsetEnvelope()
        block = background(0.1, 1).astype(np.float32)
        tracemalloc.start()
        for _ in range(seconds):
            envelope.feed(block)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_of(1)
    assert peak_of(50) - peak_of(5) < 45 * 3000  # 800 bytes a second and their wrapping
