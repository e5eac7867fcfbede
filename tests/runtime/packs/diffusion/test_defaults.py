"""What a pack says of its sampler."""

from __future__ import annotations

import pytest

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs.diffusion.defaults import sampling_of, windows_of
from hitpoint.runtime.packs.diffusion.guidance import Guidance
from hitpoint.runtime.packs.diffusion.sample import DIFFV2M, Sampling
from hitpoint.runtime.packs.diffusion.schedule import ScaledLinear
from hitpoint.runtime.packs.diffusion.windows import Windows


def test_a_pack_that_says_nothing_is_sampled_as_usual() -> None:
    assert sampling_of({}, together=True) == Sampling()
    assert windows_of({}) == Windows()


def test_the_released_way_is_a_word() -> None:
    assert sampling_of({"method": "ddim"}, together=True) == DIFFV2M


def test_audioldm_is_said_in_full() -> None:
    said = {
        "schedule": "scaled-linear",
        "predicts": "noise",
        "steps": 25,
        "guidance": 3.5,
        "window": 256,
        "multiple": 8,
    }
    assert sampling_of(said, together=False) == Sampling(
        schedule=ScaledLinear(1000, 0.0015, 0.0195), predicts="noise", steps=25, guidance=Guidance(3.5, False)
    )
    assert windows_of(said, batch=4, fixed=True) == Windows(256, 51, 4, 8, True)


def test_the_user_has_the_last_word_on_steps() -> None:
    assert sampling_of({"steps": 25}, together=True, steps=12).steps == 12


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"sigma": 1}, "'sigma'"),
        ({"method": "euler"}, "ddim, dpm"),
        ({"method": ["ddim"]}, "method"),
        ({"steps": 0}, "from 1 to 1000"),
        ({"steps": 10.5}, "steps 10.5"),
        ({"steps": True}, "steps True"),
        ({"guidance": float("nan")}, "guidance nan"),
        ({"guidance": "3"}, "guidance '3'"),
        ({"schedule": "scaled-linear", "last_beta": 2}, "last_beta 2"),
        ({"predicts": "noise"}, "without signal"),
        ({"window": 64, "overlap": 64}, "windows of 64"),
        ({"window": 65, "multiple": 8}, "windows of 65"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(said: dict[str, object], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        sampling_of(
            {key: value for key, value in said.items() if key not in ("window", "overlap", "multiple")}, together=True
        )
        windows_of(said)
