"""Evaluations of one edit and of a folder, as somebody asks for them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hitpoint.plugin import evaluating
from hitpoint.plugin.cli import main
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.errors import InputError, UsageError
from hitpoint.runtime.mix.wav import WavWriter

SECONDS = 12.0


def music(path: Path, tempo: float = 120, seconds: float = SECONDS, first: float = 0.0) -> Path:
    rng = np.random.default_rng(1)
    sound = rng.standard_normal(round(seconds * 48_000)) * 1e-4
    for time in np.arange(first, seconds - 0.2, 60 / tempo):
        start = round(time * 48_000)
        sound[start : start + 4000] += 0.3 * rng.standard_normal(4000) * np.exp(-np.arange(4000) / 1000)
    path.parent.mkdir(exist_ok=True, parents=True)
    with WavWriter(path) as writer:
        writer.write(np.repeat(sound[:, None], 2, axis=1).astype(np.float32))
    return path


@pytest.fixture
def edit(make, save):
    """Four shots of three seconds at 24: cuts at 3, 6 and 9 s; a second storyboard at 6 s."""

    def build(name="cut.otio"):
        made = make.timeline(make.track(*(make.clip(letter, 72) for letter in "ABCD")))
        make.mark(made.tracks, 144, "storyboard: Two")
        return save(made, name)

    return build


def asked(capsys, *arguments) -> tuple[int, dict]:
    status = main([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_answer_has_beats_measures_and_boundaries(edit, tmp_path, capsys):
    status, answer = asked(capsys, "evaluate", edit(), "--audio", music(tmp_path / "a.wav"))
    assert status == 0
    assert answer["rhythm_recall"]["value"] == 1.0
    assert answer["rhythm_recall"]["chance"] == pytest.approx(0.4, abs=0.03)
    assert answer["beats"]["tempo"] == pytest.approx(120, abs=1)
    assert [(b["name"], b["frame"]) for b in answer["boundaries"]] == [("Two", 144)]
    assert answer["storyboards_from"] == "edit"
    assert (answer["cuts"], answer["b_iou"], answer["difference"]) == (3, None, 0)
    assert answer["audio"] == str(tmp_path / "a.wav")


def test_a_reference_gives_b_iou(edit, tmp_path, capsys):
    wav = music(tmp_path / "a.wav")
    _, answer = asked(capsys, "evaluate", edit(), "--audio", wav, "--reference", wav)
    assert [measure["value"] for measure in answer["b_iou"]] == [1.0, 1.0, 1.0]
    assert answer["reference_beats"]["count"] == answer["beats"]["count"]


def test_a_cue_sheet_says_where_storyboards_start(edit, make, save, tmp_path, capsys):
    path, sheet = edit(), tmp_path / "cues.json"
    assert main(["cues", str(path), "-o", str(sheet), "--no-look", "--json"]) == 0
    plan = json.loads(sheet.read_text())
    plan["storyboards"][0].update(end=72, beats=[])
    plan["storyboards"][1].update(start=72, beats=[], name="Earlier")
    sheet.write_text(json.dumps(plan))
    capsys.readouterr()
    wav = music(tmp_path / "a.wav")
    _, answer = asked(capsys, "evaluate", path, "--audio", wav, "--cues", sheet)
    assert [(b["name"], b["frame"]) for b in answer["boundaries"]] == [("Earlier", 72)]
    assert answer["storyboards_from"] == "cues"
    other = save(make.timeline(make.track(make.clip("A", 30), make.clip("B", 30))), "other.otio")
    assert asked(capsys, "evaluate", other, "--audio", wav, "--cues", sheet)[0] == 3


def test_without_a_sound_the_score_is_measured_by_its_own_cue_sheet(edit, capsys):
    path = edit()
    assert asked(capsys, "evaluate", path)[0] == 2
    assert main(["score", str(path), "--no-look", "--json"]) == 0
    capsys.readouterr()
    scored = path.with_name("cut.scored.otio")
    status, answer = asked(capsys, "evaluate", scored)
    assert status == 0
    assert answer["audio"].endswith("score.wav")
    assert answer["storyboards_from"] == "cues"
    assert answer["cuts_with_onset"]["value"] == 1.0


def test_a_picture_is_drawn_and_nothing_of_the_users_is_written_over(edit, tmp_path, capsys):
    path, wav = edit(), music(tmp_path / "a.wav")
    picture = tmp_path / "meets.png"
    status, answer = asked(capsys, "evaluate", path, "--audio", wav, "--picture", picture)
    assert (status, answer["picture"]) == (0, str(picture))
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert asked(capsys, "evaluate", path, "--audio", wav, "--picture", tmp_path / "meets.jpg")[0] == 2
    sound = shutil.copy(wav, tmp_path / "sound.png")
    before = Path(sound).read_bytes()
    assert asked(capsys, "evaluate", path, "--audio", sound, "--picture", sound)[0] == 2
    assert Path(sound).read_bytes() == before
    assert asked(capsys, "evaluate", path, "--audio", wav, "--picture", tmp_path / "no" / "such" / "a.png")[0] == 6


@pytest.fixture
def folder(edit, tmp_path):
    """Three edits with sounds of their names, one without a sound, one that is broken, and something else."""
    room = tmp_path / "edits"
    room.mkdir()
    for name, tempo in (("one", 120), ("two", 110), ("three", 120)):
        shutil.copy(edit(), room / f"{name}.otio")
        music(room / f"{name}.wav", tempo)
    shutil.copy(edit(), room / "mute.otio")
    (room / "broken.otio").write_text("no timeline")
    (room / "notes.txt").write_text("not an edit")
    return room


def test_a_folder_gives_a_row_an_edit_and_the_mean(folder, capsys):
    status, answer = asked(capsys, "evaluate", folder)
    assert (status, answer["measured"], answer["failed"]) == (3, 3, 2)
    rows = {row["file"]: row for row in answer["edits"]}
    assert sorted(rows) == ["broken.otio", "mute.otio", "one.otio", "three.otio", "two.otio"]
    assert "error" in rows["broken.otio"]
    assert "no score" in rows["mute.otio"]["error"]
    values = [rows[f"{name}.otio"]["rhythm_recall"]["value"] for name in ("one", "two", "three")]
    assert answer["mean"]["rhythm_recall"]["value"] == pytest.approx(sum(values) / 3, abs=1e-5)
    assert values[0] == values[2] == 1.0 > values[1]
    assert answer["mean"]["b_iou"] is None
    assert [measure["tolerance"] for measure in answer["mean"]["tb_iou"]] == [0.5, 0.1, 0.07]


def test_a_folder_is_printed_as_a_table(folder, capsys):
    assert main(["evaluate", str(folder)]) == 3
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[:4] == ["edit", "cuts", "tempo", "recall"]
    assert any(line.split()[:3] == ["broken.otio", "not", "measured:"] for line in printed)
    assert any(line.split()[0] == "mean" for line in printed)
    assert "3 of 5 edits measured" in printed
    assert max(map(len, printed)) <= 120


def test_a_folder_that_was_measured_whole_is_done(folder, capsys):
    (folder / "broken.otio").unlink()
    (folder / "mute.otio").unlink()
    status, answer = asked(capsys, "evaluate", folder)
    assert (status, answer["measured"], answer["failed"]) == (0, 3, 0)


def test_sounds_and_references_may_lie_in_folders_of_their_own(folder, tmp_path):
    music(tmp_path / "takes" / "one.wav", 100)
    music(tmp_path / "truth" / "one.wav", 100)
    rows = {row.file: row for row in evaluating.evaluate_folder(
        Source(folder), tmp_path / "takes", reference=tmp_path / "truth")}  # fmt: skip
    one = rows["one.otio"].measured
    assert one.audio == tmp_path / "takes" / "one.wav"
    assert one.evaluation.rhythm.b_iou[2].value == 1.0
    assert rows["two.otio"].measured is None
    assert "no sound of its name" in rows["two.otio"].reason


def test_a_score_is_found_beside_its_timeline_and_the_edit_it_was_made_for_is_left_out(edit, tmp_path, capsys):
    room = tmp_path / "edits"
    room.mkdir()
    cut = Path(shutil.move(edit(), room / "cut.otio"))
    assert main(["score", str(cut), "--no-look", "--json"]) == 0
    capsys.readouterr()
    rows = evaluating.evaluate_folder(Source(room))
    assert [row.file for row in rows] == ["cut.scored.otio"]
    assert rows[0].measured.audio.name == "score.wav"
    assert rows[0].measured.boards_from == "cues"


@pytest.mark.parametrize("kind", ["empty", "only broken"])
def test_a_folder_in_which_nothing_is_measured_is_an_error(tmp_path, capsys, kind):
    if kind != "empty":
        (tmp_path / "broken.otio").write_text("no timeline")
    status, answer = asked(capsys, "evaluate", tmp_path)
    assert status == 3
    assert ("no edits" if kind == "empty" else "broken.otio") in answer["error"]


def test_an_unreadable_sound_is_a_row_of_its_own(folder):
    (folder / "two.wav").write_text("no sound")
    rows = {row.file: row for row in evaluating.evaluate_folder(Source(folder))}
    assert "two.wav" in rows["two.otio"].reason
    assert rows["one.otio"].measured is not None


def test_what_does_not_fit_a_folder_is_said(folder, tmp_path, capsys):
    wav = folder / "one.wav"
    with pytest.raises(UsageError, match="folder"):
        evaluating.evaluate_folder(Source(folder), wav)
    assert asked(capsys, "evaluate", folder, "--picture", tmp_path / "a.png")[0] == 2
    assert asked(capsys, "evaluate", folder, "--cues", tmp_path / "a.json")[0] == 2
    with pytest.raises(InputError):
        evaluating.evaluate_folder(Source(tmp_path / "gone"))
