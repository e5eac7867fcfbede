"""What works here, found out and not believed."""

from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from hitpoint.runtime.packs import providers


@pytest.fixture(autouse=True)
def asked_anew():
    providers.cuda.cache_clear()
    yield
    providers.cuda.cache_clear()


@pytest.fixture
def driver(monkeypatch):
    """A driver that starts as it is told."""

    def have(status=0, gpus=1):
        def count(pointer):
            ctypes.cast(pointer, ctypes.POINTER(ctypes.c_int))[0] = gpus
            return 0

        library = SimpleNamespace(cuInit=lambda flags: status, cuDeviceGetCount=count)
        monkeypatch.setattr(providers.ctypes, "CDLL", lambda name: library)

    return have


@pytest.fixture
def build(monkeypatch):
    """A build of ONNX Runtime that lists CUDA, and a preload that prints what it misses."""
    runtime = providers.runtime()

    def preload():
        print("Failed to load libcublas.so.13: cannot open shared object file")

    monkeypatch.setattr(runtime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(runtime, "preload_dlls", preload, raising=False)
    return runtime


def test_the_trial_graph_is_a_sound_one_and_runs():
    onnx.checker.check_model(onnx.load_from_string(providers.trial()), full_check=True)
    session = providers.runtime().InferenceSession(providers.trial(), providers=["CPUExecutionProvider"])
    assert session.run(None, {"x": np.ones((1, 1, 4, 4), np.float32)})[0].tolist() == [[[[36, 36], [36, 36]]]]


def test_without_a_driver_there_is_no_gpu_and_no_complaint(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(providers.ctypes, "CDLL", missing)
    found = providers.cuda()
    assert (found.works, found.driver) == (False, False)
    assert "no NVIDIA driver here" in found.words
    assert providers.choose("auto") == ("cpu", "")


@pytest.mark.parametrize(
    ("status", "gpus", "words"), [(3, 1, "does not start (error 3)"), (0, 0, "the NVIDIA driver finds no GPU")]
)
def test_a_driver_that_does_not_drive_is_no_gpu(driver, status, gpus, words):
    driver(status, gpus)
    assert words in providers.cuda().words
    assert not providers.cuda().driver


def test_a_build_without_cuda_is_said_where_there_is_a_gpu(driver, build, monkeypatch):
    driver()
    monkeypatch.setattr(build, "get_available_providers", lambda: ["CPUExecutionProvider"])
    found = providers.cuda()
    assert (found.works, found.driver) == (False, True)
    assert "built without CUDA: pip install 'hitpoint[cuda]'" in found.words


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_libraries_that_are_missing_are_named_and_nothing_reaches_the_terminal(driver, build, capfd):
    driver()
    found = providers.cuda()
    assert (found.works, found.driver) == (False, True)
    assert "missing or half there (Failed to load libcublas.so.13" in found.words
    assert capfd.readouterr() == ("", "")
    device, words = providers.choose("auto")
    assert device == "cpu"
    assert words.startswith("the GPU is not used: its libraries")


def test_a_gpu_that_works_is_chosen_first(driver, build, monkeypatch):
    driver()
    session = SimpleNamespace(get_providers=lambda: ["CUDAExecutionProvider"], run=lambda *_: [])
    monkeypatch.setattr(build, "InferenceSession", lambda *_, **__: session)
    assert providers.cuda().works
    assert providers.choose("auto") == ("cuda", "")
    names = [found.name for found in providers.examine()]
    assert names == ["cuda", "cpu"]


def test_a_gpu_on_which_the_trial_fails_is_not_believed(driver, build, monkeypatch):
    driver()

    def fails(*_):
        raise RuntimeError("CUDNN_STATUS_NOT_INITIALIZED\nat line 3")

    session = SimpleNamespace(get_providers=lambda: ["CUDAExecutionProvider"], run=fails)
    monkeypatch.setattr(build, "InferenceSession", lambda *_, **__: session)
    monkeypatch.setattr(build, "preload_dlls", lambda: None)
    assert "(CUDNN_STATUS_NOT_INITIALIZED at line 3)" in providers.cuda().words


def test_others_are_listed_as_untested_and_used_where_asked_for(monkeypatch, build):
    listed = ["TensorrtExecutionProvider", "CoreMLExecutionProvider", "AzureExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(build, "get_available_providers", lambda: listed)
    found = {provider.name: provider for provider in providers.examine()}
    assert list(found) == ["cuda", "tensorrt", "coreml", "cpu"]  # nothing that leaves the machine
    assert "never tested by us" in found["coreml"].words
    assert providers.choose("coreml") == ("coreml", "coreml was never tested by us")
    assert providers.chain("coreml") == ["CoreMLExecutionProvider", "CPUExecutionProvider"]


def test_the_reference_on_a_gpu_has_all_its_bits():
    assert providers.chain("cuda", exact=True)[0][1]["use_tf32"] == "0"
    assert providers.chain("cuda", fixed=True)[0][1]["enable_cuda_graph"] == "1"
    assert providers.chain("cpu", exact=True, fixed=True) == ["CPUExecutionProvider"]


def test_there_are_as_many_threads_as_cores_that_may_be_used(monkeypatch):
    if hasattr(os, "sched_getaffinity"):
        assert providers.threads() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert providers.threads() == os.cpu_count()
