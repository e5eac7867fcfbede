"""Every marker of a timeline, of its tracks, clips and nests, in one list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import opentimelineio as otio

from ...runtime.edit import Marker, MarkerSource
from ...runtime.rate import Rate, round_half_up
from . import fcp7_pair, score_track
from .layout import MAX_DEPTH, ZERO, Layout, called, enabled, items, seconds

# Where a moment of an item's own time lies on the timeline, in seconds.
Place = Callable[[Fraction], Fraction]
# The part of an item's own time that plays; None where nothing of it is seen.
Window = tuple[Fraction, Fraction] | None


def is_ours(marker: Any) -> bool:
    """Whether a marker is one that a score brought with it."""
    if marker.metadata.get(score_track.KEY) is not None:
        return True
    return str(marker.metadata.get("fcp_xml", {}).get("comment", "")).startswith(fcp7_pair.MARK)


class Collector:
    """Gathers markers; positions are in seconds until `found` turns them into frames."""

    def __init__(self, layout: Layout, rate: Rate) -> None:
        self._layout = layout
        self._rate = rate
        self._found: list[tuple[Fraction, Marker]] = []

    def found(self) -> tuple[Marker, ...]:
        return tuple(marker for _, marker in sorted(self._found, key=lambda pair: pair[0]))

    def of(self, item: Any, source: MarkerSource, place: Place, window: Window) -> None:
        """The item's own markers."""
        for marker in item.markers:
            if is_ours(marker):
                continue
            where = partial(called, marker)
            at = seconds(marker.marked_range.start_time, where)
            length = max(ZERO, seconds(marker.marked_range.duration, where))
            moment = place(at)
            frames = round_half_up(abs(place(at + length) - moment) * self._rate.fps)
            visible = window is not None and window[0] <= at < max(window[1], window[0] + self._layout.frame)
            frame = round_half_up(moment * self._rate.fps)
            note = str(getattr(marker, "comment", "") or "")
            color = str(marker.color or "")
            self._found.append((moment, Marker(frame, frames, marker.name, note, color, source, visible)))

    def track(self, track: Any, start: Fraction, window: Window) -> None:
        """Markers of a top-level track that begins `start` seconds after the timeline; `window` is in record time from there."""
        if self._layout.record_start(track) is not None:
            self.of(track, "track", lambda moment: start + moment, window)
            self.inside(track, lambda moment: start + moment, window)
        else:
            self._item(track, ZERO, lambda moment: start + moment, window, 0)

    def inside(self, composition: Any, place: Place, window: Window, depth: int = 0) -> None:
        """Markers of everything inside a track or stack. `place` maps the composition's own time to the timeline."""
        if depth > MAX_DEPTH:
            return
        for child, start in self._children(composition):
            self._item(child, start, place, window, depth)

    def _children(self, composition: Any) -> Iterator[tuple[Any, Fraction]]:
        if not isinstance(composition, otio.schema.Track):
            for child in items(composition):
                yield child, ZERO
            return
        position = ZERO
        for child in items(composition):
            yield child, position
            position += self._layout.item_length(child)

    def _item(self, item: Any, start: Fraction, place: Place, window: Window, depth: int) -> None:
        if not len(item.markers) and not isinstance(item, otio.core.Composition):
            return
        first, length = self._layout.source(item)
        speed = self._layout.speed(item)

        def to_timeline(moment: Fraction) -> Fraction:
            if speed > 0:
                return place(start + (moment - first) / speed)
            if speed < 0:
                return place(start + length + (moment - first) / speed)
            return place(start)

        own: Window = None
        if window is not None and enabled(item):
            begin, end = max(ZERO, window[0] - start), min(length, window[1] - start)
            if end > begin:
                played = abs(speed) if speed else Fraction(1)
                if speed < 0:
                    begin, end = length - end, length - begin
                own = (first + begin * played, first + end * played)
        kind: MarkerSource = "clip"
        if isinstance(item, otio.schema.Gap):
            kind = "gap"
        elif isinstance(item, otio.schema.Track):
            kind = "track"
        self.of(item, kind, to_timeline, own)
        if isinstance(item, otio.core.Composition):
            self.inside(item, to_timeline, own, depth + 1)
