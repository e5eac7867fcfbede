"""One take, from a cue sheet to finished sound: played, bent where a model made it, mixed, and its hits told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..runtime.cues.remarks import about_beats
from ..runtime.cues.sheet import CueSheet
from ..runtime.edit import Edit
from ..runtime.engines.engine import Engine
from ..runtime.mix.programme import NO_DUCKING, mix
from ..runtime.progress import Progress, part
from ..runtime.rate import SAMPLE_RATE
from . import choosing, settling, takes
from .reporting import Made, landed, unreached

if TYPE_CHECKING:
    from .scoring import Ready, Wish


def play(
    engine: Engine, sheet: CueSheet, take: takes.Take, ready: Ready, wish: Wish, room: Path, progress: Progress
) -> Made:
    """Plays one take into the folder `room`."""
    performance = takes.perform(engine, sheet, take, ready.order, part(progress, 0.0, 0.65), seen=ready.seen)
    bent = None
    if choosing.plays_model(wish.engine) and wish.align is not False and sheet.storyboards:
        kept = takes.kept_alignment(ready.order, sheet)
        performance, bent = settling.settled(performance, sheet, room, kept, part(progress, 0.65, 0.8))
    programme = mix(
        performance,
        sheet,
        room,
        loudness=wish.loudness,
        peak=wish.peak,
        ducking=ready.ducking or NO_DUCKING,
        master=ready.order.master,
        stems=(wish.stems or wish.stem_tracks) and take is ready.order.takes[0],
        time_reference=_time_reference(ready.edit) if wish.broadcast_wave else None,
        progress=progress,
    )
    told = [*sheet.warnings, *performance.warnings]
    onsets = performance.onsets
    if onsets is None:
        onsets = settling.heard_onsets(programme, part(progress, 0.9, 1.0))
        told = [said for said in told if not about_beats(said)]
    heard = landed(sheet, onsets)
    told += unreached(heard, ready.edit) if performance.onsets is None else []
    heard = replace(heard, warnings=tuple(dict.fromkeys(told)))
    model = performance.model and {**performance.model, "picture": takes.digest_of(ready.seen)}
    return Made(take, heard, performance.notes, programme, onsets, model, bent)


def _time_reference(edit: Edit) -> int:
    day = 24 * 60 * 60 * SAMPLE_RATE  # timecode starts again at midnight, also below zero
    return edit.rate.samples(edit.start_frame) % day
