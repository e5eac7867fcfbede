"""Settings for all edits: engine and device, markers and words, packs, what this machine has."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..state.panel import Machine, PackInfo
from . import words
from .desk import Desk, named
from .parts import Column, choose, label, push, row, scrolled
from .words import QT_TRANSLATE_NOOP

GIGABYTE = 2**30
_LISTS = (
    ("hit_words", QT_TRANSLATE_NOOP("Panel", "Words for a hit"), QT_TRANSLATE_NOOP("Panel", "sync, beat")), ("storyboard_words", QT_TRANSLATE_NOOP("Panel", "Words for a storyboard"), QT_TRANSLATE_NOOP("Panel", "scene, act")),
    ("silence_words", QT_TRANSLATE_NOOP("Panel", "Words for silence"), QT_TRANSLATE_NOOP("Panel", "no music, dry")), ("hit_colours", QT_TRANSLATE_NOOP("Panel", "Colours of hits"), QT_TRANSLATE_NOOP("Panel", "RED, ORANGE")),
    ("storyboard_colours", QT_TRANSLATE_NOOP("Panel", "Colours of storyboards"), QT_TRANSLATE_NOOP("Panel", "PURPLE")), ("silence_colours", QT_TRANSLATE_NOOP("Panel", "Colours of silences"), QT_TRANSLATE_NOOP("Panel", "BLACK")),
)  # fmt: skip


class SettingsDialog(QDialog):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        self.tabs = QTabWidget()
        for page, name in (
            (self._general(), self.tr("General")), (self._markers(), self.tr("Markers")),
            (PacksPage(desk), self.tr("Packs")), (MachinePage(desk), self.tr("Machine")),
        ):  # fmt: skip
            self.tabs.addTab(page, name)
        self.close_button = push(self.tr("Close"), self.tr("Settings count at once"), self.accept)
        body = QVBoxLayout(self)
        body.addWidget(self.tabs, 1)
        body.addLayout(row(1, self.close_button))
        self.resize(
            max(320, min(560, parent.width() - 16)) if parent else 560,
            min(520, max(360, parent.height() - 60)) if parent else 520,
        )
        desk.session.examine()
        desk.session.list_packs()

    def _general(self) -> QWidget:
        desk, settings = self._desk, self._desk.state.settings
        page = Column(12, 9)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(9)
        self.theme = named(QComboBox(), self.tr("Theme"), self.tr("Dark, light, or as the system has it"))
        choose(
            self.theme,
            [(self.tr("As the system"), "system"), (self.tr("Dark"), "dark"), (self.tr("Light"), "light")],
            settings.theme,
        )
        self.theme.activated.connect(lambda _: self._themed(self.theme.currentData()))
        self.device = named(
            QComboBox(), self.tr("Device"), self.tr("What runs models from packs; the composer needs none")
        )
        self.device.activated.connect(lambda _: desk.store.set("settings.device", self.device.currentData()))
        self._device_words = label("", "dim", wrap=True)
        self.engine = named(
            QComboBox(), self.tr("Engine for new edits"), self.tr("What plays where an edit says nothing else")
        )
        self.engine.activated.connect(lambda _: desk.store.set("settings.engine", self.engine.currentData()))
        self.cache = self._gigabytes(
            "cache_bytes",
            self.tr("Cache of small pictures"),
            self.tr("What was seen of media is kept up to this size, so that opening again is quick"),
        )
        self.takes_bytes = self._gigabytes(
            "takes_bytes", self.tr("Takes of an edit, at most"), self.tr("Older takes without stars go first")
        )
        self.takes_kept = named(
            QSpinBox(), self.tr("Number of takes kept"), self.tr("Older takes without stars go first")
        )
        self.takes_kept.setRange(2, 99)
        self.takes_kept.setValue(settings.takes_kept)
        self.takes_kept.valueChanged.connect(lambda n: desk.store.set("settings.takes_kept", n))
        rows: tuple[tuple[str, QWidget], ...] = (
            (self.tr("Theme"), self.theme), (self.tr("Engine"), self.engine), (self.tr("Device"), self.device), ("", self._device_words),
            (self.tr("Picture cache"), self.cache), (self.tr("Takes, size"), self.takes_bytes), (self.tr("Takes, number"), self.takes_kept),
        )  # fmt: skip
        for number, (name, control) in enumerate(rows):
            grid.addWidget(label(name), number, 0)
            grid.addWidget(control, number, 1)
        page.body.addLayout(grid)
        page.body.addStretch(1)
        desk.watch(self, "machine", self._show_machine)
        self._show_machine(desk.state.machine)
        return scrolled(page, self.tr("General"))

    def _markers(self) -> QWidget:
        page = Column(12, 8)
        text = self.tr(
            "A marker counts by the word its name starts with, or by its colour, as your editor names it. The words hit, storyboard: NAME and silence always count. Separate several by commas."
        )
        page.body.addWidget(label(text, "dim", wrap=True))
        for field, name, example in _LISTS:
            edit = named(QLineEdit(", ".join(getattr(self._desk.state.settings, field))), words.tr(name))
            edit.setToolTip(self.tr("Counts when the edit is planned anew"))
            edit.setPlaceholderText(words.tr(example))
            edit.editingFinished.connect(lambda field=field, edit=edit: self._listed(field, edit))
            page.body.addWidget(label(words.tr(name)))
            page.body.addWidget(edit)
        page.body.addStretch(1)
        return scrolled(page, self.tr("Markers"))

    def _listed(self, field: str, edit: QLineEdit) -> None:
        said = tuple(dict.fromkeys(word.strip() for word in edit.text().split(",") if word.strip()))
        if field.endswith("colours"):
            said = tuple(word.upper() for word in said)
        self._desk.store.set(f"settings.{field}", said)

    def _themed(self, theme: str) -> None:
        self._desk.store.set("settings.theme", theme)
        self._desk.theme.want(theme)

    def _show_machine(self, machine: Machine) -> None:
        settings = self._desk.state.settings
        choose(
            self.device, [(each, each) for each in dict.fromkeys([*machine.devices, settings.device])], settings.device
        )
        choose(
            self.engine, [(each, each) for each in dict.fromkeys([*machine.engines, settings.engine])], settings.engine
        )
        self._device_words.setText(machine.device_words)

    def _gigabytes(self, field: str, name: str, tip: str) -> QDoubleSpinBox:
        box = named(QDoubleSpinBox(), name, tip)
        box.setRange(0.1, 500.0)
        box.setDecimals(1)
        box.setSingleStep(0.5)
        box.setSuffix(" GB")
        box.setValue(getattr(self._desk.state.settings, field) / GIGABYTE)
        box.valueChanged.connect(lambda n: self._desk.store.set(f"settings.{field}", round(n * GIGABYTE)))
        return box


class PacksPage(QWidget):
    """The packs that are installed; one can be verified, removed, or added from a file."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.add = push(
            self.tr("Add from a file …"),
            self.tr("Installs a pack: ONNX graphs with their licence, checked before they are taken"),
            self._add,
        )
        self._column = Column(8, 6)
        whole = QVBoxLayout(self)
        whole.addLayout(row(label(self.tr("Installed packs"), "title"), 1, self.add))
        whole.addWidget(scrolled(self._column, self.tr("Installed packs")), 1)
        desk.watch(self, "packs", self._show)
        self._show(desk.state.packs)

    def _show(self, packs: tuple[PackInfo, ...]) -> None:
        while (item := self._column.body.takeAt(0)) is not None:
            widget = item.widget()
            if widget:
                widget.hide()
                widget.deleteLater()
        for pack in packs:
            self._column.body.addWidget(self._card(pack))
        if not packs:
            self._column.body.addWidget(
                label(self.tr("None yet. The composer needs none; models come as packs."), "dim", wrap=True)
            )
        self._column.body.addStretch(1)

    def _card(self, pack: PackInfo) -> QFrame:
        desk, card = self._desk, QFrame()
        card.setObjectName("card")
        body = QVBoxLayout(card)
        body.setContentsMargins(9, 7, 9, 8)
        body.setSpacing(3)
        verify = push(
            self.tr("Verify"),
            self.tr("Checks every file of the pack against its hash"),
            lambda: desk.attempt(desk.session.verify_pack, pack.name),
        )
        remove = push(
            self.tr("Remove"),
            self.tr("Deletes the pack from this machine"),
            lambda: desk.attempt(desk.session.remove_pack, pack.name),
        )
        remove.setEnabled(not pack.built_in)
        for button in (verify, remove):
            button.setAccessibleName(f"{button.text()}: {pack.name}")
        body.addLayout(row(label(pack.name, "title"), label(pack.version, "dim"), 1, verify, remove))
        use = self.tr("commercial use allowed") if pack.commercial else self.tr("no commercial use")
        facts = [pack.family, words.size(pack.bytes), f"{pack.licence}, {use}" if pack.licence else ""]
        body.addWidget(label("  ·  ".join(fact for fact in facts if fact), "dim", wrap=True))
        if pack.trouble:
            body.addWidget(label(pack.trouble, "bad", wrap=True))
        return card

    def _add(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Add a pack"), "", self.tr("Packs (*.hitpack *.zip);;All files (*)")
        )
        if path:
            self._desk.attempt(self._desk.session.add_pack, path)


class MachinePage(QWidget):
    """What is found here, what is missing, and how to get it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._column = Column(8, 4)
        self.look = push(
            self.tr("Look again"), self.tr("Examine this machine once more"), lambda: desk.attempt(desk.session.examine)
        )
        whole = QVBoxLayout(self)
        whole.addLayout(row(label(self.tr("This machine"), "title"), 1, self.look))
        whole.addWidget(scrolled(self._column, self.tr("This machine")), 1)
        desk.watch(self, "machine", self._show)
        self._show(desk.state.machine)

    def _show(self, machine: Machine) -> None:
        while (item := self._column.body.takeAt(0)) is not None:
            widget = item.widget()
            if widget:
                widget.hide()
                widget.deleteLater()
        for name, found, said, remedy in machine.doctor:
            mark = "✓" if found else "–"
            more = said if found else remedy
            line = label(f"{mark}  {name}" + (f": {more}" if more else ""), "" if found else "dim", wrap=True)
            self._column.body.addWidget(line)
        if not machine.doctor:
            self._column.body.addWidget(label(self.tr("Looking …"), "dim"))
        self._column.body.addStretch(1)
