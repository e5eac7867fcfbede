"""Folders of CLIP as people have them: whole ones of any age, and broken ones, each told apart in one line."""

from __future__ import annotations

import json
import pickle

import pytest
import torch

from hitpoint.exporters.outside.weights import find
from hitpoint.exporters.vision.clip import load
from hitpoint.runtime.errors import HitpointError, InputError

PREPARATION = "preprocessor_config.json"
SQUARE = {"height": 32, "width": 32}


def test_the_tower_gives_what_transformers_gives(small_clip):
    from transformers import CLIPModel

    pixels = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    theirs = CLIPModel.from_pretrained(small_clip).eval()
    with torch.no_grad():
        embedding, tokens = load(small_clip).tower(pixels)
        right = theirs.vision_model(pixels)
        projected = theirs.visual_projection(right.pooler_output)
    assert embedding.shape == (3, 24) and tokens.shape == (3, 17, 32)
    assert float(tokens.std()) > 0.3 and float(embedding.std()) > 0.1  # something to compare
    assert torch.allclose(embedding, projected, atol=1e-5)
    assert torch.allclose(tokens, right.last_hidden_state, atol=1e-5)


@pytest.mark.parametrize("act", ["quick_gelu", "gelu", "gelu_pytorch_tanh"])
def test_every_kind_of_layer_is_the_one_of_transformers(tmp_path, act, small_clip):
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(3)
    config = CLIPVisionConfig(
        hidden_size=24, intermediate_size=40, num_hidden_layers=1, num_attention_heads=3, image_size=32, patch_size=16,
        projection_dim=6, hidden_act=act, layer_norm_eps=1e-3, initializer_factor=8.0,
    )  # fmt: skip
    theirs = CLIPVisionModelWithProjection(config).eval()
    theirs.save_pretrained(tmp_path)
    (tmp_path / PREPARATION).write_text((small_clip / PREPARATION).read_text())
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        embedding, tokens = load(tmp_path).tower(pixels)
        right = theirs(pixels)
    assert torch.allclose(embedding, right.image_embeds, atol=1e-5)
    assert torch.allclose(tokens, right.last_hidden_state, atol=1e-5)


def test_weights_may_lie_in_a_torch_file_at_half_precision_or_in_several_files(clip):
    from safetensors.torch import save_file

    held = clip.weights()
    whole = load(clip.folder).tower.state_dict()
    (clip.folder / "model.safetensors").unlink()
    older = {**{name: value.half() for name, value in held.items()}}
    older["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    torch.save(older, clip.folder / "pytorch_model.bin")
    for name, value in load(clip.folder).tower.state_dict().items():
        assert value.dtype == torch.float32 and torch.allclose(value, whole[name], rtol=1e-3, atol=1e-4)
    (clip.folder / "pytorch_model.bin").unlink()
    names = sorted(held)
    places = {name: f"model-{n % 2 + 1:05}-of-00002.safetensors" for n, name in enumerate(names)}
    for place in set(places.values()):
        save_file({name: held[name] for name in names if places[name] == place}, clip.folder / place)
    (clip.folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    parts = load(clip.folder)
    assert all(torch.equal(value, whole[name]) for name, value in parts.tower.state_dict().items())
    assert len(parts.sha256) == 64 and len(find(clip.folder).files) == 2


def test_a_configuration_may_leave_out_what_is_usual(clip):
    from hitpoint.exporters.vision.clip import read_shape

    clip.change("config.json", vision_config={"patch_size": 16}, projection_dim=...)
    shape = read_shape(clip.folder / "config.json")
    assert (shape.hidden_size, shape.num_hidden_layers, shape.image_size, shape.projection_dim) == (768, 12, 224, 512)
    assert shape.patch_size == 16 and shape.tokens == 197  # ViT-B/16


@pytest.mark.parametrize(
    ("said", "fit"),
    [
        ({"size": 32, "crop_size": 32}, "crop"),
        ({"size": {"shortest_edge": 32}, "crop_size": 32}, "crop"),
        ({"size": SQUARE}, "squash"),
        ({"size": SQUARE, "do_center_crop": False}, "squash"),
    ],
)
def test_pictures_are_shown_as_the_preparation_says(clip, said, fit):
    clip.change(PREPARATION, **said)
    assert load(clip.folder).preparation.fit == fit


def test_another_way_to_resize_is_a_warning(clip):
    clip.change(PREPARATION, resample=2)
    assert "another way than bicubic" in load(clip.folder).preparation.warnings[0]


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        (
            "config.json",
            {"model_type": "siglip"},
            "its model_type is 'siglip', and clip or clip_vision_model is wanted",
        ),
        ("config.json", {"vision_config": ...}, "no vision_config"),
        ("config.json", {"vision_config": {"hidden_size": "32"}}, "hidden_size is '32'"),
        ("config.json", {"vision_config": {"num_hidden_layers": 10**9}}, "at most 128 is read"),
        ("config.json", {"vision_config": {"patch_size": 9}}, "patches of 9 do not fill 224 pixels"),
        ("config.json", {"vision_config": {"num_channels": 4}}, "4 channels"),
        ("config.json", {"vision_config": {"hidden_act": "relu"}}, "hidden_act 'relu' is none of"),
        ("config.json", {"vision_config": {"num_attention_heads": 5}}, "5 heads do not share 768"),
        (PREPARATION, {"image_mean": [0.5]}, "image_mean is not three numbers"),
        (PREPARATION, {"image_std": [0.1, 0.0, 0.1]}, "image_std is not above 0"),
        (PREPARATION, {"rescale_factor": 1.0}, "do not run from 0 to 1"),
        (PREPARATION, {"size": {"shortest_edge": 40}}, "neither shown by their middle square nor squashed to 32"),
        (PREPARATION, {"crop_size": {"height": 32, "width": 16}}, "neither shown by their middle square"),
    ],
)
def test_what_a_vision_pack_cannot_be_made_of_is_said(clip, name, said, words):
    clip.change(name, **said)
    with pytest.raises(InputError, match=words) as caught:
        load(clip.folder)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def without(held, name):
    return {key: value for key, value in held.items() if key != name}


BIAS = "vision_model.encoder.layers.1.mlp.fc1.bias"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda held: without(held, BIAS), f"lacks '{BIAS}'$"),
        (lambda held: without(held, "visual_projection.weight"), "lacks 'visual_projection.weight'"),
        (lambda held: {**held, BIAS: torch.zeros(63)}, rf"'{BIAS}' is \(63,\), and its config says \(64,\)"),
        (lambda held: {**held, BIAS: torch.full((64,), torch.nan)}, "what is no number"),
        (lambda held: {**held, BIAS: torch.zeros(64, dtype=torch.int64)}, "holds whole numbers"),
        (lambda held: {**held, BIAS.replace("1.mlp", "2.mlp"): torch.zeros(64)}, r"config\.json does not account for"),
        (lambda held: {"text_model.final_layer_norm.weight": torch.zeros(3)}, "holds no image tower"),
    ],
)
def test_weights_that_do_not_fit_are_told_by_name(clip, spoil, words):
    clip.keep(spoil(clip.weights()))
    with pytest.raises(InputError, match=words) as caught:
        load(clip.folder)
    assert "model.safetensors" in str(caught.value)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('code ran')",)


@pytest.mark.parametrize("as_zip", [True, False])
def test_a_file_with_code_in_it_is_not_run(clip, as_zip):
    held = {**clip.weights(), "bomb": Bomb()}
    (clip.folder / "model.safetensors").unlink()
    path = clip.folder / "pytorch_model.bin"
    torch.save(held, path, _use_new_zipfile_serialization=as_zip)
    with pytest.raises(InputError, match=r"pytorch_model\.bin holds more than weights.*get the model as safetensors"):
        load(clip.folder)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match=r"pytorch_model\.bin"):
        load(clip.folder)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"PK\x03\x04broken", b"\xff" * 9, b'{"a": 1}'])
def test_files_that_are_no_weights_are_refused(clip, content):
    (clip.folder / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors is no sound safetensors file"):
        load(clip.folder)
    (clip.folder / "model.safetensors").rename(clip.folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pytorch_model\.bin"):
        load(clip.folder)


def test_a_half_downloaded_file_is_refused(clip):
    path = clip.folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="no sound safetensors file"):
        load(clip.folder)


@pytest.mark.parametrize("place", ["../model.safetensors", "/etc/passwd", "config.json", 3])
def test_an_index_that_leads_elsewhere_is_refused(clip, place):
    (clip.folder / "model.safetensors").unlink()
    (clip.folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": place}}))
    with pytest.raises(InputError, match=r"index\.json"):
        load(clip.folder)


def test_folders_that_hold_no_model_say_what_is_missing(clip, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, words in ((empty, "there is no config.json in it"), (tmp_path / "nowhere", "there is no such folder")):
        with pytest.raises(InputError, match=words):
            load(folder)
    for name, words in (
        ("model.safetensors", "there are no weights in it: model.safetensors or"),
        (PREPARATION, "there is no preprocessor_config.json in it"),
    ):
        (clip.folder / name).unlink()
        with pytest.raises(InputError, match=words):
            load(clip.folder)


@pytest.mark.parametrize("content", ["", "[1]", "{", "\0", '{"model_type": "clip"'])
def test_configurations_that_are_no_json_are_refused(clip, content):
    (clip.folder / "config.json").write_text(content)
    with pytest.raises(HitpointError, match=r"config\.json is no"):
        load(clip.folder)
