"""Tiny packs of the family diffv2m whose every answer is known, written by hand as ONNX.

Channel 0 of the latents is the curve that was asked for, or as much of it as the guidance says; channel 1 is the colour;
channels 2 and 3 are the noise that they began as. The decoder makes a click in the middle of each frame, as loud as
channel 0 says, and noise as loud as channel 3.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 4
FLOAT, BOOL, INT = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64


def graph(nodes, inputs, outputs, weights=()):
    """Inputs and outputs are (name, type, shape), weights (name, array)."""

    def ends(values):
        return [helper.make_tensor_value_info(*value) for value in values]

    made = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights]
    return helper.make_model(
        helper.make_graph(nodes, "graph", ends(inputs), ends(outputs), made),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )


def condition(*, width=1, noughts=()):
    """`curve` (batch, 1, frames) is the rhythm where it is told; `tint` (batch, 1, 1) how much of the seconds' first
    colour there is; `clock` (batch, 1, 1) where in the piece the window begins.
    """
    node = helper.make_node
    nodes = [
        node("Cast", ["told"], ["told_"], to=FLOAT),
        node("Unsqueeze", ["told_", "last"], ["told_rows"]),
        node("Mul", ["rhythm", "told_rows"], ["meant"]),
        node("ReduceMax", ["meant", "last"], ["loudest"], keepdims=1),
        node("Transpose", ["loudest"], ["curve"], perm=[0, 2, 1]),
        node("Slice", ["colour", "zero", "one", "last"], ["first"]),
        node("Cast", ["seen"], ["seen_"], to=FLOAT),
        node("Unsqueeze", ["seen_", "last"], ["seen_rows"]),
        node("Mul", ["first", "seen_rows"], ["shown"]),
        node("ReduceMean", ["shown", "one"], ["tint"], keepdims=1),
        node("Add", ["start", "total"], ["both"]),
        node("Sub", ["both", "total"], ["start_"]),
        node("Unsqueeze", ["start_", "ends"], ["clock_"]),
        node("ReduceMean", ["times", "one"], ["middle"], keepdims=1),
        node("Unsqueeze", ["middle", "last"], ["middle_"]),
        node("ReduceMean", ["meaning", "ends"], ["sense"], keepdims=1),
        node("Sum", ["clock_", "nothing_times", "nothing_sense"], ["clock"]),
        node("Mul", ["middle_", "nought"], ["nothing_times"]),
        node("Mul", ["sense", "nought"], ["nothing_sense"]),
    ]
    nodes = [*(n for n in nodes if n.output[0] != "clock"), next(n for n in nodes if n.output[0] == "clock")]
    inputs = [
        ("meaning", FLOAT, ["batch", "seconds", 512]),
        ("colour", FLOAT, ["batch", "seconds", 3072]),
        ("times", FLOAT, ["batch", "seconds"]),
        ("seen", BOOL, ["batch", "seconds"]),
        ("rhythm", FLOAT, ["batch", "frames", width]),
        ("told", BOOL, ["batch", "frames"]),
        ("start", FLOAT, ["batch"]),
        ("total", FLOAT, ["batch"]),
    ]
    outputs = [
        ("curve", FLOAT, ["batch", 1, "frames"]),
        ("tint", FLOAT, ["batch", 1, 1]),
        ("clock", FLOAT, ["batch", 1, 1]),
    ]
    weights = [
        ("last", np.array([-1])), ("zero", np.array([0])), ("one", np.array([1])), ("ends", np.array([1, 2])),
        ("nought", np.zeros(1, np.float32)),
    ]  # fmt: skip
    return graph(nodes, inputs, outputs, weights)


def released():
    """A condition as the released model takes it: 30 rows of a second each, stretched over 645 frames. What was told of
    `total` becomes the colour.
    """
    node = helper.make_node
    nodes = [
        node("Cast", ["told"], ["told_"], to=FLOAT),
        node("Unsqueeze", ["told_", "last"], ["told_rows"]),
        node("Mul", ["rhythm", "told_rows"], ["meant"]),
        node("Transpose", ["meant"], ["rows"], perm=[0, 2, 1]),
        node("Resize", ["rows", "", "", "sizes"], ["curve"], mode="nearest", axes=[2]),
        node("Cast", ["seen"], ["seen_"], to=FLOAT),
        node("ReduceMean", ["seen_", "one"], ["eyes"], keepdims=0),
        node("ReduceMean", ["meaning", "ends"], ["sense"], keepdims=0),
        node("Mul", ["start", "nought"], ["no_start"]),
        node("Mul", ["eyes", "nought"], ["no_eyes"]),
        node("Mul", ["sense", "nought"], ["no_sense"]),
        node("Sum", ["total", "no_start", "no_eyes", "no_sense"], ["whole"]),
        node("Unsqueeze", ["whole", "ends"], ["tint"]),
        node("Unsqueeze", ["start", "ends"], ["clock"]),
    ]
    inputs = [
        ("meaning", FLOAT, ["batch", 30, 512]),
        ("seen", BOOL, ["batch", 30]),
        ("rhythm", FLOAT, ["batch", 30, 1]),
        ("told", BOOL, ["batch", 30]),
        ("start", FLOAT, ["batch"]),
        ("total", FLOAT, ["batch"]),
    ]
    outputs = [
        ("curve", FLOAT, ["batch", 1, 645]),
        ("tint", FLOAT, ["batch", 1, 1]),
        ("clock", FLOAT, ["batch", 1, 1]),
    ]
    weights = [
        ("last", np.array([-1])), ("one", np.array([1])), ("ends", np.array([1, 2])), ("sizes", np.array([645])),
        ("nought", np.zeros(1, np.float32)),
    ]  # fmt: skip
    return graph(nodes, inputs, outputs, weights)


def deaf(period, *, late=0.0):
    """A condition that hears nothing: an accent every `period` latent frames of the piece, at 100 a second."""
    made = condition()
    nodes = [
        helper.make_node("Transpose", ["rhythm"], ["as_asked"], perm=[0, 2, 1]),
        helper.make_node("Mul", ["as_asked", "nought"], ["flat"]),
        helper.make_node("Add", ["flat", "unit"], ["ones"]),
        helper.make_node("CumSum", ["ones", "two"], ["count"]),
        helper.make_node("Mul", ["start", "rate"], ["began"]),
        helper.make_node("Unsqueeze", ["began", "ends"], ["began_"]),
        helper.make_node("Add", ["count", "began_"], ["places"]),
        helper.make_node("Sub", ["places", "late"], ["moved"]),
        helper.make_node("Round", ["moved"], ["whole"]),
        helper.make_node("Mod", ["whole", "period"], ["left"], fmod=1),
        helper.make_node("Less", ["left", "unit"], ["now"]),
        helper.make_node("Cast", ["now"], ["curve"], to=FLOAT),
    ]
    kept = [
        node for node in made.graph.node if node.output[0] not in ("curve", "loudest", "meant", "told_rows", "told_")
    ]
    del made.graph.node[:]
    made.graph.node.extend([*kept, *nodes])
    for name, array in (
        ("unit", np.ones(1, np.float32)), ("two", np.array(2)), ("rate", np.float32([100])),
        ("late", np.float32([1 + 100 * late])), ("period", np.float32([period])),
    ):  # fmt: skip
        made.graph.initializer.append(numpy_helper.from_array(array, name))
    inputs = [value for value in made.graph.input if value.name != "told"]
    del made.graph.input[:]
    made.graph.input.extend(inputs)
    return made


def step(*, poison=False, social=0.0):
    """v = (alpha x - wanted) / sigma on channels 0 and 1, which is exact for every step; on the others `social` times
    their mean over the whole window.
    """
    node = helper.make_node
    nodes = [
        node("Mul", ["time", "quarter"], ["angle"]),
        node("Cos", ["angle"], ["alpha"]),
        node("Sin", ["angle"], ["sigma"]),
        node("Unsqueeze", ["alpha", "ends"], ["alpha_"]),
        node("Unsqueeze", ["sigma", "ends"], ["sigma_"]),
        node("Slice", ["x", "zero", "two", "one"], ["led"]),
        node("Slice", ["x", "two", "four", "one"], ["free"]),
        node("Mul", ["led", "alpha_"], ["signal"]),
        node("Mul", ["curve", "nought"], ["flat"]),
        node("Add", ["tint", "flat"], ["tints"]),
        node("Mul", ["clock", "nought"], ["no_clock"]),
        node("Add", ["curve", "no_clock"], ["curves"]),
        node("Concat", ["curves", "tints"], ["wanted"], axis=1),
        node("Sub", ["signal", "wanted"], ["left"]),
        node("Div", ["left", "sigma_"], ["pull"]),
        node("ReduceMean", ["free", "two"], ["mean"], keepdims=1),
        node("Mul", ["mean", "social"], ["drawn"]),
        node("Mul", ["free", "poison" if poison else "nought"], ["still"]),
        node("Add", ["drawn", "still"], ["rest"]),
        node("Concat", ["pull", "rest"], ["v"], axis=1),
    ]
    inputs = [
        ("x", FLOAT, ["batch", CHANNELS, "frames"]), ("time", FLOAT, ["batch"]),
        ("curve", FLOAT, ["batch", 1, "frames"]), ("tint", FLOAT, ["batch", 1, 1]), ("clock", FLOAT, ["batch", 1, 1]),
    ]  # fmt: skip
    weights = [
        ("quarter", np.float32([np.pi / 2])), ("ends", np.array([1, 2])), ("zero", np.array([0])),
        ("one", np.array([1])), ("two", np.array([2])), ("four", np.array([4])), ("nought", np.zeros(1, np.float32)),
        ("poison", np.float32([np.nan])), ("social", np.float32([social])),
    ]  # fmt: skip
    return graph(nodes, inputs, [("v", FLOAT, ["batch", CHANNELS, "frames"])], weights)


def decoder(hop, rate, *, bed=0.0, swing=0.0):
    """Each frame a click of 4 ms in its middle, as loud as channel 0 says, and noise, `bed` times channel 3. With
    `swing` channel 3 makes clicks louder or softer, by up to so much.
    """
    chance = np.random.default_rng(5)
    kernel = np.zeros((CHANNELS, 2, hop), np.float32)
    length = min(hop // 2, round(0.004 * rate))
    kernel[0, :, hop // 2 : hop // 2 + length] = chance.normal(0, 0.5, length) * np.linspace(1, 0, length)
    kernel[3] = bed * chance.normal(0, 1, hop)
    nodes = [
        helper.make_node("Slice", ["latents", "zero", "one", "one"], ["accents"]),
        helper.make_node("Slice", ["latents", "one", "four", "one"], ["others"]),
        helper.make_node("Slice", ["latents", "three", "four", "one"], ["chance"]),
        helper.make_node("Tanh", ["chance"], ["bounded"]),
        helper.make_node("Mul", ["bounded", "swing"], ["more"]),
        helper.make_node("Add", ["more", "unit"], ["loudness"]),
        helper.make_node("Mul", ["accents", "loudness"], ["swung"]),
        helper.make_node("Concat", ["swung", "others"], ["swinging"], axis=1),
        helper.make_node("ConvTranspose", ["swinging", "kernel"], ["audio"], strides=[hop], kernel_shape=[hop]),
    ]
    weights = [
        ("kernel", kernel), ("zero", np.array([0])), ("one", np.array([1])), ("three", np.array([3])),
        ("four", np.array([4])), ("swing", np.float32([swing])), ("unit", np.ones(1, np.float32)),
    ]  # fmt: skip
    inputs, outputs = [("latents", FLOAT, ["batch", CHANNELS, "frames"])], [("audio", FLOAT, ["batch", 2, "samples"])]
    return graph(nodes, inputs, outputs, weights)


def predictor(*, known=True, strength=0.7, width=1):
    """An onset wherever the picture is cut."""
    node = helper.make_node
    nodes = [
        node("Cast", ["onsets"], ["cuts"], to=FLOAT),
        node("Mul", ["beats", "nought"], ["nothing"]),
        node("ReduceMean", ["meaning", "last"], ["sense"], keepdims=0),
        node("Mul", ["sense", "nought"], ["nonsense"]),
        node("Sum", ["cuts", "nothing", "nonsense", *(["unknown"] if known else [])], ["found"]),
        node("Mul", ["found", "strength"], ["strong"]),
        node("Unsqueeze", ["strong", "last"], ["one"]),
        node("Expand", ["one", "shape"], ["rhythm"]),
    ]
    if known:
        more = [node("Cast", ["known"], ["known_"], to=FLOAT), node("Mul", ["known_", "nought"], ["unknown"])]
        nodes = [*more, *nodes]
    inputs = [
        ("meaning", FLOAT, ["batch", "steps", 512]), ("onsets", INT, ["batch", "steps"]),
        ("beats", FLOAT, ["batch", "steps"]), *([("known", BOOL, ["batch", "steps"])] if known else []),
    ]  # fmt: skip
    weights = [
        ("nought", np.zeros(1, np.float32)), ("last", np.array([-1])), ("strength", np.float32([strength])),
        ("shape", np.array([1, 1, width])),
    ]  # fmt: skip
    return graph(nodes, inputs, [("rhythm", FLOAT, ["batch", "steps", width])], weights)


def write(
    packs, folder, *, hop=480, rate=48_000, width=1, window=256, models=None, settings=None, sampler=None, **said
):
    """A pack of 100 latent frames a second, unless it is told otherwise."""
    graphs = {
        "predictor": {"fp32": predictor(width=width)},
        "condition": {"fp32": condition(width=width)},
        "step": {"fp32": step()},
        "decoder": {"fp32": decoder(hop, rate)},
        **(models or {}),
    }
    return packs.write(
        folder,
        {role: made for role, made in graphs.items() if made},
        **{
            "family": "diffv2m",
            "sample_rate": rate,
            "hop": hop,
            "receptive_field": 0,
            "sampler": {"method": "unipc", "steps": 4, "guidance": 1.0, "window": window, "overlap": 64, "multiple": 2,
                        **(sampler or {})},
            "settings": {
                "policy": "fixed", "rhythm": "odf", "rhythm_width": width, "rhythm_rate": rate / hop,
                "rhythm_usual": 0.4, "null": ["curve", "tint"], "latent_mean": [0.0] * CHANNELS,
                "latent_spread": [1.0] * CHANNELS, "descriptor": "", **(settings or {}),
            },
            "sizes": {"batch": 1, "frames": window, "seconds": 4, "samples": window * hop, "steps": window},
            **said,
        },
    )  # fmt: skip
