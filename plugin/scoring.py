"""The one way from an edit to a track: the command line, the panel and batch all call this."""

from __future__ import annotations

import hashlib
import json
import tempfile
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from .. import __version__
from ..runtime.cues import sheet_json
from ..runtime.cues.midi import midi_bytes
from ..runtime.cues.sheet import CueSheet, Hit, outcome
from ..runtime.cues.spot import plan as spot
from ..runtime.edit import Edit
from ..runtime.engines.engine import Engine
from ..runtime.engines.registry import engine as find_engine
from ..runtime.errors import InputError, UsageError
from ..runtime.mix.files import Transaction, writing
from ..runtime.mix.programme import Programme, mix
from ..runtime.progress import Progress, forward, part, silent
from ..runtime.rate import SAMPLE_RATE
from . import looking
from .timeline import writing as timeline_writing
from .timeline.document import CONTENT
from .timeline.reading import Source
from .timeline.writing import Link, Mark

Markers = Literal["none", "storyboards", "beats"]


@dataclass(frozen=True)
class Wish:
    """What somebody wants of a score. `loudness` in LUFS; `seed` picks one of many pieces for the same cue sheet."""

    engine: str = "composer"
    seed: int = 0
    loudness: float = -16.0
    cues: Path | None = None
    stems: bool = False
    markers: Markers = "none"
    music_only: bool = False
    link: Link = "auto"
    broadcast_wave: bool = False
    look: looking.Wanted = looking.USUAL


@dataclass(frozen=True)
class Score:
    """What `score` wrote. `report` is report.json."""

    out: Path
    folder: Path
    wav: Path
    report: dict[str, Any]


def plan(
    edit: Edit, cues: Path | None = None, *, look: looking.Wanted = looking.USUAL, progress: Progress = silent
) -> CueSheet:
    """The cue sheet for an edit: made anew from what it shows, or a person's own, checked against the edit."""
    if cues is None:
        if edit.picture_end is None or not edit.frames:
            return spot(edit)  # which says that there is nothing to score
        shown = looking.look(edit, look, progress)
        sheet = spot(shown.edit, shown.seen, boards=shown.boards)
        return replace(sheet, warnings=tuple(dict.fromkeys([*sheet.warnings, *shown.warnings])))
    sheet = sheet_json.read(cues, edit)
    if sheet.rate != edit.rate or sheet.frames != edit.frames:
        raise InputError(
            f"{cues}: made for {sheet.frames} frames at {sheet.rate}; the edit has {edit.frames} at {edit.rate}"
        )
    return sheet


def score(
    source: Source,
    wish: Wish = Wish(),
    *,
    out: Path | None = None,
    in_place: bool = False,
    progress: Progress = silent,
) -> Score:
    """Scores an edit and writes OUT, a copy of it with our track, and the folder beside it. All or nothing."""
    progress = forward(progress)
    progress(0.0, "reading the edit")
    target = _target(source.path, out, in_place, "scored")
    engine = find_engine(wish.engine)
    edit, document = source.read()
    spare(target, edit, {"the cue sheet": wish.cues})
    with looking.with_media(source, edit, document) as (reachable, _):
        sheet = plan(reachable, wish.cues, look=wish.look, progress=part(progress, 0.0, 0.2))
    planned = timeline_writing.plan(document, target, only_music=wish.music_only)
    before = _Earlier.of(planned.folder)
    before.check(target, named=out is not None or in_place)
    with writing(planned.folder):
        parent = _nearest_folder(planned.folder)
        scratch = tempfile.TemporaryDirectory(prefix=".hitpoint-", dir=parent)
    with scratch as room, Transaction() as files:
        performance = engine.perform(sheet, seed=wish.seed, progress=part(progress, 0.2, 0.7))
        programme = mix(
            performance,
            sheet,
            Path(room),
            loudness=wish.loudness,
            stems=wish.stems,
            time_reference=_time_reference(edit) if wish.broadcast_wave else None,
            progress=part(progress, 0.2, 0.95),
        )
        sheet = _landed(sheet, performance.onsets)
        provenance = _provenance(engine, wish, sheet)
        staged_wav = _adopt(files, programme.path, planned.wav)
        for name, path in programme.stems.items():
            _adopt(files, path, planned.folder / "stems" / f"{name}.wav")
        _stage(files, planned.folder / "cues.json", sheet_json.dumps(sheet).encode("utf-8", "backslashreplace"))
        if performance.notes:
            _stage(files, planned.folder / "score.mid", midi_bytes(sheet, performance.notes))
        staged_report = files.stage(planned.folder / "report.json")
        # Staged last, so committed last: by then all that the timeline refers to is in place.
        progress(0.96, "writing the timeline")
        with writing(target):
            lost = timeline_writing.write(
                planned,
                edit,
                files,
                staged_wav,
                provenance=provenance,
                marks=_marks(sheet, wish.markers),
                link=wish.link,
            )
        warnings = [*planned.warnings, *lost, *edit.warnings, *sheet.warnings, *programme.warnings]
        written = _files(planned, programme, bool(performance.notes))
        out_hash = None if wish.music_only else _digest(files.staged(target))
        report = _report(edit, sheet, engine, wish, programme, planned, written, list(dict.fromkeys(warnings)))
        report["out"], report["out_sha256"] = target.name, out_hash
        with writing(planned.folder / "report.json"):
            text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
            staged_report.write_text(text, encoding="utf-8", errors="backslashreplace")
        progress(0.98, "putting everything in place")
        files.commit()
        before.remove_stems(planned.folder, written)
    progress(1.0, "done")
    final = planned.folder / "music-only.otio" if wish.music_only else target
    return Score(final, planned.folder, planned.wav, report)


@dataclass(frozen=True)
class Unscored:
    out: Path
    tracks: int
    warnings: tuple[str, ...]


def unscore(source: Source, *, out: Path | None = None, in_place: bool = False) -> Unscored:
    """Takes our score out of a timeline again; the folder with the sound is left where it is."""
    target = _target(source.path, out, in_place, "unscored")
    _, document = source.read()
    with Transaction() as files:
        with writing(target):
            bare = timeline_writing.take_out(document, target, files, every=source.timeline is None)
        files.commit()
    warnings = list(bare.warnings)
    if not bare.removed:
        warnings.append(f"{source.path.name} has no score of ours: {target.name} is a copy of it")
    return Unscored(target, len(bare.removed), tuple(warnings))


@dataclass(frozen=True)
class _Earlier:
    """The report that lies in a folder from scoring before; empty where there is none."""

    report: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> _Earlier:
        try:
            report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            report = {}
        return cls(report if isinstance(report, dict) else {})

    def check(self, target: Path, *, named: bool) -> None:
        """Refuses what would take somebody's work away: another timeline's sound, or changes made since."""
        other = self.report.get("out")
        folder = timeline_writing.folder_beside(target).name
        if isinstance(other, str) and other != target.name and (target.parent / Path(other).name).exists():
            raise UsageError(f"{folder} holds the score of {other}; -o gives {target.name} another name")
        if not named and target.exists() and self.report.get("out_sha256") != _digest(target):
            raise UsageError(
                f"{target} is there already and was changed since, or is not ours: -o {target.name} writes over it"
            )

    def remove_stems(self, folder: Path, written: Sequence[str]) -> None:
        """Stems of the score before, which this one does not have."""
        listed = self.report.get("files")
        for name in listed if isinstance(listed, list) else []:
            if name not in written and Path(str(name)).parts[:-1] == ("stems",):
                (folder / str(name)).unlink(missing_ok=True)


def _digest(path: Path) -> str | None:
    """SHA-256 of a timeline; of a bundle folder, that of what it plays."""
    file = path / CONTENT if path.is_dir() else path
    try:
        with file.open("rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest()
    except OSError:
        return None


def spare(target: Path, edit: Edit, inputs: Mapping[str, Path | None]) -> None:
    """Raises UsageError where writing `target` would destroy something that the command reads."""
    kept = [(words, path) for words, path in inputs.items() if path is not None]
    clips = [*edit.shots, *(clip for track in edit.audio_tracks for clip in track.clips)]
    media = {source.media for clip in clips for source in clip.sources if source.media and clip.online}
    kept += [("a medium of the edit", Path(name)) for name in sorted(media)]
    for words, path in kept:
        if target.exists() and path.exists() and target.samefile(path):
            raise UsageError(f"{target} is {words} itself: it would be written over")


def _target(path: Path, out: Path | None, in_place: bool, word: str) -> Path:
    if in_place:
        if out is not None and out.absolute() != path.absolute():
            raise UsageError("--in-place writes the edit itself: it goes without -o")
        return path
    target = out or timeline_writing.default_out(path, word)
    if target.exists() and path.exists() and target.samefile(path):
        raise UsageError(f"{target} is the edit itself: --in-place says that it may be changed")
    return target


def _nearest_folder(folder: Path) -> Path:
    """The first folder above that exists: scratch files lie on the disk the score will lie on."""
    folder = folder.absolute()
    while not folder.is_dir():
        if folder.exists():
            raise NotADirectoryError(20, "is a file where a folder must be", str(folder))
        folder = folder.parent
    return folder


def _landed(sheet: CueSheet, onsets: Sequence[float]) -> CueSheet:
    """The sheet with every hit's outcome by what really sounds, not by what was planned."""

    def heard(hit: Hit) -> Hit:
        asked = sheet.seconds(hit.frame)
        i = bisect_left(onsets, asked)
        near = [onsets[k] for k in (i - 1, i) if 0 <= k < len(onsets)]
        at = min(near, key=lambda onset: abs(onset - asked), default=None)
        return replace(hit, at=None if at is None else round(at, 6), outcome=outcome(asked, at, sheet.rate))

    return replace(sheet, hits=tuple(heard(hit) for hit in sheet.hits))


def _provenance(engine: Engine, wish: Wish, sheet: CueSheet) -> dict[str, Any]:
    """What a scored timeline says of its music. No date and no place: the same score gives the same bytes."""
    return {
        "version": __version__,
        "engine": engine.name,
        "engine_version": engine.version,
        "pack": engine.pack,
        "licence": engine.licence,
        "seed": wish.seed,
        "cue_sheet": sheet_json.digest(sheet),
        "time_map": [
            {"frame": board.start, "storyboard": board.name, "tempo": board.tempo, "metre": board.metre}
            for board in sheet.storyboards
        ],
    }


def _marks(sheet: CueSheet, wanted: Markers) -> list[Mark]:
    if wanted == "none":
        return []
    marks = {board.start: Mark(board.start, board.name, "PURPLE") for board in sheet.storyboards}
    bar = 0
    for board in sheet.storyboards if wanted == "beats" else ():
        for i, beat in enumerate(board.beats):
            bar += i % board.metre == 0
            frame = sheet.rate.frame_at(beat)
            name = f"bar {bar}" if i % board.metre == 0 else f"{bar}.{i % board.metre + 1}"
            if frame < sheet.frames:
                marks.setdefault(frame, Mark(frame, name, "CYAN" if i % board.metre == 0 else "WHITE"))
    return [marks[frame] for frame in sorted(marks)]


def _time_reference(edit: Edit) -> int:
    day = 24 * 60 * 60 * SAMPLE_RATE  # timecode starts again at midnight, also below zero
    return edit.rate.samples(edit.start_frame) % day


def _files(planned: timeline_writing.Plan, programme: Programme, notes: bool) -> list[str]:
    names = [planned.wav.name, "cues.json", "report.json"]
    names += ["score.mid"] if notes else []
    names += ["music-only.otio", "music-only.xml"] if planned.writes_music_only else []
    return names + [f"stems/{name}.wav" for name in programme.stems]


def _adopt(files: Transaction, path: Path, target: Path) -> Path:
    """Stages a finished file without copying it, and says where it is now."""
    staged = files.stage(target)
    with writing(target):
        path.replace(staged)
    return staged


def _stage(files: Transaction, target: Path, data: bytes) -> None:
    staged = files.stage(target)
    with writing(target):
        staged.write_bytes(data)


def _report(
    edit: Edit,
    sheet: CueSheet,
    engine: Engine,
    wish: Wish,
    programme: Programme,
    planned: timeline_writing.Plan,
    files: list[str],
    warnings: list[str],
) -> dict[str, Any]:
    return {
        "version": __version__,
        "edit": {
            "name": edit.name,
            "file": planned.document.path.name,
            "rate": str(edit.rate),
            "frames": edit.frames,
            "start_timecode": edit.timecode(0),
        },
        "engine": engine.name,
        "engine_version": engine.version,
        "pack": engine.pack,
        "licence": engine.licence,
        "seed": wish.seed,
        "track": planned.track,
        "storyboards": [
            {"name": b.name, "start": b.start, "end": b.end, "tempo": b.tempo, "metre": b.metre}
            for b in sheet.storyboards
        ],
        "hits": [hit_json(hit, edit, sheet) for hit in sheet.hits],
        **counts(sheet.hits),
        "loudness": programme.to_json()["loudness"],
        "loudness_target": wish.loudness,
        "loudness_range": programme.to_json()["range"],
        "true_peak": programme.to_json()["true_peak"],
        "sample_rate": SAMPLE_RATE,
        "samples": programme.samples,
        "expected_samples": edit.samples,
        "seconds": round(programme.samples / SAMPLE_RATE, 6),
        "files": files,
        "warnings": warnings,
    }


def hit_json(hit: Hit, edit: Edit, sheet: CueSheet) -> dict[str, Any]:
    """A hit with the time it was asked for and the time it landed."""
    return {
        "frame": hit.frame,
        "timecode": edit.timecode(hit.frame),
        "kind": hit.kind,
        "name": hit.name,
        "weight": hit.weight,
        "asked": round(sheet.seconds(hit.frame), 6),
        "landed": hit.at,
        "outcome": hit.outcome,
    }


def counts(hits: Sequence[Hit]) -> Mapping[str, int]:
    """How many hits landed, came near and were missed."""
    return {word: sum(1 for hit in hits if hit.outcome == word) for word in ("landed", "near", "missed")}
