"""Recipes: what edits the corpus has."""

from itertools import pairwise

import numpy as np
import pytest

from hitpoint.exporters.corpus.edit import edit
from hitpoint.exporters.corpus.planning import wishes
from hitpoint.exporters.corpus.reading import STYLES
from hitpoint.exporters.corpus.recipe import recipe
from hitpoint.plugin.spotting import Asked
from hitpoint.runtime.engines.composer.style import names


@pytest.fixture(scope="module")
def many():
    return [recipe(seed) for seed in range(400)]


def test_equal_seeds_give_equal_recipes_and_others_others():
    assert recipe(7) == recipe(7)
    assert recipe(7) != recipe(8)


def test_shots_fill_storyboards_and_storyboards_the_edit(many):
    for made in many:
        assert 11.9 <= made.seconds <= 60.1
        assert 1 <= len(made.boards) <= 6
        assert made.boards[0].start == 0 and made.boards[-1].end == made.frames
        assert all(before.end == after.start for before, after in pairwise(made.boards))
        for board in made.boards:
            assert board.shots[0].start == board.start and board.shots[-1].end == board.end - board.black
            assert all(before.end == after.start for before, after in pairwise(board.shots))
            assert all(shot.start < shot.end for shot in board.shots)


def test_moods_lie_in_all_corners_of_the_plane(many):
    boards = [board for made in many for board in made.boards]
    for dark in (True, False):
        for calm in (True, False):
            corner = [b for b in boards if (b.valence < -0.6) == dark and abs(b.valence) > 0.6]
            corner = [b for b in corner if (b.energy < 0.2 if calm else b.energy > 0.8)]
            assert len(corner) > len(boards) / 50


def test_every_style_is_played_and_mood_says_how_often(many):
    assert set(STYLES) == set(names())
    boards = [board for made in many for board in made.boards]
    assert {board.style for board in boards} == set(STYLES)

    def share(style, wanted):
        chosen = [board.style for board in boards if wanted(board)]
        return chosen.count(style) / len(chosen)

    def wild(board):
        return board.valence < -0.3 and board.energy > 0.7

    def glad(board):
        return board.valence > 0.3 and board.energy < 0.4

    assert share("trailer", wild) > 3 * share("trailer", glad) > 0


def test_energetic_storyboards_are_cut_faster(many):
    boards = [board for made in many for board in made.boards if board.end - board.start > 10 * made.rate.fps]
    pace = np.array([len(board.shots) / (board.end - board.start) for board in boards])
    energy = np.array([board.energy for board in boards])
    assert np.corrcoef(energy.argsort().argsort(), pace.argsort().argsort())[0, 1] > 0.6


def test_bright_moods_look_lighter_and_warmer_but_not_always(many):
    shots = [(board.valence, shot.look) for made in many for board in made.boards for shot in board.shots]
    valence = np.array([valence for valence, _ in shots])
    for word in ("light", "warmth"):
        seen = np.array([getattr(look, word) for _, look in shots])
        assert 0.6 < np.corrcoef(valence, seen)[0, 1] < 0.97


def test_cuts_are_where_shots_meet_and_black_has_two_edges(many):
    made = next(each for each in many if any(board.black for board in each.boards))
    kinds = [cut.kind for cut in edit(made).cuts]
    assert kinds.count("to_black") == kinds.count("from_black") == sum(board.black > 0 for board in made.boards)
    assert len(kinds) == len(made.shots) - 1 + kinds.count("to_black")


@pytest.mark.parametrize("style", STYLES)
def test_a_style_likes_the_tempi_that_score_lets_it_like(style):
    assert wishes(style) == Asked(style=style).of(edit(recipe(0)))
