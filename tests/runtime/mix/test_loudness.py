"""Loudness against the values that BS.1770 states for sines, and peaks against a transform sixteen times as fine."""

from __future__ import annotations

import numpy as np
import pytest

from hitpoint.runtime.mix.loudness import Loudness, Meter

RATE = 48_000


def measured(sound: np.ndarray, step: int = 48_000) -> Loudness:
    meter = Meter()
    for start in range(0, len(sound), step):
        meter.feed(sound[start : start + step].astype(np.float32))
    return meter.result()


def sine(frequency: float, decibels: float, seconds: float, channels: tuple[int, int] = (1, 1)) -> np.ndarray:
    mono = 10 ** (decibels / 20) * np.sin(2 * np.pi * frequency * np.arange(round(RATE * seconds)) / RATE)
    return np.outer(mono, channels).astype(np.float32)


def fft_peak(sound: np.ndarray, times: int = 16) -> float:
    """dB of the largest value between the samples too, by padding the spectrum."""
    spectrum = np.fft.rfft(sound.astype(np.float64), axis=0) * times
    fine = np.zeros((len(sound) * times // 2 + 1, sound.shape[1]), complex)
    fine[: len(spectrum)] = spectrum
    return float(20 * np.log10(np.abs(np.fft.irfft(fine, len(sound) * times, axis=0)).max()))


@pytest.mark.parametrize("decibels", [-3.0, -23.0, -33.0, -60.0])
def test_a_stereo_sine_of_1_khz_has_the_loudness_of_its_peak(decibels: float) -> None:
    # EBU Tech 3341, cases 1 and 2: 1 kHz at -23 dBFS in both channels reads -23 LUFS, within 0.1.
    assert measured(sine(1000, decibels, 20)).integrated == pytest.approx(decibels, abs=0.05)


def test_a_sine_in_one_channel_is_three_lower() -> None:
    # BS.1770: 997 Hz at 0 dBFS in one front channel reads -3.01 LKFS.
    assert measured(sine(997, 0, 10, (1, 0))).integrated == pytest.approx(-3.01, abs=0.03)


def test_quiet_stretches_are_gated() -> None:
    # EBU Tech 3341, case 3: -36, -23 and -36 dBFS for 10, 60 and 10 s read -23 LUFS.
    sound = np.concatenate([sine(1000, -36, 10), sine(1000, -23, 60), sine(1000, -36, 10)])
    assert measured(sound).integrated == pytest.approx(-23, abs=0.1)


def test_the_range_is_the_step_between_two_levels() -> None:
    # EBU Tech 3342, case 1: -20 and -30 dBFS for 20 s each have a range of 10 LU.
    sound = np.concatenate([sine(1000, -20, 20), sine(1000, -30, 20)])
    assert measured(sound).range == pytest.approx(10, abs=1)


def test_the_size_of_blocks_does_not_matter() -> None:
    sound = np.random.default_rng(4).standard_normal((60_000, 2)) * 0.1
    assert measured(sound, 60_000) == measured(sound, 777)


@pytest.mark.parametrize("samples", [0, 1, 100, 19_199])
def test_below_0_4_s_there_is_a_peak_but_no_loudness(samples: int) -> None:
    sound = np.full((samples, 2), 0.5)
    result = measured(sound)
    assert result.integrated is None
    assert (result.true_peak is None) == (samples == 0)
    assert samples == 0 or (result.true_peak is not None and result.true_peak >= -6.03)


def test_silence_has_neither() -> None:
    assert measured(np.zeros((96_000, 2))) == Loudness(None, 0.0, None)


def test_a_peak_in_the_last_samples_counts() -> None:
    sound = np.zeros((100_700, 2))
    sound[-1] = 0.5
    assert (measured(sound).true_peak or -99) >= -6.03


@pytest.mark.parametrize("level", [1.0, 0.1, 0.001])
def test_true_peaks_agree_with_a_finer_transform(level: float) -> None:
    rng = np.random.default_rng(5)
    spectrum = np.fft.rfft(rng.standard_normal((RATE * 2, 2)), axis=0)
    spectrum[32_000:] = 0  # nothing above 16 kHz
    sound = (np.fft.irfft(spectrum, axis=0) * np.hanning(RATE * 2)[:, None] * 0.2 * level).astype(np.float32)
    peak = measured(sound).true_peak
    assert peak == pytest.approx(fft_peak(sound), abs=0.1)
    assert peak is not None
    assert peak > 20 * np.log10(np.abs(sound).max()) - 0.001


def test_a_peak_between_the_samples_is_found() -> None:
    # A quarter of the sample rate, 45 degrees off: every sample is 3.01 dB below the peak.
    at = np.arange(RATE)
    sound = (np.sin(np.pi / 2 * at + np.pi / 4) * np.hanning(RATE))[:, None] * [1.0, 1.0]
    assert np.abs(sound).max() < 0.708
    assert measured(sound).true_peak == pytest.approx(0.0, abs=0.05)
