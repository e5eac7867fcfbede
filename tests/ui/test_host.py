"""The panel beside a video editor: its timeline comes in, a take goes there, the playheads follow each other."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from hitpoint.plugin import hosting
from hitpoint.plugin.hosts import places
from hitpoint.runtime.errors import HitpointError
from hitpoint.ui.actions.actions import Actions
from hitpoint.ui.following import MOST_FAILURES, Following
from hitpoint.ui.session import Session
from hitpoint.ui.state.panel import HostInfo
from hitpoint.ui.state.store import Store
from hitpoint.ui.work import hosted
from hitpoint.ui.work.protocol import pack, unpack
from hitpoint.ui.work.tasks import TASKS

from ..plugin.hosts.contract import Cut
from ..plugin.hosts.fake import FakeStand

CUT = Cut(shots=(48, 30, 42, 60), start=86400, markers=((78, "storyboard: Second"),))


class Here:
    """A worker in this process: the editor that it reaches is in memory."""

    def __init__(self, heard, ended):
        self._heard, self._told = heard, SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def tell(self, message):
        self._told.put(unpack(pack(message)[4:]))

    def close(self):
        self._told.put(None)

    kill = close

    def _run(self):
        while (message := self._told.get()) is not None:
            if "cancel" in message:
                continue
            try:
                done = TASKS[message["do"]](message["with"], lambda *_: None)
                self._heard(unpack(pack({"id": message["id"], "done": done})[4:]))
            except HitpointError as error:
                self._heard({"id": message["id"], "failed": str(error), "details": ""})


class Panel:
    def __init__(self):
        self.posted, self.store = SimpleQueue(), Store()
        self.actions = Actions(self.store)
        self.session = Session(self.store, self.actions, self.posted.put, Here, delay=0.01)

    @property
    def state(self):
        return self.store.state

    def until(self, done, timeout=60):
        end = time.monotonic() + timeout
        while not done():
            assert time.monotonic() < end, f"it never came: {self.state.jobs} {self.state.messages}"
            try:
                self.posted.get(timeout=0.05)()
            except Empty:
                pass

    def open(self, name="fake"):
        self.session.open_host(name)
        self.until(lambda: self.state.laid is not None and not self.session.jobs.busy())


@pytest.fixture
def stand(monkeypatch, tmp_path):
    stand = FakeStand()
    stand.make(CUT)
    monkeypatch.setattr(places, "unsaved", lambda name: tmp_path / "unsaved")
    monkeypatch.setattr(hosting.known, "reach", lambda name, source=None: stand.host())
    yield stand
    hosted._SESSIONS.clear()


@pytest.fixture
def panel():
    panel = Panel()
    yield panel
    panel.session.close()


def test_the_timeline_that_is_open_there_is_scored_placed_and_taken_off_again(stand, panel):
    before = stand.snapshot()
    panel.open()
    assert (panel.state.host.title, panel.state.host.timeline) == ("A fake", "the cut")
    assert dict(panel.state.host.cannot) == {"duck": "it knows no volume"}
    assert panel.state.edit.edit.frames == 180 and panel.state.edit.edit.start_frame == 86400
    assert [board.start for board in panel.state.plan.boards] == [0, 78]
    assert panel.state.settings.recent == ()  # what the host said is no edit of the person's

    panel.session.score()
    panel.until(lambda: panel.state.takes)
    assert stand.snapshot() == before  # a take is on nobody's timeline
    panel.session.plan_writing(1)
    panel.until(lambda: panel.state.writing)
    assert panel.state.writing.out == "A fake: the cut"
    assert [change.target for change in panel.state.writing.changes] == [
        "lay the score on a new track 'Hitpoint Score'"
    ]
    assert stand.snapshot() == before
    panel.session.write()
    panel.until(lambda: panel.state.placed)
    (lying,) = [each for each in stand.sounds() if each.track == "Hitpoint Score"]
    assert (lying.start, lying.frames) == (0, 180)
    assert Path(lying.sound).read_bytes() == Path(panel.state.takes[0].folder, "score.wav").read_bytes()
    assert sorted(frame for frame, _ in stand.marks()) == [
        0,
        78,
    ]  # ours at the start; the person's stays, alone on its frame
    assert any("did not arrive" in words for words in panel.state.placed.warnings)

    panel.session.unwrite()
    panel.until(lambda: panel.state.placed is None)
    assert stand.snapshot() == before


def test_what_the_editor_refuses_is_a_sentence_and_changes_nothing(stand, panel):
    panel.open()
    panel.session.score()
    panel.until(lambda: panel.state.takes)
    stand.editor.silences.drops_placements = True
    before = stand.snapshot()
    panel.session.plan_writing(1)
    panel.until(lambda: panel.state.writing)
    panel.session.write()
    panel.until(lambda: any(job.state == "failed" for job in panel.state.jobs))
    assert "nothing was changed" in panel.state.messages[-1].text
    assert panel.state.placed is None and stand.snapshot() == before


def test_what_it_cannot_do_is_left_out_and_said(stand, panel):
    stand.cannot = {"markers": "it has no markers", "duck": "no volume"}
    panel.open()
    panel.session.score()
    panel.until(lambda: panel.state.takes)
    panel.session.plan_writing(1)
    panel.until(lambda: panel.state.writing)
    assert any("it has no markers" in words for words in panel.state.writing.warnings)
    panel.session.write()
    panel.until(lambda: panel.state.placed)
    assert stand.marks() == list(CUT.markers)


def test_an_editor_that_is_not_there_leaves_the_panel_as_it_was(stand, panel):
    stand.editor.quit()
    panel.session.open_host("fake")
    panel.until(lambda: any(job.state == "failed" for job in panel.state.jobs))
    assert "not running" in panel.state.messages[-1].text and panel.state.edit is None


def test_the_playheads_follow_each_other(stand, panel):
    panel.open()
    stand.editor.now().playhead = 100
    panel.until(lambda: panel.state.view.playhead == 100)
    panel.store.set("view.playhead", 33)
    panel.until(lambda: stand.editor.now().playhead == 33)
    stand.editor.now().playhead = 7_000  # behind the end: ours waits at the last frame, and does not pull it back
    panel.until(lambda: panel.state.view.playhead == 179)
    for _ in range(3):
        there, panel.session.following._there = panel.session.following._there, None
        panel.until(lambda: panel.session.following._there is not None)
        assert there == 7_000 == stand.editor.now().playhead
    assert not [job for job in panel.state.jobs if "playhead" in job.kind]  # nobody sees it among the jobs


def test_an_editor_that_cannot_be_moved_is_only_followed(stand, panel):
    stand.cannot = {"move": "it has no way to"}
    panel.open()
    panel.store.set("view.playhead", 33)
    stand.editor.now().playhead = 100
    panel.until(lambda: panel.state.view.playhead == 100)
    assert stand.editor.now().playhead == 100


class Asked:
    """Jobs that answer at once."""

    def __init__(self, answer):
        self.answer = answer

    def aside(self, what, given, heard):
        heard(self.answer)
        return True


def test_an_editor_that_goes_away_is_given_up_with_one_sentence():
    store, posted, said = Store(), SimpleQueue(), []
    store.set("host", HostInfo("fake", "A fake"))
    following = Following(store, Asked({"failed": "the editor is not running"}), posted.put, said.append, every=0.0)
    following.begin({})
    for _ in range(MOST_FAILURES):
        posted.get(timeout=10)()
    assert said == ["the editor's playhead is not followed any more: the editor is not running"]
    with pytest.raises(Empty):
        posted.get(timeout=0.05)


def test_an_editor_without_a_playhead_is_never_asked():
    store, posted = Store(), SimpleQueue()
    store.set("host", HostInfo("files", "A file", cannot=(("playhead", "no"), ("move", "no"))))
    Following(store, Asked({}), posted.put, posted.put, every=0.0).begin({})
    with pytest.raises(Empty):
        posted.get(timeout=0.05)
