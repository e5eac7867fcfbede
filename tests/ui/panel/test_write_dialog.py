"""Write to timeline: it is shown before it is done, and can be taken back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QLabel

from hitpoint.ui.panel.write_dialog import ask_to_write
from hitpoint.ui.state.panel import Job
from hitpoint.ui.state.take import Change, Placed, Writing

CHANGES = (
    Change("add", "track", "Hitpoint Score", "one clip of 0:20"),
    Change("keep", "track", "A1"),
    Change("add", "file", "/edits/small.scored.otio"),
)


@pytest.fixture
def dialog(window):
    made = ask_to_write(window.desk, 1, window)
    yield made
    made.close()


def said(dialog):
    QCoreApplication.processEvents()
    return [each.text() for each in dialog._changes.findChildren(QLabel) if not each.isHidden()]


def test_nothing_can_be_written_before_it_is_known_what_changes(dialog, window):
    assert window.desk.session.asked == [("plan_writing", 1, {"out": None, "in_place": False})]
    assert not dialog.write.isEnabled()
    window.desk.store.set("writing", Writing(1, "/edits/small.scored.otio", changes=CHANGES))
    assert dialog.write.isEnabled()
    assert said(dialog) == [
        "+  Add track “Hitpoint Score”: one clip of 0:20",
        "=  Keep track “A1”",
        "+  Add file “small.scored.otio”",
    ]


def test_writing_says_what_was_done_and_undo_takes_it_out(dialog, window):
    desk = window.desk
    desk.store.set("writing", Writing(1, "/edits/small.scored.otio", changes=CHANGES))
    dialog.write.click()
    assert desk.session.names()[-1] == "write"
    desk.store.change("", writing=None, placed=Placed(1, "/edits/small.scored.otio", changes=CHANGES))
    assert said(dialog)[0] == "✓  track “Hitpoint Score” added: one clip of 0:20"
    assert dialog.write.isHidden()
    dialog.take_out.click()
    assert desk.session.names()[-1] == "unwrite"
    desk.store.set("placed", None)
    assert not dialog.write.isHidden()


def test_into_the_edit_itself_is_looked_at_anew(dialog, window):
    dialog.in_place.click()
    assert window.desk.session.asked[-1] == ("plan_writing", 1, {"out": None, "in_place": True})


def test_another_file_can_be_chosen(dialog, window, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("/elsewhere/cut.otio", ""))
    dialog.elsewhere.click()
    assert window.desk.session.asked[-1] == ("plan_writing", 1, {"out": "/elsewhere/cut.otio", "in_place": False})


def test_why_it_cannot_be_written_is_said_where_one_looks(dialog, window):
    window.desk.store.set(
        "jobs", (Job(9, "intend", "Look", "failed", sentence="cut.otio is there already: choose another file"),)
    )
    assert dialog._where.text() == "cut.otio is there already: choose another file"
    assert not dialog.write.isEnabled()


def test_without_a_take_there_is_nothing_to_ask(window):
    assert ask_to_write(window.desk, 99, window) is None
    assert "no take yet" in window.desk.state.messages[-1].text
