"""The scripts of Resolve's menu: what is put there, what they carry out and what not, and how they start our process."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path, PurePosixPath

import pytest

from hitpoint.plugin.hosts.known import Where
from hitpoint.plugin.hosts.launchers import resolve as launcher
from hitpoint.plugin.hosts.loopback import Failed, Loopback
from hitpoint.plugin.hosts.resolve import door, reach
from hitpoint.plugin.hosts.resolve.far import Link
from hitpoint.plugin.hosts.resolve.host import Resolve
from hitpoint.plugin.hosts.resolve.program import listed, mapped

from .contract import SCORE, Contract, Cut
from .resolve_menu import SECONDS, LuaMenu, PythonMenu, fake_python, script
from .resolve_project import FREE
from .resolve_stand import ResolveStand
from .resolve_standin import scripting

contract = Contract()
LUA, PYTHON = "Hitpoint {}.lua", "Hitpoint {} (Python).py"


@pytest.fixture(params=[LUA, PYTHON], ids=["lua", "python"])
def language(request):
    return request.param


@pytest.fixture
def menu(language, tmp_path, program):
    """Starts a script of the menu with some Python of ours."""
    started = []

    def start(stand, verb, python):
        text = script(language.format(verb), python)
        if language == LUA:
            made = LuaMenu(program("luajit", "luajit"), stand.program, text, tmp_path)
        else:
            made = PythonMenu(stand.program, text)
        started.append(made)
        return made

    yield start
    for made in started:
        made.end()


@pytest.fixture
def stand(tmp_path):
    made = ResolveStand(tmp_path, FREE, "21.0.3.7")
    made.make(Cut())
    return made


@pytest.fixture
def meeting(menu, stand, tmp_path):
    """A service that a script of the menu has come to."""
    services = []

    def meet(verb="Panel", **more):
        service = Loopback(**more)
        service.start()
        services.append(service)
        python = fake_python(tmp_path / "env", {"bridge": 1, "port": service.port, "token": service.token})
        script = menu(stand, verb, python)
        assert service.met.wait(SECONDS) and service.client is not None
        return service, script

    yield meet
    for service in services:
        service.close()


def test_what_is_put_into_the_menu():
    pieces = {piece.target: piece.data.decode() for piece in launcher.pieces(Path("/our/python"), "1.2.3")}
    assert sorted(map(str, pieces)) == [
        "Hitpoint Panel (Python).py",
        "Hitpoint Panel.lua",
        "Hitpoint Remove (Python).py",
        "Hitpoint Remove.lua",
        "Hitpoint Score (Python).py",
        "Hitpoint Score.lua",
    ]
    for name, text in pieces.items():
        assert "@HITPOINT_" not in text and '"/our/python"' in text
        assert f'"{name.stem.split()[1].lower()}"' in text
    # Python 3.6 reads it: nothing that came later.
    source = pieces[PurePosixPath("Hitpoint Score (Python).py")]
    ast.parse(source, feature_version=(3, 6))


class TestCalls:
    def test_only_what_is_agreed_on_is_carried_out(self, meeting, stand):
        service, _ = meeting()
        stand.program.said.clear()
        for what, name in (("call", "Quit"), ("call", "__class__"), ("value", "GetName"), ("run", "GetProductName")):
            with pytest.raises(Failed) as caught:
                service.command(what, {"on": 0, "name": name, "given": [], "drop": []}, SECONDS)
            assert "not carried out" in str(caught.value)
        assert stand.program.said == []

    def test_text_of_every_kind_goes_there_and_back(self, meeting, stand):
        service, _ = meeting()
        name = 'Müsic "take" \\1\\ 🎬 ½ \x01\t/ é'
        link = Link(service)
        pool = link.resolve().GetProjectManager().GetCurrentProject().GetMediaPool()
        folder = pool.AddSubFolder(pool.GetRootFolder(), name)
        assert stand.program.project.root.bins[0].name == name
        assert folder.GetName() == name

    @pytest.mark.parametrize("frames", [(), (1, 2, 3), (0, 7), (0, 1, 2)])
    def test_markers_on_any_frames_are_told_from_lists(self, meeting, stand, frames):
        # To Lua, what counts from 1 is a list, and nothing at all is both.
        for frame in frames:
            stand.put_marker(frame, f"at {frame}")
        service, _ = meeting()
        timeline = Link(service).resolve().GetProjectManager().GetCurrentProject().GetCurrentTimeline()
        found = mapped(timeline.GetMarkers())
        assert {int(frame): mapped(said)["name"] for frame, said in found.items()} == {f: f"at {f}" for f in frames}

    def test_lists_of_objects_arrive_in_order(self, meeting, stand):
        service, _ = meeting()
        timeline = Link(service).resolve().GetProjectManager().GetCurrentProject().GetCurrentTimeline()
        items = listed(timeline.GetItemListInTrack("video", 1))
        assert [item.GetStart() for item in items] == [0, 48, 78]
        assert [item.GetDuration() for item in items] == [48, 30, 42]

    def test_what_is_not_there_is_nothing(self, meeting):
        service, _ = meeting()
        resolve = Link(service).resolve()
        assert resolve.GetSubFolderList() is None  # a call of other objects
        assert resolve.EXPORT_OTIO == 31 and resolve.EXPORT_NONE == 0
        with pytest.raises(AttributeError):
            resolve.Quit  # noqa: B018

    def test_objects_that_nobody_holds_are_let_go(self, meeting):
        service, _ = meeting()
        link = Link(service)
        resolve = link.resolve()
        manager = resolve.GetProjectManager()
        number = manager.handle
        assert manager.GetCurrentProject().GetName() == "A film"
        del manager
        resolve.GetProductName()  # says so
        gone = {"on": number, "name": "GetCurrentProject", "given": [], "drop": []}
        assert service.command("call", gone, SECONDS) is None


class TestWork:
    def test_our_process_is_started_clean_and_with_what_it_shall_do(self, meeting, stand, tmp_path, monkeypatch):
        for name in ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH"):
            monkeypatch.setenv(name, "/opt/resolve/of/its/own")
        service, script = meeting()
        service.close()
        script.wait()
        told = (tmp_path / "env" / "environment").read_text()
        assert "/opt/resolve/of/its/own" not in told
        assert (tmp_path / "env" / "called").read_text() == "-m hitpoint.plugin.hosts.resolve.door\n"

    @pytest.mark.parametrize("verb", ["Score", "Remove"])
    def test_the_verb_is_wished_for_and_the_news_are_printed(self, menu, stand, tmp_path, verb):
        wishes = []

        def asked(what, given):
            wishes.append((what, given))
            service.tell("progress", fraction=0.31, words="composing")
            service.tell("done", words="5 of 5 hits landed", warnings=["1 medium was not found"])
            return {}

        with Loopback(asked=asked) as service:
            python = fake_python(tmp_path / "env", {"bridge": 1, "port": service.port, "token": service.token})
            said = menu(stand, verb, python).wait()
            assert service.ended.wait(SECONDS)  # it said goodbye
        assert wishes == [(verb.lower(), {})]
        assert said.splitlines() == [
            "Hitpoint: 30 %, composing",
            "Hitpoint: 5 of 5 hits landed",
            "Hitpoint: 1 medium was not found",
        ]
        assert (tmp_path / "env" / "called").read_text() == "-m hitpoint bridge resolve\n"

    def test_a_wish_that_is_refused_is_said(self, menu, stand, tmp_path):
        with Loopback() as service:  # which grants none
            python = fake_python(tmp_path / "env", {"bridge": 1, "port": service.port, "token": service.token})
            assert menu(stand, "Score", python).wait().strip() == "Hitpoint: nobody here grants wishes"

    def test_a_wrong_token_is_said(self, menu, stand, tmp_path):
        with Loopback() as service:
            python = fake_python(tmp_path / "env", {"bridge": 1, "port": service.port, "token": "x" * 32})
            assert menu(stand, "Score", python).wait().strip() == "Hitpoint: wrong token"

    def test_a_python_that_is_gone_is_said(self, menu, stand, tmp_path):
        said = menu(stand, "Score", tmp_path / "gone").wait()
        assert "hitpoint install resolve" in said and "gone" in said

    def test_a_lua_that_reaches_nothing_says_what_is_left(self, stand, tmp_path, program):
        text = script("Hitpoint Score.lua", fake_python(tmp_path / "env"))
        lua = LuaMenu(program("luajit", "luajit"), stand.program, text, tmp_path, "bare")
        said = lua.wait()
        lua.end()
        assert "hitpoint score EDIT" in said and len(said.splitlines()) == 1
        assert not (tmp_path / "env" / "called").exists()

    def test_a_service_that_goes_away_ends_the_script(self, meeting):
        service, script = meeting()
        service.close()
        assert script.wait() == ""


def test_remove_from_the_menu_takes_the_score_off_by_our_real_process(menu, stand, tmp_path, monkeypatch):
    host = Resolve(scripting(stand.program))
    host.place(contract.composer(tmp_path)(host))
    assert contract.lying(stand) == [(SCORE, 0, 120)]
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
    assert menu(stand, "Remove", Path(sys.executable)).wait().strip() == f"Hitpoint: removed {SCORE}"
    assert contract.lying(stand) == []


class TestDoor:
    def test_the_menu_serves_whoever_asks_for_resolve_while_the_panel_is_open(self, menu, stand, tmp_path, monkeypatch):
        monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
        closed = tmp_path / "closed"
        panel = ["sh", "-c", f"while [ ! -e '{closed}' ]; do sleep 0.05; done"]
        python = tmp_path / "python"
        code = f"from hitpoint.plugin.hosts.resolve.door import main; main({panel!r})"
        python.write_text(f"#!{sys.executable}\n{code}\n")
        python.chmod(0o755)
        script = menu(stand, "Panel", python)
        for _ in range(2):  # one after the other
            host = reach(Where("resolve"))
            assert host.about().title == "DaVinci Resolve"
            assert host.read().name == "the cut"
            host.close()
        closed.touch()
        assert script.wait() == ""

    def test_what_the_panel_ended_with_is_said(self, capsys, tmp_path, monkeypatch):
        monkeypatch.setenv("HITPOINT_DATA", str(tmp_path))
        assert door.main(["sh", "-c", "echo no display >&2; exit 3"]) == 3
        assert json.loads(capsys.readouterr().out) == {"words": "the panel ended: no display"}
        assert door.main([str(tmp_path / "nothing")]) == 1
        assert "does not start" in json.loads(capsys.readouterr().out)["words"]

    def test_notes_for_others_and_broken_ones_are_passed_over(self, capsys, tmp_path, monkeypatch):
        monkeypatch.setenv("HITPOINT_DATA", str(tmp_path))
        notes = tmp_path / "meetings"
        notes.mkdir()
        (notes / "blender-1-2.json").write_text('{"port": 1, "token": "b"}')
        (notes / "resolve-1-2.json").write_text("{")
        (notes / "resolve-1-3.json").write_text('{"port": 3, "token": "r"}')
        assert door.main(["sh", "-c", "sleep 0.5"]) == 0
        assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
            {"bridge": 1, "port": 3, "token": "r"}
        ]
