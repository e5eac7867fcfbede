"""A host in memory, and the small editor that it talks to: with every way that real editors go wrong in silence."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import opentimelineio as otio

from hitpoint.plugin.hosts.protocol import (
    Ability,
    About,
    HostClosed,
    HostRefused,
    Music,
    Opened,
    Placed,
    Plan,
    Removed,
    free_name,
    track_names,
    unable,
)
from hitpoint.plugin.timeline import score_track
from hitpoint.runtime.errors import InputError, OutputError

from .contract import Cut, Lying


class Gone(Exception):
    """The editor does not answer."""


@dataclass
class Clip:
    start: int
    frames: int
    sound: Path | None
    ours: Mapping[str, Any] | None = None


@dataclass
class Track:
    name: str
    clips: list[Clip] = field(default_factory=list)
    locked: bool = False


@dataclass
class Marker:
    frame: int
    name: str
    ours: bool = False


@dataclass
class Project:
    cut: Cut
    tracks: list[Track] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    playhead: int = 0


@dataclass
class Silences:
    """How this editor goes wrong without a word. `dies_after` counts the changes that it still makes."""

    drops_placements: bool = False
    short_by: int = 0
    late_by: int = 0
    drops_markers: bool = False
    keeps_what_is_deleted: bool = False
    dies_after: int | None = None


class Editor:
    """A program with one project open. What is not saved is gone when it dies."""

    def __init__(self, silences: Silences | None = None) -> None:
        self.silences = silences or Silences()
        self.running = False
        self.disk: Project | None = None
        self.project: Project | None = None

    def open(self, project: Project | None = None) -> None:
        self.disk = copy.deepcopy(project) if project else self.disk
        self.project = copy.deepcopy(self.disk)
        self.running = True
        self.silences.dies_after = None

    def save(self) -> None:
        self.disk = copy.deepcopy(self.project)

    def quit(self) -> None:
        self.running, self.project = False, None

    def now(self) -> Project:
        if not self.running or self.project is None:
            raise Gone
        return self.project

    def _change(self) -> Project:
        project = self.now()
        if self.silences.dies_after is not None:
            self.silences.dies_after -= 1
            if self.silences.dies_after < 0:
                self.quit()
                raise Gone
        return project

    def add_track(self, name: str) -> None:
        self._change().tracks.append(Track(name))

    def rename_track(self, name: str, new: str) -> None:
        self._track(self._change(), name).name = new

    def delete_track(self, name: str) -> None:
        project = self._change()
        track = self._track(project, name)
        if not track.locked and not self.silences.keeps_what_is_deleted:
            project.tracks.remove(track)

    def add_clip(self, name: str, clip: Clip) -> None:
        track = self._track(self._change(), name)
        over = any(
            clip.start < lies.start + lies.frames and lies.start < clip.start + clip.frames for lies in track.clips
        )
        if not (self.silences.drops_placements or track.locked or over):
            late, short = self.silences.late_by, self.silences.short_by
            track.clips.append(replace(clip, start=clip.start + late, frames=clip.frames - short))

    def add_marker(self, frame: int, name: str) -> None:
        project = self._change()
        if not self.silences.drops_markers and all(marker.frame != frame for marker in project.markers):
            project.markers.append(Marker(frame, name, True))

    def delete_marker(self, frame: int) -> None:
        project = self._change()
        project.markers = [marker for marker in project.markers if marker.frame != frame or not marker.ours]

    def _track(self, project: Project, name: str) -> Track:
        return next(track for track in project.tracks if track.name == name)


class FakeHost:
    """The bridge: new tracks first, under names that nobody has; asked again; then the old ones go."""

    def __init__(self, editor: Editor, cannot: Mapping[Ability, str] | None = None) -> None:
        self._editor = editor
        self._about = About("fake", "A fake", "1.0", dict(cannot or {"duck": "it knows no volume"}))

    def about(self) -> About:
        self._now()
        return self._about

    def read(self) -> Opened:
        self._may("read")
        project = self._now()
        cut = project.cut
        text = _otio(project)
        lying = [[track.name, track.locked, repr(track.clips)] for track in project.tracks if not _ours(track)]
        mine = [(marker.frame, marker.name) for marker in project.markers if not marker.ours]
        return Opened(cut.name, text, None, json.dumps([repr(cut), lying, mine]), cut.drop)

    def playhead(self) -> int:
        self._may("playhead")
        return self._now().playhead

    def move(self, frame: int) -> None:
        self._may("move")
        self._now().playhead = frame

    def plan(self, music: Music) -> Plan:
        project = self._now()
        self._may("place")
        if music.duck:
            self._may("duck")
        if len(music.sounds) > 1 or music.sounds[0].stem:
            self._may("stems")
        for sound in music.sounds:
            if not sound.path.is_file():
                raise InputError(f"{sound.path}: there is no such file")
        found = [track for track in project.tracks if _ours(track)]
        for track in found:
            if track.locked:
                raise OutputError(f"the track '{track.name}' is locked: unlock it to score again")
        going = [track.name for track in found if _untouched(track)]
        if going:
            self._may("replace")
        staying = {track.name for track in project.tracks} - set(going)
        first = free_name({name for name in staying if name.startswith(score_track.NAME)})
        warnings = tuple(f"'{track.name}' was changed and stays" for track in found if track.name not in going)
        return Plan(first, tuple(going), (f"lay the score on a new track '{first}'",), warnings)

    def place(self, music: Music) -> Placed:
        planned = self.plan(music)
        names = track_names(planned.track, music.sounds)
        clips = [Clip(0, music.frames, sound.path, dict(music.provenance)) for sound in music.sounds]
        before = copy.deepcopy(self._now())
        try:
            for name, clip in zip(names, clips, strict=True):
                self._editor.add_track(f"{name} (new)")
                self._editor.add_clip(f"{name} (new)", clip)
            lying = {track.name: track.clips for track in self._editor.now().tracks}
            if any(lying.get(f"{name} (new)") != [clip] for name, clip in zip(names, clips, strict=True)):
                raise HostRefused("the editor did not lay the score where it was asked to: nothing was changed")
            for marker in [marker for marker in self._editor.now().markers if marker.ours]:
                self._editor.delete_marker(marker.frame)
            for name in planned.replaces:
                self._editor.delete_track(name)
            if {track.name for track in self._editor.now().tracks} & set(planned.replaces):
                raise HostRefused("the editor did not let go of the score before: nothing was changed")
            for name in names:
                self._editor.rename_track(f"{name} (new)", name)
            missing = self._mark(music)
        except Gone:
            raise HostClosed("the editor went away while the score was placed") from None
        except HostRefused:
            self._editor.project = before  # an undo, as a real host has it
            raise
        marks = sum(marker.ours for marker in self._editor.now().markers)
        return Placed(names, marks, missing, planned.warnings)

    def _mark(self, music: Music) -> tuple[str, ...]:
        if not music.marks:
            return ()
        if words := self._about.cannot.get("markers"):
            return (f"{len(music.marks)} markers: {words}",)
        for mark in music.marks:
            self._editor.add_marker(mark.frame, mark.name)
        there = {(marker.frame, marker.name) for marker in self._editor.now().markers}
        return tuple(f"the marker '{m.name}' at {m.frame}" for m in music.marks if (m.frame, m.name) not in there)

    def remove(self) -> Removed:
        project = self._now()
        self._may("remove")
        found = [track for track in project.tracks if _ours(track)]
        going = [track.name for track in found if _untouched(track) and not track.locked]
        marks = [marker.frame for marker in project.markers if marker.ours] if going else []
        warnings = [
            f"'{track.name}' {'is locked' if track.locked else 'was changed'} and stays"
            for track in found
            if track.name not in going
        ]
        for name in going:
            self._editor.delete_track(name)
        for frame in marks:
            self._editor.delete_marker(frame)
        return Removed(tuple(going), len(marks), tuple(warnings))

    def close(self) -> None:
        pass

    def _now(self) -> Project:
        try:
            return self._editor.now()
        except Gone:
            raise HostClosed("the editor is not running") from None

    def _may(self, ability: Ability) -> None:
        self._now()
        if ability in self._about.cannot:
            raise unable(self._about, ability)


def _ours(track: Track) -> bool:
    return any(clip.ours is not None for clip in track.clips)


def _untouched(track: Track) -> bool:
    return len(track.clips) == 1 and track.clips[0].ours is not None and track.clips[0].start == 0


def _otio(project: Project) -> str:
    """The timeline as an editor of some years hands it out, without our own tracks and markers."""
    cut = project.cut
    top, _, below = cut.rate.partition("/")
    rate = int(top) / int(below or 1)

    def time(frames: int) -> Any:
        return otio.opentime.RationalTime(frames, rate)

    made = otio.schema.Timeline(cut.name, global_start_time=time(cut.start))
    picture = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for number, length in enumerate(cut.shots, 1):
        whole = otio.opentime.TimeRange(time(0), time(length))
        picture.append(
            otio.schema.Clip(f"shot {number}", otio.schema.ExternalReference(f"/f/{number}.mov", whole), whole)
        )
    made.tracks.append(picture)
    for marker in project.markers:
        if not marker.ours:
            where = otio.opentime.TimeRange(time(marker.frame), time(0))
            made.tracks.markers.append(otio.schema.Marker(marker.name, where, "RED"))
    text: str = otio.adapters.write_to_string(made, "otio_json")
    return text


class FakeStand:
    """A person in front of the fake editor."""

    impossible: Mapping[Any, str] = {}

    def __init__(self, silences: Silences | None = None, cannot: Mapping[Ability, str] | None = None) -> None:
        self.editor = Editor(silences)
        self.cannot = cannot

    def make(self, cut: Cut) -> None:
        self.editor.open(Project(cut, [Track("A1")], [Marker(*marker) for marker in cut.markers]))

    def host(self) -> Any:
        return FakeHost(self.editor, self.cannot)

    def snapshot(self) -> Any:
        project = self.editor.project
        return copy.deepcopy(project)

    def sounds(self) -> Sequence[Lying]:
        return [
            Lying(track.name, clip.start, clip.frames, clip.sound)
            for track in self.editor.now().tracks
            for clip in track.clips
        ]

    def marks(self) -> Sequence[tuple[int, str]]:
        return [(marker.frame, marker.name) for marker in self.editor.now().markers]

    def put_foreign_on_our_track(self) -> None:
        self._ours().clips.append(Clip(self.editor.now().cut.frames, 24, Path("/f/door.wav")))

    def move_ours(self) -> None:
        self._ours().clips[0].start += 12

    def lock_ours(self) -> None:
        self._ours().locked = True

    def put_marker(self, frame: int, name: str) -> None:
        self.editor.now().markers.append(Marker(frame, name))

    def close_host(self) -> None:
        self.editor.save()
        self.editor.quit()

    def quit_halfway(self) -> None:
        self.editor.silences.dies_after = 2

    def reopen(self) -> None:
        if self.editor.running:
            self.editor.save()
        self.editor.open()

    def _ours(self) -> Track:
        return next(track for track in self.editor.now().tracks if _ours(track))
