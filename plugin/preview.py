"""The edit as a film to look at: its picture cut together, its own sound, and the score."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ..runtime.edit import Edit, Source
from ..runtime.errors import InputError, OutputError, UsageError
from ..runtime.picture.media import Unreadable
from ..runtime.picture.trouble import told
from ..runtime.progress import Progress, silent
from ..runtime.rate import SAMPLE_RATE
from .footage import Audio, Footage, Image, Sound, plain, planes
from .timeline.media_path import MediaFinder

Find = Callable[[str], Path | None]

OWN_SOUND = 0.63  # -4 dB: the edit's own sound under the score
KNEE = 0.9  # above it the sum is bent, below it nothing is touched
OPEN_MEDIA = 4
FASTEST_SOUND = 16
NOT_FOUND = "not found"
FAST_AAC = {"b": "192k", "aac_coder": "fast"}


@dataclass(frozen=True)
class PreviewResult:
    path: Path
    frames: int
    warnings: tuple[str, ...]


def render_preview(
    edit: Edit,
    music: Path | None,
    out: Path,
    *,
    height: int = 360,
    progress: Progress = silent,
    find: Find | None = None,
) -> PreviewResult:
    """Write an MP4 of exactly `edit.frames` frames with the score at its own level.

    `find` turns a medium's name in the edit into its file; by default absolute paths and file URLs are found. What
    cannot be read is shown as a grey card and said in the warnings.
    """
    if edit.frames <= 0:
        raise UsageError(f"{edit.name}: the edit has no length, there is nothing to preview")
    media = _Media(find or MediaFinder(out.parent).find, max(16, height // 2 * 2))
    for name in _names(edit):
        if _same(media.find(name), out):
            raise UsageError(f"{out}: this is a medium of the edit; write the preview somewhere else")
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with ExitStack() as stack:
            stack.callback(media.close)
            picture = _Picture(edit, media)
            mixer = _Mixer(edit, media, music)
            stack.callback(mixer.close)
            _write(unfinished, edit, picture, mixer, progress)
        unfinished.replace(out)
    except (OSError, av.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{out}: the preview cannot be written: {str(reason).lower()}") from None
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return PreviewResult(out, edit.frames, media.warnings())


def _write(path: Path, edit: Edit, picture: _Picture, mixer: _Mixer, progress: Progress) -> None:
    fps = edit.rate.fps
    # The default clock of an MP4, milliseconds, would cut the last frame short.
    clock = fps.numerator * max(1, 1000 // fps.numerator)
    with av.open(str(path), "w", format="mp4", options={"movie_timescale": str(clock)}) as container:
        x264 = "libx264" in av.codecs_available
        video = container.add_stream(
            "libx264" if x264 else "mpeg4",
            rate=fps,
            options={"preset": "superfast", "crf": "22"} if x264 else {"q:v": "4"},
        )
        video.width, video.height, video.pix_fmt = picture.width, picture.height, "yuv420p"
        video.thread_type = "AUTO"
        video.codec_context.colorspace = 6  # BT.601, which Footage converts to
        audio = (
            container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo", options=FAST_AAC) if mixer.audible else None
        )
        said = float("-inf")
        for first in range(0, edit.frames, edit.rate.nominal):
            last = min(first + edit.rate.nominal, edit.frames)
            for number in range(first, last):
                if time.monotonic() - said >= 1:
                    said = time.monotonic()
                    progress(number / edit.frames, "rendering the preview")
                frame = av.VideoFrame.from_ndarray(picture.at(number), "yuv420p")
                frame.pts, frame.time_base = number, 1 / fps
                container.mux(video.encode(frame))
            if audio is not None:
                start = edit.rate.samples(first)
                container.mux(audio.encode(_audio_frame(mixer.read(start, edit.rate.samples(last) - start), start)))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
        progress(1.0, "rendered the preview")


def _audio_frame(sound: Sound, start: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
    return frame


class _Media:
    """The media of an edit, a few of them open at a time, and what was wrong with them."""

    def __init__(self, find: Find, height: int) -> None:
        self._find, self.height, self.width = find, height, 0
        self._open: OrderedDict[str, Footage] = OrderedDict()
        self._unreadable: set[str] = set()
        self._said: dict[tuple[str, str], None] = {}  # in the order in which it happened

    def find(self, name: str | None) -> Path | None:
        return self._find(name) if name else None

    def choose_width(self, edit: Edit) -> None:
        """The width of the first medium that can be read, or 16:9."""
        self.width = round(self.height * 16 / 9 / 2) * 2
        for source in (source for shot in edit.shots for source in shot.sources):
            if footage := self.footage(source.media):
                aspect = min(max(footage.aspect, 1 / 3), 3.0)
                self.width = max(16, round(self.height * aspect / 2) * 2)
                break
        self.close()

    def footage(self, name: str | None) -> Footage | None:
        if name is None or name in self._unreadable:
            return None
        if name in self._open:
            self._open.move_to_end(name)
            return self._open[name]
        path = self.find(name)
        while len(self._open) >= OPEN_MEDIA:
            self._open.popitem(last=False)[1].close()
        try:
            if path is None:
                raise Unreadable(NOT_FOUND)
            footage = Footage(path, self.width, self.height)
        except Unreadable as error:
            self._unreadable.add(name)
            self.say(name, f"{error}; a grey card stands for its picture")
            return None
        self._open[name] = footage
        return footage

    def say(self, name: str, words: str) -> None:
        self._said[name, words] = None

    def warnings(self) -> tuple[str, ...]:
        return told(self._said)

    def close(self) -> None:
        for footage in self._open.values():
            footage.close()
        self._open.clear()


class _Picture:
    """What every frame of the edit shows. Frames are asked for in order."""

    def __init__(self, edit: Edit, media: _Media) -> None:
        self._rate, self._media = edit.rate, media
        media.choose_width(edit)
        self.width, self.height = media.width, media.height
        self._black, self._card = plain(self.width, self.height, 16), card(self.width, self.height)
        pieces: list[Source] = []
        for shot in edit.shots:
            pieces += shot.sources or (Source(shot.start, shot.end, None, None, Fraction(1)),)
        self._pieces = sorted(pieces, key=lambda piece: piece.start)
        self._here = 0

    def at(self, frame: int) -> Image:
        while self._here < len(self._pieces) and self._pieces[self._here].end <= frame:
            self._here += 1
        piece = self._pieces[self._here] if self._here < len(self._pieces) else None
        if piece is None or frame < piece.start:
            return self._black
        footage = self._media.footage(piece.media)
        if footage is None or piece.media is None:
            return self._card
        moment = (piece.at or Fraction(0)) + (frame - piece.start) * piece.speed / self._rate.fps
        try:
            image = footage.picture(moment, backwards=piece.speed < 0)
        except Unreadable:  # it went away while it was being read
            image = None
        if image is None:
            self._media.say(piece.media, "is damaged; a grey card stands for what cannot be read")
        elif footage.ended_early:
            self._media.say(piece.media, "ends before the edit leaves it; its last frame is held")
        return self._card if image is None else image


class _Mixer:
    """The edit's own sound and the score, from the first sample to the last, in order."""

    def __init__(self, edit: Edit, media: _Media, music: Path | None) -> None:
        self._rate, self._media = edit.rate, media
        self._waiting = sorted(
            (source for track in edit.audio_tracks for clip in track.clips for source in clip.sources if source.media),
            key=lambda source: source.start,
        )
        self._playing: list[tuple[Source, Audio]] = []
        self._next = 0
        self._music: Audio | None = None
        if music is not None:
            try:
                self._music = Audio(music)
            except Unreadable as error:
                raise InputError(f"{music}: {error}") from None
        self.audible = bool(self._waiting) or self._music is not None

    def read(self, start: int, count: int) -> Sound:
        self._begin_clips(start + count)
        out = np.zeros((2, count), np.float32)
        still_playing = []
        for source, audio in self._playing:
            begin, end = self._rate.samples(source.start), self._rate.samples(source.end)
            first, last = max(begin, start), min(end, start + count)
            if first < last:
                place = (source.at or Fraction(0)) * SAMPLE_RATE + (first - begin) * source.speed
                try:
                    sound = audio.read_at(place, source.speed, last - first)
                    out[:, first - start : last - start] += np.float32(OWN_SOUND) * sound
                except Unreadable as error:
                    self._media.say(source.media or "", f"{error}; its sound is missing")
            if end > start + count:
                still_playing.append((source, audio))
            else:
                audio.close()
        self._playing = still_playing
        if self._music is not None:
            out += self._music.read(start, count)
        return soft_clip(out)

    def close(self) -> None:
        for audio in [audio for _, audio in self._playing] + ([self._music] if self._music else []):
            audio.close()

    def _begin_clips(self, before: int) -> None:
        while self._next < len(self._waiting) and self._rate.samples(self._waiting[self._next].start) < before:
            source = self._waiting[self._next]
            self._next += 1
            if source.speed == 0 or abs(source.speed) > FASTEST_SOUND or source.media is None:
                continue
            path = self._media.find(source.media)
            if path is None:
                self._media.say(source.media, f"{NOT_FOUND}; its sound is missing")
                continue
            try:
                self._playing.append((source, Audio(path)))
            except Unreadable as error:
                self._media.say(source.media, f"{error}; its sound is missing")


def card(width: int, height: int) -> Image:
    """What stands for a picture that cannot be shown: grey with seven quiet bars."""
    image = plain(width, height, 62, 134, 124)
    light, blue, red = planes(image)
    bars = [(126, 128, 128), (118, 104, 134), (112, 140, 112), (104, 116, 116), (96, 140, 140), (88, 128, 150),
            (80, 154, 122)]  # fmt: skip
    for n, colour in enumerate(bars):
        left, right = (round((0.2 + 0.6 * edge / 7) * width / 2) for edge in (n, n + 1))
        top, bottom = round(0.38 * height / 2), round(0.62 * height / 2)
        light[2 * top : 2 * bottom, 2 * left : 2 * right] = colour[0]
        for plane, value in zip((blue, red), colour[1:], strict=True):
            plane[top:bottom, left:right] = value
    return image


def soft_clip(sound: Sound) -> Sound:
    """Bend what passes KNEE towards 1; the rest stays sample for sample."""
    loud = np.abs(sound)
    bent = KNEE + (1 - KNEE) * np.tanh((loud - KNEE) / (1 - KNEE))
    return np.where(loud > KNEE, np.copysign(bent, sound), sound).astype(np.float32)


def _names(edit: Edit) -> set[str]:
    pieces = [*edit.shots, *(clip for track in edit.audio_tracks for clip in track.clips)]
    return {source.media for piece in pieces for source in piece.sources if source.media}


def _same(path: Path | None, out: Path) -> bool:
    try:
        return path is not None and path.samefile(out)
    except OSError:
        return False
