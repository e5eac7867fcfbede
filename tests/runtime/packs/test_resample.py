"""Sound at another rate: the same tones, to the sample, in blocks of any size."""

import numpy as np
import pytest

from hitpoint.runtime.packs.resample import resampled


def tone(rate, frequency, samples):
    at = np.arange(samples) / rate
    return np.stack([np.sin(2 * np.pi * frequency * at), np.cos(2 * np.pi * frequency * at)], 1).astype(np.float32)


def through(sound, rate, to, block=5000):
    return np.concatenate(list(resampled((sound[at : at + block] for at in range(0, len(sound), block)), rate, to)))


@pytest.mark.parametrize("frequency", [100, 1000, 9000])
@pytest.mark.parametrize(("rate", "to"), [(44_100, 48_000), (48_000, 44_100), (32_000, 48_000), (22_050, 48_000)])
def test_a_tone_stays_the_tone_that_it_is(rate, to, frequency):
    made = through(tone(rate, frequency, 2 * rate), rate, to)
    error = (made - tone(to, frequency, len(made)))[2000:-2000]
    assert 20 * np.log10(np.sqrt(np.mean(error**2))) < -85
    assert len(made) == 2 * to


def test_blocks_of_any_size_give_the_same_samples():
    sound = np.random.default_rng(2).normal(0, 0.3, (30_000, 2)).astype(np.float32)
    whole = through(sound, 44_100, 48_000, len(sound))
    for block in (77, 4096, 29_999):
        assert np.array_equal(whole, through(sound, 44_100, 48_000, block))


def test_what_the_lower_rate_cannot_hold_is_gone():
    assert np.abs(through(tone(96_000, 30_000, 96_000), 96_000, 48_000)[500:-500]).max() < 1e-4


def test_the_same_rate_and_no_sound_pass_as_they_are():
    sound = tone(48_000, 440, 1000)
    assert np.array_equal(through(sound, 48_000, 48_000), sound)
    assert list(resampled([], 44_100, 48_000)) == []
    assert sum(len(block) for block in resampled([np.zeros((1, 2), np.float32)], 44_100, 48_000)) == 2
