"""One pass over each medium of an edit, through the cache; as many readers as there are cores, up to four.

Where there are fewer media than readers, a long one is read from several places at once.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from copy import copy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from ..errors import Cancelled
from ..progress import Progress
from .cache import Cache, identity, key
from .descriptor import Images, Vision
from .frames import Source, is_sequence, open_frames
from .look import Array
from .media import FAILURES, Unreadable
from .plan import MediaPlan
from .strip import Chunk, Strides, Strip, chunks, record
from .trouble import told

Find = Callable[[str], Path | None]

THREADS = 4
NOT_FOUND = "not found"
_SHORTEST = 30  # seconds of a medium from which on a reader of its own is worth it
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
    crew = max(1, min(THREADS, os.cpu_count() or 1))
    total = sum((plan.seconds for plan in plans), Fraction(0)) or Fraction(1)
    work = _Work(fps, _OneAtATime(vision), cache, find, handed)
    with ThreadPoolExecutor(crew) as pool:

        def each(calls: Sequence[Callable[[], list[_Share]]]) -> list[_Share]:
            waiting: set[Future[list[_Share]]] = {pool.submit(call) for call in calls}
            found = []
            try:
                while waiting:
                    done, waiting = wait(waiting, timeout=_PATIENCE)
                    found += [share for future in done for share in future.result()]
                    progress(min(work.seconds_done() / float(total), 1.0), "looking at the picture")
            finally:
                for future in waiting:
                    future.cancel()
            return found

        try:
            shares = each([partial(work.meet, plan) for plan in plans])
            unseen = sum((share.unseen for share in shares), Fraction(0)) or Fraction(1)
            shares = each([partial(work.split, share, crew / unseen) for share in shares])
            # The longest first: a film must not begin when all else is done.
            shares.sort(key=lambda share: (-share.seconds, share.plan.name, share.first))
            each([partial(work.read, share) for share in shares])
        finally:
            work.stop.set()
    work.close()
    return work.survey(plans)


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


@dataclass
class _Share:
    """Chunks of a medium in a row, from the number `first` on, for one reader.

    `fresh` are the seconds of each that the cache does not know, `done` those that were looked at.
    """

    plan: MediaPlan
    medium: str
    reader: _Reader
    first: int
    chunks: list[Chunk]
    fresh: list[Fraction] = field(default_factory=list)
    done: float = 0.0

    @property
    def seconds(self) -> float:
        return float(sum(end - start for start, end in self.chunks))

    @property
    def unseen(self) -> Fraction:
        return sum(self.fresh, Fraction(0))


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
        self._shares: list[_Share] = []
        self._strips: dict[str, dict[int, Strip]] = {}
        self._flags: dict[str, NDArray[np.bool_]] = {}
        self._trouble: dict[str, str] = {}
        self.stop = threading.Event()

    def seconds_done(self) -> float:
        with self._lock:
            return sum(share.done for share in self._shares)

    def survey(self, plans: list[MediaPlan]) -> Survey:
        found = Survey()
        for plan in plans:
            strips = self._strips.get(plan.name, {})
            if strips:
                found.strips[plan.name] = [strips[number] for number in sorted(strips)]
            words = self._trouble.get(plan.name) or self._wrong(plan.name, found.strips.get(plan.name, []))
            if words:
                found.trouble[plan.name] = words
        return found

    def meet(self, plan: MediaPlan) -> list[_Share]:
        """All of a medium as one share, where it is there."""
        self._check()
        path = self._find(plan.name)
        try:
            medium = identity(path) if path else None
        except (OSError, ValueError):
            medium = None
        if path is None or medium is None:
            self._say(plan, f"{NOT_FOUND}; its shots count as neutral")
            return []
        reader = _Reader(path, self._fps, plan.seconds >= _THIN, self._check)
        share = _Share(plan, medium, reader, 0, [chunk for span in plan.ranges for chunk in chunks(*span)])
        for start, end in share.chunks:
            known = self._cache is not None and self._cache.knows(self._key(share, start, end))
            share.fresh.append(Fraction(0) if known else end - start)
        with self._lock:
            self._shares.append(share)
        return [share]

    def split(self, share: _Share, crew: Fraction) -> list[_Share]:
        """Several shares of what would keep one reader busy while others have nothing to do.

        `crew` is how many readers there are for a second that was not seen yet.
        """
        try:
            seams = self._seams(share, min(round(share.unseen * crew), int(share.unseen / _SHORTEST)))
        except Unreadable as error:
            self._say(share.plan, f"{error}; its shots count as neutral")
            return []
        if not seams:
            return [share]
        # Two at least: one decodes while the reader looks at what the other decoded.
        scout, threads = share.reader, max(2, (os.cpu_count() or 1) // (len(seams) + 1))
        others = [
            replace(share, reader=scout.another(threads), first=first, chunks=share.chunks[first:end])
            for first, end in pairwise([*seams, len(share.chunks)])
        ]
        share.reader, share.chunks = scout.another(threads), share.chunks[: seams[0]]
        scout.close()
        with self._lock:
            self._shares += others
        return [share, *others]

    def read(self, share: _Share) -> list[_Share]:
        try:
            self._read(share)
        except Unreadable as error:
            self._say(share.plan, f"{error}; its shots count as neutral")
        finally:
            share.reader.close()
        share.done = share.seconds
        return []

    def close(self) -> None:
        for share in self._shares:
            share.reader.close()

    def _seams(self, share: _Share, readers: int) -> list[int]:
        """At which chunks the second and further readers begin, all with about as much to do."""
        behind = Fraction(0)
        even: list[int] = []
        for number, seconds in enumerate(share.fresh):
            if seconds and behind * readers >= share.unseen * (len(even) + 1):
                even.append(number)
            behind += seconds
        return [number for number in even if share.reader.source().may_begin_at(share.chunks[number][0])]

    def _key(self, share: _Share, start: Fraction, end: Fraction) -> str:
        rate = self._fps if share.reader.is_sequence else None
        return key(share.medium, start, end, self._vision.name, share.reader.thin, rate)

    def _read(self, share: _Share) -> None:
        plan, reader = share.plan, share.reader
        wanted = sorted(plan.wanted)
        before: Strides | None = None
        behind = 0.0
        for number, (start, end) in enumerate(share.chunks, share.first):
            self._check()
            here = wanted[bisect_left(wanted, start) : bisect_left(wanted, end)]
            name = self._key(share, start, end)
            cached = self._cache.get(name) if self._cache else None
            strip = Strip.of(cached) if cached else None
            if strip is None or not strip.answers(here):
                follows = before if reader.at_end_of == start else None
                far = behind - float(start)
                tick = partial(self._tick, share, far)
                strip, before = record(reader.source(), start, end, here, self._vision, follows, tick)
                reader.at_end_of = end
                if self._cache:
                    self._cache.put(name, strip.arrays())
            behind += float(end - start)
            share.done = behind
            with self._lock:
                self._flags[plan.name] = self._flags.get(plan.name, np.zeros(3, np.bool_)) | strip.flags
                self._strips.setdefault(plan.name, {})[number] = self._handed(plan.name, strip)

    def _wrong(self, name: str, strips: list[Strip]) -> str:
        damaged, bad_times, ended_early = self._flags.get(name, np.zeros(3, np.bool_))
        if damaged:
            return "is damaged; what cannot be read counts as neutral"
        if bad_times:
            return "has broken time stamps; frames without a place follow at its frame rate"
        if any(len(strip.blind) for strip in strips):
            return "breaks off early; what is missing counts as neutral"
        return "ends before the edit leaves it; its last frame is held" if ended_early else ""

    def _tick(self, share: _Share, far: float, moment: Fraction) -> None:
        self._check()
        share.done = max(share.done, far + float(moment))

    def _say(self, plan: MediaPlan, words: str) -> None:
        with self._lock:
            self._trouble[plan.name] = words

    def _check(self) -> None:
        if self.stop.is_set():
            raise Cancelled


class _Reader:
    """A medium that is opened when it is first needed: what the cache knows is never opened."""

    def __init__(self, path: Path, fps: Fraction, thin: bool, check: Callable[[], None]) -> None:
        self._open: Callable[[], Source] = lambda: open_frames(path, rate=fps, thin=thin, check=check)
        self._source: Source | None = None
        self.thin = thin
        self.is_sequence = is_sequence(path)
        self.at_end_of: Fraction | None = None

    def source(self) -> Source:
        if self._source is None:
            self._source = self._open()
        return self._source

    def another(self, threads: int) -> _Reader:
        """For the same medium, in another thread."""
        twin = copy(self)
        twin._source, twin._open = None, partial(self.source().another, threads)
        return twin

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
