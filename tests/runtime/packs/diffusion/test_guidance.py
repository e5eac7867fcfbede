"""Guidance, and how the model is asked."""

from __future__ import annotations

import numpy as np
import pytest

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs.diffusion.guidance import Asked, Guidance

X = np.random.default_rng(1).standard_normal((2, 3, 5)).astype(np.float32)


def asked(value: float) -> Asked:
    return Asked({"c": np.full((1, 2), value, np.float32)}, {"c": np.zeros((1, 2), np.float32)})


class Model:
    def __init__(self) -> None:
        self.rows: list[int] = []
        self.seen: list[object] = []

    def __call__(self, x, time, conditions):
        self.rows.append(len(x))
        self.seen.append(conditions)
        return x * time + conditions["c"].mean(axis=1)[:, None, None] ** 2


@pytest.mark.parametrize(("together", "rows"), [(True, [4]), (False, [2, 2])])
def test_it_is_without_plus_scale_times_the_difference(together: bool, rows: list[int]) -> None:
    model = Model()
    answer = Guidance(3.0, together).question([asked(1.0), asked(2.0)]).put(model, X, 0.5)
    assert np.allclose(answer, X * 0.5 + 3 * np.array([1, 4])[:, None, None], atol=1e-6)
    assert model.rows == rows


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_one_run_where_there_is_nothing_to_guide_by(scale: float) -> None:
    model = Model()
    given = Asked(asked(2.0).given, asked(2.0).null if scale == 1 else None)
    answer = Guidance(scale, together=False).question([given]).put(model, X[:1], 0.5)
    assert np.allclose(answer, X[:1] * 0.5 + 4)
    assert model.rows == [1]


def test_the_same_objects_are_given_at_every_step() -> None:
    """So that a session may leave them where they are."""
    model = Model()
    question = Guidance().question([asked(1.0)])
    question.put(model, X[:1], 0.9)
    question.put(model, X[:1], 0.8)
    assert model.seen[0] is model.seen[1]


def test_an_answer_of_another_shape_is_said() -> None:
    with pytest.raises(EngineError, match=r"\(1, 3, 4\).*\(1, 3, 5\)"):
        Guidance().question([Asked({})]).put(lambda x, time, conditions: x[..., 1:], X[:1], 0.5)


def test_half_precision_is_taken() -> None:
    answer = Guidance().question([Asked({})]).put(lambda x, time, conditions: x.astype(np.float16), X, 0.5)
    assert answer.dtype == np.float32
