"""A cue sheet carried over from an older cut to a newer one."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.known import known_markers
from hitpoint.runtime.cues.reconform import reconform
from hitpoint.runtime.cues.sheet import Brief, Hit, Rest
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker, Shot, Source
from hitpoint.runtime.rate import Rate

FILM = Rate(Fraction(24))


def edit(*rows, marks=(), rate=FILM, start_frame=86400):
    """Rows are (medium, first second of it, frames); marks (frame, name) or (frame, name, frames)."""
    shots, at = [], 0
    for media, second, frames in rows:
        source = Source(at, at + frames, f"/{media}.mov", Fraction(second), Fraction(1))
        shots.append(Shot(at, at + frames, media, source.media, True, (source,)))
        at += frames
    markers = tuple(Marker(f, more[0] if more else 0, name, "", "", "timeline") for f, name, *more in marks)
    cuts = tuple(Cut(shot.start) for shot in shots[1:])
    return Edit("film", rate, at, start_frame, False, 0, at, cuts, (), markers, tuple(shots))


def planned(made):
    return replace(plan(made), markers=known_markers(made))


def carried(sheet, new):
    return reconform(sheet, planned(new), new)


def boards(done):
    return [(board.name, board.start, board.end) for board in done.sheet.storyboards]


def hit(sheet, frame):
    return next((hit for hit in sheet.hits if hit.frame == frame), None)


def changed(sheet, index, **fields):
    rows = list(sheet.storyboards)
    rows[index] = replace(rows[index], **fields)
    return replace(sheet, storyboards=tuple(rows))


ONE = [("a", 0, 100), ("a", 20, 61), ("a", 50, 87), ("a", 90, 72)]  # 320
TWO = [("b", 0, 55), ("b", 10, 70), ("b", 30, 48), ("b", 60, 93), ("b", 90, 64)]  # 330
THREE = [("c", 0, 120), ("c", 15, 99), ("c", 60, 131)]  # 350
OLD = edit(*ONE, *TWO, *THREE, marks=[(0, "storyboard: One"), (320, "storyboard: Two"), (650, "storyboard: Three")])
SHEET = planned(OLD)
OPEN = [(0, "storyboard: One"), (320, "storyboard: Two"), (650, "storyboard: Three")]


def test_the_same_edit_gives_the_same_bytes():
    mine = changed(SHEET, 1, locked=True, tempo=SHEET.storyboards[1].tempo, brief=Brief(style="jazz"))
    mine = replace(mine, hits=mine.hits[:3] + mine.hits[4:], energy=((0, 0.5),), warnings=("old",))
    mine = sheet_json.loads(sheet_json.dumps(mine))
    done = carried(mine, OLD)
    assert sheet_json.dumps(done.sheet) == sheet_json.dumps(replace(mine, warnings=()))
    assert done.lost == ()
    assert [(c.name, [p.beats for p in c.to]) for c in done.carried] == [(n, ["kept"]) for n in ("One", "Two", "Three")]


def test_a_scene_that_moves_takes_its_storyboard_along_with_all_that_a_person_made_of_it():
    mine = changed(SHEET, 1, locked=True, brief=Brief(0.7, 0.9, 0.2, "jazz", "rain", "relative"), role="climax")
    new = edit(*TWO, *ONE, *THREE, marks=[(0, "storyboard: Two"), (330, "storyboard: One"), (650, "storyboard: Three")])
    done = carried(mine, new)
    assert boards(done) == [("Two", 0, 330), ("One", 330, 650), ("Three", 650, 1000)]
    was, now = mine.storyboards[1], done.sheet.storyboards[0]
    assert (now.brief, now.role, now.locked, now.metre, now.tempo) == (was.brief, was.role, True, was.metre, was.tempo)
    assert now.bars == was.bars
    assert now.beats == pytest.approx([beat - 320 / 24 for beat in was.beats], abs=1.1e-6)
    assert done.sheet.storyboards[2].beats == mine.storyboards[2].beats
    assert all(place.beats == "kept" for carry in done.carried for place in carry.to)
    assert done.lost == ()


def test_a_locked_storyboard_whose_shots_changed_keeps_its_tempo_and_is_told():
    mine = changed(SHEET, 0, locked=True)
    done = carried(mine, edit(ONE[0], ("a", 21, 37), *ONE[2:], *TWO, *THREE))
    was, now = mine.storyboards[0], done.sheet.storyboards[0]
    assert (now.locked, now.tempo, now.brief, now.end) == (True, was.tempo, was.brief, 296)
    assert now.beats != was.beats
    assert done.carried[0].to[0].beats == "laid anew"
    assert any("locked 'One'" in warning for warning in done.sheet.warnings)
    lengths = [b - a for a, b in pairwise(now.beats)]
    assert all(0.92 <= 60 / now.tempo / length <= 1.08 for length in lengths)
    assert done.sheet.storyboards[1].beats == pytest.approx([b - 1 for b in mine.storyboards[1].beats], abs=1.1e-6)


def test_a_shot_out_and_two_in_stay_inside_their_storyboards():
    two = [TWO[0], ("x", 0, 40), TWO[1], ("y", 0, 33), *TWO[3:]]
    done = carried(SHEET, edit(*ONE, *two, *THREE))
    assert boards(done) == [("One", 0, 320), ("Two", 320, 675), ("Three", 675, 1025)]
    assert [h.frame for h in done.sheet.hits if 320 < h.frame < 675] == [375, 415, 485, 518, 611]
    assert done.sheet.storyboards[1].tempo == SHEET.storyboards[1].tempo


def test_a_new_shot_between_two_storyboards_belongs_to_the_one_before():
    done = carried(SHEET, edit(*ONE, ("x", 0, 50), *TWO, *THREE))
    assert boards(done)[:2] == [("One", 0, 370), ("Two", 370, 700)]


def test_a_stray_shot_of_another_storyboard_does_not_part_one():
    done = carried(SHEET, edit(*ONE, *TWO[:2], THREE[1], *TWO[2:], THREE[0], THREE[2]))
    assert [name for name, *_ in boards(done)] == ["One", "Two", "Three"]


def test_a_scene_parted_by_another_is_two_storyboards_of_one_brief():
    new = edit(*ONE, *TWO[:3], *THREE, *TWO[3:])
    mine = changed(SHEET, 1, brief=Brief(prompt="chase"))
    done = carried(mine, new)
    assert boards(done) == [("One", 0, 320), ("Two", 320, 493), ("Three", 493, 843), ("Two (2)", 843, 1000)] or boards(
        done
    ) == [("One", 0, 320), ("Two (2)", 320, 493), ("Three", 493, 843), ("Two", 843, 1000)]
    assert done.sheet.storyboards[1].brief == done.sheet.storyboards[3].brief == mine.storyboards[1].brief
    assert any("2 places" in warning for warning in done.sheet.warnings)
    assert len(done.carried[1].to) == 2


def test_a_new_scene_is_planned_anew_between_the_old_ones():
    scene = [("n", 0, 130), ("n", 20, 120), ("n", 40, 90)]
    done = carried(SHEET, edit(*ONE, *scene, *TWO, *THREE))
    assert [span for _, *span in boards(done)] == [[0, 320], [320, 660], [660, 990], [990, 1340]]
    names = [board.name for board in done.sheet.storyboards]
    assert (names[0], names[2], names[3]) == ("One", "Two", "Three")
    assert len(set(names)) == 4


def test_a_storyboard_whose_shots_are_gone_is_lost_and_listed():
    done = carried(SHEET, edit(*ONE, *THREE))
    assert boards(done) == [("One", 0, 320), ("Three", 320, 670)]
    assert [(one.what, one.name, one.frame) for one in done.lost] == [("storyboard", "Two", 320)]
    assert done.carried[1].to == ()
    assert any("'Two', 01:00:13:08 in the older cut" in warning for warning in done.sheet.warnings)


def test_a_new_storyboard_marker_starts_one():
    done = carried(SHEET, edit(*ONE, *TWO, *THREE, marks=[*OPEN, (375, "storyboard: Chase")]))
    assert boards(done) == [("One", 0, 320), ("Two", 320, 375), ("Chase", 375, 650), ("Three", 650, 1000)]


def test_storyboards_that_a_person_joined_stay_joined_though_their_markers_are_still_there():
    first, second, third = SHEET.storyboards
    mine = replace(SHEET, storyboards=(replace(first, end=second.end, beats=(), bars=()), third))
    mine = sheet_json.from_json(sheet_json.to_json(mine), OLD)
    done = carried(mine, edit(*ONE, *TWO[:-1], *THREE, marks=[*OPEN[:2], (586, "storyboard: Three")]))
    assert boards(done) == [("One", 0, 586), ("Three", 586, 936)]


def test_where_a_person_wanted_no_music_there_is_none():
    mine = replace(SHEET, storyboards=(SHEET.storyboards[0], SHEET.storyboards[2]))
    done = carried(mine, edit(*ONE, *TWO[:4], *THREE))
    assert boards(done) == [("One", 0, 320), ("Three", 586, 936)]


MOVED = edit(*TWO, *ONE, *THREE)  # what was at 0 is at 330


def with_hits(*changes, add=()):
    hits = {one.frame: one for one in SHEET.hits}
    for frame, fields in changes:
        if fields is None:
            del hits[frame]
        else:
            hits[frame] = replace(hits[frame], **fields)
    hits |= {one.frame: one for one in add}
    return replace(SHEET, hits=tuple(hits[frame] for frame in sorted(hits)))


def test_a_weight_and_a_wish_follow_their_cut():
    done = carried(with_hits((161, {"weight": 0.91, "wish": "soft", "name": "door"})), MOVED)
    assert (hit(done.sheet, 491).weight, hit(done.sheet, 491).wish, hit(done.sheet, 491).name) == (0.91, "soft", "door")
    assert hit(done.sheet, 430).weight == 0.5


def test_a_weight_stays_with_the_shot_that_the_cut_leads_to_when_the_shot_is_trimmed():
    done = carried(with_hits((161, {"weight": 0.91})), edit(ONE[0], ("a", 20, 50), ("a", 51, 60), *ONE[3:], *TWO))
    assert hit(done.sheet, 150).weight == 0.91


def test_a_hit_that_was_taken_out_stays_out_and_one_that_was_put_in_follows_its_shot():
    mine = with_hits((161, None), add=[Hit(200, "cut", "look", 0.66)])
    done = carried(mine, MOVED)
    assert hit(done.sheet, 491) is None
    assert (hit(done.sheet, 530).name, hit(done.sheet, 530).weight) == ("look", 0.66)


def test_a_hit_in_a_shot_that_is_gone_is_lost_and_listed():
    mine = with_hits((161, {"weight": 0.91}), add=[Hit(200, "marker", "look", 0.66)])
    done = carried(mine, edit(*ONE[:2], *ONE[3:], *TWO, *THREE))
    assert [(one.what, one.name, one.frame) for one in done.lost] == [("hit", "", 161), ("hit", "look", 200)]


def test_markers_of_the_new_edit_are_hits_and_what_was_made_of_old_ones_follows_them():
    marks = [*OPEN, (130, "boom"), (140, "bang"), (150, "crash")]
    mine = planned(edit(*ONE, *TWO, *THREE, marks=marks))
    hits = [replace(one, weight=0.33) if one.name == "boom" else one for one in mine.hits if one.name != "crash"]
    done = carried(
        replace(mine, hits=tuple(hits)),
        edit(*TWO, *ONE, *THREE, marks=[(460, "boom"), (20, "new"), (480, "crash")]),
    )
    assert hit(done.sheet, 460).weight == 0.33
    assert hit(done.sheet, 20).name == "new"
    assert hit(done.sheet, 480) is None  # taken out by a person, and still so
    assert [one.name for one in done.lost if one.what == "hit"] == ["bang"]


def test_a_timelines_marker_that_stayed_on_its_frame_is_known_by_its_name():
    mine = planned(edit(*ONE, *TWO, *THREE, marks=[*OPEN, (500, "boom")]))
    mine = replace(mine, hits=tuple(replace(h, weight=0.4) if h.name == "boom" else h for h in mine.hits))
    done = carried(mine, edit(*TWO, *ONE, *THREE, marks=[(500, "boom")]))
    assert hit(done.sheet, 500).weight == 0.4


def test_rests_follow_their_shots_or_their_marker():
    mine = planned(edit(*ONE, *TWO, *THREE, marks=[*OPEN, (400, "silence", 50)]))
    mine = replace(mine, rests=(Rest(110, 150, "breath"), *mine.rests))
    done = carried(mine, edit(*TWO, *ONE, *THREE, marks=[(80, "silence", 50)]))
    assert done.sheet.rests == (Rest(80, 130, "silence"), Rest(440, 480, "breath"))
    gone = carried(mine, MOVED)
    assert gone.sheet.rests == (Rest(440, 480, "breath"),)
    assert [(one.what, one.name) for one in gone.lost if one.what == "rest"] == [("rest", "silence")]


def test_a_silence_that_a_person_took_out_stays_out_and_a_new_one_comes_in():
    mine = replace(planned(edit(*ONE, *TWO, marks=[(400, "silence", 50)])), rests=())
    done = carried(mine, edit(*TWO, *ONE, marks=[(80, "silence", 50), (200, "mute", 20)]))
    assert done.sheet.rests == (Rest(200, 220, "mute"),)


def test_energy_follows_its_frames():
    mine = replace(SHEET, energy=((0, 0.11), (319, 0.22), (320, 0.33), (649, 0.44), (650, 0.55), (999, 0.66)))
    done = carried(mine, MOVED)
    assert done.sheet.energy == ((0, 0.33), (329, 0.44), (330, 0.11), (649, 0.22), (650, 0.55), (999, 0.66))
    assert carried(replace(SHEET, energy=()), MOVED).sheet.energy == ()


def test_an_older_sheet_without_shots_is_carried_by_time_and_says_so():
    mine = replace(changed(SHEET, 0, brief=Brief(prompt="dawn")), shots=(), markers=())
    done = carried(mine, edit(*ONE, *TWO, *THREE, ("x", 0, 100)))
    assert boards(done) == [("One", 0, 320), ("Two", 320, 650), ("Three", 650, 1100)]
    assert done.sheet.storyboards[0].brief.prompt == "dawn"
    assert done.sheet.storyboards[0].beats == mine.storyboards[0].beats
    assert any("by time alone" in warning for warning in done.sheet.warnings)
    assert done.sheet.shots


def test_another_rate_is_converted_and_told():
    rows = [(media, second, frames * 2) for media, second, frames in [*TWO, *ONE, *THREE]]
    done = carried(SHEET, edit(*rows, rate=Rate(Fraction(48))))
    assert boards(done) == [("Two", 0, 660), ("One", 660, 1300), ("Three", 1300, 2000)]
    assert any("24 frames a second" in warning for warning in done.sheet.warnings)
    assert [place.beats for carry in done.carried for place in carry.to] == ["kept"] * 3


def test_with_nothing_in_common_the_edit_is_planned_anew():
    new = edit(("q", 0, 300), ("q", 30, 200))
    done = carried(SHEET, new)
    fresh = planned(new)
    assert done.sheet.storyboards == fresh.storyboards
    assert done.sheet.hits == fresh.hits
    assert any("planned anew" in warning for warning in done.sheet.warnings)
    assert [one.name for one in done.lost] == ["One", "Two", "Three"]


def test_where_the_storyboards_went_is_plain_data():
    said = carried(SHEET, edit(*ONE, *THREE)).to_json()
    assert said["carried"][1] == {"name": "Two", "start": 320, "end": 650, "locked": False, "to": []}
    assert said["carried"][2]["to"] == [{"name": "Three", "start": 320, "end": 670, "beats": "kept"}]
    assert set(said["lost"][0]) == {"what", "name", "frame", "reason"}


ROWS = [*ONE, *TWO, *THREE]
SHUFFLED = st.lists(
    st.one_of(
        st.sampled_from(ROWS),
        st.tuples(st.sampled_from("abcx"), st.integers(0, 95), st.integers(1, 150)),
    ),
    min_size=1,
    max_size=18,
)
MARKS = st.lists(
    st.tuples(st.integers(0, 900), st.sampled_from(["boom", "silence", "music", "storyboard: New", "storyboard: One"])),
    max_size=4,
)


@settings(max_examples=80, deadline=None)
@given(SHUFFLED, MARKS, st.booleans(), st.booleans())
def test_whatever_became_of_the_cut_the_sheet_is_whole(rows, marks, knows_shots, locked):
    frames = sum(row[2] for row in rows)
    new = edit(*rows, marks=[mark for mark in marks if mark[0] < frames])
    mine = with_hits((161, {"weight": 0.9}), (375, None), add=[Hit(222, "cut", "mine", 0.7)])
    mine = replace(changed(mine, 1, locked=locked), rests=(Rest(100, 130, "breath"),))
    done = carried(mine if knows_shots else replace(mine, shots=(), markers=()), new)
    sheet = done.sheet
    assert sheet_json.loads(sheet_json.dumps(sheet), new) == sheet
    assert sheet.frames == frames
    assert len({board.name for board in sheet.storyboards}) == len(sheet.storyboards)
    assert [h.frame for h in sheet.hits if h.kind == "storyboard"] == [board.start for board in sheet.storyboards]
    assert all(one.end <= two.start for one, two in pairwise(sheet.storyboards))
    assert len({h.frame for h in sheet.hits}) == len(sheet.hits)
    told = [board.name for board in mine.storyboards]
    assert [carry.name for carry in done.carried] == told
    assert {p.name for c in done.carried for p in c.to} <= {board.name for board in sheet.storyboards}
    again = reconform(sheet, planned(new), new)
    assert replace(again.sheet, warnings=()) == replace(sheet, warnings=())
