"""How well a sound lands on an edit: every moment with the onset nearest to it, and chance beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..cues.sheet import NEAR_SECONDS, Outcome, outcome
from ..edit import Edit
from ..mix.loudness import Meter
from ..mix.wav import Sound, read_blocks
from ..progress import Progress, part, silent
from ..rate import SAMPLE_RATE
from .onsets import OnsetEnvelope, pick, refine

MomentKind = Literal["cut", "marker"]


@dataclass(frozen=True)
class Moment:
    """A frame that music should land on. `distance` is onset minus moment in seconds: above zero is late."""

    frame: int
    seconds: float
    kind: MomentKind
    name: str
    onset: float | None
    distance: float | None
    outcome: Outcome


@dataclass(frozen=True)
class Share:
    """Which part of the moments has an onset within `tolerance` seconds.

    `chance` is what a moment put anywhere in the picture would have reached: the part of the picture's time that lies
    within `tolerance` of an onset. Both None where there is nothing to count.
    """

    tolerance: float
    fraction: float | None
    chance: float | None


@dataclass(frozen=True)
class Evaluation:
    """`shares` counts each frame once, also where a marker lies on a cut.

    `onsets_met` is the part of the onsets within 0.1 s of a moment: music may well have more onsets than a picture
    has moments. Loudness in LUFS and LU, `true_peak` in dBTP, lengths in samples at 48 kHz.
    """

    moments: tuple[Moment, ...]
    within_half_frame: Share
    within_frame: Share
    within_near: Share
    onsets: tuple[float, ...]
    onsets_met: float | None
    loudness: float | None
    range: float
    true_peak: float | None
    samples: int
    expected_samples: int
    warnings: tuple[str, ...] = ()

    @property
    def difference(self) -> int:
        """How much longer the sound is than the edit, in samples."""
        return self.samples - self.expected_samples

    def to_json(self) -> dict[str, Any]:
        counts = {kind: sum(m.outcome == kind for m in self.moments) for kind in ("landed", "near", "missed")}
        return {
            "moments": [_rounded(asdict(moment)) for moment in self.moments],
            **counts,
            "within_half_frame": _rounded(asdict(self.within_half_frame)),
            "within_frame": _rounded(asdict(self.within_frame)),
            "within_near": _rounded(asdict(self.within_near)),
            "onsets": len(self.onsets),
            **_rounded(
                {
                    "onsets_met": self.onsets_met,
                    "loudness": self.loudness,
                    "range": self.range,
                    "true_peak": self.true_peak,
                }
            ),
            "samples": self.samples,
            "expected_samples": self.expected_samples,
            "difference": self.difference,
            "warnings": list(self.warnings),
        }


def evaluate(edit: Edit, audio: Path, progress: Progress = silent) -> Evaluation:
    """Listens to `audio`, which starts with the timeline, and holds it against the cuts and visible markers."""
    meter, envelope = Meter(), OnsetEnvelope()
    for block in _told(read_blocks(audio), edit.samples, part(progress, 0.0, 0.7), "listening"):
        meter.feed(block)
        envelope.feed(block)
    frames = pick(envelope.result())
    again = _told(read_blocks(audio), meter.samples, part(progress, 0.7, 1.0), "finding attacks")
    onsets = sorted(refine(again, frames))
    moments = tuple(_moment(edit, frame, kind, name, onsets) for frame, kind, name in _asked(edit))
    measured = meter.result()
    frame = float(edit.rate.seconds(1))
    return Evaluation(
        moments=moments,
        within_half_frame=_share(edit, moments, onsets, frame / 2),
        within_frame=_share(edit, moments, onsets, frame),
        within_near=_share(edit, moments, onsets, NEAR_SECONDS),
        onsets=tuple(onsets),
        onsets_met=_met(moments, onsets),
        loudness=measured.integrated,
        range=measured.range,
        true_peak=measured.true_peak,
        samples=meter.samples,
        expected_samples=edit.samples,
        warnings=tuple(_warnings(edit, meter.samples, measured.integrated, onsets)),
    )


def _asked(edit: Edit) -> list[tuple[int, MomentKind, str]]:
    cuts: list[tuple[int, MomentKind, str]] = [(cut.frame, "cut", cut.kind) for cut in edit.cuts]
    markers: list[tuple[int, MomentKind, str]] = [
        (marker.frame, "marker", marker.name) for marker in edit.markers if marker.visible
    ]
    return sorted(moment for moment in cuts + markers if 0 <= moment[0] < edit.frames)


def _moment(edit: Edit, frame: int, kind: MomentKind, name: str, onsets: list[float]) -> Moment:
    asked = edit.seconds(frame)
    onset = _nearest(asked, onsets)
    distance = None if onset is None else onset - asked
    return Moment(frame, asked, kind, name, onset, distance, outcome(asked, onset, edit.rate))


def _nearest(moment: float, times: list[float]) -> float | None:
    """Of rising times the nearest one."""
    if not times:
        return None
    at = int(np.searchsorted(times, moment))
    return min(times[max(at - 1, 0) : at + 1], key=lambda time: abs(time - moment))


def _share(edit: Edit, moments: tuple[Moment, ...], onsets: list[float], tolerance: float) -> Share:
    distances = {moment.frame: moment.distance for moment in moments}
    met = [distance is not None and abs(distance) <= tolerance + 1e-9 for distance in distances.values()]
    start = edit.seconds(edit.picture_start or 0)
    end = edit.seconds(edit.frames if edit.picture_end is None else edit.picture_end)
    return Share(
        tolerance=tolerance,
        fraction=sum(met) / len(met) if met else None,
        chance=_covered(onsets, tolerance, start, end) / (end - start) if end > start else None,
    )


def _covered(onsets: list[float], tolerance: float, start: float, end: float) -> float:
    """How many of the seconds from start to end lie within the tolerance of an onset; overlaps count once."""
    seconds, reached = 0.0, start
    for onset in onsets:
        begin, stop = max(onset - tolerance, reached), min(onset + tolerance, end)
        if stop > begin:
            seconds += stop - begin
            reached = stop
    return seconds


def _met(moments: tuple[Moment, ...], onsets: list[float]) -> float | None:
    if not onsets:
        return None
    asked = sorted(moment.seconds for moment in moments)
    nearest = [(onset, _nearest(onset, asked)) for onset in onsets]
    return sum(near is not None and abs(near - onset) <= NEAR_SECONDS for onset, near in nearest) / len(onsets)


def _warnings(edit: Edit, samples: int, loudness: float | None, onsets: list[float]) -> Iterator[str]:
    if samples != edit.samples:
        off = (samples - edit.samples) / SAMPLE_RATE
        words = "longer" if off > 0 else "shorter"
        yield f"the sound is {abs(off):.3f} s ({abs(samples - edit.samples)} samples) {words} than the timeline"
    if loudness is None:
        yield "the sound is silent, too quiet or shorter than 0.4 s: it has no loudness"
    if not onsets:
        yield "nothing starts in the sound that could be held against the picture"


def _told(blocks: Iterator[Sound], expected: int, progress: Progress, words: str) -> Iterator[Sound]:
    at = 0
    for block in blocks:
        yield block
        at += len(block)
        progress(at / max(expected, at, 1), words)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in values.items()}
