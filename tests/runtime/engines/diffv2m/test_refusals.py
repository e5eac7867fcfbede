"""Packs that the engine diffv2m cannot play, and wishes that a pack cannot grant: one line, exit status 5."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import CueSheet, Storyboard
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.errors import EngineError, UsageError
from hitpoint.runtime.packs import store
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "fake.py")))


@pytest.fixture
def opened(packs, tmp_path):
    def build(*, playing=None, **said):
        return engine(
            "diffv2m", pack=store.open_folder(fake.write(packs, tmp_path / "fake", **said)), **(playing or {})
        )

    return build


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"family": "codec"}, "family 'codec'"),
        ({"models": {"decoder": None}}, "no graph 'decoder'"),
        ({"models": {"condition": None}}, "no graph 'condition'"),
        ({"settings": {"policy": "newest"}}, "'policy' is 'newest'"),
        ({"settings": {"latent_mean": [0.0]}}, "'latent_spread'"),
        ({"settings": {"latent_spread": [1.0, 1.0, 0.0, 1.0]}}, "'latent_spread'"),
        ({"settings": {"latent_mean": [0.0] * 3, "latent_spread": [1.0] * 3}}, "3"),
        ({"settings": {"null": "curve"}}, "'null'"),
        ({"settings": {"null": ["carve"]}}, "'carve'"),
        ({"settings": {"rhythm_width": 0}}, "'rhythm_width'"),
        ({"settings": {"rhythm_usual": True}}, "'rhythm_usual'"),
        ({"models": {"step": {"fp32": fake.condition()}}}, "'step' wants"),
        ({"sampler": {"method": "magic"}}, "magic"),
        ({"sampler": {"overlap": 300}}, "overlap"),
        ({"sample_rate": None}, "sample_rate"),
        ({"playing": {"variant": "fp16"}}, "no variant fp16"),
        ({"playing": {"device": "abacus"}}, "no device 'abacus'"),
        ({"models": {"predictor": None}, "playing": {"rhythm": "predicted"}}, "no predictor"),
        ({"models": {"predictor": None}, "playing": {"rhythm": "both"}}, "no predictor"),
        ({"width": 16, "settings": {"rhythm": "mel"}, "playing": {"rhythm": "plan"}}, "no plan can draw"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_is_made(opened, said, words):
    with pytest.raises(EngineError, match=words) as caught:
        opened(**said)
    assert caught.value.status == 5
    assert "fake" in str(caught.value) or "abacus" in words or "sampler" in str(caught.value)


@pytest.mark.parametrize("playing", [{"steps": 0}, {"guidance": -1.0}])
def test_numbers_that_cannot_be_are_wrong_usage(opened, playing):
    with pytest.raises(UsageError):
        opened(playing=playing)


SHEET = CueSheet("cut", Rate.of(24), 96, storyboards=(Storyboard("", 0, 96, 100.0),))


def test_a_model_that_runs_astray_is_said_in_one_line(opened):
    player = opened(models={"step": {"fp32": fake.step(poison=True)}})
    with pytest.raises(EngineError, match="no numbers"):
        player.perform(SHEET, seed=0, progress=silent)


def test_a_predictor_that_answers_nonsense_is_said(opened):
    player = opened(models={"predictor": {"fp32": fake.predictor(strength=float("inf"))}})
    with pytest.raises(EngineError, match="no rhythm"):
        player._model.predict(
            {
                "meaning": np.ones((1, 4, 512), np.float32),
                "onsets": np.ones((1, 4), np.int64),
                "beats": np.ones((1, 4), np.float32),
                "known": np.ones((1, 4), np.bool_),
            }
        )


def test_a_pack_without_a_predictor_takes_the_plan_and_one_of_mel_what_is_predicted(opened, packs, tmp_path):
    assert opened(models={"predictor": None}).rhythm == "plan"
    folder = fake.write(packs, tmp_path / "mel", width=16, settings={"rhythm": "mel"})
    assert engine("diffv2m", pack=store.open_folder(folder)).rhythm == "predicted"


def test_a_storyboard_that_there_is_not_has_no_seed(opened):
    with pytest.raises(UsageError, match="number 3"):
        opened().perform(SHEET, seed=0, seeds={3: 1}, progress=silent)
