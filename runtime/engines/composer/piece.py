"""From a cue sheet and a seed to a piece: every event, and what it was planned from."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from zlib import crc32

from ...cues import form
from ...cues.sheet import CueSheet, Hit, Storyboard
from ...errors import InputError
from ...progress import Progress, part
from . import accents, bassline, dynamics, groove, melody, parts
from .desk_settings import Desk
from .event import Event
from .grid import Grid
from .harmonise import Spans, harmonise
from .human import humanised
from .keys import MINOR, key_for, mode_for
from .scene import Scene
from .style import DEFAULT, Style, load
from .theme import Theme, theme
from .voicing import roots, voice

CURVE = 0.6  # how much of the energy the curve says; the rest says the brief
CENTRE, LIFT = 56.0, 12.0  # where the voices of a chord lie, and how much higher at full energy
LEAN_BEAT, LEAN = 0.1, 0.05  # seconds that a beat, and what lies between, may lean to a hit
LAST_CHORD = 1.2  # seconds that the last chord should have at least
BUTTON = 4.0  # seconds before the end from which on a hit may be the last chord
WRITING = 0.75  # of the progress; the rest is for what concerns the whole piece
SHORTEST = 0.04  # seconds of a note that silence cuts off


@dataclass(frozen=True)
class PlannedChord:
    """`tones` are pitch classes, the root first; times in seconds."""

    start: float
    end: float
    tones: tuple[int, ...]
    symbol: str


@dataclass(frozen=True)
class Plan:
    """What a storyboard's music was made from. `strong` are the seconds of its strong beats, `bars` of its bar lines."""

    name: str
    style: str
    desk: Desk
    tonic: int
    mode: str
    chords: tuple[PlannedChord, ...]
    bars: tuple[float, ...]
    strong: tuple[float, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Piece:
    events: tuple[Event, ...]
    plans: tuple[Plan, ...]
    theme: Theme
    warnings: tuple[str, ...] = ()

    @property
    def desks(self) -> tuple[Desk, ...]:
        """How each storyboard wants to be mixed."""
        return tuple(plan.desk for plan in self.plans)


def compose(
    sheet: CueSheet,
    seed: int,
    progress: Progress,
    style: str | None = None,
    *,
    seeds: Mapping[int, int] | None = None,
    styles: Path | None = None,
) -> Piece:
    """The whole piece. Equal sheet and seed, equal events.

    `style` goes before what the briefs say. `seeds` are other seeds for some storyboards, by index: the others keep
    every note. `styles` is a folder of the user's own styles.
    """
    subject = theme(seed)
    warnings: list[str] = []
    scenes = _scenes(sheet, seed, seeds or {}, subject, [_style(b, style, styles, warnings) for b in sheet.storyboards])
    events: list[Event] = []
    plans: list[Plan] = []
    for index, scene in enumerate(scenes):
        here = part(progress, WRITING * index / len(scenes), WRITING * (index + 1) / len(scenes))
        here(0.0, "composing")
        spans = harmonise(scene)
        made = _music(sheet, scene, subject, spans, here)
        events += _within(made, scene.grid.start, scene.grid.end)
        plans.append(_plan(scene, spans))
    progress(WRITING, "composing")
    events += accents.announced(sheet, scenes)
    events = _leaning(events, [sheet.seconds(h.frame) for scene in scenes for h in scene.hits if h.place == "free"])
    kept = {sheet.seconds(hit.frame) for scene in scenes for hit in scene.hits}
    events = _silenced(events, accents.breaths(sheet, scenes), spared=("riser", "reverse", "whoosh"), kept=kept)
    progress((1 + WRITING) / 2, "composing")
    rests = [(sheet.seconds(rest.start), sheet.seconds(rest.end)) for rest in sheet.rests]
    events = humanised(accents.one_blow(_once(_silenced(events, rests))), scenes, rests)
    progress(1.0, "composing")
    return Piece(tuple(events), tuple(plans), subject, tuple(dict.fromkeys(warnings)))


def _music(sheet: CueSheet, scene: Scene, subject: Theme, spans: Spans, progress: Progress) -> list[Event]:
    """`progress` is told before each part, so that a long storyboard can be given up in between."""
    low = roots(spans.all)
    centres = [CENTRE + LIFT * scene.energy(span.start) for span in spans.all]
    voicings = voice(spans.all, low, centres)
    bass = bassline.line(scene, spans, low)
    progress(0.1, "composing")
    tune = melody.tones(scene, subject, spans, [(each.start, each.pitch) for each in bass])
    writers: tuple[Callable[[], list[Event]], ...] = (
        lambda: parts.pads(scene, spans, voicings),
        lambda: parts.figures(scene, spans, voicings),
        lambda: parts.counter(scene, spans),
        lambda: melody.play(scene, tune),
        lambda: melody.double(scene, tune),
        lambda: bassline.play(scene, bass),
        lambda: groove.drums(scene),
    )
    played: list[Event] = []
    for number, write in enumerate(writers, 2):
        progress(number / (len(writers) + 3), "composing")
        played += write()
    progress((len(writers) + 2) / (len(writers) + 3), "composing")
    struck = accents.accents(sheet, scene, spans, voicings)
    return [*dynamics.shaped(scene, played), *parts.run_up(scene, spans), *struck]


def _style(board: Storyboard, asked: str | None, folder: Path | None, warnings: list[str]) -> Style:
    name = asked or board.brief.style
    try:
        return load(name, folder)
    except InputError as error:
        warnings.append(f"{error}; storyboards that ask for it are played as {DEFAULT}")
        return load(DEFAULT)


def _scenes(
    sheet: CueSheet, seed: int, seeds: Mapping[int, int], subject: Theme, styles: Sequence[Style]
) -> list[Scene]:
    boards = sheet.storyboards
    if not boards:
        return []
    home_minor = mode_for(boards[0].brief.valence + styles[0].harmony.shift + subject.tint) in MINOR
    keys = [
        key_for(subject.tonic, home_minor, board.brief.key, board.brief.valence + style.harmony.shift + subject.tint)
        for board, style in zip(boards, styles, strict=True)
    ]
    seen: Counter[str] = Counter()
    scenes: list[Scene] = []
    for index, (board, after) in enumerate(zip_longest(boards, boards[1:])):
        level, origin = _level(sheet, board), board.origin or board.name
        hits = tuple(
            hit
            for hit in sheet.hits
            if board.start <= hit.frame < board.end and hit.outcome == "landed" and hit.weight > 0
        )
        hits = tuple(hit for hit in hits if not any(rest.start <= hit.frame < rest.end for rest in sheet.rests))
        grid = Grid(sheet, board, hits, styles[index].swing)
        goes_on = after is not None and after.start == board.end
        goes_on = goes_on and not any(rest.start <= board.end - 1 < rest.end for rest in sheet.rests)
        lift = 0.0
        if goes_on:
            lift = _level(sheet, after)(sheet.seconds(after.start)) - level(sheet.seconds(board.end - 1))
        scenes.append(
            Scene(
                name=board.name,
                role=board.role,
                style=styles[index],
                grid=grid,
                key=keys[index],
                density=board.brief.density,
                hits=hits,
                level=level,
                token=(seeds.get(index, seed) % 2**64, crc32(origin.encode("utf-8", "replace")), seen[origin]),
                after=keys[index + 1] if goes_on else None,
                lift=lift,
                came=scenes[-1].lift if scenes else 0.0,
                close=_close(grid, hits, sheet, level) if after is None else None,
            )
        )
        seen[origin] += 1
    return scenes


def _level(sheet: CueSheet, board: Storyboard) -> Callable[[float], float]:
    """The energy at a second: the piece's curve, drawn towards what the brief says, so that either can be changed."""
    fps, first, last = float(sheet.rate.fps), board.start, board.end - 1

    def level(seconds: float) -> float:
        curve = form.at(sheet.energy, min(max(seconds * fps, first), last))
        energy = board.brief.energy
        return min(1.0, max(0.0, energy if curve is None else CURVE * curve + (1 - CURVE) * energy))

    return level


def _close(grid: Grid, hits: Sequence[Hit], sheet: CueSheet, level: Callable[[float], float]) -> float:
    """Where the last chord starts: on the last hit as a button, where that lies well; else on the last bar line, or
    beat, that leaves it time to ring.
    """
    for hit in reversed(hits):
        at = sheet.seconds(hit.frame)
        if 0.3 <= grid.end - at <= BUTTON and hit.place != "free" and level(at) >= 0.4 and hit.weight >= 0.4:
            return max(0.0, round(2 * grid.position(at)) / 2)
        break
    room = [beat for beat in range(grid.beats) if grid.end - grid.seconds(beat) >= LAST_CHORD]
    lines = {bar.first for bar in grid.bars}
    on_line = [beat for beat in room if beat in lines and grid.end - grid.seconds(beat) <= 2.5 * BUTTON]
    if on_line and on_line[-1] > 0:
        return float(on_line[-1])
    return float(room[-1]) if room else 0.0


def _plan(scene: Scene, spans: Spans) -> Plan:
    grid = scene.grid
    bars = [bar for bar in grid.bars if bar.first < grid.beats]
    return Plan(
        scene.name,
        scene.style.name,
        scene.style.desk,
        scene.key.tonic,
        scene.key.mode,
        tuple(
            PlannedChord(grid.seconds(s.start), min(grid.seconds(s.end), grid.end), s.chord.tones, s.chord.symbol)
            for s in spans.all
        ),
        tuple(grid.seconds(bar.first) for bar in bars),
        tuple(grid.seconds(b) for bar in bars for b in range(bar.first, bar.last) if bar.strong(b)),
        grid.start,
        grid.end,
    )


def _within(events: Iterable[Event], start: float, end: float) -> list[Event]:
    """Nothing starts outside its storyboard, and nothing but effects sounds longer."""
    kept = []
    for event in events:
        note = event.note
        if start <= note.start < end:
            seconds = min(note.seconds, end - note.start)
            kept.append(event if seconds == note.seconds else replace(event, note=replace(note, seconds=seconds)))
    return kept


def _leaning(events: list[Event], moments: Sequence[float]) -> list[Event]:
    """The events with those close to a moment moved onto it, so that an accent between the beats is no stumble."""
    if not moments:
        return events
    at = sorted(moments)
    moved = []
    for event in events:
        start = event.note.start
        place = bisect_left(at, start)
        nearest = min(at[max(0, place - 1) : place + 1], key=lambda moment: abs(moment - start))
        reach = LEAN_BEAT if event.onset else LEAN
        close = 0 < abs(nearest - start) <= reach and event.voice not in ("riser", "reverse", "whoosh")
        moved.append(replace(event, note=replace(event.note, start=nearest)) if close else event)
    return moved


def _silenced(
    events: list[Event],
    silences: Sequence[tuple[float, float]],
    spared: Sequence[str] = (),
    kept: Iterable[float] = (),
) -> list[Event]:
    """Without what starts in a silence; what sounds into one ends there. What stands on a moment of `kept` stays."""
    for start, end in silences:
        here = []
        stay = {moment for moment in kept if start <= moment < end}
        for event in events:
            note = event.note
            if event.voice in spared or note.start >= end or note.start + note.seconds <= start or note.start in stay:
                here.append(event)
            elif note.start < start - SHORTEST:
                here.append(replace(event, note=replace(note, seconds=start - note.start)))
        events = here
    return events


def _once(events: Iterable[Event]) -> list[Event]:
    """By start; of what an instrument would strike twice at once the louder one."""
    best: dict[tuple[float, str, str, int], Event] = {}
    for event in events:
        note = event.note
        key = (round(note.start, 4), note.stem, event.voice, note.pitch)
        if key not in best or best[key].note.velocity < note.velocity:
            best[key] = event
    return sorted(best.values(), key=lambda e: (e.note.start, e.note.stem, e.voice, e.note.pitch))
