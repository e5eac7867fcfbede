"""The pieces that models are made of, against plain arithmetic."""

from __future__ import annotations

import numpy as np
import torch

from hitpoint.exporters.nets.attention import CrossAttention, SelfAttention
from hitpoint.exporters.nets.feedforward import FeedForward
from hitpoint.exporters.nets.norms import level, standard
from hitpoint.exporters.nets.numbers import FourierFeatures, NumberEmbedder
from hitpoint.exporters.nets.rotary import Rotary, turned, turns


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_turned_product_hangs_on_the_distance_of_positions_alone():
    rotary, q, k = Rotary(8), random(1, 1, 1, 12), random(1, 1, 1, 12, seed=1)

    def product(a, b):
        return float((turned(q, turns(rotary(torch.tensor([a])))) * turned(k, turns(rotary(torch.tensor([b]))))).sum())

    assert abs(product(0.25, 2.0) - product(10.25, 12.0)) < 1e-5
    assert abs(product(0.25, 2.0) - product(0.25, 4.0)) > 1e-3


def test_dimensions_beyond_the_turning_ones_stay():
    x = random(1, 2, 3, 12)
    assert torch.equal(turned(x, turns(Rotary(8)(torch.arange(3.0))))[..., 8:], x[..., 8:])


def test_the_first_pair_turns_by_one_radian_a_position():
    x = torch.zeros(1, 1, 1, 8)
    x[..., 0] = 1.0  # partner of dimension 4
    made = turned(x, turns(Rotary(8)(torch.tensor([0.5]))))[0, 0, 0]
    assert np.allclose(made.numpy()[[0, 4]], [np.cos(0.5), np.sin(0.5)], atol=1e-6)


def test_cross_attention_is_what_a_loop_over_heads_and_rows_gives():
    layer = CrossAttention(16, 8, 4)  # heads of 4 dimensions, two of them share each of the context's two
    torch.nn.init.eye_(layer.to_out.weight)
    x, context = random(1, 3, 16), random(1, 5, 8, seed=1)
    mask = torch.tensor([[True, False, True, True, False]])
    with torch.no_grad():
        made = layer(x, *layer.keys_values(context), mask)[0].numpy()
    q = x[0].numpy() @ layer.to_q.weight.detach().numpy().T
    k, v = np.split(context[0].numpy() @ layer.to_kv.weight.detach().numpy().T, 2, axis=1)
    for head in range(4):
        shared = slice(4 * (head // 2), 4 * (head // 2) + 4)
        for row in range(3):
            scores = k[[0, 2, 3], shared] @ q[row, 4 * head : 4 * head + 4] / 2
            weights = np.exp(scores - scores.max())
            expected = weights @ v[[0, 2, 3], shared] / weights.sum()
            assert np.allclose(made[row, 4 * head : 4 * head + 4], expected, atol=1e-5)


def test_what_is_masked_is_not_heard():
    layer = CrossAttention(16, 16, 2)
    torch.nn.init.eye_(layer.to_out.weight)
    x, context = random(2, 3, 16), random(2, 4, 16, seed=1)
    mask = torch.tensor([[True, True, False, False]] * 2)
    other = context.clone()
    other[:, 2:] = 9.0
    with torch.no_grad():
        first, second = (layer(x, *layer.keys_values(each), mask) for each in (context, other))
    assert torch.equal(first, second)


def test_new_layers_change_nothing():
    x = random(2, 5, 16)
    with torch.no_grad():
        assert not SelfAttention(16, 2)(x).any()
        assert not FeedForward(16, 24)(x).any()


def test_standard_numbers_leave_out_what_is_not_known():
    x = random(2, 6, 3) * 4 + 7
    known = torch.ones(2, 6, dtype=torch.bool)
    known[:, 4:] = False
    other = x.clone()
    other[:, 4:] = 100.0
    made = standard(other, known)
    inside = x[0, :4].numpy()
    assert np.allclose(made[0, :4].numpy(), (inside - inside.mean()) / inside.std(), atol=1e-4)
    assert not made[:, 4:].any()


def test_levelled_vectors_have_a_mean_square_of_one_and_nothing_stays_nothing():
    assert np.allclose(level(random(3, 32) * 50).square().mean(-1).numpy(), 1, atol=1e-4)
    assert not level(torch.zeros(2, 4)).any()


def test_numbers_become_waves_of_learned_frequencies():
    features, number = FourierFeatures(3), NumberEmbedder(2, 3)
    f, w = features.weight.detach().numpy()[:, 0], number.embedding[0].weights.detach().numpy()
    t = 0.3
    with torch.no_grad():
        waves = features(torch.tensor([t]))[0].numpy()
        inner = number.embedding[0](torch.tensor([t]))[0].numpy()
    assert np.allclose(waves, [*np.cos(2 * np.pi * f * t), *np.sin(2 * np.pi * f * t)], atol=1e-5)
    assert np.allclose(inner, [t, *np.sin(2 * np.pi * w * t), *np.cos(2 * np.pi * w * t)], atol=1e-5)
