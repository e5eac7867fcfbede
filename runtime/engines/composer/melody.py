"""The tune: the theme, phrase by phrase, developed by the part that a storyboard plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from .event import Event
from .grid import Bar
from .harmonise import Spans
from .keys import fitting
from .ranges import tessitura
from .scene import Phrase, Scene, lively
from .theme import Theme, inverted
from .tune import Want, solve

# What the bars of a phrase do with the motif. `s` is the theme's own sequence, a number another.
FORMS: dict[str, tuple[str, ...]] = {
    "intro": ("plain rest", "wide", "head:0 hold rest", "plain:s cadence"),
    "theme": ("plain plain:s", "plain cadence", "inverted plain:s", "head:s head:0 cadence", "wide", "plain:2 cadence"),
    "build": ("plain head:s head:2", "head:0 head:1 head:2 head:3", "plain:s plain:2", "head:1 head:2 head:3 head:4"),
    "climax": ("plain plain:s", "plain cadence", "head:0 head:s plain:2", "plain:2 cadence", "inverted cadence"),
    "ending": ("plain plain:s", "wide", "plain rest", "inverted cadence"),
}
LENGTHS = {"plain": 2, "inverted": 2, "wide": 4, "cadence": 2, "head": 1, "hold": 1, "rest": 1}
PASSAGE = 32  # bars
BREATH = 0.5  # beats of silence that a phrase ends with
RISE = 12.0  # semitones that the tune lies higher at full energy


@dataclass(frozen=True)
class Tone:
    """A note of the tune: [start, until) in positions."""

    start: float
    until: float
    pitch: int


def tones(scene: Scene, theme: Theme, spans: Spans, bass: Sequence[tuple[float, int]]) -> list[Tone]:
    """The whole tune of a storyboard; `bass` is where which bass note starts."""
    wanted: list[Want] = []
    for phrase in scene.phrases:
        start = scene.grid.bars[phrase.first].first
        middle = scene.grid.bars[(phrase.first + phrase.last) // 2].first
        if max(scene.energy(start), scene.energy(middle)) >= scene.style.layers["melody"]:
            wanted += _placed(scene, _phrase(scene, theme, phrase), phrase)
    if scene.close is not None and scene.plays("melody", max(0.0, scene.close - 1)):
        anchor = wanted[-1].target if wanted else _centre(scene, scene.close)
        wanted.append(Want(scene.close, float(scene.grid.beats + 1), anchor, goal="home", strong=True))
    wanted = [each for each in wanted if scene.grid.playable(each.start)]
    # The last bar prepares what comes next: what stands before it does not depend on that.
    last = scene.grid.bars[-1].first if scene.after else scene.grid.beats + 1
    found: list[Tone] = []
    before: tuple[Want, int] | None = None
    sung = [_harmonised(scene, each, spans, bass) for each in wanted]
    for (passage, _), group in groupby(sung, lambda want: (_passage(scene, want.start), want.start >= last)):
        part = list(group)
        low, high = tessitura(instrument(scene, part[0].start))
        if found and _passage(scene, found[-1].start) != passage:
            before = None
        pitches = solve(part, low, high, before)
        before = (part[-1], pitches[-1])
        found += [Tone(want.start, _until(want, p, spans), p) for want, p in zip(part, pitches, strict=True)]
    return found


def play(scene: Scene, line: Sequence[Tone]) -> list[Event]:
    rng = scene.chance("melody touch")
    events = []
    for tone in line:
        energy = scene.energy(tone.start)
        bar = scene.grid.bars[scene.grid.bar_at(tone.start)]
        velocity = 0.38 + 0.47 * energy + (0.06 if bar.strong(tone.start) else 0.0)
        events.append(
            scene.event(
                "melody", instrument(scene, tone.start), tone.start, tone.until, tone.pitch, lively(rng, velocity)
            )
        )
    return events


def double(scene: Scene, line: Sequence[Tone]) -> list[Event]:
    """At the height of the piece another instrument plays the tune too, an octave lower."""
    if scene.role != "climax":
        return []
    voices = (*scene.style.palette["counter"], *scene.style.palette["melody"])
    events = []
    for tone in line:
        energy = scene.energy(tone.start)
        voice = next((v for v in voices if v != instrument(scene, tone.start)), None)
        if voice and energy >= 0.55 and tone.until - tone.start >= 0.5:
            low, _ = tessitura(voice)
            pitch = tone.pitch - 12 if tone.pitch - 12 >= low - 7 else tone.pitch
            events.append(scene.event("harmony", voice, tone.start, tone.until, pitch, 0.25 + 0.4 * energy, pan=0.25))
    return events


def instrument(scene: Scene, position: float) -> str:
    """Who plays the tune: by energy, with some chance; in a long storyboard they take turns."""
    voices = scene.style.palette["melody"]
    passage = _passage(scene, position)
    bars = scene.grid.bars[PASSAGE * passage : PASSAGE * (passage + 1)]
    energy = scene.energy((bars[0].first + bars[-1].last) / 2)
    drift = 0.35 * (float(scene.chance("melody voice").random()) - 0.5)
    place = min(len(voices) - 1, max(0, int((energy + drift) * len(voices))))
    return voices[(place - passage % 2) % len(voices)]


def _passage(scene: Scene, position: float) -> int:
    """A passage is eight phrases; the last one is longer rather than short."""
    return min(scene.grid.bar_at(position), max(0, len(scene.grid.bars) - PASSAGE)) // PASSAGE


def _centre(scene: Scene, position: float) -> float:
    low, high = tessitura(instrument(scene, position))
    wish = 66 + RISE * scene.energy(position) + {"climax": 2, "intro": -1, "ending": -1}.get(scene.role, 0)
    return min(max(wish, low + 6), high - 6)


def _phrase(scene: Scene, theme: Theme, phrase: Phrase) -> list[Want]:
    """The notes of a phrase; targets are degrees still."""
    forms = FORMS[scene.role]
    # The first phrase of every storyboard states the theme; a long one takes its other forms in an order of its own.
    order = (
        [0, 1] if len(forms) < 3 else [0, 1, *(2 + int(n) for n in scene.chance("forms").permutation(len(forms) - 2))]
    )
    form = forms[order[phrase.number % len(order)]]
    silent = phrase.number % 6 == 4 and scene.energy(scene.grid.bars[phrase.first].first) < 0.6
    found: list[Want] = []
    at = phrase.first
    for word in () if silent else form.split():
        kind, _, shift = word.partition(":")
        by = theme.sequence if shift == "s" else int(shift or 0)
        bars = scene.grid.bars[at : min(at + LENGTHS[kind], phrase.last)]
        if bars:
            found += _statement(theme, kind, by, bars)
        at += LENGTHS[kind]
    if found:
        end = scene.grid.bars[phrase.last - 1].last
        found = [each for each in found if each.start < scene.stop]
    if found:
        last = found[-1]
        until = min(max(last.until, min(end, last.start + 4)), scene.stop) - BREATH
        found[-1] = replace(last, goal="home" if phrase.answer else "open", until=max(until, last.start + 0.5))
        found[0] = replace(found[0], free=True)
        if found[-1].until - found[-1].start >= 2 and len(found) > 1:
            found[-2:] = _suspended(found[-2], found[-1])
    return _thinned(scene, found)


def _statement(theme: Theme, kind: str, by: int, bars: Sequence[Bar]) -> list[Want]:
    """The motif, or a part of it, over some bars."""
    if kind in ("rest", "hold"):
        return []
    found: list[Want] = []
    if kind == "wide":  # twice as slow
        for number, bar in enumerate(bars):
            onsets, degrees = theme.onsets(number // 2, bar.beats), theme.bar(number // 2)
            half = (len(onsets) + 1) // 2
            part = list(range(half)) if number % 2 == 0 else list(range(half, len(onsets)))
            spread = [bar.first + n * max(1, bar.beats // max(1, len(part))) for n in range(len(part))]
            found += [Want(float(at), 0.0, float(degrees[n] + by)) for at, n in zip(spread, part, strict=True)]
    else:
        whole = theme.degrees if kind != "inverted" else inverted(theme.degrees)
        for number, bar in enumerate(bars):
            onsets = theme.onsets(number, bar.beats)
            if kind == "cadence" and number == 1:
                onsets = (0.0,)
            skip = 0 if number == 0 else len(theme.bar(0))
            for place, at in enumerate(onsets):
                found.append(Want(bar.first + at, 0.0, float(whole[skip + place] + by)))
    if found:
        found[0] = replace(found[0], free=bool(by))
    ends = [each.start for each in found[1:]] + [float(bars[-1].last)]
    return [replace(each, until=end) for each, end in zip(found, ends, strict=True)]


def _suspended(before: Want, last: Want) -> list[Want]:
    """A phrase's last note comes a beat late, and what was before it hangs over a step above, if the chords allow."""
    above = last.target + 1
    over = replace(last, until=last.start + 1, target=above, goal="")
    return [replace(before, target=above), over, replace(last, start=last.start + 1)]


def _thinned(scene: Scene, wanted: list[Want]) -> list[Want]:
    """Fewer notes where little goes on, passing notes where much does."""
    found: list[Want] = []
    rng = scene.chance("passing", int(wanted[0].start) if wanted else 0)
    for index, each in enumerate(wanted):
        busy = scene.busy(each.start)
        whole = each.start == int(each.start)
        if found and ((busy < 0.3 and not whole) or (busy < 0.16 and each.until - each.start < 1.5)) and not each.goal:
            found[-1] = replace(found[-1], until=max(found[-1].until, each.until))
            continue
        after = wanted[index + 1] if index + 1 < len(wanted) else None
        length = each.until - each.start
        if after is not None and after.start == each.until and length >= 1 and rng.random() < 1.6 * (busy - 0.5):
            middle = each.start + length / 2
            between = (each.target + after.target) / 2
            if abs(after.target - each.target) < 2:  # a neighbour, and back
                between = each.target + (1 if after.target <= each.target else -1)
            found.append(replace(each, until=middle))
            found.append(Want(middle, each.until, float(int(between))))
            continue
        found.append(each)
    return found


def _placed(scene: Scene, wanted: list[Want], phrase: Phrase) -> list[Want]:
    """Degrees become pitches, in the register that the energy asks for."""
    if not wanted:
        return []
    start = scene.grid.bars[phrase.first].first
    centre = _centre(scene, start)
    usual = sum(each.target for each in wanted) / len(wanted)
    # The theme is heard on the tonic; on the third or the fifth where that lies much better.
    steps = [7 * octave + shift for octave in range(3, 9) for shift in (0, 2, 4)]
    best = min(steps, key=lambda step: abs(scene.key.pitch(round(usual) + step) - centre) + (2.0 if step % 7 else 0.0))
    return [replace(each, target=float(scene.key.pitch(int(each.target) + best))) for each in wanted]


def _harmonised(scene: Scene, want: Want, spans: Spans, bass: Sequence[tuple[float, int]]) -> Want:
    span = spans.at(want.start)
    sounding = 0
    for at, pitch in bass[_first_after(bass, want.start) - 1 :: -1] if bass else ():
        sounding = pitch if at <= want.start + 1e-9 else 0
        break
    bar = scene.grid.bars[scene.grid.bar_at(want.start)]
    return replace(
        want,
        chord=frozenset(span.chord.tones),
        scale=fitting(scene.key, span.chord),
        tonic=scene.key.tonic,
        bass=sounding,
        strong=want.strong or bar.strong(want.start),
    )


def _first_after(bass: Sequence[tuple[float, int]], position: float) -> int:
    low, high = 0, len(bass)
    while low < high:
        middle = (low + high) // 2
        if bass[middle][0] <= position + 1e-9:
            low = middle + 1
        else:
            high = middle
    return low


def _until(want: Want, pitch: int, spans: Spans) -> float:
    """A note ends where a chord starts that it does not belong to."""
    for span in spans.all[spans.index(want.start) + 1 :]:
        if span.start >= want.until:
            break
        if pitch % 12 not in span.chord.tones:
            return span.start
    return want.until
