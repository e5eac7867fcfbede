import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues import sheet_json
from hitpoint.ui.state import plan_json
from hitpoint.ui.state.panel import Panel, ScoreSettings
from hitpoint.ui.state.plan import HitMark
from hitpoint.ui.state.seeds import digest_of, seeds_of, up_to_date
from hitpoint.ui.state.take import Take


def read(plan):
    return sheet_json.loads(plan_json.dumps(plan))


def with_board(plan, index, **fields):
    boards = list(plan.boards)
    boards[index] = replace(boards[index], **fields)
    return replace(plan, boards=tuple(boards))


def test_a_cue_sheet_goes_through_the_plan_and_comes_out_the_same(plan):
    once = read(plan)
    again = read(plan_json.from_sheet(sheet_json.to_json(once)))
    assert again == once
    assert [board.name for board in once.storyboards] == ["Dawn", "Fair", "Storm"]
    assert once.warnings == ()


@given(energies=st.lists(st.floats(0, 1), min_size=3, max_size=3))
@settings(max_examples=30, deadline=None)
def test_the_curve_that_is_drawn_is_the_one_that_is_played(plan, energies):
    for index, energy in enumerate(energies):
        plan = with_board(plan, index, energy=energy)
    assert plan.curve() == read(plan).energy


def test_a_pinned_hit_weighs_most_and_a_released_one_nothing(plan):
    marked = [
        replace(hit, held="pinned") if hit.frame == 40 else replace(hit, held="released") if hit.frame == 90 else hit
        for hit in plan.hits
    ]
    sheet = read(replace(plan, hits=tuple(marked)))
    weights = {hit.frame: hit.weight for hit in sheet.hits}
    assert weights[40] == 1.0 and weights[90] == 0.0
    back = plan_json.from_sheet(sheet_json.to_json(sheet))
    assert {hit.frame: hit.held for hit in back.hits if hit.held} == {40: "pinned", 90: "released"}


def test_a_hit_that_was_added_has_beats_laid_for_it(plan):
    hit = HitMark(99, 57, "marker", "bang", 0.95, added=True)
    sheet = read(replace(plan, hits=tuple(sorted([*plan.hits, hit], key=lambda each: each.frame))))
    assert any("'Dawn': its beats were laid anew" in words for words in sheet.warnings)
    at = next(each.at for each in sheet.hits if each.frame == 57)
    assert at == pytest.approx(57 / 25, abs=0.1)


def test_the_digest_is_of_what_sounds(plan):
    usual = plan_json.digest(plan, (1, 2, 3))
    told = replace(plan, warnings=("something",), hits=tuple(replace(h, at=None, outcome="near") for h in plan.hits))
    assert plan_json.digest(told, (1, 2, 3)) == usual
    assert plan_json.digest(plan, (1, 2, 4)) != usual
    assert plan_json.digest(with_board(plan, 1, density=0.123), (1, 2, 3)) != usual
    assert plan_json.digest(with_board(plan, 1, energy=0.123), (1, 2, 3)) != usual


def test_seeds_are_the_scores_where_a_storyboard_has_none(plan):
    score = ScoreSettings(seed=7)
    assert seeds_of(with_board(plan, 1, seed=3), score) == (7, 3, 7)
    take = Take(1, "", "", digest=digest_of(plan, score))
    assert up_to_date(Panel(plan=plan, score=score), take)
    assert not up_to_date(Panel(plan=plan, score=ScoreSettings(seed=8)), take)
    assert not up_to_date(Panel(), take)


def test_a_name_that_was_changed_keeps_the_first_one_beside_it(plan):
    said = plan_json.to_json(with_board(plan, 0, name="Morning", name_at="Dawn"))
    assert said["storyboards"][0]["name_at"] == "Dawn"
    assert said["storyboards"][1]["name_at"] == "Fair"
    sheet = json.loads(sheet_json.dumps(sheet_json.from_json(said)))
    assert plan_json.from_sheet(sheet).boards[0].name == "Morning"
