"""Every instrument, by what one would hear and see of its single notes."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.engines.composer.event import EFFECTS, KITS, PITCHED
from hitpoint.runtime.engines.composer.instruments.rack import Rack
from hitpoint.runtime.engines.composer.instruments.tone import ramp, ring, swept

heard = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sounding.py"))))
RATE = heard.RATE
LEADING = ("riser", "reverse", "whoosh")


@pytest.fixture(scope="module")
def rack():
    return Rack(0)


def test_every_name_of_the_contract_has_an_instrument():
    assert set(heard.RANGES) == set(PITCHED)


@pytest.mark.parametrize("voice", PITCHED)
def test_notes_over_range_velocity_and_length_are_clean(rack, voice):
    for pitch in heard.RANGES[voice]:
        for velocity in (0.2, 0.7, 1.0):
            for seconds in (0.08, 1.7):
                sound = rack.sound(heard.event(voice, pitch, velocity, seconds))
                where = voice, pitch, velocity, seconds
                assert sound.dtype == np.float32 and sound.shape[1] == 2, where
                assert np.isfinite(sound).all() and 0.001 < np.abs(sound).max() < 1, where
                assert len(sound) >= min(seconds, 0.3) * RATE, where
                assert heard.direct_current(sound) < -60, where
                assert heard.above(sound, 18_000) < -60, where
                for end in (sound[:1], sound[-1:]):  # from silence and to silence
                    assert np.abs(end).max() < 0.002 * np.abs(sound).max() + 1e-5, where


@pytest.mark.parametrize("voice", PITCHED)
def test_a_note_has_its_pitch(rack, voice):
    low, middle, high = heard.RANGES[voice]
    for pitch in (low + 5, middle, high):
        sound = rack.sound(heard.event(voice, pitch, 0.7, 2.5))
        assert abs(heard.cents_off(sound, pitch)) < 5, pitch


@pytest.mark.parametrize("voice", heard.STRUCK)
def test_what_is_struck_or_plucked_is_there_at_once(rack, voice):
    for velocity in (0.3, 1.0):
        sound = rack.sound(heard.event(voice, heard.RANGES[voice][1], velocity, 0.5))
        assert heard.rise(sound, 0.1) < 0.003
        assert heard.rise(sound, 0.4) < 0.012 if voice in ("upright", "lead", "sub") else heard.rise(sound, 0.4) < 0.008


@pytest.mark.parametrize("voice", PITCHED)
def test_even_slow_instruments_speak_with_the_note(rack, voice):
    """A tenth of the level within 120 ms, in a note of a beat."""
    sound = rack.sound(heard.event(voice, heard.RANGES[voice][1], 0.6, 0.5))
    level = np.abs(sound).max(axis=1)
    assert np.argmax(level > 0.1 * level.max()) / RATE < 0.12


@pytest.mark.parametrize("voice", PITCHED)
def test_a_harder_note_is_louder_and_brighter(rack, voice):
    soft, hard = (rack.sound(heard.event(voice, heard.RANGES[voice][1], velocity, 1.0)) for velocity in (0.2, 0.95))
    assert heard.loudness(hard) > heard.loudness(soft) + 10

    def centre(sound):
        power = np.abs(np.fft.rfft(sound[:, 0])) ** 2
        return (np.fft.rfftfreq(len(sound), 1 / RATE) * power).sum() / power.sum()

    assert centre(hard) > 1.02 * centre(soft)


def test_instruments_are_about_equally_loud_at_equal_velocity(rack):
    levels = {
        voice: heard.loudness(rack.sound(heard.event(voice, heard.RANGES[voice][1], 0.7, 1.0))) for voice in PITCHED
    }
    assert max(levels.values()) - min(levels.values()) < 6, levels


def test_no_instrument_is_a_bare_sine(rack):
    for voice in PITCHED:
        sound = rack.sound(heard.event(voice, heard.RANGES[voice][1], 0.8, 1.0))[: RATE // 2, 0]
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
        around = np.abs(hertz - hertz[np.argmax(power)]) < 12
        assert power[~around].sum() > 0.003 * power.sum(), voice


@pytest.mark.parametrize("kit", KITS)
def test_drums_are_clean_and_start_on_their_sample(rack, kit):
    for pitch in heard.DRUMS:
        for velocity in (0.25, 1.0):
            sound = rack.sound(heard.event(kit, pitch, velocity, 0.1))
            where = kit, pitch, velocity
            assert np.isfinite(sound).all() and 1e-4 < np.abs(sound).max() < 1.3, where
            assert heard.rise(sound, 0.1) < 0.003 and heard.rise(sound, 0.4) < 0.012, where
            assert heard.direct_current(sound) < -60, where
            assert heard.above(sound, 18_000) < -50, where
            assert np.abs(sound[0]).max() < 0.05 * np.abs(sound).max(), where
            assert np.abs(sound[-1]).max() < 2e-3 * np.abs(sound).max() + 1e-5, where


def test_strokes_of_one_drum_are_not_all_the_same(rack):
    strokes = [rack.sound(heard.event("kit_acoustic", 38, 0.7, 0.1, start)) for start in np.arange(0, 4, 0.25)]
    assert len({stroke.tobytes() for stroke in strokes}) > 4
    levels = [heard.loudness(stroke) for stroke in strokes]
    assert 0.05 < np.std(levels) < 1.5


@pytest.mark.parametrize("voice", EFFECTS)
@pytest.mark.parametrize("seconds", [0.4, 3.0])
def test_effects_are_clean(rack, voice, seconds):
    sound = rack.sound(heard.event(voice, 49, 0.8, seconds))
    assert np.isfinite(sound).all() and 0.01 < np.abs(sound).max() < 1.3
    assert heard.direct_current(sound) < -60
    assert heard.above(sound, 18_000) < -60
    assert np.abs(sound[[0, -1]]).max() < 0.002


@pytest.mark.parametrize("voice", LEADING)
@pytest.mark.parametrize("seconds", [0.5, 2.0, 4.004])
def test_what_leads_up_grows_and_ends_with_its_note(rack, voice, seconds):
    sound = rack.sound(heard.event(voice, 49, 0.8, seconds))
    assert len(sound) == round(seconds * RATE)
    power = (sound**2).sum(axis=1)
    tenth = len(sound) // 10
    assert power[-2 * tenth :].mean() > 5 * power[2 * tenth : 4 * tenth].mean()
    assert power[-RATE // 25 : -RATE // 40].mean() > 0.02 * power.max()


@pytest.mark.parametrize("voice", [voice for voice in EFFECTS if voice not in LEADING])
def test_what_marks_a_moment_starts_on_it(rack, voice):
    assert heard.rise(rack.sound(heard.event(voice, 49, 0.8, 1.0)), 0.1) < 0.006


def test_one_seed_is_one_sound_whatever_was_played_before():
    asked = [heard.event(voice, heard.RANGES[voice][1], 0.6, 0.7) for voice in PITCHED]
    asked += [heard.event("kit_lofi", 38), heard.event("riser", seconds=1.0)]
    one, other = Rack(3), Rack(3)
    first = [one.sound(event).tobytes() for event in asked]
    assert [other.sound(event).tobytes() for event in reversed(asked)] == first[::-1]
    assert [one.sound(event).tobytes() for event in asked] == first


def test_another_seed_is_another_hand_at_the_same_pitch_and_level():
    for voice in ("strings", "kit_acoustic", "riser"):
        sounds = [Rack(seed).sound(heard.event(voice, 60 if voice == "strings" else 38, 0.6, 1.0)) for seed in (1, 2)]
        assert sounds[0].tobytes() != sounds[1].tobytes()
        assert abs(heard.loudness(sounds[0]) - heard.loudness(sounds[1])) < 4


def test_pan_moves_a_note_and_leaves_its_middle(rack):
    middle, left, right = (rack.sound(heard.event("flute", 74, pan=pan)) for pan in (0.0, -1.0, 1.0))
    assert not left[:, 1].any() and not right[:, 0].any()
    np.testing.assert_array_equal(left[:, 0], middle[:, 0])


def test_a_silent_note_is_silent_and_odd_ones_are_played(rack):
    assert not rack.sound(heard.event("piano", 60, 0.0)).any()
    for pitch, velocity, seconds in ((-5, 0.5, 1.0), (140, 2.0, 1.0), (60, 0.5, 0.0), (60, 0.5, 100.0)):
        for voice in ("strings", "piano", "lead", "kit_brushes", "whoosh"):
            assert np.isfinite(rack.sound(heard.event(voice, pitch, velocity, seconds))).all()


def test_a_coarse_rack_plays_the_same_notes(rack):
    coarse = Rack(0, coarse=True)
    for voice in ("piano", "strings", "lead", "marimba"):
        asked = heard.event(voice, heard.RANGES[voice][1], 0.7, 2.0)
        rough, fine = coarse.sound(asked), rack.sound(asked)
        assert abs(len(rough) - len(fine)) <= 4
        assert abs(heard.cents_off(rough, asked.note.pitch)) < 6
        assert abs(heard.loudness(rough) - heard.loudness(fine)) < 2.5


def test_partials_ring_as_the_formula_says():
    time = np.arange(5000) / RATE
    exact = sum(
        size * np.exp(-6.908 * time / fall) * np.sin(2 * np.pi * hertz * time)
        for hertz, fall, size in ((440.0, 0.02, 0.5), (5000.5, 0.3, 0.2), (91.0, 2.0, 1.0))
    )
    sizes = np.array([0.5, 0.2, 1.0]) * np.exp(-0.5j * np.pi)
    sound = ring(np.array([440.0, 5000.5, 91.0]), np.array([0.02, 0.3, 2.0]), sizes, 0 * sizes, 5000, RATE)
    np.testing.assert_allclose(sound[0], exact, atol=2e-5)
    assert not sound[1].any()


def test_swept_noise_follows_its_centre_at_an_even_level():
    sound = swept(4 * RATE, RATE, np.linspace(500, 8000, 100, dtype=np.float32), 0.3, np.random.default_rng(0))
    for start, hertz in ((0.5, 1437), (2.0, 4250), (3.5, 7062)):
        piece = sound[0, int(start * RATE) - 4096 : int(start * RATE) + 4096]
        power = np.abs(np.fft.rfft(piece * np.hanning(8192))) ** 2
        centre = (np.fft.rfftfreq(8192, 1 / RATE) * power).sum() / power.sum()
        assert 0.8 * hertz < centre < 1.3 * hertz
        assert 0.5 < np.sqrt(np.mean(piece**2)) < 1.8
    assert ramp(4)[0] == 0
