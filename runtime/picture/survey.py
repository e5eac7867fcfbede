"""One pass over each medium of an edit, several at a time, through the cache."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np

from ..errors import Cancelled
from ..progress import Progress
from .cache import Cache, identity, key
from .descriptor import Images, Vision
from .frames import FAILURES, Source, Unreadable, is_sequence, open_frames
from .look import Array
from .plan import MediaPlan
from .strip import Strides, Strip, chunks, record
from .trouble import told

Find = Callable[[str], Path | None]

THREADS = 4
NOT_FOUND = "not found"
_THIN = 30  # seconds of a medium from which on it is worth finding out which frames it can spare
_PATIENCE = 0.1  # seconds between two looks at whether somebody cancelled


@dataclass
class Survey:
    """What was seen of each medium: strips by their order, and what was wrong, in a few words."""

    strips: dict[str, list[Strip]] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)

    def warnings(self) -> tuple[str, ...]:
        return told(self.trouble.items())


def survey(
    plans: list[MediaPlan],
    fps: Fraction,
    vision: Vision,
    cache: Cache | None,
    find: Find,
    handed: Callable[[str, Strip], Strip],
    progress: Progress,
) -> Survey:
    """Look at all media. `handed` gets every strip as it comes, one at a time, and gives back what is to be kept.

    `fps` is the rate of numbered stills. Stops within a moment where `progress` raises.
    """
    work = _Work(fps, _OneAtATime(vision), cache, find, handed)
    total = float(sum(plan.seconds for plan in plans)) or 1.0
    # The longest first: a film must not begin when all else is done.
    order = sorted(plans, key=lambda plan: -plan.seconds)
    with ThreadPoolExecutor(max(1, min(THREADS, os.cpu_count() or 1, len(plans)))) as pool:
        waiting: set[Future[None]] = {pool.submit(work.look, plan) for plan in order}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=_PATIENCE)
                for future in done:
                    future.result()
                progress(min(work.seconds_done() / total, 1.0), "looking at the picture")
        finally:
            work.stop.set()
            for future in waiting:
                future.cancel()
    found = work.found
    names = [plan.name for plan in plans]
    return Survey(
        {name: found.strips[name] for name in names if name in found.strips},
        {name: found.trouble[name] for name in names if name in found.trouble},
    )


class _OneAtATime:
    """A vision that several threads may ask: a pack need not be made for that."""

    def __init__(self, vision: Vision) -> None:
        self._vision, self._lock = vision, threading.Lock()
        self.name, self.side = vision.name, vision.side

    def cls(self, images: Images) -> Array:
        with self._lock:
            return self._vision.cls(images)

    def patches(self, images: Images) -> Array:
        with self._lock:
            return self._vision.patches(images)


class _Work:
    def __init__(
        self,
        fps: Fraction,
        vision: Vision,
        cache: Cache | None,
        find: Find,
        handed: Callable[[str, Strip], Strip],
    ) -> None:
        self._fps, self._vision, self._cache, self._find, self._handed = fps, vision, cache, find, handed
        self._lock = threading.Lock()
        self._done: dict[str, float] = {}
        self.stop = threading.Event()
        self.found = Survey()

    def seconds_done(self) -> float:
        with self._lock:
            return sum(self._done.values())

    def look(self, plan: MediaPlan) -> None:
        path = self._find(plan.name)
        if path is None:
            self._say(plan, f"{NOT_FOUND}; its shots count as neutral")
            return
        try:
            medium = identity(path)
        except (OSError, ValueError):
            self._say(plan, f"{NOT_FOUND}; its shots count as neutral")
            return
        reader = _Reader(path, self._fps, plan.seconds >= _THIN, self._check)
        try:
            self._read(plan, medium, reader)
        except Unreadable as error:
            self._say(plan, f"{error}; its shots count as neutral")
        finally:
            reader.close()

    def _read(self, plan: MediaPlan, medium: str, reader: _Reader) -> None:
        wanted = sorted(plan.wanted)
        rate = self._fps if reader.is_sequence else None
        before: Strides | None = None
        behind = 0.0
        flags = np.zeros(3, np.bool_)
        for start, end in [chunk for span in plan.ranges for chunk in chunks(*span)]:
            self._check()
            here = [moment for moment in wanted if start <= moment < end]
            name = key(medium, start, end, self._vision.name, reader.thin, rate)
            cached = self._cache.get(name) if self._cache else None
            strip = Strip.of(cached) if cached else None
            if strip is None or not strip.answers(here):
                follows = before if reader.at_end_of == start else None
                far = behind - float(start)
                strip, before = record(
                    reader.source(),
                    start,
                    end,
                    here,
                    self._vision,
                    follows,
                    partial(self._tick, plan, far),
                )
                reader.at_end_of = end
                if self._cache:
                    self._cache.put(name, strip.arrays())
            flags |= strip.flags
            behind += float(end - start)
            with self._lock:
                self._done[plan.name] = behind
                self.found.strips.setdefault(plan.name, []).append(self._handed(plan.name, strip))
        if flags[0]:
            self._say(plan, "is damaged; what cannot be read counts as neutral")
        elif flags[1]:
            self._say(plan, "has broken time stamps; frames without a place follow at its frame rate")
        elif any(len(strip.blind) for strip in self.found.strips.get(plan.name, [])):
            self._say(plan, "breaks off early; what is missing counts as neutral")
        elif flags[2]:
            self._say(plan, "ends before the edit leaves it; its last frame is held")

    def _tick(self, plan: MediaPlan, far: float, moment: Fraction) -> None:
        self._check()
        with self._lock:
            self._done[plan.name] = max(self._done.get(plan.name, 0.0), far + float(moment))

    def _say(self, plan: MediaPlan, words: str) -> None:
        with self._lock:
            self.found.trouble[plan.name] = words
            self._done[plan.name] = float(plan.seconds)

    def _check(self) -> None:
        if self.stop.is_set():
            raise Cancelled


class _Reader:
    """A medium that is opened when it is first needed: what the cache knows is never opened."""

    def __init__(self, path: Path, fps: Fraction, thin: bool, check: Callable[[], None]) -> None:
        self._path, self._fps, self._check = path, fps, check
        self._source: Source | None = None
        self.thin = thin
        self.is_sequence = is_sequence(path)
        self.at_end_of: Fraction | None = None

    def source(self) -> Source:
        if self._source is None:
            self._source = open_frames(self._path, rate=self._fps, thin=self.thin, check=self._check)
        return self._source

    def close(self) -> None:
        if self._source is not None:
            try:
                self._source.close()
            except FAILURES:
                pass


def find_plainly(name: str) -> Path | None:
    """An absolute path or a file URL that is there; a sequence where any of its stills is."""
    if name[:5].lower() == "file:":
        written = urlsplit(name.replace("#", "%23").replace("?", "%3F")).path
        candidates = [Path(unquote(written)), Path(written)]
    else:
        candidates = [Path(name)]
    for path in candidates:
        try:
            if path.is_absolute() and (path.is_file() or is_sequence(path)):
                return path
        except (OSError, ValueError):
            continue
    return None
