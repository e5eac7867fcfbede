"""The cue list, read back as a spreadsheet reads it."""

import csv
import io
from fractions import Fraction

import pytest

from hitpoint.runtime.cues.cue_list import COLUMNS, cue_list
from hitpoint.runtime.cues.sheet import CueSheet, Hit, Rest, Storyboard
from hitpoint.runtime.rate import Rate

BEATS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.6, 3.2, 3.8, 4.4)


def sheet(**changes):
    board = Storyboard("A, b", 0, 120, 110.0, 4, BEATS, bars=(4, 3, 2))
    hits = (
        Hit(0, "storyboard", "A, b", 1.0, 0.0, "landed", "downbeat"),
        Hit(30, "cut", "", 0.5, 1.25, "landed", "offbeat"),
        Hit(50, "marker", '=cmd()|"x"\n', 0.954, 2.0, "near", "", "accent"),
        Hit(130, "cut", "", 0.5),
    )
    made = CueSheet("film", Rate(Fraction(24)), 240, 86400, False, (board,), hits, rests=(Rest(60, 72, "breath"),))
    return CueSheet(**{**vars(made), **changes})


def rows(made):
    text = cue_list(made)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_there_is_a_row_for_every_hit_rest_and_change_in_the_order_of_time():
    found = rows(sheet())
    assert list(found[0]) == list(COLUMNS)
    assert [(row["timecode"], row["kind"]) for row in found] == [
        ("01:00:00:00", "tempo"), ("01:00:00:00", "metre"), ("01:00:00:00", "storyboard"), ("01:00:01:06", "cut"),
        ("01:00:02:00", "tempo"), ("01:00:02:00", "metre"), ("01:00:02:02", "marker"), ("01:00:02:12", "rest"),
        ("01:00:05:10", "cut"),
    ]  # fmt: skip
    assert [row["name"] for row in found if row["kind"] == "tempo"] == ["120.00 bpm", "100.00 bpm"]
    assert [row["name"] for row in found if row["kind"] == "metre"] == ["4/4 time", "3/4 time"]


def test_a_row_says_where_in_the_music_it_is_and_how_well_it_is_met():
    cut = next(row for row in rows(sheet()) if row["frame"] == "30")
    assert (cut["bar"], cut["beat"], cut["tempo"], cut["place"]) == ("1", "3.5", "120.0", "offbeat")
    assert (cut["seconds"], cut["asked"], cut["met"], cut["ms off"]) == ("1.25", "1.25", "1.25", "0.0")
    near = next(row for row in rows(sheet()) if row["frame"] == "50")
    assert (near["bar"], near["weight"], near["wish"], near["outcome"]) == ("2", "0.95", "accent", "near")
    assert (near["ms off"], near["storyboard"]) == ("-83.3", "A, b")
    rest = next(row for row in rows(sheet()) if row["kind"] == "rest")
    assert rest["name"] == "breath (until 01:00:03:00)"


def test_a_hit_outside_the_music_has_no_bar():
    late = rows(sheet())[-1]
    assert (late["bar"], late["met"], late["ms off"], late["outcome"]) == ("", "", "", "missed")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_no_name_is_taken_for_a_formula(name):
    made = sheet(hits=(Hit(30, "marker", name),), storyboards=(Storyboard(name, 0, 120, 110.0, 4, BEATS),))
    (row,) = [row for row in rows(made) if row["kind"] == "marker"]
    assert row["name"] == row["storyboard"] == "'" + name


def test_numbers_below_zero_stay_numbers_and_names_with_commas_quotes_and_lines_stay_whole():
    found = rows(sheet(hits=(Hit(30, "marker", 'a, "b"\nc', 0.5, 1.2, "near"),)))
    (row,) = [row for row in found if row["kind"] == "marker"]
    assert row["name"] == 'a, "b"\nc'
    assert row["ms off"] == "-50.0"


def test_drop_frame_timecode_is_written_as_the_host_shows_it():
    made = sheet(rate=Rate(Fraction(30000, 1001)), drop_frame=True, start_frame=0, frames=4000,
                 hits=(Hit(1800, "cut"),))  # fmt: skip
    assert rows(made)[-1]["timecode"] == "00:01:00;02"


def test_a_sheet_without_storyboards_is_a_list_of_its_hits():
    assert [row["frame"] for row in rows(sheet(storyboards=(), rests=()))] == ["0", "30", "50", "130"]
