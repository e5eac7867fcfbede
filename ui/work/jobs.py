"""The queue of jobs, and the workers that do them: one that renders, one for what is light and may pass it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from ...runtime.errors import HitpointError
from ..state.panel import Job, JobKind
from ..state.store import Store
from .link import Ended, Heard, Link
from .protocol import Message

Lane = Literal["heavy", "light"]
Post = Callable[[Callable[[], None]], None]

LANES: tuple[Lane, ...] = ("heavy", "light")
HEAVY: frozenset[JobKind] = frozenset(("parse", "score", "rehearse", "demo"))
KEPT = 40  # finished jobs that are listed
GRACE = 4.0  # seconds that a job has to stop by itself
SETTLED = 0.03  # of a job must be done before its end is guessed


class Worker(Protocol):
    """What `link.Link` is."""

    def tell(self, message: Message) -> None: ...
    def close(self) -> None: ...
    def kill(self) -> None: ...


Launch = Callable[[Heard, Ended], Worker]


@dataclass(frozen=True)
class Order:
    """A job to do. What is callable in `given` is called when it is sent, in the link's own thread. `read` makes of the worker's answer what `done` is given; it runs in the link's own thread, the others
    in the interface's. Of several waiting orders of one `instead`, only the last is done.
    """

    kind: JobKind
    title: str
    given: dict[str, Any]
    done: Callable[[Any], None]
    read: Callable[[Message], Any] = lambda answer: answer
    failed: Callable[[], None] = lambda: None
    instead: str = ""
    shown: bool = True
    again: Callable[[], None] | None = None  # how it is asked for anew; without, the same order is


@dataclass
class _Side:
    """One lane: its worker, the job that runs there, those that wait."""

    lane: Lane
    worker: Worker | None = None
    generation: int = 0
    running: int = 0
    begun: float = 0.0
    stopping: bool = False
    waiting: list[int] = field(default_factory=list)


class Jobs:
    """Lives in the interface's thread: `post` brings what the workers say there. Without a `post` it waits for `pump`."""

    def __init__(
        self,
        store: Store,
        post: Post,
        launch: Launch = Link,
        *,
        clock: Callable[[], float] = time.monotonic,
        grace: float = GRACE,
        failed: Callable[[Job], None] = lambda _: None,
    ) -> None:
        self._failed = failed
        self._store, self._post, self._launch, self._clock, self._grace = store, post, launch, clock, grace
        self._orders: dict[int, Order] = {}
        self._sides = {lane: _Side(lane) for lane in LANES}
        self._asides: dict[int, Callable[[Message], None]] = {}  # one at most
        self._last = self._last_aside = 0
        self._closed = False

    def add(self, order: Order) -> int:
        """Answers the job's number."""
        side = self._side(order.kind)
        if order.instead:
            for number in [n for n in side.waiting if self._orders[n].instead == order.instead]:
                side.waiting.remove(number)
                self._drop(number)
        self._last += 1
        self._orders[self._last] = order
        side.waiting.append(self._last)
        self._store.set("jobs", (*self._store.state.jobs, Job(self._last, order.kind, order.title, shown=order.shown)))
        self._next(side)
        return self._last

    def aside(self, what: str, given: dict[str, Any], heard: Callable[[Message], None]) -> bool:
        """Asks the light worker something that is no job, so that nobody sees it; whether it was asked, which it is only
        while nothing else waits there. `heard` gets the worker's last message.
        """
        side = self._sides["light"]
        if self._closed or side.running or side.waiting or self._asides:
            return False
        try:
            if side.worker is None:
                side.worker = self._start(side)
            self._last_aside -= 1
            self._asides[self._last_aside] = heard
            side.worker.tell({"id": self._last_aside, "do": what, "with": given})
        except OSError as error:
            self._asides.clear()
            heard({"failed": f"the worker cannot be started: {error}"})
        return True

    def busy(self, *kinds: JobKind) -> bool:
        """Whether a job of these kinds, or any at all, waits or runs."""
        return any(job.active and (not kinds or job.kind in kinds) for job in self._store.state.jobs)

    def cancel(self, number: int) -> None:
        """Asks a job to stop; what does not within the grace is killed. One that waits is gone at once."""
        for side in self._sides.values():
            if number in side.waiting:
                side.waiting.remove(number)
                self._end(number, state="cancelled", sentence="it had not begun")
                self._orders[number].failed()
            elif number == side.running and not side.stopping:
                self._stop(side, number)

    def cancel_all(self) -> None:
        for side in self._sides.values():
            for number in [*side.waiting, side.running]:
                if number and self._orders[number].shown:
                    self.cancel(number)

    def retry(self, number: int) -> None:
        """Does a job that failed or was cancelled once more, as a new one."""
        job = self._job(number)
        order = self._orders.get(number)
        if job is None or order is None or job.state not in ("failed", "cancelled"):
            return
        self._drop(number)
        if order.again:
            order.again()
        else:
            self.add(order)

    def clear(self) -> None:
        """Forgets the jobs that are finished."""
        for job in self._store.state.jobs:
            if not job.active:
                self._drop(job.id)

    def close(self) -> None:
        """Nothing more is done; what runs is stopped."""
        self._closed = True
        for side in self._sides.values():
            for number in list(side.waiting):
                self.cancel(number)
            if side.worker is not None:
                if side.running:
                    side.worker.kill()
                side.worker.close()

    def _stop(self, side: _Side, number: int) -> None:
        if side.worker is None:
            return
        side.stopping = True
        self._change(number, stage="stopping")
        side.worker.tell({"cancel": number})
        generation = side.generation
        timer = threading.Timer(self._grace, lambda: self._post(lambda: self._kill(side, generation, number)))
        timer.daemon = True
        timer.start()

    def _next(self, side: _Side) -> None:
        while side.waiting and not side.running and not self._closed:
            number = side.waiting.pop(0)
            order = self._orders[number]
            side.running, side.begun, side.stopping = number, self._clock(), False
            try:
                if side.worker is None:
                    side.worker = self._start(side)
                self._change(number, state="running", stage="starting")
                side.worker.tell({"id": number, "do": order.kind, "with": order.given})
            except OSError as error:
                side.running = 0
                self._fail(number, f"the worker cannot be started: {error}", "")

    def _start(self, side: _Side) -> Worker:
        side.generation += 1
        generation = side.generation

        def heard(message: Message) -> None:
            value: Any = None
            trouble = ""
            order = self._orders.get(message["id"]) if isinstance(message.get("id"), int) else None
            if order is not None and "done" in message:
                try:
                    value = order.read(message["done"])
                except HitpointError as error:
                    trouble = str(error)
                except (KeyError, TypeError, ValueError) as error:
                    trouble = f"the worker's answer is not understood ({type(error).__name__}: {error})"
            self._post(lambda: self._hear(side, generation, message, value, trouble))

        def ended(status: int, said: str) -> None:
            self._post(lambda: self._lost(side, generation, status, said))

        return self._launch(heard, ended)

    def _hear(self, side: _Side, generation: int, message: Message, value: Any, trouble: str) -> None:
        number = message.get("id")
        if isinstance(number, int) and number in self._asides and "at" not in message:
            self._asides.pop(number)(message)
            return
        if generation != side.generation or not isinstance(number, int) or number != side.running:
            return
        if "at" in message:
            self._move(side, number, message)
            return
        order = self._orders[number]
        side.running = 0
        if "done" in message and not trouble:
            self._end(number, state="done", fraction=1.0)
            try:
                order.done(value)
            finally:
                self._next(side)
            return
        if "cancelled" in message or side.stopping:
            self._end(number, state="cancelled", sentence="what was there before is still there")
            order.failed()
        else:
            self._fail(number, trouble or str(message.get("failed", "")), str(message.get("details", "")))
        self._next(side)

    def _move(self, side: _Side, number: int, message: Message) -> None:
        at = message["at"]
        fraction = min(max(float(at), 0.0), 1.0) if isinstance(at, int | float) else 0.0
        gone = self._clock() - side.begun
        left = gone * (1 - fraction) / fraction if fraction >= SETTLED and gone >= 0.5 else None
        stage = "stopping" if side.stopping else str(message.get("words", ""))
        self._change(number, fraction=fraction, stage=stage, seconds=gone, seconds_left=left)

    def _lost(self, side: _Side, generation: int, status: int, said: str) -> None:
        """The worker has ended: by itself, by us, or by somebody else."""
        if generation != side.generation:
            return
        side.worker, number, side.running = None, side.running, 0
        side.generation += 1
        if side.lane == "light" and self._asides:
            self._asides.popitem()[1]({"failed": "the worker was ended"})
        if number and side.stopping:
            self._end(number, state="cancelled", sentence="it was stopped; what was there before is still there")
            self._orders[number].failed()
        elif number:
            how = f"signal {-status}" if status < 0 else f"status {status}"
            self._fail(
                number,
                f"the worker was ended from outside ({how}): nothing is lost; retry it, with fewer programs open if "
                "memory is short",
                said,
            )
        self._next(side)

    def _kill(self, side: _Side, generation: int, number: int) -> None:
        if side.generation == generation and side.running == number and side.worker is not None:
            side.worker.kill()

    def _fail(self, number: int, sentence: str, details: str) -> None:
        order = self._orders[number]
        self._end(number, state="failed", sentence=sentence, details=details)
        job = self._job(number)
        order.failed()
        if job is not None:
            self._failed(job)

    def _end(self, number: int, **fields: Any) -> None:
        self._change(number, stage="", seconds_left=None, **fields)
        finished = [job.id for job in self._store.state.jobs if not job.active]
        unseen = [job.id for job in self._store.state.jobs if not job.active and not job.shown and job.state == "done"]
        for old in {*finished[:-KEPT], *unseen} - {number}:
            self._drop(old)

    def _change(self, number: int, **fields: Any) -> None:
        jobs = tuple(replace(job, **fields) if job.id == number else job for job in self._store.state.jobs)
        self._store.set("jobs", jobs)

    def _drop(self, number: int) -> None:
        self._orders.pop(number, None)
        self._store.set("jobs", tuple(job for job in self._store.state.jobs if job.id != number))

    def _job(self, number: int) -> Job | None:
        return next((job for job in self._store.state.jobs if job.id == number), None)

    def _side(self, kind: JobKind) -> _Side:
        return self._sides["heavy" if kind in HEAVY else "light"]
