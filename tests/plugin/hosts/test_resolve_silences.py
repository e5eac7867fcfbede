"""What Resolve does without a word is found by asking again, said, and undone; one test a silence."""

from __future__ import annotations

import copy
import json
import wave
from fractions import Fraction

import pytest

from hitpoint.plugin.hosts.protocol import HostClosed, HostRefused
from hitpoint.plugin.hosts.resolve import standing
from hitpoint.plugin.hosts.resolve.program import CALLED, STUDIO_ONLY, Program
from hitpoint.runtime.errors import HitpointError, InputError, OutputError

from . import resolve_standin
from .contract import SCORE, SECOND, Contract, Cut, one_line, silent_wav, the_edit
from .resolve_project import FREE, STUDIO, Bin, Item, Line, PoolClip, Track
from .resolve_stand import ResolveStand
from .resolve_standin import Hangs, scripting

contract = Contract()


@pytest.fixture
def stand(tmp_path):
    return ResolveStand(tmp_path)


@pytest.fixture
def silences(stand):
    return stand.program.silences


@pytest.fixture
def host(stand):
    stand.make(Cut())
    return stand.host()


@pytest.fixture
def music(tmp_path):
    return contract.composer(tmp_path)


def refused(stand, host, score):
    """Placing is refused in one line, and the project is as it was."""
    before = stand.snapshot()
    with pytest.raises(HostRefused) as caught:
        host.place(score)
    assert stand.snapshot() == before
    return one_line(caught.value)


class TestPlacing:
    def test_a_placement_that_a_save_throws_away_is_refused(self, stand, silences, host, music):
        silences.errored_appends = True
        assert "lost" in refused(stand, host, music(host))

    def test_the_score_before_stays_where_the_new_one_is_lost_on_save(self, stand, silences, host, music):
        host.place(music(host))
        silences.errored_appends = True
        refused(stand, host, music(host))
        assert contract.lying(stand) == [(SCORE, 0, 120)]

    def test_items_without_an_id_are_not_believed(self, stand, silences, host, music):
        silences.null_items = True
        refused(stand, host, music(host))

    def test_an_import_of_nothing_is_refused(self, stand, silences, host, music):
        silences.imports_nothing = True
        assert "import" in refused(stand, host, music(host))

    def test_a_track_that_is_locked_between_planning_and_laying_is_refused(self, stand, host, music, monkeypatch):
        add = resolve_standin.Timeline.AddTrack

        def adds_locked(timeline, *given):
            done = add(timeline, *given)
            stand.line.tracks["audio"][-1].locked = True
            return done

        monkeypatch.setattr(resolve_standin.Timeline, "AddTrack", adds_locked)
        with pytest.raises(HostRefused, match="locked"):
            host.place(music(host))
        assert contract.lying(stand) == []

    def test_a_file_that_goes_while_it_is_laid_is_named(self, stand, host, music, monkeypatch):
        score, add = music(host), resolve_standin.Timeline.AddTrack

        def adds(timeline, *given):
            score.sounds[0].path.unlink()
            return add(timeline, *given)

        monkeypatch.setattr(resolve_standin.Timeline, "AddTrack", adds)
        before = stand.snapshot()
        with pytest.raises(InputError, match=r"score\.wav"):
            host.place(score)
        assert stand.snapshot() == before

    def test_older_builds_that_count_the_last_frame_in_are_met(self, stand, silences, host, music, tmp_path):
        silences.inclusive_end = True
        score = music(host)
        silent_wav(score.sounds[0].path, 130, "24")  # longer than the timeline, so that a frame more would be heard
        host.place(score)
        assert contract.lying(stand) == [(SCORE, 0, 120)]

    @pytest.mark.parametrize(
        ("project", "timeline"), [("24", "25"), ("23.976", "24"), ("25", "24000/1001"), ("60", "30000/1001")]
    )
    def test_mixed_rates_leave_no_gap_at_the_end(self, stand, music, project, timeline):
        # A sound counts in the project's rate at its import, and fractions are cut off when it is laid.
        stand.make(Cut(timeline, shots=(101, 50, 66)))
        stand.program.project.rate = project
        host = stand.host()
        score = music(host)
        length = score.sounds[0].path.stat().st_size
        host.place(score)
        assert contract.lying(stand) == [(SCORE, 0, 217)]
        assert score.sounds[0].path.stat().st_size == length  # what was rendered is not changed

    def test_the_silence_after_a_sound_is_silence_and_the_sound_is_whole(self, stand, music):
        stand.make(Cut("25", shots=(101, 50, 66)))
        stand.program.project.rate = "24"
        host = stand.host()
        score = music(host)
        path = score.sounds[0].path
        noise = bytes(range(1, 7)) * 416_640  # 217 frames at 25, 48 kHz
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(3)
            file.setframerate(48_000)
            file.writeframes(noise)
        host.place(score)
        (lies,) = [clip for clip in stand.sounds() if clip.track == SCORE]
        with wave.open(str(lies.sound)) as file:
            data = file.readframes(file.getnframes())
            assert file.getnframes() >= 209 * 2000  # 209 frames at 24 are the fewest that fill 217 at 25
        assert data[: len(noise)] == noise and not any(data[len(noise) :])

    def test_the_track_is_stereo(self, stand, host, music):
        host.place(music(host))
        assert stand.ours().subtype == "stereo"

    def test_a_sound_that_is_in_the_pool_already_is_used(self, stand, host, music):
        score = music(host)
        path = str(score.sounds[0].path)
        stand.program.project.root.clips.append(PoolClip("by hand", "score.wav", path, "24", 120))
        host.place(score)
        assert contract.lying(stand) == [(SCORE, 0, 120)]
        host.remove()
        assert [clip.id for clip in stand.program.project.root.clips][-1] == "by hand"

    def test_laid_where_the_timeline_starts_and_not_at_zero(self, stand, music):
        stand.make(Cut(start=86_400))
        host = stand.host()
        host.place(music(host))
        assert stand.ours().items[0].start == 86_400

    def test_a_refused_placing_saves_nothing_of_the_persons(self, stand, silences, host, music):
        stand.put_marker(3, "not saved yet")
        disk = copy.deepcopy(stand.program.disk)
        silences.null_items = True
        refused(stand, host, music(host))
        assert stand.program.disk == disk

    def test_a_track_left_over_that_somebody_used_stays(self, stand, silences, host, music):
        host.place(music(host))
        stand.ours().name = f"{SCORE}{standing.NEW}"
        voice = stand.program.project.root.clips[-1]
        stand.line.tracks["audio"][-1].items.append(Item("theirs", voice.id, voice.name, 130, 10))
        silences.null_items = True
        with pytest.raises(HostRefused):
            host.place(music(host))
        silences.null_items = False
        host.place(music(host))
        assert "theirs" in [item.id for track in stand.line.tracks["audio"] for item in track.items]

    def test_page_bin_and_playhead_are_where_they_were(self, stand, host, music):
        project = stand.program.project
        project.root.bins.append(Bin("mine", "Rushes"))
        project.folder, stand.program.page, stand.line.playhead = "mine", "fairlight", 31
        host.place(music(host))
        assert (project.folder, stand.program.page, stand.line.playhead) == ("mine", "fairlight", 31)
        host.remove()  # DeleteClips does nothing on this page
        assert contract.lying(stand) == []
        assert (stand.program.project.folder, stand.program.page) == ("mine", "fairlight")

    def test_deleting_that_works_the_second_time_only_is_met(self, stand, silences, host, music):
        host.place(music(host))
        silences.deletes_at_second_try = True
        assert host.remove().tracks == (SCORE,)

    def test_an_old_score_that_does_not_go_is_refused(self, stand, silences, host, music):
        host.place(music(host))
        page, stand.program.page = stand.program.page, "edit"
        before = stand.snapshot()
        real = resolve_standin.Timeline.DeleteClips
        old = stand.ours().items[0].id

        def keeps_the_old(timeline, items, ripple=False):
            return real(timeline, [item for item in items if item._id != old], ripple)

        resolve_standin.Timeline.DeleteClips = keeps_the_old
        try:
            with pytest.raises(HostRefused, match="does not delete"):
                host.place(music(host))
        finally:
            resolve_standin.Timeline.DeleteClips = real
        assert stand.snapshot() == before
        assert page == "edit"

    def test_a_project_without_a_name_is_never_saved(self, stand, silences, music):
        stand.make(Cut(), name="Untitled Project")
        silences.headless = True
        host = stand.host()
        placed = host.place(music(host))
        assert any("save it" in words for words in placed.warnings)
        with pytest.raises(Hangs):
            scripting(stand.program).GetProjectManager().SaveProject()

    def test_a_save_that_a_dialog_keeps_from_happening_is_said(self, stand, host, music, monkeypatch):
        monkeypatch.setattr(resolve_standin.ProjectManager, "SaveProject", lambda manager: False)
        placed = host.place(music(host))
        assert placed.tracks == (SCORE,) and any("did not save" in words for words in placed.warnings)

    def test_a_dialog_that_blocks_every_change_is_named_as_the_likely_cause(self, stand, host, music):
        score = music(host)
        stand.program.dialog = True
        before = stand.snapshot()
        with pytest.raises(HostRefused, match="dialog"):
            host.place(score)
        assert stand.snapshot() == before

    def test_a_score_of_another_length_is_refused(self, stand, host, music):
        score = music(host)
        stand.line.tracks["video"][0].items.append(Item("more", "", "Text", 120, 30))
        assert "150" in refused(stand, host, score)


class TestHalfway:
    @pytest.mark.parametrize("scored", [False, True])
    def test_wherever_it_dies_a_whole_score_is_there_or_the_one_before(self, tmp_path, scored):
        deaths = done = 0
        while not done:
            stand = ResolveStand(tmp_path / str(deaths))
            compose = contract.composer(tmp_path / str(deaths))
            (tmp_path / str(deaths)).mkdir()
            stand.make(Cut())
            host = stand.host()
            if scored:
                host.place(compose(host))
            score = compose(host, marks=((5, "One"),))
            stand.program.save()
            stand.program.silences.dies_after = deaths
            try:
                host.place(score)
                done = stand.program.running
            except HostClosed as error:
                one_line(error)
            stand.program.start()
            lying = contract.lying(stand)
            assert len(lying) <= 2
            if scored:
                assert (SCORE, 0, 120) in lying or (f"{SCORE}{standing.NEW}", 0, 120) in lying
            host = stand.host()
            host.place(compose(host))  # and it can be gone on with: one score, nothing left over
            assert contract.lying(stand) == [(SCORE, 0, 120)]
            assert len(stand.program.project.root.bins) == 1
            deaths += 1
        assert deaths > 8  # it did die at each of its changes


class TestKnowing:
    def test_every_name_seems_to_be_there_and_only_dir_tells(self, stand, host):
        resolve = scripting(stand.program)
        assert hasattr(resolve, "NoSuchThing") and resolve.NoSuchThing is None
        program = Program(resolve)
        assert program.offers(resolve, "GetProductName") and not program.offers(resolve, "NoSuchThing")

    @pytest.mark.parametrize("version", ["18.5", "19.0.1", "19.0.2", "21.1"])
    def test_a_score_is_known_again_in_every_version(self, tmp_path, music, version):
        stand = ResolveStand(tmp_path, version=version)
        stand.make(Cut())
        host = stand.host()
        before = stand.snapshot()
        host.place(music(host))
        stand.reopen()
        host = stand.host()
        host.place(music(host))
        assert contract.lying(stand) == [(SCORE, 0, 120)]
        host.remove()
        assert stand.snapshot() == before

    def test_a_version_that_is_too_old_says_so_and_is_asked_for_nothing(self, tmp_path):
        stand = ResolveStand(tmp_path, version="17.4")
        stand.make(Cut())
        host = stand.host()
        assert "18.5" in host.about().cannot["place"]
        with pytest.raises(HitpointError, match=r"18\.5"):
            host.read()

    def test_only_calls_that_are_agreed_on_are_made_and_none_of_studio_alone(self, stand, host, music):
        host.place(music(host, marks=((5, "One"),)))
        host.read()
        host.move(3)
        host.playhead()
        host.remove()
        assert {*stand.program.said} <= CALLED
        assert not CALLED & (STUDIO_ONLY | resolve_standin.STUDIO_ONLY)

    def test_the_edition_is_told_by_the_product(self, tmp_path):
        titles = []
        for edition in (FREE, STUDIO):
            stand = ResolveStand(tmp_path, edition)
            stand.make(Cut())
            titles.append(stand.host().about().title)
        assert titles == ["DaVinci Resolve", "DaVinci Resolve Studio"]

    def test_a_renamed_track_stays(self, stand, host, music):
        host.place(music(host))
        stand.ours().name = "My music"
        placed = host.place(music(host))
        assert placed.warnings and contract.lying(stand, "My music") == [("My music", 0, 120)]
        assert host.remove().tracks == (SCORE,)
        assert contract.lying(stand, "My music") == [("My music", 0, 120)]

    def test_a_score_with_a_persons_marker_on_it_stays(self, stand, host, music):
        host.place(music(host))
        said = {"color": "Red", "name": "louder", "note": "", "duration": 1, "customData": ""}
        stand.ours().items[0].markers[10] = said
        assert host.plan(music(host)).track == SECOND

    def test_a_users_bin_of_our_name_stays(self, stand, host, music):
        stand.program.project.root.bins.append(Bin("theirs", "Hitpoint"))
        before = stand.snapshot()
        host.place(music(host))
        assert len(stand.program.project.root.bins) == 1
        host.remove()
        assert stand.snapshot() == before

    @pytest.mark.parametrize("version", ["18.5", "20.3.2"])
    def test_a_sound_that_another_timeline_plays_stays_in_the_pool(self, stand, host, music, version):
        stand.program.version = version
        host.place(music(host))
        ours = stand.ours().items[0]
        copied = Line("other", "the cut copy", "24", Fraction(24), 0)
        copied.tracks["audio"].append(Track(SCORE, "stereo", [Item("twin", ours.clip, ours.name, 0, 120)]))
        stand.program.project.lines.append(copied)
        removed = host.remove()
        assert removed.tracks == (SCORE,) and any("another timeline" in words for words in removed.warnings)
        assert [item.id for item in copied.tracks["audio"][0].items] == ["twin"]

    def test_a_count_of_uses_that_lags_behind_takes_nothing_from_another_timeline(
        self, stand, host, music, monkeypatch
    ):
        host.place(music(host))
        ours = stand.ours().items[0]
        copied = Line("other", "the cut copy", "24", Fraction(24), 0)
        copied.tracks["audio"].append(Track(SCORE, "stereo", [Item("twin", ours.clip, ours.name, 0, 120)]))
        stand.program.project.lines.append(copied)
        asked = resolve_standin.MediaPoolItem.GetClipProperty
        stand.program.version = "18.5"  # which numbers neither timelines nor clips
        monkeypatch.setattr(
            resolve_standin.MediaPoolItem,
            "GetClipProperty",
            lambda clip, name="": "0" if name == "Usage" else asked(clip, name),
        )
        host.remove()
        assert [item.id for item in copied.tracks["audio"][0].items] == ["twin"]

    def test_no_timeline_is_said(self, stand, host):
        stand.program.project.current = ""
        with pytest.raises(InputError, match="no timeline is open"):
            host.read()


class TestMarkers:
    def test_one_frame_holds_one_marker_and_what_did_not_arrive_is_said(self, stand, host, music):
        stand.put_marker(60, "mine")
        placed = host.place(music(host, marks=((60, "bar 3"), (70, "bar 4"))))
        assert placed.marks == 1 and len(placed.missing) == 1
        assert "bar 3" in placed.missing[0] and "00:00:02:12" in placed.missing[0]
        assert sorted(stand.marks()) == [(60, "mine"), (70, "bar 4")]

    def test_markers_count_from_the_timelines_start(self, stand, music):
        stand.make(Cut(start=86_400))
        host = stand.host()
        host.place(music(host, marks=((96, "One"),)))
        assert stand.marks() == [(96, "One")]

    def test_a_marker_of_ours_that_somebody_wrote_on_stays(self, stand, host, music):
        host.place(music(host, marks=((60, "bar 3"), (70, "bar 4"))))
        stand.line.markers[60]["note"] = "cut here"
        assert host.remove().marks == 1
        assert stand.marks() == [(60, "bar 3")]

    def test_two_markers_of_one_name_are_told_apart(self, stand, host, music):
        assert host.place(music(host, marks=((10, "hit"), (20, "hit")))).marks == 2
        assert host.remove().marks == 2 and stand.marks() == []


class TestReading:
    def test_an_export_that_says_yes_and_writes_nothing_is_read_clip_by_clip(self, stand, silences, tmp_path):
        self._clip_by_clip(stand, silences, tmp_path, "no file")

    @pytest.mark.parametrize("how", ["false", "not json"])
    def test_an_export_that_fails_is_read_clip_by_clip(self, stand, silences, tmp_path, how):
        self._clip_by_clip(stand, silences, tmp_path, how)

    def _clip_by_clip(self, stand, silences, tmp_path, how):
        stand.make(Cut("24000/1001", start=86_400, markers=((10, "mine"),)))
        host = stand.host()
        known = the_edit(host, tmp_path)
        silences.export = how
        opened = host.read()
        assert any("clip by clip" in words for words in opened.warnings)
        edit = the_edit(host, tmp_path)
        assert (edit.rate, edit.frames, edit.start_frame, edit.cuts) == (
            known.rate,
            known.frames,
            known.start_frame,
            known.cuts,
        )
        assert [(m.frame, m.name) for m in edit.markers] == [(10, "mine")]
        assert [shot.media for shot in edit.shots] == [shot.media for shot in known.shots]

    def test_clip_by_clip_gaps_titles_and_what_is_switched_off_are_seen(self, stand, silences, tmp_path):
        stand.make(Cut(shots=(48, 30, 42)))
        silences.export = "false"
        items = stand.line.tracks["video"][0].items
        items[1].enabled = False
        stand.line.tracks["video"].append(Track("Video 2", items=[Item("t", "", "Text+", 100, 10)]))
        items.append(Item("x", "", "Cross Dissolve", 42, 12))  # a transition lies over the cut at 48
        edit = the_edit(stand.host(), tmp_path)
        assert edit.frames == 120
        assert [(cut.frame, cut.kind) for cut in edit.cuts][:2] == [(48, "to_black"), (78, "from_black")]

    def test_times_in_whole_frames_a_second_are_taken_at_the_timelines_rate(self, stand, silences, tmp_path):
        stand.make(Cut("24000/1001", start=86_400))
        silences.nominal_rate = True
        edit = the_edit(stand.host(), tmp_path)
        assert (str(edit.rate), edit.start_frame, edit.frames) == ("24000/1001", 86_400, 120)
        assert [cut.frame for cut in edit.cuts] == [48, 78]

    def test_drop_frame_is_told_by_the_rate(self, stand):
        stand.make(Cut("30000/1001", start=107_892, drop=True))
        assert stand.host().read().drop_frame is True
        stand.make(Cut("30000/1001", start=108_000))
        assert stand.host().read().drop_frame is False

    def test_the_playhead_is_told_in_drop_frame_too(self, stand):
        stand.make(Cut("30000/1001", start=107_892, drop=True, shots=(3000,)))
        host = stand.host()
        host.move(1800)  # 01:01:00;02: two numbers are left out at the minute
        assert (
            scripting(stand.program).GetProjectManager().GetCurrentProject().GetCurrentTimeline().GetCurrentTimecode()
            == "01:01:00;02"
        )
        assert stand.line.playhead == 1800 and host.playhead() == 1800

    def test_a_playhead_on_a_page_that_has_none_is_refused(self, stand, host):
        stand.program.page = "media"
        with pytest.raises(OutputError, match="on this page"):
            host.move(10)

    def test_numbers_that_each_export_counts_anew_are_no_change(self, host):
        assert host.read().revision == host.read().revision

    def test_what_is_read_holds_nothing_of_ours(self, stand, host, music):
        host.place(music(host, marks=((60, "bar 3"),)))
        made = json.loads(host.read().otio)
        assert [track["name"] for track in made["tracks"]["children"]] == ["Video 1", "Audio 1"]
        assert made["tracks"]["markers"] == []
        assert "customData" not in json.dumps(copy.deepcopy(made))
