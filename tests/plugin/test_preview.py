"""The preview shows the very frame that the edit asks for; the films here carry their frame numbers as bars."""

from __future__ import annotations

import subprocess
import sys
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from hitpoint.plugin import preview as module
from hitpoint.plugin.footage import Footage, planes
from hitpoint.plugin.preview import PreviewResult, card, render_preview, soft_clip
from hitpoint.runtime.edit import AudioTrack, Edit, Shot, Source
from hitpoint.runtime.errors import Cancelled, InputError, OutputError, UsageError
from hitpoint.runtime.rate import Rate

WIDTH, HEIGHT, BITS = 192, 96, 12
BLACK, CARD = -1, -2
GROUPS = {"libx264": {"bf": "3", "g": "24"}, "mpeg4": {"bf": "2", "g": "24"}}


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    for bit in range(BITS):
        picture[:height, bit * width // BITS : (bit + 1) * width // BITS] = 200 if number >> bit & 1 else 60
    return picture


def number_of(light: NDArray[np.uint8]) -> int:
    if np.abs(light.astype(float) - planes(card(light.shape[1], HEIGHT))[0]).mean() < 2:
        return CARD
    middle = light[HEIGHT // 4 : HEIGHT * 3 // 4].mean(axis=0).reshape(BITS, -1).mean(axis=1)
    if middle.max() < 30:
        return BLACK
    return sum(1 << bit for bit in range(BITS) if middle[bit] > 130)


def film(
    path: Path, frames: int, rate: str | int = 24, *, codec: str = "libx264", first: int = 0, **options: str
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate), options={**GROUPS.get(codec, {}), **options})
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le"}.get(codec, "yuv420p")
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered(number), "yuv420p").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = first + number, 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def piece(start: int, end: int, media: Path | str | None, at: str | int | Fraction = 0, speed: str | int = 1) -> Shot:
    name = None if media is None else str(media)
    return Shot(start, end, "shot", name, True, (Source(start, end, name, Fraction(at), Fraction(speed)),))


def edit_of(frames: int, *shots: Shot, rate: str | int = 24, sound: tuple[Shot, ...] = ()) -> Edit:
    return Edit(
        "cut",
        Rate(Fraction(rate)),
        frames,
        shots=shots,
        audio_tracks=(AudioTrack("A1", sound),) if sound else (),
    )


def shown(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [number_of(planes(frame.to_ndarray())[0]) for frame in container.decode(video=0)]


def previewed(edit: Edit, tmp_path: Path, music: Path | None = None) -> tuple[list[int], PreviewResult]:
    result = render_preview(edit, music, tmp_path / "out.mp4", height=HEIGHT)
    numbers = shown(result.path)
    assert len(numbers) == edit.frames == result.frames
    return numbers, result


CONTAINERS = {
    "mp4 with B-frames": ("a.mp4", {}),
    "mov of intra frames": ("a.mov", {"codec": "prores_ks"}),
    "matroska, whose ticks are milliseconds": ("a.mkv", {}),
    "transport stream, whose time starts late": ("a.ts", {}),
    "avi": ("a.avi", {"codec": "mpeg4"}),
    "mjpeg": ("a.avi", {"codec": "mjpeg"}),
    "open groups of pictures": ("a.mp4", {"x264-params": "open-gop=1:keyint=24:bframes=3"}),
    "one key frame only": ("a.mp4", {"g": "1000"}),
    "a film that starts at ten seconds": ("a.mp4", {"first": 240}),
}


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("rate", ["24000/1001", "25"])
def test_every_frame_of_the_edit_shows_the_frame_it_asks_for(kind: str, rate: str, tmp_path: Path) -> None:
    name, options = CONTAINERS[kind]
    media = film(tmp_path / name, 150, rate, **options)
    fps = Fraction(rate)
    shots = [
        piece(0, 20, media, 100 / fps),
        piece(20, 45, media, 3 / fps),
        piece(45, 60, media, 71 / fps),
        piece(60, 70, media, 25 / fps, -1),
        piece(70, 100, media, 120 / fps),
    ]
    numbers, result = previewed(edit_of(100, *shots, rate=rate), tmp_path)
    assert numbers == [*range(100, 120), *range(3, 28), *range(71, 86), *range(25, 15, -1), *range(120, 150)]
    assert result.warnings == ()


def test_frames_asked_for_in_any_order_are_the_right_ones(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 200, 30)
    order = np.random.default_rng(1).permutation(200)
    footage = Footage(media, WIDTH, HEIGHT)
    for number in map(int, order):
        image = footage.picture(Fraction(number, 30))
        assert image is not None and number_of(planes(image)[0]) == number
    footage.close()


@pytest.mark.parametrize(("speed", "at"), [("2", 10), ("1/2", 10), ("-1", 99), ("-2", 99), ("-1/3", 60), ("0", 42)])
def test_speed_and_direction_are_exact(speed: str, at: int, tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 120)
    numbers, _ = previewed(edit_of(40, piece(0, 40, media, Fraction(at, 24), speed)), tmp_path)
    assert numbers == [int(at + n * Fraction(speed) // 1) for n in range(40)]


def test_a_long_stretch_backwards_needs_few_seeks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = film(tmp_path / "a.mp4", 480, g="60")
    with av.open(str(media)) as container:
        groups = sum(frame.key_frame for frame in container.decode(video=0))
    seeks: list[Fraction] = []
    real = Footage._seek
    monkeypatch.setattr(Footage, "_seek", lambda self, moment: seeks.append(moment) or real(self, moment))
    numbers, _ = previewed(edit_of(480, piece(0, 480, media, Fraction(479, 24), -1)), tmp_path)
    assert numbers == list(range(479, -1, -1))
    assert len(seeks) <= groups + 1


def test_playing_on_after_a_cut_in_the_same_film_seeks_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = film(tmp_path / "a.mp4", 120)
    monkeypatch.setattr(Footage, "_seek", lambda self, moment: pytest.fail("sought"))
    numbers, _ = previewed(edit_of(60, piece(0, 30, media), piece(30, 60, media, Fraction(40, 24))), tmp_path)
    assert numbers == [*range(30), *range(40, 70)]


def test_a_film_of_another_rate_shows_what_lasts_at_that_moment(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 100, 30)
    numbers, _ = previewed(edit_of(48, piece(0, 48, media), rate="24"), tmp_path)
    assert numbers == [n * 30 // 24 for n in range(48)]


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "25", "60", "12"])
def test_the_preview_has_the_edits_exact_rate_and_length(rate: str, tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 10)
    result = render_preview(edit_of(77, piece(0, 70, media), rate=rate), None, tmp_path / "out.mp4", height=HEIGHT)
    with av.open(str(result.path)) as container:
        stream = container.streams.video[0]
        times = [Fraction(frame.pts) * stream.time_base for frame in container.decode(stream)]
        assert times == [n / Fraction(rate) for n in range(77)]
        assert stream.duration * stream.time_base == 77 / Fraction(rate)


def test_where_no_picture_is_the_preview_is_black(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 30)
    numbers, _ = previewed(edit_of(30, piece(5, 10, media), piece(20, 25, media, Fraction(7, 24))), tmp_path)
    assert numbers == [BLACK] * 5 + [*range(5)] + [BLACK] * 10 + [*range(7, 12)] + [BLACK] * 5


def test_a_still_is_shown_for_as_long_as_the_edit_holds_it(tmp_path: Path) -> None:
    still = tmp_path / "100%04d.png"  # a name that FFmpeg would take for a sequence
    with av.open(str(tmp_path / "x.png"), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(77), "yuv420p").reformat(format="rgb24")))
        container.mux(stream.encode(None))
    (tmp_path / "x.png").rename(still)
    numbers, result = previewed(edit_of(90, piece(0, 60, still), piece(60, 90, still, 3, -1)), tmp_path)
    assert numbers == [77] * 90 and result.warnings == ()


def test_missing_media_and_unknown_picture_become_a_card(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 30)
    title = Shot(20, 25, "title")
    shots = (piece(0, 10, media), piece(10, 20, tmp_path / "gone.mov"), title, piece(25, 30, None))
    numbers, result = previewed(edit_of(30, *shots), tmp_path)
    assert numbers == [*range(10)] + [CARD] * 20
    assert len(result.warnings) == 1 and "gone.mov" in result.warnings[0] and "not found" in result.warnings[0]


def test_many_missing_media_make_a_short_list(tmp_path: Path) -> None:
    shots = tuple(piece(n, n + 1, tmp_path / f"{n}.mov") for n in range(30))
    _, result = previewed(edit_of(30, *shots), tmp_path)
    assert len(result.warnings) == 6 and "25 more" in result.warnings[-1]


@pytest.mark.parametrize("content", [b"", b"this is a text, not a film\n" * 50, bytes(range(256)) * 40])
def test_a_file_that_is_no_film_becomes_a_card(content: bytes, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    sound = (piece(0, 10, broken),)
    numbers, result = previewed(edit_of(10, piece(0, 10, broken), sound=sound), tmp_path)
    assert numbers == [CARD] * 10
    assert result.warnings and all("broken.mp4" in line and "\n" not in line for line in result.warnings)


def test_a_film_that_breaks_off_shows_what_is_there_and_a_card_after(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mp4", 240, movflags="+faststart")
    with av.open(str(whole), "r") as source, av.open(str(tmp_path / "index first.mp4"), "w",
                                                     options={"movflags": "faststart"}) as target:  # fmt: skip
        copy = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    cut = tmp_path / "cut off.mp4"
    data = (tmp_path / "index first.mp4").read_bytes()
    cut.write_bytes(data[: len(data) * 6 // 10])
    numbers, result = previewed(edit_of(240, piece(0, 240, cut)), tmp_path)
    assert numbers[:48] == [*range(48)]
    assert numbers[-48:] == [CARD] * 48
    assert any("cut off.mp4" in line and "damaged" in line for line in result.warnings)


def test_noise_in_the_middle_of_a_film_never_ends_the_preview(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 240)
    data = bytearray(media.read_bytes())
    data[len(data) // 3 : len(data) // 2] = np.random.default_rng(3).bytes(len(data) // 2 - len(data) // 3)
    media.write_bytes(data)
    shots = (piece(0, 240, media), piece(240, 300, media, 7, -1))
    numbers, _ = previewed(edit_of(300, *shots), tmp_path)
    assert numbers[:24] == [*range(24)]


def test_a_film_shorter_than_its_shot_holds_its_last_frame_and_says_so(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 20)
    numbers, result = previewed(edit_of(30, piece(0, 30, media)), tmp_path)
    assert numbers == [*range(20)] + [19] * 10
    assert len(result.warnings) == 1 and "ends before" in result.warnings[0]


def test_a_playlist_that_names_other_files_is_not_followed(tmp_path: Path) -> None:
    media = film(tmp_path / "a.ts", 20)
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    numbers, _ = previewed(edit_of(10, piece(0, 5, playlist), piece(5, 10, media)), tmp_path)
    assert numbers[:5] == [CARD] * 5


def _sized(path: Path, width: int, height: int, *, turned: int = 0, shape: Fraction | None = None) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        if turned:
            stream.set_display_rotation(turned)
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:height] = 100
        picture[: height // 2, : width // 2] = 220  # bright at the top left
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _light(path: Path, width: int, height: int) -> NDArray[np.uint8]:
    image = Footage(path, width, height).picture(Fraction(0))
    assert image is not None
    return planes(image)[0]


def test_a_narrow_picture_stands_between_black_bars(tmp_path: Path) -> None:
    light = _light(_sized(tmp_path / "a.mp4", 96, 96), 192, 96)
    assert (light[:, :46] < 20).all() and (light[:, -46:] < 20).all() and (light[:, 52:140] > 90).all()


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    path = _sized(tmp_path / "a.mp4", 96, 96, shape=Fraction(2))
    assert (_light(path, 192, 96) > 90).all()
    assert Footage(path, 192, 96).aspect == 2


@pytest.mark.parametrize(("turned", "corner"), [(90, (0.75, 0.25)), (-90, (0.25, 0.75)), (180, (0.75, 0.75))])
def test_a_turned_film_stands_upright(turned: int, corner: tuple[float, float], tmp_path: Path) -> None:
    # FFmpeg counts a display rotation counterclockwise: the top left goes to the bottom left at 90.
    light = _light(_sized(tmp_path / "a.mp4", 96, 96, turned=turned), 96, 96)
    for row in (0.25, 0.75):
        for column in (0.25, 0.75):
            assert (light[int(96 * row), int(96 * column)] > 180) == ((row, column) == corner)


def test_the_preview_takes_the_shape_of_the_film(tmp_path: Path) -> None:
    media = _sized(tmp_path / "a.mp4", 108, 192)
    result = render_preview(edit_of(5, piece(0, 5, media)), None, tmp_path / "out.mp4", height=128)
    with av.open(str(result.path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (72, 128)


def wav(path: Path, sound: NDArray[np.float64], rate: int = 48_000) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(sound.shape[0])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((sound.T.reshape(-1) * 32767).astype("<i2").tobytes())
    return path


def tone(seconds: float, pitch: float, level: float, rate: int = 48_000) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)[None]


def heard(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels) == (48_000, 2)
        frames = list(container.decode(stream))
        start = round(float(frames[0].time) * 48_000)
        sound = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        return sound[:, -start:] if start < 0 else np.pad(sound, ((0, 0), (start, 0)))


def level_at(sound: NDArray[np.float32], seconds: float, pitch: float) -> float:
    """How strong a sine of this pitch is in the quarter second around a moment."""
    middle = round(seconds * 48_000)
    part = sound[0, middle - 6000 : middle + 6000]
    wheel = np.exp(-2j * np.pi * pitch * np.arange(part.size) / 48_000)
    return float(2 * abs(np.mean(part * wheel)))


def test_the_score_is_heard_at_its_own_level_and_on_its_sample(tmp_path: Path) -> None:
    music = np.zeros((2, 96_000))
    music[:, 48_000:48_200] = 0.8 * np.hanning(200)
    result = render_preview(edit_of(48), wav(tmp_path / "m.wav", music), tmp_path / "out.mp4", height=HEIGHT)
    sound = heard(result.path)
    assert abs(int(np.abs(sound[0]).argmax()) - 48_100) < 24
    assert 0.6 < float(np.abs(sound).max()) < 1.0


def test_the_edits_own_sound_lies_under_the_score_where_its_clips_are(tmp_path: Path) -> None:
    voice = wav(tmp_path / "v.wav", np.concatenate([tone(1, 400, 0.5, 44_100), tone(3, 900, 0.5, 44_100)], 1), 44_100)
    music = wav(tmp_path / "m.wav", np.repeat(tone(4, 250, 0.25), 2, 0))
    edit = edit_of(96, sound=(piece(24, 48, voice, 1), piece(72, 96, voice, 0)))
    sound = heard(render_preview(edit, music, tmp_path / "out.mp4", height=HEIGHT).path)
    for second in (0.5, 1.5, 2.5, 3.5):
        assert level_at(sound, second, 250) == pytest.approx(0.25, rel=0.06)
    assert [round(level_at(sound, s, 900) / (0.5 * module.OWN_SOUND), 1) for s in (0.5, 1.5, 2.5, 3.5)] == [0, 1, 0, 0]
    assert [round(level_at(sound, s, 400) / (0.5 * module.OWN_SOUND), 1) for s in (0.5, 1.5, 2.5, 3.5)] == [0, 0, 0, 1]


@pytest.mark.parametrize(("speed", "at", "pitch"), [("2", 0, 800), ("1/2", 0, 200), ("-1", 3, 400), ("0", 1, None)])
def test_sound_follows_the_speed_of_its_clip(speed: str, at: int, pitch: int | None, tmp_path: Path) -> None:
    voice = wav(tmp_path / "v.wav", tone(5, 400, 0.5))
    edit = edit_of(48, sound=(piece(0, 48, voice, at, speed),))
    sound = heard(render_preview(edit, None, tmp_path / "out.mp4", height=HEIGHT).path)
    for candidate in (200, 400, 800):
        level = level_at(sound, 1.0, candidate)
        assert level > 0.25 if candidate == pitch else level < 0.02


def test_sound_of_a_film_is_in_step_with_its_picture(tmp_path: Path) -> None:
    path = tmp_path / "av.mp4"
    click = np.zeros((2, 48_000 * 12), np.float32)
    click[:, 48_000 * 9 : 48_000 * 9 + 100] = 0.8 * np.hanning(100)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=24, options={"bf": "3"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="stereo")
        for number in range(12 * 24):
            frame = av.VideoFrame.from_ndarray(numbered(number), "yuv420p")
            frame.pts = number
            container.mux(video.encode(frame))
            if number % 24 == 0:
                part = av.AudioFrame.from_ndarray(np.ascontiguousarray(click[:, number * 2000 :][:, :48_000]), "fltp")
                part.sample_rate, part.pts = 48_000, number * 2000
                container.mux(audio.encode(part))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    edit = edit_of(72, piece(0, 72, path, 8), sound=(piece(0, 72, path, 8),))
    result = render_preview(edit, None, tmp_path / "out.mp4", height=HEIGHT)
    assert shown(result.path)[24] == 9 * 24
    assert abs(int(np.abs(heard(result.path)[0]).argmax()) - 48_050) < 24


def test_a_loud_sum_is_bent_and_a_quiet_one_left_alone() -> None:
    quiet = np.linspace(-0.9, 0.9, 99, dtype=np.float32)[None]
    assert (soft_clip(quiet) == quiet).all()
    loud = soft_clip(np.linspace(-4, 4, 999, dtype=np.float32)[None])
    assert np.abs(loud).max() <= 1 and (np.diff(loud) >= 0).all()


def test_a_score_that_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.wav: no such file"):
        render_preview(edit_of(10), tmp_path / "none.wav", tmp_path / "out.mp4")


def test_a_cancelled_preview_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_text("an older preview")
    media = film(tmp_path / "a.mp4", 30)

    def stop(fraction: float, words: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        render_preview(edit_of(30, piece(0, 30, media)), None, out, height=HEIGHT, progress=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "out.mp4"]
    assert out.read_text() == "an older preview"


def test_progress_runs_from_nothing_to_the_whole(tmp_path: Path) -> None:
    told: list[float] = []
    edit = edit_of(60)
    render_preview(edit, None, tmp_path / "out.mp4", height=HEIGHT, progress=lambda part, words: told.append(part))
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)


def test_a_folder_that_does_not_exist_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out\.mp4: the preview cannot be written: no such file"):
        render_preview(edit_of(10), None, tmp_path / "none" / "out.mp4")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    code = f"""
import resource, signal
from fractions import Fraction
from pathlib import Path
from hitpoint.plugin.preview import render_preview
from hitpoint.runtime.edit import Edit
from hitpoint.runtime.errors import OutputError
from hitpoint.runtime.rate import Rate
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    render_preview(Edit("x", Rate(Fraction(24)), 2000), None, Path({str(tmp_path / "out.mp4")!r}))
except OutputError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "cannot be written" in run.stdout and run.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_medium_of_the_edit_is_never_overwritten(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 10)
    before = media.read_bytes()
    with pytest.raises(UsageError, match=r"a\.mp4"):
        render_preview(edit_of(10, piece(0, 10, media)), None, media)
    assert media.read_bytes() == before


def test_an_edit_without_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no length"):
        render_preview(replace(edit_of(1), frames=0), None, tmp_path / "out.mp4")


def test_media_are_found_the_way_the_caller_finds_them(tmp_path: Path) -> None:
    media = film(tmp_path / "a.mp4", 10)
    edit = edit_of(10, piece(0, 10, "media/a.mov"))
    result = render_preview(edit, None, tmp_path / "out.mp4", height=HEIGHT, find=lambda name: media)
    assert shown(result.path) == [*range(10)]


def test_only_a_few_media_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = [film(tmp_path / f"{n}.mp4", 4) for n in range(12)]
    count, most = 0, 0
    real_init, real_close = Footage.__init__, Footage.close

    def opened(self: Footage, *rest: object) -> None:
        nonlocal count, most
        real_init(self, *rest)  # type: ignore[arg-type]
        count += 1
        most = max(most, count)

    def closed(self: Footage) -> None:
        nonlocal count
        count -= 1
        real_close(self)

    monkeypatch.setattr(Footage, "__init__", opened)
    monkeypatch.setattr(Footage, "close", closed)
    previewed(edit_of(48, *(piece(4 * n, 4 * n + 4, path) for n, path in enumerate(media))), tmp_path)
    assert most <= module.OPEN_MEDIA and count == 0
