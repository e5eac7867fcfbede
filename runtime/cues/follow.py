"""How one cut of a show became another: which frames of the new cut show what which frames of the old one showed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..rate import Rate
from .sheet import KnownShot

EDGE_SECONDS = 0.5  # what an unchanged edge of a shot, or an unchanged neighbour, is worth beside the time it shares
RETIMED, RENAMED = 0.8, 0.6  # of what time is worth that plays at another speed, or in a medium of another place
MOST_CHOICES = 12  # uses of the same picture that are weighed against each other
ROUNDS = 6  # blocks that moved are looked for in so many rounds, the best ones first


@dataclass(frozen=True)
class Stretch:
    """Frames [start, end) of the new cut show what the frames [was, was_end) of the old one showed."""

    start: int
    end: int
    was: int
    was_end: int

    def back(self, frame: int) -> int:
        return self.was + round((frame - self.start) * (self.was_end - self.was) / (self.end - self.start))

    def forward(self, frame: int) -> int:
        return self.start + round((frame - self.was) * (self.end - self.start) / (self.was_end - self.was))


class Way:
    """The way between two cuts: stretches, and what follows from them for single frames."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        self.stretches = sorted(stretches, key=lambda stretch: stretch.start)
        self._by_old = sorted(self.stretches, key=lambda stretch: stretch.was)

    def back(self, frame: int) -> int | None:
        """Where a frame of the new cut was; None where it is new."""
        at = bisect_right(self.stretches, frame, key=lambda stretch: stretch.start) - 1
        return self.stretches[at].back(frame) if at >= 0 and frame < self.stretches[at].end else None

    def forward(self, frame: int) -> int | None:
        """Where a frame of the old cut is now; None where it is gone."""
        at = bisect_right(self._by_old, frame, key=lambda stretch: stretch.was) - 1
        return self._by_old[at].forward(frame) if at >= 0 and frame < self._by_old[at].was_end else None

    def within(self, start: int, end: int) -> list[Stretch]:
        """The stretches that overlap frames [start, end) of the new cut."""
        first = max(0, bisect_right(self.stretches, start, key=lambda stretch: stretch.start) - 1)
        last = bisect_left(self.stretches, end, key=lambda stretch: stretch.start)
        return [stretch for stretch in self.stretches[first:last] if stretch.end > start]

    def images(self, start: int, end: int) -> list[tuple[int, int]]:
        """Where frames [start, end) of the old cut are now."""
        first = max(0, bisect_right(self._by_old, start, key=lambda stretch: stretch.was) - 1)
        last = bisect_left(self._by_old, end, key=lambda stretch: stretch.was)
        return [
            (stretch.forward(max(start, stretch.was)), stretch.forward(min(end, stretch.was_end)))
            for stretch in self._by_old[first:last]
            if stretch.was_end > start
        ]


def follow(old: Sequence[KnownShot], new: Sequence[KnownShot], rate: Rate) -> Way:
    """The way from the old shots to the new ones, both rising and in frames at `rate`.

    Shots are known again by their medium and the part of it that they show, whatever became of their length, speed,
    name or place; what is found nowhere else, by name. A frame has one counterpart at most.
    """
    fps = float(rate.fps)
    search = _Search(EDGE_SECONDS * fps)
    search.take(_by_media(old, new, fps))
    search.take(_by_name(old, new, search, fps))
    return Way(search.stretches())


@dataclass(frozen=True)
class _Piece:
    """A stretch that may be: of the old shot `i` and the new shot `j`, and what it is worth, `bare` of its neighbours.
    `whole`: it is all of both.
    """

    stretch: Stretch
    i: int
    j: int
    worth: float
    bare: float
    whole: bool = False


class _Search:
    def __init__(self, edge: float) -> None:
        self.edge = edge
        self.taken: list[_Piece] = []
        self._new: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._old: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def knows_new(self, j: int) -> bool:
        return j in self._new

    def knows_old(self, i: int) -> bool:
        return i in self._old

    def take(self, pieces: list[_Piece]) -> None:
        """What is beyond doubt, then with it the best row of pieces that rises in both cuts, then what has moved."""
        whole = [piece for piece in pieces if piece.whole]
        old, new = Counter(piece.i for piece in whole), Counter(piece.j for piece in whole)
        sure = [piece for piece in whole if old[piece.i] == new[piece.j] == 1]
        for piece in sure:
            self._keep(piece)
        pieces = self._open(pieces)
        for _ in range(ROUNDS):
            if not pieces:
                return
            for piece in _chain([*sure, *pieces], self.edge):
                if self._free(piece):
                    self._keep(piece)
            sure, pieces = [], self._open(pieces)
        for piece in sorted(pieces, key=lambda piece: (-piece.worth, piece.j, piece.i)):
            if self._free(piece):
                self._keep(piece)

    def _open(self, pieces: Iterable[_Piece]) -> list[_Piece]:
        """The pieces that are still free, worth more beside neighbours that were taken."""
        ends = {(piece.stretch.end, piece.stretch.was_end) for piece in self.taken}
        starts = {(piece.stretch.start, piece.stretch.was) for piece in self.taken}
        free = []
        for piece in pieces:
            if self._free(piece):
                at = piece.stretch
                beside = ((at.start, at.was) in ends) + ((at.end, at.was_end) in starts)
                free.append(replace(piece, worth=piece.bare + self.edge * beside))
        return free

    def stretches(self) -> list[Stretch]:
        """What was taken; where rounding made two overlap by a frame, the later one gives way."""
        found: list[Stretch] = []
        for stretch in sorted((piece.stretch for piece in self.taken), key=lambda stretch: stretch.start):
            over = found[-1].end - stretch.start if found else 0
            if over > 0:
                if min(stretch.end - stretch.start, stretch.was_end - stretch.was) <= over:
                    continue
                stretch = Stretch(stretch.start + over, stretch.end, stretch.was + over, stretch.was_end)
            found.append(stretch)
        return found

    def _free(self, piece: _Piece) -> bool:
        at = piece.stretch
        return _clear(self._new.get(piece.j, ()), at.start, at.end) and _clear(
            self._old.get(piece.i, ()), at.was, at.was_end
        )

    def _keep(self, piece: _Piece) -> None:
        self.taken.append(piece)
        insort(self._new[piece.j], (piece.stretch.start, piece.stretch.end))
        insort(self._old[piece.i], (piece.stretch.was, piece.stretch.was_end))


def _clear(taken: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether [start, end) overlaps nothing that is taken by more than the frame that rounding costs, of two at least."""
    spare = 1 if end - start > 1 else 0
    at = bisect_left(taken, (start, start))
    return (at == 0 or taken[at - 1][1] <= start + spare) and (at == len(taken) or taken[at][0] >= end - spare)


def _chain(pieces: Sequence[_Piece], edge: float) -> list[_Piece]:
    """The row of pieces worth most that rises in both cuts: an exact dynamic programme. Pieces that touch in both are
    worth `edge` more, so that of equal pictures the one between its old neighbours is found.
    """
    if not pieces:
        return []
    order = sorted(range(len(pieces)), key=lambda k: (pieces[k].stretch.start, pieces[k].stretch.was))
    ends = sorted(range(len(pieces)), key=lambda k: pieces[k].stretch.end)
    places = sorted({piece.stretch.was_end for piece in pieces})
    best = _Best(len(places))
    value, came = [0.0] * len(pieces), [-1] * len(pieces)
    touching: dict[tuple[int, int], int] = {}
    done = 0
    for k in order:
        at = pieces[k].stretch
        while done < len(ends) and pieces[ends[done]].stretch.end <= at.start:
            over = ends[done]
            best.put(bisect_left(places, pieces[over].stretch.was_end), value[over], over)
            done += 1
        before, found = best.upto(bisect_right(places, at.was))
        beside = touching.get((at.start, at.was), -1)
        if beside >= 0 and value[beside] + edge >= before:
            before, found = value[beside] + edge, beside
        value[k], came[k] = before + pieces[k].worth, found
        known = touching.get((at.end, at.was_end), -1)
        if known < 0 or value[k] > value[known]:
            touching[at.end, at.was_end] = k
    last = max(order, key=lambda k: value[k])
    row = []
    while last >= 0:
        row.append(pieces[last])
        last = came[last]
    return row[::-1]


class _Best:
    """The greatest value put at any of the first places: a Fenwick tree."""

    def __init__(self, count: int) -> None:
        self._values = [0.0] * (count + 1)
        self._whose = [-1] * (count + 1)

    def put(self, place: int, value: float, whose: int) -> None:
        place += 1
        while place < len(self._values):
            if value > self._values[place]:
                self._values[place], self._whose[place] = value, whose
            place += place & -place

    def upto(self, count: int) -> tuple[float, int]:
        value, whose = 0.0, -1
        while count:
            if self._values[count] > value:
                value, whose = self._values[count], self._whose[count]
            count -= count & -count
        return value, whose


def _by_media(old: Sequence[KnownShot], new: Sequence[KnownShot], fps: float) -> list[_Piece]:
    """A piece for each use in both cuts of the same part of a medium."""
    users: dict[str, list[int]] = defaultdict(list)
    for i, shot in enumerate(old):
        users[shot.media].append(i)
    same = _same_media(users, {shot.media for shot in new})
    ranges = np.array([_range(shot, fps) for shot in old]).reshape(-1, 2)
    chosen = {media: np.array([i for name in names for i in users[name]]) for media, names in same.items()}
    pieces = []
    for j, shot in enumerate(new):
        among = chosen.get(shot.media)
        if among is None or not among.size:
            continue
        low, high = _range(shot, fps)
        shared = np.minimum(ranges[among, 1], high) - np.maximum(ranges[among, 0], low)
        near = among[shared > -0.5 / fps]
        shared = shared[shared > -0.5 / fps]
        if near.size > MOST_CHOICES:
            away = np.abs(near / max(1, len(old)) - j / max(1, len(new)))
            near = near[np.lexsort((away, -np.round(shared * fps)))[:MOST_CHOICES]]
        for i in near.tolist():
            piece = _piece(old[i], shot, i, j, fps)
            if piece:
                pieces.append(piece)
    return pieces


def _same_media(old: Iterable[str], new: Iterable[str]) -> dict[str, list[str]]:
    """For each medium of the new cut the media of the old one that it may be: itself, or where it was linked anew, one
    of the same file name that is in use no more.
    """
    old, new = list(old), set(new)
    by_file: dict[str, list[str]] = defaultdict(list)
    for media in old:
        by_file[_file(media)].append(media)
    known, same = set(old), {}
    for media in new:
        if not media:
            continue
        if media in known:
            same[media] = [media]
        else:
            named = by_file.get(_file(media), [])
            same[media] = [name for name in named if name not in new] or named
    return same


def _file(media: str) -> str:
    return media.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].casefold()


def _range(shot: KnownShot, fps: float) -> tuple[float, float]:
    """The seconds of the medium that a shot shows; all of them where nobody knows."""
    if shot.at is None:
        return -np.inf, np.inf
    until = shot.at + (shot.end - shot.start) * shot.speed / fps
    return min(shot.at, until), max(shot.at, until)


def _piece(old: KnownShot, new: KnownShot, i: int, j: int, fps: float) -> _Piece | None:
    """What two shots of one medium share."""
    held = old.speed == 0 or new.speed == 0
    if old.at is None or new.at is None or held:
        if old.at is not None and new.at is not None:
            if old.speed != new.speed or abs(old.at - new.at) > 1 / fps:
                return None
        elif old.at is not new.at:
            return None
        stretch = Stretch(new.start, new.end, old.start, old.end)
        worth = _worth(stretch, old, new, fps)
        return _Piece(stretch, i, j, worth, worth)
    (low, high), (other_low, other_high) = _range(old, fps), _range(new, fps)
    low, high = max(low, other_low), min(high, other_high)
    start, end = _frames(new, new.at, low, high, fps)
    was, was_end = _frames(old, old.at, low, high, fps)
    if start >= end or was >= was_end:
        return None
    if new.speed == old.speed:  # the same number of frames, whatever rounding says
        length = min(end - start, was_end - was)
        end, was_end = start + length, was + length
    stretch = Stretch(start, end, was, was_end)
    whole = stretch == Stretch(new.start, new.end, old.start, old.end) and new.speed == old.speed
    worth = _worth(stretch, old, new, fps)
    return _Piece(stretch, i, j, worth, worth, whole)


def _frames(shot: KnownShot, at: float, low: float, high: float, fps: float) -> tuple[int, int]:
    """The frames in which a shot shows the seconds [low, high) of its medium."""
    edges = sorted((second - at) * fps / shot.speed for second in (low, high))
    return max(shot.start, shot.start + round(edges[0])), min(shot.end, shot.start + round(edges[1]))


def _worth(stretch: Stretch, old: KnownShot, new: KnownShot, fps: float) -> float:
    shared = min(stretch.end - stretch.start, stretch.was_end - stretch.was)
    worth = shared * (1.0 if old.speed == new.speed else RETIMED) * (1.0 if old.media == new.media else RENAMED)
    edges = (stretch.start == new.start and stretch.was == old.start) + (
        stretch.end == new.end and stretch.was_end == old.end
    )
    return worth + EDGE_SECONDS * fps * (edges + 0.5 * (old.name == new.name))


def _by_name(old: Sequence[KnownShot], new: Sequence[KnownShot], search: _Search, fps: float) -> list[_Piece]:
    """Pieces for shots that no medium tells: those of the same name, whole, where the medium is another or none. What
    has neither medium nor name is known by its length.
    """
    named: dict[str, list[int]] = defaultdict(list)
    for i, shot in enumerate(old):
        if not search.knows_old(i):
            named[_called(shot)].append(i)
    lengths = np.array([shot.end - shot.start for shot in old])
    alike = {name: np.array(found) for name, found in named.items()}
    pieces = []
    for j, shot in enumerate(new):
        among = alike.get(_called(shot)) if _called(shot) else None
        if among is None or search.knows_new(j):
            continue
        length = shot.end - shot.start
        near = among[2 * np.minimum(lengths[among], length) >= np.maximum(lengths[among], length)]
        away = np.abs(near / len(old) - j / len(new))
        for i in near[np.lexsort((away, np.abs(lengths[near] - length)))[:MOST_CHOICES]].tolist():
            if not shot.media or old[i].media != shot.media:
                whole = Stretch(shot.start, shot.end, old[i].start, old[i].end)
                worth = _worth(whole, old[i], shot, fps)
                pieces.append(_Piece(whole, i, j, worth, worth))
    return pieces


def _called(shot: KnownShot) -> str:
    return shot.name.casefold() or ("" if shot.media else f"\n{shot.end - shot.start}")
