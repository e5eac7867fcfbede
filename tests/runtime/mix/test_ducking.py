"""Room for dialogue: where the music is held back, how far, and that nothing else is touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.mix.ducking import ATTACK, DEPTH, RELEASE, SURE, Ducking, ducking
from hitpoint.runtime.mix.programme import mix
from hitpoint.runtime.rate import Rate

RATE = Rate.of("24000/1001")


@dataclass(frozen=True)
class Said:
    start: int
    end: int
    confidence: float = 1.0


def decibels(made: Ducking, samples: int, step: int = 48_000) -> np.ndarray:
    pieces = []
    for start in range(0, samples, step):
        length = min(step, samples - start)
        gains = made.gains(start, length)
        pieces.append(np.ones((length, 1), np.float32) if gains is None else gains)
    return 20 * np.log10(np.concatenate(pieces)[:, 0].astype(np.float64))


def test_the_music_is_down_when_speech_begins_and_comes_back_after_it() -> None:
    made = ducking([Said(48, 96)], RATE, 6.0)
    down = decibels(made, 8 * 48_000)
    first, last = RATE.samples(48), RATE.samples(96)
    assert down[first:last] == pytest.approx(-6.0, abs=1e-5)
    assert down[first - ATTACK // 2] == pytest.approx(-3.0, abs=0.01)
    assert down[last + RELEASE // 2] == pytest.approx(-3.0, abs=0.01)
    assert not down[: first - ATTACK].any()
    assert not down[last + RELEASE :].any()


def test_a_pause_too_short_to_come_back_in_is_bridged_and_a_longer_one_is_not() -> None:
    short = ducking([Said(48, 60), Said(80, 90)], RATE)  # 0.83 s between
    assert [(dip.start, dip.end) for dip in short.dips] == [(48, 90)]
    assert decibels(short, 8 * 48_000)[RATE.samples(48) : RATE.samples(90)] == pytest.approx(-DEPTH, abs=1e-5)
    long = ducking([Said(48, 60), Said(82, 90)], RATE)  # 0.92 s
    assert [(dip.start, dip.end) for dip in long.dips] == [(48, 60), (82, 90)]
    between = decibels(long, 8 * 48_000)[RATE.samples(60) : RATE.samples(82)]
    assert between.max() == 0


def test_unsure_speech_ducks_less() -> None:
    depths = [ducking([Said(0, 48, confidence)], RATE, 8.0).dips[0].depth for confidence in (1.0, SURE, SURE / 2)]
    assert depths == pytest.approx([8.0, 8.0, 4.0])
    assert ducking([Said(0, 48, 0.0)], RATE).dips == ()


def test_a_stretch_inside_another_ends_nothing() -> None:
    made = ducking([Said(0, 240), Said(24, 48)], RATE)
    assert [(dip.start, dip.end) for dip in made.dips] == [(0, 240)]


stretches = st.lists(
    st.builds(
        lambda start, length, confidence: Said(start, start + length, confidence),
        st.integers(0, 400),
        st.integers(1, 120),
        st.floats(0.05, 1.0),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(spoken=stretches, depth=st.floats(0.5, 40.0), step=st.integers(1_000, 70_000))
def test_outside_dialogue_the_gain_is_one_and_nowhere_it_jumps(spoken: list[Said], depth: float, step: int) -> None:
    made = ducking(spoken, RATE, depth)
    samples = RATE.samples(560)
    down = decibels(made, samples, step)
    near = np.zeros(samples, bool)
    for said in spoken:
        first, last = RATE.samples(said.start), RATE.samples(said.end)
        near[max(0, first - ATTACK) : last + RELEASE] = True
        least = depth * min(said.confidence / SURE, 1.0)
        assert down[first:last].max(initial=-100) <= -least + 1e-4
    assert not down[~near].any()
    assert down.min(initial=0) >= -depth - 1e-4
    assert down.max(initial=0) <= 0
    # A raised cosine over the attack is the steepest that there is.
    assert np.abs(np.diff(down)).max(initial=0) <= depth * np.pi / 2 / ATTACK * 1.01 + 1e-4
    assert np.array_equal(down, decibels(made, samples))  # whatever the blocks


def test_the_curve_can_be_drawn_from_what_is_written_down() -> None:
    plain = ducking([Said(48, 96, 0.75 * SURE)], RATE, 8.0).to_json()
    assert plain["depth_db"] == 8.0
    assert plain["stretches"] == [
        {"start": 48, "end": 96, "fall": 1.752, "low": 2.002, "rise": 4.004, "back": 4.604, "gain_db": -6.0}
    ]


def test_a_ducked_score_is_the_full_one_with_dips_and_nothing_else(playing: ModuleType, tmp_path: Path) -> None:
    sheet = playing.sheet_of(480)
    made = ducking([Said(120, 200)], sheet.rate, 9.0)
    programme = mix(playing.played(sheet, playing.band(0.1, 30)), sheet, tmp_path, ducking=made)
    assert programme.full == tmp_path / "score-full.wav"
    ducked, full = playing.integers(tmp_path / "score.wav"), playing.integers(tmp_path / "score-full.wav")
    assert len(ducked) == len(full) == sheet.samples
    dip = made.dips[0]
    assert np.array_equal(ducked[: dip.fall], full[: dip.fall])
    assert np.array_equal(ducked[dip.back :], full[dip.back :])
    inside = slice(dip.low, dip.rise)
    assert np.abs(ducked[inside] - full[inside] * 10 ** (-9 / 20)).max() <= 1
    assert playing.measured(tmp_path / "score-full.wav")[0] == pytest.approx(-16, abs=0.1)
    assert programme.full_loudness == pytest.approx(-16, abs=0.1)
    loudness, peak = playing.measured(tmp_path / "score.wav")
    assert programme.loudness == pytest.approx(loudness, abs=0.01)
    assert loudness < -16.3
    assert peak <= -1.0


def test_the_unducked_music_is_that_of_a_score_without_dialogue(playing: ModuleType, tmp_path: Path) -> None:
    sheet = playing.sheet_of(240)
    mix(playing.played(sheet, playing.band()), sheet, tmp_path / "a", ducking=ducking([Said(48, 96)], sheet.rate))
    plain = mix(playing.played(sheet, playing.band()), sheet, tmp_path / "b")
    assert plain.full is None
    assert (tmp_path / "a" / "score-full.wav").read_bytes() == (tmp_path / "b" / "score.wav").read_bytes()
    assert not (tmp_path / "b" / "score-full.wav").exists()


def test_stems_are_ducked_as_the_score_that_they_add_up_to(playing: ModuleType, tmp_path: Path) -> None:
    sheet = playing.sheet_of(240)
    made = ducking([Said(48, 96)], sheet.rate)
    programme = mix(playing.played(sheet, playing.band(0.3, 30)), sheet, tmp_path, ducking=made, stems=True)
    total = sum(playing.integers(path) for path in programme.stems.values())
    assert np.abs(total - playing.integers(tmp_path / "score.wav")).max() <= 4  # steps of 2 ** -23
