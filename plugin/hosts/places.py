"""Where Hitpoint keeps what belongs to hosts: receipts of what was installed, scores of projects that were never saved."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data() -> Path:
    """HITPOINT_DATA, or where this system keeps the data of programs."""
    if named := os.environ.get("HITPOINT_DATA"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "hitpoint"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "hitpoint"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hitpoint"


def receipts() -> Path:
    return data() / "installed"


def unsaved(host: str) -> Path:
    return data() / "unsaved" / host
