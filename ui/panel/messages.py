"""The line that says what a person should know, and the line that says what is being done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFileDialog, QFrame, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ..state.edit import SeenEdit
from ..state.panel import HostInfo, Job, Message
from . import words
from .desk import Desk
from .parts import Elided, copy, label, push, row, tool


class MessageBar(QFrame):
    """The newest message; when it is dismissed, the one before it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("message")
        self._desk = desk
        self._text = label("", wrap=True)
        self._more = label("", "dim")
        self.copy = tool(
            desk,
            "copy",
            self.tr("Copy details"),
            self.tr("Copy what happened, for who mends it"),
            self._copy,
            flat=True,
        )
        self.close_button = tool(
            desk, "close", self.tr("Dismiss"), self.tr("Dismiss this message"), self._dismiss, flat=True
        )
        line = row(self._text, self._more, self.copy, self.close_button)
        line.setStretch(0, 1)
        line.setContentsMargins(8, 2, 2, 2)
        self.setLayout(line)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        desk.watch(self, "messages", self._show)
        self._show(desk.state.messages)

    def _show(self, messages: tuple[Message, ...]) -> None:
        self.setVisible(bool(messages))
        if not messages:
            return
        last = messages[-1]
        if self.property("kind") != last.kind:
            self.setProperty("kind", last.kind)
            self.style().polish(self)
        lead = {"note": "", "warning": "", "error": self.tr("Failed: ")}[last.kind]
        self._text.setText(lead + last.text)
        self._text.setAccessibleName(last.text)
        self._more.setText(f"+{len(messages) - 1}" if len(messages) > 1 else "")
        self._more.setToolTip("\n".join(message.text for message in messages[-6:-1]))
        self.copy.setVisible(bool(last.details))

    def _copy(self) -> None:
        for last in self._desk.state.messages[-1:]:
            copy(f"{last.text}\n{last.details}")

    def _dismiss(self) -> None:
        if self._desk.state.messages:
            self._desk.session.dismiss(self._desk.state.messages[-1].id)


class _RemedyBar(QFrame):
    """A sentence, and a button that does something about it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("message")
        self._text = label("", wrap=True)

    def _lay(self, kind: str, button: QPushButton) -> None:
        self.setProperty("kind", kind)
        line = row(self._text, button)
        line.setStretch(0, 1)
        line.setContentsMargins(8, 4, 4, 4)
        self.setLayout(line)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)


class MissingBar(_RemedyBar):
    """Which media were not found, and a way to say where they are; not there while none is missing."""

    def __init__(self, desk: Desk, reopen: Callable[[str], object]) -> None:
        super().__init__()
        self._desk, self._reopen = desk, reopen
        self.look = push(
            self.tr("Look in a folder …"),
            self.tr("Reads the edit again, and looks for its media in there too"),
            self._ask,
        )
        self._lay("warning", self.look)
        desk.watch(self, "edit", self._show)
        self._show(desk.state.edit)

    def _show(self, seen: SeenEdit | None) -> None:
        missing = seen.missing() if seen else ()
        self.setVisible(bool(missing))
        if missing:
            names = [name.replace("\\", "/").rsplit("/", 1)[-1] for name in missing[:3]]
            said = words.count(len(missing), "missing")
            more = " …" if len(missing) > 3 else ""
            self._text.setText(f"{said}: {', '.join(names)}{more}")
            self._text.setToolTip("\n".join(missing[:40]))

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Where are the media?"))
        if folder:
            self._reopen(folder)


class UnkeptBar(_RemedyBar):
    """Why nothing that is done to this edit is kept, and a way to try again; not there while all of it is."""

    def __init__(self, desk: Desk, again: Callable[[], object]) -> None:
        super().__init__()
        self.again = push(
            self.tr("Open it again"), self.tr("Reads the edit and what was kept of it once more"), lambda: again()
        )
        self._lay("error", self.again)
        desk.watch(self, "unkept", self._show)
        self._show(desk.state.unkept)

    def _show(self, why: str) -> None:
        self.setVisible(bool(why))
        said = self.tr("Changes are not kept: {why}").replace("{why}", why)
        self._text.setText(said)
        self._text.setAccessibleName(said)


class HostBar(QWidget):
    """Which video editor is followed, and what it cannot do; not there where edits come as files. `reach` is called to
    try once more where it was not reached, `again` to read its timeline once more.
    """

    def __init__(self, desk: Desk, again: Callable[[], object], reach: Callable[[str, str], object]) -> None:
        super().__init__()
        self._asked: tuple[str, str] | None = None
        self._words = Elided("dim")

        def read() -> None:
            if desk.state.host is None and self._asked:
                reach(*self._asked)
            else:
                again()

        self.again = push(
            self.tr("Read again"), self.tr("Reads the timeline as the editor has it now; takes stay"), read
        )
        line = row(self._words, self.again)
        line.setStretch(0, 1)
        line.setContentsMargins(8, 0, 0, 0)
        self.setLayout(line)
        desk.watch(self, "host", self._show)
        self._show(desk.state.host)

    def asked(self, name: str, file: str) -> None:
        """Which one is to be reached."""
        self._asked = (name, file)
        self._show(None)

    def _show(self, host: HostInfo | None) -> None:
        self.setVisible(host is not None or self._asked is not None)
        if host is None:
            self._words.say(self.tr("{editor} is not reached yet").replace("{editor}", (self._asked or ("", ""))[0]))
            return
        said = self.tr("In {editor}: {timeline}").replace("{editor}", f"{host.title} {host.version}".strip())
        said = said.replace("{timeline}", host.timeline)
        if host.cannot:
            more = "; ".join(dict.fromkeys(words for _, words in host.cannot))
            said += self.tr("  ·  What it cannot: {more}").replace("{more}", more)
        self._words.say(said)
        self._words.setAccessibleName(said)


class WorkBar(QWidget):
    """What runs now, how far it is, and a way to stop it; not there while nothing runs."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._job = 0
        self._words = Elided()
        self._left = label("", "dim")
        self.cancel = tool(
            desk,
            "close",
            self.tr("Cancel what runs"),
            self.tr("Stop this job (Esc); nothing that was made is lost"),
            self._cancel,
            flat=True,
        )
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName(self.tr("Progress"))
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(2)
        line = row(self._words, self._left, self.cancel)
        line.setStretch(0, 1)
        body.addLayout(line)
        body.addWidget(self._bar)
        desk.watch(self, "jobs", self._show)
        self._show(desk.state.jobs)

    def _cancel(self) -> None:
        if self._job:
            self._desk.attempt(self._desk.session.cancel, self._job)

    def _show(self, jobs: tuple[Job, ...]) -> None:
        active = [job for job in jobs if job.active and job.shown]
        running = next((job for job in active if job.state == "running"), active[0] if active else None)
        self.setVisible(running is not None)
        self._job = running.id if running else 0
        if running is None:
            return
        more = f"  (+{len(active) - 1})" if len(active) > 1 else ""
        stage = f": {running.stage}" if running.stage else ""
        self._words.say(running.title + stage + more)
        self._left.setText(words.left(running.seconds_left) if running.seconds_left is not None else "")
        self._bar.setValue(round(running.fraction * 1000))
