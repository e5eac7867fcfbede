from __future__ import annotations

import json
import re
import time
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.plugin.timeline import fcp7_xml
from hitpoint.plugin.timeline.fcp7_xml import Music, SequenceMarker
from hitpoint.plugin.timeline.score_track import ours
from hitpoint.runtime.errors import InputError, UsageError
from hitpoint.runtime.rate import Rate

EDITS = Path(__file__).resolve().parents[4] / "shared" / "edits"
URL = "file://localhost/C%3a/cut.scored.hitpoint/score.wav"
MUSIC = Music(100, URL, "score.wav", {"engine": "composer", "seed": 0})
MARKERS = [SequenceMarker(0, "storyboard <1> & more"), SequenceMarker(40, "é", "hold")]


def rate(timebase: int, ntsc: bool) -> str:
    return f"<rate><timebase>{timebase}</timebase><ntsc>{'TRUE' if ntsc else 'FALSE'}</ntsc></rate>"


def shot(number: int, start: int, end: int, timebase: int = 25, ntsc: bool = False) -> str:
    file = (
        f'<file id="file-{number}"><name>shot {number}.mov</name><pathurl>file:///m/{number}.mov</pathurl>'
        f"{rate(timebase, ntsc)}<duration>900</duration><media><video/></media></file>"
    )
    return (
        f'<clipitem id="clipitem-{number}"><masterclipid>masterclip-{number}</masterclipid><name>shot {number}</name>'
        f"<duration>900</duration>{rate(timebase, ntsc)}<start>{start}</start><end>{end}</end>"
        f"<in>0</in><out>{end - start}</out>{file}</clipitem>"
    )


def sound(number: int) -> str:
    return (
        f'<track MZ.TrackName="A &gt; {number}"><clipitem id="clipitem-9{number}"><name>talk</name>{rate(25, False)}'
        + (
            '<start>0</start><end>50</end><in>0</in><out>50</out><file id="file-1"/></clipitem><enabled>TRUE</enabled></track>'
        )
    )


def sequence(
    audio: str = "<audio/>", name: str = "cut", timebase: int = 25, ntsc: bool = False, number: int = 1, more: str = ""
) -> str:
    pictures = shot(1, 0, 60, timebase, ntsc) + shot(2, 60, 100, timebase, ntsc)
    return (
        f'<sequence id="sequence-{number}" note="a > b" explodedTracks="true"><duration>100</duration>'
        f"{rate(timebase, ntsc)}<name>{name}</name><media><video><format/><track>{pictures}</track></video>{audio}</media>"
        f"<timecode>{rate(timebase, ntsc)}<string>01:00:00:00</string><frame>90000</frame></timecode>{more}</sequence>"
    )


def document(*sequences: str, declared: str = "UTF-8") -> str:
    return f'<?xml version="1.0" encoding="{declared}"?><!DOCTYPE xmeml><xmeml version="4">{"".join(sequences)}</xmeml>'


def pretty(text: str, unit: str, newline: str) -> str:
    """One element a line, as hosts write."""
    lines, depth = [], 0
    for token in re.findall(
        r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<!.*?>|<(?:[^\"'>]|\"[^\"]*\")*>[^<]*", text, re.DOTALL
    ):
        if token.startswith("</"):
            depth -= 1
        leaf_end = token.startswith("</") and lines and not lines[-1].rstrip().endswith(">")
        if leaf_end:
            lines[-1] += token
        else:
            lines.append(unit * depth + token)
        if re.match(r"<[^/?!](?:[^\"'>]|\"[^\"]*\")*(?<!/)>", token):
            depth += 1
    return newline.join(lines) + newline


def read(data: bytes) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(fcp7_text(data), "fcp_xml")


def fcp7_text(data: bytes) -> str:
    return ElementTree.tostring(ElementTree.fromstring(data), encoding="unicode")


SOUNDS = [
    "",
    "<audio/>",
    '<audio kind="x"  />',
    "<audio></audio>",
    "<audio> \n </audio>",
    "<audio><format/><outputs/></audio>",
    f"<audio><numOutputChannels>2</numOutputChannels>{sound(1)}</audio>",
    f"<audio>{sound(1)}<!-- between > --><?pi a > b?>{sound(2)}</audio>",
    f"<audio>{sound(1)}<![CDATA[ ]]> text </audio>",
]
ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "windows-1252", "utf-16", "utf-16-be", "utf-16-le"]


@st.composite
def documents(draw: st.DrawFn) -> tuple[bytes, int]:
    encoding = draw(st.sampled_from(ENCODINGS))
    names = st.sampled_from(["cut", "Schnitt für &lt;X&gt;", "<![CDATA[a <track> b]]>", ""])
    marker = "<marker><comment>mine</comment><name>m</name><in>3</in><out>-1</out></marker>"
    extra = st.sampled_from(["", marker, "<!-- <audio/> -->", f"{marker}<labels/>{marker}"])
    parts = [
        sequence(draw(st.sampled_from(SOUNDS)), draw(names), number=i, more=draw(extra))
        for i in range(draw(st.integers(1, 3)))
    ]
    chosen = draw(st.integers(0, len(parts) - 1))
    if draw(st.booleans()):
        parts[0] = parts[0].replace(re.search(r"<media>.*</media>", parts[0], re.DOTALL)[0], "<media/>")  # type: ignore[index]
    if draw(st.booleans()):
        parts = [
            "<project><name>p</name><children>",
            *parts[:-1],
            "<bin><children>",
            parts[-1],
            "</children></bin></children></project>",
        ]
    declared = {"utf-8-sig": "UTF-8", "utf-16-be": "UTF-16", "utf-16-le": "UTF-16"}.get(encoding, encoding)
    text = document(*parts, declared=declared)
    style = draw(st.sampled_from(["minified", "tabs", "spaces", "crlf"]))
    if style != "minified":
        text = pretty(text, "  " if style == "spaces" else "\t", "\r\n" if style == "crlf" else "\n")
    bom = {"utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    return bom + text.encode(encoding), chosen


@settings(max_examples=300, deadline=None)
@given(documents(), st.integers(0, 2))
def test_inserting_and_removing_gives_the_document_back_byte_for_byte(
    document_: tuple[bytes, int], markers: int
) -> None:
    data, chosen = document_
    after = fcp7_xml.insert(data, chosen, MUSIC, markers=MARKERS[:markers])
    assert after != data
    back = fcp7_xml.remove(after)
    assert back.data == data
    assert [known["engine"] for known in back.removed] == ["composer"]
    assert back.warnings == []
    assert fcp7_xml.remove(after, chosen).data == data
    again = fcp7_xml.replace(after, chosen, MUSIC, markers=MARKERS[:markers])
    assert (again.data, again.name, again.warnings) == (after, "Hitpoint Score", [])


def elements(data: bytes) -> list[str]:
    tracks = list(ElementTree.fromstring(data).iter("track"))
    for track in tracks:
        track.tail = None
    return [ElementTree.tostring(track, encoding="unicode") for track in tracks]


@settings(max_examples=100, deadline=None)
@given(documents())
def test_the_scored_document_has_all_it_had_and_two_tracks_more(document_: tuple[bytes, int]) -> None:
    data, chosen = document_
    before, after = elements(data), elements(fcp7_xml.insert(data, chosen, MUSIC))
    added = [track for track in after if "Hitpoint Score" in track]
    assert len(added) == 2
    assert [track for track in after if track not in added] == before


@settings(max_examples=300, deadline=None)
@given(documents(), st.data())
def test_a_damaged_document_is_refused_in_words_or_read(document_: tuple[bytes, int], data: st.DataObject) -> None:
    whole, chosen = document_
    start = data.draw(st.integers(0, len(whole)))
    broken = whole[:start] + data.draw(st.binary(max_size=3)) + whole[data.draw(st.integers(start, len(whole))) :]
    for act in (fcp7_xml.remove, fcp7_xml.sequences, lambda d: fcp7_xml.replace(d, chosen, MUSIC, markers=MARKERS)):
        try:
            act(broken)
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("path", sorted(EDITS.glob("fcp__*.xml")), ids=lambda path: path.name)
def test_real_documents_come_back_byte_for_byte_and_read_as_one_track_more(path: Path) -> None:
    data = path.read_bytes()
    if b"<xmeml" not in data:
        with pytest.raises(InputError, match="xmeml"):
            fcp7_xml.sequences(data)
        return
    after = fcp7_xml.insert(data, 0, MUSIC, markers=MARKERS)
    assert fcp7_xml.remove(after).data == data
    before, now = read(data), read(after)
    assert ours(json.loads(now.tracks[-1].to_json_string())) is not None
    del now.tracks[-1]
    assert [m.name for m in now.tracks.markers][-2:] == [m.name for m in MARKERS]
    assert [t.to_json_string() for t in now.tracks] == [t.to_json_string() for t in before.tracks]
    assert now.duration() == before.duration()


@pytest.mark.parametrize(
    ("timebase", "ntsc"),
    [(24, True), (24, False), (25, False), (30, True), (30, False), (50, False), (60, True), (60, False)],
)
def test_at_every_rate_the_adapter_reads_what_was_there_and_our_track(timebase: int, ntsc: bool) -> None:
    data = document(sequence(f"<audio>{sound(1)}</audio>", timebase=timebase, ntsc=ntsc)).encode()
    before, now = read(data), read(fcp7_xml.insert(data, "cut", MUSIC))
    track = now.tracks[-1]
    clip = track[0]
    fps = timebase * 1000 / 1001 if ntsc else timebase
    assert (len(track), clip.source_range.start_time.value, clip.source_range.duration.value) == (1, 0, 100)
    assert clip.source_range.duration.rate == pytest.approx(fps)
    assert clip.media_reference.available_range == clip.source_range
    assert clip.media_reference.target_url == URL
    assert track.metadata["fcp_xml"]["@premiereTrackType"] == "Stereo"
    known = json.loads(clip.metadata["fcp_xml"]["comments"]["mastercomment1"])["hitpoint"]
    assert (known["engine"], known["frames"]) == ("composer", 100)
    assert ours(json.loads(track.to_json_string())) is not None
    del now.tracks[-1]
    assert [t.to_json_string() for t in now.tracks] == [t.to_json_string() for t in before.tracks]
    assert now.duration() == before.duration()
    assert now.global_start_time == before.global_start_time


def test_the_pair_is_a_stereo_pair_linked_to_itself_with_ids_of_its_own() -> None:
    data = document(sequence(f"<audio>{sound(1)}{sound(2)}</audio>")).encode()
    root = ElementTree.fromstring(fcp7_xml.insert(data, 0, MUSIC))
    left, right = [t for t in root.iter("track") if t.get("MZ.TrackName") == "Hitpoint Score"]
    assert [(t.get("currentExplodedTrackIndex"), t.get("totalExplodedTrackCount")) for t in (left, right)] == [
        ("0", "2"),
        ("1", "2"),
    ]
    assert [t.findtext("outputchannelindex") for t in (left, right)] == ["1", "2"]
    assert [t.findtext("clipitem/sourcetrack/trackindex") for t in (left, right)] == ["1", "2"]
    ids = [t.find("clipitem").get("id") for t in (left, right)]  # type: ignore[union-attr]
    for track in (left, right):
        assert [link.findtext("linkclipref") for link in track.iter("link")] == ids
        assert [link.findtext("trackindex") for link in track.iter("link")] == ["3", "4"]
    every = [e.get("id") for e in root.iter("clipitem")]
    assert len(every) == len(set(every))
    described = [e.get("id") for e in root.iter("file") if len(e)]
    assert len(described) == len(set(described))
    file = left.find("clipitem/file")
    assert file is not None
    assert file.findtext("media/audio/channelcount") == "2"
    assert file.findtext("media/audio/samplecharacteristics/samplerate") == "48000"
    assert file.findtext("media/audio/samplecharacteristics/depth") == "24"


def moved(text: str) -> str:
    return text.replace(
        "<start>0</start><end>100</end><in>0</in><out>100</out>",
        "<start>5</start><end>105</end><in>0</in><out>100</out>",
    )


def cut(text: str) -> str:
    return text.replace(
        "<start>0</start><end>100</end><in>0</in><out>100</out>", "<start>0</start><end>80</end><in>0</in><out>80</out>"
    )


def automated(text: str) -> str:
    keyed = "<filter><effect><name>Audio Levels</name><parameter><keyframe/></parameter></effect></filter>"
    return text.replace("<comments><mastercomment1>", f"{keyed}<comments><mastercomment1>")


@pytest.mark.parametrize("change", [moved, cut, automated])
def test_a_score_that_somebody_changed_stays_and_the_new_one_is_numbered(change: object) -> None:
    data = document(sequence(f"<audio>{sound(1)}</audio>")).encode()
    text = change(fcp7_xml.insert(data, 0, MUSIC).decode())  # type: ignore[operator]
    after = fcp7_xml.replace(text.encode(), 0, MUSIC)
    names = [t.get("MZ.TrackName") for t in ElementTree.fromstring(after.data).iter("track")]
    assert names[2:] == ["Hitpoint Score"] * 2 + ["Hitpoint Score 2"] * 2
    assert "mute it" in after.warnings[0]
    assert fcp7_xml.plan(text.encode(), 0).kept_media == (URL,)
    assert fcp7_xml.remove(after.data).data == data


def test_a_level_that_a_host_adds_by_itself_is_no_change() -> None:
    level = "<filter><effect><name>Audio Levels</name></effect></filter><comments><mastercomment1>"
    data = fcp7_xml.insert(document(sequence()).encode(), 0, MUSIC).replace(
        b"<comments><mastercomment1>", level.encode()
    )
    assert fcp7_xml.replace(data, 0, MUSIC).name == "Hitpoint Score"


def test_a_new_score_takes_the_place_and_the_name_of_the_old_one() -> None:
    data = document(sequence("<audio></audio>")).encode()
    text = fcp7_xml.insert(data, 0, MUSIC).decode().replace("Hitpoint Score", "Music")
    arranged = text.replace("</audio></media>", f"{sound(1)}</audio></media>")
    after = fcp7_xml.replace(arranged.encode(), 0, Music(100, URL, "score.wav", {"engine": "vem"}))
    names = [t.get("MZ.TrackName") for t in ElementTree.fromstring(after.data).iter("track")][1:]
    assert names == ["Music", "Music", "A > 1"]
    back = fcp7_xml.remove(after.data)
    assert back.removed[0]["engine"] == "vem"
    assert back.data == document(sequence(f"<audio>{sound(1)}</audio>")).encode()


def test_clips_of_others_on_our_track_stay() -> None:
    foreign = (
        '<clipitem id="clipitem-77"><name>slam</name><start>100</start><end>110</end><in>0</in><out>10</out></clipitem>'
    )
    text = fcp7_xml.insert(document(sequence()).encode(), 0, MUSIC).decode()
    text = text.replace(
        "</clipitem><enabled>TRUE</enabled><locked>", f"</clipitem>{foreign}<enabled>TRUE</enabled><locked>", 1
    )
    back = fcp7_xml.remove(text.encode())
    assert back.data.decode().count(foreign) == 1
    assert URL not in back.data.decode()
    assert "not ours" in back.warnings[0]
    assert fcp7_xml.replace(text.encode(), 0, MUSIC).name == "Hitpoint Score 2"


def test_a_score_is_known_after_a_host_lost_what_we_wrote_down() -> None:
    data = document(sequence(f"<audio>{sound(1)}</audio>")).encode()
    text = fcp7_xml.insert(data, 0, MUSIC).decode()
    text = re.sub(r"<comments>.*?</comments>", "", text).replace(' MZ.TrackName="Hitpoint Score"', "")
    assert fcp7_xml.remove(text.encode()).data == data


def test_a_file_that_is_used_elsewhere_keeps_its_description() -> None:
    data = document(sequence(), sequence(f"<audio>{sound(1)}</audio>", "other", number=2)).encode()
    scored = fcp7_xml.insert(data, 0, MUSIC).decode()
    copy_ = '<track><clipitem id="clipitem-88"><start>0</start><end>9</end><in>0</in><out>9</out><file id="file-3"/></clipitem></track>'
    scored = scored.replace("</audio></media></sequence></xmeml>", f"{copy_}</audio></media></sequence></xmeml>")
    scored = scored.replace("</audio></media><timecode>", f"{copy_}</audio></media><timecode>")
    back = fcp7_xml.remove(scored.encode(), "cut").data.decode()
    described = [f.get("id") for f in ElementTree.fromstring(back).iter("file") if f.findtext("pathurl") == URL]
    assert described == ["file-3"]


def test_a_nested_sequence_is_scored_where_it_is_described() -> None:
    inner = sequence(name="inner", number=2)
    outer = sequence(name="outer").replace(
        "</track></video>",
        f'<clipitem id="clipitem-50"><start>100</start><end>110</end><in>0</in><out>10</out>{inner}</clipitem></track></video>',
    )
    data = document(outer, '<sequence id="sequence-2"/>').encode()
    assert fcp7_xml.sequences(data) == ["outer", "inner"]
    after = fcp7_xml.insert(data, "inner", MUSIC)
    nested = ElementTree.fromstring(after).find("sequence/media/video/track/clipitem/sequence")
    assert nested is not None
    assert len(nested.findall("media/audio/track")) == 2
    assert fcp7_xml.remove(after).data == data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "XML"),
        (b"<fcpxml/>", "xmeml"),
        (document(sequence()).encode()[:-40], "line 1"),
        (b"<xmeml>\n\n<sequence></xmeml>", "line 3"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xmeml>&b;</xmeml>', "entity"),
        (b'<?xml version="1.0" encoding="no-such"?><xmeml/>', "no-such"),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<xmeml>\xff</xmeml>', "line 2"),
        (b"<xmeml/>", "no sequence"),
        (b"<xmeml><sequence><name>a</name></sequence></xmeml>", "no <media>"),
        (b"<xmeml><sequence><media/></sequence></xmeml>", "no <rate>"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        fcp7_xml.insert(data, 0, MUSIC)


def test_names_that_xml_cannot_hold_do_no_harm() -> None:
    music = Music(100, "file:///a&b.wav", "a\x00<b>\ud800.wav", {"words": "]]> é \x01"})
    data = document(sequence(), declared="latin-1").encode("latin-1")
    after = fcp7_xml.insert(data, 0, music, name='"Score" Ω')
    track = list(ElementTree.fromstring(after).iter("track"))[-1]
    assert track.get("MZ.TrackName") == '"Score" Ω'
    assert track.findtext("clipitem/name") == "a\ufffd<b>\ufffd.wav"
    assert fcp7_xml.remove(after).removed[0]["words"] == "]]> é \x01"
    assert fcp7_xml.remove(after).data == data


@pytest.mark.parametrize(
    ("fps", "drop", "start", "timecode"),
    [
        (Fraction(24000, 1001), False, 86400, "01:00:00:00"),
        (Fraction(30000, 1001), True, 107892, "01:00:00;00"),
        (Fraction(25), False, 0, "00:00:00:00"),
        (Fraction(60000, 1001), False, 216000, "01:00:00:00"),
    ],
)
def test_a_document_with_music_alone_has_the_edits_name_rate_and_start(
    fps: Fraction, drop: bool, start: int, timecode: str
) -> None:
    data = fcp7_xml.music_only("Schnitt <1>", Rate(fps), drop, start, MUSIC)
    timeline = read(data)
    assert timeline.name == "Schnitt <1>"
    assert [t.kind for t in timeline.tracks] == ["Audio"]
    assert timeline.duration().value == 100
    assert timeline.duration().rate == pytest.approx(float(fps))
    assert timeline.global_start_time.value == start
    assert ElementTree.fromstring(data).findtext("sequence/timecode/string") == timecode
    assert fcp7_xml.remove(data).removed[0]["engine"] == "composer"


def test_a_rate_that_the_format_cannot_say_is_refused() -> None:
    with pytest.raises(UsageError, match="otio"):
        fcp7_xml.music_only("cut", Rate(Fraction(25, 2)), False, 0, MUSIC)


def test_three_thousand_clips_take_no_longer_than_a_second() -> None:
    shots = "".join(shot(i, i * 10, i * 10 + 10) for i in range(3000))
    data = pretty(
        document(sequence(f"<audio>{sound(1)}</audio>").replace("</track></video>", f"{shots}</track></video>")),
        "\t",
        "\n",
    ).encode()
    assert len(data) > 1_500_000
    started = time.process_time()
    after = fcp7_xml.insert(data, 0, MUSIC, markers=MARKERS)
    middle = time.process_time()
    assert fcp7_xml.remove(after).data == data
    assert max(middle - started, time.process_time() - middle) < 3.0  # 0.3 s on the machine it was written on
