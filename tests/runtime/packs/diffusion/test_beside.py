"""Two runs of the model at once."""

from __future__ import annotations

import runpy
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.errors import Cancelled, EngineError
from hitpoint.runtime.packs.diffusion.beside import both
from hitpoint.runtime.packs.diffusion.guidance import Asked, Guidance
from hitpoint.runtime.packs.diffusion.sample import Sampling, sample
from hitpoint.runtime.packs.diffusion.windows import Windows
from hitpoint.runtime.packs.session import OutOfMemory

theory = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("theory.py"))))

PROCESS = theory.model(theory.process(0.9))
GIVEN, NULL = ({"c": np.full((1, 1), value, np.float32)} for value in (0.4, 0.0))
LONG = 60  # seconds after which two runs that wait for each other are taken to be no two


def asked_of(start: int, stop: int) -> Asked:
    return Asked(GIVEN, NULL)


def shifted(x, time, conditions):
    return PROCESS(x, time, {}) + conditions["c"][:, :, None]


class Meeting:
    """A model whose two runs of a step wait for each other: it answers only where they go at once."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2)
        self.calls: list[str] = []

    def __call__(self, x, time, conditions):
        self.calls.append(threading.current_thread().name)
        self.barrier.wait(LONG)
        return shifted(x, time, conditions)


def made(model, guidance: Guidance, **more):
    sampling = Sampling(steps=5, guidance=guidance)
    return sample(model, 2, 150, asked_of, seed=3, sampling=sampling, windows=Windows(64, 16), **more)


def test_two_runs_at_once_give_bit_for_bit_what_one_after_another_gives() -> None:
    model = Meeting()
    at_once = made(model, Guidance(2.5, together=False, beside=True))
    assert np.array_equal(at_once, made(shifted, Guidance(2.5, together=False)))
    assert len(model.calls) == 2 * 5 * 3  # two runs, five steps, three windows
    assert len({name for name in model.calls if name.startswith("beside")}) == 1


def test_without_guidance_there_is_one_run_and_it_stays_on_its_thread() -> None:
    seen = []

    def model(x, time, conditions):
        seen.append(threading.current_thread())
        return shifted(x, time, conditions)

    made(model, Guidance(1.0, together=False, beside=True))
    assert seen == [threading.current_thread()] * 15


def test_a_cancelled_run_asks_no_more_and_leaves_no_thread() -> None:
    model, told = Meeting(), []

    def progress(fraction: float, words: str) -> None:
        told.append(fraction)
        if len(told) > 4:
            raise Cancelled

    before = threading.enumerate()
    with pytest.raises(Cancelled):
        made(model, Guidance(2.5, together=False, beside=True), progress=progress)
    assert len(model.calls) == 2 * 4
    assert threading.enumerate() == before


@pytest.mark.parametrize("error", [EngineError("the pack is damaged"), OutOfMemory("full"), KeyboardInterrupt()])
@pytest.mark.parametrize("failing", [(0.4,), (0.0,), (0.4, 0.0)])
def test_what_either_run_raises_comes_once_when_both_have_ended(error, failing) -> None:
    ended = []

    def model(x, time, conditions):
        value = round(float(conditions["c"][0, 0]), 1)
        try:
            if value in failing:
                raise type(error)(*error.args)
            return shifted(x, time, conditions)
        finally:
            ended.append(value)

    before = threading.enumerate()
    with pytest.raises(type(error)) as caught:
        made(model, Guidance(2.5, together=False, beside=True))
    assert caught.value.args == error.args
    assert caught.value.__context__ is None
    assert sorted(ended) == [0.0, 0.4]
    assert threading.enumerate() == before


def test_where_both_raise_it_is_the_first_ones_error() -> None:
    """Whichever of them ends first."""
    gone = threading.Event()

    def first():
        assert gone.wait(LONG)
        raise EngineError("first")

    def second():
        gone.set()
        raise EngineError("second")

    with pytest.raises(EngineError, match="first"):
        both(first, second)
