"""The fake host keeps the contract; an editor that goes wrong in silence is found out; and the contract can fail."""

from __future__ import annotations

import copy
import inspect
from dataclasses import replace

import pytest

from hitpoint.plugin.hosts.protocol import HostRefused, Placed, Plan, Removed

from .contract import SCORE, Contract
from .fake import FakeHost, FakeStand, Silences

CANNOT = {
    "replace": "what it laid it cannot take up",
    "remove": "it takes nothing off",
    "markers": "it writes no markers",
    "playhead": "it tells nobody where it is",
    "move": "it lets nobody move it",
    "stems": "it has one track",
    "duck": "it knows no volume",
}


class TestFake(Contract):
    @pytest.fixture
    def stand(self):
        return FakeStand()


class TestFakeThatCannotMuch(Contract):
    @pytest.fixture
    def stand(self):
        return FakeStand(cannot=CANNOT)


class TestSilences:
    """What an editor does without a word is found by asking again, and the project is as it was."""

    @pytest.mark.parametrize(
        "silences", [Silences(drops_placements=True), Silences(short_by=1), Silences(late_by=1)], ids=repr
    )
    def test_a_placement_that_went_wrong_is_refused(self, silences, tmp_path):
        stand, contract = FakeStand(silences), Contract()
        host = contract.maker(stand)()
        before = stand.snapshot()
        with pytest.raises(HostRefused):
            host.place(contract.composer(tmp_path)(host))
        assert stand.snapshot() == before

    def test_an_old_score_that_does_not_go_is_refused(self, tmp_path):
        stand, contract = FakeStand(Silences(keeps_what_is_deleted=True)), Contract()
        host, compose = contract.maker(stand)(), contract.composer(tmp_path)
        host.place(compose(host))
        before = stand.snapshot()
        with pytest.raises(HostRefused):
            host.place(compose(host))
        assert stand.snapshot() == before

    def test_markers_that_did_not_arrive_are_said(self, tmp_path):
        stand, contract = FakeStand(Silences(drops_markers=True)), Contract()
        host = contract.maker(stand)()
        placed = host.place(contract.composer(tmp_path)(host, marks=((5, "One"),)))
        assert (placed.tracks, placed.marks) == ((SCORE,), 0)
        assert any("One" in words for words in placed.missing)


# Hosts that break the contract, and the test that finds them out


class PlacesBeside(FakeHost):
    def plan(self, music):
        planned = super().plan(music)
        return Plan(f"{SCORE} 2" if planned.replaces else SCORE)


class LaysItLate(FakeHost):
    def place(self, music):
        placed = super().place(music)
        self._editor.now().tracks[-1].clips[0].start = self._editor.now().cut.start + 1
        return placed


class SweepsEverything(FakeHost):
    def remove(self):
        project = self._now()
        project.tracks = project.tracks[:1]
        project.markers = []
        return Removed((SCORE,))


class LeavesItsMarkers(FakeHost):
    def remove(self):
        markers = list(self._now().markers)
        removed = super().remove()
        self._now().markers = markers
        return removed


class TakesTheForeign(FakeHost):
    def place(self, music):
        for track in self._now().tracks:
            if track.name == SCORE:
                track.clips = track.clips[:1]
        return super().place(music)


class ForcesLocks(FakeHost):
    def plan(self, music):
        for track in self._now().tracks:
            track.locked = False
        return super().plan(music)


class SaysNothingOfAMissingFile(FakeHost):
    def plan(self, music):
        return Plan(SCORE)


class LeavesHalf(FakeHost):
    def place(self, music):
        try:
            return super().place(music)
        finally:
            self._editor.disk = copy.deepcopy(self._editor.project) or self._editor.disk
            if self._editor.disk is not None and not self._editor.running:
                self._editor.disk.tracks.append(copy.deepcopy(self._editor.disk.tracks[0]))


class ClaimsToHaveMoved(FakeHost):
    def move(self, frame):
        self._frame = frame

    def playhead(self):
        return 0


class CountsItsScore(FakeHost):
    def read(self):
        opened = super().read()
        return replace(opened, revision=f"{opened.revision}{len(self._now().tracks)}")


class SaysItPlaced(FakeHost):
    def place(self, music):
        return Placed((SCORE,))


@pytest.mark.parametrize(
    ("host", "test"),
    [
        (PlacesBeside, "test_scoring_twice_leaves_one_track"),
        (LaysItLate, "test_a_score_lies_on_a_track_of_its_own_over_the_whole_timeline"),
        (SaysItPlaced, "test_a_score_lies_on_a_track_of_its_own_over_the_whole_timeline"),
        (SweepsEverything, "test_remove_gives_back_what_was"),
        (SweepsEverything, "test_markers_are_written_and_exactly_ours_go_again"),
        (LeavesItsMarkers, "test_markers_are_written_and_exactly_ours_go_again"),
        (TakesTheForeign, "test_a_foreign_clip_on_our_track_is_never_touched"),
        (ForcesLocks, "test_a_locked_track_is_refused_and_nothing_changes"),
        (SaysNothingOfAMissingFile, "test_a_missing_sound_is_refused_and_nothing_changes"),
        (LeavesHalf, "test_a_host_that_quits_halfway_leaves_the_project_as_it_was"),
        (ClaimsToHaveMoved, "test_the_playhead_moves_and_is_read_back"),
        (CountsItsScore, "test_the_revision_changes_with_the_timeline_and_not_with_our_score"),
    ],
)
def test_the_contract_finds_out_who_breaks_it(host, test, tmp_path):
    class Stand(FakeStand):
        def host(self):
            return host(self.editor)

    stand, contract = Stand(), Contract()
    method = getattr(contract, test)
    given = {"stand": stand, "made": contract.maker(stand), "music": contract.composer(tmp_path)}
    given |= {"start": 0, "scored": False}
    wanted = inspect.signature(method).parameters
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        method(**{name: value for name, value in given.items() if name in wanted})
