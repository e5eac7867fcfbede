# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender calls differently from version to version, in one place: 3.4 to 5.x.

`sequences` became `strips` in 4.4; `frame_final_start` and its kin became `left_handle` and its kin in 5.1.
"""

from __future__ import annotations

import os
from fractions import Fraction

import bpy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# (name since 5.1, name before)
_LEFT = ("left_handle", "frame_final_start")
_RIGHT = ("right_handle", "frame_final_end")
_LENGTH = ("duration", "frame_final_duration")
_CONTENT = ("content_start", "frame_start")
_CONTENT_LENGTH = ("content_duration", "frame_duration")
_LEFT_OFFSET = ("left_handle_offset", "frame_offset_start")
_RIGHT_OFFSET = ("right_handle_offset", "frame_offset_end")
_TRIM = ("content_trim_start", "animation_offset_start")
_TRIM_END = ("content_trim_end", "animation_offset_end")

_NTSC = 1001
_NEAR = 1e-6


def scene_now() -> Any:
    """The scene whose sequence is being edited: since 5.0 a workspace may have one of its own."""
    context = bpy.context
    return getattr(context, "sequencer_scene", None) or context.scene


def strips(owner: Any) -> Any:
    """The strips of a sequence editor or a meta strip. An empty collection is false, so `or` would not do."""
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def all_strips(editor: Any) -> Any:
    """Those inside metas too."""
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def _named(names: tuple[str, str], strip: Any) -> str:
    return names[0] if hasattr(strip, names[0]) else names[1]


def left(strip: Any) -> int:
    """The first frame that a strip covers."""
    return int(getattr(strip, _named(_LEFT, strip)))


def right(strip: Any) -> int:
    """The first frame after a strip."""
    return int(getattr(strip, _named(_RIGHT, strip)))


def set_length(strip: Any, frames: int) -> None:
    setattr(strip, _named(_LENGTH, strip), frames)


def content_start(strip: Any) -> float:
    """Where the first frame of what a strip plays would lie."""
    return float(getattr(strip, _named(_CONTENT, strip)))


def content_end(strip: Any) -> float:
    return right(strip) + float(getattr(strip, _named(_RIGHT_OFFSET, strip)))


def content_length(strip: Any) -> int:
    """In frames of the medium."""
    return int(getattr(strip, _named(_CONTENT_LENGTH, strip)))


def offset(strip: Any) -> float:
    """How many frames of the content lie hidden before a strip's first."""
    return float(getattr(strip, _named(_LEFT_OFFSET, strip)))


def trimmed(strip: Any) -> int:
    """Frames of the medium that are skipped altogether."""
    return int(getattr(strip, _named(_TRIM, strip), 0))


def speed(strip: Any, scene: Any) -> float | None:
    """How many frames of the medium one frame of the timeline takes; None where it changes on the way.

    Up to 3.6 a number. Since 4.0 retiming keys, whose interface says where they lie and nothing more: two of them are one
    speed, known from how long the medium is by itself.
    """
    if hasattr(strip, "retiming_keys"):
        keys = sorted(float(key.timeline_frame) for key in strip.retiming_keys)
        if len(keys) == 2 and keys[1] > keys[0]:
            whole = _natural_length(strip, scene)
            return None if whole is None else whole / (keys[1] - keys[0])
        return None if keys else _conformed(strip, scene, 1.0)
    return _conformed(strip, scene, float(getattr(strip, "speed_factor", 1.0)))


def _natural_length(strip: Any, scene: Any) -> int | None:
    """The frames of what a retimed strip plays, which only a fresh strip tells; it lives in a scene of its own, and not long."""
    if strip.type == "IMAGE":
        return len(strip.elements)
    path = strip.filepath if strip.type == "MOVIE" else strip.sound.filepath if getattr(strip, "sound", None) else ""
    if not path:
        return None
    room = bpy.data.scenes.new("hitpoint")
    try:
        room.render.fps, room.render.fps_base = scene.render.fps, scene.render.fps_base
        listed = strips(room.sequence_editor_create())
        add = listed.new_movie if strip.type == "MOVIE" else listed.new_sound
        fresh = add("fresh", path, 1, 1)
        sound = getattr(fresh, "sound", None)
        trims = trimmed(strip) + int(getattr(strip, _named(_TRIM_END, strip), 0))
        length = content_length(fresh) - trims
        listed.remove(fresh)
        if sound is not None and sound.users == 0:
            bpy.data.sounds.remove(sound)
    except RuntimeError:  # the medium is not there
        return None
    finally:
        bpy.data.scenes.remove(room)
    return length if length > 0 else None


def _conformed(strip: Any, scene: Any, asked: float) -> float:
    """With the conforming of media of another rate, which no property tells: only the length it leads to does."""
    own = float(getattr(strip, "fps", 0.0) or 0.0)
    length = content_end(strip) - content_start(strip)
    if strip.type != "MOVIE" or own <= 0 or length <= 0:
        return asked
    conformed = asked * own / float(rate(scene))
    frames = content_length(strip)
    return min((asked, conformed), key=lambda factor: abs(frames / factor - length))


def rate(scene: Any) -> Fraction:
    """Frames a second, exactly: Blender keeps 1.001 as the single-precision number next to it."""
    render = scene.render
    base = float(render.fps_base)
    for thousandths in (1000, _NTSC):
        if abs(base * 1000 - thousandths) < _NEAR * 1000:
            return Fraction(int(render.fps) * 1000, thousandths)
    return int(render.fps) / Fraction(base).limit_denominator(1_000_000)


def sound_strip(editor: Any, name: str, path: str, channel: int, start: int) -> Any:
    """Positional: the names of the arguments changed."""
    return strips(editor).new_sound(name, path, channel, start)


def last_channel(editor: Any) -> int:
    kind = getattr(bpy.types, "Strip", None) or bpy.types.Sequence
    highest = int(kind.bl_rna.properties["channel"].hard_max)
    listed = channels(editor)
    return min(highest, len(listed) - 1) if listed is not None else highest


def channels(editor: Any) -> Any | None:
    """Index 0 is nobody's. None before 3.3, which had no channels to name or lock."""
    return getattr(editor, "channels", None)


def channel_called(listed: Any | None, number: int) -> str:
    return str(listed[number].name) if listed is not None and number < len(listed) else f"Channel {number}"


def channel_locked(listed: Any | None, number: int) -> bool:
    return bool(listed is not None and number < len(listed) and listed[number].lock)


def channel_muted(listed: Any | None, number: int) -> bool:
    return bool(listed is not None and number < len(listed) and listed[number].mute)


def inputs(strip: Any) -> list[Any]:
    """The strips that an effect strip works on, in order."""
    return [each for name in ("input_1", "input_2") if (each := getattr(strip, name, None)) is not None]


def curves(scene: Any) -> Iterable[Any]:
    """The animation curves of a scene; layered actions hide them in their slots since 4.4."""
    data = scene.animation_data
    if data is None or data.action is None:
        return []
    if hasattr(data.action, "fcurves"):
        return list(data.action.fcurves)
    slot = getattr(data, "action_slot", None)
    found = []
    for layer in data.action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(slot) if slot is not None else None
            found += list(bag.fcurves) if bag is not None else []
    return found


def undo_step(words: str) -> bool:
    """Makes all that was done since the last step one step of undo. False where Blender keeps none now."""
    windows = bpy.context.window_manager.windows
    try:
        if bpy.context.window is None and len(windows):
            with bpy.context.temp_override(window=windows[0]):
                return bool(bpy.ops.ed.undo_push(message=words) == {"FINISHED"})
        return bool(bpy.ops.ed.undo_push(message=words) == {"FINISHED"})
    except RuntimeError:
        return False


def redraw() -> None:
    """Shows the news in every sequencer: what a timer changes is not drawn by itself."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR":
                area.tag_redraw()


def absolute(path: str, library: Any = None) -> str:
    """A path as the system knows it; "" for none. Blender's begin with // where they are relative to its file."""
    if not path:
        return ""
    return os.path.normpath(str(bpy.path.abspath(path, library=library)))
