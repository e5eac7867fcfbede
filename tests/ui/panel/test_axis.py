"""Frames to pixels and back."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hitpoint.runtime.rate import Rate
from hitpoint.ui.panel.strip.axis import CLOSEST, Axis, ticks
from hitpoint.ui.panel.strip.lanes import GAP, LEAST, ORDER, TIGHT, lanes, least_height

widths = st.integers(200, 3000)
lengths = st.integers(1, 400_000)


@given(lengths, widths)
def test_all_of_the_edit_is_in_sight_where_nobody_zoomed(frames, width):
    axis = Axis(frames, width)
    assert axis.x(0) == 0
    assert abs(axis.x(frames) - width) < 1e-6


@given(lengths, widths, st.floats(0.1, 40), st.floats(0, 1), st.floats(0, 1))
def test_a_pixel_keeps_its_frame_when_it_is_zoomed_around(frames, width, factor, place, start):
    axis = Axis(frames, width).zoomed(4.0, start * width)
    x = place * width
    before = (x + axis.left) / axis.scale
    zoomed = axis.zoomed(factor, x)
    after = (x + zoomed.left) / zoomed.scale
    held = 0 < zoomed.first < frames - zoomed.span - 1e-6
    assert not held or abs(after - before) <= 1.01 / zoomed.scale + 1.01 / axis.scale


@given(lengths, widths, st.lists(st.floats(0.05, 20), max_size=6), st.floats(-5000, 5000))
def test_zooming_and_scrolling_never_leave_the_edit(frames, width, factors, by):
    axis = Axis(frames, width)
    for factor in factors:
        axis = axis.zoomed(factor, width / 3).moved(by)
        assert 0 <= axis.first <= max(0.0, frames - axis.span) + 1e-6
        assert axis.fit <= axis.scale * 1.0001
        assert axis.scale <= max(CLOSEST, axis.fit) * 1.0001


@given(st.integers(100, 100_000), widths, st.floats(1, 300))
def test_a_frame_is_found_again_under_its_own_middle(frames, width, factor):
    axis = Axis(frames, width).zoomed(factor, width / 2)
    for frame in (0, frames // 3, frames - 1):
        assert axis.frame(axis.x(frame + 0.5)) in range(
            frame - int(1 / axis.scale) - 1, frame + int(1 / axis.scale) + 2
        )


@given(st.integers(50, 200_000), widths, st.floats(1, 500), st.sampled_from(["24", "25", "30000/1001", "60"]))
def test_timecodes_on_the_ruler_stand_apart(frames, width, factor, fps):
    axis, rate, room = Axis(frames, width).zoomed(factor, 0), Rate.of(fps), 90
    marks = list(ticks(axis, rate, 86400, room))
    written = [axis.x(frame) for frame, worded in marks if worded]
    assert all(b - a >= min(room, 7200 * rate.nominal * axis.scale) - 1.01 for a, b in pairwise(written))
    assert len(marks) <= width / 8 + 3


def test_the_ruler_marks_whole_seconds_of_the_timecode():
    axis, rate = Axis(24 * 60, 1200), Rate.of(24)
    worded = [frame for frame, said in ticks(axis, rate, 86400 + 12, 90) if said]
    assert worded
    assert all((frame + 12) % 24 == 0 for frame in worded)


@given(st.integers(300, 3000), st.integers(1, 1200))
def test_lanes_lie_below_each_other_and_fit_where_there_is_room(width, height):
    found = lanes(width, height)
    for above, below in pairwise(ORDER):
        assert found.tops[below] == found.tops[above] + found.talls[above] + GAP
    room = sum(LEAST.values()) + GAP * (len(ORDER) - 1)
    assert all(found.talls[lane] >= (LEAST if height >= room else TIGHT)[lane] for lane in ORDER)
    assert height < least_height() or found.bottom <= height
