"""What the tests of the mix share: sounds to play, and files to read back."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def playing() -> ModuleType:
    """`sheet_of`, `played`, `band`, `integers` and `measured`, as the tests of the programme have them."""
    spec = importlib.util.spec_from_file_location("hitpoint_programme", Path(__file__).with_name("test_programme.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
