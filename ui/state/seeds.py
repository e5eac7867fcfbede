"""Which seed each storyboard is played with, and whether a take still is what the plan would give."""

from __future__ import annotations

from . import plan_json
from .panel import Panel, ScoreSettings
from .plan import Board, Plan
from .take import Take


def seed_of(board: Board, score: ScoreSettings) -> int:
    return score.seed if board.seed is None else board.seed


def seeds_of(plan: Plan, score: ScoreSettings) -> tuple[int, ...]:
    """The seed of each storyboard."""
    return tuple(seed_of(board, score) for board in plan.boards)


def digest_of(plan: Plan, score: ScoreSettings) -> str:
    """What a take made now would carry as its `digest`. Asked again for the same plan, it is known."""
    global _known
    seeds, known = seeds_of(plan, score), _known
    if known is None or known[0] is not plan or known[1] != seeds:
        _known = known = (plan, seeds, plan_json.digest(plan, seeds))  # whole: another thread may ask as well
    return known[2]


_known: tuple[Plan, tuple[int, ...], str] | None = None


def up_to_date(panel: Panel, take: Take) -> bool:
    return panel.plan is not None and take.digest == digest_of(panel.plan, panel.score)
