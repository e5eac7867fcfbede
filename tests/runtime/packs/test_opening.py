"""What is refused before anything of a pack is believed, and that a sound one opens."""

from __future__ import annotations

import hashlib
import json
import os
import pickle

import numpy as np
import onnx
import pytest
from onnx import helper

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.session import Sessions


@pytest.fixture
def tiny(packs, tmp_path):
    return packs.write(tmp_path / "tiny")


def refused(folder) -> str:
    """The one line that says why."""
    with pytest.raises(EngineError) as caught:
        store.open_folder(folder)
    text = str(caught.value)
    assert caught.value.status == 5
    assert "\n" not in text
    assert str(folder) in text
    return text


def change(folder, edit):
    path = folder / "pack.json"
    said = json.loads(path.read_text())
    edit(said)
    path.write_text(json.dumps(said))


def variant(said, precision="fp32"):
    return said["graphs"]["step"]["variants"][precision]


def renew(folder):
    """States anew the size and the hash of the graph, as somebody would who means harm."""
    path = folder / "step.fp32.onnx"
    content = path.read_bytes()
    new = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    change(folder, lambda said: variant(said).update(new))


def test_a_sound_pack_opens_and_says_what_it_is(tiny):
    pack = store.open_folder(tiny)
    assert (pack.name, pack.family, pack.version, pack.licence.commercial) == ("tiny", "test", "1.0.0", True)
    assert [str(t) for t in pack.graph("step").variants["fp32"].inputs] == ["x: float32 (batch, time)"]
    assert pack.bytes() == (tiny / "step.fp32.onnx").stat().st_size


def test_what_a_system_leaves_in_folders_does_no_harm(tiny):
    (tiny / ".DS_Store").write_bytes(b"whatever")
    assert store.open_folder(tiny).name == "tiny"


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_flipped_byte_is_found(tiny, place):
    path = tiny / "step.fp32.onnx"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert "step.fp32.onnx is damaged" in refused(tiny)


def test_a_missing_graph_and_a_missing_manifest_are_named(tiny):
    (tiny / "step.fp32.onnx").rename(tiny.parent / "away.onnx")
    assert "step.fp32.onnx is missing" in refused(tiny)
    (tiny / "pack.json").unlink()
    assert "pack.json is missing" in refused(tiny)


OUTSIDE = (
    "../other.onnx", "/etc/model.onnx", "sub/model.onnx", "..\\other.onnx", "C:model.onnx", "C:\\model.onnx",
    "\\\\host\\model.onnx", "model\0.onnx", ".hidden.onnx", "", "..", "nul.onnx", "COM1.onnx", "a.onnx ", 7, None,
)  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_file_outside_the_folder_is_refused(tiny, name):
    change(tiny, lambda said: variant(said).update(file=name))
    assert "is not the plain name of a file beside pack.json" in refused(tiny)


def test_links_and_pipes_are_no_files_of_a_pack(tiny):
    path = tiny / "step.fp32.onnx"
    path.rename(tiny.parent / "away.onnx")
    path.symlink_to(tiny.parent / "away.onnx")
    assert "step.fp32.onnx is no plain file" in refused(tiny)
    path.unlink()
    os.mkfifo(path)
    assert "step.fp32.onnx is no plain file" in refused(tiny)
    path.unlink()
    (tiny.parent / "away.onnx").rename(path)
    (tiny / "pack.json").rename(tiny.parent / "away.json")
    (tiny / "pack.json").symlink_to(tiny.parent / "away.json")
    assert "pack.json is no plain file" in refused(tiny)


def test_a_pickle_is_refused_listed_or_not(tiny, packs):
    path = tiny / "weights.pkl"
    path.write_bytes(pickle.dumps({"weights": [1, 2]}))
    assert "'weights.pkl' lies in its folder" in refused(tiny)
    change(tiny, lambda said: said.update(texts=[packs.entry(path)]))
    assert "does not end in .txt or .md" in refused(tiny)
    path.rename(tiny / "step.fp32.onnx")
    change(tiny, lambda said: said.update(texts=[]))
    renew(tiny)
    assert "is not an ONNX graph" in refused(tiny)


def test_files_that_nobody_lists_and_folders_are_refused(tiny):
    (tiny / "run.py").write_text("print()")
    assert "'run.py' lies in its folder" in refused(tiny)
    (tiny / "run.py").unlink()
    (tiny / "sub").mkdir()
    assert "'sub' lies in its folder" in refused(tiny)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda g: g["inputs"][0].update(shape=["batch", 3]), "says input x: float32 (batch, 3)"),
        (lambda g: g["inputs"][0].update(shape=["batch"]), "says input x: float32 (batch)"),
        (lambda g: g["inputs"][0].update(dtype="int64"), "says input x: int64"),
        (lambda g: g["inputs"][0].update(name="z"), "has no input 'z'"),
        (lambda g: g["inputs"].clear(), "has the input 'x', of which pack.json says nothing"),
        (lambda g: g["outputs"][0].update(dtype="float16"), "says output y: float16"),
        (lambda g: g["outputs"].append({"name": "more", "dtype": "float32", "shape": []}), "has no output 'more'"),
    ],
)
def test_a_graph_that_is_not_what_the_pack_says_is_refused(tiny, edit, words):
    change(tiny, lambda said: edit(said["graphs"]["step"]))
    assert words in refused(tiny)


def test_a_fixed_length_is_not_one_that_varies(packs, tmp_path):
    made = packs.model([helper.make_node("Neg", ["x"], ["y"])], [("x", [1, 3])], [("y", [1, 3])])
    folder = packs.write(tmp_path / "tiny", {"step": {"fp32": made}})
    assert store.open_folder(folder).name == "tiny"
    change(folder, lambda said: said["graphs"]["step"]["inputs"][0].update(shape=["batch", 3]))
    assert "says input x: float32 (batch, 3), step.fp32.onnx has x: float32 (1, 3)" in refused(folder)


def node(operator, domain):
    return helper.make_node(operator, ["x"], ["y"], domain=domain)


def in_an_if(inner):
    branch = helper.make_graph([inner], "branch", [], [helper.make_tensor_value_info("y", 1, None)])
    yes = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("v", onnx.TensorProto.BOOL, [], [True]))
    return [yes, helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Evil", "com.example")], "unknown domain 'com.example'"),
        (in_an_if(node("Evil", "com.example")), "unknown domain 'com.example'"),
        ([node("PyOp", "ai.onnx.contrib")], "unknown domain 'ai.onnx.contrib'"),
        ([node("EPContext", "com.microsoft")], "EPContext, which carries code"),
        (in_an_if(node("PythonOp", "com.microsoft")), "PythonOp, which carries code"),
    ],
)
def test_operators_of_nobodys_knowledge_are_refused(packs, tmp_path, nodes, words):
    made = packs.model(nodes, [("x", ["n"])], [("y", ["n"])])
    assert words in refused(packs.write(tmp_path / "tiny", {"step": {"fp32": made}}))


def test_functions_and_imports_of_unknown_domains_are_refused(packs, tmp_path):
    ends = [("x", ["n"])], [("y", ["n"])]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.example", 1)]
    inner = helper.make_function("", "Hidden", ["x"], ["y"], [node("Evil", "com.example")], opsets)
    made = packs.model([node("Neg", "")], *ends, functions=[inner])
    assert "unknown domain 'com.example'" in refused(packs.write(tmp_path / "one", {"step": {"fp32": made}}))
    made = packs.model([node("Neg", "")], *ends, domains=["com.example"])
    assert "unknown domain 'com.example'" in refused(packs.write(tmp_path / "two", {"step": {"fp32": made}}))


def outside(packs, location, *, offset=0, length=16):
    """y = x + weights, which lie in another file."""
    made = packs.model(
        [helper.make_node("Add", ["x", "w"], ["y"])], [("x", ["n", 4])], [("y", ["n", 4])],
        [("w", np.zeros(4, np.float32))],
    )  # fmt: skip
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
    return made


def test_weights_beside_the_graph_are_read(packs, tmp_path):
    made, weights = outside(packs, "step.data"), np.arange(4, dtype=np.float32)
    folder = packs.write(tmp_path / "tiny", {"step": {"fp32": made}}, data=[("step.data", weights.tobytes())])
    graph = Sessions("cpu").open(store.open_folder(folder), "step")
    assert graph.run({"x": np.ones((1, 4), np.float32)})["y"].tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("location", ["../step.data", "/etc/passwd", "C:\\x.data", "*/_ORT_MEM_ADDR_/*", "other.data"])
def test_weights_outside_the_folder_are_refused(packs, tmp_path, location):
    (tmp_path / "step.data").write_bytes(bytes(16))
    made = outside(packs, location)
    words = refused(packs.write(tmp_path / "bare", {"step": {"fp32": made}}))
    assert f"keeps weights in '{location}'" in words
    folder = packs.write(tmp_path / "beside", {"step": {"fp32": made}}, data=[("step.data", bytes(16))])
    assert f"keeps weights in '{location}'" in refused(folder)


def test_weights_in_a_constant_are_looked_at_too(packs, tmp_path):
    tensor = outside(packs, "../step.data").graph.initializer[0]
    nodes = [helper.make_node("Constant", [], ["w"], value=tensor), helper.make_node("Add", ["x", "w"], ["y"])]
    made = packs.model(nodes, [("x", ["n", 4])], [("y", ["n", 4])])
    assert "keeps weights in '../step.data'" in refused(packs.write(tmp_path / "tiny", {"step": {"fp32": made}}))


def test_weights_behind_the_end_of_their_file_are_refused(packs, tmp_path):
    made = outside(packs, "step.data", offset=8)
    folder = packs.write(tmp_path / "tiny", {"step": {"fp32": made}}, data=[("step.data", bytes(16))])
    assert "behind the end of step.data" in refused(folder)


def test_a_place_that_is_said_twice_is_refused(packs, tmp_path):
    made = outside(packs, "step.data")
    made.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")
    folder = packs.write(tmp_path / "tiny", {"step": {"fp32": made}}, data=[("step.data", bytes(16))])
    assert "or twice" in refused(folder)


def test_graphs_too_deep_within_graphs_are_refused(packs, tmp_path):
    nodes = [node("Neg", "")]
    for _ in range(30):
        branch = helper.make_graph(nodes, "branch", [], [helper.make_tensor_value_info("y", 1, None)])
        nodes = [helper.make_node("If", ["yes"], ["y"], then_branch=branch)]
    made = packs.model(nodes, [("x", ["n"])], [("y", ["n"])])
    assert "too deep" in refused(packs.write(tmp_path / "tiny", {"step": {"fp32": made}}))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda s: s.update(schema="hitpoint.pack/2"), "reads 'hitpoint.pack/1'"),
        (lambda s: s.pop("licence"), "lacks 'licence'"),
        (lambda s: s["licence"].update(commercial="no"), "neither true nor false"),
        (lambda s: s["licence"].update(url="javascript:alert(1)"), "licence.url"),
        (lambda s: s.update(name="../x"), "name: '../x' does not do"),
        (lambda s: s.update(name="nul"), "a device on Windows"),
        (lambda s: s.update(version="new"), "version"),
        (lambda s: s.update(code="import os"), "has 'code', which hitpoint.pack/1 does not know"),
        (lambda s: s.update(graphs={}), "graphs is not an object of 1 to 64"),
        (lambda s: variant(s).update(sha256="0"), "sha256"),
        (lambda s: variant(s).update(bytes=2**40), "not a whole number from 0 to"),
        (lambda s: variant(s).update(bytes=1), "pack.json says 1"),
        (lambda s: s["graphs"]["step"]["variants"].update(fp16=variant(s)), "difference from fp32 is not stated"),
        (lambda s: s["graphs"]["step"]["variants"].update(fp64=variant(s)), "'fp64' does not do"),
        (lambda s: s["graphs"]["step"].update(prefer={"cpu": "int8"}), "none of fp32"),
        (lambda s: s.update(settings={"code": {"a": 1}}), "neither a word"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_wrong_is_refused_with_the_place(tiny, edit, words):
    change(tiny, edit)
    assert words in refused(tiny)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[1, 2]", "not an object"),
        ("[" * 100_000, "pack.json"),
        ('{"schema": "hitpoint.pack/1", "schema": "hitpoint.pack/1"}', "twice"),
        ('{"schema": NaN}', "NaN"),
        ('{"schema": "hitpoint.pack/1", "sampler": 1' + "0" * 5000 + "}", "pack.json"),
        (" " * (1 << 21), "larger than 1024 KiB"),
        ("\ud800".encode("utf-16", "surrogatepass"), "not UTF-8"),
    ],
)
def test_a_manifest_that_is_no_json_is_refused(tiny, text, words):
    (tiny / "pack.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert words in refused(tiny)


def test_a_licence_that_forbids_commerce_is_held(packs, tmp_path):
    licence = {"id": "CC-BY-NC-4.0", "name": "BY-NC", "url": "https://example.org/nc", "commercial": False}
    pack = store.open_folder(packs.write(tmp_path / "tiny", licence=licence))
    pack.allow(commercial=False)
    with pytest.raises(EngineError, match=r"may not be used commercially: its licence is BY-NC"):
        pack.allow(commercial=True)
