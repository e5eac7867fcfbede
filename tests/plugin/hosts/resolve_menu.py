"""Scripts of Resolve's menu at work outside it, in both languages, on the stand-in; only what starts our process is faked."""

from __future__ import annotations

import ast
import json
import subprocess
import threading
from pathlib import Path, PurePosixPath
from typing import Any

from hitpoint.plugin.hosts.launchers import resolve as launcher
from hitpoint.plugin.hosts.loopback import Loopback
from hitpoint.plugin.hosts.resolve import through
from hitpoint.plugin.hosts.resolve.host import Resolve

from .resolve_project import Program
from .resolve_standin import scripting

HERE = Path(__file__).parent
SECONDS = 30.0


def script(name: str, python: Path) -> bytes:
    """What is put into Resolve's menu under that name."""
    pieces = {piece.target: piece.data for piece in launcher.pieces(python, "1.2.3")}
    return pieces[PurePosixPath(name)]


def fake_python(folder: Path, *said: dict[str, Any]) -> Path:
    """A program that says these lines, and how it was called."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "our python's"
    lines = "".join(f"cat <<'.'\n{json.dumps(line)}\n.\n" for line in said)
    path.write_text(f'#!/bin/sh\necho "$@" > "{folder}/called"\nenv > "{folder}/environment"\n{lines}')
    path.chmod(0o755)
    return path


class LuaMenu:
    """A script of the menu in LuaJIT."""

    def __init__(self, luajit: str, program: Program, text: bytes, folder: Path, *more: str) -> None:
        path = folder / "script.lua"
        path.write_bytes(text)
        self._things: dict[int, Any] = {0: scripting(program)}
        self.process = subprocess.Popen(
            [luajit, str(HERE / "resolve_menu.lua"), str(path), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def wait(self) -> str:
        """What it printed, once it ended."""
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        self.process.wait(SECONDS)
        self._thread.join(SECONDS)
        return said

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def _answer(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            for line in self.process.stdout:
                number, name, (what, *given) = ast.literal_eval(line)
                answer = self._asked(self._things[number], name, what, given)
                self.process.stdin.write(answer.replace("\n", "\\n") + "\n")
                self.process.stdin.flush()
        except (OSError, ValueError):
            pass

    def _asked(self, thing: Any, name: str, what: str, given: list[Any]) -> str:
        found = getattr(thing, name) if thing is not None else None
        if what == "known":
            if found is None:
                return "return false"
            return "return true" if callable(found) else f"return 'value', {self._lua(found)}"
        return f"return {self._lua(found(*[self._python(value) for value in given]))}"

    def _python(self, value: Any) -> Any:
        match value:
            case ("object", number):
                return self._things[number]
            case ("text", digits):
                return bytes.fromhex(digits).decode("utf-8")
            case ("table", members):
                made = {self._python(key): self._python(inner) for key, inner in members}
                listed = made and sorted(made, key=str) == sorted(range(1, len(made) + 1), key=str)
                return [made[index] for index in range(1, len(made) + 1)] if listed else made
        return value

    def _lua(self, value: Any) -> str:
        if value is None or isinstance(value, bool):
            return {None: "nil", True: "true", False: "false"}[value]
        if isinstance(value, int | float):
            return repr(value)
        if isinstance(value, str):
            return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'
        if isinstance(value, dict):
            return "{" + ", ".join(f"[{self._lua(key)}] = {self._lua(inner)}" for key, inner in value.items()) + "}"
        if isinstance(value, list):
            return self._lua(dict(enumerate(value, 1)))
        self._things[len(self._things)] = value
        return f"object({len(self._things) - 1})"


class PythonMenu:
    """A script of the menu in Python, as Resolve runs it: with `resolve` among its globals, and no __file__."""

    def __init__(self, program: Program, text: bytes, monkeypatch_print: list[str] | None = None) -> None:
        self.said = monkeypatch_print if monkeypatch_print is not None else []
        names = {"resolve": scripting(program), "print": lambda words: self.said.append(words), "__name__": "__main__"}
        code = compile(text, "<menu>", "exec")
        self._thread = threading.Thread(target=exec, args=(code, names), daemon=True)
        self._thread.start()

    def wait(self) -> str:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return "\n".join(self.said)

    def end(self) -> None:
        self._thread.join(SECONDS)


class Menus:
    """Connections to a program through its menu. `luajit` is empty for Python."""

    def __init__(self, folder: Path, luajit: str = "") -> None:
        self._folder, self._luajit = folder, luajit
        self._open: list[tuple[Loopback, LuaMenu | PythonMenu]] = []

    def connect(self, program: Program) -> Resolve:
        service = Loopback()
        service.start()
        folder = self._folder / f"menu {len(self._open)}"
        python = fake_python(folder, {"bridge": 1, "port": service.port, "token": service.token})
        if self._luajit:
            menu: LuaMenu | PythonMenu = LuaMenu(self._luajit, program, script("Hitpoint Panel.lua", python), folder)
        else:
            menu = PythonMenu(program, script("Hitpoint Panel (Python).py", python))
        self._open.append((service, menu))
        assert service.met.wait(SECONDS) and service.client is not None
        return through(service, service.close)

    def end(self) -> None:
        for service, menu in self._open:
            service.close()
            menu.end()
