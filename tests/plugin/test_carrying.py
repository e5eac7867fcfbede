"""A cue sheet carried over to another cut, and the plan as MIDI and as a table, from the command line."""

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from hitpoint.plugin import cli


@pytest.fixture
def cuts(make, save):
    """An edit, and a newer cut of it: its last scene first, one shot out, one in."""
    a, b, c, d = (("A", 90), ("B", 60), ("C", 75), ("D", 110))
    first = [make.clip(*row) for row in (a, b, c, d)]
    old = make.timeline(make.track(*first), start=86400)
    second = [make.clip(*row) for row in (d, a, ("X", 48), c)]
    new = make.timeline(make.track(*second), start=86400)
    return save(old, "old.otio"), save(new, "new.otio")


def run(capsys, *arguments):
    status = cli.main([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def plan_and_lock(capsys, old, path):
    assert run(capsys, "cues", old, "-o", path, "--no-look")[0] == 0
    sheet = json.loads(path.read_text(encoding="utf-8"))
    sheet["storyboards"][0]["name"] = "Mine"
    sheet["storyboards"][0]["brief"]["prompt"] = "rain"
    path.write_text(json.dumps(sheet), encoding="utf-8")


def test_cues_from_an_older_cut_and_score_from_them(cuts, tmp_path, capsys):
    old, new = cuts
    plan_and_lock(capsys, old, tmp_path / "old.json")
    status, answer = run(capsys, "cues", new, "--from", tmp_path / "old.json", "-o", tmp_path / "new.json", "--no-look")
    assert status == 0
    assert [board["name"] for board in answer["storyboards"]] == ["Mine"]
    assert answer["storyboards"][0]["brief"]["prompt"] == "rain"
    assert answer["carried"][0]["to"] == [{"name": "Mine", "start": 0, "end": 323, "beats": "laid anew"}]
    assert answer["lost"] == []
    out = tmp_path / "scored.otio"
    status, report = run(capsys, "score", new, "--from-cues", tmp_path / "old.json", "-o", out, "--no-look")
    assert status == 0
    assert report["carried"] == answer["carried"]
    status, report = run(capsys, "cues", new, "--from", tmp_path / "scored.hitpoint", "--no-look")
    assert [place["beats"] for place in report["carried"][0]["to"]] == ["kept"]
    assert run(capsys, "cues", new, "--from", out, "--no-look") == (0, report)
    status, answer = run(capsys, "cues", new, "--from", old, "--no-look")
    assert (status, "is a timeline, and has no score" in answer["error"]) == (2, True)


def test_a_sheet_of_another_length_is_refused_with_the_way_out(cuts, tmp_path, capsys):
    old, new = cuts
    plan_and_lock(capsys, old, tmp_path / "old.json")
    status, answer = run(capsys, "score", new, "--cues", tmp_path / "old.json", "-o", tmp_path / "x.otio", "--no-look")
    assert status == 3
    assert "--from-cues" in answer["error"]


def test_the_plan_is_written_as_midi_and_as_a_table_too(cuts, tmp_path, capsys):
    old, _ = cuts
    names = {word: tmp_path / f"plan.{word}" for word in ("json", "mid", "csv")}
    status, answer = run(
        capsys, "cues", old, "-o", names["json"], "--midi", names["mid"], "--csv", names["csv"], "--no-look"
    )
    assert status == 0
    assert (answer["out"], answer["midi"], answer["csv"]) == tuple(map(str, names.values()))
    assert names["mid"].read_bytes().startswith(b"MThd")
    table = list(csv.DictReader(io.StringIO(names["csv"].read_bytes().decode("utf-8-sig"), newline="")))
    assert [row["frame"] for row in table if row["kind"] in ("cut", "storyboard")] == ["0", "90", "150", "225"]


@pytest.mark.parametrize(
    "arguments", [("-o", "{cues}"), ("-o", "x", "--midi", "x"), ("--csv", "{edit}"), ("--midi", "./y", "--csv", "y")]
)
def test_nothing_is_written_over_what_is_read_and_no_file_is_named_twice(
    cuts, tmp_path, capsys, monkeypatch, arguments
):
    old, new = cuts
    monkeypatch.chdir(tmp_path)
    plan_and_lock(capsys, old, tmp_path / "old.json")
    before = (tmp_path / "old.json").read_bytes(), new.read_bytes()
    named = [word.format(cues=tmp_path / "old.json", edit=new) for word in arguments]
    assert run(capsys, "cues", new, "--from", tmp_path / "old.json", *named, "--no-look")[0] == 2
    assert ((tmp_path / "old.json").read_bytes(), new.read_bytes()) == before
    assert not (tmp_path / "x").exists()


def test_the_demos_cue_sheet_is_what_the_schema_says(demo):
    schema = json.loads((Path(__file__).parents[2] / "docs/cues.schema.json").read_text(encoding="utf-8"))
    (path,) = demo[0].glob("*.hitpoint/cues.json")
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text(encoding="utf-8")))


def test_two_cue_sheets_for_one_score_are_one_too_many(cuts, tmp_path, capsys):
    status, answer = run(capsys, "score", cuts[0], "--cues", "a.json", "--from-cues", "b.json")
    assert status == 2
    assert "one of them" in answer["error"]
