"""Hits pinned, released, added and taken away: each function takes a plan and answers another one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ...runtime.cues.markers import WEIGHTS
from ...runtime.cues.sheet import Wish
from ...runtime.cues.weights import MARKER_WEIGHT
from ..state.plan import Held, HitMark, Plan
from .boards import text, touched
from .refused import Refused


def hold(plan: Plan, ids: Collection[int], held: Held) -> Plan:
    """Pinned: it weighs most. Released: the music need not meet it. "": as before."""
    _present(plan, ids)
    for hit in plan.hits:
        if hit.id in ids and hit.kind == "storyboard" and held == "released":
            raise Refused(
                f"'{hit.name}' starts a storyboard, where the music always starts: merge the storyboard instead"
            )
    return _changed(plan, ids, held=held)


def wish(plan: Plan, ids: Collection[int], how: Wish) -> Plan:
    """How the hits are to be met; build is music that rises towards it."""
    _present(plan, ids)
    return _changed(plan, ids, wish=how)


def add(plan: Plan, frame: int, name: str = "", how: Wish = "") -> tuple[Plan, int]:
    """The plan with a new hit, and its id."""
    board = plan.board_at(frame)
    if board is None:
        raise Refused("a hit lies in a storyboard: there is none at this frame")
    if any(rest.start <= frame < rest.end for rest in plan.rests):
        raise Refused("no music sounds here: a hit in a silence cannot be met")
    if any(hit.frame == frame for hit in plan.hits):
        raise Refused("there is a hit on this frame already: pin it instead")
    weight = WEIGHTS.get(how, MARKER_WEIGHT)
    new = HitMark(plan.next_id, frame, "marker", text(name), weight, how, added=True)
    hits = tuple(sorted([*plan.hits, new], key=lambda hit: hit.frame))
    return replace(plan, hits=hits, next_id=plan.next_id + 1), new.id


def remove(plan: Plan, ids: Collection[int]) -> Plan:
    """Takes away what a person added; what the edit itself says is released, so that it can come back."""
    _present(plan, ids)
    gone = {hit.id for hit in plan.hits if hit.id in ids and hit.added and hit.kind != "storyboard"}
    rest = [hit.id for hit in plan.hits if hit.id in ids and hit.id not in gone]
    if rest:
        plan = hold(plan, rest, "released")
    laid = {hit.frame for hit in plan.hits if hit.id in gone and hit.laid is not None}
    plan = replace(plan, hits=tuple(hit for hit in plan.hits if hit.id not in gone))
    return touched(plan, laid) if laid else plan


def _changed(plan: Plan, ids: Collection[int], **fields: Any) -> Plan:
    hits = tuple(replace(hit, **fields) if hit.id in ids else hit for hit in plan.hits)
    return plan if hits == plan.hits else replace(plan, hits=hits)


def _present(plan: Plan, ids: Collection[int]) -> None:
    if not any(hit.id in ids for hit in plan.hits):
        raise Refused("no hit is selected")
