"""The strip, with a mouse."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent

from hitpoint.ui.panel.strip.spots import spot
from hitpoint.ui.panel.strip.tips import tip
from hitpoint.ui.state.panel import InOut


@pytest.fixture
def strip(window):
    return window.strip


def at(strip, frame, lane, y=0.5):
    where = strip.lanes
    return QPoint(round(strip.axis.x(frame)) + where.gutter, round(where.tops[lane] + y * where.talls[lane]))


def plan_of(strip):
    return strip.desk.state.plan


def drag(qtbot, strip, *points):
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=points[0])
    for point in points[1:]:
        qtbot.mouseMove(strip, point)
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=points[-1])


def test_a_click_on_a_block_selects_its_storyboard_and_another_with_control_is_added(qtbot, strip):
    boards = plan_of(strip).boards
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=at(strip, boards[1].start + 40, "boards"))
    assert strip.desk.state.view.boards == (boards[1].id,)
    qtbot.mouseClick(
        strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, at(strip, boards[2].start + 40, "boards")
    )
    assert strip.desk.state.view.boards == (boards[1].id, boards[2].id)


def test_a_click_on_the_ruler_moves_the_playhead_there_and_dragging_scrubs(qtbot, strip):
    sought = []
    strip.sought.connect(sought.append)
    drag(qtbot, strip, at(strip, 100.5, "ruler"), at(strip, 240.5, "ruler"))
    assert sought[0] in (99, 100, 101)
    assert strip.desk.state.view.playhead in (239, 240, 241)


def test_an_edge_that_is_dragged_lands_on_the_nearest_cut_and_is_one_step_of_undo(qtbot, strip):
    board = plan_of(strip).boards[1]
    assert board.start == 130
    drag(qtbot, strip, at(strip, 130, "boards"), at(strip, 160, "boards"), at(strip, 207, "boards"))
    assert plan_of(strip).board(board.id).start == 200
    strip.desk.actions.undo()
    assert plan_of(strip).board(board.id).start == 130
    assert not strip.desk.actions.stack.canUndo()


def test_escape_lets_go_of_an_edge_where_it_was(qtbot, strip):
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=at(strip, 130, "boards"))
    qtbot.mouseMove(strip, at(strip, 210, "boards"))
    qtbot.keyClick(strip, Qt.Key.Key_Escape)
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=at(strip, 210, "boards"))
    assert plan_of(strip).boards[1].start == 130


def test_energy_that_is_drawn_becomes_the_curve_between_its_ends(qtbot, strip):
    drag(qtbot, strip, at(strip, 150, "energy", 0.9), at(strip, 200, "energy", 0.5), at(strip, 250, "energy", 0.1))
    drawn = [(frame, value) for frame, value in plan_of(strip).curve() if 140 <= frame <= 260]
    assert drawn[0][1] < 0.2
    assert drawn[-1][1] > 0.8
    assert [value for _, value in drawn] == sorted(value for _, value in drawn)
    strip.desk.actions.undo()
    assert not strip.desk.actions.stack.canUndo()


def test_a_double_click_on_a_name_renames_it_and_escape_does_not(qtbot, strip):
    board = plan_of(strip).boards[0]
    where = at(strip, 40, "boards")
    qtbot.mouseDClick(strip, Qt.MouseButton.LeftButton, pos=where)
    field = strip.focusWidget()
    assert field.accessibleName() == "Name of the storyboard"
    qtbot.keyClicks(field, "First light")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert plan_of(strip).board(board.id).name == board.name
    qtbot.mouseDClick(strip, Qt.MouseButton.LeftButton, pos=where)
    qtbot.keyClicks(field, "First light")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert plan_of(strip).board(board.id).name == "First light"


def test_a_double_click_on_a_hit_pins_it_and_another_lets_it_go(qtbot, strip):
    hit = next(hit for hit in plan_of(strip).hits if hit.frame == 225)
    where = at(strip, hit.frame, "hits", 0.4)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=where)
    assert strip.desk.state.view.hits == (hit.id,)
    qtbot.mouseDClick(strip, Qt.MouseButton.LeftButton, pos=where)
    assert plan_of(strip).hit(hit.id).held == "pinned"
    qtbot.mouseDClick(strip, Qt.MouseButton.LeftButton, pos=where)
    assert plan_of(strip).hit(hit.id).held == ""


def wheel(strip, notches, modifiers=Qt.KeyboardModifier.NoModifier, x=300.0):
    place = QPointF(x, 100.0)
    return QWheelEvent(place, strip.mapToGlobal(place), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
                       modifiers, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip


def test_control_and_the_wheel_zoom_around_the_mouse_and_the_wheel_alone_scrolls(strip):
    x = 300.0 - strip.lanes.gutter
    before = (x + strip.axis.left) / strip.axis.scale
    for _ in range(6):
        strip.wheelEvent(wheel(strip, 1, Qt.KeyboardModifier.ControlModifier))
    assert strip.axis.scale == pytest.approx(strip.axis.fit * 1.25**6)
    assert (x + strip.axis.left) / strip.axis.scale == pytest.approx(before, abs=1.0)
    first = strip.axis.first
    strip.wheelEvent(wheel(strip, -2))
    assert strip.axis.first > first
    strip.fit()
    assert strip.desk.state.view.zoom == 0


def test_what_lies_under_the_mouse_is_told(strip):
    here = strip.scene()
    hit = next(hit for hit in plan_of(strip).hits if hit.frame == 225)
    y = {lane: here.lanes.tops[lane] + here.lanes.talls[lane] / 2 for lane in here.lanes.tops}
    assert spot(here, here.axis.x(130) + 3, y["boards"]).kind == "edge"
    assert spot(here, here.axis.x(0) + 3, y["boards"]).kind == "board"
    assert spot(here, here.axis.x(hit.frame) + 4, y["hits"]).id == hit.id
    assert spot(here, here.axis.x(180), y["hits"]).kind == "time"
    assert spot(here, here.axis.x(180), y["energy"]).kind == "energy"


def test_the_menu_of_a_hit_pins_and_the_menu_of_a_block_locks(window):
    strip, desk = window.strip, window.desk
    hit = next(hit for hit in plan_of(strip).hits if hit.frame == 225)
    here = strip.scene()
    y = {lane: here.lanes.tops[lane] + here.lanes.talls[lane] / 2 for lane in here.lanes.tops}
    desk.store.change("view", hits=(hit.id,))
    menu = window.pane.menu_at(spot(here, here.axis.x(hit.frame), y["hits"]))
    next(action for action in menu.actions() if action.text() == "Rising towards it").trigger()
    assert plan_of(strip).hit(hit.id).wish == "build"
    menu = window.pane.menu_at(spot(here, 30, y["boards"]))
    next(action for action in menu.actions() if action.text() == "Lock").trigger()
    assert plan_of(strip).boards[0].locked


def pixel(image, x, y):
    return image.pixelColor(round(x), round(y))


def test_landed_near_and_missed_hits_differ_in_shape_not_only_in_colour(strip):
    strip.settle()
    image = strip.grab().toImage()
    scale = image.devicePixelRatio()
    here, hits = strip.scene(), plan_of(strip).hits
    lane = here.lanes.tops["hits"], here.lanes.talls["hits"]
    inked = {}
    for n, outcome in ((3, "landed"), (1, "near"), (2, "missed")):
        assert here.met[hits[n].frame].outcome == outcome
        x, y = here.axis.x(hits[n].frame) + here.lanes.gutter, lane[0] + lane[1] / 2 - 2
        ground = pixel(image, (x + 9) * scale, y * scale)
        inked[outcome] = frozenset(
            (dx, dy) for dx in range(-4, 5) for dy in range(-4, 5)
            if abs(pixel(image, (x + dx) * scale, (y + dy) * scale).lightness() - ground.lightness()) > 60
        )  # fmt: skip
    assert (0, 0) in inked["landed"]
    assert (0, 0) not in inked["near"]
    assert (0, 0) in inked["missed"] and (0, -3) not in inked["missed"]
    assert len(set(inked.values())) == 3


def test_moving_the_playhead_draws_no_piece_of_the_strip_anew(strip, qtbot):
    strip.grab()
    drawn = strip.tiles_drawn
    for frame in range(0, 200, 7):
        strip.seek(frame)
        strip.grab()
    assert strip.tiles_drawn == drawn


def test_the_in_and_out_points_are_drawn_over_what_lies_outside(strip):
    before = strip.grab().toImage()
    strip.desk.store.set("inout", InOut(100, 300))
    after = strip.grab().toImage()
    inside, outside = at(strip, 210, "music"), at(strip, 400, "music")
    assert before.pixelColor(inside) == after.pixelColor(inside)
    assert before.pixelColor(outside) != after.pixelColor(outside)


def test_two_thousand_cuts_are_drawn_in_pieces_and_scrolling_draws_only_what_comes_into_sight(make_window, many):
    window = make_window(many, 1600, 900)
    strip = window.strip
    assert len(many.edit.edit.cuts) == 2000
    strip.grab()
    assert strip.tiles_drawn <= 6
    strip.zoom(12.0, 100.0)
    strip.grab()
    drawn = strip.tiles_drawn
    for _ in range(10):
        strip.look(strip.axis.moved(60))
        strip.grab()
    assert strip.tiles_drawn - drawn <= 3
    spent = time.thread_time()
    for _ in range(20):
        strip.look(strip.axis.moved(40))
        strip.grab()
    each = (time.thread_time() - spent) / 20
    assert each < 0.2  # smooth is 0.016; this only catches drawing all of it each time


def test_the_edit_under_the_mouse_is_named_with_its_marker_and_whether_somebody_speaks(strip):
    here = strip.scene()
    y = here.lanes.tops["marks"] + 5
    said = tip(here, spot(here, here.axis.x(225) + 1, y))
    assert "shot 4" in said and "hit: the door" in said and "speaks" not in said
    assert "somebody speaks" in tip(here, spot(here, here.axis.x(80) + 1, y))
