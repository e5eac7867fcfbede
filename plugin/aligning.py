"""From an edit and a song to a track: the song is bent so that its beats meet the hits, and laid under the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from ..runtime.cues.remarks import about_beats
from ..runtime.cues.sheet import CueSheet
from ..runtime.engines.engine import Block, Performance
from ..runtime.errors import InputError
from ..runtime.mix.elastic import STEM, Laid, blocks, lay, sheet_of
from ..runtime.mix.elastic_plan import MOST
from ..runtime.mix.heard import Heard
from ..runtime.mix.wav import Sound, read_blocks
from ..runtime.picture import speech
from ..runtime.picture.look import Seen
from ..runtime.progress import Progress, forward, part, silent
from ..runtime.rate import SAMPLE_RATE
from . import hearing, scoring
from .hearing import FEWEST
from .reporting import unreached
from .timeline.reading import Source

SHORTEST = 5.0  # seconds that a song has at least
LONGEST = 600.0  # seconds of a song that are read, unless the picture is longer
SPOKEN = 0.5  # of a sound: what has more speech is speech, unless
PULSE = 0.55  # it has as clear a beat as this
LISTENED = 90  # seconds in which speech is looked for
SOON = 0.5  # seconds before the end of the picture in which music may end without a word
USUAL = scoring.Wish()


@dataclass(frozen=True)
class Song:
    """A song that was read and listened to. `attacks` are in samples."""

    path: Path
    sound: Sound
    heard: Heard
    attacks: Any

    @property
    def seconds(self) -> float:
        return len(self.sound) / SAMPLE_RATE


def align(
    source: Source,
    audio: Path,
    wish: scoring.Wish = USUAL,
    *,
    out: Path | None = None,
    in_place: bool = False,
    progress: Progress = silent,
) -> scoring.Score:
    """Lays a song under an edit and writes OUT, as `score` does with what an engine plays. All or nothing."""
    progress = forward(progress)
    inputs = {"the song": audio}
    ready = scoring.prepare(source, wish, out=out, in_place=in_place, inputs=inputs, progress=part(progress, 0.0, 0.15))
    for written in (ready.planned.wav, ready.planned.full):
        scoring.spare(written, ready.edit, inputs)
    board_end = ready.sheet.seconds(ready.sheet.storyboards[-1].end)
    board_start = ready.sheet.seconds(ready.sheet.storyboards[0].start)
    song = listen(audio, board_end - board_start, part(progress, 0.15, 0.4))
    laid = lay(song.sound, song.heard, song.attacks, ready.sheet, part(progress, 0.4, 0.45))
    sheet = sheet_of(laid, ready.sheet)
    kept = (said for said in sheet.warnings if not about_beats(said))
    remarks = [*kept, *_remarks(song, laid), *unreached(sheet, ready.edit, "the song")]
    sheet = replace(sheet, warnings=tuple(dict.fromkeys(remarks)))
    inner = part(progress, 0.45, 1.0)
    return scoring.put(_Player(song, laid), sheet, ready, wish, inner, {"song": _song_json(song, laid)})


class _Player:
    """The song, in the place of an engine."""

    name, version = "align", "1"
    pack: str | None = None

    def __init__(self, song: Song, laid: Laid) -> None:
        self.licence = f"that of {song.path.name}, to be cleared by its user"
        self._song, self._laid = song, laid

    def perform(
        self,
        sheet: CueSheet,
        *,
        seed: int,  # noqa: ARG002
        seeds: Mapping[int, int] | None = None,  # noqa: ARG002
        seen: Seen | None = None,  # noqa: ARG002
        progress: Progress,
    ) -> Performance:
        played = (Block({STEM: sound}) for sound in blocks(self._laid, sheet, progress))
        return Performance((STEM,), played, _onsets(self._song, self._laid), rings=False)


def _onsets(song: Song, laid: Laid) -> tuple[float, ...]:
    """The beats that are heard, and what begins halfway between two of them."""
    beats = np.array(laid.beats)
    middles = (beats[1:] + beats[:-1]) / 2
    if not song.heard.halves:
        middles = middles[:0]
    both = np.sort(np.concatenate([beats, middles]))
    return tuple(np.round(both[(both >= laid.start - 1e-6) & (both < laid.end)], 6).tolist())


def listen(audio: Path, picture: float, progress: Progress = silent) -> Song:
    """Reads a song and finds its beats. Raises InputError for what cannot be bent to a beat: speech, silence, drones."""
    sound = _read(audio, max(LONGEST, picture / (1 - MOST) + 60), part(progress, 0.0, 0.3))
    seconds = len(sound) / SAMPLE_RATE
    if hearing.is_silent(sound):
        raise InputError(f"{audio}: is silent: there is no beat in it")
    if seconds < SHORTEST:
        raise InputError(
            f"{audio}: too short to be laid under a picture: {seconds:.1f} s, and {SHORTEST:g} s are needed"
        )
    beats = hearing.tracked(sound, part(progress, 0.3, 0.7))
    if beats.pulse < PULSE and spoken(sound, lambda: progress(0.7, "finding its beats")) > SPOKEN:
        raise InputError(f"{audio}: is speech: there is no beat in it that could meet the cuts")
    if not beats.seconds:
        raise InputError(f"{audio}: has no steady beat that could meet the cuts (pulse {beats.pulse:.2f} of 1)")
    if len(beats.seconds) < FEWEST:
        raise InputError(
            f"{audio}: too short to be laid under a picture: {len(beats.seconds)} beats, and {FEWEST} are needed"
        )
    heard, found = hearing.heard(sound, beats, part(progress, 0.7, 1.0))
    return Song(audio, sound, heard, found)


def _read(audio: Path, most: float, progress: Progress) -> Sound:
    """At most so many seconds of a file, in memory once."""
    whole = np.empty((round(most * SAMPLE_RATE), 2), np.float32)  # what is not filled takes no memory
    at = 0
    for block in read_blocks(audio):
        piece = block[: len(whole) - at]
        whole[at : at + len(piece)] = np.clip(np.nan_to_num(piece, posinf=0.0, neginf=0.0), -8, 8)
        at += len(piece)
        progress(at / len(whole), "reading the song")
        if at == len(whole):
            break
    return whole[:at]


def spoken(sound: Sound, check: Any = lambda: None) -> float:
    """The part of what is heard in a sound, or in its first minute and a half, that is speech."""
    mono = sound[: LISTENED * SAMPLE_RATE].mean(axis=1, dtype=np.float32).reshape(1, -1)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=speech.RATE)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mono), format="flt", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    pieces = [out.to_ndarray().reshape(-1) for out in [*resampler.resample(frame), *resampler.resample(None)]]
    odds = speech.evidence(np.concatenate(pieces), check)
    audible = int((odds > speech.NOTHING).sum())
    return sum(last - first for first, last in speech.spoken(odds)) / audible if audible else 0.0


def _remarks(song: Song, laid: Laid) -> list[str]:
    """What was done to the song."""
    name, said = song.path.name, []
    first = float(song.heard.beats[laid.form.parts[0].first]) / SAMPLE_RATE
    if first > song.seconds / 20 + 1:
        said.append(f"{name} begins at {_clock(first)} of it, on the first of its bars that serves the cuts")
    leaps = laid.joins
    if leaps:
        places = ", ".join(f"at {_clock(at)} from {_clock(out)} back to {_clock(back)}" for at, out, back in leaps[:3])
        more = f" and {len(leaps) - 3} times more" if len(leaps) > 3 else ""
        said.append(f"{name} is shorter than the picture: bars are repeated, {places}{more}")
    elif laid.fades:
        said.append(f"{name} is longer than the picture: it fades out at its end")
    if laid.end < laid.picture_end - SOON:
        said.append(f"{name} ends {laid.picture_end - laid.end:.1f} s before the picture")
    return said


def _song_json(song: Song, laid: Laid) -> dict[str, Any]:
    beats = song.heard.beats / SAMPLE_RATE
    bends = laid.bends
    return {
        "name": song.path.name,
        "seconds": round(song.seconds, 3),
        "tempo": round(song.heard.tempo, 2),
        "metre": song.heard.metre,
        "heard_tempo": round(laid.tempo, 2),
        "bend_percent": round(100 * laid.bent, 2),
        "mean_bend_percent": round(100 * float(np.abs(bends).mean()), 2) if len(bends) else 0.0,
        "from": round(float(beats[laid.form.parts[0].first]), 3),
        "joins": [{"at": round(at, 3), "from": round(out, 3), "to": round(back, 3)} for at, out, back in laid.joins],
        "fades": laid.fades,
        "ends": round(laid.end, 3),
    }


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
