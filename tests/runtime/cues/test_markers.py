"""What markers say: hits, silence, builds."""

import pytest

from hitpoint.runtime.cues.markers import asked, word
from hitpoint.runtime.cues.sheet import Rest
from hitpoint.runtime.edit import Edit, Marker
from hitpoint.runtime.rate import Rate

EDIT = Edit("film", Rate.of(24), 1000, picture_start=0, picture_end=1000)


def mark(frame, name, frames=0, color="RED", source="timeline", visible=True):
    return Marker(frame, frames, name, "", color, source, visible)


def said(*markers, starts=(0,), start=0, end=1000, colours=()):
    edit = Edit("film", Rate.of(24), 1000, picture_start=start, picture_end=end, markers=markers)
    return asked(edit, starts, start, end, colours)


HITS = [
    ("hit", "accent", 0.95), ("accent", "accent", 0.95), ("impact", "accent", 0.95), ("stinger", "accent", 0.95),
    ("sting", "accent", 0.95), ("soft", "soft", 0.5), ("touch", "soft", 0.5), ("build", "build", 0.95),
    ("riser", "build", 0.95), ("rise", "build", 0.95), ("swell", "build", 0.95), ("boom", "", 0.8),
    ("hits", "", 0.8), ("a hit", "", 0.8), ("hit man", "", 0.8), ("", "", 0.8), ("music", "", 0.8), ("resume", "", 0.8),
]  # fmt: skip


@pytest.mark.parametrize("name, wish, weight", HITS)
def test_a_word_says_how_a_hit_is_to_be_met(name, wish, weight):
    (hit,) = said(mark(100, name)).hits
    assert (hit.frame, hit.kind, hit.wish, hit.weight) == (100, "marker", wish, weight)


@pytest.mark.parametrize("name", ["Hit: the door", "HIT", " hit :the door ", "hit:"])
def test_words_are_known_in_any_case_and_with_more_after_a_colon(name):
    (hit,) = said(mark(100, name)).hits
    assert hit.wish == "accent"
    assert hit.name == " ".join(name.split())


@pytest.mark.parametrize(
    "name", ["silence", "Silent", "no music", "No  Music", "mute", "pause", "rest", "silence: wind"]
)
def test_silence_is_a_rest_and_no_hit(name):
    found = said(mark(100, name, 50))
    assert found.hits == ()
    assert found.rests == (Rest(100, 150, " ".join(name.split())),)


def test_silence_without_a_length_lasts_to_the_next_music_or_storyboard_or_to_the_end():
    assert said(mark(100, "silence"), mark(300, "music"), starts=(0, 400)).rests == (Rest(100, 300, "silence"),)
    assert said(mark(100, "silence"), mark(300, "resume: tutti")).rests == (Rest(100, 300, "silence"),)
    assert said(mark(100, "silence"), mark(500, "music"), starts=(0, 400)).rests == (Rest(100, 400, "silence"),)
    assert said(mark(100, "silence"), end=900).rests == (Rest(100, 900, "silence"),)


def test_silence_longer_than_the_picture_ends_with_it_and_rests_that_overlap_are_one():
    assert said(mark(100, "silence", 5000), end=900).rests == (Rest(100, 900, "silence"),)
    overlapping = said(mark(100, "silence", 100), mark(150, "mute", 100))
    assert overlapping.rests == (Rest(100, 250, "silence"),)


def test_a_build_with_a_length_is_met_where_it_ends():
    assert [hit.frame for hit in said(mark(100, "build", 60)).hits] == [160]
    assert [hit.frame for hit in said(mark(100, "build")).hits] == [100]
    assert [hit.frame for hit in said(mark(990, "build", 60)).hits] == [999]
    assert [hit.frame for hit in said(mark(100, "hit", 60)).hits] == [100]


def test_only_the_colours_asked_for_are_hits_but_silence_counts_in_any():
    markers = (mark(100, "a", color="GREEN"), mark(200, "b"), mark(300, "silence", 20, color="BLUE"))
    found = said(*markers, colours=("green",))
    assert [hit.name for hit in found.hits] == ["a"]
    assert found.rests == (Rest(300, 320, "silence"),)
    assert found.warnings == ()


def test_storyboard_markers_are_no_hits():
    assert said(mark(100, "storyboard: A")).hits == ()


def test_markers_past_the_end_are_told_and_those_of_unused_parts_of_clips_are_not():
    found = said(mark(950, "late"), mark(5000, "later"), mark(10, "unused", source="clip", visible=False), end=900)
    assert found.hits == ()
    assert found.warnings == ("markers outside the picture are no hits: 2 left out",)


def test_a_word_is_found_by_itself():
    assert word(mark(0, "  No   music : x ")) == "no music"
    assert word(mark(0, "nonsense")) == ""
