"""The form of the whole piece: what part each storyboard plays, in which key, and how the energy runs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from ..edit import Edit
from ..picture.look import Seen
from .sheet import Brief, Relation, Role

Energy = tuple[tuple[int, float], ...]

INTRO_SECONDS = 30.0  # an opening that lasts longer than this is more than an introduction
APART = 0.35  # of valence: from here on two storyboards are of different colour
WINDOW = 6.0  # seconds over which the pace of cuts is taken
STEP = 2.0  # seconds between points of the energy
PACE_PULL, MOTION_PULL = 0.25, 0.2
LEVELS: dict[Role, tuple[float, float]] = {  # what a storyboard's energy is multiplied with at its start and its end
    "intro": (0.6, 0.95),
    "theme": (0.95, 1.05),
    "build": (0.85, 1.2),
    "climax": (1.15, 1.1),
    "ending": (0.95, 0.6),
}


def roles(spans: Sequence[tuple[float, float]], briefs: Sequence[Brief]) -> list[Role]:
    """What part each storyboard plays; `spans` in seconds. A single one is a theme."""
    count = len(briefs)
    if count < 2:
        return ["theme"] * count
    whole = spans[-1][1] - spans[0][0]
    found: list[Role] = ["theme"] * count
    # The climax lies late: energy counts most, and of equal ones the one nearest to two thirds of the way.
    late = [1 - abs((start + end) / 2 - spans[0][0] - 0.7 * whole) / max(whole, 1e-9) for start, end in spans]
    first = 1 if count > 2 else 0
    last = count - 1 if count > 3 else count
    top = max(range(first, last), key=lambda i: (round(briefs[i].energy + 0.35 * late[i], 6), i))
    if count > 3:
        found[-1] = "ending"
    if spans[0][1] - spans[0][0] <= INTRO_SECONDS and top != 0:
        found[0] = "intro"
    found[top] = "climax"
    if top - 1 > 0:
        found[top - 1] = "build"
    return found


def keys(briefs: Sequence[Brief], parts: Sequence[Role]) -> list[Relation]:
    """The keys of a piece that starts, climaxes and ends at home, and goes to its neighbours between."""
    found: list[Relation] = []
    for index, (brief, part) in enumerate(zip(briefs, parts, strict=True)):
        away = brief.valence - briefs[0].valence
        if index in (0, len(briefs) - 1) or part in ("climax", "ending", "intro"):
            found.append("home")
        elif part == "build":
            found.append("dominant")
        elif abs(away) >= 2 * APART:
            found.append("parallel")
        elif abs(away) >= APART:
            found.append("relative")
        else:
            found.append("home" if found[-1] != "home" else "subdominant")
    return found


def energy(
    edit: Edit, seen: Seen | None, spans: Sequence[tuple[int, int]], briefs: Sequence[Brief], parts: Sequence[Role]
) -> Energy:
    """The energy over the whole, as points: each storyboard's own, shaped by its part, by the pace of its cuts and,
    where the picture was seen, by how much moves in it.
    """
    cuts = [edit.seconds(cut.frame) for cut in edit.cuts if not cut.maybe_overlay]
    points: dict[int, float] = {}
    for (start, end), brief, part in zip(spans, briefs, parts, strict=True):
        first, last = edit.seconds(start), edit.seconds(end)
        steps = max(1, round((last - first) / STEP))
        times = [first + (last - first) * k / steps for k in range(steps + 1)]
        paces = [_pace(cuts, time) for time in times]
        motions = [_motion(seen, time) for time in times]
        usual_pace, usual_motion = sum(paces) / len(paces), sum(motions) / len(motions)
        low, high = LEVELS[part]
        for k, time in enumerate(times):
            shape = low + (high - low) * k / steps
            local = PACE_PULL * (paces[k] - usual_pace) + MOTION_PULL * (motions[k] - usual_motion)
            # The last point stops short of the next storyboard's first: between the two the energy steps.
            frame = max(start, min(edit.rate.frame_at(time), end - 1))
            points[frame] = round(min(1.0, max(0.02, brief.energy * shape + local)), 3)
    return tuple(sorted(points.items()))


def at(points: Energy, frame: float) -> float | None:
    """The energy at a frame; None where there are no points."""
    if not points:
        return None
    index = bisect_left(points, frame, key=lambda point: point[0])
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (left, low), (right, high) = points[index - 1], points[index]
    return low + (high - low) * (frame - left) / (right - left)


def _pace(cuts: Sequence[float], time: float) -> float:
    """From 0 to 1: how fast it is cut around a moment."""
    count = bisect_left(cuts, time + WINDOW / 2) - bisect_left(cuts, time - WINDOW / 2)
    return count / WINDOW / (count / WINDOW + 0.5)


def _motion(seen: Seen | None, time: float) -> float:
    """From 0 to 1: how much moves around a moment; 0 where nothing could be seen."""
    if seen is None:
        return 0.0
    first, last = np.searchsorted(seen.curves.seconds, [time - WINDOW / 2, time + WINDOW / 2])
    around = seen.curves.motion[first:last]
    around = around[np.isfinite(around)]
    return float(around.mean()) if len(around) else 0.0
