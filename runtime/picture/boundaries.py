"""Where a run of pictures changes from one scene to another.

PySceneDetect compares a picture with the one before it. That is blind where both move fast, where a flash lights one
scene, and where two scenes share their colours. So its detectors are one witness here, and two others are asked:

- what cannot be found again. Blocks of a picture are sought near their place in the picture before. A moving camera
  leaves them findable; a cut does not, whatever the colours.
- how the colours spread. Motion hardly touches that; a cut to other colours does.

Each counts against what is usual just before and just after. What returns within a moment was a flash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frames import idle
from .reel import Small

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

WIDTH, HEIGHT = 64, 36  # pictures are compared at this size
BLOCK_WIDTH, BLOCK_HEIGHT = 16, 12
REACH_X, REACH_Y = 12, 8  # how far a block is sought: 19 and 22 per cent of the frame
CHUNK, OVERLAP = 1200, 300  # pictures judged at once, and known on either side of those

HARD = 0.5  # confidences: hard cuts lie above it, dissolves and fades below
_NEAR, _NEAR_SECONDS = 5, 0.3  # what counts as just before and just after
_LOST_FLOOR, _COLOUR_FLOOR, _CHANGE_FLOOR = 0.08, 0.05, 1.5  # what compression and grain do by themselves
_LEAST_LOST = 0.2
_EVIDENCE = 2.6  # on the films of tests/benchmarks/detect.py cuts stand above it, all else below
_FLASH_SECONDS = 0.45
_WASH = 20  # levels of light: a smaller jump is no flash
_SAME_LIGHT = 0.2  # lost, once light and contrast are evened out: the same scene under another lamp
_SAME_UNLIT = 0.3  # the same between the ends of a transition: a scene that got brighter
_STILL = 0.25  # mean difference in levels below which a picture repeats the one before it
_SPANS = (0.5, 1.1)  # seconds over which a mixture may turn one scene into another
_STEP, _LONGEST, _APART = 0.06, 3.5, 1.0  # seconds between looks, of a transition, between two
_MIXED, _MIXED_RATIO, _HALF = 0.3, 1.8, 0.6  # lost across it, against what is usual beside it; share of a peak
_REST = 0.45  # what a mixture may leave unexplained
_WHOLE = 0.4  # the shares of two scenes in their mixture make one; motion hides some of each
_WHOLLY_OTHER, _OTHER, _HARDLY_OTHER = 0.6, 0.25, 0.17  # how far the colours on both sides are apart
_BLACK_SPREAD = 4.0  # levels of standard deviation: a picture without anything in it


@dataclass(frozen=True)
class Boundary:
    """`time` of the first picture of a new scene, or of a transition's middle; confidence from 0 to 1."""

    time: Fraction
    confidence: float


def boundaries(pictures: Iterable[Small], check: Callable[[], None] = idle) -> Iterator[Boundary]:
    """The boundaries among pictures that come in order. Memory does not grow with their number.

    `check` is called every few milliseconds and may raise to stop the work.
    """
    witness = _Witness()
    strip: list[_Frame] = []
    seen = 0  # pictures of the strip that have been judged
    for small in pictures:
        strip.append(_frame(small, strip[-1] if strip else None, witness))
        if len(strip) == seen + CHUNK + OVERLAP:
            yield from _judged(strip, seen, seen + CHUNK, check)
            keep = seen + CHUNK - OVERLAP
            strip, seen = strip[keep:], OVERLAP
    yield from _judged(strip, seen, len(strip), check)


@dataclass
class _Frame:
    """A picture as it is compared. `change`, `colour` and `vote` are against the picture before."""

    time: Fraction
    small: Bytes  # (HEIGHT, WIDTH, 3) YCrCb
    spread: NDArray[np.float32]  # of its colours, summing to one
    change: float
    colour: float
    vote: bool


class _Witness:
    """PySceneDetect's detectors, a picture at a time: True where either sees a cut."""

    def __init__(self) -> None:
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors import ContentDetector

        self._code, self._count = FrameTimecode, 0
        self._content = ContentDetector(min_scene_len=0)

    def sees(self, picture: Bytes) -> bool:
        self._count += 1
        return bool(self._content.process_frame(self._code(self._count, 24.0), picture))


def _frame(small: Small, before: _Frame | None, witness: _Witness) -> _Frame:
    import cv2

    vote = witness.sees(small.picture)
    full = cv2.cvtColor(small.picture, cv2.COLOR_BGR2YCrCb)
    little: Any = cv2.resize(full, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    spread: Any = cv2.calcHist([full], [0, 1, 2], None, [16, 16, 16], [0, 256, 64, 192, 64, 192])
    for axis in range(3):  # neighbouring bins share: else a faint change of light crosses an edge
        spread = (np.roll(spread, 1, axis) + 2 * spread + np.roll(spread, -1, axis)) / 4
    spread = (spread / spread.sum()).ravel()
    if before is None:
        return _Frame(small.time, little, spread, 0.0, 0.0, False)
    change = float(cv2.norm(little, before.small, cv2.NORM_L1)) / little.size
    return _Frame(small.time, little, spread, change, _apart(spread, before.spread), vote)


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """From 0, the same colours, to 1, none shared."""
    return float(np.abs(one - other).sum()) / 2


def lost(before: Bytes, after: Bytes) -> float:
    """How much of a picture is not found again in the one before: 0 all is there, 1 nothing. Both (36, 64, 3)."""
    import cv2

    missing = energy = 0.0
    for y in range(0, HEIGHT, BLOCK_HEIGHT):
        for x in range(0, WIDTH, BLOCK_WIDTH):
            block = after[y : y + BLOCK_HEIGHT, x : x + BLOCK_WIDTH]
            around = before[
                max(0, y - REACH_Y) : y + BLOCK_HEIGHT + REACH_Y, max(0, x - REACH_X) : x + BLOCK_WIDTH + REACH_X
            ]
            best = max(0.0, float(cv2.matchTemplate(around, block, cv2.TM_SQDIFF).min()))
            mean, deviation = cv2.meanStdDev(block)
            old_mean, old_deviation = cv2.meanStdDev(before[y : y + BLOCK_HEIGHT, x : x + BLOCK_WIDTH])
            there = float((deviation**2 + old_deviation**2 + (mean - old_mean) ** 2).sum())
            missing += min(best / (BLOCK_WIDTH * BLOCK_HEIGHT), there)
            energy += there + 6.0  # two levels of noise in three channels
    return missing / energy


def _judged(strip: list[_Frame], first: int, last: int, check: Callable[[], None]) -> Iterator[Boundary]:
    """The boundaries at the pictures [first, last); those around them are known."""
    if len(strip) < 2:
        return
    judge = _Judge(strip, check)
    hard = judge.hard(max(1, first - OVERLAP // 2), min(len(strip), last + OVERLAP // 2))
    found = [Boundary(strip[at].time, sure) for at, sure in hard.items() if first <= at < last]
    soft = judge.mixed(sorted(hard), max(1, first - OVERLAP // 2), min(len(strip), last + OVERLAP // 2))
    found += [Boundary(strip[at].time, sure) for at, sure in soft.items() if first <= at < last]
    yield from sorted(found, key=lambda boundary: boundary.time)


class _Judge:
    def __init__(self, strip: list[_Frame], check: Callable[[], None]) -> None:
        self._strip, self._check = strip, check
        self._times = np.array([float(frame.time) for frame in strip])
        self._change = np.array([frame.change for frame in strip])
        self._colour = np.array([frame.colour for frame in strip])
        self._light = np.array([float(frame.small[..., 0].mean()) for frame in strip])
        self._texture = np.array([float(frame.small[..., 0].std()) for frame in strip])
        self._memory: dict[tuple[int, int], float] = {}
        self._flashes: list[tuple[int, int]] = []  # [first bright picture, first of the scene again)

    def hard(self, first: int, last: int) -> dict[int, float]:
        """Index -> confidence."""
        found: dict[int, float] = {}
        skip = -1
        for at in range(first, last):
            if at <= skip or self._change[at] < _STILL:
                continue
            evidence = self._evidence(at)
            washed = abs(self._light[at] - self._light[at - 1]) > _WASH
            if evidence >= _EVIDENCE or (washed and self._lost(at - 1, at) >= _LEAST_LOST):
                back = self._returns(at)
                if back is not None:
                    skip = back
                    self._flashes.append((at, back))
                    continue
            if evidence < _EVIDENCE:
                continue
            if self._evened(at - 1, at) < _SAME_LIGHT:
                continue
            for old in [n for n in found if self._times[at] - self._times[n] < _FLASH_SECONDS]:
                if max(self._texture[old:at]) < _BLACK_SPREAD:
                    del found[old]  # a black or white picture or two between scenes: one cut
            found[at] = round(HARD + (1 - HARD) * min(1.0, (evidence - _EVIDENCE + 0.4) / 2.4), 3)
        return found

    def _evidence(self, at: int) -> float:
        """How far a picture stands out from what is usual around it."""
        strip = self._strip
        colour = min(4.0, self._colour[at] / (self._usual(self._colour, at) + _COLOUR_FLOOR))
        if self._change[at] < 0.5 * self._usual(self._change, at) and colour < 2.0 and not strip[at].vote:
            return 0.0
        gone = self._lost(at - 1, at)
        if self._texture[at] < 0.5 * self._texture[at - 1]:  # little is sought in an empty picture: ask it backwards
            gone = max(gone, self._lost(at, at - 1))
        if gone < _LEAST_LOST:
            return 0.0
        if at >= 2:
            gone = min(gone, max(self._lost(at - 2, at), 0.8 * gone))
        around = (
            [self._lost(n - 1, n) for n in self._around(at)[0]],
            [self._lost(n - 1, n) for n in self._around(at)[1]],
        )
        usual = max(_second(around[0]), _second(around[1]))
        change = min(4.0, self._change[at] / (self._usual(self._change, at) + _CHANGE_FLOOR))
        return float(gone / (usual + _LOST_FLOOR) + 0.5 * colour + 0.25 * change)

    def _around(self, at: int) -> tuple[list[int], list[int]]:
        """The pictures just before and just after that do not repeat another."""
        sides: tuple[list[int], list[int]] = ([], [])
        for side, step in ((0, -1), (1, 1)):
            n = at + step
            while 1 <= n < len(self._strip) and len(sides[side]) < _NEAR:
                if abs(self._times[n] - self._times[at]) > _NEAR_SECONDS:
                    break
                if self._change[n] >= _STILL:
                    sides[side].append(n)
                n += step
        return sides

    def _usual(self, values: Floats, at: int) -> float:
        before, after = self._around(at)
        return max(_second([values[n] for n in before]), _second([values[n] for n in after]))

    def _lost(self, before: int, after: int) -> float:
        key = (before, after)
        if key not in self._memory:
            self._check()
            self._memory[key] = lost(self._strip[before].small, self._strip[after].small)
        return self._memory[key]

    def _evened(self, before: int, after: int) -> float:
        """What is lost once light and contrast are the same; 1 where there is too little to see."""
        if min(self._texture[before], self._texture[after]) < _BLACK_SPREAD:
            return 1.0
        return lost(_even(self._strip[before].small), _even(self._strip[after].small))

    def _returns(self, at: int) -> int | None:
        """The picture with which the scene before `at` is back, where what lies between was a flash or a fault."""
        gone = self._lost(at - 1, at)
        for n in range(at + 1, len(self._strip)):
            if self._times[n] - self._times[at] > _FLASH_SECONDS:
                return None
            washed = (
                abs(self._light[at] - self._light[at - 1]) > _WASH
                and self._texture[at] < 0.75 * self._texture[at - 1] + _BLACK_SPREAD
            )
            if n - at > 2 and not washed:
                return None
            back = self._lost(at - 1, n)
            same = _apart(self._strip[at - 1].spread, self._strip[n].spread) < _OTHER
            blind = washed and self._texture[at] < 0.4 * self._texture[at - 1]
            lenient = 1.5 if blind and same else 1.0  # a camera that moves loses something meanwhile
            if back < lenient * min(0.4 * max(gone, self._lost(n - 1, n)), 0.35):
                return n
        return None

    def mixed(self, hard: list[int], first: int, last: int) -> dict[int, float]:
        """Dissolves and fades: index of the middle -> confidence."""
        found = self._fades(hard, first, last)
        for span in _SPANS:
            turned = self._turned(span, hard, first, last)
            times, values = [time for time, _ in turned], [value for _, value in turned]
            for start, end in _plateaus(values):
                height = max(values[start:end])
                beside = [v for t, v in turned if v >= 0 and _beside(t, times[start], times[end - 1], span)]
                usual = float(np.median(beside)) if beside else 0.0
                if times[end - 1] - times[start] > _LONGEST or height < _MIXED_RATIO * (usual + _LOST_FLOOR):
                    continue
                middle = self._mixture((times[start] + times[end - 1]) / 2, span, hard)
                if middle is not None and all(abs(self._times[at] - middle) > _APART for at in found):
                    found[self._index(middle)] = round(min(HARD - 0.01, 0.2 + 0.3 * height), 3)
        return found

    def _fades(self, hard: list[int], first: int, last: int) -> dict[int, float]:
        """Where one scene sinks into one colour, usually black, and another rises from it."""
        empty = self._texture < _BLACK_SPREAD
        found: dict[int, float] = {}
        start = first
        while start < last:
            if not empty[start]:
                start += 1
                continue
            end = start
            while end < last and empty[end]:
                end += 1
            sudden = [at for at in hard if start - 1 <= at <= end + 1]
            lit = any(a - 1 <= start <= b for a, b in self._flashes)
            sinks = min(self._most(start, -1), self._most(end - 1, 1)) > 3 * float(self._texture[start:end].min()) + 3
            if sinks and not sudden and not lit:
                short = self._times[end] - self._times[start] < 1.0
                found[(start + end) // 2 if short else end] = 0.45
            start = end
        return found

    def _most(self, at: int, step: int) -> float:
        """The most texture within a second before or after."""
        most, n = 0.0, at
        while 0 <= n < len(self._strip) and abs(self._times[n] - self._times[at]) <= 1.0:
            most, n = max(most, float(self._texture[n])), n + step
        return most

    def _turned(self, span: float, hard: list[int], first: int, last: int) -> list[tuple[float, float]]:
        """(moment, how much of the picture half a span before it is lost half a span after it), -1 across a cut."""
        begin, end = self._times[first - 1] + span / 2, self._times[last - 1] - span / 2
        cuts = self._times[hard] if hard else np.zeros(0)
        found = []
        for moment in np.arange(np.ceil(begin / _STEP) * _STEP, end, _STEP):
            before, after = self._index(moment - span / 2), self._index(moment + span / 2)
            across = bool(((cuts > self._times[before]) & (cuts <= self._times[after])).any())
            if any(first <= before < last or first <= after < last for first, last in self._flashes):
                continue
            found.append((float(moment), -1.0 if across else self._lost(before, after)))
        return found

    def _mixture(self, middle: float, span: float, hard: list[int]) -> float | None:
        """The moment at which two scenes are mixed half and half; None where one does not give way to the other."""
        places = np.linspace(-0.4, 0.4, 9) * span
        for _ in range(3):
            before, after = self._index(middle - 0.6 * span), self._index(middle + 0.6 * span)
            old, new = self._thumb(before), self._thumb(after)
            texture = self._texture[[before, self._index(middle), after]] ** 2
            if texture[[0, 2]].min() < 0.04 * texture.max() or any(before < at <= after for at in hard):
                return None
            basis = np.stack([old, new, np.ones_like(old)], 1)
            here = np.stack([self._thumb(self._index(middle + place)) for place in places], 1)
            shares, *_ = np.linalg.lstsq(basis, here, rcond=None)
            lead = shares[1] - shares[0]
            crossing = np.flatnonzero((lead[:-1] < 0) & (lead[1:] >= 0))
            if not len(crossing):
                return None
            n = crossing[np.argmin(np.abs(crossing - 4))]
            middle += float(places[n] + (places[n + 1] - places[n]) * lead[n] / (lead[n] - lead[n + 1]))
        steps = lead[[4, 6]] - lead[[2, 4]]
        rest = float(np.abs(here[:, 4] - basis @ shares[:, 4]).mean() / (np.abs(old - new).mean() + 1.0))
        apart = _apart(self._strip[before].spread, self._strip[after].spread)
        # Scenes that know nothing of each other cancel out where they are mixed.
        flatter = texture[1] < 0.97 * (texture[0] + texture[2]) / 2
        other = apart > _WHOLLY_OTHER or (flatter and apart > (_OTHER if rest > _REST / 1.6 else _HARDLY_OTHER))
        steady = steps.min() > 0.35 * steps.max() and steps.sum() > 0.15
        whole = float(shares[:2, 4].sum()) >= _WHOLE
        same = min(self._evened(before, after), self._evened(after, before))
        if not steady or not whole or rest >= _REST or not other or same < _SAME_UNLIT:
            return None
        return middle

    def _thumb(self, at: int) -> Floats:
        small = self._strip[at].small.astype(np.float64)
        thumb: Floats = small.reshape(HEIGHT // 4, 4, WIDTH // 4, 4, 3).mean((1, 3)).ravel()
        return thumb

    def _index(self, time: float) -> int:
        return int(np.clip(np.searchsorted(self._times, time, "right") - 1, 0, len(self._times) - 1))


def _plateaus(values: Sequence[float]) -> list[tuple[int, int]]:
    """[start, end) of each stretch above half of its own peak, highest first, none overlapping."""
    found: list[tuple[int, int]] = []
    for peak in np.argsort(values)[::-1]:
        if values[peak] < _MIXED:
            break
        if any(start <= peak < end for start, end in found):
            continue
        start = end = int(peak)
        while start > 0 and values[start - 1] >= values[peak] * _HALF:
            start -= 1
        while end < len(values) and values[end] >= values[peak] * _HALF:
            end += 1
        found.append((start, end))
    return found


def _beside(time: float, start: float, end: float, span: float) -> bool:
    return start - 1.2 * span < time < start - 0.3 * span or end + 0.3 * span < time < end + 1.2 * span


def _second(values: Sequence[float]) -> float:
    """The second largest: the largest may be another cut."""
    return sorted(values)[-2] if len(values) > 1 else 0.0


def _even(small: Bytes) -> Bytes:
    light = small[..., 0].astype(np.float32)
    evened = small.copy()
    evened[..., 0] = np.clip((light - light.mean()) / light.std() * 45 + 128, 0, 255).astype(np.uint8)
    evened[..., 1:] = np.clip((evened[..., 1:].astype(np.float32) - 128) / light.std() * 45 + 128, 0, 255)
    return evened
