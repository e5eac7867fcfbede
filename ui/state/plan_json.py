"""The plan as the JSON of a cue sheet, and a cue sheet's JSON as the plan."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ...runtime.cues.sheet import SCHEMA, KnownMarker, KnownShot, Rest
from ...runtime.rate import Rate
from .plan import PINNED, RELEASED, Board, Held, HitMark, Plan

USUAL = {"storyboard": 1.0, "marker": 0.8, "cut": 0.5}  # of a hit whose own weight a sheet does not tell any more


def to_json(plan: Plan) -> dict[str, Any]:
    """What `runtime.cues.sheet_read` reads, which lays anew what no longer agrees. Seeds are no part of a cue sheet."""
    return {
        "schema": SCHEMA,
        "name": plan.name,
        "rate": str(plan.rate),
        "drop_frame": plan.drop_frame,
        "start_frame": plan.start_frame,
        "frames": plan.frames,
        "storyboards": [_board(board) for board in plan.boards],
        "hits": [_hit(hit, plan) for hit in plan.hits],
        "energy": [list(point) for point in plan.energy],
        "rests": [{"start": rest.start, "end": rest.end, "name": rest.name} for rest in plan.rests],
        "shots": [
            {"start": s.start, "end": s.end, "name": s.name, "media": s.media, "at": s.at, "speed": s.speed}
            for s in plan.shots
        ],
        "markers": [{"frame": marker.frame, "name": marker.name} for marker in plan.markers],
        "warnings": list(plan.warnings),
    }


def dumps(plan: Plan) -> str:
    return json.dumps(to_json(plan), ensure_ascii=False, allow_nan=False)


def digest(plan: Plan, seeds: tuple[int, ...] = ()) -> str:
    """Equal for plans that sound alike: `seeds` of the storyboards count, what a planning said of the hits does not."""
    said = to_json(plan)
    said["energy"] = [list(point) for point in plan.curve()]
    said["warnings"] = []
    for board in said["storyboards"]:
        board["energy_at"] = board["brief"]["energy"]
    for hit in said["hits"]:
        hit["at"] = hit["outcome"] = hit["place"] = None
    text = json.dumps([said, list(seeds)], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def from_sheet(sheet: dict[str, Any], seeds: tuple[int | None, ...] = ()) -> Plan:
    """The plan of a cue sheet that `runtime.cues.sheet_json` wrote: one that is sound already."""
    boards, hits = sheet["storyboards"], sheet["hits"]
    given = [*seeds, *[None] * len(boards)][: len(boards)]
    return Plan(
        name=sheet["name"],
        rate=Rate.of(sheet["rate"]),
        frames=sheet["frames"],
        start_frame=sheet["start_frame"],
        drop_frame=sheet["drop_frame"],
        boards=tuple(_read_board(each, id, seed) for id, (each, seed) in enumerate(zip(boards, given, strict=True), 1)),
        hits=tuple(_read_hit(each, id) for id, each in enumerate(hits, len(boards) + 1)),
        energy=tuple((frame, float(energy)) for frame, energy in sheet["energy"]),
        rests=tuple(Rest(each["start"], each["end"], each["name"]) for each in sheet["rests"]),
        shots=tuple(KnownShot(**each) for each in sheet["shots"]),
        markers=tuple(KnownMarker(**each) for each in sheet["markers"]),
        warnings=tuple(sheet["warnings"]),
        next_id=len(boards) + len(hits) + 1,
    )


def _board(board: Board) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": board.name,
        "name_at": board.name_at or board.name,
        "start": board.start,
        "end": board.end,
        "role": board.role,
        "tempo": board.tempo,
        "metre": board.metre,
        "energy_at": board.energy_at,
        "locked": board.locked,
        "brief": {
            "valence": board.valence,
            "energy": board.energy,
            "density": board.density,
            "style": board.style,
            "prompt": board.prompt,
            "key": board.key,
        },
        "beats": list(board.beats),
        "bars": list(board.bars),
    }
    if board.beats:
        said |= {"beats_at": board.beats_at, "bars_at": board.bars_at}
    return said


def _hit(hit: HitMark, plan: Plan) -> dict[str, Any]:
    return {
        "frame": hit.frame,
        "seconds": round(plan.seconds(hit.frame), 6),
        "kind": hit.kind,
        "name": hit.name,
        "weight": hit.weighs,
        "weight_at": hit.laid,
        "wish": hit.wish,
        "at": hit.at,
        "outcome": hit.outcome,
        "place": hit.place,
    }


def _read_board(said: dict[str, Any], id: int, seed: int | None) -> Board:
    brief = said["brief"]
    return Board(
        id=id,
        name=said["name"],
        start=said["start"],
        end=said["end"],
        tempo=float(said["tempo"]),
        metre=said["metre"],
        role=said["role"],
        key=brief["key"],
        valence=float(brief["valence"]),
        energy=float(brief["energy"]),
        density=float(brief["density"]),
        style=brief["style"],
        prompt=brief["prompt"],
        seed=seed,
        locked=said["locked"],
        beats=tuple(map(float, said["beats"])),
        bars=tuple(said["bars"]),
        beats_at=float(said["beats_at"]),
        bars_at=said["bars_at"],
        energy_at=float(said["energy_at"]),
        name_at=first if (first := said.get("name_at", "")) != said["name"] else "",
    )


def _read_hit(said: dict[str, Any], id: int) -> HitMark:
    weight, kind = float(said["weight"]), said["kind"]
    held: Held = "released" if weight == RELEASED else "pinned" if weight == PINNED and kind != "storyboard" else ""
    return HitMark(
        id=id,
        frame=said["frame"],
        kind=kind,
        name=said["name"],
        weight=USUAL[kind] if held else weight,
        wish=said["wish"],
        held=held,
        laid=float(said["weight_at"]),
        at=said["at"],
        outcome=said["outcome"],
        place=said["place"],
    )
