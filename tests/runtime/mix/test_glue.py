"""Glue holds loud stretches a little, slowly, and leaves the rest alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.mix.glue import MOST, STEP, Glue, Listener, usual_level


def noise(decibels: list[float], seconds: float = 2.0) -> np.ndarray:
    """Stretches of noise at these levels, both channels together."""
    rng = np.random.default_rng(0)
    levels = np.repeat(10 ** (np.array(decibels) / 20), round(seconds * 48_000))
    return (rng.normal(size=(len(levels), 2)) * levels[:, None] / np.sqrt(2)).astype(np.float32)


def heard(sound: np.ndarray, step: int = 48_000) -> np.ndarray:
    listener = Listener()
    for start in range(0, len(sound), step):
        listener.feed(sound[start : start + step])
    return listener.result()


def glue(sound: np.ndarray) -> Glue:
    energies = heard(sound)
    return Glue(energies, usual_level(energies))


def taken(made: Glue, length: int, step: int = 48_000) -> np.ndarray:
    pieces = []
    for start in range(0, length, step):
        count = min(step, length - start)
        gains = made.gains(start, count)
        pieces.append(np.ones(count, np.float32) if gains is None else gains)
    return -20 * np.log10(np.concatenate(pieces).astype(np.float64))


def test_the_usual_level_leaves_silence_and_quiet_stretches_out() -> None:
    assert usual_level(heard(noise([-20]))) == pytest.approx(-20, abs=0.1)
    assert usual_level(heard(noise([-20, -50, -50, -120, -120]))) == pytest.approx(-20, abs=0.1)
    assert usual_level(heard(np.zeros((48_000, 2), np.float32))) is None


@pytest.mark.parametrize("level", [-60.0, -20.0, 0.0])
def test_even_music_is_left_as_it_is(level: float) -> None:
    sound = noise([level] * 3)
    assert glue(sound).gains(0, len(sound)) is None


def test_a_loud_stretch_is_held_and_the_quiet_around_it_is_not() -> None:
    sound = noise([-26, -26, -14, -26, -26])
    held = taken(glue(sound), len(sound))
    loud = slice(5 * 48_000, 6 * 48_000)
    assert 1.0 < held[loud].mean() < MOST
    assert not held[: 4 * 48_000].any()
    assert held[-48_000:].max() < 0.02  # three seconds after it
    assert held.max() <= MOST


def test_a_short_peak_lets_go_sooner_than_a_long_one() -> None:
    def after(length: float) -> float:
        sound = noise([-30] * 5, 2.0)
        start, end = 3 * 48_000, 3 * 48_000 + round(length * 48_000)
        sound[start:end] *= 10
        return float(taken(glue(sound), len(sound))[end + 24_000])

    assert after(0.03) < after(0.6) / 3


def test_it_never_steps(tmp_path) -> None:
    sound = noise([-30, -6, -30, -6], 1.0)
    assert np.abs(np.diff(taken(glue(sound), len(sound)))).max() < 0.002  # dB a sample


def test_what_it_changes_is_known_beforehand() -> None:
    sound = noise([-26, -26, -14, -26, -26])
    made = glue(sound)
    gained = 10 ** (-taken(made, len(sound)) / 20)
    change = 10 * np.log10(np.mean((sound * gained[:, None]) ** 2) / np.mean(sound**2))
    assert made.change == pytest.approx(change, abs=0.05)
    assert made.most == pytest.approx(taken(made, len(sound)).max(), abs=1e-4)


def test_without_a_usual_level_nothing_is_taken() -> None:
    sound = noise([-30, -6])
    assert Glue(heard(sound), None).gains(0, len(sound)) is None
    assert Glue(heard(sound), None).change == 0


@settings(max_examples=30, deadline=None)
@given(
    levels=st.lists(st.floats(-60, 0), min_size=1, max_size=4),
    cut=st.integers(0, STEP - 1),
    blocks=st.integers(50, 60_000),
)
def test_no_block_length_changes_a_sample(levels: list[float], cut: int, blocks: int) -> None:
    sound = noise(levels, 0.5)[cut:]
    energies = heard(sound, blocks)
    assert np.array_equal(energies, heard(sound))
    made = Glue(energies, usual_level(energies))
    assert np.array_equal(taken(made, len(sound), blocks), taken(made, len(sound)))


def test_far_from_a_change_the_gain_is_the_same_again() -> None:
    """A storyboard made anew moves its neighbours' level by less than 0.1 dB three seconds after it."""
    before, after = noise([-20, -26, -14, -26, -26, -26]), noise([-20, -26, -30, -26, -26, -26])
    usual = usual_level(heard(before))
    one, two = (taken(Glue(heard(sound), usual), len(sound)) for sound in (before, after))
    assert np.array_equal(one[: 4 * 48_000], two[: 4 * 48_000])
    assert np.abs(one - two)[9 * 48_000 :].max() < 0.1
