"""What the add-on's files promise by themselves, without any Blender."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest

import hitpoint
from hitpoint.plugin.hosts.loopback import PROTOCOL

ADDON = Path(hitpoint.__file__).parent / "plugin" / "hosts" / "blender" / "addon"
FILES = sorted(ADDON.glob("*.py"))
OLDEST_PYTHON = (3, 10)  # that of Blender 3.4


def literal(path, name):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path.name} has no {name}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_says_its_licence_and_needs_nothing_but_the_standard_library_and_bpy(path):
    text = path.read_text()
    assert text.startswith("# SPDX-License-Identifier: GPL-3.0-or-later\n")
    for node in ast.walk(ast.parse(text, feature_version=OLDEST_PYTHON)):
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, "nothing of Hitpoint itself"
            names = [] if node.level else [str(node.module).partition(".")[0]]
        else:
            continue
        assert {*names} <= {*sys.stdlib_module_names, "bpy"}


def test_nothing_of_ours_imports_the_addon():
    root = Path(hitpoint.__file__).parent
    for room in ("plugin", "ui", "runtime", "exporters"):
        for path in (root / room).rglob("*.py"):
            if path.parent != ADDON:
                assert "blender.addon" not in path.read_text() and "from .addon" not in path.read_text(), path


def test_the_manifest_and_bl_info_agree_with_each_other_and_with_the_version():
    manifest = tomllib.loads((ADDON / "blender_manifest.toml").read_text())
    info = literal(ADDON / "__init__.py", "bl_info")
    assert manifest["version"] == hitpoint.__version__ == ".".join(map(str, info["version"]))
    assert (manifest["name"], manifest["tagline"]) == (info["name"], info["description"])
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    assert (manifest["blender_version_min"], info["blender"]) == ("4.2.0", (3, 4, 0))
    assert {*manifest["permissions"]} == {"files", "network"}
    assert all(len(words) <= 64 and not words.endswith(".") for words in manifest["permissions"].values())


def test_both_ends_speak_the_same_protocol():
    assert literal(ADDON / "client.py", "PROTOCOL") == PROTOCOL
