"""Stable Audio Open's codec from a local folder: the same sound as diffusers makes of it, in both layouts; what is wrong is named."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from hitpoint.exporters.codec import oobleck, oobleck_folder, oobleck_pack
from hitpoint.exporters.outside.licences import Said
from hitpoint.runtime.errors import InputError, UsageError
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.codec.codec import Codec
from hitpoint.runtime.packs.session import Sessions

SIZES = {
    "encoder_hidden_size": 8, "downsampling_ratios": [2, 4, 4, 8, 8], "channel_multiples": [1, 2, 2, 3, 4],
    "decoder_channels": 6, "decoder_input_channels": 4, "audio_channels": 2, "sampling_rate": 44100,
}  # fmt: skip
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="session")
def right():
    """diffusers' own, of random weights that say something: at a small width, in the layers of the real one."""
    from diffusers import AutoencoderOobleck

    torch.manual_seed(11)
    model = AutoencoderOobleck(**SIZES)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "alpha" in name or "beta" in name:
                parameter.normal_(0, 0.3)
            elif name.endswith("weight_g") or "original0" in name:
                parameter.mul_(1.3)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def saved(right, tmp_path_factory):
    folder = tmp_path_factory.mktemp("oobleck") / "stable-audio"
    right.save_pretrained(folder / "vae")
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "stable-audio")


@pytest.fixture
def tools(saved, tmp_path):
    """The same weights as stable-audio-tools keeps them: a checkpoint of everything, layers by number."""
    theirs = load_file(saved / "vae" / WEIGHTS)
    units = {"snake1": "layers.0", "conv1": "layers.1", "snake2": "layers.2", "conv2": "layers.3"}
    inside = {
        "encoder": {"res_unit1": 0, "res_unit2": 1, "res_unit3": 2, "snake1": 3, "conv1": 4},
        "decoder": {"snake1": 0, "conv_t1": 1, "res_unit1": 2, "res_unit2": 3, "res_unit3": 4},
    }
    kept = {"conditioner.conditioners.seconds_total.embedder.embedding.1.bias": torch.zeros(3)}
    for name, value in theirs.items():
        half, *way, kind = name.split(".")
        kind = {"original0": "weight_g", "original1": "weight_v"}.get(kind, kind)
        way = [step for step in way if step not in ("parametrizations", "weight")]
        if way[0] == "block":
            number, layer = int(way[1]) + 1, inside[half][way[2]]
            end = "".join(f".{units[step]}" for step in way[3:])
            place = f"layers.{number}.layers.{layer}{end}"
        else:
            place = f"layers.{ {'conv1': 0, 'snake1': 6, 'conv2': 7}[way[0]] }"
        kept[f"pretransform.model.{half}.{place}.{kind}"] = (
            value.flatten().clone() if kind in ("alpha", "beta") else value
        )
    where = tmp_path / "tools"
    where.mkdir()
    save_file(kept, where / "model.safetensors")
    shared = {"c_mults": SIZES["channel_multiples"], "strides": SIZES["downsampling_ratios"], "use_snake": True}
    inner = {
        "encoder": {"type": "oobleck", "config": {**shared, "in_channels": 2, "channels": 8, "latent_dim": 8}},
        "decoder": {
            "type": "oobleck",
            "config": {**shared, "out_channels": 2, "channels": 6, "latent_dim": 4, "final_tanh": False},
        },
        "bottleneck": {"type": "vae"}, "latent_dim": 4, "downsampling_ratio": 2048, "io_channels": 2,
    }  # fmt: skip
    said = {"sample_rate": 44100, "model": {"pretransform": {"type": "autoencoder", "config": inner}}}
    (where / "model_config.json").write_text(json.dumps(said))
    return where


def change(folder, **said):
    path = folder / "vae" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **said}))


def refused(folder):
    with pytest.raises(InputError) as caught:
        oobleck_folder.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def sound(samples, seed=0):
    return torch.randn((2, 2, samples), generator=torch.Generator().manual_seed(seed)) * 0.3


@pytest.mark.parametrize("layout", ["diffusers", "tools"])
def test_it_is_diffusers_own_codec_with_the_mean_of_its_latents(right, saved, tools, layout):
    found = oobleck_folder.load(saved if layout == "diffusers" else tools)
    heard = sound(3 * 2048)
    mean = right.encode(heard).latent_dist.mode()
    assert (oobleck.Encode(found.model)(heard) - mean).abs().max() < 1e-4 * mean.abs().max()
    made = right.decode(mean).sample
    assert made.abs().max() > 1e-3
    assert (oobleck.Decode(found.model)(mean) - made).abs().max() < 1e-4 * made.abs().max()


def test_weights_that_lie_in_the_folder_itself_are_found_too(saved):
    assert oobleck_folder.load(saved / "vae").sha256 == oobleck_folder.load(saved).sha256


def test_how_far_it_looks_is_no_less_than_it_does_and_at_most_a_frame_more(saved):
    model = oobleck_folder.load(saved).model.double()
    side, at, frames = oobleck.reach(model.shape), 16, 33
    latents = torch.randn((1, 4, frames), generator=torch.Generator().manual_seed(2)).double()
    other = latents.clone()
    other[..., at] += 1.0
    changed = (model.decoder(latents) - model.decoder(other)).abs().amax((0, 1)).reshape(frames, 2048).amax(1)
    heard = torch.nonzero(changed).flatten()
    reach = max(at - int(heard[0]), int(heard[-1]) - at)
    hum = sound(frames * 2048)[:1].double()
    buzz = hum.clone()
    buzz[..., at * 2048 : (at + 1) * 2048] += 1.0
    off = torch.nonzero((model.encoder(hum) - model.encoder(buzz)).abs().amax((0, 1))).flatten()
    reach = max(reach, at - int(off[0]), int(off[-1]) - at)
    assert reach <= side <= reach + 1


def test_the_pack_plays_in_pieces_what_diffusers_plays_in_one(right, saved, tmp_path):
    said = Said("CC-BY-NC-4.0")
    pack, found = oobleck_pack.export(saved, tmp_path / "sao", said=said, precisions=["fp32"])
    opened = store.open_folder(pack.folder)
    assert (opened.sample_rate, opened.hop, opened.name) == (44100, 2048, "sao")
    assert not opened.licence.commercial and found.where == "as the command line says"
    assert "stable-audio" in opened.provenance.trained_on and opened.provenance.steps == 0
    latents = np.random.default_rng(0).standard_normal((4, 40)).astype(np.float32)
    whole = right.decode(torch.from_numpy(latents)[None]).sample[0].T.numpy()
    assert opened.settings["piece"] < 40
    assert np.abs(Codec(opened, Sessions("cpu")).decode(latents) - whole).max() < 1e-4


def test_without_a_licence_nothing_is_written(saved, tmp_path):
    with pytest.raises(UsageError, match="does not say under which licence"):
        oobleck_pack.export(saved, tmp_path / "sao")
    assert not (tmp_path / "sao").exists()


def test_another_autoencoder_is_named(folder):
    change(folder, _class_name="AutoencoderKL")
    assert "describes 'AutoencoderKL', and AutoencoderOobleck is wanted" in refused(folder)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"channel_multiples": [1, 2]}, "there are 5 strides and 2 multiples"),
        ({"downsampling_ratios": [2, 4, 4, 8, "8"]}, "strides is [2, 4, 4, 8, '8'], and whole numbers"),
        ({"audio_channels": 1}, "sound of 1 channels; hitpoint's has 2"),
        ({"decoder_input_channels": 5}, "the encoder gives 8 numbers, and 10 are wanted"),
        ({"downsampling_ratios": [3, 4, 4, 8, 8]}, "odd strides do not keep whole frames"),
        ({"decoder_channels": 7}, "and its config says"),
    ],
)
def test_a_configuration_that_does_not_fit_is_told(folder, said, words):
    change(folder, **said)
    assert words in refused(folder)


def test_a_missing_weight_is_named(folder):
    path = folder / "vae" / WEIGHTS
    kept = load_file(path)
    del kept[next(name for name in kept if name.startswith("decoder.block.3.res_unit2"))]
    save_file(kept, path)
    assert "lacks 'decoder.block.3.res_unit2" in refused(folder)


def test_weights_that_are_no_numbers_are_refused(folder):
    path = folder / "vae" / WEIGHTS
    kept = load_file(path)
    kept["decoder.conv1.bias"][0] = float("nan")
    save_file(kept, path)
    assert "'decoder.conv1.bias' holds what is no number" in refused(folder)


def test_a_folder_without_anything_says_what_is_wanted(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "there is no config.json in it" in refused(tmp_path / "empty")
    assert "there is no such folder" in refused(tmp_path / "nowhere")


def test_an_oobleck_with_a_tanh_or_without_snake_is_refused(tools):
    path = tools / "model_config.json"
    said = json.loads(path.read_text())
    said["model"]["pretransform"]["config"]["decoder"]["config"]["final_tanh"] = True
    path.write_text(json.dumps(said))
    assert "a tanh at its end" in refused(tools)
    path.write_text('{"sample_rate": 44100}')
    assert "describes no Oobleck: it lacks 'model'" in refused(tools)
