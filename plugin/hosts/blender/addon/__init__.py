# SPDX-License-Identifier: GPL-3.0-or-later
"""Hitpoint inside Blender: music that lands on the cuts, in the sidebar of the video sequencer.

This folder is copied into Blender. It uses Python's standard library and bpy alone; what is slow, and all that is not about
strips, is done by Hitpoint's own process (docs/bridge.md).
"""

from __future__ import annotations

import atexit

import bpy

bl_info = {
    "name": "Hitpoint",
    "author": "The Hitpoint authors",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "Video Sequencer > Sidebar > Hitpoint",
    "description": "Music that lands on the cuts",
    "category": "Sequencer",
}


def register() -> None:
    from . import panel

    for each in panel.CLASSES:
        bpy.utils.register_class(each)
    bpy.types.Scene.hitpoint_score = bpy.props.PointerProperty(type=panel.HitpointSettings)
    bpy.app.handlers.load_post.append(_opened)
    atexit.register(panel.stop)
    if not bpy.app.background:
        bpy.app.timers.register(panel.look, first_interval=1.0, persistent=True)


def unregister() -> None:
    from . import panel

    panel.stop()
    atexit.unregister(panel.stop)
    bpy.app.handlers.load_post.remove(_opened)
    del bpy.types.Scene.hitpoint_score
    for each in reversed(panel.CLASSES):
        bpy.utils.unregister_class(each)


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _opened(*_: object) -> None:
    from . import commands

    commands.opened_another()
