"""The codec's network: what goes in and out, how far it looks, and what its bass starts as."""

import pytest
import torch

from hitpoint.exporters.codec.config import BASE, LATENT_HOP, MINI, TINY
from hitpoint.exporters.codec.model import Codec
from hitpoint.exporters.codec.reach import decoder_reach, encoder_reach, reach


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def codec():
    torch.manual_seed(0)
    return Codec(TINY.size).eval().requires_grad_(False)


@pytest.mark.parametrize("frames", [1, 2, 9])
def test_a_latent_frame_is_2048_samples_both_ways(codec, frames):
    mean, spread = codec.encoder(noise(2, 2, frames * LATENT_HOP))
    assert mean.shape == spread.shape == (2, TINY.size.latent, frames)
    assert codec.decoder(mean).shape == (2, 2, frames * LATENT_HOP)


@pytest.mark.parametrize("size", [TINY.size, MINI.size], ids=["tiny", "mini"])
def test_the_decoder_looks_exactly_as_far_as_is_said(size):
    torch.manual_seed(1)
    decoder = Codec(size).decoder.double().eval().requires_grad_(False)
    before, after = decoder_reach(size)
    frames, at = 2 * max(before, after) + 3, max(before, after) + 1
    latents = noise(1, size.latent, frames).double()
    other = latents.clone()
    other[..., at] += 1.0
    changed = (decoder(latents) - decoder(other)).abs().amax((0, 1)).reshape(frames, LATENT_HOP).amax(1)
    # Frame n hangs on n - before to n + after: a change at `at` is heard from at - after to at + before.
    heard = torch.nonzero(changed).flatten()
    assert (int(heard[0]), int(heard[-1])) == (at - after, at + before)


@pytest.mark.parametrize("size", [TINY.size, MINI.size], ids=["tiny", "mini"])
def test_the_encoder_looks_exactly_as_far_as_is_said(size):
    torch.manual_seed(2)
    encoder = Codec(size).encoder.double().eval().requires_grad_(False)
    before, after = encoder_reach(size)
    frames, at = 2 * max(before, after) + 3, max(before, after) + 1
    sound = noise(1, 2, frames * LATENT_HOP).double()
    other = sound.clone()
    other[..., at * LATENT_HOP : (at + 1) * LATENT_HOP] += noise(1, 2, LATENT_HOP, seed=5).double()
    changed = (encoder(sound)[0] - encoder(other)[0]).abs().amax((0, 1))
    heard = torch.nonzero(changed).flatten()
    assert (int(heard[0]), int(heard[-1])) == (at - after, at + before)


def test_configurations_keep_their_reach_short_enough_for_pieces_of_five_seconds():
    assert reach(MINI.size) == 11
    assert reach(BASE.size) < 24


def test_one_frame_and_its_neighbours_within_reach_give_what_the_whole_gives(codec):
    side, at = reach(TINY.size), 9
    latents = noise(1, TINY.size.latent, 20)
    whole = codec.decoder(latents)[..., at * LATENT_HOP : (at + 1) * LATENT_HOP]
    piece = codec.decoder(latents[..., at - side : at + side + 1])
    assert (piece[..., side * LATENT_HOP : (side + 1) * LATENT_HOP] - whole).abs().max() < 1e-5


def test_an_untrained_codec_already_carries_a_bass_it_has_heard(codec):
    time = torch.arange(12 * LATENT_HOP) / 48_000
    tones = [torch.sin(2 * torch.pi * pitch * time + turn) for pitch in (60.0, 75.0) for turn in (0.0, 1.5)]
    sound = 0.5 * torch.stack(tones)[:, None].expand(-1, 2, -1)
    before = (codec.decoder(codec.encoder(sound)[0]) - sound).square().mean()
    begun = Codec(TINY.size).eval().requires_grad_(False)
    for parameters in (begun.encoder.leave, begun.decoder.leave, begun.decoder.hiss):
        parameters.weight.zero_()
    begun.encoder.leave.bias.zero_()
    begun.start(sound)
    after = (begun.decoder(begun.encoder(sound)[0]) - sound).square().mean()
    assert after < 0.1 * sound.square().mean() < before


def test_the_least_change_of_the_latents_throws_the_noise_anew(codec):
    latents = noise(1, TINY.size.latent, 4)
    thrown = torch.sin(latents.transpose(1, 2) @ codec.decoder.dice)
    nudged = torch.sin((latents + 0.1 * noise(*latents.shape, seed=9)).transpose(1, 2) @ codec.decoder.dice)
    assert abs(float((thrown * nudged).mean() / thrown.square().mean())) < 0.3
    assert 0.4 < float(thrown.square().mean()) < 0.6  # a sine of an even angle: one half
