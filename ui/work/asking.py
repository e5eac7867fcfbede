"""What of the state goes into an order for the worker."""

from __future__ import annotations

from typing import Any

from ..state.panel import InOut, Panel
from ..state.plan import Plan


def spotting(state: Panel) -> dict[str, Any]:
    """What a person's settings ask of the planning."""
    names = [name for name in vars(state.settings) if name.endswith(("_colours", "_words"))]
    said = {name: list(getattr(state.settings, name)) for name in names}
    return {**said, "slowest": state.score.slowest, "fastest": state.score.fastest}


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
