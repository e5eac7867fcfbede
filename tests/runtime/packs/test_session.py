"""Graphs that run: what they take, on what, in which variant, and what is said where it comes out otherwise."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import helper

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs import providers, session, store
from hitpoint.runtime.packs.binding import Binding
from hitpoint.runtime.packs.diffusion.beside import both
from hitpoint.runtime.packs.memory import in_pieces
from hitpoint.runtime.packs.session import OutOfMemory, Sessions

ONES = np.ones((2, 3), np.float32)


@pytest.fixture
def tiny(packs, tmp_path):
    variants = {"fp32": packs.straight(), "fp16": packs.straight(2.25), "int8": packs.straight(2.5)}
    return store.open_folder(packs.write(tmp_path / "tiny", {"step": variants}))


@pytest.fixture
def gpu(monkeypatch):
    """Makes this machine one with a GPU that is believed to work, as far as words go."""

    def have(works=True, words="works", driver=True):
        monkeypatch.setattr(providers, "cuda", lambda: providers.Provider("cuda", works, words, driver))

    return have


def line(call) -> str:
    with pytest.raises(EngineError) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert caught.value.status == 5
    return str(caught.value)


def test_a_graph_gives_named_arrays(tiny):
    graph = Sessions("cpu", "fp32").open(tiny, "step")
    assert graph.run({"x": ONES})["y"].tolist() == (2 * ONES + 1).tolist()
    assert graph.run({"x": ONES[:, ::2]})["y"].shape == (2, 2)  # of another length, and not in one piece


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"x": ONES.astype(np.float64)}, "the input 'x' is float64 (2, 3), tiny says float32 (batch=2, time=3)"),
        ({"x": ONES[0]}, "the input 'x' is float32 (3,), tiny says float32 (batch=3, time)"),
        ({"z": ONES}, "wants the inputs x: 'x' is missing or too many"),
        ({"x": ONES, "z": ONES}, "'z' is missing or too many"),
    ],
)
def test_a_wrong_input_is_one_line(tiny, inputs, words):
    graph = Sessions("cpu").open(tiny, "step")
    assert line(lambda: graph.run(inputs)).endswith(words)
    assert "no output 'q'" in line(lambda: graph.run({"x": ONES}, ["q"]))
    assert "no graph 'none': it has step" in line(lambda: Sessions("cpu").open(tiny, "none"))


def test_one_name_is_one_length_in_all_inputs(packs, tmp_path):
    made = packs.model(
        [helper.make_node("Add", ["a", "b"], ["y"])], [("a", ["n", 2]), ("b", ["n", 2])], [("y", ["n", 2])]
    )
    pack = store.open_folder(packs.write(tmp_path / "tiny", {"step": {"fp32": made}}))
    graph = Sessions("cpu").open(pack, "step")
    inputs = {"a": np.ones((3, 2), np.float32), "b": np.ones((1, 2), np.float32)}
    assert "the input 'b' is float32 (1, 2), tiny says float32 (n=3, 2)" in line(lambda: graph.run(inputs))
    steps = Binding(graph)
    for name, value in inputs.items():
        steps.put(name, value)
    assert "'b' has 1 of 'n', another input 3" in line(steps.step)


def test_the_variant_suits_the_device_and_can_be_asked_for(tiny, packs, tmp_path):
    spec = tiny.graph("step")
    assert session.chosen(tiny, spec, "cpu", None).precision == "int8"
    assert session.chosen(tiny, spec, "cuda", None).precision == "fp16"
    assert session.chosen(tiny, spec, "cuda", "fp32").precision == "fp32"
    assert Sessions("cpu").open(tiny, "step").run({"x": ONES})["y"][0, 0] == 3.5
    assert Sessions("cpu", "fp32").open(tiny, "step").run({"x": ONES})["y"][0, 0] == 3
    plain = store.open_folder(packs.write(tmp_path / "plain"))
    assert session.chosen(plain, plain.graph("step"), "cpu", None).precision == "fp32"
    assert "has no int8 of its graph 'step': it has fp32" in line(lambda: Sessions("cpu", "int8").open(plain, "step"))


def test_a_pack_may_prefer_another_variant(packs, tmp_path):
    import json

    folder = packs.write(tmp_path / "tiny", {"step": {"fp32": packs.straight(), "int8": packs.straight(2.5)}})
    said = json.loads((folder / "pack.json").read_text())
    said["graphs"]["step"]["prefer"] = {"cpu": "fp32"}
    (folder / "pack.json").write_text(json.dumps(said))
    pack = store.open_folder(folder)
    assert session.chosen(pack, pack.graph("step"), "cpu", None).precision == "fp32"


def test_sessions_are_set_as_they_were_measured(tiny):
    options = Sessions("cpu").open(tiny, "step").session.get_session_options()
    assert options.intra_op_num_threads == providers.threads()
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    lean = Sessions("cpu", threads=1).open(tiny, "step", lean=True)
    assert lean.run_options.get_run_config_entry("memory.enable_memory_arena_shrinkage") == "cpu:0"
    assert lean.session.get_session_options().intra_op_num_threads == 1
    assert lean.run({"x": ONES})["y"].shape == (2, 3)


def options_of(graph):
    return graph.session.get_session_options()


@pytest.mark.parametrize(("threads", "each"), [(1, 1), (2, 1), (3, 1), (8, 4)])
def test_in_int8_runs_that_come_in_pairs_share_the_threads(tiny, threads, each):
    graph = Sessions("cpu", threads=threads).open(tiny, "step", pairs=True)
    assert graph.variant.precision == "int8"
    assert options_of(graph).intra_op_num_threads == each
    assert graph.beside == (threads > 1)


@pytest.mark.parametrize(("variant", "pairs"), [("int8", False), ("fp32", True), ("fp16", True)])
def test_other_runs_have_all_threads_one_after_another(tiny, variant, pairs):
    graph = Sessions("cpu", variant, threads=4).open(tiny, "step", pairs=pairs)
    assert not graph.beside
    assert options_of(graph).intra_op_num_threads == 4


def test_a_graph_that_moves_to_the_processor_is_still_one_of_pairs(tiny):
    sessions = Sessions("cpu", threads=2)
    graph = sessions.open_on_cpu(sessions.open(tiny, "step", pairs=True))
    assert graph.beside and options_of(graph).intra_op_num_threads == 1
    assert not sessions.open_on_cpu(sessions.open(tiny, "step")).beside


def test_two_runs_of_one_graph_at_once_give_bit_for_bit_what_they_give_alone(packs, tmp_path):
    """Whole numbers, scaled anew at each run: nothing of one run's scale may reach the other."""
    chance = np.random.default_rng(3)
    node = helper.make_node
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
        node("MatMulInteger", ["q", "w", "zero"], ["whole"]),
        node("Cast", ["whole"], ["fraction"], to=onnx.TensorProto.FLOAT),
        node("Mul", ["fraction", "scale"], ["y"]),
    ]
    weights = [("w", chance.integers(-127, 128, (64, 64), np.int8))]
    made = packs.model(nodes, [("x", ["n", 64])], [("y", ["n", 64])], weights)
    pack = store.open_folder(packs.write(tmp_path / "tiny", {"step": {"int8": made}}))
    graph = Sessions("cpu", threads=2).open(pack, "step", pairs=True)
    loud, soft = (gain * chance.standard_normal((300, 64)).astype(np.float32) for gain in (9.0, 0.1))
    alone = [graph.run({"x": x})["y"] for x in (loud, soft)]
    assert np.abs(alone[1] - soft @ weights[0][1].astype(np.float32)).max() < 0.01 * np.abs(alone[1]).max()
    for _ in range(20):
        found = both(lambda: graph.run({"x": loud})["y"], lambda: graph.run({"x": soft})["y"])
        assert all(np.array_equal(one, right) for one, right in zip(found, alone, strict=True))


def test_a_graph_that_the_runtime_refuses_is_one_line(packs, tmp_path):
    made = packs.model([helper.make_node("NoSuchThing", ["x"], ["y"])], [("x", ["n"])], [("y", ["n"])])
    pack = store.open_folder(packs.write(tmp_path / "tiny", {"step": {"fp32": made}}))
    assert "the pack tiny, graph 'step' does not run" in line(lambda: Sessions("cpu").open(pack, "step"))


def test_an_output_that_is_not_as_promised_is_one_line(packs, tmp_path):
    twice = helper.make_node("Concat", ["x", "x"], ["y"], axis=0)
    pack = store.open_folder(
        packs.write(tmp_path / "tiny", {"step": {"fp32": packs.model([twice], [("x", ["n"])], [("y", ["n"])])}})
    )
    graph = Sessions("cpu").open(pack, "step")
    assert "the output 'y' is float32 (6,), tiny says float32 (n=3)" in line(lambda: graph.run({"x": ONES[0]}))


def test_nothing_is_said_where_there_is_no_gpu(gpu):
    gpu(works=False, words="no NVIDIA driver here", driver=False)
    sessions = Sessions()
    assert (sessions.device, sessions.warnings) == ("cpu", [])


def test_a_gpu_whose_libraries_are_missing_is_said_once_and_the_processor_plays(gpu, tiny):
    gpu(works=False, words="its libraries are missing or half there (libcublas.so.13): pip install 'hitpoint[cuda]'")
    sessions = Sessions()
    for _ in range(3):
        assert sessions.open(tiny, "step").run({"x": ONES})["y"].shape == (2, 3)
    assert len(sessions.warnings) == 1
    assert sessions.warnings[0].startswith("the GPU is not used: its libraries are missing or half there")
    assert "CUDA does not work: its libraries are missing" in line(lambda: Sessions("cuda"))


def test_a_provider_that_falls_back_in_silence_is_found_out(gpu, tiny, monkeypatch):
    """As onnxruntime does it: CUDA is asked for, the processor comes, nobody says so."""
    gpu()
    runtime = providers.runtime()
    real = runtime.InferenceSession

    def silent(path, options, providers, **more):
        return real(path, options, providers=["CPUExecutionProvider"], **more)

    monkeypatch.setattr(runtime, "InferenceSession", silent)
    sessions = Sessions()
    graph = sessions.open(tiny, "step")
    assert (graph.device, graph.variant.precision) == ("cpu", "int8")
    sessions.open(tiny, "step")
    assert sessions.warnings == [
        "cuda was asked for and does not run tiny: pip install 'hitpoint[cuda]'; it runs on the processor"
    ]
    monkeypatch.setattr(providers, "choose", lambda device: (device, ""))
    assert "cuda was asked for" in line(lambda: Sessions("cuda").open(tiny, "step"))


def test_a_graph_that_cannot_be_replayed_runs_step_by_step(gpu, tiny, monkeypatch):
    gpu()
    runtime = providers.runtime()
    real = runtime.InferenceSession

    class OnGpu:
        def __init__(self, path, options, providers, **more):
            if providers[0][1]["enable_cuda_graph"] == "1":
                raise RuntimeError("This session cannot use the graph capture feature")
            self._inner = real(path, options, providers=["CPUExecutionProvider"], **more)

        def get_providers(self):
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

        def __getattr__(self, name):
            return getattr(self._inner, name)

    monkeypatch.setattr(runtime, "InferenceSession", OnGpu)
    sessions = Sessions()
    graph = sessions.open(tiny, "step", fixed=True)
    assert (graph.device, graph.variant.precision, graph.fixed) == ("cuda", "fp16", False)
    assert [warning.rsplit("; ")[-1] for warning in sessions.warnings] == ["it runs step by step"]


def test_a_device_that_is_not_there_is_one_line():
    assert "no device 'tpu': auto, cuda" in line(lambda: Sessions("tpu"))
    assert "has no directml" in line(lambda: Sessions("directml"))


def test_memory_that_does_not_suffice_is_told_from_other_trouble(packs, tmp_path):
    """The processor's own allocator refuses a million gigabytes."""
    shape = onnx.numpy_helper.from_array(np.array([1 << 25, 1 << 25], np.int64), "shape")
    made = packs.model([helper.make_node("Expand", ["x", "shape"], ["y"])], [("x", [1, 1])], [("y", ["a", "b"])])
    made.graph.initializer.append(shape)
    pack = store.open_folder(packs.write(tmp_path / "tiny", {"step": {"fp32": made}}))
    graph = Sessions("cpu").open(pack, "step")
    with pytest.raises(OutOfMemory, match="there is not enough memory"):
        graph.run({"x": np.ones((1, 1), np.float32)})


def full_above(most):
    """Work that adds up 100 in pieces, on a device with room for `most`."""
    seen = []

    def work(graph, piece):
        seen.append((graph.device, piece))
        if piece > most.get(graph.device, 0):
            raise OutOfMemory("full")
        return sum(min(piece, 100 - n) for n in range(0, 100, piece))

    return work, seen


def test_full_memory_makes_the_pieces_smaller_and_says_so(tiny):
    sessions = Sessions("cpu")
    work, seen = full_above({"cpu": 20})
    assert in_pieces(work, sessions, sessions.open(tiny, "step"), 100) == 100
    assert seen == [("cpu", 100), ("cpu", 50), ("cpu", 25), ("cpu", 12)]
    assert sessions.warnings == ["memory was full: the pack tiny, graph 'step' ran in pieces of 12 instead of 100"]


def test_a_gpu_that_is_full_hands_on_to_the_processor_and_says_so(tiny):
    sessions = Sessions("cpu")
    sessions.device = "cuda"  # as far as in_pieces can tell
    graph = sessions.open_on_cpu(Sessions("cpu").open(tiny, "step"))
    graph.device = "cuda"
    work, seen = full_above({"cpu": 100})
    assert in_pieces(work, sessions, graph, 100, least=30) == 100
    assert seen == [("cuda", 100), ("cuda", 50), ("cuda", 30), ("cpu", 100)]
    assert sessions.warnings == ["the memory of cuda was full: the pack tiny, graph 'step' ran on the processor"]


def test_full_memory_everywhere_is_one_line(tiny):
    sessions = Sessions("cpu")
    work, seen = full_above({})
    assert line(lambda: in_pieces(work, sessions, sessions.open(tiny, "step"), 4)) == "full"
    assert [piece for _, piece in seen] == [4, 2, 1]


@pytest.fixture
def steps(tiny):
    return Binding(Sessions("cpu", "fp32").open(tiny, "step"))


def test_what_was_put_stays_and_can_be_put_anew(steps):
    source = ONES.copy()
    steps.put("x", source)
    source[:] = 100  # it was copied
    for _ in range(2):
        steps.step()
        assert steps.get("y").tolist() == (2 * ONES + 1).tolist()
    steps.put("x", 2 * ONES)
    steps.step()
    first = steps.get("y")
    assert first[0, 0] == 5
    steps.put("x", ONES[:1])  # of another shape
    steps.step()
    assert (steps.get("y").shape, steps.get("y")[0, 0], first[0, 0]) == ((1, 3), 3, 5)


def test_an_output_carried_over_never_comes_back_in_between(steps):
    steps.put("x", ONES)
    steps.carry("y", "x")
    for _ in range(5):
        steps.step()
    assert steps.get("y")[0, 0] == 63  # 1 -> 3 -> 7 -> 15 -> 31 -> 63
    steps.put("x", 0 * ONES)
    steps.step()
    assert steps.get("y")[0, 0] == 1


def test_a_shared_buffer_is_read_and_written(packs, tmp_path):
    made = packs.model([helper.make_node("Neg", ["x"], ["y"])], [("x", ["n"])], [("y", ["n"])])
    pack = store.open_folder(packs.write(tmp_path / "tiny", {"step": {"fp32": made}}))
    steps = Binding(Sessions("cpu").open(pack, "step"))
    steps.put("x", ONES[0])
    steps.share("y", "x")
    signs = []
    for _ in range(3):
        steps.step()
        signs.append(steps.get("y")[0])
    assert signs == [-1, 1, -1]


def test_a_fixed_graph_keeps_its_shapes_and_places(tiny):
    graph = Sessions("cpu", "fp32").open(tiny, "step", fixed=True)
    graph.fixed = True  # on the processor there is nothing to record; the promise is held all the same
    steps = Binding(graph)
    steps.put("x", ONES)
    steps.step()
    steps.put("x", 3 * ONES)
    steps.step()
    assert steps.get("y")[0, 0] == 7
    assert "which a Binding sees to" in line(lambda: graph.run({"x": ONES}))
    assert "which a fixed graph does not allow" in line(lambda: steps.put("x", ONES[:1]))
    assert "carries nothing over" in line(lambda: steps.carry("y", "x"))


def test_steps_that_lack_something_are_one_line(steps):
    assert "'x' is missing" in line(steps.step)
    assert "no input 'q'" in line(lambda: steps.put("q", ONES))
    assert "no output 'q'" in line(lambda: steps.get("q"))
    assert "has not run yet" in line(lambda: steps.get("y"))
    assert "float64" in line(lambda: steps.put("x", ONES.astype(np.float64)))


PLAIN = """
import sys
for name in ("torch", "onnx", "onnxscript", "google.protobuf", "jsonschema"):
    sys.modules[name] = None
import numpy
from hitpoint.runtime.packs import binding, memory, providers, session, store
assert "onnxruntime" not in sys.modules
graph = session.Sessions().open(store.open_folder(sys.argv[1]), "step")
assert graph.run({"x": numpy.ones((1, 2), numpy.float32)})["y"].tolist() == [[3, 3]]
"""


def test_a_pack_plays_where_neither_torch_nor_onnx_is_installed(packs, tmp_path):
    folder = packs.write(tmp_path / "tiny")
    code = PLAIN.replace("sys.argv[1]", f"__import__('pathlib').Path({str(folder)!r})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_runtime_that_is_missing_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "packs need ONNX Runtime" in line(providers.runtime)
