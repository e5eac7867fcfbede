"""The theme that is on: after the system, or as a person wants it; tells who paints for itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from weakref import WeakSet

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from shiboken6 import isValid

from .colours import THEMES, Colours, Name
from .icons import icon, pixmap
from .sheet import sheet

ICON = "icon_name"  # the property of a button that says which icon it wears
INK = "icon_ink"


class Theme(QObject):
    """`changed` comes after the new style sheet is on."""

    changed = Signal()

    def __init__(self, app: QApplication, wanted: str = "system") -> None:
        super().__init__(app)
        self._app, self._wanted = app, wanted
        self._worn: WeakSet[QAbstractButton] = WeakSet()
        self._folder = tempfile.TemporaryDirectory(prefix="hitpoint-theme-")
        app.setStyle("Fusion")  # the style sheet expects one style everywhere
        app.styleHints().colorSchemeChanged.connect(lambda _: self._put_on())
        self.colours: Colours = THEMES[self._name()]
        self._put_on(always=True)

    def want(self, wanted: str) -> None:
        """ "dark", "light", or "system"."""
        self._wanted = wanted
        self._put_on()

    def wear(self, button: QAbstractButton, name: str, ink: str = "") -> None:
        """Gives a button an icon that changes with the theme; `ink` is the name of a colour."""
        self._worn.add(button)
        button.setProperty(ICON, name)
        button.setProperty(INK, ink)
        button.setIcon(icon(name, self.colours, getattr(self.colours, ink) if ink else ""))

    def _name(self) -> Name:
        if self._wanted == "dark":
            return "dark"
        if self._wanted == "light":
            return "light"
        return "light" if self._app.styleHints().colorScheme() == Qt.ColorScheme.Light else "dark"

    def _put_on(self, always: bool = False) -> None:
        colours = THEMES[self._name()]
        if colours is self.colours and not always:
            return
        self.colours = colours
        self._app.setPalette(_palette(colours))
        self._app.setStyleSheet(sheet(colours, _arrows(Path(self._folder.name), colours)))
        for button in [button for button in self._worn if isValid(button)]:
            self.wear(button, button.property(ICON), button.property(INK) or "")
        self.changed.emit()


def follow(widget: QWidget, theme: Theme, callback: Callable[[], object]) -> None:
    """Calls back on each change of the theme for as long as the widget lives."""

    def told() -> None:
        callback()

    theme.changed.connect(told)
    widget.destroyed.connect(lambda: theme.changed.disconnect(told))


def _palette(c: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, c.ground), (role.Base, c.well), (role.AlternateBase, c.panel), (role.Text, c.text),
        (role.WindowText, c.text), (role.Button, c.raised), (role.ButtonText, c.text), (role.Highlight, c.accent),
        (role.HighlightedText, c.on_accent), (role.ToolTipBase, c.raised), (role.ToolTipText, c.bright),
        (role.PlaceholderText, c.dim), (role.Link, c.accent_ink), (role.BrightText, c.bright),
    ):  # fmt: skip
        palette.setColor(which, QColor(colour))
    for which in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(c.edge))
    return palette


def _arrows(folder: Path, c: Colours) -> str:
    """A style sheet takes arrows from files only: they are drawn into a folder of our own."""
    place = folder / c.name
    if not place.exists():
        place.mkdir()
        for file, name, ink in (("down", "down", c.text), ("up", "up", c.text), ("tick", "tick", c.on_accent),
                                ("down_on_accent", "down", c.on_accent)):  # fmt: skip
            pixmap(name, 32, ink).save(str(place / f"{file}.png"))
    return place.as_posix()
