"""A tiny model, random but whole, exported from torch and played by the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hitpoint.exporters.diffv2m import export as exporting
from hitpoint.exporters.diffv2m.data import Scales
from hitpoint.exporters.diffv2m.latents import Coding
from hitpoint.exporters.graphs.part import Part
from hitpoint.exporters.graphs.write import About, write_pack
from hitpoint.runtime.cues.sheet import CueSheet, Hit, Storyboard
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.packs.pack import Licence, Provenance, Tensor
from hitpoint.runtime.packs.store import open_folder
from hitpoint.runtime.picture.look import Curves, Seen, VisualBeat
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

HOP = 2048


class Back(torch.nn.Module):
    def forward(self, latents):
        one = latents.transpose(1, 2).flatten(1).repeat_interleave(HOP // 4, dim=1)
        return torch.stack([one, one], dim=1)


@pytest.fixture(scope="module")
def player(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    latents, audio = (
        Tensor("latents", "float32", ("batch", 4, "frames")),
        Tensor("audio", "float32", ("batch", 2, "samples")),
    )
    write_pack(
        folder / "codec",
        About("codec", "codec", "1.0.0", "", Licence("CC0-1.0", "CC0", "https://example.org", True),
              Provenance("nothing", 0, 0, "tests"), 48_000, HOP, 2),
        [Part("decoder", Back().eval(), (latents,), (audio,), ({"batch": 1, "frames": 8}, {"batch": 2, "frames": 3}))],
    )  # fmt: skip
    source = exporting.Source(
        small.model(depth=1), Coding("codec", 48_000, HOP, 4, "hitpoint-1", (0.0,) * 4),
        Scales((0.5,) * 4, (0.2,) * 4, (0.0,), (1.0,), 0.36), exporting.APACHE,
        Provenance("nothing", 0, 0, "tests"), "tiny", {},
    )  # fmt: skip
    exporting.export(source, folder / "codec", folder / "tiny-v2m", precisions=("fp32",))
    return engine("diffv2m", pack=open_folder(folder / "tiny-v2m"), steps=3)


def seen(tint, seconds=9):
    chance = np.random.default_rng(2)
    colour = np.zeros((seconds, 3, 32, 32), np.float32)
    colour[:, tint, tint : tint + 8] = 1 / 256
    flat = np.zeros(seconds, np.float32)
    meaning = chance.normal(size=(seconds, 512)).astype(np.float32)
    return Seen((), Curves(flat, flat, flat, flat, flat), (VisualBeat(2.0, 0.5),), meaning, "hitpoint-1", colour, flat)


SHEET = CueSheet(
    "cut", Rate.of("24000/1001"), 205, 86_400,
    storyboards=(Storyboard("a", 0, 100, 100.0), Storyboard("b", 100, 205, 100.0)),
    hits=(Hit(60, "cut", weight=1.0), Hit(100, "storyboard", weight=1.0)),
)  # fmt: skip


def sound(player, sheet=SHEET, picture=None, **more):
    performance = player.perform(sheet, seed=0, seen=picture or seen(0), progress=silent, **more)
    return np.concatenate([block.stems["music"] for block in performance.blocks])


def test_an_exported_model_plays_any_length_the_same_each_time(player):
    first = sound(player)
    assert len(first) == SHEET.samples
    assert np.isfinite(first).all() and first.std() > 0.01
    player._last = None
    assert np.array_equal(first, sound(player))
    short = replace(SHEET, frames=12, storyboards=(Storyboard("a", 0, 12, 100.0),), hits=())
    assert len(sound(player, short)) == short.samples


def test_what_is_asked_changes_the_music(player):
    first = sound(player)
    assert not np.array_equal(first, sound(player, replace(SHEET, hits=(Hit(70, "cut", weight=1.0),))))
    assert not np.array_equal(first, sound(player, seeds={1: 4}))
    assert not np.array_equal(first, sound(player, picture=seen(1)))
