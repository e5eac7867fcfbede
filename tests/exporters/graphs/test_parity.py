"""Graphs held against torch. The graphs here are written by hand, so nothing of the exporter decides."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from onnx import helper
from torch import nn

from hitpoint.exporters.graphs.parity import Apart, hold
from hitpoint.exporters.graphs.part import Part
from hitpoint.runtime.errors import HitpointError
from hitpoint.runtime.packs.pack import Tensor


class Line(nn.Module):
    def __init__(self, gain=2.0):
        super().__init__()
        self.gain = gain

    def forward(self, x):
        return self.gain * x + 1


ENDS = ((Tensor("x", "float32", ("batch", "time")),), (Tensor("y", "float32", ("batch", "time")),))


def line(gain=2.0, **said) -> Part:
    sizes = ({"batch": 1, "time": 8}, {"batch": 3, "time": 1})
    return Part(
        **{"role": "line", "module": Line(gain).eval(), "inputs": ENDS[0], "outputs": ENDS[1], "sizes": sizes, **said}
    )


@pytest.fixture
def written(packs, tmp_path):
    """A graph as a file; y = 2 x + 1 unless another is given."""

    def write(made=None):
        path = tmp_path / "line.onnx"
        path.write_bytes((made or packs.straight()).SerializeToString())
        return path

    return write


def test_equal_numbers_are_told_apart_from_nothing(written):
    parity, runs = hold(line(), written())
    assert parity.worst < 1e-6
    assert [dict(run.sizes) for run in runs] == [{"batch": 1, "time": 8}, {"batch": 3, "time": 1}]
    assert parity.checked == 2


def test_the_figure_is_the_largest_difference_and_says_where(written):
    given = lambda sizes: {"x": torch.arange(sizes["batch"] * sizes["time"]).reshape(sizes["batch"], -1).float()}
    parity, _ = hold(line(gain=2.001, given=given, tolerance=0.01), written())
    assert parity.worst == pytest.approx(0.007, rel=1e-3)  # 7 is the largest x, 0.001 the gain that is off
    assert str(parity) == "0.007 at 'y' with batch=1, time=8"


def test_more_than_what_is_tolerated_is_refused(written):
    with pytest.raises(Apart, match=r"'line' is not what torch computes.*at 'y' with batch=.*0.001 is tolerated"):
        hold(line(gain=2.1), written())


def test_what_is_no_number_is_never_equal_to_one(packs, written):
    nodes = [helper.make_node("Sqrt", ["x"], ["y"])]
    roots = packs.model(nodes, [("x", ["batch", "time"])], [("y", ["batch", "time"])])
    negative = lambda sizes: {"x": -torch.ones(sizes["batch"], sizes["time"])}
    with pytest.raises(Apart, match="differs by inf"):
        hold(line(given=negative, tolerance=1e9), written(roots))


def test_a_graph_that_only_runs_at_one_length_is_found_out(packs, written):
    eight = [("w", np.full((1, 8), 2, np.float32)), ("one", np.ones(1, np.float32)), ("shape", np.int64([1, 8]))]
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["flat"]),
        helper.make_node("Mul", ["flat", "w"], ["z"]),
        helper.make_node("Add", ["z", "one"], ["y"]),
    ]
    made = packs.model(nodes, [("x", ["batch", "time"])], [("y", ["batch", "time"])], eight)
    with pytest.raises(Apart, match=r"does not run with batch=3, time=1"):
        hold(line(), written(made))


def test_outputs_of_another_shape_than_was_said_are_refused(written):
    wide = (Tensor("y", "float32", ("batch", 9)),)
    with pytest.raises(
        HitpointError, match=r"torch's output 'y' is float32 \(1, 8\), and float32 \(batch=1, 9\) was said"
    ):
        hold(line(outputs=wide), written())


def test_inputs_are_checked_before_anything_runs(written):
    for given, words in (
        (lambda sizes: {"x": torch.zeros(1, 7)}, r"the input 'x' is float32 \(1, 7\)"),
        (lambda sizes: {"x": torch.zeros(1, 8, dtype=torch.float64)}, r"the input 'x' is float64"),
        (lambda sizes: {}, "its input 'x' is missing"),
    ):
        with pytest.raises(HitpointError, match=words):
            hold(line(given=given), written())


def test_made_up_inputs_repeat_and_leave_no_row_without_a_truth():
    ends = (
        Tensor("x", "float32", ("batch", "time")),
        Tensor("m", "bool", ("batch", "time")),
        Tensor("n", "int64", ("batch",)),
    )
    part = line(inputs=ends)
    once, again = (part.inputs_for({"batch": 64, "time": 5}) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    mask = once[1]
    assert bool(mask.any(dim=1).all()) and not bool(mask.all())
    assert int(once[2].min()) >= 0 and int(once[2].max()) < 4


@pytest.mark.parametrize(
    ("words", "samples"), [("4*frames", 28), ("frames*4+1", 29), ("frames-2", 5), (" 2 * frames ", 14)]
)
def test_a_length_may_hang_on_another(words, samples):
    ends = (Tensor("latent", "float32", ("frames",)), Tensor("sound", "float32", ("samples",)))
    part = line(inputs=ends, sizes=({"frames": 7},), derived={"samples": words})
    assert part.lengths({})["samples"] == samples
    assert part.free() == ["frames"]
    assert tuple(part.inputs_for({"frames": 7})[1].shape) == (samples,)


@pytest.mark.parametrize("words", ["frames**2", "frames/2", "samples", "2*frames+3*batch", ""])
def test_a_length_that_hangs_on_another_in_another_way_is_refused(words):
    ends = (Tensor("sound", "float32", ("samples",)),)
    with pytest.raises(HitpointError):
        line(inputs=ends, sizes=({"frames": 7},), derived={"samples": words}).lengths({})
