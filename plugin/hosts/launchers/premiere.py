"""Premiere Pro: a UXP panel. Adobe's tools load it from any folder, so it lies among our own data; no folder is known where
Premiere would find it by itself.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

from . import HOSTS, Launcher, Piece, System, folder_of

NAME = "org.hitpoint.premiere"
SOURCE = HOSTS / "premiere" / "panel"


def places(system: System) -> list[Path]:
    if system.platform == "win32":
        return [system.folder("LOCALAPPDATA", "AppData", "Local") / "hitpoint" / "uxp"]
    if system.platform == "darwin":
        return [system.home / "Library" / "Application Support" / "hitpoint" / "uxp"]
    return [system.folder("XDG_DATA_HOME", ".local", "share") / "hitpoint" / "uxp"]


def pieces(python: Path, version: str) -> list[Piece]:
    """The folder for Adobe's developer tool, and the same as the package that Creative Cloud installs."""
    loose = folder_of(SOURCE, NAME, python, version)
    return [*loose, Piece(PurePosixPath(f"{NAME}.ccx"), _package(loose))] if loose else []


def _package(loose: list[Piece]) -> bytes:
    """A .ccx: a ZIP with the manifest at its top. Without dates, so that the same panel is the same bytes."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for piece in loose:
            told = zipfile.ZipInfo(piece.target.relative_to(NAME).as_posix())
            told.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(told, piece.data)
    return raw.getvalue()


LAUNCHER = Launcher(
    "premiere",
    places,
    pieces,
    f"open {NAME}.ccx, and Creative Cloud installs the panel; or in Premiere: Settings > Plugins > Enable developer mode, and in "
    "Adobe's UXP Developer Tool: Add Plugin, manifest.json, Load. Then Window > UXP Plugins > Hitpoint",
)
