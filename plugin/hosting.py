"""Scoring what a video editor has open: its timeline is read, scored as any other, and the take placed through the host."""

from __future__ import annotations

import json
import math
import re
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..runtime.cues import sheet_json
from ..runtime.edit import Edit
from ..runtime.errors import HitpointError, InputError, NothingToScore, OutputError, UsageError
from ..runtime.mix.ducking import Ducking, ducking
from ..runtime.mix.files import Transaction, writing
from ..runtime.progress import Progress, forward, part, silent
from ..runtime.rate import SAMPLE_RATE, Rate
from . import auditioning, looking, scoring, takes
from .hosts import known, places
from .hosts.protocol import Host, HostRefused, Mark, Music, Opened, Placed, Plan, Removed, Sound, unable
from .marking import marks
from .reporting import provenance
from .timeline import score_track
from .timeline.document import Document
from .timeline.reading import Source
from .timeline.writing import folder_beside

FILES = "files"  # the host that is the file itself, which our own reader reads best
NAME_HELD = "timeline.otio"  # what was read, in the score's folder
_RAMP = 4  # points of a ramp of the ducking, which hosts draw as straight lines


@dataclass(frozen=True)
class Read(Source):
    """The timeline as a host said it: the file that was written of it, counted as the host counts."""

    drop_frame: bool = False

    def read(self) -> tuple[Edit, Document]:
        edit, document = super().read()
        document.drop_frame = self.drop_frame
        return replace(edit, drop_frame=self.drop_frame and edit.rate.can_drop), document


@dataclass(frozen=True)
class Session:
    """A host and the timeline it had open when it was asked. `source` reads that, `folder` is where its takes go."""

    host: Host
    opened: Opened
    source: Source
    folder: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.host.close()

    @contextmanager
    def new_take(self) -> Iterator[Path]:
        """The folder of a take to be, empty: who makes another one meanwhile gets another folder. It goes if nothing was made."""
        above = self.folder / takes.FOLDER
        with writing(above):
            above.mkdir(parents=True, exist_ok=True)
            number = max((int(path.name) for path in above.iterdir() if path.name.isdecimal()), default=0) + 1
            while True:
                folder = above / f"{number:02}"
                try:
                    folder.mkdir()
                    break
                except FileExistsError:
                    number += 1
        try:
            yield folder
        except BaseException:
            with suppress(OSError):
                folder.rmdir()
            raise


def open(name: str, source: Source | None = None) -> Session:
    """Reaches a host and reads its timeline into the folder of its project's scores.

    Raises HostClosed where it does not run, InputError where it has no timeline open.
    """
    host = known.reach(name, source)
    try:
        return opened(host, source)
    except BaseException:
        host.close()
        raise


def opened(host: Host, source: Source | None = None) -> Session:
    """The same for a host that is reached already. A `source` is the file that the host itself is."""
    about = host.about()
    if "read" in about.cannot:
        raise unable(about, "read")
    found = host.read()
    folder = working_folder(about.name, found)
    if source is not None and about.name == FILES:
        return Session(host, found, source, folder)
    held = folder / NAME_HELD
    with Transaction() as files:
        staged = files.stage(held)
        with writing(held):
            staged.write_text(found.otio, encoding="utf-8", errors="backslashreplace")
        files.commit()
    roots = (found.project.parent,) if found.project else ()
    return Session(host, found, Read(held, media_roots=roots, drop_frame=found.drop_frame), folder)


def working_folder(host: str, found: Opened) -> Path:
    """NAME.hitpoint beside the project, or in the user's data where it was never saved."""
    if found.project is not None:
        return folder_beside(found.project)
    name = re.sub(r"[^\w.-]+", "_", found.name).strip("._")[:80] or "untitled"
    return places.unsaved(host) / f"{name}.hitpoint"


# Making


def make(session: Session, wish: scoring.Wish, *, progress: Progress = silent) -> list[Path]:
    """Plays what the wish asks for into new takes of the session, and says where. Nothing is placed."""
    progress = forward(progress)
    _check(wish)
    source = session.source
    with looking.opened(source) as (edit, _, _):
        if edit.picture_end is None or not edit.frames:
            raise NothingToScore(f"the timeline '{edit.name}' has no picture: there is nothing to score")
        looks = part(progress, 0.0, 0.25)
        if wish.from_cues:
            sheet = scoring.carry(edit, wish.from_cues, look=wish.look, asked=wish.asked, progress=looks).sheet
        else:
            sheet = scoring.plan(edit, wish.cues, look=wish.look, asked=wish.asked, progress=looks)
        heard = wish.duck is not None and wish.look.picture
        spoken, unheard = looking.listen(edit, part(progress, 0.25, 0.3)) if heard else ((), ())
    made: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="hitpoint-plan-") as room:
        cues = Path(room) / "cues.json"
        told = tuple(dict.fromkeys([*sheet.warnings, *unheard]))
        cues.write_bytes(sheet_json.dumps(replace(sheet, warnings=told)).encode("utf-8", "backslashreplace"))
        for number in range(wish.takes):
            share = part(progress, *(0.3 + 0.7 * n / wish.takes for n in (number, number + 1)))
            what = auditioning.Audition(cues, wish.seed + number, spoken=spoken)
            asked = replace(wish, seed=wish.seed + number, cues=None, from_cues=None)
            asked = replace(asked, stems=wish.stems or wish.stem_tracks)
            with session.new_take() as folder:
                auditioning.audition(source, asked, what, folder, progress=share)
            made.append(folder)
    return made


def _check(wish: scoring.Wish) -> None:
    """Refuses what is for files that are written anew."""
    for word, given in (
        ("--from", wish.revision),
        ("--music-only", wish.music_only),
        ("--broadcast-wave", wish.broadcast_wave),
        ("--link", wish.link != "auto"),
    ):
        if given:
            raise UsageError(f"{word} is for a score that is written to a file: it goes without --host")
    if wish.cues and wish.from_cues:
        raise UsageError("--cues plays a cue sheet as it is, --from-cues carries an older one over: one of them")


# Placing


def music(take: Path, wish: scoring.Wish, *, duck_there: bool = False) -> Music:
    """The take in a folder as a host places it: with its stems, its markers, and its level where `duck_there`.

    Raises InputError where the folder holds no take that is whole, UsageError where it has no stems and the wish wants some.
    """
    try:
        said = json.loads((take / takes.PLAYED).read_text(encoding="utf-8"))
        if said["schema"] != auditioning.SCHEMA:
            raise ValueError(f"made by another version: {said['schema']}")
        sheet = sheet_json.read(take / "cues.json")
        stems = [str(name) for name in said["stems"]]
        engine = auditioning.PlayedBy(*(said[f"engine{word}"] for word in ("", "_version", "_licence", "_pack")))
        depth = None if said["duck"] is None else float(said["duck"])
        spoken = [takes.Spoken(int(start), int(end), float(sure)) for start, end, sure in said["spoken"]]
        full = take / "score-full.wav" if said["full"] else None
        known_of = provenance(engine, int(said["seed"]), sheet)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{take}: is no take that can be placed ({error}): make it anew") from None
    except OSError as error:
        raise InputError(f"{take}: a file of this take cannot be read: {error.strerror}: make it anew") from None
    if wish.stem_tracks and not stems:
        raise UsageError("this take was made without stems: make it anew with them, or place it as one track")
    sounds = [Sound(take.absolute() / "score.wav")]
    if wish.stem_tracks:
        sounds = [Sound(take.absolute() / "stems" / f"{name}.wav", name) for name in stems]
    duck: tuple[tuple[int, float], ...] = ()
    if duck_there and full is not None and depth is not None:
        if wish.stem_tracks:
            raise UsageError("stems come as they were ducked: --host-duck is for a score on one track")
        sounds = [Sound(full.absolute())]
        duck = levels(ducking(spoken, sheet.rate, depth), sheet.rate, sheet.frames)
    listed = tuple(Mark(mark.frame, mark.name, mark.color) for mark in marks(sheet, wish.markers))
    return Music(tuple(sounds), sheet.frames, str(sheet.rate), known_of, listed, duck)


def levels(room: Ducking, rate: Rate, frames: int) -> tuple[tuple[int, float], ...]:
    """The dips as (frame, gain in dB), each frame once, for a host that draws straight lines between them."""
    points: dict[int, float] = {}

    def add(sample: float, gain: float) -> None:
        frame = min(max(rate.frame_at(sample / SAMPLE_RATE), 0), max(frames - 1, 0))
        points[frame] = min(gain, points.get(frame, 0.0))

    for dip in room.dips:
        for step in range(_RAMP + 1):
            gain = -dip.depth * math.sin(math.pi / 2 * step / _RAMP) ** 2
            add(dip.fall + (dip.low - dip.fall) * step / _RAMP, gain)
            add(dip.back - (dip.back - dip.rise) * step / _RAMP, gain)
    return tuple((frame, round(points[frame], 3)) for frame in sorted(points))


def intend(session: Session, take: Path, wish: scoring.Wish, *, duck_there: bool = False, since: str = "") -> Plan:
    """What placing a take would do; nothing is changed. Raises as `place` would."""
    given = music(take, wish, duck_there=duck_there)
    told = _since(session, given, since)
    planned = session.host.plan(given)
    return replace(planned, warnings=tuple(dict.fromkeys([*planned.warnings, *told])))


def place(session: Session, take: Path, wish: scoring.Wish, *, duck_there: bool = False, since: str = "") -> Placed:
    """Puts the take in a folder on the timeline that is open. The project is as it was where that fails.

    `since` is the revision of the timeline that the take was made for, where that is not the session's.
    """
    given = music(take, wish, duck_there=duck_there)
    told = _since(session, given, since)
    placed = session.host.place(given)
    return replace(placed, warnings=tuple(dict.fromkeys([*placed.warnings, *told])))


def remove(session: Session) -> Removed:
    """Takes our scores off the timeline that is open."""
    return take_off(session.host)


def take_off(host: Host) -> Removed:
    """The same for a host whose timeline nobody needs to read."""
    about = host.about()
    if "remove" in about.cannot:
        raise unable(about, "remove")
    bare = host.remove()
    if not bare.tracks and not bare.warnings:
        return replace(bare, warnings=(f"no score of ours is on the timeline of {about.title}",))
    return bare


def _since(session: Session, given: Music, since: str) -> list[str]:
    """What to say where the timeline is not the one that the music is for. Raises HostRefused where it does not fit."""
    now = session.host.read()
    elsewhere = None not in (now.project, session.opened.project) and now.project != session.opened.project
    if now.name != session.opened.name or elsewhere:
        raise HostRefused(
            f"{_called(now)} is open now, and the music is for {_called(session.opened)}: open that one again"
        )
    edit = _edit_of(session, now)
    if (edit.frames, str(edit.rate)) != (given.frames, given.rate):
        raise HostRefused(
            f"'{now.name}' is {edit.frames} frames at {edit.rate} long now, and the music {given.frames} at {given.rate}: "
            "make it anew"
        )
    if now.revision == (since or session.opened.revision):
        return []
    return ["the timeline was changed since it was read: what moved since, the music does not know"]


def _called(opened: Opened) -> str:
    return f"'{opened.name}'" + (f" of {opened.project.name}" if opened.project else "")


def _edit_of(session: Session, now: Opened) -> Edit:
    if not isinstance(session.source, Read):  # the file that the host is
        return session.source.read()[0]
    with tempfile.TemporaryDirectory(prefix="hitpoint-") as room:
        held = Path(room) / NAME_HELD
        held.write_text(now.otio, encoding="utf-8", errors="backslashreplace")
        return Read(held).read()[0]


# All of it


@dataclass(frozen=True)
class Scored:
    """A score that lies on a host's timeline. `report` is report.json of the take that was placed."""

    take: Path
    takes: tuple[Path, ...]
    placed: Placed
    report: dict[str, Any]


def score(session: Session, wish: scoring.Wish, *, duck_there: bool = False, progress: Progress = silent) -> Scored:
    """Makes what the wish asks for and places the first take. Until then nothing of the host's is changed."""
    progress(0.0, "looking at the timeline")
    _foresee(session, wish, duck_there)
    made = make(session, wish, progress=part(progress, 0.01, 0.96))
    progress(0.97, "placing the score")
    try:
        placed = place(session, made[0], wish, duck_there=duck_there)
    except HitpointError as error:
        raise type(error)(f"{error}; the music is kept in {made[0]}") from error
    report = _reported(session, made, placed)
    progress(1.0, "done")
    return Scored(made[0], tuple(made), placed, report)


def _foresee(session: Session, wish: scoring.Wish, duck_there: bool) -> None:
    """Raises what placing would, before anything is played: a locked track, something that the host cannot."""
    about = session.host.about()
    if "place" in about.cannot:
        raise unable(about, "place")
    if duck_there and "duck" in about.cannot:
        raise unable(about, "duck")
    if wish.stem_tracks and "stems" in about.cannot:
        raise unable(about, "stems")
    edit, _ = session.source.read()
    if not edit.frames:
        return
    with _placeholder(edit) as sounds:
        session.host.plan(Music(sounds, edit.frames, str(edit.rate), {}))


@contextmanager
def _placeholder(edit: Edit) -> Iterator[tuple[Sound, ...]]:
    """A WAV as long as the edit, of nothing but a head: the system counts what was never written as silence."""
    with tempfile.TemporaryDirectory(prefix="hitpoint-plan-") as room:
        path = Path(room) / "score.wav"
        size = edit.samples * score_track.CHANNELS * score_track.BITS // 8
        block = score_track.CHANNELS * score_track.BITS // 8
        shape = (1, score_track.CHANNELS, SAMPLE_RATE, SAMPLE_RATE * block, block, score_track.BITS)
        told = min(size, 2**32 - 64)
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", told + 36, b"WAVE", b"fmt ", 16, *shape, b"data", told)
        with path.open("wb") as raw:
            raw.write(head)
            raw.truncate(len(head) + size)
        yield (Sound(path),)


def _reported(session: Session, made: Sequence[Path], placed: Placed) -> dict[str, Any]:
    """report.json of the take that was placed, with where it lies; written again with that."""
    path = made[0] / "report.json"
    about = session.host.about()
    reports = [json.loads((take / "report.json").read_text(encoding="utf-8")) for take in made]
    report: dict[str, Any] = reports[0]
    told = ("seed", "seeds", "loudness", "landed", "near", "missed")
    summed = [
        {"folder": f"{takes.FOLDER}/{take.name}", **{word: each[word] for word in told}}
        for take, each in zip(made, reports, strict=True)
    ]
    report["takes"] = summed if len(made) > 1 else []
    report["track"] = placed.tracks[0].partition(":")[0]
    report["stem_tracks"] = [name for name in placed.tracks if ":" in name]
    report["host"] = {
        "name": about.name,
        "title": about.title,
        "version": about.version,
        "project": None if session.opened.project is None else session.opened.project.name,
        "timeline": session.opened.name,
        "tracks": list(placed.tracks),
        "marks": placed.marks,
        "missing": list(placed.missing),
        "warnings": list(placed.warnings),
    }
    report["warnings"] = list(dict.fromkeys([*report["warnings"], *session.opened.warnings, *placed.warnings]))
    try:
        with Transaction() as files:
            staged = files.stage(path)
            with writing(path):
                text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
                staged.write_text(text, encoding="utf-8", errors="backslashreplace")
            files.commit()
    except OutputError as error:  # the score is placed: that is not undone for its report
        report["warnings"].append(f"the score is placed, but its report is not written: {error}")
    return report
