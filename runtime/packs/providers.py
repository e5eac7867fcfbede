"""What graphs can run on: asked, tried and put into words. A provider that is listed is not yet one that works."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import struct
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import EngineError

AUTO, CPU, CUDA = "auto", "cpu", "cuda"
LISTED = {
    CUDA: "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    CPU: "CPUExecutionProvider",
}
UNTESTED = ("tensorrt", "coreml", "directml")
DEVICES = (AUTO, *LISTED)
REMEDY = "pip install 'hitpoint[cuda]'"


@dataclass(frozen=True)
class Provider:
    """One thing that graphs can run on. `driver` says that there is such hardware, whether it works or not."""

    name: str
    works: bool
    words: str
    driver: bool = False


def runtime() -> Any:
    """The module onnxruntime, told to leave the terminal alone. Raises EngineError where it is not installed."""
    try:
        import onnxruntime
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineError(f"packs need ONNX Runtime, which cannot be loaded ({reason}): pip install hitpoint") from None
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


def threads() -> int:
    """As many as there are cores that this process may use: one more than that costs more than it brings."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux knows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def examine() -> list[Provider]:
    """Everything that this build of ONNX Runtime lists, and CUDA, in the order in which `auto` would choose."""
    listed = runtime().get_available_providers()
    found = [cuda()]
    for name in UNTESTED:
        if LISTED[name] in listed:
            words = f"listed, never tested by us: only where it is asked for, --device {name}"
            found.append(Provider(name, False, words))
    found.append(Provider(CPU, True, f"always works; {threads()} threads"))
    return found


def choose(device: str) -> tuple[str, str]:
    """The device for what was asked, and why it is not the best one there could be, or nothing."""
    if device == AUTO:
        gpu = cuda()
        if gpu.works:
            return CUDA, ""
        return CPU, f"the GPU is not used: {gpu.words}" if gpu.driver else ""
    if device not in LISTED:
        raise EngineError(f"there is no device '{device}': {', '.join(DEVICES)}")
    if device == CUDA and not (gpu := cuda()).works:
        raise EngineError(f"CUDA does not work: {gpu.words}; --device cpu works")
    if LISTED[device] not in runtime().get_available_providers():
        raise EngineError(f"this build of ONNX Runtime has no {device}; --device cpu works")
    return device, f"{device} was never tested by us" if device in UNTESTED else ""


def chain(device: str, *, exact: bool = False, fixed: bool = False) -> list[Any]:
    """The providers of a session, the processor last. `exact` keeps fp32 at 32 bits, `fixed` records a CUDA graph."""
    if device == CPU:
        return [LISTED[CPU]]
    if device != CUDA:
        return [LISTED[device], LISTED[CPU]]
    options = {
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "HEURISTIC",  # trying all of them at every new length costs seconds
        "use_tf32": "0" if exact else "1",
        "enable_cuda_graph": "1" if fixed else "0",
    }
    return [(LISTED[CUDA], options), LISTED[CPU]]


@lru_cache(maxsize=1)
def cuda() -> Provider:
    """Whether CUDA really works: the driver, a GPU, the libraries, and a small graph that runs there."""
    onnxruntime = runtime()
    if sys.platform == "darwin":
        return Provider(CUDA, False, "there is none on a Mac")
    lacking = _driver()
    if lacking:
        return Provider(CUDA, False, lacking)
    if LISTED[CUDA] not in onnxruntime.get_available_providers():
        words = f"an NVIDIA GPU is there, but this ONNX Runtime is built without CUDA: {REMEDY}"
        return Provider(CUDA, False, words, driver=True)
    missing = _preload(onnxruntime)
    reason = _try_out(onnxruntime)
    if not reason:
        return Provider(CUDA, True, f"works; ONNX Runtime {onnxruntime.__version__}", driver=True)
    words = f"its libraries are missing or half there ({missing or reason}): {REMEDY}"
    return Provider(CUDA, False, words, driver=True)


def _driver() -> str:
    """What is missing before any library of CUDA matters."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        library = ctypes.CDLL(name)
        count = ctypes.c_int(0)
        status = library.cuInit(0) or library.cuDeviceGetCount(ctypes.byref(count))
    except (OSError, AttributeError):
        return f"no NVIDIA driver here ({name} cannot be loaded)"
    if status:
        return f"the NVIDIA driver does not start (error {status})"
    return "" if count.value else "the NVIDIA driver finds no GPU"


def _preload(onnxruntime: Any) -> str:
    """Loads CUDA's libraries out of the environment's packages; what it says where one is missing."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(Exception):
        onnxruntime.preload_dlls()
    return next((line.strip()[:160] for line in said.getvalue().splitlines() if line.strip()), "")


def _try_out(onnxruntime: Any) -> str:
    """Why a product and a convolution do not run on the GPU, or nothing."""
    import numpy as np

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(trial(), options, providers=chain(CUDA), enable_fallback=0)
        if LISTED[CUDA] not in session.get_providers():
            return "ONNX Runtime fell back to the processor"
        session.run(None, {"x": np.ones((1, 1, 4, 4), np.float32)})
    except Exception as error:  # onnxruntime's exceptions have no common ancestor but this
        return " ".join(str(error).split())[:160]
    return ""


def trial() -> bytes:
    """A graph that needs cuBLAS and cuDNN: x (1, 1, 4, 4) -> its product with itself -> y, drawn over by 3 x 3 ones."""
    weights = _varints(1, 1, 1, 3, 3) + _varints(2, 1) + _bytes(8, b"w") + _bytes(9, struct.pack("<9f", *[1.0] * 9))
    product = _bytes(1, b"x") * 2 + _bytes(2, b"p") + _bytes(4, b"MatMul")
    drawn = _bytes(1, b"p") + _bytes(1, b"w") + _bytes(2, b"y") + _bytes(4, b"Conv")
    ends = _bytes(11, _tensor(b"x", 1, 1, 4, 4)) + _bytes(12, _tensor(b"y", 1, 1, 2, 2))
    graph = _bytes(1, product) + _bytes(1, drawn) + _bytes(2, b"trial") + _bytes(5, weights) + ends
    return _varints(1, 8) + _bytes(8, _bytes(1, b"") + _varints(2, 17)) + _bytes(7, graph)


def _tensor(name: bytes, *lengths: int) -> bytes:
    shape = b"".join(_bytes(1, _varints(1, length)) for length in lengths)
    return _bytes(1, name) + _bytes(2, _bytes(1, _varints(1, 1) + _bytes(2, shape)))


def _varints(field: int, *numbers: int) -> bytes:
    """Fields of protocol buffers that hold a small number each."""
    return b"".join(bytes([field << 3, number]) for number in numbers)


def _bytes(field: int, content: bytes) -> bytes:
    """A field of protocol buffers; its length takes one byte or two."""
    size = len(content)
    return bytes([field << 3 | 2, *([size] if size < 128 else [size & 127 | 128, size >> 7])]) + content
