"""The hosts there are: how each is reached, what it cannot, what it was tested against, and whether it is on this machine."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ...runtime.errors import UsageError
from .protocol import Ability, Host

if TYPE_CHECKING:
    from ..timeline.reading import Source

Kind = Literal["live", "project file", "interchange"]

NO_PLAYHEAD: Mapping[Ability, str] = {
    "playhead": "a file has no playhead",
    "move": "a file has no playhead to move",
    "undo": "a file has no undo; `unscore` takes the score off again",
}
BY_HAND = "no interface puts it there: score the exported edit, then import what was written"


@dataclass(frozen=True)
class Where:
    """What somebody asked to reach: a host by one of its names, and the file that is meant, for hosts that are files."""

    name: str
    source: Source | None = None


@dataclass(frozen=True)
class Known:
    """A host. `module` has `reach(where) -> Host`; `formats` are the files that it is reached by, none where it runs.

    `cannot` is what is known before it is reached; `tested` says against what it was, for a person to judge.
    """

    name: str
    title: str
    kind: Kind
    module: str
    tested: str
    how: str
    other_names: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    cannot: Mapping[Ability, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


KNOWN = (
    Known(
        "files",
        "Timeline files",
        "interchange",
        "files",
        "OpenTimelineIO 0.18 and an XML parser, on every run of the tests",
        "hitpoint score --host files EDIT writes the score into the file itself",
        formats=(".otio", ".otioz", ".otiod", ".xml"),
        cannot={**NO_PLAYHEAD, "duck": "a timeline file carries no level; the music is ducked itself"},
    ),
    Known(
        "blender",
        "Blender",
        "live",
        "remote",
        "Blender 3.4.1 from Debian and the bpy 5.0.1 wheel, on every run of the tests",
        "hitpoint install blender, then the sequencer's sidebar",
        programs=("blender",),
        folders=("/Applications/Blender.app", r"C:\Program Files\Blender Foundation"),
    ),
    Known(
        "mlt",
        "Kdenlive and Shotcut projects",
        "project file",
        "mlt",
        "melt and Kdenlive 22.12.3 from Debian",
        "hitpoint score --host kdenlive PROJECT, with the project closed in the editor",
        other_names=("kdenlive", "shotcut"),
        formats=(".kdenlive", ".mlt"),
        cannot={
            "move": "a project file only remembers where the playhead was when it was saved",
            "duck": "no level is drawn into a project; the music is ducked itself",
            "undo": "a file has no undo; the project as it was is kept beside, and `unscore` takes the score off again",
        },
        programs=("kdenlive", "shotcut"),
        folders=(
            "/Applications/kdenlive.app",
            "/Applications/Shotcut.app",
            r"C:\Program Files\kdenlive",
            r"C:\Program Files\Shotcut",
        ),
    ),
    Known(
        "resolve",
        "DaVinci Resolve",
        "live",
        "resolve",
        "a stand-in that follows Blackmagic's documentation; never the program itself",
        "hitpoint install resolve, then Workspace > Scripts; from outside with Resolve Studio",
        programs=("resolve",),
        folders=(
            "/opt/resolve",
            "/Applications/DaVinci Resolve",
            r"C:\Program Files\Blackmagic Design\DaVinci Resolve",
        ),
    ),
    Known(
        "premiere",
        "Adobe Premiere Pro",
        "live",
        "remote",
        "a stand-in that follows Adobe's documentation and type definitions of 26.3; never the program itself",
        "hitpoint install premiere, load the panel, and hitpoint bridge premiere; or score an exported FCP7 XML",
        folders=(
            *(f"/Applications/Adobe Premiere Pro {year}" for year in (2025, 2026)),
            *(rf"C:\Program Files\Adobe\Adobe Premiere Pro {year}" for year in (2025, 2026)),
        ),
    ),
    Known(
        "finalcut",
        "Final Cut Pro",
        "interchange",
        "files",
        "FCPXML of public collections and made for the tests; never the program itself",
        "File > Export XML, hitpoint score EDIT, then File > Import > XML, which makes a new project",
        formats=(".fcpxml", ".fcpxmld"),
        cannot={**NO_PLAYHEAD, "duck": "the music is ducked itself"},
        folders=("/Applications/Final Cut Pro.app",),
    ),
    Known(
        "avid",
        "Avid Media Composer",
        "interchange",
        "files",
        "AAF and EDL files of public collections; never the program itself",
        "export an AAF or EDL, hitpoint score EDIT -o OUT.otio --broadcast-wave, then lay score.wav by its timecode",
        formats=(".aaf", ".edl"),
        cannot={
            **NO_PLAYHEAD,
            **dict.fromkeys(("place", "replace", "remove", "markers", "stems"), BY_HAND),
            "duck": "the music is ducked itself",
        },
        folders=("/Applications/Avid Media Composer", r"C:\Program Files\Avid\Avid Media Composer"),
    ),
)


def known(name: str) -> Known:
    """The host of that name. Raises UsageError."""
    for host in KNOWN:
        if name.lower() in (host.name, *host.other_names):
            return host
    names = ", ".join(
        f"{host.name} ({', '.join(host.other_names)})" if host.other_names else host.name for host in KNOWN
    )
    raise UsageError(f"there is no host '{name}'; there are {names}: `hitpoint hosts` says more")


def reach(name: str, source: Source | None = None) -> Host:
    """A connection to a host. Raises HostClosed where it does not run, UsageError where it is reached by a file and none is
    named, or the other way round.
    """
    host = known(name)
    if host.formats and source is None:
        raise UsageError(f"{host.title} can only be reached by a file: name it ({', '.join(host.formats)})")
    if not host.formats and source is not None:
        raise UsageError(f"{host.title} is asked what it has open: leave {source.path} out")
    if host.formats and source is not None and source.path.suffix.lower() not in host.formats:
        raise UsageError(f"{source.path}: {host.name} takes {', '.join(host.formats)}")
    module = importlib.import_module(f".{host.module}", __package__)
    reached: Host = module.reach(Where(host.name, source))
    return reached


def seen(host: Known) -> str:
    """Where the program is on this machine; "" where it is not seen."""
    found = next((path for program in host.programs if (path := shutil.which(program))), None)
    return found or next((folder for folder in host.folders if os.path.isdir(folder)), "")  # noqa: PTH112
