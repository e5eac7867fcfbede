"""Final Cut's FCPXML: every time as the file has it, and the picture that a viewer sees."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import InputError

from .fcpxml_documents import asset, clip, document, project


@pytest.fixture
def read(write):
    def edit(text, name="cut.fcpxml", **asked):
        return read_edit(write(name, text), **asked)[0]

    return edit


def cuts(edit):
    return [(cut.frame, cut.kind) for cut in edit.cuts]


def marks(edit):
    return [(marker.frame, marker.name, marker.source, marker.visible) for marker in edit.markers]


THREE = clip("r2", "0s", "4s") + clip("r3", "4s", "2s", more='start="10s"') + clip("r4", "6s", "3s")


def test_clips_of_a_storyline_follow_each_other(read):
    edit = read(document(project(THREE)))
    assert (edit.name, str(edit.rate), edit.frames) == ("cut", "25", 225)
    assert cuts(edit) == [(100, "cut"), (150, "cut")]
    second = edit.shots[1]
    assert (second.media, second.sources[0].at, second.sources[0].speed) == ("file:///media/B.mov", 10, 1)


@pytest.mark.parametrize(
    ("rate", "frame", "drop"),
    [
        ("23.976", Fraction(1001, 24000), False),
        ("29.97", Fraction(1001, 30000), True),
        ("59.94", Fraction(1001, 60000), True),
    ],
)
def test_ntsc_times_stay_exact_for_hours_and_timecode_may_drop(read, rate, frame, drop):
    # An hour and more of 1,001 frame clips: a reader that rounds the rate is whole frames off by its end.
    length = 1001 * frame
    starts = [i * length for i in range(90)]
    spine = "".join(clip(("r2", "r3")[i % 2], f"{start}s", f"{length}s") for i, start in enumerate(starts))
    form = "DF" if drop else "NDF"
    edit = read(document(project(spine, more=f'tcStart="0s" tcFormat="{form}"'), rate=rate))
    assert edit.rate.fps == 1 / frame
    assert [cut.frame for cut in edit.cuts] == [1001 * i for i in range(1, 90)]
    assert (edit.frames, edit.drop_frame) == (90 * 1001, drop)


def test_the_start_timecode_is_no_gap(read):
    hour = [clip("r2", "3600s", "4s"), clip("r3", "3604s", "2s")]
    edit = read(document(project("".join(hour), more='tcStart="3600s" tcFormat="NDF"')))
    assert (edit.start_frame, edit.frames, cuts(edit)) == (90000, 150, [(100, "cut")])
    zero = clip("r2", "0s", "4s") + clip("r3", "4s", "2s")  # as some programs count
    assert cuts(read(document(project(zero, more='tcStart="3600s"')))) == [(100, "cut")]


def test_clips_without_offsets_follow_and_a_hole_is_black(read):
    spine = clip("r2", "0s", "2s").replace(' offset="0s"', "") + clip("r3", "0s", "1s").replace(' offset="0s"', "")
    assert cuts(read(document(project(spine)))) == [(50, "cut")]
    edit = read(document(project(clip("r2", "0s", "2s") + clip("r3", "3s", "1s"))))
    assert cuts(edit) == [(50, "to_black"), (75, "from_black")]


def test_a_gap_is_black_and_what_hangs_on_it_is_counted_in_its_own_time(read):
    above = clip("r3", "3601s", "1s", more='lane="1"')
    spine = f'<gap name="Gap" offset="0s" start="3600s" duration="4s">{above}</gap>{clip("r2", "4s", "2s")}'
    edit = read(document(project(spine)))
    assert (edit.picture_start, cuts(edit)) == (25, [(25, "from_black"), (50, "to_black"), (100, "from_black")])


def test_connected_clips_lie_above_and_below_the_storyline(read):
    inside = clip("r3", "11s", "1s", more='lane="1"') + clip("r4", "10s", "5s", more='lane="-1"')
    spine = clip("r2", "0s", "4s", inside, 'start="10s"') + '<gap offset="4s" start="0s" duration="1s"/>'
    edit = read(document(project(spine)))
    # r3 hides r2 from 1 s to 2 s; r4 is seen only where the storyline has nothing.
    assert cuts(edit) == [(25, "cut"), (50, "cut"), (100, "cut")]
    assert [shot.media[-5] for shot in edit.shots] == ["A", "B", "A", "C"]


def test_a_connected_storyline_counts_from_its_own_start_and_its_fades_move_nothing(read):
    fade = '<transition offset="{}" duration="{}"/>'
    inner = fade.format("0s", "1s") + clip("r3", "0s", "2s") + clip("r4", "2s", "2s") + fade.format("3s", "1s")
    spine = clip("r2", "0s", "10s", f'<spine lane="1" offset="22s">{inner}</spine>', 'start="20s"')
    assert [cut.frame for cut in read(document(project(spine))).cuts] == [50, 100, 150]


def test_a_dissolve_cuts_in_its_middle(read):
    dissolve = '<transition name="Cross Dissolve" offset="3s" duration="1s"/>'
    edit = read(document(project(clip("r2", "0s", "4s") + dissolve + clip("r3", "4s", "2s"))))
    assert cuts(edit) == [(88, "transition")]  # 3.5 s are frame 87.5


COMPOUND = (
    '<media id="r9" name="scene"><sequence format="r1" duration="4s" tcStart="100s"><spine>'
    + clip("r3", "100s", "2s", '<marker start="1s" duration="1/25s" value="in"/>')
    + clip("r4", "102s", "2s")
    + "</spine></sequence></media>"
)


def test_a_compound_clip_shows_the_cuts_that_are_inside(read):
    inner = '<ref-clip ref="r9" name="scene" offset="2s" start="101s" duration="2s"/>'
    edit = read(document(project(clip("r2", "0s", "2s") + inner), media=COMPOUND))
    assert cuts(edit) == [(50, "cut"), (75, "cut")]
    assert marks(edit) == [(50, "in", "clip", True)]
    assert edit.shots[1].sources[0].at == 1


def test_a_compound_clip_that_the_file_lacks_is_one_shot_and_is_said(read):
    edit = read(document(project(clip("r2", "0s", "2s") + '<ref-clip ref="r8" name="x" offset="2s" duration="2s"/>')))
    assert cuts(edit) == [(50, "cut")]
    assert any("contents the file does not hold" in warning for warning in edit.warnings)


def test_a_multicam_clip_shows_its_chosen_angle(read):
    angles = "".join(
        f'<mc-angle name="{ref}" angleID="{ref}">{clip(ref, "0s", "3s")}{clip("r4", "3s", "7s")}</mc-angle>'
        for ref in ("r2", "r3")
    )
    media = f'<media id="r9" name="mc"><multicam format="r1" tcStart="0s">{angles}</multicam></media>'

    def shown(offset, start, angle):
        source = f'<mc-source angleID="{angle}" srcEnable="video"/><mc-source angleID="r2" srcEnable="audio"/>'
        return f'<mc-clip ref="r9" name="mc" offset="{offset}" start="{start}" duration="2s">{source}</mc-clip>'

    edit = read(document(project(shown("0s", "0s", "r3") + shown("2s", "2s", "r2")), media=media))
    assert cuts(edit) == [(50, "cut"), (75, "cut")]
    assert [shot.media[-5] for shot in edit.shots] == ["B", "A", "C"]
    assert [shot.media[-5] for track in edit.audio_tracks for shot in track.clips] == ["A", "A", "C"]


def test_a_synchronized_clip_is_what_it_holds_and_what_hangs_on_it_is_not_trimmed(read):
    # As Final Cut has it: the recorder's sound hangs on the picture inside, other clips hang on the synchronized one.
    sound = clip("r4", "0s", "60s", more='lane="-1" audioRole="effects" srcEnable="audio"')
    above = clip("r4", "6s", "3s", more='lane="1"')
    inner = (
        f'<sync-clip name="s" offset="2s" start="5s" duration="2s">{clip("r3", "0s", "30s", sound)}{above}</sync-clip>'
    )
    edit = read(document(project(clip("r2", "0s", "2s") + inner + clip("r2", "4s", "1s", more='start="50s"'))))
    assert cuts(edit) == [(50, "cut"), (75, "cut")]
    assert (edit.frames, edit.shots[1].sources[0].at) == (150, 5)
    effects = [shot for track in edit.audio_tracks if track.name == "effects" for shot in track.clips]
    assert [(shot.start, shot.end, shot.sources[0].at) for shot in effects] == [(50, 100, 5)]


def test_a_clip_is_its_video(read):
    video = '<video ref="r3" offset="0s" start="7s" duration="60s"><audio ref="r3" lane="-1" offset="7s" duration="60s"/></video>'
    spine = clip("r2", "0s", "2s") + f'<clip name="B" offset="2s" start="1s" duration="2s">{video}</clip>'
    edit = read(document(project(spine)))
    assert (cuts(edit), edit.frames, edit.shots[1].sources[0].at) == ([(50, "cut")], 100, 8)
    assert [shot.start for track in edit.audio_tracks for shot in track.clips] == [0, 50]


def test_the_first_of_an_audition_is_seen(read):
    picks = clip("r3", "0s", "2s", '<marker start="1s" value="pick"/>') + clip(
        "r4", "0s", "9s", '<marker start="1s" value="other"/>'
    )
    picks = picks.replace(' offset="0s"', "")
    spine = (
        clip("r2", "0s", "2s")
        + f'<audition offset="2s">{picks}</audition>'
        + clip("r2", "4s", "1s", more='start="50s"')
    )
    edit = read(document(project(spine)))
    assert [shot.media[-5] for shot in edit.shots] == ["A", "B", "A"]
    assert marks(edit) == [(75, "pick", "clip", True)]


def test_a_disabled_clip_is_not_seen_and_not_heard(read):
    above = clip("r3", "1s", "1s", more='lane="1" enabled="0"')
    edit = read(document(project(clip("r2", "0s", "4s", above))))
    assert cuts(edit) == []
    assert [shot.media[-5] for track in edit.audio_tracks for shot in track.clips] == ["A"]


def test_a_retimed_clip_plays_its_medium_faster_and_keeps_its_markers_in_the_clips_own_time(read):
    remap = '<timeMap><timept time="0s" value="0s"/><timept time="10s" value="20s"/></timeMap>'
    spine = clip("r2", "0s", "2s", more='start="2s"') + clip(
        "r2", "2s", "2s", remap + '<marker start="3s" value="m"/>', 'start="2s"'
    )
    edit = read(document(project(spine)))
    # The medium stands at 4 s where the first clip ends and where the second, at twice the speed, begins.
    assert (cuts(edit), edit.through_edits) == ([(50, "cut")], (50,))
    assert (edit.shots[1].sources[0].at, edit.shots[1].sources[0].speed) == (4, 2)
    assert marks(edit) == [(75, "m", "clip", True)]


def test_backwards_and_frozen_clips(read):
    back = '<timeMap><timept time="0s" value="10s"/><timept time="10s" value="0s"/></timeMap>'
    hold = (
        '<timeMap><timept time="0s" value="5s"/><timept time="10s" value="5s"/></timeMap><marker start="1s" value="f"/>'
    )
    edit = read(document(project(clip("r2", "0s", "2s", back) + clip("r3", "2s", "2s", hold))))
    first, second = (shot.sources[0] for shot in edit.shots)
    assert (first.at, first.speed, second.at, second.speed) == (10, -1, 5, 0)
    assert marks(edit) == [(75, "f", "clip", True)]


def test_a_speed_that_changes_is_taken_as_even_and_said(read):
    ramp = (
        '<timeMap><timept time="0s" value="0s"/><timept time="1s" value="1s"/><timept time="2s" value="4s"/></timeMap>'
    )
    edit = read(document(project(clip("r2", "0s", "2s", ramp) + clip("r2", "2s", "1s", more='start="4s"'))))
    assert any("changes while it plays" in warning for warning in edit.warnings)
    assert edit.through_edits == (50,)  # its last frame is where the next clip goes on


def test_conformed_frames_run_at_the_timelines_rate_and_so_does_what_hangs_on_them(read):
    # 23.98 in 30 is played at 24. Final Cut writes the offset of a clip 350 frames on as 571571/3000s after 67067/375s.
    above = clip("r3", "571571/3000s", "11300/3000s", more='lane="1"')
    inside = '<conform-rate srcFrameRate="23.98"/>' + above + '<marker start="571571/3000s" value="m"/>'
    spine = clip("r2", "0s", "60s", inside, 'start="67067/375s"')
    edit = read(document(project(spine), rate="30"))
    assert [cut.frame for cut in edit.cuts] == [350, 463]
    assert edit.markers[0].frame == 350
    assert float(edit.shots[0].sources[0].speed) == pytest.approx(1.001, abs=1e-12)
    kept = read(document(project(spine.replace("srcFrame", 'scaleEnabled="0" srcFrame')), rate="30"))
    assert kept.shots[0].sources[0].speed == 1


def test_titles_above_a_running_picture_may_be_no_cut_at_all(read):
    title = '<title ref="r7" lane="1" offset="1s" name="Title" start="3600s" duration="1s"/>'
    edit = read(document(project(clip("r2", "0s", "4s", title)), media='<effect id="r7" name="Basic" uid="x"/>'))
    assert [(cut.frame, cut.maybe_overlay) for cut in edit.cuts] == [(25, True), (50, True)]


def test_markers_say_what_they_are(read):
    inside = (
        '<marker start="11s" duration="1/25s" value="plain" note="why"/><marker start="12s" value="to do" completed="0"/>'
        '<marker start="12.5s" value="done" completed="1"/><chapter-marker start="13s" value="chapter" posterOffset="0s"/>'
        '<keyword start="10s" duration="1s" value="no marker"/><marker start="9s" value="trimmed off"/>'
    )
    edit = read(document(project(clip("r2", "0s", "4s", inside, 'start="10s"'))))
    found = [(m.frame, m.name, m.note, m.color, m.visible) for m in edit.markers]
    assert found == [
        (-25, "trimmed off", "", "PURPLE", False),
        (25, "plain", "why", "PURPLE", True),
        (50, "to do", "", "RED", True),
        (63, "done", "", "GREEN", True),
        (75, "chapter", "", "ORANGE", True),
    ]


def test_sound_is_heard_by_role_and_a_split_edit_where_it_begins(read):
    talk = clip("r2", "0s", "4s", more='start="10s" audioStart="9s" audioDuration="6s" audioRole="dialogue.boom"')
    music = clip("r4", "0s", "8s", more='lane="-1" audioRole="music.music-1" srcEnable="audio"')
    spine = clip("r3", "0s", "2s", music, 'audioRole="dialogue"') + talk.replace('offset="0s"', 'offset="2s"')
    edit = read(document(project(spine)))
    heard = {(track.name, shot.start, shot.end) for track in edit.audio_tracks for shot in track.clips}
    assert heard == {("dialogue", 0, 50), ("dialogue", 25, 175), ("music", 0, 200)}
    assert edit.frames == 200


def test_sound_alone_is_no_picture_and_keeps_its_markers(read):
    sound = asset("r5", "S", 'start="0s" duration="60s" hasAudio="1"')
    spine = clip("r5", "0s", "4s", '<marker start="1s" value="m"/>') + clip("r2", "4s", "2s")
    edit = read(document(project(spine), media=sound))
    assert (edit.picture_start, marks(edit)) == (100, [(25, "m", "clip", True)])


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("FFVideoFormat1080p2398", "24000/1001"),
        ("FFVideoFormat720p5994", "60000/1001"),
        ("FFVideoFormatDV720x576i50", "25"),
    ],
)
def test_a_format_may_state_its_rate_by_name_alone(read, name, rate):
    text = document(project(THREE)).replace('frameDuration="100/2500s"', f'name="{name}"')
    assert str(read(text).rate) == rate


def test_a_project_is_chosen_by_name_and_without_one_the_first_is_taken(write):
    path = write("two.fcpxml", document(project(THREE, "one"), project(clip("r2", "0s", "1s"), "two")))
    first = read_edit(path)[0]
    assert (first.name, first.frames) == ("one", 225)
    assert any("2 timelines" in warning for warning in first.warnings)
    assert read_edit(path, timeline="two")[0].frames == 25
    with pytest.raises(InputError, match="no timeline named 'three'"):
        read_edit(path, timeline="three")


def test_without_a_project_its_compound_clips_are_the_timelines(read):
    inner = '<ref-clip ref="r9" name="scene" duration="4s"/>'
    edit = read(document(inner, media=COMPOUND, library=False))
    assert (edit.name, edit.start_frame, cuts(edit)) == ("scene", 2500, [(50, "cut")])


def test_a_bundle_is_read_and_its_media_lie_relative_to_it(tmp_path):
    folder = tmp_path / "cut.fcpxmld"
    folder.mkdir()
    (folder / "near.mov").write_bytes(b"x")
    (folder / "Info.fcpxml").write_text(document(project(THREE)).replace("file:///media/A.mov", "./near.mov"))
    edit = read_edit(folder)[0]
    assert (edit.shots[0].media, edit.shots[0].online) == (str(folder / "near.mov"), True)
    (folder / "Info.fcpxml").unlink()
    with pytest.raises(InputError, match=r"Info\.fcpxml"):
        read_edit(folder)


def test_media_of_versions_before_1_9_are_found_as_well(read):
    assert read(document(project(THREE), version="1.8")).shots[0].media == "file:///media/A.mov"


def test_a_clip_whose_medium_the_file_lacks_is_offline_and_said(read):
    edit = read(document(project(clip("r2", "0s", "2s") + clip("r77", "2s", "2s"))))
    assert cuts(edit) == [(50, "cut")]
    assert any("counts as offline" in warning for warning in edit.warnings)
