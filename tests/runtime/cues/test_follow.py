"""Which frames of a new cut show what the old one showed."""

import random
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues import follow as module
from hitpoint.runtime.cues.follow import Stretch, follow
from hitpoint.runtime.cues.sheet import KnownShot
from hitpoint.runtime.rate import Rate

RATE = Rate(Fraction(25))


def cut(*rows):
    """Shots one after the other; a row is (medium, second, frames) and may go on with (speed, name)."""
    shots, at = [], 0
    for media, second, frames, *more in rows:
        speed, name = [*more, 1.0, media][:2] if len(more) < 2 else more
        path = f"/rushes/{media}.mov" if media else ""
        shots.append(KnownShot(at, at + frames, name if len(more) > 1 else media, path, second, speed))
        at += frames
    return shots


def found(old, new):
    return [(s.start, s.end, s.was, s.was_end) for s in follow(old, new, RATE).stretches]


A, B, C, D = ("a", 10.0, 50), ("b", 0.0, 30), ("c", 3.0, 70), ("d", 8.0, 40)


def test_the_same_cut_is_followed_frame_by_frame():
    assert found(cut(A, B, C), cut(A, B, C)) == [(0, 50, 0, 50), (50, 80, 50, 80), (80, 150, 80, 150)]


def test_a_deleted_and_an_inserted_shot_move_what_follows():
    assert found(cut(A, B, C), cut(A, D, C)) == [(0, 50, 0, 50), (90, 160, 80, 150)]


def test_scenes_that_change_places_are_both_found():
    assert found(cut(A, B, C, D), cut(C, D, A, B)) == [
        (0, 70, 80, 150), (70, 110, 150, 190), (110, 160, 0, 50), (160, 190, 50, 80),
    ]  # fmt: skip


def test_a_trim_at_either_end_keeps_what_both_show():
    assert found(cut(A, B), cut(("a", 10.4, 30), B)) == [(0, 30, 10, 40), (30, 60, 50, 80)]


def test_a_longer_handle_is_new_at_its_ends():
    assert found(cut(A), cut(("a", 9.0, 100))) == [(25, 75, 0, 50)]


def test_a_shot_cut_in_two_by_an_insert_is_found_in_both_halves():
    assert found(cut(A, B), cut(("a", 10.0, 20), D, ("a", 10.8, 30), B)) == [
        (0, 20, 0, 20), (60, 90, 20, 50), (90, 120, 50, 80),
    ]  # fmt: skip


def test_a_retimed_shot_is_followed_through_its_medium():
    way = follow(cut(A, B), cut(("a", 10.0, 100, 0.5), B), RATE)
    assert way.back(50) == 25
    assert way.forward(25) == 50
    assert way.back(100) == 50


def test_a_reversed_shot_is_still_the_shot():
    old, new = cut(A, B), cut(("a", 12.0, 50, -1.0), B)
    assert found(old, new) == [(0, 50, 0, 50), (50, 80, 50, 80)]


def test_a_renamed_clip_and_a_medium_linked_anew_are_known_again():
    old = cut(A, B)
    renamed = [replace(shot, name=f"take {n}") for n, shot in enumerate(old)]
    linked = [replace(shot, media=shot.media.replace("/rushes/", "E:\\proxies\\").upper()) for shot in old]
    assert found(old, renamed) == found(old, linked) == found(old, old)


def test_files_of_one_name_in_two_folders_are_two_media():
    one, two = KnownShot(0, 50, "x", "/card1/C01.mov", 0.0), KnownShot(50, 90, "y", "/card2/C01.mov", 0.0)
    swapped = [replace(two, start=0, end=40), replace(one, start=40, end=90)]
    assert found([one, two], swapped) == [(0, 40, 50, 90), (40, 90, 0, 50)]


def test_media_under_another_name_are_known_by_the_clips_names():
    old = [KnownShot(0, 50, "door", "/a/1.mov", 4.0), KnownShot(50, 80, "hand", "/a/2.mov", 7.0)]
    new = [KnownShot(0, 30, "hand", "/b/x.mxf", 0.0), KnownShot(30, 80, "door", "/b/y.mxf", 0.0)]
    assert found(old, new) == [(0, 30, 50, 80), (30, 80, 0, 50)]


def test_another_part_of_the_same_medium_is_another_shot_whatever_it_is_called():
    assert found(cut(("a", 0.0, 50)), cut(("a", 60.0, 50))) == []


def test_stills_and_offline_shots_without_a_medium_are_known_by_name_and_length():
    old = [KnownShot(0, 50, "card"), KnownShot(50, 80, "", ""), KnownShot(80, 99, "s", "/s.png", 0.0, 0.0)]
    new = [KnownShot(0, 19, "s", "/s.png", 0.0, 0.0), KnownShot(19, 69, "card"), KnownShot(69, 99, "", "")]
    assert found(old, new) == [(0, 19, 80, 99), (19, 69, 0, 50), (69, 99, 50, 80)]


def test_of_a_shot_used_twice_each_use_stays_between_its_neighbours():
    old = cut(A, B, C, B, D)
    assert found(old, cut(C, B, D)) == [(0, 70, 80, 150), (70, 100, 150, 180), (100, 140, 180, 220)]
    assert found(old, cut(A, B, C, D))[1] == (50, 80, 50, 80)
    moved = found(old, cut(C, B, D, A, B))
    assert moved[1] == (70, 100, 150, 180)
    assert moved[4] == (190, 220, 50, 80)


def test_a_shot_that_is_used_once_more_has_one_counterpart_only():
    stretches = found(cut(A, B), cut(A, B, A))
    assert stretches == [(0, 50, 0, 50), (50, 80, 50, 80)]


def test_a_frame_of_a_shot_that_is_there_already_has_no_second_counterpart():
    assert found(
        [KnownShot(0, 2, "a", "/a", 0.0)], [KnownShot(0, 2, "a", "/a", 0.0), KnownShot(2, 3, "a", "/a", 0.0)]
    ) == [(0, 2, 0, 2)]


SHOTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 1.0, 2.5, 40.0]), st.integers(1, 90),
              st.sampled_from([1.0, 1.0, 2.0, -1.0, 0.0, 0.5])),
    max_size=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(SHOTS, SHOTS)
def test_whatever_became_of_a_cut_stretches_overlap_in_neither(before, after):
    old, new = cut(*before), cut(*after)
    way = follow(old, new, RATE)
    assert all(one.end <= two.start for one, two in pairwise(way.stretches))
    by_old = sorted(way.stretches, key=lambda s: s.was)
    assert all(one.was_end <= two.was + 1 for one, two in pairwise(by_old))  # a frame that two speeds share
    for stretch in way.stretches:
        assert stretch.start < stretch.end
        assert stretch.was < stretch.was_end
        source = next(s for s in old if s.start <= stretch.was < s.end)
        target = next(s for s in new if s.start <= stretch.start < s.end)
        assert source.media == target.media
        assert stretch.end <= target.end
        assert stretch.was_end <= source.end
        if source.speed == target.speed == 1.0:
            was = source.at + (stretch.was - source.start) / 25
            now = target.at + (stretch.start - target.start) / 25
            assert abs(was - now) <= 1 / 25


def test_the_same_cut_follows_itself_however_often_its_shots_are_used():
    rng = random.Random(3)
    shots = cut(*[(rng.choice("ab"), rng.choice([0.0, 2.0]), rng.choice([20, 30])) for _ in range(80)])
    assert found(shots, shots) == [(s.start, s.end, s.start, s.end) for s in shots]


def test_what_is_weighed_grows_with_the_number_of_shots_and_not_faster(monkeypatch):
    """Also where every shot shows the same picture."""
    weighed = []
    chain = module._chain

    def counted(pieces, edge):
        weighed[-1] += len(pieces)
        return chain(pieces, edge)

    monkeypatch.setattr(module, "_chain", counted)
    for count in (100, 200, 400):
        weighed.append(0)
        shots = cut(*[("a", 0.0, 30)] * count)
        assert len(follow(shots, shots[1:], RATE).stretches) == count - 1
    assert weighed[2] / weighed[1] < 2.3
    assert weighed[1] / weighed[0] < 2.3


def test_frames_of_an_old_stretch_that_is_gone_are_nowhere():
    way = module.Way([Stretch(100, 150, 0, 50)])
    assert way.forward(49) == 149
    assert way.forward(50) is None
    assert way.back(99) is None
    assert way.images(10, 400) == [(110, 150)]
    assert way.within(0, 101) == way.stretches


@pytest.mark.parametrize("old, new", [([], []), ([KnownShot(0, 9)], []), ([], [KnownShot(0, 9)])])
def test_nothing_follows_nothing(old, new):
    assert follow(old, new, RATE).stretches == []
