"""Every change that a person can make, each one step back and forth on an undo stack."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from PySide6.QtGui import QUndoStack

from ...runtime.cues.sheet import Wish
from ...runtime.edit import Edit
from ..state.panel import InOut
from ..state.plan import Held, Plan
from ..state.seeds import seed_of
from ..state.store import Store
from . import boards, energy, hits, score_settings, take_list
from .commands import Change, Key, TakeFields, TakesDeleted
from .refused import Refused

MOST_STEPS = 500

Ids = Collection[int]


class Actions:
    """Each method changes the state at once, or raises Refused with a sentence and changes nothing.

    Between `begin_drag` and `end_drag` the same action on the same things is one step, whatever its values.
    """

    def __init__(self, store: Store, stack: QUndoStack | None = None) -> None:
        self.store = store
        self.stack = stack or QUndoStack()
        if not self.stack.count():
            self.stack.setUndoLimit(MOST_STEPS)
        self._drags = 0
        self._drag = 0
        self._dragged: tuple[Key, Plan, Plan] | None = None  # of an edge: the plan before, and the last one

    def begin_drag(self) -> None:
        self._drags = self._drags % 2**30 + 1
        self._drag = self._drags

    def end_drag(self) -> None:
        self._drag = 0
        self._dragged = None

    def undo(self) -> None:
        self.stack.undo()

    def redo(self) -> None:
        self.stack.redo()

    def forget(self) -> None:
        """Another edit: what was done to the one before cannot be undone any more."""
        self._drag = 0
        self.stack.clear()

    # Storyboards

    def edge_targets(self, board_id: int) -> tuple[int, ...]:
        """The cuts to which the start of a storyboard may go."""
        state = self.store.state
        return boards.edge_targets(self._plan(), board_id, state.edit.cut_frames() if state.edit else ())

    def move_edge(self, board_id: int, frame: int) -> None:
        """In a drag the edge moves from where it was when the drag began: back there, nothing is different."""
        plan = self._plan()
        key = Key("edge", (board_id,), self._drag)
        begun = self._dragged
        first = begun[1] if begun and self._drag and begun[0] == key and begun[2] is plan else plan
        self._shape(
            "Move the edge of a storyboard",
            "edge",
            [board_id],
            lambda _: boards.move_edge(first, board_id, frame, self._edit),
        )
        self._dragged = (key, first, self._plan())

    def split(self, board_id: int, frame: int) -> None:
        self._shape("Split a storyboard", "split", [board_id], lambda p: boards.split(p, board_id, frame, self._edit))

    def merge(self, board_id: int) -> None:
        """With the one after it."""
        self._shape("Merge storyboards", "merge", [board_id], lambda p: boards.merge(p, board_id, self._edit))

    def rename(self, board_id: int, name: str) -> None:
        self._shape("Rename a storyboard", "rename", [board_id], lambda p: boards.rename(p, board_id, name, self._edit))

    def set_mood(self, ids: Ids, valence: float | None = None, energy: float | None = None) -> None:
        wanted: dict[str, float] = {}
        if valence is not None:
            wanted["valence"] = round(min(1.0, max(-1.0, float(valence))), 3)
        if energy is not None:
            wanted["energy"] = round(min(1.0, max(0.0, float(energy))), 3)
        self._shape("Change the mood", "mood", ids, lambda p: boards.brief(p, ids, **wanted))

    def set_density(self, ids: Ids, density: float) -> None:
        value = round(min(1.0, max(0.0, float(density))), 3)
        self._shape("Change the density", "density", ids, lambda p: boards.brief(p, ids, density=value))

    def set_style(self, ids: Ids, style: str) -> None:
        self._shape("Change the style", "style", ids, lambda p: boards.brief(p, ids, style=boards.text(style)))

    def set_prompt(self, ids: Ids, prompt: str) -> None:
        self._shape("Change the prompt", "prompt", ids, lambda p: boards.brief(p, ids, prompt=boards.text(prompt)))

    def set_tempo(self, ids: Ids, bpm: float) -> None:
        self._shape("Change the tempo", "tempo", ids, lambda p: boards.tempo(p, ids, bpm))

    def set_seed(self, ids: Ids, seed: int | None) -> None:
        """None: the score's own."""
        self._shape("Change the seed", "seed", ids, lambda p: boards.seed(p, ids, seed))

    def set_lock(self, ids: Ids, locked: bool) -> None:
        """Locked storyboards keep their extent, their beats and, when others are made anew, their seed."""
        words = "Lock storyboards" if locked else "Unlock storyboards"
        self._shape(words, "lock", ids, lambda p: boards.lock(p, ids, locked))

    def draw_energy(self, points: Iterable[tuple[int, float]]) -> None:
        drawn = list(points)
        self._shape("Draw the energy", "energy", [], lambda p: energy.draw(p, drawn))

    def move_point(self, frame: int, to: int, value: float) -> None:
        self._shape("Move a point of the energy", "point", [frame], lambda p: energy.move_point(p, frame, to, value))

    def add_point(self, frame: int) -> None:
        self._shape("Add a point to the energy", "point", [frame], lambda p: energy.add_point(p, frame))

    def remove_point(self, frame: int) -> None:
        self._shape("Remove a point of the energy", "point", [frame], lambda p: energy.remove_point(p, frame))

    # Hits

    def hold(self, ids: Ids, held: Held) -> None:
        words = {"pinned": "Pin hits", "released": "Release hits", "": "Let hits be as they were"}[held]
        self._shape(words, "hold", ids, lambda p: hits.hold(p, ids, held))

    def set_wish(self, ids: Ids, wish: Wish) -> None:
        self._shape("Change how hits are met", "wish", ids, lambda p: hits.wish(p, ids, wish))

    def add_hit(self, frame: int, name: str = "", wish: Wish = "") -> int:
        """Answers the id of the new hit."""
        plan, id = hits.add(self._plan(), frame, name, wish)
        self._shape("Add a hit", "add", [id], lambda _: plan)
        return id

    def remove_hits(self, ids: Ids) -> None:
        self._shape("Remove hits", "remove", ids, lambda p: hits.remove(p, ids))

    # The whole

    def set_in(self, frame: int | None) -> None:
        """An in point at or behind the out point takes that one away."""
        now = self.store.state.inout
        end = now.end if frame is None or now.end is None or now.end > frame else None
        self._set("Set the in point", "in", inout=InOut(self._inside(frame), end))

    def set_out(self, frame: int | None) -> None:
        now = self.store.state.inout
        start = now.start if frame is None or now.start is None or now.start < frame else None
        self._set("Set the out point", "out", inout=InOut(start, self._inside(frame)))

    def clear_inout(self) -> None:
        self._set("Clear the in and out points", "inout", inout=InOut())

    def set_score(self, **fields: Any) -> None:
        self._set("Change the score", "score", score=score_settings.changed(self.store.state.score, **fields))

    def regenerate(self, ids: Ids = ()) -> None:
        """Other seeds: for the storyboards named, or for all that are not locked."""
        plan, score = self._plan(), self.store.state.score
        chosen = [board for board in plan.boards if board.id in ids] if ids else list(plan.boards)
        if not chosen:
            raise Refused("this storyboard is not there any more")
        free = {board.id for board in chosen if not board.locked}
        if not free:
            raise Refused("every storyboard here is locked: unlock one to make it anew")
        new_score = score
        if len(free) == len(plan.boards):
            new_score = replace(score, seed=_next(score.seed))
        anew = tuple(
            board
            if board.id not in free or (board.seed is None and new_score is not score)
            else replace(board, seed=_next(seed_of(board, score)))
            for board in plan.boards
        )
        self._set("Make anew", "regenerate", plan=replace(plan, boards=anew), score=new_score)

    def replace_plan(self, plan: Plan, words: str, **others: Any) -> None:
        """Another plan, made by the machine or taken from a take; `others` are parts of the state that go with it."""
        self._set(words, "replace", plan=plan, **others)

    # Takes

    def choose_take(self, id: int) -> None:
        take_list.check_there(self.store.state.takes, [id])
        self._set("Choose a take", "choose", current=id)

    def star(self, id: int, stars: int) -> None:
        self._of_take("Give stars", "stars", id, take_list.star(self.store.state.takes, id, stars))

    def note(self, id: int, words: str) -> None:
        self._of_take("Write a note", "notes", id, take_list.note(self.store.state.takes, id, words))

    def rename_take(self, id: int, name: str) -> None:
        self._of_take("Rename a take", "name", id, take_list.rename(self.store.state.takes, id, name))

    def delete_takes(self, ids: Ids) -> None:
        """Their folders stay until the project is closed."""
        state = self.store.state
        take_list.check_there(state.takes, ids)
        if state.placed is not None and state.placed.take in ids:
            raise Refused("this take is on the timeline: take it out there first")
        self.stack.push(TakesDeleted("Delete takes", self.store, tuple(ids)))

    @property
    def _edit(self) -> Edit | None:
        seen = self.store.state.edit
        return seen.edit if seen else None

    def _plan(self) -> Plan:
        plan = self.store.state.plan
        if plan is None:
            raise Refused("there is no plan yet: open an edit first")
        return plan

    def _inside(self, frame: int | None) -> int | None:
        edit = self._edit
        return frame if frame is None or edit is None else min(max(frame, 0), edit.frames)

    def _shape(self, words: str, action: str, things: Iterable[int], make: Callable[[Plan], Plan]) -> None:
        self._set(words, action, tuple(things), plan=make(self._plan()))

    def _set(self, words: str, action: str, things: tuple[int, ...] = (), **parts: Any) -> None:
        state = self.store.state
        changed = {part: (getattr(state, part), value) for part, value in parts.items()}
        changed = {part: (old, new) for part, (old, new) in changed.items() if old != new}
        if changed:
            self.stack.push(Change(words, self.store, Key(action, things, self._drag), changed))

    def _of_take(self, words: str, field: str, id: int, takes: take_list.Takes) -> None:
        old = next(take for take in self.store.state.takes if take.id == id)
        new = next(take for take in takes if take.id == id)
        if old != new:
            before, after = ({field: getattr(take, field)} for take in (old, new))
            self.stack.push(TakeFields(words, self.store, Key(field, (id,), self._drag), id, before, after))


def _next(seed: int) -> int:
    return (seed + 1) % (boards.MOST_SEED + 1)
