"""Six short clips and a voice, drawn and sounded here and encoded with PyAV: the demo's footage."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import av
import numpy as np
from numpy.typing import NDArray

from ...runtime.errors import OutputError
from ...runtime.progress import Progress, silent
from ...runtime.rate import SAMPLE_RATE, Rate
from . import ambience, scenes
from .voice import babble

RATE = Rate(Fraction(24))
DIALOGUE = "dialogue.wav"
DIALOGUE_FRAMES = 240


@dataclass(frozen=True)
class DemoClip:
    """A file of footage; `frames` of it at `rate`."""

    name: str
    path: Path
    frames: int
    rate: Rate


@dataclass(frozen=True)
class _Take:
    file: str
    frames: int
    scene: Callable[[], scenes.Scene]
    sound: Callable[[float], ambience.Sound]


_TAKES = (
    _Take("dawn.mp4", 192, scenes.dawn, lambda s: ambience.wind(s, 1)),
    _Take("meadow.mp4", 168, scenes.meadow, lambda s: ambience.leaves(s, 2)),
    _Take("fair.mp4", 144, scenes.fair, lambda s: ambience.bustle(s, 3)),
    _Take("storm.mp4", 192, scenes.storm, lambda s: ambience.rain(s, 4, scenes.FLASHES)),
    _Take("train.mov", 144, scenes.train, lambda s: ambience.rails(s, 5)),
    _Take("sea.mp4", 192, scenes.sea, lambda s: ambience.waves(s, 6)),
)


def make_film(folder: Path, progress: Progress = silent) -> list[DemoClip]:
    """Write the clips, 640x360 at 24 frames a second, and DIALOGUE, DIALOGUE_FRAMES long, into `folder`.

    All of them or none; the same files every time.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".film-", dir=folder) as unfinished:
            _make(Path(unfinished), progress)
            for file in (*(take.file for take in _TAKES), DIALOGUE):
                Path(unfinished, file).replace(folder / file)
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"{folder}: the demo's clips cannot be written: {error.strerror or error}") from None
    return [DemoClip(Path(take.file).stem, folder / take.file, take.frames, RATE) for take in _TAKES]


def _make(folder: Path, progress: Progress) -> None:
    total = sum(take.frames for take in _TAKES)
    stop = Event()
    progress(0.0, "filming")
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(2))
        stack.callback(stop.set)  # before the pool waits for its clips
        jobs = {pool.submit(_film, take, folder / take.file, stop): take for take in _TAKES}
        _write_dialogue(folder / DIALOGUE)
        done = 0
        for job in as_completed(jobs):
            job.result()
            done += jobs[job].frames
            progress(done / total, f"filmed {Path(jobs[job].file).stem}")


def _film(take: _Take, path: Path, stop: Event) -> None:
    movie = path.suffix == ".mov"
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libx264" if "libx264" in av.codecs_available else "mpeg4",
            rate=RATE.fps,
            options={"preset": "superfast", "crf": "22", "g": "48"},
        )
        video.width, video.height, video.pix_fmt = scenes.WIDTH, scenes.HEIGHT, "yuv420p"
        video.codec_context.thread_count = 2  # the same bytes on any machine
        audio = container.add_stream(
            "pcm_s16le" if movie else "aac",
            rate=SAMPLE_RATE,
            layout="stereo",
            options={} if movie else {"b": "160k", "aac_coder": "fast"},
        )
        sound = take.sound(float(RATE.seconds(take.frames)))
        for number, picture in enumerate(_pictures(take)):
            if stop.is_set():
                return
            picture.pts, picture.time_base = number, 1 / RATE.fps
            container.mux(video.encode(picture))
            if number % RATE.nominal == 0:
                first, last = RATE.samples(number), RATE.samples(min(number + RATE.nominal, take.frames))
                container.mux(audio.encode(_audio(sound[:, first:last], first, "s16" if movie else "fltp")))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _pictures(take: _Take) -> Iterator[av.VideoFrame]:
    draw = take.scene()
    for number in range(take.frames):
        yield av.VideoFrame.from_ndarray(_yuv420(draw(number / float(RATE.fps))), "yuv420p")


def _yuv420(picture: scenes.Picture) -> NDArray[np.uint8]:
    """(1.5 x HEIGHT, WIDTH), BT.601 in video range: whole numbers are ten times as fast as FFmpeg's way from RGB."""
    red, green, blue = picture.astype(np.uint16)
    out = np.empty((scenes.HEIGHT * 3 // 2, scenes.WIDTH), np.uint8)
    out[: scenes.HEIGHT] = ((66 * red + 129 * green + 25 * blue + 128) >> 8) + 16
    red, green, blue = (
        ((c[::2, ::2] + c[1::2, ::2] + c[::2, 1::2] + c[1::2, 1::2] + 2) >> 2).astype(np.int16)
        for c in (red, green, blue)
    )
    out[scenes.HEIGHT :].reshape(2, -1)[:] = [
        (((-38 * red - 74 * green + 112 * blue + 128) >> 8) + 128).ravel(),
        (((112 * red - 94 * green - 18 * blue + 128) >> 8) + 128).ravel(),
    ]
    return out


def _audio(sound: NDArray[np.float32], first: int, sample_format: str) -> av.AudioFrame:
    if sample_format == "s16":
        packed = (sound.T.reshape(1, -1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(packed, sample_format, "stereo")
    else:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), sample_format, "stereo")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, first, Fraction(1, SAMPLE_RATE)
    return frame


def _write_dialogue(path: Path) -> None:
    voice = babble(float(RATE.seconds(DIALOGUE_FRAMES)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((voice * 32767).astype("<i2").tobytes())
