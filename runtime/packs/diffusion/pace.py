"""How far a run is and how long the rest will take."""

from __future__ import annotations

import time

from ...progress import Progress


class Pace:
    """Tells `progress` before each of `total` equal pieces of work. The first may be slower, so it does not count."""

    def __init__(self, progress: Progress, total: int, words: str) -> None:
        self._progress, self._total, self._words = progress, total, words
        self._done = 0
        self._since = 0.0

    def next(self, words: str = "") -> None:
        """Raises what `progress` raises: Cancelled, to stop."""
        now = time.monotonic()
        if self._done == 1:
            self._since = now
        parts = [self._words, words]
        if self._done > 1:
            parts.append(left((now - self._since) / (self._done - 1) * (self._total - self._done)))
        self._progress(self._done / self._total, ", ".join(part for part in parts if part))
        self._done += 1


def left(seconds: float) -> str:
    """As a person would say it."""
    if seconds < 1.5:
        return "1 s left"
    if seconds < 60:
        return f"{round(seconds)} s left"
    if seconds < 5400:
        return f"{round(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"
