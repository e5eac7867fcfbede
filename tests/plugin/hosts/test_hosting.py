"""Scoring what an editor has open: read, made aside, placed; and what is said and kept where that does not go."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from types import SimpleNamespace

import pytest

from hitpoint.plugin import auditioning, hosting, scoring
from hitpoint.plugin.auditioning import Audition
from hitpoint.plugin.cli import main
from hitpoint.plugin.hosts import known
from hitpoint.plugin.hosts.protocol import HostClosed, HostRefused
from hitpoint.plugin.takes import Spoken
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.errors import Cancelled, InputError, NothingToScore, OutputError, UsageError
from hitpoint.runtime.mix.ducking import ducking
from hitpoint.runtime.rate import Rate

from .contract import SCORE, Cut
from .fake import FakeHost, FakeStand, Marker, Silences

PLAIN = scoring.Wish(duck=None)


class SavedHost(FakeHost):
    """A host whose project is a file."""

    project = None

    def read(self):
        return replace(super().read(), project=self.project)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Where unsaved projects keep their scores: nowhere near those of who runs the test."""
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def stand():
    stand = FakeStand()
    stand.make(Cut(shots=(48, 30, 42), markers=((78, "storyboard: Two"),), name="My cut / 1"))
    return stand


def opened(stand):
    return hosting.opened(stand.host())


def test_a_score_of_what_is_open_lies_on_its_timeline(stand, data):
    done = hosting.score(opened(stand), PLAIN)
    assert done.placed.tracks == (SCORE,)
    (clip,) = stand.sounds()
    assert (clip.track, clip.start, clip.frames) == (SCORE, 0, 120)
    assert clip.sound == done.take / "score.wav"
    with wave.open(str(clip.sound)) as file:
        assert (file.getnframes(), file.getnchannels(), file.getframerate()) == (120 * 2000, 2, 48_000)
    assert data in done.take.parents  # the project was never saved
    assert "My_cut_1.hitpoint" in done.take.parts
    written = json.loads((done.take / "report.json").read_text())
    assert written == done.report
    assert written["host"]["tracks"] == [SCORE]
    assert written["host"]["timeline"] == "My cut / 1"
    assert [hit["frame"] for hit in written["hits"]] == [0, 48, 78]


def test_the_takes_of_a_saved_project_lie_beside_it(stand, tmp_path):
    host = SavedHost(stand.editor)
    host.project = tmp_path / "films" / "My film.blend"
    host.project.parent.mkdir()
    done = hosting.score(hosting.opened(host), PLAIN)
    assert done.take == tmp_path / "films" / "My film.hitpoint" / "takes" / "01"
    again = hosting.score(hosting.opened(host), PLAIN)
    assert again.take.name == "02"
    assert (done.take / "score.wav").exists()  # an undo in the editor plays it again
    assert [clip.sound for clip in stand.sounds()] == [again.take / "score.wav"]


def test_timecode_is_counted_as_the_host_counts(stand):
    stand.make(Cut(rate="30000/1001", start=107_892, drop=True, shots=(60, 60)))
    done = hosting.score(opened(stand), PLAIN)
    assert done.report["edit"]["start_timecode"] == "01:00:00;00"
    assert [hit["timecode"] for hit in done.report["hits"]] == ["01:00:00;00", "01:00:02;00"]
    assert stand.sounds()[0].frames == 120


def test_stems_markers_and_several_takes(stand):
    wish = replace(PLAIN, stem_tracks=True, markers="storyboards", takes=2, seed=5)
    done = hosting.score(opened(stand), wish)
    assert [take.name for take in done.takes] == ["01", "02"]
    assert [take["seed"] for take in done.report["takes"]] == [5, 6]
    names = {clip.track for clip in stand.sounds()}
    assert len(names) > 2 and names == set(done.report["stem_tracks"])
    assert all(clip.sound.parent == done.take / "stems" for clip in stand.sounds())
    marks = [mark for mark in stand.marks() if mark != (78, "storyboard: Two")]
    assert done.placed.marks == len(marks) and (78, "Two") not in marks


def test_removing_gives_back_what_was(stand):
    before = stand.snapshot()
    hosting.score(opened(stand), replace(PLAIN, markers="storyboards"))
    assert hosting.remove(opened(stand)).tracks == (SCORE,)
    assert stand.snapshot() == before
    assert hosting.remove(opened(stand)).warnings


def test_a_locked_track_is_said_before_anything_is_played(stand, data):
    hosting.score(opened(stand), PLAIN)
    stand.lock_ours()
    before, takes = stand.snapshot(), sorted(data.rglob("takes/*"))
    with pytest.raises(OutputError, match="locked"):
        hosting.score(opened(stand), PLAIN)
    assert stand.snapshot() == before
    assert sorted(data.rglob("takes/*")) == takes


@pytest.mark.parametrize("ability", ["place", "stems"])
def test_what_the_host_cannot_is_said_before_anything_is_played(data, ability):
    stand = FakeStand(cannot={ability: "it was never taught to"})
    stand.make(Cut())
    with pytest.raises(UsageError, match="it was never taught to"):
        hosting.score(opened(stand), replace(PLAIN, stem_tracks=True))
    assert not list(data.rglob("takes/*"))


def test_a_host_that_refuses_at_the_end_leaves_the_music_where_it_is(data):
    stand = FakeStand(Silences(drops_placements=True))
    stand.make(Cut())
    before = stand.snapshot()
    with pytest.raises(HostRefused) as caught:
        hosting.score(opened(stand), PLAIN)
    assert stand.snapshot() == before
    (take,) = data.rglob("takes/*")
    assert str(take) in str(caught.value) and (take / "score.wav").exists()
    stand.editor.silences.drops_placements = False
    assert hosting.place(opened(stand), take, PLAIN).tracks == (SCORE,)


def test_an_editor_that_is_closed_meanwhile_is_said(stand, data):
    session = opened(stand)

    def close(fraction, words):
        if fraction > 0.9 and stand.editor.running:
            stand.close_host()

    with pytest.raises(HostClosed) as caught:
        hosting.score(session, PLAIN, progress=close)
    (take,) = data.rglob("takes/*")
    assert str(take) in str(caught.value)


def test_a_change_while_the_music_is_made_is_said(stand):
    session = opened(stand)

    def change(fraction, words):
        if fraction > 0.9 and len(stand.editor.project.markers) == 1:
            stand.editor.project.markers.append(Marker(5, "late"))

    done = hosting.score(session, PLAIN, progress=change)
    assert any("changed since it was read" in words for words in done.report["warnings"])


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"shots": (48, 30, 30)}, "108 frames at 24 long now"), ({"name": "another"}, "'another' is open now")],
)
def test_music_that_does_not_fit_any_more_is_not_placed(stand, changed, words):
    session = opened(stand)

    def change(fraction, _):
        if fraction > 0.9:
            stand.editor.project.cut = replace(stand.editor.project.cut, **changed)

    with pytest.raises(HostRefused, match=words):
        hosting.score(session, PLAIN, progress=change)
    assert not stand.sounds()


def test_a_take_of_before_is_placed_with_a_word_and_one_of_another_length_is_not(stand):
    session = opened(stand)
    take = hosting.score(session, PLAIN).take
    stand.put_marker(5, "late")
    assert hosting.place(opened(stand), take, PLAIN).warnings == ()  # read again, nothing was changed since
    later = hosting.place(opened(stand), take, PLAIN, since=session.opened.revision)
    assert any("changed since it was read" in words for words in later.warnings)
    stand.make(Cut(shots=(48, 30, 41), name="My cut / 1"))
    with pytest.raises(HostRefused, match="119 frames at 24 long now, and the music 120 at 24"):
        hosting.place(opened(stand), take, PLAIN)
    assert not stand.sounds()


def test_stopped_in_the_middle_nothing_has_happened(stand, data):
    before = stand.snapshot()

    def stop(fraction, words):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        hosting.score(opened(stand), PLAIN, progress=stop)
    assert stand.snapshot() == before
    assert not list(data.rglob("takes/*"))


def test_two_that_score_one_timeline_at_once_keep_a_take_each(stand):
    second = []

    def meanwhile(fraction, _):
        if fraction > 0.5 and not second:
            second.append(None)
            second[:] = hosting.make(opened(stand), replace(PLAIN, seed=7))

    (first,) = hosting.make(opened(stand), PLAIN, progress=meanwhile)
    (other,) = second
    assert first != other
    assert [json.loads((take / "report.json").read_text())["seed"] for take in (first, other)] == [0, 7]
    assert sorted(path.name for path in first.parent.iterdir()) == ["01", "02"]


def test_a_timeline_without_picture_is_nothing_to_score(stand):
    stand.make(Cut(shots=()))
    with pytest.raises(NothingToScore):
        hosting.score(opened(stand), PLAIN)


@pytest.mark.parametrize(
    ("wish", "word"),
    [({"music_only": True}, "--music-only"), ({"link": "url"}, "--link"), ({"broadcast_wave": True}, "--broad")],
)
def test_what_is_for_files_is_refused(stand, wish, word):
    with pytest.raises(UsageError, match=word):
        hosting.score(opened(stand), replace(PLAIN, **wish))


def test_what_placing_would_do_is_told_and_not_done(stand):
    session = opened(stand)
    take = hosting.score(session, PLAIN).take
    before = stand.snapshot()
    planned = hosting.intend(opened(stand), take, PLAIN)
    assert (planned.track, planned.replaces) == (SCORE, (SCORE,))
    assert stand.snapshot() == before


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": "hitpoint.played/9"}'])
def test_a_damaged_take_is_refused_in_a_line(stand, damage):
    session = opened(stand)
    take = hosting.score(session, PLAIN).take
    (take / "played.json").write_text(damage)
    with pytest.raises(InputError, match="make it anew") as caught:
        hosting.place(opened(stand), take, PLAIN)
    assert "\n" not in str(caught.value)


# Ducking that the host does itself


def test_levels_fall_before_speech_and_come_back_after():
    """At 24: speech from frame 48 to 72, ramps of 250 and 600 ms, 10 dB where the voice is sure."""
    points = dict(hosting.levels(ducking([Spoken(48, 72, 1.0)], Rate.of(24), 10.0), Rate.of(24), 120))
    assert points[42] == 0 and points[48] == -10 and points[72] == -10
    assert points[86] == 0  # 72 + 14.4
    assert points[45] == pytest.approx(-5)  # half-way down a raised cosine
    ramp = [points[frame] for frame in sorted(points) if frame <= 48]
    assert ramp == sorted(ramp, reverse=True)
    assert all(0 <= frame < 120 for frame in points)


def test_a_host_that_ducks_gets_the_sound_that_is_not_ducked(stand, cut, tmp_path):
    wish = scoring.Wish(duck=8.0)
    cues = tmp_path / "cues.json"
    from hitpoint.runtime.cues import sheet_json

    edit, _ = Source(cut()).read()
    cues.write_text(sheet_json.dumps(scoring.plan(edit)))
    take = tmp_path / "takes" / "01"
    auditioning.audition(Source(cut()), wish, Audition(cues, spoken=[Spoken(24, 72, 1.0)]), take)
    plain = hosting.music(take, wish)
    assert [sound.path.name for sound in plain.sounds] == ["score.wav"] and plain.duck == ()
    there = hosting.music(take, wish, duck_there=True)
    assert [sound.path.name for sound in there.sounds] == ["score-full.wav"]
    assert min(gain for _, gain in there.duck) == -8
    assert dict(there.duck)[24] == -8 == dict(there.duck)[72]


# The command line


@pytest.fixture
def command(stand, monkeypatch, capsys):
    """`hitpoint ...` with the fake in the place of every host; answers status, output and what was said."""

    def reach(name, source=None):
        known.known(name)
        return stand.host()

    monkeypatch.setattr(known, "reach", reach)

    def run(*arguments):
        status = main(arguments)
        said = capsys.readouterr()
        return SimpleNamespace(status=status, out=said.out, err=said.err)

    return run


def test_score_and_unscore_on_the_command_line(stand, command):
    before = stand.snapshot()
    done = command("score", "--host", "blender", "--no-look", "--duck", "off", "--markers", "storyboards", "--json")
    answer = json.loads(done.out)
    assert done.status == 0, done.err
    assert answer["out"] is None and answer["host"]["tracks"] == [SCORE]
    assert [(clip.track, clip.frames) for clip in stand.sounds()] == [(SCORE, 120)]
    bare = json.loads(command("unscore", "--host", "blender", "--json").out)
    assert (bare["tracks_removed"], bare["tracks"]) == (1, [SCORE])
    assert stand.snapshot() == before


def test_a_part_of_what_is_open_is_scored_over_its_whole_length(stand, command):
    done = command(
        "score",
        "--host",
        "blender",
        "--no-look",
        "--duck",
        "off",
        "--start",
        "00:00:02:00",
        "--end",
        "00:00:04:00",
        "--json",
    )
    assert done.status == 0, done.err
    assert [hit["frame"] for hit in json.loads(done.out)["hits"]] == [48, 78]
    assert [(clip.track, clip.start, clip.frames) for clip in stand.sounds()] == [(SCORE, 0, 120)]


def test_a_person_reads_where_the_score_lies(stand, command):
    done = command("score", "--host", "blender", "--no-look", "--duck", "off")
    assert "placed in A fake (1.0), on 'My cut / 1': Hitpoint Score" in done.out
    assert "1 of our tracks taken off" in command("unscore", "--host", "blender").out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("score",), 2, "say which edit, or --host"),
        (("unscore",), 2, "say which edit, or --host"),
        (("score", "--host", "nobody"), 2, "there is no host 'nobody'"),
        (("score", "--host", "blender", "-o", "x.otio"), 2, "-o says where a file is written"),
        (("score", "--host", "blender", "--in-place"), 2, "--in-place"),
        (("score", "--host", "blender", "--music-only"), 2, "--music-only"),
        (("score", "--host", "blender", "--rate", "25"), 2, "--rate and --timeline are for files"),
        (("score", "--host", "blender", "--start", "09:00:00:00"), 2, "outside the timeline"),
        (("score", "--host", "blender", "--host-duck"), 2, "it knows no volume"),
        (("score", "x.otio", "--host-duck"), 2, "--host NAME says which"),
    ],
)
def test_what_makes_no_sense_gets_one_line(command, arguments, status, words):
    done = command(*arguments)
    assert done.status == status
    assert words in done.err and len(done.err.splitlines()) == 1


def test_a_closed_host_is_exit_status_3(stand, command):
    stand.close_host()
    done = command("score", "--host", "blender")
    assert (done.status, done.err) == (3, "hitpoint: the editor is not running\n")


# Every host there is


def test_hosts_are_reached_by_what_they_are(tmp_path):
    edit = Source(tmp_path / "cut.otio")
    with pytest.raises(UsageError, match="can only be reached by a file"):
        known.reach("files")
    with pytest.raises(UsageError, match=r"mlt \(kdenlive, shotcut\)"):  # the names that a person knows
        known.reach("imovie")
    with pytest.raises(UsageError, match="what it has open"):
        known.reach("blender", edit)
    with pytest.raises(UsageError, match=r"mlt takes \.kdenlive, \.mlt"):
        known.reach("Kdenlive", edit)
    with pytest.raises(HostClosed, match="no such file"):
        known.reach("files", edit).read()


def test_hosts_say_what_they_cannot_and_what_they_were_tested_against(capsys):
    assert main(["hosts", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["hosts"]
    assert [host["name"] for host in listed] == ["files", "blender", "mlt", "resolve", "premiere", "finalcut", "avid"]
    for host in listed:
        assert host["title"] and host["how"] and host["tested"]
        assert isinstance(host["cannot"], dict)
    closed = {"resolve", "premiere", "finalcut", "avid"}
    assert all("never the program itself" in host["tested"] for host in listed if host["name"] in closed)
    assert main(["hosts"]) == 0
    said = capsys.readouterr().out
    assert all(host["title"] in said for host in listed)
