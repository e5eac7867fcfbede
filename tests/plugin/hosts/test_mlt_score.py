"""Scores in projects of Kdenlive, Shotcut and bare MLT, by the one way that all scores go; `melt` plays what came out."""

from __future__ import annotations

import re
import subprocess
import wave
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline import mlt_writing
from hitpoint.plugin.timeline.reading import Source, read_edit
from hitpoint.runtime.errors import UsageError

from .mlt_projects import Clip, kdenlive, props, shotcut

SCORE = "Hitpoint Score"
VOICE = (Clip("media/voice.wav", 200),)
SHOTS = (Clip("media/a.mov", 100, 3), Clip("media/b.mov", 77), Clip("media/c.mov", 60))


def bare(picture, sound, rate=(25, 1), attributes=""):
    """As somebody writes MLT by hand: a tractor of two playlists."""
    text = (
        f'<mlt LC_NUMERIC="C"><profile frame_rate_num="{rate[0]}" frame_rate_den="{rate[1]}" width="320" height="180"/>'
    )
    rows = []
    for name, clips in (("v", picture), ("a", sound)):
        entries = ""
        for number, clip in enumerate(clips):
            text += f'<producer id="{name}{number}">'
            text += (
                props(("resource", clip.resource), ("mlt_service", clip.service), ("length", clip.length))
                + "</producer>"
            )
            entries += f'<entry producer="{name}{number}" in="{clip.first}" out="{clip.first + clip.frames - 1}"/>'
        rows.append(f'<playlist id="{name}">{entries}</playlist>')
    mixed = f"<transition>{props(('a_track', 0), ('b_track', 1), ('mlt_service', 'mix'), ('sum', 1), ('always_active', 1))}</transition>"
    tracks = '<track producer="v"/><track producer="a" hide="video"/>'
    return f'{text}{"".join(rows)}<tractor id="t" {attributes}><multitrack>{tracks}</multitrack>{mixed}</tractor></mlt>'


def made(kind, picture=SHOTS, sound=VOICE, rate=(25, 1), **more):
    if kind == "bare":
        return bare(picture, sound, rate)
    if kind == "shotcut":
        return shotcut([picture], [sound], rate=rate)
    return kdenlive([picture], [sound], rate=rate, modern=kind == "kdenlive", **more)


@pytest.fixture
def project(tmp_path):
    def write(kind, name="cut", **more):
        path = tmp_path / f"{name}.{'kdenlive' if kind in ('kdenlive', 'older') else 'mlt'}"
        path.write_text(made(kind, **more), encoding="utf-8")
        return path

    return write


def tracks(path):
    """The names of all tracks, by an XML parser."""
    names = ("kdenlive:track_name", "shotcut:name")
    root = ET.parse(path).getroot()
    return [each.text for node in root for each in node.findall("property") if each.get("name") in names]


@pytest.mark.parametrize("kind", ["kdenlive", "shotcut", "bare"])
def test_a_project_is_scored_and_gives_its_bytes_back(project, tmp_path, kind):
    path = project(kind)
    done = scoring.score(Source(path), Wish(markers="beats"))
    assert done.out.name == f"cut.scored{path.suffix}"
    before, after = read_edit(path)[0], read_edit(done.out)[0]
    assert (after.shots, after.cuts, after.frames, after.markers) == (
        before.shots,
        before.cuts,
        before.frames,
        before.markers,
    )
    assert [track.name for track in after.audio_tracks] == [track.name for track in before.audio_tracks]
    assert tracks(done.out).count(SCORE) == 1
    assert "hitpoint" in done.out.read_text() and "hitpoint" not in path.read_text()
    again = scoring.score(Source(done.out), Wish(seed=4, markers="storyboards"), in_place=True)
    assert tracks(again.out).count(SCORE) == 1 and "Hitpoint Score 2" not in tracks(again.out)
    bare_ = scoring.unscore(Source(again.out), out=tmp_path / f"bare{path.suffix}")
    assert (bare_.tracks, bare_.out.read_bytes()) == (1, path.read_bytes())


@pytest.mark.parametrize("kind", ["older", "bare"])
def test_stems_are_tracks_and_go_again(project, tmp_path, kind):
    path = project(kind)
    done = scoring.score(Source(path), Wish(stem_tracks=True))
    named = [name for name in tracks(done.out) if name.startswith(SCORE)]
    assert len(named) > 2 and all(name.startswith(f"{SCORE}: ") for name in named)
    whole = scoring.score(Source(done.out), in_place=True)
    assert [name for name in tracks(whole.out) if name.startswith(SCORE)] == [SCORE]
    bare_ = scoring.unscore(Source(whole.out), out=tmp_path / f"bare{path.suffix}")
    assert bare_.out.read_bytes() == path.read_bytes()


def test_what_other_tracks_are_numbered_by_moves_with_them(project):
    """Kdenlive's sound lies below its pictures, so a new lowest track pushes every number up, and back."""
    laid = f'  <transition id="mine" in="10" out="20">\n{props(("a_track", 1), ("b_track", 2), ("mlt_service", "qtblend"))}  </transition>\n'
    path = project("kdenlive", extra=laid)
    text = path.read_text().replace(
        'properties.groups">[\n]', 'properties.groups">[{"data": "1:74", "leaf": "clip"}, {"data": "-1:9"}]'
    )
    path.write_text(text)
    done = scoring.score(Source(path)).out.read_text()
    mine = done.split('id="mine"')[1].split("</transition>")[0]
    assert re.findall(r'_track">(\d)<', mine) == ["2", "3"]
    assert '"data": "2:74"' in done and '"data": "-1:9"' in done
    assert 'properties.tracksCount">3<' in done and 'properties.activeTrack">2<' in done
    blends = [each for each in re.findall(r"<transition id.*?</transition>", done, re.DOTALL) if "qtblend" in each]
    assert all('b_track">3<' in each for each in blends)


def test_a_score_put_elsewhere_still_finds_the_media(project, tmp_path):
    path = project("shotcut")
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.mov").write_bytes(b"not really a film")
    (tmp_path / "out").mkdir()
    done = scoring.score(Source(path), out=tmp_path / "out" / "x.mlt")
    assert read_edit(done.out)[0].shots[0].online
    again = scoring.score(Source(done.out), Wish(seed=2), in_place=True)
    assert read_edit(again.out)[0].shots[0].online
    assert scoring.unscore(Source(again.out), out=tmp_path / "b.mlt").out.read_bytes() == path.read_bytes()


def test_a_project_that_names_its_media_from_its_folder_gets_our_sound_so(project):
    done = scoring.score(Source(project("shotcut")))
    assert '<property name="resource">cut.scored.hitpoint/score.wav</property>' in done.out.read_text()


def test_in_place_keeps_the_project_as_it_was_beside(project, tmp_path):
    path = project("kdenlive")
    before = path.read_bytes()
    done = scoring.score(Source(path), in_place=True)
    assert (tmp_path / "cut.before-hitpoint.kdenlive").read_bytes() == before
    assert any("before-hitpoint" in words for words in done.report["warnings"])
    scoring.unscore(Source(path), in_place=True)
    assert path.read_bytes() == before
    assert len(list(tmp_path.glob("cut.before*"))) == 1


def test_a_locked_track_is_refused_and_everything_stays(project, tmp_path):
    done = scoring.score(Source(project("kdenlive")))
    text = done.out.read_text().replace(
        f'<property name="kdenlive:track_name">{SCORE}</property>',
        f'<property name="kdenlive:track_name">{SCORE}</property><property name="kdenlive:locked_track">1</property>',
    )
    done.out.write_text(text)
    wav = done.wav.read_bytes()
    with pytest.raises(UsageError, match="locked"):
        scoring.score(Source(done.out), Wish(seed=9), in_place=True)
    assert (done.out.read_text(), done.wav.read_bytes()) == (text, wav)
    left = scoring.unscore(Source(done.out), out=tmp_path / "left.kdenlive")
    assert left.out.read_text() == text and any("locked" in words for words in left.warnings)


def test_a_project_becomes_otio_with_all_of_the_edit(project, tmp_path):
    path = project("kdenlive", guides=[(100, "door")])
    done = scoring.score(Source(path), out=tmp_path / "out.otio")
    before, after = read_edit(path)[0], read_edit(done.out)[0]
    assert (after.cuts, after.markers, after.frames) == (before.cuts, before.markers, before.frames)
    assert (done.folder / "music-only.otio").exists()


# As melt plays it


def mono(path):
    with wave.open(str(path)) as file:
        width, channels = file.getsampwidth(), file.getnchannels()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, width)
    if width == 3:
        raw = np.concatenate([np.zeros((len(raw), 1), np.uint8), raw], axis=1)
    data = raw.copy().view("<i2" if width == 2 else "<i4").astype(float).reshape(-1, channels).mean(axis=1)
    return data / (2 ** (15 if width == 2 else 31))


def sound(path, wave_):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(np.repeat((wave_ * 32767).astype("<i2"), 2).tobytes())


def laid(path, wav, frames):
    """The project with a sound of ours on it, without an engine."""
    sound = mlt_writing.Sound(wav, wav)
    data = path.read_bytes()
    path.write_bytes(mlt_writing.scored(data, 0, path, path, [sound], frames, provenance={"engine": "test"}).data)
    return path


@pytest.mark.parametrize(
    ("kind", "rate"),
    [("kdenlive", (24000, 1001)), ("older", (30000, 1001)), ("shotcut", (60000, 1001)), ("bare", (25, 1))],
)
def test_melt_plays_our_music_where_the_project_has_it(project, tmp_path, program, kind, rate):
    melt = program("melt", "melt")
    frames = 237
    samples = round(frames * 48000 * rate[1] / rate[0])
    voice, noise = (
        np.sin(2 * np.pi * 60 * np.arange(samples) / 48000) * 0.05,
        np.random.default_rng(7).normal(0, 0.1, samples),
    )
    sound(tmp_path / "hum.wav", voice)
    sound(tmp_path / "score.wav", noise)
    colors = [Clip(name, part, service="color") for name, part in (("red", 100), ("green", 77), ("blue", 60))]
    path = project(kind, picture=colors, sound=[Clip(str(tmp_path / "hum.wav"), frames)], rate=rate)
    rendered = tmp_path / "rendered.wav"
    subprocess.run(
        [melt, str(laid(path, tmp_path / "score.wav", frames)), "-consumer", f"avformat:{rendered}", "acodec=pcm_s16le",
         "ar=48000", "vn=1", "real_time=-1", "terminate_on_pause=1"],
        check=True, capture_output=True, timeout=120, env={"SDL_AUDIODRIVER": "dummy", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    heard = mono(rendered)
    assert 0 <= len(heard) - samples <= 2 * 48000 * rate[1] / rate[0]
    heard = heard[:samples]
    found = np.fft.irfft(np.fft.rfft(heard, 2 * samples) * np.conj(np.fft.rfft(noise, 2 * samples)))
    assert int(np.argmax(found)) == 0  # to the sample
    assert found[0] / (noise**2).sum() == pytest.approx(1, abs=0.02)  # and as loud as it is
    left = (heard - noise)[1000:-5000]  # the hum under it is there as well
    assert np.corrcoef(left, voice[1000:-5000])[0, 1] > 0.9


def test_melt_counts_two_hours_as_we_do(project, tmp_path, program):
    """A sound of ours over a short picture: what MLT itself says the whole is long."""
    melt = program("melt", "melt")
    frames = 172_627  # 2 h at 24000/1001
    path = project("bare", picture=[Clip("red", 10, service="color")], sound=(), rate=(24000, 1001))
    sound(tmp_path / "score.wav", np.zeros(4800))
    laid(path, tmp_path / "score.wav", frames)
    told = subprocess.run(
        [melt, str(path), "-consumer", "xml", "time_format=frames"], check=True, capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
    ).stdout  # fmt: skip
    assert re.findall(r'<entry producer="[^"]*" in="(\d+)" out="(\d+)"', told) == [("0", str(frames - 1))]
