"""Play: the picture with the score, what is heard of each, loops, and A against B."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont, QImage
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ....runtime.edit import Edit
from ...state.edit import SeenEdit
from .. import words
from ..desk import Desk, named
from ..parts import Level, label, row, tool
from . import speaker
from .feeding import Feed
from .mixing import Levels, Mix, source_at
from .picture import Pictures
from .transport import Clock, Transport, WallClock
from .view import PictureView

TICK = 15  # milliseconds
AIM_AFTER = 60  # milliseconds after the playhead came to rest, what follows is mixed
LOUDEST = 6.0

Device = Callable[[], Any]


class Player(QWidget):
    """`find_device` answers the sound output, None where there is none: then playing is silent, and says so."""

    def __init__(self, desk: Desk, find_device: Device = speaker.device) -> None:
        super().__init__()
        self._desk, self._find_device = desk, find_device
        self._edit: Edit | None = None
        self._transport: Transport | None = None
        self._pictures: Pictures | None = None
        self._feed: Feed | None = None
        self._looked_for_device = False
        self._own_move = False
        self._hearing = "take"  # take, other or draft
        self._gone: list[Pictures | Feed] = []
        self.started_after = 0.0  # seconds from pressing play to the first sound given out, or to the clock's start

        self.view = PictureView()
        self.to_start = tool(
            desk,
            "to_start",
            self.tr("To the start"),
            self.tr("To the first frame, or that of the loop (Home)"),
            self.rewind,
            flat=True,
        )
        self.play_button = tool(
            desk, "play", self.tr("Play"), self.tr("Play the picture with the score (Space)"), self.toggle
        )
        self.loop_button = tool(
            desk,
            "loop",
            self.tr("Loop"),
            self.tr("Repeat the selected storyboard (Ctrl+L)"),
            self.toggle_loop,
            flat=True,
            checkable=True,
        )
        self.compare_button = tool(desk, "sound", self.tr("A/B"), self.tr("Change between the current take and the one chosen for comparison (A)"), self.compare, checkable=True)  # fmt: skip
        self.compare_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.compare_button.setText("A/B")
        self._code = label("", "title")
        mono = QFont(self._code.font())
        mono.setWeight(QFont.Weight.DemiBold)
        mono.setFixedPitch(True)
        self._code.setFont(mono)
        self._code.setAccessibleName(self.tr("Timecode"))
        self._hears = label("", "dim")
        self.music = named(Level(desk, words.SILENT_DB, LOUDEST, 46), self.tr("Music level"), self.tr("How loud the music is while you listen; the score stays as it is"))  # fmt: skip
        self.dialogue = named(Level(desk, words.SILENT_DB, LOUDEST, 46), self.tr("Dialogue level"), self.tr("How loud the edit's own sound is while you listen"))  # fmt: skip
        self._music_db, self._dialogue_db = label("", "dim"), label("", "dim")
        for each in (self._music_db, self._dialogue_db):
            each.setMinimumWidth(self.fontMetrics().horizontalAdvance("−40 dB") + 4)
        self._notice = label("", "dim", wrap=True)
        self._notice.hide()

        body = QVBoxLayout(self)
        body.setContentsMargins(8, 8, 8, 8)
        body.setSpacing(6)
        body.addWidget(self.view, 1)
        body.addLayout(
            row(self.to_start, self.play_button, self.loop_button, self._code, 1, self._hears, self.compare_button)
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        for number, (name, level, said) in enumerate(((self.tr("Music"), self.music, self._music_db),
                                                      (self.tr("Dialogue"), self.dialogue, self._dialogue_db))):  # fmt: skip
            grid.addWidget(label(name), number, 0)
            grid.addWidget(level, number, 1)
            grid.addWidget(said, number, 2)
        body.addLayout(grid)
        body.addWidget(self._notice)

        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)
        self._aim_timer = QTimer(self)
        self._aim_timer.setSingleShot(True)
        self._aim_timer.setInterval(AIM_AFTER)
        self._aim_timer.timeout.connect(self._aim)
        self.music.moved.connect(lambda value: desk.store.set("view.music_db", value))
        self.dialogue.moved.connect(lambda value: desk.store.set("view.dialogue_db", value))
        desk.watch(self, "edit", self._edit_changed)
        desk.watch(self, "view.playhead", self._playhead_moved)
        desk.watch(self, "view.loop", lambda _: self._loop_changed())
        desk.watch(self, "rehearsal", self._drafted)
        for part in ("current", "takes", "view.other", "heard", "view.music_db", "view.dialogue_db"):
            desk.watch(self, part, lambda _: self._show())
        desk.watch(self, "current", lambda _: self._hear("take"))
        self._edit_changed(desk.state.edit)

    @property
    def playing(self) -> bool:
        return self._transport is not None and self._transport.playing

    @property
    def hearing(self) -> str:
        """What of the music plays: take, other or draft."""
        return self._hearing

    def toggle(self) -> None:
        if self._transport is None:
            return
        if self._transport.playing:
            self._transport.stop()
            self._stopped()
            return
        began = time.monotonic()
        self._look_for_device()
        self._transport.play()
        self._timer.start()
        self.started_after = time.monotonic() - began
        self._show()
        self._tick()

    def stop(self) -> None:
        if self.playing:
            self.toggle()

    def rewind(self) -> None:
        plan, loop = self._desk.state.plan, self._desk.state.view.loop
        board = plan.board(loop) if plan and loop else None
        self._desk.store.set("view.playhead", board.start if board else 0)

    def toggle_loop(self) -> None:
        state = self._desk.state
        chosen = self._desk.selected()
        under = state.plan.board_at(state.view.playhead) if state.plan else None
        id = chosen[0] if chosen else under.id if under else 0
        self._desk.store.set("view.loop", 0 if state.view.loop else id)
        self._show()

    def compare(self) -> None:
        """A becomes B, B becomes A, without a stop."""
        if self._desk.state.take(self._desk.state.view.other) is None:
            self._desk.say(self.tr("Choose a second take to compare with: the loudspeaker button on its card."))
            self._show()
            return
        self._hear("take" if self._hearing == "other" else "other")

    def close_down(self) -> None:
        """Stops the threads: before the window goes."""
        if self._transport:
            self._transport.stop()
        self._timer.stop()
        self._put_away()
        for each in self._gone:
            each.wait()
        self._gone.clear()

    # What the state says

    def _edit_changed(self, seen: SeenEdit | None) -> None:
        edit = seen.edit if seen else None
        if edit is self._edit and edit is not None:
            return
        self._edit = edit
        self._put_away()
        self._timer.stop()
        for control in (self.to_start, self.play_button, self.loop_button, self.music, self.dialogue):
            control.setEnabled(edit is not None and edit.frames > 0)
        if edit is None or seen is None or not edit.frames:
            self._transport = None
            nothing = self.tr("This edit is empty") if edit else self.tr("No edit is open")
            self.view.show_image(QImage(), nothing)
            self._show()
            return
        if not self._looked_for_device:
            speaker.load()
        folder = Path(seen.path).parent
        self._pictures = Pictures(edit, _finder(folder), self)
        self._pictures.shown.connect(self._pictured)
        self._transport = Transport(self._clock(edit, folder), edit.rate, edit.frames)
        self._transport.frame = min(self._desk.state.view.playhead, edit.frames - 1)
        self._loop_changed()
        self._want()
        self._show()

    def _clock(self, edit: Edit, folder: Path) -> Clock:
        output = self._find_device() if self._looked_for_device else None
        if output is None:
            return WallClock(time.monotonic)
        self._feed = Feed(Mix(edit, _finder(folder)))
        self._feed.set_levels(self._levels())
        return speaker.Speaker(self._feed, output, self)

    def _look_for_device(self) -> None:
        """When play is pressed for the first time: before that nothing of sound is loaded."""
        if self._looked_for_device or self._edit is None or self._transport is None:
            return
        self._looked_for_device = True
        if self._find_device() is None:
            self._notice.setText(self.tr("This machine has no sound output: the picture plays without sound."))
            self._notice.show()
            return
        seen = self._desk.state.edit
        frame = self._transport.frame
        if seen:
            self._transport = Transport(
                self._clock(self._edit, Path(seen.path).parent), self._edit.rate, self._edit.frames
            )
            self._transport.frame = frame
            self._loop_changed()

    def _playhead_moved(self, frame: int) -> None:
        if self._own_move or self._transport is None:
            return
        self._transport.seek(frame)
        self._want()
        self._show_code()
        if not self._transport.playing:
            self._aim_timer.start()

    def _loop_changed(self) -> None:
        plan, loop = self._desk.state.plan, self._desk.state.view.loop
        board = plan.board(loop) if plan and loop else None
        if self._transport:
            self._transport.loop((board.start, board.end) if board else None)
        self.loop_button.setChecked(board is not None)

    def _drafted(self, rehearsal: Any) -> None:
        if rehearsal is None:
            self._hear("take")
            return
        self._hear("draft")
        if not self.playing and self._transport:
            boards = rehearsal.boards
            if boards and not boards[0].start <= self._transport.frame < boards[-1].end:
                self._transport.seek(boards[0].start)
            self.toggle()

    def _hear(self, what: str) -> None:
        self._hearing = what
        self._show()

    def _show(self) -> None:
        state = self._desk.state
        other = state.take(state.view.other)
        if self._hearing == "other" and (other is None or other.id == state.current):
            self._hearing = "take"
        if self._hearing == "draft" and state.rehearsal is None:
            self._hearing = "take"
        self.music.show_value(state.view.music_db)
        self.dialogue.show_value(state.view.dialogue_db)
        self._music_db.setText(words.decibels(state.view.music_db))
        self._dialogue_db.setText(words.decibels(state.view.dialogue_db))
        take = state.take(state.current)
        heard = {
            "take": take.name if take else self.tr("no take"),
            "other": other.name if other else "",
            "draft": self.tr("draft"),
        }
        self._hears.setText(heard[self._hearing])
        self.compare_button.setEnabled(other is not None and other.id != state.current)
        self.compare_button.setChecked(self._hearing == "other")
        name = "pause" if self.playing else "play"
        self._desk.theme.wear(self.play_button, name)
        self.play_button.setAccessibleName(self.tr("Stop") if self.playing else self.tr("Play"))
        self._show_code()
        if self._feed:
            self._feed.set_levels(self._levels())

    def _show_code(self) -> None:
        self._code.setText(self._edit.timecode(self._desk.state.view.playhead) if self._edit else "--:--:--:--")

    def _levels(self) -> Levels:
        state = self._desk.state
        take = state.take(state.view.other if self._hearing == "other" else state.current)
        path = str(Path(take.folder) / "score.wav") if take else ""
        if self._hearing == "draft" and state.rehearsal:
            path = state.rehearsal.wav
        return Levels(path, state.view.music_db, state.view.dialogue_db)

    # What time does

    def _tick(self) -> None:
        if self._transport is None:
            return
        frame = self._transport.tick()
        if frame != self._desk.state.view.playhead:
            self._own_move = True
            try:
                self._desk.store.set("view.playhead", frame)
            finally:
                self._own_move = False
            self._want()
            self._show_code()
        if not self._transport.playing:
            self._stopped()

    def _stopped(self) -> None:
        self._timer.stop()
        self._tick_playhead()
        self._show()
        self._aim_timer.start()

    def _tick_playhead(self) -> None:
        if self._transport:
            self._own_move = True
            try:
                self._desk.store.set("view.playhead", self._transport.frame)
            finally:
                self._own_move = False

    def _aim(self) -> None:
        """What would be played from here is mixed now."""
        if self._feed and self._transport and not self._transport.playing:
            self._feed.aim(self._transport.route(self._transport.frame))

    def _want(self) -> None:
        if self._pictures and self._transport:
            self._pictures.want(self._transport.frame, round(self.view.width() * self.devicePixelRatioF()))

    def _pictured(self, frame: int, image: QImage) -> None:
        if self.sender() is not self._pictures or self._edit is None:
            return
        said = ""
        if image.isNull():
            found = source_at(self._edit, frame)
            said = self.tr("Not found: {name}").replace("{name}", found[1] or found[0].media or "") if found else ""
        self.view.show_image(image, said)

    def _put_away(self) -> None:
        if self._transport:
            self._transport.stop()
        for each in (self._pictures, self._feed):
            if each is not None:
                each.close()
                self._gone.append(each)
        self._pictures = self._feed = None


def _finder(folder: Path) -> Callable[[str], Path | None]:
    """One for each thread; made when first asked."""
    from ....plugin.timeline.media_path import MediaFinder

    return MediaFinder(folder).find
