"""Where packs live, and which one a name means."""

from __future__ import annotations

import pytest

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs import store


@pytest.fixture
def built_in(tmp_path, monkeypatch):
    folder = tmp_path / "built in"
    monkeypatch.setattr(store, "BUILT_IN", folder)
    return folder


def test_there_may_be_none_at_all(own_packs, built_in):
    assert store.shelf() == []
    with pytest.raises(EngineError, match="there is no pack 'tiny'"):
        store.find("tiny")


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "/etc", "Tiny", "nul\0"])
def test_a_name_is_never_a_path(own_packs, name):
    own_packs.mkdir()
    assert store.place(name) is None
    with pytest.raises(EngineError):
        store.find(name)


def test_the_users_own_pack_comes_before_a_built_in_one(packs, own_packs, built_in):
    packs.write(built_in / "tiny")
    packs.write(built_in / "other")
    packs.write(own_packs / "tiny", version="2.0.0")
    assert [(found.name, found.built_in) for found in store.shelf()] == [("other", True), ("tiny", False)]
    assert store.find("tiny").version == "2.0.0"
    assert store.find("other").version == "1.0.0"


def test_a_damaged_pack_is_listed_with_its_trouble_and_does_not_open(packs, own_packs):
    packs.write(own_packs / "tiny", name="another")
    (packs.write(own_packs / "half") / "pack.json").write_text("{")
    (own_packs / "empty").mkdir()
    (own_packs / ".hitpoint-1-left").mkdir()
    assert {found.name: found.trouble for found in store.shelf() if not found.built_in} == {
        "empty": "pack.json is missing",
        "half": "pack.json, line 1: not JSON: Expecting property name enclosed in double quotes",
        "tiny": "it calls itself 'another'",
    }
    for name in ("empty", "half", "tiny"):
        with pytest.raises(EngineError, match="is refused"):
            store.find(name)


def test_a_pack_is_opened_by_name_folder_or_file(packs, own_packs, tmp_path):
    packs.write(own_packs / "tiny")
    for what in ("tiny", str(own_packs / "tiny")):
        with store.opened(what) as pack:
            assert pack.name == "tiny"


def test_the_folder_follows_the_system(monkeypatch, tmp_path):
    monkeypatch.delenv("HITPOINT_PACKS", raising=False)
    monkeypatch.setattr(store.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert store.user_folder() == tmp_path / "hitpoint" / "packs"
    monkeypatch.setattr(store.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert store.user_folder() == tmp_path / "hitpoint" / "Packs"
    monkeypatch.setenv("HITPOINT_PACKS", str(tmp_path / "mine"))
    assert store.user_folder() == tmp_path / "mine"


def test_the_manifest_names_the_packs_that_are_built_in():
    import json
    from pathlib import Path

    root = Path(store.__file__).parents[2]
    said = json.loads((root / "manifest.json").read_text())["packs"]
    there = [
        {"name": f.name, "path": f.folder.relative_to(root).as_posix(), "licence": f.pack.licence.id}
        for f in store.shelf()
        if f.built_in and f.pack
    ]
    assert sorted(said, key=lambda pack: pack["name"]) == there
    assert not [found for found in store.shelf() if found.built_in and not found.pack]
