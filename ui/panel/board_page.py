"""What the selected storyboards ask of the music."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..actions.boards import FASTEST, MOST_SEED, SLOWEST
from ..state.plan import Board
from ..state.seeds import seed_of
from . import words
from .desk import Desk, named
from .mood_pad import MoodPad
from .parts import Column, Level, choose, label, line, push, row, tool

STYLES = ("ambient", "cinematic", "documentary", "electronic", "jazz", "lofi", "pop", "trailer")
MOST_LISTED = 40
SIDE_BY_SIDE = 480  # pixels from which the pad has the other controls beside it
PROMPTED = ("diffv2m", "vidmusician")  # engines that read a prompt


class BoardPage(Column):
    """Where several are selected, each control changes them all."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._title = label("", "title")
        self._when = label("", "dim", wrap=True)
        self.lock = QCheckBox(self.tr("Locked"))
        named(self.lock, self.tr("Locked"), self.tr("Keeps this music as it is when others are made anew"))
        self.body.addLayout(row(self._title, 1, self.lock))
        self.body.addWidget(self._when)
        self.pad = MoodPad(desk)
        self._mood_words = label("", "dim")

        self.style_box = named(QComboBox(), self.tr("Style"), self.tr("Instruments, grooves and harmony of the music"))
        self.density = named(
            Level(desk, 0.0, 1.0), self.tr("Density"), self.tr("How many instruments play at once, and how busily")
        )
        self._density_words = label("", "dim")
        self.tempo = named(
            QDoubleSpinBox(), self.tr("Tempo"), self.tr("Beats a minute; they bend around it to land on the hits")
        )
        self.tempo.setRange(SLOWEST, FASTEST)
        self.tempo.setDecimals(1)
        self.tempo.setKeyboardTracking(False)
        self.tempo.setSuffix(self.tr(" bpm"))
        self.prompt = named(QLineEdit(), self.tr("Prompt"), self.tr("What the music is to be, in your words"))
        self.prompt.setPlaceholderText(self.tr("solo piano, hopeful"))
        self._prompt_label = label(self.tr("Prompt"))
        self.seed = named(QSpinBox(), self.tr("Seed"), self.tr("Another seed gives other notes for the same wishes"))
        self.seed.setRange(0, MOST_SEED)
        self.seed.setKeyboardTracking(False)
        self.own_seed = QCheckBox(self.tr("own"))
        named(self.own_seed, self.tr("Own seed"), self.tr("Off: the seed of the whole score counts here too"))
        self.again = tool(
            desk,
            "again",
            self.tr("Make anew"),
            self.tr("Other music for the selection; the rest stays as it is"),
            self._anew,
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        self._grid(grid, 0, label(self.tr("Style")), self.style_box)
        grid.addWidget(label(self.tr("Density")), 1, 0)
        grid.addLayout(row(self.density, self._density_words), 1, 1)
        self._grid(grid, 2, label(self.tr("Tempo")), self.tempo)
        self._grid(grid, 3, self._prompt_label, self.prompt)
        grid.addWidget(label(self.tr("Seed")), 4, 0)
        grid.addLayout(row(self.seed, self.own_seed, self.again, 1), 4, 1)
        self.tempo.setMaximumWidth(140)
        self.seed.setMinimumWidth(96)
        mood_side, form_side = QVBoxLayout(), QVBoxLayout()
        mood_side.addWidget(self.pad)
        mood_side.addWidget(self._mood_words)
        mood_side.addStretch(1)
        form_side.addLayout(grid)
        form_side.addStretch(1)
        self._sides = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._sides.setContentsMargins(0, 0, 0, 0)
        self._sides.setSpacing(10)
        self._sides.addLayout(mood_side, 2)
        self._sides.addLayout(form_side, 3)
        self._form = QWidget()
        form = QVBoxLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.addLayout(self._sides)
        self.body.addWidget(self._form)
        self._board_list = QWidget()
        self._list = QVBoxLayout(self._board_list)
        self._list.setContentsMargins(0, 4, 0, 0)
        self._listed: tuple[tuple[int, str], ...] = ()
        self.body.addWidget(self._board_list)
        self.split = push(
            self.tr("Split"),
            self.tr("Another storyboard from the playhead on: the music may change there (S)"),
            self._split,
        )
        self.merge = push(
            self.tr("Merge"), self.tr("One storyboard with the next: the music runs through (M)"), self._merge
        )
        self.rehearse = push(
            self.tr("Rehearse"), self.tr("Hear a draft of the selection in a moment; no take is kept"), self._rehearse
        )
        form.addLayout(row(self.split, self.merge, 1, self.rehearse))
        form.addWidget(line())
        self._why = label("", "dim", wrap=True)
        form.addWidget(self._why)
        self.body.addStretch(1)

        actions = desk.actions
        self.pad.begun.connect(actions.begin_drag)
        self.pad.ended.connect(actions.end_drag)
        self.pad.asked.connect(lambda valence, energy: self._do(actions.set_mood, valence, energy))
        self.style_box.activated.connect(lambda _: self._do(actions.set_style, self.style_box.currentData()))
        self.density.moved.connect(lambda value: self._do(actions.set_density, value))
        self.tempo.valueChanged.connect(lambda value: self._do(actions.set_tempo, value))
        self.prompt.editingFinished.connect(self._prompted)
        self.seed.valueChanged.connect(lambda value: self._do(actions.set_seed, value))
        self.own_seed.clicked.connect(self._seed_owned)
        self.lock.clicked.connect(lambda on: self._do(actions.set_lock, on))
        for part in ("plan", "view.boards", "score", "machine", "edit"):
            desk.watch(self, part, lambda _: self._show())
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        way = QBoxLayout.Direction
        self._sides.setDirection(way.LeftToRight if self.width() >= SIDE_BY_SIDE else way.TopToBottom)

    def _grid(self, grid: QGridLayout, number: int, name: QWidget, control: QWidget) -> None:
        grid.addWidget(name, number, 0)
        grid.addWidget(
            control,
            number,
            1,
            Qt.AlignmentFlag.AlignLeft if isinstance(control, QDoubleSpinBox) else Qt.AlignmentFlag(0),
        )

    def _show(self) -> None:
        state, plan = self._desk.state, self._desk.state.plan
        found = [board for id in self._desk.selected() if plan and (board := plan.board(id))]
        controls = (self.style_box, self.density, self.tempo, self.prompt, self.seed, self.own_seed, self.again,
                    self.split, self.merge, self.rehearse, self.lock)  # fmt: skip
        for control in controls:
            control.setEnabled(bool(found))
        prompted = state.score.engine in PROMPTED
        self.prompt.setVisible(prompted)
        self._prompt_label.setVisible(prompted)
        self._form.setVisible(bool(found))
        self._board_list.setVisible(not found)
        self.lock.setVisible(bool(found))
        if not found:
            self._title.setText(self.tr("No storyboard selected") if plan else self.tr("No storyboards yet"))
            hint = self.tr("Choose one here or in the strip, or press ] to go from one to the next.")
            coming = self.tr("They come when the picture has been looked at.")
            if state.edit and state.edit.parsed:
                coming = self.tr("This edit shows no picture to make music for: open one that has shots.")
            self._when.setText(hint if plan else coming)
            self._list_boards(plan.boards if plan else ())
            self._mood_words.clear()
            self._density_words.clear()
            self._why.clear()
            self.pad.show_mood(None)
            self.lock.setChecked(False)
            return
        first, all_locked = found[0], all(board.locked for board in found)
        self._title.setText(first.name if len(found) == 1 else words.count(len(found), "storyboard"))
        self._when.setText(self._times(found))
        others = tuple((b.valence, b.energy) for b in plan.boards if b not in found) if plan else ()
        self.pad.show_mood((first.valence, first.energy), others)
        self._mood_words.setText(
            f"{words.mood(first.valence, first.energy)}  ({first.valence:+.2f}, {first.energy:.2f})".replace("-", "−")
        )
        styles = state.machine.styles or STYLES
        known = tuple(dict.fromkeys([*styles, first.style]))
        choose(self.style_box, [(each[:1].upper() + each[1:], each) for each in known], first.style)
        self.density.show_value(first.density)
        self._density_words.setText(f"{first.density:.2f}")
        for box in (self.tempo, self.seed, self.own_seed, self.lock, self.prompt):
            box.blockSignals(True)
        self.tempo.setValue(first.tempo)
        self.seed.setValue(seed_of(first, state.score))
        self.own_seed.setChecked(first.seed is not None)
        self.lock.setChecked(all_locked)
        if not self.prompt.hasFocus():
            self.prompt.setText(first.prompt)
        for box in (self.tempo, self.seed, self.own_seed, self.lock, self.prompt):
            box.blockSignals(False)
        locked = any(board.locked for board in found)
        held: tuple[QWidget, ...] = (self.pad, self.style_box, self.density, self.tempo, self.prompt, self.seed)
        for each in (*held, self.own_seed, self.again, self.split, self.merge):
            each.setEnabled(not locked)
        self.merge.setEnabled(not locked and plan is not None and plan.index(found[-1].id) + 1 < len(plan.boards))
        self._why.setText(self._reasons(first))

    def _list_boards(self, boards: tuple[Board, ...]) -> None:
        """A button each, so that one can be chosen without the strip."""
        said = tuple((b.id, f"{b.name}  ·  {words.mood(b.valence, b.energy)}") for b in boards[:MOST_LISTED])
        if said == self._listed:
            return
        self._listed = said
        while (item := self._list.takeAt(0)) is not None:
            widget = item.widget()
            if widget:
                widget.hide()
                widget.deleteLater()
        for id, text in said:
            button = push(text, self.tr("Select this storyboard"), partial(self._desk.select, id))
            button.setProperty("listed", True)
            self._list.addWidget(button)

    def _times(self, found: Sequence[Board]) -> str:
        seen = self._desk.state.edit
        if seen is None:
            return ""
        start, end = min(board.start for board in found), max(board.end for board in found)
        frames = sum(board.end - board.start for board in found)
        return f"{seen.edit.timecode(start)} – {seen.edit.timecode(end)}  ·  {seen.edit.seconds(frames):.1f} s"

    def _reasons(self, board: Board) -> str:
        seen = self._desk.state.edit
        for each in seen.reasons if seen else ():
            if each.start < board.end and each.end > board.start:
                return self.tr("The picture: {why}").replace("{why}", "; ".join(each.words))
        return ""

    def _do(self, action: object, *values: object) -> None:
        assert callable(action)
        if not self._desk.attempt(action, self._desk.selected(), *values):
            self._show()

    def _prompted(self) -> None:
        if self._desk.selected():
            self._do(self._desk.actions.set_prompt, self.prompt.text())

    def _seed_owned(self, on: bool) -> None:
        with QSignalBlocker(self.seed):
            self._do(self._desk.actions.set_seed, self.seed.value() if on else None)

    def _anew(self) -> None:
        if self._desk.attempt(self._desk.actions.regenerate, self._desk.selected()):
            self._desk.attempt(self._desk.session.score)

    def _split(self) -> None:
        split_at_playhead(self._desk)

    def _merge(self) -> None:
        merge_selected(self._desk)

    def _rehearse(self) -> None:
        self._desk.attempt(self._desk.session.rehearse, self._desk.selected())


def split_at_playhead(desk: Desk) -> None:
    """At the cut next to the playhead, where there is one within a second."""
    plan, seen = desk.state.plan, desk.state.edit
    if plan is None or seen is None:
        return
    frame = desk.state.view.playhead
    near = min(seen.cut_frames(), key=lambda cut: abs(cut - frame), default=frame)
    if abs(near - frame) <= seen.edit.rate.nominal:
        frame = near
    board = plan.board_at(frame)
    if board:
        desk.attempt(desk.actions.split, board.id, frame)


def merge_selected(desk: Desk) -> None:
    """The selected storyboards become one; where one is selected, it takes the next one in."""
    plan = desk.state.plan
    chosen = sorted((plan.index(id), id) for id in desk.selected()) if plan else []
    if not chosen:
        desk.say(words.tr("Select a storyboard to merge it with the next one."))
        return
    if [index for index, _ in chosen] != list(range(chosen[0][0], chosen[0][0] + len(chosen))):
        desk.say(words.tr("Only neighbours can be merged: select storyboards that follow each other."))
        return
    desk.actions.begin_drag()
    try:
        for _ in range(max(1, len(chosen) - 1)):
            if not desk.attempt(desk.actions.merge, chosen[0][1]):
                break
    finally:
        desk.actions.end_drag()
    desk.select(chosen[0][1])
