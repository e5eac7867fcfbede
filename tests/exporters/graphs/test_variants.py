"""Half precision and whole numbers: smaller, close, and honest about where they are not."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from hitpoint.exporters.graphs import graph_file
from hitpoint.exporters.graphs.variants import fp16, int8
from hitpoint.runtime.errors import HitpointError


@pytest.fixture(scope="module")
def smaller(exported, tmp_path_factory):
    """The step at 16 bits and in whole numbers."""
    folder = tmp_path_factory.mktemp("smaller")
    fp16(exported[1], folder / "step.fp16.onnx")
    int8(exported[1], folder / "step.int8.onnx")
    return folder


@pytest.fixture(scope="module")
def given():
    chance = np.random.default_rng(7)
    return {
        "x": chance.standard_normal((2, 8, 24)).astype(np.float32),
        "t": np.float32([[0.9871], [0.0103]]),
        "mask": np.arange(24)[None] < np.array([[7], [24]]),
        "unused": np.zeros((2, 3), np.float32),
    }


def off(found, right):
    return float(np.sqrt(np.mean((found - right) ** 2) / np.mean(right**2)))


def test_half_precision_is_half_the_size_and_close(exported, smaller, given, run):
    found, right = run(smaller / "step.fp16.onnx", given), run(exported[1], given)
    for name, value in right.items():
        assert found[name].dtype == np.float32
        assert 1e-6 < off(found[name], value) < 3e-3
    assert (smaller / "step.fp16.onnx").stat().st_size < 0.6 * exported[1].stat().st_size


def test_at_half_precision_inputs_and_outputs_stay_as_they_are(exported, smaller):
    ends = [onnx.load(path).graph for path in (exported[1], smaller / "step.fp16.onnx")]
    assert list(ends[0].input) == list(ends[1].input)
    assert list(ends[0].output) == list(ends[1].output)


def test_waves_of_large_angles_keep_their_place_at_half_precision(packs, run, tmp_path):
    """Half precision cannot tell 987.1 from 987; a time that is multiplied by 1000 must not pass through it."""
    nodes = [
        helper.make_node("Mul", ["t", "rate"], ["angle"]),
        helper.make_node("Cos", ["angle"], ["wave"]),
        helper.make_node("MatMul", ["wave", "w"], ["y"]),
    ]
    weights = [("rate", np.float32([1000])), ("w", np.eye(1, dtype=np.float32))]
    path = tmp_path / "wave.onnx"
    path.write_bytes(packs.model(nodes, [("t", ["batch", 1])], [("y", ["batch", 1])], weights).SerializeToString())
    fp16(path, tmp_path / "narrow.onnx")
    times = np.linspace(0, 1, 50, dtype=np.float32)[:, None]
    assert run(tmp_path / "narrow.onnx", {"t": times})["y"] == pytest.approx(np.cos(1000 * times), abs=2e-3)


def test_squares_of_large_numbers_do_not_run_over_at_half_precision(packs, run, tmp_path):
    """A norm by the root of the mean square, of values whose squares half precision cannot hold."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Mul", ["h", "h"], ["square"]),
        helper.make_node("ReduceMean", ["square", "axis"], ["mean"], keepdims=1),
        helper.make_node("Sqrt", ["mean"], ["root"]),
        helper.make_node("Div", ["h", "root"], ["y"]),
    ]
    weights = [("w", np.eye(4, dtype=np.float32) * 1000), ("axis", np.int64([-1]))]
    path = tmp_path / "norm.onnx"
    path.write_bytes(packs.model(nodes, [("x", ["batch", 4])], [("y", ["batch", 4])], weights).SerializeToString())
    fp16(path, tmp_path / "narrow.onnx")
    x = np.float32([[1, 2, 3, 4], [-4, 0, 4, 0]])
    right = x / np.sqrt((x**2).mean(axis=1, keepdims=True))
    assert run(tmp_path / "narrow.onnx", {"x": x})["y"] == pytest.approx(right, rel=2e-3, abs=1e-3)


def test_the_least_number_of_a_mask_does_not_become_infinite_at_half_precision(packs, run, tmp_path):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Add", ["h", "mask"], ["y"])]
    weights = [("w", np.eye(2, dtype=np.float32)), ("mask", np.float32([0, np.finfo(np.float32).min]))]
    path = tmp_path / "mask.onnx"
    path.write_bytes(packs.model(nodes, [("x", ["batch", 2])], [("y", ["batch", 2])], weights).SerializeToString())
    fp16(path, tmp_path / "narrow.onnx")
    found = run(tmp_path / "narrow.onnx", {"x": np.float32([[1, 1]])})["y"]
    assert found[0, 0] == 1 and np.isfinite(found[0, 1]) and np.exp(found[0, 1]) == 0


def test_whole_numbers_are_smaller_still_and_close(exported, smaller, given, run):
    found, right = run(smaller / "step.int8.onnx", given), run(exported[1], given)
    assert 1e-4 < off(found["v"], right["v"]) < 0.1
    assert (smaller / "step.int8.onnx").stat().st_size < 0.62 * exported[1].stat().st_size  # convolutions stay
    operators = {node.op_type for node in onnx.load(smaller / "step.int8.onnx").graph.node}
    assert "MatMulInteger" in operators


def test_products_of_flat_inputs_are_made_whole_numbers_too(packs, tmp_path):
    """torch writes Gemm where a linear layer sees two dimensions."""
    chance = np.random.default_rng(0)
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)]
    weights = [("w", chance.standard_normal((64, 64)).astype(np.float32)), ("b", np.zeros(64, np.float32))]
    path = tmp_path / "flat.onnx"
    path.write_bytes(packs.model(nodes, [("x", ["batch", 64])], [("y", ["batch", 64])], weights).SerializeToString())
    int8(path, tmp_path / "whole.onnx")
    assert (tmp_path / "whole.onnx").stat().st_size < 0.4 * path.stat().st_size
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["flat.onnx", "whole.onnx"]


def test_variants_are_the_same_bytes_every_time(exported, smaller, tmp_path):
    for make, name in ((fp16, "step.fp16.onnx"), (int8, "step.int8.onnx")):
        make(exported[1], tmp_path / name)
        assert (tmp_path / name).read_bytes() == (smaller / name).read_bytes()


def test_a_graph_that_gains_nothing_is_refused(packs, tmp_path):
    path = tmp_path / "line.onnx"
    path.write_bytes(packs.straight().SerializeToString())
    for make in (fp16, int8):
        with pytest.raises(HitpointError, match=r"line\.onnx: there is nothing in it"):
            make(path, tmp_path / "out.onnx")
    assert [file.name for file in tmp_path.iterdir()] == ["line.onnx"]


def test_large_weights_lie_in_a_file_of_their_own_in_every_variant(exported, given, run, tmp_path, monkeypatch):
    monkeypatch.setattr(graph_file, "BESIDE", 2048)
    whole = tmp_path / "step.onnx"
    assert [file.name for file in graph_file.save(graph_file.load(exported[1]), whole)] == ["step.onnx", "step.data"]
    assert whole.stat().st_size < 0.2 * (tmp_path / "step.data").stat().st_size
    right = run(exported[1], given)["v"]
    assert (run(whole, given)["v"] == right).all()
    for make, most in ((fp16, 3e-3), (int8, 0.1)):
        files = make(whole, tmp_path / f"{make.__name__}.onnx")
        assert [file.name for file in files] == [f"{make.__name__}.onnx", f"{make.__name__}.data"]
        assert off(run(files[0], given)["v"], right) < most
    assert len(list(tmp_path.iterdir())) == 6
