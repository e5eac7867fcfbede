import json
from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues import sheet_json
from hitpoint.ui.actions.actions import Actions
from hitpoint.ui.actions.refused import Refused
from hitpoint.ui.state import codec, plan_json
from hitpoint.ui.state.panel import Panel
from hitpoint.ui.state.store import Store
from hitpoint.ui.state.take import Take

NUMBER = st.integers(0, 30)
FRAME = st.sampled_from([0, 1, 40, 57, 90, 130, 131, 200, 225, 260, 300, 360, 430, 499, 500, 700])
SHARE = st.floats(-0.5, 1.5)

STEPS = st.one_of(
    st.tuples(st.just("move_edge"), NUMBER, FRAME),
    st.tuples(st.just("split"), NUMBER, FRAME),
    st.tuples(st.just("merge"), NUMBER),
    st.tuples(st.just("rename"), NUMBER, st.text(max_size=4)),
    st.tuples(st.just("set_mood"), st.lists(NUMBER, max_size=3), SHARE, SHARE),
    st.tuples(st.just("set_density"), st.lists(NUMBER, max_size=3), SHARE),
    st.tuples(st.just("set_style"), st.lists(NUMBER, max_size=2), st.sampled_from(["jazz", "lofi"])),
    st.tuples(st.just("set_prompt"), st.lists(NUMBER, max_size=2), st.text(max_size=4)),
    st.tuples(st.just("set_tempo"), st.lists(NUMBER, max_size=2), st.floats(10, 400)),
    st.tuples(st.just("set_seed"), st.lists(NUMBER, max_size=2), st.none() | st.integers(-1, 9)),
    st.tuples(st.just("set_lock"), st.lists(NUMBER, max_size=2), st.booleans()),
    st.tuples(st.just("draw_energy"), st.lists(st.tuples(FRAME, SHARE), max_size=4)),
    st.tuples(st.just("move_point"), FRAME, FRAME, SHARE),
    st.tuples(st.just("add_point"), FRAME),
    st.tuples(st.just("remove_point"), FRAME),
    st.tuples(st.just("hold"), st.lists(NUMBER, max_size=3), st.sampled_from(["", "pinned", "released"])),
    st.tuples(st.just("add_hit"), FRAME, st.text(max_size=3), st.sampled_from(["", "accent", "build"])),
    st.tuples(st.just("remove_hits"), st.lists(NUMBER, max_size=3)),
    st.tuples(st.just("set_wish"), st.lists(NUMBER, max_size=3), st.sampled_from(["", "soft"])),
    st.tuples(st.just("set_in"), FRAME),
    st.tuples(st.just("set_out"), FRAME),
    st.tuples(st.just("clear_inout")),
    st.tuples(st.just("regenerate"), st.lists(NUMBER, max_size=2)),
    st.tuples(st.just("choose_take"), st.integers(1, 4)),
    st.tuples(st.just("star"), st.integers(1, 4), st.integers(0, 5)),
    st.tuples(st.just("note"), st.integers(1, 4), st.text(max_size=4)),
    st.tuples(st.just("rename_take"), st.integers(1, 4), st.text(max_size=4)),
    st.tuples(st.just("delete_takes"), st.lists(st.integers(1, 3), max_size=2)),
    st.tuples(st.just("begin_drag")),
    st.tuples(st.just("end_drag")),
)
FIFTY = st.lists(STEPS, min_size=50, max_size=50)


def started(panel):
    takes = tuple(Take(id, f"Take {id}", f"/takes/{id:02}") for id in (1, 2, 3))
    store = Store(replace(panel, takes=takes, current=1))
    return store, Actions(store)


def do(store, actions, steps):
    """Does what can be done; numbers mean the storyboards and hits in their present order."""
    for name, *wanted in steps:
        plan = store.state.plan
        known = plan.boards if name in BOARDS else plan.hits
        if name in BOARDS or name in HITS:
            first = wanted[0]
            pick = [first] if isinstance(first, int) else first
            ids = [known[number % len(known)].id for number in pick]
            wanted[0] = ids[0] if isinstance(first, int) else tuple(ids)
        try:
            getattr(actions, name)(*wanted)
        except Refused as refused:
            assert "\n" not in str(refused) and str(refused)


HITS = {"hold", "remove_hits", "set_wish"}
BOARDS = {
    "move_edge", "split", "merge", "rename", "set_mood", "set_density", "set_style", "set_prompt", "set_tempo",
    "set_seed", "set_lock", "regenerate",
}  # fmt: skip
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(steps=FIFTY)
@QUICK
def test_fifty_random_actions_undone_and_done_again_give_equal_states(panel, steps):
    store, actions = started(panel)
    first = store.state
    do(store, actions, steps)
    last = store.state
    actions.end_drag()
    for _ in range(2):
        while actions.stack.canUndo():
            before = store.state
            actions.undo()
            assert store.state != before  # no step of the stack does nothing
        assert store.state == first
        while actions.stack.canRedo():
            actions.redo()
        assert store.state == last


@given(steps=FIFTY)
@QUICK
def test_whatever_was_done_the_plan_is_a_cue_sheet_that_reads_as_it_stands(panel, steps):
    store, actions = started(panel)
    do(store, actions, steps)
    plan = store.state.plan
    sheet = sheet_json.loads(plan_json.dumps(plan), store.state.edit.edit)
    assert [(b.name, b.start, b.end, b.locked) for b in sheet.storyboards] == [
        (b.name, b.start, b.end, b.locked) for b in plan.boards
    ]
    assert [(h.frame, h.kind, h.name, h.weight, h.wish) for h in sheet.hits] == [
        (h.frame, h.kind, h.name, h.weighs, h.wish) for h in plan.hits
    ]
    assert sheet.energy == plan.curve()
    spans = [(board.start, board.end) for board in sheet.storyboards]
    assert spans[0][0] == 0 and spans[-1][1] == 500
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert len({each.id for each in (*plan.boards, *plan.hits)}) == len(plan.boards) + len(plan.hits)
    assert codec.from_json(Panel, json.loads(json.dumps(codec.to_json(store.state)))) == store.state


@given(steps=st.lists(STEPS, min_size=10, max_size=10), undone=st.integers(0, 10))
@QUICK
def test_what_is_done_after_an_undo_is_undone_to_the_same_place(panel, steps, undone):
    store, actions = started(panel)
    first = store.state
    do(store, actions, steps[:5])
    for _ in range(undone):
        actions.undo()
    do(store, actions, steps[5:])
    actions.end_drag()
    while actions.stack.canUndo():
        actions.undo()
    assert store.state == first


def test_a_drag_is_one_step_to_where_it_ended(panel):
    store, actions = started(panel)
    first = store.state
    ids = [board.id for board in first.plan.boards]
    actions.begin_drag()
    for step in range(40):
        actions.set_mood(ids[:1], valence=step / 40, energy=1 - step / 40)
    actions.end_drag()
    assert actions.stack.count() == 1
    assert store.state.plan.boards[0].valence == 0.975
    actions.undo()
    assert store.state == first


def test_two_drags_and_two_things_in_a_drag_are_steps_of_their_own(panel):
    store, actions = started(panel)
    one, two, _ = (board.id for board in store.state.plan.boards)
    actions.begin_drag()
    actions.set_mood([one], valence=0.1)
    actions.set_mood([two], valence=0.1)
    actions.set_mood([two], valence=0.2)
    actions.set_density([two], 0.9)
    actions.end_drag()
    actions.begin_drag()
    actions.set_density([two], 0.8)
    actions.end_drag()
    actions.set_density([two], 0.7)
    actions.set_density([two], 0.6)
    assert actions.stack.count() == 6


def test_a_drag_back_to_where_it_began_leaves_no_step(panel):
    store, actions = started(panel)
    fair = store.state.plan.boards[1].id
    first = store.state
    actions.begin_drag()
    for frame in (200, 260, 90, 130):
        actions.move_edge(fair, frame)
    actions.end_drag()
    assert store.state == first
    assert actions.stack.count() == 0
    actions.begin_drag()
    actions.star(2, 3)
    actions.star(2, 0)
    actions.end_drag()
    assert store.state.take(2).stars == 0
    assert actions.stack.count() == 0
