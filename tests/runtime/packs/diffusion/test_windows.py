"""Pieces that are longer than a window."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.packs.diffusion import asking
from hitpoint.runtime.packs.diffusion.guidance import Asked, Guidance
from hitpoint.runtime.packs.diffusion.pieces import onward
from hitpoint.runtime.packs.diffusion.sample import Sampling, sample
from hitpoint.runtime.packs.diffusion.windows import Windows

theory = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("theory.py"))))

LIKENESS = 0.9
PROCESS = theory.model(theory.process(LIKENESS))
WINDOWS = Windows(64, 16)
FAST = Sampling(steps=12)


def steps_between(x):
    """The mean square of each first difference, beside what it is for the process."""
    return (np.diff(x, axis=1) ** 2).mean(axis=0) / (2 * (1 - LIKENESS))


@given(
    st.integers(1, 700), st.integers(1, 12), st.integers(1, 5), st.integers(0, 100), st.booleans()
)  # fmt: skip
def test_windows_cover_a_piece_of_any_length(places, parts, multiple, overlap, fixed) -> None:
    length = parts * 8 * multiple
    overlap = min(overlap, length - multiple)
    laid = Windows(length, overlap, multiple=multiple, fixed=fixed).lay(places)
    assert laid.starts[0] == 0 and laid.starts[-1] + laid.size == laid.places >= places
    assert all(start % multiple == 0 for start in (*laid.starts, laid.size))
    assert laid.size == length if fixed else laid.size <= length
    gaps = np.diff(laid.starts)
    assert (gaps > 0).all() and (gaps <= laid.size - overlap).all()
    total = np.zeros(laid.places)
    for start, weights in zip(laid.starts, laid.weights(), strict=True):
        assert (weights > 0).all()
        total[start : start + laid.size] += weights
    assert np.abs(total - 1).max() < 1e-6


def test_windows_that_cannot_be_are_refused() -> None:
    for wrong in ((64, 64), (64, -1)):
        with pytest.raises(UsageError, match="overlap"):
            Windows(*wrong)


def test_one_window_is_no_window() -> None:
    seen = []

    def model(x, time, conditions):
        seen.append(x.copy())
        return PROCESS(x, time, conditions)

    one = sample(model, 3, 60, theory.nothing, seed=1, sampling=FAST, windows=Windows(60, 20))
    wide = sample(PROCESS, 3, 60, theory.nothing, seed=1, sampling=FAST, windows=Windows(5000, 0))
    assert (one == wide).all()
    assert all(x.shape == (1, 3, 60) for x in seen)


def test_windows_join_without_a_seam() -> None:
    """The differences from place to place are as large over the joins as elsewhere, to 2 %, and so is the level."""
    length = 310
    x = sample(PROCESS, 3000, length, theory.nothing, seed=2, sampling=Sampling(steps=20), windows=WINDOWS)
    laid = WINDOWS.lay(length)
    joins = np.zeros(length, bool)
    for start in laid.starts[1:]:
        joins[start - 1 : start + 17] = True
    differences, level = steps_between(x), (x**2).mean(axis=0)
    assert differences[joins[1:]].mean() == pytest.approx(differences[~joins[1:]].mean(), rel=0.02)
    assert level[joins].mean() == pytest.approx(level[~joins].mean(), rel=0.06)
    # No single place stands out by more than chance among so many: the spread of such a mean is 0.026.
    assert differences.max() < 1.13


def test_without_overlap_there_is_a_seam() -> None:
    """What the test above would see."""
    windows = Windows(64, 0)
    x = sample(PROCESS, 500, 192, theory.nothing, seed=2, sampling=FAST, windows=windows)
    differences = steps_between(x)
    assert differences[[start - 1 for start in windows.lay(192).starts[1:]]].min() > 3


@pytest.mark.parametrize(("repeats", "most"), [(0, 1.34), (2, 1.2)])
def test_windows_that_go_on_from_the_last_join_well(repeats: int, most: float) -> None:
    """A little rougher over the slope, where a cut has nearly four times as much; repeats make it smoother."""
    x = np.concatenate(
        list(
            onward(
                PROCESS, 2000, 140, theory.nothing, seed=2, sampling=Sampling(steps=20), windows=WINDOWS, join=16,
                repeats=repeats,
            )
        ),
        axis=1,
    )  # fmt: skip
    assert x.shape == (2000, 140)
    differences = steps_between(x)
    assert differences.max() < most
    assert differences.min() > 0.85
    assert (x**2).mean(axis=0) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("join", [0, 5, 16])
def test_what_was_given_out_is_never_changed(join: int) -> None:
    """Each stretch comes once, and the first is what it would be alone, where no slope lies."""
    first, *rest = onward(PROCESS, 2, 200, theory.nothing, seed=2, sampling=FAST, windows=WINDOWS, join=join)
    size = WINDOWS.lay(200).size
    alone = sample(PROCESS, 2, size, theory.nothing, seed=2, sampling=FAST, windows=WINDOWS)
    assert (first == alone[:, : size - join]).all()
    assert first.shape[1] + sum(part.shape[1] for part in rest) == 200


@pytest.mark.parametrize("length", [1, 63, 64, 65, 100, 131, 257])
@pytest.mark.parametrize("windows", [WINDOWS, Windows(64, 16, multiple=8), Windows(64, 16, fixed=True, batch=3)])
def test_any_length(length: int, windows: Windows) -> None:
    shapes = set()

    def model(x, time, conditions):
        shapes.add(x.shape[-1])
        return PROCESS(x, time, conditions)

    sampling = Sampling(steps=3)
    assert sample(model, 2, length, theory.nothing, seed=1, sampling=sampling, windows=windows).shape == (2, length)
    whole = np.concatenate(
        list(onward(model, 2, length, theory.nothing, seed=1, sampling=sampling, windows=windows)), axis=1
    )
    assert whole.shape == (2, length) and np.isfinite(whole).all()
    assert all(shape % windows.multiple == 0 for shape in shapes)
    assert not windows.fixed or shapes == {64}


@pytest.mark.parametrize("together", [True, False])
def test_batches_of_windows_change_nothing(together: bool) -> None:
    expected = theory.guided(theory.process(0.9), theory.process(0.5))
    made = []
    for batch in (1, 3, 99):
        rows = []

        def model(x, time, conditions, rows=rows):
            rows.append(len(x))
            return theory.model(expected)(x, time, conditions)

        made.append(
            sample(
                model, 2, 200, theory.on, seed=1, windows=Windows(64, 16, batch),
                sampling=Sampling(steps=4, guidance=Guidance(3.0, together)),
            )
        )  # fmt: skip
        assert max(rows) == min(batch, 4) * (2 if together else 1)
    assert np.allclose(made[0], made[1], atol=1e-5) and np.allclose(made[0], made[2], atol=1e-5)


def test_each_window_is_asked_for_its_own_places() -> None:
    """The level of what is made follows what is asked from window to window; each window is asked for once."""
    spans = []

    def asked(start: int, stop: int) -> Asked:
        spans.append((start, stop))
        return Asked({"mean": np.array([start / 100], np.float32)})

    def model(x, time, conditions):
        means = conditions["mean"].astype(np.float64)
        expected = lambda x, at, _: np.broadcast_to(means[:, None, None], x.shape)
        return theory.model(expected)(x, time, {})

    windows = Windows(64, 16, batch=2)
    x = sample(model, 2, 200, asked, seed=1, sampling=FAST, windows=windows, start=1000)
    laid = windows.lay(200)
    assert spans == [(1000 + start, 1000 + start + 64) for start in laid.starts]
    for n, start in enumerate(laid.starts):
        middle = start + 32
        assert x[:, middle] == pytest.approx((1000 + laid.starts[n]) / 100, abs=1e-3)


def test_conditions_of_other_shapes_are_asked_one_by_one() -> None:
    rows = []

    def asked(start: int, stop: int) -> Asked:
        return Asked({"tokens": np.zeros((1, 1 + start % 2, 4), np.float32)})

    def model(x, time, conditions):
        assert len(conditions["tokens"]) == len(x)
        rows.append(len(x))
        return PROCESS(x, time, conditions)

    sample(model, 2, 159, asked, seed=1, sampling=Sampling(steps=1), windows=Windows(64, 16, batch=2))
    assert WINDOWS.lay(159).starts == (0, 47, 95)
    assert rows == [1, 1, 1]


def test_conditions_without_room_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ROOM", 10)
    asks = []

    def asked(start: int, stop: int) -> Asked:
        asks.append(start)
        return Asked({"tokens": np.zeros((1, 2), np.float32)})

    sample(PROCESS, 2, 150, asked, seed=1, sampling=Sampling(steps=5), windows=WINDOWS)
    assert asks.count(0) == 1 and asks.count(43) == 5 and asks.count(86) == 5


def test_noise_stays_where_the_piece_begins_elsewhere() -> None:
    """Places that know nothing of each other come out the same in any part of the piece."""
    model = theory.model(theory.gaussian(np.zeros(2), np.eye(2)))
    whole = sample(model, 2, 300, theory.nothing, seed=1, sampling=FAST, windows=WINDOWS)
    part = sample(model, 2, 77, theory.nothing, seed=1, sampling=FAST, windows=Windows(50, 7), start=130)
    assert np.allclose(part, whole[:, 130:207], atol=1e-5)
