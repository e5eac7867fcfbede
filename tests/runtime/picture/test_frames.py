"""The frames of a medium are found by their own times, whatever the medium is and whatever is wrong with it."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.picture.frames import Frames, Numbered, is_sequence, numbered, open_frames, show
from hitpoint.runtime.picture.media import Unreadable

WIDTH, HEIGHT, BITS = 160, 64, 8


def numbered_picture(number):
    picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            picture[:, bit * WIDTH // BITS : (bit + 1) * WIDTH // BITS] = 210
    return picture


def number_of(picture):
    bars = picture.mean(axis=(0, 2)).reshape(BITS, -1).mean(axis=1)
    return sum(1 << bit for bit in range(BITS) if bars[bit] > 125)


def film(path, times, codec="libx264", clock=Fraction(1, 24000), picture=numbered_picture, **options):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        stream.codec_context.time_base = clock
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number), "rgb24").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = round(time / clock), clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def steady(count, fps=24):
    return [Fraction(n, fps) for n in range(count)]


def save_png(path, picture):
    def block(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = picture.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(block(*part) for part in parts))
    return path


def seen(source, moments):
    """The frame numbers shown at moments; the small picture is as wide as its bars need."""
    return [None if shown is None else number_of(shown.picture) for shown in show(source, moments, WIDTH)]


def test_each_moment_shows_the_frame_whose_time_has_come(tmp_path):
    frames = Frames(film(tmp_path / "a.mp4", steady(120), bf="3", g="24"))
    moments = [Fraction(n, 10) for n in range(50)]
    assert seen(frames, moments) == [int(moment * 24) for moment in moments]


def test_a_film_of_variable_rate_is_read_by_its_time_stamps(tmp_path):
    times = [Fraction(n, 60) for n in range(30)] + [Fraction(1, 2) + Fraction(n, 7) for n in range(10)]
    frames = Frames(film(tmp_path / "a.mkv", times, bf="2"))
    moments = [Fraction(n, 20) + Fraction(1, 100) for n in range(36)]
    assert seen(frames, moments) == [max(n for n, time in enumerate(times) if time <= moment) for moment in moments]


def test_a_far_moment_is_sought_and_a_near_one_is_not(tmp_path, monkeypatch):
    frames = Frames(film(tmp_path / "a.mp4", steady(240), bf="3", g="24"))
    sought = []
    real = Frames._seek
    monkeypatch.setattr(Frames, "_seek", lambda self, moment: sought.append(moment) or real(self, moment))
    assert seen(frames, [Fraction(1), Fraction(2), Fraction(8)]) == [24, 48, 192]
    assert len(sought) == 1


@pytest.mark.parametrize(("codec", "name", "options"), [
    ("libx264", "a.mp4", {"bf": "3", "b-pyramid": "normal", "b_strategy": "0", "g": "48", "sc_threshold": "0"}),
    ("prores_ks", "a.mov", {}),
])  # fmt: skip
def test_a_thin_film_leaves_out_frames_but_never_lies_about_their_times(codec, name, options, tmp_path):
    path = film(tmp_path / name, steady(192), codec, **options)
    thin, full = Frames(path, thin=True), Frames(path)
    assert thin.is_thin
    moments = [Fraction(n, 24) for n in range(190)]
    shown = list(show(thin, moments, WIDTH))
    assert len({one.time for one in shown}) < 0.7 * len(moments)
    for moment, one in zip(moments, shown, strict=True):
        assert number_of(one.picture) == round(one.time * 24)
        assert moment - Fraction(1, 10) < one.time <= moment + Fraction(1, 1000)
    assert seen(full, moments) == list(range(190))


def test_a_film_without_frames_to_spare_is_not_made_thin(tmp_path):
    assert not Frames(film(tmp_path / "a.mp4", steady(120), bf="0"), thin=True).is_thin
    sparse = film(tmp_path / "b.mp4", steady(60, 12), bf="3", b_strategy="0")
    assert not Frames(sparse, thin=True).is_thin


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_packets_and_the_decoder_agree_on_which_frames_are_spare(name, tmp_path, monkeypatch):
    path = film(tmp_path / name, steady(120), **{"b-pyramid": "normal", "b_strategy": "0", "bf": "3", "g": "48"})
    told = Frames(path)._needed()
    assert (told == []) == (name == "a.ts")
    left = Frames(path)._decoded()
    assert len(left) > 10
    assert not told or [time for time in told if time in left] == left
    monkeypatch.setattr(Frames, "_needed", lambda _: [])
    assert Frames(path, thin=True).is_thin


def test_another_reader_shows_the_same_from_wherever_it_begins(tmp_path):
    first = Frames(film(tmp_path / "a.mp4", steady(192), bf="3", g="48"))
    moments = [Fraction(n, 24) for n in range(100, 190)]
    assert first.may_begin_at(moments[0])
    other = first.another(1)
    assert seen(other, moments) == list(range(100, 190))
    assert seen(first, [Fraction(n, 24) for n in range(100)]) == list(range(100))
    assert not Frames(film(tmp_path / "a.avi", steady(96), "mpeg4")).may_begin_at(Fraction(2))


def test_a_run_through_gives_every_frame_once(tmp_path):
    frames = Frames(film(tmp_path / "a.mp4", steady(120), bf="3", g="24"))
    found = [frames.since(moment) for moment in frames.run(Fraction(30, 24) + Fraction(1, 100), Fraction(90, 24))]
    assert found == [Fraction(n, 24) for n in range(30, 90)]


def test_thin_frames_do_not_depend_on_where_reading_begins(tmp_path):
    path = film(tmp_path / "a.mov", steady(192), "prores_ks")
    whole = {shown.time for shown in show(Frames(path, thin=True), [Fraction(n, 24) for n in range(190)])}
    late = {shown.time for shown in show(Frames(path, thin=True), [Fraction(n, 24) for n in range(101, 190)])}
    assert {time for time in late if time > 5} == {time for time in whole if time > 5}


def test_pictures_are_small_upright_and_square(tmp_path):
    path = tmp_path / "a.mp4"
    film(path, steady(3))
    shown = next(show(Frames(path), [Fraction(0)], 80))
    assert shown.picture.shape == (32, 80, 3)

    turned = tmp_path / "turned.mp4"
    with av.open(str(path)) as old, av.open(str(turned), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.set_display_rotation(90) if hasattr(stream, "set_display_rotation") else pytest.skip("PyAV cannot turn")
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    shown = next(show(Frames(turned), [Fraction(0)], 80))
    assert shown.picture.shape == (80, 32, 3)


def test_a_still_stands_for_ever(tmp_path):
    frames = Frames(save_png(tmp_path / "a.png", numbered_picture(5)))
    assert seen(frames, [Fraction(0), Fraction(10), Fraction(7200)]) == [5, 5, 5]
    assert not frames.ended_early


@pytest.mark.parametrize("name", ["x.%04d.png", "x.[1001-1020].png"])
def test_numbered_stills_are_a_film(name, tmp_path):
    for number in range(20):
        save_png(tmp_path / f"x.{1001 + number}.png", numbered_picture(number))
    source = open_frames(tmp_path / name, rate=Fraction(25))
    assert seen(source, [Fraction(n, 10) for n in range(8)]) == [0, 2, 5, 7, 10, 12, 15, 17]
    assert seen(source, [Fraction(100)]) == [19]


def test_a_still_that_is_missing_holds_the_one_before_and_a_damaged_one_shows_nothing(tmp_path):
    for number in (1, 2, 4):
        save_png(tmp_path / f"x{number}.png", numbered_picture(number))
    (tmp_path / "x5.png").write_bytes(b"no picture")
    source = Numbered(tmp_path / "x%d.png", Fraction(10))
    assert seen(source, [Fraction(n, 10) for n in range(5)]) == [1, 2, 2, 4, None]
    assert source.damaged


def test_a_sequence_takes_only_its_own_numbers(tmp_path):
    for name in ("x.0001.png", "x.0002.png", "x.0009.png", "x.00003.png", "y.0001.png", "x.0004.jpg"):
        (tmp_path / name).touch()
    assert list(numbered(tmp_path / "x.[0001-0003].png")) == [1, 2]
    assert list(numbered(tmp_path / "x.%04d.png")) == [1, 2, 9]
    assert not is_sequence(tmp_path / "x.0001.png")


def test_a_song_with_a_cover_has_no_picture(tmp_path):
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(Unreadable, match="has no picture"):
        Frames(path)


def test_a_cut_off_film_shows_what_there_is_and_then_nothing(tmp_path):
    path = film(tmp_path / "a.mkv", steady(240), g="24", bf="2")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    shown = seen(Frames(path), [Fraction(n, 2) for n in range(20)])
    known = [number for number in shown if number is not None]
    assert 4 < len(known) < 16
    assert known[:4] == [0, 12, 24, 36]
    assert shown[-1] is None


@pytest.mark.parametrize("data", [b"", b"\0" * 5000, b"RIFF1234WAVE", b"hello, I am no film" * 100])
def test_what_is_no_film_is_said_to_be_unreadable(data, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    with pytest.raises(Unreadable):
        Frames(path)


def test_the_name_of_a_file_does_not_matter(tmp_path):
    path = film(tmp_path / "a.mp4", steady(48))
    wrong = path.rename(tmp_path / "a.txt")
    assert seen(Frames(wrong), [Fraction(1)]) == [24]


def test_frames_without_rising_stamps_follow_at_the_frame_rate(tmp_path):
    path = tmp_path / "a.avi"
    film(path, steady(48), "mjpeg")
    frames = Frames(path)
    packets = list(Frames(path)._container.demux(video=0))
    assert len(packets) > 40

    class Broken:
        def demux(self, stream):
            for packet in frames_of_old.demux(stream):
                if packet.pts is not None and packet.pts > 24:
                    packet.pts = packet.dts = 3
                yield packet

        def __getattr__(self, name):
            return getattr(frames_of_old, name)

    frames_of_old = frames._container
    frames._container.seek(0)
    frames._container = Broken()
    frames._begin()
    assert seen(frames, [Fraction(n, 24) for n in range(48)]) == list(range(48))
    assert frames.bad_times


def test_reading_stops_when_it_is_told_to(tmp_path):
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 60:
            raise Cancelled

    frames = Frames(film(tmp_path / "a.mp4", steady(240), bf="2", g="1000", sc_threshold="0"), check=check)
    with pytest.raises(Cancelled):
        frames.at(Fraction(9))
    assert len(calls) == 61


def test_a_missing_file_is_unreadable():
    with pytest.raises(Unreadable, match="no such file"):
        open_frames(Path("/nowhere/a.mp4"), rate=Fraction(24))
    with pytest.raises(Unreadable, match="not found"):
        open_frames(Path("/nowhere/a.%04d.png"), rate=Fraction(24))
