"""What tests of the panel share: a small edit without media, its plan, and a state that holds both."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.spot import plan as spot
from hitpoint.runtime.edit import Cut, Edit, Marker, Shot, Source
from hitpoint.runtime.rate import Rate
from hitpoint.ui.state import plan_json
from hitpoint.ui.state.edit import SeenEdit
from hitpoint.ui.state.panel import Panel

CUTS = (40, 90, 130, 200, 260, 300, 360, 430)
FRAMES = 500


def made_edit(cuts=CUTS, frames=FRAMES) -> Edit:
    edges = [0, *cuts, frames]
    shots = tuple(
        Shot(start, end, f"shot {n}", f"{n}.mov", False, (Source(start, end, f"{n}.mov", Fraction(n), Fraction(1)),))
        for n, (start, end) in enumerate(pairwise(edges))
    )
    marks = (
        Marker(0, 0, "storyboard: Dawn", "", "PURPLE", "timeline"),
        Marker(130, 0, "storyboard: Fair", "", "PURPLE", "timeline"),
        Marker(300, 0, "storyboard: Storm", "", "PURPLE", "timeline"),
        Marker(225, 0, "hit: the door", "", "RED", "timeline"),
    )
    cut = tuple(Cut(frame) for frame in cuts)
    return Edit("small", Rate.of(25), frames, 90000, False, 0, frames, cut, (), marks, shots)


@pytest.fixture(scope="session")
def edit() -> Edit:
    """20 s at 25 frames a second, three storyboards by marker, eight cuts, and a marker on none of them."""
    return made_edit()


@pytest.fixture(scope="session")
def plan(edit):
    return plan_json.from_sheet(sheet_json.to_json(spot(edit)))


@pytest.fixture
def panel(edit, plan) -> Panel:
    return Panel(edit=SeenEdit("/edits/small.otio", edit, parsed=True), plan=plan)
