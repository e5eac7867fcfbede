"""Music that a model made, heard and bent where it stands, so that its beats meet the hits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime.cues.sheet import CueSheet
from ..runtime.engines.engine import Block, Performance
from ..runtime.measure.listening import onsets_of
from ..runtime.mix.elastic_place import Settled, as_made, blocks, settle
from ..runtime.mix.elastic_sound import TimeMap
from ..runtime.mix.files import writing
from ..runtime.mix.programme import Programme
from ..runtime.mix.wav import Sound
from ..runtime.progress import Progress, part
from ..runtime.rate import SAMPLE_RATE
from . import hearing

WORDS = "listening to the music"


@dataclass(frozen=True)
class Kept:
    """How an earlier score was bent, and the storyboards, by their number, that are made anew and bent afresh."""

    settled: Settled
    anew: tuple[int, ...] = ()


def settled(
    performance: Performance, sheet: CueSheet, room: Path, kept: Kept | None, progress: Progress
) -> tuple[Performance, Settled]:
    """The performance, drawn once into a file in `room` and bent; what is kept of an earlier score stays as it was."""
    (stem,) = performance.stems
    with writing(room / "played"):
        room.mkdir(parents=True, exist_ok=True)
        with (room / "played").open("wb") as file:
            for block in performance.blocks:
                file.write(np.ascontiguousarray(block.stems[stem], np.float32).tobytes())
    sound: Sound = np.zeros((0, 2), np.float32)
    if (room / "played").stat().st_size:
        sound = np.memmap(room / "played", np.float32, "r").reshape(-1, 2)
    warnings: list[str] = []
    if kept and not kept.anew:
        found = kept.settled
    else:
        found = _heard(sound, sheet, kept, warnings, progress)
    said = [*performance.warnings, *warnings]
    return replace(performance, blocks=_played(sound, found, sheet, stem, progress), warnings=said), found


def heard_onsets(programme: Programme, progress: Progress) -> tuple[float, ...]:
    """When something is heard to begin in the finished music, without regard to dialogue."""
    return onsets_of(programme.full or programme.path, programme.samples, progress)


def to_json(found: Settled) -> Mapping[str, Any]:
    """What the report says of it, with all that is needed to bend the same music again."""
    bends = np.abs(found.bends)
    return {
        "bent": found.bent,
        "bend_percent": round(100 * float(bends.max(initial=0.0)), 2),
        "mean_bend_percent": round(100 * float(bends.mean()), 2) if len(bends) else 0.0,
        "knots": [[at, to] for at, to in zip(found.map.source.tolist(), found.map.target.tolist(), strict=True)],
        "attacks": found.attacks.tolist(),
    }


def of_json(value: Any) -> Settled:
    """Raises ValueError, TypeError or KeyError where it is none."""
    knots = np.array(value["knots"], np.float64).reshape(-1, 2)
    attacks = np.array(value["attacks"], np.float64).reshape(-1)
    if len(knots) < 2 or not np.isfinite(knots).all() or not np.isfinite(attacks).all():
        raise ValueError("its alignment has no knots")
    if (np.diff(knots, axis=0) <= 0).any() or (np.diff(attacks) < 0).any():
        raise ValueError("the knots of its alignment do not rise")
    return Settled(TimeMap(knots[:, 0], knots[:, 1]), attacks)


def _heard(sound: Sound, sheet: CueSheet, kept: Kept | None, warnings: list[str], progress: Progress) -> Settled:
    unbent = kept.settled if kept else as_made(sheet)
    if hearing.is_silent(sound):
        return unbent
    beats = hearing.tracked(sound, part(progress, 0.0, 0.5), WORDS)
    if not beats.seconds:
        warnings.append(
            f"no steady beat is heard in the music (pulse {beats.pulse:.2f} of 1): it is not bent to the hits"
        )
        return unbent
    if len(beats.seconds) < hearing.FEWEST:
        warnings.append(
            f"the music is too short to be bent to the hits: {len(beats.seconds)} beats, and {hearing.FEWEST} are needed"
        )
        return unbent
    known, attacks = hearing.heard(sound, beats, part(progress, 0.5, 0.9))
    laying = part(progress, 0.9, 1.0)
    return settle(known, attacks, sheet, kept.settled if kept else None, kept.anew if kept else (), laying)


def _played(sound: Sound, found: Settled, sheet: CueSheet, stem: str, progress: Progress) -> Iterator[Block]:
    if not found.bent:
        for start in range(0, len(sound), SAMPLE_RATE):
            yield Block({stem: np.array(sound[start : start + SAMPLE_RATE])})
        return
    for bent in blocks(sound, found, sheet, progress):
        yield Block({stem: bent})
