"""The WAV that goes out, and any sound that comes in."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from hitpoint.runtime.errors import InputError, OutputError
from hitpoint.runtime.mix import wav
from hitpoint.runtime.mix.wav import WavWriter, duration_samples, on_grid, pcm24, read_blocks


def written(path: Path, *blocks: np.ndarray, time_reference: int | None = None) -> bytes:
    with WavWriter(path, time_reference=time_reference) as writer:
        for block in blocks:
            writer.write(block)
    return path.read_bytes()


def integers(path: Path) -> np.ndarray:
    """The samples as python's own reader finds them, (n, 2)."""
    with wave.open(str(path)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (2, 3, 48000)
        data = reader.readframes(reader.getnframes())
    values = [int.from_bytes(data[i : i + 3], "little", signed=True) for i in range(0, len(data), 3)]
    return np.array(values).reshape(-1, 2)


def stereo(mono: np.ndarray) -> np.ndarray:
    return np.stack([mono, mono], axis=1).astype(np.float32)


def encoded(path: Path, sound: np.ndarray, codec: str, rate: int, layout: str) -> None:
    """`sound` is (channels, n), encoded by FFmpeg."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for start in range(0, sound.shape[1], 1024):
            piece = np.ascontiguousarray(sound[:, start : start + 1024], np.float32)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_samples_are_rounded_to_the_nearest_step_and_clip_at_full_scale(tmp_path: Path) -> None:
    step = 2.0**-23
    values = np.array([0, 0.4, 0.6, -0.4, -0.6, 1000.4, -1000.6]) * step
    values = np.concatenate([values, [1.0, 1.5, 300.0, -1.0, -1.5, -300.0]])
    written(tmp_path / "a.wav", stereo(values))
    top, bottom = 2**23 - 1, -(2**23)
    expected = [0, 0, 1, 0, -1, 1000, -1001, top, top, top, bottom, bottom, bottom]
    assert integers(tmp_path / "a.wav")[:, 0].tolist() == expected


def test_left_and_right_stay_apart(tmp_path: Path) -> None:
    block = np.array([[0.5, -0.25], [0.125, 0.0]], np.float32)
    written(tmp_path / "a.wav", block)
    assert integers(tmp_path / "a.wav").tolist() == [[2**22, -(2**21)], [2**20, 0]]


def test_the_same_samples_in_other_blocks_give_the_same_bytes(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).uniform(-1.2, 1.2, (5000, 2)).astype(np.float32)
    whole = written(tmp_path / "a.wav", sound)
    pieces = written(tmp_path / "b.wav", sound[:1], sound[1:777], sound[777:777], sound[777:])
    assert whole == pieces


def test_the_grid_is_what_the_file_holds(tmp_path: Path) -> None:
    sound = np.random.default_rng(2).uniform(-1.2, 1.2, (3000, 2)).astype(np.float32)
    written(tmp_path / "a.wav", sound)
    assert (on_grid(sound) * 2.0**23 == integers(tmp_path / "a.wav")).all()
    assert pcm24(on_grid(sound)) == pcm24(sound)


def test_there_is_no_start_timecode_unless_asked_for(tmp_path: Path) -> None:
    assert b"bext" not in written(tmp_path / "a.wav", np.zeros((9, 2), np.float32))


def test_a_time_reference_is_read_back_by_ffmpeg(tmp_path: Path) -> None:
    data = written(tmp_path / "a.wav", np.zeros((9, 2), np.float32), time_reference=86_400 * 48_000 + 7)
    at = data.index(b"bext")
    assert struct.unpack("<I", data[at + 4 : at + 8]) == (602,)
    with av.open(str(tmp_path / "a.wav")) as container:
        assert int(container.metadata["time_reference"]) == 86_400 * 48_000 + 7
    assert len(integers(tmp_path / "a.wav")) == 9


def test_sizes_in_the_header_are_the_sizes_of_the_file(tmp_path: Path) -> None:
    data = written(tmp_path / "a.wav", np.zeros((1001, 2), np.float32))
    assert struct.unpack("<I", data[4:8]) == (len(data) - 8,)
    at = data.index(b"data")
    assert struct.unpack("<I", data[at + 4 : at + 8]) == (1001 * 6,)
    assert len(data) == at + 8 + 1001 * 6


def test_a_file_above_four_gigabytes_becomes_rf64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "RIFF_LIMIT", 20_000)  # as if 20 kB were 4 GiB
    sound = np.full((5000, 2), 0.25, np.float32)
    data = written(tmp_path / "a.wav", sound)
    assert data[:4] == b"RF64"
    assert data[12:16] == b"ds64"
    riff, size, samples = struct.unpack("<QQQ", data[20:44])
    assert (riff, size, samples) == (len(data) - 8, 30_000, 5000)


def test_a_real_rf64_is_as_long_for_ffmpeg_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    samples = 800_000_000  # 4.8 GB, of which the disk holds only the header
    writer = WavWriter(path)
    writer.samples = samples
    writer.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + samples * 6)
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.duration * stream.time_base == pytest.approx(samples / 48000, abs=1e-6)


def test_our_own_file_comes_back_sample_for_sample(tmp_path: Path) -> None:
    sound = on_grid(np.random.default_rng(3).uniform(-1, 1, (100_001, 2)).astype(np.float32))
    written(tmp_path / "a.wav", sound)
    blocks = list(read_blocks(tmp_path / "a.wav"))
    assert (np.concatenate(blocks) == sound).all()
    assert max(len(block) for block in blocks) <= 48_000
    assert duration_samples(tmp_path / "a.wav") == 100_001


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 44100, "mono"),
        ("a.wav", "pcm_f32le", 96000, "stereo"),
        ("a.flac", "flac", 48000, "stereo"),
        ("a.m4a", "aac", 48000, "stereo"),
        ("a.mp3", "libmp3lame", 44100, "stereo"),
        ("a.ogg", "libopus", 48000, "mono"),
    ],
)
def test_any_sound_is_read_at_48_khz_with_its_click_in_place(
    tmp_path: Path, name: str, codec: str, rate: int, layout: str
) -> None:
    at = np.arange(2 * rate) / rate
    sound = np.where((at >= 1.25) & (at < 1.26), np.sin(2 * np.pi * 3000 * at), 0) * 0.5
    encoded(tmp_path / name, np.stack([sound] * (2 if layout == "stereo" else 1)), codec, rate, layout)
    read = np.concatenate(list(read_blocks(tmp_path / name)))
    assert read.dtype == np.float32
    assert read.shape[1] == 2
    assert abs(len(read) - 96_000) <= 2400  # codecs pad at the end
    loud = np.flatnonzero(np.abs(read[:, 0]) > 0.15)
    assert loud[0] / 48000 == pytest.approx(1.25, abs=0.002)
    assert np.abs(read).max() == pytest.approx(0.5, abs=0.12)
    assert np.allclose(read[:, 0], read[:, 1], atol=0.01)


def test_sound_that_starts_late_in_a_movie_stays_late(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=25)
        picture.width = picture.height = 64
        voice = container.add_stream("pcm_s16le", rate=48000, layout="stereo")
        for index in range(50):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            frame.pts = index
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(np.full((1, 48000), 9000, np.int16), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48000, 24000
        container.mux(voice.encode(frame))
        container.mux(voice.encode(None))
    read = np.concatenate(list(read_blocks(path)))
    assert np.flatnonzero(read[:, 0])[0] == 24_000


@pytest.mark.parametrize("name", ["notes.txt", "notes.wav", "notes.mp3", "notes.m4a"])
def test_a_text_file_is_no_sound(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("FADE IN:\nINT. KITCHEN - DAY\n" * 400)
    with pytest.raises(InputError, match=name) as caught:
        list(read_blocks(tmp_path / name))
    assert "\n" not in str(caught.value)
    assert caught.value.status == 3


@pytest.mark.parametrize("name", ["absent.wav", "folder", "empty.wav"])
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.wav").touch()
    with pytest.raises(InputError, match=name):
        list(read_blocks(tmp_path / name))


def test_a_movie_without_sound_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=25)
        picture.width = picture.height = 64
        container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(picture.encode(None))
    with pytest.raises(InputError, match="no sound"):
        list(read_blocks(path))


def test_a_wav_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = written(tmp_path / "a.wav", np.full((9000, 2), 0.5, np.float32))
    (tmp_path / "b.wav").write_bytes(data[: len(data) - 6 * 4000])
    assert duration_samples(tmp_path / "b.wav") == 5000


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OutputError, match="/dev/full: the disk is full"), WavWriter(Path("/dev/full")) as writer:
        writer.write(np.zeros((100_000, 2), np.float32))
