"""The pages beside the strip: what they show is the state, and what they do are actions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from hitpoint.ui.panel.board_page import BoardPage
from hitpoint.ui.panel.jobs_page import JobsPage
from hitpoint.ui.panel.messages import MessageBar, MissingBar, WorkBar
from hitpoint.ui.panel.score_page import ScorePage
from hitpoint.ui.panel.settings_dialog import MachinePage, PacksPage, SettingsDialog
from hitpoint.ui.panel.takes_page import TakesPage
from hitpoint.ui.state.panel import Job, Machine, Message, PackInfo
from hitpoint.ui.state.take import HeardHit


@pytest.fixture
def put(qtbot):
    def show(widget, width=420, height=520):
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        return widget

    return show


def second(desk):
    return desk.state.plan.boards[1]


def test_the_mood_pad_sets_valence_and_energy_where_it_is_pressed_and_a_drag_is_one_step(qtbot, desk, put):
    page = put(BoardPage(desk))
    desk.select(second(desk).id)
    pad = page.pad
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(pad.width() // 2, pad.height() // 2))
    for x in range(pad.width() // 2, pad.width() - 2, 9):
        qtbot.mouseMove(pad, QPoint(x, 5))
    qtbot.mouseMove(pad, QPoint(pad.width() - 1, 1))
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(pad.width() - 1, 1))
    assert second(desk).valence == pytest.approx(1.0, abs=0.02)
    assert second(desk).energy == pytest.approx(1.0, abs=0.02)
    desk.actions.undo()
    assert not desk.actions.stack.canUndo()


def test_the_mood_pad_goes_by_arrow_keys_too(qtbot, desk, put):
    page = put(BoardPage(desk))
    desk.select(second(desk).id)
    before = second(desk)
    qtbot.keyClick(page.pad, Qt.Key.Key_Up)
    qtbot.keyClick(page.pad, Qt.Key.Key_Left)
    assert second(desk).energy == pytest.approx(before.energy + 0.05, abs=0.002)
    assert second(desk).valence == pytest.approx(before.valence - 0.1, abs=0.002)


def test_controls_change_all_selected_storyboards(qtbot, desk, put):
    page = put(BoardPage(desk))
    boards = desk.state.plan.boards
    desk.select(boards[0].id, boards[2].id)
    page.style_box.setCurrentIndex(page.style_box.findData("jazz"))
    page.style_box.activated.emit(page.style_box.currentIndex())
    page.tempo.setValue(101.5)
    page.density.setValue(90)
    page.own_seed.click()
    page.seed.setValue(77)
    changed = desk.state.plan.boards
    for n in (0, 2):
        assert (changed[n].style, changed[n].tempo, changed[n].density, changed[n].seed) == ("jazz", 101.5, 0.9, 77)
    assert changed[1] == boards[1]


def test_a_locked_storyboard_can_only_be_unlocked(qtbot, desk, put):
    page = put(BoardPage(desk))
    desk.select(second(desk).id)
    page.lock.click()
    assert second(desk).locked
    assert not any(
        control.isEnabled() for control in (page.pad, page.style_box, page.density, page.tempo, page.split, page.merge)
    )
    assert page.lock.isEnabled()
    page.lock.click()
    assert page.pad.isEnabled()


def test_a_prompt_is_asked_for_only_where_the_engine_reads_one(desk, put):
    page = put(BoardPage(desk))
    desk.select(second(desk).id)
    assert not page.prompt.isVisible()
    desk.actions.set_score(engine="diffv2m")
    assert page.prompt.isVisible()
    page.prompt.setText("solo piano")
    page.prompt.editingFinished.emit()
    assert second(desk).prompt == "solo piano"


def test_without_a_selection_the_storyboards_are_listed_to_choose_from(qtbot, desk, put):
    page = put(BoardPage(desk))
    button = next(
        b for b in page.findChildren(type(page.split)) if b.isVisible() and b.text().startswith(second(desk).name)
    )
    button.click()
    assert desk.state.view.boards == (second(desk).id,)
    assert page.pad.isVisible()


def test_make_anew_takes_another_seed_for_the_selection_and_asks_for_a_score(desk, put):
    page = put(BoardPage(desk))
    desk.select(second(desk).id)
    page.again.click()
    assert second(desk).seed == 1
    assert desk.state.plan.boards[0].seed is None
    assert desk.session.names() == ["score"]
    page.rehearse.click()
    assert desk.session.asked[-1] == ("rehearse", (second(desk).id,))


def test_the_score_page_sets_what_counts_for_the_whole(desk, put):
    page = put(ScorePage(desk))
    page.loudness.setValue(-23.0)
    page.peak.setValue(-2.0)
    page.ducking.click()
    assert (desk.state.score.loudness, desk.state.score.peak, desk.state.score.duck) == (-23.0, -2.0, None)
    page.ducking.click()
    page.duck.setValue(6)
    page.markers.setCurrentIndex(page.markers.findData("beats"))
    page.markers.activated.emit(page.markers.currentIndex())
    page.stems.click()
    page.stem_tracks.click()
    score = desk.state.score
    assert (score.duck, score.markers, score.stems, score.stem_tracks) == (6.0, "beats", True, True)
    page.slowest.setValue(90)
    page.fastest.setValue(70)
    assert (desk.state.score.slowest, desk.state.score.fastest) == (90.0, 180.0)
    assert page.fastest.value() == 180  # refused, and said so
    assert desk.state.messages
    page.plan.click()
    assert "plan_anew" in desk.session.names()


def test_a_packs_licence_stands_beside_it(desk, put):
    pack = PackInfo("diffv2m-small", "diffv2m", "1", "CC-BY-NC-4.0", commercial=False)
    page = put(ScorePage(desk))
    desk.store.set("packs", (pack,))
    desk.actions.set_score(engine="diffv2m", pack="diffv2m-small")
    assert page.pack.isVisible()
    assert "CC-BY-NC-4.0" in page._licence.text()
    assert "no commercial use" in page._licence.text()


def test_a_take_is_chosen_starred_noted_compared_put_back_and_deleted_from_its_card(qtbot, desk, put):
    page = put(TakesPage(desk))
    card = page.card(2)
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert desk.state.current == 2
    qtbot.mouseClick(card.stars, Qt.MouseButton.LeftButton, pos=QPoint(2 + 3 * card.stars.SIDE + 5, 8))
    assert desk.state.take(2).stars == 4
    qtbot.keyClick(card.stars, Qt.Key.Key_Left)
    assert desk.state.take(2).stars == 3
    card.notes.setText("for the trailer")
    card.notes.editingFinished.emit()
    assert desk.state.take(2).notes == "for the trailer"
    page.card(1).compare.click()
    assert desk.state.view.other == 1
    page.card(1).put_back.click()
    assert desk.session.asked[-1] == ("put_back", 1)
    page.card(1).delete.click()
    assert [take.id for take in desk.state.takes] == [2]
    desk.actions.undo()
    assert [take.id for take in desk.state.takes] == [1, 2]
    assert "2 stars" not in page.card(2).accessibleName()
    assert "landed" in page.card(2).accessibleName()


def test_a_take_whose_storyboards_have_seeds_of_their_own_names_them(desk, put):
    page = put(TakesPage(desk))
    first = desk.state.takes[0]
    desk.store.set("takes", (replace(first, seeds=(0, 4, 0)), desk.state.takes[1]))
    assert "seeds 0 4 0" in page.card(1).accessibleName()


def test_new_takes_come_on_top(desk, put):
    page = put(TakesPage(desk))
    assert page.card(2).y() < page.card(1).y()


def test_jobs_say_how_far_they_are_and_failed_ones_what_to_do(desk, put):
    page = put(JobsPage(desk))
    desk.store.set("jobs", (
        Job(1, "parse", "Look at the picture", "running", "decoding", 0.4, 3.0, 9.0),
        Job(2, "score", "Score: take 1", "failed", sentence="the disk is full: make room", details="ENOSPC"),
        Job(3, "lay", "Lay the beats", "running", shown=False),
    ))  # fmt: skip
    assert "9 s left" in page.row(1)._stage.text()
    page.row(1).cancel.click()
    assert desk.session.asked[-1] == ("cancel", 1)
    assert page.row(2)._sentence.text() == "the disk is full: make room"
    page.row(2).copy.click()
    assert "ENOSPC" in QApplication.clipboard().text()
    page.row(2).again.click()
    assert desk.session.asked[-1] == ("retry", 2)
    page.cancel_all.click()
    page.clear.click()
    assert desk.session.names()[-2:] == ["cancel_all", "clear_jobs"]
    assert 3 not in page._rows


def test_what_runs_can_be_stopped_from_the_line_above_the_strip(qtbot, desk):
    bar = WorkBar(desk)
    qtbot.addWidget(bar)
    assert bar.isHidden()
    desk.store.set("jobs", (Job(7, "score", "Score: take 1", "running", "composing", 0.5, 1.0, 65.0),))
    assert not bar.isHidden()
    assert bar._left.text() == "1:05 left"
    bar.cancel.click()
    assert desk.session.asked == [("cancel", 7)]


def test_messages_are_shown_the_newest_first_and_go_one_by_one(desk, put):
    bar = put(MessageBar(desk), 500, 60)
    desk.store.set("messages", (Message(1, "note", "one"), Message(2, "error", "two", "details")))
    assert "two" in bar._text.text()
    bar.copy.click()
    assert "details" in QApplication.clipboard().text()
    bar.close_button.click()
    assert desk.session.asked == [("dismiss", 2)]


def test_what_is_refused_is_said_in_a_sentence_and_changes_nothing(desk):
    before = desk.state.plan
    first = before.boards[0]
    assert not desk.attempt(desk.actions.move_edge, first.id, 40)
    assert desk.state.plan is before
    assert desk.state.messages[-1].text.startswith(f"'{first.name}' is the first storyboard")


def test_missing_media_are_named_and_looked_for_where_a_person_says(qtbot, desk, monkeypatch):
    asked = []
    bar = MissingBar(desk, asked.append)
    qtbot.addWidget(bar)
    assert bar.isHidden()
    seen = desk.state.edit
    shots = tuple(replace(shot, online=n > 1) for n, shot in enumerate(seen.edit.shots))
    desk.store.set("edit", replace(seen, edit=replace(seen.edit, shots=shots)))
    assert not bar.isHidden()
    assert bar._text.text() == "2 media were not found: 0.mov, 1.mov"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/media/disk")
    bar.look.click()
    assert asked == ["/media/disk"]


def test_a_hits_tip_says_how_it_is_met_and_by_how_much(window):
    from hitpoint.ui.panel.strip.spots import Spot
    from hitpoint.ui.panel.strip.tips import tip

    desk = window.desk
    hit = desk.state.plan.hits[1]
    heard = desk.state.heard
    late = HeardHit(hit.frame, hit.name, hit.frame / 25 + 0.06, "near", "")
    desk.store.set("heard", replace(heard, hits=(heard.hits[0], late, *heard.hits[2:])))
    assert "near, +60 ms" in tip(window.strip.scene(), Spot("hit", hit.frame, hit.id))


def test_packs_are_listed_with_what_is_wrong_verified_and_removed(desk, put):
    page = put(PacksPage(desk))
    desk.store.set(
        "packs",
        (
            PackInfo("a", "vision", "2", "MIT", bytes=3_400_000, built_in=True),
            PackInfo("b", trouble="a file is missing"),
        ),
    )
    buttons = {b.accessibleName(): b for b in page.findChildren(type(page.add)) if not b.isHidden()}
    assert not buttons["Remove: a"].isEnabled()
    buttons["Verify: a"].click()
    buttons["Remove: b"].click()
    assert desk.session.asked == [("verify_pack", "a"), ("remove_pack", "b")]
    shown = " ".join(
        each.text() for each in page.findChildren(type(page.layout().itemAt(0).layout().itemAt(0).widget()))
    )
    assert "3.4 MB" in shown
    assert "a file is missing" in shown


def test_the_machine_page_says_what_is_missing_and_how_to_get_it(desk, put):
    page = put(MachinePage(desk))
    desk.store.set(
        "machine",
        Machine(doctor=(("FluidSynth", False, "", "apt-get install libfluidsynth3"), ("av", True, "18.1", ""))),
    )
    said = [each.text() for each in page.findChildren(type(page.layout().itemAt(0).layout().itemAt(0).widget()))]
    assert any("FluidSynth: apt-get install libfluidsynth3" in text for text in said)
    assert any("av: 18.1" in text for text in said)


def test_settings_count_at_once(qtbot, desk):
    dialog = SettingsDialog(desk)
    qtbot.addWidget(dialog)
    assert desk.session.names() == ["examine", "list_packs"]
    dialog.theme.setCurrentIndex(dialog.theme.findData("light"))
    dialog.theme.activated.emit(dialog.theme.currentIndex())
    assert desk.state.settings.theme == "light"
    assert desk.theme.colours.name == "light"
    dialog.takes_kept.setValue(7)
    dialog.cache.setValue(9)
    words = next(
        each for each in dialog.findChildren(type(BoardPage(desk).prompt)) if each.accessibleName() == "Words for a hit"
    )
    words.setText("sync, beat ,")
    words.editingFinished.emit()
    settings = desk.state.settings
    assert (settings.takes_kept, settings.cache_bytes, settings.hit_words) == (7, 9 * 2**30, ("sync", "beat"))
