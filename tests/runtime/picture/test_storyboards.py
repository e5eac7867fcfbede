"""Which shots are found to belong together, and what mood that makes."""

import itertools
import json
import runpy
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.edit import Cut, Edit, Marker, Shot, Source
from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.picture import grouping
from hitpoint.runtime.picture.grouping import Feature, Lengths, Row, group
from hitpoint.runtime.picture.storyboards import Wishes, storyboards
from hitpoint.runtime.rate import Rate

known = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("known_groups.py"))))

#        light, contrast, saturation, warmth, motion
DAY = (0.8, 0.5, 0.6, 0.5, 0.1)
NIGHT = (0.15, 0.4, 0.2, -0.5, 0.1)
CHASE = (0.5, 0.7, 0.5, 0.0, 0.9)


def film(*parts, length=96, **more):
    """A film of (look, shots) parts at 24 a second; each shot is `length` frames."""
    looks = [look for look, count in parts for _ in range(count)]
    return known.film([length] * len(looks), looks, **more)


def marker(frame, name="", note="", color="RED", visible=True):
    return Marker(frame, 0, name, note, color, "timeline", visible)


def starts(edit, seen=None, **wishes):
    return [board.start for board in storyboards(edit, seen, wishes=Wishes(**wishes))[0]]


# Found by looks


@pytest.mark.parametrize("rich", [True, False])
@pytest.mark.parametrize("noise", [0.03, 0.06])
def test_groups_of_looks_that_were_put_together_are_found_again(noise, rich):
    scores = []
    for seed in range(50):
        edit, seen, wanted = known.groups(seed, noise, rich=rich)
        scores.append(known.f1(starts(edit, seen)[1:], wanted))
    assert np.mean(scores) >= 0.9


def test_a_dialogue_to_and_fro_between_two_looks_is_one_storyboard():
    looks = [DAY, NIGHT] * 5
    edit, seen = known.film([72] * 10, looks)
    assert starts(edit, seen) == [0]


def test_one_short_strange_shot_among_many_alike_parts_nothing():
    edit, seen = film((DAY, 4), (NIGHT, 1), (DAY, 5), length=72)
    assert starts(edit, seen) == [0]


def test_where_the_look_changes_for_good_a_storyboard_starts():
    edit, seen = film((DAY, 5), (NIGHT, 5))
    assert starts(edit, seen) == [0, 480]


@pytest.mark.parametrize("place, step", [(0, 0.6), (2, 0.6), (3, 0.9), (4, 0.8)])
def test_light_saturation_warmth_and_movement_each_part_storyboards(place, step):
    other = list(CHASE)
    other[place] += step if other[place] < 0.3 else -step
    other = np.clip(other, [0, 0, 0, -1, 0], 1)
    edit, seen = film((CHASE, 5), (other, 5))
    assert starts(edit, seen) == [0, 480]


def test_meaning_parts_what_light_and_colour_do_not():
    meaning = np.repeat([[1.0, 0, 0], [0, 1.0, 0]], 5, axis=0)
    edit, seen = film((DAY, 10), meaning=meaning)
    assert starts(edit, seen) == [0, 480]


def test_colours_part_what_their_mean_does_not():
    colour = np.zeros((10, 3, 32, 32))
    colour[:5, :, 4, 4] = colour[5:, :, 28, 28] = 1 / 3
    edit, seen = film((DAY, 10), colour=colour)
    assert starts(edit, seen) == [0, 480]


def test_a_burst_of_cutting_is_a_storyboard_of_its_own():
    lengths = [240] * 5 + [24] * 20 + [240] * 5
    edit, seen = known.film(lengths, [DAY] * 30)
    assert {1200, 1680} <= set(starts(edit, seen))


def test_shots_that_could_not_be_seen_part_nothing_and_hide_nothing():
    unseen = [True] * 5 + [False] * 60 + [True] * 5
    edit, seen = film((DAY, 35), (NIGHT, 35), known=unseen)
    assert len(starts(edit, seen)) == 2


def test_a_picture_of_which_nothing_could_be_seen_is_as_good_as_none():
    edit, seen = film((DAY, 30), (NIGHT, 30), known=[False] * 60)
    assert starts(edit, seen) == starts(edit) == [0]
    edit, seen = blinking(known=[False] * 12)
    assert starts(edit, seen) == starts(edit) == list(range(0, 720, 60))


def test_a_cut_inside_a_shot_may_start_a_storyboard_by_what_the_curves_show():
    edit, seen = film((DAY, 5), (NIGHT, 5))
    whole = replace(edit, shots=(Shot(0, 960, "flat", "/m/flat.mov", True),))
    one = replace(seen, looks=(known.Look(*DAY, known=True),))
    assert starts(whole, one) == [0, 480]


def test_a_picture_of_another_edit_is_refused():
    edit, seen = film((DAY, 5))
    with pytest.raises(ValueError, match="4 looks for 5 shots"):
        storyboards(edit, replace(seen, looks=seen.looks[1:]))


# The best of all


def cost_by_hand(row, lengths, bounds):
    """What the docstring of `group` says, pair by pair."""
    total = 0.0
    for first, last in pairwise(bounds):
        mass = sum(row.weight[first:last])
        for a, b in itertools.combinations(range(first, last), 2):
            apart = sum(
                np.sum(((f.values[a] - f.values[b]) / f.scale) ** 2) for f in row.features if f.known[a] and f.known[b]
            )
            total += row.weight[a] * row.weight[b] * (1 - np.exp(-apart / 2)) / mass
        seconds, seen = sum(row.seconds[first:last]), sum(row.seen[first:last])
        total += grouping.LONG_PRICE * max(0, seen - lengths.longest) / lengths.longest
        total += grouping.SHORT_PRICE * max(0, lengths.shortest - seconds) / lengths.shortest
        total += grouping.TOO_SHORT * (seconds < lengths.least)
    return total + sum(row.price[bounds[1:-1]])


def random_row(rng, count):
    seconds = rng.lognormal(1, 0.8, count)
    kinds = rng.integers(0, 3, count)
    return Row(
        seconds=seconds,
        seen=seconds * (rng.random(count) < 0.9),
        weight=rng.uniform(0.3, 2, count),
        price=rng.uniform(-0.5, 0.8, count),
        hard=rng.random(count) < 0.1,
        features=(
            Feature(rng.normal(0, 1, (3, 4))[kinds] + rng.normal(0, 0.3, (count, 4)), np.ones(count, bool), 1.0),
            Feature(rng.normal(0, 1, (count, 2)), rng.random(count) < 0.7, 2.0),
        ),
    )


@pytest.mark.parametrize("seed", range(60))
def test_no_other_way_to_part_a_few_shots_costs_less(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 11))
    row, lengths = random_row(rng, count), Lengths(2.0, 8.0, 20.0)
    must = {0, count, *np.flatnonzero(row.hard).tolist()}
    ways = ([0, *inner, count] for size in range(count) for inner in itertools.combinations(range(1, count), size))
    cheapest = min(cost_by_hand(row, lengths, way) for way in ways if must <= set(way))
    found = [*group(row, lengths), count]
    assert must <= set(found)
    assert cost_by_hand(row, lengths, found) == pytest.approx(cheapest, abs=1e-8)


def test_rows_longer_than_a_block_are_parted_as_exactly(monkeypatch):
    rng = np.random.default_rng(5)
    row, lengths = random_row(rng, 400), Lengths(2.0, 8.0, 45.0)
    whole = group(row, lengths)
    monkeypatch.setattr(grouping, "BLOCK", 7)
    assert group(row, lengths) == whole
    monkeypatch.setattr(grouping, "MOST_SHOTS", 10**6)
    assert group(row, lengths) == whole


def cut_off(edit, seen, shots):
    """The first shots of a film, as if there were no more."""
    end = edit.shots[shots - 1].end
    rows = int(np.ceil(edit.seconds(end)))
    curves = type(seen.curves)(*(getattr(seen.curves, key)[:rows] for key in seen.curves.__dataclass_fields__))
    shorter = replace(
        edit, frames=end, picture_end=end, shots=edit.shots[:shots], cuts=tuple(c for c in edit.cuts if c.frame < end)
    )
    less = {key: getattr(seen, key)[:rows] for key in ("meaning", "colour", "density")}
    return shorter, replace(seen, looks=seen.looks[:shots], curves=curves, **less)


@pytest.mark.parametrize("seed", range(6))
def test_one_more_shot_changes_nothing_that_lies_more_than_a_minute_back(seed):
    edit, seen, _ = known.groups(seed, 0.08, to_and_fro=bool(seed % 2), count=9)
    before, kept = [], 0
    for count in range(1, len(edit.shots) + 1):
        shorter, less = cut_off(edit, seen, count)
        settled = edit.shots[count - 1].start - 60 * 24
        now = starts(shorter, less)
        assert [frame for frame in now if frame < settled] == [frame for frame in before if frame < settled]
        kept += sum(frame < settled for frame in now)
        before = now
    assert kept > 20


# What a person says


def test_markers_start_storyboards_whatever_the_picture_shows():
    markers = [marker(0, "storyboard: Morning"), marker(290, "x", "see\nSTORYBOARD:  Noon \n")]
    edit, seen = film((DAY, 5), (NIGHT, 5), markers=markers)
    boards, warnings = storyboards(edit, seen)
    assert [(b.name, b.start, b.end, b.named) for b in boards] == [
        ("Morning", 0, 290, True),
        ("Noon", 290, 480, True),
        ("Storyboard 3", 480, 960, False),
    ]
    assert warnings == ()


def test_markers_of_a_chosen_colour_start_storyboards_and_others_do_not():
    markers = [marker(200, "Meadow", color="green"), marker(300, "boom", color="RED"), marker(700, "", color="GREEN")]
    edit, seen = film((DAY, 10), markers=markers)
    boards, _ = storyboards(edit, seen, wishes=Wishes(colours=("Green",)))
    assert [(b.start, b.name, b.named) for b in boards] == [
        (0, "Storyboard 1", False),
        (200, "Meadow", True),
        (700, "Storyboard 3", False),
    ]
    assert starts(edit, seen) == [0]
    assert starts(edit, colours=("GREEN",)) == [0, 200, 700]


def test_a_colour_that_no_marker_has_is_said_with_those_there_are():
    edit, seen = film((DAY, 10), markers=[marker(200, "", color="green"), marker(300, "", color="RED")])
    _, warnings = storyboards(edit, seen, wishes=Wishes(colours=("banana", "Red")))
    assert warnings == ("no marker has the colour BANANA, so none starts a storyboard (theirs are: GREEN, RED)",)


def test_a_storyboard_may_be_as_short_as_a_person_says():
    edit, seen = film((DAY, 10), markers=[marker(100, "storyboard: Blink"), marker(110, "storyboard: After")])
    assert starts(edit, seen) == [0, 100, 110]


def test_a_hidden_marker_starts_nothing():
    edit, seen = film((DAY, 10), markers=[marker(100, "storyboard: A", visible=False)])
    assert starts(edit, seen) == [0]


@pytest.mark.parametrize("black", [48, 240])
def test_a_marker_in_the_black_speaks_for_its_end(black):
    edit, seen = gapped(black, markers=[marker(500, "storyboard: Night")])
    assert starts(edit, seen) == starts(edit) == [0, 500]


def test_between_a_marker_and_a_change_of_look_too_near_to_it_there_is_no_storyboard():
    edit, seen = film((DAY, 5), (NIGHT, 5), markers=[marker(450, "storyboard: Dusk")])
    assert starts(edit, seen) == [0, 450]


# Black, dissolves, jumps


def gapped(black, looks=(DAY, DAY), kind="to_black", **more):
    """Five shots, black, five shots."""
    edit, seen = film((looks[0], 5), (looks[1], 5), **more)
    shots = tuple(
        replace(s, start=s.start + black * (s.start >= 480), end=s.end + black * (s.end > 480)) for s in edit.shots
    )
    cuts = [Cut(s.start) for s in shots[1:] if s.start != 480 + black] + [
        Cut(480, kind),
        Cut(480 + black, "from_black"),
    ]
    cuts.sort(key=lambda cut: cut.frame)
    rows = int(np.ceil((960 + black) / 24))
    later = {
        key: np.concatenate(
            [getattr(seen, key)[:20], np.zeros_like(getattr(seen, key)[: rows - 40]), getattr(seen, key)[20:]]
        )
        for key in ("meaning", "colour", "density")
    }
    edit = replace(edit, frames=960 + black, picture_end=960 + black, shots=shots, cuts=tuple(cuts))
    return edit, replace(seen, **later)


def test_a_second_of_black_parts_what_looks_alike_and_belongs_to_what_was_before():
    edit, seen = gapped(24)
    assert starts(edit, seen) == [0, 504]
    assert starts(edit) == [0, 504]


def test_a_blink_of_black_alone_parts_nothing():
    edit, seen = gapped(12)
    assert starts(edit, seen) == [0]


def blinking(**more):
    """Picture and black, 1.25 s each, by turns."""
    shots = tuple(Shot(n * 60, n * 60 + 30, f"{n}", None, True) for n in range(12))
    cuts = [Cut(n * 60 + 30, "to_black") for n in range(11)] + [Cut(n * 60, "from_black") for n in range(1, 12)]
    edit, seen = film((DAY, 12), length=60, **more)
    return replace(edit, picture_end=690, shots=shots, cuts=tuple(sorted(cuts, key=lambda c: c.frame))), seen


def test_black_every_other_second_does_not_make_storyboards_of_two_seconds():
    edit, seen = blinking()
    lengths = np.diff([*starts(edit, seen), 690]) / 24
    assert len(lengths) < 12
    assert min(lengths) >= 2


def torn(soft):
    """Looks that stray just not enough to part, with one `soft` thing in the middle."""
    a, b = np.array(CHASE), np.array(CHASE)
    b[0] -= 0.27
    edit, seen = film((a, 3), (b, 3), length=84)
    return soft(edit), seen


def jump(seconds):
    def apply(edit):
        rate = edit.rate
        at = lambda shot: Fraction(seconds if shot.start >= 252 else 0) + rate.seconds(shot.start)
        shots = tuple(
            replace(s, media="/m/a.mov", sources=(Source(s.start, s.end, "/m/a.mov", at(s), Fraction(1)),))
            for s in edit.shots
        )
        return replace(edit, shots=shots)

    return apply


def dissolve(edit):
    return replace(edit, cuts=tuple(replace(c, kind="transition") if c.frame == 252 else c for c in edit.cuts))


def test_a_dissolve_or_a_jump_in_the_medium_tips_the_balance():
    assert starts(*torn(lambda edit: edit)) == starts(*torn(jump(10))) == [0]
    assert starts(*torn(dissolve)) == starts(*torn(jump(600))) == starts(*torn(jump(-600))) == [0, 252]


def test_the_edge_of_a_title_starts_no_storyboard():
    edit, seen = film((DAY, 5), (NIGHT, 5))
    titled = replace(edit, cuts=tuple(replace(c, maybe_overlay=c.frame == 480) for c in edit.cuts))
    assert 480 not in starts(titled, seen)


# Lengths


@pytest.mark.parametrize("seed", range(20))
def test_storyboards_start_on_cuts_and_none_is_shorter_than_two_seconds(seed):
    rng = np.random.default_rng(seed)
    lengths = np.maximum(2, rng.lognormal(3, 1, 80)).astype(int)
    edit, seen = known.film(lengths, rng.uniform(known.LOW, known.HIGH, (80, 5)))
    found = starts(edit, seen)
    assert set(found) <= {0, *(cut.frame for cut in edit.cuts)}
    assert min(np.diff([*found, edit.frames])) >= 48


def test_a_long_stretch_of_one_look_is_parted_into_pieces_to_make_music_for():
    edit, seen = film((DAY, 150))
    lengths = np.diff([*starts(edit, seen), edit.frames]) / 24
    assert 8 <= min(lengths) <= max(lengths) <= 75
    assert len(starts(edit, seen, longest=1000)) == 1


def test_a_person_may_wish_for_shorter_or_longer_storyboards():
    edit, seen, _ = known.groups(3, 0.05, count=10)
    counts = [len(starts(edit, seen, shortest=low, longest=high)) for low, high in ((2, 6), (8, 45), (60, 300))]
    assert counts[0] > counts[1] > counts[2]


@pytest.mark.parametrize("wish", [{"least": 9}, {"shortest": 50}, {"least": -1}, {"longest": float("nan")}])
def test_wishes_for_lengths_that_cannot_be_are_refused(wish):
    edit, seen = film((DAY, 3))
    with pytest.raises(UsageError, match="must rise"):
        starts(edit, seen, **wish)


def test_one_shot_is_one_storyboard():
    for length in (1, 24, 24 * 600):
        edit, seen = film((DAY, 1), length=length)
        boards, warnings = storyboards(edit, seen)
        assert [(b.name, b.start, b.end, b.named) for b in boards] == [("Storyboard 1", 0, length, False)]
        assert warnings == ()


def test_an_edit_without_picture_has_no_storyboards():
    edit, seen = known.film([], np.zeros((0, 5)))
    assert storyboards(edit, seen) == storyboards(edit) == ((), ())


def test_the_storyboards_together_are_the_picture():
    edit, seen, _ = known.groups(1, 0.1)
    edit = replace(edit, frames=edit.frames + 100)
    boards, _ = storyboards(edit, seen)
    assert (boards[0].start, boards[-1].end) == (0, edit.picture_end)
    assert all(a.end == b.start for a, b in pairwise(boards))


def test_three_thousand_shots_take_well_under_a_second():
    rng = np.random.default_rng(0)
    of = np.arange(3000) // 8
    looks = rng.uniform(known.LOW, known.HIGH, (375, 5))[of]
    lengths = np.round(24 * np.clip(rng.lognormal(0.8, 0.5, 3000), 0.5, 20)).astype(int)
    edit, seen = known.film(lengths, looks, meaning=rng.normal(0, 1, (375, 512))[of])
    began = time.process_time()
    boards, _ = storyboards(edit, seen)
    assert time.process_time() - began < 2  # 0.4 s alone; busy machines get time
    assert 200 < len(boards) < 500


def test_where_nothing_is_known_the_mood_is_neutral_and_says_so():
    edit, seen = film((DAY, 5), (NIGHT, 5), known=[True] * 5 + [False] * 5, markers=[marker(480, "storyboard: Lost")])
    lost = storyboards(edit, seen)[0][1].mood
    assert lost.valence == 0
    assert "nothing of it could be seen" in lost.reasons
    blind = storyboards(edit)[0][1].mood
    assert blind.valence == 0
    assert "the picture was not looked at" in blind.reasons
    assert blind.energy == lost.energy


def test_a_storyboard_is_plain_json():
    edit, seen = film((DAY, 5), markers=[marker(0, "storyboard: Morning")])
    obj = storyboards(edit, seen)[0][0].to_json()
    assert json.loads(json.dumps(obj)) == obj
    assert obj["name"] == "Morning"
    assert obj["mood"]["reasons"]


def test_frames_are_exact_at_rates_that_are_not_whole():
    rate = Rate.of("23.976")
    edit, seen = film((DAY, 50), (NIGHT, 50), rate=rate, length=7)
    assert 350 in starts(edit, seen)
    assert isinstance(edit, Edit)
