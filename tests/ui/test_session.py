"""The session with real workers, as the panel has them, on an edit without media."""

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.cues import sheet_json
from hitpoint.ui.actions.actions import Actions
from hitpoint.ui.actions.refused import Refused
from hitpoint.ui.session import Session
from hitpoint.ui.state import plan_json
from hitpoint.ui.state.panel import Settings
from hitpoint.ui.state.seeds import up_to_date
from hitpoint.ui.state.store import Store


def timeline(path: Path, seconds: int, marks=((0, "storyboard: Dawn"), (5, "storyboard: Storm"))) -> Path:
    made = otio.schema.Timeline("small")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for number in range(0, seconds, 2):
        length = otio.opentime.RationalTime(min(2, seconds - number) * 25, 25)
        span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 25), length)
        track.append(otio.schema.Clip(f"c{number}", otio.schema.ExternalReference(f"media/c{number}.mov", span), span))
    for second, name in marks:
        at = otio.opentime.TimeRange(otio.opentime.RationalTime(second * 25, 25), otio.opentime.RationalTime(0, 25))
        made.tracks.markers.append(otio.schema.Marker(name, at, "PURPLE"))
    made.tracks.append(track)
    path.write_text(otio.adapters.write_to_string(made, "otio_json"))
    return path


class Panel:
    """A panel without a window: what would come to the interface's thread comes to `until`."""

    def __init__(self, grace=4.0):
        self.posted = SimpleQueue()
        self.store = Store()
        self.actions = Actions(self.store)
        self.session = Session(self.store, self.actions, self.posted.put, delay=0.05, grace=grace)

    @property
    def state(self):
        return self.store.state

    def until(self, done, timeout=100):
        end = time.monotonic() + timeout
        failed = {job.id for job in self.state.jobs if job.state == "failed"}
        while not done():
            new = [job for job in self.state.jobs if job.state == "failed" and job.id not in failed]
            if time.monotonic() > end or new:
                raise AssertionError(f"it never came: {self.state.jobs} {self.state.messages}")
            try:
                self.posted.get(timeout=0.1)()
            except Empty:
                pass

    def open(self, path):
        self.session.open(path)
        self.until(lambda: self.state.laid is not None and not self.session.jobs.busy())

    def idle(self):
        self.until(lambda: not self.session.jobs.busy())

    def job(self, kind):
        return [job for job in self.state.jobs if job.kind == kind][-1]


@pytest.fixture(scope="module")
def warm():
    """Workers take a moment to start: they serve one test after another, as they serve one edit after another."""
    panel = Panel(grace=90)  # machines under load take their time to stop, and this is not what is tested here
    yield panel
    panel.session.close()


@pytest.fixture
def panel(warm):
    warm.store.change("", messages=(), settings=Settings())
    warm.session.clear_jobs()
    return warm


@pytest.fixture
def own():
    panel = Panel()
    yield panel
    panel.session.close()


def test_an_edit_is_opened_scored_written_taken_out_and_opened_again(own, panel, tmp_path):
    panel, again = own, panel
    edit = timeline(tmp_path / "cut.otio", 9)
    untouched = edit.read_bytes()
    panel.open(edit)
    assert [board.name for board in panel.state.plan.boards] == ["Dawn", "Storm"]
    assert panel.state.edit.parsed and len(panel.state.edit.looks) in (0, 5)
    assert panel.state.laid.boards[0].downbeats[0] == 0
    assert any("not found" in words for words in panel.state.edit.warnings)

    storm = panel.state.plan.boards[1].id
    panel.actions.move_edge(storm, 150)
    panel.actions.set_style([storm], "jazz")
    panel.session.score()
    panel.until(lambda: panel.state.takes)
    take = panel.state.takes[0]
    assert (take.name, take.seeds, panel.state.current) == ("Take 1", (0, 0), 1)
    assert take.hits == len(panel.state.plan.hits) == len(panel.state.heard.hits)
    assert panel.state.heard.boards[1].start == 150
    assert up_to_date(panel.state, take)
    assert Path(panel.state.waves[0].peaks).is_file()
    assert not (tmp_path / "cut.scored.otio").exists()  # nothing is on any timeline before somebody says so

    panel.session.plan_writing(1)
    panel.until(lambda: panel.state.writing)
    said = {(change.what, change.kind, Path(change.target).name) for change in panel.state.writing.changes}
    assert {("add", "track", "Hitpoint Score"), ("add", "marker", "2"), ("add", "file", "cut.scored.otio")} <= said
    assert not (tmp_path / "cut.scored.otio").exists()
    panel.session.write()
    panel.until(lambda: panel.state.placed)
    scored = Path(panel.state.placed.out)
    assert scored == tmp_path / "cut.scored.otio"
    for change in panel.state.placed.changes:
        assert change.kind != "file" or Path(change.target).is_file()
    written = otio.adapters.read_from_file(str(scored))
    assert [track.name for track in written.tracks] == ["V1", "Hitpoint Score"]
    assert (tmp_path / "cut.scored.hitpoint/score.wav").read_bytes() == Path(take.folder, "score.wav").read_bytes()

    panel.session.unwrite()
    panel.until(lambda: panel.state.placed is None)
    assert not scored.exists() and edit.read_bytes() == untouched
    assert not (tmp_path / "cut.scored.hitpoint/score.wav").exists()

    panel.actions.star(1, 4)
    panel.actions.set_in(30)
    kept = panel.state
    panel.session.close()
    again.open(edit)
    for part in ("plan", "score", "takes", "current", "inout", "placed"):
        assert getattr(again.state, part) == getattr(kept, part)
    again.until(lambda: again.state.heard)
    assert again.state.heard == kept.heard
    assert not again.actions.stack.canUndo()


def test_a_take_written_into_the_edit_itself_comes_out_to_the_last_byte(panel, tmp_path):
    edit = timeline(tmp_path / "cut.otio", 6)
    untouched = edit.read_bytes()
    panel.open(edit)
    panel.session.score()
    panel.until(lambda: len(panel.state.takes) == 1)
    panel.actions.regenerate()
    panel.session.score()
    panel.until(lambda: len(panel.state.takes) == 2)
    assert panel.state.takes[1].seed == 1
    for id in (1, 2):
        panel.session.plan_writing(id, in_place=True)
        panel.until(lambda: panel.state.writing)
        panel.session.write()
        panel.until(lambda wanted=id: panel.state.placed and panel.state.placed.take == wanted)
    with pytest.raises(Refused, match="on the timeline"):
        panel.actions.delete_takes([2])
    panel.session.unwrite()
    panel.until(lambda: panel.state.placed.take == 1)  # what stood there before stands there again
    first = Path(panel.state.takes[0].folder, "score.wav").read_bytes()
    assert (tmp_path / "cut.hitpoint/score.wav").read_bytes() == first
    assert not panel.state.placed.undo
    panel.session.unwrite()
    panel.until(lambda: panel.state.placed is None)
    assert edit.read_bytes() == untouched
    with pytest.raises(Refused, match="no score"):
        panel.session.unwrite()

    panel.session.put_back(1)
    panel.until(lambda: panel.actions.stack.undoText() == "Put back Take 1")
    assert panel.state.score.seed == 0 and panel.state.current == 1
    assert up_to_date(panel.state, panel.state.take(1))
    panel.actions.undo()
    assert panel.state.score.seed == 1

    panel.actions.delete_takes([1])
    folder = Path(panel.state.takes[0].folder).parent
    assert sorted(path.name for path in folder.iterdir()) == ["01", "02"]
    panel.open(timeline(tmp_path / "other.otio", 4))  # another edit: this one is closed
    assert [path.name for path in folder.iterdir()] == ["02"]


@pytest.fixture
def rendering(panel, tmp_path):
    """A panel in the middle of a render that would go on for long."""
    edit = timeline(tmp_path / "long.otio", 600)
    panel.open(edit)
    panel.actions.rename(panel.state.plan.boards[0].id, "Before")
    panel.session.score()
    panel.until(lambda: panel.job("score").fraction > 0.12)
    return panel


def left(tmp_path):
    """What the takes' folder holds; a killed worker's own scratch is hidden."""
    takes = tmp_path / "long.scored.hitpoint" / "takes"
    return [path.name for path in takes.glob("*") if not path.name.startswith(".")]


def test_a_worker_killed_in_mid_render_is_a_sentence_and_the_panel_goes_on(rendering, tmp_path):
    panel = rendering
    heavy = panel.session.jobs._sides["heavy"].worker
    before = replace(panel.state, jobs=(), messages=())
    os.kill(heavy.pid, signal.SIGKILL)
    panel.until(lambda: panel.job("score").state == "failed")
    assert "signal 9" in panel.job("score").sentence and "nothing is lost" in panel.job("score").sentence
    assert panel.state.messages[-1].kind == "error" and "Score: take 1" in panel.state.messages[-1].text
    panel.idle()  # the beats may still have been on their way
    assert replace(panel.state, jobs=(), messages=(), laid=None) == replace(before, laid=None)
    assert left(tmp_path) == []
    panel.actions.undo()
    assert panel.state.plan.boards[0].name == "Dawn"
    panel.session.retry(panel.job("score").id)
    panel.until(lambda: panel.job("score").state == "running" and panel.job("score").fraction > 0.11)
    fresh = panel.session.jobs._sides["heavy"].worker
    assert fresh.pid != heavy.pid
    panel.session.cancel_all()
    panel.until(lambda: panel.job("score").state == "cancelled")


def test_cancelled_half_way_nothing_is_left_and_the_worker_is_used_again(rendering, tmp_path):
    panel = rendering
    worker = panel.session.jobs._sides["heavy"].worker
    panel.session.cancel(panel.job("score").id)
    panel.until(lambda: panel.job("score").state == "cancelled")
    assert list((tmp_path / "long.scored.hitpoint" / "takes").iterdir()) == []
    assert panel.state.takes == () and panel.state.messages == ()
    panel.session.plan_anew()
    panel.until(lambda: panel.actions.stack.undoText() == "Plan anew")
    assert panel.session.jobs._sides["heavy"].worker is worker
    assert panel.state.plan.boards[0].name == "Dawn"
    panel.actions.undo()
    assert panel.state.plan.boards[0].name == "Before"


def test_an_edit_that_was_cut_anew_takes_its_plan_along(panel, tmp_path):
    edit = timeline(tmp_path / "cut.otio", 12)
    panel.open(edit)
    panel.actions.set_style([panel.state.plan.boards[1].id], "lofi")
    panel.actions.set_seed([panel.state.plan.boards[1].id], 7)
    panel.open(timeline(edit, 12, ((0, "storyboard: Dawn"),)))  # the same cut, without a marker: nothing to carry
    assert [board.name for board in panel.state.plan.boards] == ["Dawn", "Storm"]
    made = otio.adapters.read_from_file(str(edit))
    del made.tracks[0][0]
    edit.write_text(otio.adapters.write_to_string(made, "otio_json"))
    panel.open(edit)
    assert panel.state.plan.frames == 250
    assert [(b.name, b.end, b.style, b.seed) for b in panel.state.plan.boards][-1] == ("Storm", 250, "lofi", 7)
    assert any("cut anew" in message.text for message in panel.state.messages)
    sheet_json.loads(plan_json.dumps(panel.state.plan), panel.state.edit.edit)


def test_a_damaged_project_is_said_kept_aside_and_the_edit_opens(panel, tmp_path):
    edit = timeline(tmp_path / "cut.otio", 6)
    folder = tmp_path / "cut.scored.hitpoint"
    folder.mkdir()
    (folder / "project.json").write_text('{"schema": "hitpoint.project/1", "plan"')
    panel.open(edit)
    assert [message.kind for message in panel.state.messages] == ["warning"]
    assert "starts afresh" in panel.state.messages[0].text
    assert len(panel.state.plan.boards) == 2 and (folder / "project.damaged-1.json").exists()


def test_a_new_edit_starts_with_what_was_set_for_all_edits_and_keeps_it(panel, tmp_path):
    one, two = timeline(tmp_path / "one.otio", 6), timeline(tmp_path / "two.otio", 6)
    panel.store.set("settings.loudness", -23.0)
    panel.store.set("settings.duck", None)
    panel.open(one)
    assert (panel.state.score.loudness, panel.state.score.duck) == (-23.0, None)
    panel.store.set("settings.loudness", -14.0)
    panel.open(two)
    assert panel.state.score.loudness == -14.0
    panel.open(one)
    assert panel.state.score.loudness == -23.0


def test_an_edit_that_cannot_be_read_leaves_what_was_open_and_says_why(own, tmp_path):
    (tmp_path / "bad.otio").write_text("{")
    own.session.open(tmp_path / "bad.otio")
    own.until(lambda: own.state.messages)
    assert "bad.otio" in own.state.messages[0].text and own.state.edit is None
    with pytest.raises(Refused, match="no plan yet"):
        own.session.score()
    own.open(timeline(tmp_path / "good.otio", 6))
    own.session.open(tmp_path / "bad.otio")
    own.until(lambda: len(own.state.messages) == 2)
    assert own.state.edit.path.endswith("good.otio")
    own.actions.set_in(17)
    own.session.save()
    kept = json.loads((tmp_path / "good.scored.hitpoint" / "project.json").read_text())
    assert kept["inout"]["start"] == 17


def test_a_take_that_a_command_made_meanwhile_keeps_its_number(panel, tmp_path):
    panel.open(timeline(tmp_path / "cut.otio", 4, ((0, "storyboard: A"),)))
    theirs = tmp_path / "cut.scored.hitpoint" / "takes" / "01"
    theirs.mkdir(parents=True)
    (theirs / "score.wav").write_bytes(b"somebody's")
    panel.session.score()
    panel.until(lambda: panel.state.current == 2)
    assert (theirs / "score.wav").read_bytes() == b"somebody's"
    assert (theirs.parent / "02" / "score.wav").is_file()


def test_takes_beyond_the_room_go_and_it_is_said(panel, tmp_path):
    panel.open(timeline(tmp_path / "cut.otio", 4, ((0, "storyboard: A"),)))
    panel.store.set("settings.takes_kept", 2)
    for count in (1, 2, 3):
        panel.session.score()
        panel.until(lambda count=count: panel.state.current == count)
    panel.idle()
    assert [take.id for take in panel.state.takes] == [2, 3]
    assert "Take 1 was the oldest without a star" in panel.state.messages[-1].text
    takes = tmp_path / "cut.scored.hitpoint" / "takes"
    panel.until(lambda: not (takes / "01").exists())
    panel.session.save()
    kept = json.loads((takes.parent / "project.json").read_text())
    assert [take["id"] for take in kept["takes"]] == [2, 3] and kept["next_take"] == 4
    panel.session.rehearse([panel.state.plan.boards[0].id])
    panel.until(lambda: panel.state.rehearsal)
    assert Path(panel.state.rehearsal.wav).is_file() and len(panel.state.takes) == 2


def test_the_edit_that_is_open_no_more_gets_no_results(panel, tmp_path):
    one, two = timeline(tmp_path / "one.otio", 6), timeline(tmp_path / "two.otio", 8)
    panel.open(one)
    panel.session.score()
    panel.until(lambda: panel.job("score").state == "running")
    panel.session.open(two)
    panel.until(lambda: panel.state.edit.path.endswith("two.otio") and panel.state.laid)
    panel.idle()
    assert panel.state.takes == () and panel.state.plan.frames == 200
    shutil.rmtree(tmp_path / "one.scored.hitpoint", ignore_errors=True)


def test_a_take_on_the_timeline_is_what_the_command_line_makes(panel, tmp_path):
    edit = timeline(tmp_path / "cut.otio", 6)
    panel.open(edit)
    panel.session.score()
    panel.until(lambda: panel.state.takes)
    panel.session.plan_writing(1)
    panel.until(lambda: panel.state.writing)
    panel.session.write()
    panel.until(lambda: panel.state.placed)
    (tmp_path / "cl").mkdir()
    other = timeline(tmp_path / "cl" / "cut.otio", 6)
    done = scoring.score(Source(other), scoring.Wish(markers="storyboards"))
    ours = tmp_path / "cut.scored.hitpoint"
    for name in ("score.wav", "score.mid", "cues.json"):
        assert (ours / name).read_bytes() == (done.folder / name).read_bytes(), name
    assert Path(panel.state.placed.out).read_bytes() == done.out.read_bytes()


def test_a_second_panel_on_an_edit_says_so_and_changes_nothing_of_it(own, tmp_path):
    edit = timeline(tmp_path / "cut.otio", 9)
    own.open(edit)
    assert own.state.unkept == ""
    own.session.save()
    kept = tmp_path / "cut.scored.hitpoint" / "project.json"
    before = kept.read_bytes()
    second = Panel()
    try:
        second.open(edit)
        assert f"another panel (process {os.getpid()}" in second.state.unkept
        second.actions.rename(second.state.plan.boards[0].id, "Mine")
        second.session.save()
        for attempt in (second.session.score, second.session.rehearse):
            with pytest.raises(Refused, match="another panel"):
                attempt()
        assert kept.read_bytes() == before
        own.session.close()
        second.session.open_again()
        second.until(lambda: not second.state.unkept and second.state.laid and not second.session.jobs.busy())
        assert second.state.plan.boards[0].name == "Dawn"  # what was kept, not what was not
    finally:
        second.session.close()


def test_an_edit_is_read_again_as_it_was_read_the_last_time(own, tmp_path):
    edit = timeline(tmp_path / "cut.otio", 9)
    own.session.open(edit, rate="50", media_roots=[tmp_path])
    own.until(lambda: own.state.laid is not None and not own.session.jobs.busy())
    assert own.state.edit.edit.rate.fps == 50
    own.open(timeline(tmp_path / "other.otio", 4))
    own.open(edit)
    assert own.state.edit.edit.rate.fps == 50
    assert own.state.reading.media_roots == (str(tmp_path),)
    own.session.open_again(replace(own.state.reading, rate=""))
    own.until(lambda: own.state.edit.edit.rate.fps == 25 and not own.session.jobs.busy())
    own.session.look_in(tmp_path / "more")
    own.until(lambda: len(own.state.reading.media_roots) == 2 and not own.session.jobs.busy())


def test_a_demo_is_made_once_at_a_time(own, tmp_path):
    own.session.demo(tmp_path / "demo")
    with pytest.raises(Refused, match="being made already"):
        own.session.demo(tmp_path / "demo")
    own.session.cancel_all()
    own.idle()


def test_an_edit_in_a_folder_that_cannot_be_written_has_its_takes_elsewhere(own, tmp_path, monkeypatch):
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
    (tmp_path / "disc").mkdir()
    edit = timeline(tmp_path / "disc" / "cut.otio", 4)
    (tmp_path / "disc" / "cut.scored.hitpoint").write_bytes(b"")  # as good as a read-only disc, also for root
    own.open(edit)
    assert own.state.unkept == "" and any("cannot be written" in message.text for message in own.state.messages)
    own.actions.rename(own.state.plan.boards[0].id, "Kept")
    own.session.save()
    (kept,) = (tmp_path / "data" / "edits").glob("cut*/project.json")
    assert "Kept" in kept.read_text()


def test_what_is_changed_while_the_same_edit_is_read_again_stays(own, tmp_path):
    own.open(timeline(tmp_path / "cut.otio", 9))
    own.session.save()
    own.session.open_again()
    own.actions.rename(own.state.plan.boards[0].id, "Meanwhile")
    own.until(lambda: own.job("open").state == "done" and not own.session.jobs.busy())
    assert own.state.plan.boards[0].name == "Meanwhile"
    own.session.save()
    assert own.state.unkept == ""  # it was us who wrote it
    assert not list(tmp_path.glob("cut.scored.hitpoint/project.other*"))
