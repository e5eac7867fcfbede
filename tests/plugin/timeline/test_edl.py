"""EDLs: the rate they cannot state, and what programs write that calls itself CMX 3600."""

from __future__ import annotations

import pytest

from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate


def frames(edit):
    return [cut.frame for cut in edit.cuts]


def test_an_edl_is_read_at_the_rate_asked_for(write, edl_text):
    edit, _ = read_edit(write("cut.edl", edl_text), rate=Rate.of(25))
    assert (str(edit.rate), frames(edit), edit.frames, edit.start_frame) == ("25", [60], 140, 90000)
    assert [(m.frame, m.name) for m in edit.markers] == [(75, "HIT")]
    assert not any("rate" in warning for warning in edit.warnings)


def test_an_edl_is_never_silently_24(write, edl_text):
    edit, _ = read_edit(write("cut.edl", edl_text))
    assert str(edit.rate) == "24"
    assert any("--rate" in warning for warning in edit.warnings)


def test_frame_numbers_in_an_edl_rule_slow_rates_out(write, edl_text):
    edit, _ = read_edit(
        write("cut.edl", edl_text.replace("01:00:05:15", "01:00:05:24").replace("01:00:03:05", "01:00:03:14"))
    )
    assert str(edit.rate) == "25"


@pytest.mark.parametrize("rate", ["23.976", "29.97", "59.94", "23.98"])
def test_an_edl_is_read_at_ntsc_rates(write, rate, edl_text):
    edit, _ = read_edit(write("cut.edl", edl_text), rate=Rate.of(rate))
    assert edit.rate.fps.denominator == 1001
    assert frames(edit) == [2 * edit.rate.nominal + 10]


def test_a_drop_frame_edl_carries_its_flag(write, edl_text):
    drop = edl_text.replace("NON-DROP", "DROP")
    edit, _ = read_edit(write("cut.edl", drop))
    assert (str(edit.rate), edit.drop_frame) == ("30000/1001", True)
    assert edit.timecode(0) == "01:00:00;00"


def test_the_rate_of_an_edl_is_taken_from_its_media(write, tmp_path, edl_text):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "A.mov"), "w") as film:
        stream = film.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")):
            film.mux(packet)
        for packet in stream.encode(None):
            film.mux(packet)
    edit, _ = read_edit(write("cut.edl", edl_text))
    assert str(edit.rate) == "25"
    assert any("media" in warning for warning in edit.warnings)


def test_channels_of_an_edl_stay_in_register(write):
    edl = (
        "TITLE: TWO\n001  A V  C 00:00:00:00 00:00:04:00 01:00:00:00 01:00:04:00\n* FROM CLIP NAME: A\n"
        "002  C V2 C 00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00\n* FROM CLIP NAME: C\n"
    )
    edit, _ = read_edit(write("two.edl", edl), rate=Rate.of(24))
    assert frames(edit) == [48, 72]


def test_a_dissolve_of_an_edl_that_counts_its_lines_on_is_read(write):
    edl = (
        "TITLE: d\n001 A V C 01:00:04:05 01:00:04:14 01:00:00:00 01:00:00:09\n* FROM CLIP NAME: A\n"
        "001 A V C 01:00:04:14 01:00:04:14 01:00:00:09 01:00:00:09\n"
        "002 B V D 010 01:00:08:08 01:00:08:18 01:00:00:09 01:00:00:19\n* FROM CLIP NAME: A\n* TO CLIP NAME: B\n"
    )
    edit, _ = read_edit(write("d.edl", edl), rate=Rate.of(24))
    assert frames(edit) == [14]


def edl(*lines):
    return "TITLE: t\n" + "\n".join(lines) + "\n"


def cuts(edit):
    return [(cut.frame, cut.kind) for cut in edit.cuts]


def test_black_in_an_edl_is_no_picture(write):
    path = write(
        "bl.edl",
        edl(
            "001 A  V C     00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00",
            "002 BL V C     00:00:00:00 00:00:01:00 01:00:01:00 01:00:02:00",
            "003 B  V C     00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00",
            "003 BL V D 012 00:00:00:00 00:00:00:12 01:00:03:00 01:00:03:12",
        ),
    )
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert cuts(edit) == [(24, "to_black"), (48, "from_black")]
    assert (edit.frames, edit.picture_end) == (84, 78)


def test_an_edl_that_fades_in_from_black_begins_with_its_first_event(write):
    path = write(
        "in.edl",
        edl(
            "001 BL V C     00:00:00:00 00:00:00:00 01:00:00:00 01:00:00:00",
            "001 A  V D 012 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00",
            "002 B  V C     00:00:00:00 00:00:01:00 01:00:01:00 01:00:02:00",
        ),
    )
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert (cuts(edit), edit.picture_start) == ([(24, "cut")], 0)


def test_record_times_rule_where_source_and_record_are_not_equally_long(write):
    path = write(
        "odd.edl",
        edl(
            "001 A V C 00:00:00:00 00:00:01:02 01:00:00:00 01:00:01:00",
            "* FROM CLIP NAME: a",
            "002 B V C 00:00:00:00 00:00:00:00 01:00:01:00 01:00:02:00",
            "* FROM CLIP NAME: b",
        ),
    )
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert (frames(edit), edit.frames) == ([24], 48)
    assert [warning for warning in edit.warnings if "line 2" in warning and "record times" in warning]


def test_an_edl_sorted_by_source_is_read_in_record_order(write):
    path = write(
        "c_mode.edl",
        edl(
            "001 A V C 00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00",
            "002 B V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00",
            "003 C V C 00:00:00:00 00:00:01:00 01:00:01:00 01:00:02:00",
        ),
    )
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert ([shot.name for shot in edit.shots], frames(edit), edit.start_frame) == (["B", "C", "A"], [24, 48], 86400)


def test_a_later_event_records_over_an_earlier_one(write):
    path = write(
        "over.edl",
        edl(
            "001 A V C 00:00:00:00 00:00:04:00 01:00:00:00 01:00:04:00",
            "002 B V C 00:00:00:00 00:00:01:00 01:00:01:00 01:00:02:00",
        ),
    )
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert ([shot.name for shot in edit.shots], frames(edit)) == (["A", "B", "A"], [24, 48])
    assert any("lie over" in warning for warning in edit.warnings)


@pytest.mark.parametrize(
    ("channel", "sound"), [("B", 1), ("AA/V", 2), ("A2/V", 1), ("V", 0), ("VA1A2", 2), ("NONE", 0), ("AA", 2)]
)
def test_channel_codes_of_an_edl_name_its_tracks(write, channel, sound):
    path = write("channels.edl", edl(f"001 A {channel} C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00"))
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert len(edit.audio_tracks) == sound
    assert bool(edit.shots) == ("V" in channel or channel == "B")


def test_an_event_of_picture_and_one_of_sound_may_share_a_number(write):
    path = write(
        "split.edl",
        edl(
            "001 A V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00",
            "001 A A C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00",
            "* FROM CLIP NAME: a",
            "002 B V C 00:00:00:00 00:00:01:00 01:00:01:00 01:00:02:00",
        ),
    )
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert (frames(edit), edit.shots[0].name, len(edit.audio_tracks)) == ([24], "a", 1)


def test_the_upper_channel_of_an_edl_is_on_top_even_where_it_is_listed_first(write):
    path = write(
        "order.edl",
        edl(
            "001 T V2 C 00:00:00:00 00:00:01:00 01:00:01:00 01:00:02:00",
            "002 A V  C 00:00:00:00 00:00:04:00 01:00:00:00 01:00:04:00",
        ),
    )
    assert frames(read_edit(path, rate=Rate.of(24))[0]) == [24, 48]


def test_an_edl_is_read_with_loose_comments_speeds_long_numbers_and_mac_line_ends(write):
    path = write(
        "loose.edl",
        edl(
            "",
            "1001  A_LONG_REEL_NAME V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:01:00",
            "M2   A_LONG_REEL_NAME  048.0  00:00:00:00",
            "FROM CLIP NAME: a",
            "AUD  3    4",
            "REM nothing to see",
            ">>> SOURCE A A 4919975f.793b8d33",
            "1002  A_LONG_REEL_NAME V C 00:00:02:00 00:00:03:00 01:00:01:00 01:00:02:00",
            "*FROM CLIP NAME:a",
            "1003  106857 V C 00:00:02:00 00:00:04:00 01:00:02:00 01:00:03:00",
            "M2   106857         048.0                00:00:02:00",
            "\x1a\x1a",
        ).replace("\n", "\r"),
    )
    edit, _ = read_edit(path, rate=Rate.of(24))
    assert (frames(edit), edit.through_edits, len(edit.audio_tracks)) == ([48], (24,), 2)
    assert [source.speed for shot in edit.shots for source in shot.sources] == [2, 1, 2]


def test_an_edl_may_count_in_frames_and_pass_midnight(write):
    count = write("frames.edl", edl("001 A V C 0 48 100 148", "002 B V C 0 24 148 172"))
    edit, _ = read_edit(count, rate=Rate.of(24))
    assert (frames(edit), edit.start_frame) == ([48], 100)
    late = write(
        "late.edl",
        edl(
            "001 A V C 00:00:00:00 00:00:01:00 23:59:59:00 00:00:00:00",
            "002 B V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00",
        ),
    )
    assert (frames(read_edit(late, rate=Rate.of(24))[0]), read_edit(late, rate=Rate.of(24))[0].frames) == ([24], 48)


def test_locators_keep_their_record_time_at_any_speed(write):
    for speed in ("048.0", "-024.0", "000.0", "012.0"):
        path = write(
            "loc.edl",
            edl(
                "001 A V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00",
                "002 B V C 00:00:10:00 00:00:12:00 01:00:01:00 01:00:03:00",
                f"M2   B  {speed}  00:00:10:00",
                "* LOC: 01:00:01:12 GREEN   HIT",
            ),
        )
        edit, _ = read_edit(path, rate=Rate.of(24))
        assert [(m.frame, m.name, m.color, m.visible) for m in edit.markers] == [(36, "HIT", "GREEN", True)], speed


def test_a_source_that_drops_frames_does_not_make_the_timeline_drop_them(write):
    path = write("df.edl", edl("001 A V C 00:00:00;00 00:00:01;00 01:00:00:00 01:00:01:00"))
    edit, _ = read_edit(path)
    assert (str(edit.rate), edit.drop_frame, edit.frames) == ("30000/1001", False, 30)


def test_what_an_edl_says_unclearly_is_warned_of_with_its_line(write):
    path = write(
        "short.edl",
        edl(
            "001 A V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00",
            "002 B V C 00:00:00:00 00:00:01:00 01:00:01:00",
        ),
    )
    assert any("line 3" in warning for warning in read_edit(path)[0].warnings)
    with pytest.raises(InputError, match="line 2"):
        read_edit(write("back.edl", edl("001 A V C 00:00:00:00 00:00:01:00 01:00:01:00 01:00:00:00")), rate=Rate.of(24))
    with pytest.raises(InputError, match=r"line 2.*--rate"):
        read_edit(write("high.edl", edl("001 A V C 00:00:00:00 00:00:01:00 01:00:01:00 01:00:02:29")), rate=Rate.of(24))


def test_a_list_of_markers_from_resolve_is_no_edit(write):
    event = "001  001 V C 01:00:05:10 01:00:05:11 01:00:05:10 01:00:05:11"
    with pytest.raises(InputError, match="markers"):
        read_edit(write("marks.edl", edl(event, " |C:ResolveColorBlue |M:Marker 1 |D:1")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_an_edl_is_read_in_any_encoding_a_host_writes(write, encoding, edl_text):
    edit, _ = read_edit(write("cut.edl", edl_text.replace("A.mov", "Müller.mov"), encoding), rate=Rate.of(25))
    assert edit.shots[0].name == "Müller.mov"
