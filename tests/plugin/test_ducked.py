"""A score makes room for dialogue on the edit's own sound, and says where."""

from __future__ import annotations

import json
import re
import wave
from dataclasses import dataclass

import numpy as np
import pytest

from hitpoint.plugin import looking, scoring
from hitpoint.plugin.cli import main
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.takes import Revision
from hitpoint.plugin.timeline.reading import Source


@dataclass(frozen=True)
class Said:
    start: int
    end: int
    confidence: float = 0.9


@pytest.fixture
def speech(monkeypatch):
    """Somebody speaks in the frames 48 to 96 of every edit."""
    heard = []

    def listen(edit, progress=None):
        heard.append(edit.name)
        return (Said(48, 96),), ("one microphone was off",)

    monkeypatch.setattr(looking, "listen", listen)
    return heard


def integers(path):
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3).astype(np.int32)
    return (((data[:, 0] | data[:, 1] << 8 | data[:, 2] << 16) ^ 0x800000) - 0x800000).reshape(-1, 2)


def test_the_score_goes_down_where_somebody_speaks_and_the_full_one_does_not(cut, tmp_path, speech):
    done = scoring.score(Source(cut()), Wish(duck=6.0), out=tmp_path / "out.otio")
    ducked, full = integers(done.wav), integers(done.folder / "score-full.wav")
    inside = slice(2 * 48_000, 4 * 48_000)
    assert np.abs(ducked[inside] - full[inside] * 10 ** (-6 / 20)).max() <= 1
    assert np.array_equal(ducked[: int(1.75 * 48_000)], full[: int(1.75 * 48_000)])
    assert np.array_equal(ducked[int(4.6 * 48_000) :], full[int(4.6 * 48_000) :])
    assert "score-full.wav" in done.report["files"]
    assert done.report["full"]["loudness"] == pytest.approx(-16, abs=0.1)
    assert done.report["loudness"] < done.report["full"]["loudness"]
    stretch = {"start": 48, "end": 96, "fall": 1.75, "low": 2.0, "rise": 4.0, "back": 4.6, "gain_db": -6.0}
    assert done.report["ducking"] == {"depth_db": 6.0, "stretches": [stretch]}
    assert "one microphone was off" in done.report["warnings"]


def test_off_is_off_and_takes_the_earlier_full_score_away(cut, tmp_path, speech):
    first = scoring.score(Source(cut()), out=tmp_path / "out.otio")
    assert (first.folder / "score-full.wav").is_file()
    again = scoring.score(Source(cut()), Wish(duck=None), out=tmp_path / "out.otio")
    assert len(speech) == 1
    assert not (first.folder / "score-full.wav").exists()
    assert (again.report["ducking"], again.report["full"]) == (None, None)


def test_without_dialogue_there_is_one_score_and_it_is_full(cut, tmp_path):
    done = scoring.score(Source(cut()), out=tmp_path / "out.otio")
    assert done.report["ducking"] == {"depth_db": 10.0, "stretches": []}
    assert not (done.folder / "score-full.wav").exists()


def test_media_that_may_not_be_opened_are_not_listened_to(cut, tmp_path, speech):
    done = scoring.score(Source(cut()), Wish(look=looking.Wanted(picture=False)), out=tmp_path / "out.otio")
    assert speech == []
    assert done.report["ducking"] is None


def test_a_later_take_is_ducked_as_the_earlier_one(cut, tmp_path, speech):
    first = scoring.score(Source(cut()), Wish(duck=5.0), out=tmp_path / "first.otio")
    again = scoring.score(Source(cut()), Wish(revision=Revision(first.folder)), out=tmp_path / "again.otio")
    assert again.wav.read_bytes() == first.wav.read_bytes()
    unseen = looking.Wanted(picture=False)
    blind = scoring.score(
        Source(cut()), Wish(look=unseen, revision=Revision(first.folder)), out=tmp_path / "blind.otio"
    )
    assert blind.wav.read_bytes() == first.wav.read_bytes()
    anew = Wish(duck=None, revision=Revision(first.folder, duck_anew=True))
    full = scoring.score(Source(cut()), anew, out=tmp_path / "full.otio")
    assert full.wav.read_bytes() == (first.folder / "score-full.wav").read_bytes()


def test_on_the_command_line(cut, tmp_path, speech, capsys):
    path, out = str(cut()), str(tmp_path / "out.otio")

    def run(*options):
        status = main(["score", path, "-o", out, "--json", *options])
        return status, json.loads(capsys.readouterr().out)

    status, answer = run("--duck", "4", "--loudness", "ebu")
    assert status == 0
    assert answer["ducking"]["stretches"][0]["gain_db"] == -4.0
    assert (answer["loudness_target"], answer["peak_target"]) == (-23.0, -1.0)
    assert answer["full"]["loudness"] == pytest.approx(-23, abs=0.1)
    assert run("--duck", "off")[1]["ducking"] is None
    for options, words in (
        (("--duck", "41"), "between 0 and 40"),
        (("--duck", "3", "--no-look"), "without --no-look"),
        (("--loudness", "loud"), "streaming, default, ebu, atsc"),
        (("--takes", "0"), "between 1 and 99"),
        (("--only", "1"), "--from FOLDER"),
        (("--keep-stem", "bass"), "--from FOLDER"),
    ):
        status, answer = run(*options)
        assert status == 2
        assert words in answer["error"]


def test_a_person_is_told(cut, tmp_path, speech, capsys):
    assert main(["score", str(cut()), "-o", str(tmp_path / "out.otio"), "--takes", "2"]) == 0
    said = capsys.readouterr().out
    told = re.search(r"once down under dialogue, by up to 10 dB; score-full.wav is without that, at (\S+) LUFS", said)
    assert told and float(told[1]) == pytest.approx(-16, abs=0.11)  # within 0.1, and rounded
    assert "takes/02" in said
    folder = str(tmp_path / "out.hitpoint")
    assert main(["score", str(cut()), "-o", str(tmp_path / "b.otio"), "--from", folder, "--only", "two"]) == 0
    assert "from out.hitpoint; made anew: Two" in capsys.readouterr().out
