"""Where playing is. What is heard is the clock; the picture's frame follows from it. Plain Python, no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ....runtime.rate import SAMPLE_RATE, Rate


@dataclass(frozen=True)
class Route:
    """The samples of the timeline that are played, at 48 kHz: from `start` to `end`; with a `loop` (first, last) from
    `start` to its last sample and then round and round.
    """

    start: int
    end: int
    loop: tuple[int, int] | None = None

    def at(self, played: int) -> int:
        """The timeline's sample after so many were played; `end` and no further."""
        place = self.start + played
        if self.loop and self.start < self.loop[1]:
            first, last = self.loop
            return place if place < last else first + (place - last) % max(1, last - first)
        return min(place, self.end)

    def pieces(self, played: int, count: int) -> Iterator[tuple[int, int]]:
        """What `count` samples from there on are, as (timeline's sample, how many); fewer at the end."""
        while count > 0:
            place = self.at(played)
            looped = self.loop is not None and self.start < self.loop[1]
            last = self.loop[1] if self.loop and looped else self.end
            part = min(count, last - place)
            if part <= 0:
                return
            yield place, part
            played, count = played + part, count - part

    def over(self, played: int) -> bool:
        return not (self.loop and self.start < self.loop[1]) and self.start + played >= self.end


class Clock(Protocol):
    """Plays a route and tells how much of it was heard so far."""

    def start(self, route: Route) -> None: ...
    def stop(self) -> None: ...
    def heard(self) -> float:
        """Seconds since `start` that came out of the loudspeaker."""
        ...


class Transport:
    """`frame` is what the picture shows. Call `tick` as often as the screen is drawn."""

    def __init__(self, clock: Clock, rate: Rate, frames: int) -> None:
        self._clock, self._rate, self._frames = clock, rate, max(1, frames)
        self._route: Route | None = None
        self._loop: tuple[int, int] | None = None
        self.frame = 0

    @property
    def playing(self) -> bool:
        return self._route is not None

    def play(self) -> None:
        """From the present frame; from the start where that is the last one."""
        if self.frame >= self._frames - 1:
            self.frame = 0
        if self._loop and not self._loop[0] <= self.frame < self._loop[1]:
            self.frame = self._loop[0]
        self._route = self.route(self.frame)
        self._clock.start(self._route)

    def stop(self) -> None:
        """Stays on the frame that is heard last."""
        if self._route is not None:
            self.tick()
            self._route = None
            self._clock.stop()

    def seek(self, frame: int) -> None:
        """Goes on playing there, where it played."""
        self.frame = min(max(0, frame), self._frames - 1)
        if self._route is not None:
            self._clock.stop()
            self._route = self.route(self.frame)
            self._clock.start(self._route)

    def loop(self, frames: tuple[int, int] | None) -> None:
        """Repeats [first, last) from now on; None: no more."""
        if frames == self._loop:
            return
        self._loop = frames
        if self._route is not None:
            self.tick()
            inside = frames is None or frames[0] <= self.frame < frames[1]
            self.seek(self.frame if inside else frames[0] if frames else 0)

    def tick(self) -> int:
        """The frame that belongs to what is heard now."""
        if self._route is not None:
            played = int(self._clock.heard() * SAMPLE_RATE)
            self.frame = min(self._frames - 1, self._frame_of(self._route.at(played)))
            if self._route.over(played):
                self._route = None
                self._clock.stop()
        return self.frame

    def route(self, frame: int) -> Route:
        """What would be played from a frame on."""
        samples = self._rate.samples
        loop = (samples(self._loop[0]), samples(self._loop[1])) if self._loop else None
        return Route(samples(frame), samples(self._frames), loop)

    def _frame_of(self, sample: int) -> int:
        """The frame that is on while a sample is heard: `Rate.samples` rounds, so its neighbours are looked at."""
        frame = int(sample * self._rate.fps / SAMPLE_RATE)
        while self._rate.samples(frame + 1) <= sample:
            frame += 1
        while frame and self._rate.samples(frame) > sample:
            frame -= 1
        return frame


class WallClock:
    """Where there is no loudspeaker: time passes all the same."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now, self._began = now, 0.0

    def start(self, route: Route) -> None:
        self._began = self._now()

    def stop(self) -> None:
        pass

    def heard(self) -> float:
        return self._now() - self._began


class Steady:
    """A device tells how much it played in steps of its buffer; between two of them time goes on, but not far."""

    MOST = 0.06  # seconds

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.restart()

    def restart(self) -> None:
        self._said, self._at, self._last = 0.0, self._now(), 0.0

    def heard(self, said: float) -> float:
        """`said` is what the device tells, in seconds."""
        now = self._now()
        if said != self._said:
            self._said, self._at = said, now
        passed = min(now - self._at, self.MOST) if said > 0 else 0.0
        self._last = max(self._last, said + passed)
        return self._last
