"""What becomes of a cue sheet whose storyboards a person has split, merged, moved or renamed."""

import copy
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker
from hitpoint.runtime.rate import Rate


def marker(frame, name, color="RED"):
    return Marker(frame, 0, name, "", color, "timeline")


# Storyboards start on a cut, on a cut with another marker, on a dissolve, and off every cut.
EDIT = Edit(
    "film",
    Rate(Fraction(24)),
    1200,
    picture_start=0,
    picture_end=1200,
    cuts=(Cut(120), Cut(240), Cut(400), Cut(480), Cut(720, "transition"), Cut(1100)),
    markers=(
        marker(240, "storyboard: Chase"),
        marker(480, "storyboard: Night"),
        marker(480, "boom"),
        marker(720, "storyboard: Dream"),
        marker(1000, "storyboard: End"),
    ),
)


def document():
    return sheet_json.to_json(plan(EDIT))


def merged(obj, index):
    """The storyboard joined with the one after it, as a person would: a longer end, one entry less."""
    boards = obj["storyboards"]
    boards[index]["end"] = boards.pop(index + 1)["end"]
    return obj


def split(obj, index, frame, name="New"):
    """The entry copied, its two halves given an end and a start, nothing else touched."""
    boards = obj["storyboards"]
    boards.insert(index + 1, {**copy.deepcopy(boards[index]), "start": frame, "name": name})
    boards[index]["end"] = frame
    return obj


def hits(sheet, *frames):
    return [(h.frame, h.kind, h.name, h.weight) for h in sheet.hits if h.frame in frames or not frames]


def test_a_sheet_that_nobody_touched_stays_as_it_is():
    assert sheet_json.from_json(document()) == sheet_json.from_json(document(), EDIT) == plan(EDIT)


@pytest.mark.parametrize("edit", [None, EDIT])
def test_a_storyboard_split_on_a_cut_turns_the_cut_into_its_hit(edit):
    sheet = sheet_json.from_json(split(document(), 1, 400), edit)
    assert [(b.name, b.start, b.end) for b in sheet.storyboards][1:3] == [("Chase", 240, 400), ("New", 400, 480)]
    assert hits(sheet, 400) == [(400, "storyboard", "New", 1.0)]
    assert len(sheet.hits) == len(plan(EDIT).hits)


@pytest.mark.parametrize("edit", [None, EDIT])
def test_a_storyboard_split_between_cuts_gets_a_new_hit_in_its_place(edit):
    sheet = sheet_json.from_json(split(document(), 1, 300), edit)
    assert hits(sheet, 300) == [(300, "storyboard", "New", 1.0)]
    assert [h.frame for h in sheet.hits] == sorted(h.frame for h in sheet.hits)
    assert next(h for h in sheet.hits if h.frame == 300).outcome == "landed"


def test_the_first_half_of_a_split_keeps_its_beats_and_the_second_starts_with_one():
    whole = plan(EDIT).storyboards[1]
    first, second = sheet_json.from_json(split(document(), 1, 400)).storyboards[1:3]
    assert first.beats == whole.beats[: len(first.beats)]
    assert first.beats[-1] < 400 / 24 <= first.beats[-1] + 1.2 * 60 / whole.tempo
    assert second.beats[0] == pytest.approx(400 / 24, abs=1e-6)
    assert second.tempo == whole.tempo
    assert second.beats[-1] < 480 / 24


def test_a_split_at_a_marker_keeps_the_markers_name():
    obj = merged(document(), 1)
    sheet = sheet_json.from_json(split(sheet_json.to_json(sheet_json.from_json(obj)), 1, 480, "Again"))
    assert hits(sheet, 480) == [(480, "storyboard", "Again / boom", 1.0)]


def test_where_a_storyboard_no_longer_starts_its_hit_is_the_cut_or_marker_that_lies_there():
    chase = sheet_json.from_json(merged(document(), 0), EDIT)
    night = sheet_json.from_json(merged(document(), 1), EDIT)
    dream = sheet_json.from_json(merged(document(), 2), EDIT)
    assert hits(chase, 240) == [(240, "cut", "", 0.5)]
    assert hits(night, 480) == [(480, "marker", "boom", 0.8)]
    assert hits(dream, 720) == [(720, "cut", "", 0.4)]


def test_where_a_storyboard_no_longer_starts_and_nothing_else_lies_there_is_no_hit():
    sheet = sheet_json.from_json(merged(document(), 3), EDIT)
    assert hits(sheet, 1000) == []
    assert len(sheet.hits) == len(plan(EDIT).hits) - 1


def test_without_the_edit_a_lone_hit_is_taken_for_a_cut_and_a_named_one_for_a_marker():
    assert hits(sheet_json.from_json(merged(document(), 0)), 240) == [(240, "cut", "", 0.5)]
    assert hits(sheet_json.from_json(merged(document(), 1)), 480) == [(480, "marker", "boom", 0.8)]


def test_a_storyboard_whose_start_moves_takes_its_hit_along():
    obj = document()
    obj["storyboards"][0]["end"] = obj["storyboards"][1]["start"] = 400
    sheet = sheet_json.from_json(obj, EDIT)
    assert hits(sheet, 240, 400) == [(240, "cut", "", 0.5), (400, "storyboard", "Chase", 1.0)]


def test_before_the_first_storyboard_no_hit_is_left():
    obj = document()
    obj["storyboards"].pop(0)
    assert hits(sheet_json.from_json(obj), 0) == []


@pytest.mark.parametrize("edit", [None, EDIT])
def test_a_renamed_storyboard_renames_its_hit_and_keeps_the_markers_name(edit):
    obj = document()
    obj["storyboards"][1]["name"], obj["storyboards"][2]["name"] = "Hunt", "Dark / deep"
    sheet = sheet_json.from_json(obj, edit)
    assert hits(sheet, 240, 480) == [(240, "storyboard", "Hunt", 1.0), (480, "storyboard", "Dark / deep / boom", 1.0)]
    assert sheet_json.from_json(sheet_json.to_json(sheet), edit) == sheet


def test_a_weight_that_a_person_gave_stays():
    obj = document()
    next(hit for hit in obj["hits"] if hit["frame"] == 240)["weight"] = 0.3
    assert hits(sheet_json.from_json(merged(obj, 0), EDIT), 240) == [(240, "cut", "", 0.3)]


def test_a_sheet_that_lists_no_storyboard_hits_is_left_without():
    obj = document()
    obj["hits"] = [hit for hit in obj["hits"] if hit["kind"] != "storyboard"]
    assert {h.kind for h in sheet_json.from_json(obj, EDIT).hits} == {"cut"}


def test_a_beat_that_would_stumble_into_the_second_half_is_dropped():
    whole = plan(EDIT).storyboards[1]
    frame = int(whole.beats[8] * 24) + 1
    assert sheet_json.from_json(split(document(), 1, frame)).storyboards[1].beats == whole.beats[:8]


def test_a_frame_that_has_a_hit_of_its_own_gets_no_second_one():
    obj = document()
    obj["hits"].append({"frame": 240, "kind": "cut", "weight": 0.7})
    assert hits(sheet_json.from_json(merged(obj, 0)), 240) == [(240, "cut", "", 0.7)]


CHANGES = st.lists(st.tuples(st.sampled_from(["split", "merge", "rename"]), st.integers(0, 9), st.integers(1, 1199)))


@settings(max_examples=50, deadline=None)
@given(CHANGES, st.booleans())
def test_after_any_splits_and_merges_each_storyboard_has_the_one_hit_on_its_start(changes, knows_edit):
    edit = EDIT if knows_edit else None
    sheet = plan(EDIT)
    for number, (what, index, frame) in enumerate(changes):
        obj = sheet_json.to_json(sheet)
        boards = obj["storyboards"]
        index %= len(boards)
        if what == "rename":
            boards[index]["name"] = f"Name {number}"
        elif what == "merge" and index + 1 < len(boards):
            merged(obj, index)
        elif what == "split":
            inside = [i for i, board in enumerate(boards) if board["start"] < frame < board["end"]]
            obj = split(obj, inside[0], frame, f"Part {number}") if inside else obj
        sheet = sheet_json.from_json(obj, edit)
        told = [(h.frame, h.name.split(" / ")[0]) for h in sheet.hits if h.kind == "storyboard"]
        assert told == [(board.start, board.name) for board in sheet.storyboards]
        assert sheet_json.from_json(sheet_json.to_json(sheet), edit) == sheet
        for board in sheet.storyboards:
            assert board.beats[0] >= board.start / 24 - 2e-6
            assert board.beats[-1] <= board.end / 24 + 2e-6
    assert {h.frame for h in plan(EDIT).hits if h.kind == "cut"} <= {h.frame for h in sheet.hits}
