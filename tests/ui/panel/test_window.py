"""The window: its forms, its keys, what it keeps, and that every control can be reached and is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)

from hitpoint.ui.panel import commands, keep
from hitpoint.ui.state.panel import Geometry, HostInfo, Job, Panel, Reading, Settings
from hitpoint.ui.state.take import Change, Writing

CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit)


def controls(window):
    for each in window.findChildren(QWidget):
        if not isinstance(each, CONTROLS):
            continue
        parent = each.parent()
        inner = isinstance(parent, (QAbstractSpinBox, QComboBox)) or type(parent).__name__ == "QTabBar"
        ours = not each.objectName().startswith("qt_") and not parent.objectName().startswith("qt_")
        if ours and not inner and not isinstance(each, QScrollBar):
            yield each


def test_every_control_has_a_name_for_those_who_do_not_see_it(window):
    nameless = [(type(each).__name__, each.parent()) for each in controls(window) if not each.accessibleName()]
    assert nameless == []


def test_every_button_says_in_a_tooltip_what_it_does(window):
    silent = [
        each.accessibleName() for each in controls(window) if isinstance(each, QAbstractButton) and not each.toolTip()
    ]
    assert silent == []


def test_tab_reaches_every_button_that_is_in_sight_and_on(qtbot, window):
    window.desk.select(window.desk.state.plan.boards[1].id)
    wanted = {
        each for each in controls(window) if isinstance(each, QAbstractButton) and each.isVisible() and each.isEnabled()
    }
    window.strip.setFocus()
    reached, here = set(), window.focusWidget()
    for _ in range(300):
        reached.add(here)
        here.focusNextPrevChild(True) if here else None
        here = window.focusWidget()
        if here is window.strip:
            break
    assert {each.accessibleName() for each in wanted - reached} == set()


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch):
    """What asks a person is told nothing."""
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: "")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("", False))


def test_every_button_can_be_pressed_without_a_fault(window):
    window.desk.select(window.desk.state.plan.boards[0].id)
    pressed = 0
    for each in list(controls(window)):
        if isinstance(each, QAbstractButton) and each.isEnabled():
            each.click()
            pressed += 1
    assert pressed > 30
    for dialog in window.findChildren(QWidget):
        if dialog.isWindow() and dialog is not window:
            dialog.close()


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (420, ("Play", "Storyboard", "Score", "Takes", "Jobs")),
        (1000, ("Storyboard", "Score", "Takes", "Jobs")),
        (1600, ("Storyboard", "Score")),
    ],
)
def test_each_width_has_its_form_and_all_pages_stay_within_reach(make_window, shown, width, rows):
    window = make_window(shown, width, 800)
    assert tuple(window._left.tabText(n) for n in range(window._left.count())) == rows
    assert window._right.isVisible() is (width == 1600)
    assert window.player.isVisible() or width == 420
    for name in ("board", "score", "takes", "jobs"):
        window.go_to_page(name)
        assert window._pages[name][0].isVisible()


def test_the_form_changes_with_the_width_and_back_and_keeps_the_page(make_window, shown):
    window = make_window(shown, 1600, 800)
    window.go_to_page("score")
    for width in (420, 1000, 1600, 420):
        window.resize(width, 800)
        assert window.score_page.isVisible(), width
    window.go_to_page("play")
    assert window.player.isVisible()


def press(qtbot, window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(window.focusWidget() or window, key, modifiers)


def test_single_keys_shape_the_storyboards(qtbot, window):
    desk = window.desk
    window.strip.setFocus()
    press(qtbot, window, Qt.Key.Key_BracketRight)
    press(qtbot, window, Qt.Key.Key_BracketRight)
    assert desk.state.view.boards == (desk.state.plan.boards[1].id,)
    press(qtbot, window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert desk.state.plan.boards[1].start == 200
    press(qtbot, window, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    press(qtbot, window, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert desk.state.plan.boards[1].locked
    press(qtbot, window, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    press(qtbot, window, Qt.Key.Key_M)
    assert len(desk.state.plan.boards) == 2
    desk.store.set("view.playhead", 92)
    press(qtbot, window, Qt.Key.Key_S)
    assert 90 in [board.start for board in desk.state.plan.boards]  # at the cut beside the playhead
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.state.plan.boards) == 2


def test_single_keys_walk_and_hold_the_hits(qtbot, window):
    desk = window.desk
    window.strip.setFocus()
    desk.store.set("view.playhead", 220)
    press(qtbot, window, Qt.Key.Key_Period)
    hit = desk.state.plan.hit(desk.state.view.hits[0])
    assert hit.frame == 225
    press(qtbot, window, Qt.Key.Key_P)
    assert desk.state.plan.hit(hit.id).held == "pinned"
    press(qtbot, window, Qt.Key.Key_R)
    assert desk.state.plan.hit(hit.id).held == "released"
    press(qtbot, window, Qt.Key.Key_R)
    assert desk.state.plan.hit(hit.id).held == ""
    desk.store.set("view.playhead", 245)
    press(qtbot, window, Qt.Key.Key_H)
    assert 245 in [each.frame for each in desk.state.plan.hits]
    press(qtbot, window, Qt.Key.Key_Delete)
    assert 245 not in [each.frame for each in desk.state.plan.hits]


def test_single_keys_move_the_playhead_and_set_in_and_out(qtbot, window):
    desk = window.desk
    window.strip.setFocus()
    press(qtbot, window, Qt.Key.Key_Down)
    assert desk.state.view.playhead == 40
    press(qtbot, window, Qt.Key.Key_Right)
    press(qtbot, window, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert desk.state.view.playhead == 66
    press(qtbot, window, Qt.Key.Key_I)
    press(qtbot, window, Qt.Key.Key_End)
    press(qtbot, window, Qt.Key.Key_O)
    assert (desk.state.inout.start, desk.state.inout.end) == (66, 500)
    press(qtbot, window, Qt.Key.Key_X)
    assert desk.state.inout.start is None


def test_letters_typed_into_a_field_are_no_commands(qtbot, window):
    window.go_to_page("takes")
    notes = window.takes_page.card(2).notes
    notes.setFocus()
    notes.clear()
    boards = window.desk.state.plan.boards
    qtbot.keyClicks(notes, "smash")
    assert notes.text() == "smash"
    assert window.desk.state.plan.boards == boards


def test_no_key_means_two_things():
    keys = [key for command in commands.COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))


def test_every_command_can_be_given_when_nothing_is_open(make_window):
    window = make_window(Panel())
    for command in commands.COMMANDS:
        command.do(window)
        window.keys.hide()
    assert window.desk.state.plan is None
    assert set(window.desk.session.names()) <= {"score", "rehearse", "examine", "list_packs"}


def test_the_list_of_keys_opens_with_a_question_mark_and_names_every_command(qtbot, window):
    window.strip.setFocus()
    press(qtbot, window, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert window.keys.isVisible()
    said = " ".join(each.text() for each in window.keys.findChildren(type(window.player._code)))
    assert all(command.said() in said for command in commands.COMMANDS)
    press(qtbot, window, Qt.Key.Key_Escape)
    assert not window.keys.isVisible()


def test_what_the_edit_is_stands_in_the_title_as_soon_as_it_is_open(make_window, shown):
    window = make_window(Panel())
    window.desk.store.change("", edit=shown.edit, plan=shown.plan)
    assert window._facts.isVisible()
    assert window._facts.text() == "0:20  ·  25 fps  ·  9 shots"


def test_what_reading_left_to_say_is_one_line_with_the_rest_to_copy(make_window, shown):
    window = make_window(Panel())
    said = ("a.mov ends early: its last frame is held", "b.mov is damaged")
    window.desk.store.set("edit", replace(shown.edit, warnings=said))
    message = window.desk.state.messages[-1]
    assert (message.text, message.details) == (f"{said[0]} (and 1 more)", "\n".join(said))
    window.desk.store.set("edit", replace(shown.edit, warnings=said, motion=()))
    assert len(window.desk.state.messages) == 1


def test_packs_and_styles_are_looked_up_when_there_is_a_plan_to_use_them_for(make_window, shown):
    window = make_window(Panel())
    assert window.desk.session.asked == []
    window.desk.store.change("", edit=shown.edit, plan=shown.plan)
    window.desk.store.set("plan", None)
    window.desk.store.set("plan", shown.plan)
    assert window.desk.session.names() == ["list_packs", "examine"]


def test_escape_stops_what_runs_and_else_selects_nothing(qtbot, window):
    desk = window.desk
    window.strip.setFocus()
    desk.select(desk.state.plan.boards[0].id)
    desk.store.set("jobs", (Job(4, "score", "Score", "running"),))
    press(qtbot, window, Qt.Key.Key_Escape)
    assert desk.session.asked[-1] == ("cancel", 4)
    desk.store.set("jobs", ())
    press(qtbot, window, Qt.Key.Key_Escape)
    assert desk.state.view.boards == ()


def test_a_first_start_says_what_this_is_and_loads_the_demo(qtbot, make_window):
    window = make_window(Panel())
    assert window.first.isVisible()
    window.first.demo.click()
    assert window.desk.session.names() == ["demo"]
    assert window.desk.state.settings.started


def test_edits_that_were_open_lately_are_one_click_away(make_window, tmp_path):
    window = make_window(Panel(settings=Settings(recent=("/edits/feature.otio",))))
    button = next(b for b in window.first.findChildren(QAbstractButton) if b.text() == "feature.otio")
    button.click()
    assert window.desk.session.asked == [("open", "/edits/feature.otio", {})] or window.desk.session.asked == [
        ("open", "/edits/feature.otio")
    ]


def test_size_place_and_theme_come_back_from_our_own_file(make_window, shown, tmp_path, qtbot):
    window = make_window(shown, 900, 640)
    window.desk.store.set("settings.theme", "light")
    window.move(30, 20)
    window.stay_on_top(True)
    assert window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
    window.close()
    kept = keep.load(tmp_path / "panel.json")
    assert (kept.geometry.width, kept.geometry.height, kept.geometry.on_top, kept.theme) == (900, 640, True, "light")
    again = make_window(replace(shown, settings=kept), kept.geometry.width, kept.geometry.height)
    assert again.windowFlags() & Qt.WindowType.WindowStaysOnTopHint


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"theme": 4}', '{"geometry": {"width": "wide"}}', "\x00\xff", '{"theme": "mauve"}']
)
def test_settings_that_cannot_be_read_are_the_usual_ones(tmp_path, text):
    path = tmp_path / "panel.json"
    path.write_text(text, encoding="utf-8")
    assert keep.load(path) == Settings()


def test_a_window_that_was_on_a_screen_that_is_gone_comes_where_it_is_seen(make_window, shown):
    window = make_window(replace(shown, settings=Settings(geometry=Geometry(90000, 90000, 800, 600))))
    assert window.screen().availableGeometry().contains(window.pos() + QPoint(20, 5))


def test_closing_saves_and_ends_the_work(make_window, shown):
    window = make_window(shown)
    window.close()
    assert window.desk.session.names()[-1] == "close"


def test_keys_shape_the_energy_point_by_point_and_say_what_they_did(qtbot, window):
    """The curve could be drawn with a mouse only."""
    desk, strip = window.desk, window.strip
    strip.setFocus()
    points = desk.state.plan.curve()
    desk.store.set("view.playhead", points[1][0] + 1)
    press(qtbot, window, Qt.Key.Key_E)
    assert desk.point() == points[1][0] and desk.state.view.boards == desk.state.view.hits == ()
    press(qtbot, window, Qt.Key.Key_E)
    press(qtbot, window, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert desk.point() == points[1][0]
    alt = Qt.KeyboardModifier.AltModifier
    press(qtbot, window, Qt.Key.Key_Up, alt)
    assert dict(desk.state.plan.curve())[points[1][0]] == pytest.approx(points[1][1] + 0.05, abs=0.002)
    press(qtbot, window, Qt.Key.Key_Right, alt)
    assert desk.point() == points[1][0] + 1  # it stays selected where it goes
    assert (
        f"{points[1][1] + 0.05:.2f}" in strip.accessibleDescription() and "point 2 of" in strip.accessibleDescription()
    )
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.state.plan.curve() == points

    desk.store.set("view.playhead", 77)
    press(qtbot, window, Qt.Key.Key_N)
    assert desk.point() == 77
    press(qtbot, window, Qt.Key.Key_Delete)
    assert desk.point() is None and 77 not in dict(desk.state.plan.curve())
    press(qtbot, window, Qt.Key.Key_BracketRight)
    assert desk.state.view.point is None  # a storyboard again: Alt and the arrows are its own


def test_what_is_selected_on_the_strip_is_said_in_words(window):
    desk, strip = window.desk, window.strip
    board = desk.state.plan.boards[1]
    desk.select(board.id)
    assert board.name in strip.accessibleDescription()
    hit = next(hit for hit in desk.state.plan.hits if hit.frame == 225)
    desk.select_hits(hit.id)
    assert "the door" in strip.accessibleDescription() and "landed" in strip.accessibleDescription()
    desk.select_hits(*(hit.id for hit in desk.state.plan.hits[:3]))
    assert strip.accessibleDescription() == "3 hits"
    desk.select_nothing()
    assert strip.accessibleDescription() == ""


def test_the_tabs_keep_room_for_their_names_at_every_width(qtbot, make_window, shown):
    window = make_window(shown, 420, 800)
    for width in (1000, 1600, 420, 1600):
        window.resize(width, 800)
        for tabs in (window._left, window._right):
            bar = tabs.tabBar()
            for n in range(bar.count()):
                padding = 2 * (6 if bar.property("slim") else 10)
                wanted = bar.fontMetrics().horizontalAdvance(bar.tabText(n)) + padding
                assert bar.tabRect(n).width() >= wanted, (width, bar.tabText(n))


def test_a_low_window_shows_every_lane(make_window, shown):
    """As a screen of 1080 lines at twice the size leaves it."""
    window = make_window(shown, 940, 500)
    strip = window.strip
    assert strip.mapTo(window, QPoint(0, strip.lanes.bottom)).y() <= window.height()
    assert strip.lanes.bottom <= strip.height()


def test_what_is_not_kept_is_said_with_a_way_to_try_again(qtbot, window):
    desk = window.desk
    assert not window.unkept.isVisible()
    desk.store.set("unkept", "this edit is open in another panel (process 7)")
    assert window.unkept.isVisible()
    qtbot.mouseClick(window.unkept.again, Qt.MouseButton.LeftButton)
    assert desk.session.asked[-1] == ("open_again",)
    desk.store.set("unkept", "")
    assert not window.unkept.isVisible()


def test_the_editor_that_is_followed_is_named_with_what_it_cannot(make_window, shown):
    host = HostInfo("fake", "A fake", "1.0", "Reel 2", (("undo", "it has no undo"),))
    window = make_window(replace(shown, host=host))
    said = " ".join(each.accessibleName() for each in window.host.findChildren(QWidget))
    assert "A fake 1.0" in said and "Reel 2" in said and "it has no undo" in said
    dialog = window.ask_to_write()
    assert not dialog.copy.isVisible() and not dialog.in_place.isVisible() and not dialog.elsewhere.isVisible()
    step = Change("add", "step", "lay the score on a new track 'Hitpoint Score'")
    window.desk.store.set("writing", Writing(1, "A fake: Reel 2", changes=(step,)))
    assert dialog.focusWidget() is dialog.write  # Enter does what has the focus
    assert any("lay the score on a new track" in each.text() for each in dialog.findChildren(QLabel))
    dialog.close()


def test_an_editor_that_was_not_reached_can_be_tried_again(qtbot, make_window):
    window = make_window(Panel())
    assert not window.host.isVisible()
    window.open_host("blender", "")
    assert window.host.isVisible()
    qtbot.mouseClick(window.host.again, Qt.MouseButton.LeftButton)
    assert window.desk.session.asked[-2:] == [("open_host", "blender", "")] * 2


def test_edits_of_one_name_are_told_apart(make_window):
    window = make_window(Panel(settings=Settings(recent=("/a/reel/cut.otio", "/a/teaser/cut.otio", "/a/reel/b.otio"))))
    names = {each.accessibleName() or each.text() for each in window.first.findChildren(QAbstractButton)}
    assert {"cut.otio  ·  reel", "cut.otio  ·  teaser", "b.otio"} <= names


def test_missing_media_are_said_once(make_window, shown):
    seen = replace(
        shown.edit, parsed=True, warnings=("2 of 3 media not found: a.mov; look there", "the rate is a guess")
    )
    window = make_window(replace(shown, edit=None))
    window.desk.store.set("edit", seen)
    assert [message.text for message in window.desk.state.messages] == ["the rate is a guess"]


def test_an_edit_without_a_picture_says_so_and_promises_nothing(make_window, shown):
    window = make_window(replace(shown, plan=None, takes=(), current=0, heard=None))
    said = " ".join(
        each.text() for each in window.board_page.findChildren(QLabel) if each.isVisibleTo(window.board_page)
    )
    assert "no picture" in said and "They come" not in said


def test_to_the_takes_is_to_the_one_that_plays(make_window, shown):
    window = make_window(replace(shown, current=2))
    window.go_to_page("takes")
    assert window.focusWidget() is window.takes_page.card(2)


def test_tab_stays_in_the_list_of_keys(qtbot, window):
    window.show_keys()
    for _ in range(3):
        press(qtbot, window, Qt.Key.Key_Tab)
        assert window.keys.isAncestorOf(window.focusWidget()) or window.focusWidget() is window.keys
    press(qtbot, window, Qt.Key.Key_Escape)
    assert not window.keys.isVisible()


def test_an_edit_is_read_another_way(qtbot, window):
    window.desk.store.set("reading", Reading("24", "", ("/media",)))
    dialog = window.ask_how_to_read()
    assert dialog.rate.currentText() == "24" and dialog.folders.count() == 1
    dialog.rate.setEditText("fast")
    qtbot.mouseClick(dialog.read, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and "fast is no number of frames" in " ".join(
        each.text() for each in dialog.findChildren(QLabel)
    )
    dialog.rate.setEditText("23.976")
    dialog.timeline.setText(" Reel 2 ")
    qtbot.mouseClick(dialog.read, Qt.MouseButton.LeftButton)
    assert window.desk.session.asked[-1] == ("open_again", Reading("23.976", "Reel 2", ("/media",)))
