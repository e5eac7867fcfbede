"""Files of every format we read, and files that are broken: one clear line, the right status, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.plugin.timeline.document import open_document
from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import HitpointError, InputError
from hitpoint.runtime.rate import Rate

EDL = """TITLE: PAL
FCM: NON-DROP FRAME

001  A V C 01:00:00:00 01:00:02:10 01:00:00:00 01:00:02:10
* FROM CLIP NAME: A.mov
002  B V C 01:00:00:00 01:00:03:05 01:00:02:10 01:00:05:15
* FROM CLIP NAME: B.mov
* LOC: 01:00:03:00 RED     HIT
"""


def frames(edit):
    return [cut.frame for cut in edit.cuts]


@pytest.fixture
def write(tmp_path):
    def put(name, content, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return put


@pytest.fixture
def text(make):
    made = make.timeline(make.track(make.clip("A é", 24), make.clip("B", 24)), name="schnitt ü")
    return otio.adapters.write_to_string(made, "otio_json")


# EDL


def test_an_edl_is_read_at_the_rate_asked_for(write):
    edit, _ = read_edit(write("cut.edl", EDL), rate=Rate.of(25))
    assert (str(edit.rate), frames(edit), edit.frames, edit.start_frame) == ("25", [60], 140, 90000)
    assert [(m.frame, m.name) for m in edit.markers] == [(75, "HIT")]
    assert not any("rate" in warning for warning in edit.warnings)


def test_an_edl_is_never_silently_24(write):
    edit, _ = read_edit(write("cut.edl", EDL))
    assert str(edit.rate) == "24"
    assert any("--rate" in warning for warning in edit.warnings)


def test_frame_numbers_in_an_edl_rule_slow_rates_out(write):
    edit, _ = read_edit(
        write("cut.edl", EDL.replace("01:00:05:15", "01:00:05:24").replace("01:00:03:05", "01:00:03:14"))
    )
    assert str(edit.rate) == "25"


@pytest.mark.parametrize("rate", ["23.976", "29.97", "59.94", "23.98"])
def test_an_edl_is_read_at_ntsc_rates(write, rate):
    edit, _ = read_edit(write("cut.edl", EDL), rate=Rate.of(rate))
    assert edit.rate.fps.denominator == 1001
    assert frames(edit) == [2 * edit.rate.nominal + 10]


def test_a_drop_frame_edl_carries_its_flag(write):
    drop = EDL.replace("NON-DROP", "DROP")
    edit, _ = read_edit(write("cut.edl", drop))
    assert (str(edit.rate), edit.drop_frame) == ("30000/1001", True)
    assert edit.timecode(0) == "01:00:00;00"


def test_the_rate_of_an_edl_is_taken_from_its_media(write, tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "A.mov"), "w") as film:
        stream = film.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")):
            film.mux(packet)
        for packet in stream.encode(None):
            film.mux(packet)
    edit, _ = read_edit(write("cut.edl", EDL))
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
def test_an_edl_is_read_in_any_encoding_a_host_writes(write, encoding):
    edit, _ = read_edit(write("cut.edl", EDL.replace("A.mov", "Müller.mov"), encoding), rate=Rate.of(25))
    assert edit.shots[0].name == "Müller.mov"


# OpenTimelineIO


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_otio_file_with_a_byte_order_mark_is_read(write, text, encoding):
    edit, _ = read_edit(write("cut.otio", text, encoding))
    assert (edit.name, frames(edit)) == ("schnitt ü", [24])


def test_markers_of_the_next_opentimelineio_are_read(write, make):
    made = make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)))
    make.mark(made.tracks, 12, "hit", color="GREEN")
    newer = json.loads(otio.adapters.write_to_string(made, "otio_json"))
    marker = newer["tracks"]["markers"][0]
    marker["OTIO_SCHEMA"], marker["color"] = "Marker.3", {"OTIO_SCHEMA": "Color.1", "name": "GREEN", "r": 0.0, "g": 1.0}
    edit, _ = read_edit(write("new.otio", json.dumps(newer, indent=4)))
    assert [(m.frame, m.name, m.color) for m in edit.markers] == [(12, "hit", "GREEN")]


def test_a_newer_schema_is_named_with_its_line(write, text):
    path = write("new.otio", text.replace('"Clip.2"', '"Clip.9"', 1))
    with pytest.raises(InputError, match=r"line \d+.*Clip\.9"):
        read_edit(path)


def test_effects_and_media_of_unknown_kinds_do_not_cost_the_edit(write, make):
    shot = make.clip("A", 24)
    shot.effects.append(otio.schema.Effect("x", "blur"))
    made = otio.adapters.write_to_string(make.timeline(make.track(shot, make.clip("B", 24))), "otio_json")
    made = made.replace('"Effect.1"', '"StudioBlur.3"').replace('"ExternalReference.1"', '"ImageReference.1"', 1)
    edit, _ = read_edit(write("studio.otio", made))
    assert (frames(edit), edit.shots[0].media) == ([24], "file:///media/A.mov")


def test_a_timeline_of_the_next_opentimelineio_is_read(write, text):
    newer = text.replace('"Timeline.1"', '"Timeline.2"').replace('"name"', '"canvas": null, "name"', 1)
    assert frames(read_edit(write("new.otio", newer))[0]) == [24]


def test_infinity_in_metadata_is_no_reason_to_refuse(write, make):
    made = make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)), name="x")
    made.metadata["peak"] = float("inf")
    written = otio.adapters.write_to_string(made, "otio_json")
    assert frames(read_edit(write("inf.otio", written))[0]) == [24]
    assert frames(read_edit(write("inf2.otio", written.replace("Infinity", "Inf")))[0]) == [24]


def test_bundles_are_read_as_zip_and_as_folder(write, text, tmp_path):
    with zipfile.ZipFile(tmp_path / "cut.otioz", "w") as bundle:
        bundle.writestr("content.otio", text)
    folder = tmp_path / "cut.otiod"
    folder.mkdir()
    (folder / "content.otio").write_text(text, encoding="utf-8")
    for path in (tmp_path / "cut.otioz", folder):
        assert frames(read_edit(path)[0]) == [24]


# Kdenlive

KDENLIVE = """<?xml version='1.0' encoding='utf-8'?>
<mlt LC_NUMERIC="C" producer="main_bin" version="7.1.0">
 <profile frame_rate_num="25" frame_rate_den="1"/>
 <producer id="producer0" in="00:00:00.000" out="00:00:19.960"><property name="mlt_service">avformat</property>
  <property name="resource">a.mov</property><property name="kdenlive:id">2</property></producer>
 <playlist id="main_bin"><property name="kdenlive:docproperties.version">1</property>
  <entry producer="producer0" in="0" out="499"/></playlist>
 <producer id="black_track" in="0" out="500"><property name="mlt_service">color</property></producer>
 <playlist id="playlist0">
  <entry producer="producer0" in="00:00:00.000" out="00:00:02.960">
   <filter out="00:00:01.000"><property name="kdenlive_id">fade_from_black</property></filter></entry></playlist>
 <playlist id="playlist1"><blank length="00:00:02.000"/>
  <entry producer="producer0" in="00:00:10.000" out="00:00:12.960"/></playlist>
 <tractor id="tractor0"><property name="kdenlive:track_name">V1</property>
  <track producer="playlist0"/><track producer="playlist1"/>
  <transition in="00:00:02.000" out="00:00:03.000"><property name="kdenlive:mixcut">12</property></transition></tractor>
 <tractor id="tractor1" global_feed="1"><track producer="black_track"/><track producer="tractor0"/></tractor>
</mlt>
"""


def test_a_kdenlive_project_may_leave_defaults_of_fades_and_mixes_unsaid(write):
    edit, _ = read_edit(write("cut.kdenlive", KDENLIVE))
    assert (str(edit.rate), cuts(edit), edit.picture_end) == ("25", [(63, "transition")], 125)


# What is refused


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.otio", b"", "empty"),
        ("space.otio", b"  \n ", "empty"),
        ("words.otio", b"hello, I am no timeline", "line 1"),
        ("half.otio", b'{"OTIO_SCHEMA": "Timeline.1",\n "name": ', "line 2"),
        ("object.otio", b"{}", "no timeline"),
        ("list.otio", b"[]", "no timeline"),
        ("number.otio", b"7", "no timeline"),
        ("clip.otio", b'{"OTIO_SCHEMA": "Clip.2"}', "no timeline"),
        ("binary.otio", bytes(range(256)) * 4, "binary.otio"),
        ("deep.otio", b"[" * 100_000, "deep"),
        ("deepobj.otio", b'{"a":' * 100_000, "deep"),
        ("cut.xml", b"<?xml version='1.0'?><xmeml version='4'><sequence><name>x</na", "line 1"),
        ("cut2.xml", b"<html><body/></html>", "html"),
        ("none.xml", b"just words", "not XML"),
        ("fcp.xml", b"<?xml version='1.0'?><!DOCTYPE fcpxml><fcpxml version='1.9'/>", "FCPXML"),
        ("bomb.kdenlive", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><mlt>&a;</mlt>', "entit"),
        ("bomb.xml", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xmeml version="4">&a;</xmeml>', "entit"),
        ("cut.fcpxml", b"<fcpxml/>", "FCPXML"),
        ("cut.edl", b"TITLE: nothing\n", "no event"),
        ("cut.aaf", b"not an aaf at all", "AAF"),
        ("cut.kdenlive", b"<mlt><", "Kdenlive"),
        ("cut.kdenlive2.kdenlive", b"<other/>", "mlt"),
        ("cut.otioz", b"PK\x03\x04 broken", "zip"),
        ("cut.mp4", b"\0\0\0\x18ftyp", "not an edit"),
        ("noext", b"{}", "not an edit"),
    ],
)
def test_a_broken_file_is_refused_in_one_line_that_names_it(write, name, content, says):
    path = write(name, content)
    with pytest.raises(InputError) as caught:
        read_edit(path)
    message = str(caught.value)
    assert says.lower() in message.lower()
    assert str(path) in message
    assert "\n" not in message
    assert caught.value.status == 3


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_edit(tmp_path / "gone.otio")
    (tmp_path / "folder.otio").mkdir()
    with pytest.raises(InputError, match="folder"):
        read_edit(tmp_path / "folder.otio")


def test_a_zip_without_a_timeline_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "cut.otioz", "w") as bundle:
        bundle.writestr("other.txt", "x")
    with pytest.raises(InputError, match=r"content\.otio"):
        read_edit(tmp_path / "cut.otioz")


def test_a_fcpxml_bundle_folder_is_refused(tmp_path):
    (tmp_path / "cut.fcpxmld").mkdir()
    with pytest.raises(InputError, match="FCPXML"):
        read_edit(tmp_path / "cut.fcpxmld")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (
            lambda made: made["tracks"]["children"][0]["children"][0]["source_range"]["duration"].update(value=-5.0),
            "negative duration",
        ),
        (
            lambda made: made["tracks"]["children"][0]["children"][0]["source_range"]["duration"].update(
                rate=float("nan")
            ),
            "not a number",
        ),
        (
            lambda made: made["tracks"]["children"][0]["children"][1]["source_range"]["duration"].update(
                value=float("inf")
            ),
            "not a number",
        ),
        (
            lambda made: made["tracks"]["children"][0]["children"][1]["source_range"]["duration"].update(rate=0.0),
            "rate",
        ),
        (
            lambda made: made["tracks"]["children"][0]["children"][1]["source_range"]["duration"].update(rate=-24.0),
            "rate",
        ),
        (
            lambda made: made["tracks"]["children"][0]["children"][1]["source_range"]["duration"].update(value=1e18),
            "beyond",
        ),
        (lambda made: made.update(tracks=None), "tracks"),
        (lambda made: made["tracks"]["children"].append({"OTIO_SCHEMA": "Mystery.1"}), "mismatch"),
    ],
)
def test_impossible_times_are_refused_with_the_clip_that_has_them(write, text, what, says):
    made = json.loads(text)
    what(made)
    with pytest.raises(InputError, match=says):
        read_edit(write("odd.otio", json.dumps(made)))


def test_a_file_without_permission_is_said_in_one_line(tmp_path, monkeypatch, text):
    path = tmp_path / "cut.otio"
    path.write_text(text, encoding="utf-8")

    def refuse(self, *rest):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    with pytest.raises(InputError, match="permission denied"):
        read_edit(path)


# Fuzzing

LEAF = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=12))
TIME = st.fixed_dictionaries(
    {"OTIO_SCHEMA": st.just("RationalTime.1"), "rate": st.floats() | LEAF, "value": st.floats() | LEAF}
)
RANGE = st.fixed_dictionaries({"OTIO_SCHEMA": st.just("TimeRange.1"), "duration": TIME, "start_time": TIME})
SCHEMAS = (
    "Clip.2",
    "Clip.1",
    "Gap.1",
    "Stack.1",
    "Track.1",
    "Transition.1",
    "Marker.2",
    "LinearTimeWarp.1",
    "Timeline.1",
)


def item(children):
    return st.fixed_dictionaries(
        {"OTIO_SCHEMA": st.sampled_from(SCHEMAS)},
        optional={
            "name": LEAF,
            "kind": st.sampled_from(["Video", "Audio", "Subtitle", ""]) | LEAF,
            "source_range": RANGE | LEAF,
            "in_offset": TIME,
            "out_offset": TIME,
            "marked_range": RANGE,
            "time_scalar": st.floats(),
            "enabled": st.booleans(),
            "effects": st.lists(children, max_size=2),
            "markers": st.lists(children, max_size=2),
            "children": st.lists(children, max_size=4),
            "media_reference": LEAF
            | st.fixed_dictionaries(
                {"OTIO_SCHEMA": st.sampled_from(["ExternalReference.1", "MissingReference.1", "GeneratorReference.1"])},
                optional={"target_url": LEAF, "available_range": RANGE | LEAF},
            ),
        },
    )


TIMELINE = st.fixed_dictionaries(
    {
        "OTIO_SCHEMA": st.just("Timeline.1"),
        "name": LEAF,
        "global_start_time": TIME | st.none(),
        "tracks": st.recursive(item(LEAF), item, max_leaves=12) | LEAF,
    }
)


def reads_or_refuses(path):
    try:
        edit, _ = read_edit(path)
    except HitpointError as error:
        assert error.status == 3
        assert "\n" not in str(error)
        return
    json.dumps(edit.to_json(), allow_nan=False)
    assert edit.frames >= 0
    found = [cut.frame for cut in edit.cuts]
    assert found == sorted(set(found))
    assert all(0 < frame < edit.picture_end for frame in found)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=TIMELINE)
def test_any_timeline_shaped_json_is_read_or_refused(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("fuzz") / "x.otio"
    path.write_text(json.dumps(made), encoding="utf-8")
    reads_or_refuses(path)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, make, data):
    nest = make.stack(make.track(make.clip("P", 30, speed=2.0), make.clip("Q", 30)), source_range=make.span(12, 24))
    made = make.timeline(make.track(make.clip("A", 24), make.dissolve(4, 4), nest, make.gap(9), make.clip("B", 24)))
    sources = {
        "x.otio": otio.adapters.write_to_string(made, "otio_json").encode(),
        "x.edl": EDL.encode(),
        "x.xml": otio.adapters.write_to_string(
            make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)), start=0), "fcp_xml"
        ).encode(),
    }
    name = data.draw(st.sampled_from(sorted(sources)))
    content = bytearray(sources[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "drop", "double"])):
            case "flip":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[max(1, at) :]
            case "drop":
                del content[at : at + data.draw(st.integers(1, 40))]
            case "double":
                content[at:at] = content[at : at + 40]
        content = content or bytearray(b"x")
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(bytes(content))
    reads_or_refuses(path)


def test_what_adapters_print_stays_off_standard_output(shared_edits):
    """Kdenlive's adapter prints a notice at every read, AAF's prints about gaps it makes."""
    for name in ("kdts__alpha.kdenlive", "pyaaf2__linear01.aaf"):
        script = f"from pathlib import Path; from hitpoint.plugin.timeline.document import open_document; open_document(Path({str(shared_edits / name)!r}))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout == ""


def test_a_document_of_a_known_file_says_where_its_timeline_stands(write, text):
    collection = json.dumps({"OTIO_SCHEMA": "SerializableCollection.1", "children": [json.loads(text)]})
    document = open_document(write("bin.otio", collection))
    assert document.where == ("children", 0)
