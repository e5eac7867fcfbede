"""A vision pack looks at an edit: `inspect`, `cues` and `score` with `--vision`."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hitpoint.plugin.cli import main
from hitpoint.plugin.looking import Wanted, look
from hitpoint.plugin.timeline.reading import Source

towers = runpy.run_path(str(Path(__file__).parents[1] / "runtime/picture/test_vision_pack.py"))
NOT_FOR_SALE = {
    "id": "CC-BY-NC-4.0",
    "name": "Attribution, not commercial",
    "url": "https://example.org/nc",
    "commercial": False,
}


@pytest.fixture(scope="module")
def pack(packs, tmp_path_factory):
    graphs = {"image": {"fp32": towers["tower"](packs)}}
    folder = tmp_path_factory.mktemp("eyes") / "tower"
    return packs.write(folder, graphs, family="vision", settings=towers["SETTINGS"], licence=NOT_FOR_SALE)


@pytest.fixture(scope="module")
def film(demo):
    return demo[0] / "demo.otio"


def answer(capsys, *arguments):
    status = main([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_meaning_is_what_the_pack_sees(film, pack):
    edit, _ = Source(film).read()
    own, seen = look(edit).seen, look(edit, Wanted(vision=str(pack))).seen
    assert own.descriptor == "hitpoint-1"
    assert seen.descriptor.startswith("made 1 fp32") or pack.name in seen.descriptor
    assert (own.meaning.shape[1], seen.meaning.shape[1]) == (512, 3)
    assert np.allclose(own.colour, seen.colour)


def test_inspect_and_cues_say_what_looked_and_under_which_licence(film, pack, capsys, tmp_path):
    for command in (["inspect", film], ["cues", film, "-o", tmp_path / "cues.json"]):
        status, said = answer(capsys, *command, "--vision", pack)
        assert status == 0
        assert "CC-BY-NC-4.0, not for commercial use" in said["vision"]["licence"]
        assert main([*map(str, command), "--vision", str(pack)]) == 0
        assert f"looked with the pack {said['vision']['pack']}" in capsys.readouterr().out
    assert "vision" not in answer(capsys, "inspect", film)[1]


def test_the_report_of_a_score_keeps_it(film, pack, capsys, tmp_path):
    out = tmp_path / "seen.otio"
    status, said = answer(capsys, "score", film, "-o", out, "--vision", pack)
    assert status == 0
    kept = json.loads((tmp_path / "seen.hitpoint" / "report.json").read_text())
    assert kept["vision"] == said["vision"]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        (["--commercial"], 5, "may not be used commercially"),
        (["--no-look"], 2, "--no-look does not"),
    ],
)
def test_what_cannot_be_is_said(film, pack, capsys, asked, status, words):
    found, said = answer(capsys, "inspect", film, "--vision", pack, *asked)
    assert (found, words in said["error"]) == (status, True)


def test_a_pack_that_is_not_there_or_sees_nothing_is_said(film, packs, tmp_path, capsys):
    assert answer(capsys, "inspect", film, "--vision", "nobody")[0] == 5
    graphs = {"image": {"fp32": towers["tower"](packs)}}
    deaf = packs.write(tmp_path / "deaf", graphs, family="codec")
    status, said = answer(capsys, "inspect", film, "--vision", deaf)
    assert (status, "a vision pack is wanted" in said["error"]) == (5, True)


def test_music_for_sale_needs_no_model(film, capsys, tmp_path):
    assert answer(capsys, "score", film, "-o", tmp_path / "sold.otio", "--commercial", "--no-look")[0] == 0


def test_a_pack_that_had_nothing_to_look_at_is_said(film, pack):
    edit, _ = Source(film).read()
    away = replace(edit, shots=tuple(replace(shot, online=False) for shot in edit.shots))
    assert any("vision pack has looked at nothing" in words for words in look(away, Wanted(vision=str(pack))).warnings)
    assert not any("vision pack" in words for words in look(away).warnings)
