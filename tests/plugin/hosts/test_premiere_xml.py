"""The FCP7 XML that Premiere is given: stereo as it writes it itself, two tracks of one channel each, linked."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from hitpoint.plugin.timeline.fcp7_xml import Music, insert, music_only
from hitpoint.runtime.rate import Rate

EDITS = Path(__file__).resolve().parents[4] / "shared" / "edits"
PREMIERES_OWN = ("premiere_example", "premiere_enable_property")


def pairs(sequence: ET.Element) -> list[tuple[ET.Element, ET.Element]]:
    """The stereo tracks of a sequence, checked against the format's rules."""
    sound = sequence.find("media/audio")
    assert sound is not None
    assert sound.findtext("numOutputChannels") == "2"
    groups = sound.findall("outputs/group")
    assert [(g.findtext("index"), g.findtext("numchannels"), g.findtext("channel/index")) for g in groups] == [
        ("1", "1", "1"),
        ("2", "1", "2"),
    ]
    tracks = sound.findall("track")
    lying = {clip.attrib["id"]: (n, track) for n, track in enumerate(tracks, 1) for clip in track.findall("clipitem")}
    found = []
    for left, right in pairwise(tracks):
        if left.get("totalExplodedTrackCount") != "2" or left.get("currentExplodedTrackIndex") != "0":
            continue
        assert (right.get("totalExplodedTrackCount"), right.get("currentExplodedTrackIndex")) == ("2", "1")
        assert left.get("MZ.TrackName") == right.get("MZ.TrackName")
        for channel, track in enumerate((left, right), 1):
            assert track.get("premiereTrackType") == "Stereo"
            assert track.findtext("outputchannelindex") == str(channel)
            for clip in track.findall("clipitem"):
                assert clip.get("premiereChannelType") == "stereo"
                if clip.find("sequence") is not None:  # a nest
                    continue
                assert clip.findtext("sourcetrack/mediatype") == "audio"
                assert clip.findtext("sourcetrack/trackindex") == str(channel)
        for one, other in zip(left.findall("clipitem"), right.findall("clipitem"), strict=True):
            for tag in ("masterclipid", "name"):  # their ends may differ, where somebody trimmed one of them
                assert one.findtext(tag) == other.findtext(tag)
            medium = "file" if one.find("file") is not None else "sequence"
            assert one.find(medium).attrib["id"] == other.find(medium).attrib["id"]
            told = [[ET.tostring(link).strip() for link in clip.findall("link")] for clip in (one, other)]
            assert told[0] == told[1]
            sounds = [link for link in one.findall("link") if link.findtext("mediatype") == "audio"]
            assert [link.findtext("linkclipref") for link in sounds] == [one.get("id"), other.get("id")]
            for link in sounds:
                number, track = lying[link.findtext("linkclipref")]
                assert link.findtext("trackindex") == str(number)
                clip = track.findall("clipitem")[int(link.findtext("clipindex")) - 1]
                assert clip.get("id") == link.findtext("linkclipref")
            assert len({link.findtext("groupindex") for link in sounds}) == 1
        found.append((left, right))
    return found


@pytest.mark.parametrize("name", PREMIERES_OWN)
def test_premieres_own_documents_keep_the_rules_that_ours_are_held_to(name):
    path = EDITS / f"fcp__{name}.xml"
    if not path.is_file():
        pytest.skip("the shared edits are not here")
    sequences = [each for each in ET.parse(path).iter("sequence") if each.find("media/audio/track") is not None]
    assert any(pairs(sequence) for sequence in sequences)


def musics(frames, *stems):
    return [Music(frames, f"file://localhost/m/{stem or 'score'}.wav", "score.wav", {}, stem) for stem in stems]


@pytest.mark.parametrize("fps", ["24000/1001", "25", "30000/1001", "60000/1001"])
@pytest.mark.parametrize("stems", [("",), ("bass", "drums", "pad")])
def test_a_document_of_our_own_keeps_them(fps, stems):
    data = music_only("Cut", Rate(Fraction(fps)), False, 86_400, musics(217, *stems))
    sequence = ET.fromstring(data).find("sequence")
    assert sequence.get("explodedTracks") == "true"
    assert len(pairs(sequence)) == len(stems)
    whole(sequence, 217)


@pytest.mark.parametrize("name", PREMIERES_OWN)
def test_our_pair_beside_premieres_own_keeps_them(name):
    path = EDITS / f"fcp__{name}.xml"
    if not path.is_file():
        pytest.skip("the shared edits are not here")
    before = ET.parse(path).getroot()
    scored = ET.fromstring(insert(path.read_bytes(), 0, musics(900, "bass", "drums")))

    def first(root):
        return next(s for s in root.iter("sequence") if s.find("media/audio/track") is not None)

    assert len(pairs(first(scored))) == len(pairs(first(before))) + 2
    ids = [clip.attrib["id"] for clip in scored.iter("clipitem") if len(clip)]
    assert len(set(ids)) == len(ids)


def whole(sequence, frames):
    """Each file is described once, where it is used first; each clip is as long as its medium and the sequence."""
    described = [file.attrib["id"] for file in sequence.iter("file") if len(file)]
    used = [file.attrib["id"] for file in sequence.iter("file")]
    assert len(set(described)) == len(described) and described == list(dict.fromkeys(used))
    for clip in sequence.iter("clipitem"):
        numbers = [int(clip.findtext(tag)) for tag in ("start", "end", "in", "out", "duration")]
        assert numbers == [0, frames, 0, frames, frames]
    for file in sequence.iter("file"):
        if len(file):
            assert file.findtext("media/audio/channelcount") == "2"
            assert file.findtext("media/audio/samplecharacteristics/samplerate") == "48000"
            assert file.findtext("duration") == str(frames)
