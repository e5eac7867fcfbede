"""Takes: other music for the same plan, and an earlier score made anew in part while the rest stays as it is.

Equal sheet and seeds give equal samples, so nothing of an earlier score is needed but its cue sheet, its seeds and the
gain of its master: what is kept is played again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime.cues.sheet import CueSheet
from ..runtime.engines.engine import Block, Engine, Performance, Sound
from ..runtime.errors import InputError, UsageError
from ..runtime.mix.ducking import DEEPEST, SURE
from ..runtime.mix.elastic_place import Settled
from ..runtime.mix.master import Master
from ..runtime.mix.presets import DEFAULT, Target
from ..runtime.picture.look import Seen
from ..runtime.progress import Progress, silent
from . import settling

FOLDER = "takes"  # in a score's folder: takes/01, takes/02
PLAYED = "played.json"  # in a take's folder that the panel made: enough to write the take without playing it
SAME_MODEL = ("sha256", "device", "variant", "method", "steps", "guidance", "rhythm")  # what decides its samples
SAME = 1e-3  # seconds between a note and the onset that it makes


@dataclass(frozen=True)
class Revision:
    """What to make of an earlier score's `folder`. `only` names storyboards, by name or number from 1; `seed` is for
    what is made anew, by default the next one of each; stems named in `keep_stems` stay as they were throughout.
    Its loudness and the depth of its ducking stay too, unless they are set anew.
    """

    folder: Path
    only: tuple[str, ...] = ()
    keep_stems: tuple[str, ...] = ()
    seed: int | None = None
    level_anew: bool = False
    duck_anew: bool = False


@dataclass(frozen=True)
class Take:
    """One way to play a sheet. `seeds` are those of single storyboards, by their number from 0."""

    seed: int
    seeds: Mapping[int, int] = field(default_factory=dict)

    def of_all(self, sheet: CueSheet) -> list[int]:
        """The seed of each storyboard."""
        return [self.seeds.get(index, self.seed) for index in range(len(sheet.storyboards))]


@dataclass(frozen=True)
class Earlier:
    """A score that was made before, as its folder tells. `master` is None where its gain is not known, `duck` where
    it was not ducked; `spoken` is what it was ducked under. `model` is what played, as the report says it, and `bent` how
    its music was bent to the hits.
    """

    folder: Path
    engine: str
    engine_version: str
    take: Take
    storyboards: int
    target: Target
    master: Master | None
    duck: float | None = None
    spoken: tuple[Spoken, ...] = ()
    model: Mapping[str, Any] | None = None
    bent: Settled | None = None

    @property
    def cues(self) -> Path:
        return self.folder / "cues.json"

    @property
    def name(self) -> str:
        """cut.scored.hitpoint, or cut.scored.hitpoint/takes/02"""
        parts = self.folder.absolute().parts
        return "/".join(parts[-3:] if parts[-2:-1] == (FOLDER,) else parts[-1:])


@dataclass(frozen=True)
class Spoken:
    """Frames [start, end) that an earlier score was ducked under, with the confidence that gives the same depth."""

    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class Order:
    """What is to be played: the takes, the first one for the timeline, and what stays of an earlier score."""

    takes: tuple[Take, ...]
    earlier: Earlier | None = None
    keep_stems: tuple[str, ...] = ()
    anew: tuple[int, ...] = ()
    master: Master | None = None


def earlier(folder: Path) -> Earlier:
    """Reads an earlier score's folder, or that of one of its takes. Raises InputError."""
    path = folder / "report.json"
    if not path.is_file() or not (folder / "cues.json").is_file():
        raise InputError(f"{folder}: holds no score: report.json and cues.json belong to one, as `score` writes them")
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        seed = _whole(report["seed"])
        boards = report["storyboards"]
        seeds = [_whole(each) for each in report.get("seeds", [seed] * len(boards))]
        target = Target(
            _number(report.get("loudness_target", DEFAULT.loudness)), _number(report.get("peak_target", DEFAULT.peak))
        )
        master = _master(report.get("master"))
        duck, spoken = _ducking(report.get("ducking"))
        engine, version = str(report["engine"]), str(report["engine_version"])
        model = report.get("model")
        if model is not None and not isinstance(model, dict):
            raise ValueError("its model is none")
        bent = None if report.get("alignment") is None else settling.of_json(report["alignment"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: is not the report of a score ({error or type(error).__name__})") from None
    own = {index: each for index, each in enumerate(seeds) if each != seed}
    return Earlier(folder, engine, version, Take(seed, own), len(boards), target, master, duck, spoken, model, bent)


def order(
    sheet: CueSheet, seed: int, count: int, revision: Revision | None = None, before: Earlier | None = None
) -> Order:
    """`count` takes of a sheet, with rising seeds; of a revision, only what is made anew differs."""
    if revision is None or before is None:
        return Order(tuple(Take(seed + number) for number in range(count)))
    if before.storyboards != len(sheet.storyboards):
        raise InputError(
            f"{before.cues}: has {len(sheet.storyboards)} storyboards, and the score was made with "
            f"{before.storyboards}; `score --cues {before.cues}` makes all of it anew"
        )
    anew = _anew(sheet, revision, count)
    old = before.take.of_all(sheet)
    takes = []
    for number in range(count):
        seeds = dict(before.take.seeds)
        for index in anew:
            seeds[index] = (old[index] + 1 if revision.seed is None else revision.seed) + number
        takes.append(Take(before.take.seed, seeds))
    all_new = len(anew) == len(sheet.storyboards) and not revision.keep_stems
    master = None if revision.level_anew or all_new else before.master
    return Order(tuple(takes), before, revision.keep_stems, anew, master)


def perform(
    engine: Engine, sheet: CueSheet, take: Take, kept: Order, progress: Progress, *, seen: Seen | None = None
) -> Performance:
    """Plays a take, with the stems that are kept as they were in the earlier one."""
    new = engine.perform(sheet, seed=take.seed, seeds=take.seeds, seen=seen, progress=progress)
    if not kept.keep_stems or kept.earlier is None:
        return new
    unknown = [name for name in kept.keep_stems if name not in new.stems]
    if unknown:
        raise UsageError(f"--keep-stem {unknown[0]}: there is no such stem; there is: {', '.join(new.stems)}")
    before = kept.earlier.take
    old = engine.perform(sheet, seed=before.seed, seeds=before.seeds, seen=seen, progress=silent)
    return _joined(new, old, frozenset(kept.keep_stems))


def check_name(before: Earlier, engine: str) -> None:
    """Raises UsageError where another engine would go on."""
    if before.engine != engine:
        raise UsageError(f"{before.folder} was made by the engine {before.engine}: --engine {before.engine} goes on")


def check_stems(revision: Revision) -> None:
    """Raises UsageError where stems are to be kept of music that has but one."""
    if revision.keep_stems:
        raise UsageError(
            f"--keep-stem {revision.keep_stems[0]}: what a model plays has one stem; --only makes a part of it anew"
        )


def check_engine(before: Earlier, engine: Engine) -> None:
    """Raises UsageError where the engine, or its model, would play what is to be kept differently."""
    check_name(before, engine.name)
    if before.engine_version != engine.version:
        raise UsageError(
            f"{before.folder} was made by {before.engine} {before.engine_version}, and this is {engine.version}, which "
            f"plays the same seed differently: nothing can be kept; `score --cues {before.cues}` makes all of it anew"
        )
    model: Mapping[str, Any] = getattr(engine, "model", None) or {}
    for word, here in model.items():
        there = (before.model or {}).get(word)
        if word in SAME_MODEL and there != here:
            shown = f"{word} {there}" if word != "sha256" else f"another pack ({(before.model or {}).get('name')})"
            raise UsageError(
                f"{before.folder} was made with {shown}: nothing can be kept; `score --cues {before.cues}` makes all of "
                "it anew"
            )


def check_picture(before: Earlier, seen: Seen | None) -> None:
    """Raises UsageError where a model would not see what it saw then."""
    if before.model and before.model.get("picture") != digest_of(seen):
        told = "without a look at the picture" if before.model.get("picture") is None else "to a picture that was seen"
        told += ", and now it is seen otherwise" if seen else ", and now it is not seen"
        raise UsageError(
            f"{before.folder} was made {told}: nothing can be kept; `score --cues {before.cues}` makes all of it anew"
        )


def digest_of(seen: Seen | None) -> str | None:
    """What was seen, in few letters: the same for the same picture."""
    if seen is None:
        return None
    beats = np.array([(beat.seconds, beat.strength) for beat in seen.beats], np.float64)
    hashed = hashlib.sha256(seen.descriptor.encode())
    for values in (seen.meaning, seen.colour, beats):
        hashed.update(np.ascontiguousarray(values).tobytes())
    return hashed.hexdigest()[:16]


def aligned(before: Earlier, wanted: bool | None) -> bool | None:
    """Whether the music is bent to the hits, which it was in the earlier score or not."""
    if before.model is None:
        return wanted
    was = before.bent is not None
    if wanted is not None and wanted != was:
        said = "--align" if was else "--no-align"
        raise UsageError(
            f"{before.folder} was made with {said}: it goes on so, or `score --cues {before.cues}` starts anew"
        )
    return was


def kept_alignment(kept: Order, sheet: CueSheet) -> settling.Kept | None:
    """How an earlier score was bent, where something of it stays."""
    if kept.earlier is None or kept.earlier.bent is None or len(kept.anew) == len(sheet.storyboards):
        return None
    return settling.Kept(kept.earlier.bent, kept.anew)


def check_free(folder: Path, count: int) -> None:
    """Raises UsageError where writing `count` takes into a score's folder would replace one that was made in the panel."""
    for number in range(1, count + 1) if count > 1 else ():
        if (folder / FOLDER / f"{number:02}" / PLAYED).exists():
            raise UsageError(
                f"{folder.name}/{FOLDER} holds takes that the panel keeps: -o gives this score another name"
            )


def unlocked(sheet: CueSheet) -> list[str]:
    """What to know of locked storyboards where no earlier score is there to keep them from."""
    names = [f"'{board.name}'" for board in sheet.storyboards if board.locked]
    if not names:
        return []
    return [f"locked storyboards ({', '.join(names[:5])}) keep their music with `score --from FOLDER` only"]


def _anew(sheet: CueSheet, revision: Revision, count: int) -> tuple[int, ...]:
    """The numbers of the storyboards to make anew."""
    boards = sheet.storyboards
    if revision.only:
        chosen = sorted({_found(sheet, wanted) for wanted in revision.only})
        for index in chosen:
            if boards[index].locked:
                raise UsageError(
                    f"--only: the storyboard '{boards[index].name}' is locked in {revision.folder / 'cues.json'}"
                )
        return tuple(chosen)
    if revision.seed is None and count == 1 and not revision.keep_stems:
        return ()  # the same music, mixed or written otherwise
    chosen = [index for index, board in enumerate(boards) if not board.locked]
    if not chosen:
        raise UsageError(
            f"every storyboard is locked in {revision.folder / 'cues.json'}: there is nothing to make anew"
        )
    return tuple(chosen)


def _found(sheet: CueSheet, wanted: str) -> int:
    names = [board.name.casefold() for board in sheet.storyboards]
    named = [index for index, name in enumerate(names) if name == wanted.casefold()]
    if len(named) > 1:
        numbers = ", ".join(str(index + 1) for index in named)
        raise UsageError(f"--only {wanted}: several storyboards have this name; their numbers are {numbers}")
    if named:
        return named[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    listed = ", ".join(f"{number} '{board.name}'" for number, board in enumerate(sheet.storyboards[:20], start=1))
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    raise UsageError(f"--only {wanted}: there is no such storyboard; there is: {listed}{more}")


def _joined(new: Performance, old: Performance, kept: frozenset[str]) -> Performance:
    """`new` with the stems `kept` of `old`."""
    notes = [note for note in new.notes if note.stem not in kept] + [note for note in old.notes if note.stem in kept]
    onsets = None
    if new.onsets is not None and old.onsets is not None:
        onsets = tuple(sorted({*_of_stems(new, set(new.stems) - kept), *_of_stems(old, kept)}))
    return replace(
        new,
        blocks=_blocks(new, old, kept),
        onsets=onsets,
        notes=tuple(sorted(notes, key=lambda note: note.start)),
    )


def _of_stems(played: Performance, stems: set[str] | frozenset[str]) -> Iterator[float]:
    """The onsets that notes of these stems make; all of them where the engine has no notes."""
    starts = np.array(sorted(note.start for note in played.notes if note.stem in stems))
    for onset in played.onsets or ():
        at = int(np.searchsorted(starts, onset))
        if not played.notes or any(abs(float(start) - onset) < SAME for start in starts[max(0, at - 1) : at + 1]):
            yield onset


def _blocks(new: Performance, old: Performance, kept: frozenset[str]) -> Iterator[Block]:
    """Both may come in blocks of different lengths."""
    before = old.blocks
    held: dict[str, Sound] = {name: np.zeros((0, 2), np.float32) for name in kept}
    for block in new.blocks:
        length = len(next(iter(block.stems.values())))
        while min(map(len, held.values())) < length:
            following = next(before, None)
            if following is None:
                break  # the mix will say that the engine played too little
            held = {name: np.concatenate([sound, following.stems[name]]) for name, sound in held.items()}
        yield Block({**block.stems, **{name: sound[:length] for name, sound in held.items()}})
        held = {name: sound[length:] for name, sound in held.items()}


def _master(value: Any) -> Master | None:
    if value is None:
        return None
    usual = value["usual_db"]
    return Master(_number(value["gain_db"]), _number(value["ceiling_db"]), None if usual is None else _number(usual))


def _ducking(value: Any) -> tuple[float | None, tuple[Spoken, ...]]:
    if value is None:
        return None, ()
    depth = _number(value["depth_db"])
    if not 0 < depth <= DEEPEST:
        raise ValueError(f"{depth} dB is no depth")
    said = (
        Spoken(_whole(each["start"]), _whole(each["end"]), -_number(each["gain_db"]) / depth * SURE)
        for each in value["stretches"]
    )
    return depth, tuple(said)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no whole number")
    return value


def _number(value: Any) -> float:
    number = float(value)
    if not isfinite(number) or abs(number) > 200:
        raise ValueError(f"{value!r} is no level")
    return number
