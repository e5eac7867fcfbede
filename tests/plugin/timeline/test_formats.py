"""Files of every format we read, and files that are broken: one clear line, the right status, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import opentimelineio as otio
import pytest

from hitpoint.plugin.timeline.document import open_document
from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import InputError


def frames(edit):
    return [cut.frame for cut in edit.cuts]


@pytest.fixture
def text(make):
    made = make.timeline(make.track(make.clip("A é", 24), make.clip("B", 24)), name="schnitt ü")
    return otio.adapters.write_to_string(made, "otio_json")


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
    assert [(cut.frame, cut.kind) for cut in edit.cuts] == [(63, "transition")]
    assert (str(edit.rate), edit.picture_end) == ("25", 125)


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
        ("cut.fcpxml", b"<fcpxml/>", "no project"),
        ("cut2.fcpxml", b"<xmeml/>", "xmeml"),
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


def test_an_fcpxml_bundle_without_its_document_is_refused(tmp_path):
    (tmp_path / "cut.fcpxmld").mkdir()
    with pytest.raises(InputError, match=r"holds no Info\.fcpxml"):
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
