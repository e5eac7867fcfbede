"""One stretch made anew, the rest as it was."""

from __future__ import annotations

import runpy
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.packs.diffusion.keeping import Keep, openness, walk
from hitpoint.runtime.packs.diffusion.pieces import remake
from hitpoint.runtime.packs.diffusion.sample import DIFFV2M, Sampling, sample
from hitpoint.runtime.packs.diffusion.schedule import ScaledLinear
from hitpoint.runtime.packs.diffusion.windows import Windows

theory = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("theory.py"))))

LIKENESS = 0.9
PROCESS = theory.model(theory.process(LIKENESS))
WINDOWS = Windows(64, 16)
FAST = Sampling(steps=12)


@pytest.fixture(scope="module")
def piece():
    return sample(PROCESS, 1500, 200, theory.nothing, seed=1, sampling=Sampling(steps=20), windows=WINDOWS)


def steps_between(x):
    return (np.diff(x, axis=1) ** 2).mean(axis=0) / (2 * (1 - LIKENESS))


@pytest.mark.parametrize(("start", "stop"), [(80, 120), (0, 40), (150, 200), (0, 200), (99, 100)])
@pytest.mark.parametrize(
    "more",
    [
        {"join": 0},
        {"join": 16},
        {"join": 9, "repeats": 2, "jump": 3},
        {"join": 6, "sampling": Sampling(schedule=ScaledLinear(), predicts="noise", steps=9)},
        {"join": 6, "sampling": Sampling(method="ddim", spacing="time", steps=9)},
    ],
)
def test_the_rest_stays_bit_for_bit(piece, start: int, stop: int, more: dict) -> None:
    before = piece[:4].copy()
    arguments = {"sampling": FAST} | more
    sampling = arguments["sampling"]
    model = theory.model(theory.process(LIKENESS), sampling.predicts, sampling.schedule)
    after = remake(model, before, start, stop, theory.nothing, seed=5, windows=WINDOWS, **arguments)
    half = -(-arguments["join"] // 2)
    assert (before == piece[:4]).all()
    assert (after[:, : max(0, start - half)] == before[:, : max(0, start - half)]).all()
    assert (after[:, stop + half :] == before[:, stop + half :]).all()
    assert (after[:, start:stop] != before[:, start:stop]).mean() > 0.8


def test_the_join_is_as_smooth_as_the_rest(piece) -> None:
    """Differences over the slopes are at most a quarter larger; a hard edge has more than twice as much."""
    soft = remake(
        PROCESS, piece, 80, 120, theory.nothing, seed=5, sampling=Sampling(steps=20), windows=WINDOWS, join=16
    )
    hard = remake(PROCESS, piece, 80, 120, theory.nothing, seed=5, sampling=Sampling(steps=20), windows=WINDOWS, join=0)
    assert steps_between(soft)[70:130].max() < 1.25
    assert steps_between(hard)[[79, 119]].min() > 2
    assert (soft[:, 90:110] ** 2).mean() == pytest.approx(1, abs=0.04)


def test_repeats_make_a_hard_edge_smoother(piece) -> None:
    once, often = (
        steps_between(remake(PROCESS, piece[:600], 80, 120, theory.nothing, seed=5, windows=WINDOWS, join=0,
                             sampling=Sampling(steps=20), repeats=repeats))[[79, 119]].mean()
        for repeats in (0, 4)
    )  # fmt: skip
    assert often - 1 < 0.5 * (once - 1)


def test_what_is_kept_is_heard(piece) -> None:
    """What is new goes on from its neighbours: 8 places across a slope are about as like as they would be."""
    new = remake(PROCESS, piece, 80, 120, theory.nothing, seed=5, sampling=Sampling(steps=20), windows=WINDOWS, join=4)
    alike = [(new[:, a] * new[:, a + 8]).mean() for a in (76, 116)]
    assert np.mean(alike) > 0.3 * LIKENESS**8
    assert abs((new[:, 100] * piece[:, 100]).mean()) < 0.15  # and in the middle it is other music


def test_only_the_windows_around_are_asked(piece) -> None:
    spans = []

    def asked(start: int, stop: int):
        spans.append((start, stop))
        return theory.nothing(start, stop)

    long = np.tile(piece[:2], (1, 20))
    remake(PROCESS, long, 2000, 2040, asked, seed=5, sampling=FAST, windows=WINDOWS, join=16)
    assert spans == [(1984, 2048), (1992, 2056)]


@pytest.mark.parametrize(("start", "stop", "first"), [(0, 10, 0), (190, 200, 136), (95, 105, 68)])
def test_a_short_stretch_is_seen_in_a_whole_window(piece, start: int, stop: int, first: int) -> None:
    spans = []

    def asked(start: int, stop: int):
        spans.append((start, stop))
        return theory.nothing(start, stop)

    remake(PROCESS, piece[:2], start, stop, asked, seed=5, sampling=FAST, windows=WINDOWS, join=4)
    assert spans == [(first, first + 64)]


def test_all_open_is_as_if_nothing_were_kept() -> None:
    keep = Keep(np.ones((2, 50), np.float32), np.ones(50))
    kept = sample(PROCESS, 2, 50, theory.nothing, seed=3, sampling=DIFFV2M, keep=keep)
    assert (kept == sample(PROCESS, 2, 50, theory.nothing, seed=3, sampling=DIFFV2M)).all()


def test_half_open_stays_near_what_it_was(piece) -> None:
    """Nearer to it the less it is open."""
    away = [
        np.mean((sample(PROCESS, 1000, 60, theory.nothing, seed=3, sampling=FAST,
                        keep=Keep(piece[:1000, :60], np.full(60, far))) - piece[:1000, :60]) ** 2)
        for far in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]  # fmt: skip
    assert away[0] == 0
    assert all(a < b for a, b in pairwise(away))
    assert away[-1] == pytest.approx(2, abs=0.1)  # strangers


def test_the_slope_lies_over_the_edge() -> None:
    far = openness(20, 8, 14, 4)
    assert (far[:6] == 0).all() and (far[10:12] == 1).all() and (far[16:] == 0).all()
    assert far[6:10] == pytest.approx([1 / 8, 3 / 8, 5 / 8, 7 / 8])
    assert (openness(20, 0, 20, 8) == 1).all()
    assert openness(6, 2, 4, 0).tolist() == [0, 0, 1, 1, 0, 0]


def test_the_walk_goes_back_and_on() -> None:
    assert list(walk(4, 0, 4)) == [(0, None), (1, None), (2, None), (3, None)]
    assert list(walk(5, 1, 2)) == [
        (0, None), (1, 0), (0, None), (1, None), (2, None), (3, 2), (2, None), (3, None), (4, None),
    ]  # fmt: skip


def test_a_stretch_that_is_not_there_is_refused(piece) -> None:
    for start, stop in ((-1, 4), (5, 5), (10, 4), (190, 201)):
        with pytest.raises(UsageError, match="no places"):
            remake(PROCESS, piece, start, stop, theory.nothing, seed=1)
    with pytest.raises(UsageError, match="fit together"):
        Keep(piece, np.ones(3))
