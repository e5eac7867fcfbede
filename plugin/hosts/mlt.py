"""Kdenlive's and Shotcut's project files as hosts: changed where they lie, with a copy of the project kept beside."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import opentimelineio as otio

from ...runtime.edit import Edit
from ...runtime.errors import InputError
from ...runtime.mix.files import Transaction
from ..timeline import mlt_places, mlt_score, mlt_writing, score_track
from ..timeline.document import Document, open_mlt
from ..timeline.mlt_marks import Guide
from ..timeline.mlt_xml import Mlt, Node, parse
from ..timeline.reading import edit_of, is_ours
from .at_file import AtFile, arrived, refused, steps
from .known import Where
from .protocol import (
    Ability,
    About,
    Music,
    Opened,
    Placed,
    Plan,
    Removed,
    track_names,
)

NAME = "mlt"
CANNOT: Mapping[Ability, str] = {
    "move": "a project file only remembers where the playhead was when it was saved",
    "duck": "no level is drawn into a project; the music is ducked itself",
    "undo": "a file has no undo; the project as it was is kept beside, and `unscore` takes the score off again",
}
_NO_POSITION = "Shotcut and MLT do not keep the playhead in their files"


def reach(where: Where) -> MltHost:
    if where.source is None:
        raise InputError("no project is named")
    return MltHost(where.source)


class MltHost(AtFile):
    """The project that `source` names. It should be closed in the editor, which would write its own over ours."""

    def about(self) -> About:
        suffix = self._source.path.suffix.lower()
        cannot = dict(CANNOT)
        if suffix != ".kdenlive":
            cannot["playhead"] = _NO_POSITION
        program = "Kdenlive" if suffix == ".kdenlive" else "Shotcut"
        return About(NAME, f"{program} project {self._source.path.name}", suffix.lstrip("."), cannot)

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
        edit, document = self._fitting(music)
        planned = mlt_score.plan(document.data, document.index)
        before = mlt_score.track_names(document.data, document.index)
        going = tuple(score_track.one_line(before[index]) for index in sorted(planned.going))
        return Plan(planned.name, going, steps(going, planned.name, music), planned.warnings), edit, document

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

    def _write(self, document: Document, data: bytes) -> list[str]:
        """In place, if the project is still what was read; answers where the one before is kept."""
        path = self._source.path
        with refused(), Transaction() as files:
            kept = mlt_writing.keep(document.data, path, files)
            files.stage(path).write_bytes(data)
            if path.read_bytes() != document.data:
                raise self._changed_meanwhile()
            files.commit()
        return [mlt_writing.kept(kept)] if kept else []

    def _compared(self, data: bytes, edit: Edit, document: Document, music: Music, planned: Plan) -> Placed:
        """What our own reader finds in the project that is about to be put in place."""
        again = open_mlt(data, document.path, document.format, None, document.index)
        self._as_it_was(edit, edit_of(again))
        names = track_names(planned.track, music.sounds)
        lying = [score_track.one_line(track.name) for track in again.timeline.tracks if is_ours(track)]
        if any(name not in lying for name in names):
            raise self._not_found_again()
        there = sum(marker.metadata.get("hitpoint") is not None for marker in again.timeline.tracks.markers)
        return arrived(names, there, music)


def _position(project: Mlt, sequence: Node) -> Node | None:
    """Where Kdenlive wrote down its playhead."""
    bin_ = mlt_places.main_bin(project)
    held = sequence.property("kdenlive:sequenceproperties.position")
    return held or (bin_.property("kdenlive:docproperties.position") if bin_ else None)
