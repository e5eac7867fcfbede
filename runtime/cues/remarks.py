"""What a person should know of wishes that a plan could not grant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..edit import Edit
from .sheet import Hit, Storyboard

SHORT, NOT_LANDED = "storyboards shorter than a beat get one", " is not landed: "
CLOSE_MARKERS = 0.2  # seconds: the beats of the fastest music are further apart


def remarks(edit: Edit, planned: Sequence[Storyboard], hits: Sequence[Hit]) -> list[str]:
    """What a person should know of wishes that could not be had."""
    said = []
    short = [b for b in planned if edit.seconds(b.end - b.start) < 60 / b.tempo]
    if short:
        named = ", ".join(f"'{b.name}' at {edit.timecode(b.start)}" for b in short[:3])
        more = f" and {len(short) - 3} more" if len(short) > 3 else ""
        said.append(f"{SHORT}: {named}{more}")
    moments = {cut.frame for cut in edit.cuts} | {hit.frame for hit in hits if hit.kind != "storyboard"}
    if len(moments) < 2:
        said.append(f"the edit has {'one cut or marker' if moments else 'no cuts and no markers'} for music to land on")
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
            said.append(f"marker '{hit.name}' at {edit.timecode(hit.frame)}{NOT_LANDED}{miss}")
    return said


def about_beats(remark: str) -> bool:
    """Whether a remark is about the beats that the plan laid, and not about what was wished for."""
    return NOT_LANDED in remark or remark.startswith(SHORT)
