"""The cue sheet as a file that people edit."""

import copy
import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.beats import meet
from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, KnownMarker, KnownShot, Rest, Storyboard
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate


def sheet():
    markers = (Marker(300, 0, "storyboard: Jagd, 追跡", "", "RED", "timeline"), Marker(420, 0, "boom", "", "", "clip"))
    cuts = tuple(Cut(frame) for frame in range(20, 900, 37))
    return plan(Edit("film", Rate.of("23.976"), 1000, 86400, False, 10, 950, cuts=cuts, markers=markers))


def document():
    return sheet_json.to_json(sheet())


def changed(path, value):
    """The document with one value replaced; `path` as the messages write it."""
    obj = document()
    *way, last = [int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")]
    here = obj
    for step in way:
        here = here[step]
    here[last] = value
    return obj


def test_a_sheet_comes_back_from_its_file_as_it_was():
    assert sheet_json.loads(sheet_json.dumps(sheet())) == sheet()


def test_the_file_is_a_plain_json_with_the_agreed_keys():
    obj = json.loads(sheet_json.dumps(sheet()))
    assert obj["schema"] == "hitpoint.cues/1"
    assert (obj["rate"], obj["frames"], obj["start_frame"], obj["drop_frame"]) == ("24000/1001", 1000, 86400, False)
    assert set(obj["storyboards"][0]) == {
        "name", "name_at", "start", "end", "role", "tempo", "beats_at", "metre", "bars_at", "energy_at", "locked", "brief",
        "beats", "bars",
    }  # fmt: skip
    assert set(obj["hits"][0]) == {
        "frame", "seconds", "kind", "name", "weight", "weight_at", "wish", "at", "outcome", "place",
    }  # fmt: skip
    assert obj["hits"][0]["seconds"] == pytest.approx(10 * 1001 / 24000, abs=1e-6)


def test_the_file_ends_with_a_newline_and_keeps_together_what_belongs_together():
    lines = sheet_json.dumps(sheet()).splitlines(keepends=True)
    assert lines[-1] == "}\n"
    for key in ("beats", "bars"):
        assert sum(f'"{key}": [' in line and line.rstrip(",\n").endswith("]") for line in lines) == 2
    assert sum(line.startswith('  {"frame": ') for line in lines) == len(sheet().hits) + len(sheet().markers)
    points = lines[lines.index(' "energy": [\n') + 1 :]
    assert next(n for n, line in enumerate(points) if line.startswith(" ]")) == -(-len(sheet().energy) // 8)


def test_a_name_that_looks_like_a_list_of_numbers_is_left_alone():
    odd = replace(sheet(), name="[\n 1,\n 2\n]")
    assert sheet_json.loads(sheet_json.dumps(odd)) == odd


def test_equal_sheets_have_one_digest_and_another_beat_has_another():
    other = changed("storyboards[0].tempo", 100)
    assert sheet_json.digest(sheet()) == sheet_json.digest(sheet_json.loads(sheet_json.dumps(sheet())))
    assert sheet_json.digest(sheet()) != sheet_json.digest(sheet_json.from_json(other))


@pytest.mark.parametrize(
    "path, value, words",
    [
        ("schema", "hitpoint.cues/9", "hitpoint.cues/1"),
        ("rate", "fast", "rate: must be a frame rate"),
        ("rate", "24/0", "rate"),
        ("rate", True, "rate"),
        ("frames", 0, "frames: must be a whole number"),
        ("frames", 12.5, "frames"),
        ("frames", True, "frames"),
        ("frames", 10**12, "frames"),
        ("drop_frame", 1, "drop_frame: must be true or false, not 1"),
        ("storyboards", {}, "storyboards: must be a list, not an object"),
        ("storyboards[1]", 7, "storyboards[1]: must be an object"),
        ("storyboards[1].tempo", "fast", "storyboards[1].tempo: must be a number between 30 and 300, not 'fast'"),
        ("storyboards[1].tempo", True, "storyboards[1].tempo"),
        ("storyboards[1].tempo", float("nan"), "storyboards[1].tempo"),
        ("storyboards[1].tempo", 10**400, "storyboards[1].tempo"),
        ("storyboards[1].tempo", 301, "not 301"),
        ("storyboards[1].metre", 0, "storyboards[1].metre"),
        ("storyboards[1].start", 299, "storyboards[1].start"),
        ("storyboards[1].end", 1001, "storyboards[1].end"),
        ("storyboards[1].name", None, "storyboards[1].name: must be a text, not null"),
        ("storyboards[1].name", "\ud800", "storyboards[1].name"),
        ("storyboards[0].brief.valence", -1.5, "storyboards[0].brief.valence: must be a number between -1 and 1"),
        (
            "storyboards[0].brief.energy",
            [1],
            "storyboards[0].brief.energy: must be a number between 0 and 1, not a list",
        ),
        ("storyboards[0].locked", "no", "storyboards[0].locked"),
        ("storyboards[0].beats[3]", 0.5, "storyboards[0].beats[3]: beats must rise"),
        ("storyboards[0].beats[3]", 500.0, "storyboards[0].beats[3]: 500.0 s lies outside"),
        ("storyboards[0].beats[3]", None, "storyboards[0].beats[3]"),
        ("hits[2].frame", 1000, "hits[2].frame"),
        ("hits[2].frame", 500, "hits[2].seconds"),
        ("hits[2].kind", "bang", "hits[2].kind: must be one of storyboard, marker, cut, not 'bang'"),
        ("hits[2].weight", 1.01, "hits[2].weight"),
        ("hits[2].weight", True, "hits[2].weight: must be a number between 0 and 1, not true"),
        ("hits[2].at", "soon", "hits[2].at"),
        ("hits[2].outcome", "maybe", "hits[2].outcome"),
        ("warnings[0]", 3, "warnings[0]"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(path, value, words):
    obj = document()
    obj["warnings"] = ["one"]
    bad = changed(path, value) if path != "warnings[0]" else {**obj, "warnings": [value]}
    with pytest.raises(InputError) as caught:
        sheet_json.from_json(bad)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["rate", "frames", "storyboards", "storyboards[0].tempo", "storyboards[0].end"])
def test_what_is_missing_is_named(path):
    obj = document()
    here = obj["storyboards"][0] if "." in path else obj
    del here[path.split(".")[-1]]
    with pytest.raises(InputError, match="is missing"):
        sheet_json.from_json(obj)


@pytest.mark.parametrize("obj", [None, 3, "x", [], True])
def test_what_is_no_object_is_no_cue_sheet(obj):
    with pytest.raises(InputError, match="must be an object"):
        sheet_json.from_json(obj)


def test_unknown_keys_change_nothing_and_are_said_with_what_may_be_meant():
    obj = document()
    obj["mood board"] = obj["storyboards"][0]["tempi"] = obj["hits"][0]["why"] = 7
    read = sheet_json.from_json(obj)
    assert replace(read, warnings=()) == replace(sheet(), warnings=())
    told = [words for words in read.warnings if words not in sheet().warnings]
    assert [words.split(" is no key")[0] for words in told] == [
        "the cue sheet: 'mood board'", "storyboards[0]: 'tempi'", "hits[0]: 'why'",
    ]  # fmt: skip
    assert told[1].endswith("'tempo' may be meant")


def test_a_person_may_keep_notes_of_their_own_in_a_sheet():
    obj = document()
    obj["_note"] = obj["$schema"] = obj["storyboards"][0]["_why"] = "mine"
    assert sheet_json.from_json(obj) == sheet()


def test_very_many_unknown_keys_are_counted_not_listed():
    obj = document()
    obj["storyboards"][0]["brief"] |= {f"x{number}": 1 for number in range(30)}
    told = [words for words in sheet_json.from_json(obj).warnings if "key" in words]
    assert len(told) == 11
    assert told[-1] == "20 more keys are none of a cue sheet"


def test_a_new_tempo_lays_new_beats_and_bars_in_that_tempo_and_says_so():
    edited = sheet_json.from_json(changed("storyboards[1].tempo", 70))
    board = edited.storyboards[1]
    assert board.beats != sheet().storyboards[1].beats
    assert board.beats[0] == pytest.approx(300 * 1001 / 24000, abs=1e-6)
    assert all(0.92 <= 60 / 70 / (after - before) <= 1.08 for before, after in pairwise(board.beats))
    assert sum(board.bars) == len(board.beats)
    assert edited.storyboards[0] == sheet().storyboards[0]
    assert any("'Jagd, 追跡': its beats were laid anew: it now asks for 70 a minute" in w for w in edited.warnings)


def test_another_metre_makes_new_bars_over_the_same_beats():
    edited = sheet_json.from_json(changed("storyboards[1].metre", 3)).storyboards[1]
    assert edited.beats == sheet().storyboards[1].beats
    assert edited.bars.count(3) > len(edited.bars) / 2
    assert edited.bars != sheet().storyboards[1].bars


def test_bars_that_a_person_wrote_stay_as_far_as_there_are_beats():
    beats = len(sheet().storyboards[1].beats)
    bars = [5, 2, *[7] * beats]
    assert sheet_json.from_json(changed("storyboards[1].bars", bars)).storyboards[1].bars[:3] == (5, 2, 7)
    assert sum(sheet_json.from_json(changed("storyboards[1].bars", bars)).storyboards[1].bars) == beats


def test_beats_that_still_fit_are_kept_to_the_microsecond():
    obj = document()
    beats = obj["storyboards"][1]["beats"]
    beats[3] = round(beats[3] + 0.02, 6)
    assert sheet_json.from_json(obj).storyboards[1].beats == tuple(beats)


@pytest.mark.parametrize("beats", [None, []])
def test_beats_left_out_are_laid(beats):
    obj = document()
    if beats is None:
        del obj["storyboards"][0]["beats"]
    else:
        obj["storyboards"][0]["beats"] = beats
    assert sheet_json.from_json(obj).storyboards[0].beats == sheet().storyboards[0].beats


def test_a_longer_storyboard_gets_beats_to_its_end():
    board = sheet_json.from_json(changed("storyboards[1].end", 1000)).storyboards[1]
    assert board.beats[-1] > 1000 * 1001 / 24000 - 2 * 60 / board.tempo


def test_a_hit_that_a_person_adds_needs_no_more_than_a_frame():
    obj = document()
    obj["hits"].append({"frame": 300})
    hit = sheet_json.from_json(obj).hits[-1]
    assert (hit.frame, hit.kind, hit.weight, hit.outcome) == (300, "cut", 0.5, "landed")


def test_an_outcome_that_a_person_improves_by_hand_is_not_believed():
    obj = _written()
    obj["hits"] = [{"frame": 7, "weight": 0.1, "outcome": "landed", "place": "downbeat", "at": 7 / 24}]
    hit = sheet_json.from_json(obj).hits[0]
    assert (hit.outcome, hit.place) == ("missed", "")


def test_a_hit_that_a_person_moves_is_met_at_its_new_place():
    obj = _written()
    obj["hits"] = [{"frame": 24, "seconds": 1.0, "kind": "cut", "at": 1.0, "outcome": "landed", "place": "beat"}]
    assert sheet_json.from_json(obj).hits[0].place == "beat"
    obj["hits"][0]["frame"] = 66
    del obj["hits"][0]["seconds"]
    moved = sheet_json.from_json(obj).hits[0]
    assert (moved.at, moved.outcome, moved.place) == (2.75, "landed", "offbeat")


def test_a_hit_met_between_beats_stays_met():
    board = Storyboard("A", 0, 240, 120.0, beats=tuple(n / 2 for n in range(20)), brief=Brief(), bars=(4,) * 5)
    hits = (
        Hit(30, "cut", at=1.25, outcome="landed", place="offbeat"),
        Hit(40, "cut", at=1.666667, outcome="landed", place="free"),
    )
    made = CueSheet("film", Rate(Fraction(24)), 240, storyboards=(board,), hits=hits)
    assert sheet_json.from_json(sheet_json.to_json(made)) == made


NAMES = st.text(st.characters(codec="utf-8"), max_size=6)


@st.composite
def whole_sheets(draw):
    """Sheets with anything in the fields that nothing else follows from."""
    frames = draw(st.integers(48, 500))
    edges = sorted(draw(st.sets(st.integers(1, frames - 1), max_size=2)) | {0, frames})
    boards = []
    for start, end in pairwise(edges):
        beats = tuple(round(start / 24 + n * 0.5, 6) for n in range(max(1, int((end - start) / 12))))
        bars, left = [], len(beats)
        while left:
            bars.append(draw(st.integers(1, min(left, 16))))
            left -= bars[-1]
        unit = st.floats(0, 1)
        brief = Brief(draw(st.floats(-1, 1)), draw(unit), draw(unit), draw(NAMES), draw(NAMES), draw(KEYS))
        boards.append(
            Storyboard(
                draw(NAMES),
                start,
                end,
                120.0,
                draw(st.integers(1, 16)),
                beats,
                brief,
                draw(st.booleans()),
                tuple(bars),
                draw(ROLES),
            )
        )
    some = st.integers(0, frames - 1)
    hits = [
        Hit(frame, draw(st.sampled_from(["cut", "marker"])), draw(NAMES), draw(st.floats(0, 1)), wish=draw(WISHES))
        for frame in sorted(draw(st.sets(some, max_size=6)))
    ]
    spans = [sorted(pair) for pair in draw(st.lists(st.tuples(some, some), max_size=3))]
    rate = Rate(Fraction(24))
    return CueSheet(
        draw(NAMES), rate, frames, draw(st.integers(-10, 10**7)), draw(st.booleans()), tuple(boards),
        meet(hits, boards, rate), tuple(draw(st.lists(NAMES, max_size=2, unique=True))),
        tuple(sorted(draw(st.dictionaries(st.integers(0, frames), st.floats(0, 1), max_size=9)).items())),
        tuple(Rest(a, b + 1, draw(NAMES)) for a, b in spans),
        tuple(KnownShot(a, b + 1, draw(NAMES), draw(NAMES), draw(SECONDS), draw(SPEEDS)) for a, b in spans),
        tuple(KnownMarker(frame, draw(NAMES)) for frame in draw(st.lists(some, max_size=3))),
    )  # fmt: skip


KEYS = st.sampled_from(["home", "dominant", "subdominant", "relative", "parallel"])
ROLES = st.sampled_from(["intro", "theme", "build", "climax", "ending"])
WISHES = st.sampled_from(["", "accent", "soft", "build"])
SECONDS = st.none() | st.floats(-1e6, 1e6)
SPEEDS = st.floats(-100, 100)


@settings(max_examples=150, deadline=None)
@given(whole_sheets())
def test_every_field_comes_back_exactly(made):
    again = sheet_json.loads(sheet_json.dumps(made))
    assert again == made
    assert sheet_json.digest(again) == sheet_json.digest(made)
    assert sheet_json.dumps(again) == sheet_json.dumps(made)


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path):
    path = tmp_path / "cues.json"
    for mark in ("", "\ufeff"):
        path.write_text(mark + sheet_json.dumps(sheet()), encoding="utf-8")
        assert sheet_json.read(path) == sheet()


@pytest.mark.parametrize(
    "content, words",
    [
        (b'{\n "schema": ,\n}', "line 2"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"", "line 1"),
        (b'{"frames": NaN}', "NaN"),
        (b"[" * 200_000, "not"),
        (b'{"schema": "hitpoint.cues/1", "rate": "24", "frames": ' + b"9" * 5000 + b"}", "not a cue sheet"),
        (b"{}", "schema"),
    ],
)
def test_a_file_that_is_no_cue_sheet_is_named_with_the_reason(tmp_path, content, words):
    path = tmp_path / "cues.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        sheet_json.read(path)
    assert "cues.json" in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.json", "", "nul\0byte"])
def test_a_file_that_cannot_be_opened_is_an_input_error(tmp_path, name):
    with pytest.raises(InputError, match="cannot be read"):
        sheet_json.read(f"{tmp_path}/{name}")


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**5, max_value=10**30)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["24", "1/0", "1e999999999", "24000/1001", "cut", "landed"])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def places(obj, way=()):
    yield way
    if isinstance(obj, dict | list):
        for key, value in obj.items() if isinstance(obj, dict) else enumerate(obj[:4]):
            yield from places(value, (*way, key))


DOCUMENT = document()
PLACES = [way for way in places(DOCUMENT) if way]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES, st.booleans()), min_size=1, max_size=3))
def test_whatever_is_put_into_a_sheet_it_is_read_or_refused_in_one_line(changes):
    obj = copy.deepcopy(DOCUMENT)
    for way, value, drop in changes:
        here = obj
        try:
            for step in way[:-1]:
                here = here[step]
            if drop:
                del here[way[-1]]
            else:
                here[way[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    try:
        read = sheet_json.from_json(obj)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert sheet_json.loads(sheet_json.dumps(read)) == read


def _written(**changes):
    """A sheet of one storyboard at 120, ten seconds at 24, as a person finds it."""
    board = {"name": "One", "start": 0, "end": 240, "tempo": 120.0, "beats": [i / 2 for i in range(20)], **changes}
    return {"schema": "hitpoint.cues/1", "rate": "24", "frames": 240, "storyboards": [board], "hits": []}


def test_a_beat_that_a_person_took_out_stays_out():
    beats = [i / 2 for i in range(20) if i != 7]
    assert sheet_json.from_json(_written(beats=beats)).storyboards[0].beats == tuple(beats)


def test_locked_beats_are_played_as_they_stand_and_the_tempo_follows():
    slower = [0.56 * i for i in range(17)]
    read = sheet_json.from_json(_written(beats=slower, locked=True))
    assert read.storyboards[0].beats == pytest.approx(slower)
    assert read.storyboards[0].tempo == pytest.approx(60 / 0.56)
    assert any("locked" in warning for warning in read.warnings)


def test_beats_within_nine_hundredths_of_the_tempo_are_bent_and_stay():
    bent = [0.54 * i for i in range(18)]
    read = sheet_json.from_json(_written(beats=bent))
    assert (read.storyboards[0].beats, read.storyboards[0].tempo, read.warnings) == (tuple(bent), 120.0, ())
    assert sheet_json.from_json(_written(beats=[0.55 * i for i in range(18)])).storyboards[0].beats[1] < 0.53


def test_beats_that_no_longer_fit_are_laid_anew_with_a_warning():
    read = sheet_json.from_json(_written(tempo=90.0))
    assert read.storyboards[0].beats[1] == pytest.approx(60 / 90, abs=1e-3)
    assert any("laid anew" in warning for warning in read.warnings)


def test_a_sheet_without_beats_is_laid_without_a_word():
    read = sheet_json.from_json(_written(beats=[]))
    assert len(read.storyboards[0].beats) in (19, 20)
    assert read.warnings == ()


def test_a_curve_follows_the_energy_that_a_person_gives_a_storyboard():
    obj = sheet_json.to_json(replace(sheet(), energy=((0, 0.3), (100, 0.4), (900, 0.2))))
    board = obj["storyboards"][0]
    inside = [frame for frame in (0, 100) if board["start"] <= frame < board["end"]]
    board["brief"]["energy"] = board["energy_at"] * 1.5
    read = dict(sheet_json.from_json(obj).energy)
    assert inside
    for frame in inside:
        assert read[frame] == pytest.approx(dict(obj["energy"])[frame] * 1.5, abs=1e-3)
    assert read[900] == (0.2 if not board["start"] <= 900 < board["end"] else pytest.approx(0.3))


def test_beats_are_laid_anew_for_a_hit_that_a_person_adds_and_others_that_weigh_less():
    made = sheet()
    obj = sheet_json.to_json(made)
    for hit in obj["hits"]:
        hit["weight"] = 0.05
    obj["hits"].append({"frame": 620, "kind": "cut", "weight": 1.0})
    read = sheet_json.from_json(obj)
    assert next(hit for hit in read.hits if hit.frame == 620).place in ("downbeat", "beat")
    assert any("its hits were changed" in warning for warning in read.warnings)
    obj["storyboards"] = [{**board, "locked": True} for board in obj["storyboards"]]
    assert [board.beats for board in sheet_json.from_json(obj).storyboards] == [b.beats for b in made.storyboards]


def test_a_sheet_that_nobody_changed_keeps_its_beats():
    assert sheet_json.from_json(sheet_json.to_json(sheet())) == sheet()


def test_a_renamed_storyboard_remembers_its_first_name():
    obj = json.loads(sheet_json.dumps(sheet()))
    first = obj["storyboards"][0]["name"]
    obj["storyboards"][0]["name"] = "Another"
    board = sheet_json.loads(json.dumps(obj)).storyboards[0]
    assert (board.name, board.origin) == ("Another", first)
    again = sheet_json.loads(sheet_json.dumps(sheet_json.loads(json.dumps(obj)))).storyboards[0]
    assert again.origin == first
    assert sheet_json.loads(sheet_json.dumps(sheet())).storyboards[0].origin == ""
