from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.looking import Wanted
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline.music_only import edl, otio_json
from hitpoint.plugin.timeline.reading import Source, read_edit
from hitpoint.plugin.timeline.score_track import score_track
from hitpoint.runtime.rate import Rate


@pytest.mark.parametrize("rate", [24000 / 1001, 23.976, 25.0, 29.97, 60000 / 1001])
def test_a_timeline_with_music_alone_has_the_edits_name_rate_and_start(rate: float) -> None:
    track = score_track(
        name="Hitpoint Score",
        frames=240,
        rate=rate,
        media_url="score.wav",
        media_name="score.wav",
        samples=480480,
        provenance={"engine": "composer"},
    )
    timeline = otio.adapters.read_from_string(otio_json('Schnitt "ü"', rate, 86400, track), "otio_json")
    assert timeline.name == 'Schnitt "ü"'
    assert timeline.global_start_time == otio.opentime.RationalTime(86400, rate)
    assert [(t.name, t.kind) for t in timeline.tracks] == [("Hitpoint Score", "Audio")]
    assert timeline.duration() == otio.opentime.RationalTime(240, rate)
    clip = timeline.tracks[0][0]
    assert clip.media_reference.available_range == clip.source_range
    assert clip.media_reference.metadata["hitpoint"]["samples"] == 480480


def test_a_timeline_that_starts_at_zero_says_so() -> None:
    track = score_track(name="a", frames=1, rate=25.0, media_url="b", media_name="c", samples=1920, provenance={})
    timeline = otio.adapters.read_from_string(otio_json("", 25.0, 0, track), "otio_json")
    assert timeline.global_start_time == otio.opentime.RationalTime(0, 25)


# Avid: an EDL, and a WAV that says when it starts


def clock(timecode: str, nominal: int, drop: bool) -> int:
    """The frame that a timecode names, counted minute by minute: from 29.97 on two numbers are left out in each minute but
    every tenth, four at 59.94.
    """
    hours, minutes, seconds, frames = (int(part) for part in timecode.replace(";", ":").split(":"))
    number = 0
    for minute in range(hours * 60 + minutes):
        number += nominal * 60 - (nominal // 15 if drop and minute % 10 else 0)
    skipped = nominal // 15 if drop and minutes % 10 else 0
    return number + seconds * nominal + frames - skipped


CASES = [
    ("24000/1001", False, 86_400, 172_800),
    ("24", False, 0, 1),
    ("25", False, 900_000, 1_500),
    ("30000/1001", True, 107_892, 17_982),  # 01:00:00;00, ten minutes
    ("30000/1001", True, 107_892, 1_801),  # over the first number that is left out
    ("30000/1001", False, 108_000, 1_800),
    ("60000/1001", True, 215_784, 3_601),
]


@pytest.mark.parametrize(("fps", "drop", "start", "frames"), CASES)
@pytest.mark.parametrize("timed", [False, True])
def test_the_edl_lays_the_wav_from_the_start_timecode_on(fps, drop, start, frames, timed):
    rate = Rate(Fraction(fps))
    text = edl("Schnitt\n one", rate, drop, start, frames, "score.wav", timed=timed)
    assert text is not None
    lines = text.split("\r\n")
    assert lines[:2] == ["TITLE: Schnitt one", f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}"]
    number, reel, channels, how, *times = lines[2].split()
    assert (number, reel, channels, how) == ("001", "AX", "AA", "C")
    assert all((";" in time) == drop for time in times)
    nominal = round(float(Fraction(fps)))
    into, out, first, last = (clock(time, nominal, drop) for time in times)
    assert (first, last) == (start, start + frames)
    assert (into, out) == ((start, start + frames) if timed else (0, frames))
    assert lines[3:] == ["* FROM CLIP NAME: score.wav", ""]


@pytest.mark.parametrize(("fps", "drop", "start", "frames"), CASES)
def test_our_own_reader_reads_the_edl(tmp_path, fps, drop, start, frames):
    rate = Rate(Fraction(fps))
    path = tmp_path / "music-only.edl"
    path.write_bytes((edl("Cut", rate, drop, start, frames, "score.wav") or "").encode("ascii"))
    edit, _ = read_edit(path, rate=rate)
    assert (edit.frames, edit.start_frame, edit.drop_frame) == (frames, start, drop)
    assert edit.audio_tracks and not edit.shots


def test_an_edl_that_passes_midnight_starts_again_at_zero():
    late = edl("", Rate(Fraction(25)), False, 24 * 90_000 - 50, 100, "score.wav")
    assert late is not None and late.split("\r\n")[2].split()[-2:] == ["23:59:58:00", "00:00:02:00"]


def test_no_edl_counts_a_hundred_and_twenty_frames():
    assert edl("", Rate(Fraction(120)), False, 0, 10, "score.wav") is None


@pytest.mark.parametrize(
    ("rate", "drop", "timecode", "samples"),
    [
        # 48000 times the seconds that really pass until that timecode.
        ("24000/1001", False, "01:00:00:00", 172_972_800),  # 86400 frames of 2002 samples
        ("25", False, "10:00:00:00", 1_728_000_000),
        ("30000/1001", True, "01:00:00;00", 172_799_827),  # 107892 frames of 1601.6 samples
        ("30000/1001", False, "01:00:00:00", 172_972_800),
    ],
)
def test_a_broadcast_wave_begins_at_the_start_timecode(tmp_path, rate, drop, timecode, samples):
    base = round(float(Fraction(rate)))
    hour = int(timecode[:2])
    ends = [f"{timecode[:-2]}00", f"{timecode[:6]}02{timecode[8]}00", f"{timecode[:6]}04{timecode[8]}00"]
    path = tmp_path / "cut.edl"
    path.write_text(
        f"TITLE: Cut\nFCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}\n"
        f"001  A V C {hour:02}:00:00:00 {hour:02}:00:02:00 {ends[0]} {ends[1]}\n"
        f"002  B V C {hour:02}:00:00:00 {hour:02}:00:02:00 {ends[1]} {ends[2]}\n"
    )
    source = Source(path, rate=Rate(Fraction(rate)))
    wish = Wish(broadcast_wave=True, look=Wanted(picture=False))
    done = scoring.score(source, wish, out=tmp_path / "out.otio")
    data = done.wav.read_bytes()[:2048]
    at = data.index(b"bext") + 8 + 256 + 32 + 32 + 10 + 8  # EBU Tech 3285: two numbers, the lower first
    assert int.from_bytes(data[at : at + 8], "little") == samples
    event = (done.folder / "music-only.edl").read_text().splitlines()[2].split()
    drops = ";" if drop else ":"
    assert event[4] == event[6] == f"{hour:02}:00:00{drops}00"
    assert clock(event[7], base, drop) - clock(event[6], base, drop) == 4 * base
    without = scoring.score(source, Wish(look=Wanted(picture=False)), out=tmp_path / "plain.otio")
    assert (without.folder / "music-only.edl").read_text().splitlines()[2].split()[4] == f"00:00:00{drops}00"
