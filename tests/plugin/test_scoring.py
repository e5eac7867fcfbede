"""An edit goes in, a scored edit comes out, and taking the score out again gives the edit back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import wave
import zipfile
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.plugin import scoring
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline.reading import Source, is_ours, read_edit
from hitpoint.runtime.errors import Cancelled, InputError, NothingToScore, OutputError, UsageError
from hitpoint.runtime.rate import Rate

SCORE = "Hitpoint Score"


@pytest.fixture
def cut(make, save):
    """Four shots of a second or two, at 24."""

    def build(name="cut.otio", **options):
        shots = [make.clip(letter, 48) for letter in "ABCD"]
        made = make.timeline(
            make.track(*shots), make.track(make.clip("voice", 100), kind="Audio", name="A1"), **options
        )
        return save(make_marked(make, made), name)

    return build


def make_marked(make, made):
    make.mark(made.tracks, 0, "storyboard: One")
    make.mark(made.tracks, 96, "storyboard: Two")
    return made


def tracks(path):
    return list(otio.adapters.read_from_file(str(path)).tracks)


def without_ours(timeline):
    for i in reversed(range(len(timeline.tracks))):
        if is_ours(timeline.tracks[i]):
            del timeline.tracks[i]
    return timeline


def wav_frames(path):
    with wave.open(str(path)) as file:
        return file.getnframes(), file.getframerate(), file.getnchannels(), file.getsampwidth()


def test_a_score_is_one_stereo_track_over_the_whole_timeline(cut, tmp_path):
    done = scoring.score(Source(cut()), out=tmp_path / "out.otio")
    before, after = tracks(tmp_path / "cut.otio"), tracks(done.out)
    assert len(after) == len(before) + 1
    for old, new in zip(before, after, strict=False):
        assert new.is_equivalent_to(old)
    ours = after[-1]
    assert (ours.name, ours.kind) == (SCORE, "Audio")
    clip = ours[0]
    assert clip.source_range == otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(192, 24)
    )
    assert clip.media_reference.available_range == clip.source_range
    assert otio.adapters.read_from_file(str(done.out)).duration().rate == 24
    assert Path(done.report["files"][0]).name == "score.wav"
    assert wav_frames(done.folder / "score.wav") == (8 * 48000, 48000, 2, 3)
    provenance = ours.metadata["hitpoint"]
    assert {"version", "engine", "pack", "licence", "seed", "cue_sheet", "time_map"} <= set(provenance)


def test_unscore_gives_back_the_same_bytes(cut, tmp_path):
    path = cut()
    scored = scoring.score(Source(path), Wish(markers="beats"), out=tmp_path / "out.otio")
    assert scored.out.read_bytes() != path.read_bytes()
    bare = scoring.unscore(Source(scored.out), out=tmp_path / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()
    assert bare.tracks == 1


def test_unscore_of_an_unscored_edit_is_a_copy_with_a_warning(cut, tmp_path):
    path = cut()
    bare = scoring.unscore(Source(path), out=tmp_path / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()
    assert (bare.tracks, len(bare.warnings)) == (0, 1)


def test_scoring_in_place_and_back_changes_nothing_in_the_end(cut):
    path = cut()
    before = path.read_bytes()
    scoring.score(Source(path), in_place=True)
    assert len(tracks(path)) == 3
    assert (path.parent / "cut.hitpoint" / "score.wav").is_file()
    scoring.unscore(Source(path), in_place=True)
    assert path.read_bytes() == before


def test_the_edit_itself_is_not_written_without_being_asked(cut):
    path = cut()
    with pytest.raises(UsageError, match="--in-place"):
        scoring.score(Source(path), out=path)


def test_scoring_again_replaces_our_track(cut, tmp_path):
    first = scoring.score(Source(cut()), out=tmp_path / "out.otio")
    again = scoring.score(Source(first.out), Wish(seed=5), in_place=True)
    ours = [track for track in tracks(again.out) if is_ours(track)]
    assert [track.name for track in ours] == [SCORE]
    assert ours[0].metadata["hitpoint"]["seed"] == 5
    bare = scoring.unscore(Source(again.out), out=tmp_path / "bare.otio")
    assert bare.out.read_bytes() == (tmp_path / "cut.otio").read_bytes()


def test_a_score_that_somebody_moved_is_kept_and_a_second_one_made(cut, tmp_path, make):
    first = scoring.score(Source(cut()), out=tmp_path / "out.otio")
    timeline = otio.adapters.read_from_file(str(first.out))
    ours = next(track for track in timeline.tracks if is_ours(track))
    ours.insert(0, make.gap(12))
    first.out.write_text(otio.adapters.write_to_string(timeline, "otio_json"))
    first_wav = (first.folder / "score.wav").read_bytes()
    again = scoring.score(Source(first.out), Wish(seed=9), in_place=True)
    names = [track.name for track in tracks(again.out) if is_ours(track)]
    assert names == [SCORE, f"{SCORE} 2"]
    assert (first.folder / "score.wav").read_bytes() == first_wav
    assert again.wav.name == "score-2.wav"
    assert any("moved" in warning for warning in again.report["warnings"])


def test_a_foreign_clip_on_our_track_survives(cut, tmp_path, make):
    first = scoring.score(Source(cut()), out=tmp_path / "out.otio")
    timeline = otio.adapters.read_from_file(str(first.out))
    next(track for track in timeline.tracks if is_ours(track)).append(make.clip("mine", 24))
    first.out.write_text(otio.adapters.write_to_string(timeline, "otio_json"))
    for path in (
        scoring.score(Source(first.out), out=tmp_path / "again.otio").out,
        scoring.unscore(Source(first.out), out=tmp_path / "bare.otio").out,
    ):
        assert any(clip.name == "mine" for clip in otio.adapters.read_from_file(str(path)).find_clips())


def test_relative_media_paths_are_rebased_and_restored(make, save, tmp_path):
    shots = make.track(
        make.clip("A", 48, url="media/A.mov"), make.clip("B", 48, url="./B é.mov"), make.clip("C", 9, url="/abs/C.mov")
    )
    path = save(make.timeline(shots))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    done = scoring.score(Source(path), out=tmp_path / "deep" / "er" / "out.otio")
    urls = [c.media_reference.target_url for c in tracks(done.out)[0].find_clips()]
    assert urls == ["../../media/A.mov", "../.././B é.mov", "/abs/C.mov"]
    bare = scoring.unscore(Source(done.out), out=tmp_path / "deep" / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("url", "looks"),
    [
        ("media/A.mov", "out.hitpoint/score.wav"),
        ("/abs/A.mov", "{folder}/out.hitpoint/score.wav"),
        ("file:///abs/A.mov", "file://{folder}/out.hitpoint/score.wav"),
    ],
)
def test_our_sound_is_named_the_way_the_timeline_names_its_media(make, save, tmp_path, url, looks):
    path = save(make.timeline(make.track(make.clip("A", 48, url=url), make.clip("B", 48, url=url.replace("A", "B")))))
    done = scoring.score(Source(path), out=tmp_path / "out.otio")
    found = tracks(done.out)[-1][0].media_reference.target_url
    assert found == looks.format(folder=tmp_path)


def test_our_sound_is_found_by_the_reader_again(cut, tmp_path):
    from hitpoint.plugin.timeline.document import open_document
    from hitpoint.plugin.timeline.writing import music_of

    for link in ("relative", "plain", "url", "localhost"):
        done = scoring.score(Source(cut()), Wish(link=link), out=tmp_path / f"{link}.otio")
        assert music_of(open_document(done.out)) == done.wav


def test_a_trimmed_top_stack_gets_a_track_that_is_heard_from_its_first_frame(make, save, tmp_path):
    made = make.timeline(make.track(make.clip("A", 48), make.clip("B", 48), make.clip("C", 48)))
    made.tracks.source_range = make.span(24, 96)
    done = scoring.score(Source(save(made)), out=tmp_path / "out.otio")
    timeline = otio.adapters.read_from_file(str(done.out))
    clip = next(iter(timeline.tracks[-1].find_clips()))
    at = clip.transformed_time(clip.source_range.start_time, timeline.tracks)
    assert at == otio.opentime.RationalTime(24, 24)  # the top stack is heard from its own frame 24
    assert clip.duration().value == 96


@pytest.mark.parametrize(
    "rate", [24000 / 1001, 23.976, 23.98, 24, 25, 30000 / 1001, 29.97, 30, 50, 60000 / 1001, 59.94, 60]
)
def test_length_is_exact_at_every_rate(make, save, tmp_path, rate):
    path = save(
        make.timeline(make.track(make.clip("A", 35, rate=rate), make.clip("B", 66, rate=rate)), start=0, rate=rate)
    )
    done = scoring.score(Source(path), out=tmp_path / "out.otio")
    exact = Rate.of(rate).fps
    assert wav_frames(done.wav)[0] == int(Fraction(101 * 48000) / exact + Fraction(1, 2))
    clip = tracks(done.out)[-1][0]
    assert (clip.source_range.duration.value, clip.source_range.duration.rate) == (101, rate)
    assert done.report["samples"] == done.report["expected_samples"]


def test_the_music_ends_with_the_picture(make, save, tmp_path):
    import numpy as np

    picture = make.track(make.clip("A", 48), make.clip("B", 48), make.gap(48))
    done = scoring.score(Source(save(make.timeline(picture))), out=tmp_path / "out.otio")
    with wave.open(str(done.wav)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 6)
    assert data.shape[0] == 6 * 48000
    assert data[: 4 * 48000].any()
    assert not data[4 * 48000 :].any()


def test_same_in_same_out(cut, tmp_path):
    one = scoring.score(Source(cut()), Wish(seed=3), out=tmp_path / "a" / "out.otio")
    two = scoring.score(Source(cut()), Wish(seed=3), out=tmp_path / "b" / "out.otio")
    other = scoring.score(Source(cut()), Wish(seed=4), out=tmp_path / "c" / "out.otio")
    for name in one.report["files"]:
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes(), name
    assert one.wav.read_bytes() != other.wav.read_bytes()


def test_a_cue_sheet_that_was_written_is_played_back_the_same(cut, tmp_path):
    one = scoring.score(Source(cut()), out=tmp_path / "one.otio")
    two = scoring.score(Source(cut()), Wish(cues=one.folder / "cues.json"), out=tmp_path / "two.otio")
    assert one.wav.read_bytes() == two.wav.read_bytes()


def test_a_tempo_that_a_person_changed_is_played(cut, tmp_path):
    one = scoring.score(Source(cut()), out=tmp_path / "one.otio")
    sheet = json.loads((one.folder / "cues.json").read_text())
    sheet["storyboards"][1]["tempo"] = 87.0
    (tmp_path / "mine.json").write_text(json.dumps(sheet))
    two = scoring.score(Source(cut()), Wish(cues=tmp_path / "mine.json"), out=tmp_path / "two.otio")
    assert two.report["storyboards"][1]["tempo"] == 87.0
    assert one.wav.read_bytes() != two.wav.read_bytes()


def test_a_cue_sheet_of_another_edit_is_refused(cut, make, save, tmp_path):
    one = scoring.score(Source(cut()), out=tmp_path / "one.otio")
    longer = save(make.timeline(make.track(make.clip("A", 300))), "longer.otio")
    with pytest.raises(InputError, match="192 frames"):
        scoring.score(Source(longer), Wish(cues=one.folder / "cues.json"), out=tmp_path / "two.otio")


def test_stems_add_up_to_the_programme(cut, tmp_path):
    import numpy as np

    done = scoring.score(Source(cut()), Wish(stems=True), out=tmp_path / "out.otio")

    def samples(path):
        with wave.open(str(path)) as file:
            data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3).astype(np.int32)
        return ((data[:, 0] | data[:, 1] << 8 | data[:, 2] << 16) ^ 0x800000) - 0x800000

    stems = [samples(path) for path in sorted((done.folder / "stems").glob("*.wav"))]
    assert len(stems) >= 3
    assert np.abs(sum(stems) - samples(done.wav)).max() < 32  # rounding of each to 24 bits


def test_nothing_to_score_is_said_and_nothing_written(make, save, tmp_path):
    path = save(make.timeline(make.track(make.clip("wav", 240), kind="Audio")))
    with pytest.raises(NothingToScore):
        scoring.score(Source(path), out=tmp_path / "new" / "out.otio")
    assert not (tmp_path / "new").exists()


# Other formats


def fcp7(make, tmp_path, rate=25.0, start=90000):
    shots = [make.clip(letter, 50, rate=rate, url=f"file://localhost/media/{letter}.mov") for letter in "ABC"]
    sound = make.track(make.clip("s", 150, rate=rate, url="file://localhost/media/s.wav"), kind="Audio", name="A1")
    made = make.timeline(make.track(*shots), sound, name="Schnitt & Co", start=start, rate=rate)
    path = tmp_path / "cut.xml"
    path.write_text(otio.adapters.write_to_string(made, "fcp_xml"), encoding="utf-8")
    return path


@pytest.mark.parametrize("rate", [24, 25, 30, 29.97, 23.976])
def test_fcp7_xml_gets_our_pair_of_tracks_and_gives_its_bytes_back(make, tmp_path, rate):
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


def test_scoring_fcp7_xml_again_leaves_one_score(make, tmp_path):
    first = scoring.score(Source(fcp7(make, tmp_path)), out=tmp_path / "out.xml")
    count = len(tracks(first.out))
    again = scoring.score(Source(first.out), Wish(seed=4), in_place=True)
    assert len(tracks(again.out)) == count
    bare = scoring.unscore(Source(again.out), out=tmp_path / "bare.xml")
    assert bare.out.read_bytes() == (tmp_path / "cut.xml").read_bytes()


def test_fcp7_xml_becomes_otio_with_all_of_the_edit(make, tmp_path):
    path = fcp7(make, tmp_path)
    done = scoring.score(Source(path), out=tmp_path / "out.otio")
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
    assert path.read_text() == EDL


@pytest.mark.parametrize("out", ["out.edl", "out.xml", "out.aaf", "out.kdenlive", "out.txt", "out"])
def test_a_format_that_would_lose_something_is_refused_naming_the_music_only_file(tmp_path, out):
    path = tmp_path / "cut.edl"
    path.write_text(EDL)
    with pytest.raises(UsageError, match=r"music-only\.otio"):
        scoring.score(Source(path, rate=Rate.of(25)), out=tmp_path / out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.edl"]


def test_music_only_is_written_where_asked_for(tmp_path):
    path = tmp_path / "cut.edl"
    path.write_text(EDL)
    done = scoring.score(Source(path, rate=Rate.of(25)), Wish(music_only=True), out=tmp_path / "out.edl")
    assert done.out == tmp_path / "out.hitpoint" / "music-only.otio"
    assert not (tmp_path / "out.edl").exists()
    assert wav_frames(done.wav)[0] == 140 * 1920


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


# What must hold always

RATES = st.sampled_from([24000 / 1001, 23.976, 24.0, 25.0, 29.97, 30000 / 1001, 30.0, 59.94, 60.0])


@st.composite
def timelines(draw, make):
    rate = draw(RATES)

    def item(depth=0):
        kind = draw(st.sampled_from(["clip", "clip", "clip", "gap", "nest"] if depth < 2 else ["clip", "gap"]))
        length = draw(st.integers(1, 60))
        if kind == "gap":
            return make.gap(length, rate)
        if kind == "nest":
            inner = make.track(*[item(depth + 1) for _ in range(draw(st.integers(1, 3)))])
            return make.stack(inner, source_range=make.span(draw(st.integers(0, 9)), length, rate))
        name = draw(st.text(st.characters(blacklist_categories=["Cs"]), max_size=6))
        url = draw(
            st.sampled_from(["media/a b#1.mov", "file:///x/%C3%A9.mov", "/x/y.mov", "C:\\m\\z.mov", './"q".mov'])
        )
        made = make.clip(
            name,
            length,
            draw(st.integers(0, 500)),
            rate,
            url=url,
            speed=draw(st.sampled_from([None, None, 2.0, -1.0, 0.0])),
        )
        if draw(st.booleans()):
            make.mark(made, draw(st.integers(0, 600)), draw(st.text(max_size=4)).replace("\ud800", ""), rate=rate)
        return made

    tracks = [
        make.track(*[item() for _ in range(draw(st.integers(0, 5)))], name=f"V{i}")
        for i in range(draw(st.integers(1, 3)))
    ]
    tracks.append(make.track(make.clip("sound", draw(st.integers(1, 90)), rate=rate), kind="Audio", name="A1"))
    tracks[0].append(make.clip("picture", 30, rate=rate))
    return make.timeline(
        *tracks, name=draw(st.text(max_size=8)), start=draw(st.sampled_from([None, 0, 86400])), rate=rate
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_read_score_unscore_gives_equality(tmp_path_factory, make, data):
    folder = tmp_path_factory.mktemp("property")
    path = folder / "cut.otio"
    indent = data.draw(st.sampled_from([-1, 2, 4]))
    path.write_text(
        otio.adapters.write_to_string(data.draw(timelines(make)), "otio_json", indent=indent), encoding="utf-8"
    )
    before = read_edit(path)[0]
    deep = data.draw(st.booleans())
    done = scoring.score(
        Source(path), Wish(markers="storyboards"), out=folder / ("deep/out.otio" if deep else "out.otio")
    )
    after = read_edit(done.out)[0]
    for ours in ("rate", "frames", "start_frame", "cuts", "through_edits", "markers", "picture_start", "picture_end"):
        assert getattr(after, ours) == getattr(before, ours), ours
    assert done.report["samples"] == before.rate.samples(before.frames)
    bare = scoring.unscore(Source(done.out), out=folder / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()
    shutil.rmtree(folder)


def everything(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def test_a_cancelled_run_leaves_what_was_there(cut, tmp_path):
    path = cut()
    scoring.score(Source(path), out=tmp_path / "out.otio")
    before = everything(tmp_path)
    for limit in (0.0, 0.1, 0.5, 0.95, 0.97):

        def stop(fraction, words, limit=limit):
            if fraction >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            scoring.score(Source(path), Wish(seed=8, stems=True), out=tmp_path / "out.otio", progress=stop)
        assert everything(tmp_path) == before


def test_a_full_disk_leaves_what_was_there(cut, tmp_path):
    path = cut()
    scoring.score(Source(path), out=tmp_path / "out.otio")
    before = everything(tmp_path)
    script = f"""
import sys, signal, resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
from hitpoint.plugin.cli import main
sys.exit(main(["score", {str(path)!r}, "--seed", "5", "-o", {str(tmp_path / "out.otio")!r}]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 6, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot write" in done.stderr
    assert everything(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_said(cut, tmp_path, monkeypatch):
    path = cut()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        scoring.score(Source(path), out=tmp_path / "file" / "out.otio")


def test_two_processes_writing_one_out_do_not_mix(cut, tmp_path):
    path = cut()
    out = tmp_path / "out.otio"
    command = [sys.executable, "-m", "hitpoint", "score", str(path), "-o", str(out), "--markers", "none"]
    running = [subprocess.Popen([*command, "--seed", str(seed)]) for seed in (1, 2, 3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    scored = otio.adapters.read_from_file(str(out))
    seed = scored.tracks[-1].metadata["hitpoint"]["seed"]
    alone = scoring.score(Source(path), Wish(seed=seed), out=tmp_path / "alone" / "out.otio")
    for name in alone.report["files"]:
        assert (tmp_path / "out.hitpoint" / name).read_bytes() == (alone.folder / name).read_bytes()
    left = [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]
    assert left == []


def test_memory_does_not_grow_with_the_number_of_clips(make, save, tmp_path):
    """3,000 clips over 100 s against 3 clips over 100 s: the audio is the same, so is the memory but for the timeline."""
    peaks = []
    for count in (3, 3000):
        path = save(
            make.timeline(make.track(*[make.clip(f"c{i}", 3000 // count, rate=30) for i in range(count)])),
            f"{count}.otio",
        )
        script = (
            "import resource, sys; from hitpoint.plugin.cli import main; "
            f"main(['score', {str(path)!r}, '-o', {str(tmp_path / f'o{count}.otio')!r}, '--json']); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        peaks.append(int(done.stderr.split()[-1]))
    assert peaks[1] < peaks[0] + 150_000  # KiB; the timeline itself is 5 MB of JSON, held as text and as objects
