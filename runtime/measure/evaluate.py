"""How well a sound lands on an edit: every moment with the onset nearest to it, the papers' measures, chance beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from ..cues.markers import MUSIC, SILENCE, meant_frame, word
from ..cues.sheet import NEAR_SECONDS, Outcome, outcome
from ..edit import Edit
from ..progress import Progress, part, silent
from ..rate import SAMPLE_RATE
from .beats import Beats
from .limits import anywhere
from .listening import Heard, beats_of, listen
from .matching import near, nearest, within
from .rhythm import TOLERANCES, Measure, Picture, b_iou, met, precision, recall, tb_iou

MomentKind = Literal["cut", "marker"]
USUAL_BEAT = 0.5  # seconds, where no beats are heard


class Part(Protocol):
    """What is asked of a storyboard: its name and its first frame."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> int: ...


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
class Boundary:
    """A frame where a storyboard starts, and the change of the sound nearest to it, `distance` seconds later."""

    frame: int
    seconds: float
    name: str
    change: float | None
    distance: float | None
    audible: bool


@dataclass(frozen=True)
class Rhythm:
    """Beats against cuts. `cuts_with_onset` asks for an onset within a frame, `audible` for a change of the sound
    within a beat of a storyboard's start. `b_iou` is empty without a reference.
    """

    recall: Measure
    precision: Measure
    tb_iou: tuple[Measure, ...]
    b_iou: tuple[Measure, ...]
    cuts_with_onset: Measure
    audible: Measure


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
    onsets_met: float | None
    rhythm: Rhythm
    boundaries: tuple[Boundary, ...]
    heard: Heard
    reference: Beats | None
    expected_samples: int
    warnings: tuple[str, ...] = ()

    @property
    def onsets(self) -> tuple[float, ...]:
        return self.heard.onsets

    @property
    def beats(self) -> tuple[float, ...]:
        return self.heard.beats.seconds

    @property
    def samples(self) -> int:
        return self.heard.samples

    @property
    def loudness(self) -> float | None:
        return self.heard.loudness.integrated

    @property
    def range(self) -> float:
        return self.heard.loudness.range

    @property
    def true_peak(self) -> float | None:
        return self.heard.loudness.true_peak

    @property
    def difference(self) -> int:
        """How much longer the sound is than the edit, in samples."""
        return self.samples - self.expected_samples

    def to_json(self) -> dict[str, Any]:
        counts = {kind: sum(m.outcome == kind for m in self.moments) for kind in ("landed", "near", "missed")}
        rhythm = self.rhythm
        return {
            "moments": [_rounded(asdict(moment)) for moment in self.moments],
            **counts,
            "within_half_frame": _rounded(asdict(self.within_half_frame)),
            "within_frame": _rounded(asdict(self.within_frame)),
            "within_near": _rounded(asdict(self.within_near)),
            "onsets": len(self.onsets),
            "beats": _beats(self.heard.beats),
            "rhythm_recall": rhythm.recall.to_json(),
            "precision": rhythm.precision.to_json(),
            "tb_iou": [measure.to_json() for measure in rhythm.tb_iou],
            "b_iou": None if self.reference is None else [measure.to_json() for measure in rhythm.b_iou],
            "reference_beats": None if self.reference is None else _beats(self.reference),
            "cuts_with_onset": rhythm.cuts_with_onset.to_json(),
            "audible_boundaries": rhythm.audible.to_json(),
            "boundaries": [_rounded(asdict(boundary)) for boundary in self.boundaries],
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


def evaluate(
    edit: Edit,
    audio: Path,
    progress: Progress = silent,
    *,
    reference: Path | None = None,
    storyboards: Sequence[Part] = (),
) -> Evaluation:
    """Listens to `audio`, which starts with the timeline, and holds it against the cuts and visible markers.

    B_IoU needs a `reference`, music whose beats are right. The starts of `storyboards` should be heard as changes.
    """
    heard = listen(audio, edit.samples, part(progress, 0.0, 0.8 if reference else 1.0))
    given = None if reference is None else beats_of(reference, edit.samples, part(progress, 0.8, 1.0))
    moments = tuple(_moment(edit, frame, kind, name, heard.onsets) for frame, kind, name in _asked(edit))
    boundaries = tuple(_boundaries(edit, storyboards, heard))
    frame = float(edit.rate.seconds(1))
    return Evaluation(
        moments=moments,
        within_half_frame=_share(edit, moments, heard.onsets, frame / 2),
        within_frame=_share(edit, moments, heard.onsets, frame),
        within_near=_share(edit, moments, heard.onsets, NEAR_SECONDS),
        onsets_met=_met(moments, heard.onsets),
        rhythm=_rhythm(edit, heard, given, boundaries),
        boundaries=boundaries,
        heard=heard,
        reference=given,
        expected_samples=edit.samples,
        warnings=tuple(_warnings(edit, heard, given)),
    )


def picture_of(edit: Edit) -> Picture:
    start, end = _extent(edit)
    frames = sorted({cut.frame for cut in edit.cuts if 0 <= cut.frame < edit.frames})
    return Picture(tuple(edit.seconds(frame) for frame in frames), start, end)


def _extent(edit: Edit) -> tuple[float, float]:
    end = edit.frames if edit.picture_end is None else edit.picture_end
    return edit.seconds(edit.picture_start or 0), edit.seconds(end)


def _rhythm(edit: Edit, heard: Heard, reference: Beats | None, boundaries: Sequence[Boundary]) -> Rhythm:
    picture, beats = picture_of(edit), heard.beats.seconds
    start, end, frame, whole = picture.start, picture.end, float(edit.rate.seconds(1)), edit.seconds(edit.frames)
    played, given = within(beats, 0, whole), within(reference.seconds, 0, whole) if reference else []
    starts = [boundary.seconds for boundary in boundaries]
    return Rhythm(
        recall=recall(picture, beats),
        precision=precision(picture, beats),
        tb_iou=tuple(tb_iou(picture, beats, tolerance) for tolerance in TOLERANCES),
        b_iou=tuple(b_iou(given, played, tolerance, whole) for tolerance in TOLERANCES if reference),
        cuts_with_onset=met(picture.cuts, heard.onsets, frame, start, end),
        audible=met(starts, heard.novelty.peaks, _beat(heard), start, end),
    )


def _boundaries(edit: Edit, storyboards: Sequence[Part], heard: Heard) -> Iterator[Boundary]:
    first = edit.picture_start or 0
    last = edit.frames if edit.picture_end is None else edit.picture_end
    inside = sorted({board.start: board.name for board in storyboards if first < board.start < last}.items())
    starts = [edit.seconds(frame) for frame, _ in inside]
    audible = near(starts, heard.novelty.peaks, _beat(heard))
    for (frame, name), seconds, heard_there in zip(inside, starts, audible, strict=True):
        change = nearest(seconds, heard.novelty.peaks)
        distance = None if change is None else change - seconds
        yield Boundary(frame, seconds, name, change, distance, heard_there)


def _beat(heard: Heard) -> float:
    tempo = heard.beats.tempo
    return 60 / tempo if tempo else USUAL_BEAT


def _asked(edit: Edit) -> list[tuple[int, MomentKind, str]]:
    cuts: list[tuple[int, MomentKind, str]] = [(cut.frame, "cut", cut.kind) for cut in edit.cuts]
    markers: list[tuple[int, MomentKind, str]] = [
        (meant_frame(marker), "marker", marker.name)
        for marker in edit.markers
        if marker.visible and word(marker) not in (*SILENCE, *MUSIC)
    ]
    return sorted(moment for moment in cuts + markers if 0 <= moment[0] < edit.frames)


def _moment(edit: Edit, frame: int, kind: MomentKind, name: str, onsets: Sequence[float]) -> Moment:
    asked = edit.seconds(frame)
    onset = nearest(asked, onsets)
    distance = None if onset is None else onset - asked
    return Moment(frame, asked, kind, name, onset, distance, outcome(asked, onset, edit.rate))


def _share(edit: Edit, moments: tuple[Moment, ...], onsets: Sequence[float], tolerance: float) -> Share:
    distances = {moment.frame: moment.distance for moment in moments}
    met = [distance is not None and abs(distance) <= tolerance + 1e-9 for distance in distances.values()]
    return Share(
        tolerance=tolerance,
        fraction=sum(met) / len(met) if met else None,
        chance=anywhere(onsets, tolerance, *_extent(edit)),
    )


def _met(moments: tuple[Moment, ...], onsets: Sequence[float]) -> float | None:
    met = near(onsets, sorted(moment.seconds for moment in moments), NEAR_SECONDS)
    return sum(met) / len(met) if met else None


def _warnings(edit: Edit, heard: Heard, reference: Beats | None) -> Iterator[str]:
    if heard.samples != edit.samples:
        off = (heard.samples - edit.samples) / SAMPLE_RATE
        words = "longer" if off > 0 else "shorter"
        yield f"the sound is {abs(off):.3f} s ({abs(heard.samples - edit.samples)} samples) {words} than the timeline"
    if heard.loudness.integrated is None:
        yield "the sound is silent, too quiet or shorter than 0.4 s: it has no loudness"
    if not heard.onsets:
        yield "nothing starts in the sound that could be held against the picture: it has neither onsets nor beats"
    elif not heard.beats.seconds:
        yield f"no beats are heard in the sound ({_why(heard.beats)})"
    if reference and not reference.seconds:
        yield f"no beats are heard in the reference ({_why(reference)}): B_IoU says nothing"
    if not any(0 <= cut.frame < edit.frames for cut in edit.cuts):
        yield "the edit has no cuts that beats could meet"


def _why(beats: Beats) -> str:
    return f"its pulse is {beats.pulse:.2f} where 1 is a metronome and speech reaches 0.3"


def _beats(beats: Beats) -> dict[str, Any]:
    return {
        "count": len(beats.seconds),
        "tempo": None if beats.tempo is None else round(beats.tempo, 2),
        "pulse": round(beats.pulse, 3),
        "seconds": [round(beat, 4) for beat in beats.seconds],
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in values.items()}
