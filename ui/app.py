"""`hitpoint panel [EDIT] [--host NAME]`: the panel as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runtime.errors import InputError, UsageError
from . import COMMANDS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from .panel.window import Window

FILES = "files"


def run(
    arguments: Sequence[str], parser: argparse.ArgumentParser, _: object = None
) -> tuple[dict[str, Any], tuple[str, ...], bool]:
    """Shows the panel until it is closed. Raises UsageError where it cannot be shown.

    The answer is what the command line wants of every command: a JSON object, lines to print, and whether JSON was asked for.
    """
    asked = _asked(arguments, parser)
    app = _application()
    window = build(app)
    from PySide6.QtCore import QTimer

    signal.signal(signal.SIGINT, lambda *_: window.close())
    signal.signal(signal.SIGTERM, lambda *_: window.close())
    heartbeat = QTimer()  # Python hears of signals only while some Python runs
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(500)
    window.show()
    if asked.host != FILES:
        QTimer.singleShot(0, lambda: window.open_host(asked.host, asked.edit or ""))
    elif asked.edit:
        more = {"rate": asked.rate, "timeline": asked.timeline, "media_roots": asked.media_root}
        QTimer.singleShot(0, lambda: window.open(asked.edit, **more))
    status = app.exec()
    return {"status": status, "warnings": []}, (), asked.json


def _asked(arguments: Sequence[str], parser: argparse.ArgumentParser) -> argparse.Namespace:
    commands = parser.add_subparsers(metavar="COMMAND")
    panel = commands.add_parser("panel", description=COMMANDS["panel"].capitalize() + ".", allow_abbrev=False)
    panel.add_argument("edit", nargs="?", metavar="EDIT", help="the edit to open")
    panel.add_argument(
        "--host",
        metavar="NAME",
        default=FILES,
        help="the video editor to follow, `hitpoint hosts` lists them; files: none, edits come as files",
    )
    panel.add_argument("--rate", metavar="R", default="", help="frames a second, where the file does not say")
    panel.add_argument("--timeline", metavar="NAME", default="", help="which timeline, where the file holds several")
    panel.add_argument("--media-root", metavar="DIR", action="append", default=[], help="where media are looked for")
    panel.add_argument("--json", action="store_true", help="print one JSON object on standard output at the end")
    asked = parser.parse_args(list(arguments))
    if asked.host != FILES:
        _check_host(asked)
    if asked.edit and not Path(asked.edit).exists():
        raise InputError(f"{asked.edit}: there is no such file")
    return asked


def _check_host(asked: argparse.Namespace) -> None:
    from ..plugin.hosts.known import known

    host = known(asked.host)
    if host.formats and not asked.edit:
        raise UsageError(f"{host.title} can only be reached by a file: name it ({', '.join(host.formats)})")
    if not host.formats and asked.edit:
        raise UsageError(f"{host.title} is asked what it has open: leave {asked.edit} out")


def _application() -> QApplication:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        raise UsageError(
            "there is no screen: the panel needs a desktop, and neither DISPLAY nor WAYLAND_DISPLAY is set"
        )
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        raise UsageError(f"Qt cannot be loaded ({error}); on Debian: {DEBIAN}") from None
    app = QApplication([sys.argv[0]])
    app.setApplicationName("Hitpoint")
    app.setDesktopFileName("hitpoint")
    return app


def build(app: QApplication) -> Window:
    """The window with all that stands behind it, not shown yet."""
    from .actions.actions import Actions
    from .panel import keep
    from .panel.desk import Desk
    from .panel.window import Window
    from .state.panel import Panel
    from .state.store import Store
    from .theme.theme import Theme
    from .work.qt_bridge import QtSession

    place = keep.place()
    settings = keep.load(place)
    store = Store(Panel(settings=settings))
    actions = Actions(store)
    bridge = QtSession(store, actions, app)
    desk = Desk(store, actions, bridge.session, Theme(app, settings.theme))
    return Window(desk, settings_file=place)


DEBIAN = "apt-get install libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libpulse0"
