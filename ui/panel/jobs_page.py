"""The queue: what is being done, how far it is, and what went wrong."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from ..state.panel import Job
from . import words
from .desk import Desk
from .parts import Column, copy, label, push, row, scrolled, tool


class JobsPage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._rows: dict[int, JobRow] = {}
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 8, 8, 0)
        self.cancel_all = push(
            self.tr("Cancel all"),
            self.tr("Stop what runs and forget what waits; no take is lost"),
            lambda: desk.attempt(desk.session.cancel_all),
        )
        self.clear = push(
            self.tr("Clear"), self.tr("Take what is over off this list"), lambda: desk.attempt(desk.session.clear_jobs)
        )
        self._words = label("", "dim")
        whole.addLayout(row(self._words, 1, self.cancel_all, self.clear))
        self._column = Column(0, 6)
        self._column.body.addStretch(1)
        whole.addWidget(scrolled(self._column, self.tr("Jobs")))
        desk.watch(self, "jobs", self._show)
        self._show(desk.state.jobs)

    def row(self, id: int) -> JobRow:
        return self._rows[id]

    def _show(self, all_jobs: tuple[Job, ...]) -> None:
        jobs = [job for job in all_jobs if job.shown]
        there = {job.id for job in jobs}
        for id in [id for id in self._rows if id not in there]:
            self._rows.pop(id).deleteLater()
        for job in jobs:
            if job.id not in self._rows:
                self._rows[job.id] = JobRow(self._desk, job.id)
                self._column.body.insertWidget(0, self._rows[job.id])
            self._rows[job.id].show_job(job)
        active = sum(job.active for job in jobs)
        self.cancel_all.setEnabled(active > 0)
        self.clear.setEnabled(len(jobs) > active)
        self._words.setText(words.count(active, "job") if active else self.tr("Nothing to do"))


class JobRow(QFrame):
    def __init__(self, desk: Desk, id: int) -> None:
        super().__init__()
        self.setObjectName("card")
        self._desk, self._id, self._job = desk, id, Job(id, "open", "")
        self._title = label("", "title", wrap=True)
        self._state = label("", "dim")
        self._stage = label("", "dim", wrap=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._sentence = label("", "bad", wrap=True)
        self.cancel = tool(desk, "close", self.tr("Cancel"), self.tr("Stop this job; nothing that was made is lost"),
                           lambda: desk.attempt(desk.session.cancel, id), flat=True)  # fmt: skip
        self.again = push(
            self.tr("Try again"), self.tr("Ask for the same once more"), lambda: desk.attempt(desk.session.retry, id)
        )
        self.copy = push(self.tr("Copy details"), self.tr("What happened, for who mends it"), self._copy)
        body = QVBoxLayout(self)
        body.setContentsMargins(9, 6, 6, 8)
        body.setSpacing(4)
        top = row(self._title, self._state, self.cancel)
        top.setStretch(0, 1)
        body.addLayout(top)
        body.addWidget(self._bar)
        body.addWidget(self._stage)
        body.addWidget(self._sentence)
        self._buttons = QWidget()
        self._buttons.setLayout(row(self.again, self.copy, 1))
        body.addWidget(self._buttons)

    def show_job(self, job: Job) -> None:
        self._job = job
        self._title.setText(job.title)
        self._state.setText(self._state_words(job))
        self._state.setProperty("role", {"done": "good", "failed": "bad"}.get(job.state, "dim"))
        self._state.style().polish(self._state)
        self._bar.setVisible(job.state == "running")
        self._bar.setValue(round(job.fraction * 1000))
        self._bar.setAccessibleName(self.tr("Progress of {title}").replace("{title}", job.title))
        stage = job.stage if job.state == "running" else ""
        if stage and job.seconds_left is not None:
            stage = f"{stage}  ·  {words.left(job.seconds_left)}"
        self._stage.setText(stage)
        self._stage.setVisible(bool(stage))
        self._sentence.setText(job.sentence)
        self._sentence.setVisible(bool(job.sentence) and job.state == "failed")
        self.cancel.setVisible(job.active)
        self.again.setVisible(job.state in ("failed", "cancelled"))
        self.copy.setVisible(job.state == "failed")
        self._buttons.setVisible(job.state in ("failed", "cancelled"))
        self.setAccessibleName(f"{job.title}, {self._state.text()}")

    def _state_words(self, job: Job) -> str:
        if job.state == "running":
            return f"{round(job.fraction * 100)} %"
        if job.state == "done":
            return f"{self.tr('done')}, {words.clock(job.seconds)}" if job.seconds >= 1 else self.tr("done")
        return {"queued": self.tr("waiting"), "failed": self.tr("failed"), "cancelled": self.tr("cancelled")}[job.state]

    def _copy(self) -> None:
        copy("\n".join(part for part in (f"{self._job.title}: {self._job.sentence}", self._job.details) if part))
        self._desk.say(self.tr("The details are on the clipboard."))
