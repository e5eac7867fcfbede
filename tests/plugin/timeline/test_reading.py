"""What an edit says, for the traps that real timelines set (hosts.md A8 and D, interchange.md 2)."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest

from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate


def frames(edit):
    return [cut.frame for cut in edit.cuts]


def kinds(edit):
    return [cut.kind for cut in edit.cuts]


def test_hard_cuts_fall_where_clips_meet(make, read):
    edit = read(make.timeline(make.track(make.clip("A", 48), make.clip("B", 24), make.clip("C", 12))))
    assert frames(edit) == [48, 72]
    assert (edit.frames, edit.picture_start, edit.picture_end) == (84, 0, 84)
    assert [(s.start, s.end, s.name) for s in edit.shots] == [(0, 48, "A"), (48, 72, "B"), (72, 84, "C")]


def test_a_timeline_that_starts_at_one_hour_keeps_its_frames(make, read):
    made = make.timeline(make.track(make.clip("A", 48), make.clip("B", 48)), start=86400)
    make.mark(made.tracks, 96 - 60, "here")
    edit = read(made)
    assert edit.start_frame == 86400
    assert edit.timecode(0) == "01:00:00:00"
    assert frames(edit) == [48]
    assert edit.markers[0].frame == 36


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        (23.976, "24000/1001"),
        (23.98, "24000/1001"),
        (23.976023976, "24000/1001"),
        (24000 / 1001, "24000/1001"),
        (29.97, "30000/1001"),
        (29.976, "30000/1001"),
        (59.94, "60000/1001"),
        (87169000 / 2905633, "30"),
        (25, "25"),
        (24, "24"),
        (60, "60"),
        (23.5, "47/2"),
    ],
)
def test_odd_literal_rates_are_the_smpte_rates_they_mean(make, read, stated, meant):
    edit = read(make.timeline(make.track(make.clip("A", 100, rate=stated), make.clip("B", 100, rate=stated))))
    assert str(edit.rate) == meant
    assert frames(edit) == [100]
    assert edit.frames == 200
    odd = [w for w in edit.warnings if "SMPTE" in w]
    assert bool(odd) == (meant == "47/2")


def test_two_hours_at_23976_do_not_drift(make, read):
    clips = [make.clip(f"c{i}", 48, rate=23.976) for i in range(3600)]
    edit = read(make.timeline(make.track(*clips)))
    assert edit.frames == 172800
    assert frames(edit) == list(range(48, 172800, 48))
    assert edit.samples == round(Fraction(172800 * 1001 * 48000, 24000))
    assert edit.seconds(edit.frames) == pytest.approx(7207.2, abs=1e-9)
    assert edit.rate.timecode(172800) == "02:00:00:00"


@pytest.mark.parametrize(
    ("rate", "frame", "drop", "non_drop"),
    [  # SMPTE ST 12: 29.97 skips two numbers a minute but for each tenth
        (Rate.of(29.97), 108000, "01:00:03;18", "01:00:00:00"),
        (Rate.of(29.97), 1800, "00:01:00;02", "00:01:00:00"),
        (Rate.of(29.97), 17982, "00:10:00;00", "00:09:59:12"),
        (Rate.of(59.94), 3600, "00:01:00;04", "00:01:00:00"),
    ],
)
def test_drop_frame_is_a_way_of_counting_and_moves_no_frame(rate, frame, drop, non_drop):
    assert rate.timecode(frame, True) == drop
    assert rate.timecode(frame, False) == non_drop
    assert rate.frame_of(drop) == frame
    assert rate.frame_of(non_drop) == frame


def test_timecode_agrees_with_opentimelineio_all_through_a_day():
    for rate in (24, 25, 30, 30000 / 1001, 60000 / 1001, 24000 / 1001):
        ours = Rate.of(rate)
        for frame in range(0, 24 * 3600 * ours.nominal - 3000 * ours.nominal, 7919):
            time = otio.opentime.RationalTime(frame, rate)
            for drop in (True, False) if ours.can_drop else (False,):
                assert ours.timecode(frame, drop) == otio.opentime.to_timecode(time, rate, drop)


@pytest.mark.parametrize("speed", [0.5, 2.0, -1.0, 0.0, 3.7])
def test_speed_moves_no_cut_on_the_record_side(make, read, speed):
    edit = read(make.timeline(make.track(make.clip("A", 48), make.clip("B", 30, speed=speed), make.clip("C", 20))))
    assert frames(edit) == [48, 78]


@pytest.mark.parametrize(
    ("speed", "expected"),
    [(2.0, 48 + 5), (0.5, 48 + 20), (1.0, 48 + 10), (0.0, 48), (-1.0, 48 + 30 - 10)],
)
def test_markers_in_a_clip_move_with_its_speed(make, read, speed, expected):
    shot = make.mark(make.clip("B", 30, start=100, speed=speed), 110, "m")
    edit = read(make.timeline(make.track(make.clip("A", 48), shot, make.clip("C", 20))))
    assert [(m.frame, m.source, m.visible) for m in edit.markers] == [(expected, "clip", True)]


def test_a_speed_that_the_file_does_not_tell_is_said(make, read):
    odd = make.clip("B", 30)
    odd.effects.append(otio.schema.TimeEffect(effect_name="ramp"))
    edit = read(make.timeline(make.track(make.clip("A", 48), odd)))
    assert frames(edit) == [48]
    assert any("'B'" in warning and "speed" in warning for warning in edit.warnings)


def test_a_dissolve_is_cut_at_its_middle(make, read):
    edit = read(make.timeline(make.track(make.clip("A", 48), make.dissolve(6, 6), make.clip("B", 48))))
    assert (frames(edit), kinds(edit)) == ([48], ["transition"])


def test_uneven_dissolves_round_half_up_and_do_not_move_later_cuts(make, read):
    shots = (make.clip("A", 50), make.dissolve(12, 4), make.clip("B", 50), make.dissolve(5, 10), make.clip("C", 50))
    edit = read(make.timeline(make.track(*shots, make.clip("D", 50))))
    assert frames(edit) == [46, 103, 150]


def test_fades_at_head_and_tail_move_nothing(make, read):
    shots = (make.dissolve(10, 10), make.clip("A", 50), make.clip("B", 50), make.dissolve(10, 10))
    edit = read(make.timeline(make.track(*shots)))
    assert frames(edit) == [50]
    assert (edit.picture_start, edit.picture_end, edit.frames) == (0, 100, 100)


def test_a_dissolve_to_black_ends_the_picture_at_its_middle(make, read):
    shots = (make.clip("A", 50), make.dissolve(20, 0), make.gap(50), make.dissolve(0, 10), make.clip("B", 50))
    edit = read(make.timeline(make.track(*shots)))
    assert list(zip(frames(edit), kinds(edit), strict=True)) == [(40, "to_black"), (105, "from_black")]


def test_a_clip_that_a_dissolve_eats_whole_does_not_break_the_order(make, read):
    shots = (make.clip("A", 50), make.dissolve(0, 40), make.clip("B", 10), make.clip("C", 50))
    edit = read(make.timeline(make.track(*shots)))
    assert frames(edit) == sorted(frames(edit))
    assert edit.picture_end == 110


def test_gaps_are_black_and_the_tail_is_none(make, read):
    shots = (make.gap(24), make.clip("A", 48), make.gap(24), make.clip("B", 48), make.gap(100))
    edit = read(make.timeline(make.track(*shots)))
    assert list(zip(frames(edit), kinds(edit), strict=True)) == [
        (24, "from_black"),
        (72, "to_black"),
        (96, "from_black"),
    ]
    assert (edit.picture_start, edit.picture_end, edit.frames) == (24, 144, 244)


def test_a_gap_above_shows_what_lies_under_it(make, read):
    low = make.track(make.clip("A", 100))
    high = make.track(make.gap(30), make.clip("B", 20), name="V2")
    edit = read(make.timeline(low, high))
    assert frames(edit) == [30, 50]
    assert [s.name for s in edit.shots] == ["A", "B", "A"]
    assert any("adjustment layer" in warning for warning in edit.warnings)


def test_layers_that_change_on_one_frame_make_one_cut(make, read):
    low = make.track(make.clip("A", 48), make.clip("B", 48))
    high = make.track(make.gap(48), make.clip("O", 48), name="V2")
    assert frames(read(make.timeline(low, high))) == [48]


def test_a_disabled_clip_above_leaves_no_edit_in_the_clip_below(make, read):
    high = make.track(make.gap(10), make.clip("B", 20, enabled=False), name="V2")
    edit = read(make.timeline(make.track(make.clip("A", 100)), high))
    assert (frames(edit), edit.through_edits, len(edit.shots)) == ([], (), 1)


def test_a_disabled_bottom_clip_and_a_disabled_track_do_not_exist(make, read):
    low = make.track(make.clip("A", 40), make.clip("B", 40, enabled=False), make.clip("C", 40))
    hidden = make.track(make.clip("D", 120), name="V2", enabled=False)
    edit = read(make.timeline(low, hidden))
    assert list(zip(frames(edit), kinds(edit), strict=True)) == [(40, "to_black"), (80, "from_black")]


def test_the_sound_below_the_picture_never_hides_it(make, read):
    sound = make.track(make.clip("music", 200), kind="Audio", name="A1")
    edit = read(make.timeline(make.track(make.clip("A", 48), make.clip("B", 48)), sound))
    assert frames(edit) == [48]
    assert (edit.frames, edit.picture_end) == (200, 96)
    assert [(t.name, t.clips[0].end) for t in edit.audio_tracks] == [("A1", 200)]


def test_tracks_of_other_kinds_are_no_picture(make, read):
    words = make.track(make.clip("sub", 20), kind="Subtitle", name="ST")
    assert frames(read(make.timeline(make.track(make.clip("A", 48), make.clip("B", 48)), words))) == [48]


def test_through_edits_are_listed_apart(make, read):
    one = {"url": "file:///film.mov"}
    shots = (
        make.clip("a", 48, 0, **one),
        make.clip("b", 48, 48, **one),
        make.clip("c", 48, 300, **one),
        make.clip("D", 20),
    )
    edit = read(make.timeline(make.track(*shots)))
    assert frames(edit) == [96, 144]
    assert edit.through_edits == (48,)
    assert [(s.start, s.end) for s in edit.shots] == [(0, 96), (96, 144), (144, 164)]


def test_through_edits_that_are_all_there_is_become_cuts(make, read):
    shots = [make.clip(f"s{i}", 48, 48 * i, url="file:///film.mov") for i in range(5)]
    edit = read(make.timeline(make.track(*shots)))
    assert frames(edit) == list(edit.through_edits) == [48, 96, 144, 192]
    assert any("through edits" in warning for warning in edit.warnings)


def test_a_change_of_speed_in_running_film_is_a_through_edit(make, read):
    one = {"url": "file:///film.mov"}
    shots = (
        make.clip("a", 20, 0, speed=2.0, **one),
        make.clip("b", 20, 40, **one),
        make.clip("C", 20),
        make.clip("D", 20),
    )
    edit = read(make.timeline(make.track(*shots)))
    assert (edit.through_edits, frames(edit)) == ((20,), [40, 60])


def test_holding_the_last_frame_is_a_through_edit(make, read):
    one = {"url": "file:///film.mov"}
    shots = (
        make.clip("a", 20, 0, **one),
        make.clip("b", 20, 19, speed=0, **one),
        make.clip("C", 20),
        make.clip("D", 9),
    )
    assert read(make.timeline(make.track(*shots))).through_edits == (20,)


def test_equal_reels_of_an_edl_are_no_through_edit_when_the_names_differ(make, tmp_path):
    path = tmp_path / "reels.edl"
    path.write_text(
        "TITLE: reels\n"
        "001  ZZ100_50 V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n* FROM CLIP NAME: ZZ100_501\n"
        "002  ZZ100_50 V C 01:00:01:00 01:00:02:00 01:00:01:00 01:00:02:00\n* FROM CLIP NAME: ZZ100_502\n"
    )
    edit, _ = read_edit(path)
    assert (frames(edit), edit.through_edits) == ([24], ())
    assert edit.start_frame == 86400


def test_a_nest_shows_its_cuts_where_they_are_visible(make, read):
    def nest():
        return make.stack(make.track(make.clip("P", 30), make.clip("Q", 30)), source_range=make.span(12, 24))

    made = make.timeline(make.track(make.clip("A", 24), nest(), make.clip("B", 24), nest()))
    # Inside each nest the cut at 30 is at 18 of its 24 visible frames; both uses count.
    assert frames(read(made)) == [24, 42, 48, 72, 90]


def test_a_nest_without_a_source_range_is_as_long_as_its_longest_track(make, read):
    nest = make.stack(make.track(make.clip("P", 30)), make.track(make.gap(10), make.clip("Q", 30), name="V2"))
    edit = read(make.timeline(make.track(make.clip("A", 24), nest, make.clip("B", 24))))
    assert frames(edit) == [24, 34, 64]


def test_nests_two_deep_carry_cuts_and_markers(make, read):
    inner = make.stack(
        make.track(make.clip("P", 20), make.mark(make.clip("Q", 40), 5, "in")),
        name="inner",
        source_range=make.span(10, 40),
    )
    outer = make.stack(make.track(make.clip("X", 10), inner), name="outer", source_range=make.span(5, 45))
    edit = read(make.timeline(make.track(make.clip("A", 100), outer)))
    # outer shows X from 5 (5 frames), then inner from its 10th frame: P for 10 more frames, then Q.
    assert frames(edit) == [100, 105, 115]
    assert [(m.frame, m.visible) for m in edit.markers] == [(120, True)]


def test_a_marker_outside_the_visible_part_of_a_nest_is_said_to_be_invisible(make, read):
    inner = make.track(make.mark(make.clip("P", 60), 50, "late"))
    nest = make.stack(inner, source_range=make.span(0, 24))
    edit = read(make.timeline(make.track(make.clip("A", 24), nest, make.clip("B", 60))))
    assert [(m.frame, m.visible) for m in edit.markers] == [(74, False)]


def test_speed_on_a_nest_moves_the_cuts_inside(make, read):
    nest = make.stack(make.track(make.clip("P", 30), make.clip("Q", 30)), source_range=make.span(12, 24))
    nest.effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0))
    edit = read(make.timeline(make.track(make.clip("A", 24), nest, make.clip("B", 24))))
    assert frames(edit) == [24, 33, 48]


def test_a_reversed_nest_shows_its_cuts_backwards(make, read):
    nest = make.stack(make.track(make.clip("P", 30), make.clip("Q", 10)))
    nest.effects.append(otio.schema.LinearTimeWarp(time_scalar=-1.0))
    edit = read(make.timeline(make.track(make.clip("A", 24), nest, make.clip("B", 24))))
    assert frames(edit) == [24, 34, 64]
    assert [s.name for s in edit.shots] == ["A", "Q", "P", "B"]


def test_a_nest_that_a_dissolve_reaches_beyond_holds_its_edge(make, read):
    def nest():
        return make.stack(make.track(make.clip("P", 30), make.clip("Q", 30)))

    shots = (make.clip("A", 24), make.dissolve(12, 4), nest(), make.dissolve(2, 8), make.clip("B", 24))
    edit = read(make.timeline(make.track(*shots)))
    assert list(zip(frames(edit), kinds(edit), strict=True)) == [(20, "transition"), (54, "cut"), (87, "transition")]


def test_a_nest_shows_nothing_of_its_layers_beyond_its_own_ends(make, read):
    low = make.track(make.clip("L", 60), source_range=make.span(20, 20))
    nest = make.stack(low, make.track(make.clip("P", 20), name="V2"))
    edit = read(make.timeline(make.track(make.clip("A", 24), make.dissolve(12, 4), nest)))
    assert [shot.name for shot in edit.shots] == ["A", "P"]


def test_a_black_generator_is_no_picture(make, read):
    black = otio.schema.Clip("dark", otio.schema.GeneratorReference("b", "black"), make.span(0, 24))
    edit = read(make.timeline(make.track(make.clip("A", 24), black, make.clip("B", 24))))
    assert list(zip(frames(edit), kinds(edit), strict=True)) == [(24, "to_black"), (48, "from_black")]


def test_a_dissolve_that_joins_nothing_because_it_lies_in_a_stack_is_passed_over(make, read):
    made = make.timeline(make.track(make.clip("A", 24), make.stack(make.dissolve(2, 2), make.track(make.clip("P", 9)))))
    made.tracks.append(make.dissolve(4, 4))
    edit = read(made)
    assert (frames(edit), edit.frames) == ([24], 33)


def test_a_speed_of_the_whole_timeline_is_said_and_not_applied(make, read):
    made = make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)))
    made.tracks.effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0))
    edit = read(made)
    assert (frames(edit), any("as a whole" in warning for warning in edit.warnings)) == ([24], True)


def test_a_frozen_nest_holds_one_shot(make, read):
    nest = make.stack(make.track(make.clip("P", 30), make.clip("Q", 30)), source_range=make.span(12, 24))
    nest.effects.append(otio.schema.FreezeFrame())
    edit = read(make.timeline(make.track(make.clip("A", 24), nest, make.clip("B", 24))))
    assert frames(edit) == [24, 48]


def test_a_nest_that_ends_a_fraction_early_makes_no_black_flash(make, read):
    nest = make.stack(make.clip("P", 24), source_range=make.span(0, 29))
    nest.effects.append(otio.schema.LinearTimeWarp(time_scalar=0.8545454551724138))
    edit = read(make.timeline(make.track(make.clip("A", 24), nest, make.clip("B", 24))))
    assert list(zip(frames(edit), kinds(edit), strict=True)) == [(24, "cut"), (53, "cut")]


def test_one_black_frame_is_a_black_flash(make, read):
    edit = read(make.timeline(make.track(make.clip("A", 24), make.gap(1), make.clip("B", 24))))
    assert list(zip(frames(edit), kinds(edit), strict=True)) == [(24, "to_black"), (25, "from_black")]


def test_a_top_stack_that_is_trimmed_trims_cuts_and_markers(make, read):
    made = make.timeline(make.track(make.clip("A", 48), make.clip("B", 48), make.clip("C", 48)))
    made.tracks.source_range = make.span(24, 96)
    make.mark(made.tracks, 60, "m")
    edit = read(made)
    assert (frames(edit), edit.frames, edit.markers[0].frame) == ([24, 72], 96, 36)


def test_a_negative_track_start_over_exactly_its_content_is_a_record_time(make, read):
    low = make.track(make.clip("A", 96), make.clip("B", 96), source_range=make.span(-86400, 192))
    high = make.track(make.mark(make.clip("C", 24), 12, "HIT"), name="V2", source_range=make.span(-86448, 24))
    edit = read(make.timeline(low, high))
    assert (frames(edit), edit.frames) == ([48, 72, 96], 192)
    assert edit.markers[0].frame == 60


def test_a_negative_track_start_longer_than_its_content_delays_the_track(make, read):
    low = make.track(make.clip("A", 20))
    high = make.track(make.clip("B", 9), name="V2", source_range=make.span(-7, 16))
    assert frames(read(make.timeline(low, high))) == [7, 16]


def test_markers_of_timeline_track_clip_and_gap_are_one_list(make, read):
    hole = make.mark(make.gap(24), 6, "in the gap")
    shot = make.mark(make.clip("A", 24, start=100), 112, "in the clip", 3, color="GREEN", note="accent")
    line = make.mark(make.track(shot, hole, make.clip("B", 24)), 60, "on the track")
    made = make.timeline(line)
    make.mark(made.tracks, 50, "", note="storyboard: Chase", color="BLUE")
    found = [(m.frame, m.frames, m.name, m.note, m.color, m.source, m.visible) for m in read(made).markers]
    assert found == [
        (12, 3, "in the clip", "accent", "GREEN", "clip", True),
        (30, 0, "in the gap", "", "RED", "gap", True),
        (50, 0, "", "storyboard: Chase", "BLUE", "timeline", True),
        (60, 0, "on the track", "", "RED", "track", True),
    ]


def test_a_marker_before_the_visible_part_of_its_clip_is_invisible(make, read):
    shot = make.mark(make.clip("A", 24, start=100), 90, "before")
    found = read(make.timeline(make.track(make.clip("Z", 20), shot))).markers
    assert [(m.frame, m.visible) for m in found] == [(10, False)]


def test_mixed_rates_and_48_khz_clips_leave_whole_frames(make, read):
    sound = make.track(make.clip("wav", 480000, rate=48000), kind="Audio", name="A1")
    shots = (make.clip("A", 48), make.clip("B", 60, rate=30), make.clip("C", 120, rate=60), make.clip("D", 48))
    edit = read(make.timeline(make.track(*shots), sound, start=0))
    assert (str(edit.rate), edit.frames, frames(edit)) == ("24", 240, [48, 96, 144])


def test_the_rate_is_never_that_of_a_sound_clip(make, read):
    sound = make.track(make.clip("wav", 480000, rate=48000), kind="Audio", name="A1")
    edit = read(make.timeline(make.track(make.clip("A", 48, rate=25), make.clip("B", 48, rate=25)), sound))
    assert (str(edit.rate), edit.frames) == ("25", 250)


def test_a_timeline_of_nests_alone_has_the_rate_of_what_lies_in_them(make, read):
    nest = make.stack(make.track(make.clip("P", 30, rate=25), make.clip("Q", 30, rate=25)))
    assert str(read(make.timeline(make.track(nest))).rate) == "25"


def test_missing_media_are_listed_and_the_cuts_are_still_read(make, read):
    lost = otio.schema.Clip("lost", otio.schema.MissingReference(), make.span(10, 24))
    none = otio.schema.Clip("none", None, make.span(10, 24))
    edit = read(make.timeline(make.track(make.clip("A", 24), lost, none)))
    assert frames(edit) == [24, 48]
    assert [s.online for s in edit.shots] == [False, False, False]
    assert any("not found" in warning and "A.mov" in warning for warning in edit.warnings)


def test_a_clip_without_any_length_is_passed_over_with_a_warning(make, read):
    lost = otio.schema.Clip("lost", otio.schema.MissingReference())
    edit = read(make.timeline(make.track(make.clip("A", 24), lost, make.clip("B", 24))))
    assert frames(edit) == [24]
    assert any("'lost'" in warning for warning in edit.warnings)


def test_items_without_length_show_nothing(make, read):
    edit = read(make.timeline(make.track(make.clip("A", 24), make.clip("Z", 0), make.gap(0), make.clip("B", 24))))
    assert frames(edit) == [24]


def test_a_still_whose_media_has_rate_zero_is_read(make, read):
    still = otio.schema.Clip("red", otio.schema.ExternalReference("red.png", make.span(0, 120, 0)), make.span(0, 24))
    assert frames(read(make.timeline(make.track(still, make.clip("B", 24))))) == [24]


def test_a_title_above_running_picture_counts_as_a_weak_hit(make, read):
    title = otio.schema.Clip("Lower third", otio.schema.GeneratorReference("Text", "Text"), make.span(0, 24))
    low = make.track(make.clip("A", 96), make.clip("B", 96))
    edit = read(make.timeline(low, make.track(make.gap(48), title, name="V2")))
    assert [(c.frame, c.maybe_overlay) for c in edit.cuts] == [(48, True), (72, True), (96, False)]


def resolve_effect(enabled=True, value=1.0):
    parameter = {"Parameter ID": "zoom", "Parameter Value": value, "Default Parameter Value": 1.0, "Key Frames": {}}
    words = {"Effect Name": "Transform", "Enabled": enabled, "Parameters": [parameter]}
    return otio.schema.Effect("", "Resolve Effect", {"Resolve_OTIO": words})


@pytest.mark.parametrize(
    ("effect", "overlay"),
    [
        (resolve_effect(), False),
        (resolve_effect(value=0.5), True),
        (resolve_effect(enabled=False, value=0.5), False),
        (otio.schema.Effect("", "opacity"), True),
    ],
)
def test_effects_of_resolve_at_their_defaults_say_nothing(make, read, effect, overlay):
    above = make.clip("B", 24)
    above.effects.append(effect)
    edit = read(make.timeline(make.track(make.clip("A", 96)), make.track(make.gap(24), above, name="V2")))
    assert [(c.frame, c.maybe_overlay) for c in edit.cuts] == [(24, overlay), (48, overlay)]


def test_several_timelines_are_chosen_by_name_or_the_first_with_a_warning(make, save):
    one = make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)), name="one")
    two = make.timeline(make.track(make.clip("A", 30), make.clip("B", 24)), name="two")
    path = save(otio.schema.SerializableCollection("bin", [make.clip("loose", 5), one, two]))
    first, _ = read_edit(path)
    second, _ = read_edit(path, timeline="two")
    assert (frames(first), frames(second)) == ([24], [30])
    assert any("2 timelines" in warning for warning in first.warnings)
    assert not any("2 timelines" in warning for warning in second.warnings)
    with pytest.raises(InputError, match="'one', 'two'"):
        read_edit(path, timeline="three")


def test_an_edit_without_picture_is_empty_not_wrong(make, read):
    edit = read(make.timeline(make.track(make.clip("wav", 240), kind="Audio")))
    assert (edit.picture_start, edit.picture_end, edit.cuts, edit.shots, edit.frames) == (None, None, (), (), 240)
    empty = read(make.timeline())
    assert (empty.frames, empty.picture_end) == (0, None)


def test_our_own_track_is_no_part_of_the_edit(make, read):
    ours = make.track(
        make.clip("score", 900), kind="Audio", name="Hitpoint Score", metadata={"hitpoint": {"version": "1"}}
    )
    made = make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)), ours)
    edit = read(made)
    assert (edit.frames, edit.audio_tracks) == (48, ())


def test_our_track_is_known_after_a_host_lost_its_metadata(make, read):
    ours = make.track(
        make.clip("score.wav", 900, url="/x/cut.scored.hitpoint/score.wav"), kind="Audio", name="Hitpoint Score"
    )
    assert read(make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)), ours)).frames == 48


def test_fractional_positions_round_to_the_nearest_frame(make, read):
    edit = read(make.timeline(make.track(make.clip("A", 47.99), make.clip("B", 24.4), make.clip("C", 24))))
    assert frames(edit) == [48, 72]


def test_sources_say_which_part_of_the_medium_a_shot_shows(make, read):
    media = otio.schema.ExternalReference("file:///a.mov", make.span(86400, 1000))
    shot = otio.schema.Clip("A", media, make.span(86500, 24))
    shot.effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0))
    edit = read(make.timeline(make.track(shot, make.clip("B", 24))))
    source = edit.shots[0].sources[0]
    assert (source.at, source.speed) == (Fraction(100, 24), 2)


def test_a_dissolve_borrows_picture_from_before_the_incoming_clip(make, read):
    edit = read(make.timeline(make.track(make.clip("A", 48), make.dissolve(12, 0), make.clip("B", 48, start=100))))
    assert frames(edit) == [42]
    assert edit.shots[1].sources[0].at == Fraction(94, 24)
