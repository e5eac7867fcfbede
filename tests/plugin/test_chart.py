"""The chart of an evaluation: what is met stands apart from what is not, in colour and in shape."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from hitpoint.plugin import chart as charts
from hitpoint.plugin.chart import BEAT, CLOSE, MET, MISSED, SIGNS, chart, stamp
from hitpoint.plugin.lanes import GROUND
from hitpoint.runtime.edit import Cut, Edit
from hitpoint.runtime.measure.beats import Beats
from hitpoint.runtime.measure.evaluate import Boundary, Evaluation, Moment, Rhythm, Share
from hitpoint.runtime.measure.listening import Heard
from hitpoint.runtime.measure.novelty import Novelty
from hitpoint.runtime.measure.rhythm import Measure
from hitpoint.runtime.mix.loudness import Loudness
from hitpoint.runtime.rate import Rate

RATE = Rate(Fraction(25))
NOTHING = Measure(0.1, None, None, None)
SHARE = Share(0.1, None, None)


@dataclass(frozen=True)
class Board:
    name: str
    start: int


def case(cuts=(), beats=(), outcomes=(), frames=1000, boundaries=(), loud=0.3, measure=NOTHING):
    """An edit and an evaluation that says exactly this."""
    edit = Edit("An edit", RATE, frames, picture_start=0, picture_end=frames, cuts=tuple(Cut(cut) for cut in cuts))
    moments = tuple(
        Moment(frame, frame / 25, "cut", "", None, None, outcome)
        for frame, outcome in zip(cuts, outcomes or ["missed"] * len(cuts), strict=True)
    )
    seconds = tuple(beats)
    outline = np.full(frames * 4, loud, np.float32)
    heard = Heard(frames * 1920, Loudness(-16.0, 1.0, -1.0), (), Beats(seconds, 120.0 if beats else None, 0.9),
                  Novelty(np.zeros(0), ()), outline)  # fmt: skip
    rhythm = Rhythm(measure, NOTHING, (), (), NOTHING, NOTHING)
    return edit, Evaluation(moments, SHARE, SHARE, SHARE, None, rhythm, tuple(boundaries), heard, None, frames * 1920)


def dots(image, colour):
    return int((np.abs(image[charts._HEAD :].astype(int) - colour).max(-1) <= 3).sum())


def test_a_cut_with_a_beat_differs_from_one_without():
    met = chart(*case([250], [10.0], ["landed"]))
    missed = chart(*case([250], [10.2], ["missed"]))
    assert dots(met, MET) > 100
    assert dots(met, MISSED) == 0
    assert dots(missed, MISSED) > 100
    assert dots(missed, MET) == 0


def test_an_onset_close_by_is_neither():
    image = chart(*case([250], [10.0], ["near"]))
    assert dots(image, CLOSE) > 30
    assert dots(image, MET) > 50


def test_a_beat_stands_where_it_is_in_time():
    image = chart(*case(beats=[10.0]))  # a quarter of 40 s
    columns = np.flatnonzero((np.abs(image.astype(int) - BEAT).max(-1) <= 3)[charts._HEAD :].sum(0) > 15)
    left, right = charts._LEFT, charts.WIDTH - charts.MARGIN
    assert columns.mean() == pytest.approx(left + (right - left) / 4, abs=1.5)


def test_signs_differ_in_shape_not_only_in_colour():
    shapes = set()
    for sign in SIGNS:
        image = np.zeros((31, 31, 3), np.uint8)
        stamp(image, 15, 15, sign)
        shapes.add((image.max(-1) > 60).tobytes())
    assert len(shapes) == len(SIGNS)


def test_a_storyboard_that_is_heard_to_begin_is_marked():
    def with_boundary(audible):
        boundary = Boundary(500, 20.0, "Two", 20.0, 0.0, audible)
        edit, evaluation = case(boundaries=[boundary])
        return chart(edit, evaluation, [Board("One", 0), Board("Two", 500)])

    assert dots(with_boundary(True), MET) > 40
    assert dots(with_boundary(False), MISSED) > 30
    assert dots(with_boundary(False), MET) == 0


def test_a_louder_sound_stands_taller():
    def tall(loud):
        image = chart(*case(loud=loud))[charts._HEAD :]
        return int((image != image[0, -1]).any(-1).sum()), dots_of_wave(image)

    def dots_of_wave(image):
        column = image[:, charts.WIDTH // 2].astype(int)
        return int((np.abs(column - [67, 75, 90]).max(-1) <= 4).sum())

    assert tall(0.9)[1] > tall(0.3)[1] > tall(0.05)[1] > 0


@pytest.mark.parametrize("frames", [0, 1, 250, 25 * 100, 25 * 7200])
def test_any_length_gives_a_chart_of_bounded_size(frames):
    cuts = list(range(50, frames, 50))
    boards = [Board("A very long name of a storyboard " * 4, 0), Board("B", frames // 2)]
    image = chart(*case(cuts, [n * 0.5 for n in range(frames // 13)], frames=frames), boards)
    assert image.shape[1] == charts.WIDTH <= 4000
    assert image.shape[0] <= 6000
    assert (image[:, -30:] == GROUND).all()
    assert (image[:, :20] == GROUND).all()


def test_a_sign_at_the_edge_is_cut_off():
    image = np.zeros((20, 20, 3), np.uint8)
    for x, y in ((0, 0), (19, 19), (-3, 5), (5, 25), (40, 40)):
        stamp(image, x, y, "met")
    assert image.any()


def test_what_was_measured_is_written_in_the_head():
    without = chart(*case())
    value = chart(*case(measure=Measure(0.1, 0.75, 0.4, 1.0)))
    assert (without[: charts._HEAD] != value[: charts._HEAD]).any()
