"""A take played into a folder of its own, without a word to the timeline, and taken up again from there."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..runtime.cues import sheet_json
from ..runtime.cues.midi import midi_bytes
from ..runtime.cues.sheet import CueSheet
from ..runtime.engines.engine import Engine, Note, Performance
from ..runtime.errors import EngineError, InputError, UsageError
from ..runtime.mix.ducking import Ducking, Spoken, ducking
from ..runtime.mix.files import Transaction, writing
from ..runtime.mix.master import Master
from ..runtime.mix.programme import NO_DUCKING, Programme
from ..runtime.progress import Progress, forward, part, silent
from . import choosing, looking, scoring, takes
from .playing import play
from .reporting import Made
from .reporting import report as report_of
from .timeline import score_track
from .timeline import writing as timeline_writing
from .timeline.reading import Source

SCHEMA = "hitpoint.played/1"
AS_PLAYED = ("loudness", "range", "true_peak", "full_loudness", "glue_db")


@dataclass(frozen=True)
class Audition:
    """What to play: the cue sheet in `cues`, by `seed` and those of single storyboards, by their number from 0.

    `spoken` is where people speak, as it was heard before; `level_of` an earlier take's folder whose master's gain is
    kept, so that what both share sounds the same.
    """

    cues: Path
    seed: int = 0
    seeds: Mapping[int, int] = field(default_factory=dict)
    spoken: Sequence[Spoken] = ()
    level_of: Path | None = None


def audition(
    source: Source, wish: scoring.Wish, what: Audition, folder: Path, *, progress: Progress = silent
) -> dict[str, Any]:
    """Plays a take into `folder`: score.wav, cues.json, report.json, played.json, and what else the wish asks for. All or
    nothing. Answers the report.
    """
    progress = forward(progress)
    with choosing.chosen(wish.engine, wish.playing, wish.soundfont) as engine:
        ready = _ready(source, wish, what, folder, engine, part(progress, 0.0, 0.2))
        with writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            scratch = tempfile.TemporaryDirectory(prefix=".hitpoint-", dir=folder.parent)
        with scratch as name, Transaction() as files:
            room = Path(name) / "take"
            made = play(engine, ready.sheet, ready.order.takes[0], ready, wish, room, part(progress, 0.2, 0.95))
            staged = files.stage_folder(folder)
            with writing(folder):
                report = _fill(staged, made, engine, ready, wish)
                text = json.dumps(_played(made, engine, wish, what), allow_nan=False) + "\n"
                (staged / takes.PLAYED).write_text(text, encoding="utf-8")
            progress(0.98, "putting everything in place")
            files.commit()
    progress(1.0, "done")
    return report


def _ready(
    source: Source, wish: scoring.Wish, what: Audition, folder: Path, engine: Engine, progress: Progress
) -> scoring.Ready:
    """The edit with its plan, as `scoring.prepare` would have it, but with nothing to write a timeline to."""
    progress(0.0, "reading the edit")
    with looking.opened(source) as (edit, document, _):
        sheet = wish.asked.styled(scoring.plan(edit, what.cues))
        shown = None
        if choosing.plays_model(wish.engine):
            shown = looking.look(edit, wish.look, progress)
            sheet = looking.compared(shown, sheet)
    planned = timeline_writing.Plan(
        document, folder / "music-only.otio", "music-only", folder / "score.wav", score_track.NAME
    )
    take = takes.Take(wish.seed, dict(what.seeds))
    order = takes.Order((take,))
    before = takes.earlier(what.level_of) if what.level_of else None
    if before and before.storyboards == len(sheet.storyboards) and before.engine_version == engine.version:
        was, now = before.take.of_all(sheet), take.of_all(sheet)
        anew = tuple(index for index, pair in enumerate(zip(was, now, strict=True)) if pair[0] != pair[1])
        order = takes.Order((take,), before, (), anew, before.master)
    room = ducking(what.spoken, edit.rate, wish.duck) if wish.duck is not None else None
    seen = shown.seen if shown else None
    return scoring.Ready(edit, sheet, planned, folder, scoring.Before({}), {}, order, room, seen=seen)


@dataclass(frozen=True)
class Heard:
    """A take that lies in a folder, as if it had just been played: what it was asked with, who played it, and what."""

    wish: scoring.Wish
    engine: Engine
    made: Made
    ducking: Ducking | None


@dataclass
class PlayedBy:
    """The engine that played a take, by name; it plays nothing any more."""

    name: str
    version: str
    licence: str
    pack: str | None

    def perform(self, *_: Any, **__: Any) -> Performance:
        raise EngineError(f"the take by {self.name} {self.version} is finished: make it anew to hear it otherwise")


def played(folder: Path, wish: scoring.Wish, room: Path) -> Heard:
    """The take in `folder`; its files are copied to `room`. Level and ducking of the wish become the take's own.

    Raises InputError where the folder holds no take that is whole, UsageError where it has no stems and the wish wants some.
    """
    stems_wanted = wish.stems or wish.stem_tracks
    try:
        said = json.loads((folder / takes.PLAYED).read_text(encoding="utf-8"))
        if said["schema"] != SCHEMA:
            raise ValueError(f"made by another version: {said['schema']}")
        take = takes.Take(int(said["seed"]), {int(key): int(seed) for key, seed in said["seeds"].items()})
        sheet = sheet_json.read(folder / "cues.json")
        depth = None if said["duck"] is None else float(said["duck"])
        spoken = [takes.Spoken(int(start), int(end), float(sure)) for start, end, sure in said["spoken"]]
        gains = None if depth is None else ducking(spoken, sheet.rate, depth)
        stems = {str(name): folder / "stems" / f"{name}.wav" for name in said["stems"]} if stems_wanted else {}
        programme = Programme(
            path=_copied(folder / "score.wav", room),
            samples=int(said["samples"]),
            master=Master(*said["master"]),
            stems={name: _copied(path, room / "stems") for name, path in stems.items()},
            warnings=tuple(said["mix_warnings"]),
            ducking=gains or NO_DUCKING,
            full=_copied(folder / "score-full.wav", room) if said["full"] else None,
            **{name: said[name] for name in AS_PLAYED},
        )
        notes = tuple(Note(stem, *numbers) for stem, *numbers in said["notes"])
        engine = PlayedBy(*(said[f"engine{word}"] for word in ("", "_version", "_licence", "_pack")))
        sheet = _as_heard(sheet, said)
        before = takes.earlier(folder)
        wish = replace(wish, seed=take.seed, loudness=said["target"][0], peak=said["target"][1], duck=depth)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{folder}: is no take that can be written ({error}): make it anew") from None
    except OSError as error:
        raise InputError(f"{folder}: a file of this take cannot be read: {error.strerror}: make it anew") from None
    if stems_wanted and not stems:
        raise UsageError("this take was made without stems: make it anew with them, or write it as one track")
    return Heard(wish, engine, Made(take, sheet, notes, programme, (), before.model, before.bent), gains)


def _as_heard(sheet: CueSheet, said: Mapping[str, Any]) -> CueSheet:
    """The sheet with what was heard of its hits: as it is read, it says what was planned."""
    hits = tuple(
        replace(hit, at=at, outcome=outcome, place=place)
        for hit, (at, outcome, place) in zip(sheet.hits, said["hits"], strict=True)
    )
    return replace(sheet, hits=hits, warnings=tuple(said["warnings"]))


def _copied(path: Path, room: Path) -> Path:
    room.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(path, room / path.name))


def _fill(staged: Path, made: Made, engine: Engine, ready: scoring.Ready, wish: scoring.Wish) -> dict[str, Any]:
    """Everything but played.json. Answers the report."""
    names = ["score.wav", "cues.json", "report.json", takes.PLAYED]
    made.programme.path.replace(staged / "score.wav")
    if made.programme.full:
        made.programme.full.replace(staged / "score-full.wav")
        names.append("score-full.wav")
    for name, path in made.programme.stems.items():
        (staged / "stems").mkdir(exist_ok=True)
        path.replace(staged / "stems" / f"{name}.wav")
        names.append(f"stems/{name}.wav")
    (staged / "cues.json").write_bytes(sheet_json.dumps(made.sheet).encode("utf-8", "backslashreplace"))
    if made.notes:
        (staged / "score.mid").write_bytes(midi_bytes(made.sheet, made.notes))
        names.append("score.mid")
    warnings = [*ready.edit.warnings, *made.sheet.warnings, *made.programme.warnings]
    report = report_of(made, engine, ready, wish, names, warnings) | {"stem_tracks": []}
    text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    (staged / "report.json").write_text(text, encoding="utf-8", errors="backslashreplace")
    return report


def _played(made: Made, engine: Engine, wish: scoring.Wish, what: Audition) -> dict[str, Any]:
    programme = made.programme
    return {
        "schema": SCHEMA,
        "engine": engine.name,
        "engine_version": engine.version,
        "engine_licence": engine.licence,
        "engine_pack": engine.pack,
        "target": [wish.loudness, wish.peak],
        "seed": made.take.seed,
        "seeds": dict(made.take.seeds),
        "duck": wish.duck,
        "spoken": [[said.start, said.end, said.confidence] for said in what.spoken],
        "hits": [[hit.at, hit.outcome, hit.place] for hit in made.sheet.hits],
        "notes": [[n.stem, float(n.start), float(n.seconds), int(n.pitch), float(n.velocity)] for n in made.notes],
        "samples": programme.samples,
        "master": list(programme.master.to_json().values()),
        "stems": list(programme.stems),
        "full": programme.full is not None,
        "warnings": list(made.sheet.warnings),
        "mix_warnings": list(programme.warnings),
        **{name: getattr(programme, name) for name in AS_PLAYED},
    }
