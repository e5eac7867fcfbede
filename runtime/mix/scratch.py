"""What was played, kept on the disk while its level is found: memory does not grow with the length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from .files import writing
from .limiter import CHUNK


class Scratch:
    """Raw float32 on the disk, (samples, signals, 2): one signal for the programme, or one for each stem."""

    def __init__(self, file: IO[bytes], shown: Path, samples: int, signals: int) -> None:
        self.samples, self.signals = samples, signals
        self._file, self._shown = file, shown

    def write(self, signals: NDArray[np.float32]) -> None:
        left = np.ascontiguousarray(signals).reshape(-1).view(np.uint8).data
        with writing(self._shown):
            while left:
                left = left[self._file.write(left) :]

    def read(self) -> Iterator[NDArray[np.float32]]:
        """(n, signals, 2) in chunks as long as the limiter's. Several readers may be under way at once."""
        step = CHUNK * self.signals * 8
        for start in range(0, self.samples * self.signals * 8, step):
            with writing(self._shown):
                self._file.seek(start)
                data = self._file.read(step)
            yield np.frombuffer(data, np.float32).reshape(-1, self.signals, 2)
