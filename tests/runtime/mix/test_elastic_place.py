"""Music that was made for its place is bent where it stands: beats meet hits, nothing drifts, what is kept stays."""

from __future__ import annotations

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import CueSheet, Hit, Storyboard
from hitpoint.runtime.mix.elastic_place import DRIFT, Settled, _runs, as_made, blocks, settle
from hitpoint.runtime.mix.elastic_plan import MOST
from hitpoint.runtime.mix.elastic_sound import attacks
from hitpoint.runtime.mix.heard import Heard
from hitpoint.runtime.rate import Rate

SR = 48_000
RATE = Rate.of(25)


def clicks(times, seconds):
    """A click of 30 ms at each of the times, over a quiet tone."""
    at = np.arange(round(seconds * SR))
    sound = 0.02 * np.sin(2 * np.pi * 220 * at / SR)
    burst = np.random.default_rng(4).normal(0, 0.5, 1440) * np.linspace(1, 0, 1440) ** 2
    for time in times:
        start = round(time * SR)
        sound[start : start + 1440] += burst[: max(0, len(sound) - start)]
    return np.stack([sound, sound], axis=1).astype(np.float32)


def heard_of(times):
    """What an ear without fault hears of such a sound: four beats a bar."""
    beats = np.asarray(times, np.float64) * SR
    return Heard(beats, 4, 0, np.zeros((len(beats), 1)), np.zeros(len(beats)))


def sheet_of(hits, *, seconds, boards=()):
    frames = round(seconds * 25)
    spans = boards or ((0, seconds),)
    return CueSheet(
        "cut", RATE, frames,
        storyboards=tuple(Storyboard(str(n), round(a * 25), round(b * 25), 120.0) for n, (a, b) in enumerate(spans)),
        hits=tuple(Hit(round(at * 25), "cut", weight=1.0) for at in hits),
    )  # fmt: skip


def bent(sound, settled, sheet):
    return np.concatenate(list(blocks(sound, settled, sheet)))


def off(sound, hits):
    """How far the nearest attack of a sound is from each hit, in seconds."""
    found, _ = attacks(sound)
    return [float(np.abs(found / SR - hit).min()) for hit in hits]


BEATS = np.arange(0.0, 20, 0.5)
HITS = [2.12, 5.4, 9.08, 13.6, 16.96]  # up to 0.12 s beside a beat


@pytest.fixture(scope="module")
def case():
    sound, sheet = clicks(BEATS, 20), sheet_of(HITS, seconds=20)
    found, _ = attacks(sound)
    return sound, sheet, settle(heard_of(BEATS), found, sheet)


def test_beats_are_heard_on_the_hits(case):
    sound, sheet, settled = case
    assert min(off(sound, HITS)) > 0.03
    assert max(off(bent(sound, settled, sheet), HITS)) < 0.021  # half a frame


def test_the_music_is_as_long_as_it_was_and_begins_and_ends_with_the_picture(case):
    sound, sheet, settled = case
    assert len(bent(sound, settled, sheet)) == len(sound)
    assert settled.map.target[[0, -1]].tolist() == [0, 20 * SR]
    assert settled.map.source[-1] == 20 * SR


def test_no_beat_is_bent_or_moved_further_than_is_said(case):
    _, _, settled = case
    assert settled.bent
    whole = np.diff(settled.map.source) > 0.3 * SR
    assert np.abs(settled.bends[whole]).max() <= MOST + 1e-6
    assert np.abs(settled.map.target - settled.map.source).max() <= DRIFT * SR + 1


def test_hits_at_another_tempo_do_not_lead_the_music_away_from_its_place():
    """Hits that are 4 % slower than the beats for half a minute: whoever follows them all ends 1.2 s late."""
    beats = np.arange(0.0, 60, 0.5)
    sheet = sheet_of([1.04 * beat for beat in beats[4:56:4]], seconds=60)
    settled = settle(heard_of(beats), beats * SR, sheet)
    assert settled.bent
    assert np.abs(settled.map.target - settled.map.source).max() <= (DRIFT + 0.01) * SR


def test_music_that_meets_the_hits_already_is_left_as_it_is():
    sound, sheet = clicks([*BEATS, *HITS], 20), sheet_of(HITS, seconds=20)
    found, _ = attacks(sound)
    settled = settle(heard_of(BEATS), found, sheet)
    assert not settled.bent
    assert np.array_equal(bent(sound, settled, sheet)[2000:-2000], sound[2000:-2000])


def test_without_hits_or_beats_nothing_is_bent():
    sound = clicks(BEATS, 20)
    found, _ = attacks(sound)
    assert not settle(heard_of(BEATS), found, sheet_of([], seconds=20)).bent
    assert not settle(heard_of(BEATS[:2]), found, sheet_of(HITS, seconds=20)).bent
    assert not as_made(sheet_of(HITS, seconds=20)).bent


def test_a_first_beat_that_is_late_is_heard_with_the_first_frame():
    late = BEATS + 0.06
    sound, sheet = clicks(late, 20), sheet_of([0.0, 5.4, 9.08], seconds=20)
    found, _ = attacks(sound)
    settled = settle(heard_of(late), found, sheet)
    made = bent(sound, settled, sheet)
    assert settled.map.source[0] == pytest.approx(0.06 * SR, abs=1)
    assert max(off(made, [5.4, 9.08])) < 0.012
    assert np.abs(made[: round(0.02 * SR)]).max() > 0.2


def test_picture_that_begins_later_has_no_music_before_it():
    sheet = sheet_of([6.4], seconds=20, boards=((4, 18),))
    sound = clicks(BEATS + 0.05, 20)
    sound[: 4 * SR] = sound[18 * SR :] = 0
    found, _ = attacks(sound)
    made = bent(sound, settle(heard_of(BEATS[8:36] + 0.05), found, sheet), sheet)
    assert not made[: 4 * SR].any() and not made[18 * SR :].any()
    assert max(off(made, [6.4])) < 0.012


THREE = ((0, 7), (7, 13), (13, 20))


@pytest.fixture(scope="module")
def revised():
    """The middle storyboard's music is made anew, on other beats, and bent afresh."""
    sheet = sheet_of(HITS, seconds=20, boards=THREE)
    old = clicks(BEATS, 20)
    other = np.concatenate([BEATS[BEATS < 6.9], np.arange(7.0, 12.8, 0.51), BEATS[BEATS >= 13]])
    new = clicks(other, 20)
    first = settle(heard_of(BEATS), attacks(old)[0], sheet)
    second = settle(heard_of(other), attacks(new)[0], sheet, first, (1,))
    return sheet, old, new, first, second


def test_storyboards_that_are_kept_stay_to_the_sample(revised):
    sheet, old, new, first, second = revised
    one, two = bent(old, first, sheet), bent(new, second, sheet)
    room = round(0.1 * SR)  # the width of a frame of the vocoder
    assert np.array_equal(one[: 7 * SR - room], two[: 7 * SR - room])
    assert np.array_equal(one[15 * SR :], two[15 * SR :])
    assert not np.array_equal(one[8 * SR : 12 * SR], two[8 * SR : 12 * SR])


def test_what_is_made_anew_meets_its_own_hits(revised):
    sheet, _, new, _, second = revised
    made = bent(new, second, sheet)
    assert off(new, [9.08])[0] > 0.02
    assert off(made, [9.08])[0] < 0.012
    assert max(off(made, HITS)) < 0.021
    assert (np.diff(second.map.target) > 0).all() and (np.diff(second.map.source) > 0).all()


def test_neighbours_that_are_made_anew_are_bent_as_one():
    sheet = sheet_of([], seconds=20, boards=((0, 7), (7, 13), (13, 14), (15, 20)))  # a gap before the last
    seconds = [[(start / SR, end / SR) for start, end in _runs(sheet, anew)] for anew in ((0, 1), (0, 2), (1, 2, 3))]
    assert seconds == [[(0, 13)], [(0, 7), (13, 14)], [(7, 14), (15, 20)]]


def test_nothing_made_anew_changes_nothing(revised):
    sheet, old, _, first, _ = revised
    again = settle(heard_of(BEATS), attacks(old)[0], sheet, first, ())
    assert np.array_equal(again.map.source, first.map.source) and np.array_equal(again.attacks, first.attacks)


def test_storyboards_meet_without_a_click_or_a_hole():
    """A held tone through three storyboards, all of them bent: its level stays where they meet."""
    at = np.arange(20 * SR) / SR
    sound = np.repeat(0.3 * np.sin(2 * np.pi * 330 * at)[:, None], 2, axis=1).astype(np.float32)
    sheet = sheet_of([], seconds=20, boards=THREE)
    straight = as_made(sheet).map
    knots = np.array([0, 6.8, 12.9, 20]) * SR
    settled = Settled(type(straight)(knots, np.array([0, 7, 13, 20.0]) * SR), np.zeros(0))
    made = bent(sound, settled, sheet)
    level = np.sqrt(np.mean(made[SR : 19 * SR, 0].reshape(-1, 480) ** 2, axis=1))
    assert level.min() > 0.6 * np.median(level)
    assert level.max() < 1.5 * np.median(level)
