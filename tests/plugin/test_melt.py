"""The scored timeline, as another program plays it: MLT renders it, and our music is in it at the right place."""

from __future__ import annotations

import subprocess
import wave
from xml.etree import ElementTree as ET

import numpy as np
import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.rate import Rate


def mlt(timeline, rate: Rate) -> bytes:
    """The audio tracks of a timeline as an MLT document: one playlist a track, mixed."""
    root = ET.Element("mlt", LC_NUMERIC="C", producer="tractor0")
    fps = rate.fps
    ET.SubElement(
        root, "profile", description="test", width="320", height="180", progressive="1", sample_aspect_num="1",
        sample_aspect_den="1", display_aspect_num="16", display_aspect_den="9", colorspace="709",
        frame_rate_num=str(fps.numerator), frame_rate_den=str(fps.denominator),
    )  # fmt: skip
    tractor = ET.Element("tractor", id="tractor0")
    multitrack = ET.SubElement(tractor, "multitrack")
    sounding = [track for track in timeline.tracks if track.kind == "Audio"]
    for t, track in enumerate(sounding):
        playlist = ET.Element("playlist", id=f"playlist{t}")
        for c, item in enumerate(track):
            length = int(item.source_range.duration.value)
            first = int(item.source_range.start_time.value)
            if isinstance(item, otio.schema.Gap):
                ET.SubElement(playlist, "blank", length=str(length))
                continue
            producer = ET.SubElement(root, "producer", id=f"producer{t}_{c}")
            for name, value in (("resource", item.media_reference.target_url), ("mlt_service", "avformat")):
                ET.SubElement(producer, "property", name=name).text = value
            ET.SubElement(
                playlist, "entry", producer=f"producer{t}_{c}", **{"in": str(first), "out": str(first + length - 1)}
            )
        root.append(playlist)
        ET.SubElement(multitrack, "track", producer=f"playlist{t}", hide="video")
    for t in range(1, len(sounding)):
        mix = ET.SubElement(tractor, "transition", id=f"mix{t}")
        for name, value in (
            ("a_track", "0"),
            ("b_track", str(t)),
            ("mlt_service", "mix"),
            ("always_active", "1"),
            ("sum", "1"),
        ):
            ET.SubElement(mix, "property", name=name).text = value
    root.append(tractor)
    return ET.tostring(root)


def mono(path) -> np.ndarray:
    with wave.open(str(path)) as file:
        width, channels = file.getsampwidth(), file.getnchannels()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, width)
    if width == 3:
        raw = np.concatenate([np.zeros((len(raw), 1), np.uint8), raw], axis=1)
    data = raw.copy().view("<i2" if width == 2 else "<i4").astype(float).reshape(-1, channels).mean(axis=1)
    return data / (2 ** (15 if width == 2 else 31))


def tone(path, seconds: float) -> None:
    """A steady quiet hum, so that the other track is not silent."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        time = np.arange(round(seconds * 48000)) / 48000
        file.writeframes((np.sin(2 * np.pi * 60 * time) * 1000).astype("<i2").tobytes())


@pytest.mark.parametrize(("rate", "black"), [(25.0, 0), (24000 / 1001, 0), (30000 / 1001, 45)])
def test_melt_plays_our_music_where_the_timeline_has_it(make, save, tmp_path, program, rate, black):
    melt = program("melt", "melt")
    tone(tmp_path / "hum.wav", 20)
    lead = [make.gap(black, rate)] if black else []
    picture = make.track(
        *lead, make.clip("A", 100, rate=rate), make.clip("B", 77, rate=rate), make.clip("C", 60, rate=rate)
    )
    hum = make.clip("hum", 237 + black, rate=rate, url=str(tmp_path / "hum.wav"))
    path = save(make.timeline(picture, make.track(hum, kind="Audio", name="A1"), rate=rate, start=0))
    done = scoring.score(Source(path), out=tmp_path / "out.otio")

    scored = otio.adapters.read_from_file(str(done.out))
    (tmp_path / "out.mlt").write_bytes(mlt(scored, Rate.of(rate)))
    rendered = tmp_path / "rendered.wav"
    subprocess.run(
        [melt, str(tmp_path / "out.mlt"), "-consumer", f"avformat:{rendered}", "acodec=pcm_s16le", "ar=48000", "vn=1"],
        check=True, capture_output=True, timeout=120, env={"SDL_AUDIODRIVER": "dummy", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip

    heard, ours = mono(rendered), mono(done.wav)
    assert abs(len(heard) - len(ours)) <= 2 * 48000 / rate
    size = min(len(heard), len(ours))
    heard, ours = heard[:size], ours[:size]
    spectrum = np.fft.rfft(heard, 2 * size) * np.conj(np.fft.rfft(ours, 2 * size))
    found = np.fft.irfft(spectrum)
    lag = int(np.argmax(found))
    lag -= 2 * size if lag > size else 0
    assert abs(lag) <= 48, f"our music is {lag} samples from where it belongs"
    likeness = found.max() / np.sqrt((heard**2).sum() * (ours**2).sum())
    assert likeness > 0.95
