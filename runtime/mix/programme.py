"""Stems to programme: one file of exactly the timeline's length, at the loudness and below the peak asked for."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..cues.sheet import CueSheet
from ..errors import EngineError
from ..progress import Progress, part, silent
from ..rate import SAMPLE_RATE
from .ahead import ahead
from .ducking import Ducking
from .files import Transaction, writing
from .glue import Listener
from .limiter import CHUNK
from .loudness import Loudness, Meter, decibels
from .master import Drawn, Master, Print, added, level, level_as, summed
from .presets import DEFAULT, Target
from .rests import Rests
from .scratch import Scratch
from .wav import Sound, WavWriter, on_grid

FADE_IN = SAMPLE_RATE * 2 // 1000
FADE_OUT = SAMPLE_RATE * 20 // 1000
STEM_ROOM = 0.999999  # of full scale, so that rounding cannot reach it
NO_DUCKING = Ducking()


class Block(Protocol):
    @property
    def stems(self) -> Mapping[str, Sound]: ...


class Performance(Protocol):
    """What the mix needs of an engine's performance."""

    @property
    def stems(self) -> tuple[str, ...]: ...

    @property
    def blocks(self) -> Iterator[Block]: ...

    @property
    def rings(self) -> bool: ...


@dataclass(frozen=True)
class Programme:
    """The finished sound and what was measured of it: LUFS, LU and dBTP as in `Loudness`.

    Where it is ducked, `full` is the same without, and `full_loudness` in LUFS is what the target was for. Stems add
    up to the programme, ducked where it is. `glue_db` is the most that the glue took.
    """

    path: Path
    samples: int
    loudness: float | None
    range: float
    true_peak: float | None
    master: Master
    stems: Mapping[str, Path]
    warnings: tuple[str, ...] = ()
    ducking: Ducking = NO_DUCKING
    full: Path | None = None
    full_loudness: float | None = None
    glue_db: float = 0.0

    @property
    def gain_db(self) -> float:
        return self.master.gain_db

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "samples": self.samples,
            "loudness": _rounded(self.loudness),
            "range": _rounded(self.range),
            "true_peak": _rounded(self.true_peak),
            "gain_db": _rounded(self.gain_db),
            "glue_db": _rounded(self.glue_db),
            "master": self.master.to_json(),
            "ducking": self.ducking.to_json(),
            "full": None if self.full is None else str(self.full),
            "full_loudness": _rounded(self.full_loudness),
            "stems": {name: str(path) for name, path in self.stems.items()},
            "warnings": list(self.warnings),
        }


def mix(
    performance: Performance,
    sheet: CueSheet,
    folder: Path,
    *,
    loudness: float = DEFAULT.loudness,
    peak: float = DEFAULT.peak,
    ducking: Ducking = NO_DUCKING,
    master: Master | None = None,
    stems: bool = False,
    time_reference: int | None = None,
    progress: Progress = silent,
) -> Programme:
    """Writes `folder`/score.wav, without dips `folder`/score-full.wav where `ducking` has some, and, where asked for,
    `folder`/stems/NAME.wav, which add up to score.wav.

    `loudness` in LUFS is that of the music without ducking, `peak` in dBTP; `master` is that of an earlier take, to be
    kept. `time_reference` in samples since midnight (see `WavWriter`). The performance is drawn once; of its length
    nothing grows but a scratch file on the disk, and a hundred numbers a second.
    """
    names = _checked_names(performance.stems)
    target, aim = folder / "score.wav", Target(loudness, peak)
    full = folder / "score-full.wav" if ducking.dips else None
    with Transaction() as files, ExitStack() as open_files:
        parts = {name: files.stage(folder / "stems" / f"{name}.wav") for name in names} if stems else {}
        staged_full = files.stage(full) if full else None
        staged = files.stage(target)
        with writing(target):
            # without a name, so it is gone even if the process is killed
            scratch_file = open_files.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
        scratch = Scratch(scratch_file, target, sheet.samples, len(names) if stems else 1)
        drawn = _draw(performance, sheet, scratch, stems, part(progress, 0.0, 0.6))
        print_ = Print(scratch, drawn, staged_full or staged, time_reference, part(progress, 0.6, 0.9))
        warnings = level(print_, aim) if master is None else level_as(print_, master, aim)
        measured = print_.measured
        cut = _Cut(print_, ducking, time_reference)
        if staged_full:
            measured = cut.write_ducked(staged, part(progress, 0.9, 0.95))
        if stems:
            warnings += cut.write_stems(parts, part(progress, 0.95, 1.0))
        files.commit()
    progress(1.0, "mixed")
    return Programme(
        path=target,
        samples=sheet.samples,
        loudness=measured.integrated,
        range=measured.range,
        true_peak=measured.true_peak,
        master=print_.master,
        stems={name: folder / "stems" / f"{name}.wav" for name in parts},
        warnings=tuple(warnings),
        ducking=ducking,
        full=full,
        full_loudness=print_.measured.integrated if full else None,
        glue_db=print_.glue.most,
    )


def _draw(performance: Performance, sheet: CueSheet, scratch: Scratch, stems: bool, progress: Progress) -> Drawn:
    """Plays the performance into the scratch file, and measures it."""
    meter, listener, rests = Meter(peaks=False), Listener(), Rests(sheet, performance.rings)
    ends = sheet.rate.samples(max(board.end for board in sheet.storyboards)) if sheet.storyboards else sheet.samples
    at = 0
    sounding = False
    for block in ahead(performance.blocks):
        sounds = _checked_block(block, performance.stems)
        if at + len(sounds[0]) > sheet.samples:
            raise EngineError(f"the engine played more than the {sheet.samples} samples of the timeline")
        for start in range(0, len(sounds[0]), CHUNK):
            signals = [sound[start : start + CHUNK] for sound in sounds]
            for gain in (_fades(at, len(signals[0]), min(ends, sheet.samples)), rests.gains(at, len(signals[0]))):
                signals = signals if gain is None else [signal * gain for signal in signals]
            total = added(signals)
            sounding = sounding or any(signal.any() for signal in signals)
            scratch.write(np.stack(signals, axis=1) if stems else total)
            meter.feed(total)
            listener.feed(total)
            at += len(total)
            progress(at / max(sheet.samples, 1), "playing")
    if at != sheet.samples:
        raise EngineError(f"the engine played {at} samples where the timeline has {sheet.samples}")
    return Drawn(meter.result(), listener.result(), not sounding)


def _checked_block(block: Block, names: tuple[str, ...]) -> list[Sound]:
    """In the order of `names`, all of one length."""
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
    return [sound.astype(np.float32, copy=False) for sound in sounds]


def _checked_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Stems become files, so their names must be able to."""
    for name in names:
        if not re.fullmatch(r"[\w-][\w .-]{0,60}(?<![ .])", name):
            raise EngineError(f"the engine's stem '{name}' cannot be the name of a file")
    if len({name.casefold() for name in names}) != len(names):
        raise EngineError(f"the engine announces a stem twice: {', '.join(names)}")
    return names


def _fades(start: int, length: int, end: int) -> NDArray[np.float32] | None:
    """(length, 1): up from the first sample, down to nothing at `end` and nothing after it; None where all is 1."""
    if start >= FADE_IN and start + length <= end - FADE_OUT:
        return None
    at = np.arange(start, start + length)
    up = np.clip((at + 1) / FADE_IN, 0, 1)
    down = np.clip((end - 1 - at) / FADE_OUT, 0, 1)
    shape: NDArray[np.float64] = np.sin(np.pi / 2 * up) ** 2 * np.sin(np.pi / 2 * down) ** 2
    return shape.astype(np.float32)[:, None]


class _Cut:
    """Writes what is cut from the same print: the ducked programme, and the stems."""

    def __init__(self, print_: Print, ducking: Ducking, time_reference: int | None) -> None:
        self._print, self._ducking, self._time_reference = print_, ducking, time_reference
        self._samples = max(print_.scratch.samples, 1)

    def write_ducked(self, path: Path, progress: Progress) -> Loudness:
        """The programme with its dips; outside them sample for sample the one without."""
        meter = Meter()
        with WavWriter(path, time_reference=self._time_reference) as writer:
            for signals, gain, duck in self._pieces():
                block = on_grid(summed(signals) * gain)
                block = block if duck is None else on_grid(block * duck)
                writer.write(block)
                meter.feed(block)
                progress(writer.samples / self._samples, "ducking")
        return meter.result()

    def write_stems(self, paths: Mapping[str, Path], progress: Progress) -> list[str]:
        """Each stem as it is in the programme. Where one alone is above full scale, all are lowered alike."""
        largest = max((float(np.abs(sound).max()) for sound in self._stems()), default=0.0)
        trim = np.float32(min(1.0, STEM_ROOM / largest) if largest else 1.0)
        with ExitStack() as open_files:
            writers = [
                open_files.enter_context(WavWriter(path, time_reference=self._time_reference))
                for path in paths.values()
            ]
            for stems in self._stems():
                for index, writer in enumerate(writers):
                    writer.write(stems[:, index] * trim)
                progress(writers[0].samples / self._samples, "writing stems")
        if largest <= STEM_ROOM:
            return []
        lower = -decibels(float(trim))
        return [f"the stems are {lower:.1f} dB lower than in the score: alone, one would be above full scale"]

    def _stems(self) -> Iterator[NDArray[np.float32]]:
        for signals, gain, duck in self._pieces():
            whole = gain if duck is None else gain * duck
            yield signals * whole[:, None]

    def _pieces(self) -> Iterator[tuple[NDArray[np.float32], Sound, NDArray[np.float32] | None]]:
        """The signals (n, signals, 2), the master's gain for each (n, 1), and that of the dips, None where it is 1."""
        at = 0
        for signals, gain in self._print.levelled():
            yield signals, gain, self._ducking.gains(at, len(signals))
            at += len(signals)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
