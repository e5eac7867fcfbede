"""What mood a stretch of picture makes, and why."""

import runpy
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from hitpoint.runtime.picture.mood import moods

known = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("known_groups.py"))))

#        light, contrast, saturation, warmth, motion
DAY = (0.8, 0.5, 0.6, 0.5, 0.1)
NIGHT = (0.15, 0.4, 0.2, -0.5, 0.1)
CHASE = (0.5, 0.7, 0.5, 0.0, 0.9)


def mood_of(look, beside=(DAY, NIGHT, CHASE), cuts=4):
    """The mood of 20 s of a look with some cuts, in a film with other looks of 20 s."""
    looks = [look, *beside]
    lengths, rows = [], []
    for place, each in enumerate(looks):
        count = cuts + 1 if place == 0 else 5
        lengths += [480 // count] * (count - 1) + [480 - 480 // count * (count - 1)]
        rows += [each] * count
    edit, seen = known.film(lengths, rows)
    return moods(edit, seen, list(range(0, 480 * len(looks) + 1, 480)))[0]


def rises(values):
    return all(a < b for a, b in pairwise(values))


@pytest.mark.parametrize("beside", [(), (DAY, NIGHT, CHASE), (DAY,)])
def test_more_light_makes_a_brighter_mood_and_more_movement_or_cuts_a_livelier_one(beside):
    assert rises([mood_of((x, 0.5, 0.3, 0.0, 0.2), beside).valence for x in (0.1, 0.3, 0.5, 0.7)])
    assert rises([mood_of((0.3, 0.5, 0.3, x, 0.2), beside).valence for x in (-0.5, 0.0, 0.5)])
    assert rises([mood_of((0.5, 0.5, 0.5, 0.0, x), beside).energy for x in (0.0, 0.2, 0.5, 0.9)])
    assert rises([mood_of(CHASE, beside, cuts=n).energy for n in (0, 2, 6, 20)])


def test_a_mood_depends_on_the_rest_of_the_film():
    grey = (0.4, 0.5, 0.3, 0.0, 0.3)
    assert mood_of(grey, [NIGHT] * 3).valence > mood_of(grey).valence > mood_of(grey, [DAY] * 3).valence
    assert mood_of(grey, [DAY] * 3).energy > mood_of(grey, [CHASE] * 3).energy


def test_moods_stay_in_their_range():
    most, least = (1.0, 1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, -1.0, 0.0)
    glad, sad = mood_of(most, [least] * 9, cuts=100), mood_of(least, [most] * 9, cuts=0)
    assert (glad.valence, glad.energy) == (1, 1)
    assert -1 <= sad.valence < -0.9
    assert 0 <= sad.energy < 0.1


def test_a_mood_says_why_in_words_that_a_person_understands():
    day, night = mood_of((0.71, 0.5, 0.6, 0.5, 0.02), (NIGHT,)), mood_of((0.2, 0.4, 0.05, -0.4, 0.8), (DAY,), cuts=14)
    assert day.valence > 0 > night.valence
    for reason in ("bright (0.71)", "warm colours", "vivid colours", "little movement", "brighter than the rest"):
        assert reason in day.reasons
    for reason in ("dark (0.20)", "cold colours", "much movement", "many cuts: 42 a minute", "darker than the rest"):
        assert reason in night.reasons
    assert "no cuts" in mood_of(DAY, cuts=0).reasons
