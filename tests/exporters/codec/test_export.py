"""A trained codec as a pack: it plays as torch does, in pieces as in one, and says where it is from."""

import numpy as np
import pytest
import torch

from hitpoint.exporters.codec.export import judge, named
from hitpoint.exporters.codec.reach import reach
from hitpoint.exporters.codec.train import trained
from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.codec.codec import Codec
from hitpoint.runtime.packs.session import Sessions


@pytest.fixture(scope="module")
def whole(trained_folder):
    """The same codec in torch: sound -> latents, latents -> sound."""
    codec, said = trained(trained_folder)
    mean, deviation = said["mean"][:, None], said["deviation"][:, None]

    @torch.no_grad()
    def encode(sound):
        found, _ = codec.encoder(torch.from_numpy(np.ascontiguousarray(sound.T))[None])
        return ((found[0] - mean) / deviation).numpy()

    @torch.no_grad()
    def decode(latents):
        return codec.decoder(torch.from_numpy(latents)[None] * deviation + mean)[0].T.numpy()

    return encode, decode


def playing(pack, piece=128, variant="fp32"):
    object.__setattr__(pack, "settings", {**pack.settings, "piece": piece})
    return Codec(pack, Sessions("cpu", variant))


@pytest.mark.parametrize("frames", [1, 3, 40])
@pytest.mark.parametrize("piece", [1, 7, 128])
def test_the_pack_plays_what_torch_plays_in_pieces_of_any_size(tiny_pack, whole, frames, piece):
    latents = np.random.default_rng(frames).standard_normal((8, frames)).astype(np.float32)
    played = playing(tiny_pack, piece).decode(latents)
    assert played.shape == (frames * 2048, 2)
    assert np.abs(played - whole[1](latents)).max() < 1e-4


@pytest.mark.parametrize("piece", [1, 5, 128])
def test_the_pack_hears_what_torch_hears_in_pieces_of_any_size(tiny_pack, whole, sounds, piece):
    sound = sounds[5][: 17 * 2048].astype(np.float32) / 32768
    heard = playing(tiny_pack, piece).encode(sound)
    right = whole[0](sound)
    assert heard.shape == right.shape == (8, 17)
    assert np.abs(heard - right).max() < 2e-4 * np.abs(right).max()


def test_latents_have_mean_0_and_variance_1_over_what_it_learned_from(tiny_pack, sounds):
    codec = playing(tiny_pack)
    latents = np.concatenate([codec.encode(sound.astype(np.float32) / 32768) for sound in sounds[:4]], axis=1)
    assert np.abs(latents.mean(axis=1)).max() < 1.0
    assert 0.2 < latents.std() < 3.0  # crops in training were louder and quieter


def test_the_pack_says_what_it_was_trained_on_and_may_be_sold(tiny_pack, tiny):
    opened = store.open_folder(tiny_pack.folder)
    assert opened.licence.id == "Apache-2.0" and opened.licence.commercial
    made = opened.provenance
    assert made.trained_on.startswith("tones, on a") and (made.steps, made.seed) == (12, 7)
    assert (opened.sample_rate, opened.hop, opened.receptive_field) == (48_000, 2048, reach(tiny.size))
    assert {role: set(graph.variants) for role, graph in opened.graphs.items()} == {
        "decoder": {"fp32", "fp16", "int8"},
        "encoder": {"fp32", "fp16", "int8"},
    }
    for graph in opened.graphs.values():
        assert graph.variants["fp16"].difference.measure == "dB of log-mel distance of the sound"
        assert 0 < graph.variants["fp16"].difference.value < 5  # twelve steps make no codec


def test_a_checkpoint_is_named_after_its_place_and_never_put_upon_other_things(trained_folder, tmp_path):
    from hitpoint.exporters.codec.export import export

    assert named(tmp_path / "My Codec.hitpack") == "my-codec"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="is a folder that is no pack"):
        export(trained_folder, tmp_path / "other")
    assert (tmp_path / "other" / "letter.txt").read_text() == "dear"


def test_variants_are_judged_by_what_is_heard():
    class Quieter(torch.nn.Module):
        def forward(self, latents):
            return latents

    sound = np.random.default_rng(0).standard_normal((1, 2, 8192)).astype(np.float32) * 0.1
    off = judge(Quieter())("decoder", {"audio": sound}, {"audio": sound * 0.5})
    assert off.value == pytest.approx(6.02, abs=0.1)
    assert judge(Quieter())("encoder", {"latents": sound}, {"latents": sound}).value == 0
