"""What of the state goes into an order for the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..state import plan_json
from ..state.codec import to_json
from ..state.panel import InOut, Panel
from ..state.plan import Plan


def spotting(state: Panel) -> dict[str, Any]:
    """What a person's settings ask of the planning."""
    names = [name for name in vars(state.settings) if name.endswith(("_colours", "_words"))]
    said = {name: list(getattr(state.settings, name)) for name in names}
    return {**said, "slowest": state.score.slowest, "fastest": state.score.fastest}


def music(state: Panel, source: dict[str, Any], plan: Plan, seeds: tuple[int, ...], folder: Path) -> dict[str, Any]:
    """The plan, or a part of it, to be played into a folder."""
    speech = state.edit.speech if state.edit else ()
    return {
        "source": source,
        "plan": lambda: plan_json.to_json(plan),
        "seeds": list(seeds),
        "score": {**to_json(state.score), "device": state.settings.device},
        "spoken": [[said.start, said.end, said.confidence] for said in speech],
        "folder": str(folder),
    }


def level_of(state: Panel, seeds: tuple[int, ...]) -> str:
    """The folder of the take whose level is kept: the current one, where a part of it is played again as it was."""
    take = state.take(state.current)
    if take is None or take.engine != state.score.engine or len(take.seeds) != len(seeds):
        return ""
    if take.target != (state.score.loudness, state.score.peak):
        return ""
    same = [old == new for old, new in zip(take.seeds, seeds, strict=True)]
    return take.folder if any(same) and not all(same) else ""


def inout(state: Panel, plan: Plan) -> InOut:
    """The in and out points, where they lie in a plan of another length as well."""
    now = state.inout
    inside = all(frame is None or frame <= plan.frames for frame in (now.start, now.end))
    return now if inside else InOut()
