"""The panel's window: what it consists of, and how it is laid out at each width."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QStandardPaths, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..state.edit import SeenEdit
from ..state.panel import Geometry, Panel, Reading
from . import commands, keep, words
from .board_page import BoardPage
from .desk import Desk, named
from .first_page import FirstPage
from .jobs_page import JobsPage
from .keys_overlay import KeysOverlay
from .messages import HostBar, MessageBar, MissingBar, UnkeptBar, WorkBar
from .parts import Elided, label, scrolled, tool
from .play import speaker
from .play.player import Device, Player
from .reading_dialog import ReadingDialog
from .score_page import ScorePage
from .settings_dialog import SettingsDialog
from .strip.pane import StripPane
from .strip.strip import Strip
from .takes_page import TakesPage
from .write_dialog import WriteDialog, ask_to_write

Form = Literal["narrow", "middle", "wide"]
PageName = Literal["play", "board", "score", "takes", "jobs"]
MIDDLE, WIDE = 700, 1240  # widths from which the form is another
LEAST = (400, 480)
STRIP_ROOM = 320  # pixels in which no lane of the strip is cramped
LEFT: dict[Form, tuple[PageName, ...]] = {  # the pages in the first row of tabs
    "narrow": ("play", "board", "score", "takes", "jobs"),
    "middle": ("board", "score", "takes", "jobs"),
    "wide": ("board", "score"),
}
RIGHT: tuple[PageName, ...] = ("takes", "jobs")  # and in the second, where there is one
MISSING = re.compile(r"\d+ of \d+ media not found")  # which the bar of missing media says already
EDITS = "*.otio *.otioz *.otiod *.xml *.fcpxml *.fcpxmld *.kdenlive *.mlt *.aaf *.edl"


class Window(QMainWindow):
    desk: Desk
    player: Player
    strip: Strip

    def __init__(self, desk: Desk, *, settings_file: Path | None = None, find_device: Device = speaker.device) -> None:
        super().__init__()
        self.desk = desk
        self._settings_file = settings_file
        self._form: Form | None = None
        self._closed = self._looked = False
        self._warned: tuple[str, ...] = ()
        self.setWindowTitle("Hitpoint")
        self.setMinimumWidth(LEAST[0])  # its height is what the lanes and controls need
        self.setAcceptDrops(True)
        self.player = Player(desk, find_device)
        self.board_page, self.score_page = BoardPage(desk), ScorePage(desk)
        self.takes_page, self.jobs_page = TakesPage(desk), JobsPage(desk)
        self.pane = StripPane(desk)
        self.strip = self.pane.strip
        self.first = FirstPage(desk, self.ask_to_open, self.open, self.load_demo)
        self._pages: dict[PageName, tuple[QWidget, str]] = {
            "play": (self.player, self.tr("Play")),
            "board": (scrolled(self.board_page, self.tr("Storyboard")), self.tr("Storyboard")),
            "score": (scrolled(self.score_page, self.tr("Score")), self.tr("Score")),
            "takes": (self.takes_page, self.tr("Takes")),
            "jobs": (self.jobs_page, self.tr("Jobs")),
        }
        self._left, self._right = _tabs(self.tr("What to shape")), _tabs(self.tr("Takes and jobs"))
        self._player_room = QWidget()
        self._player_room.setObjectName("panel")
        QVBoxLayout(self._player_room).setContentsMargins(0, 0, 0, 0)
        self._upper = QSplitter(Qt.Orientation.Horizontal)
        for each in (self._player_room, self._left, self._right):
            self._upper.addWidget(each)
        self._work = QSplitter(Qt.Orientation.Vertical)
        self._work.addWidget(self._upper)
        self._work.addWidget(self.pane)
        for splitter in (self._upper, self._work):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(6)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.first)
        self._stack.addWidget(self._work)
        self.messages, self.working = MessageBar(desk), WorkBar(desk)
        self.host = HostBar(desk, self.open_again, self.open_host)
        self.missing, self.unkept = MissingBar(desk, self.look_in), UnkeptBar(desk, self.open_again)
        ground = QWidget()
        ground.setObjectName("ground")
        ground.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QVBoxLayout(ground)
        body.setContentsMargins(8, 6, 8, 8)
        body.setSpacing(6)
        body.addLayout(self._toolbar())
        body.addWidget(self.working)
        body.addWidget(self.messages)
        body.addWidget(self.host)
        body.addWidget(self.unkept)
        body.addWidget(self.missing)
        body.addWidget(self._stack, 1)
        self.setCentralWidget(ground)
        self.keys = KeysOverlay(desk, ground)
        for command in commands.COMMANDS:
            for key in command.keys:
                if "Ctrl+" in key or key in ("F1", "F2"):
                    shortcut = QShortcut(QKeySequence(key), self)
                    shortcut.activated.connect(lambda command=command: command.do(self))
        self._keep_timer = QTimer(self)
        self._keep_timer.setSingleShot(True)
        self._keep_timer.setInterval(600)
        self._keep_timer.timeout.connect(self._keep)
        desk.watch(self, "edit", lambda _: self._show(desk.state))
        desk.watch(self, "edit", self._warn)
        desk.watch(self, "plan", lambda _: self._planned())
        desk.watch(self, "takes", lambda _: self._show(desk.state))
        desk.watch(self, "current", lambda _: self._show(desk.state))
        desk.watch(self, "settings", lambda _: self._keep_timer.start())
        desk.watch(self, "view.playhead", self._follow)
        desk.actions.stack.indexChanged.connect(self._stepped)
        self._restore()
        self._arrange()
        self._show(desk.state)
        (self.strip if desk.state.edit else self.first.demo).setFocus()

    # What can be asked

    def open(self, path: str, **more: Any) -> None:
        """`more` is the session's: rate, timeline, media_roots."""
        self.player.stop()
        self.desk.attempt(self.desk.session.open, path, **more)
        self.desk.store.set("settings.started", True)

    def open_host(self, name: str, file: str = "") -> None:
        if self.desk.state.host is None:
            self.host.asked(name, file)
        self.desk.attempt(self.desk.session.open_host, name, file)
        self.desk.store.set("settings.started", True)

    def open_again(self, reading: Reading | None = None) -> None:
        """Reads the edit once more, the same way or another."""
        self.player.stop()
        self.desk.attempt(self.desk.session.open_again, *([reading] if reading else []))

    def look_in(self, folder: str) -> None:
        """Reads the edit once more, its media looked for in a folder too."""
        self.player.stop()
        self.desk.attempt(self.desk.session.look_in, folder)

    def ask_how_to_read(self) -> ReadingDialog | None:
        if self.desk.state.edit is None:
            self.desk.say(self.tr("Open an edit first."))
            return None
        dialog = ReadingDialog(self.desk, self.open_again, self)
        dialog.open()
        return dialog

    def ask_to_open(self) -> None:
        recent = self.desk.state.settings.recent
        folder = str(Path(recent[0]).parent) if recent else ""
        said = self.tr("Edits ({kinds});;All files (*)").replace("{kinds}", EDITS)
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Open an edit"), folder, said)
        if path:
            self.open(path)

    def load_demo(self) -> None:
        movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
        self.desk.attempt(self.desk.session.demo, str(Path(movies or Path.home()) / "Hitpoint demo"))
        self.desk.store.set("settings.started", True)

    def ask_to_write(self) -> WriteDialog | None:
        return ask_to_write(self.desk, self.desk.state.current, self)

    def show_settings(self) -> SettingsDialog:
        dialog = SettingsDialog(self.desk, self)
        dialog.open()
        return dialog

    def show_keys(self) -> None:
        self.keys.open()

    def go(self, frame: int) -> None:
        """Moves the playhead, and the strip with it."""
        self.strip.seek(frame)
        self.strip.look(self.strip.axis.showing(self.desk.state.view.playhead))

    def go_to_page(self, name: PageName) -> None:
        page = self._pages[name][0]
        for tabs in (self._left, self._right):
            if tabs.indexOf(page) >= 0:
                tabs.setCurrentWidget(page)
        if name == "takes" and self.takes_page.focus_first():
            return
        target = page.focusProxy() or _first_control(page)
        if target:
            target.setFocus(Qt.FocusReason.TabFocusReason)

    def stay_on_top(self, on: bool) -> None:
        self.desk.store.set("settings.geometry.on_top", on)
        self.on_top.setChecked(on)
        shown = self.isVisible()
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, on)
        if shown:
            self.show()

    def escape(self) -> None:
        running = [job.id for job in self.desk.state.jobs if job.active]
        if running:
            self.desk.session.cancel(running[0])
        else:
            self.desk.select_nothing()

    # Events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What no control wanted: the single keys."""
        command = commands.pressed(event.key(), event.text(), event.modifiers())
        if command is not None and not self.keys.isVisible():
            command.do(self)
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self._moved()

    def moveEvent(self, event: object) -> None:
        del event
        self._moved()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            self.open(files[0])

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closed:
            self._closed = True
            self.desk.actions.stack.indexChanged.disconnect(self._stepped)
        self.player.close_down()
        self.strip.stop()
        self.desk.session.close()
        self._keep_timer.stop()
        self._keep()
        super().closeEvent(event)

    # How it looks

    def _toolbar(self) -> QHBoxLayout:
        desk = self.desk
        self.open_button = tool(
            desk, "open", self.tr("Open"), self.tr("Open an edit (Ctrl+O)"), self.ask_to_open, flat=True
        )
        self.open_menu = QMenu(self.open_button)
        for name in ("open", "read"):
            command = commands.by_name(name)
            action = self.open_menu.addAction(command.said() + " …")
            action.triggered.connect(lambda *_, command=command: command.do(self))
        self.open_button.setMenu(self.open_menu)
        self.open_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._name = Elided("title", tip=False)
        self._facts = label("", "dim")
        self.undo = tool(desk, "undo", self.tr("Undo"), self.tr("Undo (Ctrl+Z)"), desk.actions.undo, flat=True)
        self.redo = tool(desk, "redo", self.tr("Redo"), self.tr("Redo (Ctrl+Shift+Z)"), desk.actions.redo, flat=True)
        self.score = named(
            QToolButton(), self.tr("Score"), self.tr("Plays the plan and keeps it as a new take (Ctrl+Return)")
        )
        self.score.setText(self.tr("Score"))
        desk.theme.wear(self.score, "score", "on_accent")
        self.score.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.score.setProperty("primary", True)
        self.score.setProperty("worded", True)
        self.score.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.score.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.score.clicked.connect(lambda: commands.by_name("score").do(self))
        self.score_menu = QMenu(self.score)
        for name in ("rehearse", "regenerate"):
            command = commands.by_name(name)
            action = self.score_menu.addAction(command.said())
            action.triggered.connect(lambda *_, command=command: command.do(self))
        self.score.setMenu(self.score_menu)
        self.write = tool(desk, "write", self.tr("Write to timeline"), self.tr("Put the current take on the timeline's music track (Ctrl+W)"), self.ask_to_write)  # fmt: skip
        self.write.setText(self.tr("Write"))
        self.write.setProperty("worded", True)
        self.on_top = tool(
            desk,
            "on_top",
            self.tr("Stay on top"),
            self.tr("Stay above other windows (Ctrl+T)"),
            flat=True,
            checkable=True,
        )
        self.on_top.clicked.connect(lambda on: self.stay_on_top(on))
        self.settings_button = tool(
            desk, "settings", self.tr("Settings"), self.tr("Settings (Ctrl+,)"), self.show_settings, flat=True
        )
        self.help_button = tool(desk, "help", self.tr("The keys"), self.tr("The keys (?)"), self.show_keys, flat=True)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        for each in (self.open_button, self._name, self._facts, self.undo, self.redo, self.score, self.write, self.on_top,
                     self.settings_button, self.help_button):  # fmt: skip
            bar.addWidget(each, 1 if each is self._name else 0)
        return bar

    def _planned(self) -> None:
        """Once there is something to shape, what it can be shaped with is looked up."""
        if not self._looked and self.desk.state.plan:
            self._looked = True
            self.desk.session.list_packs()
            self.desk.session.examine()
        self._show(self.desk.state)

    def _warn(self, seen: SeenEdit | None) -> None:
        """What reading an edit and its media left to say, in one line; all of it can be copied. Missing media have a bar."""
        said = tuple(each for each in seen.warnings if not MISSING.match(each)) if seen and seen.parsed else ()
        if said and said != self._warned:
            more = self.tr(" (and {n} more)").replace("{n}", str(len(said) - 1)) if len(said) > 1 else ""
            self.desk.say(said[0] + more, "warning", "\n".join(said))
        self._warned = said

    def _stepped(self, _: int) -> None:
        self._show(self.desk.state)

    def _show(self, state: Panel) -> None:
        seen = state.edit
        if (self._stack.currentWidget() is self._work) is not (seen is not None):
            self._stack.setCurrentWidget(self._work if seen else self.first)
            (self.strip if seen else self.first.demo).setFocus()
        called = state.host.timeline if state.host else Path(seen.path).name if seen else "Hitpoint"
        self._name.say(called)
        self._name.setToolTip(seen.path if seen else "")
        self._facts.setText(words.edit_facts(seen.edit) if seen else "")
        self._facts.setVisible(seen is not None and self.width() >= MIDDLE)
        self.setWindowTitle(f"{seen.edit.name or Path(seen.path).name} – Hitpoint" if seen else "Hitpoint")
        self.score.setEnabled(state.plan is not None)
        self.write.setEnabled(state.take(state.current) is not None)
        stack = self.desk.actions.stack
        self.undo.setEnabled(stack.canUndo())
        self.redo.setEnabled(stack.canRedo())
        self.undo.setToolTip(
            self.tr("Undo: {what} (Ctrl+Z)").replace("{what}", stack.undoText())
            if stack.canUndo()
            else self.tr("Undo (Ctrl+Z)")
        )
        self.redo.setToolTip(
            self.tr("Redo: {what} (Ctrl+Shift+Z)").replace("{what}", stack.redoText())
            if stack.canRedo()
            else self.tr("Redo (Ctrl+Shift+Z)")
        )
        self.on_top.setChecked(state.settings.geometry.on_top)

    def _arrange(self) -> None:
        """One of three forms, by the window's width."""
        width = self.width()
        self._facts.setVisible(width >= MIDDLE and self.desk.state.edit is not None)
        self.write.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon if width >= MIDDLE else Qt.ToolButtonStyle.ToolButtonIconOnly
        )
        mode = QToolButton.ToolButtonPopupMode  # held down, it opens where the name needs the arrow's room
        self.open_button.setPopupMode(mode.DelayedPopup if width < MIDDLE else mode.MenuButtonPopup)
        self.open_button.style().polish(self.open_button)
        form: Form = "narrow" if width < MIDDLE else "middle" if width < WIDE else "wide"
        if form == self._form:
            return
        held = {tabs: tabs.currentWidget() for tabs in (self._left, self._right)}
        self._form = form
        left = LEFT[form]
        for tabs in (self._left, self._right):
            tabs.clear()
        self._left.tabBar().setProperty("slim", form == "narrow")  # before there are tabs: each is measured once
        self._left.tabBar().style().polish(self._left.tabBar())
        layout = self._player_room.layout()
        if layout and "play" not in left:
            layout.addWidget(self.player)
            self.player.show()
        for name in left:
            self._left.addTab(*self._pages[name])
        for name in RIGHT:
            if form == "wide":
                self._right.addTab(*self._pages[name])
        self._player_room.setVisible(form != "narrow")
        self._right.setVisible(form == "wide")
        for tabs, page in held.items():
            if page is not None and tabs.indexOf(page) >= 0:
                tabs.setCurrentWidget(page)
        self._work.insertWidget(0, self.pane if form == "narrow" else self._upper)
        height = max(400, self.height() - 60)
        part = 0.46 if form == "narrow" else 0.56
        below = max(height * (1 - part), min(STRIP_ROOM, height * 0.55)) if form != "narrow" else height * (1 - part)
        self._work.setSizes([round(height - below), round(below)])
        whole = max(1, width - 30)
        self._upper.setSizes([round(whole * 0.44), round(whole * 0.56), 0] if form == "middle" else
                             [round(whole * 0.44), round(whole * 0.28), round(whole * 0.28)])  # fmt: skip

    def _follow(self, frame: int) -> None:
        """While it plays, the strip turns over to where the playhead is."""
        if self.player.playing:
            axis = self.strip.axis
            if not axis.first <= frame <= axis.first + axis.span:
                self.strip.look(axis.showing(frame, 0.05))

    # What is kept

    def _restore(self) -> None:
        geometry = self.desk.state.settings.geometry
        self.resize(max(LEAST[0], geometry.width), max(LEAST[1], geometry.height))
        if (
            geometry.x is not None
            and geometry.y is not None
            and self.screen().availableGeometry().contains(geometry.x + 40, geometry.y + 10)
        ):
            self.move(geometry.x, geometry.y)
        if geometry.on_top:
            self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, True)

    def _moved(self) -> None:
        if self.isVisible() and not self.isMaximized() and not self.isFullScreen():
            now = self.desk.state.settings.geometry
            here = Geometry(self.x(), self.y(), self.width(), self.height(), now.on_top)
            self.desk.store.set("settings.geometry", here)

    def _keep(self) -> None:
        if self._settings_file:
            keep.save(self._settings_file, self.desk.state.settings)


def _tabs(name: str) -> QTabWidget:
    tabs = QTabWidget()
    tabs.setDocumentMode(False)
    tabs.setObjectName("panel")
    tabs.setAccessibleName(name)
    tabs.tabBar().setExpanding(False)
    tabs.tabBar().setUsesScrollButtons(True)
    tabs.setMinimumWidth(220)
    return tabs


def _first_control(page: QWidget) -> QWidget | None:
    for each in page.findChildren(QWidget):
        if each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.isVisible() and each.isEnabled():
            return each
    return None
