"""The sound as a beat tracker hears it: mono at 22.05 kHz, as levels in mel bands and as pitch classes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..mix.wav import Sound
from ..rate import SAMPLE_RATE

Floats = NDArray[np.float32]

RATE = 22_050  # librosa's default, and that of the figures published with it
WINDOW, HOP = 2048, 512
FRAME = HOP / RATE  # seconds
BANDS, PITCHES = 128, 12
SLICE = 8  # frames that are one column of `slices`
AT_ONCE = 256  # frames that are transformed together
PAGE = 4096  # rows, 2 MiB of levels
RANGE = 80.0  # dB below the loudest at which librosa stops listening

_LEAST_POWER = 1e-10
_TIMBRES = 20  # groups of mel bands


class Spectra:
    """Takes blocks (n, 2) at 48 kHz and keeps 23 kB a second; `finish` before asking what was heard.

    The numbers are those of librosa's `melspectrogram` and `chroma_stft` of the whole sound, but for the resampler.
    """

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        self._mel: Any = None
        self._chroma: Any = None
        self._pending: Floats = np.zeros(WINDOW // 2, np.float32)
        self._rest = np.zeros((0, _TIMBRES + PITCHES), np.float32)
        self._position = 0
        self._levels = _Rows(BANDS)
        self._slices = _Rows(_TIMBRES + PITCHES)

    def feed(self, block: Sound) -> None:
        mono = np.ascontiguousarray(block.mean(axis=1, dtype=np.float32)).reshape(1, -1)
        if not mono.size:
            return
        frame = av.AudioFrame.from_ndarray(mono, format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._position, Fraction(1, SAMPLE_RATE)
        self._position += mono.size
        self._take([_samples(out) for out in self._resampler.resample(frame)])

    def finish(self) -> None:
        if self._position:
            self._take([_samples(out) for out in self._resampler.resample(None)])
            self._take([np.zeros(WINDOW // 2, np.float32)], least=1)

    @property
    def slices(self) -> Floats:
        """(n, _TIMBRES + PITCHES), each SLICE frames: the mean power of groups of bands, and of pitch classes."""
        return np.concatenate(list(self._slices.pages()))

    def rises(self) -> Floats:
        """How much louder the bands become, a value each FRAME: librosa's onset strength, by the median band."""
        loudest = max((float(page.max()) for page in self._levels.pages() if len(page)), default=0.0)
        found = [np.zeros(1 + WINDOW // (2 * HOP), np.float32)]
        last = np.zeros((0, BANDS), np.float32)
        for page in self._levels.pages():
            heard = np.maximum(np.concatenate([last, page]), loudest - RANGE)
            found.append(np.median(np.maximum(np.diff(heard, axis=0), 0), axis=1).astype(np.float32))
            last = page[-1:]
        return np.concatenate(found)[: len(self._levels)]

    def _take(self, pieces: list[Floats], least: int = AT_ONCE) -> None:
        self._pending = np.concatenate([self._pending, *pieces])
        while (whole := (len(self._pending) - WINDOW) // HOP + 1) >= least:
            self._advance(min(AT_ONCE, whole))

    def _advance(self, frames: int) -> None:
        import librosa

        if self._mel is None:
            self._mel = librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=BANDS, fmax=RATE / 2)
            self._chroma = librosa.filters.chroma(sr=RATE, n_fft=WINDOW, n_chroma=PITCHES, tuning=0.0)
        piece = self._pending[: (frames - 1) * HOP + WINDOW]
        self._pending = self._pending[frames * HOP :]
        power = np.abs(librosa.stft(piece, n_fft=WINDOW, hop_length=HOP, center=False)) ** 2
        mel = self._mel @ power
        self._levels.add(10 * np.log10(np.maximum(mel, _LEAST_POWER)).T)
        groups = np.add.reduceat(mel, np.linspace(0, BANDS, _TIMBRES, endpoint=False).astype(int), axis=0)
        rows = np.concatenate([self._rest, np.concatenate([groups, self._chroma @ power]).T.astype(np.float32)])
        whole = len(rows) - len(rows) % SLICE
        self._slices.add(rows[:whole].reshape(-1, SLICE, rows.shape[1]).mean(axis=1))
        self._rest = rows[whole:]


def _samples(frame: av.AudioFrame) -> Floats:
    return frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)


class _Rows:
    """A table that grows by pages. Many small arrays that stay would keep the memory between them from being used."""

    def __init__(self, wide: int) -> None:
        self._wide = wide
        self._pages: list[Floats] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Floats) -> None:
        while len(rows):
            at = self._count % PAGE
            if at == 0:
                self._pages.append(np.zeros((PAGE, self._wide), np.float32))
            part = rows[: PAGE - at]
            self._pages[-1][at : at + len(part)] = part
            self._count += len(part)
            rows = rows[len(part) :]

    def pages(self) -> Iterator[Floats]:
        """The rows, in order; at least one page, which may be empty."""
        if not self._pages:
            yield np.zeros((0, self._wide), np.float32)
        for n, page in enumerate(self._pages):
            yield page[: self._count - n * PAGE]
