"""Modules that become graphs: of any length, the same bytes every time, equal to torch or not at all."""

from __future__ import annotations

import onnx
import pytest
import torch
from torch import nn
from torch.nn import functional

from hitpoint.exporters.graphs.export import export, without_weight_norm
from hitpoint.exporters.graphs.parity import Apart
from hitpoint.runtime.errors import HitpointError
from hitpoint.runtime.packs.pack import Tensor


def test_a_graph_equals_torch_at_lengths_that_its_check_never_saw(exported, run):
    part, path = exported
    chance = torch.Generator().manual_seed(99)
    x, t = torch.randn(4, 8, 37, generator=chance), torch.rand(4, 1, generator=chance)
    mask = torch.arange(37)[None] < torch.tensor([[1], [5], [36], [37]])
    with torch.no_grad():
        right = part.module(x, t, mask, torch.zeros(4, 3))
    found = run(path, {"x": x.numpy(), "t": t.numpy(), "mask": mask.numpy(), "unused": torch.zeros(4, 3).numpy()})
    assert torch.allclose(torch.from_numpy(found["v"]), right[0], atol=1e-4)
    assert torch.allclose(torch.from_numpy(found["cos"]), right[1], atol=1e-4)


def test_inputs_and_outputs_have_the_names_and_lengths_that_were_said(exported):
    part, path = exported
    graph = onnx.load(path).graph
    for said, found in ((part.inputs, graph.input), (part.outputs, graph.output)):
        shapes = [
            (value.name, tuple(dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim))
            for value in found
        ]
        assert shapes == [(tensor.name, tensor.shape) for tensor in said]


def test_nothing_but_arithmetic_is_in_the_file(exported):
    _, path = exported
    model = onnx.load(path)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 20)]
    assert not model.graph.value_info and not model.metadata_props and not model.functions
    assert all(not node.metadata_props and not node.doc_string for node in model.graph.node)
    assert b"site-packages" not in path.read_bytes() and b"/" + b"models.py" not in path.read_bytes()
    names = {weight.name for weight in model.graph.initializer}
    assert not [name for name in names if "parametrizations" in name or name.endswith(("_g", "_v"))]


def test_the_module_itself_keeps_its_weight_norm(models):
    part = models.step()
    given = part.inputs_for({"batch": 2, "time": 4})
    with torch.no_grad():
        before = part.module(*given)[0]
        plain = without_weight_norm(part.module)
        assert torch.allclose(plain(*given)[0], before, atol=1e-6)
        assert torch.equal(part.module(*given)[0], before)
    assert hasattr(part.module.into, "parametrizations") and hasattr(part.module.more, "weight_g")
    assert isinstance(plain.into.weight, nn.Parameter) and not hasattr(plain.more, "weight_g")


def test_a_module_without_weight_norm_is_not_copied():
    module = nn.Conv1d(2, 2, 1)
    assert without_weight_norm(module) is module


def test_the_same_module_gives_the_same_bytes(models, exported, tmp_path):
    path = tmp_path / "again.onnx"
    parity = export(models.step(), path)
    assert 0 < parity.worst < 1e-4 and parity.checked == 3
    assert path.read_bytes() == exported[1].read_bytes()


def test_masks_of_truths_become_numbers_that_half_precision_can_hold(exported):
    weights = [onnx.numpy_helper.to_array(weight) for weight in onnx.load(exported[1]).graph.initializer]
    least = min(float(weight.min()) for weight in weights if weight.dtype.kind == "f" and weight.size)
    assert least == -1e4


def test_attention_with_a_mask_given_by_place_or_of_fractions_is_exported_too(models, tmp_path):
    def seen(x, near):
        q = x[:, None]
        by_place = functional.scaled_dot_product_attention(q, q, q, near[:, None, None])[:, 0]
        return by_place + functional.scaled_dot_product_attention(q, q, q, attn_mask=near.float()[:, None, None])[:, 0]

    inputs = (Tensor("x", "float32", ("batch", "time", 8)), Tensor("near", "bool", ("batch", "time")))
    assert export(models.part(seen, inputs), tmp_path / "part.onnx").worst < 1e-5


def test_a_graph_that_is_not_what_torch_computes_is_refused_and_leaves_no_file(models, tmp_path):
    def two_faced(x):
        return x + 0.01 if torch.compiler.is_exporting() else x * 1.0

    with pytest.raises(Apart, match=r"'part' is not what torch computes: it differs by 0\.01"):
        export(models.part(two_faced), tmp_path / "part.onnx")
    assert not list(tmp_path.iterdir())


def test_a_length_that_was_baked_into_the_graph_is_found_out(models, tmp_path):
    with pytest.raises(HitpointError, match=r"'part'.*(baked into|cannot be exported)"):
        export(models.part(lambda x: x + torch.zeros(len(x), 1, 8)), tmp_path / "part.onnx")
    with pytest.raises(HitpointError, match="'part'"):
        export(models.part(lambda x: x[:, : min(16, int(x.shape[1]))] + torch.ones(1, 16, 1)), tmp_path / "part.onnx")
    assert not list(tmp_path.iterdir())


def test_a_shape_that_was_said_wrongly_is_refused(models, tmp_path):
    wide = (Tensor("y", "float32", ("batch", "time", 9)),)
    with pytest.raises(HitpointError, match="the output 'y' is 8 long on axis 2, and 9 was said"):
        export(models.part(lambda x: x + 1, outputs=wide), tmp_path / "part.onnx")
    double = (Tensor("y", "float64", ("batch", "time", 8)),)
    with pytest.raises(HitpointError, match="the output 'y' came out as float, and float64 was said"):
        export(models.part(lambda x: x + 1, outputs=double), tmp_path / "part.onnx")


def test_operators_that_the_runtime_refuses_are_refused_here(models, tmp_path):
    def strange(x):
        return torch.onnx.ops.symbolic("theirs::Secret", (x,), dtype=x.dtype, shape=x.shape, version=1)

    with pytest.raises(HitpointError, match=r"unknown domain 'theirs'.*the runtime would refuse it"):
        export(models.part(strange), tmp_path / "part.onnx")
    assert not list(tmp_path.iterdir())


def test_lengths_that_hang_on_others_vary_with_them(models, tmp_path, run):
    inputs = (Tensor("latent", "float32", ("batch", 8, "frames")), Tensor("sound", "float32", ("batch", "samples")))
    outputs = (Tensor("y", "float32", ("batch", "samples")),)
    sizes = ({"batch": 1, "frames": 6}, {"batch": 2, "frames": 1})

    def mixed(latent, sound):
        return sound + latent.mean(dim=1).repeat_interleave(4, dim=1)

    path = tmp_path / "part.onnx"
    export(models.part(mixed, inputs, outputs, sizes, derived={"samples": "4*frames"}), path)
    latent, sound = torch.randn(3, 8, 11), torch.randn(3, 44)
    found = run(path, {"latent": latent.numpy(), "sound": sound.numpy()})["y"]
    assert torch.allclose(torch.from_numpy(found), mixed(latent, sound), atol=1e-5)


def test_a_module_in_training_mode_is_refused(models, tmp_path):
    part = models.part(lambda x: x + 1)
    part.module.train()
    with pytest.raises(HitpointError, match="training mode"):
        export(part, tmp_path / "part.onnx")
