"""Progress, cancel, and models that fail."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.errors import Cancelled, EngineError
from hitpoint.runtime.packs.diffusion import pace
from hitpoint.runtime.packs.diffusion.keeping import Keep
from hitpoint.runtime.packs.diffusion.pieces import onward
from hitpoint.runtime.packs.diffusion.sample import Sampling, sample
from hitpoint.runtime.packs.diffusion.windows import Windows

theory = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("theory.py"))))

PROCESS = theory.model(theory.process(0.9))


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x, time, conditions):
        self.calls += 1
        return PROCESS(x, time, conditions)


@pytest.mark.parametrize("at", [0, 1, 7])
def test_a_cancelled_run_asks_no_more(at: int) -> None:
    model = Counted()
    told = []

    def progress(fraction: float, words: str) -> None:
        told.append(fraction)
        if len(told) > at:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample(model, 2, 200, theory.nothing, seed=1, windows=Windows(64, 16), progress=progress)
    assert model.calls == at


def test_progress_is_told_before_each_run_of_the_model() -> None:
    model = Counted()
    told = []
    keep = Keep(np.zeros((2, 200), np.float32), np.ones(200), repeats=1, jump=3)
    sample(
        model, 2, 200, theory.nothing, seed=1, sampling=Sampling(steps=6), windows=Windows(64, 16), keep=keep,
        progress=lambda fraction, words: told.append((fraction, words)),
    )  # fmt: skip
    fractions = [fraction for fraction, _ in told]
    assert len(told) == model.calls == 4 * (3 * 2 + 3)
    assert fractions == pytest.approx([n / 36 for n in range(36)])
    assert told[0][1] == "making music, step 1 of 6"
    assert told[-1][1].startswith("making music, step 6 of 6, ") and told[-1][1].endswith(" left")


def test_windows_one_after_another_share_the_progress() -> None:
    told = []
    list(
        onward(
            PROCESS, 2, 150, theory.nothing, seed=1, sampling=Sampling(steps=4), windows=Windows(64, 16),
            progress=lambda fraction, words: told.append((fraction, words)),
        )
    )  # fmt: skip
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] < 1
    assert told[4][1] == "window 2 of 3, step 1 of 4"


def test_the_time_left_is_that_of_the_steps_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 100.0, 110.0, 120.0])  # the first loads the model
    monkeypatch.setattr(pace.time, "monotonic", lambda: next(clock))
    told = []
    steps = pace.Pace(lambda fraction, words: told.append(words), 14, "music")
    for _ in range(4):
        steps.next()
    assert told == ["music", "music", "music, 2 min left", "music, 2 min left"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s left"),
        (1.4, "1 s left"),
        (59.2, "59 s left"),
        (90, "2 min left"),
        (5399, "90 min left"),
        (9000, "2.5 h left"),
    ],
)
def test_the_time_left_in_words(seconds: float, words: str) -> None:
    assert pace.left(seconds) == words


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_no_numbers_are_said_with_their_step(wrong: float) -> None:
    def model(x, time, conditions):
        answer = PROCESS(x, time, conditions)
        if time < 0.5:
            answer[0, 1, 3] = wrong
        return answer

    sampling = Sampling(method="ddim", spacing="time", steps=10)
    with pytest.raises(EngineError, match=r"no numbers at step 7 of 10 \(time 0\.400\)") as caught:
        sample(model, 2, 50, theory.nothing, seed=1, sampling=sampling)
    assert caught.value.status == 5


def test_what_a_model_raises_comes_through() -> None:
    def model(x, time, conditions):
        raise EngineError("the pack is damaged")

    with pytest.raises(EngineError, match="damaged"):
        sample(model, 2, 50, theory.nothing, seed=1)
