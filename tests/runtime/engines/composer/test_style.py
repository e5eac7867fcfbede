"""Styles: those that ship, those of the user, and what is said of wrong ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hitpoint.runtime.engines.composer import style
from hitpoint.runtime.engines.composer.patterns import fitted, steps
from hitpoint.runtime.errors import InputError

SHIPPED = {"cinematic", "ambient", "electronic", "pop", "lofi", "trailer", "documentary", "jazz"}
FOLDER = Path(style.__file__).with_name("styles")


def table(name="pop"):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def test_the_styles_that_ship_can_be_read():
    assert set(style.names()) >= SHIPPED
    for name in SHIPPED:
        read = style.load(name)
        assert read.words and read.name == name
        assert 20 <= read.tempo[0] < read.tempo[1] <= 200
        assert set(read.palette) == set(style.ROLES)
        assert read.bands[-1].upto == 1.0


def test_a_folder_of_the_users_goes_before_ours(tmp_path, monkeypatch):
    own = {**table(), "words": "mine"}
    (tmp_path / "pop.json").write_text(json.dumps(own), "utf-8")
    (tmp_path / "polka.json").write_text(json.dumps(own), "utf-8")
    assert style.load("pop", tmp_path).words == "mine"
    assert style.load("pop").words != "mine"
    monkeypatch.setenv("HITPOINT_STYLES", str(tmp_path))
    assert style.load("polka").words == "mine"
    assert "polka" in style.names()


def test_the_users_own_styles_are_listed_with_what_is_wrong_with_them(tmp_path, monkeypatch):
    monkeypatch.delenv("HITPOINT_STYLES", raising=False)
    assert style.own() == []
    monkeypatch.setenv("HITPOINT_STYLES", str(tmp_path / "none"))
    assert [(path.name, made) for path, made, _ in style.own()] == [("none", None)]
    (tmp_path / "good.json").write_text(Path(style.__file__).with_name("styles").joinpath("pop.json").read_text())
    (tmp_path / "worse.json").write_text('{"tempo": [60]}')
    monkeypatch.setenv("HITPOINT_STYLES", str(tmp_path))
    good, worse = style.own()
    assert good[1] is not None and good[1].name == "good" and not good[2]
    assert worse[1] is None and "worse.json" in worse[2] and "tempo" in worse[2]


def test_a_style_that_was_changed_is_read_again(tmp_path):
    path = tmp_path / "polka.json"
    path.write_text(json.dumps({**table(), "words": "before"}), "utf-8")
    assert style.load("polka", tmp_path).words == "before"
    path.write_text(json.dumps({**table(), "words": "and after"}), "utf-8")
    assert style.load("polka", tmp_path).words == "and after"


@pytest.mark.parametrize("name", ["zydeco", "../pop", "", "pop.json"])
def test_an_unknown_name_lists_those_there_are(name):
    with pytest.raises(InputError, match=r"no style is called .*cinematic"):
        style.load(name)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"tempo": [80]}, "tempo: must be a list of 2"),
        ({"swing": 3}, "swing: must be a number between 0 and 1"),
        ({"beat": 1}, "beat: is not known in a style"),
        ({"kit": "spoons"}, "kit: must be one of kit_acoustic"),
        ({"palette": {"melody": ["kazoo"]}}, "palette.melody[0]: must be one of"),
        ({"layers": {"strings": 1}}, "layers.strings: is not known"),
        ({"harmony": {"bright": ["1 9"], "dark": ["1"]}}, "harmony.bright[0]: must be chords like"),
        ({"bands": []}, "bands: must be a list that is not empty"),
        ({"bands": [{"upto": 1, "bass": "1 x", "figure": "1"}]}, "bands[0].bass: must be beats of"),
        ({"bands": [{"upto": 1, "bass": "1", "figure": "1", "drums": {"gong": "x"}}]}, "bands[0].drums.gong"),
        ({"hits": {"soft": ["bang"], "accent": ["kick"], "strong": ["kick"]}}, "hits.soft[0]: must be sounds like"),
        ({"desk": {"level": {"lute": 1}}}, "desk.level.lute: is not known"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, change, said):
    (tmp_path / "odd.json").write_text(json.dumps({**table(), **change}), "utf-8")
    with pytest.raises(InputError, match=re.escape(f"odd.json: {said}")):
        style.load("odd", tmp_path)


def test_what_is_missing_is_said(tmp_path):
    for key in ("tempo", "palette", "layers", "harmony", "bands", "hits"):
        data = table()
        del data[key]
        (tmp_path / f"no{key}.json").write_text(json.dumps(data), "utf-8")
        with pytest.raises(InputError, match=f"{key}: is missing"):
            style.load(f"no{key}", tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00", '"pop"', "null"])
def test_what_is_no_style_is_said(tmp_path, text):
    (tmp_path / "odd.json").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"odd\.json"):
        style.load("odd", tmp_path)


def test_patterns_fit_bars_of_any_length():
    cells = ["a", "b", "c", "d"]
    assert "".join(fitted(cells, 3)) == "abd"
    assert "".join(fitted(cells, 4)) == "abcd"
    assert [len(fitted(cells, beats)) for beats in range(1, 20)] == list(range(1, 20))
    assert "".join(fitted(cells, 4, half_time=True)) == "a.b."


def test_a_sign_holds_over_what_follows():
    found = [(step.at, step.length, step.sign) for step in steps("1--- 5-.8", 2)]
    assert found == [(0.0, 1.0, "1"), (1.0, 0.5, "5"), (1.75, 0.25, "8")]
