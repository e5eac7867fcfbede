"""What is heard is the clock, and the picture follows it: against a clock of our own."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitpoint.runtime.rate import Rate
from hitpoint.ui.panel.play.transport import Route, Steady, Transport, WallClock

RATES = ("24", "25", "24000/1001", "30000/1001", "60")


class Fake:
    """A device whose time goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.routes: list[Route] = []
        self.runs = False

    def start(self, route: Route) -> None:
        self.routes.append(route)
        self.now, self.runs = 0.0, True

    def stop(self) -> None:
        self.runs = False

    def heard(self) -> float:
        return self.now


def made(fps="25", frames=500):
    clock = Fake()
    return clock, Transport(clock, Rate.of(fps), frames)


@given(st.sampled_from(RATES), st.integers(0, 2000), st.lists(st.floats(0, 0.3), min_size=1, max_size=60))
def test_the_picture_is_never_a_frame_off_what_is_heard(fps, start, steps):
    clock, transport = made(fps, 5000)
    transport.seek(start)
    transport.play()
    for step in steps:
        clock.now += step
        frame = transport.tick()
        heard = Fraction(start) / Rate.of(fps).fps + Fraction(clock.now)  # seconds of the timeline
        assert abs(Fraction(frame) / Rate.of(fps).fps - heard) <= 1 / Rate.of(fps).fps


@given(st.integers(0, 400), st.integers(20, 90), st.lists(st.floats(0, 0.9), min_size=1, max_size=40))
def test_a_loop_stays_inside_and_in_step_however_often_it_goes_round(first, length, steps):
    clock, transport = made("25", 500)
    transport.seek(first)
    transport.loop((first, first + length))
    transport.play()
    for step in steps:
        clock.now += step
        frame = transport.tick()
        expected = first + int(clock.now * 25 + 1e-9) % length
        assert first <= frame < first + length
        assert min(abs(frame - expected), length - abs(frame - expected)) <= 1


def test_the_samples_of_a_loop_follow_each_other_without_a_gap():
    route = Route(100, 10_000, (50, 250))
    heard = []
    for played in range(0, 1000, 130):
        for place, count in route.pieces(played, 130):
            heard += range(place, place + count)
    assert heard[:150] == list(range(100, 250))
    assert heard[150:1000] == [50 + n % 200 for n in range(850)]


@given(st.integers(0, 900), st.integers(1, 400))
def test_what_is_played_is_the_same_in_pieces_as_at_once(played, count):
    for route in (Route(300, 1000), Route(300, 1000, (200, 450))):
        once = [s for place, n in route.pieces(0, played + count) for s in range(place, place + n)]
        then = [s for place, n in route.pieces(played, count) for s in range(place, place + n)]
        assert once[played:] == then


def test_playing_ends_with_the_timeline_and_begins_again_from_its_start():
    clock, transport = made("25", 100)
    transport.seek(90)
    transport.play()
    clock.now = 0.5
    assert transport.tick() == 99
    assert not transport.playing
    assert not clock.runs
    transport.play()
    assert transport.frame == 0
    assert clock.routes[-1].start == 0


def test_seeking_while_it_plays_goes_on_from_there():
    clock, transport = made("25", 500)
    transport.play()
    clock.now = 1.0
    transport.tick()
    transport.seek(200)
    assert clock.routes[-1].start == 200 * 48000 // 25
    clock.now = 0.4
    assert transport.tick() == 210


def test_stopping_stays_on_the_frame_that_was_heard_last():
    clock, transport = made("25", 500)
    transport.play()
    clock.now = 2.0
    transport.stop()
    assert transport.frame == 50
    clock.now = 9.0
    assert transport.tick() == 50


def test_a_loop_that_is_asked_for_elsewhere_begins_at_its_start():
    _, transport = made("25", 500)
    transport.seek(10)
    transport.loop((100, 200))
    transport.play()
    assert transport.frame == 100


def test_time_without_a_device_is_the_walls():
    now = [10.0]
    clock = WallClock(lambda: now[0])
    clock.start(Route(0, 10))
    now[0] = 10.75
    assert clock.heard() == pytest.approx(0.75)


def test_a_device_that_speaks_in_steps_is_evened_out_but_not_trusted_far():
    now, steady = [0.0], None
    steady = Steady(lambda: now[0])
    heard = []
    for n in range(200):  # every 5 ms for a second; the device moves every 40 ms
        now[0] = n * 0.005
        heard.append(steady.heard((n // 8) * 0.04))
    assert all(b >= a for a, b in pairwise(heard))
    assert max(abs(h - n * 0.005) for n, h in enumerate(heard) if n > 16) <= 0.041
    now[0] += 5.0  # the device hangs: so does the picture
    assert steady.heard((199 // 8) * 0.04) <= heard[-1] + Steady.MOST
