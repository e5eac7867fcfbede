"""DaVinci Resolve's scripting objects as they are documented and as others found them, with all that goes wrong in silence.

Made of what is written about the program, never of the program itself. Marks after a behaviour say how it is known: [D] the
vendor's documentation, [V] a third party's measurement on a live Resolve, [I] a report, [C] the source of another tool,
[G] an assumption that nobody measured: the worse of two was taken.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from .resolve_project import (
    FREE,
    STUDIO,
    Bin,
    Held,
    Item,
    Line,
    PoolClip,
    Program,
    Track,
    exact,
    exported,
    frame_of,
    sound_frames,
    timecode,
)

OTIO, NONE = 31.0, 0.0  # live enum values; a name in their place is refused in silence [V]
# What the free edition answers with False and a dialog [V].
STUDIO_ONLY = {"CreateSubtitlesFromAudio", "TranscribeAudio", "DetectSceneCuts"}
COLORS = {
    "Blue", "Cyan", "Green", "Yellow", "Red", "Pink", "Purple", "Fuchsia", "Rose", "Lavender", "Sky", "Mint", "Lemon",
    "Sand", "Cocoa", "Cream",
}  # fmt: skip


class Hangs(AssertionError):
    """The real program would never come back."""


def scripting(program: Program) -> Any:
    """The scripting object of a program; None where it does not run."""
    return Resolve(program) if program.running else None


def call(changes: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A call of the interface. Closed, it answers None [V]; a dialog makes every change fail until somebody clicks [V]."""

    def made(method: Callable[..., Any]) -> Callable[..., Any]:
        def asked(self: Any, *given: Any) -> Any:
            program = self._program
            program.said.append(method.__name__)
            if not program.running or program.project is None or self._generation != program.generation:
                return None
            if changes:
                if program.dialog:
                    return False
                if program.silences.dies_after is not None:
                    program.silences.dies_after -= 1
                    if program.silences.dies_after < 0:
                        program.quit()
                        return None
            try:
                return method(self, *given)
            except StopIteration:  # of something that was deleted
                return None

        asked.__name__ = method.__name__
        asked.is_call = True  # type: ignore[attr-defined]
        return asked

    return made


class Thing:
    """hasattr is True for every name, and what is not there is None [V]; dir() tells the truth [V]."""

    since: ClassVar[dict[str, tuple[int, ...]]] = {}

    def __init__(self, program: Program) -> None:
        self._program, self._generation = program, program.generation

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name == "since":
            return object.__getattribute__(self, name)
        if name in STUDIO_ONLY:
            return self._studio_only
        return object.__getattribute__(self, name) if name in dir(self) else None

    def __dir__(self) -> list[str]:
        version = tuple(int(part) for part in self._program.version.split("."))
        known = {name for name in dir(type(self)) if not name.startswith("_") and name != "since"}
        return sorted(name for name in known if self.since.get(name, ()) <= version)

    def _studio_only(self, *given: Any) -> bool:
        self._program.said.append("STUDIO ONLY")
        self._program.dialog = self._program.edition == FREE
        return self._program.edition == STUDIO

    @property
    def _project(self) -> Held:
        assert self._program.project is not None
        return self._program.project


class Resolve(Thing):
    EXPORT_OTIO, EXPORT_NONE = OTIO, NONE

    def __getattribute__(self, name: str) -> Any:
        # Enum values are no calls; before 18.5 there is no OTIO [D].
        if name in ("EXPORT_OTIO", "EXPORT_NONE"):
            young = tuple(int(part) for part in self._program.version.split(".")) < (18, 5)
            return None if young and name == "EXPORT_OTIO" else object.__getattribute__(self, name)
        return super().__getattribute__(name)

    @call()
    def GetProductName(self) -> str:
        return self._program.edition

    @call()
    def GetVersionString(self) -> str:
        return self._program.version

    @call()
    def GetProjectManager(self) -> Any:
        return ProjectManager(self._program)

    @call()
    def GetCurrentPage(self) -> str:
        return self._program.page

    @call(changes=True)
    def OpenPage(self, page: str) -> bool:
        self._program.page = page
        return page in ("media", "cut", "edit", "fusion", "color", "fairlight", "deliver")


class ProjectManager(Thing):
    @call()
    def GetCurrentProject(self) -> Any:
        return Project(self._program)

    @call(changes=True)
    def SaveProject(self) -> bool:
        if self._project.name == "Untitled Project":  # it wants a name, and nobody can give one [V]
            if self._program.silences.headless:
                raise Hangs("SaveProject never returns for 'Untitled Project' without a window [V]")
            return False
        self._program.save()
        return True


class Project(Thing):
    @call()
    def GetName(self) -> str:
        return self._project.name

    @call()
    def GetSetting(self, name: str = "") -> Any:
        return self._project.rate.split()[0] if name == "timelineFrameRate" else ""

    @call()
    def GetMediaPool(self) -> Any:
        return MediaPool(self._program)

    @call()
    def GetCurrentTimeline(self) -> Any:
        return Timeline(self._program, self._project.current) if self._project.current else None

    @call()
    def GetTimelineCount(self) -> int:
        return len(self._project.lines)

    @call()
    def GetTimelineByIndex(self, index: int) -> Any:  # from 1 [D]; there is no GetTimelineByName [V]
        lines = self._project.lines
        return Timeline(self._program, lines[index - 1].id) if 0 < index <= len(lines) else None


class MediaPool(Thing):
    @call()
    def GetRootFolder(self) -> Any:
        return Folder(self._program, self._project.root.id)

    @call()
    def GetCurrentFolder(self) -> Any:
        return Folder(self._program, self._project.folder)

    @call(changes=True)
    def SetCurrentFolder(self, folder: Any) -> bool:
        known = {inner.id for inner in self._project.root.all_bins()}
        if not isinstance(folder, Folder) or folder._id not in known:
            return False
        self._project.folder = folder._id
        return True

    @call(changes=True)
    def AddSubFolder(self, folder: Any, name: str) -> Any:
        found = folder._bin
        if any(inner.name == name for inner in found.bins):
            return None
        found.bins.append(Bin(self._program.new_id(), name))
        return Folder(self._program, found.bins[-1].id)

    @call(changes=True)
    def DeleteFolders(self, folders: list[Any]) -> bool:
        ids = {folder._id for folder in folders}
        for inner in self._project.root.all_bins():
            inner.bins = [each for each in inner.bins if each.id not in ids]
        if self._project.folder in ids:
            self._project.folder = self._project.root.id
        return True

    @call(changes=True)
    def ImportMedia(self, paths: list[str]) -> list[Any]:
        """Into the current folder, there is no other [V]; a file that is not there is left out without a word [D]."""
        if self._program.silences.imports_nothing:
            return []
        folder = Folder(self._program, self._project.folder)._bin
        found = []
        for path in paths:
            if not Path(path).is_file():
                continue
            if any(clip.path == path for clip in self._project.root.everywhere()):
                continue  # it is in the pool already [G]
            # A sound has no rate: it takes the project's, and keeps that for good [V].
            rate = self._project.rate.split()[0]
            clip = PoolClip(self._program.new_id(), Path(path).name, path, rate, sound_frames(path, exact(rate)))
            folder.clips.append(clip)
            found.append(MediaPoolItem(self._program, clip.id))
        return found

    @call(changes=True)
    def DeleteClips(self, clips: list[Any]) -> bool:
        """Out of the pool, and out of every timeline that plays them [G]."""
        ids = {clip._id for clip in clips}
        for inner in self._project.root.all_bins():
            inner.clips = [clip for clip in inner.clips if clip.id not in ids]
        for line in self._project.lines:
            for tracks in line.tracks.values():
                for track in tracks:
                    track.items = [item for item in track.items if item.clip not in ids]
        return True

    @call(changes=True)
    def AppendToTimeline(self, asked: list[dict[str, Any]]) -> list[Any]:
        placed = []
        for info in asked:
            item = self._append(info)
            if item is not None:
                placed.append(TimelineItem(self._program, item.id))
        if self._program.silences.null_items:
            return [TimelineItem(self._program, "") for _ in asked]
        return placed

    def _append(self, info: dict[str, Any]) -> Item | None:
        line = Timeline(self._program, self._project.current)._line
        kind = {1: "video", 2: "audio"}[info["mediaType"]]
        tracks = line.tracks[kind]
        clip = next((c for c in self._project.root.everywhere() if c.id == info["mediaPoolItem"]._id), None)
        if clip is None or not 0 < info["trackIndex"] <= len(tracks):
            return None
        track = tracks[info["trackIndex"] - 1]
        if track.locked:  # an empty list, no word [C]
            return None
        end = info["endFrame"] + (1 if self._program.silences.inclusive_end else 0)  # exclusive [V]
        source = min(end, clip.frames) - info["startFrame"]
        frames = math.floor(source * line.fps / exact(clip.fps))  # fractions are cut off [V]
        start = info["recordFrame"]  # absolute: a relative one lies before the timeline and reads back fine [I]
        over = any(start < lies.start + lies.frames and lies.start < start + frames for lies in track.items)
        if over or frames < 1:  # the earlier one wins, the later is dropped [V]
            return None
        item = Item(self._program.new_id(), clip.id, clip.name, start, frames, info["startFrame"])
        item.errored = self._program.silences.errored_appends
        if self._program.silences.null_items:  # returned, and not there [V]
            return None
        track.items.append(item)
        return item


class Folder(Thing):
    def __init__(self, program: Program, id: str) -> None:
        super().__init__(program)
        self._id = id

    @property
    def _bin(self) -> Bin:
        return next(inner for inner in self._project.root.all_bins() if inner.id == self._id)

    @call()
    def GetName(self) -> str:
        return self._bin.name

    @call()
    def GetUniqueId(self) -> str:
        return self._id

    @call()
    def GetClipList(self) -> list[Any]:
        return [MediaPoolItem(self._program, clip.id) for clip in self._bin.clips]

    @call()
    def GetSubFolderList(self) -> list[Any]:
        return [Folder(self._program, inner.id) for inner in self._bin.bins]


class MediaPoolItem(Thing):
    # [D] of the metadata; of the number, that 18.5 has none is the worse assumption [G].
    since: ClassVar = {
        "GetThirdPartyMetadata": (19, 0, 2),
        "SetThirdPartyMetadata": (19, 0, 2),
        "GetUniqueId": (19, 0),
    }

    def __init__(self, program: Program, id: str) -> None:
        super().__init__(program)
        self._id = id

    @property
    def _clip(self) -> PoolClip:
        return next(clip for clip in self._project.root.everywhere() if clip.id == self._id)

    @call()
    def GetName(self) -> str:
        return self._clip.name

    @call()
    def GetUniqueId(self) -> str:
        return self._id

    @call()
    def GetMediaId(self) -> str:
        return f"media {self._id}"

    @call()
    def GetClipProperty(self, name: str = "") -> Any:
        used = sum(
            item.clip == self._id
            for line in self._project.lines
            for tracks in line.tracks.values()
            for track in tracks
            for item in track.items
        )
        clip = self._clip
        said = {"File Path": clip.path, "FPS": float(clip.fps), "Usage": str(used), "Type": "Audio"}
        return said if not name else said.get(name, "")

    @call()
    def GetMetadata(self, name: str = "") -> Any:
        return self._clip.metadata.get(name, "") if name else dict(self._clip.metadata)

    @call(changes=True)
    def SetMetadata(self, values: dict[str, str]) -> bool:
        self._clip.metadata |= values
        return True

    @call()
    def GetThirdPartyMetadata(self, name: str = "") -> Any:
        return self._clip.third.get(name, "") if name else dict(self._clip.third)

    @call(changes=True)
    def SetThirdPartyMetadata(self, values: dict[str, str]) -> bool:
        self._clip.third |= values
        return True


class Timeline(Thing):
    since: ClassVar = {"GetUniqueId": (19, 0), "GetTrackSubType": (19, 0)}  # [G]

    def __init__(self, program: Program, id: str) -> None:
        super().__init__(program)
        self._id = id

    @property
    def _line(self) -> Line:
        return next(line for line in self._project.lines if line.id == self._id)

    def _track(self, kind: str, index: float) -> Track | None:
        tracks = self._line.tracks.get(kind, [])
        return tracks[int(index) - 1] if 0 < index <= len(tracks) else None

    @call()
    def GetName(self) -> str:
        return self._line.name

    @call()
    def GetUniqueId(self) -> str:
        return self._id

    @call()
    def GetStartFrame(self) -> int:
        return self._line.start

    @call()
    def GetEndFrame(self) -> int:
        return self._line.end

    @call()
    def GetStartTimecode(self) -> str:
        return timecode(self._line.start, self._line)

    @call()
    def GetSetting(self, name: str = "") -> Any:
        said = {"timelineFrameRate": self._line.rate, "timelineDropFrameTimecode": "1" if self._line.drop else "0"}
        return said.get(name, "")

    @call()
    def GetTrackCount(self, kind: str) -> int:
        return len(self._line.tracks.get(kind, []))

    @call()
    def GetTrackName(self, kind: str, index: int) -> str:
        track = self._track(kind, index)
        return track.name if track else ""

    @call(changes=True)
    def SetTrackName(self, kind: str, index: int, name: str) -> bool:
        track = self._track(kind, index)
        if track is not None:
            track.name = name
        return track is not None

    @call()
    def GetTrackSubType(self, kind: str, index: int) -> str:
        track = self._track(kind, index)
        return track.subtype if track and kind == "audio" else ""

    @call()
    def GetIsTrackLocked(self, kind: str, index: int) -> bool:
        track = self._track(kind, index)
        return bool(track and track.locked)

    @call()
    def GetIsTrackEnabled(self, kind: str, index: int) -> bool:
        track = self._track(kind, index)
        return bool(track and track.enabled)

    @call(changes=True)
    def AddTrack(self, kind: str, more: Any = "mono") -> bool:  # mono where nothing is said [D]
        subtype = more if isinstance(more, str) else more.get("audioType", "mono")
        tracks = self._line.tracks[kind]
        tracks.append(Track(f"{kind.title()} {len(tracks) + 1}", subtype if kind == "audio" else "video"))
        return True

    @call(changes=True)
    def DeleteTrack(self, kind: str, index: int) -> bool:
        track = self._track(kind, index)
        if track is None or track.locked or self._program.silences.deletes_no_track:
            return False
        self._line.tracks[kind].remove(track)
        return True

    @call()
    def GetItemListInTrack(self, kind: str, index: int) -> list[Any]:
        track = self._track(kind, index)
        return [TimelineItem(self._program, item.id) for item in track.items] if track else []

    @call(changes=True)
    def DeleteClips(self, items: list[Any], ripple: bool = False) -> bool:
        """On the Edit page only, elsewhere False and nothing [V]; a locked track keeps what it has."""
        if self._program.page != "edit":
            return False
        if self._program.silences.deletes_at_second_try:
            self._program.silences.deletes_at_second_try = False
            return False
        ids = {item._id for item in items}
        for tracks in self._line.tracks.values():
            for track in tracks:
                if not track.locked:
                    track.items = [item for item in track.items if item.id not in ids]
        return True

    @call()
    def GetMarkers(self) -> dict[float, dict[str, Any]]:
        """By frames from the timeline's start, as floats [D]."""
        return {float(frame): dict(said) for frame, said in self._line.markers.items()}

    @call(changes=True)
    def AddMarker(self, frame: float, color: str, name: str, note: str, duration: float, customData: str = "") -> bool:
        if color not in COLORS or frame in self._line.markers:  # one on a frame, the next is refused [G]
            return False
        said = {"color": color, "name": name, "note": note, "duration": duration, "customData": customData}
        self._line.markers[int(frame)] = said
        self._line.markers = dict(sorted(self._line.markers.items()))
        return True

    @call(changes=True)
    def DeleteMarkerByCustomData(self, data: str) -> bool:
        for frame, said in self._line.markers.items():
            if said["customData"] == data:  # the first that has it [D]
                del self._line.markers[frame]
                return True
        return False

    @call()
    def GetCurrentTimecode(self) -> str:
        return timecode(self._line.start + self._line.playhead, self._line)

    @call(changes=True)
    def SetCurrentTimecode(self, text: str) -> bool:
        if self._program.page not in ("cut", "edit", "color", "fairlight", "deliver"):  # [D]
            return False
        self._line.playhead = frame_of(text, self._line) - self._line.start
        return True

    @call()
    def Export(self, path: str, kind: Any, subtype: Any = NONE) -> bool:
        how = self._program.silences.export
        if how == "false" or kind != OTIO or isinstance(kind, str):
            return False
        if how == "yes":
            rate = None
            if self._program.silences.nominal_rate:
                rate = float(round(self._line.fps))
            Path(path).write_text(json.dumps(exported(self._project, self._line, rate)), encoding="utf-8")
        elif how == "not json":
            Path(path).write_text("{", encoding="utf-8")
        return True  # true, whether or not a file is there


class TimelineItem(Thing):
    def __init__(self, program: Program, id: str) -> None:
        super().__init__(program)
        self._id = id

    @property
    def _found(self) -> tuple[Item | None, Line | None]:
        for line in self._project.lines:
            for tracks in line.tracks.values():
                for track in tracks:
                    for item in track.items:
                        if item.id == self._id:
                            return item, line
        return None, None

    def _of(self, name: str) -> Any:
        item, _ = self._found
        return None if item is None else getattr(item, name)

    @call()
    def GetName(self) -> Any:
        return self._of("name")

    @call()
    def GetUniqueId(self) -> Any:
        return self._of("id")

    @call()
    def GetStart(self, subframe: bool = False) -> Any:
        return self._of("start")

    @call()
    def GetDuration(self, subframe: bool = False) -> Any:
        return self._of("frames")

    @call()
    def GetEnd(self, subframe: bool = False) -> Any:
        item, _ = self._found
        return None if item is None else item.start + item.frames

    @call()
    def GetLeftOffset(self, subframe: bool = False) -> Any:  # in the timeline's frames [V]
        return self._of("skipped")

    @call()
    def GetClipEnabled(self) -> Any:
        return self._of("enabled")

    @call()
    def GetMarkers(self) -> Any:
        item, _ = self._found
        return None if item is None else {float(frame): said for frame, said in item.markers.items()}

    @call()
    def GetMediaPoolItem(self) -> Any:
        clip = self._of("clip")
        return MediaPoolItem(self._program, clip) if clip else None
