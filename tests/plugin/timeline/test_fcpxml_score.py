"""Our music in somebody's FCPXML: where it lies, what else stays as it was, and how it comes off again."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.plugin import scoring
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline import fcpxml_score
from hitpoint.plugin.timeline.fcp7_xml import Music, SequenceMarker
from hitpoint.plugin.timeline.reading import Source, read_edit
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate

from .fcpxml_documents import FORMATS, clip, document, project

URL = "file:///cut.scored.hitpoint/score.wav"
MUSIC = [Music(225, URL, "score.wav", {"engine": "composer", "seed": 0})]
STEMS = [
    Music(225, f"file:///stems/{stem}.wav", f"{stem}.wav", {"engine": "composer"}, stem) for stem in ("bass", "drums")
]
MARKS = [SequenceMarker(0, "one <1> & more"), SequenceMarker(120, "é")]
NAME = "Hitpoint Score"

# The order of children, from Apple's document type definitions (1.5 to 1.13 agree).
ORDER = [
    {"param", "text", "text-style-def"},
    {"note"},
    {"conform-rate"},
    {"timeMap"},
    {"adjust-crop", "adjust-transform", "adjust-blend", "adjust-volume"},
    {"mc-source"},
    {
        "audio",
        "video",
        "clip",
        "title",
        "caption",
        "mc-clip",
        "ref-clip",
        "sync-clip",
        "asset-clip",
        "audition",
        "spine",
        "gap",
    },
    {"marker", "chapter-marker", "rating", "keyword", "analysis-marker"},
    {"audio-channel-source", "audio-role-source", "sync-source"},
    {"filter-video"},
    {"filter-audio"},
    {"metadata"},
]


def seconds(text: str) -> Fraction:
    assert text.endswith("s")
    return Fraction(text[:-1])


def found(data: bytes) -> list[dict[str, object]]:
    """Where each clip of ours lies, read by going up from it: nothing here knows the code under test."""
    root = ElementTree.fromstring(data)
    above = {child: parent for parent in root.iter() for child in parent}
    assets = {each.get("id"): each for each in root.iter("asset")}
    result = []
    for each in root.iter():
        if each.tag not in ("asset-clip", "audio") or not (each.get("name") or "").startswith(NAME):
            continue
        position, item = Fraction(0), each
        while item.tag != "sequence":
            parent = above[item]
            if parent.tag == "spine":
                base = seconds(above[parent].get("tcStart", "0s")) if above[parent].tag == "sequence" else 0
                position += seconds(item.get("offset")) - base
            elif parent.tag in ("audition", "sequence"):
                item = parent
                continue
            else:
                conform = parent.find("conform-rate")
                speed = Fraction(1001, 1000) if conform is not None else 1
                position += (seconds(item.get("offset")) - seconds(parent.get("start", "0s"))) / speed
            item = parent
        medium = assets[each.get("ref")]
        rep = medium.find("media-rep")
        result.append(
            {
                "name": each.get("name"),
                "at": position,
                "length": seconds(each.get("duration")),
                "from": seconds(each.get("start")),
                "lane": int(each.get("lane")),
                "role": each.get("audioRole") or each.get("role"),
                "src": rep.get("src") if rep is not None else medium.get("src"),
                "on": above[each],
                "asset": medium,
            }
        )
    return result


def in_order(data: bytes) -> bool:
    for node in ElementTree.fromstring(data).iter():
        if node.tag in ("asset-clip", "clip", "gap", "ref-clip", "mc-clip", "sync-clip", "video", "title", "audio"):
            places = [next((i for i, tags in enumerate(ORDER) if child.tag in tags), None) for child in node]
            known = [place for place in places if place is not None]
            if known != sorted(known) or sum(child.tag == "note" for child in node) > 1:
                return False
    return True


FULL = clip(
    "r2",
    "0s",
    "4s",
    "<note>mine</note><adjust-volume amount='3dB'/>"
    + clip("r3", "11s", "1s", more='lane="-2"')
    + '<marker start="11s" value="m"/><audio-channel-source srcCh="1"/><filter-video ref="r7"/><metadata/>',
    'start="10s"',
)
HEADS = {
    "closes itself": clip("r2", "0s", "4s"),
    "empty": clip("r2", "0s", "4s").replace("/>", "></asset-clip>"),
    "starts later": clip("r2", "0s", "4s", more='start="36012/25s"'),
    "full": FULL,
    "marker only": clip("r2", "0s", "4s", '<marker start="1s" value="m"/>'),
    "gap": '<gap name="Gap" offset="0s" start="3600s" duration="4s"/>',
    "clip": '<clip name="c" offset="0s" start="2s" duration="4s"><video ref="r2" offset="0s" duration="60s"/></clip>',
    "compound": '<ref-clip ref="r9" offset="0s" start="1s" duration="4s"/>',
    "title": '<title ref="r7" offset="0s" start="3600s" duration="4s"><text>x</text></title>',
    "video": '<video ref="r2" offset="0s" start="3s" duration="4s" />',
    "audition": '<audition offset="0s">' + clip("r2", "0s", "4s").replace(' offset="0s"', "") + "</audition>",
    "dissolve first": '<transition offset="0s" duration="1s"/>' + clip("r2", "0s", "4s"),
    "retimed": clip(
        "r2",
        "0s",
        "4s",
        '<timeMap><timept time="0s" value="0s"/><timept time="8s" value="16s"/></timeMap>',
        'start="2s"',
    ),
}
NEST = '<media id="r9"><sequence format="r1"><spine>' + clip("r4", "0s", "9s") + "</spine></sequence></media>"
REST = clip("r3", "4s", "2s") + clip("r4", "6s", "3s")


def made(head: str, **more) -> bytes:
    return document(project(HEADS[head] + REST), media=NEST, **more).encode()


def pretty(text: str, unit: str, newline: str) -> str:
    lines: list[str] = []
    depth = 0
    for token in re.findall(r"<[^>]*>[^<]*", text):
        if token.startswith("</"):
            depth -= 1
        if token.startswith("</") and lines and not lines[-1].rstrip().endswith(">"):
            lines[-1] += token.strip()
        else:
            lines.append(unit * depth + token.strip())
        if re.match(r"<[^/?!][^>]*(?<!/)>", token):
            depth += 1
    return newline.join(lines) + newline


@pytest.mark.parametrize("head", HEADS)
def test_the_music_begins_with_the_project_and_lasts_as_long(head):
    scored = fcpxml_score.replace(made(head), 0, MUSIC, markers=MARKS)
    (ours,) = found(scored.data)
    assert (ours["at"], ours["length"], ours["from"]) == (0, 9, 0)
    assert (ours["name"], ours["role"], ours["src"]) == (NAME, "music.music-1", URL)
    assert ours["lane"] == (-3 if head == "full" else -1)
    assert dict(ours["asset"].attrib) | {"id": ""} == {
        "id": "",
        "name": NAME,
        "start": "0s",
        "duration": "22500/2500s",
        "hasAudio": "1",
        "audioSources": "1",
        "audioChannels": "2",
        "audioRate": "48000",
    }
    assert in_order(scored.data)
    assert fcpxml_score.remove(scored.data).data == made(head)


@pytest.mark.parametrize("rate", FORMATS)
def test_lengths_are_whole_frames_of_the_project(rate):
    frame = seconds(FORMATS[rate])
    text = document(project(clip("r2", "3600s", "4s", more='start="86400s"'), more='tcStart="3600s"'), rate=rate)
    (ours,) = found(fcpxml_score.replace(text.encode(), 0, [Music(1001, URL, "score.wav", {})]).data)
    assert (ours["at"], ours["length"]) == (0, 1001 * frame)


def test_on_a_conformed_clip_the_offset_is_in_that_clips_own_time():
    inside = '<conform-rate srcFrameRate="23.98"/>'
    spine = clip("r2", "0s", "4s", inside, 'start="67067/375s"') + clip("r3", "4s", "4s")
    data = document(project(spine), rate="30").encode()
    marks = [SequenceMarker(60, "beat")]
    scored = fcpxml_score.replace(data, 0, MUSIC, markers=marks).data
    assert found(scored)[0]["at"] == 0
    mark = ElementTree.fromstring(scored).find(".//marker")
    assert seconds(mark.get("start")) == Fraction(67067, 375) + 2 * Fraction(1001, 1000)


def test_stems_are_clips_of_their_own_with_roles():
    scored = fcpxml_score.replace(made("full"), 0, STEMS)
    ours = found(scored.data)
    assert [(each["name"], each["lane"], each["role"]) for each in ours] == [
        (f"{NAME}: bass", -3, "music.bass"),
        (f"{NAME}: drums", -4, "music.drums"),
    ]
    assert len({each["asset"].get("id") for each in ours}) == 2
    again = fcpxml_score.replace(scored.data, 0, MUSIC)
    assert ([each["name"] for each in found(again.data)], again.warnings) == ([NAME], [])
    assert fcpxml_score.remove(scored.data).data == made("full")


@pytest.mark.parametrize(
    ("version", "tag", "role"), [("1.5", "audio", "music"), ("1.6", "asset-clip", "music.music-1")]
)
def test_older_versions_get_what_they_know(version, tag, role):
    data = made("closes itself", version=version)
    scored = fcpxml_score.replace(data, 0, MUSIC)
    (ours,) = found(scored.data)
    assert (ours["at"], ours["src"], ours["role"]) == (0, URL, role)
    assert ours["asset"].find("media-rep") is None
    assert len(ElementTree.fromstring(scored.data).findall(f".//{tag}[@name='{NAME}']")) == 1
    assert fcpxml_score.remove(scored.data).data == data


def test_markers_lie_in_the_clip_that_plays_then():
    scored = fcpxml_score.replace(made("starts later"), 0, MUSIC, markers=MARKS).data
    clips = [each for each in ElementTree.fromstring(scored).iter("asset-clip") if each.find("marker") is not None]
    found_ = [(each.get("ref"), each.find("marker").get("start"), each.find("marker").get("value")) for each in clips]
    assert found_ == [("r2", "36012/25s", MARKS[0].name), ("r3", "4/5s", "é")]  # 4.8 s is 0.8 s into the second clip
    assert in_order(scored)


@settings(max_examples=80, deadline=None)
@given(
    head=st.sampled_from(sorted(HEADS)),
    marks=st.lists(st.integers(0, 224), max_size=4),
    style=st.sampled_from(["one line", "tabs", "spaces", "crlf"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    chosen=st.integers(0, 1),
    stems=st.booleans(),
)
def test_taking_the_score_off_gives_the_document_back_byte_for_byte(head, marks, style, encoding, chosen, stems):
    text = document(project(HEADS[head] + REST, "Schnitt ü"), project(HEADS["gap"] + REST, "b"), media=NEST)
    text = text.replace("UTF-8", {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(encoding, encoding))
    if style != "one line":
        text = pretty(text, "  " if style == "spaces" else "\t", "\r\n" if style == "crlf" else "\n")
    data = text.encode(encoding)
    markers = [SequenceMarker(frame, "beat é") for frame in marks]
    music = STEMS if stems else MUSIC
    scored = fcpxml_score.replace(data, chosen, music, markers=markers)
    assert scored.data != data
    assert in_order(scored.data)
    assert fcpxml_score.remove(scored.data).data == data
    assert fcpxml_score.remove(scored.data, chosen).data == data
    again = fcpxml_score.replace(scored.data, chosen, music, markers=markers)
    assert (again.data, again.name, again.warnings) == (scored.data, NAME, [])


def changed(data: bytes, edit) -> bytes:
    """What a host might hand back: the document after `edit` did something to our clip."""
    root = ElementTree.fromstring(data)
    above = {child: parent for parent in root.iter() for child in parent}
    ours = next(each for each in root.iter("asset-clip") if each.get("name") == NAME)
    edit(ours, above[ours])
    return ElementTree.tostring(root)


def shorter(ours, _):
    ours.set("duration", "3s")


def later(ours, _):
    ours.set("offset", "2s")


def slipped(ours, _):
    ours.set("start", "1s")


def louder(ours, _):
    ours.append(ElementTree.Element("adjust-volume", amount="3dB"))


def marked(ours, _):
    ours.append(ElementTree.Element("marker", start="1s", value="mine"))


def off(ours, _):
    ours.set("enabled", "0")


@pytest.mark.parametrize("edit", [shorter, later, slipped, louder, marked, off])
def test_a_score_that_somebody_changed_stays_beside_the_new_one(edit):
    data = changed(fcpxml_score.replace(made("closes itself"), 0, MUSIC).data, edit)
    planned = fcpxml_score.plan(data, 0)
    assert (planned.name, planned.kept_media) == (f"{NAME} 2", (URL,))
    scored = fcpxml_score.replace(data, 0, MUSIC)
    assert sorted(each["name"] for each in found(scored.data)) == [NAME, f"{NAME} 2"]
    assert len({each["lane"] for each in found(scored.data)}) == 2
    assert any("stays as it is" in warning for warning in scored.warnings)
    assert len(found(fcpxml_score.remove(data, touched=False).data)) == 1
    assert found(fcpxml_score.remove(scored.data).data) == []


def test_a_score_that_the_host_wrote_anew_is_known_again():
    def rewritten(ours, parent):
        # Another attribute, another order, a channel of its own, a name for the medium: as after a round through Final Cut.
        ours.set("format", "r1")
        ours.append(ElementTree.Element("audio-channel-source", srcCh="1, 2", role="music.music-1"))
        ours.set("duration", "9s")

    data = changed(fcpxml_score.replace(made("clip"), 0, MUSIC).data, rewritten)
    again = fcpxml_score.replace(data, 0, MUSIC)
    assert (again.name, again.warnings, len(found(again.data))) == (NAME, [], 1)
    bare = fcpxml_score.remove(data)
    assert (found(bare.data), bare.removed[0]["engine"]) == ([], "composer")
    assert URL.encode() not in bare.data


def test_without_its_note_a_score_is_known_by_its_medium():
    data = changed(fcpxml_score.replace(made("clip"), 0, MUSIC).data, lambda ours, _: ours.remove(ours.find("note")))
    assert found(fcpxml_score.replace(data, 0, MUSIC).data)[0]["name"] == NAME
    assert found(fcpxml_score.remove(data).data) == []


@pytest.mark.parametrize(("storyline", "says"), [(-1, "lies in a storyline"), (0, "lies inside a compound clip")])
def test_what_somebody_put_elsewhere_is_not_taken_out_and_is_said(storyline, says):
    root = ElementTree.fromstring(fcpxml_score.replace(made("clip"), 0, MUSIC).data)
    above = {child: parent for parent in root.iter() for child in parent}
    ours = next(each for each in root.iter("asset-clip") if each.get("name") == NAME)
    above[ours].remove(ours)
    del ours.attrib["lane"]
    ours.set("offset", "9s")
    list(root.iter("spine"))[storyline].append(ours)
    data = ElementTree.tostring(root)
    bare = fcpxml_score.remove(data)
    assert (bare.data, bare.removed) == (data, [])
    assert says in bare.warnings[0]


def test_an_empty_project_and_one_without_a_frame_rate_are_refused():
    with pytest.raises(InputError, match="'cut' is empty"):
        fcpxml_score.replace(document(project("")).encode(), 0, MUSIC)
    bare = made("gap").replace(b'frameDuration="100/2500s"', b"")
    with pytest.raises(InputError, match="no frame rate"):
        fcpxml_score.plan(bare, 0)


def test_a_document_of_the_music_alone(write):
    data = fcpxml_score.music_only(
        "cut & co", Rate.of("29.97"), True, 107892, [Music(300, URL, "score.wav", {"seed": 1})]
    )
    edit = read_edit(write("alone.fcpxml", data))[0]
    assert (edit.name, str(edit.rate), edit.drop_frame) == ("cut & co", "30000/1001", True)
    assert (edit.timecode(0), edit.frames, edit.audio_tracks) == ("01:00:00;00", 300, ())
    (ours,) = found(data)
    assert (ours["at"], ours["length"], ours["on"].tag) == (0, Fraction(300 * 1001, 30000), "gap")
    assert in_order(data)


def test_a_project_is_scored_scored_again_and_given_back(write, tmp_path):
    path = write("cut.fcpxml", made("starts later"))
    done = scoring.score(Source(path), Wish(seed=1))
    assert done.out == tmp_path / "cut.scored.fcpxml"
    before, after = read_edit(path)[0], read_edit(done.out)[0]
    assert after.to_json() == before.to_json()
    (ours,) = found(done.out.read_bytes())
    assert (ours["at"], ours["length"], ours["src"]) == (0, 9, (done.folder / "score.wav").as_uri())
    note = json.loads(ours["on"].find(f"asset-clip[@name='{NAME}']/note").text)
    assert note["hitpoint"]["seed"] == 1
    again = scoring.score(Source(done.out), Wish(seed=4), in_place=True)
    assert len(found(again.out.read_bytes())) == 1
    bare = scoring.unscore(Source(again.out), out=tmp_path / "bare.fcpxml")
    assert bare.out.read_bytes() == path.read_bytes()


def test_a_bundle_folder_is_scored_as_a_bundle_folder(tmp_path):
    path = tmp_path / "cut.fcpxmld"
    path.mkdir()
    (path / "Info.fcpxml").write_bytes(made("gap"))
    (path / "CurrentVersion.flexolibrary").write_bytes(b"kept")
    done = scoring.score(Source(path))
    assert done.out == tmp_path / "cut.scored.fcpxmld"
    assert (done.out / "CurrentVersion.flexolibrary").read_bytes() == b"kept"
    assert found((done.out / "Info.fcpxml").read_bytes())[0]["src"] == (done.folder / "score.wav").as_uri()
    bare = scoring.unscore(Source(done.out), out=tmp_path / "bare.fcpxmld")
    assert (bare.out / "Info.fcpxml").read_bytes() == made("gap")
