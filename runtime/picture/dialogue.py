"""Where people speak on the edit's own sound, so that the music can make room."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
from numpy.typing import NDArray

from ..edit import AudioTrack, Edit, Source
from ..errors import Cancelled
from ..progress import Progress, silent
from ..rate import Rate, round_half_up
from .hearing import Ear
from .media import Unreadable
from .speech import NOTHING, RATE, STEP, evidence, spoken
from .trouble import told

Array = NDArray[np.float32]
Find = Callable[[str], Path | None]

SLOWEST, FASTEST = Fraction(4, 5), Fraction(5, 4)  # speed of speech that is still speech
PIECE = 60 * RATE  # samples of the edit searched at once, a whole number of steps
AROUND = 5 * RATE  # samples before and after it that the search also hears
JOIN = Fraction(3, 10)  # seconds between two stretches that are one
THREADS = 4
PATIENCE = 0.1  # seconds between two looks at whether somebody wants to stop

# What a track's name says, in the languages of the editors who write it; whole words, without accents.
_SPEAKS = (
    "dialogue dialog dialogues dialogos dialogo dialoge dialoghi dialogi dia dx dlg vo voice voices voix voz voces voce "
    "voci voiceover narration narrator narrateur narracion narrador narrazione stimme stimmen sprache sprecher kommentar "
    "interview interviews entrevista intervista oton sync synch adr lav boom speech puhe диалог диалоги голос речь "
    "интервью 对白 對白 台词 旁白 采访 対白 台詞 セリフ ナレーション インタビュー 대사 내레이션"
)
_PLAYS = (
    "music musik musique musica musicas muzyka muziek musikk hudba zene muzik mx mus bgm score song songs soundtrack "
    "sfx fx efx effects effekte effets efectos efeitos effetti efekty bruitage bruitages rumori foley ambience "
    "ambiance ambiences ambient ambiente ambientes ambienti amb atmo atmos atmosphere roomtone wildtrack gerausche "
    "gerausch noise sounddesign музыка шум шумы эффекты 音乐 音樂 音楽 音效 効果音 环境音 環境音 음악 효과음"
)
_NAME_SAYS = 1.5  # natural log of odds, for or against


@dataclass(frozen=True)
class Stretch:
    """Somebody speaks in the frames [start, end). `track` is where it is surest, `confidence` from 0 to 1."""

    start: int
    end: int
    track: str
    confidence: float

    def to_json(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "track": self.track, "confidence": round(self.confidence, 3)}


@dataclass(frozen=True)
class Dialogue:
    """Stretches of speech, rising, without overlap."""

    stretches: tuple[Stretch, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def dialogue(edit: Edit, *, find: Find | None = None, progress: Progress = silent) -> Dialogue:
    """Listens to every track of the edit's own sound; only what the edit plays is decoded.

    `find` turns a medium's name in the edit into its file; by default absolute paths and file URLs are found. Sound
    that plays backwards, or slower than 0.8 or faster than 1.25, is not searched. What cannot be read is said in the
    warnings. A track's name tips the balance and decides nothing.
    """
    lanes = {sources: _Lane(sources, edit.rate) for sources in map(_searched, edit.audio_tracks) if sources}
    warnings = _listen(list(lanes.values()), find or _plain, progress)
    found: list[Stretch] = []
    for track in edit.audio_tracks:
        if lane := lanes.get(_searched(track)):
            odds = np.where(lane.odds > NOTHING, lane.odds + np.float32(prior(track.name)), lane.odds)
            found += _stretches(odds, track.name, edit)
    progress(1.0, "listened for dialogue")
    return Dialogue(_merged(found, edit.rate), warnings)


def prior(name: str) -> float:
    """What a track's name says for speech (above 0) or against it (below), as the natural log of odds."""
    plain = re.sub(r"\bo-ton\b", "oton", re.sub(r"\bm\s*&\s*e\b", "music", _bare(name)))
    words = set(re.findall(r"[^\W\d_]+", plain))

    def says(vocabulary: str) -> bool:
        # Scripts from here on write words without spaces between.
        return any(word in words or (word[0] > "\u2e80" and word in plain) for word in _bare(vocabulary).split())

    return _NAME_SAYS * (says(_SPEAKS) - says(_PLAYS))


def _bare(text: str) -> str:
    """Without accents, case and widths."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _searched(track: AudioTrack) -> tuple[Source, ...]:
    sources = (source for clip in track.clips for source in clip.sources)
    return tuple(s for s in sources if s.media and s.end > s.start and SLOWEST <= s.speed <= FASTEST)


class _Lane:
    """What one track plays, and for each 50 ms of the edit the odds that it is speech. Equal tracks share a lane."""

    def __init__(self, sources: Iterable[Source], rate: Rate) -> None:
        spans = ((rate.samples(s.start, RATE), rate.samples(s.end, RATE), s) for s in sources)
        self.spans = sorted(spans, key=lambda span: span[:2])
        self.steps = -(-max(end for _, end, _ in self.spans) // STEP)
        self.odds = np.full(self.steps, NOTHING, np.float32)

    def playing(self, start: int, end: int) -> list[tuple[int, int, Source]]:
        """What plays in the samples [start, end) of the edit: from where, to where, what."""
        return [span for span in self.spans if span[0] < end and span[1] > start]


class _Listener:
    """Searches pieces of lanes, several at once, and remembers what was wrong with the media."""

    def __init__(self, find: Find) -> None:
        self.stop = Event()
        self._find = find
        self._lock = Lock()
        self._paths: dict[str, Path | None] = {}
        self._said: set[tuple[str, str]] = set()

    def search(self, lane: _Lane, first: int) -> None:
        """Fill in the odds of the piece of the lane that starts at sample `first`."""
        start, end = max(0, first - AROUND), min(lane.steps * STEP, first + PIECE + AROUND)
        best = np.full((end - start) // STEP, NOTHING, np.float32)
        for line in self._lines(lane, start, end):
            np.maximum(best, evidence(line, self._check), out=best)
        last = min(lane.steps, (first + PIECE) // STEP)
        lane.odds[first // STEP : last] = best[(first - start) // STEP :][: last - first // STEP]

    def _check(self) -> None:
        if self.stop.is_set():
            raise Cancelled

    def _lines(self, lane: _Lane, start: int, end: int) -> list[Array]:
        """The sound in samples [start, end) of the edit, one line for each that may carry a voice of its own."""
        lines: list[Array] = []
        for begin, over, source in lane.playing(start, end):
            first, last = max(begin, start), min(over, end)
            at = (source.at or Fraction(0)) + Fraction(first - begin, RATE) * source.speed
            for n, sound in enumerate(self._sound(source.media or "", at, last - first, source.speed)):
                if n == len(lines):
                    lines.append(np.zeros(end - start, np.float32))
                lines[n][first - start : last - start] += sound
        return lines

    def _sound(self, media: str, at: Fraction, count: int, speed: Fraction) -> list[Array]:
        with self._lock:
            if media not in self._paths:
                self._paths[media] = self._find(media)
            path = self._paths[media]
        if path is None:
            self._say(media, "not found; no dialogue is sought in it")
            return []
        try:
            ear = Ear(path)
        except Unreadable as error:
            self._say(media, f"{error}; no dialogue is sought in it")
            return []
        try:
            return ear.listen(at, count, round_half_up(RATE / speed), self._check)
        finally:
            ear.close()
            if ear.damaged:
                self._say(media, "is damaged; dialogue may be missed where it cannot be decoded")

    def _say(self, media: str, words: str) -> None:
        with self._lock:
            self._said.add((words, media))

    def warnings(self) -> tuple[str, ...]:
        return told((media, words) for words, media in sorted(self._said))


def _listen(lanes: list[_Lane], find: Find, progress: Progress) -> tuple[str, ...]:
    """Fills in the odds of all lanes and says what could not be heard."""
    listener = _Listener(find)
    jobs = [(lane, at) for lane in lanes for at in range(0, lane.steps * STEP, PIECE) if lane.playing(at, at + PIECE)]
    progress(0.0, "listening for dialogue")
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        waiting: set[Future[None]] = {pool.submit(listener.search, *job) for job in jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, PATIENCE, FIRST_COMPLETED)
                for future in done:
                    future.result()
                progress(1 - len(waiting) / len(jobs), "listening for dialogue")
        except BaseException:
            listener.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return listener.warnings()


def _stretches(odds: Array, track: str, edit: Edit) -> list[Stretch]:
    """Evidence in steps -> whole frames."""
    out = []
    for first, last in spoken(odds):
        moments = Fraction(first * STEP, RATE), Fraction(last * STEP, RATE)
        start, end = (min(max(edit.rate.frame_at(moment), 0), edit.frames) for moment in moments)
        if start < end:
            chance = 1 / (1 + np.exp(-np.clip(odds[first:last], -30, 30)))
            out.append(Stretch(start, end, track, float(chance.mean())))
    return out


def _merged(found: list[Stretch], rate: Rate) -> tuple[Stretch, ...]:
    out: list[Stretch] = []
    for stretch in sorted(found, key=lambda s: (s.start, s.end, s.track)):
        if out and rate.seconds(stretch.start - out[-1].end) <= JOIN:
            last = out[-1]
            surest = max(last, stretch, key=lambda s: (s.confidence, s.end - s.start))
            out[-1] = Stretch(last.start, max(last.end, stretch.end), surest.track, surest.confidence)
        else:
            out.append(stretch)
    return tuple(out)


def _plain(name: str) -> Path | None:
    parts = urlsplit(name)
    path = Path(url2pathname(parts.path)) if parts.scheme == "file" else Path(name)
    try:
        return path if path.is_absolute() and path.is_file() else None
    except (OSError, ValueError):
        return None
