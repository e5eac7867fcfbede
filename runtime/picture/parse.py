"""An edit's picture, parsed: looks for shots, curves over the edit's time, visual beats, meaning and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..edit import Edit
from ..progress import Progress, part, silent
from .beats import visual_beats
from .cache import Cache
from .colour import palette
from .descriptor import OwnVision, Vision
from .frames import Picture
from .look import COLOUR_BINS, Array, Curves, Look, Seen
from .plan import Piece, Plan
from .strip import RATE, Strip, from_jpeg
from .survey import Find, find_plainly, survey

USUAL_CACHE = Cache()

STEPS = 10  # of the curves, a second of the edit
DENSITY_WINDOW = 8  # seconds around a second whose cuts are counted
# A quarter of the range of light a second, seen blurred, is half of all movement: a pan, a crowd.
_HALF_MOTION = 0.25
_HOLD = 0.25  # seconds: a frame that stands longer did not move until then
_SLACK = 1e-3  # seconds: containers round time stamps to their tick
_PALETTE_VIEWS = 12  # of one shot


def parse(
    edit: Edit,
    *,
    vision: Vision | None = None,
    cache: Cache | None = USUAL_CACHE,
    progress: Progress = silent,
    find: Find = find_plainly,
) -> Seen:
    """What the edit shows, at 10 steps a second. `vision` is our own descriptor where there is no pack.

    `find` turns a medium's name in the edit into its file, or into the path of a sequence such as `x.%04d.png`; by
    default absolute paths and file URLs are found. What cannot be seen is neutral, and said in the warnings.
    """
    return _parse(edit, vision, cache, progress, find, pictures=False)[0]


def parse_with_pictures(
    edit: Edit,
    *,
    vision: Vision | None = None,
    cache: Cache | None = USUAL_CACHE,
    progress: Progress = silent,
    find: Find = find_plainly,
) -> tuple[Seen, Thumbs]:
    """Like parse, and keeps a small picture for every second of the edit."""
    return _parse(edit, vision, cache, progress, find, pictures=True)


def _parse(
    edit: Edit, vision: Vision | None, cache: Cache | None, progress: Progress, find: Find, *, pictures: bool
) -> tuple[Seen, Thumbs]:
    progress(0.0, "looking at the picture")
    plan = Plan(edit)
    vision = vision or OwnVision()
    colour = np.zeros((plan.seconds, 3, COLOUR_BINS, COLOUR_BINS), np.float32)
    meaning = np.zeros((plan.seconds, 0), np.float32)
    wanted = {
        name: {float(moment): seconds for moment, seconds in medium.wanted.items()}
        for name, medium in plan.media.items()
    }

    def hand_on(name: str, strip: Strip) -> Strip:
        nonlocal meaning
        if strip.meanings.shape[1] > meaning.shape[1]:
            meaning = np.zeros((plan.seconds, strip.meanings.shape[1]), np.float32)
        histograms = strip.histograms()
        for row, moment in enumerate(strip.asked.tolist()):
            for second in wanted[name].get(moment, ()):
                colour[second] = histograms[row]
                meaning[second] = strip.meanings[row]
        return strip.light(pictures)

    found = survey(list(plan.media.values()), edit.rate.fps, vision, cache, find, hand_on, part(progress, 0, 0.95))
    films = {name: Film.of(found.strips.pop(name)) for name in list(found.strips)}
    curves, contrast = _curves(edit, plan, films)
    looks, steps = [], curves.seconds.astype(np.float64) * float(edit.rate.fps)
    for number in range(len(edit.shots)):
        if number % 100 == 0:
            progress(0.95 + 0.05 * number / len(edit.shots), "describing the shots")
        looks.append(_look(edit, number, plan, films, curves, contrast, steps))
    seen = Seen(
        tuple(looks),
        curves,
        visual_beats(curves),
        meaning,
        vision.name,
        colour,
        _density(edit, plan.seconds),
        found.warnings() + _without_media(edit),
    )
    progress(1.0, "looked at the picture")
    return seen, Thumbs(plan, films)


@dataclass(frozen=True)
class Film:
    """All strips of one medium as one. `times` and `tones` hold looks and views alike, `moved` the looks alone."""

    times: NDArray[np.float64]
    tones: NDArray[np.float64]
    moved: NDArray[np.float64]  # (n, 3): until when, since when, and how much a second between
    blind: NDArray[np.int64]
    views: NDArray[np.float64]  # the moments of `pixels` and `jpegs`
    pixels: NDArray[np.uint8]
    jpegs: tuple[bytes, ...]

    @classmethod
    def of(cls, strips: Sequence[Strip]) -> Film:
        times = np.concatenate([part for s in strips for part in (s.times, s.view_times)])
        tones = np.concatenate([part for s in strips for part in (s.tones, s.view_tones)]).astype(np.float64)
        order = np.argsort(times, kind="stable")
        until = np.concatenate([s.times for s in strips])
        since = np.concatenate([s.since for s in strips])
        change = np.concatenate([s.change for s in strips]).astype(np.float64)
        rate = np.where(np.isnan(since), np.nan, change / np.clip(until - since, 1e-3, _HOLD))
        asked = np.concatenate([s.asked for s in strips])
        rising = np.argsort(asked, kind="stable")
        jpegs = [jpeg for s in strips for jpeg in _jpegs(s)]
        return cls(
            times[order],
            tones[order],
            np.stack([until, since, rate], axis=1),
            np.concatenate([s.blind for s in strips]),
            asked[rising],
            _reordered(np.concatenate([s.pixels for s in strips]), rising),
            tuple(jpegs[n] for n in rising) if jpegs else (),
        )

    def tones_at(self, piece: Piece, moments: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n) -> (n, 4), NaN where nothing could be shown. What lies outside the piece belongs to other shots."""
        out = np.full((len(moments), 4), np.nan)
        if not len(self.times):
            return out
        low, high = float(piece.low) - _SLACK, float(piece.high)
        shown = np.searchsorted(self.times, moments + _SLACK, "right") - 1
        first = int(np.searchsorted(self.times, low, "left"))
        if first < len(self.times) and self.times[first] < high:
            shown = np.maximum(shown, first)
        out = self.tones[np.maximum(shown, 0)]
        if len(self.blind):
            out[np.isin(np.floor(moments * RATE + _SLACK).astype(np.int64), self.blind)] = np.nan
        return out

    def motion_at(self, piece: Piece, moments: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n) -> (n): change of light a second of the edit, in the step around each moment; NaN where the piece alone
        does not tell.
        """
        speed = abs(float(piece.source.speed))
        if speed == 0 or not len(self.moved):
            return np.zeros(len(moments))
        until, since, rate = self.moved.T
        low, high = float(piece.low) - _SLACK, float(piece.high) - _SLACK
        inside = (since >= low) & (until < high)
        begun, ended, rate = since[inside], until[inside], rate[inside]
        still = np.maximum(begun, ended - _HOLD)
        # Two integrals over the medium's time: of change, and of the time that is known.
        knots = np.stack([begun, still, ended], axis=1).ravel()
        change = np.cumsum(rate * (ended - still))
        changes = np.stack([change - rate * (ended - still), change - rate * (ended - still), change], axis=1).ravel()
        length = np.cumsum(ended - begun)
        lengths = np.stack([length - (ended - begun), length - (ended - still), length], axis=1).ravel()
        half = speed / STEPS / 2
        out = np.full(len(moments), np.nan)
        if len(knots):
            covered = np.interp(moments + half, knots, lengths) - np.interp(moments - half, knots, lengths)
            changed = np.interp(moments + half, knots, changes) - np.interp(moments - half, knots, changes)
            known = covered > half / 10
            out[known] = changed[known] / covered[known] * speed
        out[np.isnan(out) & (moments > until[-1] + _HOLD)] = 0
        return out


class Thumbs:
    """Small pictures of the edit, one for every second and at least one for every source."""

    def __init__(self, plan: Plan, films: dict[str, Film]) -> None:
        self._plan, self._films = plan, films

    def at(self, frame: int) -> Picture | None:
        """(height, width, 3): the nearest picture to a frame of the edit from the same source; None where nothing
        could be seen.
        """
        found = self.jpeg(frame)
        return None if found is None else from_jpeg(found)

    def jpeg(self, frame: int) -> bytes | None:
        """The same picture as the bytes of a JPEG."""
        piece = self._plan.at(frame)
        film = self._films.get(piece.media) if piece else None
        if piece is None or film is None or not film.jpegs:
            return None
        moment = float(piece.moment(frame))
        inside = (film.views >= float(piece.low) - _SLACK) & (film.views < float(piece.high))
        if not inside.any():
            return None
        return film.jpegs[int(np.where(inside, np.abs(film.views - moment), np.inf).argmin())]


def _curves(edit: Edit, plan: Plan, films: dict[str, Film]) -> tuple[Curves, NDArray[np.float64]]:
    fps = float(edit.rate.fps)
    count = int(np.ceil(edit.frames / fps * STEPS - 1e-9)) if edit.frames > 0 else 0
    seconds = (np.arange(count) + 0.5) / STEPS
    frames = np.minimum(seconds * fps, max(edit.frames - 1e-6, 0))
    tones, motion = np.full((count, 4), np.nan), np.full(count, np.nan)
    for piece in plan.pieces:
        film = films.get(piece.media)
        first, last = np.searchsorted(frames, [piece.source.start, piece.source.end], "left")
        if film is None or first == last:
            continue
        moments = _moments(piece, frames[first:last])
        tones[first:last] = film.tones_at(piece, moments)
        motion[first:last] = film.motion_at(piece, moments)
    seen = ~np.isnan(tones[:, 0])
    known = seen & ~np.isnan(motion)
    if known.any():
        motion[seen] = np.interp(seconds[seen], seconds[known], motion[known])
    motion[seen & np.isnan(motion)] = 0
    motion[~seen] = np.nan
    motion = motion / (motion + _HALF_MOTION)
    columns = (seconds, tones[:, 0], tones[:, 2], tones[:, 3], motion)
    return Curves(*(column.astype(np.float32) for column in columns)), tones[:, 1]


def _moments(piece: Piece, frames: NDArray[np.float64]) -> NDArray[np.float64]:
    source = piece.source
    at = float(source.at or 0) + (frames - source.start) * float(source.speed / piece.fps)
    return np.clip(at, float(piece.low), None)


def _look(
    edit: Edit,
    number: int,
    plan: Plan,
    films: dict[str, Film],
    curves: Curves,
    contrast: NDArray[np.float64],
    steps: NDArray[np.float64],
) -> Look:
    """`steps` are those of the curves, in frames."""
    shot = edit.shots[number]
    pieces = [piece for piece in plan.of_shot(number) if piece.media in films]
    first, last = np.searchsorted(steps, [shot.start, shot.end], "left")
    here = slice(int(first), int(last))
    rows = np.stack(
        [curves.light[here], contrast[here], curves.saturation[here], curves.warmth[here], curves.motion[here]], axis=1
    )
    rows = rows[~np.isnan(rows[:, 0])]
    if not len(rows):  # too short for a step of its own
        middles = [(p, np.array([float(p.moment(Fraction(p.source.start + p.source.end - 1, 2)))])) for p in pieces]
        found = [
            np.append(films[p.media].tones_at(p, m), np.nan_to_num(films[p.media].motion_at(p, m))) for p, m in middles
        ]
        rows = np.array([row for row in found if not np.isnan(row[0])]).reshape(-1, 5)
        rows[:, 4] /= rows[:, 4] + _HALF_MOTION
    if not len(rows):
        return Look()
    light, contrasting, saturation, warmth, motion = (float(value) for value in rows.mean(axis=0))
    pixels = []
    for piece in pieces:
        film = films[piece.media]
        low, high = np.searchsorted(film.views, [float(piece.low) - _SLACK, float(piece.high)], "left")
        pixels.append(film.pixels[low:high])
    views = np.concatenate(pixels) if pixels else np.zeros((0, 1, 1, 3), np.uint8)
    if len(views) > _PALETTE_VIEWS:
        views = views[np.linspace(0, len(views) - 1, _PALETTE_VIEWS).round().astype(int)]
    return Look(light, contrasting, saturation, warmth, motion, palette(views), known=True)


def _density(edit: Edit, seconds: int) -> Array:
    """Cuts a second in a window around the middle of each second, as far as the window lies in the edit."""
    length = edit.seconds(edit.frames)
    cuts = np.array(sorted(edit.seconds(cut.frame) for cut in edit.cuts if not cut.maybe_overlay))
    middles = np.arange(seconds) + 0.5
    start = np.maximum(middles - DENSITY_WINDOW / 2, 0)
    end = np.minimum(middles + DENSITY_WINDOW / 2, length)
    inside = np.searchsorted(cuts, end) - np.searchsorted(cuts, start)
    return np.asarray(inside / np.maximum(end - start, 1e-9), np.float32)


def _without_media(edit: Edit) -> tuple[str, ...]:
    blank = sum(1 for shot in edit.shots if not any(source.media for source in shot.sources))
    if not blank:
        return ()
    return (f"{blank} of {len(edit.shots)} shots name no medium; they count as neutral",)


def _reordered(pixels: NDArray[np.uint8], order: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Without a copy where nothing moves, as in a film that runs forwards."""
    return pixels if (np.diff(order) > 0).all() else pixels[order]


def _jpegs(strip: Strip) -> list[bytes]:
    if not len(strip.jpegs):
        return []
    data, starts = strip.jpegs.tobytes(), [0, *strip.jpeg_ends.tolist()]
    return [data[start:end] for start, end in pairwise(starts)]
