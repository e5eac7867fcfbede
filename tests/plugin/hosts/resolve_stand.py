"""A person in front of Resolve's stand-in: sees and changes what the program holds, never through its scripting objects."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from hitpoint.plugin.hosts.resolve.host import Resolve

from .contract import SCORE, Cut, Lying, silent_wav
from .resolve_project import STUDIO, Bin, Held, Item, Line, PoolClip, Program, Track
from .resolve_standin import scripting

RATES = {
    "24000/1001": "23.976",
    "24": "24",
    "25": "25",
    "30000/1001": "29.97",
    "50": "50",
    "60000/1001": "59.94",
}


class ResolveStand:
    impossible: ClassVar = {}

    def __init__(
        self,
        folder: Path,
        edition: str = STUDIO,
        version: str = "20.3.2",
        connect: Callable[[Program], Resolve] = lambda program: Resolve(scripting(program)),
    ) -> None:
        self.folder = folder
        self.program = Program(edition, version)
        self.connect = connect

    def make(self, cut: Cut, name: str = "A film") -> None:
        fps = Fraction(cut.rate)
        rate = RATES[cut.rate]
        root = Bin("root", "Master")
        line = Line(self.program.new_id(), cut.name, rate + (" DF" if cut.drop else ""), fps, cut.start)
        picture, sound, at = Track("Video 1"), Track("Audio 1", "stereo"), cut.start
        for number, length in enumerate(cut.shots, 1):
            clip = PoolClip(self.program.new_id(), f"shot {number}.mov", f"/f/{number}.mov", rate, length)
            root.clips.append(clip)
            picture.items.append(Item(self.program.new_id(), clip.id, clip.name, at, length))
            at += length
        voice = PoolClip(self.program.new_id(), "voice.wav", "/f/voice.wav", rate, 20)
        root.clips.append(voice)
        sound.items.append(Item(self.program.new_id(), voice.id, voice.name, cut.start, 20))
        line.tracks["video"].append(picture)
        line.tracks["audio"].append(sound)
        self.program.disk = Held(name, rate, root, [line], line.id)
        self.program.start()
        for frame, words in cut.markers:
            self.put_marker(frame, words)
        self.program.save()

    def host(self) -> Any:
        return self.connect(self.program)

    @property
    def line(self) -> Line:
        project = self.program.project
        assert project is not None
        return next(line for line in project.lines if line.id == project.current)

    def snapshot(self) -> Any:
        return copy.deepcopy(self.program.project or self.program.disk), self.program.page

    def sounds(self) -> Sequence[Lying]:
        project = self.program.project
        assert project is not None
        paths = {clip.id: Path(clip.path) for clip in project.root.everywhere()}
        return [
            Lying(track.name, item.start - self.line.start, item.frames, paths.get(item.clip))
            for track in self.line.tracks["audio"]
            for item in track.items
        ]

    def marks(self) -> Sequence[tuple[int, str]]:
        return [(frame, said["name"]) for frame, said in self.line.markers.items()]

    def put_foreign_on_our_track(self) -> None:
        project, track = self.program.project, self.ours()
        assert project is not None
        door = silent_wav(self.folder / "door.wav", 24, str(self.line.fps))
        clip = PoolClip(self.program.new_id(), door.name, str(door), self.line.rate.split()[0], 24)
        project.root.clips.append(clip)
        track.items.append(Item(self.program.new_id(), clip.id, clip.name, self.line.end, 24))

    def move_ours(self) -> None:
        self.ours().items[0].start += 12

    def lock_ours(self) -> None:
        self.ours().locked = True

    def put_marker(self, frame: int, name: str) -> None:
        said = {"color": "Blue", "name": name, "note": "", "duration": 1, "customData": ""}
        self.line.markers[frame] = said
        self.line.markers = dict(sorted(self.line.markers.items()))

    def close_host(self) -> None:
        self.program.save()
        self.program.quit()

    def quit_halfway(self) -> None:
        self.program.silences.dies_after = 4  # a bin, a track; then it is gone

    def reopen(self) -> None:
        if self.program.running:
            self.program.save()
        self.program.start()

    def quit(self) -> None:
        pass

    def ours(self, name: str = SCORE) -> Track:
        return next(track for track in self.line.tracks["audio"] if track.name == name)
