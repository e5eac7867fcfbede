"""Reaching Resolve from a process of our own, as Studio allows: by the module that comes with it (hosts.md A1.2)."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODULE = "DaVinciResolveScript"
_API = "RESOLVE_SCRIPT_API"
_LIB = "RESOLVE_SCRIPT_LIB"


def folders(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where the module may lie: what the environment names first, then where Resolve's installer puts it."""
    named = [Path(environment[_API]) / "Modules"] if environment.get(_API) else []
    return [*named, *(Path(folder) / "Modules" for folder in _usual(platform, environment))]


def libraries(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where the library may lie that the module loads."""
    if environment.get(_LIB):
        return [Path(environment[_LIB])]
    if platform == "win32":
        programs = environment.get("PROGRAMFILES", r"C:\Program Files")
        return [Path(programs) / "Blackmagic Design" / "DaVinci Resolve" / "fusionscript.dll"]
    if platform == "darwin":
        inside = Path("DaVinci Resolve.app/Contents/Libraries/Fusion/fusionscript.so")
        return [Path("/Applications/DaVinci Resolve") / inside, Path("/Applications") / inside]
    return [Path(root) / "libs/Fusion/fusionscript.so" for root in ("/opt/resolve", "/home/resolve")]


def connect(platform: str = sys.platform) -> tuple[Any, str]:
    """Resolve's scripting object; None, and why in words for a person, where it cannot be had."""
    found = next((folder / f"{MODULE}.py" for folder in folders(platform) if (folder / f"{MODULE}.py").is_file()), None)
    if found is None:
        return None, f"{MODULE}.py is not on this machine; {_API} says where Resolve's Developer/Scripting lies"
    if not os.environ.get(_LIB):
        library = next((path for path in libraries(platform) if path.is_file()), None)
        if library is not None:
            os.environ[_LIB] = str(library)  # the module knows one place a system only
    try:
        resolve = _module(found).scriptapp("Resolve")
    except (Exception, SystemExit) as error:
        words = " ".join(str(error).split()) or type(error).__name__
        version = ".".join(map(str, sys.version_info[:2]))
        return None, f"Resolve's own module fails under Python {version} ({words}); it is known to like 3.10 to 3.12"
    if resolve is None:
        return None, (
            "it does not run; or it is the free edition, which answers its own menu only; or External scripting is not "
            "Local in Preferences > System > General"
        )
    return resolve, ""


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(MODULE)
    sys.modules[MODULE] = module
    try:
        spec.loader.exec_module(module)
        return sys.modules[MODULE]  # it puts the library in its own place there
    finally:
        if before is None:
            sys.modules.pop(MODULE, None)
        else:
            sys.modules[MODULE] = before


def _usual(platform: str, environment: Mapping[str, str]) -> list[Path]:
    if platform == "win32":
        data = environment.get("PROGRAMDATA", r"C:\ProgramData")
        return [Path(data) / "Blackmagic Design" / "DaVinci Resolve" / "Support" / "Developer" / "Scripting"]
    if platform == "darwin":
        return [Path("/Library/Application Support/Blackmagic Design/DaVinci Resolve/Developer/Scripting")]
    return [Path(root) / "Developer" / "Scripting" for root in ("/opt/resolve", "/home/resolve")]
