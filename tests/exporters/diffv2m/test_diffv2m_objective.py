"""What is learned, and from what."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hitpoint.exporters.diffv2m import objective
from hitpoint.exporters.diffv2m.data import Scales, Windows
from hitpoint.exporters.diffv2m.objective import RELEASED, Plan
from hitpoint.runtime.packs.diffusion.prediction import clean_of, target
from hitpoint.runtime.packs.diffusion.schedule import Cosine


def windows(small, made, count=4):
    held = small.shelf(count)
    return Windows(held.train(), held.coding, made.config, Scales.of(held.train(), made.config), 0)


def learned(small, made, plan=None, done=0.0):
    batch = windows(small, made).batch(0, 4)
    chance = torch.Generator().manual_seed(0)
    t = torch.tensor([0.1, 0.3, 0.6, 0.9])
    noise = torch.randn(batch.latents.shape, generator=chance)
    return objective.losses(made, batch, plan or Plan(), t=t, noise=noise, done=done, chance=chance)


def test_v_is_the_one_that_the_runtime_samples_by():
    clean, noise = torch.randn(1, 4, 8), torch.randn(1, 4, 8)
    x, v = objective.noised(clean, noise, torch.tensor([0.37]))
    at = Cosine().at(0.37)
    assert np.allclose(v[0].numpy(), target("v", clean[0].numpy(), noise[0].numpy(), at), atol=1e-5)
    assert np.allclose(clean_of("v", x[0].numpy(), v[0].numpy(), at), clean[0].numpy(), atol=1e-5)


def test_times_fill_the_whole_range_evenly_and_go_on_where_a_step_ended():
    drawn = torch.cat([objective.times(3, step, 16) for step in range(16)])
    assert np.histogram(drawn.numpy(), 16, (0, 1))[0].tolist() == [16] * 16
    assert torch.equal(objective.times(3, 2, 16), drawn[32:48])
    assert not torch.equal(objective.times(4, 0, 16), drawn[:16])


def test_all_conditions_are_dropped_together_in_a_tenth_of_the_samples():
    chance = torch.Generator().manual_seed(0)
    drawn = objective.drops(Plan(single=0.0), 20_000, chance)
    assert abs(float(drawn.all(1).float().mean()) - 0.1) < 0.01
    assert torch.equal(drawn.all(1), drawn.any(1))


def test_released_drops_hardly_ever_meet():
    drawn = objective.drops(RELEASED, 100_000, torch.Generator().manual_seed(0))
    assert abs(float(drawn.float().mean()) - 0.1) < 0.01
    assert abs(float(drawn.all(1).float().mean()) - 0.001) < 0.0006


def test_single_streams_are_dropped_besides():
    drawn = objective.drops(Plan(), 20_000, torch.Generator().manual_seed(0))
    assert float(drawn.all(1).float().mean()) == pytest.approx(0.1 + 0.9 * 0.001, abs=0.01)
    assert float(drawn[:, 1].float().mean()) == pytest.approx(1 - 0.9 * 0.9, abs=0.01)


@pytest.mark.parametrize(("epoch", "real"), [(0, 1.0), (10, 1.0), (15, 0.75), (20, 0.5), (30, 0.0), (49, 0.0)])
def test_the_released_plan_goes_from_real_to_predicted_rhythm_between_epochs_10_and_30_of_50(epoch, real):
    assert RELEASED.real(epoch / 50) == pytest.approx(real)


def test_the_mended_plan_keeps_real_rhythm_and_can_be_told_to_know_no_other():
    assert Plan().real(1.0) == 0.5
    assert Plan(scheduled=False).real(1.0) == 1.0


def test_no_gradient_of_the_diffusion_reaches_the_predictor_and_all_of_it_reaches_the_rhythm_encoder(small):
    for policy, encoder_learns in (("fixed", True), ("compat", False)):
        made = small.model(policy=policy).train()
        never = Plan(joint=0.0, single=0.0, falls_from=-1.0, falls_to=-0.5, least_real=0.0)
        diffusion, _ = learned(small, made, never, done=0.5)
        made.zero_grad()
        diffusion.backward()
        assert all(p.grad is None or not p.grad.any() for p in made.predictor.parameters())
        encoder = made.conditioner.conditioners["rhythm"].proj_out2.weight.grad
        assert bool(encoder is not None and encoder.any()) is encoder_learns


def test_every_sample_counts_in_the_mended_loss_of_the_predictor(small):
    made = small.model()
    batch = windows(small, made).batch(0, 4)
    found = torch.zeros_like(batch.clip.rhythm)
    plain = objective.rhythm_loss(made, found, batch)
    assert float(plain) == pytest.approx(float(batch.clip.rhythm[batch.known].square().mean()), rel=1e-4)
    for row in range(4):
        other = found.clone()
        other[row] += 1
        assert float(objective.rhythm_loss(made, other, batch)) != pytest.approx(float(plain))


def test_the_released_loss_of_the_predictor_takes_its_mask_for_numbers_of_samples(small):
    made = small.model(policy="compat")
    batch = windows(small, made).batch(0, 4)
    clip = batch.clip._replace(told=torch.tensor([[True, True, False]] * 4))
    found = torch.randn(batch.clip.rhythm.shape, generator=torch.Generator().manual_seed(0))
    numbers = clip.told.long()
    literally = (found[numbers] - clip.rhythm[numbers]).square().mean()
    assert float(objective.rhythm_loss(made, found, batch._replace(clip=clip))) == pytest.approx(
        float(literally), rel=1e-4
    )


def test_windows_are_what_the_piece_holds_at_that_place(small):
    made = small.model()
    drawing = windows(small, made)
    piece, begin = drawing.pieces[0], 30
    batch = drawing.window(piece, begin, 64)
    start = begin * 2048 / 48_000
    mean, spread = (np.array(each)[:, None] for each in (drawing.scales.mean, drawing.scales.spread))
    assert np.allclose(batch.latents[0].numpy() * spread + mean, piece.latents[:, 30:94], atol=1e-4)
    first = math.floor(start)
    assert np.allclose(batch.clip.times[0].numpy(), first + 0.5 - start + np.arange(4), atol=1e-5)
    assert np.allclose(batch.clip.meaning[0, 0].numpy(), piece.meaning[first], atol=1e-5)
    assert float(batch.clip.colour[0, 0].sum()) == pytest.approx(1, abs=1e-3)
    inside = [time for time in piece.times if start + 0.05 < time < start + 64 * 2048 / 48_000 - 0.05]
    for time in inside:
        at = int((time - start) * 23.4375)
        assert batch.clip.rhythm[0, max(at - 1, 0) : at + 2].max() > 0.05
    cuts = [int((cut - start) * 23.4375 + 1e-6) for cut in piece.cuts if start <= cut < start + 64 / 23.4375]
    assert batch.onsets[0].nonzero()[:, 0].tolist() == sorted(set(cuts))


def test_past_the_end_of_a_piece_there_is_what_the_codec_makes_of_silence(small):
    made = small.model()
    drawing = windows(small, made)
    piece = small.piece(0, seconds=2.0)
    batch = drawing.window(piece, 0, 64)
    mean, spread = (np.array(each) for each in (drawing.scales.mean, drawing.scales.spread))
    assert np.allclose(batch.latents[0, :, -1].numpy(), (0 - mean) / spread, atol=1e-5)
    assert not batch.clip.seen[0, 2:].any()


def test_a_step_gets_the_same_windows_every_time_and_other_steps_others(small):
    made = small.model()
    drawing = windows(small, made)
    assert torch.equal(drawing.batch(5, 3).latents, drawing.batch(5, 3).latents)
    one, other = drawing.batch(5, 3).latents, drawing.batch(6, 3).latents
    assert one.shape != other.shape or not torch.equal(one, other)


def test_released_windows_begin_with_a_second(small):
    made = small.model(policy="compat")
    batch = windows(small, made).batch(0, 4)
    assert batch.clip.rhythm.shape == (4, 3, 1)
    assert batch.latents.shape == (4, 4, 64)
    assert not batch.clip.start.any()
