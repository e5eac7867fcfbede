"""What the worker answers, as the values that the state holds. These run in the link's thread, not in the interface's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...runtime.edit import Edit
from ..state import plan_json
from ..state.codec import from_json
from ..state.edit import SeenEdit
from ..state.panel import PackInfo
from ..state.plan import Plan
from ..state.take import Heard, Take

Answer = dict[str, Any]


def opened(answer: Answer) -> SeenEdit:
    """The edit as its timeline alone says it."""
    return SeenEdit(answer["path"], from_json(Edit, answer["edit"]), warnings=tuple(map(str, answer["warnings"])))


def parsed(answer: Answer) -> SeenEdit:
    """The edit with what its picture shows; its path is the caller's to know."""
    said = {key: answer[key] for key in ("edit", "looks", "speech", "reasons", "motion", "warnings")}
    return from_json(SeenEdit, {**said, "path": "", "parsed": True})


def planned(answer: Answer, seeds: Mapping[str, int | None]) -> Plan | None:
    """The plan, None where there is nothing to score; storyboards keep their seeds by name."""
    if answer["sheet"] is None:
        return None
    plan = plan_json.from_sheet(answer["sheet"])
    return replace(plan, boards=tuple(replace(board, seed=seeds.get(board.name)) for board in plan.boards))


def put_back(answer: Answer, take: Take) -> Plan:
    """The plan that a take was made from."""
    seeds = tuple(None if seed == take.seed else seed for seed in take.seeds)
    return plan_json.from_sheet(answer["sheet"], seeds)


def took(number: int, answer: Answer, digest: str) -> Take:
    """A take that was just made."""
    said = {key: value for key, value in answer.items() if key not in ("heard", "peaks")}
    return from_json(Take, {**said, "id": number, "name": f"Take {number}", "digest": digest})


def heard(take: int, answer: Answer) -> Heard:
    return from_json(Heard, {**answer, "take": take})


def packs(answer: Answer) -> tuple[tuple[PackInfo, ...], str]:
    """The packs, and what to say of what was done."""
    return tuple(from_json(PackInfo, pack) for pack in answer["packs"]), str(answer["told"])
