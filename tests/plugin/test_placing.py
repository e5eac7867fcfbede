"""A take played aside and put on the timeline later: the same files as a score made at once, and out again to the byte."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from hitpoint.plugin import auditioning, placing, scoring
from hitpoint.plugin.auditioning import Audition
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.errors import Cancelled, InputError, UsageError
from hitpoint.ui.state.edit import Speech

PLAIN = Wish(duck=None, markers="storyboards")


@pytest.fixture(scope="module")
def made(tmp_path_factory, make, save_in):
    """One edit, scored at once and played aside, with stems and room for a voice."""
    folder = tmp_path_factory.mktemp("placing")
    source = Source(save_in(folder))
    wish = Wish(stems=True, markers="storyboards")
    done = scoring.score(source, Wish(duck=None, stems=True, markers="storyboards"), out=folder / "at-once.otio")
    cues = folder / "cues.json"
    shutil.copyfile(done.folder / "cues.json", cues)
    report = auditioning.audition(source, Wish(duck=None, stems=True), Audition(cues), folder / "takes" / "01")
    voice = Audition(cues, seeds={1: 5}, spoken=[Speech(30, 60, 0.9)])
    auditioning.audition(source, wish, voice, folder / "takes" / "02")
    return SimpleNamespace(folder=folder, source=source, done=done, take=folder / "takes" / "01", report=report)


@pytest.fixture(scope="module")
def save_in(make):
    def save(folder):
        import opentimelineio as otio

        edit = make.timeline(make.track(*(make.clip(letter, 48) for letter in "ABC")))
        make.mark(edit.tracks, 0, "storyboard: One")
        make.mark(edit.tracks, 96, "storyboard: Two")
        path = folder / "cut.otio"
        path.write_text(otio.adapters.write_to_string(edit, "otio_json"))
        return path

    return save


@pytest.fixture
def here(made, tmp_path):
    """A copy of it all, to be written on."""
    shutil.copytree(made.folder / "takes", tmp_path / "takes")
    path = tmp_path / "cut.otio"
    shutil.copyfile(made.source.path, path)
    take = tmp_path / "takes" / "01"
    return SimpleNamespace(folder=tmp_path, edit=path, source=Source(path), take=take, ducked=take.with_name("02"))


def held(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "takes" not in path.parts and "before" not in path.parts
    }


def test_a_take_sounds_as_the_score_made_at_once(made):
    for name in ("score.wav", "score.mid", "cues.json", "stems/bass.wav"):
        assert (made.take / name).read_bytes() == (made.done.folder / name).read_bytes(), name
    for word in ("landed", "loudness", "true_peak", "master", "seeds", "hits", "samples"):
        assert made.report[word] == made.done.report[word], word


def test_written_it_leaves_what_a_score_made_at_once_leaves(made, here):
    done = placing.place(
        here.source, here.take, Wish(stems=True, markers="storyboards"), out=here.folder / "at-once.otio"
    )
    assert done.out.read_text().replace(str(here.folder), str(made.folder)) == made.done.out.read_text()
    ours, theirs = held(done.folder), held(made.done.folder)
    reports = [json.loads(files.pop("report.json")) | {"out_sha256": ""} for files in (ours, theirs)]
    assert reports[0] == reports[1]
    assert ours.keys() == theirs.keys() and {"score.wav", "score.mid", "cues.json"} < ours.keys()
    assert ours == theirs
    assert not list(here.folder.rglob(".hitpoint*"))


def test_what_writing_does_is_said_before_and_done(here):
    wish = Wish(markers="storyboards")
    out = here.folder / "b.otio"
    said = placing.intend(here.source, here.ducked, wish, out=out)
    assert not out.exists() and not (here.folder / "b.hitpoint").exists()
    steps = [(step.what, step.kind, step.target) for step in said.steps]
    assert steps[:2] == [("add", "track", "Hitpoint Score"), ("add", "marker", "2")]
    promised = {target for _, kind, target in steps if kind == "file"}
    done = placing.place(here.source, here.ducked, wish, out=out)
    assert promised == {str(out), *(str(done.folder / name) for name in done.report["files"])}
    assert done.report["full"]["file"] == "score-full.wav" and done.report["ducking"]["stretches"]
    assert done.report["seeds"] == [0, 5]
    again = placing.intend(here.source, here.take, PLAIN, out=out)
    assert {step.what for step in again.steps if step.kind == "file"} == {"replace"}


def test_taken_back_everything_is_as_it_was(here, tracks):
    before = held(here.folder)
    keep = here.folder / "before"
    placing.place(here.source, here.take, PLAIN, in_place=True, keep=keep)
    assert [track.name for track in tracks(here.edit)][-1] == "Hitpoint Score"
    first = held(here.folder)
    said = placing.intend(here.source, here.ducked, PLAIN, in_place=True)
    assert ("replace", "track", "Hitpoint Score") in [(step.what, step.kind, step.target) for step in said.steps]
    placing.place(here.source, here.ducked, Wish(stems=True, stem_tracks=True), in_place=True, keep=keep)
    assert len(tracks(here.edit)) > 3
    assert placing.take_back(keep).whole
    assert held(here.folder) == first
    assert not keep.exists()
    scoring.unscore(here.source, in_place=True)
    assert here.edit.read_bytes() == before["cut.otio"]


def test_what_was_not_there_before_is_not_there_after(here):
    before = held(here.folder)
    keep = here.folder / "before"
    placing.place(here.source, here.take, Wish(duck=None, stems=True), out=here.folder / "new.otio", keep=keep)
    assert placing.take_back(keep).whole
    assert held(here.folder) == before
    with pytest.raises(InputError, match="unscore takes the score out"):
        placing.take_back(keep)


def test_a_timeline_that_a_host_changed_since_keeps_the_changes(here, tracks):
    keep = here.folder / "before"
    placing.place(here.source, here.take, PLAIN, in_place=True, keep=keep)
    text = here.edit.read_text()
    here.edit.write_text(text.replace('"A"', '"A, renamed"'))
    done = placing.take_back(keep)
    assert not done.whole and "was changed since" in done.warnings[0]
    after = tracks(here.edit)
    assert [track.name for track in after] == ["V1"] and after[0][0].name == "A, renamed"


def test_stems_that_a_take_has_not_cannot_be_written(here):
    shutil.rmtree(here.take / "stems")
    said = json.loads((here.take / "played.json").read_text())
    (here.take / "played.json").write_text(json.dumps({**said, "stems": []}))
    with pytest.raises(UsageError, match="made without stems"):
        placing.place(here.source, here.take, Wish(stem_tracks=True), out=here.folder / "b.otio")
    assert not (here.folder / "b.otio").exists()


@pytest.mark.parametrize(
    "damage", ["{", "{}", '{"schema": "hitpoint.played/1"}', '{"schema": "hitpoint.played/9"}', "[]"]
)
def test_a_take_that_is_damaged_is_refused_in_a_line_and_nothing_is_written(here, damage):
    before = held(here.folder)
    (here.take / "played.json").write_text(damage)
    with pytest.raises(InputError, match="make it anew") as error:
        placing.place(here.source, here.take, PLAIN, in_place=True, keep=here.folder / "before")
    assert "\n" not in str(error.value)
    (here.ducked / "score.wav").unlink()
    with pytest.raises(InputError, match="make it anew"):
        placing.place(here.source, here.ducked, PLAIN, in_place=True)
    assert held(here.folder) == before


def test_stopped_in_the_middle_nothing_has_happened(here):
    before = held(here.folder)

    def stop(fraction, words):
        if fraction > 0.9:
            raise Cancelled

    with pytest.raises(Cancelled):
        placing.place(here.source, here.take, PLAIN, in_place=True, keep=here.folder / "before", progress=stop)
    assert held(here.folder) == before

    def stop_early(fraction, words):
        if fraction > 0.3:
            raise Cancelled

    new = here.folder / "takes" / "09"
    with pytest.raises(Cancelled):
        auditioning.audition(here.source, PLAIN, Audition(here.take / "cues.json"), new, progress=stop_early)
    assert sorted(path.name for path in new.parent.iterdir()) == ["01", "02"]


def test_takes_of_the_panel_are_not_written_over_by_the_command_line(here):
    kept = here.folder / "cut.scored.hitpoint"
    shutil.copytree(here.folder / "takes", kept / "takes")
    with pytest.raises(UsageError, match="that the panel keeps"):
        scoring.score(here.source, Wish(takes=2, duck=None))
    assert (kept / "takes" / "01" / "played.json").exists()


def test_a_kept_level_is_that_of_the_take_it_comes_from(made, here):
    what = Audition(here.take / "cues.json", seeds={1: 9}, level_of=here.take)
    report = auditioning.audition(here.source, Wish(duck=None), what, here.folder / "takes" / "03")
    assert report["master"] == made.report["master"]
    assert report["seeds"] == [0, 9]
