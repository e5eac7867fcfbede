"""Kdenlive's and Shotcut's project files as hosts: changed where they lie, with a copy of the project kept beside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import opentimelineio as otio

from ...runtime.edit import Edit
from ...runtime.errors import InputError, OutputError
from ...runtime.mix.files import Transaction
from ..timeline import mlt_places, mlt_score, mlt_writing, score_track
from ..timeline.document import Document, open_mlt
from ..timeline.mlt_marks import Guide
from ..timeline.mlt_xml import Mlt, Node, parse
from ..timeline.reading import edit_of, is_ours
from .known import Where
from .protocol import (
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

NAME = "mlt"
CANNOT: Mapping[Ability, str] = {
    "move": "a project file only remembers where the playhead was when it was saved",
    "duck": "no level is drawn into a project; the music is ducked itself",
    "undo": "a file has no undo; the project as it was is kept beside, and `unscore` takes the score off again",
}
_NO_POSITION = "Shotcut and MLT do not keep the playhead in their files"


class Reads(Protocol):
    """`timeline.reading.Source`, which says which sequence of the project is meant, and where its media are."""

    @property
    def path(self) -> Any: ...

    def read(self) -> tuple[Edit, Document]: ...


def reach(where: Where) -> MltHost:
    if where.source is None:
        raise InputError("no project is named")
    return MltHost(where.source)


class MltHost:
    """The project that `source` names. It should be closed in the editor, which would write its own over ours."""

    def __init__(self, source: Reads) -> None:
        self._source = source

    def about(self) -> About:
        suffix = self._source.path.suffix.lower()
        cannot = dict(CANNOT)
        if suffix != ".kdenlive":
            cannot["playhead"] = _NO_POSITION
        program = "Kdenlive" if suffix == ".kdenlive" else "Shotcut"
        return About(NAME, f"The {program} project {self._source.path.name}", "1", cannot)

    def read(self) -> Opened:
        edit, document = self._read()
        text = otio.adapters.write_to_string(document.timeline, "otio_json")
        bare = mlt_score.remove(document.data, document.index).data
        revision = hashlib.sha256(b"%d\n" % document.index + bare).hexdigest()
        return Opened(edit.name, text, self._source.path, revision, edit.drop_frame, edit.warnings)

    def playhead(self) -> int:
        """Where it was when the project was saved."""
        self._may("playhead")
        _, document = self._read()
        project = parse(document.data)
        held = _position(project, mlt_score.sequence_of(project, document.index))
        return max(0, project.frames(held.text, held)) if held is not None else 0

    def move(self, frame: int) -> None:  # noqa: ARG002
        self._may("move")

    def plan(self, music: Music) -> Plan:
        return self._plan(music)[0]

    def _plan(self, music: Music) -> tuple[Plan, Edit, Document]:
        self._may("place")
        if music.duck:
            self._may("duck")
        for sound in music.sounds:
            if not sound.path.is_file():
                raise InputError(f"{sound.path}: there is no such file to put on the timeline")
        edit, document = self._read()
        if music.frames != edit.frames:
            raise HostRefused(
                f"{self._source.path.name} is {edit.frames} frames long now, and the score {music.frames}: make it anew"
            )
        planned = mlt_score.plan(document.data, document.index)
        before = mlt_score.track_names(document.data, document.index)
        going = tuple(score_track.one_line(before[index]) for index in sorted(planned.going))
        names = track_names(planned.name, music.sounds)
        steps = [f"take the track '{name}' off" for name in going]
        steps += [
            f"lay '{sound.path.name}' on the new track '{name}'"
            for name, sound in zip(names, music.sounds, strict=True)
        ]
        steps += [f"write {len(music.marks)} markers"] if music.marks else []
        return Plan(planned.name, going, tuple(steps), planned.warnings), edit, document

    def place(self, music: Music) -> Placed:
        planned, edit, document = self._plan(music)
        path = self._source.path
        sounds = [mlt_writing.Sound(sound.path, sound.path, sound.stem) for sound in music.sounds]
        marks = [Guide(mark.frame, mark.name, mark.color) for mark in music.marks]
        scored = mlt_writing.scored(
            document.data,
            document.index,
            path,
            path,
            sounds,
            music.frames,
            provenance=music.provenance,
            markers=marks,
        )
        placed = self._compared(scored.data, edit, document, music, planned)
        said = self._write(document, scored.data)
        return Placed(placed.tracks, placed.marks, placed.missing, (*planned.warnings, *said))

    def remove(self) -> Removed:
        self._may("remove")
        _, document = self._read()
        bare = mlt_score.remove(document.data, document.index, touched=False)
        said = self._write(document, bare.data) if bare.data != document.data else []
        after = mlt_score.track_names(bare.data, document.index)
        names = [score_track.one_line(name) for name in bare.names]
        gone = tuple(name for name in dict.fromkeys(names) if name not in after)
        return Removed(gone, bare.guides, (*bare.warnings, *said))

    def close(self) -> None:
        pass

    def _read(self) -> tuple[Edit, Document]:
        self._there()
        return self._source.read()

    def _there(self) -> None:
        try:
            there = self._source.path.is_file()
        except OSError:
            there = False
        if not there:
            raise HostClosed(f"{self._source.path}: there is no such file")

    def _may(self, ability: Ability) -> None:
        self._there()
        about = self.about()
        if ability in about.cannot:
            raise unable(about, ability)

    def _write(self, document: Document, data: bytes) -> list[str]:
        """In place, if the project is still what was read; answers where the one before is kept."""
        path = self._source.path
        with _refused(), Transaction() as files:
            kept = mlt_writing.keep(document.data, path, files)
            files.stage(path).write_bytes(data)
            if path.read_bytes() != document.data:
                raise HostRefused(f"{path.name} was changed meanwhile by another program: nothing was written")
            files.commit()
        return [mlt_writing.kept(kept)] if kept else []

    def _compared(self, data: bytes, edit: Edit, document: Document, music: Music, planned: Plan) -> Placed:
        """What our own reader finds in the project that is about to be put in place."""
        again = open_mlt(data, document.path, document.format, None, document.index)
        seen = edit_of(again)
        if (seen.shots, seen.cuts, seen.markers) != (edit.shots, edit.cuts, edit.markers):
            raise HostRefused(f"{self._source.path.name} would not be read as it was: nothing was written")
        names = track_names(planned.track, music.sounds)
        lying = [score_track.one_line(track.name) for track in again.timeline.tracks if is_ours(track)]
        if any(name not in lying for name in names):
            raise HostRefused(f"the score would not be found in {self._source.path.name} again: nothing was written")
        there = sum(marker.metadata.get("hitpoint") is not None for marker in again.timeline.tracks.markers)
        missing = () if there == len(music.marks) else (f"{len(music.marks) - there} of {len(music.marks)} markers",)
        return Placed(names, there, missing)


def _position(project: Mlt, sequence: Node) -> Node | None:
    """Where Kdenlive wrote down its playhead."""
    bin_ = mlt_places.main_bin(project)
    held = sequence.property("kdenlive:sequenceproperties.position")
    return held or (bin_.property("kdenlive:docproperties.position") if bin_ else None)


@contextmanager
def _refused() -> Iterator[None]:
    """What keeps the file from being written, in the words of a host."""
    try:
        yield
    except HostRefused:
        raise
    except OutputError as error:
        raise HostRefused(str(error)) from error
    except OSError as error:
        raise HostRefused(f"the project cannot be written: {(error.strerror or str(error)).lower()}") from error
