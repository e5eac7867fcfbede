"""Stems to programme: one file of exactly the timeline's length, at the loudness and below the peak asked for."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..cues.sheet import CueSheet
from ..errors import EngineError
from ..progress import Progress, part, silent
from ..rate import SAMPLE_RATE
from .files import Transaction, writing
from .limiter import CHUNK, gains
from .loudness import SHORTEST, Loudness, Meter, decibels, ratio
from .wav import Sound, WavWriter, on_grid

FADE_IN = SAMPLE_RATE * 2 // 1000
FADE_OUT = SAMPLE_RATE * 20 // 1000
LOUDNESS_TOLERANCE = 0.1  # LU
PEAK_MARGIN = 0.1  # dB: what a peak can be above its samples at 192 kHz, and the rounding of the file
STEM_ROOM = 0.999999  # of full scale, so that rounding cannot reach it
MAX_GAIN = 40.0  # dB: something this far below its target is not meant to be heard
MAX_LIMITING = 12.0  # dB: beyond it a limiter no longer sounds like the music it is given
LOUDNESS_PASSES = 4
MAX_PASSES = LOUDNESS_PASSES + 2  # the last ones only lower the ceiling


class Block(Protocol):
    @property
    def stems(self) -> Mapping[str, Sound]: ...


class Performance(Protocol):
    """What the mix needs of an engine's performance."""

    @property
    def stems(self) -> tuple[str, ...]: ...

    @property
    def blocks(self) -> Iterator[Block]: ...


@dataclass(frozen=True)
class Programme:
    """The finished sound and what was measured of it: LUFS, LU and dBTP as in `Loudness`; `gain_db` before limiting."""

    path: Path
    samples: int
    loudness: float | None
    range: float
    true_peak: float | None
    gain_db: float
    stems: Mapping[str, Path]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "samples": self.samples,
            "loudness": _rounded(self.loudness),
            "range": _rounded(self.range),
            "true_peak": _rounded(self.true_peak),
            "gain_db": _rounded(self.gain_db),
            "stems": {name: str(path) for name, path in self.stems.items()},
            "warnings": list(self.warnings),
        }


def mix(
    performance: Performance,
    sheet: CueSheet,
    folder: Path,
    *,
    loudness: float = -16.0,
    peak: float = -1.0,
    stems: bool = False,
    time_reference: int | None = None,
    progress: Progress = silent,
) -> Programme:
    """Writes `folder`/score.wav and, where asked for, `folder`/stems/NAME.wav, which add up to it.

    `loudness` in LUFS, `peak` in dBTP, `time_reference` in samples since midnight (see `WavWriter`). The performance
    is drawn once; nothing but a scratch file on the disk grows with its length.
    """
    names = _checked_names(performance.stems)
    target = folder / "score.wav"
    with Transaction() as files, ExitStack() as open_files:
        parts = {name: files.stage(folder / "stems" / f"{name}.wav") for name in names} if stems else {}
        staged = files.stage(target)
        with writing(target):
            # without a name, so it is gone even if the process is killed
            scratch_file = open_files.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
        scratch = _Scratch(scratch_file, target, sheet.samples, len(names) if stems else 1)
        drawn, is_silent = _draw(performance, sheet, scratch, stems, part(progress, 0.0, 0.6))
        print_ = _Print(scratch, staged, time_reference, part(progress, 0.6, 0.9))
        warnings = _level(print_, drawn, is_silent, loudness, peak)
        if stems:
            warnings += _write_stems(print_, parts, time_reference, part(progress, 0.9, 1.0))
        files.commit()
    progress(1.0, "mixed")
    measured = print_.measured
    return Programme(
        path=target,
        samples=sheet.samples,
        loudness=measured.integrated,
        range=measured.range,
        true_peak=measured.true_peak,
        gain_db=print_.gain_db,
        stems={name: folder / "stems" / f"{name}.wav" for name in parts},
        warnings=tuple(warnings),
    )


class _Scratch:
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


def _draw(
    performance: Performance, sheet: CueSheet, scratch: _Scratch, stems: bool, progress: Progress
) -> tuple[Loudness, bool]:
    """Plays the performance into the scratch file. What it measures, and whether it is silent altogether."""
    meter = Meter()
    ends = sheet.rate.samples(max(board.end for board in sheet.storyboards)) if sheet.storyboards else sheet.samples
    at = 0
    sounding = False
    for block in performance.blocks:
        whole = _checked_block(block, performance.stems)
        if at + len(whole) > sheet.samples:
            raise EngineError(f"the engine played more than the {sheet.samples} samples of the timeline")
        for start in range(0, len(whole), CHUNK):
            signals = whole[start : start + CHUNK] * _fades(
                at, len(whole[start : start + CHUNK]), min(ends, sheet.samples)
            )
            total = _sum(signals)
            sounding = sounding or bool(signals.any())
            scratch.write(signals if stems else total[:, None])
            meter.feed(total)
            at += len(total)
            progress(at / max(sheet.samples, 1), "playing")
    if at != sheet.samples:
        raise EngineError(f"the engine played {at} samples where the timeline has {sheet.samples}")
    return meter.result(), not sounding


def _checked_block(block: Block, names: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, stems, 2), in the order of `names`."""
    if set(block.stems) != set(names):
        raise EngineError(f"the engine played the stems {sorted(block.stems)} and had announced {sorted(names)}")
    sounds = [np.asarray(block.stems[name]) for name in names]
    for name, sound in zip(names, sounds, strict=True):
        if sound.ndim != 2 or sound.shape[1] != 2 or len(sound) != len(sounds[0]):
            raise EngineError(f"the engine's stem '{name}' has the shape {sound.shape}, not ({len(sounds[0])}, 2)")
        if not np.isfinite(sound).all():
            raise EngineError(f"the engine's stem '{name}' holds samples that are no numbers")
    if not sounds:
        raise EngineError("the engine plays no stems")
    stacked: NDArray[np.float32] = np.stack(sounds, axis=1).astype(np.float32, copy=False)
    return stacked


def _checked_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Stems become files, so their names must be able to."""
    for name in names:
        if not re.fullmatch(r"[\w-][\w .-]{0,60}(?<![ .])", name):
            raise EngineError(f"the engine's stem '{name}' cannot be the name of a file")
    if len({name.casefold() for name in names}) != len(names):
        raise EngineError(f"the engine announces a stem twice: {', '.join(names)}")
    return names


def _fades(start: int, length: int, end: int) -> NDArray[np.float32]:
    """(length or 1, 1, 1): up from the first sample, down to nothing at `end` and nothing after it."""
    if start >= FADE_IN and start + length <= end - FADE_OUT:
        return np.ones((1, 1, 1), np.float32)
    at = np.arange(start, start + length)
    up = np.clip((at + 1) / FADE_IN, 0, 1)
    down = np.clip((end - 1 - at) / FADE_OUT, 0, 1)
    shape: NDArray[np.float64] = np.sin(np.pi / 2 * up) ** 2 * np.sin(np.pi / 2 * down) ** 2
    return shape.astype(np.float32)[:, None, None]


def _sum(signals: NDArray[np.float32]) -> Sound:
    """(n, signals, 2) -> (n, 2), one after the other: the order is part of the samples."""
    total: Sound = signals[:, 0].copy()
    for index in range(1, signals.shape[1]):
        total += signals[:, index]
    return total


class _Print:
    """Prints the scratch to the file, at a gain and below a ceiling, and measures what the file then holds."""

    def __init__(self, scratch: _Scratch, path: Path, time_reference: int | None, progress: Progress) -> None:
        self.scratch = scratch
        self.gain_db = self.ceiling_db = 0.0
        self.measured = Loudness(None, 0.0, None)
        self._path, self._time_reference, self._progress = path, time_reference, progress
        self._passes = 0

    def run(self, gain_db: float, ceiling_db: float) -> Loudness:
        self.gain_db, self.ceiling_db = gain_db, ceiling_db
        meter, length = Meter(), max(self.scratch.samples, 1)
        with WavWriter(self._path, time_reference=self._time_reference) as writer:
            for signals, gain in self.levelled():
                block = on_grid(_sum(signals) * gain)
                writer.write(block)
                meter.feed(block)
                self._progress((self._passes + writer.samples / length) / MAX_PASSES, "mixing")
        self._passes += 1
        self.measured = meter.result()
        return self.measured

    def levelled(self) -> Iterator[tuple[NDArray[np.float32], Sound]]:
        """The scratch's signals (n, signals, 2) and what to multiply each with (n, 1): gain and limiter together."""
        gain = np.float32(ratio(self.gain_db))
        programme = (_sum(signals) * gain for signals in self.scratch.read())
        for signals, limiting in zip(self.scratch.read(), gains(programme, ratio(self.ceiling_db)), strict=True):
            yield signals, (limiting * gain)[:, None]


def _level(print_: _Print, drawn: Loudness, is_silent: bool, target: float, peak: float) -> list[str]:
    """Finds the gain whose finished file has the target's loudness below the peak, and prints it. Answers warnings."""
    gain, warnings = _first_gain(drawn, is_silent, print_.scratch.samples, target, peak)
    aims = not warnings  # without a target to reach, only the peak matters
    ceiling = peak - PEAK_MARGIN
    slope = 1.0  # LU a dB: below 1 once the limiter works
    off = 0.0
    for attempt in range(MAX_PASSES):
        before, gain_before = print_.measured.integrated, print_.gain_db
        measured = print_.run(gain, ceiling)
        over = 0.0 if measured.true_peak is None else max(0.0, measured.true_peak - peak)
        off = target - measured.integrated if aims and measured.integrated is not None else 0.0
        if attempt and before is not None and measured.integrated is not None and abs(gain - gain_before) > 0.01:
            slope = min(max((measured.integrated - before) / (gain - gain_before), 0.2), 1.0)
        better = gain
        if abs(off) > LOUDNESS_TOLERANCE and attempt < LOUDNESS_PASSES - 1:
            better = min(gain + off / slope, _most_gain(drawn, peak))
        if not over and abs(better - gain) < 0.01:
            break
        gain = better
        ceiling -= over and over + PEAK_MARGIN / 2
    if abs(off) > LOUDNESS_TOLERANCE:
        warnings.append(f"the score has {target - off:.1f} LUFS instead of {target:.1f}: its peaks allow no more")
    return warnings


def _first_gain(drawn: Loudness, is_silent: bool, samples: int, target: float, peak: float) -> tuple[float, list[str]]:
    """The gain in dB to begin with; where it comes with warnings, there is no loudness to aim for."""
    if not samples:
        return 0.0, ["the timeline is empty, and so is the score"]
    if is_silent:
        return 0.0, ["the score is silent"]
    if samples < SHORTEST:
        return 0.0, ["the score is shorter than 0.4 s: only its peak is limited, its loudness cannot be measured"]
    if drawn.integrated is None:
        return 0.0, ["the score is too quiet for its loudness to be measured: it is left as it is"]
    if target - drawn.integrated > MAX_GAIN:
        quiet = f"the score is very quiet ({drawn.integrated:.1f} LUFS): raised by {MAX_GAIN:.0f} dB and no more"
        return MAX_GAIN, [quiet]
    return min(target - drawn.integrated, _most_gain(drawn, peak)), []


def _most_gain(drawn: Loudness, peak: float) -> float:
    return min(MAX_GAIN, peak - (drawn.true_peak or 0.0) + MAX_LIMITING)


def _write_stems(
    print_: _Print, paths: Mapping[str, Path], time_reference: int | None, progress: Progress
) -> list[str]:
    """Each stem at the programme's gain and limiting. Where one alone is above full scale, all are lowered alike."""
    largest = max((float(np.abs(signals * gain[:, None]).max()) for signals, gain in print_.levelled()), default=0.0)
    trim = np.float32(min(1.0, STEM_ROOM / largest) if largest else 1.0)
    samples = max(print_.scratch.samples, 1)
    with ExitStack() as open_files:
        writers = [open_files.enter_context(WavWriter(path, time_reference=time_reference)) for path in paths.values()]
        for signals, gain in print_.levelled():
            for index, writer in enumerate(writers):
                writer.write(signals[:, index] * gain * trim)
            progress(writers[0].samples / samples, "writing stems")
    if largest <= STEM_ROOM:
        return []
    return [
        f"the stems are {-decibels(float(trim)):.1f} dB lower than in the score: alone, one would be above full scale"
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
