"""What all tests share: where the package came from, where sample timelines lie, and small timelines made here."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import opentimelineio as otio
import pytest

import hitpoint

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared" / "edits"


def pytest_configure(config: pytest.Config) -> None:
    # Tests neither use nor fill the cache of who runs them.
    os.environ.setdefault("HITPOINT_CACHE", tempfile.mkdtemp(prefix="hitpoint-cache-"))
    os.environ.setdefault("HITPOINT_PACKS", tempfile.mkdtemp(prefix="hitpoint-packs-"))
    # A checkout folder called hitpoint can shadow the installed package.
    home = Path(hitpoint.__file__).resolve().parent
    if home != REPOSITORY and "site-packages" not in home.parts:
        raise pytest.UsageError(f"hitpoint was imported from {home}, neither this checkout nor an installed package")


def pytest_report_header(config: pytest.Config) -> str:
    return f"hitpoint {hitpoint.__version__} from {Path(hitpoint.__file__).parent}"


@pytest.fixture(scope="session")
def shared_edits() -> Path:
    """Real timelines with known answers, beside the checkout where this is developed."""
    if not SHARED.is_dir():
        pytest.skip("the sample timelines are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def program():
    """Finds a system program; CI must have it, elsewhere the test is skipped."""

    def find(name: str, package: str) -> str:
        path = shutil.which(name)
        if path is None:
            message = f"{name} is not installed (apt-get install {package})"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
        return path

    return find


def rational(value: float, rate: float):
    return otio.opentime.RationalTime(value, rate)


def span(start: float, length: float, rate: float = 24):
    return otio.opentime.TimeRange(rational(start, rate), rational(length, rate))


def clip(
    name: str, length: float, start: float = 0, rate: float = 24, *, url: str | None = None, speed=None, enabled=True
):
    media = otio.schema.ExternalReference(url or f"file:///media/{name}.mov", span(0, 5000, rate))
    item = otio.schema.Clip(name, media, span(start, length, rate))
    item.enabled = enabled
    if speed is not None:
        item.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed) if speed else otio.schema.FreezeFrame())
    return item


def gap(length: float, rate: float = 24):
    return otio.schema.Gap(duration=rational(length, rate))


def dissolve(into: float, out: float, rate: float = 24):
    return otio.schema.Transition(
        "d", otio.schema.TransitionTypes.SMPTE_Dissolve, rational(into, rate), rational(out, rate)
    )


def track(*children, kind: str = "Video", name: str = "V1", enabled=True, **more):
    item = otio.schema.Track(name, list(children), kind=kind, **more)
    item.enabled = enabled
    return item


def stack(*children, name: str = "nest", **more):
    return otio.schema.Stack(name, list(children), **more)


def timeline(*tracks, name: str = "cut", start: float | None = None, rate: float = 24):
    made = otio.schema.Timeline(name, global_start_time=None if start is None else rational(start, rate))
    made.tracks.extend(tracks)
    return made


def mark(item, frame: float, name: str, length: float = 0, rate: float = 24, color: str = "RED", note: str = ""):
    item.markers.append(otio.schema.Marker(name, span(frame, length, rate), color, comment=note))
    return item


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders of small timelines, in frames."""
    return SimpleNamespace(
        clip=clip, gap=gap, dissolve=dissolve, track=track, stack=stack, timeline=timeline, mark=mark, span=span
    )


@pytest.fixture
def save(tmp_path: Path):
    """Writes a timeline as .otio and gives its path."""

    def write(made, name: str = "cut.otio") -> Path:
        path = tmp_path / name
        path.write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def read(save):
    """The Edit of a timeline made here."""
    from hitpoint.plugin.timeline.reading import read_edit

    def edit(made, **options):
        return read_edit(save(made), **options)[0]

    return edit


def tensors(graph, word: str):
    """A graph's inputs or outputs as pack.json lists them, by the word of the onnx package."""
    import onnx

    def length(dim):
        return dim.dim_param or dim.dim_value

    return [
        {
            "name": value.name,
            "dtype": str(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)),
            "shape": [length(dim) for dim in value.type.tensor_type.shape.dim],
        }
        for value in getattr(graph, word)
    ]


def model(nodes, inputs, outputs, weights=(), *, domains=(), functions=()):
    """A graph. Inputs and outputs are (name, shape) of fractions, weights (name, array)."""
    import onnx

    def ends(values):
        return [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in values]

    made = [onnx.numpy_helper.from_array(array, name) for name, array in weights]
    graph = onnx.helper.make_graph(nodes, "graph", ends(inputs), ends(outputs), made)
    imports = [onnx.helper.make_opsetid(domain, 1 if domain else 20) for domain in ("", *domains)]
    return onnx.helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=10)


def straight(gain: float = 2.0):
    """y = gain x + 1, of any batch and length."""
    import numpy as np
    import onnx

    nodes = [onnx.helper.make_node("Mul", ["x", "gain"], ["z"]), onnx.helper.make_node("Add", ["z", "one"], ["y"])]
    shape, one = ["batch", "time"], np.ones(1, np.float32)
    return model(nodes, [("x", shape)], [("y", shape)], [("gain", one * np.float32(gain)), ("one", one)])


def file_entry(path: Path) -> dict:
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def write_pack(folder: Path, models=None, *, data=(), **said) -> Path:
    """A pack in `folder`: models by role and precision, the bytes of files that weights lie in, what else it says."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = []
    for name, content in data:
        (folder / name).write_bytes(content)
        beside.append(file_entry(folder / name))
    graphs = {}
    for role, variants in (models or {"step": {"fp32": straight()}}).items():
        listed = {}
        for precision, made in variants.items():
            path = folder / f"{role}.{precision}.onnx"
            path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString(deterministic=True))
            listed[precision] = {**file_entry(path), **({"data": beside} if beside else {})}
            if precision != "fp32":
                listed[precision]["difference"] = {"value": 0.01, "measure": "relative RMS on noise"}
        graph = next(iter(variants.values())).graph
        graphs[role] = {"inputs": tensors(graph, "input"), "outputs": tensors(graph, "output"), "variants": listed}
    pack = {
        "schema": "hitpoint.pack/1",
        "name": folder.name,
        "family": "test",
        "version": "1.0.0",
        "licence": {"id": "CC0-1.0", "name": "Public domain", "url": "https://example.org/cc0", "commercial": True},
        "provenance": {"trained_on": "nothing", "steps": 0, "seed": 0, "code": "hitpoint tests"},
        "graphs": graphs,
        "sizes": {"batch": 1, "time": 8},
        **said,
    }
    (folder / "pack.json").write_text(json.dumps(pack, indent=1))
    return folder


@pytest.fixture(scope="session")
def packs() -> SimpleNamespace:
    """Makers of tiny packs and of the graphs in them."""
    return SimpleNamespace(write=write_pack, model=model, straight=straight, entry=file_entry)


@pytest.fixture
def own_packs(tmp_path, monkeypatch) -> Path:
    """Where the packs of who runs the test lie: nowhere near their own."""
    folder = tmp_path / "own packs"
    monkeypatch.setenv("HITPOINT_PACKS", str(folder))
    return folder
