"""What the plan makes of an edit: storyboards, hits, tempo."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.sheet import Rest
from hitpoint.runtime.cues.spot import Wishes, plan
from hitpoint.runtime.edit import Cut, Edit, Marker, Shot
from hitpoint.runtime.errors import NothingToScore
from hitpoint.runtime.picture.look import Curves, Look, Seen
from hitpoint.runtime.picture.mood import Mood
from hitpoint.runtime.picture.storyboards import Board
from hitpoint.runtime.rate import Rate

FILM = Rate(Fraction(24))


def edit(frames=1440, cuts=(), markers=(), rate=FILM, picture=None):
    start, end = picture or (0, frames)
    cuts = tuple(cut if isinstance(cut, Cut) else Cut(cut) for cut in cuts)
    return Edit("film", rate, frames, 0, False, start, end, cuts=cuts, markers=tuple(markers))


def marker(frame, name, note="", visible=True):
    return Marker(frame, 0, name, note, "RED", "timeline", visible)


def spans(sheet):
    return [(board.start, board.end) for board in sheet.storyboards]


def names(sheet):
    return [board.name for board in sheet.storyboards]


@pytest.mark.parametrize("frames, start, end", [(0, None, None), (100, None, None), (100, 50, 50), (0, 0, 10)])
def test_an_edit_without_picture_or_length_has_nothing_to_score(frames, start, end):
    with pytest.raises(NothingToScore, match="film"):
        plan(Edit("film", FILM, frames, picture_start=start, picture_end=end))


def test_without_markers_and_gaps_there_is_one_storyboard_over_the_picture():
    sheet = plan(edit(cuts=[100, 200], picture=(24, 1400)))
    assert spans(sheet) == [(24, 1400)]
    assert names(sheet) == ["Storyboard 1"]
    assert sheet.frames == 1440


def test_storyboard_markers_split_the_picture_by_name_or_note():
    markers = [marker(0, "storyboard: Dawn"), marker(500, "x", "a word\nStoryBoard :  The chase  \nmore")]
    sheet = plan(edit(markers=markers))
    assert spans(sheet) == [(0, 500), (500, 1440)]
    assert names(sheet) == ["Dawn", "The chase"]


def test_the_first_storyboard_begins_with_the_picture_even_where_the_first_marker_comes_later():
    assert spans(plan(edit(markers=[marker(500, "storyboard: Later")]))) == [(0, 500), (500, 1440)]


def test_a_storyboard_marker_before_the_picture_is_moved_to_its_start():
    sheet = plan(edit(markers=[marker(3, "storyboard: Early")], picture=(48, 1440)))
    assert spans(sheet) == [(48, 1440)]
    assert names(sheet) == ["Early"]


def test_a_storyboard_marker_after_the_picture_is_ignored_with_a_warning():
    sheet = plan(edit(markers=[marker(1430, "storyboard: Credits")], picture=(0, 1400)))
    assert spans(sheet) == [(0, 1400)]
    assert any("Credits" in warning for warning in sheet.warnings)


def test_of_two_storyboard_markers_on_a_frame_the_last_wins_with_a_warning():
    sheet = plan(edit(markers=[marker(500, "storyboard: A"), marker(500, "storyboard: B")]))
    assert names(sheet) == ["Storyboard 1", "B"]
    assert any("'A' and 'B'" in warning for warning in sheet.warnings)


def test_a_marker_that_is_not_visible_splits_nothing_and_is_no_hit():
    hidden = [marker(500, "storyboard: A", visible=False), marker(600, "boom", visible=False)]
    sheet = plan(edit(markers=hidden))
    assert spans(sheet) == [(0, 1440)]
    assert [hit.frame for hit in sheet.hits] == [0]


def test_a_second_of_black_parts_storyboards_and_belongs_to_the_one_before():
    gap = [Cut(400, "to_black"), Cut(424, "from_black")]
    assert spans(plan(edit(cuts=gap))) == [(0, 424), (424, 1440)]


def test_black_shorter_than_a_second_parts_nothing():
    gap = [Cut(400, "to_black"), Cut(423, "from_black")]
    assert spans(plan(edit(cuts=gap))) == [(0, 1440)]


def test_a_marker_inside_the_black_decides_where_the_next_storyboard_starts():
    gap = [Cut(400, "to_black"), Cut(460, "from_black")]
    assert spans(plan(edit(cuts=gap, markers=[marker(430, "storyboard: Night")]))) == [(0, 430), (430, 1440)]


def test_no_two_storyboards_have_one_name():
    markers = [marker(f, f"storyboard:{n}") for f, n in ((0, ""), (300, "A"), (600, "Storyboard 1"), (900, "A"))]
    sheet = plan(edit(markers=markers))
    assert len(set(names(sheet))) == 4
    assert names(sheet)[2] == "Storyboard 1"
    assert any("'A'" in warning for warning in sheet.warnings)


def test_hits_weigh_what_the_editor_meant():
    cuts = [Cut(200), Cut(300, "transition"), Cut(400, maybe_overlay=True)]
    sheet = plan(edit(cuts=cuts, markers=[marker(100, "boom")]))
    assert [(h.frame, h.kind, h.weight) for h in sheet.hits] == [
        (0, "storyboard", 1.0),
        (100, "marker", 0.8),
        (200, "cut", 0.5),
        (300, "cut", 0.4),
        (400, "cut", 0.2),
    ]


def test_one_frame_has_one_hit_with_the_heaviest_weight_and_all_names():
    markers = [marker(500, "storyboard: Chase"), marker(500, "boom"), marker(500, "boom")]
    sheet = plan(edit(cuts=[500], markers=markers))
    hit = next(hit for hit in sheet.hits if hit.frame == 500)
    assert (hit.kind, hit.weight, hit.name) == ("storyboard", 1.0, "Chase / boom")


def test_markers_beside_the_picture_are_no_hits_and_are_told():
    sheet = plan(edit(markers=[marker(2, "slate"), marker(1439, "end")], picture=(10, 1400)))
    assert [hit.frame for hit in sheet.hits] == [10]
    assert any("2 left out" in warning for warning in sheet.warnings)


@pytest.mark.parametrize("spacing, rate", [(12, 24), (13, 24), (25, Fraction(48)), (15, Fraction(24000, 1001))])
def test_cuts_at_an_even_pace_all_land(spacing, rate):
    sheet = plan(edit(cuts=range(spacing, 1440, spacing), rate=Rate(Fraction(rate))))
    assert [hit for hit in sheet.hits if hit.outcome != "landed"] == []


def test_where_a_hit_is_met_is_a_beat_a_middle_between_two_or_itself():
    sheet = plan(edit(cuts=[37, 81, 150, 222, 301, 377, 460, 555, 640, 741, 800, 931, 1100, 1270]))
    (board,) = sheet.storyboards
    downbeats = [board.beats[n] for n in board.downbeats()]
    places = {
        "downbeat": downbeats,
        "beat": [beat for beat in board.beats if beat not in downbeats],
        "offbeat": [(one + two) / 2 for one, two in pairwise(board.beats)],
    }
    assert len(sheet.hits) == 15
    for hit in sheet.hits:
        assert hit.outcome == "landed"
        assert abs(hit.at - hit.frame / 24) <= 1 / 48 + 1e-9
        assert hit.at in places[hit.place] if hit.place != "free" else hit.at == pytest.approx(hit.frame / 24, abs=1e-6)
    assert sum(hit.place in ("downbeat", "beat") for hit in sheet.hits) > 7


def test_tempi_stay_between_60_and_180_and_beats_bend_no_further_than_they_may():
    markers = [marker(f, f"storyboard: {f}") for f in range(0, 1440, 111)]
    sheet = plan(edit(cuts=range(7, 1440, 31), markers=markers, rate=Rate(Fraction(30000, 1001))))
    for board in sheet.storyboards:
        assert 60 <= board.tempo <= 180
        assert board.beats[0] == pytest.approx(board.start * 1001 / 30000, abs=1e-6)
        assert board.beats[-1] < board.end * 1001 / 30000
        steps = [b - a for a, b in pairwise(board.beats)]
        assert all(0.92 <= 60 / board.tempo / step <= 1.08 for step in steps)
        assert all(1 / 1.05 <= two / one <= 1.05 for one, two in pairwise(steps))


def whole(sheet):
    """A sheet that can be written, read and played, whatever was wished."""
    assert sheet_json.loads(sheet_json.dumps(sheet)) == sheet
    assert all(board.beats for board in sheet.storyboards)
    assert [h.frame for h in sheet.hits] == sorted({h.frame for h in sheet.hits})
    return sheet


def test_of_two_markers_three_frames_apart_the_stronger_is_met_and_the_other_told():
    markers = [marker(500, "one"), marker(503, "hit: two")]
    sheet = whole(plan(edit(markers=markers, rate=Rate(Fraction(60)))))
    assert {hit.name: hit.outcome for hit in sheet.hits if hit.kind == "marker"} == {
        "one": "near",
        "hit: two": "landed",
    }
    assert any("3 frames apart" in warning for warning in sheet.warnings)
    slow = whole(plan(edit(markers=markers)))  # an eighth of a second: two accents
    assert {hit.outcome for hit in slow.hits} == {"landed"}


def test_a_tempo_range_that_cannot_reach_leaves_the_best_sheet_and_a_warning():
    cuts = [37, 59, 98, 131, 170, 222, 301, 319, 377, 401]
    sheet = whole(plan(edit(frames=480, cuts=cuts), wishes=Wishes(slowest=60.0, fastest=60.0)))
    assert {board.tempo for board in sheet.storyboards} == {60.0}
    assert sheet.warnings
    empty = whole(plan(edit(frames=480, cuts=cuts), wishes=Wishes(slowest=61.0, fastest=61.1)))
    assert all(61.0 <= board.tempo <= 61.1 for board in empty.storyboards)


@pytest.mark.parametrize("cuts", [[], [700], [1], [1439]])
def test_one_cut_or_none_is_a_whole_sheet_without_a_word(cuts):
    sheet = whole(plan(edit(cuts=cuts)))
    assert [hit.frame for hit in sheet.hits] == [0, *cuts]
    assert sheet.hits[0].place == "downbeat"


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_an_edit_of_a_few_frames_is_a_whole_sheet_with_a_warning(frames):
    sheet = whole(plan(edit(frames=frames)))
    assert len(sheet.storyboards[0].beats) == 1
    assert any("shorter than a beat" in warning for warning in sheet.warnings)


def test_a_marker_past_the_end_is_told():
    sheet = whole(plan(edit(markers=[marker(5000, "late")])))
    assert [hit.frame for hit in sheet.hits] == [0]
    assert any("1 left out" in warning for warning in sheet.warnings)


def test_a_storyboard_shorter_than_a_beat_gets_one_beat_and_a_warning():
    sheet = plan(edit(markers=[marker(500, "storyboard: Blink"), marker(505, "storyboard: After")]))
    blink = sheet.storyboards[1]
    assert blink.beats == (pytest.approx(500 / 24, abs=1e-6),)
    assert any("Blink" in warning for warning in sheet.warnings)


def test_faster_cutting_asks_for_more_energy():
    calm, busy = plan(edit(cuts=range(120, 1440, 120))), plan(edit(cuts=range(15, 1440, 15)))
    assert 0 < calm.storyboards[0].brief.energy < busy.storyboards[0].brief.energy < 1


def test_a_picture_that_reaches_beyond_the_timeline_is_cut_there_with_a_warning():
    sheet = plan(edit(frames=100, picture=(-5, 120)))
    assert spans(sheet) == [(0, 100)]
    assert sheet.warnings


def looked_at(*lights, shot=96, motion=0.1, **more):
    """An edit of shots of 4 s, each as light as it says, and its picture."""
    looks = tuple(Look(light=light, motion=motion, known=True) for light in lights)
    frames = shot * len(lights)
    shots = tuple(Shot(n * shot, (n + 1) * shot, f"{n}", f"/{n}.mov", True) for n in range(len(lights)))
    count = -(-frames // 24)
    nothing = np.zeros(0, np.float32)
    curves = Curves(nothing, nothing, nothing, nothing, nothing)
    colour, meaning = np.zeros((count, 3, 32, 32), np.float32), np.zeros((count, 4), np.float32)
    seen = Seen(looks, curves, (), meaning, "none", colour, np.zeros(count, np.float32))
    made = edit(frames=frames, cuts=range(shot, frames, shot), **more)
    return replace(made, shots=shots), seen


def test_with_a_picture_storyboards_start_where_its_look_changes_and_their_hits_weigh_most():
    made, seen = looked_at(*[0.9] * 5, *[0.1] * 5)
    sheet = plan(made, seen)
    assert spans(sheet) == [(0, 480), (480, 960)]
    hit = next(hit for hit in sheet.hits if hit.frame == 480)
    assert (hit.kind, hit.name, hit.weight, hit.outcome) == ("storyboard", "Storyboard 2", 1.0, "landed")
    assert spans(plan(made)) == [(0, 960)]


def test_a_brief_takes_valence_and_energy_from_the_picture_and_density_from_the_cuts():
    bright, dark = plan(*looked_at(*[0.9] * 5, *[0.1] * 5)).storyboards
    assert bright.brief.valence > 0.3 > 0 > dark.brief.valence
    calm, lively = (plan(*looked_at(*[0.5] * 5, motion=motion)).storyboards[0].brief for motion in (0.0, 0.8))
    assert calm.energy < lively.energy
    assert calm.density == lively.density == pytest.approx(0.2 + 0.7 * 0.2 / (0.2 + 0.4), abs=1e-3)


def test_boards_that_somebody_has_are_planned_as_they_are():
    made, seen = looked_at(*[0.9] * 5, *[0.1] * 5)
    boards = [Board("Mine", 0, 96, Mood(-0.5, 0.9), "rain at night", named=True), Board("Yours", 96, 960, Mood())]
    sheet = plan(made, seen, boards=boards)
    assert list(zip(names(sheet), spans(sheet), strict=True)) == [("Mine", (0, 96)), ("Yours", (96, 960))]
    brief = sheet.storyboards[0].brief
    assert (brief.valence, brief.energy, brief.prompt) == (-0.5, 0.9, "rain at night")
    assert [hit.name for hit in sheet.hits if hit.kind == "storyboard"] == ["Mine", "Yours"]


def test_no_boards_are_nothing_to_score():
    with pytest.raises(NothingToScore, match="film"):
        plan(edit(), boards=())


def test_a_marker_in_a_silence_is_no_hit_and_that_is_said():
    sheet = plan(edit(cuts=[100, 700], markers=[marker(400, "hit: door")]), wishes=Wishes(rests=(Rest(300, 500),)))
    assert not any(hit.frame == 400 for hit in sheet.hits)
    assert any("'hit: door'" in warning and "silence" in warning for warning in sheet.warnings)


def test_colours_that_no_marker_has_are_said():
    sheet = plan(edit(cuts=[100, 700], markers=[marker(400, "door")]), wishes=Wishes(colours=("banana",)))
    assert any("banana" in warning for warning in sheet.warnings)


def test_an_edit_with_next_to_nothing_to_land_on_says_so_and_one_that_is_silent_throughout_does_not():
    def told(sheet):
        return [warning for warning in sheet.warnings if "for music to land on" in warning]

    assert told(plan(edit())) == ["the edit has no cuts and no markers for music to land on"]
    assert told(plan(edit(cuts=[100]))) == ["the edit has one cut or marker for music to land on"]
    assert told(plan(edit(markers=[marker(100, "door")]))) == ["the edit has one cut or marker for music to land on"]
    assert told(plan(edit(cuts=[100, 200]))) == []
    assert told(plan(edit(cuts=[100, 200]), wishes=Wishes(rests=(Rest(0, 1440),)))) == []
