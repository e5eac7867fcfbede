"""The worker itself: `python -m hitpoint.ui.work.process` does what it is told on standard input, one thing after another."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from queue import SimpleQueue
from typing import BinaryIO

from ...runtime.errors import Cancelled, HitpointError
from ...runtime.progress import Progress
from .plain import plain, plainly
from .protocol import Garbled, Message, messages, pack

SAID_EVERY = 0.05  # seconds between two words of progress
PATIENCE = 5.0  # seconds to tidy up in when the panel is gone
GIVES_WAY = 5  # how much lower than the panel's its priority is, where the system counts so


class Worker:
    """Reads in one thread, works in the other. Nothing but messages reaches the stream that answers go to."""

    def __init__(self, told: BinaryIO, answers: BinaryIO) -> None:
        self._told, self._answers = told, answers
        self._waiting: SimpleQueue[Message | None] = SimpleQueue()
        self._stopped: set[int] = set()
        self._gone = False
        self._lock = threading.Lock()

    def run(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()
        self._say({"ready": os.getpid()})
        while (message := self._waiting.get()) is not None:
            self._do(message)

    def _listen(self) -> None:
        try:
            for message in messages(self._told):
                if isinstance(stop := message.get("cancel"), int):
                    self._stopped.add(stop)
                else:
                    self._waiting.put(message)
        except (Garbled, OSError, ValueError):
            pass  # nobody sensible is there any more
        self._gone = True
        self._waiting.put(None)
        time.sleep(PATIENCE)
        os._exit(0)  # what runs native code without asking is not waited for

    def _do(self, message: Message) -> None:
        number = message.get("id")
        if not isinstance(number, int):
            return
        from .tasks import TASKS

        try:
            self._check(number)
            task = TASKS.get(str(message.get("do")))
            if task is None:
                raise HitpointError(f"the worker does not know how to '{message.get('do')}'")
            answer = task(message.get("with") or {}, self._progress(number))
            self._say({"id": number, "done": plainly(answer)})
        except Cancelled:
            self._say({"id": number, "cancelled": True})
        except HitpointError as error:
            self._fail(number, plain(str(error)), "")
        except KeyboardInterrupt:
            raise
        except MemoryError:
            self._fail(number, "the memory of this machine is not enough for it: close other programs, and retry", "")
        except Exception as error:
            said = str(error).splitlines()[0] if str(error) else ""
            words = f"{type(error).__name__}: {said}" if said else type(error).__name__
            self._fail(
                number,
                f"this is a fault of Hitpoint's own ({words}): retry it, and send the details if it comes back",
                traceback.format_exc(),
            )
        finally:
            self._stopped.discard(number)

    def _check(self, number: int) -> None:
        if self._gone or number in self._stopped:
            raise Cancelled

    def _progress(self, number: int) -> Progress:
        last = 0.0
        said = ""

        def progress(fraction: float, words: str) -> None:
            nonlocal last, said
            self._check(number)
            now = time.monotonic()
            if now - last >= (SAID_EVERY if words == said else SAID_EVERY / 5):
                last, said = now, words
                self._say({"id": number, "at": round(float(fraction), 4), "words": words})

        return progress

    def _fail(self, number: int, sentence: str, details: str) -> None:
        self._say({"id": number, "failed": sentence, "details": details[-20_000:]})

    def _say(self, message: Message) -> None:
        data = pack(message)
        try:
            with self._lock:
                self._answers.write(data)
                self._answers.flush()
        except OSError:
            self._gone = True


def main() -> int:
    if hasattr(os, "nice"):
        os.nice(GIVES_WAY)  # the panel is to be drawn while this works, also on two cores
    # What a native library prints must not end up between the messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    told = os.fdopen(os.dup(0), "rb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    Worker(told, answers).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
