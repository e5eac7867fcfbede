"""The measures by hand: small cases whose answer anyone can count."""

from __future__ import annotations

import pytest

from hitpoint.runtime.measure.rhythm import Picture, b_iou, met, precision, recall, tb_iou

CUTS = (2.0, 4.05, 6.5, 9.0)
PICTURE = Picture(CUTS, 0.0, 10.0)
BEATS = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]


def test_recall_counts_cuts_near_a_beat():
    found = recall(PICTURE, BEATS)
    assert found.value == 0.75  # 2.0, 4.05 and 9.0
    assert found.chance == pytest.approx(9 * 0.2 / 10)
    assert found.ceiling == 0.75  # from 4.15 two beats of 1.08 s reach 6.31 at most: 6.5 or the cuts around it
    assert found.tolerance == 0.1


def test_precision_counts_beats_near_a_cut():
    found = precision(PICTURE, BEATS)
    assert found.value == pytest.approx(3 / 9)
    assert found.chance == pytest.approx(4 * 0.2 / 10)
    assert found.ceiling == pytest.approx(3 / 9)


def test_iou_pairs_each_cut_with_a_beat_of_its_own():
    assert tb_iou(PICTURE, BEATS, 0.1).value == pytest.approx(3 / (4 + 9 - 3))
    assert tb_iou(PICTURE, BEATS, 0.5).value == pytest.approx(4 / (4 + 9 - 4))
    assert tb_iou(PICTURE, BEATS, 0.04).value == pytest.approx(2 / (4 + 9 - 2))
    assert tb_iou(PICTURE, BEATS, 0.1).ceiling == pytest.approx(3 / (4 + 9 - 3))
    assert tb_iou(PICTURE, BEATS, 0.5).ceiling == pytest.approx(4 / 9)


def test_beats_outside_the_picture_count_neither_for_nor_against():
    picture = Picture((4.0,), 3.0, 6.0)
    assert precision(picture, BEATS).value == pytest.approx(1 / 4)
    assert tb_iou(picture, BEATS, 0.1).value == pytest.approx(1 / 4)


def test_the_beats_of_a_reference_against_themselves_are_all_there():
    found = b_iou(BEATS, BEATS, 0.07, 10.0)
    assert (found.value, found.ceiling) == (1.0, 1.0)
    assert found.chance < 0.2
    late = b_iou(BEATS, [beat + 0.2 for beat in BEATS], 0.07, 10.0)
    assert late.value == 0.0
    half = b_iou(BEATS, BEATS[::2], 0.07, 10.0)
    assert half.value == half.ceiling == pytest.approx(5 / 9)


def test_onsets_near_a_cut_by_hand():
    found = met([1.0, 2.0, 3.0], [1.03, 2.2], 0.04, 0.0, 10.0)
    assert found.value == pytest.approx(1 / 3)
    assert found.chance == pytest.approx(2 * 0.08 / 10)
    assert found.ceiling == pytest.approx(2 / 3)  # two onsets cannot be near three cuts a second apart


def test_without_cuts_nothing_is_measured_and_without_beats_nothing_is_met():
    empty = Picture((), 0.0, 10.0)
    for found in (recall(empty, BEATS), tb_iou(empty, BEATS, 0.1), met([], BEATS, 0.1, 0, 10)):
        assert (found.value, found.chance, found.ceiling) == (None, None, None)
    assert precision(empty, BEATS).value == 0.0
    silent = recall(PICTURE, [])
    assert (silent.value, silent.chance, silent.ceiling) == (0.0, 0.0, None)
    assert precision(PICTURE, []).value is None
    assert tb_iou(PICTURE, [], 0.1).value == 0.0


def test_what_was_heard_can_be_reached():
    ragged = [0.3, 0.5, 2.0, 2.2, 4.1, 6.45, 6.6, 9.0, 9.05]
    for tolerance in (0.5, 0.1, 0.07):
        for found in (recall(PICTURE, ragged, tolerance), precision(PICTURE, ragged, tolerance),
                      tb_iou(PICTURE, ragged, tolerance)):  # fmt: skip
            assert found.ceiling >= found.value


def test_a_measure_is_plain_json():
    assert recall(PICTURE, BEATS).to_json() == {"tolerance": 0.1, "value": 0.75, "chance": 0.18, "ceiling": 0.75}
