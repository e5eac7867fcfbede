"""What a person set for all edits, in a file of our own, written beside and renamed."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from ...runtime.errors import HitpointError
from ..state import codec
from ..state.panel import Settings

NAME = "panel.json"
LARGEST = 1_000_000  # bytes


def place() -> Path:
    """`HITPOINT_SETTINGS` names another folder."""
    if folder := os.environ.get("HITPOINT_SETTINGS"):
        return Path(folder) / NAME
    from PySide6.QtCore import QStandardPaths

    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(found) / "hitpoint" / NAME


def load(path: Path) -> Settings:
    """The usual ones where there are none, or none that can be read."""
    try:
        if path.stat().st_size > LARGEST:
            return Settings()
        return codec.from_json(Settings, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, HitpointError):
        return Settings()


def save(path: Path, settings: Settings) -> None:
    """What cannot be kept is not worth a word: the panel works without."""
    new = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(codec.to_json(settings), indent=1), encoding="utf-8")
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
