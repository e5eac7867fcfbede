"""`hitpoint packs hear`: a sound through a codec and back, as somebody types it."""

from __future__ import annotations

import json
import subprocess
import sys
import wave

import av
import numpy as np
import pytest

from hitpoint.plugin.packing_hear import at_rate


def run(*arguments):
    command = [sys.executable, "-m", "hitpoint", "packs", "hear", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def save(path, sound, rate=48_000):
    steps = np.round(np.clip(sound, -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(steps.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(steps.tobytes())
    return path


def chord(samples, channels=2, rate=48_000):
    time = np.arange(samples) / rate
    tone = sum(np.sin(2 * np.pi * pitch * time) for pitch in (110, 220, 330)) * 0.1
    return np.stack([tone] * channels, 1)


def loudness(path):
    with wave.open(str(path)) as file:
        form = (file.getnframes(), file.getframerate(), file.getnchannels(), file.getsampwidth())
        raw = np.frombuffer(file.readframes(form[0]), np.uint8).reshape(-1, 3)
    steps = (np.pad(raw, ((0, 0), (1, 0))).reshape(-1).view("<i4") >> 8) / 2**23
    return form, float(np.sqrt(np.mean(steps**2)))


@pytest.mark.parametrize(
    ("samples", "channels", "rate"), [(60_001, 2, 48_000), (30_000, 1, 22_050), (40_000, 2, 44_100), (1, 1, 48_000)]
)
def test_what_comes_back_is_as_long_as_the_sound_and_about_as_loud(tmp_path, samples, channels, rate):
    song = save(tmp_path / "song.wav", chord(samples, channels, rate), rate)
    done = run("codec-mini", "--audio", song, "-o", tmp_path / "back.wav", "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (length, *form), level = loudness(tmp_path / "back.wav")
    assert form == [48_000, 2, 3] and abs(length - samples * 48_000 / rate) <= 40
    assert said["seconds"] == length / 48_000
    if samples > 1:
        assert abs(said["level"]) < 3 and said["convergence"] < 0.5 and said["log_mel"] < 20
        assert level == pytest.approx(np.sqrt(1.5) * 0.1, rel=0.3)


def test_a_person_reads_how_far_it_is_off_and_under_which_licence(tmp_path):
    song = save(tmp_path / "song.wav", chord(48_000))
    done = run("codec-mini", "--audio", song, "-o", tmp_path / "back.wav", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "dB of log-mel distance, spectral convergence" in done.stdout
    assert "licence: Apache License 2.0" in done.stdout
    assert f"wrote {tmp_path / 'back.wav'}: 1.0 s of" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("none.wav", None, 3, "cannot read"),
        ("text.wav", b"no sound at all", 3, "cannot read"),
    ],
)
def test_what_is_no_sound_is_told_in_one_line_and_nothing_is_written(tmp_path, name, content, status, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run("codec-mini", "--audio", tmp_path / name, "-o", tmp_path / "back.wav")
    assert done.returncode == status and words in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "back.wav").exists()


def test_a_sound_with_what_is_no_number_is_told_where(tmp_path):
    broken = chord(96_000).astype(np.float32)
    broken[60_000:] = np.nan
    with av.open(str(tmp_path / "nan.wav"), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(broken.reshape(1, -1), "flt", "stereo")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    done = run("codec-mini", "--audio", tmp_path / "nan.wav", "-o", tmp_path / "back.wav")
    assert done.returncode == 3 and "holds what is no number, near 1.0 s" in done.stderr
    assert not (tmp_path / "back.wav").exists()


def test_a_pack_without_a_codec_and_the_sound_itself_as_the_target_are_refused(tmp_path, packs):
    song = save(tmp_path / "song.wav", chord(9_000))
    before = song.read_bytes()
    other = packs.write(tmp_path / "other")
    done = run(other, "--audio", song, "-o", tmp_path / "back.wav")
    assert done.returncode == 5 and "holds no codec" in done.stderr
    done = run("codec-mini", "--audio", song, "-o", song)
    assert done.returncode == 2 and "is the sound itself" in done.stderr
    assert song.read_bytes() == before


def test_another_rate_and_back_leaves_a_tone_as_it_was():
    tone = chord(96_000).astype(np.float32)
    there = np.concatenate(list(at_rate([tone[:1000], tone[1000:]], 48_000, 44_100)))
    back = np.concatenate(list(at_rate([there], 44_100, 48_000)))
    assert abs(len(there) - 88_200) < 40 and abs(len(back) - 96_000) < 80
    assert np.abs(back[2000:90_000] - tone[2000:90_000]).max() < 5e-3
