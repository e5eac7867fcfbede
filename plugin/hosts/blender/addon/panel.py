# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar of the sequencer: Score, Open panel, Remove, and how far it is."""

# No postponed annotations here: Blender reads those of properties as they are.
import json
import os
import subprocess
import tempfile
from typing import Any

import bpy

from . import compat, ours, placing
from .meeting import Meetings
from .session import Session, clean, last_line, quietly

SETTINGS = "hitpoint.json"  # beside this file, written by `hitpoint install blender`: {"python": "/..."}
STYLES = ("cinematic", "ambient", "electronic", "pop", "lofi", "trailer", "documentary", "jazz")

session: Session | None = None
meetings = Meetings()
window: tuple[subprocess.Popen[bytes], Any] | None = None  # the panel, and what it complains of
complaint = ""


def python() -> str:
    """Hitpoint's own Python: what the preferences say, else what was installed."""
    addon = bpy.context.preferences.addons.get(__package__)
    asked = str(addon.preferences.python) if addon is not None and addon.preferences is not None else ""
    if asked:
        return compat.absolute(asked)
    try:
        with open(os.path.join(os.path.dirname(__file__), SETTINGS), encoding="utf-8") as file:  # noqa: PTH118, PTH120, PTH123
            said = str(json.load(file)["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return "" if said.startswith("@") else said


def tick() -> float | None:
    if session is None:
        return None
    left = session.tick()
    compat.redraw()
    return left


def look() -> float:
    """The other timer: who wants this Blender, and how the panel is."""
    global window, complaint
    if window is not None and (status := window[0].poll()) is not None:
        complaint = f"the panel ended: {last_line(window[1]) or f'status {status}'}" if status else ""
        window[1].close()
        window = None
        compat.redraw()
    return meetings.tick()


def _missing(program: str) -> str:
    """What is wrong with the Python of ours; empty where nothing is."""
    if not program:
        return "say where Hitpoint's Python is: in the add-on's preferences, or by `hitpoint install blender`"
    if not os.path.isfile(program):  # noqa: PTH113
        return f"{program}: there is no such program; `hitpoint install blender` puts it right"
    return ""


def open_panel() -> str:
    """Starts the panel, which finds this Blender by itself; what keeps it from that, empty where nothing does."""
    global window, complaint
    program = python()
    complaint = ""
    if words := _missing(program):
        return words
    if window is not None and window[0].poll() is None:
        return "the panel is open already"
    log = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        process = subprocess.Popen(
            [program, "-m", "hitpoint", "panel", "--host", "blender"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=clean(),
            cwd=tempfile.gettempdir(),
            **quietly(),
        )
    except OSError as error:
        log.close()
        return f"{program} does not start: {error.strerror or error}"
    window = (process, log)
    return ""


def start(wish: str, given: dict[str, Any]) -> str:
    """Begins a piece of work; what keeps it from beginning, empty where nothing does."""
    global session
    if session is not None and session.active:
        return "Hitpoint is at work already"
    program = python()
    if words := _missing(program):
        return words
    try:
        session = Session(program, wish, given)
    except OSError as error:
        return f"{program} does not start: {error.strerror or error}"
    if bpy.app.background:
        session.wait()
    elif not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, persistent=True)
    return ""


def stop() -> None:
    """Blender quits, or the add-on is turned off."""
    global session
    if session is not None:
        session.close()
        session = None
    meetings.close()
    for timer in (tick, look):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)


class HitpointSettings(bpy.types.PropertyGroup):  # type: ignore[misc]
    style: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Style", items=[(name, name.title(), "") for name in STYLES], default="cinematic"
    )
    seed: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Seed", description="Another number, another piece", min=0, max=2**31 - 1
    )
    markers: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Markers",
        description="What to write on the timeline besides",
        items=[("none", "None", ""), ("storyboards", "Storyboards", ""), ("beats", "Beats", "")],
    )
    stems: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Stems", description="Every stem on a channel of its own, in the place of the whole"
    )
    duck: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Under Dialogue",
        items=[
            ("sound", "In the Sound", "The music itself goes down where somebody speaks"),
            ("keys", "Keyframes", "The strip's volume goes down, by keyframes that can be changed"),
            ("off", "Off", "The music stays as loud as it is"),
        ],
    )

    def wish(self) -> dict[str, Any]:
        return {
            "style": self.style,
            "seed": self.seed,
            "markers": self.markers,
            "stem_tracks": self.stems,
            "duck": self.duck,
        }


class HitpointPreferences(bpy.types.AddonPreferences):  # type: ignore[misc]
    bl_idname = __package__
    python: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Hitpoint's Python",
        description="The python of the environment that Hitpoint is installed in; empty: as it was installed",
        subtype="FILE_PATH",
    )

    def draw(self, _: Any) -> None:
        self.layout.prop(self, "python")
        found = python()
        self.layout.label(text=f"Now: {found}" if found else "Not found: run `hitpoint install blender`")


class HitpointScore(bpy.types.Operator):  # type: ignore[misc]
    """Make music that lands on the cuts, and lay it on a channel of its own"""

    bl_idname = "hitpoint.score"
    bl_label = "Score"

    @classmethod
    def poll(cls, _: Any) -> bool:
        return session is None or not session.active

    def execute(self, _: Any) -> set[str]:
        refused = start("score", compat.scene_now().hitpoint_score.wish())
        if not refused and bpy.app.background and session is not None and session.state != "done":
            refused = session.words
        if refused:
            self.report({"ERROR"}, refused)
            return {"CANCELLED"}
        return {"FINISHED"}


class HitpointPanel(bpy.types.Operator):  # type: ignore[misc]
    """Shape the music in a window of its own; what you write there arrives here"""

    bl_idname = "hitpoint.open_panel"
    bl_label = "Open Panel"

    def execute(self, _: Any) -> set[str]:
        if refused := open_panel():
            self.report({"ERROR"}, refused)
            return {"CANCELLED"}
        return {"FINISHED"}


class HitpointCancel(bpy.types.Operator):  # type: ignore[misc]
    """Stop; the sequence stays as it is"""

    bl_idname = "hitpoint.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _: Any) -> bool:
        return session is not None and session.active

    def execute(self, _: Any) -> set[str]:
        if session is not None:
            session.cancel()
        return {"FINISHED"}


class HitpointRemove(bpy.types.Operator):  # type: ignore[misc]
    """Take the score off again, with its markers, and nothing else"""

    bl_idname = "hitpoint.remove"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, _: Any) -> bool:
        return session is None or not session.active

    def execute(self, _: Any) -> set[str]:
        global session
        session = None  # what it said is not so any more
        removed = placing.remove(compat.scene_now())
        for words in removed["warnings"]:
            self.report({"WARNING"}, words)
        if not removed["tracks"] and not removed["marks"]:
            if not removed["warnings"]:
                self.report({"INFO"}, "there is no score on this sequence")
            return {"CANCELLED"}
        self.report({"INFO"}, f"removed {', '.join(removed['tracks']) or 'the markers'}")
        return {"FINISHED"}


class HitpointSidebar(bpy.types.Panel):  # type: ignore[misc]
    bl_idname = "SEQUENCER_PT_hitpoint"
    bl_label = "Hitpoint"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Hitpoint"

    def draw(self, _: Any) -> None:
        scene = compat.scene_now()
        layout = self.layout
        busy = session is not None and session.active
        column = layout.column(align=True)
        column.scale_y = 1.3
        column.operator("hitpoint.score", icon="SOUND")
        column.operator("hitpoint.open_panel", icon="WINDOW")
        column.operator("hitpoint.remove", icon="TRASH")
        if session is not None:
            _told(layout.box(), session)
        if complaint:
            _lines(layout.box(), complaint, "ERROR")
        if busy:
            layout.operator("hitpoint.cancel", icon="X")
        settings = layout.column()
        settings.enabled = not busy
        settings.use_property_split = True
        settings.use_property_decorate = False
        for name in ("style", "seed", "markers", "stems", "duck"):
            settings.prop(scene.hitpoint_score, name)
        for score in ours.standing(scene):
            layout.label(text=score.name + (f": {score.changed}" if score.changed else ""), icon="CHECKMARK")


def _told(box: Any, told: Session) -> None:
    icon = {"done": "CHECKMARK", "failed": "ERROR", "cancelled": "X"}.get(told.state, "TIME")
    if told.active and hasattr(box, "progress"):  # since 4.0
        box.progress(factor=told.fraction, text=told.words)
    else:
        done = f"{round(told.fraction * 100)} %  " if told.state == "working" else ""
        _lines(box, done + told.words, icon)
    for words in told.warnings:
        _lines(box, words, "INFO")


def _lines(box: Any, words: str, icon: str) -> None:
    """Blender cuts labels off at the edge."""
    import textwrap

    column = box.column(align=True)
    for number, line in enumerate(textwrap.wrap(words, 38) or [""]):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")


CLASSES = (
    HitpointSettings,
    HitpointPreferences,
    HitpointScore,
    HitpointPanel,
    HitpointCancel,
    HitpointRemove,
    HitpointSidebar,
)
