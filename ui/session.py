"""What the panel's widgets ask for: each request answers at once, and its result arrives in the state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .actions.actions import Actions
from .actions.refused import Refused
from .following import Following
from .keeping import PARTS, Keeping, Opening, opening
from .project import DELAY, Found, fresh
from .shelf import Shelf
from .state import plan_json
from .state.codec import from_json, to_json
from .state.edit import SeenEdit
from .state.panel import Job, Message, Reading
from .state.plan import Plan
from .state.seeds import digest_of, seeds_of
from .state.store import Store
from .state.take import Heard, Laid, Placed, Take, Wave, Writing
from .work import answers, asking
from .work.answers import Answer
from .work.jobs import GRACE, Jobs, Launch, Order, Post
from .work.link import Link

PEAKS = "peaks.bin"
BEFORE = "before"  # in the project's folder: what the last writing replaced
LAY_AFTER = 0.3  # seconds after the last change of the plan
MOST_MESSAGES = 30
RECENT = 8


class Session(Shelf):
    """One panel's work. Lives in the interface's thread; `post` brings there what workers and timers have to say."""

    def __init__(
        self,
        store: Store,
        actions: Actions,
        post: Post,
        launch: Launch = Link,
        *,
        delay: float = DELAY,
        grace: float = GRACE,
    ) -> None:
        self.store, self.actions, self._post, self._delay = store, actions, post, delay
        self.jobs = Jobs(store, post, launch, grace=grace, failed=self._job_failed)
        self.following = Following(store, self.jobs, post, lambda words: self.say("warning", words))
        self._source: dict[str, Any] = {}
        self._edit_number = 0
        self._keeping: Keeping | None = None
        self._to_write: dict[str, Any] = {}
        self._last_message = 0
        self._timers: dict[str, threading.Timer] = {}
        store.watch("plan", lambda _: self._later("lay", LAY_AFTER, self._lay))
        store.watch("current", lambda _: self._hear())
        store.watch("view.other", self._draw)

    # The edit

    def open(
        self,
        path: str | Path,
        rate: str | None = None,
        timeline: str | None = None,
        media_roots: Sequence[str | Path] = (),
    ) -> None:
        """Reads an edit, and what was kept of it; then looks at its picture and plans. The edit that is open stays so where
        the other one cannot be read. Where nothing is said of how to read it, it is read as the last time.
        """
        roots = tuple(str(Path(root).absolute()) for root in media_roots)
        self._open(str(Path(path).absolute()), Reading(rate or "", timeline or "", roots), as_before=True)

    def open_again(self, reading: Reading | None = None) -> None:
        """The edit that is open, read once more: the same way, or another."""
        if self.store.state.edit is None:
            raise Refused("no edit is open")
        if self.store.state.host:
            host = {word: self._source[word] for word in ("host", "file")}
            self._open("", reading or self.store.state.reading, as_before=False, host=host)
            return
        self._open(self._source["path"], reading or self.store.state.reading, as_before=False)

    def open_host(self, name: str, file: str | Path = "") -> None:
        """Reads the timeline that a video editor has open; `file` for those that are reached by one. What is written goes
        there, and its playhead and ours follow each other.
        """
        self._open("", Reading(), as_before=True, host={"host": name, "file": str(file)})

    def look_in(self, folder: str | Path) -> None:
        """Reads the edit once more, its media looked for in one more folder."""
        now = self.store.state.reading
        roots = tuple(dict.fromkeys([*now.media_roots, str(Path(folder).absolute())]))
        self.open_again(replace(now, media_roots=roots))

    def _open(self, path: str, reading: Reading, *, as_before: bool, host: dict[str, str] | None = None) -> None:
        source, kept = {"path": path, **to_json(reading), **(host or {})}, self._keeping

        def read(answer: Answer) -> Opening:
            return opening(answer, kept)

        def done(opened: Opening) -> None:
            before = opened.found.project
            if as_before and before and reading == Reading() != before.reading:
                self._open(path, before.reading, as_before=False, host=host)
                return
            left = self._leave()
            if left and kept is not None and kept.folder == opened.folder:
                opened = replace(opened, found=left)  # what was changed since it was read is there as well
            self._edit_number += 1
            self._source = {**source, **opened.source}
            self._enter(opened, reading)
            self._parse()
            self.following.begin(self._source)

        title, given = f"Open {host['host'] if host else Path(path).name}", {"source": source}
        self._order("open", title, given, done, read=read, instead="open", any_edit=True)

    def demo(self, folder: str | Path) -> None:
        """Makes the demo's film and edit in a folder, and opens it."""
        if self.jobs.busy("demo"):
            raise Refused("the demo is being made already")
        self._order(
            "demo", "Make the demo", {"folder": str(folder)}, lambda answer: self.open(answer["path"]), any_edit=True
        )

    def plan_anew(self) -> None:
        """Storyboards, hits and tempi afresh from what the picture shows; undoable."""
        self._parse(anew=True)

    # Music

    def score(self) -> None:
        """A new take of the plan."""
        plan, score = self._plan(), self.store.state.score
        number = self._ours().new_take()
        seeds = seeds_of(plan, score)

        def read(answer: Answer) -> tuple[Take, Heard, str]:
            made = answers.took(number, answer, digest_of(plan, score))
            return made, answers.heard(number, answer["heard"]), str(answer["peaks"])

        def done(made: tuple[Take, Heard, str]) -> None:
            self._took(*made)

        given = self._music(plan, seeds, f"takes/{number:02}") | {"level_of": asking.level_of(self.store.state, seeds)}
        self._order("score", f"Score: take {number}", given, done, read=read, again=self.score)

    def rehearse(self, board_ids: Collection[int] = ()) -> None:
        """A draft of some storyboards, or of all, by the composer: heard, not kept."""
        plan = self._plan()
        chosen = tuple(board for board in plan.boards if not board_ids or board.id in board_ids)
        if not chosen:
            raise Refused("this storyboard is not there any more")
        part = replace(plan, boards=chosen)
        self._ours()

        def read(answer: Answer) -> tuple[Heard, str]:
            return answers.heard(0, answer["heard"]), str(answer["peaks"])

        def done(made: tuple[Heard, str]) -> None:
            self.store.set("rehearsal", made[0])
            self._waved(0, made[1])

        given = self._music(part, seeds_of(part, self.store.state.score), "rehearsal")
        draft = {"engine": "composer", "duck": None, "stems": False, "stem_tracks": False, "soundfont": ""}
        given["score"] = {**given["score"], **draft}
        self._order("rehearse", "Rehearse", given, done, read=read, instead="rehearse")

    def put_back(self, take_id: int) -> None:
        """The plan and the seeds of a take become the plan again; undoable."""
        take = self._take(take_id)

        def done(plan: Plan) -> None:
            score = replace(self.store.state.score, engine=take.engine, pack=take.pack, seed=take.seed)
            same = tuple(
                replace(t, digest=digest_of(plan, score)) if t.id == take_id else t for t in self.store.state.takes
            )
            self.store.set("takes", same)
            if self.store.state.take(take_id):
                self.actions.replace_plan(plan, f"Put back {take.name}", score=score, current=take_id)

        self._order(
            "heard",
            f"Put back {take.name}",
            {"folder": take.folder},
            done,
            read=lambda answer: answers.put_back(answer, take),
        )

    # The timeline

    def plan_writing(self, take_id: int, out: str | Path | None = None, in_place: bool = False) -> None:
        """What writing a take would change arrives in `state.writing`."""
        take = self._take(take_id)
        given = {
            "source": self._source,
            "take": take.folder,
            "score": to_json(self.store.state.score),
            "out": str(out) if out else "",
            "in_place": in_place,
        }

        def done(answer: Answer) -> None:
            self._to_write = given
            self.store.set("writing", from_json(Writing, {"take": take_id, "in_place": in_place, **answer}))

        self._order("intend", f"Look what writing {take.name} changes", given, done, instead="intend")

    def write(self) -> None:
        """Does what `state.writing` says; what was done arrives in `state.placed`."""
        writing = self.store.state.writing
        if writing is None:
            raise Refused("nothing is planned to be written: choose a take and look what writing it changes")
        take = self._take(writing.take)

        def done(answer: Answer) -> None:
            placed = from_json(Placed, {"take": take.id, "in_place": writing.in_place, **answer})
            before = self.store.state.placed
            if before is not None and before.out == placed.out:
                placed = replace(placed, earlier=replace(before, undo=False, earlier=None))
            self.store.change("", placed=placed, writing=None)

        given = {**self._to_write, "keep": str(self._ours().folder / BEFORE)}
        self._order("write", f"Write {take.name} to the timeline", given, done)

    def unwrite(self) -> None:
        """Takes what was written last out of the timeline."""
        placed = self.store.state.placed
        if placed is None:
            raise Refused("no score of this panel is on the timeline")

        def done(answer: Answer) -> None:
            self.store.set("placed", placed.earlier if answer["whole"] else None)
            name = Path(str(answer["out"])).name
            self.say("note", f"{name} is as it was before" if answer["whole"] else f"the score is out of {name}")
            for words in answer["warnings"]:
                self.say("warning", str(words))

        keep = str(self._ours().folder / BEFORE) if placed.undo else ""
        given = {"keep": keep, "out": placed.out, "timeline": self._source.get("timeline", ""), "source": self._source}
        self._order("unwrite", "Take the score out", given, done)

    # Jobs

    def cancel(self, job_id: int) -> None:
        self.jobs.cancel(job_id)

    def cancel_all(self) -> None:
        self.jobs.cancel_all()

    def retry(self, job_id: int) -> None:
        self.jobs.retry(job_id)

    def clear_jobs(self) -> None:
        self.jobs.clear()

    def say(self, kind: Any, text: str, details: str = "") -> None:
        self._last_message += 1
        said = (*self.store.state.messages, Message(self._last_message, kind, text, details))
        self.store.set("messages", said[-MOST_MESSAGES:])

    def dismiss(self, message_id: int) -> None:
        left = tuple(message for message in self.store.state.messages if message.id != message_id)
        self.store.set("messages", left)

    # Keeping

    def save(self) -> None:
        """Now, not only a moment after the last change."""
        if self._keeping is not None:
            self._keeping.flush()

    def close(self) -> None:
        """Saves, removes the takes that were deleted, and ends the workers."""
        self._leave()
        self.jobs.close()

    def _enter(self, opened: Opening, reading: Reading) -> None:
        seen, found = opened.seen, opened.found
        project = found.project or fresh(self.store.state.settings)
        project = replace(project, next_take=found.next_take, reading=reading)
        with self.store.together():
            self.store.change(
                "",
                **{part: getattr(project, part) for part in PARTS},
                edit=seen,
                laid=None,
                heard=None,
                rehearsal=None,
                waves=(),
                writing=None,
                unkept=opened.unkept,
                host=opened.host,
            )
            if opened.host is None:
                recent = dict.fromkeys([seen.path, *self.store.state.settings.recent])
                self.store.set("settings.recent", tuple(recent)[:RECENT])
        self.actions.forget()

        def failed(words: str) -> None:
            self._post(lambda: self.say("warning", words))

        def overtaken(words: str) -> None:
            self._post(lambda: self.store.set("unkept", words))

        self._keeping = Keeping(
            self.store,
            opened.folder,
            project,
            failed,
            self._delay,
            claim=opened.claim,
            mark=found.mark,
            overtaken=overtaken,
        )
        if found.told:
            self.say("warning", found.told)
        if not opened.unkept:
            self._sweep(project.gone)

    def _leave(self) -> Found | None:
        """The edit that is open is kept and put away."""
        left: Found | None = None
        self.following.end()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._keeping is not None:
            left = self._keeping.close()
            self._keeping = None
        for job in self.store.state.jobs:
            if job.active and job.kind not in ("open", "packs", "examine", "demo"):
                self.jobs.cancel(job.id)
        return left

    def _parse(self, anew: bool = False) -> None:
        state = self.store.state
        if state.edit is None:
            raise Refused("no edit is open")
        kept = None if anew else state.plan
        seeds = {board.name: board.seed for board in kept.boards} if kept else {}

        def read(answer: Answer) -> tuple[SeenEdit, Plan | None, bool, list[str]]:
            told = [str(words) for words in answer["told"]]
            return answers.parsed(answer), answers.planned(answer, seeds), bool(answer["carried"]), told

        def done(found: tuple[SeenEdit, Plan | None, bool, list[str]]) -> None:
            seen, plan, carried, told = found
            edit = self.store.state.edit
            self.store.set("edit", replace(seen, path=edit.path if edit else ""))
            if plan is not None and anew:
                self.actions.replace_plan(plan, "Plan anew", inout=self.store.state.inout)
            elif plan is not None and (carried or self.store.state.plan is None):
                self.actions.forget()
                with self.store.together():
                    self.store.set("plan", plan)
                    self.store.set("inout", asking.inout(self.store.state, plan))
                    self.store.change("view", boards=(), hits=(), point=None, loop=0)
            for words in told:
                self.say("warning", words)
            self._later("lay", LAY_AFTER, self._lay)

        given = {
            "source": self._source,
            "settings": asking.spotting(self.store.state),
            "older": kept and (lambda: plan_json.to_json(kept)),
        }
        title = "Plan anew" if anew else "Look at the picture"
        self._order("parse", title, given, done, read=read, instead="parse")

    def _lay(self) -> None:
        state = self.store.state
        if state.plan is None or self._keeping is None:
            return
        plan, score = state.plan, state.score

        given = {"plan": lambda: plan_json.to_json(plan), "digest": lambda: digest_of(plan, score)}
        self._order(
            "lay",
            "Lay the beats",
            given,
            lambda laid: self.store.set("laid", laid),
            read=lambda answer: from_json(Laid, answer),
            instead="lay",
            shown=False,
        )

    def _hear(self) -> None:
        """The current take's files are read, where they are not yet."""
        state = self.store.state
        take = state.take(state.current)
        if take is None:
            self.store.set("heard", None)
            return
        self._draw(take.id)
        if state.heard is not None and state.heard.take == take.id:
            return
        self._order(
            "heard",
            f"Read {take.name}",
            {"folder": take.folder},
            lambda heard: self.store.set("heard", heard) if self.store.state.current == heard.take else None,
            read=lambda answer: answers.heard(take.id, answer),
            instead="heard",
            shown=False,
        )

    def _draw(self, take_id: int) -> None:
        """The waveform of a take, where it is not known yet."""
        take = self.store.state.take(take_id)
        if take is None or any(wave.take == take_id for wave in self.store.state.waves):
            return
        path = Path(take.folder) / PEAKS
        if path.is_file():
            self._waved(take_id, str(path))
            return
        given = {"wav": str(Path(take.folder) / "score.wav"), "peaks": str(path)}
        self._order(
            "peaks", f"Draw {take.name}", given, lambda answer: self._waved(take_id, answer["peaks"]), shown=False
        )

    def _waved(self, take_id: int, path: str) -> None:
        others = tuple(wave for wave in self.store.state.waves if wave.take != take_id)
        self.store.set("waves", (*others, Wave(take_id, path)))

    def _took(self, take: Take, heard: Heard, peaks: str) -> None:
        self._kept().took(take.id)
        with self.store.together():
            self.store.set("heard", heard)
            self._waved(take.id, peaks)
            self.store.set("takes", (*self.store.state.takes, take))
            self.store.set("current", take.id)
        self._make_room()

    def _make_room(self) -> None:
        going = self._kept().superfluous()
        if not going:
            return
        gone = {take.id for take in going}
        self.store.set("takes", tuple(take for take in self.store.state.takes if take.id not in gone))
        self._sweep(tuple(gone))
        names = ", ".join(take.name for take in going)
        was = "was the oldest without a star" if len(going) == 1 else "were the oldest without stars"
        self.say("note", f"{names} {was} and made room for new takes: stars keep takes")

    def _sweep(self, ids: tuple[int, ...]) -> None:
        kept = self._kept()
        given = {
            "folder": str(kept.folder),
            "ids": list(ids),
            "cache_bytes": self.store.state.settings.cache_bytes,
        }
        self._order("sweep", "Tidy up", given, lambda _: kept.swept(ids), shown=False)

    def _music(self, plan: Plan, seeds: tuple[int, ...], folder: str) -> dict[str, Any]:
        return asking.music(self.store.state, self._source, plan, seeds, self._kept().folder / folder)

    def _order(
        self,
        kind: Any,
        title: str,
        given: dict[str, Any],
        done: Callable[[Any], object],
        *,
        any_edit: bool = False,
        **more: Any,
    ) -> None:
        """A job whose result counts only while the edit is open that it was for."""
        number = self._edit_number

        def arrived(value: Any) -> None:
            if any_edit or number == self._edit_number:
                done(value)

        self.jobs.add(Order(kind, title, given, arrived, **more))

    def _later(self, name: str, seconds: float, what: Callable[[], None]) -> None:
        """Once, so long after it was last asked for."""
        if before := self._timers.pop(name, None):
            before.cancel()
        timer = threading.Timer(seconds, lambda: self._post(what))
        timer.daemon = True
        self._timers[name] = timer
        timer.start()

    def _kept(self) -> Keeping:
        if self._keeping is None:
            raise Refused("no edit is open")
        return self._keeping

    def _ours(self) -> Keeping:
        """What is kept, for who would add to it."""
        kept = self._kept()
        if self.store.state.unkept:
            raise Refused(f"nothing can be made here: {self.store.state.unkept}")
        return kept

    def _plan(self) -> Plan:
        plan = self.store.state.plan
        if plan is None or not plan.boards:
            raise Refused("there is no plan yet: open an edit with a picture first")
        return plan

    def _take(self, id: int) -> Take:
        take = self.store.state.take(id)
        if take is None:
            raise Refused("this take is not there any more")
        return take

    def _job_failed(self, job: Job) -> None:
        self.say("error", f"{job.title}: {job.sentence}", job.details)
