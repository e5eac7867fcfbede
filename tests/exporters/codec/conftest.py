"""A codec so small that it trains in seconds, the sounds that it is trained on, and the pack that it becomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest


@pytest.fixture(scope="session")
def sounds():
    """Six stereo sounds of four seconds in 16 bits: a few tones that swell, and noise."""
    dice = np.random.default_rng(3)
    time = np.arange(4 * 48_000) / 48_000
    made = []
    for _ in range(6):
        tones = sum(
            np.sin(2 * np.pi * pitch * time + dice.uniform(0, 6)) * (1 + np.sin(2 * np.pi * slow * time))
            for pitch, slow in zip(dice.uniform(60, 3000, 4), dice.uniform(0.5, 3, 4), strict=True)
        )
        wide = tones[:, None] * dice.uniform(0.3, 1, 2) + dice.normal(0, 0.2, (len(time), 2))
        made.append((wide / np.abs(wide).max() * 20_000).astype(np.int16))
    return made


@pytest.fixture(scope="session")
def tiny():
    from hitpoint.exporters.codec.config import TINY

    return replace(TINY, plan=replace(TINY.plan, steps=12, critic_from=6))


@pytest.fixture(scope="session")
def trained_folder(sounds, tiny, tmp_path_factory):
    """A finished run of the tiny codec."""
    from hitpoint.exporters.codec.train import Often, train

    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(sounds[:4], sounds[4:], folder, tiny, seed=7, trained_on="tones", often=Often(log=3, held_out=6))
    return folder


@pytest.fixture(scope="session")
def tiny_pack(trained_folder, tmp_path_factory):
    from hitpoint.exporters.codec.export import export

    return export(trained_folder, tmp_path_factory.mktemp("packs") / "codec-tiny")
