import json
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.errors import InputError
from hitpoint.ui.state import codec
from hitpoint.ui.state.edit import ShotLook, Speech, Swatch
from hitpoint.ui.state.panel import Geometry, InOut, Job, Message, Panel, ScoreSettings, Settings, View
from hitpoint.ui.state.take import Change, Heard, HeardHit, LaidBoard, Placed, Take

WHOLE = st.integers(-(2**40), 2**40)
NUMBER = st.floats(-1e9, 1e9)
TEXT = st.text(max_size=20)

TAKES = st.builds(
    Take,
    id=WHOLE, name=TEXT, folder=TEXT, seed=WHOLE, seeds=st.lists(WHOLE, max_size=3).map(tuple),
    target=st.tuples(NUMBER, NUMBER), loudness=st.none() | NUMBER, stars=st.integers(0, 5), notes=TEXT,
    warnings=st.lists(TEXT, max_size=2).map(tuple),
)  # fmt: skip
HEARD = st.builds(
    Heard,
    take=WHOLE, wav=TEXT,
    hits=st.lists(st.builds(HeardHit, frame=WHOLE, name=TEXT, at=st.none() | NUMBER,
                            outcome=st.sampled_from(["landed", "near", "missed"])), max_size=3).map(tuple),
    boards=st.lists(st.builds(LaidBoard, start=WHOLE, end=WHOLE, name=TEXT, tempo=NUMBER,
                              beats=st.lists(NUMBER, max_size=3).map(tuple)), max_size=2).map(tuple),
)  # fmt: skip
PLACED = st.builds(Placed, take=WHOLE, out=TEXT, earlier=st.none() | st.builds(Placed, take=WHOLE, out=TEXT))
PANELS = st.builds(
    Panel,
    score=st.builds(ScoreSettings, seed=WHOLE, duck=st.none() | NUMBER, markers=st.sampled_from(["none", "beats"])),
    takes=st.lists(TAKES, max_size=3).map(tuple),
    current=WHOLE,
    inout=st.builds(InOut, st.none() | WHOLE, st.none() | WHOLE),
    heard=st.none() | HEARD,
    placed=st.none() | PLACED,
    view=st.builds(View, boards=st.lists(WHOLE, max_size=3).map(tuple), zoom=NUMBER),
    settings=st.builds(
        Settings, hit_words=st.lists(TEXT, max_size=2).map(tuple), geometry=st.builds(Geometry, x=WHOLE)
    ),
    jobs=st.lists(st.builds(Job, id=WHOLE, kind=st.just("score"), title=TEXT, fraction=NUMBER), max_size=2).map(tuple),
    messages=st.lists(st.builds(Message, id=WHOLE, kind=st.just("note"), text=TEXT), max_size=2).map(tuple),
)


@given(PANELS)
@settings(max_examples=60, deadline=None)
def test_any_panel_comes_back_from_its_json(panel):
    text = json.dumps(codec.to_json(panel), allow_nan=False)
    assert codec.from_json(Panel, json.loads(text)) == panel


def test_a_panel_with_an_edit_and_a_plan_comes_back_exactly(panel):
    seen = replace(
        panel.edit,
        looks=tuple(ShotLook(0.1, palette=(Swatch("#102030", 0.5),), known=True) for _ in panel.edit.edit.shots),
        speech=(Speech(1, 9, 0.75),),
    )
    whole = replace(panel, edit=seen)
    back = codec.from_json(Panel, json.loads(json.dumps(codec.to_json(whole))))
    assert back == whole
    assert back.edit.edit.shots[3].sources[0].at == whole.edit.edit.shots[3].sources[0].at


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["plan", "view", "takes", "edit", "zoom", "boards", "rate", "id", "jobs"]),
                        inner, max_size=4), max_leaves=12))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_anything_else_is_either_a_panel_or_one_clear_error(value):
    try:
        panel = codec.from_json(Panel, value)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(panel, Panel)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"view": {"zoom": "wide"}}, "view.zoom"),
        ({"view": {"zoom": float("nan")}}, "view.zoom"),
        ({"view": {"playhead": 1.5}}, "view.playhead"),
        ({"view": {"boards": [1, True]}}, "view.boards[1]"),
        ({"takes": [{"id": 1, "name": "x"}]}, "takes[0].folder"),
        ({"score": {"markers": "all"}}, "score.markers"),
        ({"plan": {"name": "", "rate": "0/0", "frames": 1}}, "plan.rate"),
        ({"plan": {"name": "", "rate": "0", "frames": 1}}, "plan.rate"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(said, place):
    with pytest.raises(InputError) as error:
        codec.from_json(Panel, said)
    assert str(error.value).startswith(f"{place}: ")


def test_keys_that_a_later_version_adds_are_passed_over_and_missing_ones_are_usual():
    assert codec.from_json(Panel, {"hologram": 3, "view": {"angle": 1}}) == Panel()


def test_every_part_of_the_state_is_frozen():
    def check(kind):
        assert kind.__dataclass_params__.frozen, kind
        for each in fields(kind):
            value = each.default
            if is_dataclass(value) and not isinstance(value, type):
                check(type(value))

    for kind in (Panel, Take, Heard, Placed, Change, Job):
        check(kind)
