"""A thread that mixes ahead of what is played, so that pressing play finds the first samples ready."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from ....runtime.rate import SAMPLE_RATE
from .mixing import Levels, Mix
from .transport import Route

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = SAMPLE_RATE // 25
AHEAD = SAMPLE_RATE * 3 // 10  # samples mixed before they are wanted


class Feed:
    """`aim` says what will be played; `take` hands out its samples in order. Both answer at once."""

    def __init__(self, mix: Mix) -> None:
        self._mix = mix
        self._lock = threading.Condition()
        self._route: Route | None = None
        self._blocks: deque[NDArray[np.float32]] = deque()
        self._mixed = self._held = 0
        self._levels = Levels()
        self._aim = 0
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="hitpoint sound", daemon=True)
        self._thread.start()

    def aim(self, route: Route) -> None:
        """Another route; the same one again keeps what is mixed of it, where nothing was taken."""
        with self._lock:
            if route != self._route or self._mixed != self._held:
                self._route = route
                self._drop()

    def set_levels(self, levels: Levels) -> None:
        """What is mixed from now on; what waits to be played was mixed before."""
        with self._lock:
            if levels != self._levels:
                self._levels = levels
                if self._mixed == self._held:
                    self._drop()
                self._lock.notify()

    def take(self, count: int) -> NDArray[np.float32] | None:
        """Up to so many samples (n, 2); None while the first are still being mixed, or after the last."""
        with self._lock:
            if not self._blocks:
                return None
            block = self._blocks.popleft()
            if len(block) > count:
                self._blocks.appendleft(block[count:])
                block = block[:count]
            self._held -= len(block)
            self._lock.notify()
            return block

    @property
    def ready(self) -> bool:
        """Something can be taken."""
        return bool(self._blocks)

    def close(self) -> None:
        """Answers at once."""
        with self._lock:
            self._ended = True
            self._lock.notify()

    def wait(self) -> None:
        """After close: until the thread is gone."""
        self._thread.join(2.0)

    def _drop(self) -> None:
        self._blocks.clear()
        self._mixed = self._held = 0
        self._aim += 1
        self._lock.notify()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._ended and (self._route is None or self._held >= AHEAD or self._route.over(self._mixed)):
                    self._lock.wait()
                if self._ended:
                    break
                route, aim, played, levels = self._route, self._aim, self._mixed, self._levels
            assert route is not None
            block = self._mix.pull(route, played, BLOCK, levels)
            with self._lock:
                if aim == self._aim:
                    self._blocks.append(block)
                    self._mixed += len(block)
                    self._held += len(block)
        self._mix.close()
