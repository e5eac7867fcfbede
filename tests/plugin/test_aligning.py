"""A song goes under an edit as a score does; what is no music with a beat is refused."""

from __future__ import annotations

import json
import runpy
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import opentimelineio as otio
import pytest

from hitpoint.plugin import aligning, scoring
from hitpoint.plugin.cli import main
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline.reading import Source, is_ours
from hitpoint.runtime.errors import InputError, UsageError
from hitpoint.runtime.mix.wav import WavWriter

songs = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "runtime" / "mix" / "songs.py")))
RATE = 48_000


def save(path, sound):
    with WavWriter(path) as file:
        file.write(np.asarray(sound, np.float32))
    return path


@pytest.fixture(scope="module")
def tune(tmp_path_factory):
    """Fifteen seconds at 112 bpm."""
    return save(tmp_path_factory.mktemp("songs") / "tune.wav", songs.song(songs.steady(112, 15)))


@pytest.fixture(scope="module")
def drone():
    at = np.arange(12 * RATE) / RATE
    mono = sum(0.1 * np.sin(2 * np.pi * pitch * at + np.sin(0.3 * at * n)) for n, pitch in enumerate((110, 165, 220.7)))
    return np.stack([mono, mono], axis=1)


@pytest.fixture(scope="module")
def done(tune, make, tmp_path_factory):
    """A picture of ten shots with a marker, and a song laid under it by the command line."""
    folder = tmp_path_factory.mktemp("aligned")
    lengths = [40, 71, 33, 52, 88, 47, 60, 35, 90, 52]
    made = make.timeline(make.track(*(make.clip(f"s{n}", length) for n, length in enumerate(lengths))))
    make.mark(made.tracks, 150, "storyboard: two")
    path = folder / "cut.otio"
    path.write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")
    wish = Wish(loudness=-20.0, markers="storyboards", link="relative")
    return path, aligning.align(Source(path), tune, wish, out=folder / "out.otio")


def test_the_track_the_folder_and_the_report_are_those_of_a_score(done, tracks, wav_form):
    path, score = done
    before, after = tracks(path), tracks(score.out)
    assert [track.name for track in after] == [*(track.name for track in before), "Hitpoint Score"]
    clip = after[-1][0]
    assert clip.media_reference.target_url == "out.hitpoint/score.wav"
    assert wav_form(score.wav) == (568 * 2000, RATE, 2, 3)
    assert sorted(entry.name for entry in score.folder.iterdir()) == ["cues.json", "report.json", "score.wav"]
    report = json.loads((score.folder / "report.json").read_text())
    assert report == score.report
    assert (report["engine"], report["samples"], report["loudness_target"]) == ("align", 568 * 2000, -20.0)
    assert report["loudness"] == pytest.approx(-20, abs=0.2)
    assert after[-1].metadata["hitpoint"]["engine"] == "align"


def test_the_report_says_what_was_done_to_the_song(done):
    song = done[1].report["song"]
    assert song["name"] == "tune.wav"
    assert song["tempo"] == pytest.approx(112, abs=0.5)
    assert 0 < song["bend_percent"] <= 6.0
    assert song["joins"]
    assert any("repeated" in said for said in done[1].report["warnings"])
    hits = done[1].report["hits"]
    assert len(hits) == 11
    assert all(hit["landed"] is not None for hit in hits)
    assert sum(hit["outcome"] != "missed" for hit in hits) >= 8
    assert hits[0]["outcome"] == "landed"


def test_what_the_cue_sheet_says_is_what_librosa_hears(done):
    from hitpoint.runtime.mix.wav import read_blocks

    heard = songs.tracked(np.concatenate(list(read_blocks(done[1].wav))))
    cues = json.loads((done[1].folder / "cues.json").read_text())
    beats = np.array([beat for board in cues["storyboards"] for beat in _seconds(board["beats"])])
    inside = heard[(heard > 1) & (heard < 22)]
    assert np.median(np.abs(inside[:, None] - beats).min(axis=1)) < 0.04


def _seconds(beats):
    return [beat["seconds"] if isinstance(beat, dict) else beat for beat in beats]


def test_unscore_gives_back_the_same_bytes(done, tmp_path):
    path, score = done
    bare = scoring.unscore(Source(score.out), out=tmp_path / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()


def test_the_cue_sheet_can_be_scored(done, tmp_path):
    """By an engine that then plays to the song's beats."""
    path, score = done
    again = scoring.score(Source(path), Wish(cues=score.folder / "cues.json"), out=tmp_path / "again.otio")
    assert again.report["engine"] == "composer"


def test_aligning_again_replaces_the_track_and_gives_the_same_bytes(done, tune, tmp_path, tracks):
    path, score = done
    wish = Wish(loudness=-20.0, markers="storyboards", link="relative")
    first = score.wav.read_bytes()
    text = path.read_text()
    (tmp_path / "cut.otio").write_text(text)
    again = aligning.align(Source(tmp_path / "cut.otio"), tune, wish, in_place=True)
    more = aligning.align(Source(again.out), tune, wish, in_place=True)
    assert [is_ours(track) for track in tracks(more.out)].count(True) == 1
    assert more.wav.read_bytes() == first


REFUSED = {
    "silence": (lambda _: np.zeros((10 * RATE, 2)), "silent"),
    "a drone": (lambda drone: drone, "no steady beat"),
    "noise": (lambda _: np.random.default_rng(1).normal(size=(10 * RATE, 2)) * 0.1, "no steady beat"),
    "four beats": (lambda _: songs.song(songs.steady(112, 3)), "too short"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_beat_is_refused(what, drone, cut, tmp_path):
    make, words = REFUSED[what]
    audio = save(tmp_path / "sound.wav", make(drone))
    path = cut()
    with pytest.raises(InputError, match=words):
        aligning.align(Source(path), audio, out=tmp_path / "out.otio")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["cut.otio", "sound.wav"]


def test_speech_is_refused_and_called_so(program, cut, tmp_path):
    words = "We left the harbour before dawn. Nobody had slept, and the engine was still cold. Tell me what you saw. "
    subprocess.run([program("espeak-ng", "espeak-ng"), "-w", str(tmp_path / "said.wav"), words * 3], check=True)
    with pytest.raises(InputError, match="is speech"):
        aligning.align(Source(cut()), tmp_path / "said.wav", out=tmp_path / "out.otio")


def test_a_song_is_not_called_speech(tune):
    assert aligning.spoken(aligning.listen(tune, 10.0).sound) < aligning.SPOKEN


def test_the_command_line_says_what_is_wrong(cut, tmp_path, capsys):
    path = cut()
    (tmp_path / "no.wav").write_bytes(b"this is no sound")
    assert main(["align", str(path), "--audio", str(tmp_path / "no.wav"), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["status"] == 3
    assert main(["align", str(path)]) == 2
    assert main(["align", str(path), "--audio", str(tmp_path / "none.wav")]) == 3


def test_the_song_itself_is_never_written_over(cut, tune, tmp_path):
    path = cut()
    folder = tmp_path / "out.hitpoint"
    folder.mkdir()
    inside = folder / "score.wav"
    inside.write_bytes(tune.read_bytes())
    (folder / "report.json").write_text('{"out": "out.otio"}')
    with pytest.raises(UsageError, match="the song itself"):
        aligning.align(Source(path), inside, out=tmp_path / "out.otio")
    assert inside.read_bytes() == tune.read_bytes()
