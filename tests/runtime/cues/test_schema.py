"""docs/cues.schema.json says what cue sheets are: all that we write, and nothing that we refuse."""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.plugin.demo.run import CUTS
from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.known import known_markers
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker, Shot, Source
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/cues.schema.json").read_text(encoding="utf-8"))


def closed(schema):
    """The schema with every key that it does not know forbidden."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if "properties" in schema else {}
    return {**{key: closed(value) for key, value in schema.items()}, **more}


STRICT = jsonschema.Draft202012Validator(closed(SCHEMA))
OPEN = jsonschema.Draft202012Validator(SCHEMA)

MARKS = st.tuples(st.integers(0, 700), st.integers(0, 90), st.sampled_from(
    ["", "boom", "silence", "build: up", "soft", "storyboard: A", "storyboard:", "music", "hit"]
))  # fmt: skip


@st.composite
def edits(draw):
    rate = Rate(draw(st.sampled_from([Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(60)])))
    lengths = draw(st.lists(st.integers(1, 120), min_size=1, max_size=12))
    shots, at = [], 0
    for number, length in enumerate(lengths):
        media = draw(st.sampled_from([None, "/m/a.mov", "/m/b c.mov"]))
        source = Source(at, at + length, media, Fraction(number, 3), Fraction(draw(st.sampled_from([1, 2, -1, 0]))))
        shots.append(Shot(at, at + length, draw(st.sampled_from(["", "é"])), media, bool(media), (source,)))
        at += length
    markers = [Marker(f, n, name, "", "RED", "timeline") for f, n, name in draw(st.lists(MARKS, max_size=6)) if f < at]
    cuts = tuple(Cut(shot.start) for shot in shots[1:])
    return Edit("film", rate, at, 86400, False, 0, at, cuts=cuts, shots=tuple(shots), markers=tuple(markers))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=40, deadline=None)
@given(edits())
def test_every_sheet_that_is_written_is_valid_with_no_key_that_the_schema_does_not_know(edit):
    sheet = replace(plan(edit), markers=known_markers(edit))
    written = json.loads(sheet_json.dumps(sheet))
    assert [error.message for error in STRICT.iter_errors(written)] == []
    assert sheet_json.from_json(written) == sheet


def test_the_demos_sheet_is_valid():
    """The demo's cut, without its media."""
    starts = [sum(length for *_, length in CUTS[:n]) for n in range(len(CUTS) + 1)]
    frames = starts[-1]
    shots = tuple(
        Shot(
            start,
            end,
            clip,
            f"/{clip}.mp4",
            False,
            (Source(start, end, f"/{clip}.mp4", Fraction(at, 24), Fraction(1)),),
        )
        for (_, clip, at, _), (start, end) in zip(CUTS, pairwise(starts), strict=True)
    )
    markers = tuple(
        Marker(start, 0, f"storyboard: {board}", "", "PURPLE", "timeline")
        for (board, *_), start in zip(CUTS, starts, strict=False)
        if board
    )
    cuts = tuple(Cut(start) for start in starts[1:-1])
    edit = Edit("demo", Rate(Fraction(24)), frames, 86400, False, 0, frames, cuts, (), markers, shots)
    written = json.loads(sheet_json.dumps(replace(plan(edit), markers=known_markers(edit))))
    assert [board["name"] for board in written["storyboards"]] == ["Morning", "The fair", "Storm"]
    assert [error.message for error in STRICT.iter_errors(written)] == []


def test_the_schema_knows_no_key_that_is_never_written():
    edit = Edit("film", Rate(Fraction(24)), 240, picture_start=0, picture_end=240)
    edit = replace(
        edit,
        shots=(Shot(0, 240, "a"),),
        cuts=(Cut(100),),
        markers=(Marker(48, 24, "silence", "", "", "timeline"),),
    )
    written = sheet_json.to_json(replace(plan(edit), markers=known_markers(edit)))
    board = written["storyboards"][0]
    for name, entry in [
        ("storyboard", board), ("brief", board["brief"]), ("hit", written["hits"][0]), ("rest", written["rests"][0]),
        ("shot", written["shots"][0]), ("marker", written["markers"][0]),
    ]:  # fmt: skip
        assert set(SCHEMA["$defs"][name]["properties"]) == set(entry)
    assert set(SCHEMA["properties"]) == set(written)


WRONG = [
    ("schema", "hitpoint.cues/2"), ("rate", "fast"), ("frames", 0), ("energy", [[1]]), ("energy", [[1, 2]]),
    ("energy", [[1, 0.5, 3]]), ("storyboards", [{"name": "A", "start": 0, "end": 9}]), ("hits", [{"weight": 0.5}]),
    ("hits", [{"frame": 1, "wish": "loud"}]), ("hits", [{"frame": 1, "weight": 1.5}]), ("rests", [{"start": 3}]),
    ("shots", [{"start": 3, "end": "x"}]), ("markers", [{"name": "x"}]), ("warnings", [3]),
]  # fmt: skip


@pytest.mark.parametrize("key, value", WRONG)
def test_what_the_schema_refuses_the_reader_refuses_too(key, value):
    good = {"schema": "hitpoint.cues/1", "rate": "24", "frames": 100, "storyboards": []}
    assert not list(OPEN.iter_errors(good))
    assert sheet_json.from_json(good).frames == 100
    assert list(OPEN.iter_errors({**good, key: value}))
    with pytest.raises(InputError):
        sheet_json.from_json({**good, key: value})


@pytest.mark.parametrize("key", ["name", "hits", "energy", "rests", "shots", "markers", "warnings", "drop_frame"])
def test_what_the_schema_lets_out_the_reader_does_without(key):
    edit = Edit("film", Rate(Fraction(24)), 240, picture_start=0, picture_end=240, cuts=(Cut(100),))
    written = sheet_json.to_json(plan(edit))
    del written[key]
    assert not list(OPEN.iter_errors(written))
    assert sheet_json.from_json(written).storyboards == plan(edit).storyboards
