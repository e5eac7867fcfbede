"""The rhythm of a sound as models are told it."""

from __future__ import annotations

import numpy as np
import pytest

from hitpoint.exporters.corpus.targets import odf, odf_by_second
from hitpoint.exporters.diffv2m.rhythm import accents, block_means, low_resolution
from hitpoint.runtime.engines.diffv2m.rows import drawn, strongest

RATE = 23.4375


def clicks(times, seconds, strengths=None):
    """Short noises at 48 kHz."""
    sound = np.zeros((int(seconds * 48_000), 2), np.float32)
    burst = np.random.default_rng(0).normal(size=2400) * np.exp(-np.arange(2400) / 400)
    for time, strength in zip(times, strengths if strengths is not None else np.ones(len(times)), strict=True):
        at = int(time * 48_000)
        sound[at : at + 2400] += (0.3 * strength * burst[: len(sound) - at, None]).astype(np.float32)
    return sound


def test_clicks_at_120_a_minute_are_found_where_they_begin():
    times = np.arange(0.5, 11.9, 0.5)
    found, strengths = accents(odf(clicks(times, 12)), 93.75)
    assert len(found) == len(times)
    assert np.abs(found - times).max() < 0.02
    assert strengths.min() > 0.5


def test_silence_has_no_accents():
    found, strengths = accents(odf(np.zeros((96_000, 2), np.float32)), 93.75)
    assert len(found) == len(strengths) == 0


def test_rows_tell_where_between_them_an_accent_lies():
    # Row 10 stands at 10.5 / 23.4375 s; a quarter of the way to row 11.
    made = drawn(np.array([10.75 / RATE]), np.array([0.8], np.float32), 32, RATE)
    assert np.allclose(made[[10, 11]], [0.6, 0.2], atol=1e-5)
    assert np.flatnonzero(made).tolist() == [10, 11]
    assert np.isclose((np.arange(32) + 0.5) @ made / made.sum(), 10.75)


def test_the_strongest_counts_where_accents_meet_and_what_lies_outside_is_left_out():
    made = drawn(np.array([-1.0, 0.5 / RATE, 0.5 / RATE, 9.0]), np.array([1, 0.3, 0.7, 1], np.float32), 8, RATE)
    assert np.allclose(made, [0.7, *[0] * 7], atol=1e-5)


def test_steps_begin_with_their_number():
    made = strongest(np.array([0.0, 0.99, 1.0, 5.0]), np.array([0.2, 0.5, 1, 1], np.float32), 3, 1.0)
    assert np.allclose(made, [0.5, 1, 0])


def test_a_clip_of_30_02_seconds_does_not_shift_where_it_is_mended():
    """31 rows: released code drops the first, and every target comes a second early."""
    times = np.array([3.0, 10.0, 17.0, 24.0])
    rows = odf_by_second(odf(clicks(times, 30.02)), 31)
    mended, told = low_resolution(rows)
    released, _ = low_resolution(rows, released=True)
    strongest = set(np.argsort(mended[:, 0])[-4:].tolist())
    assert strongest == {3, 10, 17, 24}
    assert set(np.argsort(released[:, 0])[-4:].tolist()) == {2, 9, 16, 23}
    assert told.all()


def test_low_rows_have_a_mean_of_zero_and_a_spread_of_one_with_their_padding():
    values, told = low_resolution(np.arange(1.0, 13.0, dtype=np.float32), 30)
    assert told.sum() == 12
    assert values.shape == (30, 1)
    plain = np.concatenate([np.arange(1.0, 13.0), np.zeros(18)])
    assert np.allclose(values[:, 0], (plain - plain.mean()) / plain.std(ddof=1), atol=1e-4)


def test_blocks_reach_to_the_end_of_a_clip():
    """Released blocks have whole lengths, and a clip's last part falls off."""
    values = np.zeros((655, 1), np.float32)
    values[-1] = 22
    assert block_means(values, 30)[-1, 0] == pytest.approx(1.0)
