"""One graph that several tests look at, and the modules of models.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def models():
    """tests/exporters/graphs/models.py."""
    name = "hitpoint_tests_models"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "models.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def written(models, tmp_path_factory):
    """The step in all precisions: (its part, the folder, the pack as the writer gives it)."""
    from hitpoint.exporters.graphs.write import write_pack

    folder = tmp_path_factory.mktemp("written") / "little"
    part = models.step()
    return part, folder, write_pack(folder, models.ABOUT, [part], precisions={"step": ("fp32", "fp16", "int8")})


@pytest.fixture(scope="session")
def exported(written):
    """The step as a graph: (its part, where it lies)."""
    return written[0], written[1] / "step.fp32.onnx"


@pytest.fixture(scope="session")
def run():
    """Runs a graph file on named arrays: an ONNX Runtime of its own, apart from ours."""
    import onnxruntime

    def once(path, inputs):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [out.name for out in session.get_outputs()]
        return dict(zip(names, session.run(names, inputs), strict=True))

    return once
