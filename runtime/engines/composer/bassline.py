"""The bass: it holds, walks or pumps as the style's patterns say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .event import Event
from .harmonise import Span, Spans
from .patterns import steps
from .ranges import BASS_HIGH, BASS_LOW, into
from .scene import Scene, lively

HALF_TIME_TEMPO, HALF_TIME_ENERGY = 132.0, 0.4


@dataclass(frozen=True)
class Low:
    """A bass note: [start, until) in positions."""

    start: float
    until: float
    pitch: int
    weight: float


def half_time(scene: Scene, position: float) -> bool:
    """Whether a fast beat with little energy is felt at half its pace."""
    return 60.0 / scene.grid.usual >= HALF_TIME_TEMPO and scene.energy(position) < HALF_TIME_ENERGY


def line(scene: Scene, spans: Spans, roots: Sequence[int]) -> list[Low]:
    found: list[Low] = []
    for number, bar in enumerate(scene.grid.bars):
        if bar.first >= scene.stop or not scene.plays("bass", bar.first):
            continue
        choices = scene.style.band(scene.energy(bar.first)).bass
        section = number // 8
        pattern = choices[int(scene.chance("bass", section).integers(len(choices)))]
        found += _bar(scene, spans, roots, bar.first, bar.beats, pattern)
    if scene.close is not None and scene.plays("bass", scene.close):
        pitch = roots[spans.index(scene.close)]
        found.append(Low(scene.close, float(scene.grid.beats + 1), pitch, 1.0))
    return [each for each in found if scene.grid.playable(each.start)]


def _bar(scene: Scene, spans: Spans, roots: Sequence[int], first: int, beats: int, pattern: str) -> list[Low]:
    last = min(float(first + beats), scene.stop)
    # A chord within the bar starts on its root, whatever the pattern does.
    marks = [(first + step.at, step.sign) for step in steps(pattern, beats, half_time(scene, first))]
    ends = {first + step.at: first + step.at + step.length for step in steps(pattern, beats, half_time(scene, first))}
    changes = [span.start for span in spans.all if first <= span.start < last]
    held = {at for at, _ in marks}
    for change in changes:
        if change in held:
            marks = [(at, "1" if at == change else sign) for at, sign in marks]
            continue
        over = [at for at, _ in marks if at < change < ends[at]]
        marks.append((change, "1"))
        ends[change] = ends[over[0]] if over else change + 0.5
        if over:
            ends[over[0]] = change
    found = []
    for at, sign in sorted(marks):
        if at < last:
            index = spans.index(at)
            pitch = _pitch(scene, spans.all, roots, index, sign)
            weight = 1.0 if at == first else 0.9 if at == int(at) else 0.8
            found.append(Low(at, min(ends[at], last, spans.all[index].end), pitch, weight))
    return found


def _pitch(scene: Scene, spans: Sequence[Span], roots: Sequence[int], index: int, sign: str) -> int:
    root, tones = roots[index], spans[index].chord.tones
    if sign == "a":
        goal = roots[index + 1] if index + 1 < len(roots) else root
        return _approach(scene, root, goal)
    if sign == "8":
        return root + 12 if root + 12 <= BASS_HIGH else root
    place = {"1": 0, "3": 1, "5": 2, "7": 3}[sign]
    if place == 0:
        return root
    tone = tones[min(place, len(tones) - 1)]
    up = root + (tone - root) % 12
    return up if up <= BASS_HIGH - 2 else up - 12 if up - 12 >= BASS_LOW else root


def _approach(scene: Scene, root: int, goal: int) -> int:
    """A step of the scale to the next root, from the side that one comes from."""
    side = 1 if root > goal else -1
    for step in (2, 1):
        pitch = goal + side * step
        if pitch % 12 in scene.key.scale and BASS_LOW <= pitch <= BASS_HIGH:
            return pitch
    return goal + side if BASS_LOW <= goal + side <= BASS_HIGH else goal


def play(scene: Scene, bass: Sequence[Low]) -> list[Event]:
    rng = scene.chance("bass touch")
    voices = scene.style.palette["bass"]
    events = []
    for low in bass:
        energy = scene.energy(low.start)
        voice = voices[min(len(voices) - 1, int(energy * len(voices)))]
        length = low.until - low.start
        until = low.start + (length if length >= 2 else 0.9 * length)
        velocity = (0.45 + 0.45 * energy) * low.weight
        events.append(scene.event("bass", voice, low.start, until, into(low.pitch, voice), lively(rng, velocity, 0.06)))
    return events
