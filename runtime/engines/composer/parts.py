"""What stands between tune and bass: pads, figures, a second voice, and chords struck together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .event import Event
from .groove import PULSE
from .harmonise import Spans
from .patterns import Step, steps
from .ranges import into
from .scene import Scene, lively
from .voicing import Pitches

THIN, FULL = 0.18, 0.72  # energies below which a pad has three voices, from which two instruments play it
UP, HALF_UP = 0.5, 0.32  # energies from which figures, and their upper voices, play an octave higher
STRUMMED, STRUM = ("guitar", "harp"), 0.011  # seconds from string to string
PANS = (-0.35, 0.3, -0.2, 0.4)


def chosen(scene: Scene, role: str, position: float) -> str:
    """The instrument of a role, by energy: the palette goes from quiet to loud."""
    voices = scene.style.palette[role]
    return voices[min(len(voices) - 1, int(scene.energy(position) * len(voices)))]


def pads(scene: Scene, spans: Spans, voicings: Sequence[Pitches]) -> list[Event]:
    events: list[Event] = []
    rng = scene.chance("pad touch")
    for span, voicing in zip(spans.all, voicings, strict=True):
        energy = scene.energy(span.start)
        if not scene.grid.playable(span.start) or (energy < scene.style.layers["pad"] and span.start != scene.close):
            continue
        voices = [chosen(scene, "pad", span.start)]
        if energy >= FULL and len(scene.style.palette["pad"]) > 1:
            voices.append(scene.style.palette["pad"][0])
        for layer, voice in enumerate(dict.fromkeys(voices)):
            for number, pitch in enumerate(voicing[:3] if energy < THIN else voicing):
                velocity = (0.3 + 0.5 * energy) * (0.7 if layer else 1.0)
                pan = (-0.3, -0.1, 0.1, 0.3)[number]
                events.append(
                    scene.event(
                        "harmony", voice, span.start, span.end, into(pitch, voice), lively(rng, velocity, 0.05), pan
                    )
                )
    return events


def figures(scene: Scene, spans: Spans, voicings: Sequence[Pitches]) -> list[Event]:
    """Broken and repeated chords, as the style's patterns have them."""
    events: list[Event] = []
    drummed = scene.style.layers["drums"]
    for number, bar in enumerate(scene.grid.bars):
        if bar.first >= scene.stop or not scene.plays("figure", bar.first):
            continue
        energy = scene.energy(bar.first)
        choices = scene.style.band(energy).figure
        pattern = choices[int(scene.chance("figure", number // 8).integers(len(choices)))]
        rng = scene.chance("figure touch", number)
        made = list(steps(pattern, bar.beats))
        if energy >= PULSE and energy < drummed:  # nobody else keeps the beat
            taken = {step.at for step in made}
            made += [Step(float(beat), 1.0, "1") for beat in range(bar.beats) if float(beat) not in taken]
        turned = number % 4 == 3 or (number % 2 == 1 and rng.random() < 0.3)
        voice = chosen(scene, "figure", bar.first)
        for order, step in enumerate(sorted(made, key=lambda step: step.at)):
            at = bar.first + step.at
            if at >= scene.stop or not scene.grid.playable(at):
                continue
            if step.at != int(step.at) and rng.random() > 0.55 + 0.6 * scene.busy(at):
                continue
            span = spans.at(at)
            voicing = voicings[spans.index(at)]
            until = min(at + max(step.length, 0.5), max(span.end, at + 0.5))
            velocity = (0.3 + 0.46 * energy) * (1.05 if step.at == int(step.at) else 0.76)
            for string, pitch in enumerate(_struck(voicing, step.sign, turned, energy)):
                played = into(pitch, voice)
                pan = PANS[order % len(PANS)]
                event = scene.event("harmony", voice, at, until, played, lively(rng, velocity), pan)
                if string and voice in STRUMMED:
                    event = replace(
                        event, onset=False, note=replace(event.note, start=event.note.start + string * STRUM)
                    )
                events.append(event)
    return events


def _struck(voicing: Pitches, sign: str, turned: bool, energy: float) -> list[int]:
    lift = 12 if energy >= UP else 0
    if sign == "*":
        return [pitch + (lift if voicing[0] + lift < 71 else 0) for pitch in voicing]
    place = int(sign) - 1
    if turned and place < len(voicing):
        place = len(voicing) - 1 - place
    if energy >= HALF_UP and place >= 2:
        lift = 12
    return [voicing[place % len(voicing)] + 12 * (place // len(voicing)) + lift]


def counter(scene: Scene, spans: Spans) -> list[Event]:
    """A second voice in the middle: of each chord what gives it its colour, as near as it can be."""
    events: list[Event] = []
    before = 64.0
    for span in spans.all:
        if not scene.plays("counter", span.start) or not scene.grid.playable(span.start) or span.start == scene.close:
            continue
        voice = chosen(scene, "counter", span.start)
        telling = span.chord.tones[1:]
        energy = scene.energy(span.start)
        middle = 58 + 12 * energy
        near = [pitch for pitch in range(55, 79) if pitch % 12 in telling]
        pitch = min(near, key=lambda p: (abs(p - before) + 0.6 * abs(p - middle), p))
        half = span.start + (span.end - span.start) / 2
        moves = span.end - span.start >= 4 and scene.busy(span.start) >= 0.5 and half == int(half)
        other = min((p for p in near if p != pitch), key=lambda p: (abs(p - pitch), p), default=pitch)
        for start, end, tone in (
            ((span.start, half, pitch), (half, span.end, other)) if moves else ((span.start, span.end, pitch),)
        ):
            if scene.grid.playable(start):
                events.append(scene.event("harmony", voice, start, end, into(tone, voice), 0.26 + 0.42 * energy, -0.25))
        before = pitch
    return events


def run_up(scene: Scene, spans: Spans) -> list[Event]:
    """Where no drums play, a run up the scale leads into the next storyboard."""
    bar = scene.grid.bars[-1]
    at = float(bar.last - 1)
    energy = scene.energy(at)
    if scene.after is None or bar.beats < 2 or not energy >= 0.25 or scene.plays("drums", bar.first):
        return []
    voice = chosen(scene, "touch", at)
    tones = sorted(p for p in range(60, 90) if p % 12 in spans.at(at).chord.tones)
    events = []
    for n in range(4):
        if scene.grid.playable(at + n / 4):
            pitch = into(tones[min(n, len(tones) - 1)], voice)
            events.append(scene.event("harmony", voice, at + n / 4, at + n / 4 + 1, pitch, 0.25 + 0.06 * n, 0.2))
    return events
