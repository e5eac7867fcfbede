"""Scores in every format that we write: the user's own document with our track, and nothing else changed."""

from __future__ import annotations

import zipfile

import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline.reading import Source, read_edit
from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.rate import Rate

SCORE = "Hitpoint Score"


def fcp7(make, tmp_path, rate=25.0, start=90000):
    shots = [make.clip(letter, 50, rate=rate, url=f"file://localhost/media/{letter}.mov") for letter in "ABC"]
    sound = make.track(make.clip("s", 150, rate=rate, url="file://localhost/media/s.wav"), kind="Audio", name="A1")
    made = make.timeline(make.track(*shots), sound, name="Schnitt & Co", start=start, rate=rate)
    path = tmp_path / "cut.xml"
    path.write_text(otio.adapters.write_to_string(made, "fcp_xml"), encoding="utf-8")
    return path


@pytest.mark.parametrize("rate", [24, 25, 30, 29.97, 23.976])
def test_fcp7_xml_gets_our_pair_of_tracks_and_gives_its_bytes_back(make, tmp_path, rate, tracks):
    path = fcp7(make, tmp_path, rate, 0)
    done = scoring.score(Source(path), out=tmp_path / "out.xml")
    before, after = read_edit(path)[0], read_edit(done.out)[0]
    assert after.to_json() == before.to_json()
    old, new = tracks(path), tracks(done.out)
    assert [t.is_equivalent_to(n) for t, n in zip(old, new, strict=False)] == [True] * len(old)
    ours = new[len(old) :]
    assert all(track.kind == "Audio" and track[0].duration().value == 150 for track in ours)
    bare = scoring.unscore(Source(done.out), out=tmp_path / "bare.xml")
    assert bare.out.read_bytes() == path.read_bytes()


def test_scoring_fcp7_xml_again_leaves_one_score(make, tmp_path, tracks):
    first = scoring.score(Source(fcp7(make, tmp_path)), out=tmp_path / "out.xml")
    count = len(tracks(first.out))
    again = scoring.score(Source(first.out), Wish(seed=4), in_place=True)
    assert len(tracks(again.out)) == count
    bare = scoring.unscore(Source(again.out), out=tmp_path / "bare.xml")
    assert bare.out.read_bytes() == (tmp_path / "cut.xml").read_bytes()


def test_fcp7_xml_becomes_otio_with_all_of_the_edit(make, tmp_path):
    path = fcp7(make, tmp_path)
    done = scoring.score(Source(path), out=tmp_path / "out.otio")
    assert read_edit(done.folder / "music-only.xml")[0].start_frame == 90000
    ours, theirs = read_edit(done.out)[0], read_edit(path)[0]
    assert ours.cuts == theirs.cuts
    assert (ours.rate, ours.start_frame, ours.frames) == (theirs.rate, theirs.start_frame, theirs.frames)


EDL = (
    "TITLE: PAL\n001  A V C 01:00:00:00 01:00:02:10 01:00:00:00 01:00:02:10\n* FROM CLIP NAME: A.mov\n"
    "002  B V C 01:00:00:00 01:00:03:05 01:00:02:10 01:00:05:15\n* FROM CLIP NAME: B.mov\n"
)


def test_an_edl_becomes_otio_and_a_music_only_timeline(tmp_path):
    path = tmp_path / "cut.edl"
    path.write_text(EDL)
    done = scoring.score(Source(path, rate=Rate.of(25)), out=tmp_path / "out.otio")
    whole = otio.adapters.read_from_file(str(done.out))
    alone = otio.adapters.read_from_file(str(done.folder / "music-only.otio"))
    assert read_edit(done.out)[0].cuts == read_edit(path, rate=Rate.of(25))[0].cuts
    assert alone.name == whole.name == "PAL"
    assert alone.global_start_time == whole.global_start_time == otio.opentime.RationalTime(90000, 25)
    assert [track.name for track in alone.tracks] == [SCORE]
    assert alone.duration() == otio.opentime.RationalTime(140, 25)
    beside = read_edit(done.folder / "music-only.xml")[0]
    assert (str(beside.rate), beside.start_frame, beside.name) == ("25", 90000, "PAL")
    assert any("cut.edl" in warning and "music-only" in warning for warning in done.report["warnings"])
    lying = {path.name for path in done.folder.iterdir() if path.name.startswith("music-only")}
    assert lying == {f"music-only.{suffix}" for suffix in ("otio", "xml", "fcpxml", "edl")}
    assert lying == {name for name in done.report["files"] if name.startswith("music-only")}
    assert path.read_text() == EDL


@pytest.mark.parametrize("out", ["out.edl", "out.xml", "out.aaf", "out.kdenlive", "out.txt", "out"])
def test_a_format_that_would_lose_something_is_refused_naming_the_music_only_file(tmp_path, out):
    path = tmp_path / "cut.edl"
    path.write_text(EDL)
    with pytest.raises(UsageError, match=r"music-only\.otio"):
        scoring.score(Source(path, rate=Rate.of(25)), out=tmp_path / out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.edl"]


def test_music_only_is_written_where_asked_for(tmp_path, wav_form):
    path = tmp_path / "cut.edl"
    path.write_text(EDL)
    done = scoring.score(Source(path, rate=Rate.of(25)), Wish(music_only=True), out=tmp_path / "out.edl")
    assert done.out == tmp_path / "out.hitpoint" / "music-only.otio"
    assert not (tmp_path / "out.edl").exists()
    assert wav_form(done.wav)[0] == 140 * 1920


def bundle(make, tmp_path, kind):
    made = make.timeline(make.track(make.clip("A", 48, url="media/A.mov"), make.clip("B", 48, url="media/B.mov")))
    text = otio.adapters.write_to_string(made, "otio_json")
    path = tmp_path / f"cut.{kind}"
    if kind == "otioz":
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.writestr("content.otio", text)
            zipped.writestr("version.txt", "1.0.0")
            for name in "AB":
                zipped.writestr(f"media/{name}.mov", name.encode() * 5000)
    else:
        (path / "media").mkdir(parents=True)
        (path / "content.otio").write_text(text)
        for name in "AB":
            (path / "media" / f"{name}.mov").write_bytes(name.encode() * 5000)
    return path


def content(path):
    if path.is_dir():
        return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    with zipfile.ZipFile(path) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


@pytest.mark.parametrize("kind", ["otioz", "otiod"])
def test_bundles_carry_the_music_and_give_everything_back(make, tmp_path, kind):
    path = bundle(make, tmp_path, kind)
    done = scoring.score(Source(path), out=tmp_path / f"out.{kind}")
    inside = content(done.out)
    assert inside["media/hitpoint-score.wav"] == done.wav.read_bytes()
    assert {k: v for k, v in inside.items() if "hitpoint" not in k and k != "content.otio"} == {
        k: v for k, v in content(path).items() if k != "content.otio"
    }
    timeline = otio.adapters.read_from_string(inside["content.otio"].decode(), "otio_json")
    assert timeline.tracks[-1][0].media_reference.target_url == "media/hitpoint-score.wav"
    again = scoring.score(Source(done.out), Wish(seed=2), in_place=True)
    assert sorted(content(again.out)) == sorted(inside)
    bare = scoring.unscore(Source(again.out), out=tmp_path / f"bare.{kind}")
    assert content(bare.out) == content(path)


@pytest.mark.parametrize("kind", ["otioz", "otiod"])
def test_a_bundle_becomes_a_plain_timeline_whose_media_are_found(make, tmp_path, kind):
    path = bundle(make, tmp_path, kind)
    done = scoring.score(Source(path), out=tmp_path / "plain" / "out.otio")
    edit, _ = read_edit(done.out)
    assert [shot.online for shot in edit.shots] == [True, True]
