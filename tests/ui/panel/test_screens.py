"""The panel's faces, written as pictures: HITPOINT_SCREENS names the folder, else they go where pytest keeps things."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from hitpoint.ui.panel.parts import Elided
from hitpoint.ui.state.panel import Job, Machine, Message, Panel

SIZES = ((420, 760), (1600, 900))
STYLES = ("ambient", "cinematic", "documentary", "electronic", "jazz", "lofi", "pop", "trailer")
PARSING = Job(1, "parse", "Look at the picture", "running", "decoding dawn.mp4", 0.37, 6.0, 11.0)
FAILED = Job(
    2, "score", "Score: take 3", "failed", sentence="the pack diffv2m-small is damaged: remove it and add it again",
    details="hash of unet.onnx differs",
)  # fmt: skip


def face(name: str, shown: Panel, many: Panel) -> Panel:
    machine = Machine(styles=STYLES)
    no_takes = replace(shown, takes=(), current=0, heard=None, waves=(), machine=machine)
    seen = shown.edit
    assert seen and shown.plan
    if name == "empty":
        return Panel(machine=machine)
    if name == "loaded":
        return no_takes
    if name == "parsing":
        return replace(
            no_takes,
            edit=replace(seen, parsed=False, looks=(), speech=(), motion=(), reasons=()),
            plan=None,
            jobs=(PARSING,),
        )
    if name == "selected":
        view = replace(shown.view, boards=(shown.plan.boards[1].id,), hits=(shown.plan.hits[3].id,), playhead=180)
        return replace(shown, view=view, machine=machine)
    if name == "missing":
        looks = tuple(
            look if n % 3 else replace(look, known=False, thumb="", palette=()) for n, look in enumerate(seen.looks)
        )
        shots = tuple(replace(shot, online=n % 3 > 0) for n, shot in enumerate(seen.edit.shots))
        return replace(no_takes, edit=replace(seen, edit=replace(seen.edit, shots=shots), looks=looks))
    if name == "failed":
        said = Message(1, "error", f"{FAILED.title}: {FAILED.sentence}", FAILED.details)
        return replace(
            shown, jobs=(replace(PARSING, state="done", seconds=17.0), FAILED), messages=(said,), machine=machine
        )
    return replace(many, machine=machine) if name == "many" else replace(shown, machine=machine)


FACES = ("empty", "loaded", "parsing", "scored", "selected", "missing", "failed", "many")
PAGES = {"scored": "takes", "failed": "jobs", "loaded": "score"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    wanted = os.environ.get("HITPOINT_SCREENS")
    place = Path(wanted) if wanted else tmp_path_factory.mktemp("screens")
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.mark.parametrize("colours", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
@pytest.mark.parametrize("name", FACES)
def test_every_state_has_its_face(make_window, qapp, shown, many, folder, name, size, colours):
    window = make_window(face(name, shown, many), *size, colours)
    if name in PAGES:
        window.go_to_page(PAGES[name])
    window.grab()
    window.strip.settle()
    qapp.processEvents()
    picture = window.grab()
    path = folder / f"{name}-{size[0]}-{colours}.png"
    assert picture.save(str(path))
    assert (window.width(), window.height()) == size
    inks = {picture.toImage().pixelColor(x, y).name() for x in range(0, size[0], 7) for y in range(0, size[1], 7)}
    assert len(inks) > 8
    assert cramped(window) == []


def cramped(window) -> list[str]:
    """Texts that do not fit, and buttons of the window's own that stick out of it."""
    found = []
    for each in window.findChildren(QLabel):
        if each.isVisible() and each.text() and not isinstance(each, Elided):
            needs = each.heightForWidth(each.width()) if each.wordWrap() else each.sizeHint().height()
            wide = each.width() if each.wordWrap() else each.sizeHint().width()
            if each.height() < needs - 1 or each.width() < wide - 1:
                found.append(each.text())
    for each in (window.open_button, window.score, window.write, window.help_button, window.player.play_button):
        if each.isVisible() and each.visibleRegion().boundingRect().size() != each.size():
            found.append(each.accessibleName())
    return found
