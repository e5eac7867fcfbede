"""A timeline file as a host: .otio, .otioz, .otiod, FCP7 XML and FCPXML, changed where it lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...runtime.edit import Edit
from ...runtime.errors import InputError, OutputError
from ...runtime.mix.files import Transaction
from ...runtime.rate import Rate
from ..timeline import fcp7_xml, fcpxml_score, marks, score_track, scored_json, writing
from ..timeline.document import SUFFIXES, Document, open_document, played_by
from ..timeline.reading import edit_of, is_ours
from .at_file import AtFile, Reads, arrived, refused, steps
from .known import NO_PLAYHEAD, Where
from .protocol import (
    Ability,
    About,
    HostClosed,
    Music,
    Opened,
    Placed,
    Plan,
    Removed,
    track_names,
    unable,
)

NAME = "files"
WRITTEN = ("otio", "otioz", "otiod", "fcp7", *writing.FCPXML)
CANNOT: Mapping[Ability, str] = {
    **NO_PLAYHEAD,
    "duck": "a timeline file carries no level; the music is ducked itself",
}


@dataclass(frozen=True)
class _Laid(writing.Plan):
    """A plan for sounds that lie somewhere already; `sounds` are their files by stem."""

    sounds: Mapping[str, Path] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """What their paths are relative to."""
        return Path(next(iter(self.sounds.values())).anchor)

    def stem(self, name: str) -> Path:
        return self.sounds[name]


def reach(where: Where) -> FileHost:
    if where.source is None:
        raise InputError("no file is named")
    return FileHost(where.source)


class FileHost(AtFile):
    """A timeline file."""

    def about(self) -> About:
        cannot = dict(CANNOT)
        suffix = self._source.path.suffix.lower()
        if SUFFIXES.get(suffix) not in WRITTEN:
            words = (
                f"an edit in {suffix or 'this format'} is read, but not written back without loss: score it to .otio"
            )
            cannot |= dict.fromkeys(("place", "replace", "remove", "markers", "stems"), words)
        return About(NAME, self._source.path.name, suffix.lstrip(".") or "file", cannot)

    def read(self) -> Opened:
        edit, document = self._read()
        text = otio.adapters.write_to_string(document.timeline, "otio_json")
        return Opened(
            edit.name, text, self._source.path, _revision(document, edit.drop_frame), edit.drop_frame, edit.warnings
        )

    def playhead(self) -> int:
        self._there()
        raise unable(self.about(), "playhead")

    def move(self, frame: int) -> None:  # noqa: ARG002
        self._there()
        raise unable(self.about(), "move")

    def plan(self, music: Music) -> Plan:
        return self._plan(music)[0]

    def _plan(self, music: Music) -> tuple[Plan, Edit, Document, writing.Plan]:
        edit, document = self._fitting(music)
        _check_locks(document)
        written = writing.plan(document, self._source.path)
        going = _going(document)
        planned = Plan(written.track, going, steps(going, written.track, music), written.warnings)
        return planned, edit, document, written

    def place(self, music: Music) -> Placed:
        self._there()
        seen = self._digest()
        planned, edit, _, written = self._plan(music)
        sounds = {sound.stem: sound.path.absolute() for sound in music.sounds}
        laid = _Laid(**{each.name: getattr(written, each.name) for each in fields(written)}, sounds=sounds)
        listed = [writing.Mark(mark.frame, mark.name, mark.color) for mark in music.marks]
        with refused(), Transaction() as files:
            lost = writing.write(
                laid, edit, files, written.wav, provenance=music.provenance, stems=sounds, marks=listed
            )
            placed = self._compared(files.staged(self._source.path), edit, music, planned)
            self._unchanged(seen)
            files.commit()
        warnings = tuple(dict.fromkeys([*planned.warnings, *lost]))
        return Placed(placed.tracks, placed.marks, placed.missing, warnings)

    def remove(self) -> Removed:
        self._may("remove")
        seen = self._digest()
        _, document = self._read()
        if locked := _locked(document):
            raise OutputError(f"{self._source.path.name}: {locked} is locked: unlock it to take the score off")
        before, marked = list(_our_tracks(document)), _our_marks(document)
        with refused(), Transaction() as files:
            warnings = writing.take_out(document, self._source.path, files, every=False, touched=False).warnings
            after = _opened(self._source, files.staged(self._source.path))
            self._unchanged(seen)
            gone = tuple(name for name in before if name not in list(_our_tracks(after)))
            if gone:
                files.commit()
        said = list(warnings)
        for name in _our_tracks(after):
            if not any(name in words for words in said):
                said.append(f"'{name}' {score_track.TOUCHED}")
        return Removed(gone, marked - _our_marks(after), tuple(said))

    def close(self) -> None:
        pass

    def _digest(self) -> str:
        try:
            with played_by(self._source.path).open("rb") as data:
                return hashlib.file_digest(data, "sha256").hexdigest()
        except OSError:
            raise HostClosed(f"{self._source.path}: there is no such file, or it may not be read") from None

    def _unchanged(self, seen: str) -> None:
        """Raises HostRefused where somebody wrote the file since `seen`."""
        if self._digest() != seen:
            raise self._changed_meanwhile()

    def _compared(self, staged: Path, edit: Edit, music: Music, planned: Plan) -> Placed:
        """What our own reader finds in the file that is about to be put in place."""
        document = _opened(self._source, staged)
        again = edit_of(document)
        self._as_it_was(edit, again)
        names = track_names(planned.track, music.sounds)
        lying = {_called(track): _length(track, again.rate) for track in document.timeline.tracks if is_ours(track)}
        if any(lying.get(name) != music.frames for name in names):
            raise self._not_found_again()
        return arrived(names, _our_marks(document), music)


def _opened(source: Reads, path: Path) -> Document:
    return open_document(path, timeline=source.timeline)


def _revision(document: Document, drop_frame: bool) -> str:
    """Of what is not ours."""
    if document.text:
        bare = scored_json.remove(document.text, document.where).text.encode("utf-8", "surrogatepass")
    elif document.format in writing.FCPXML:
        bare = fcpxml_score.remove(document.data, document.index).data
    elif document.format == "fcp7":
        bare = fcp7_xml.remove(document.data, document.index).data
    else:
        bare = document.data or document.path.read_bytes()
    return hashlib.sha256(bare + str(drop_frame).encode()).hexdigest()


def _our_tracks(document: Document) -> Iterator[str]:
    """The names of the tracks that are ours, each once: FCP7 XML has a pair for each."""
    names = (_called(track) for track in document.timeline.tracks if is_ours(track))
    yield from dict.fromkeys(names)


def _length(track: Any, rate: Rate) -> int | None:
    """Frames of our one clip; None where there is not exactly one."""
    clips = list(track.find_clips())
    if len(clips) != 1:
        return None
    length = clips[0].trimmed_range().duration
    frames: int = round(length.value / length.rate * float(rate.fps))
    return frames


def _called(track: Any) -> str:
    known = track.metadata.get("fcp_xml", {})
    return score_track.one_line(track.name or known.get("@MZ.TrackName", ""))


def _our_marks(document: Document) -> int:
    owners = [document.timeline.tracks, *document.timeline.find_clips()]  # FCPXML's lie in clips
    return sum(marks.is_ours(marker) for owner in owners for marker in owner.markers)


def _going(document: Document) -> tuple[str, ...]:
    """The tracks that scoring again replaces."""
    if document.text:
        going = scored_json.plan(document.text, document.where).going
        tracks = list(document.timeline.tracks)
        return tuple(_called(tracks[index]) for index in sorted(going))
    if document.format in writing.FCPXML:
        planned = fcpxml_score.plan(document.data, document.index)
        staying = " ".join(planned.warnings)
        return tuple(name for name in _our_tracks(document) if planned.going and f"'{name}'" not in staying)
    names = fcp7_xml.track_names(document.data, document.index)
    planned = fcp7_xml.plan(document.data, document.index)
    return tuple(dict.fromkeys(names[index] for index in sorted(planned.going)))


def _locked(document: Document) -> str:
    """The first track of ours that somebody locked."""
    for track in document.timeline.tracks:
        if is_ours(track):
            resolve, fcp7 = track.metadata.get("Resolve_OTIO", {}), track.metadata.get("fcp_xml", {})
            if resolve.get("Locked") is True or str(fcp7.get("locked", "")).upper() == "TRUE":
                return f"the track '{_called(track)}'"
    return ""


def _check_locks(document: Document) -> None:
    if locked := _locked(document):
        raise OutputError(f"{document.path.name}: {locked} is locked: unlock it to score again")
