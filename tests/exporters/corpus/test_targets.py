"""Rhythm targets against librosa, which defines them."""

import librosa
import numpy as np
import pytest

from hitpoint.exporters.corpus import targets

RATE = 48_000


@pytest.fixture(scope="module")
def music():
    """Six seconds of beats, a chord and noise, left and right unlike."""
    chance = np.random.default_rng(4)
    time = np.arange(6 * RATE + 123) / RATE
    beats = np.exp(-20 * (time % 0.4)) * np.sin(2 * np.pi * 80 * time)
    chord = 0.2 * np.sin(2 * np.pi * 330 * time) * (time % 2 < 1)
    left = 0.5 * beats + chord + 0.01 * chance.normal(size=len(time))
    right = 0.4 * beats + 0.3 * chord
    return np.rint(np.stack([left, right], axis=1) * 20_000).astype(np.int16)


@pytest.fixture(scope="module")
def mono(music):
    return (music.astype(np.float64).mean(axis=1) / 32768).astype(np.float32)


def clicks(at, seconds):
    sound = np.zeros(round(seconds * RATE), np.float32)
    for time in at:
        start = round(time * RATE)
        sound[start : start + 480] = (
            np.hanning(480)[: len(sound) - start] * np.sin(np.arange(480))[: len(sound) - start]
        )
    return sound


def test_the_onset_curve_is_librosas(music, mono):
    theirs = librosa.onset.onset_strength(y=mono, sr=RATE, hop_length=512)
    ours = targets.odf(music)
    assert ours.shape == theirs.shape
    assert theirs.max() > 3
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_mel_levels_are_librosas(mono):
    theirs = librosa.power_to_db(librosa.feature.melspectrogram(y=mono, sr=RATE, hop_length=512))
    np.testing.assert_allclose(targets.decibels(targets.mel(mono)), theirs.T, atol=1e-2)


def test_the_low_tempogram_is_librosas_pooled(music, mono):
    curve = librosa.onset.onset_strength(y=mono, sr=RATE, hop_length=128)
    full = librosa.feature.tempogram(onset_envelope=curve, sr=RATE, hop_length=128, win_length=384).T
    count = len(full) // 32
    theirs = full[: 32 * count].reshape(count, 32, 16, 24).mean(axis=(1, 3))
    ours = targets.tempogram_low(music)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_the_low_mel_has_the_mean_of_eight_bands_and_eight_moments(mono):
    levels = targets.decibels(targets.mel(mono))
    low = targets.mel_low(levels)
    assert low.shape == (len(levels) // 8, 16)
    assert low[3, 2] == pytest.approx(levels[24:32, 16:24].mean(), abs=1e-4)


def test_clicks_twice_a_second_are_heard_in_every_second():
    by_second = targets.odf_by_second(targets.odf(clicks(np.arange(0.25, 30, 0.5), 30.0)), 30)
    assert by_second.shape == (30,)
    assert (by_second > 1).all()


def test_a_second_reaches_half_a_second_to_both_sides():
    by_second = targets.odf_by_second(targets.odf(clicks([3.4, 7.6], 12.0)), 12)
    assert np.flatnonzero(by_second > 1).tolist() == [3, 8]


def test_a_clip_a_little_longer_than_30_seconds_is_not_shifted():
    at = [4.1, 12.0, 20.9]
    short = targets.odf_by_second(targets.odf(clicks(at, 30.0)), 30)
    longer = targets.odf_by_second(targets.odf(clicks(at, 30.02)), 31)
    assert np.flatnonzero(longer > 1).tolist() == np.flatnonzero(short > 1).tolist() == [4, 12, 21]


def test_silence_has_no_onsets():
    curve = targets.odf(np.zeros((RATE, 2), np.int16))
    assert not curve.any()
    assert not targets.odf_by_second(curve, 1).any()
    assert np.isfinite(targets.tempogram_low(np.zeros((RATE, 2), np.int16))).all()
