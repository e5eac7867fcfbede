"""Engines by their name."""

import subprocess
import sys

import pytest

from hitpoint.runtime.engines.registry import ENGINES, engine, kind
from hitpoint.runtime.errors import EngineError


def test_every_listed_engine_exists_under_its_name():
    assert "composer" in ENGINES
    for name in ENGINES:
        if kind(name).family is None:
            assert engine(name).name == name
            assert engine(name).version and engine(name).licence


def test_an_engine_that_plays_a_model_says_that_it_needs_one():
    for name in ENGINES:
        if family := kind(name).family:
            with pytest.raises(EngineError, match=f"--pack .*{family}") as caught:
                engine(name)
            assert caught.value.status == 5


def test_an_unknown_engine_is_refused_with_the_names_there_are():
    with pytest.raises(EngineError, match="composer") as caught:
        engine("orchestra")
    assert "'orchestra'" in str(caught.value)
    assert caught.value.status == 5


def test_listing_engines_loads_none():
    code = (
        "import sys, hitpoint.runtime.engines.registry; "
        "print([m for m in sys.modules if m.startswith('hitpoint.runtime.engines.composer')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[]"
