"""Drums: the style's patterns, a pulse that never gets lost, and fills."""

from __future__ import annotations

import numpy as np

from .bassline import half_time
from .event import Event
from .grid import Bar
from .patterns import Step, steps
from .scene import Scene
from .style import DRUMS, Band

LOUD = {"X": 1.0, "x": 0.78, "o": 0.56, "?": 0.6}
WEIGHT = {"kick": 1.0, "boom": 0.95, "snare": 0.92, "clap": 0.85, "crash": 0.8, "tom_low": 0.85, "tom_mid": 0.85}
LIGHT, ON_BEAT, OFF_BEAT = 0.74, 1.3, 0.62  # of the drums that keep time
TIMEKEEPERS = ("hat", "ride", "shaker", "tambourine", "pedal", "rim", "open")
FILLS = {  # from a beat's first part to its last; of each the drums come in this order
    "kit_cinematic": ("tom_high", "tom_mid", "tom_low", "boom"),
    "kit_electronic": ("snare", "clap", "snare", "snare"),
    "kit_brushes": ("snare", "snare", "tom_high", "snare"),
}
FILL = ("snare", "snare", "tom_high", "tom_low")
PULSE = 0.35  # energy from which something clear is heard on every beat


def drums(scene: Scene) -> list[Event]:
    events: list[Event] = []
    for number, bar in enumerate(scene.grid.bars):
        if bar.first < scene.stop and scene.plays("drums", bar.first):
            events += _bar(scene, number, bar)
    if scene.close is not None and scene.plays("drums", scene.close) and scene.grid.playable(scene.close):
        events.append(_hit(scene, scene.close, "kick", 1.0))
    return events


def _bar(scene: Scene, number: int, bar: Bar) -> list[Event]:
    energy = scene.energy(bar.first)
    band = scene.style.band(energy)
    chosen = _patterns(scene, band, number // 8)
    rng = scene.chance("drums touch", number)
    fill = fill_beats(scene, number, bar)
    stop = min(float(bar.last), scene.stop)
    slow = half_time(scene, bar.first)
    events: list[Event] = []
    kept = set()
    for drum, pattern in chosen.items():
        for step in steps(pattern, bar.beats, slow and drum not in TIMEKEEPERS):
            at = bar.first + step.at
            if at >= stop or not scene.grid.playable(at) or _left_out(rng, step, number):
                continue
            if at >= bar.last - fill and drum not in ("kick", "boom"):
                continue
            kept.add(at)
            events.append(_hit(scene, at, drum, LOUD[step.sign] * float(1 - 0.1 * rng.random())))
    if fill:
        events += _fill(scene, bar.last - fill, bar.last, energy)
    elif energy >= PULSE:
        keeper = next((drum for drum in TIMEKEEPERS if drum in chosen), "hat")
        missing = [float(beat) for beat in range(bar.first, bar.last) if float(beat) not in kept and beat < stop]
        events += [_hit(scene, beat, keeper, 0.7) for beat in missing if scene.grid.playable(beat)]
    return events


def _patterns(scene: Scene, band: Band, section: int) -> dict[str, str]:
    chosen = {}
    for drum, choices in band.drums.items():
        rng = scene.chance(f"groove {drum}", section)
        chosen[drum] = choices[int(rng.integers(len(choices)))]
    return chosen


def _left_out(rng: np.random.Generator, step: Step, number: int) -> bool:
    """What is played sometimes; and in every fourth bar an off-beat goes missing now and then."""
    drawn = float(rng.random())
    if step.sign == "?":
        return drawn < (0.25 if number % 4 == 3 else 0.6)
    return number % 2 == 1 and step.sign != "X" and step.at != int(step.at) and drawn < 0.14


def _hit(scene: Scene, at: float, drum: str, force: float) -> Event:
    weight = WEIGHT.get(drum, LIGHT * (ON_BEAT if at == int(at) else OFF_BEAT))
    velocity = (0.42 + 0.53 * scene.energy(at)) * force * weight
    return scene.event("drums", scene.style.kit, at, at + 0.25, DRUMS[drum], velocity)


def fill_beats(scene: Scene, number: int, bar: Bar) -> float:
    """How many beats at a bar's end are a fill: before another storyboard, and now and then before a new section."""
    energy = scene.energy(bar.first)
    last = number + 1 == len(scene.grid.bars)
    if energy < PULSE or bar.beats < 2:
        return 0.0
    if last and scene.after is not None:
        return 2.0 if energy >= 0.8 and bar.beats >= 4 else 1.0
    if not last and number % 8 == 7:
        return 1.0
    return 0.5 if number % 4 == 3 and energy >= 0.5 and scene.chance("fill", number).random() < 0.5 else 0.0


def _fill(scene: Scene, start: float, end: float, energy: float) -> list[Event]:
    """Four parts a beat where it is lively, two where not; every beat has its stroke, and it grows."""
    order = FILLS.get(scene.style.kit, FILL)
    parts = 4 if energy >= 0.55 and scene.grid.usual > 0.36 else 2
    count = max(2, round((end - start) * parts))
    events = []
    for n in range(count):
        at = start + n / parts
        if scene.grid.playable(at):
            drum = order[min(len(order) - 1, n * len(order) // count)]
            events.append(_hit(scene, at, drum, 0.6 + 0.35 * n / count))
    return events
