"""The media pool: our bin, the sounds in it, and what each says of where it came from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....runtime.errors import InputError
from ....runtime.rate import Rate
from ...timeline import score_track
from ..protocol import HostRefused
from .frames import rate_of
from .opened import Session

BIN = "Hitpoint"
_DEEPEST = 32  # bins in bins
_MOST_ITEMS = 20_000  # in other timelines, looked through for a sound of ours


@dataclass(frozen=True)
class Imported:
    """A clip of the media pool. `known` is what was written down of it where it was there before, else None."""

    clip: Any
    known: Mapping[str, Any] | None


def import_sound(session: Session, sound: Path) -> Imported:
    """A clip of the media pool for that file, in our bin; Resolve gives it the project's rate for good (A1.5).

    Raises HostRefused where Resolve takes it not, which it says by an empty list.
    """
    program, pool = session.program, session.pool
    came_from = program.ask(pool, "GetCurrentFolder")
    folder = our_bin(session) or _make_bin(session)
    before = {identity(session, clip) for clip in program.list(folder, "GetClipList")}
    if not program.does(pool, "SetCurrentFolder", folder):  # ImportMedia knows no other place
        raise HostRefused(f"DaVinci Resolve does not open its bin '{BIN}': nothing was changed")
    try:
        clips = program.list(pool, "ImportMedia", [str(sound)])
    finally:
        _return(session, came_from)
    found = [clip for clip in clips if plays(session, clip, sound)]
    # A file that is in the pool already may be answered by nothing.
    clip = found[0] if found else _find(session, folder, sound) or _find(session, _root(session), sound)
    if clip is None:
        if not sound.is_file():
            raise InputError(f"{sound}: there is no such file to put on the timeline")
        raise HostRefused(f"DaVinci Resolve does not import {sound}: nothing was changed")
    there = not found or identity(session, clip) in before
    return Imported(clip, known_of(session, clip) or {} if there else None)


def our_bin(session: Session) -> Any:
    """Our bin; None where there is none."""
    for folder in session.program.list(_root(session), "GetSubFolderList"):
        if session.program.text(folder, "GetName") == BIN:
            return folder
    return None


def path_of(session: Session, clip: Any) -> str:
    return session.program.text(clip, "GetClipProperty", "File Path") if clip is not None else ""


def identity(session: Session, clip: Any) -> str:
    """What tells a clip from others; "" where a version tells nothing, and then it is never deleted."""
    return session.program.text(clip, "GetUniqueId") or session.program.text(clip, "GetMediaId")


def plays(session: Session, clip: Any, sound: Path) -> bool:
    said = path_of(session, clip)
    if not said:
        return False
    with suppress(OSError, ValueError):
        if os.path.samefile(said, sound):  # noqa: PTH121 - what Resolve says may be no path of this system
            return True
    return os.path.normcase(said) == os.path.normcase(str(sound))


def rate_of_clip(session: Session, clip: Any, otherwise: Rate) -> Rate:
    """What the clip's frames are counted in: frozen when it was imported."""
    try:
        return rate_of(session.program.ask(clip, "GetClipProperty", "FPS"))
    except InputError:
        return otherwise


def write_down(session: Session, clip: Any, known: Mapping[str, Any]) -> bool:
    """Says on the clip where it came from: in a field of our own, which there is since 19.0.2, else in its comments."""
    text = score_track.note(known)
    if session.program.offers(clip, "SetThirdPartyMetadata") and session.program.does(
        clip, "SetThirdPartyMetadata", {score_track.KEY: text}
    ):
        return True
    return session.program.does(clip, "SetMetadata", {"Comments": text})


def known_of(session: Session, clip: Any) -> Mapping[str, Any] | None:
    """What is written down of a clip of ours, empty where that is lost but its file has a name of ours; else None."""
    if clip is None:
        return None
    program = session.program
    texts = []
    if program.offers(clip, "GetThirdPartyMetadata"):
        texts.append(program.text(clip, "GetThirdPartyMetadata", score_track.KEY))
    texts.append(program.text(clip, "GetMetadata", "Comments"))
    for text in texts:
        if (known := score_track.from_note(text)) is not None:
            return known
    return {} if score_track.is_score_media(path_of(session, clip)) else None


def discard(session: Session, clips: Iterable[Any], *, made: bool) -> tuple[str, ...]:
    """Takes sounds of ours out of the pool where nothing plays them, and our bin where it was `made` for them and is empty.

    Says what stays, and why. The files stay on the disk.
    """
    program, pool = session.program, session.pool
    folder = our_bin(session)
    if folder is None:
        return ()
    inside = {identity(session, clip): clip for clip in program.list(folder, "GetClipList")}
    wanted = ({identity(session, clip) for clip in clips} & {*inside}) - {""}
    busy = _played(session, wanted) if wanted else set()
    going = [inside[name] for name in sorted(wanted - busy)]
    if going and not program.does(pool, "DeleteClips", going):
        busy = wanted
    if made and not program.list(folder, "GetClipList") and not program.list(folder, "GetSubFolderList"):
        current = program.ask(pool, "GetCurrentFolder")
        if current is not None and program.text(current, "GetUniqueId") == program.text(folder, "GetUniqueId"):
            program.does(pool, "SetCurrentFolder", _root(session))
        program.does(pool, "DeleteFolders", [folder])
    return tuple(
        f"the sound {Path(path_of(session, inside[name])).name} stays in the bin '{BIN}': another timeline plays it"
        for name in sorted(busy)
    )


def _played(session: Session, wanted: set[str]) -> set[str]:
    """Which clips some timeline plays: by Resolve's own count, and by looking, for the count may lag behind."""
    program = session.program
    clips = {identity(session, clip): clip for clip in program.list(our_bin(session), "GetClipList")}
    counts = {name: str(program.ask(clips[name], "GetClipProperty", "Usage") or "0") for name in wanted}
    busy = {name for name, count in counts.items() if count not in ("0", "")}
    looked = 0
    for timeline in [session.timeline, *session.others()]:
        for index in range(1, round(program.number(timeline, "GetTrackCount", "audio") or 0) + 1):
            for item in program.list(timeline, "GetItemListInTrack", "audio", index):
                looked += 1
                if busy >= wanted or looked > _MOST_ITEMS:
                    return wanted
                clip = program.ask(item, "GetMediaPoolItem")
                if clip is not None:
                    busy |= {identity(session, clip)} & wanted
    return busy


def _root(session: Session) -> Any:
    return session.program.ask(session.pool, "GetRootFolder")


def _make_bin(session: Session) -> Any:
    folder = session.program.ask(session.pool, "AddSubFolder", _root(session), BIN)
    if not folder:
        raise HostRefused(f"DaVinci Resolve makes no bin '{BIN}': is a dialog open in it? Nothing was changed")
    return folder


def _return(session: Session, folder: Any) -> None:
    if folder is not None:
        session.program.ask(session.pool, "SetCurrentFolder", folder)


def _find(session: Session, folder: Any, sound: Path, depth: int = 0) -> Any:
    for clip in session.program.list(folder, "GetClipList"):
        if plays(session, clip, sound):
            return clip
    for inner in session.program.list(folder, "GetSubFolderList") if depth < _DEEPEST else ():
        if (clip := _find(session, inner, sound, depth + 1)) is not None:
            return clip
    return None
