"""What a person should know of wishes that a plan could not grant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..edit import Edit
from .sheet import Hit, Storyboard

CLOSE_MARKERS = 0.2  # seconds: the beats of the fastest music are further apart


def remarks(edit: Edit, planned: Sequence[Storyboard], hits: Sequence[Hit]) -> list[str]:
    """What a person should know of wishes that could not be had."""
    said = []
    short = [b for b in planned if edit.seconds(b.end - b.start) < 60 / b.tempo]
    if short:
        named = ", ".join(f"'{b.name}' at {edit.timecode(b.start)}" for b in short[:3])
        more = f" and {len(short) - 3} more" if len(short) > 3 else ""
        said.append(f"storyboards shorter than a beat get one: {named}{more}")
    if len(edit.cuts) + len(hits) < 2 + len(planned):
        count = len(edit.cuts) + len(hits) - len(planned)
        said.append(f"the edit has {'one cut or marker' if count else 'no cuts and no markers'} for music to land on")
    wanted = [hit for hit in hits if hit.kind == "marker"]
    for first, second in pairwise(wanted):
        apart = second.frame - first.frame
        if edit.seconds(apart) < CLOSE_MARKERS:
            said.append(
                f"markers at {edit.timecode(first.frame)} and {edit.timecode(second.frame)} are {apart} frames apart: "
                "too close for a beat each"
            )
    for hit in wanted:
        if hit.weight > 0 and hit.outcome != "landed":
            miss = "nothing near" if hit.at is None else f"{1000 * (hit.at - edit.seconds(hit.frame)):+.0f} ms"
            said.append(f"marker '{hit.name}' at {edit.timecode(hit.frame)} is not landed: {miss}")
    return said
