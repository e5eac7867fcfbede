"""The demo's footage: real films, unlike each other, the same every time."""

from __future__ import annotations

import hashlib
import wave
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from hitpoint.plugin.demo import film, scenes
from hitpoint.plugin.demo.film import DIALOGUE, DIALOGUE_FRAMES, RATE, DemoClip, make_film
from hitpoint.plugin.demo.voice import babble
from hitpoint.runtime.errors import Cancelled, OutputError


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[DemoClip]:
    told: list[float] = []
    clips = make_film(tmp_path_factory.mktemp("film"), lambda part, words: told.append(part))
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)
    return clips


def _frames(clip: DemoClip) -> list[NDArray[np.float32]]:
    with av.open(str(clip.path)) as container:
        return [frame.reformat(160, 90, "rgb24").to_ndarray().astype(np.float32) for frame in container.decode(video=0)]


def test_every_clip_has_the_picture_that_it_promises(clips: list[DemoClip]) -> None:
    assert 4 <= len(clips) <= 6 and len({clip.name for clip in clips}) == len(clips)
    for clip in clips:
        assert 6 <= RATE.seconds(clip.frames) <= 10 and clip.rate == RATE
        with av.open(str(clip.path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
            assert (stream.width, stream.height, stream.average_rate) == (640, 360, 24)
            times = [Fraction(frame.pts) * stream.time_base for frame in container.decode(stream)]
        assert times == [n / RATE.fps for n in range(clip.frames)]


def test_every_clip_has_sound_of_its_own_length_that_leaves_room_for_music(clips: list[DemoClip]) -> None:
    for clip in clips:
        with av.open(str(clip.path)) as container:
            stream = container.streams.audio[0]
            sound = np.concatenate(
                [frame.to_ndarray().reshape(-1, 1).astype(np.float64) for frame in container.decode(stream)]
            )
            sound /= 32768 if stream.format.name == "s16" else 1
            assert (stream.rate, stream.channels) == (48_000, 2)
            assert float(stream.duration * stream.time_base) == pytest.approx(
                float(RATE.seconds(clip.frames)), abs=0.05
            )
        level = 20 * np.log10(np.sqrt(np.mean(sound**2)))
        assert -50 < level < -24, clip.name
        assert np.abs(sound).max() < 0.5


def test_the_clips_differ_in_colour_and_movement(clips: list[DemoClip]) -> None:
    looks, motion = {}, {}
    for clip in clips:
        frames = _frames(clip)
        looks[clip.name] = np.mean(frames, axis=(0, 1, 2))
        motion[clip.name] = float(np.mean([np.abs(a - b).mean() for a, b in pairwise(frames)]))
    for one, other in combinations(looks, 2):
        assert np.abs(looks[one] - looks[other]).max() > 15, (one, other)
    assert motion["fair"] > 3 * motion["dawn"] and motion["train"] > 3 * motion["meadow"]
    assert min(motion.values()) > 0.1  # nothing stands still


def test_the_storm_flashes_when_it_says(clips: list[DemoClip]) -> None:
    storm = next(clip for clip in clips if clip.name == "storm")
    light = np.array([frame.mean() for frame in _frames(storm)])
    leaps = {n for n in range(1, light.size) if light[n] - light[n - 1] > 25}
    assert leaps and leaps <= {round(flash * 24) for flash in scenes.FLASHES}
    assert len(leaps) >= len(scenes.FLASHES) - 2  # a second stroke right after the first adds little


def test_the_dialogue_has_words_and_pauses(clips: list[DemoClip]) -> None:
    with wave.open(str(clips[0].path.with_name(DIALOGUE))) as source:
        assert (source.getframerate(), source.getnchannels()) == (48_000, 1)
        assert source.getnframes() == RATE.samples(DIALOGUE_FRAMES)
        voice = np.frombuffer(source.readframes(source.getnframes()), "<i2") / 32768
    assert 0.3 < np.abs(voice).max() <= 0.5
    level = np.sqrt(np.mean(voice.reshape(-1, 480) ** 2, axis=1))  # every 10 ms
    assert 0.15 < float(np.mean(level < 0.003)) < 0.6  # pauses
    smooth = np.convolve(level, np.hanning(17) / np.hanning(17).sum(), "same")
    syllables = np.sum((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]) & (smooth[1:-1] > 0.02))
    assert 3.5 < syllables / (np.mean(level > 0.003) * 10) < 8.5  # a second of speech
    spectrum = np.abs(np.fft.rfft(voice)) ** 2
    frequency = np.fft.rfftfreq(voice.size, 1 / 48_000)
    assert spectrum[(frequency > 80) & (frequency < 4000)].sum() > 0.9 * spectrum.sum()


def test_the_same_voice_speaks_every_time() -> None:
    assert (babble(3) == babble(3)).all()
    assert not np.array_equal(babble(3), babble(3, seed=8))
    assert babble(0.1).shape == (4800,) and not babble(0.1).any()


def test_the_same_film_is_made_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "_TAKES", film._TAKES[3:5])

    def digests(folder: Path) -> dict[str, str]:
        make_film(folder)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}

    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_cancelled_film_leaves_no_files(tmp_path: Path) -> None:
    def stop(fraction: float, words: str) -> None:
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_film(tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        make_film(tmp_path / "file" / "film")
