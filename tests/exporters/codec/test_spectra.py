"""Spectra: the two transforms agree with numpy's, come back, and steady tones stand still in them."""

import numpy as np
import pytest
import torch

from hitpoint.exporters.codec.config import HOP, LATENT_HOP, WINDOW
from hitpoint.exporters.codec.fourier import Library, Matrices
from hitpoint.exporters.codec.spectra import Spectra


@pytest.mark.parametrize("way", [Library(), Matrices()], ids=["library", "matrices"])
def test_the_transform_is_numpys(way):
    sound = torch.randn((3, 2, 2, WINDOW), generator=torch.Generator().manual_seed(1))
    real, imaginary = way.spectrum(sound)
    right = np.fft.rfft(sound.double().numpy(), norm="ortho")
    assert np.abs(real.numpy() + 1j * imaginary.numpy() - right).max() < 1e-5
    assert (way.sound(real, imaginary) - sound).abs().max() < 1e-5


@pytest.mark.parametrize("way", [Library(), Matrices()], ids=["library", "matrices"])
def test_what_no_real_sound_has_at_the_ends_of_its_spectrum_is_not_heard(way):
    real, imaginary = torch.zeros(1, 2, WINDOW // 2 + 1), torch.zeros(1, 2, WINDOW // 2 + 1)
    imaginary[..., 0], imaginary[..., -1] = 3.0, 5.0
    assert way.sound(real, imaginary).abs().max() < 1e-6


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_a_sound_comes_back_from_its_spectra_up_to_its_first_and_last_sample(frames):
    sound = torch.randn((2, 2, frames * LATENT_HOP), generator=torch.Generator().manual_seed(2))
    spectra = Spectra()
    assert (spectra.synthesise(*spectra.analyse(sound)) - sound).abs().max() < 1e-5


def test_a_tone_on_a_bin_has_one_phase_in_all_frames():
    bin = 37
    time = torch.arange(6 * LATENT_HOP) / WINDOW
    tone = torch.cos(2 * torch.pi * bin * time + 0.7).expand(1, 2, -1)
    real, imaginary = Spectra().analyse(tone)
    phase = torch.atan2(imaginary, real)[0, 2:-3, :, bin]  # frames that reach past the ends hear less
    assert (phase - 0.7).abs().max() < 1e-3


def test_a_click_has_one_phase_in_all_frames_that_hear_it():
    at = 3 * LATENT_HOP + 700
    click = torch.zeros(1, 2, 6 * LATENT_HOP)
    click[..., at] = 1.0
    real, imaginary = Spectra().analyse(click)
    loud = (real.square() + imaginary.square())[0, :, 0].sum(-1)
    heard = torch.nonzero(loud > 1e-6).flatten().tolist()
    assert len(heard) == WINDOW // HOP
    phases = torch.atan2(imaginary, real)[0, heard, 0, 5:50]
    turned = torch.remainder(phases - phases[0] + 0.1, 2 * torch.pi) - 0.1
    assert turned.abs().max() < 1e-2
