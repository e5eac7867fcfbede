"""The pack that ships: it says what it is, plays without torch, and its onsets follow the rhythm that is asked for."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from hitpoint.plugin import choosing
from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, Storyboard
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.measure.onsets import HOP as RISE
from hitpoint.runtime.measure.onsets import OnsetEnvelope
from hitpoint.runtime.packs import store
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

SHIPPED = "diffv2m-small"
SR, RATE = 48_000, Rate.of(25)
SECONDS, STEPS, PIECES = 10, 8, 6


@pytest.fixture(scope="module")
def shipped():
    return store.find(SHIPPED)


@pytest.fixture(scope="module")
def player(shipped):
    return engine("diffv2m", pack=shipped, device="cpu", steps=STEPS, rhythm="plan")


def sheet(hits, seconds=SECONDS):
    """One storyboard whose beats are two seconds apart and weak, with strong hits on these seconds."""
    frames = seconds * 25
    board = Storyboard("One", 0, frames, 30.0, brief=Brief(energy=0.0, density=0.0))
    return CueSheet(
        "cut", RATE, frames, storyboards=(board,), hits=tuple(Hit(RATE.frame_at(at), "cut", weight=1.0) for at in hits)
    )


def some_hits(seed):
    """Seven moments, never less than 0.6 s apart."""
    gaps = 0.6 + np.random.default_rng(seed).dirichlet(np.ones(8)) * (SECONDS - 1 - 7 * 0.6)
    return np.round(np.cumsum(gaps)[:7] * 25) / 25


def sound_of(player, plan, seed=0, **more):
    blocks = player.perform(plan, seed=seed, progress=silent, **more).blocks
    return np.concatenate([block.stems["music"] for block in blocks])


def rises(sound):
    """The onset strength of a sound, by the code that hears the beats of any music; one value in RISE samples."""
    envelope = OnsetEnvelope()
    for start in range(0, len(sound), SR):
        envelope.feed(sound[start : start + SR])
    return envelope.result()


def rise_at(curve, moments):
    """The mean of the curve's highest values within 60 ms of the moments, in its own spreads above its mean."""
    usual = (curve - curve.mean()) / curve.std()
    at = np.rint(np.asarray(moments) * SR / RISE).astype(int)
    reach = round(0.06 * SR / RISE)
    return float(np.mean([usual[max(0, k - reach) : k + reach + 1].max() for k in at]))


@pytest.fixture(scope="module")
def pieces(player):
    """Each piece's hits and its rises; every piece has the same seed, so only what is asked differs."""
    return [(some_hits(n), rises(sound_of(player, sheet(some_hits(n))))) for n in range(PIECES)]


def test_onsets_follow_the_rhythm_that_is_asked_for_and_no_other_one(pieces):
    own = [rise_at(curve, hits) for hits, curve in pieces]
    other = [rise_at(curve, pieces[(n + 1) % PIECES][0]) for n, (_, curve) in enumerate(pieces)]
    differences = np.subtract(own, other)
    assert (differences > 0).all(), (own, other)  # by chance once in 64 times
    assert differences.mean() > 0.5


def test_a_rhythm_that_comes_half_a_second_later_moves_the_onsets_by_as_much(player, pieces):
    hits, _ = pieces[0]
    later = rises(sound_of(player, sheet(hits + 0.52)))
    assert rise_at(later, hits + 0.52) > rise_at(later, hits) + 0.5


def test_a_seed_gives_its_own_music_every_time_and_each_stays_within_full_scale(player):
    plan = sheet(some_hits(9), 6)
    one, again, other = (sound_of(player, plan, seed) for seed in (3, 3, 4))
    assert one.shape == (6 * SR, 2) and np.array_equal(one, again)
    assert not np.array_equal(one, other)
    for made in (one, other):
        assert np.isfinite(made).all() and np.sqrt(np.mean(made**2)) > 0.01 and np.abs(made).max() < 4.0


def test_where_windows_meet_nothing_more_begins_than_elsewhere(player):
    """Thirty seconds take several windows of eleven; beats lie evenly, so rises at the joins are as anywhere."""
    plan = sheet(np.arange(1.0, 29.0), 30)
    curve = rises(sound_of(player, plan))
    windows = player._maker(plan, None, []).windows
    laid = windows.lay(round(30 * player.settings.rate))
    assert len(laid.starts) >= 3
    joins = np.array(laid.starts[1:]) / player.settings.rate
    anywhere = np.arange(0.5, 29.0, 0.35)
    around = [rise_at(curve, [moment]) for moment in anywhere]
    assert rise_at(curve, joins) < np.mean(around) + 2 * np.std(around)


def test_one_storyboard_is_made_anew_and_the_other_stays(player):
    board = Brief(energy=0.3, density=0.2)
    boards = tuple(Storyboard(name, a, a + 150, 60.0, brief=board) for name, a in (("One", 0), ("Two", 150)))
    plan = CueSheet("cut", RATE, 300, storyboards=boards)
    one, anew = sound_of(player, plan), sound_of(player, plan, seeds={1: 5})
    edge = round((6 - player.join) * SR) - 12 * 2048  # and what the decoder hears beside it
    assert np.array_equal(one[:edge], anew[:edge])
    assert np.abs(one[7 * SR :] - anew[7 * SR :]).max() > 0.01


def test_the_pack_says_what_it_is_and_is_the_engines_own(shipped):
    assert choosing.packs_for("diffv2m")[0].name == SHIPPED
    assert shipped.licence.id == "Apache-2.0" and shipped.licence.commercial
    assert "proof of the whole chain" in shipped.description and "no rival" in shipped.description
    made = shipped.provenance
    assert "hitpoint's own composer" in made.trained_on and "on a CPU" in made.trained_on and made.steps > 1000
    assert sum(path.stat().st_size for path in shipped.folder.iterdir()) < 40 * 10**6
    assert all(len(graph.variants) == 1 for graph in shipped.graphs.values())


def test_it_plays_where_torch_is_not_installed():
    code = f"""
import sys
for name in ("torch", "onnx", "transformers", "diffusers", "safetensors"):
    sys.modules[name] = None
import numpy as np
from hitpoint.runtime.cues.sheet import CueSheet, Storyboard
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.packs import store
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate
player = engine("diffv2m", pack=store.find("{SHIPPED}"), device="cpu", steps=2)
plan = CueSheet("cut", Rate.of(25), 75, storyboards=(Storyboard("One", 0, 75, 90.0),))
sound = np.concatenate([b.stems["music"] for b in player.perform(plan, seed=0, progress=silent).blocks])
print(sound.shape, np.isfinite(sound).all(), float(np.abs(sound).max()) > 0.01)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/", timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(144000, 2) True True"
