from dataclasses import replace

import pytest

from hitpoint.ui.state.panel import InOut, Panel, View
from hitpoint.ui.state.store import LOOPS, Store


def heard(store, part):
    told = []
    store.watch(part, told.append)
    return told


def test_only_those_who_watch_what_changed_are_told():
    store = Store()
    playhead, zoom, view, takes = (heard(store, part) for part in ("view.playhead", "view.zoom", "view", "takes"))
    store.set("view.playhead", 12)
    assert playhead == [12]
    assert zoom == [] and takes == []
    assert view == [View(playhead=12)]


def test_an_equal_value_is_no_change():
    store = Store()
    everything = heard(store, "")
    store.set("inout", InOut())
    store.change("view", zoom=0.0)
    assert everything == []
    before = store.state
    store.set("inout", InOut(None, None))
    assert store.state is before


def test_changes_made_together_are_told_once_and_as_they_end():
    store = Store()
    playhead = heard(store, "view.playhead")
    with store.together():
        store.set("view.playhead", 1)
        with store.together():
            store.set("view.playhead", 2)
        assert playhead == []
        store.set("view.playhead", 3)
    assert playhead == [3]


def test_what_comes_back_to_where_it_was_together_is_not_told():
    store = Store()
    playhead = heard(store, "view.playhead")
    with store.together():
        store.set("view.playhead", 1)
        store.set("view.playhead", 0)
    assert playhead == []


def test_a_callback_may_change_what_others_watch_and_everybody_sees_the_order():
    store = Store()
    said = []
    store.watch("current", lambda value: (said.append(("current", value)), store.set("view.playhead", value * 10)))
    store.watch("current", lambda value: said.append(("second", value)))
    store.watch("view.playhead", lambda value: said.append(("playhead", value)))
    store.set("current", 3)
    assert said == [("current", 3), ("second", 3), ("playhead", 30)]


def test_who_stops_watching_hears_nothing_more_even_in_the_same_round():
    store = Store()
    said = []
    stops = []
    store.watch("current", lambda value: stops[0]())
    stops.append(store.watch("current", said.append))
    store.set("current", 1)
    store.set("current", 2)
    assert said == []


def test_below_what_is_none_there_is_none(panel):
    store = Store()
    boards = heard(store, "plan.boards")
    store.set("plan", panel.plan)
    store.set("plan", None)
    assert boards == [panel.plan.boards, None]


def test_callbacks_that_go_in_a_circle_are_found_out():
    store = Store()
    store.watch("view.playhead", lambda value: store.set("view.playhead", value + 1))
    with pytest.raises(RuntimeError, match="without end"):
        store.set("view.playhead", 1)
    assert store.state.view.playhead <= LOOPS + 2


def test_watching_what_there_is_not_is_said_at_once():
    with pytest.raises(AttributeError):
        Store().watch("view.nothing", print)


def test_a_failing_callback_does_not_stop_later_changes_from_being_told():
    store = Store()

    def fails(_):
        raise ValueError("a widget's fault")

    store.watch("current", fails)
    with pytest.raises(ValueError):
        store.set("current", 1)
    playhead = heard(store, "view.playhead")
    store.set("view.playhead", 5)
    assert playhead == [5]


def test_the_tree_is_shared_where_it_is_equal(panel):
    store = Store(panel)
    store.set("view.zoom", 2.0)
    assert store.state.plan is panel.plan
    assert store.state == replace(panel, view=replace(panel.view, zoom=2.0))
    assert Store().state == Panel()
