"""An edit goes in, a scored edit comes out, and taking the score out again gives the edit back."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline.reading import Source, is_ours
from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.errors import InputError, NothingToScore, UsageError
from hitpoint.runtime.rate import Rate

SCORE = "Hitpoint Score"


def test_a_score_is_one_stereo_track_over_the_whole_timeline(cut, tmp_path, tracks, wav_form):
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
    assert wav_form(done.folder / "score.wav") == (8 * 48000, 48000, 2, 3)
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


def test_scoring_in_place_and_back_changes_nothing_in_the_end(cut, tracks):
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


def test_scoring_again_replaces_our_track(cut, tmp_path, tracks):
    first = scoring.score(Source(cut()), out=tmp_path / "out.otio")
    again = scoring.score(Source(first.out), Wish(seed=5), in_place=True)
    ours = [track for track in tracks(again.out) if is_ours(track)]
    assert [track.name for track in ours] == [SCORE]
    assert ours[0].metadata["hitpoint"]["seed"] == 5
    bare = scoring.unscore(Source(again.out), out=tmp_path / "bare.otio")
    assert bare.out.read_bytes() == (tmp_path / "cut.otio").read_bytes()


def test_a_score_that_somebody_moved_is_kept_and_a_second_one_made(cut, tmp_path, make, tracks):
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


def test_relative_media_paths_are_rebased_and_restored(make, save, tmp_path, tracks):
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
def test_our_sound_is_named_the_way_the_timeline_names_its_media(make, save, tmp_path, url, looks, tracks):
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
def test_length_is_exact_at_every_rate(make, save, tmp_path, rate, tracks, wav_form):
    path = save(
        make.timeline(make.track(make.clip("A", 35, rate=rate), make.clip("B", 66, rate=rate)), start=0, rate=rate)
    )
    done = scoring.score(Source(path), out=tmp_path / "out.otio")
    exact = Rate.of(rate).fps
    assert wav_form(done.wav)[0] == int(Fraction(101 * 48000) / exact + Fraction(1, 2))
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


def test_a_part_is_scored_and_the_rest_is_silent(cut, tmp_path):
    import numpy as np

    path = cut(start=86400)
    done = scoring.score(Source(path, start="01:00:02:00", end="01:00:05:00"), out=tmp_path / "out.otio")
    assert done.report["storyboards"][0]["start"] == 48
    assert done.report["storyboards"][-1]["end"] == 120
    assert all(48 <= hit["frame"] < 120 for hit in done.report["hits"])
    with wave.open(str(done.wav)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 6)
    assert len(data) == 8 * 48000
    assert not data[: 2 * 48000].any()
    assert data[2 * 48000 : 5 * 48000].any()
    assert not data[5 * 48000 :].any()


@pytest.mark.parametrize(
    ("start", "end"), [("00:00:00:00", None), (None, "02:00:00:00"), ("01:00:02:00", "01:00:01:00"), ("soon", None)]
)
def test_a_part_that_is_none_is_wrong_usage(cut, tmp_path, start, end):
    with pytest.raises(UsageError, match=r"--start|--end"):
        scoring.score(Source(cut(start=86400), start=start, end=end), out=tmp_path / "out.otio")


def test_markers_are_written_where_asked_for(cut, tmp_path):
    def names(wanted):
        done = scoring.score(Source(cut()), Wish(markers=wanted), out=tmp_path / f"{wanted}.otio")
        found = otio.adapters.read_from_file(str(done.out)).tracks.markers
        sheet = json.loads((done.folder / "cues.json").read_text())
        ours = [(int(m.marked_range.start_time.value), m.name) for m in found if "hitpoint" in m.metadata]
        return ours, [round(beat * 24) for board in sheet["storyboards"] for beat in board["beats"]]

    assert names("none")[0] == []
    assert names("storyboards")[0] == [(0, "One"), (96, "Two")]
    beats, planned = names("beats")
    assert [frame for frame, _ in beats] == planned
    assert [name for _, name in beats[:6]] == ["One", "1.2", "1.3", "1.4", "bar 2", "2.2"]


def test_same_in_same_out(cut, tmp_path):
    one = scoring.score(Source(cut()), Wish(seed=3), out=tmp_path / "a" / "out.otio")
    two = scoring.score(Source(cut()), Wish(seed=3), out=tmp_path / "b" / "out.otio")
    other = scoring.score(Source(cut()), Wish(seed=4), out=tmp_path / "c" / "out.otio")
    for name in one.report["files"]:
        if name != "report.json":
            assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes(), name
    # The timeline itself names where its sound lies.
    assert {**one.report, "out_sha256": ""} == {**two.report, "out_sha256": ""}
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


def test_a_sheet_without_storyboards_is_nothing_to_score(cut, tmp_path):
    sheet = scoring.plan(Source(cut()).read()[0])
    path = tmp_path / "cues.json"
    path.write_text(sheet_json.dumps(replace(sheet, storyboards=(), hits=())), encoding="utf-8")
    with pytest.raises(NothingToScore, match="no storyboards"):
        scoring.plan(Source(cut()).read()[0], path)


def test_a_folder_with_somebodys_sound_in_it_is_left_alone(cut, tmp_path):
    out = tmp_path / "mine.otio"
    own = tmp_path / "mine.hitpoint" / "score.wav"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(UsageError, match="no score of ours"):
        scoring.score(Source(cut()), out=out)
    assert own.read_text() == "mine" and not out.exists()
