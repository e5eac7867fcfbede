"""Everything that can be done by a key, in one list: keys, words and what each does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

from ..actions.energy import points_of
from . import words
from .board_page import merge_selected, split_at_playhead
from .words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from .window import Window

Do = Callable[["Window"], object]
FINE, COARSE = 0.02, 0.1
ZOOM = 1.4


@dataclass(frozen=True)
class Command:
    """`keys` as Qt writes them; any of them does it. A single key counts where no field is being written in."""

    name: str
    group: str
    words: str
    keys: tuple[str, ...]
    do: Do

    def said(self) -> str:
        return words.tr(self.words)

    def shown_keys(self) -> str:
        return "  ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in self.keys)


def _walk_boards(window: Window, step: int) -> None:
    state = window.desk.state
    boards = state.plan.boards if state.plan else ()
    if not boards:
        return
    chosen = window.desk.selected()
    if chosen and state.plan:
        index = min(max(0, state.plan.index(chosen[-1]) + step), len(boards) - 1)
    else:
        here = state.plan.board_at(state.view.playhead) if state.plan else None
        index = state.plan.index(here.id) if here and state.plan else 0
    window.desk.select(boards[index].id)
    window.strip.look(window.strip.axis.showing(boards[index].start))


def _walk_hits(window: Window, step: int) -> None:
    state = window.desk.state
    hits = state.plan.hits if state.plan else ()
    if not hits:
        return
    chosen = [n for n, hit in enumerate(hits) if hit.id in state.view.hits]
    if chosen:
        index = min(max(0, chosen[-1] + step), len(hits) - 1)
    else:
        index = min(range(len(hits)), key=lambda n: abs(hits[n].frame - state.view.playhead))
    window.desk.select_hits(hits[index].id)
    window.strip.look(window.strip.axis.showing(hits[index].frame))


def _hold(window: Window, held: str) -> None:
    desk = window.desk
    plan, ids = desk.state.plan, desk.state.view.hits
    marks = [hit for id in ids if plan and (hit := plan.hit(id))]
    if not marks:
        desk.say(words.tr("Select a hit first: click it, or press . for the next one."))
        return
    same = all(mark.held == held for mark in marks)
    desk.attempt(desk.actions.hold, tuple(mark.id for mark in marks), "" if same else held)


def _add_hit(window: Window) -> None:
    desk = window.desk
    made: list[int] = []
    if desk.attempt(lambda: made.append(desk.actions.add_hit(desk.state.view.playhead))):
        desk.select_hits(made[0])


def _walk_points(window: Window, step: int) -> None:
    desk, plan = window.desk, window.desk.state.plan
    points = points_of(plan) if plan else ()
    if not points:
        return
    now = desk.point()
    if now is None:
        here = desk.state.view.playhead
        index = min(range(len(points)), key=lambda n: abs(points[n][0] - here))
    else:
        index = min(max(0, [at for at, _ in points].index(now) + step), len(points) - 1)
    desk.select_point(points[index][0])
    window.strip.look(window.strip.axis.showing(points[index][0]))


def _move_point(window: Window, frames: int, step: float) -> bool:
    """The selected point of the energy by so many frames and so much; whether one is selected."""
    desk, plan, now = window.desk, window.desk.state.plan, window.desk.point()
    if plan is None or now is None:
        return False
    points = points_of(plan)
    n = [at for at, _ in points].index(now)
    if desk.attempt(desk.actions.move_point, now, now + frames, points[n][1] + step) and desk.state.plan:
        desk.select_point(points_of(desk.state.plan)[n][0])
    return True


def _add_point(window: Window) -> None:
    desk = window.desk
    frame = desk.state.view.playhead
    if desk.attempt(desk.actions.add_point, frame):
        desk.select_point(frame)


def _remove(window: Window) -> None:
    """The selected point of the energy, else the selected hits."""
    desk, now = window.desk, window.desk.point()
    if now is not None:
        desk.attempt(desk.actions.remove_point, now)
    elif window.desk.state.view.hits:
        window.desk.attempt(window.desk.actions.remove_hits, window.desk.state.view.hits)


def _to_cut(window: Window, step: int) -> None:
    seen = window.desk.state.edit
    if seen is None:
        return
    here = window.desk.state.view.playhead
    cuts = [0, *seen.cut_frames(), seen.edit.frames - 1]
    found = [cut for cut in cuts if (cut - here) * step > 0]
    if found:
        window.go(min(found) if step > 0 else max(found))


def _step(window: Window, frames: int) -> None:
    window.go(window.desk.state.view.playhead + frames)


def _second(window: Window) -> int:
    seen = window.desk.state.edit
    return seen.edit.rate.nominal if seen else 1


def _nudge_energy(window: Window, step: float) -> None:
    if _move_point(window, 0, step):
        return
    desk, plan = window.desk, window.desk.state.plan
    for id in desk.selected():
        board = plan.board(id) if plan else None
        if board:
            desk.attempt(desk.actions.set_mood, (id,), energy=board.energy + step)


def _point(window: Window, which: str) -> None:
    desk = window.desk
    if desk.state.edit is None:
        return
    frame = desk.state.view.playhead
    if which == "in":
        desk.attempt(desk.actions.set_in, frame)
    elif which == "out":
        desk.attempt(desk.actions.set_out, frame + 1)
    else:
        desk.attempt(desk.actions.clear_inout)


def _move_edge(window: Window, step: int) -> None:
    """The start of the selected storyboard goes to the cut before or after it; a point of the energy by a frame."""
    if _move_point(window, step, 0.0):
        return
    desk, plan = window.desk, window.desk.state.plan
    chosen = desk.selected()
    board = plan.board(chosen[0]) if chosen and plan else None
    if board is None:
        desk.say(words.tr("Select a storyboard first: press ] for the next one."))
        return
    targets = [frame for frame in desk.actions.edge_targets(board.id) if (frame - board.start) * step > 0]
    if targets:
        desk.attempt(desk.actions.move_edge, board.id, min(targets) if step > 0 else max(targets))


def _lock(window: Window) -> None:
    desk, plan = window.desk, window.desk.state.plan
    boards = [board for id in desk.selected() if plan and (board := plan.board(id))]
    desk.attempt(desk.actions.set_lock, desk.selected(), not all(board.locked for board in boards))


def _rename(window: Window) -> None:
    chosen = window.desk.selected()
    if chosen:
        window.strip.rename(chosen[0])


def _regenerate(window: Window) -> None:
    desk = window.desk
    if desk.attempt(desk.actions.regenerate, desk.selected()):
        desk.attempt(desk.session.score)


COMMANDS: tuple[Command, ...] = (
    Command("open", "edit", QT_TRANSLATE_NOOP("Panel", "Open an edit"), ("Ctrl+O",), lambda w: w.ask_to_open()),
    Command("read", "edit", QT_TRANSLATE_NOOP("Panel", "Read the edit another way"), ("Ctrl+Shift+O",), lambda w: w.ask_how_to_read()),
    Command("score", "edit", QT_TRANSLATE_NOOP("Panel", "Score: make a take"), ("Ctrl+Return",), lambda w: w.desk.attempt(w.desk.session.score)),
    Command("rehearse", "edit", QT_TRANSLATE_NOOP("Panel", "Rehearse the selection: a draft to hear"), ("Ctrl+Shift+Return",),
            lambda w: w.desk.attempt(w.desk.session.rehearse, w.desk.selected())),
    Command("regenerate", "edit", QT_TRANSLATE_NOOP("Panel", "Make the selection anew, or all"), ("Ctrl+R",), _regenerate),
    Command("write", "edit", QT_TRANSLATE_NOOP("Panel", "Write to the timeline"), ("Ctrl+W",), lambda w: w.ask_to_write()),
    Command("undo", "edit", QT_TRANSLATE_NOOP("Panel", "Undo"), ("Ctrl+Z",), lambda w: w.desk.actions.undo()),
    Command("redo", "edit", QT_TRANSLATE_NOOP("Panel", "Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), lambda w: w.desk.actions.redo()),
    Command("cancel", "edit", QT_TRANSLATE_NOOP("Panel", "Cancel what runs; else select nothing"), ("Esc",), lambda w: w.escape()),
    Command("play", "play", QT_TRANSLATE_NOOP("Panel", "Play and stop"), ("Space", "K"), lambda w: w.player.toggle()),
    Command("loop", "play", QT_TRANSLATE_NOOP("Panel", "Repeat the selected storyboard"), ("Ctrl+L",), lambda w: w.player.toggle_loop()),
    Command("compare", "play", QT_TRANSLATE_NOOP("Panel", "Change between takes A and B"), ("A",), lambda w: w.player.compare()),
    Command("back", "play", QT_TRANSLATE_NOOP("Panel", "One frame back"), ("Left",), lambda w: _step(w, -1)),
    Command("on", "play", QT_TRANSLATE_NOOP("Panel", "One frame on"), ("Right",), lambda w: _step(w, 1)),
    Command("back_second", "play", QT_TRANSLATE_NOOP("Panel", "One second back"), ("Shift+Left", "J"), lambda w: _step(w, -_second(w))),
    Command("on_second", "play", QT_TRANSLATE_NOOP("Panel", "One second on"), ("Shift+Right", "L"), lambda w: _step(w, _second(w))),
    Command("cut_before", "play", QT_TRANSLATE_NOOP("Panel", "To the cut before"), ("Up",), lambda w: _to_cut(w, -1)),
    Command("cut_after", "play", QT_TRANSLATE_NOOP("Panel", "To the next cut"), ("Down",), lambda w: _to_cut(w, 1)),
    Command("home", "play", QT_TRANSLATE_NOOP("Panel", "To the start"), ("Home",), lambda w: w.go(0)),
    Command("end", "play", QT_TRANSLATE_NOOP("Panel", "To the end"), ("End",), lambda w: w.go(2**31)),
    Command("in", "play", QT_TRANSLATE_NOOP("Panel", "In point here"), ("I",), lambda w: _point(w, "in")),
    Command("out", "play", QT_TRANSLATE_NOOP("Panel", "Out point here"), ("O",), lambda w: _point(w, "out")),
    Command("no_points", "play", QT_TRANSLATE_NOOP("Panel", "No in and out points"), ("X",), lambda w: _point(w, "")),
    Command("board_before", "boards", QT_TRANSLATE_NOOP("Panel", "Select the storyboard before"), ("[",), lambda w: _walk_boards(w, -1)),
    Command("board_after", "boards", QT_TRANSLATE_NOOP("Panel", "Select the next storyboard"), ("]",), lambda w: _walk_boards(w, 1)),
    Command("split", "boards", QT_TRANSLATE_NOOP("Panel", "Split at the playhead"), ("S",), lambda w: split_at_playhead(w.desk)),
    Command("merge", "boards", QT_TRANSLATE_NOOP("Panel", "Merge with the next"), ("M",), lambda w: merge_selected(w.desk)),
    Command("rename", "boards", QT_TRANSLATE_NOOP("Panel", "Rename"), ("F2",), _rename),
    Command("lock", "boards", QT_TRANSLATE_NOOP("Panel", "Lock and unlock"), ("Shift+L",), _lock),
    Command("edge_back", "boards", QT_TRANSLATE_NOOP("Panel", "Its start to the cut before; a point of the energy one frame back"), ("Alt+Left",), lambda w: _move_edge(w, -1)),
    Command("edge_on", "boards", QT_TRANSLATE_NOOP("Panel", "Its start to the next cut; a point of the energy one frame on"), ("Alt+Right",), lambda w: _move_edge(w, 1)),
    Command("more_energy", "boards", QT_TRANSLATE_NOOP("Panel", "More energy: of the storyboard, or of the point"), ("Alt+Up",), lambda w: _nudge_energy(w, 0.05)),
    Command("less_energy", "boards", QT_TRANSLATE_NOOP("Panel", "Less energy: of the storyboard, or of the point"), ("Alt+Down",), lambda w: _nudge_energy(w, -0.05)),
    Command("point_after", "energy", QT_TRANSLATE_NOOP("Panel", "Select the next point of the energy"), ("E",), lambda w: _walk_points(w, 1)),
    Command("point_before", "energy", QT_TRANSLATE_NOOP("Panel", "Select the point before"), ("Shift+E",), lambda w: _walk_points(w, -1)),
    Command("add_point", "energy", QT_TRANSLATE_NOOP("Panel", "Add a point at the playhead"), ("N",), _add_point),
    Command("point_back", "energy", QT_TRANSLATE_NOOP("Panel", "The point one second back"), ("Alt+Shift+Left",), lambda w: _move_point(w, -_second(w), 0.0)),
    Command("point_on", "energy", QT_TRANSLATE_NOOP("Panel", "The point one second on"), ("Alt+Shift+Right",), lambda w: _move_point(w, _second(w), 0.0)),
    Command("hit_before", "hits", QT_TRANSLATE_NOOP("Panel", "Select the hit before"), (",",), lambda w: _walk_hits(w, -1)),
    Command("hit_after", "hits", QT_TRANSLATE_NOOP("Panel", "Select the next hit"), (".",), lambda w: _walk_hits(w, 1)),
    Command("pin", "hits", QT_TRANSLATE_NOOP("Panel", "Pin: the music must meet it"), ("P",), lambda w: _hold(w, "pinned")),
    Command("release", "hits", QT_TRANSLATE_NOOP("Panel", "Release: it need not"), ("R",), lambda w: _hold(w, "released")),
    Command("add_hit", "hits", QT_TRANSLATE_NOOP("Panel", "Add a hit at the playhead"), ("H",), _add_hit),
    Command("remove_hit", "hits", QT_TRANSLATE_NOOP("Panel", "Remove the selected hits, or the point of the energy"), ("Del", "Backspace"), _remove),
    Command("zoom_in", "look", QT_TRANSLATE_NOOP("Panel", "Closer"), ("+", "="), lambda w: w.strip.zoom(ZOOM)),
    Command("zoom_out", "look", QT_TRANSLATE_NOOP("Panel", "Further away"), ("-",), lambda w: w.strip.zoom(1 / ZOOM)),
    Command("fit", "look", QT_TRANSLATE_NOOP("Panel", "All of it in sight"), ("0",), lambda w: w.strip.fit()),
    Command("strip", "look", QT_TRANSLATE_NOOP("Panel", "To the strip"), ("Ctrl+1",), lambda w: w.strip.setFocus()),
    Command("board_page", "look", QT_TRANSLATE_NOOP("Panel", "To the storyboard's page"), ("Ctrl+2",), lambda w: w.go_to_page("board")),
    Command("score_page", "look", QT_TRANSLATE_NOOP("Panel", "To the score's page"), ("Ctrl+3",), lambda w: w.go_to_page("score")),
    Command("takes_page", "look", QT_TRANSLATE_NOOP("Panel", "To the takes"), ("Ctrl+4",), lambda w: w.go_to_page("takes")),
    Command("jobs_page", "look", QT_TRANSLATE_NOOP("Panel", "To the jobs"), ("Ctrl+5",), lambda w: w.go_to_page("jobs")),
    Command("on_top", "look", QT_TRANSLATE_NOOP("Panel", "Stay on top"), ("Ctrl+T",), lambda w: w.stay_on_top(not w.desk.state.settings.geometry.on_top)),
    Command("settings", "look", QT_TRANSLATE_NOOP("Panel", "Settings"), ("Ctrl+,",), lambda w: w.show_settings()),
    Command("help", "look", QT_TRANSLATE_NOOP("Panel", "The keys"), ("?", "F1"), lambda w: w.show_keys()),
)  # fmt: skip
GROUPS = (
    ("edit", QT_TRANSLATE_NOOP("Panel", "The edit and its score")), ("boards", QT_TRANSLATE_NOOP("Panel", "Storyboards")), ("energy", QT_TRANSLATE_NOOP("Panel", "The curve of energy")),
    ("hits", QT_TRANSLATE_NOOP("Panel", "Hits")),
    ("play", QT_TRANSLATE_NOOP("Panel", "Play")), ("look", QT_TRANSLATE_NOOP("Panel", "The panel")),
)  # fmt: skip

_SHIFTED = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


def pressed(key: int, text: str, modifiers: Qt.KeyboardModifier) -> Command | None:
    """The command of a key. A sign counts as it is written, whatever keys a keyboard needs for it."""
    for command in COMMANDS:
        for each in command.keys:
            if len(each) == 1 and not each.isalnum():
                if text == each and not modifiers & ~(_SHIFTED | Qt.KeyboardModifier.GroupSwitchModifier):
                    return command
                continue
            plain = modifiers & ~Qt.KeyboardModifier.KeypadModifier
            if QKeySequence(each) == QKeySequence(QKeyCombination(plain, Qt.Key(key))):
                return command
    return None


def by_name(name: str) -> Command:
    return next(command for command in COMMANDS if command.name == name)
