"""What the strip says of what lies under the mouse."""

from __future__ import annotations

from .. import words
from ..words import tr
from .scene import Scene
from .spots import Spot

NEAR = 6  # pixels to a marker


def tip(scene: Scene, spot: Spot) -> str:
    if spot.kind == "hit":
        return _hit(scene, spot)
    if spot.kind == "edge":
        return tr("Drag this edge to another cut: the music changes its storyboard there")
    if spot.kind == "board":
        return _board(scene, spot.id)
    if spot.kind == "energy":
        return tr("Draw here: more energy gives louder, fuller and busier music")
    return _moment(scene, spot.frame)


def _moment(scene: Scene, frame: int) -> str:
    """What the edit has there: its shot, a marker close by, somebody who speaks."""
    lines = [scene.edit.timecode(frame)]
    lines += [shot.name for shot in scene.edit.shots if shot.start <= frame < shot.end and shot.name][:1]
    reach = NEAR / scene.axis.scale
    lines += [tr("marker: {name}").replace("{name}", marker.name) for marker in scene.markers_in(frame - reach, frame + reach)
              if marker.name][:3]  # fmt: skip
    if scene.speech_in(frame, frame + 1):
        lines.append(tr("somebody speaks here: the music steps back"))
    return "\n".join(lines)


def _board(scene: Scene, id: int) -> str:
    board = next(board for board in scene.boards if board.id == id)
    length = words.clock(scene.edit.seconds(board.end - board.start))
    lines = [f"{board.name}: {scene.edit.timecode(board.start)}, {length}", words.mood(board.valence, board.energy)]
    for reasons in scene.seen.reasons:
        if reasons.start < board.end and reasons.end > board.start:
            lines += reasons.words[:5]
            break
    return "\n".join(lines)


def _hit(scene: Scene, spot: Spot) -> str:
    mark = next(hit for hit in scene.hits if hit.id == spot.id)
    met = scene.met.get(mark.frame)
    outcome = met.outcome if met else mark.outcome
    at = met.at if met else mark.at
    what = {"landed": tr("landed"), "near": tr("near"), "missed": tr("missed")}[outcome]
    place = {
        "downbeat": tr("on a bar"),
        "beat": tr("on a beat"),
        "offbeat": tr("on an offbeat"),
        "free": tr("by an accent"),
    }
    said = place.get(met.place if met else mark.place, "")
    late = (at - scene.edit.seconds(mark.frame)) * 1000 if at is not None else 0.0
    off = f", {late:+.0f} ms".replace("-", "−") if at is not None and abs(late) >= 1 else ""
    held = {"pinned": tr("pinned: it weighs most"), "released": tr("released: the music need not meet it"), "": ""}[
        mark.held
    ]
    name = mark.name or {"cut": tr("cut"), "marker": tr("marker"), "storyboard": tr("storyboard")}[mark.kind]
    first = f"{name}, {scene.edit.timecode(mark.frame)}"
    return "\n".join(line for line in (first, f"{what} {said}".strip() + off, held) if line)
