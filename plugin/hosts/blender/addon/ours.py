# SPDX-License-Identifier: GPL-3.0-or-later
"""What is ours in a scene: strips by a property of their own, markers and names of channels by a record in the scene."""

from __future__ import annotations

import json
from dataclasses import dataclass

from . import compat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "Hitpoint Score"
KEY = "hitpoint"


class Refusal(Exception):
    """Something that is not done, in words for a person. `kind` is what the other side raises: input, usage, output."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind


@dataclass(frozen=True)
class Score:
    """A score as it stands. `changed` says what became of it, empty where nobody touched it; `locked` what locks it."""

    id: str
    name: str
    strips: tuple[Any, ...]
    changed: str
    locked: str

    @property
    def tracks(self) -> tuple[str, ...]:
        return tuple(track_name(self.name, known(strip).get("stem", "")) for strip in self.strips)


def track_name(score: str, stem: str) -> str:
    return f"{score}: {stem}" if stem else score


def span(scene: Any) -> tuple[int, int]:
    """The first frame of a scene, and the first after its last."""
    return int(scene.frame_start), int(scene.frame_end) + 1


def start_frame(scene: Any) -> int:
    """The number of the first frame as a timecode counts: 1, where Blender's scenes start by habit, is none."""
    return 0 if scene.frame_start == 1 else int(scene.frame_start)


def is_ours(strip: Any) -> bool:
    return KEY in strip.keys()  # noqa: SIM118  (a strip is no mapping)


def known(strip: Any) -> dict[str, Any]:
    """What we wrote down about a strip of ours; empty where somebody broke it."""
    try:
        said = json.loads(strip.get(KEY, ""))
    except (ValueError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def record(scene: Any) -> dict[str, Any]:
    """`marks`: frames and names by score; `channels`: what those that we named were called; `action`: whether the
    scene was without animation before.
    """
    try:
        said = json.loads(scene.get(KEY, ""))
        marks = {str(score): [(int(f), str(n)) for f, n in listed] for score, listed in said["marks"].items()}
        channels = {int(number): str(name) for number, name in said["channels"].items()}
        return {"marks": marks, "channels": channels, "action": bool(said.get("action"))}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {"marks": {}, "channels": {}, "action": False}


def keep(scene: Any, said: dict[str, Any]) -> None:
    if said["marks"] or said["channels"] or said["action"]:
        scene[KEY] = json.dumps(said)
    elif KEY in scene.keys():  # noqa: SIM118
        del scene[KEY]


def our_markers(scene: Any, marks: list[tuple[int, str]] | None = None) -> list[Any]:
    """The markers that are ours, of all scores or of those that are listed: the youngest of each frame and name."""
    listed = [mark for each in record(scene)["marks"].values() for mark in each] if marks is None else list(marks)
    found = []
    for marker in reversed(list(scene.timeline_markers)):
        if (marker.frame, marker.name) in listed:
            listed.remove((marker.frame, marker.name))
            found.append(marker)
    return found


def foreign_markers(scene: Any) -> list[Any]:
    ours = our_markers(scene)
    return [marker for marker in scene.timeline_markers if marker not in ours]


def standing(scene: Any) -> list[Score]:
    """Every score in the scene, in the order of their names."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    outside = list(compat.strips(editor))
    by_score: dict[str, list[Any]] = {}
    for strip in compat.all_strips(editor):
        if is_ours(strip):
            by_score.setdefault(str(known(strip).get("id", "")), []).append(strip)
    scores = []
    for key, strips in by_score.items():
        strips.sort(key=lambda strip: (strip.channel, strip.name))
        name = str(known(strips[0]).get("name") or NAME)
        scores.append(Score(key, name, tuple(strips), _changed(strips, outside), _locked(editor, strips)))
    return sorted(scores, key=lambda score: (score.name, score.id))


def _changed(strips: list[Any], outside: list[Any]) -> str:
    said = [known(strip) for strip in strips]
    if any(strip not in outside for strip in strips):
        return "was put into a meta strip"
    if len(strips) != said[0].get("of") or len({each.get("stem") for each in said}) != len(strips):
        return "was cut, copied or taken apart"
    for strip, each in zip(strips, said):  # noqa: B905  (Python 3.10 has strict, but what would it mean here)
        lies = (strip.channel, compat.left(strip), compat.right(strip) - compat.left(strip))
        if lies != (each.get("channel"), each.get("start"), each.get("frames")):
            return "was moved or cut"
    if any(other.channel == strip.channel and other not in strips for strip in strips for other in outside):
        return "shares its channel with strips that are not ours"
    return ""


def _locked(editor: Any, strips: list[Any]) -> str:
    listed = compat.channels(editor)
    for strip in strips:
        if compat.channel_locked(listed, strip.channel):
            return f"the channel '{compat.channel_called(listed, strip.channel)}' is locked"
        if strip.lock:
            return f"the strip '{strip.name}' is locked"
    return ""
