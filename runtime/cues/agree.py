"""Hits that agree with the storyboards, after a person has split, merged, moved or renamed these in a cue sheet."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ..edit import Edit
from ..picture.asked import asked_name
from .place import MAX_TEXT
from .sheet import Hit, HitKind, Storyboard
from .weights import CUT_WEIGHT, MARKER_WEIGHT, STORYBOARD_WEIGHT, cut_weight

BETWEEN = " / "  # the names of all that lies on one frame; the storyboard's comes first


def agree(
    hits: Sequence[Hit], boards: Sequence[Storyboard], edit: Edit | None = None, *, always: bool = False
) -> tuple[Hit, ...]:
    """The hits, with one of kind `storyboard` on each storyboard's start and nowhere else, named after it.

    Where a storyboard no longer starts, its hit becomes what else lies there: with `edit` its marker or cut, or
    nothing. Without, a marker where the hit had another name beside the storyboard's, else a cut, but nothing outside
    the storyboards. A weight that a person gave stays. A sheet without any hit of the kind is left without, but not
    `always`.
    """
    if not always and not any(hit.kind == "storyboard" for hit in hits):
        return tuple(hits)
    names = {board.start: board.name for board in boards}
    others = {hit.frame for hit in hits if hit.kind != "storyboard"}
    kept: list[Hit] = []
    for hit in hits:
        if hit.kind != "storyboard":
            kept.append(hit)
        elif hit.frame in names:
            kept.append(replace(hit, name=_renamed(hit.name, names[hit.frame])))
        elif hit.frame not in others and (bereft := _bereft(hit, boards, edit)):
            kept.append(bereft)
    begun = {hit.frame for hit in kept if hit.kind == "storyboard"}
    heaviest: dict[int, int] = {}
    for index, hit in enumerate(kept):
        if hit.frame not in heaviest or hit.weight > kept[heaviest[hit.frame]].weight:
            heaviest[hit.frame] = index
    new: list[Hit] = []
    for board in boards:
        index = heaviest.get(board.start, -1)
        if board.start in begun:
            continue
        if index < 0:
            new.append(Hit(board.start, "storyboard", board.name, STORYBOARD_WEIGHT))
        else:
            hit = kept[index]
            kept[index] = replace(
                hit, kind="storyboard", name=_joined(board.name, hit.name), weight=max(hit.weight, STORYBOARD_WEIGHT)
            )
    in_order = all(before.frame <= after.frame for before, after in pairwise(kept))
    kept += new
    return tuple(sorted(kept, key=lambda hit: hit.frame) if in_order else kept)


def _bereft(hit: Hit, boards: Sequence[Storyboard], edit: Edit | None) -> Hit | None:
    """The hit where no storyboard starts any more."""
    kind: HitKind
    if edit is None:
        at = bisect_right(boards, hit.frame, key=lambda board: board.start) - 1
        if at < 0 or hit.frame >= boards[at].end:
            return None
        name = hit.name.partition(BETWEEN)[2]
        kind, usual = ("marker", MARKER_WEIGHT) if name else ("cut", CUT_WEIGHT)
    else:
        marks = [m.name.strip() for m in edit.markers if m.visible and m.frame == hit.frame and asked_name(m) is None]
        cuts = [cut_weight(cut) for cut in edit.cuts if cut.frame == hit.frame]
        if not marks and not cuts:
            return None
        name = BETWEEN.join(dict.fromkeys(mark for mark in marks if mark))
        kind, usual = ("marker", MARKER_WEIGHT) if marks else ("cut", max(cuts))
    return replace(hit, kind=kind, name=name, weight=usual if hit.weight == STORYBOARD_WEIGHT else hit.weight)


def _renamed(name: str, board: str) -> str:
    """The hit's names with the storyboard's in the first place."""
    if not board or name == board or name.startswith(board + BETWEEN):
        return name
    return _joined(board, name.partition(BETWEEN)[2])


def _joined(first: str, second: str) -> str:
    if not second or not first or second == first or second.startswith(first + BETWEEN):
        return second or first
    both = first + BETWEEN + second
    return both if len(both) <= MAX_TEXT else first
