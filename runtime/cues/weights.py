"""How much hits weigh where nobody says otherwise."""

from __future__ import annotations

from ..edit import Cut

STORYBOARD_WEIGHT, ACCENT_WEIGHT, MARKER_WEIGHT, SOFT_WEIGHT = 1.0, 0.95, 0.8, 0.5
CUT_WEIGHT, DISSOLVE_WEIGHT, OVERLAY_WEIGHT = 0.5, 0.4, 0.2


def cut_weight(cut: Cut) -> float:
    if cut.maybe_overlay:
        return OVERLAY_WEIGHT
    if cut.confidence is not None:
        return CUT_WEIGHT * cut.confidence
    return DISSOLVE_WEIGHT if cut.kind == "transition" else CUT_WEIGHT
