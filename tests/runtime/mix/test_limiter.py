"""The limiter, against a transform sixteen times as fine as the samples."""

from __future__ import annotations

import numpy as np
import pytest

from hitpoint.runtime.mix.limiter import gains, limit

CEILING = 0.891  # -1 dB


def limited(sound: np.ndarray, ceiling: float = CEILING, step: int = 48_000) -> np.ndarray:
    blocks = [sound[start : start + step] for start in range(0, len(sound), step)]
    return np.concatenate([np.zeros((0, 2), np.float32), *limit(blocks, ceiling)])


def fine_peak(sound: np.ndarray, times: int = 16) -> float:
    spectrum = np.fft.rfft(sound.astype(np.float64), axis=0) * times
    fine = np.zeros((len(sound) * times // 2 + 1, 2), complex)
    fine[: len(spectrum)] = spectrum
    return float(np.abs(np.fft.irfft(fine, len(sound) * times, axis=0)).max())


def hits(samples: int, level: float, highest: float = 16_000) -> np.ndarray:
    """Decaying noise every half second, nothing above `highest`, fading at both ends."""
    noise = np.random.default_rng(6).standard_normal((samples, 2))
    noise *= np.exp(-(np.arange(samples) / 48_000 % 0.5) * 30)[:, None]
    spectrum = np.fft.rfft(noise, axis=0)
    spectrum[np.fft.rfftfreq(samples, 1 / 48_000) > highest] = 0
    return (np.fft.irfft(spectrum, samples, axis=0) * np.hanning(samples)[:, None] * level).astype(np.float32)


def test_what_stays_below_the_ceiling_is_not_touched() -> None:
    sound = hits(100_000, 0.05)
    assert fine_peak(sound) < CEILING
    assert (limited(sound) == sound).all()


@pytest.mark.parametrize("level", [0.5, 1.0, 4.0])
def test_no_peak_passes_also_between_samples(level: float) -> None:
    sound = hits(200_000, level)
    assert fine_peak(sound) > 1.2 * CEILING
    result = limited(sound)
    assert fine_peak(result) <= CEILING * 1.015  # 0.13 dB: what lies between four points a sample
    assert np.abs(result).max() <= CEILING + 1e-6


def test_a_sine_whose_samples_miss_its_peak_is_limited_by_its_peak() -> None:
    at = np.arange(96_000)
    sound = (np.sin(np.pi / 2 * at + np.pi / 4) * np.hanning(96_000) * 1.2)[:, None].repeat(2, 1).astype(np.float32)
    assert np.abs(sound).max() < CEILING
    assert fine_peak(limited(sound)) <= CEILING * 1.005


def test_the_sound_is_neither_shifted_nor_longer() -> None:
    sound = np.zeros((70_000, 2), np.float32)
    sound[50_123] = 1.5
    result = limited(sound)
    assert len(result) == 70_000
    assert np.flatnonzero(result[:, 0]).tolist() == [50_123]


@pytest.mark.parametrize("step", [1_000_003, 48_000, 4_096, 777])
def test_blocks_of_any_size_give_the_same_samples(step: int) -> None:
    sound = hits(150_001, 2.0)
    assert (limited(sound, step=step) == limited(sound, step=12_345)).all()


def test_the_gain_falls_just_before_a_peak_and_comes_back_to_one() -> None:
    sound = np.zeros((144_000, 2), np.float32)
    sound[48_010] = 2.0  # just behind the seam of two chunks
    gain = np.concatenate(list(gains([sound], CEILING)))
    assert len(gain) == 144_000
    assert (gain[: 48_010 - 300] == 1).all()
    assert gain[48_010] == pytest.approx(CEILING / 2, rel=0.01)
    assert (gain[-1000:] == 1).all()
    assert np.abs(np.diff(gain)).max() < 0.01  # smooth: no step that clicks
    half_way = np.flatnonzero(gain[48_010:] > 1 - (1 - CEILING / 2) / 2)[0]
    assert 0.05 < half_way / 48_000 < 0.2


def test_one_loud_channel_lowers_both_alike() -> None:
    sound = np.full((20_000, 2), 0.1, np.float32)
    sound[10_000, 0] = 2.0
    result = limited(sound)
    assert result[10_000, 1] == pytest.approx(0.1 * CEILING / 2, rel=0.02)


@pytest.mark.parametrize("samples", [0, 1, 5, 300])
def test_short_sounds_keep_their_length(samples: int) -> None:
    result = limited(np.full((samples, 2), 2.0, np.float32))
    assert len(result) == samples
    assert (np.abs(result) <= CEILING + 1e-6).all()
