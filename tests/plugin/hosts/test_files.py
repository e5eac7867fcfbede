"""The contract for timeline files, by readers of their own: OpenTimelineIO's, and an XML parser."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlparse

import opentimelineio as otio
import pytest

from hitpoint.plugin.hosts.files import FileHost
from hitpoint.plugin.hosts.protocol import HostRefused, Music, Sound
from hitpoint.plugin.timeline import writing
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.mix import files as committing
from hitpoint.runtime.rate import Rate

from .contract import SCORE, Contract, Cut, Lying, silent_wav


class FileStand:
    """A file and whoever may write it besides. `dies` lets the next renaming into place fail, as a full disk does."""

    suffix = ".otio"

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.path = folder / f"cut{self.suffix}"
        self.away = folder / "elsewhere"
        self.monkeypatch = monkeypatch

    def host(self):
        return FileHost(Source(self.path))

    def snapshot(self):
        return self.path.read_bytes()

    def close_host(self):
        self.path.rename(self.away)

    def reopen(self):
        self.monkeypatch.undo()
        if self.away.exists():
            self.away.rename(self.path)

    def quit_halfway(self):
        def fails(staged):
            raise OSError(28, "No space left on device", str(staged.target))

        self.monkeypatch.setattr(committing, "_place", fails)


class OtioStand(FileStand):
    impossible: ClassVar = {"drop": "an .otio does not say how its timecode is counted"}

    def make(self, cut: Cut) -> None:
        rate = float(Fraction(cut.rate))

        def span(length):
            return otio.opentime.TimeRange(
                otio.opentime.RationalTime(0, rate), otio.opentime.RationalTime(length, rate)
            )

        made = otio.schema.Timeline(cut.name, global_start_time=otio.opentime.RationalTime(cut.start, rate))
        picture = otio.schema.Track("V1", kind="Video")
        for number, length in enumerate(cut.shots):
            media = otio.schema.ExternalReference(f"media/{number}.mov", span(length))
            picture.append(otio.schema.Clip(f"shot {number}", media, span(length)))
        voice = otio.schema.ExternalReference("media/voice.wav", span(20))
        voices = otio.schema.Track("A1", [otio.schema.Clip("voice", voice, span(20))], kind="Audio")
        made.tracks.extend([picture, voices])
        self._save(made)
        for frame, name in cut.markers:
            self.put_marker(frame, name)

    def _read(self):
        return otio.adapters.read_from_file(str(self.path))

    def _save(self, made):
        self.path.write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")

    def sounds(self):
        found = []
        for track in (made := self._read()).tracks:
            for item in track if track.kind == "Audio" else ():
                if isinstance(item, otio.schema.Clip):
                    place = item.range_in_parent()
                    path = self.path.parent / item.media_reference.target_url
                    start, length = (round(t.value) for t in (place.start_time, place.duration))
                    found.append(Lying(track.name, start, length, path))
        del made
        return found

    def marks(self):
        made = self._read()
        return [(round(m.marked_range.start_time.value), m.name) for m in made.tracks.markers]

    def _with(self, change):
        made = self._read()
        change(made, next((track for track in made.tracks if track.name == SCORE), None))
        self._save(made)

    def put_foreign_on_our_track(self):
        def change(made, track):
            span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(24, 24))
            track.append(otio.schema.Clip("door", otio.schema.ExternalReference("media/door.wav", span), span))

        self._with(change)

    def move_ours(self):
        self._with(lambda made, track: track.insert(0, otio.schema.Gap(duration=otio.opentime.RationalTime(12, 24))))

    def lock_ours(self):
        def change(made, track):
            track.metadata["Resolve_OTIO"]["Locked"] = True

        self._with(change)

    def put_marker(self, frame, name):
        def change(made, track):
            rate = made.global_start_time.rate
            at = otio.opentime.TimeRange(otio.opentime.RationalTime(frame, rate), otio.opentime.RationalTime(0, rate))
            made.tracks.markers.append(otio.schema.Marker(name, at, "RED"))

        self._with(change)


class BundleStand(OtioStand):
    """The same timeline inside an .otioz."""

    suffix = ".otioz"

    def _read(self):
        with zipfile.ZipFile(self.path) as bundle:
            return otio.adapters.read_from_string(bundle.read("content.otio").decode(), "otio_json")

    def _save(self, made):
        with zipfile.ZipFile(self.path, "w") as bundle:
            bundle.writestr("content.otio", otio.adapters.write_to_string(made, "otio_json"))
            bundle.writestr("version.txt", "1.0.0")

    def snapshot(self):
        with zipfile.ZipFile(self.path) as bundle:
            return {name: bundle.read(name) for name in bundle.namelist()}


class FolderStand(OtioStand):
    """The same inside an .otiod."""

    suffix = ".otiod"

    def _read(self):
        return otio.adapters.read_from_file(str(self.path / "content.otio"))

    def _save(self, made):
        self.path.mkdir(exist_ok=True)
        (self.path / "content.otio").write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")

    def snapshot(self):
        return {str(path): path.read_bytes() for path in self.path.rglob("*") if path.is_file()}


class Fcp7Stand(FileStand):
    suffix = ".xml"
    impossible: ClassVar = {}

    def make(self, cut: Cut) -> None:
        base, ntsc = round(Fraction(cut.rate)), "FALSE" if Fraction(cut.rate).denominator == 1 else "TRUE"
        rate = f"<rate><timebase>{base}</timebase><ntsc>{ntsc}</ntsc></rate>"
        at, clips = 0, []
        for number, length in enumerate(cut.shots):
            clips.append(
                f"""
     <clipitem id="clipitem-{number}"><name>shot {number}</name><duration>{length}</duration>{rate}
      <start>{at}</start><end>{at + length}</end><in>0</in><out>{length}</out>
      <file id="file-{number}"><name>{number}.mov</name><pathurl>file://localhost/media/{number}.mov</pathurl>{rate}
       <duration>{length}</duration><media><video/></media></file>
     </clipitem>"""
            )
            at += length
        marks = "".join(
            f"\n  <marker><comment/><name>{name}</name><in>{frame}</in><out>-1</out></marker>"
            for frame, name in cut.markers
        )
        self.path.write_text(
            f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE xmeml>
<xmeml version="4">
 <sequence id="sequence-1">
  <duration>{at}</duration>{rate}
  <name>{cut.name}</name>
  <media>
   <video>
    <track>{"".join(clips)}
    </track>
   </video>
  </media>
  <timecode>{rate}<frame>{cut.start}</frame><displayformat>{"DF" if cut.drop else "NDF"}</displayformat></timecode>{marks}
 </sequence>
</xmeml>
""",
            encoding="utf-8",
        )

    def _tracks(self):
        return ET.parse(self.path).getroot().findall("./sequence/media/audio/track")

    def sounds(self):
        tracks = self._tracks()
        urls = {f.get("id"): f.findtext("pathurl") for t in tracks for f in t.iter("file") if f.findtext("pathurl")}
        found = []
        for track in tracks:
            if track.get("currentExplodedTrackIndex", "0") == "0":
                for clip in track.findall("clipitem"):
                    start, end = int(clip.findtext("start")), int(clip.findtext("end"))
                    path = Path(unquote(urlparse(urls[clip.find("file").get("id")]).path))
                    found.append(Lying(track.get("MZ.TrackName", ""), start, end - start, path))
        return found

    def marks(self):
        markers = ET.parse(self.path).getroot().findall("./sequence/marker")
        return [(int(marker.findtext("in")), marker.findtext("name")) for marker in markers]

    def _replaced(self, old, new, count):
        text = self.path.read_text(encoding="utf-8")
        assert text.count(old) == count, (old, text.count(old))
        self.path.write_text(text.replace(old, new), encoding="utf-8")

    def put_foreign_on_our_track(self):
        frames = max(clip.start + clip.frames for clip in self.sounds())
        door = (
            f"<clipitem id='clipitem-90'><name>door</name><duration>24</duration><start>{frames}</start>"
            f"<end>{frames + 24}</end><in>0</in><out>24</out><file id='file-90'><name>door.wav</name>"
            "<pathurl>file://localhost/media/door.wav</pathurl></file></clipitem><enabled>TRUE</enabled>"
        )
        text = self.path.read_text(encoding="utf-8")
        head, ours = text.split(f'MZ.TrackName="{SCORE}"', 1)
        self.path.write_text(
            f'{head}MZ.TrackName="{SCORE}"' + ours.replace("<enabled>TRUE</enabled>\n\t", f"{door}\n\t", 1)
        )
        if not any(clip.start == frames for clip in self.sounds()):
            at = ours.index("</clipitem>") + len("</clipitem>")
            added = door.removesuffix("<enabled>TRUE</enabled>")
            self.path.write_text(f'{head}MZ.TrackName="{SCORE}"{ours[:at]}{added}{ours[at:]}', encoding="utf-8")

    def move_ours(self):
        text = self.path.read_text(encoding="utf-8")
        head, ours = text.split(f'MZ.TrackName="{SCORE}"', 1)
        ours = ours.replace("<start>0</start>", "<start>12</start>").replace("<end>120</end>", "<end>132</end>")
        self.path.write_text(f'{head}MZ.TrackName="{SCORE}"{ours}', encoding="utf-8")

    def lock_ours(self):
        self._replaced("<locked>FALSE</locked>", "<locked>TRUE</locked>", 2)

    def put_marker(self, frame, name):
        mark = f"<marker><comment/><name>{name}</name><in>{frame}</in><out>-1</out></marker>"
        self._replaced("</sequence>", f"{mark}</sequence>", 1)


class FcpxmlStand(FileStand):
    """Positions of connected clips are in their parent's time: each shot's medium begins at an hour of its own."""

    suffix = ".fcpxml"
    impossible: ClassVar = {
        "foreign": "FCPXML has no tracks that a clip could share",
        "lock": "FCPXML does not carry locks",
    }

    def make(self, cut: Cut) -> None:
        self.rate = Fraction(cut.rate)
        whole, at, assets, clips = sum(cut.shots), 0, [], []
        for number, length in enumerate(cut.shots):
            first = 3600 * (number + 1) * round(self.rate)
            uri = f"file:///media/{number}.mov"
            assets.append(
                f"""
  <asset id="r{number + 2}" name="{number}" start="{self.time(first)}" duration="{self.time(length)}" hasVideo="1" format="r1">
   <media-rep kind="original-media" src="{uri}"/></asset>"""
            )
            marks = "".join(
                f"""
    <marker start="{self.time(first + frame - at)}" duration="{self.time(1)}" value="{name}"/>"""
                for frame, name in cut.markers
                if at <= frame < at + length
            )
            clips.append(
                f"""
   <asset-clip ref="r{number + 2}" name="shot {number}" offset="{self.time(cut.start + at)}" start="{self.time(first)}" duration="{self.time(length)}">{marks}
   </asset-clip>"""
            )
            at += length
        self.path.write_text(
            f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.10">
 <resources>
  <format id="r1" frameDuration="{self.time(1)}" width="1920" height="1080"/>{"".join(assets)}
 </resources>
 <library><event name="e"><project name="{cut.name}">
  <sequence format="r1" tcStart="{self.time(cut.start)}" duration="{self.time(whole)}" tcFormat="{"DF" if cut.drop else "NDF"}"><spine>{"".join(clips)}
  </spine></sequence>
 </project></event></library>
</fcpxml>
""",
            encoding="utf-8",
        )

    def time(self, frames):
        seconds = frames / self.rate
        return f"{seconds.numerator}/{seconds.denominator}s"

    def _frames(self, node, name):
        value = node.get(name, "0s").removesuffix("s")
        frames = Fraction(value) * self.rate
        assert frames.denominator == 1, (node.tag, name, value)  # Final Cut wants whole frames
        return int(frames)

    def _shots(self):
        sequence = ET.parse(self.path).getroot().find(".//sequence")
        start = self._frames(sequence, "tcStart")
        return [(self._frames(clip, "offset") - start, clip) for clip in sequence.find("spine")]

    def sounds(self):
        sources = {asset.get("id"): asset.find("media-rep").get("src") for asset in ET.parse(self.path).iter("asset")}
        found = []
        for at, shot in self._shots():
            for clip in shot.findall("asset-clip"):
                start = at + self._frames(clip, "offset") - self._frames(shot, "start")
                path = Path(unquote(urlparse(sources[clip.get("ref")]).path))
                found.append(Lying(clip.get("name"), start, self._frames(clip, "duration"), path))
        return found

    def marks(self):
        return [
            (at + self._frames(marker, "start") - self._frames(shot, "start"), marker.get("value"))
            for at, shot in self._shots()
            for marker in shot.findall("marker")
        ]

    def put_marker(self, frame, name):
        at, shot = next(each for each in reversed(self._shots()) if each[0] <= frame)
        where = self.time(self._frames(shot, "start") + frame - at)
        text = self.path.read_text(encoding="utf-8")
        end = text.index("\n   </asset-clip>", text.index(f'name="{shot.get("name")}"'))
        marker = f'<marker start="{where}" duration="{self.time(1)}" value="{name}"/>'
        self.path.write_text(text[:end] + marker + text[end:], encoding="utf-8")

    def move_ours(self):
        text = self.path.read_text(encoding="utf-8")
        (clip,) = [clip for _, shot in self._shots() for clip in shot.findall("asset-clip")]
        old = f'offset="{clip.get("offset")}" name="{SCORE}"'
        assert text.count(old) == 1
        later = self._frames(clip, "offset") + 12
        self.path.write_text(text.replace(old, f'offset="{self.time(later)}" name="{SCORE}"'), encoding="utf-8")


class TestOtio(Contract):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return OtioStand(tmp_path, monkeypatch)


class InABundle(Contract):
    longest = 4_800  # a bundle holds its sound: two hours of it would be copied at each step

    def test_a_score_lies_on_a_track_of_its_own_over_the_whole_timeline(self, stand, made, music):
        host = made()
        placed = host.place(music(host))
        assert placed.tracks == (SCORE,)
        assert self.lying(stand) == [(SCORE, 0, 120)]
        assert self.wavs(stand) == ["hitpoint-score.wav"]

    def test_scoring_twice_leaves_one_track(self, stand, made, music):
        host = made()
        host.place(music(host))
        second = music(host)
        assert host.place(second).tracks == (SCORE,)
        assert self.lying(stand) == [(SCORE, 0, 120)]
        assert self.wavs(stand) == ["hitpoint-score.wav"]

    def wavs(self, stand):
        return [Path(name).name for name in stand.snapshot() if name.endswith(".wav")]


class TestBundle(InABundle):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return BundleStand(tmp_path, monkeypatch)


class TestFolder(InABundle):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return FolderStand(tmp_path, monkeypatch)


class TestFcp7(Contract):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return Fcp7Stand(tmp_path, monkeypatch)


class TestFcpxml(Contract):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return FcpxmlStand(tmp_path, monkeypatch)


@pytest.fixture
def host(tmp_path, monkeypatch):
    stand = OtioStand(tmp_path, monkeypatch)
    stand.make(Cut())
    return stand.host()


def score(folder, frames=120):
    wav = silent_wav(folder / "cut.hitpoint" / "takes" / "01" / "score.wav", frames, "24")
    return Music((Sound(wav),), frames, "24", {"version": "1"})


def test_a_file_that_another_program_writes_meanwhile_is_not_written_over(host, tmp_path, monkeypatch):
    path, write = tmp_path / "cut.otio", writing.write

    def meanwhile(*arguments, **options):
        path.write_text(path.read_text() + " ")
        return write(*arguments, **options)

    monkeypatch.setattr(writing, "write", meanwhile)
    before = path.read_bytes()
    with pytest.raises(HostRefused, match="changed meanwhile"):
        host.place(score(tmp_path))
    assert path.read_bytes() == before + b" "
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("damage", ["tracks", "cut"])
def test_what_would_not_be_read_back_is_not_written(host, tmp_path, monkeypatch, damage):
    path, write = tmp_path / "cut.otio", writing.write

    def wrongly(plan, edit, files, *arguments, **options):
        lost = write(plan, edit, files, *arguments, **options)
        staged = files.staged(path)
        made = otio.adapters.read_from_string(staged.read_text(), "otio_json")
        if damage == "tracks":
            del made.tracks[-1]
        else:
            del made.tracks[0][0]
        staged.write_text(otio.adapters.write_to_string(made, "otio_json"))
        return lost

    monkeypatch.setattr(writing, "write", wrongly)
    before = path.read_bytes()
    with pytest.raises(HostRefused, match="nothing was written"):
        host.place(score(tmp_path))
    assert path.read_bytes() == before


def test_music_of_another_length_is_refused(host, tmp_path):
    with pytest.raises(HostRefused, match="120 frames long now, and the score 119"):
        host.plan(score(tmp_path, 119))


def test_a_write_protected_file_is_refused_in_a_line(host, tmp_path, monkeypatch):
    monkeypatch.setattr(committing, "_may_write", lambda _: False)
    for attempt in (host.plan, host.place):
        with pytest.raises(HostRefused, match="write-protected"):
            attempt(score(tmp_path))


def test_a_format_that_is_only_read_says_so_before_it_is_tried(tmp_path):
    path = tmp_path / "cut.edl"
    path.write_text("TITLE: x\n\n001  A V C 01:00:00:00 01:00:05:00 01:00:00:00 01:00:05:00\n")
    host = FileHost(Source(path, rate=Rate.of(24)))
    assert host.read().name
    for attempt in (lambda: host.place(score(tmp_path)), host.remove):
        with pytest.raises(UsageError, match=r"\.edl is read, but not written back"):
            attempt()
