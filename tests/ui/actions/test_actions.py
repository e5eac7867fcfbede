from dataclasses import replace

import pytest

from hitpoint.runtime.cues import sheet_json
from hitpoint.ui.actions.actions import Actions
from hitpoint.ui.actions.refused import Refused
from hitpoint.ui.state import plan_json
from hitpoint.ui.state.panel import InOut
from hitpoint.ui.state.store import Store
from hitpoint.ui.state.take import Placed, Take


@pytest.fixture
def store(panel):
    takes = tuple(Take(id, f"Take {id}", f"/takes/{id:02}") for id in (1, 2, 3))
    return Store(replace(panel, takes=takes, current=3))


@pytest.fixture
def actions(store):
    return Actions(store)


def boards(store):
    return [(board.name, board.start, board.end) for board in store.state.plan.boards]


def ids(store):
    return [board.id for board in store.state.plan.boards]


def read(store):
    """The cue sheet that the plan is, by the reader's own checks."""
    return sheet_json.loads(plan_json.dumps(store.state.plan), store.state.edit.edit)


def starts(store):
    return [hit.frame for hit in store.state.plan.hits if hit.kind == "storyboard"]


def test_an_edge_moves_to_another_cut_and_hits_and_beats_follow(store, actions):
    fair = ids(store)[1]
    assert actions.edge_targets(fair) == (40, 90, 130, 200, 260)
    actions.move_edge(fair, 200)
    assert boards(store) == [("Dawn", 0, 200), ("Fair", 200, 300), ("Storm", 300, 500)]
    assert starts(store) == [0, 200, 300]
    was = next(hit for hit in store.state.plan.hits if hit.frame == 130)
    assert (was.kind, was.weight) == ("cut", 0.5)
    sheet = read(store)
    assert all(b.start / 25 <= beat < b.end / 25 + 1e-6 for b in sheet.storyboards for beat in b.beats)
    assert len(sheet.storyboards[0].beats) > 8
    assert sheet.storyboards[2].beats == tuple(store.state.plan.boards[2].beats)
    actions.undo()
    assert boards(store) == [("Dawn", 0, 130), ("Fair", 130, 300), ("Storm", 300, 500)]


@pytest.mark.parametrize(
    ("which", "frame", "words"),
    [(0, 40, "first storyboard"), (1, 0, "between the start"), (1, 300, "between the start"), (2, 500, "between")],
)
def test_an_edge_that_would_swallow_a_storyboard_stays(store, actions, which, frame, words):
    before = store.state
    with pytest.raises(Refused, match=words):
        actions.move_edge(ids(store)[which], frame)
    assert store.state is before and actions.stack.count() == 0


def test_a_split_makes_two_of_one_brief_and_a_merge_one_again(store, actions):
    fair = ids(store)[1]
    actions.set_mood([fair], valence=-0.5)
    actions.split(fair, 200)
    assert boards(store) == [("Dawn", 0, 130), ("Fair", 130, 200), ("Fair 2", 200, 300), ("Storm", 300, 500)]
    assert store.state.plan.boards[2].valence == -0.5
    assert starts(store) == [0, 130, 200, 300]
    assert len(set(ids(store))) == 4
    assert [hit.kind for hit in read(store).hits if hit.frame == 200] == ["storyboard"]
    actions.split(ids(store)[2], 260)
    assert boards(store)[3] == ("Fair 3", 260, 300)
    actions.merge(fair)
    actions.merge(fair)
    assert boards(store) == [("Dawn", 0, 130), ("Fair", 130, 300), ("Storm", 300, 500)]
    assert [hit.kind for hit in read(store).hits if hit.frame == 200] == ["cut"]
    with pytest.raises(Refused, match="last storyboard"):
        actions.merge(ids(store)[2])


def test_a_split_inside_a_shot_starts_with_a_hit_of_its_own(store, actions):
    actions.split(ids(store)[0], 57)
    hit = next(hit for hit in store.state.plan.hits if hit.frame == 57)
    assert (hit.kind, hit.name, hit.weight) == ("storyboard", "Dawn 2", 1.0)
    actions.merge(ids(store)[0])
    assert not [hit for hit in store.state.plan.hits if hit.frame == 57]


def test_a_new_name_goes_to_the_hit_too_and_the_music_keeps_the_first(store, actions):
    actions.rename(ids(store)[2], "  The\nstorm ")
    assert boards(store)[2][0] == "The storm"
    assert [hit.name for hit in store.state.plan.hits if hit.frame == 300] == ["The storm"]
    assert store.state.plan.boards[2].name_at == "Storm"
    actions.rename(ids(store)[2], "Storm")
    assert store.state.plan.boards[2].name_at == ""
    with pytest.raises(Refused, match="needs a name"):
        actions.rename(ids(store)[2], " \n")


def test_what_is_locked_is_neither_shaped_nor_made_anew(store, actions):
    dawn, fair, storm = ids(store)
    actions.set_lock([fair], True)
    for change in (
        lambda: actions.move_edge(fair, 200),
        lambda: actions.move_edge(storm, 260),
        lambda: actions.split(fair, 200),
        lambda: actions.merge(dawn),
        lambda: actions.set_mood([fair], energy=1.0),
        lambda: actions.set_tempo([dawn, fair], 90),
        lambda: actions.regenerate([fair]),
    ):
        with pytest.raises(Refused, match="locked"):
            change()
    assert actions.edge_targets(fair) == actions.edge_targets(storm) == ()
    assert read(store).storyboards[1].locked


def test_another_tempo_has_beats_laid_for_it(store, actions):
    dawn = ids(store)[0]
    actions.set_tempo([dawn], 75)
    laid = read(store).storyboards[0]
    gaps = [b - a for a, b in zip(laid.beats, laid.beats[1:], strict=False)]
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(60 / 75, rel=0.08)
    actions.set_tempo([dawn], 1000)
    assert store.state.plan.boards[0].tempo == 300.0
    read(store)


def test_energy_is_drawn_between_the_first_and_the_last_point(store, actions):
    before = dict(store.state.plan.curve())
    actions.draw_energy([(100, 0.9), (150, 2.0), (200, -1.0)])
    after = dict(store.state.plan.curve())
    assert {frame: after[frame] for frame in (100, 150, 200)} == {100: 0.9, 150: 1.0, 200: 0.02}
    assert [frame for frame in after if 100 < frame < 200] == [150]
    assert {f: e for f, e in after.items() if not 100 <= f <= 200} == {
        f: e for f, e in before.items() if not 100 <= f <= 200
    }
    assert read(store).energy == store.state.plan.curve()


def test_energy_that_was_drawn_moves_with_the_storyboards_own(store, actions):
    fair = ids(store)[1]
    actions.set_mood([fair], energy=0.4)
    actions.draw_energy([(150, 0.3), (160, 0.5)])
    actions.set_mood([fair], energy=0.8)
    assert dict(store.state.plan.curve())[150] == 0.6
    assert read(store).energy == store.state.plan.curve()


def test_energy_in_a_locked_storyboard_stays(store, actions):
    actions.set_lock([ids(store)[1]], True)
    before = [(f, e) for f, e in store.state.plan.curve() if 130 <= f < 300]
    actions.draw_energy([(f, 0.99) for f in range(0, 500, 10)])
    assert [(f, e) for f, e in store.state.plan.curve() if 130 <= f < 300] == before
    with pytest.raises(Refused, match="locked"):
        actions.draw_energy([(150, 0.1)])


def test_hits_are_pinned_released_and_let_be(store, actions):
    cut = next(hit for hit in store.state.plan.hits if hit.frame == 200)
    actions.hold([cut.id], "pinned")
    assert {hit.frame: hit.weight for hit in read(store).hits}[200] == 1.0
    actions.hold([cut.id], "released")
    assert {hit.frame: hit.weight for hit in read(store).hits}[200] == 0.0
    actions.hold([cut.id], "")
    assert store.state.plan.hit(cut.id) == cut
    start = next(hit for hit in store.state.plan.hits if hit.kind == "storyboard")
    with pytest.raises(Refused, match="starts a storyboard"):
        actions.hold([start.id, cut.id], "released")


def test_a_hit_is_added_where_music_is_and_taken_away_again(store, actions):
    before = store.state.plan
    id = actions.add_hit(57, " bang\n", "accent")
    hit = store.state.plan.hit(id)
    assert (hit.frame, hit.name, hit.weighs, hit.wish) == (57, "bang", 0.95, "accent")
    assert [h.wish for h in read(store).hits if h.frame == 57] == ["accent"]
    with pytest.raises(Refused, match="already"):
        actions.add_hit(57)
    with pytest.raises(Refused, match="none at this frame"):
        actions.add_hit(9999)
    actions.remove_hits([id])
    assert store.state.plan.hits == before.hits


def test_a_hit_of_the_edit_is_released_not_lost(store, actions):
    door = next(hit for hit in store.state.plan.hits if hit.frame == 225)
    actions.remove_hits([door.id])
    assert store.state.plan.hit(door.id).held == "released"


def test_a_hit_that_beats_were_laid_for_has_them_laid_anew_as_it_goes(store, actions):
    id = actions.add_hit(57)
    laid = plan_json.from_sheet(sheet_json.to_json(read(store)))
    marks = tuple(replace(hit, added=hit.frame == 57) for hit in laid.hits)
    store.set("plan", replace(laid, hits=marks))
    id = next(hit.id for hit in store.state.plan.hits if hit.frame == 57)
    actions.remove_hits([id])
    assert store.state.plan.boards[0].beats == ()
    assert store.state.plan.boards[1].beats != ()


def test_in_and_out_points_never_cross_and_stay_inside(store, actions):
    actions.set_in(100)
    actions.set_out(200)
    assert store.state.inout == InOut(100, 200)
    actions.set_in(200)
    assert store.state.inout == InOut(200, None)
    actions.set_out(10_000)
    assert store.state.inout == InOut(200, 500)
    actions.set_out(150)
    assert store.state.inout == InOut(None, 150)
    actions.clear_inout()
    for _ in range(5):
        actions.undo()
    assert store.state.inout == InOut(100, None)


def test_all_made_anew_is_the_next_seed_and_a_selection_has_its_own(store, actions):
    _, fair, storm = ids(store)
    actions.regenerate()
    assert store.state.score.seed == 1 and {board.seed for board in store.state.plan.boards} == {None}
    actions.regenerate([fair])
    assert [board.seed for board in store.state.plan.boards] == [None, 2, None]
    actions.set_lock([storm], True)
    actions.regenerate()
    assert store.state.score.seed == 1
    assert [board.seed for board in store.state.plan.boards] == [2, 3, None]
    for _ in range(4):
        actions.undo()
    assert store.state.score.seed == 0


def test_settings_of_the_score_are_checked_with_their_units(store, actions):
    actions.set_score(loudness=-23.0, duck=0.0)
    assert (store.state.score.loudness, store.state.score.duck) == (-23.0, None)
    for wrong, words in (({"loudness": 3}, "LUFS"), ({"duck": 99}, "dB"), ({"slowest": 170, "fastest": 90}, "slower")):
        with pytest.raises(Refused, match=words):
            actions.set_score(**wrong)
    with pytest.raises(TypeError):
        actions.set_score(louder=True)


def test_takes_are_named_noted_starred_and_chosen(store, actions):
    actions.star(2, 9)
    actions.note(2, "too\x00 loud \n at the end")
    actions.rename_take(2, "the calm one")
    actions.choose_take(1)
    take = store.state.take(2)
    assert (take.stars, take.notes, take.name, store.state.current) == (5, "too loud\nat the end", "the calm one", 1)
    for _ in range(4):
        actions.undo()
    assert store.state.take(2) == Take(2, "Take 2", "/takes/02") and store.state.current == 3


def test_deleted_takes_come_back_in_their_places(store, actions):
    before = store.state
    actions.delete_takes([1, 3])
    assert [take.id for take in store.state.takes] == [2] and store.state.current == 2
    actions.undo()
    assert store.state == before


def test_the_take_on_the_timeline_is_not_deleted(store, actions):
    store.set("placed", Placed(2, "/out.otio"))
    with pytest.raises(Refused, match="on the timeline"):
        actions.delete_takes([1, 2])
    assert len(store.state.takes) == 3


def test_a_take_that_arrives_in_between_survives_undo_and_redo(store, actions):
    actions.star(1, 4)
    actions.delete_takes([2])
    store.set("takes", (*store.state.takes, Take(4, "Take 4", "/takes/04")))
    actions.undo()
    actions.undo()
    assert {take.id for take in store.state.takes} == {1, 2, 3, 4} and store.state.take(1).stars == 0
    actions.redo()
    actions.redo()
    assert {take.id for take in store.state.takes} == {1, 3, 4} and store.state.take(1).stars == 4


def test_a_take_that_went_for_room_is_no_trouble_to_undo(store, actions):
    actions.choose_take(1)
    actions.star(1, 2)
    store.set("takes", store.state.takes[1:])
    store.set("current", 2)
    actions.undo()
    actions.undo()
    actions.redo()
    assert store.state.current == 0 and [take.id for take in store.state.takes] == [2, 3]


def test_without_a_plan_every_action_says_so():
    empty = Actions(Store())
    for change in (lambda: empty.split(1, 2), lambda: empty.add_hit(3), lambda: empty.draw_energy([(1, 1)])):
        with pytest.raises(Refused, match="no plan yet"):
            change()


def test_the_energy_goes_along_with_an_edge(store, actions):
    """A step in the energy that lies on the edge lies on it afterwards too."""
    plan = store.state.plan
    board = plan.boards[1]
    start, end = board.start, board.end
    points = ((0, 0.2), (start // 2, 0.25), (start - 1, 0.3), (start, 0.8), ((start + end) // 2, 0.7), (end, 0.4))
    store.set("plan", replace(plan, energy=points))
    actions.move_edge(board.id, 200)
    middle = (200 + end) / 2
    frames = [frame for frame, _ in store.state.plan.energy]
    assert dict(store.state.plan.energy)[199] == 0.3 and dict(store.state.plan.energy)[200] == 0.8
    assert [value for _, value in store.state.plan.energy] == [value for _, value in points]
    assert frames[0] == 0 and frames[1] == pytest.approx(100, abs=1)
    assert frames[4] == pytest.approx(middle, abs=1) and frames[5] == end
    actions.undo()
    assert store.state.plan.energy == points


def curve(store):
    return dict(store.state.plan.curve())


def test_a_point_of_the_energy_is_moved_between_its_neighbours_and_no_further(store, actions):
    store.set("plan", replace(store.state.plan, energy=((0, 0.2), (100, 0.6), (140, 0.4), (500, 0.4))))
    actions.move_point(100, 100, 0.9)
    assert curve(store) == {0: 0.2, 100: 0.9, 140: 0.4, 500: 0.4}
    actions.move_point(100, 300, 1.7)
    assert curve(store) == {0: 0.2, 139: 1.0, 140: 0.4, 500: 0.4}
    actions.move_point(0, -20, -1.0)
    assert curve(store)[0] == 0.02
    for _ in range(3):
        actions.undo()
    assert curve(store) == {0: 0.2, 100: 0.6, 140: 0.4, 500: 0.4}
    with pytest.raises(Refused, match="not there any more"):
        actions.move_point(101, 5, 0.5)


def test_a_new_point_of_the_energy_lies_on_the_curve_and_goes_again(store, actions):
    store.set("plan", replace(store.state.plan, energy=((0, 0.2), (100, 0.6))))
    actions.add_point(50)
    assert curve(store) == {0: 0.2, 50: 0.4, 100: 0.6}  # half-way
    actions.add_point(300)
    assert curve(store)[300] == 0.6
    with pytest.raises(Refused, match="on this frame already"):
        actions.add_point(300)
    actions.remove_point(0)
    actions.remove_point(50)
    with pytest.raises(Refused, match="needs two points"):
        actions.remove_point(300)
    assert curve(store) == {100: 0.6, 300: 0.6}


def test_points_in_a_locked_storyboard_stay(store, actions):
    store.set("plan", replace(store.state.plan, energy=((0, 0.2), (100, 0.6), (400, 0.5))))
    actions.set_lock([ids(store)[0]], True)
    for change in (
        lambda: actions.move_point(100, 100, 0.9),
        lambda: actions.remove_point(100),
        lambda: actions.add_point(50),
    ):
        with pytest.raises(Refused, match="locked"):
            change()


def test_without_a_curve_the_points_are_those_of_the_storyboards(store, actions):
    store.set("plan", replace(store.state.plan, energy=()))
    board = store.state.plan.boards[1]
    actions.move_point(board.start, board.start, 0.95)
    assert curve(store)[board.start] == 0.95
    assert curve(store)[board.end - 1] == pytest.approx(board.energy, abs=1e-3)
    read(store)
