"""Frames to pixels and back: one axis for all lanes of the strip. Plain numbers, no Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ....runtime.rate import Rate

CLOSEST = 24.0  # pixels a frame
APART = 10  # pixels between two marks of the ruler, at least
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True)
class Axis:
    """`width` pixels show the timeline's `frames` from frame `scroll` on, `zoom` pixels a frame (0: all in sight)."""

    frames: int
    width: int
    zoom: float = 0.0
    scroll: float = 0.0

    @property
    def scale(self) -> float:
        """Pixels a frame."""
        return max(self.zoom, self.fit)

    @property
    def fit(self) -> float:
        return self.width / max(1, self.frames)

    @property
    def span(self) -> float:
        """How many frames are in sight."""
        return self.width / self.scale

    @property
    def first(self) -> float:
        """The frame at the left edge."""
        return min(max(0.0, self.scroll), max(0.0, self.frames - self.span))

    @property
    def left(self) -> int:
        """The pixel of the whole picture, as wide as `frames` are, that lies at the left edge."""
        return round(self.first * self.scale)

    def x(self, frame: float) -> float:
        return frame * self.scale - self.left

    def frame(self, x: float) -> int:
        """The frame under a pixel, inside the timeline."""
        return min(max(0, math.floor((x + self.left) / self.scale)), max(0, self.frames - 1))

    def edge(self, x: float) -> int:
        """The nearest edge between two frames, 0 to `frames`."""
        return min(max(0, round((x + self.left) / self.scale)), self.frames)

    def zoomed(self, factor: float, around: float) -> Axis:
        """Closer by a factor; the pixel `around` keeps its frame."""
        held = (around + self.left) / self.scale
        scale = min(max(self.fit, self.scale * factor), max(CLOSEST, self.fit))
        return replace(self, zoom=0.0 if scale <= self.fit * 1.0001 else scale, scroll=held - around / scale)._kept()

    def moved(self, pixels: float) -> Axis:
        return replace(self, scroll=self.first + pixels / self.scale)._kept()

    def showing(self, frame: float, margin: float = 0.1) -> Axis:
        """Scrolled so that the frame is in sight; as it is where it is already."""
        if self.first <= frame <= self.first + self.span:
            return self
        return replace(self, scroll=frame - margin * self.span)._kept()

    def _kept(self) -> Axis:
        return replace(self, scroll=self.first)


def ticks(axis: Axis, rate: Rate, start_frame: int, room: float) -> Iterator[tuple[int, bool]]:
    """Frames to mark on the ruler, and whether each carries its timecode; those stand at least `room` pixels apart."""
    per_second = rate.nominal
    small = [step for step in (1, 2, 5, 10) if step < per_second]
    if per_second % 2 == 0:
        small.append(per_second // 2)
    steps = [*small, *(seconds * per_second for seconds in _SECONDS)]
    step = next((step for step in steps if step * axis.scale >= room), steps[-1])
    minor = next((each for each in steps if step % each == 0 and each * axis.scale >= APART), step)
    at = -(-(start_frame + math.floor(axis.first)) // minor) * minor
    while at - start_frame <= axis.first + axis.span:
        yield at - start_frame, at % step == 0
        at += minor
