"""The paper's sizes, counted without memory for them, against arithmetic from what each layer is said to be."""

from __future__ import annotations

import pytest
import torch

from hitpoint.exporters.diffv2m.config import FUSIONS, Config, config
from hitpoint.exporters.diffv2m.model import DiffV2M, count
from hitpoint.runtime.errors import UsageError


@pytest.fixture(scope="module")
def paper():
    with torch.device("meta"):
        return DiffV2M(config("paper", policy="compat"))


def test_the_released_transformer_has_1380_66_million_parameters(paper):
    assert round(count(paper.transformer) / 1e6, 2) == 1380.66


def test_the_rhythm_predictor_has_50_73_million_parameters(paper):
    assert round(count(paper.predictor) / 1e6, 2) == 50.73


def test_a_block_is_made_of_what_the_release_is_made_of(paper):
    block = paper.transformer.blocks()[0]
    width, context = 1536, 768
    attention = 4 * width**2
    cross = 2 * width**2 + 2 * context**2
    feed = (width + 1) * 2 * 6144 + (6144 + 1) * width
    film = 4 * ((64 + 1) * 256 + (256 + 1) * width) + 2 * 64
    assert count(block.self_attn) == attention
    assert [count(layer) for layer in (block.cross_attn0, block.cross_attn1, block.cross_attn2)] == [cross] * 3
    assert count(block.ff) == feed
    assert count(block) == attention + 3 * cross + feed + film + 4 * width
    assert round(count(block) / 1e6, 2) == 57.11
    assert round(3 * cross / 1e6, 1) == round(3 * 5.90, 1)
    assert round(24 * cross / 1e6, 1) == 141.6  # what the release wastes on a second look at the rhythm
    assert round(24 * film / 1e6, 1) == 39.5


def test_the_conditioners_map_what_the_release_maps(paper):
    shapes = {name: tuple(value.shape) for name, value in paper.conditioner.state_dict().items()}
    said = "conditioners."
    assert shapes[f"{said}semantic.proj_out2.weight"] == (768, 512)
    assert shapes[f"{said}rhythm.proj_out1.weight"] == (512, 1)
    assert shapes[f"{said}rhythm.proj_out2.weight"] == (768, 512)
    assert shapes[f"{said}color.proj_out1.weight"] == (1024, 3072)
    assert shapes[f"{said}color.proj_out2.weight"] == (768, 1024)
    assert shapes[f"{said}seconds_start.embedder.embedding.1.weight"] == (768, 257)
    assert shapes[f"{said}kind.int_embedder.weight"] == (3, 768)
    assert tuple(paper.transformer.to_global_embed[0].weight.shape) == (1536, 2304)


def test_an_untouched_colour_encoder_is_even_within_a_known_bound():
    """So one can see in a published checkpoint whether colour ever reached the model."""
    torch.manual_seed(0)
    encoder = DiffV2M(config("tiny", policy="compat")).conditioner.conditioners["color"]
    assert float(encoder.proj_out1.weight.detach().abs().max()) <= 3072**-0.5 < 0.01805


def test_all_parameters_of_the_released_transformer_begin_at_half(small):
    torch.manual_seed(0)
    assert torch.equal(
        DiffV2M(config("tiny", policy="compat")).transformer.blocks()[0].pre_norm.gamma, torch.full((32,), 0.5)
    )
    assert torch.equal(DiffV2M(config("tiny")).transformer.blocks()[0].pre_norm.gamma, torch.ones(32))


@pytest.mark.parametrize(("name", "least", "most"), [("mini", 20e6, 27e6), ("small", 2e6, 5e6)])
def test_small_sizes_are_as_small_as_they_are_said_to_be(name, least, most):
    with torch.device("meta"):
        assert least < count(DiffV2M(config(name))) < most


@pytest.mark.parametrize("policy", ["fixed", "compat"])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_loads_and_runs(small, policy, fusion):
    made = small.model(policy=policy, fusion=fusion)
    other = small.model(policy=policy, fusion=fusion)
    other.load_state_dict(made.state_dict())
    asked = small.clip(made)
    with torch.no_grad():
        v = other(torch.randn(2, 4, 64), torch.tensor([0.1, 0.9]), asked)
    assert v.shape == (2, 4, 64)
    assert torch.isfinite(v).all()


@pytest.mark.parametrize("said", [{"fusion": "average"}, {"policy": "loose"}, {"window": 33}, {"context": 20}])
def test_sizes_that_cannot_be_are_refused_in_one_line(said):
    with pytest.raises(UsageError) as refused:
        config("tiny", **said)
    assert "\n" not in str(refused.value)


def test_a_size_is_read_as_it_was_written():
    made = config("small", fusion="gate", rhythm="mel")
    assert Config.of_json(made.to_json()) == made
