"""Music and the edit's own sound from any place on the timeline, as they are heard together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ....runtime.edit import Edit, Source
from ....runtime.rate import SAMPLE_RATE
from ..words import SILENT_DB
from .transport import Route

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ....plugin.footage import Audio

Find = Callable[[str], Path | None]

OPEN = 6  # media
FASTEST = 16


@dataclass(frozen=True)
class Levels:
    """In dB; at SILENT_DB or below nothing is heard. `music` is the file that plays, "" for none."""

    music: str = ""
    music_db: float = 0.0
    dialogue_db: float = 0.0


class Mix:
    """One thread's own: what it opens is not shared."""

    def __init__(self, edit: Edit, find: Find) -> None:
        self._edit, self._find = edit, find
        self._open: OrderedDict[str, Audio | None] = OrderedDict()
        self._sources = tuple(
            source
            for track in edit.audio_tracks
            for clip in track.clips
            for source in clip.sources
            if source.media and source.speed and abs(source.speed) <= FASTEST
        )

    def pull(self, route: Route, played: int, count: int, levels: Levels) -> NDArray[np.float32]:
        """(n, 2) in -1..1 from what is played after `played` samples of a route; n < count at its end."""
        import numpy as np

        parts = [self.read(place, number, levels) for place, number in route.pieces(played, count)]
        return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)

    def read(self, start: int, count: int, levels: Levels) -> NDArray[np.float32]:
        import numpy as np

        out = np.zeros((2, count), np.float32)
        if levels.music and levels.music_db > SILENT_DB:
            music = self._audio(levels.music, own=False)
            if music:
                out += np.float32(10 ** (levels.music_db / 20)) * self._read(music, Fraction(start), Fraction(1), count)
        if levels.dialogue_db > SILENT_DB:
            gain = np.float32(10 ** (levels.dialogue_db / 20))
            for source in self._sources:
                begin, end = (self._edit.rate.samples(frame) for frame in (source.start, source.end))
                first, last = max(begin, start), min(end, start + count)
                if first < last and (audio := self._audio(source.media or "", own=True)):
                    place = (source.at or Fraction(0)) * SAMPLE_RATE + (first - begin) * source.speed
                    out[:, first - start : last - start] += gain * self._read(audio, place, source.speed, last - first)
        return np.ascontiguousarray(np.clip(out, -1.0, 1.0).T)

    def close(self) -> None:
        for audio in self._open.values():
            if audio:
                audio.close()
        self._open.clear()

    def _read(self, audio: Audio, place: Fraction, speed: Fraction, count: int) -> NDArray[np.float32]:
        import numpy as np

        from ....runtime.picture.media import Unreadable

        try:
            return audio.read_at(place, speed, count)
        except Unreadable:  # went away while it was being read
            return np.zeros((2, count), np.float32)

    def _audio(self, name: str, own: bool) -> Audio | None:
        """An open medium, None where it cannot be read. `own`: a name in the edit, not a path."""
        from ....plugin.footage import Audio
        from ....runtime.picture.media import Unreadable

        if name not in self._open:
            path = self._find(name) if own else Path(name)
            try:
                self._open[name] = Audio(path) if path else None
            except Unreadable:
                self._open[name] = None
            while len(self._open) > OPEN:
                _, old = self._open.popitem(last=False)
                if old:
                    old.close()
        self._open.move_to_end(name)
        return self._open[name]


def source_at(edit: Edit, frame: int) -> tuple[Source, str] | None:
    """What the picture shows at a frame, and the name of its shot."""
    from bisect import bisect_right

    at = bisect_right(edit.shots, frame, key=lambda shot: shot.start) - 1
    if at < 0 or frame >= edit.shots[at].end:
        return None
    shot = edit.shots[at]
    for source in shot.sources:
        if source.start <= frame < source.end:
            return source, shot.name
    return Source(shot.start, shot.end, shot.media, None, Fraction(1)), shot.name
