"""What is heard: music and the edit's own sound at their levels, mixed before they are wanted."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hitpoint.runtime.edit import AudioTrack, Shot, Source
from hitpoint.ui.panel.play.feeding import AHEAD, Feed
from hitpoint.ui.panel.play.mixing import Levels, Mix, source_at
from hitpoint.ui.panel.play.transport import Route
from hitpoint.ui.panel.words import SILENT_DB

RATE = 48000


@pytest.fixture
def takes(takes_folder):
    return [str(takes_folder / name / "score.wav") for name in ("01", "02")]


@pytest.fixture
def mix(edit, takes):
    """The edit says something, the second take's tone, from frame 100 to 200, beginning a quarter of a second into it."""
    piece = Source(100, 200, "voice.wav", Fraction(1, 4), Fraction(1))
    spoken = replace(edit, audio_tracks=(AudioTrack("A1", (Shot(100, 200, "voice", "voice.wav", True, (piece,)),)),))
    made = Mix(spoken, lambda name: Path(takes[1]) if name == "voice.wav" else None)
    yield made
    made.close()


def loud(block):
    return float(np.abs(block).max())


def test_music_is_as_loud_as_its_level_says(mix, takes):
    assert loud(mix.read(0, RATE, Levels(takes[0]))) == pytest.approx(0.25, abs=0.002)
    assert loud(mix.read(0, RATE, Levels(takes[0], music_db=-6.0206))) == pytest.approx(0.125, abs=0.002)
    assert loud(mix.read(0, RATE, Levels(takes[0], music_db=SILENT_DB))) == 0.0


def test_the_edits_own_sound_is_heard_where_it_lies(mix):
    before, within = mix.read(0, 100 * RATE // 25, Levels()), mix.read(100 * RATE // 25, RATE, Levels())
    assert loud(before) == 0.0
    expected = 0.5 * np.sin(2 * np.pi * 441 * (np.arange(RATE) + RATE // 4) / RATE)
    assert np.abs(within[:, 0] - expected).max() < 1e-3
    assert loud(mix.read(100 * RATE // 25, RATE, Levels(dialogue_db=SILENT_DB))) == 0.0


def test_both_together_never_pass_full_scale(mix, takes):
    assert loud(mix.read(4 * RATE, RATE, Levels(takes[1], 6.0, 6.0))) == 1.0


def test_a_sound_that_is_gone_is_silence(mix):
    assert loud(mix.read(0, RATE, Levels("/nowhere/score.wav"))) == 0.0


def test_what_a_feed_hands_out_is_what_is_mixed_without_gap_or_overlap(mix, takes):
    route = Route(RATE // 3, 3 * RATE, (RATE // 2, RATE))
    feed = Feed(mix)
    feed.set_levels(Levels(takes[0]))
    feed.aim(route)
    parts, count = [], 0
    until = time.monotonic() + 20
    while count < 2 * RATE and time.monotonic() < until:
        block = feed.take(1000)
        if block is None:
            time.sleep(0.002)
            continue
        parts.append(block)
        count += len(block)
    feed.close()
    feed.wait()
    heard = np.concatenate(parts)[: 2 * RATE]
    order = [s for place, n in route.pieces(0, 2 * RATE) for s in range(place, place + n)]
    expected = 0.25 * np.sin(2 * np.pi * 441 * np.array(order) / RATE)
    assert np.abs(heard[:, 0] - expected).max() < 1e-3


def test_pressing_play_where_the_playhead_rests_finds_the_first_samples_ready(mix, takes):
    feed = Feed(mix)
    feed.set_levels(Levels(takes[0], dialogue_db=SILENT_DB))
    route = Route(5 * RATE, 20 * RATE)
    feed.aim(route)
    until = time.monotonic() + 20
    while feed._held < AHEAD and time.monotonic() < until:
        time.sleep(0.002)
    began = time.thread_time()
    feed.aim(route)  # what play does
    block = feed.take(4800)
    assert time.thread_time() - began < 0.2
    assert block is not None
    assert loud(block) == pytest.approx(0.25, abs=0.01)
    feed.close()
    feed.wait()


def test_another_take_is_heard_as_soon_as_what_was_mixed_is_played(mix, takes):
    feed = Feed(mix)
    feed.set_levels(Levels(takes[0]))
    feed.aim(Route(0, 20 * RATE))
    taken, louder = 0, None
    until = time.monotonic() + 20
    while louder is None and time.monotonic() < until:
        block = feed.take(480)
        if block is None:
            time.sleep(0.002)
            continue
        if taken == 0:
            feed.set_levels(Levels(takes[1]))
        taken += len(block)
        if loud(block) > 0.45:
            louder = taken
    feed.close()
    feed.wait()
    assert louder is not None
    assert louder <= AHEAD + 2 * RATE // 25 + 480


def test_what_the_picture_shows_is_found_at_every_frame(edit):
    assert source_at(edit, 0)[0].media == "0.mov"
    assert source_at(edit, 39)[0].media == "0.mov"
    assert source_at(edit, 40)[0].media == "1.mov"
    assert source_at(edit, 499)[1] == "shot 8"
    assert source_at(edit, 500) is None
