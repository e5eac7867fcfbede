"""What a hit gets: a touch, an accent or an impact, what rises towards it, and a breath of silence before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...cues.sheet import CueSheet, Hit
from ..engine import Note
from .event import EFFECTS, KITS, Event
from .harmonise import Spans
from .parts import chosen
from .ranges import into
from .scene import Scene
from .style import DRUMS
from .voicing import Pitches

SOFT, STRONG = 0.27, 0.68  # forces up to which a hit is touched, from which it is struck with all
CROWDED = 0.9  # seconds after a strong accent in which the next ones are lighter
RISE, REVERSE = 0.15, 0.25  # rise of energy that gets a riser; energy from which what comes is announced at all
BREATH_WEIGHT, BREATH_ENERGY = 0.9, 0.6
CALM = 0.7  # of a drum's force where nothing goes on: a strike is as loud as what surrounds it lets it be
OPENING = 0.5  # of its force has the hit that a calmer storyboard begins with
UNDER = 0.5  # of its force keeps a kick that an impact or a drop falls on: two blows so low only pile up
RISER, LEAST_RISER = 0.4, 0.45  # how long what rises into a livelier storyboard is, in bars; seconds at the least
LOW = ("impact", "sub_drop")
SHORT = {"impact": 3.0, "sub_drop": 2.0, "cymbal": 2.5}


def force(hit: Hit, energy: float) -> float:
    return hit.weight * (0.32 + 0.68 * energy)


def accents(sheet: CueSheet, scene: Scene, spans: Spans, voicings: Sequence[Pitches]) -> list[Event]:
    events: list[Event] = []
    before = -10.0
    for number, hit in enumerate(scene.hits):
        at = sheet.seconds(hit.frame)
        energy = scene.level(at)
        strength = force(hit, energy)
        # A calmer storyboard opens with a colour of its own: a strike would ring on into what should be still.
        opening = scene.calmer and hit.kind == "storyboard" and not hit.wish and at - scene.grid.start < 1e-6
        if opening:
            strength *= OPENING
        gentle = hit.wish == "soft" or opening or strength < SOFT
        kind = "soft" if gentle else "strong" if strength >= STRONG else "accent"
        if kind == "strong" and at - before < CROWDED and hit.weight < BREATH_WEIGHT:
            kind = "accent"
        if kind == "strong":
            before = at
        choices = scene.style.hits[kind]
        rng = scene.chance("accent", hit.frame - round(scene.grid.start * float(sheet.rate.fps)))
        picked = choices[int(rng.integers(len(choices)))].split("+")
        at_chord = spans.index(scene.grid.position(at) + 0.05)
        for name in picked:
            events += _sound(scene, name, at, strength, spans.all[at_chord].chord.tones, voicings[at_chord], number)
    return events


def _sound(
    scene: Scene, name: str, at: float, strength: float, tones: Sequence[int], voicing: Pitches, number: int
) -> list[Event]:
    position = scene.grid.position(at)
    loud = min(1.0, 0.34 + 0.66 * strength)
    if name in EFFECTS:
        gain = 0.9 if name == "cymbal" else 1.0
        return [Event(Note("effects", at, SHORT[name], 60, gain * loud), name, True)]
    if name in DRUMS:
        struck = min(1.0, 0.12 + loud) * (CALM + (1 - CALM) * scene.level(at))
        return [Event(Note("drums", at, 0.25, DRUMS[name], struck), scene.style.kit, True)]
    if name == "stab":
        voice = chosen(scene, "counter", position)
        length = min(1.2, 1.5 * scene.grid.usual)
        return [Event(Note("harmony", at, length, into(p, voice), loud), voice, True, 0.1) for p in voicing]
    voice = chosen(scene, "touch", position)
    low = 67 + round(9 * scene.level(at))
    high = [pitch for pitch in range(low, low + 17) if pitch % 12 in tones[:3]]
    first = high[number % max(1, len(high) - 2)]
    pair = [first, *(p for p in high if p > first)][: 2 if strength >= 0.2 else 1]
    pan = 0.3 if number % 2 else -0.3
    return [Event(Note("harmony", at, 2.0, into(p, voice), min(1.0, 0.16 + loud)), voice, True, pan) for p in pair]


def one_blow(events: Sequence[Event]) -> list[Event]:
    """The events with kicks that give way to what is struck with them and is as low."""
    low = {round(event.note.start, 4) for event in events if event.voice in LOW}

    def under(event: Event) -> bool:
        return event.voice in KITS and event.note.pitch == DRUMS["kick"] and round(event.note.start, 4) in low

    return [
        replace(event, note=replace(event.note, velocity=UNDER * event.note.velocity)) if under(event) else event
        for event in events
    ]


def announced(sheet: CueSheet, scenes: Sequence[Scene]) -> list[Event]:
    """Risers and reversed cymbals that end where they lead; none begins before the music does."""
    events: list[Event] = []
    for index, scene in enumerate(scenes):
        earlier = scenes[index - 1] if index and scenes[index - 1].after else None
        for hit in scene.hits:
            at = sheet.seconds(hit.frame)
            energy = scene.level(at)
            starts = at - scene.grid.start < 1e-6
            floor = earlier.grid.start if earlier else scene.grid.start
            lift = earlier.lift if starts and earlier else 0.0
            bar = 4 * (earlier.grid.usual if starts and earlier else scene.grid.usual)
            if hit.wish == "build" or lift >= RISE:
                # The change is to be heard where the storyboard starts: what leads there stays behind it.
                asked, short = hit.wish == "build", max(RISER * bar, LEAST_RISER)
                length, loud = (min(2 * bar, 5.0), 0.35 + 0.5 * energy) if asked else (short, 0.2 + 0.3 * energy)
                events += _rising("riser", (max(floor, at - length), at), loud, sheet)
            elif starts and earlier and energy >= REVERSE and not scene.calmer:
                events += _rising("reverse", (max(floor, at - min(0.9, bar)), at), 0.14 + 0.26 * energy, sheet)
            elif hit.weight >= 0.9 and energy >= 0.5 and not starts:
                events += _rising("whoosh", (max(floor, at - 0.7), at), 0.3 + 0.4 * energy, sheet)
    return events


def _rising(voice: str, span: tuple[float, float], velocity: float, sheet: CueSheet) -> list[Event]:
    """Not into silence that somebody asked for."""
    begin, at = span
    for rest in sheet.rests:
        start, end = sheet.seconds(rest.start), sheet.seconds(rest.end)
        if start < at and end > begin:
            begin = end
    if at - begin < 0.4:
        return []
    return [Event(Note("effects", begin, at - begin, 60, min(1.0, velocity)), voice, False)]


def breaths(sheet: CueSheet, scenes: Sequence[Scene]) -> list[tuple[float, float]]:
    """Moments of silence before the greatest hits, in seconds."""
    found = []
    for index, scene in enumerate(scenes):
        for hit in scene.hits:
            at = sheet.seconds(hit.frame)
            starts = abs(at - scene.grid.start) < 1e-6
            great = hit.wish == "accent" or (starts and index > 0 and scene.role == "climax")
            if great and hit.weight >= BREATH_WEIGHT and scene.level(at) >= BREATH_ENERGY:
                before = scenes[index - 1] if starts and index else scene  # whose music it is that breathes
                found.append((at - 0.45 * before.grid.usual, at))
    return found
