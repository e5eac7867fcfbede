"""Laying sounds on new tracks, and taking tracks off: each step read back, for Resolve goes wrong without a word (A1.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....runtime.errors import HitpointError
from ..protocol import HostClosed, HostRefused, Sound
from . import padding, pool, standing
from .frames import Clock
from .opened import Session
from .program import UNSAVED

AUDIO = 2  # mediaType of what is appended
_TRIES = 3


@dataclass(frozen=True)
class Laid:
    """A sound on a track of its own, under its unfinished name."""

    index: int
    name: str
    clip: Any


@contextmanager
def at_the_edit_page(session: Session) -> Iterator[None]:
    """DeleteClips does nothing elsewhere. Page, bin and playhead are as they were afterwards."""
    program, resolve = session.program, session.program.resolve
    page = program.text(resolve, "GetCurrentPage")
    folder = program.ask(session.pool, "GetCurrentFolder")
    playhead = program.text(session.timeline, "GetCurrentTimecode")
    if page != "edit" and not program.does(resolve, "OpenPage", "edit"):
        raise HostRefused("DaVinci Resolve does not open its Edit page: is a dialog open in it? Nothing was changed")
    try:
        yield
    finally:
        if program.answers():
            with suppress(HitpointError):
                if playhead and program.text(session.timeline, "GetCurrentTimecode") != playhead:
                    program.does(session.timeline, "SetCurrentTimecode", playhead)
                if folder is not None:
                    program.does(session.pool, "SetCurrentFolder", folder)
                if page and page != "edit":
                    program.does(resolve, "OpenPage", page)


def lay(
    session: Session,
    clock: Clock,
    sound: Sound,
    name: str,
    frames: int,
    known: Mapping[str, Any],
    keep: Callable[[pool.Imported], None],
) -> Laid:
    """One sound over the timeline's `frames`, on a new stereo track at the end. `keep` is told of each clip in the pool.

    Raises HostRefused where it does not lie there when asked again; the caller takes the track off then.
    """
    index = add_track(session, name)
    path, asked = sound.path, frames
    for _ in range(_TRIES):
        imported = pool.import_sound(session, path)
        keep(imported)
        clip = imported.clip
        media = pool.rate_of_clip(session, clip, clock.rate)
        end = clock.media(asked, media)
        if not pool.write_down(session, clip, {**known, "path": str(sound.path)}):
            raise HostRefused("DaVinci Resolve takes no notes on a clip: nothing was changed")
        got = _append(session, clock, clip, index, end)
        if got == frames:
            return Laid(index, name, clip)
        _empty(session, index)
        short = padding.whole_frames(path, media) < end
        if path == sound.path and (short or (got is not None and got < frames)):
            # It cuts fractions of a frame off: give it silence to cut.
            path = padding.padded(sound.path, (clock.media(frames, media) + 1) / media.fps)
        elif got is None:
            raise HostRefused(_refusal(session, index, sound.path))
        else:  # some builds count the last frame in, others not
            asked += frames - got
    name = sound.path.name
    raise HostRefused(f"DaVinci Resolve lays {got} frames of {name} where {frames} were asked: nothing was changed")


def fresh_names(session: Session, names: Sequence[str]) -> list[str]:
    """What tracks are called until they are finished: no track has such a name."""
    taken = {session.track_name(index) for index in session.tracks("audio")}
    found = []
    for name in names:
        number, fresh = 2, f"{name}{standing.NEW}"
        while fresh in taken:
            number, fresh = number + 1, f"{name} {number}{standing.NEW}"
        taken.add(fresh)
        found.append(fresh)
    return found


def add_track(session: Session, name: str) -> int:
    """A stereo track at the end: one is mono where nothing is said."""
    program, before = session.program, len(session.tracks("audio"))
    program.does(session.timeline, "AddTrack", "audio", "stereo")
    after = len(session.tracks("audio"))
    if after != before + 1:
        raise HostRefused("DaVinci Resolve adds no track: is a dialog open in it? Nothing was changed")
    program.does(session.timeline, "SetTrackName", "audio", after, name)
    kind = program.text(session.timeline, "GetTrackSubType", "audio", after)
    if session.track_name(after) != name or kind not in ("stereo", ""):
        program.does(session.timeline, "DeleteTrack", "audio", after)
        raise HostRefused(f"DaVinci Resolve makes no stereo track called '{name}': nothing was changed")
    return after


def rename(session: Session, laid: Sequence[Laid], names: Sequence[str]) -> None:
    """Gives finished tracks their names. Their places may have changed since they were laid."""
    places = {session.track_name(index): index for index in session.tracks("audio")}
    for each, name in zip(laid, names, strict=True):
        session.program.does(session.timeline, "SetTrackName", "audio", places.get(each.name, each.index), name)


def take_off(session: Session, clock: Clock, track: standing.Track) -> bool:
    """Our items, and the track where nothing is left on it. Says whether all that went."""
    program = session.program
    items = [each.item for each in track.ours]
    foreign = len(track.lying) - len(items)
    for _ in range(2):  # a first time has been seen to do nothing
        program.does(session.timeline, "DeleteClips", items, False)
        now = standing.look(session, clock, session.items(track.index))
        if all(each.known is None for each in now):
            break
    else:
        return False
    if foreign or now:
        return True
    before = len(session.tracks("audio"))
    program.does(session.timeline, "DeleteTrack", "audio", track.index)
    return len(session.tracks("audio")) == before - 1


def drop(session: Session, name: str) -> None:
    """A track that we added under that name, with what is on it; quietly."""
    for index in reversed(session.tracks("audio")):
        if session.track_name(index) == name:
            _empty(session, index)
            session.program.does(session.timeline, "DeleteTrack", "audio", index)


def save(session: Session) -> bool:
    """Saves the project, but for one that was never named: Resolve never returns from that where it has no window."""
    if session.program.text(session.project, "GetName") in (UNSAVED, ""):
        return False
    return session.program.does(session.manager, "SaveProject")


def _append(session: Session, clock: Clock, clip: Any, index: int, end: int) -> int | None:
    """How many frames lie at the timeline's start now, counted by looking; None where nothing does."""
    asked = {
        "mediaPoolItem": clip,
        "startFrame": 0,
        "endFrame": end,
        "mediaType": AUDIO,
        "trackIndex": index,
        "recordFrame": clock.absolute(0),
    }
    session.program.ask(session.pool, "AppendToTimeline", [asked])
    lying = standing.look(session, clock, session.items(index))
    if len(lying) != 1 or lying[0].start != 0 or lying[0].clip is None:
        return None
    wanted, got = (pool.identity(session, each) for each in (clip, lying[0].clip))
    return lying[0].frames if wanted == got else None


def _empty(session: Session, index: int) -> None:
    for _ in range(2):
        items = session.items(index)
        if items:
            session.program.does(session.timeline, "DeleteClips", items, False)


def _refusal(session: Session, index: int, path: Path) -> str:
    if session.locked(index):
        return f"the track for {path.name} was locked meanwhile: nothing was changed"
    return f"DaVinci Resolve did not lay {path.name} at the start of the timeline, and does not say why: nothing was changed"


def gone(error: HostClosed) -> HostClosed:
    """What is said where Resolve goes away half-way."""
    return HostClosed(
        f"{error}. It went away while the score was placed: what was saved is as it was, and a track whose name ends in "
        f"'{standing.NEW.strip()}' goes when you score again"
    )
