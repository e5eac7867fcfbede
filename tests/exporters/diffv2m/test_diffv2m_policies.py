"""What is broken in the released model is so in `compat`, and mended in `fixed`."""

from __future__ import annotations

import pytest
import torch

from hitpoint.exporters.diffv2m.block import Stream, Streams
from hitpoint.exporters.diffv2m.model import nothing

STILL, HEARD = 1e-5, 1e-3


def permuted(value):
    return value.flip(1)


def test_released_contexts_are_bags_without_an_order(small):
    made = small.model(policy="compat")
    asked = small.clip(made)
    for name in ("meaning", "rhythm"):
        other = asked._replace(**{name: permuted(getattr(asked, name))})
        assert small.change(made, asked, other, 0.7) <= STILL
        assert small.change(made, asked, asked._replace(**{name: 9 + 9 * getattr(asked, name)}), 0.7) > STILL


def test_the_order_of_every_context_is_heard_where_it_is_mended(small):
    made = small.model()
    asked = small.clip(made)
    for name in ("meaning", "colour", "rhythm"):
        for t in (0.1, 0.7):
            assert small.change(made, asked, asked._replace(**{name: permuted(getattr(asked, name))}), t) > HEARD


def test_moving_the_times_of_seconds_is_heard(small):
    made = small.model()
    asked = small.clip(made)
    assert small.change(made, asked, asked._replace(times=asked.times + 0.5), 0.5) > HEARD


def test_colour_does_not_reach_the_released_model(small):
    made = small.model(policy="compat")
    asked = small.clip(made)
    assert small.change(made, asked, asked._replace(colour=asked.colour.flip(2)), 0.5) == 0


def test_colour_is_the_first_context_where_it_is_mended(small):
    made = small.model(fusion="FiLM_choose")
    asked = small.clip(made)
    found = made.conditioner(asked).streams
    assert not torch.equal(found.colour.tokens, found.rhythm.tokens[:, : found.colour.tokens.shape[1]])
    assert small.change(made, asked, asked._replace(colour=asked.colour.flip(2)), 0.5) > HEARD
    made.conditioner(asked).streams.colour.tokens.sum().backward()
    assert made.conditioner.conditioners["color"].proj_out1.weight.grad.abs().sum() > 0


def blocks_alone(small, made, t, stream):
    """What one context alone, behind the conditioners, changes."""
    asked = small.clip(made)
    told, whole, curve = made.told(made.conditioner(asked))
    other = told._replace(**{stream: getattr(told, stream)._replace(tokens=getattr(told, stream).tokens + 1)})
    x, at = torch.randn(2, 4, 64, generator=torch.Generator().manual_seed(1)), torch.full((2,), t)
    with torch.no_grad():
        return float(
            (made.transformer(x, at, told, whole, curve) - made.transformer(x, at, other, whole, curve)).abs().max()
        )


@pytest.mark.parametrize("fusion", ["choose", "FiLM_choose"])
def test_the_released_switch_leaves_one_branch_dead_on_either_side(small, fusion):
    made = small.model(policy="compat", fusion=fusion)
    assert blocks_alone(small, made, 0.25, "rhythm") == 0
    assert blocks_alone(small, made, 0.15, "meaning") == 0
    assert blocks_alone(small, made, 0.25, "meaning") > 0
    assert blocks_alone(small, made, 0.15, "rhythm") > 0


@pytest.mark.parametrize("fusion", ["additive", "gate", "choose", "FiLM", "FiLM_choose", "preFiLM"])
@pytest.mark.parametrize("t", [0.05, 0.95])
def test_all_branches_live_at_all_times_where_it_is_mended(small, fusion, t):
    made = small.model(fusion=fusion)
    for stream in ("colour", "meaning", "rhythm"):
        assert blocks_alone(small, made, t, stream) > 1e-6


@pytest.mark.parametrize("policy", ["fixed", "compat"])
def test_asking_for_nothing_is_zeros_in_the_place_of_tokens(small, policy):
    made = small.model(policy=policy)
    asked = small.clip(made)
    found = made.conditioner(asked)
    zeros = Streams(*(stream._replace(tokens=torch.zeros_like(stream.tokens)) for stream in found.streams))
    curve = None if found.curve is None else torch.zeros_like(found.curve)
    x, t = torch.randn(2, 4, 64, generator=torch.Generator().manual_seed(1)), torch.full((2,), 0.5)
    with torch.no_grad():
        told, whole, _ = made.told(found._replace(streams=zeros))
        assert torch.equal(made.transformer(x, t, told, whole, curve), made(x, t, nothing(asked)))
    assert small.change(made, asked, nothing(asked), 0.5) > STILL


def test_nothing_seen_and_nothing_told_gives_numbers(small):
    """One token of nothing is never masked."""
    made = small.model()
    asked = small.clip(made)
    blind = asked._replace(seen=torch.zeros_like(asked.seen), told=torch.zeros_like(asked.told))
    with torch.no_grad():
        v = made(torch.randn(2, 4, 64), torch.full((2,), 0.5), blind)
    assert torch.isfinite(v).all()
    # What is masked and what is not asked for come to the same.
    assert small.change(made, blind, nothing(asked), 0.5) <= STILL


def test_what_is_not_told_is_not_heard(small):
    made = small.model()
    asked = small.clip(made)._replace(told=torch.arange(64).expand(2, -1) < 40)
    other = asked.rhythm.clone()
    other[:, 40:] = 0.9
    assert small.change(made, asked, asked._replace(rhythm=other), 0.5) <= STILL


def test_modulated_contexts_pile_up_as_released_and_not_where_it_is_mended(small):
    for policy, piles_up in (("compat", True), ("fixed", False)):
        made = small.model(policy=policy, fusion="preFiLM")
        block = made.transformer.blocks()[0]
        tokens = torch.randn(1, 4, 16, generator=torch.Generator().manual_seed(2))
        streams = Streams(*(Stream(tokens, torch.ones(1, 4, dtype=torch.bool)) for _ in range(3)))
        with torch.no_grad():
            after = block.hear(streams, torch.tensor([0.5]))[1]
        assert torch.equal(after.rhythm.tokens, tokens) is not piles_up
        assert torch.equal(after.colour.tokens, tokens)


def test_released_norms_replace_what_flows_and_mended_ones_do_not(small):
    """A constant shift of one channel is forgotten by the released block and kept by the mended one."""
    for policy, kept in (("compat", False), ("fixed", True)):
        made = small.model(policy=policy)
        block = made.transformer.blocks()[0]
        asked = small.clip(made)
        told, _, _ = made.told(made.conditioner(asked))
        h = torch.randn(2, 9, 32, generator=torch.Generator().manual_seed(3))
        with torch.no_grad():
            heard = block.hear(told, torch.full((2,), 0.5))[0]
            turn = made.transformer.turn[:9]
            one, other = (block(each, torch.full((2,), 0.5), heard, turn) for each in (h, h * 1000))
        grown = float(other.abs().max() / one.abs().max())
        assert (grown > 100) is kept


def test_a_curve_that_moves_with_its_latents_moves_the_answer(small):
    """Untrained: shifting latents and aligned curve by k frames shifts what comes out, away from the edges."""
    made = small.model()
    block = made.transformer.blocks()[0]
    for layer in (block.cross_attn0, block.cross_attn1, block.cross_attn2):
        torch.nn.init.zeros_(layer.to_out.weight)
    asked = small.clip(made, batch=1)._replace(seen=torch.zeros(1, 3, dtype=torch.bool))
    k, chance = 8, torch.Generator().manual_seed(4)
    x = torch.zeros(1, 4, 64)
    x[..., 24:32] = torch.randn(1, 4, 8, generator=chance)
    rhythm = torch.zeros(1, 64, 1)
    rhythm[:, 26] = 1.0
    t = torch.tensor([0.3])
    with torch.no_grad():
        here = made(x, t, asked._replace(rhythm=rhythm))
        there = made(x.roll(k, 2), t, asked._replace(rhythm=rhythm.roll(k, 1)))
        unmoved = made(x.roll(k, 2), t, asked._replace(rhythm=rhythm))
    near = float((here[..., 22:34] - there[..., 22 + k : 34 + k]).abs().max())
    far = float((here[..., 22:34] - unmoved[..., 22 + k : 34 + k]).abs().max())
    assert near < 0.15 * far


def test_the_predictor_of_the_release_looks_at_padding_and_the_mended_one_does_not(small):
    for policy, looks in (("compat", True), ("fixed", False)):
        made = small.model(policy=policy)
        chance = torch.Generator().manual_seed(5)
        meaning, onsets, beats = (
            torch.randn(1, 6, 512, generator=chance),
            torch.zeros(1, 6, dtype=torch.long),
            torch.zeros(1, 6),
        )
        known = torch.tensor([[True, True, True, True, False, False]])
        other = meaning.clone()
        other[:, 4:] = 5.0
        with torch.no_grad():
            one, two = (made.predict(each, onsets, beats, known)[:, :4] for each in (meaning, other))
        assert (float((one - two).abs().max()) > 1e-4) is looks
