# SPDX-License-Identifier: GPL-3.0-or-later
"""A score put on channels of its own, and taken off again. Nothing that is not ours is moved, cut or overwritten."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass

import bpy

from . import compat, ours
from .ours import NAME, Refusal, Score, track_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True)
class Plan:
    """`going` is the score that makes room; `channels` are where the sounds will lie, `spare` free ones besides."""

    name: str
    going: Score | None
    channels: tuple[int, ...]
    spare: tuple[int, ...]
    steps: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        replaces = list(self.going.tracks) if self.going else []
        return {
            "track": self.name,
            "replaces": replaces,
            "steps": list(self.steps),
            "warnings": list(self.warnings),
        }


def plan(scene: Any, music: dict[str, Any]) -> Plan:
    """What `place` would do. Raises Refusal where it could not be done."""
    sounds = music["sounds"]
    for sound in sounds:
        if not os.path.isfile(sound["path"]):  # noqa: PTH113
            raise Refusal("input", f"{sound['path']}: there is no such file to put on the timeline")
    scores = ours.standing(scene)
    whole = [score for score in scores if not score.changed]
    going = whole[0] if len(whole) == 1 else None
    if going and going.locked:
        raise Refusal("output", f"{going.locked}: unlock it to score again")
    name = going.name if going else _free_name({score.name for score in scores})
    own = sorted({strip.channel for strip in going.strips}) if going else []
    spare = _free_channels(scene, len(sounds))
    channels = tuple([*own, *(channel for channel in spare if channel not in own)][: len(sounds)])
    names = [track_name(name, sound["stem"]) for sound in sounds]
    steps = [f"take '{track}' off" for track in (going.tracks if going else ())]
    steps += [f"lay '{track}' on channel {channel}" for track, channel in zip(names, channels)]  # noqa: B905
    steps += [f"write {len(music['marks'])} markers"] if music["marks"] else []
    return Plan(name, going, channels, spare, tuple(steps), tuple(_warnings(scene, scores, going, name, music)))


def _warnings(scene: Any, scores: list[Score], going: Score | None, name: str, music: dict[str, Any]) -> list[str]:
    first, last = ours.span(scene)
    warnings = []
    if (music["frames"], music["rate"]) != (last - first, str(compat.rate(scene))):
        warnings.append(
            f"the music is {music['frames']} frames at {music['rate']}, and the scene is {last - first} at "
            f"{compat.rate(scene)} now: score it again"
        )
    for score in scores:
        if score is not going:
            why = score.changed or "is there twice"
            warnings.append(f"'{score.name}' {why}, so it stays: mute it or it plays along with '{name}'")
    return warnings


def _free_name(taken: set[str]) -> str:
    number = 1
    while (NAME if number == 1 else f"{NAME} {number}") in taken:
        number += 1
    return NAME if number == 1 else f"{NAME} {number}"


def _free_channels(scene: Any, count: int) -> tuple[int, ...]:
    """So many empty channels, above all others where there are enough; none that somebody locked, muted or named."""
    editor = scene.sequence_editor
    if editor is None:
        return tuple(range(1, count + 1))
    listed = compat.channels(editor)
    used = {strip.channel for strip in compat.strips(editor)}
    top = max(used, default=0)
    free = [
        channel
        for channel in [*range(top + 1, compat.last_channel(editor) + 1), *range(top, 0, -1)]
        if channel not in used
        and not compat.channel_locked(listed, channel)
        and not compat.channel_muted(listed, channel)
        and compat.channel_called(listed, channel) == f"Channel {channel}"
    ]
    if len(free) < count:
        raise Refusal("output", f"{count} free channels are needed for the music, and this sequence has {len(free)}")
    return tuple(free[:count])


def place(scene: Any, music: dict[str, Any]) -> dict[str, Any]:
    """Lays the music from the scene's first frame on. On any failure the scene is as it was before."""
    planned = plan(scene, music)
    editor = scene.sequence_editor or scene.sequence_editor_create()
    before = ours.record(scene)
    laid: list[Any] = []
    marked: list[Any] = []
    score = uuid.uuid4().hex
    try:
        # All that may fail happens beside what is there; only then that makes room.
        for sound, channel in zip(music["sounds"], planned.spare):  # noqa: B905
            laid.append(_lay(scene, editor, sound["path"], channel, music["frames"]))
        marked += [_mark(scene, mark) for mark in music["marks"]]
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        for strip in laid:
            _take_off(editor, strip)
        for marker in marked:
            scene.timeline_markers.remove(marker)
        words = " ".join(str(error).split()).removeprefix("Error: ")
        raise Refusal("refused", f"Blender did not take the music ({words}): the scene is as it was") from None
    levels = _levels(scene, planned.going)
    if planned.going:
        _remove(scene, editor, planned.going, marked)
    said = ours.record(scene) if planned.going else before
    listed = compat.channels(editor)
    for strip, sound, channel in zip(laid, music["sounds"], planned.channels):  # noqa: B905
        name = track_name(planned.name, sound["stem"])
        strip.channel = channel
        strip.name = name
        strip.volume = levels.get(sound["stem"], 1.0)
        _name_channel(listed, said, strip.channel, name)
        own = {"id": score, "of": len(laid), "name": planned.name, "stem": sound["stem"], "channel": strip.channel}
        own |= {"start": compat.left(strip), "frames": compat.right(strip) - compat.left(strip)}
        strip[ours.KEY] = json.dumps({**own, "rate": music["rate"], "provenance": music["provenance"]})
    if marked:
        said["marks"][score] = [(marker.frame, marker.name) for marker in marked]
    if music["duck"] and laid:
        said["action"] = said["action"] or scene.animation_data is None
        for strip in laid:
            _duck(scene, strip, music["duck"])
    ours.keep(scene, said)
    return _read_back(scene, score, music, planned)


def _levels(scene: Any, going: Score | None) -> dict[str, float]:
    """The volumes that somebody gave to the sounds that go, by stem; keyframes are another matter."""
    if going is None:
        return {}
    moving = {curve.data_path for curve in compat.curves(scene)}
    return {
        str(ours.known(strip).get("stem", "")): float(strip.volume)
        for strip in going.strips
        if strip.path_from_id("volume") not in moving
    }


def _lay(scene: Any, editor: Any, path: str, channel: int, frames: int) -> Any:
    strip = compat.sound_strip(editor, NAME, path, channel, scene.frame_start)
    try:
        strip.select = False
        strip.show_waveform = True
        if strip.channel != channel or strip.sound is None:
            raise RuntimeError(f"it cannot play {os.path.basename(path)}")  # noqa: PTH119
        if compat.right(strip) - compat.left(strip) != frames:
            compat.set_length(strip, frames)
        if abs(compat.content_length(strip) - frames) > 1:
            raise RuntimeError(
                f"it takes {os.path.basename(path)} for {compat.content_length(strip)} frames, not {frames}"  # noqa: PTH119
            )
        if bpy.data.filepath and bpy.context.preferences.filepaths.use_relative_paths:
            strip.sound.filepath = _relative(path)
    except Exception:
        _take_off(editor, strip)
        raise
    return strip


def _relative(path: str) -> str:
    try:
        return str(bpy.path.relpath(path))
    except ValueError:  # another drive
        return path


def _mark(scene: Any, mark: dict[str, Any]) -> Any:
    return scene.timeline_markers.new(str(mark["name"]), frame=scene.frame_start + int(mark["frame"]))


def _name_channel(listed: Any, said: dict[str, Any], number: int, name: str) -> None:
    if listed is None or number >= len(listed):
        return
    said["channels"].setdefault(number, str(listed[number].name))
    listed[number].name = name


def _duck(scene: Any, strip: Any, duck: list[list[float]]) -> None:
    """The level as keyframes, straight from one to the next, so that a person may change it."""
    for frame, gain in duck:
        strip.volume = 10 ** (gain / 20)
        strip.keyframe_insert("volume", frame=scene.frame_start + frame)
    path = strip.path_from_id("volume")
    for curve in compat.curves(scene):
        if curve.data_path == path:
            for point in curve.keyframe_points:
                point.interpolation = "LINEAR"


def _read_back(scene: Any, score: str, music: dict[str, Any], planned: Plan) -> dict[str, Any]:
    """What the scene holds now, asked anew."""
    found = next((each for each in ours.standing(scene) if each.id == score), None)
    names = [track_name(planned.name, sound["stem"]) for sound in music["sounds"]]
    tracks = list(found.tracks) if found else []
    marks = len(ours.our_markers(scene, ours.record(scene)["marks"].get(score, [])))
    missing = [f"the track '{name}'" for name in names if name not in tracks]
    if marks < len(music["marks"]):
        missing.append(f"{len(music['marks']) - marks} of {len(music['marks'])} markers")
    if found and found.changed:
        missing.append(f"the place of '{found.name}': it {found.changed}")
    return {"tracks": tracks, "marks": marks, "missing": missing, "warnings": list(planned.warnings)}


def remove(scene: Any) -> dict[str, Any]:
    """Takes every score off that nobody touched, with its markers."""
    tracks: list[str] = []
    warnings: list[str] = []
    marks = 0
    editor = scene.sequence_editor
    for score in ours.standing(scene):
        if score.changed:
            warnings.append(f"'{score.name}' {score.changed}, so it stays")
        elif score.locked:
            warnings.append(f"{score.locked}, so '{score.name}' stays")
        else:
            tracks += score.tracks
            marks += _remove(scene, editor, score, [])
    left = {score.id for score in ours.standing(scene)}
    said = ours.record(scene)
    for score_id in [each for each in said["marks"] if each not in left]:  # somebody deleted the strips by hand
        marks += _unmark(scene, said["marks"].pop(score_id), [])
    if not left:
        _give_back(scene, editor, said, list(said["channels"]))
    ours.keep(scene, said)
    return {"tracks": tracks, "marks": marks, "warnings": warnings}


def _remove(scene: Any, editor: Any, score: Score, spared: list[Any]) -> int:
    """Takes one score off, with its markers but those that are `spared`. Answers how many those were."""
    said = ours.record(scene)
    freed = [strip.channel for strip in score.strips]
    for strip in score.strips:
        _take_off(editor, strip)
    marks = _unmark(scene, said["marks"].pop(score.id, []), spared)
    _give_back(scene, editor, said, freed)
    ours.keep(scene, said)
    return marks


def _unmark(scene: Any, marks: list[tuple[int, str]], spared: list[Any]) -> int:
    listed, gone = list(marks), 0
    for marker in reversed(list(scene.timeline_markers)):
        if marker not in spared and (marker.frame, marker.name) in listed:
            listed.remove((marker.frame, marker.name))
            scene.timeline_markers.remove(marker)
            gone += 1
    return gone


def _give_back(scene: Any, editor: Any, said: dict[str, Any], channels: list[int]) -> None:
    """The channels' own names, where they still have ours; and no empty animation that we brought in."""
    listed = compat.channels(editor) if editor is not None else None
    for number in channels:
        name = said["channels"].pop(number, None)
        if name is not None and listed is not None and listed[number].name.startswith(NAME):
            listed[number].name = name
    data = scene.animation_data
    if said["action"] and data is not None and not compat.curves(scene):
        action = data.action
        scene.animation_data_clear()
        if action is not None and action.users == 0:
            bpy.data.actions.remove(action)
    if said["action"] and scene.animation_data is None:
        said["action"] = False


def _take_off(editor: Any, strip: Any) -> None:
    """With its sound, where nothing else plays that."""
    sound = strip.sound
    compat.strips(editor).remove(strip)
    if sound is not None and sound.users == 0:
        bpy.data.sounds.remove(sound)
