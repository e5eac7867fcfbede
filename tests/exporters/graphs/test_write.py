"""Packs written whole or not at all, opened as the runtime opens them, with what every variant is off."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from hitpoint.exporters.graphs import graph_file
from hitpoint.exporters.graphs import write as writing
from hitpoint.exporters.graphs.write import write_pack
from hitpoint.runtime.errors import Cancelled, HitpointError, OutputError, UsageError
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.pack import Difference, Licence
from hitpoint.runtime.packs.session import Sessions

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "pack.schema.json"
ALL = {"step": ("fp32", "fp16", "int8")}


@pytest.fixture
def quick(monkeypatch, packs):
    """A part that no exporter need touch: its graph is written by hand, y = 2 x W + 1."""
    import onnx_ir
    import torch

    from hitpoint.exporters.graphs import parity

    weight = np.random.default_rng(0).standard_normal((8, 8)).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Add", ["z", "one"], ["y"])]
    ends = ["batch", "time", 8]
    made = packs.model(nodes, [("x", ends)], [("y", ends)], [("w", 2 * weight), ("one", np.ones(1, np.float32))])

    def exported(part, path, opset=20):
        graph_file.save(onnx_ir.from_proto(made), path)
        return parity.hold(part, path)

    monkeypatch.setattr(writing, "exported", exported)
    return lambda x: 2 * x @ torch.from_numpy(weight) + 1


def test_a_pack_says_all_that_it_was_given(models, written):
    _, folder, pack = written
    found = store.open_folder(folder)
    assert found == pack
    said = {name: value for name, value in vars(models.ABOUT).items() if name not in ("texts", "sizes")}
    assert {name: getattr(found, name) for name in said} == said
    assert found.sizes == {"batch": 1, "time": 40}
    assert (folder / "NOTES.md").read_text() == "Made for a test.\n"


def test_pack_json_is_as_its_schema_says(written):
    import jsonschema

    jsonschema.validate(json.loads((written[1] / "pack.json").read_text()), json.loads(SCHEMA.read_text()))


def test_each_variant_is_another_and_its_difference_is_the_one_measured(written):
    part, _, pack = written
    graphs = {name: Sessions("cpu", name).open(pack, "step") for name in ALL["step"]}
    worst = dict.fromkeys(("fp16", "int8"), 0.0)
    for sizes in part.sizes:
        inputs = {tensor.name: value.numpy() for tensor, value in zip(part.inputs, part.inputs_for(sizes), strict=True)}
        rows = [{name: value[n : n + 1] for name, value in inputs.items()} for n in range(sizes["batch"])]
        right = graphs["fp32"].run(inputs)
        for precision, given in (("fp16", [inputs]), ("int8", rows)):
            played = [graphs[precision].run(some) for some in given]
            for name, value in right.items():
                found = np.concatenate([some[name] for some in played])
                worst[precision] = max(
                    worst[precision], float(np.sqrt(((found - value) ** 2).mean() / (value**2).mean()))
                )
    variants = pack.graph("step").variants
    assert variants["fp32"].difference is None
    assert 1e-5 < worst["fp16"] < worst["int8"] < 0.2
    for precision, value in worst.items():
        assert variants[precision].difference.value == pytest.approx(value, rel=1e-3)
    assert {variant.difference.measure for variant in variants.values() if variant.difference} == {"relative RMS"}
    assert len({variant.file.sha256 for variant in variants.values()}) == 3
    assert variants["fp16"].file.bytes < variants["fp32"].file.bytes


def test_a_pack_plays_where_torch_and_onnx_are_not_installed(written):
    code = (
        "import sys\n"
        "for name in ('torch', 'onnx', 'onnxscript', 'onnx_ir', 'transformers'): sys.modules[name] = None\n"
        "import numpy as np\n"
        "from hitpoint.runtime.packs.store import opened\n"
        "from hitpoint.runtime.packs.session import Sessions\n"
        "with opened(sys.argv[1]) as pack:\n"
        "    for name in ('fp32', 'fp16', 'int8'):\n"
        "        x, mask = np.ones((1, 8, 5), np.float32), np.ones((1, 5), bool)\n"
        "        given = {'x': x, 't': x[:, :1, 0], 'mask': mask, 'unused': x[:, :3, 0]}\n"
        "        print(Sessions('cpu', name).open(pack, 'step').run(given)['v'].shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, written[1]], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(1, 8, 5)\n" * 3, "")


def test_a_pack_is_the_same_bytes_every_time_and_as_one_file_too(quick, models, tmp_path):
    part = replace(models.part(quick), role="step")
    for name in ("one", "two", "one.hitpack", "two.hitpack"):
        write_pack(tmp_path / name, models.ABOUT, [part], precisions=ALL)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["NOTES.md", "pack.json", "step.fp16.onnx", "step.fp32.onnx", "step.int8.onnx"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)
    assert (tmp_path / "one.hitpack").read_bytes() == (tmp_path / "two.hitpack").read_bytes()
    with store.opened(str(tmp_path / "one.hitpack")) as pack:
        assert pack.name == "little"
    assert len(list(tmp_path.iterdir())) == 4


def test_in_whole_numbers_each_row_is_measured_alone(quick, models, tmp_path):
    """One loud row coarsens the scale of the whole batch; the runtime plays rows one by one, and so it is measured."""
    import torch

    chance = torch.Generator().manual_seed(2)
    row = torch.randn(1, 4, 8, generator=chance)
    loud = lambda sizes: {"x": torch.cat([row, 1000 * row])}
    part = replace(models.part(quick, sizes=({"batch": 2, "time": 4},), given=loud, tolerance=1.0), role="step")
    off = {}

    def quiet_row(role, right, found):
        error = np.sqrt(((found["y"] - right["y"])[0] ** 2).mean() / (right["y"][0] ** 2).mean())
        return Difference(float(error), "the quiet row alone")

    for rows in ("batch", "none"):
        pack = write_pack(tmp_path / rows, models.ABOUT, [replace(part, rows=rows)], precisions=ALL, judge=quiet_row)
        off[rows] = pack.graph("step").variants["int8"].difference.value
    assert off["batch"] < 0.05 < 0.2 < off["none"]


def test_the_family_may_judge_for_itself(quick, models, tmp_path):
    part = replace(models.part(quick), role="step")
    asked = []

    def judge(role, right, found):
        asked.append((role, found["y"].shape))
        return Difference(float(len(found["y"])), "dB on the sound")

    pack = write_pack(tmp_path / "little", models.ABOUT, [part], precisions={"step": ("fp32", "fp16")}, judge=judge)
    assert pack.graph("step").variants["fp16"].difference == Difference(3.0, "dB on the sound")  # its largest batch
    assert [shape for _, shape in asked] == [(1, 16, 8), (3, 5, 8), (2, 1, 8)]

    def trial(pack, role, precision):
        assert {"fp32", precision} <= pack.graph(role).variants.keys() and (pack.folder / "step.fp32.onnx").is_file()
        return Difference(0.25, "after 30 steps") if precision == "int8" else None

    pack = write_pack(tmp_path / "little", models.ABOUT, [part], precisions=ALL, drop_fp32=["step"], trial=trial)
    variants = pack.graph("step").variants
    assert variants["int8"].difference == Difference(0.25, "after 30 steps")
    assert variants["fp16"].difference.measure == "relative RMS"


def test_fp32_need_not_be_shipped_to_be_measured_against(quick, models, tmp_path):
    parts = [replace(models.part(quick), role=role) for role in ("step", "other")]
    pack = write_pack(
        tmp_path / "little",
        models.ABOUT,
        parts,
        precisions={"step": ("int8",)},
        drop_fp32=["step"],
        prefer={"step": {"gpu": "int8"}},
    )
    found = store.open_folder(tmp_path / "little")
    assert found == pack
    assert {role: set(graph.variants) for role, graph in found.graphs.items()} == {"step": {"int8"}, "other": {"fp32"}}
    assert found.graph("step").prefer == {"gpu": "int8"}
    assert not (tmp_path / "little" / "step.fp32.onnx").exists()


def test_weights_too_large_for_a_graph_lie_beside_it(quick, models, tmp_path, monkeypatch):
    monkeypatch.setattr(graph_file, "BESIDE", 100)
    monkeypatch.setattr(graph_file, "_SMALLEST", 64)
    write_pack(
        tmp_path / "little",
        models.ABOUT,
        [replace(models.part(quick), role="step")],
        precisions={"step": ("fp32", "fp16")},
    )
    pack = store.open_folder(tmp_path / "little")
    assert [file.name for file in pack.graph("step").variants["fp32"].data] == ["step.fp32.data"]
    assert [file.name for file in pack.graph("step").variants["fp16"].data] == ["step.fp16.data"]
    given = {"x": np.ones((1, 2, 8), np.float32)}
    found = [Sessions("cpu", name).open(pack, "step").run(given)["y"] for name in ("fp32", "fp16")]
    assert found[1] == pytest.approx(found[0], abs=0.05)


def test_a_failure_leaves_what_was_there(quick, models, tmp_path):
    part = replace(models.part(quick), role="step")
    write_pack(tmp_path / "little", models.ABOUT, [part])
    before = {path.name: path.read_bytes() for path in (tmp_path / "little").iterdir()}
    wrong = replace(models.part(lambda x: quick(x) + 0.5), role="step")
    newer = replace(models.ABOUT, version="0.4.0")
    with pytest.raises(HitpointError, match="is not what torch computes"):
        write_pack(tmp_path / "little", newer, [wrong])

    def stop(fraction, words):
        if fraction > 0.9:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_pack(tmp_path / "little", newer, [part], progress=stop)
    with pytest.raises(Cancelled):
        write_pack(tmp_path / "other.hitpack", newer, [part], progress=stop)
    assert {path.name: path.read_bytes() for path in (tmp_path / "little").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["little"]


def test_a_variant_that_gives_no_numbers_is_refused(quick, models, tmp_path):
    part = replace(models.part(quick), role="step")
    never = lambda role, right, found: Difference(float("nan"), "nothing")
    with pytest.raises(HitpointError, match="'step' in int8 gives what is no number"):
        write_pack(tmp_path / "little", models.ABOUT, [part], precisions={"step": ("int8",)}, judge=never)
    assert not list(tmp_path.iterdir())


def test_nothing_of_somebodys_is_replaced(models, tmp_path):
    part = models.part(lambda x: x)
    own = tmp_path / "films"
    own.mkdir()
    (own / "cut.otio").write_text("mine")
    nested = tmp_path / "nested"
    (nested / "deep").mkdir(parents=True)
    (nested / "pack.json").write_text('{"schema": "hitpoint.pack/1"}')
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "pack.json").write_text('{"schema": "of/another"}')
    (tmp_path / "plain").write_text("mine")
    (tmp_path / "zip.hitpack").write_text("mine")
    (tmp_path / "folder.hitpack").mkdir()
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    for name in ("films", "nested", "foreign", "plain", "zip.hitpack", "folder.hitpack"):
        with pytest.raises(UsageError, match=name):
            write_pack(tmp_path / name, models.ABOUT, [part])
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    assert (tmp_path / "zip.hitpack").read_text() == "mine"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": "Not A Name"}, "name: 'Not A Name'"),
        ({"version": "one"}, "version: 'one'"),
        ({"settings": {"of": {"deep": 1}}}, "settings.of is neither"),
        ({"texts": {"run.py": "print()"}}, "'run.py' does not end in"),
        ({"licence": Licence("MIT", "MIT", "no address", True)}, "licence.url"),
    ],
)
def test_what_cannot_be_a_pack_is_refused_before_any_work(models, tmp_path, said, words):
    with pytest.raises(HitpointError, match=f"such a pack cannot be: .*{words}"):
        write_pack(tmp_path / "little", replace(models.ABOUT, **said), [models.part(lambda x: x)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"precisions": {"decoder": ("fp16",)}}, "there is no graph 'decoder'"),
        ({"precisions": {"part": ("fp64",)}}, "'fp64' is none of"),
        ({"drop_fp32": ["part"]}, "without fp32 there is nothing left"),
    ],
)
def test_what_is_asked_of_a_graph_that_is_not_there_is_refused(models, tmp_path, asked, words):
    with pytest.raises(HitpointError, match=words):
        write_pack(tmp_path / "little", models.ABOUT, [models.part(lambda x: x)], **asked)


def test_two_graphs_of_one_role_are_refused(models, tmp_path):
    part = models.part(lambda x: x)
    with pytest.raises(HitpointError, match="two graphs have one role"):
        write_pack(tmp_path / "little", models.ABOUT, [part, part])


def test_a_place_that_cannot_be_written_is_said(quick, models, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_pack(tmp_path / "file" / "little", models.ABOUT, [models.part(quick)])
