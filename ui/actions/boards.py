"""Storyboards reshaped: each function takes a plan and answers another one, whose storyboards follow without overlap."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from ...runtime.cues.agree import agree
from ...runtime.cues.place import MAX_TEXT
from ...runtime.cues.sheet import Hit
from ...runtime.cues.sheet import Storyboard as SheetBoard
from ...runtime.edit import Edit
from ..state.plan import Board, HitMark, Plan, Points
from .refused import Refused

SLOWEST, FASTEST = 30.0, 300.0  # bpm that a person may ask for
MOST_SEED = 2**31 - 1


def edge_targets(plan: Plan, board_id: int, cuts: Sequence[int]) -> tuple[int, ...]:
    """The cuts to which the start of a storyboard may go; none where a neighbour's lock holds it."""
    index = plan.index(board_id)
    if index < 0:
        return ()
    board = plan.boards[index]
    before = plan.boards[index - 1] if index else None
    if board.locked or before is None or before.locked or before.end != board.start:
        return ()
    return tuple(cut for cut in cuts if before.start < cut < board.end)


def move_edge(plan: Plan, board_id: int, frame: int, edit: Edit | None = None) -> Plan:
    """The storyboard starts at `frame`, and the one before ends there; the energy of both goes along."""
    index = _index(plan, board_id)
    board = plan.boards[index]
    if not index:
        raise Refused(f"'{board.name}' is the first storyboard: it starts with the picture")
    before = plan.boards[index - 1]
    for each in (before, board):
        _unlocked(each, "its edges stay")
    if before.end != board.start:
        raise Refused(f"there is a gap before '{board.name}': no edge to move")
    if not before.start < frame < board.end:
        raise Refused(f"the edge stays between the start of '{before.name}' and the end of '{board.name}'")
    if frame == board.start:
        return plan
    boards = list(plan.boards)
    boards[index - 1 : index + 1] = [_relaid(before, end=frame), _relaid(board, start=frame)]
    moved = replace(plan, energy=_along(plan.energy, before.start, board.start, board.end, frame))
    return _with_boards(moved, boards, edit)


def _along(points: Points, start: int, edge: int, end: int, to: int) -> Points:
    """The energy between `start` and `end`, what lies before the edge and what lies behind it each stretched to its new room."""
    moved: dict[int, float] = {}
    for frame, energy in points:
        if frame == edge - 1:  # a step at the edge stays one
            frame = to - 1
        elif start < frame < edge:
            frame = start + round((frame - start) * (to - start) / (edge - start))
        elif edge <= frame < end:
            frame = end - round((end - frame) * (end - to) / (end - edge))
        moved[frame] = energy
    return tuple(sorted(moved.items()))


def split(plan: Plan, board_id: int, frame: int, edit: Edit | None = None) -> Plan:
    """The storyboard ends at `frame`, and a new one of the same brief and seed takes over."""
    index = _index(plan, board_id)
    board = plan.boards[index]
    _unlocked(board, "it is not split")
    if not board.start < frame < board.end:
        raise Refused(f"'{board.name}' can be split between its first and its last frame only")
    name = _new_name(board.name, {each.name for each in plan.boards})
    halves = [_relaid(board, end=frame), replace(_relaid(board, start=frame), id=plan.next_id, name=name, name_at="")]
    boards = [*plan.boards[:index], *halves, *plan.boards[index + 1 :]]
    return _with_boards(replace(plan, next_id=plan.next_id + 1), boards, edit)


def merge(plan: Plan, board_id: int, edit: Edit | None = None) -> Plan:
    """The storyboard goes on to the end of the one after it, which is no more."""
    index = _index(plan, board_id)
    board = plan.boards[index]
    if index + 1 == len(plan.boards):
        raise Refused(f"'{board.name}' is the last storyboard: there is none after it to merge with")
    after = plan.boards[index + 1]
    for each in (board, after):
        _unlocked(each, "it is not merged")
    boards = [*plan.boards[:index], _relaid(board, end=after.end), *plan.boards[index + 2 :]]
    return _with_boards(plan, boards, edit)


def rename(plan: Plan, board_id: int, name: str, edit: Edit | None = None) -> Plan:
    index = _index(plan, board_id)
    name = text(name)
    if not name:
        raise Refused("a storyboard needs a name")
    boards = list(plan.boards)
    first = boards[index].name_at or boards[index].name
    boards[index] = replace(boards[index], name=name, name_at="" if first == name else first)
    return _with_boards(plan, boards, edit)


def brief(plan: Plan, ids: Collection[int], **fields: Any) -> Plan:
    """Storyboards with another mood, style, density or prompt. Locked ones are refused: theirs would sound otherwise."""
    _present(plan, ids)
    for board in plan.boards:
        if board.id in ids:
            _unlocked(board, "its music stays as it is")
    return _changed(plan, ids, **fields)


def tempo(plan: Plan, ids: Collection[int], bpm: float) -> Plan:
    return brief(plan, ids, tempo=round(min(max(float(bpm), SLOWEST), FASTEST), 2))


def seed(plan: Plan, ids: Collection[int], value: int | None) -> Plan:
    if value is not None and not 0 <= value <= MOST_SEED:
        raise Refused(f"a seed is a whole number from 0 to {MOST_SEED}")
    return brief(plan, ids, seed=value)


def lock(plan: Plan, ids: Collection[int], flag: bool) -> Plan:
    _present(plan, ids)
    return _changed(plan, ids, locked=flag)


def text(words: str, most: int = MAX_TEXT) -> str:
    """In one line, of whole characters."""
    return " ".join("".join(c for c in words if not "\ud800" <= c <= "\udfff" and c != "\0").split())[:most]


def _changed(plan: Plan, ids: Collection[int], **fields: Any) -> Plan:
    boards = tuple(replace(b, **fields) if b.id in ids else b for b in plan.boards)
    return plan if boards == plan.boards else replace(plan, boards=boards)


def _relaid(board: Board, **fields: Any) -> Board:
    """Of another extent: its beats are laid anew."""
    return replace(board, beats=(), bars=(), **fields)


def _with_boards(plan: Plan, boards: Sequence[Board], edit: Edit | None) -> Plan:
    """The plan with these storyboards, and with a hit on the start of each and nowhere else of that kind."""
    if tuple(boards) == plan.boards:
        return plan
    plain = [SheetBoard(b.name, b.start, b.end, b.tempo) for b in boards]
    there = [Hit(h.frame, h.kind, h.name, h.weight, h.at, h.outcome, h.place, h.wish) for h in plan.hits]
    waiting: dict[int, list[HitMark]] = {}
    for mark in reversed(plan.hits):
        waiting.setdefault(mark.frame, []).append(mark)
    hits, next_id = [], plan.next_id
    for hit in agree(there, plain, edit, always=True):
        marks = waiting.get(hit.frame)
        if marks:
            mark = marks.pop()
            hits.append(replace(mark, kind=hit.kind, name=hit.name, weight=hit.weight))
        else:
            hits.append(HitMark(next_id, hit.frame, hit.kind, hit.name, hit.weight, laid=hit.weight))
            next_id += 1
    return replace(plan, boards=tuple(boards), hits=tuple(hits), next_id=next_id)


def touched(plan: Plan, frames: Collection[int]) -> Plan:
    """The plan with beats to be laid anew wherever one of the frames lies, but in locked storyboards."""
    rising = sorted(frames)
    boards = tuple(
        _relaid(board)
        if not board.locked and bisect_left(rising, board.start) < bisect_left(rising, board.end)
        else board
        for board in plan.boards
    )
    return replace(plan, boards=boards)


def _index(plan: Plan, board_id: int) -> int:
    index = plan.index(board_id)
    if index < 0:
        raise Refused("this storyboard is not there any more")
    return index


def _present(plan: Plan, ids: Collection[int]) -> None:
    if not ids or not any(board.id in ids for board in plan.boards):
        raise Refused("no storyboard is selected")


def _unlocked(board: Board, words: str) -> None:
    if board.locked:
        raise Refused(f"'{board.name}' is locked, so {words}; unlock it first")


def _new_name(name: str, taken: Collection[str]) -> str:
    stem, _, last = name.rpartition(" ")
    stem, number = (stem, int(last)) if stem and last.isdecimal() and len(last) < 6 else (name, 1)
    while True:
        number += 1
        new = f"{stem} {number}"
        if new not in taken:
            return text(new)
