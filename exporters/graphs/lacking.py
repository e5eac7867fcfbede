"""What to say where the packages of the extra `export` are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...runtime.errors import EngineError

PACKAGES = ("torch", "onnx", "onnxscript", "onnx_ir", "transformers", "diffusers", "safetensors")
REMEDY = "pip install 'hitpoint[export]'"


@contextmanager
def named() -> Iterator[None]:
    """Turns the lack of such a package into one line."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in PACKAGES:
            raise
        raise EngineError(f"training and export need {name}, which is not installed: {REMEDY}") from None
