"""What a score says of itself: report.json, and what its timeline carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..runtime.cues import sheet_json
from ..runtime.cues.sheet import CueSheet, Hit, outcome
from ..runtime.edit import Edit
from ..runtime.engines.engine import Engine, Note
from ..runtime.measure.matching import nearest
from ..runtime.mix.elastic_place import Settled
from ..runtime.mix.programme import Programme
from ..runtime.rate import SAMPLE_RATE
from . import settling, takes
from .timeline import score_track

if TYPE_CHECKING:
    from .scoring import Ready, Wish

PLACES = ("downbeat", "beat", "offbeat", "free")


@dataclass(frozen=True)
class Made:
    """A take that was played: the sheet as its hits landed, and the finished sound.

    `onsets` are the seconds at which something begins; `model` is what played, where that is a model, and `bent` how its
    music was bent to the hits.
    """

    take: takes.Take
    sheet: CueSheet
    notes: tuple[Note, ...]
    programme: Programme
    onsets: tuple[float, ...] = ()
    model: Mapping[str, Any] | None = None
    bent: Settled | None = None


def landed(sheet: CueSheet, onsets: Sequence[float]) -> CueSheet:
    """The sheet with every hit's outcome by what really sounds, not by what was planned."""

    def heard(hit: Hit) -> Hit:
        asked = sheet.seconds(hit.frame)
        at = nearest(asked, onsets)
        met = outcome(asked, at, sheet.rate)
        # An engine that plays where the plan has nothing has landed the hit by an accent of its own.
        place = (hit.place or "free") if met == "landed" else ""
        return replace(hit, at=None if at is None else round(at, 6), outcome=met, place=place)

    return replace(sheet, hits=tuple(heard(hit) for hit in sheet.hits))


def unreached(sheet: CueSheet, edit: Edit, music: str = "the music") -> list[str]:
    """What to know of markers that music which nobody wrote for them did not meet."""
    said = []
    for hit in sheet.hits:
        if hit.kind == "marker" and hit.weight > 0 and hit.outcome == "missed":
            miss = "" if hit.at is None else f": {1000 * (hit.at - sheet.seconds(hit.frame)):+.0f} ms"
            said.append(f"no beat of {music} reaches marker '{hit.name}' at {edit.timecode(hit.frame)}{miss}")
    return said


def provenance(engine: Engine, seed: int, sheet: CueSheet) -> dict[str, Any]:
    """What a scored timeline says of its music. No date and no place: the same score gives the same bytes."""
    return {
        "version": __version__,
        "engine": engine.name,
        "engine_version": engine.version,
        "pack": engine.pack,
        "licence": engine.licence,
        "seed": seed,
        "cue_sheet": sheet_json.digest(sheet),
        "time_map": [
            {"frame": board.start, "storyboard": board.name, "tempo": board.tempo, "metre": board.metre}
            for board in sheet.storyboards
        ],
    }


def report(
    made: Made, engine: Engine, ready: Ready, wish: Wish, files: Sequence[str], warnings: Sequence[str]
) -> dict[str, Any]:
    """report.json, with what a later take needs to go on from this one: seeds, and the master's gain."""
    edit, planned, order = ready.edit, ready.planned, ready.order
    sheet, programme, plain = made.sheet, made.programme, made.programme.to_json()
    tracks = [score_track.track_name(planned.track, name) for name in programme.stems] if wish.stem_tracks else []
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
        "model": made.model,
        "alignment": made.bent and settling.to_json(made.bent),
        "seed": made.take.seed,
        "seeds": made.take.of_all(sheet),
        "track": planned.track,
        "stem_tracks": tracks,
        "storyboards": [
            {"name": b.name, "start": b.start, "end": b.end, "tempo": b.tempo, "metre": b.metre}
            for b in sheet.storyboards
        ],
        "hits": [hit_json(hit, edit, sheet) for hit in sheet.hits],
        **counts(sheet.hits),
        "loudness": plain["loudness"],
        "loudness_target": wish.loudness,
        "loudness_range": plain["range"],
        "true_peak": plain["true_peak"],
        "peak_target": wish.peak,
        "master": plain["master"],
        "glue_db": plain["glue_db"],
        "ducking": None if ready.ducking is None else plain["ducking"],
        "full": {"file": planned.full.name, "loudness": plain["full_loudness"]} if programme.full else None,
        "from": order.earlier
        and {
            "folder": order.earlier.name,
            "anew": [sheet.storyboards[index].name for index in order.anew],
            "kept_stems": list(order.keep_stems),
        },
        "sample_rate": SAMPLE_RATE,
        "samples": programme.samples,
        "expected_samples": edit.samples,
        "seconds": round(programme.samples / SAMPLE_RATE, 6),
        "files": list(files),
        "warnings": list(dict.fromkeys(warnings)),
    }


def summed_up(number: int, made: Made) -> dict[str, Any]:
    return {
        "folder": f"{takes.FOLDER}/{number:02}",
        "seed": made.take.seed,
        "seeds": made.take.of_all(made.sheet),
        "loudness": made.programme.to_json()["loudness"],
        **{word: value for word, value in counts(made.sheet.hits).items() if word != "places"},
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
        "place": hit.place,
    }


def counts(hits: Sequence[Hit]) -> Mapping[str, Any]:
    """How many hits landed, came near and were missed, and where those that landed did."""
    return {
        **{word: sum(1 for hit in hits if hit.outcome == word) for word in ("landed", "near", "missed")},
        "places": {place: sum(1 for hit in hits if hit.place == place) for place in PLACES},
    }
