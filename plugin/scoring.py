"""The one way from an edit to a track: the command line, the panel and batch all call this."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..runtime.cues import sheet_json
from ..runtime.cues.known import known_shots
from ..runtime.cues.midi import midi_bytes
from ..runtime.cues.reconform import Carried, reconform
from ..runtime.cues.remarks import remarks
from ..runtime.cues.sheet import CueSheet
from ..runtime.cues.spot import plan as spot
from ..runtime.edit import Edit
from ..runtime.engines.engine import Engine
from ..runtime.errors import InputError, NothingToScore, UsageError
from ..runtime.mix.ducking import DEPTH, Ducking, ducking
from ..runtime.mix.files import Transaction, writing
from ..runtime.mix.presets import DEFAULT, Target
from ..runtime.mix.programme import Programme
from ..runtime.picture.look import Seen
from ..runtime.progress import Progress, forward, part, silent
from . import choosing, eyes, looking, spotting, takes
from .marking import Markers, marks
from .playing import play
from .reporting import Made, summed_up
from .reporting import provenance as provenance_of
from .reporting import report as report_of
from .takes import Revision
from .timeline import writing as timeline_writing
from .timeline.document import FOLDERS, SUFFIXES, played_by
from .timeline.reading import Source
from .timeline.writing import Link


@dataclass(frozen=True)
class Wish:
    """What somebody wants of a score. `loudness` in LUFS, `peak` in dBTP; `duck` says by how many dB the music makes
    room for dialogue, None not at all. `seed` picks one of many pieces for the same cue sheet, and the first of `takes`.

    `cues` is played as it is; `from_cues`, made for an older cut, is carried over first. A `revision` plays an earlier
    score again, in part anew. `stem_tracks` puts every stem on a track of its own in the place of the programme.
    `playing` is for engines that play a model; `align` says whether their beats are bent to the hits, None: as usual.
    """

    engine: str = "composer"
    seed: int = 0
    loudness: float = DEFAULT.loudness
    peak: float = DEFAULT.peak
    duck: float | None = DEPTH
    takes: int = 1
    revision: Revision | None = None
    stem_tracks: bool = False
    cues: Path | None = None
    from_cues: Path | None = None
    stems: bool = False
    markers: Markers = "none"
    music_only: bool = False
    link: Link = "auto"
    broadcast_wave: bool = False
    look: looking.Wanted = looking.USUAL
    asked: spotting.Asked = spotting.USUAL
    soundfont: Path | None = None
    playing: choosing.Playing = choosing.USUAL
    align: bool | None = None


@dataclass(frozen=True)
class Score:
    """What `score` wrote. `report` is report.json."""

    out: Path
    folder: Path
    wav: Path
    report: dict[str, Any]


def plan(
    edit: Edit,
    cues: Path | None = None,
    *,
    look: looking.Wanted = looking.USUAL,
    asked: spotting.Asked = spotting.USUAL,
    shown: looking.Shown | None = None,
    progress: Progress = silent,
) -> CueSheet:
    """The cue sheet for an edit: made anew from what it shows, or a person's own, checked against the edit.

    `shown` is what it shows, where somebody looked already.
    """
    if cues is None:
        shown, sheet = _spotted(edit, look, asked, progress, shown)
        return replace(sheet, warnings=tuple(dict.fromkeys([*sheet.warnings, *shown.warnings])))
    sheet = sheet_json.read(cues, edit)
    if not sheet.storyboards:
        raise NothingToScore(f"{cues}: has no storyboards: there is nothing to score")
    if sheet.rate != edit.rate or sheet.frames != edit.frames:
        raise InputError(
            f"{cues}: made for {sheet.frames} frames at {sheet.rate}; the edit has {edit.frames} at {edit.rate}; "
            "`score --from-cues` and `cues --from` carry it over"
        )
    starts = {shot.start for shot in sheet.shots}
    if starts and any(shot.start not in starts for shot in known_shots(edit)[1:]):
        told = f"{cues.name} was made for another cut; `score --from-cues` and `cues --from` carry it over"
        return replace(sheet, warnings=tuple(dict.fromkeys([*sheet.warnings, told])))
    return sheet


def carry(
    edit: Edit,
    older: Path,
    *,
    look: looking.Wanted = looking.USUAL,
    asked: spotting.Asked = spotting.USUAL,
    progress: Progress = silent,
    shown: looking.Shown | None = None,
) -> Carried:
    """The cue sheet that was made for an older cut, carried over to this edit.

    A score's folder stands for its sheet, and so does its timeline.
    """
    old = sheet_json.read(_sheet_of(older))
    shown, sheet = _spotted(edit, look, asked, progress, shown)
    carried = reconform(old, sheet, shown.edit)
    told = remarks(shown.edit, carried.sheet.storyboards, carried.sheet.hits)
    warnings = tuple(dict.fromkeys([*shown.warnings, *carried.sheet.warnings, *told]))
    return replace(carried, sheet=replace(carried.sheet, warnings=warnings))


def _sheet_of(path: Path) -> Path:
    if path.is_dir() and path.suffix.lower() not in SUFFIXES:
        return path / "cues.json"
    if path.suffix.lower() not in SUFFIXES:
        return path
    beside = path.with_suffix(".hitpoint") / "cues.json"
    if not beside.is_file():
        raise UsageError(f"{path} is a timeline, and has no score whose cue sheet lay in {beside.parent.name}")
    return beside


def _spotted(
    edit: Edit,
    look: looking.Wanted,
    asked: spotting.Asked,
    progress: Progress,
    shown: looking.Shown | None = None,
) -> tuple[looking.Shown, CueSheet]:
    """What the edit shows, and a fresh sheet for it."""
    if edit.picture_end is None or not edit.frames:
        spot(edit)  # which says that there is nothing to score
    wishes = asked.of(edit)
    shown = shown or looking.look(edit, look, part(progress, 0.0, 0.7))
    spots = part(progress, 0.7, 1.0)
    sheet = spot(shown.edit, shown.seen, boards=shown.boards, wishes=wishes, progress=spots)
    return shown, sheet


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
    earlier = takes.earlier(wish.revision.folder) if wish.revision else None
    if earlier:
        takes.check_name(earlier, wish.engine)
        if wish.revision and choosing.plays_model(wish.engine):
            takes.check_stems(wish.revision)
        wish = _going_on(wish, earlier)
    if wish.align is not None and not choosing.plays_model(wish.engine):
        raise UsageError(
            f"--align and --no-align are for engines that play a model: the engine {wish.engine} plays none"
        )
    with choosing.chosen(wish.engine, wish.playing, wish.soundfont) as engine:
        if earlier:
            takes.check_engine(earlier, engine)
        ready = prepare(source, wish, out=out, in_place=in_place, progress=part(progress, 0.0, 0.2))
        if wish.takes > 1 or earlier:
            ready = replace(ready, order=takes.order(ready.sheet, wish.seed, wish.takes, wish.revision, earlier))
        if earlier:
            takes.check_picture(earlier, ready.seen)
        if earlier and wish.duck is not None and not wish.look.picture:  # nothing may be heard: where people spoke then
            ready = replace(ready, ducking=ducking(earlier.spoken, ready.edit.rate, wish.duck))
        return put(engine, ready.sheet, ready, wish, progress)


def _going_on(wish: Wish, earlier: takes.Earlier) -> Wish:
    """The wish for a score that goes on from an earlier one: its plan, its seed, its level and ducking unless anew."""
    if wish.cues or wish.from_cues:
        raise UsageError(f"--from plays {earlier.cues}: edit that file, or leave --from out")
    level = wish.revision is not None and wish.revision.level_anew
    target = Target(wish.loudness, wish.peak) if level else earlier.target
    duck = wish.duck if wish.revision is not None and wish.revision.duck_anew else earlier.duck
    wish = replace(
        wish, seed=earlier.take.seed, cues=earlier.cues, loudness=target.loudness, peak=target.peak, duck=duck
    )
    return replace(
        wish, playing=choosing.going_on(wish.playing, earlier.model), align=takes.aligned(earlier, wish.align)
    )


@dataclass(frozen=True)
class Ready:
    """An edit with its plan, and where the music goes. `said` is what the report says of how the plan came about,
    `order` what is to be played; `unheard` says where no dialogue could be sought. `seen` is what the picture showed,
    where the engine wants to know.
    """

    edit: Edit
    sheet: CueSheet
    planned: timeline_writing.Plan
    target: Path
    before: Before
    said: Mapping[str, Any]
    order: takes.Order
    ducking: Ducking | None = None
    unheard: tuple[str, ...] = ()
    seen: Seen | None = None


def prepare(
    source: Source,
    wish: Wish,
    *,
    out: Path | None = None,
    in_place: bool = False,
    inputs: Mapping[str, Path | None] | None = None,
    progress: Progress = silent,
) -> Ready:
    """Reads and plans an edit, and refuses what cannot be written. `inputs` are files besides that must survive."""
    progress(0.0, "reading the edit")
    target = _target(source.path, out, in_place, "scored")
    edit, document = source.read()
    if wish.cues and wish.from_cues:
        raise UsageError("--cues plays a cue sheet as it is, --from-cues carries an older one over: one of them")
    spare(target, edit, {"the cue sheet": wish.cues or wish.from_cues, **(inputs or {})})
    planned = timeline_writing.plan(document, target, only_music=wish.music_only)
    before = Before.of(planned.folder)
    before.check(target, named=out is not None or in_place)
    takes.check_free(planned.folder, wish.takes)
    with writing(target):
        if target.is_dir() and SUFFIXES.get(target.suffix.lower()) not in FOLDERS:
            raise IsADirectoryError(21, "is a folder", str(target))
    with looking.with_media(source, edit, document) as (reachable, _):
        shown = None
        if choosing.plays_model(wish.engine) and edit.picture_end is not None and edit.frames:
            shown = looking.look(reachable, wish.look, part(progress, 0.0, 0.6))
        if wish.from_cues:
            carried = carry(reachable, wish.from_cues, look=wish.look, asked=wish.asked, progress=progress, shown=shown)
            sheet, said = carried.sheet, carried.to_json()
        else:
            sheet = plan(reachable, wish.cues, look=wish.look, asked=wish.asked, progress=progress, shown=shown)
            said = {}
        sheet = wish.asked.styled(sheet)
        sheet = sheet if shown is None else looking.compared(shown, sheet)
        listens = wish.look.picture
        spoken, unheard = looking.listen(reachable, progress) if wish.duck is not None and listens else ((), ())
    room = ducking(spoken, edit.rate, wish.duck) if wish.duck is not None and listens else None
    order = takes.Order((takes.Take(wish.seed),))
    return Ready(edit, sheet, planned, target, before, said, order, room, unheard, shown.seen if shown else None)


def put(
    engine: Engine,
    sheet: CueSheet,
    ready: Ready,
    wish: Wish,
    progress: Progress,
    said: Mapping[str, Any] | None = None,
    played: Sequence[Made] = (),
) -> Score:
    """Plays a sheet and puts the music on the timeline. `said` goes into the report besides.

    Takes that were `played` already are not played again; their files move.
    """
    edit, planned, target = ready.edit, ready.planned, ready.target
    with writing(planned.folder):
        parent = _nearest_folder(planned.folder)
        scratch = tempfile.TemporaryDirectory(prefix=".hitpoint-", dir=parent)
    with scratch as room, Transaction() as files:
        made = list(played)
        for number, take in enumerate(ready.order.takes if not played else ()):
            share = part(progress, *(0.2 + 0.75 * n / len(ready.order.takes) for n in (number, number + 1)))
            made.append(play(engine, sheet, take, ready, wish, Path(room) / f"{number}", share))
        sheet, notes, programme = made[0].sheet, made[0].notes, made[0].programme
        provenance = provenance_of(engine, made[0].take.seed, sheet)
        written: list[str] = []
        if wish.takes > 1:
            written = _stage_takes(files, made, engine, ready, wish)
        staged_wav = _adopt(files, programme.path, planned.wav)
        if programme.full:
            _adopt(files, programme.full, planned.full)
        stems = {name: _adopt(files, path, planned.stem(name)) for name, path in programme.stems.items()}
        _stage(files, planned.folder / "cues.json", sheet_json.dumps(sheet).encode("utf-8", "backslashreplace"))
        if notes:
            _stage(files, planned.folder / "score.mid", midi_bytes(sheet, notes))
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
                stems=stems if wish.stem_tracks else None,
                marks=marks(sheet, wish.markers),
                link=wish.link,
            )
        warnings = [*planned.warnings, *lost, *edit.warnings, *sheet.warnings, *ready.unheard, *programme.warnings]
        if wish.cues and ready.order.earlier is None:
            warnings += takes.unlocked(sheet)
        alone = [path.name for path in files.targets if path.name.startswith("music-only.")]
        written = [*_files(planned, programme, bool(notes)), *alone, *written]
        out_hash = None if wish.music_only else digest(files.staged(target))
        report = report_of(made[0], engine, ready, wish, written, warnings)
        report |= {**ready.said, **eyes.said(wish.look.vision), **(said or {})}
        report["takes"] = [summed_up(number, each) for number, each in enumerate(made, 1)] if wish.takes > 1 else []
        report["out"], report["out_sha256"] = target.name, out_hash
        with writing(planned.folder / "report.json"):
            text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
            staged_report.write_text(text, encoding="utf-8", errors="backslashreplace")
        progress(0.98, "putting everything in place")
        files.commit()
        ready.before.remove_stale(planned, written, wish.takes > 1)
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
class Before:
    """The report that lies in a folder from scoring before; empty where there is none."""

    report: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> Before:
        try:
            report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            report = {}
        return cls(report if isinstance(report, dict) else {})

    def check(self, target: Path, *, named: bool) -> None:
        """Refuses what would take somebody's work away: another timeline's sound, or changes made since."""
        folder = timeline_writing.folder_beside(target).name
        if not self.report and any((target.parent / folder / name).exists() for name in ("score.wav", "cues.json")):
            raise UsageError(f"{folder} holds files that are no score of ours: -o gives {target.name} another name")
        other = self.report.get("out")
        if isinstance(other, str) and other != target.name and (target.parent / Path(other).name).exists():
            raise UsageError(f"{folder} holds the score of {other}; -o gives {target.name} another name")
        if not named and target.exists() and self.report.get("out_sha256") != digest(target):
            raise UsageError(
                f"{target} is there already and was changed since, or is not ours: -o {target.name} writes over it"
            )

    def remove_stale(self, planned: timeline_writing.Plan, written: Sequence[str], takes_too: bool) -> None:
        """Stems, takes and a full score of the score before, which this one does not have.

        Only what lies where this one's would: what a score that stays on the timeline plays has another number.
        """
        listed = self.report.get("files")
        for name in listed if isinstance(listed, list) else []:
            path = planned.folder / str(name)
            place = Path(str(name)).parts[:-1]
            stale = path.parent == planned.stem("").parent or path == planned.full
            if takes_too and len(place) == 2 and place[0] == takes.FOLDER and place[1].isdecimal():
                stale = True
            if name not in written and stale and ".." not in place:
                path.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    path.parent.rmdir()


def digest(path: Path) -> str | None:
    """SHA-256 of a timeline; of a bundle folder, that of what it plays."""
    try:
        with played_by(path).open("rb") as data:
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


def _stage_takes(files: Transaction, made: Sequence[Made], engine: Engine, ready: Ready, wish: Wish) -> list[str]:
    """Every take in a folder of its own, the first one too. Answers the names of the files."""
    written = []
    for number, each in enumerate(made, start=1):
        folder = ready.planned.folder / takes.FOLDER / f"{number:02}"
        wav = files.stage(folder / "score.wav")
        with writing(folder / "score.wav"):
            shutil.copyfile(each.programme.path, wav)
        _stage(files, folder / "cues.json", sheet_json.dumps(each.sheet).encode("utf-8", "backslashreplace"))
        names = ["score.wav", "cues.json", "report.json"]
        if each.notes:
            _stage(files, folder / "score.mid", midi_bytes(each.sheet, each.notes))
            names.append("score.mid")
        warnings = [*each.sheet.warnings, *each.programme.warnings]
        report = report_of(each, engine, ready, wish, names, warnings)
        report |= {"full": None, "stem_tracks": [], "take": number}
        _stage(files, folder / "report.json", (json.dumps(report, indent=1) + "\n").encode())
        written += [f"{takes.FOLDER}/{number:02}/{name}" for name in names]
    return written


def _files(planned: timeline_writing.Plan, programme: Programme, notes: bool) -> list[str]:
    names = [planned.wav.name, "cues.json", "report.json"]
    names += [planned.full.name] if programme.full else []
    names += ["score.mid"] if notes else []
    return names + [planned.stem(name).relative_to(planned.folder).as_posix() for name in programme.stems]


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
