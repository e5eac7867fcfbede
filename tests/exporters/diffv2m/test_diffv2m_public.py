"""Weights from outside, laid out as public checkpoints are."""

from __future__ import annotations

import argparse
import json
import os

import pytest
import torch
from safetensors.torch import save_file

from hitpoint.exporters.cli import Commands
from hitpoint.exporters.diffv2m import cli, public
from hitpoint.exporters.diffv2m.conditioners import Clip
from hitpoint.exporters.diffv2m.config import config
from hitpoint.exporters.diffv2m.model import DiffV2M
from hitpoint.runtime.errors import HitpointError, InputError
from hitpoint.runtime.packs.session import Sessions
from hitpoint.runtime.packs.store import open_folder

OOBLECK = {"channels": 4, "multiples": [1, 2], "strides": [32, 64]}


def released(**said) -> DiffV2M:
    torch.manual_seed(0)
    model = DiffV2M(config("tiny", policy="compat", fusion="FiLM_choose", seconds=30, depth=1, **said))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
    return model


def their_names(model: DiffV2M) -> dict[str, torch.Tensor]:
    """As stable-audio-tools names them, with what nothing runs through."""
    names = {
        name.replace("conditioners.kind.", "conditioners.class."): value for name, value in model.state_dict().items()
    }
    for which, inside in (("semantic", 512), ("rhythm", 1), ("color", 3072)):
        names[f"conditioner.conditioners.{which}.proj_out.weight"] = torch.zeros(16, inside)
        names[f"conditioner.conditioners.{which}.proj_out.bias"] = torch.zeros(16)
    return names


def oobleck_names() -> dict[str, torch.Tensor]:
    """An Oobleck of two strides with weight norm, as lists of layers."""
    base, multiples, strides, latent = OOBLECK["channels"], (1, *OOBLECK["multiples"]), OOBLECK["strides"], 4
    made: dict[str, torch.Tensor] = {}
    chance = torch.Generator().manual_seed(1)

    def conv(name, outside, inside, kernel, bias=True, turned=False):
        shape = (inside, outside, kernel) if turned else (outside, inside, kernel)
        made[f"{name}.weight_v"] = torch.randn(shape, generator=chance)
        made[f"{name}.weight_g"] = torch.ones(shape[0], 1, 1)
        if bias:
            made[f"{name}.bias"] = torch.zeros(outside)

    def snake(name, width):
        made[f"{name}.alpha"], made[f"{name}.beta"] = torch.zeros(width), torch.zeros(width)

    def unit(name, width):
        snake(f"{name}.layers.0", width)
        conv(f"{name}.layers.1", width, width, 7)
        snake(f"{name}.layers.2", width)
        conv(f"{name}.layers.3", width, width, 1)

    widths = [base * multiple for multiple in multiples]
    conv("encoder.layers.0", widths[0], 2, 7)
    for n, stride in enumerate(strides):
        block = f"encoder.layers.{n + 1}.layers"
        for k in range(3):
            unit(f"{block}.{k}", widths[n])
        snake(f"{block}.3", widths[n])
        conv(f"{block}.4", widths[n + 1], widths[n], 2 * stride)
    snake(f"encoder.layers.{len(strides) + 1}", widths[-1])
    conv(f"encoder.layers.{len(strides) + 2}", 2 * latent, widths[-1], 3)
    conv("decoder.layers.0", widths[-1], latent, 7)
    for n, stride in enumerate(reversed(strides)):
        block, wide, narrow = f"decoder.layers.{n + 1}.layers", widths[-1 - n], widths[-2 - n]
        snake(f"{block}.0", wide)
        conv(f"{block}.1", narrow, wide, 2 * stride, turned=True)
        for k in range(3):
            unit(f"{block}.{k + 2}", narrow)
    snake(f"decoder.layers.{len(strides) + 1}", widths[0])
    conv(f"decoder.layers.{len(strides) + 2}", 2, widths[0], 7, bias=False)
    return {f"pretransform.model.{name}": value for name, value in made.items()}


def model_config(**inner) -> str:
    one = {"channels": OOBLECK["channels"], "c_mults": OOBLECK["multiples"], "strides": OOBLECK["strides"]}
    return json.dumps({
        "sample_rate": 44100,
        "model": {
            "pretransform": {"config": {
                "encoder": {"type": "oobleck", "config": {**one, "latent_dim": 8, "use_snake": True}},
                "decoder": {"type": "oobleck", "config": {**one, "latent_dim": 4, "use_snake": True, "final_tanh": False}},
                "bottleneck": {"type": "vae"}, "latent_dim": 4, "io_channels": 2,
            }},
            "diffusion": {"config": {"num_heads": 2, **inner}},
        },
    })  # fmt: skip


def stable_audio(width: int = 32) -> dict[str, torch.Tensor]:
    """One cross-attention, one norm before it, a smaller vector of the whole."""
    made = {}
    for name, value in released().state_dict().items():
        if not name.startswith("model.") or "FiLM" in name or "t_linear" in name or "color_norm" in name:
            continue
        if ".cross_attn1." in name or ".cross_attn2." in name:
            continue
        made[name.replace(".cross_attn0.", ".cross_attn.")] = value.clone()
    made["model.model.to_global_embed.0.weight"] = torch.randn(width, 32)
    return made


def test_a_released_checkpoint_gives_the_model_that_was_saved(tmp_path):
    model = released().eval()
    save_file(their_names(model), tmp_path / "model.safetensors")
    found = public.load(tmp_path)
    assert found.kind == "Diff-V2M"
    assert found.fresh == ()
    assert found.model.config.policy == "compat"
    for one, other in zip(model.parameters(), found.model.parameters(), strict=True):
        assert torch.equal(one, other)
    x, t = torch.randn(1, 4, 20), torch.tensor([0.3])
    chance = torch.Generator().manual_seed(0)
    ones = torch.ones(1, 30, dtype=torch.bool)
    asked = Clip(
        torch.randn(1, 30, 512, generator=chance), torch.zeros(1, 30, 3072), torch.zeros(1, 30), ones,
        torch.randn(1, 30, 1, generator=chance), ones, torch.zeros(1), torch.full((1,), 30.0),
    )  # fmt: skip
    with torch.no_grad():
        assert torch.allclose(found.model(x, t, asked), model(x, t, asked), atol=1e-5)


def test_a_training_checkpoint_is_read_by_its_own_weights_or_by_its_average(tmp_path):
    model, mean = released(), released(rhythm_middle=8)
    with torch.no_grad():
        for parameter in mean.parameters():
            parameter.add_(1.0)
    held = {f"diffusion.{name}": value for name, value in their_names(model).items()}
    held |= {
        f"diffusion_ema.ema_model.{n.removeprefix('model.')}": v
        for n, v in mean.state_dict().items()
        if n.startswith("model.")
    }
    held |= {"diffusion_ema.step": torch.tensor([5]), "diffusion_ema.initted": torch.tensor([True])}
    torch.save({"state_dict": held}, tmp_path / "model.ckpt")
    own, averaged = public.load(tmp_path), public.load(tmp_path, averaged=True)
    name = "transformer.project_in.weight"
    assert torch.equal(own.model.transformer.get_parameter(name), model.transformer.get_parameter(name))
    assert torch.equal(averaged.model.transformer.get_parameter(name), mean.transformer.get_parameter(name))


def without(held, name):
    return {key: value for key, value in held.items() if key != name}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda held: without(held, "model.model.transformer.layers.0.ff.ff.0.proj.bias"), "lacks .*ff.0.proj.bias"),
        (
            lambda held: {**held, "model.model.to_timestep_embed.0.bias": torch.zeros(7)},
            "to_timestep_embed.0.bias.* is ",
        ),
        (lambda held: {**held, "model.model.transformer.layers.0.extra": torch.zeros(1)}, "extra.*no such model knows"),
        (lambda held: {**held, "model.model.to_timestep_embed.0.bias": torch.full((32,), float("nan"))}, "no number"),
        (lambda held: without(held, "conditioner.conditioners.rhythm.proj_out1.weight"), "lacks"),
        (lambda held: {"something": torch.zeros(2)}, "neither"),
    ],
)
def test_every_name_and_shape_is_checked_and_what_is_wrong_said_in_one_line(tmp_path, spoil, words):
    save_file(
        {name: value.contiguous() for name, value in spoil(their_names(released())).items()},
        tmp_path / "model.safetensors",
    )
    with pytest.raises(InputError, match=words) as refused:
        public.load(tmp_path)
    assert "\n" not in str(refused.value)
    assert str(tmp_path) in str(refused.value)


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", "evil"])
def test_files_that_are_damaged_or_hold_code_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "model.ckpt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save({"state_dict": Evil()}, path)
    with pytest.raises(HitpointError) as refused:
        public.load(tmp_path)
    assert "\n" not in str(refused.value)


def test_stable_audio_open_begins_a_model_where_its_shapes_fit(tmp_path):
    held = stable_audio()
    save_file(held, tmp_path / "model.safetensors")
    (tmp_path / "model_config.json").write_text(model_config())
    found = public.load(tmp_path)
    dit = found.model.transformer
    block, theirs = dit.blocks()[0], "model.model.transformer.layers.0."
    assert found.kind == "Stable Audio Open"
    assert found.model.config.policy == "fixed"
    assert found.fresh == ("model.model.to_global_embed.0.weight",)
    for layer in (block.cross_attn0, block.cross_attn1, block.cross_attn2):
        assert torch.equal(layer.to_kv.weight, held[f"{theirs}cross_attn.to_kv.weight"])
    assert torch.equal(block.color_norm.gamma, held[f"{theirs}cross_attend_norm.gamma"])
    # Of what goes in, the latents' part; the rhythm beside them counts for nothing at first.
    assert torch.equal(dit.transformer.project_in.weight[:, :4], held["model.model.transformer.project_in.weight"])
    assert not dit.transformer.project_in.weight[:, 4:].any()


def test_a_folder_of_released_weights_becomes_a_pack_from_the_command_line(tmp_path):
    source = tmp_path / "diff-v2m"
    source.mkdir()
    save_file(
        {name: v.contiguous() for name, v in {**their_names(released()), **oobleck_names()}.items()},
        source / "model.safetensors",
    )
    (source / "model_config.json").write_text(model_config(attention_weight_type="FiLM_choose"))
    parser = argparse.ArgumentParser()
    cli.add(Commands(parser))
    words = ["export", "diffv2m", "--from", str(source), "-o", str(tmp_path / "pack"), "--precision", "fp32"]
    options = parser.parse_args(words)
    with pytest.raises(HitpointError, match="licence") as refused:
        options.work(options, lambda fraction, said: None)
    assert "\n" not in str(refused.value)
    options = parser.parse_args(
        [*words, "--licence", "LicenseRef-none", "--licence-url", "https://example.org", "--no-commercial"]
    )
    answer = options.work(options, lambda fraction, said: None)
    assert answer["kind"] == "Diff-V2M"
    assert answer["licence"] == {"id": "LicenseRef-none", "name": "LicenseRef-none", "commercial": False}
    assert answer["warnings"] == []
    pack = open_folder(tmp_path / "pack")
    assert pack.settings["policy"] == "compat"
    assert pack.settings["rhythm_rate"] == 1.0
    assert (pack.sample_rate, pack.hop) == (44_100, 2048)
    assert pack.sampler["steps"] == 250
    decoded = Sessions("cpu").open(pack, "decoder").run({"latents": torch.randn(1, 4, 3).numpy()})
    assert decoded["audio"].shape == (1, 2, 3 * 2048)
    assert any("for commercial use" in line for line in options.lines(answer))
