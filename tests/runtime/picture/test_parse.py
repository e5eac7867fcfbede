"""What an edit shows is seen as it is, at the edit's own time, whatever its media are and whatever is wrong with them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from hitpoint.runtime.edit import Cut, Edit, Shot, Source
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.picture import frames, strip, survey
from hitpoint.runtime.picture.beats import peaks, visual_beats
from hitpoint.runtime.picture.cache import Cache
from hitpoint.runtime.picture.frames import Frames
from hitpoint.runtime.picture.look import Curves, Look
from hitpoint.runtime.picture.parse import parse, parse_with_pictures
from hitpoint.runtime.picture.strip import from_jpeg, to_jpeg
from hitpoint.runtime.rate import Rate

SIZE = (72, 128)
ROWS, COLUMNS = np.mgrid[: SIZE[0], : SIZE[1]] / SIZE[1]


def plain(*colour):
    return np.full((*SIZE, 3), colour, np.uint8)


def grey(level):
    return plain(*[round(255 * level)] * 3)


def film(path, draw, times, codec="libx264", **options):
    """`draw` gives the picture at a time in seconds."""
    clock = Fraction(1, 120_000)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            codec, rate=24, options={"crf": "14", **options} if codec == "libx264" else options
        )
        stream.height, stream.width = SIZE
        stream.pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
        stream.codec_context.time_base = clock
        for at in times:
            frame = av.VideoFrame.from_ndarray(draw(float(at)), "rgb24").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = round(at / clock), clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def steady(seconds, fps=24):
    return [n / Fraction(fps) for n in range(round(seconds * Fraction(fps)))]


def shot(start, end, media, at=0, speed=1):
    name = None if media is None else str(media)
    return Shot(start, end, "shot", name, True, (Source(start, end, name, Fraction(at), Fraction(speed)),))


def edit_of(*shots, rate=24, frames=None):
    length = max((s.end for s in shots), default=0) if frames is None else frames
    cuts = tuple(Cut(s.start) for s in shots if s.start)
    return Edit("cut", Rate(Fraction(rate)), length, cuts=cuts, shots=shots)


def ramp(at):
    return grey(min(at / 5, 1))


@pytest.fixture(scope="module")
def ramp_film(tmp_path_factory):
    """Five seconds from black to white."""
    return film(tmp_path_factory.mktemp("ramp") / "ramp.mp4", ramp, steady(5), bf="2", g="24")


@pytest.fixture(scope="module")
def red_film(tmp_path_factory):
    return film(tmp_path_factory.mktemp("red") / "red.mp4", lambda _: plain(255, 0, 0), steady(3))


def test_a_red_film_is_red_and_does_not_move(red_film):
    seen = parse(edit_of(shot(0, 48, red_film)), cache=None)
    (look,) = seen.looks
    assert look.known
    assert look.light == pytest.approx(0.2126, abs=0.02)
    assert look.saturation == pytest.approx(1, abs=0.03)
    assert look.warmth == pytest.approx(1, abs=0.03)
    assert look.contrast == pytest.approx(0, abs=0.01)
    assert look.motion == pytest.approx(0, abs=0.01)
    (swatch,) = look.palette
    assert (swatch.red, swatch.green, swatch.blue) == pytest.approx((255, 0, 0), abs=6)
    assert seen.beats == ()
    assert seen.warnings == ()


def test_light_follows_a_ramp(ramp_film):
    seen = parse(edit_of(shot(0, 115, ramp_film)), cache=None)
    np.testing.assert_allclose(seen.curves.light, seen.curves.seconds / 5, atol=0.03)
    assert seen.looks[0].light == pytest.approx(115 / 24 / 5 / 2, abs=0.02)
    assert len(seen.curves.seconds) == 48
    np.testing.assert_allclose(np.diff(seen.curves.seconds), 0.1, atol=1e-5)


@pytest.mark.parametrize(("at", "speed", "light"), [
    (1, 1, lambda t: (1 + t) / 5),
    (0, 2, lambda t: 2 * t / 5),
    (4, -1, lambda t: (4 - t) / 5),
    (3, 0, lambda t: 0.6 + 0 * t),
    (1, Fraction(1, 2), lambda t: (1 + t / 2) / 5),
])  # fmt: skip
@pytest.mark.parametrize("rate", [24, 60])
def test_record_time_is_media_time_through_any_speed(at, speed, light, rate, ramp_film):
    seen = parse(
        edit_of(shot(0, rate // 2, None), shot(rate // 2, rate * 5 // 2, ramp_film, at, speed), rate=rate), cache=None
    )
    curves = seen.curves
    assert np.isnan(curves.light[:5]).all()
    np.testing.assert_allclose(curves.light[5:], light(curves.seconds[5:] - 0.5), atol=0.04)
    assert (seen.looks[1].motion == 0) == (speed == 0)


def swinging(at):
    """A soft light that swings over a field of stripes, at no simple ratio to anything."""
    x = 0.5 + 0.3 * np.sin(0.73 * np.pi * at + 0.2)
    blob = np.exp(-((COLUMNS - x) ** 2 + (ROWS - 0.28) ** 2) / 0.15**2)
    return np.repeat((60 + 20 * np.sin(COLUMNS * 40) + 150 * blob).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_movement_is_the_same_at_every_frame_rate(tmp_path):
    draw = np.random.default_rng(0)
    uneven = np.cumsum(draw.choice([1 / 60, 1 / 30, 1 / 24], 200))
    rates = {str(fps): steady(4, fps) for fps in (24, 25, 30, 60)}
    rates["uneven"] = [Fraction(0), *(Fraction(round(at * 12_000), 12_000) for at in uneven if at < 4)]
    found = {}
    for name, times in rates.items():
        path = film(tmp_path / f"{name}.mp4", swinging, times)
        found[name] = parse(edit_of(shot(0, 90, path)), cache=None)
    curves = np.stack([seen.curves.motion for seen in found.values()])
    means = curves.mean(axis=1)
    assert means.min() > 0.2
    assert np.ptp(means) < 0.02 * means.mean()
    assert np.abs(curves - curves.mean(axis=0)).mean() < 0.03 * means.mean()


def test_sampling_a_steady_pan_makes_no_beats(tmp_path):
    def pan(at):
        return np.repeat((128 + 100 * np.sin((COLUMNS - 0.3 * at) * 25)).astype(np.uint8)[..., None], 3, axis=2)

    for fps in (24, 25, 30):
        seen = parse(edit_of(shot(0, 84, film(tmp_path / f"{fps}.mp4", pan, steady(4, fps)))), cache=None)
        assert seen.beats == ()
        assert seen.looks[0].motion > 0.3


def test_the_peaks_of_movement_are_beats(tmp_path):
    jumps = (1.0, 2.2, 3.1)

    def draw(at):
        moved = sum(1 / (1 + np.exp(-(at - jump) * 40)) for jump in jumps)
        return np.repeat((128 + 90 * np.sin((COLUMNS - 0.1 * moved) * 20)).astype(np.uint8)[..., None], 3, axis=2)

    seen = parse(edit_of(shot(0, 96, film(tmp_path / "a.mp4", draw, steady(4.2)))), cache=None)
    assert [beat.seconds for beat in seen.beats] == pytest.approx(jumps, abs=0.11)
    assert all(0.2 <= beat.strength <= 1 for beat in seen.beats)


def test_a_cut_is_no_movement_even_inside_one_medium(tmp_path):
    scenes = film(tmp_path / "a.mp4", lambda at: grey([0.1, 0.9, 0.3, 0.7][int(at + 1e-6)]), steady(4), bf="2")
    seen = parse(edit_of(*(shot(n * 24, n * 24 + 24, scenes, n) for n in range(4))), cache=None)
    np.testing.assert_allclose(seen.curves.motion, 0, atol=0.02)
    assert [look.light for look in seen.looks] == pytest.approx([0.1, 0.9, 0.3, 0.7], abs=0.02)
    assert seen.beats == ()
    as_one = parse(edit_of(shot(0, 96, scenes)), cache=None)
    assert as_one.curves.motion.max() > 0.5


def test_shots_of_a_frame_or_two_are_seen_each_for_itself(tmp_path):
    levels = [0.1, 0.9, 0.3, 0.7, 0.2, 0.8] * 4
    scenes = film(tmp_path / "a.mp4", lambda at: grey(levels[int(at * 24 + 0.01)]), steady(1), bf="0", crf="6")
    seen = parse(edit_of(*(shot(n, n + 1, scenes, Fraction(n, 24)) for n in range(24))), cache=None)
    assert [look.light for look in seen.looks] == pytest.approx(levels, abs=0.03)
    assert all(look.palette for look in seen.looks)


def test_what_cannot_be_seen_is_neutral_and_said_once_a_medium(ramp_film, tmp_path):
    empty, sound = tmp_path / "empty.mov", tmp_path / "sound.wav"
    empty.write_bytes(b"")
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    missing = tmp_path / "missing.mov"
    bad = [empty, sound, missing, empty, None]
    shots = [shot(n * 12, n * 12 + 12, medium) for n, medium in enumerate(bad)]
    seen = parse(edit_of(*shots, shot(60, 108, ramp_film)), cache=None)
    assert seen.looks[:5] == (Look(),) * 5
    assert seen.looks[5].known
    assert len(seen.warnings) == 4
    for name, words in [(empty, ""), (sound, "has no picture"), (missing, "not found"), ("1 of 6 shots", "no medium")]:
        assert sum(str(name) in line and words in line for line in seen.warnings) == 1
    assert not seen.colour[:2].any()
    assert not seen.meaning[:2].any()
    assert np.isnan(seen.curves.motion[:25]).all()
    assert np.isfinite(seen.curves.motion[25:]).all()
    assert seen.colour[3].sum() == pytest.approx(1, abs=1e-4)


def test_a_hundred_missing_media_are_a_few_lines(tmp_path):
    seen = parse(edit_of(*(shot(n, n + 1, tmp_path / f"{n}.mov") for n in range(100))), cache=None)
    assert len(seen.warnings) == 6
    assert "and 95 more" in seen.warnings[-1]


def test_a_cut_off_film_is_seen_as_far_as_it_goes(tmp_path):
    draw = np.random.default_rng(0)
    noise = draw.integers(-8, 8, (*SIZE, 1))
    path = film(
        tmp_path / "a.mkv", lambda at: (ramp(at) * 0.9 + noise + 10).clip(0, 255).astype(np.uint8), steady(5), g="12"
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    seen = parse(edit_of(shot(0, 24, path), shot(24, 120, path, 1)), cache=None)
    assert len(seen.warnings) == 1
    assert str(path) in seen.warnings[0]
    known = np.isfinite(seen.curves.light)
    assert known[:10].all()
    assert not known[-5:].any()
    assert seen.looks[0].known


def test_an_edit_that_outlasts_its_film_holds_the_last_frame(ramp_film):
    seen = parse(edit_of(shot(0, 192, ramp_film)), cache=None)
    np.testing.assert_allclose(seen.curves.light[-20:], 1, atol=0.03)
    np.testing.assert_allclose(seen.curves.motion[-20:], 0, atol=0.01)
    assert "last frame is held" in seen.warnings[0]


def test_numbered_stills_run_at_the_rate_of_the_edit(tmp_path):
    for number in range(20):
        path = tmp_path / f"x.{1001 + number}.jpg"
        path.write_bytes(to_jpeg(grey(number / 20)))
    seen = parse(edit_of(shot(0, 20, tmp_path / "x.[1001-1020].jpg"), rate=10), cache=None)
    np.testing.assert_allclose(seen.curves.light, np.arange(20) / 20, atol=0.02)
    still = parse(edit_of(shot(0, 48, tmp_path / "x.1011.jpg", 3)), cache=None)
    np.testing.assert_allclose(still.curves.light, 0.5, atol=0.02)
    assert still.looks[0].motion == 0
    assert still.warnings == ()


def test_an_edit_without_picture_is_no_trouble():
    seen = parse(edit_of(frames=60), cache=None)
    assert seen.looks == ()
    assert seen.colour.shape == (3, 3, 32, 32)
    assert np.isnan(seen.curves.light).all()
    assert parse(edit_of(frames=0), cache=None).curves.seconds.shape == (0,)


def test_density_is_cuts_a_second():
    edit = replace(edit_of(frames=24 * 20), cuts=tuple(Cut(n * 12) for n in range(21, 40)))
    density = parse(edit, cache=None).density
    assert density[16] == pytest.approx(2, abs=0.3)
    assert density[0] == 0
    assert parse(replace(edit, cuts=(Cut(240, maybe_overlay=True),)), cache=None).density.max() == 0


class Pack:
    """A vision pack that sees the mean colour."""

    name, side = "fake", 96

    def __init__(self):
        self.sizes, self.threads, self.asked = set(), set(), 0

    def cls(self, images):
        self.sizes.add(images.shape[1:])
        self.asked += len(images)
        return images.mean(axis=(1, 2)).astype(np.float32)

    def patches(self, images):
        return images.reshape(len(images), 1, -1).astype(np.float32)


def test_a_vision_pack_sees_the_middle_frame_of_each_second(ramp_film):
    pack = Pack()
    seen = parse(edit_of(shot(0, 60, ramp_film)), vision=pack, cache=None)
    assert seen.descriptor == "fake"
    np.testing.assert_allclose(seen.meaning[:, 0] / 255, np.array([0.5, 1.5, 2.25]) / 5, atol=0.02)
    assert pack.sizes == {(54, 96, 3)}


def test_one_medium_is_opened_once_however_often_it_is_shown(ramp_film, monkeypatch):
    opened = []
    real = survey.open_frames
    monkeypatch.setattr(survey, "open_frames", lambda path, **more: opened.append(path) or real(path, **more))
    shots = [shot(n * 6, n * 6 + 6, ramp_film, Fraction((n * 7) % 18, 4)) for n in range(18)]
    parse(edit_of(*shots), cache=None)
    assert opened == [ramp_film]


def same(one, other):
    for left, right in zip(vars(one.curves).values(), vars(other.curves).values(), strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(one.colour, other.colour)
    np.testing.assert_array_equal(one.meaning, other.meaning)
    assert (one.looks, one.beats, one.warnings) == (other.looks, other.beats, other.warnings)
    return True


def test_what_was_seen_once_is_not_decoded_again(ramp_film, red_film, tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    edit = edit_of(shot(0, 30, ramp_film, 1), shot(30, 60, ramp_film, 3, -1))
    first = parse(edit, cache=cache)
    opened = []
    real = survey.open_frames
    monkeypatch.setattr(survey, "open_frames", lambda path, **more: opened.append(path) or real(path, **more))
    assert same(parse(edit, cache=cache), first)
    assert opened == []
    longer = edit_of(*edit.shots, shot(60, 80, red_film))
    assert parse(longer, cache=cache).looks[:2] == first.looks
    assert opened == [red_film]
    assert same(parse(edit, cache=None), first)
    parse(edit, vision=Pack(), cache=cache)
    assert opened[2:] == [ramp_film]


@pytest.mark.parametrize("lost", [1, 2])
def test_strips_that_were_lost_from_the_cache_change_nothing(lost, tmp_path, monkeypatch):
    monkeypatch.setattr(strip, "CHUNK", 1)
    path = film(tmp_path / "a.mp4", swinging, steady(5, 25), bf="2", g="30")
    edit = edit_of(shot(0, 110, path, Fraction(1, 3)))
    cache = Cache(tmp_path / "cache")
    first = parse(edit, cache=cache)
    kept = sorted((tmp_path / "cache" / "picture").iterdir())
    assert len(kept) == 5
    for entry in kept[lost::2]:
        entry.unlink()
    assert same(parse(edit, cache=cache), first)
    monkeypatch.setattr(strip, "CHUNK", 60)
    whole = parse(edit, cache=None)
    np.testing.assert_array_equal(whole.curves.motion, first.curves.motion)
    np.testing.assert_array_equal(whole.curves.light, first.curves.light)


@pytest.fixture
def readers(monkeypatch):
    """A function that sets how many readers there may be, for media of seconds; and how often one was opened."""
    opened = []
    real = Frames.another
    monkeypatch.setattr(Frames, "another", lambda self, threads: opened.append(threads) or real(self, threads))
    monkeypatch.setattr(survey, "_SHORTEST", 1)
    monkeypatch.setattr(survey.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(strip, "CHUNK", 1)

    def allow(number, thin):
        opened.clear()
        monkeypatch.setattr(survey, "THREADS", number)
        monkeypatch.setattr(survey, "_THIN", 0 if thin else 9999)
        return opened

    return allow


@pytest.mark.parametrize("thin", [True, False])
@pytest.mark.parametrize(("name", "codec", "fps", "options"), [
    ("a.mp4", "libx264", 24, {"bf": "3", "b_strategy": "0", "g": "48"}),
    ("a.mkv", "libx264", 25, {"bf": "2", "g": "30", "sc_threshold": "0"}),
    ("open.mp4", "libx264", 24, {"x264-params": "open-gop=1:keyint=40:bframes=3"}),
    ("slow.mp4", "libx264", 2, {"g": "4"}),
    ("a.mov", "prores_ks", 24, {}),
    ("a.ts", "libx264", 24, {"bf": "2", "g": "24"}),
])  # fmt: skip
def test_several_readers_see_what_one_sees(name, codec, fps, options, thin, readers, tmp_path):
    path = film(tmp_path / name, swinging, steady(6, fps), codec, **options)
    shots = [shot(n * 12, n * 12 + 12, path, Fraction(n, 2) + Fraction(1, 7)) for n in range(11)]
    readers(1, thin)
    one = parse(edit_of(*shots), cache=None)
    opened = readers(3, thin)
    assert same(parse(edit_of(*shots), cache=None), one)
    assert opened == ([] if name == "a.ts" else [2, 2, 2])


def test_several_readers_hold_the_last_frame_and_say_so_once(readers, ramp_film):
    readers(1, False)
    one = parse(edit_of(shot(0, 192, ramp_film)), cache=None)
    opened = readers(4, False)
    assert same(parse(edit_of(shot(0, 192, ramp_film)), cache=None), one)
    assert len(opened) == 4
    assert len(one.warnings) == 1


def test_nobody_begins_where_much_would_be_decoded_for_nothing(readers, tmp_path, monkeypatch):
    monkeypatch.setattr(frames, "_NEAR", 1)
    path = film(tmp_path / "a.mp4", swinging, steady(6), g="1000", sc_threshold="0")
    opened = readers(3, False)
    assert parse(edit_of(shot(0, 140, path)), cache=None).looks[0].known
    assert opened == []


def test_several_readers_fill_and_use_one_cache(readers, tmp_path):
    path = film(tmp_path / "a.mp4", swinging, steady(6), bf="2", g="24")
    edit, cache = edit_of(shot(0, 140, path)), Cache(tmp_path / "cache")
    assert len(readers(3, True)) == 0
    first = parse(edit, cache=cache)
    opened = readers(1, True)
    assert same(parse(edit, cache=cache), first)
    assert opened == []
    for entry in sorted((tmp_path / "cache" / "picture").iterdir())[:4]:
        entry.unlink()
    opened = readers(2, True)
    assert same(parse(edit, cache=cache), first)
    assert opened == [2, 2]


def test_a_sequence_is_read_from_several_places_too(readers, tmp_path):
    for number in range(60):
        (tmp_path / f"x.{1001 + number}.jpg").write_bytes(to_jpeg(grey(number / 60)))
    edit = edit_of(shot(0, 60, tmp_path / "x.[1001-1060].jpg"), rate=10)
    readers(1, True)
    one = parse(edit, cache=None)
    readers(3, True)
    assert same(parse(edit, cache=None), one)


def test_it_stops_within_a_second_and_leaves_no_thread(tmp_path):
    media = [film(tmp_path / f"{n}.mp4", swinging, steady(6), preset="ultrafast") for n in range(2)]
    edit = edit_of(*(shot(n * 140, n * 140 + 140, media[n % 2]) for n in range(2)))
    calls = []

    def progress(*_):
        calls.append(time.monotonic())
        if len(calls) == 3:
            raise Cancelled

    before = threading.active_count()
    slow = Pack()
    slow.cls = lambda images: time.sleep(0.2) or images.mean(axis=(1, 2))
    with pytest.raises(Cancelled):
        parse(edit, vision=slow, cache=None, progress=progress)
    assert time.monotonic() - calls[-1] < 1
    assert threading.active_count() == before


def test_progress_runs_from_nothing_to_one(ramp_film):
    said = []
    parse(edit_of(shot(0, 100, ramp_film)), cache=None, progress=lambda fraction, _: said.append(fraction))
    assert said[0] == 0
    assert said[-1] == 1
    assert said == sorted(said)


def test_a_contact_sheet_finds_the_picture_of_each_shot(tmp_path):
    scenes = film(tmp_path / "a.mp4", lambda at: grey([0.1, 0.9, 0.3, 0.7][int(at + 1e-6)]), steady(4))
    shots = [shot(n * 24, n * 24 + 24, scenes, 3 - n) for n in range(4)]
    seen, thumbs = parse_with_pictures(edit_of(*shots, shot(96, 120, None)), cache=None)
    assert [thumbs.at(n * 24 + 20).mean() / 255 for n in range(4)] == pytest.approx([0.7, 0.3, 0.9, 0.1], abs=0.03)
    assert thumbs.at(0).shape == (*SIZE, 3)
    assert thumbs.at(100) is None
    assert thumbs.at(500) is None
    assert len(seen.looks) == 5


def test_a_small_picture_survives_its_jpeg():
    picture = swinging(0.3)
    assert np.abs(from_jpeg(to_jpeg(picture)).astype(int) - picture).mean() < 3


@pytest.mark.parametrize(("values", "prominence", "expected"), [
    # What scipy.signal.find_peaks answers, by hand from its definition.
    ([0, 1, 0], 0.5, [1]),
    ([0, 1, 0], 1, [1]),
    ([0, 1, 0], 1.01, []),
    ([1, 0, 1], 0.1, []),
    ([0, 2, 1, 3, 0], 1, [1, 3]),
    ([0, 2, 1, 3, 0], 1.5, [3]),
    ([0, 3, 1, 2, 1.5], 0.5, [1, 3]),
    ([0, 3, 1, 2, 1.5], 0.6, [1]),
    ([0, 1, 1, 1, 0], 0.5, [2]),
    ([0, 1, 1, 1, 1, 0], 0.5, [2]),
    ([0, 1, 1, 2, 0], 0.5, [3]),
    ([0, 2, 1, 1, 0], 0.5, [1]),
    ([2, 2, 1], 0.1, []),
    ([0, 1, 1], 0.1, []),
    ([0, 2, 0.5, 2, 0], 1.5, [1, 3]),
    ([0, 2, 0.5, 2, 0], 1.6, [1, 3]),
    ([1, 2, 0.5, 2, 0], 1.1, [3]),
    ([], 0.1, []),
    ([1], 0.1, []),
])  # fmt: skip
def test_peaks_are_those_of_the_definition(values, prominence, expected):
    assert peaks(np.array(values, float), prominence) == expected


def naive_prominence(values, peak):
    sides = []
    for step in (-1, 1):
        place, lowest = peak, values[peak]
        while 0 <= place < len(values) and values[place] <= values[peak]:
            lowest = min(lowest, values[place])
            place += step
        sides.append(lowest)
    return values[peak] - max(sides)


def test_prominence_is_that_of_a_walk_to_both_sides():
    values = np.random.default_rng(1).random(400).round(2)
    every = peaks(values, 0)
    for least in (0.1, 0.4, 0.8):
        assert peaks(values, least) == [peak for peak in every if naive_prominence(values, peak) >= least]


def test_a_beat_never_reaches_over_what_could_not_be_seen():
    motion = np.full(20, 0.1, np.float32)
    motion[[3, 15]] = 0.9
    motion[4:8] = np.nan
    seconds = np.arange(20, dtype=np.float32) / 10
    found = visual_beats(Curves(seconds, motion, motion, motion, motion))
    assert [beat.seconds for beat in found] == pytest.approx([1.5])
