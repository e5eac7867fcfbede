"""Stems on tracks of their own: in every format, replaced by scoring again, and taken out to the byte."""

from __future__ import annotations

import json
import wave
import zipfile

import numpy as np
import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline import score_track
from hitpoint.plugin.timeline.document import open_document
from hitpoint.plugin.timeline.reading import Source, is_ours, read_edit
from hitpoint.plugin.timeline.score_track import Standing
from hitpoint.plugin.timeline.writing import music_of

SCORE = "Hitpoint Score"
STEMS = ("melody", "harmony", "bass", "drums", "effects")
TRACKS = [f"{SCORE}: {stem}" for stem in STEMS]
ON_TRACKS = Wish(stem_tracks=True)


def integers(path):
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3).astype(np.int32)
    return ((data[:, 0] | data[:, 1] << 8 | data[:, 2] << 16) ^ 0x800000) - 0x800000


def ours(path, tracks):
    return [track for track in tracks(path) if is_ours(track)]


def rewritten(path, change):
    """What a host makes of a timeline."""
    timeline = otio.adapters.read_from_file(str(path))
    change(timeline)
    path.write_text(otio.adapters.write_to_string(timeline, "otio_json"))


def test_every_stem_has_a_track_and_together_they_are_the_score(cut, tmp_path, tracks):
    path = cut()
    done = scoring.score(Source(path), ON_TRACKS, out=tmp_path / "out.otio")
    found = ours(done.out, tracks)
    assert [track.name for track in found] == TRACKS == done.report["stem_tracks"]
    assert {track[0].duration().value for track in found} == {192}
    assert [track.metadata["hitpoint"]["stem"] for track in found] == list(STEMS)
    files = [done.folder / "stems" / track[0].name for track in found]
    assert [track[0].media_reference.target_url for track in found] == [file.as_uri() for file in files]
    assert np.abs(sum(map(integers, files)) - integers(done.wav)).max() < 32
    assert read_edit(done.out)[0].to_json() == read_edit(path)[0].to_json()
    bare = scoring.unscore(Source(done.out), out=tmp_path / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()
    assert bare.tracks == len(STEMS)


def test_scoring_again_replaces_stems_by_stems_by_one_track(cut, tmp_path, tracks):
    path = cut()
    done = scoring.score(Source(path), ON_TRACKS, out=tmp_path / "out.otio")
    for wish, names in (
        (Wish(stem_tracks=True, seed=2), TRACKS),
        (Wish(seed=3), [SCORE]),
        (Wish(stem_tracks=True, seed=4), TRACKS),
    ):
        done = scoring.score(Source(done.out), wish, in_place=True)
        found = ours(done.out, tracks)
        assert [track.name for track in found] == names
        assert {track.metadata["hitpoint"]["seed"] for track in found} == {wish.seed}
        assert not [warning for warning in done.report["warnings"] if "stays as it is" in warning]
        assert (done.folder / "stems").is_dir() == wish.stem_tracks
    bare = scoring.unscore(Source(done.out), out=tmp_path / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()


def test_a_stem_that_somebody_cut_keeps_its_whole_score(cut, tmp_path, make, tracks):
    first = scoring.score(Source(cut()), ON_TRACKS, out=tmp_path / "out.otio")
    rewritten(first.out, lambda timeline: ours_of(timeline)[2].insert(0, make.gap(12)))
    kept = {stem: (first.folder / "stems" / f"{stem}.wav").read_bytes() for stem in STEMS}
    again = scoring.score(Source(first.out), Wish(stem_tracks=True, seed=9), in_place=True)
    names = [track.name for track in ours(again.out, tracks)]
    assert names == [*TRACKS, *(f"{SCORE} 2: {stem}" for stem in STEMS)]
    assert {stem: (first.folder / "stems" / f"{stem}.wav").read_bytes() for stem in STEMS} == kept
    assert (again.folder / "stems-2" / "bass.wav").is_file()
    assert again.wav.name == "score-2.wav"
    said = [warning for warning in again.report["warnings"] if "stays as it is" in warning]
    assert sum("moved, cut or changed" in warning for warning in said) == 1
    assert sum("beside the changed tracks" in warning for warning in said) == len(STEMS) - 1
    third = scoring.score(Source(again.out), Wish(stem_tracks=True, seed=10), in_place=True)
    assert [track.name for track in ours(third.out, tracks)] == names
    assert len(kept) == len(list((first.folder / "stems").iterdir()))
    bare = scoring.unscore(Source(third.out), out=tmp_path / "bare.otio")
    assert not ours(bare.out, tracks)


def ours_of(timeline):
    return [track for track in timeline.tracks if is_ours(track)]


def test_a_stem_that_somebody_deleted_comes_back(cut, tmp_path, tracks):
    first = scoring.score(Source(cut()), ON_TRACKS, out=tmp_path / "out.otio")
    rewritten(first.out, lambda timeline: timeline.tracks.remove(ours_of(timeline)[1]))
    again = scoring.score(Source(first.out), ON_TRACKS, in_place=True)
    assert [track.name for track in ours(again.out, tracks)] == TRACKS


def test_a_clip_of_somebodys_on_a_stem_survives(cut, tmp_path, make, tracks):
    first = scoring.score(Source(cut()), ON_TRACKS, out=tmp_path / "out.otio")
    rewritten(first.out, lambda timeline: ours_of(timeline)[0].append(make.clip("mine", 24)))
    again = scoring.score(Source(first.out), ON_TRACKS, in_place=True)
    found = tracks(again.out)
    assert [track.name for track in found if is_ours(track)] == [f"{SCORE} 2: {stem}" for stem in STEMS]
    assert any(clip.name == "mine" for track in found for clip in track.find_clips())
    bare = scoring.unscore(Source(again.out), out=tmp_path / "bare.otio")
    assert any(clip.name == "mine" for track in tracks(bare.out) for clip in track.find_clips())


def test_stems_are_known_where_a_host_dropped_what_we_wrote_down(cut, tmp_path, tracks):
    path = cut()
    first = scoring.score(Source(path), ON_TRACKS, out=tmp_path / "out.otio")

    def forget(timeline):
        for track in ours_of(timeline):
            track.metadata.pop("hitpoint")
            track[0].metadata.pop("hitpoint")

    rewritten(first.out, forget)
    assert read_edit(first.out)[0].audio_tracks == read_edit(path)[0].audio_tracks
    again = scoring.score(Source(first.out), ON_TRACKS, in_place=True)
    assert [track.name for track in ours(again.out, tracks)] == TRACKS
    assert not ours(scoring.unscore(Source(again.out), out=tmp_path / "bare.otio").out, tracks)


def test_the_whole_score_is_found_where_its_stems_are_on_the_timeline(cut, tmp_path):
    done = scoring.score(Source(cut()), ON_TRACKS, out=tmp_path / "out.otio")
    assert music_of(open_document(done.out)) == done.wav
    done.wav.unlink()
    assert music_of(open_document(done.out)) is None


def content(path):
    if path.is_dir():
        return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    with zipfile.ZipFile(path) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


@pytest.mark.parametrize("kind", ["otioz", "otiod"])
def test_bundles_carry_the_stems_and_give_everything_back(make, tmp_path, kind):
    made = make.timeline(make.track(make.clip("A", 48, url="media/A.mov"), make.clip("B", 48, url="media/B.mov")))
    text, path = otio.adapters.write_to_string(made, "otio_json"), tmp_path / f"cut.{kind}"
    files = {"content.otio": text.encode(), "media/A.mov": b"A" * 500, "media/B.mov": b"B" * 500}
    if kind == "otioz":
        with zipfile.ZipFile(path, "w") as zipped:
            for name, data in files.items():
                zipped.writestr(name, data)
    else:
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    whole = scoring.score(Source(path), out=tmp_path / f"out.{kind}")
    done = scoring.score(Source(whole.out), ON_TRACKS, in_place=True)
    inside = content(done.out)
    media = {name for name in inside if "hitpoint" in name}
    assert media == {f"media/hitpoint-score.{stem}.wav" for stem in STEMS}
    assert inside["media/hitpoint-score.bass.wav"] == (done.folder / "stems" / "bass.wav").read_bytes()
    assert music_of(open_document(done.out), [tmp_path]) in (done.wav, None)
    bare = scoring.unscore(Source(done.out), out=tmp_path / f"bare.{kind}")
    assert content(bare.out) == content(path)


def test_fcp7_xml_gets_a_pair_of_tracks_for_every_stem(make, tmp_path, tracks):
    shots = [make.clip(letter, 50, rate=25, url=f"file://localhost/media/{letter}.mov") for letter in "ABC"]
    sound = make.track(make.clip("s", 150, rate=25, url="file://localhost/media/s.wav"), kind="Audio", name="A1")
    path = tmp_path / "cut.xml"
    path.write_text(
        otio.adapters.write_to_string(make.timeline(make.track(*shots), sound, rate=25), "fcp_xml"), encoding="utf-8"
    )
    done = scoring.score(Source(path), ON_TRACKS, out=tmp_path / "out.xml")
    assert len(tracks(done.out)) == len(tracks(path)) + len(STEMS)  # OpenTimelineIO makes one track of a pair
    text = done.out.read_text()
    assert [text.count(f'MZ.TrackName="{name}"') for name in TRACKS] == [2] * len(STEMS)
    ids = [line.split('id="')[1].split('"')[0] for line in text.split("<") if line.startswith("clipitem id")]
    assert len(ids) == len(set(ids))
    assert read_edit(done.out)[0].to_json() == read_edit(path)[0].to_json()
    whole = scoring.score(Source(done.out), Wish(seed=1), in_place=True)
    assert len(tracks(whole.out)) == len(tracks(path)) + 1
    again = scoring.score(Source(whole.out), Wish(stem_tracks=True, seed=2), in_place=True)
    assert len(tracks(again.out)) == len(tracks(path)) + len(STEMS)
    assert music_of(open_document(again.out)) == again.wav
    bare = scoring.unscore(Source(again.out), out=tmp_path / "bare.xml")
    assert bare.out.read_bytes() == path.read_bytes()


def test_music_only_timelines_hold_the_stems(tmp_path, cut):
    done = scoring.score(Source(cut()), Wish(stem_tracks=True, music_only=True), out=tmp_path / "out.otio")
    alone = otio.adapters.read_from_file(str(done.folder / "music-only.otio"))
    assert [track.name for track in alone.tracks] == TRACKS
    urls = [track[0].media_reference.target_url for track in alone.tracks]
    assert urls == [f"stems/{stem}.wav" for stem in STEMS]
    xml = (done.folder / "music-only.xml").read_text()
    assert [xml.count(f'MZ.TrackName="{name}"') for name in TRACKS] == [2] * len(STEMS)
    assert len(otio.adapters.read_from_file(str(done.folder / "music-only.xml")).tracks) == len(STEMS)
    assert json.loads((done.folder / "report.json").read_text())["stem_tracks"] == TRACKS


def standing(index, name, state="untouched", in_place=True):
    return Standing(index, state, in_place, name, {}, (f"{name}.wav",))


@pytest.mark.parametrize(
    ("found", "name", "going"),
    [
        ([SCORE], SCORE, {0}),
        ([f"{SCORE}: a", f"{SCORE}: b"], SCORE, {0, 1}),
        ([f"{SCORE} 3: a"], f"{SCORE} 3", {0}),
        ([SCORE, SCORE], f"{SCORE} 2", set()),
        ([f"{SCORE}: a", f"{SCORE}: a"], f"{SCORE} 2", set()),
        ([SCORE, f"{SCORE}: a"], f"{SCORE} 2", set()),
        ([SCORE, f"{SCORE} 2: a"], f"{SCORE} 3", set()),
        ([], SCORE, set()),
    ],
)
def test_only_a_score_that_stands_alone_makes_room(found, name, going):
    planned = score_track.plan([standing(index, each) for index, each in enumerate(found)], found)
    assert (planned.name, set(planned.going)) == (name, going)
    assert planned.index == (min(going) if going else None)
    assert len(planned.kept_media) == len(found) - len(going) == len(planned.warnings)


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("out.hitpoint/score.wav", True),
        ("/a/out.hitpoint/score-full-2.wav", True),
        ("C:\\a\\out.hitpoint\\stems-2\\bass.wav", True),
        ("out.hitpoint/takes/02/score.wav", True),
        ("media/hitpoint-score.bass.wav", True),
        ("out.hitpoint/voice.wav", False),
        ("stems/bass.wav", False),
        ("out.hitpoint/stems/deeper/bass.wav", False),
    ],
)
def test_our_files_are_known_by_their_names(path, is_ours):
    assert score_track.is_score_media(path) is is_ours
