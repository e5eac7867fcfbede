"""A song under an edit: its beats, its form, and that its beats are heard at the cuts."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.mix.elastic import blocks, lay, sheet_of
from hitpoint.runtime.mix.elastic_form import form, joins, spliced
from hitpoint.runtime.mix.elastic_sound import attacks
from hitpoint.runtime.mix.heard import LEAD, hear

songs = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("songs.py"))))
RATE = 48_000


def known(tempo, length, first=0.37, off=0.0):
    """A song, and what is heard where a tracker places its beats late by `off` and on a grid of 23 ms."""
    beats = songs.steady(tempo, length, first)
    sound = songs.song(beats)
    starts, clear = attacks(sound)
    placed = np.round((beats[:-1] + off) / 0.0232) * 0.0232
    return sound, hear(sound, placed, starts, clear), starts


@pytest.fixture(scope="module")
def minute():
    return known(124, 40, off=0.02)


def test_beats_are_those_that_were_played_and_bars_start_where_chords_change(minute):
    _, heard, _ = minute
    real = songs.steady(124, 40)[:-1]
    assert np.abs(heard.beats + LEAD - real * RATE).max() < 0.004 * RATE
    assert heard.tempo == pytest.approx(124, abs=0.1)
    assert (heard.metre, heard.first) == (4, 0)
    assert heard.halves


def test_bars_of_three_are_told_from_bars_of_four():
    rng = np.random.default_rng(2)
    chords = np.repeat(np.eye(12)[[0, 5, 7, 0, 9, 5, 7, 2]], 3, axis=0)
    from hitpoint.runtime.mix.heard import _bars

    assert _bars(np.roll(chords, 1, axis=0), rng.normal(size=24) * 0.1) == (3, 1)
    four = np.repeat(np.eye(12)[[0, 5, 7, 0, 9, 5]], 4, axis=0)
    assert _bars(np.roll(four, 2, axis=0), rng.normal(size=24) * 0.1) == (4, 2)


def test_a_long_song_is_not_repeated_and_a_short_one_by_whole_bars(minute):
    _, heard, _ = minute
    assert not joins(form(heard, 0, 30.0))
    longer = form(heard, 4, 95.0)
    assert longer.lengths.sum() > 90
    assert longer.parts[0].first == 4
    for part, following in zip(longer.parts, longer.parts[1:], strict=False):
        assert heard.starts_bar(part.last)
        assert heard.starts_bar(following.first)
        # The same chord stands in both places: its four bars come round every sixteen beats.
        assert (part.last - following.first) % 16 == 0
    assert len(longer.order) == len(longer.lengths) + 1


def test_parts_are_joined_on_the_beat_without_a_click(minute):
    sound, heard, starts = minute
    played = form(heard, 0, 70.0)
    assert len(played.parts) > 1
    line = spliced(sound, played, starts)
    assert np.allclose(np.diff(line.beats) / RATE, played.lengths, atol=2 / RATE)
    assert songs.clicks(line.sound, line.attacks / RATE) == songs.clicks(sound, starts / RATE)
    found, _ = attacks(line.sound)
    beats = line.beats[1:-1] + LEAD
    assert np.abs(found[:, None] - beats).min(axis=0).max() < 0.006 * RATE


@pytest.mark.parametrize(("tempo", "median"), [(104, 2.2), (148, 4.0)])
def test_beats_are_heard_at_the_cuts(tempo, median):
    """By librosa, which knows nothing of the plan, in the sound that was made."""
    sound = songs.song(songs.steady(tempo, 45))
    starts, clear = attacks(sound)
    heard = hear(sound, songs.tracked(sound), starts, clear)
    ends = songs.shots(median, 1, 12)
    cuts, wished = songs.seconds(ends), songs.sheet(ends)
    laid = lay(sound, heard, starts, wished)
    made = np.concatenate(list(blocks(laid, wished)))
    assert len(made) == wished.samples
    plain = np.concatenate([sound[round(heard.beats[0]) :]] * 3)[: len(made)]
    after, before = (songs.recall(songs.tracked(each), cuts) for each in (made, plain))
    assert after >= 0.8
    assert after > before + 0.2
    assert laid.bent <= 0.06 + 1e-9


def test_the_beats_of_the_sheet_are_those_that_sound(minute):
    sound, heard, starts = minute
    ends = songs.shots(2.2, 5, 12)
    plain = songs.sheet(ends)
    cut = ends[5]
    first = plain.storyboards[0]
    two = replace(plain, storyboards=(replace(first, end=cut), replace(first, name="two", start=cut)))
    laid = lay(sound, heard, starts, two)
    told = sheet_of(laid, two)
    made = np.concatenate(list(blocks(laid, two)))
    found, _ = attacks(made)
    beats = np.concatenate([board.beats for board in told.storyboards])
    assert np.abs(found[:, None] / RATE - beats[1:-1]).min(axis=0).max() < 0.006
    for board in told.storyboards:
        assert board.beats[0] >= told.seconds(board.start)
        assert board.beats[-1] < told.seconds(board.end)
        assert sum(board.bars) == len(board.beats)
        assert board.tempo == pytest.approx(124, rel=0.06)
    downs = {beat for board in told.storyboards for beat in np.array(board.beats)[board.downbeats()][1:]}
    order = laid.form.order[: len(laid.beats)].tolist()
    real = {round(t, 6) for t, beat in zip(laid.beats, order, strict=True) if heard.starts_bar(beat)}
    assert downs <= real
    assert {hit.outcome for hit in told.hits} <= {"landed", "near", "missed"}
    assert [hit.weight for hit in told.hits] == [hit.weight for hit in two.hits]
    assert not any(hit.place == "free" for hit in told.hits)


def test_music_is_heard_with_the_picture_only_and_fades_with_it(minute):
    sound, heard, starts = minute
    wished = songs.sheet([240, 360, 480])
    board = replace(wished.storyboards[0], start=120, end=480)
    wished = replace(wished, frames=600, storyboards=(board,), hits=wished.hits[1:])
    laid = lay(sound, heard, starts, wished)
    made = np.concatenate(list(blocks(laid, wished)))
    assert len(made) == 25 * RATE
    assert not made[: 5 * RATE].any()
    assert not made[20 * RATE :].any()
    assert np.abs(made[5 * RATE : 5 * RATE + 4800]).max() > 0.1
    assert laid.fades
    levels = [np.sqrt((made[round(at * RATE) : round((at + 0.45) * RATE)] ** 2).mean()) for at in (18.0, 19.5)]
    assert levels[1] < 0.4 * levels[0]


def test_the_same_song_gives_the_same_samples(minute):
    sound, heard, starts = minute
    wished = songs.sheet(songs.shots(2.2, 2, 4))
    one, two = (np.concatenate(list(blocks(lay(sound, heard, starts, wished), wished))) for _ in range(2))
    assert np.array_equal(one, two)
