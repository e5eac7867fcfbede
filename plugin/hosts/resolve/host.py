"""DaVinci Resolve as a host, by its scripting interface (hosts.md A1)."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....runtime.edit import Edit
from ....runtime.errors import HitpointError, InputError, OutputError, UsageError
from ...timeline import score_track
from ...timeline.reading import read_edit
from ..protocol import (
    Ability,
    About,
    HostClosed,
    HostRefused,
    Music,
    Opened,
    Placed,
    Plan,
    Removed,
    track_names,
    unable,
)
from . import laying, marking, pool, reading, standing
from .frames import Clock
from .opened import Session, session
from .program import UNSAVED, Program

NAME = "resolve"
_LARGE = (dict, list, tuple)  # what a note on a clip has no room for
OLDEST = (18, 5)
CANNOT: Mapping[Ability, str] = {
    "duck": "scripts cannot set levels in Resolve; the music is ducked itself",
    "undo": "scripts make no undo steps in Resolve; removing the score takes it off again",
}


@dataclass(frozen=True)
class _Planned:
    """A plan, and what it was made of."""

    plan: Plan
    session: Session
    clock: Clock
    tracks: list[standing.Track]
    going: list[standing.Track] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {track.name for track in self.tracks}


@dataclass
class _Attempt:
    """What a placing has done that would have to be undone."""

    imported: list[pool.Imported] = field(default_factory=list)
    saved: bool = False


class Resolve:
    """The timeline that Resolve has open. `resolve` is its scripting object, from outside, or one that speaks for it."""

    def __init__(self, resolve: Any, closing: Callable[[], None] | None = None) -> None:
        self._program, self._closing = Program(resolve), closing

    def about(self) -> About:
        self._program.there()
        title = self._program.text(self._program.resolve, "GetProductName")
        version = self._program.version
        cannot = dict(CANNOT)
        if version and version < OLDEST:
            words = f"this is Resolve {_dotted(version)}; scripts can do this from {_dotted(OLDEST)} on"
            cannot |= dict.fromkeys(("read", "place", "replace", "remove", "markers", "stems"), words)
        return About(NAME, title, _dotted(version) or "unknown", cannot)

    def read(self) -> Opened:
        self._may("read")
        opened = session(self._program)
        clock = opened.clock()
        text = reading.read(opened, clock)
        revision = hashlib.sha256(json.dumps([text.bare, str(clock)]).encode()).hexdigest()
        return Opened(opened.name, text.otio, None, revision, clock.drop, text.warnings)

    def playhead(self) -> int:
        self._may("playhead")
        opened = session(self._program)
        said = self._program.text(opened.timeline, "GetCurrentTimecode")
        try:
            return opened.clock().frame(said)
        except ValueError:
            raise HostRefused(f"DaVinci Resolve does not say where its playhead is ('{said}')") from None

    def move(self, frame: int) -> None:
        self._may("move")
        opened = session(self._program)
        clock = opened.clock()
        if frame < 0:
            raise UsageError(f"frame {frame} lies before the timeline")
        if not self._program.does(opened.timeline, "SetCurrentTimecode", clock.timecode(frame)):
            raise HostRefused(f"DaVinci Resolve does not move its playhead to {clock.timecode(frame)} on this page")

    def plan(self, music: Music) -> Plan:
        return self._plan(music).plan

    def place(self, music: Music) -> Placed:
        planned = self._plan(music)
        with laying.at_the_edit_page(planned.session):
            try:
                return self._place(music, planned)
            except HostClosed as error:
                raise laying.gone(error) from None

    def remove(self) -> Removed:
        self._may("remove")
        opened = session(self._program)
        clock = opened.clock()
        found = standing.tracks(opened, clock)
        _check_locks(found, "to take the score off")
        going = [track for track in found if _goes(track)]
        staying = {track.score for track in found if track not in going}
        warnings = [
            f"'{track.name}' {score_track.TOUCHED if track.state == 'moved' else score_track.SHARED}"
            for track in found
            if track.state != "untouched" and not track.unfinished
        ]
        before = opened.outline(frozenset(track.name for track in found))
        with laying.at_the_edit_page(opened):
            gone = self._take_off(opened, clock, going)
            if going and not gone:
                raise HostRefused(
                    "DaVinci Resolve does not take the score off: is a dialog open in it? Nothing was changed"
                )
            warnings += [f"'{track.name}' stays: Resolve did not delete it" for track in going if track not in gone]
            marks = marking.take_off(opened, staying | {track.score for track in going if track not in gone})
            clips = [each.clip for track in gone for each in track.ours]
            warnings += pool.discard(opened, clips, made=_made_bin(gone))
            warnings += _compared(opened, before, {track.name for track in found})
            if gone or marks:
                warnings += _saved(opened)
        whole = tuple(track.name for track in reversed(gone) if track.state == "untouched")
        return Removed(whole, marks, tuple(warnings))

    def close(self) -> None:
        if self._closing is not None:
            self._closing()

    def _plan(self, music: Music) -> _Planned:
        self._may("place")
        if music.duck:
            self._may("duck")
        for sound in music.sounds:
            if not sound.path.is_file():
                raise InputError(f"{sound.path}: there is no such file to put on the timeline")
        opened = session(self._program)
        clock = opened.clock()
        edit = self._edit(opened, clock)
        if music.frames != edit.frames or music.rate != str(edit.rate):
            raise HostRefused(
                f"the timeline '{opened.name}' is {edit.frames} frames long now, at {edit.rate}, and the score "
                f"{music.frames} at {music.rate}: make it anew"
            )
        found = standing.tracks(opened, clock)
        _check_locks(found, "to score again")
        kept = [track for track in found if not track.unfinished]
        taken = [opened.track_name(index) for index in opened.tracks("audio")]
        made = score_track.plan([track.standing for track in kept], [name for name in taken if _names_a_score(name)])
        going = [track for track in kept if track.index in made.going]
        shared = [track for track in kept if track.state == "foreign clips" and track.in_place and track not in going]
        names = track_names(made.name, music.sounds)
        steps = [f"import '{sound.path.name}' into the bin '{pool.BIN}'" for sound in music.sounds]
        steps += [f"lay it on the new stereo track '{name}', from {clock.timecode(0)}" for name in names]
        steps += [f"delete the track '{track.name}'" for track in going]
        steps += [f"write {len(music.marks)} markers"] if music.marks else []
        steps += ["save the project"]
        plan = Plan(made.name, tuple(track.name for track in going), tuple(steps), made.warnings)
        return _Planned(plan, opened, clock, found, [*going, *shared])

    def _place(self, music: Music, planned: _Planned) -> Placed:
        opened, clock = planned.session, planned.clock
        names = track_names(planned.plan.track, music.sounds)
        before = opened.outline(frozenset(planned.names))
        made_bin = pool.our_bin(opened) is None or _made_bin(planned.tracks)
        warnings = list(planned.plan.warnings)
        fresh = laying.fresh_names(opened, names)
        with self._all_or_nothing(opened, fresh) as attempt:
            self._take_off(opened, clock, [track for track in planned.tracks if track.unfinished])
            laid = []
            for sound, name, new in zip(music.sounds, names, fresh, strict=True):
                known = {
                    **{key: value for key, value in music.provenance.items() if not isinstance(value, _LARGE)},
                    **score_track.part_of(planned.plan.track, sound.stem),
                    "track": name,
                    "frames": music.frames,
                    "start": 0,
                    "bin": made_bin,
                }
                laid.append(laying.lay(opened, clock, sound, new, music.frames, known, attempt.imported.append))
            if planned.going:
                # The old one goes when the new one has outlived a save, where placements have been lost before (A1.7).
                attempt.saved = True
                warnings += _saved(opened)
                _check(opened, clock, fresh, music.frames)
            gone = self._take_off(opened, clock, standing.tracks(opened, clock), only=planned.going)
            stuck = [track.name for track in planned.going if track.name not in {each.name for each in gone}]
            if stuck and not gone:
                raise HostRefused(f"DaVinci Resolve does not delete the track '{stuck[0]}': nothing was changed")
            if not planned.going:
                attempt.saved = True
                warnings += _saved(opened)
                _check(opened, clock, fresh, music.frames)
        warnings += [f"Resolve did not delete '{name}': delete it, or it plays along" for name in stuck]
        laying.rename(opened, laid, names)
        marking.take_off(opened, {track.score for track in planned.tracks if track not in planned.going})
        missing = list(marking.write(opened, clock, music.marks, planned.plan.track))
        warnings += pool.discard(opened, [each.clip for track in gone for each in track.ours], made=False)
        warnings += _saved(opened)
        called = tuple(name for name in names if _lies(opened, clock, name, music.frames))
        missing += [f"'{name}': Resolve lost it when it saved; score again" for name in names if name not in called]
        warnings += _compared(opened, before, planned.names | {*names})
        there = {(mark.frame, mark.name) for mark in marking.found(opened) if mark.score == planned.plan.track}
        arrived = sum((mark.frame, mark.name) in there for mark in music.marks)
        return Placed(called, arrived, tuple(missing), tuple(dict.fromkeys(warnings)))

    @contextmanager
    def _all_or_nothing(self, opened: Session, names: Sequence[str]) -> Iterator[_Attempt]:
        """Where what is done within fails, the tracks of those names and the new sounds go again."""
        attempt = _Attempt()
        had_bin = pool.our_bin(opened) is not None
        try:
            yield attempt
        except BaseException:
            with suppress(HitpointError):
                for name in names:
                    laying.drop(opened, name)
                for each in attempt.imported:
                    if each.known is not None:
                        pool.write_down(opened, each.clip, each.known)
                pool.discard(opened, [each.clip for each in attempt.imported if each.known is None], made=not had_bin)
                if attempt.saved:
                    laying.save(opened)
            raise

    def _take_off(
        self,
        opened: Session,
        clock: Clock,
        going: Sequence[standing.Track],
        only: Sequence[standing.Track] | None = None,
    ) -> list[standing.Track]:
        """Those that went: from the last track on, so that the others keep their numbers."""
        names = None if only is None else {track.name for track in only}
        chosen = [track for track in going if names is None or (track.name in names and _goes(track))]
        return [
            track for track in sorted(chosen, key=lambda track: -track.index) if laying.take_off(opened, clock, track)
        ]

    def _edit(self, opened: Session, clock: Clock) -> Edit:
        with tempfile.TemporaryDirectory(prefix="hitpoint-") as folder:
            path = Path(folder) / "timeline.otio"
            path.write_text(reading.read(opened, clock).otio, encoding="utf-8")
            return read_edit(path)[0]

    def _may(self, ability: Ability) -> None:
        about = self.about()
        if ability in about.cannot:
            raise unable(about, ability)


def _lies(opened: Session, clock: Clock, name: str, frames: int) -> bool:
    """Whether a sound of ours lies on that track over all frames, asked anew."""
    found = [track.ours for track in standing.tracks(opened, clock) if track.name == name]
    return [(each.start, each.frames) for ours in found for each in ours] == [(0, frames)]


def _check(opened: Session, clock: Clock, names: Sequence[str], frames: int) -> None:
    for name in names:
        if not _lies(opened, clock, name, frames):
            what = name.removesuffix(standing.NEW)
            raise HostRefused(f"DaVinci Resolve lost '{what}' when it saved: the timeline is as it was")


def _goes(track: standing.Track) -> bool:
    """Whether what is ours on a track is taken off: all but what somebody moved or cut."""
    return track.unfinished or track.state == "untouched" or (track.state == "foreign clips" and track.in_place)


def _check_locks(tracks: Sequence[standing.Track], why: str) -> None:
    for track in tracks:
        if track.locked:
            raise OutputError(f"the track '{track.name}' is locked in DaVinci Resolve: unlock it {why}")


def _names_a_score(name: str) -> bool:
    return score_track.TRACK_NAME.fullmatch(name) is not None


def _made_bin(tracks: Sequence[standing.Track]) -> bool:
    """Whether our bin was made for our sounds, and not by a person."""
    return any((each.known or {}).get("bin") is True for track in tracks for each in track.ours)


def _saved(opened: Session) -> list[str]:
    if laying.save(opened):
        return []
    name = opened.program.text(opened.project, "GetName")
    if name in (UNSAVED, ""):
        return ["the project has no name yet: save it in Resolve, or the score is lost when it closes"]
    return [f"Resolve did not save '{name}': save it yourself, and look whether a dialog is open there"]


def _compared(opened: Session, before: list[tuple[str, str, int]], ours: set[str]) -> list[str]:
    """What is said where tracks that are not ours are not as they were."""
    if opened.outline(frozenset(ours)) == before:
        return []
    return ["other tracks changed meanwhile: look at the timeline, and score it anew where its cuts moved"]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)
