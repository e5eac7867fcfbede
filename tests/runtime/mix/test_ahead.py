"""Things drawn ahead are the same things."""

import threading
import time

import pytest

from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.mix.ahead import DEPTH, ahead


def test_everything_comes_in_its_order_and_none_twice():
    assert list(ahead(iter(range(1000)))) == list(range(1000))
    assert list(ahead(iter([]))) == []
    assert list(ahead(iter([None, (), 0]))) == [None, (), 0]


def test_what_drawing_raises_comes_after_what_was_drawn_before():
    def things():
        yield 1
        yield 2
        raise Cancelled

    found = []
    with pytest.raises(Cancelled):
        for thing in ahead(things()):
            found.append(thing)
    assert found == [1, 2]


def test_no_more_is_drawn_than_may_wait():
    drawn = []

    def things():
        for number in range(100):
            drawn.append(number)
            yield number

    given = ahead(things())
    assert next(given) == 0
    time.sleep(0.3)
    assert len(drawn) <= DEPTH + 3
    given.close()


def test_who_stops_early_leaves_no_thread_behind():
    before = threading.active_count()
    for _ in range(5):
        given = ahead(iter(range(1000)))
        next(given)
        given.close()
    assert threading.active_count() == before
