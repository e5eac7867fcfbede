"""What the manifest says of hosts is what the program does."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import hitpoint
from hitpoint.plugin.cli import main
from hitpoint.plugin.hosts import known, launchers

HOME = Path(hitpoint.__file__).parent
MANIFEST = json.loads((HOME / "manifest.json").read_text(encoding="utf-8"))
REPOSITORY = Path(__file__).parents[3]  # the installed package has no documents
LISTED = {host["id"]: host for host in MANIFEST["hosts"]}


def test_it_names_every_host_as_the_program_does():
    assert list(LISTED) == [host.name for host in known.KNOWN]
    for host in known.KNOWN:
        said = LISTED[host.name]
        assert said["name"] == host.title
        assert said["entry"] == host.kind.replace(" ", "-")
        assert set(host.formats) <= set(said.get("formats", []))


def test_it_names_every_launcher_where_it_lies():
    for name, said in LISTED.items():
        launcher = launchers.launcher(name)
        assert ("launcher" in said) == (launcher is not None), name


@pytest.mark.parametrize("entry", ["panel", "bridge"])
def test_its_entry_points_are_commands(entry, capsys):
    program, *command = MANIFEST["entry_points"][entry]
    assert program == MANIFEST["entry_points"]["command"]
    if entry == "bridge":  # the panel is of another room, and its door's to open
        assert main([*command, "--help"]) == 0
        assert "HOST" in capsys.readouterr().out


def test_a_launcher_leads_nowhere_else():
    schema = json.loads((REPOSITORY / "docs" / "manifest.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(MANIFEST, schema)
    for path in ("../elsewhere", "/etc", "C:/x"):
        broken = {**MANIFEST, "hosts": [{**LISTED["blender"], "launcher": path}]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)
