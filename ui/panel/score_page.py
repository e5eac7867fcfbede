"""What is asked of the whole score."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QGridLayout, QSpinBox, QWidget

from ..actions.boards import MOST_SEED
from ..actions.score_settings import RANGES
from ..state.panel import PackInfo
from . import words
from .desk import Desk, named
from .parts import Column, choose, label, line, push, row, tool

DEEPEST = 24.0  # dB that the control offers
COMPOSER_LICENCE = "Apache-2.0"


class ScorePage(Column):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.body.addWidget(label(self.tr("The whole score"), "title"))
        self._length = label("", "dim", wrap=True)
        self.body.addWidget(self._length)
        self.engine = named(
            QComboBox(), self.tr("Engine"), self.tr("What plays: the built-in composer, or a model from a pack")
        )
        self.pack = named(QComboBox(), self.tr("Pack"), self.tr("The model that the engine plays with"))
        self._pack_label = label(self.tr("Pack"))
        self._licence = label("", "dim", wrap=True)
        self.seed = named(
            QSpinBox(), self.tr("Seed of the score"), self.tr("Same seed and same plan give the same music")
        )
        self.seed.setRange(0, MOST_SEED)
        self.seed.setKeyboardTracking(False)
        self.seed.setMinimumWidth(96)
        self.again = tool(
            desk,
            "again",
            self.tr("Make all anew"),
            self.tr("Other music for every storyboard that is not locked"),
            self._anew,
        )
        self.loudness = self._decimal(
            "loudness", " LUFS", self.tr("Loudness"), self.tr("How loud the score is over its whole length")
        )
        self.peak = self._decimal(
            "peak", " dBTP", self.tr("True peak"), self.tr("No sample between samples rises above this")
        )
        self.ducking = QCheckBox(self.tr("by"))
        named(self.ducking, self.tr("Duck under dialogue"), self.tr("The music steps back while somebody speaks"))
        self.duck = named(
            QDoubleSpinBox(), self.tr("Depth of ducking"), self.tr("How far the music steps back under dialogue")
        )
        self.duck.setRange(1.0, DEEPEST)
        self.duck.setDecimals(0)
        self.duck.setSuffix(" dB")
        self.duck.setKeyboardTracking(False)
        self.slowest = self._bpm("slowest", self.tr("Slowest tempo"))
        self.fastest = self._bpm("fastest", self.tr("Fastest tempo"))
        self.markers = named(
            QComboBox(), self.tr("Markers to write"), self.tr("What is marked on the timeline beside the music")
        )
        self.stems = QCheckBox(self.tr("Stems beside the score"))
        named(self.stems, self.tr("Stems beside the score"), self.tr("Each group of instruments as a file of its own"))
        self.stem_tracks = QCheckBox(self.tr("A track for each stem"))
        named(
            self.stem_tracks,
            self.tr("A track for each stem"),
            self.tr("Write the stems, not their sum, to the timeline"),
        )
        self.plan = push(
            self.tr("Plan anew"),
            self.tr("Storyboards, hits and tempi afresh from the picture; what you changed can be undone back"),
            lambda: desk.attempt(desk.session.plan_anew),
        )

        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        rows: list[tuple[QWidget, tuple[QWidget, ...]]] = [
            (label(self.tr("Engine")), (self.engine,)),
            (self._pack_label, (self.pack,)),
            (label(self.tr("Licence")), (self._licence,)),
            (label(self.tr("Seed")), (self.seed, self.again)),
            (label(self.tr("Loudness")), (self.loudness,)),
            (label(self.tr("True peak")), (self.peak,)),
            (label(self.tr("Ducking")), (self.ducking, self.duck)),
            (label(self.tr("Tempi")), (self.slowest, label(self.tr("to")), self.fastest)),
            (label(self.tr("Markers")), (self.markers,)),
        ]
        for number, (name, controls) in enumerate(rows):
            grid.addWidget(name, number, 0)
            stretch = controls[0] in (self.engine, self.pack, self.markers, self._licence)
            grid.addLayout(row(*controls) if stretch else row(*controls, 1), number, 1)
        self.body.addLayout(grid)
        self.body.addWidget(self.stems)
        self.body.addWidget(self.stem_tracks)
        self.body.addWidget(line())
        self.body.addLayout(row(self.plan, 1))
        self.body.addStretch(1)

        self.engine.activated.connect(lambda _: self._set(engine=self.engine.currentData(), pack=""))
        self.pack.activated.connect(lambda _: self._set(pack=self.pack.currentData()))
        self.seed.valueChanged.connect(lambda value: self._set(seed=value))
        self.loudness.valueChanged.connect(lambda value: self._set(loudness=value))
        self.peak.valueChanged.connect(lambda value: self._set(peak=value))
        self.ducking.clicked.connect(lambda on: self._set(duck=self.duck.value() if on else None))
        self.duck.valueChanged.connect(lambda value: self._set(duck=value))
        self.slowest.valueChanged.connect(lambda value: self._set(slowest=float(value)))
        self.fastest.valueChanged.connect(lambda value: self._set(fastest=float(value)))
        self.markers.activated.connect(lambda _: self._set(markers=self.markers.currentData()))
        self.stems.clicked.connect(lambda on: self._set(stems=on))
        self.stem_tracks.clicked.connect(lambda on: self._set(stem_tracks=on))
        for part in ("score", "machine", "packs", "edit"):
            desk.watch(self, part, lambda _: self._show())
        desk.watch(self, "plan", lambda _: self._show())
        self._show()

    def _show(self) -> None:
        state, score = self._desk.state, self._desk.state.score
        engines = tuple(dict.fromkeys([*state.machine.engines, score.engine]))
        choose(self.engine, [(_engine(each), each) for each in engines], score.engine)
        packs = [pack for pack in state.packs if not pack.trouble and _fits(pack, score.engine)]
        with_pack = score.engine != "composer"
        choose(self.pack, [(self.tr("the newest"), ""), *((pack.name, pack.name) for pack in packs)], score.pack)
        self.pack.setVisible(with_pack)
        self._pack_label.setVisible(with_pack)
        self._licence.setText(self._licence_words(score.engine, score.pack, packs))
        boxes = (self.seed, self.loudness, self.peak, self.duck, self.slowest, self.fastest)
        for box in boxes:
            box.blockSignals(True)
        self.seed.setValue(score.seed)
        self.loudness.setValue(score.loudness)
        self.peak.setValue(score.peak)
        self.ducking.setChecked(score.duck is not None)
        self.duck.setEnabled(score.duck is not None)
        if score.duck is not None:
            self.duck.setValue(score.duck)
        self.slowest.setValue(round(score.slowest))
        self.fastest.setValue(round(score.fastest))
        for box in boxes:
            box.blockSignals(False)
        choose(
            self.markers,
            [(self.tr("None"), "none"), (self.tr("Storyboards"), "storyboards"), (self.tr("Beats"), "beats")],
            score.markers,
        )
        self.stems.setChecked(score.stems)
        self.stem_tracks.setChecked(score.stem_tracks)
        self.plan.setEnabled(state.edit is not None)
        self.again.setEnabled(state.plan is not None)
        seen = state.edit
        if seen:
            start, end = seen.picture
            length = words.clock(seen.edit.seconds(end - start))
            self._length.setText(
                self.tr("{time} of music: as long as the picture, to the frame").replace("{time}", length)
            )
        else:
            self._length.setText(self.tr("As long as the picture, to the frame"))

    def _licence_words(self, engine: str, pack: str, packs: list[PackInfo]) -> str:
        if engine == "composer":
            return self.tr("{id}: the music is yours").replace("{id}", COMPOSER_LICENCE)
        found = next((each for each in packs if each.name == pack), packs[0] if packs else None)
        if found is None:
            return self.tr("No pack for this engine is installed: settings, packs, add one")
        use = self.tr("commercial use allowed") if found.commercial else self.tr("no commercial use")
        return f"{found.licence}: {use}"

    def _set(self, **fields: object) -> None:
        if not self._desk.attempt(self._desk.actions.set_score, **fields):
            self._show()

    def _anew(self) -> None:
        if self._desk.attempt(self._desk.actions.regenerate):
            self._desk.attempt(self._desk.session.score)

    def _decimal(self, field: str, unit: str, name: str, tip: str) -> QDoubleSpinBox:
        box = named(QDoubleSpinBox(), name, tip)
        box.setRange(*RANGES[field][:2])
        box.setDecimals(1)
        box.setSingleStep(0.5 if field == "peak" else 1.0)
        box.setSuffix(unit)
        box.setKeyboardTracking(False)
        return box

    def _bpm(self, field: str, name: str) -> QSpinBox:
        box = named(QSpinBox(), name, self.tr("Counts when the edit is planned anew"))
        box.setRange(*(round(value) for value in RANGES[field][:2]))
        box.setSuffix(self.tr(" bpm"))
        box.setKeyboardTracking(False)
        return box


def _engine(name: str) -> str:
    return {
        "composer": words.tr("Composer (built in)"),
        "diffv2m": "Diff-V2M",
        "vem": "VeM",
        "vidmusician": "VidMusician",
    }.get(name, name)


def _fits(pack: PackInfo, engine: str) -> bool:
    return pack.family == engine or pack.family.startswith(engine)
