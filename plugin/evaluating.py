"""An edit held against a sound, and a folder of edits each against its own: what belongs to what, and the means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ..runtime.edit import Edit
from ..runtime.errors import Cancelled, HitpointError, InputError, UsageError
from ..runtime.measure.evaluate import Evaluation, Part
from ..runtime.measure.evaluate import evaluate as measure
from ..runtime.progress import Progress, part, silent
from . import looking, scoring
from .timeline.document import SUFFIXES, Document
from .timeline.reading import Source
from .timeline.writing import music_of

SOUNDS = (".wav", ".wave", ".flac", ".aif", ".aiff", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".mka", ".mp4", ".mov")
SCORED = ".scored"
MOST_REASONS = 5

_MEASURES = ("rhythm_recall", "precision", "cuts_with_onset", "audible_boundaries")
_LISTED = ("tb_iou", "b_iou")
_NUMBERS = ("value", "chance", "ceiling")


@dataclass(frozen=True)
class Measured:
    """`boards_from` says who told where storyboards start: a cue sheet, or markers and gaps of the edit itself."""

    edit: Edit
    audio: Path
    evaluation: Evaluation
    boards: tuple[Part, ...]
    boards_from: Literal["cues", "edit"]

    def to_json(self) -> dict[str, Any]:
        answer = self.evaluation.to_json()
        warnings = [*self.edit.warnings, *answer.pop("warnings")]
        said = {"audio": str(self.audio), "cuts": len(self.edit.cuts), "storyboards_from": self.boards_from}
        return {**answer, **said, "warnings": list(dict.fromkeys(warnings))}


@dataclass(frozen=True)
class Row:
    """One edit of a folder: measured, or why not."""

    file: str
    measured: Measured | None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        if self.measured is None:
            return {"file": self.file, "error": self.reason}
        return {"file": self.file, **self.measured.to_json()}


def is_folder(path: Path) -> bool:
    """Whether a path is a folder of edits: a bundle is a folder too, and one edit."""
    return path.is_dir() and path.suffix.lower() not in SUFFIXES


def evaluate(
    source: Source,
    audio: Path | None = None,
    *,
    reference: Path | None = None,
    cues: Path | None = None,
    otherwise: Path | None = None,
    progress: Progress = silent,
) -> Measured:
    """Measures how `audio` meets an edit: by default its score, whose cue sheet then says the storyboards.

    `otherwise` is the sound of an edit that has no score.
    """
    edit, document = source.read()
    if audio is not None:
        return _measured(edit, audio, reference, cues, progress)
    with looking.with_media(source, edit, document) as (reachable, finding):
        found = _score(document, finding) or otherwise
        if found is None:
            raise UsageError(f"{source.path}: has no score that could be measured; --audio names a sound")
        return _measured(reachable, found, reference, cues or _cues_beside(found, reachable), progress)


def evaluate_folder(
    source: Source, audio: Path | None = None, *, reference: Path | None = None, progress: Progress = silent
) -> list[Row]:
    """Every edit in the folder `source.path`, each with its sound; an edit that cannot be measured says why.

    Sounds and references have the names of their edits, in the folders `audio` and `reference`. Without a folder of
    sounds an edit's sound is its score, or the file of its name beside it. Raises InputError where none was measured.
    """
    for word, folder in (("--audio", audio), ("--reference", reference)):
        if folder is not None and not folder.is_dir():
            raise UsageError(f"{word} {folder}: beside a folder of edits this is a folder of sounds")
    edits = list(_edits(source.path))
    if not edits:
        raise InputError(f"{source.path}: there are no edits in this folder")
    rows = []
    for n, path in enumerate(edits):
        told = part(progress, n / len(edits), (n + 1) / len(edits))
        try:
            measured = _of_folder(replace(source, path=path), audio, reference, told)
        except Cancelled:
            raise
        except HitpointError as error:
            rows.append(Row(path.name, None, " ".join(str(error).removeprefix(f"{path}: ").split())))
        else:
            rows.append(Row(path.name, measured))
    if not any(row.measured for row in rows):
        reasons = "; ".join(f"{row.file}: {row.reason}" for row in rows[:MOST_REASONS])
        raise InputError(f"{source.path}: none of its {len(rows)} edits could be measured: {reasons}")
    return rows


def mean(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of each number over those evaluations, as `to_json` says them, that have it."""
    found: dict[str, Any] = {key: _mean_measure([answer[key] for answer in answers]) for key in _MEASURES}
    for key in _LISTED:
        lists = [answer[key] for answer in answers if answer[key]]
        found[key] = [_mean_measure(list(group)) for group in zip(*lists, strict=True)] or None
    found["tempo"] = _mean([answer["beats"]["tempo"] for answer in answers])
    for key in ("loudness", "range", "true_peak"):
        found[key] = _mean([answer[key] for answer in answers])
    return found


def _mean_measure(measures: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """A tolerance that differs between edits, such as a frame, has none."""
    tolerances = {measure["tolerance"] for measure in measures}
    means = {key: _mean([measure[key] for measure in measures]) for key in _NUMBERS}
    return {"tolerance": tolerances.pop() if len(tolerances) == 1 else None, **means}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 6) if known else None


def _measured(edit: Edit, audio: Path, reference: Path | None, cues: Path | None, progress: Progress) -> Measured:
    if cues is None:
        boards: tuple[Part, ...] = looking.look(edit, looking.Wanted(detect="never", picture=False)).boards
    else:
        boards = tuple(scoring.plan(edit, cues).storyboards)
    evaluation = measure(edit, audio, progress, reference=reference, storyboards=boards)
    return Measured(edit, audio, evaluation, boards, "edit" if cues is None else "cues")


def _of_folder(source: Source, audio: Path | None, reference: Path | None, progress: Progress) -> Measured:
    given = None if reference is None else _named(reference, source.path)
    if audio is None:
        beside = _named(source.path.parent, source.path)
        return evaluate(source, reference=given, otherwise=beside, progress=progress)
    sound = _named(audio, source.path)
    if sound is None:
        raise InputError(f"{source.path}: there is no sound of its name in {audio}")
    return evaluate(source, sound, reference=given, progress=progress)


def _edits(folder: Path) -> Iterator[Path]:
    """Files that may be edits, by name. One whose scored copy lies beside it is measured by that copy."""
    try:
        there = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    except OSError as error:
        raise InputError(f"{folder}: {(error.strerror or str(error)).lower()}") from None
    stems = {path.stem for path in there}
    return (path for path in there if path.stem + SCORED not in stems)


def _named(folder: Path, edit: Path) -> Path | None:
    """The sound in a folder that has an edit's name."""
    there = (folder / (edit.stem + suffix) for suffix in SOUNDS)
    return next((path for path in there if path.is_file()), None)


def _score(document: Document, finding: Source) -> Path | None:
    """What our track plays, or what lies in the folder where scoring this edit puts it."""
    played = music_of(document, finding.media_roots)
    if played is not None:
        return played
    kept = finding.path.with_suffix(".hitpoint") / "score.wav"
    return kept if kept.is_file() else None


def _cues_beside(score: Path, edit: Edit) -> Path | None:
    """The cue sheet that a score was made by, if it still is one for this edit."""
    sheet = score.with_name("cues.json")
    if score.parent.suffix != ".hitpoint" or not sheet.is_file():
        return None
    try:
        scoring.plan(edit, sheet)
    except HitpointError:
        return None
    return sheet
