"""The panel's end of one worker: started when first told something, killed when it must be. Nothing here blocks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import IO

from .protocol import Garbled, Message, messages, pack

TAIL = 80  # lines of what the worker says on standard error

Heard = Callable[[Message], None]
Ended = Callable[[int, str], None]


class Link:
    """One process. `heard` gets each message and `ended`, last, (exit status, what it said on standard error); both in a
    thread of the link's own.
    """

    def __init__(self, heard: Heard, ended: Ended, command: Sequence[str] | None = None) -> None:
        self._heard, self._ended = heard, ended
        self._orders: SimpleQueue[Message | None] = SimpleQueue()
        self._said: deque[str] = deque(maxlen=TAIL)
        self._process = subprocess.Popen(
            list(command or own_command()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # it finds what we found
            # A Ctrl-C meant for the panel is not meant for its worker. In a session of its own the worker would not give way to
            # the panel: Linux shares time among sessions first.
            process_group=0 if sys.platform != "win32" else None,
        )
        self._noise = threading.Thread(target=self._drain, daemon=True)
        self._noise.start()
        threading.Thread(target=self._write, daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, message: Message) -> None:
        """The message is packed in the link's own thread; what it holds must not change any more."""
        self._orders.put(message)

    def close(self) -> None:
        """The worker ends after what it does now, or when its patience does."""
        self._orders.put(None)

    def kill(self) -> None:
        self._process.kill()

    def _write(self) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            while (message := self._orders.get()) is not None:
                stream.write(pack(message))
                stream.flush()
        except OSError:
            pass  # it is gone, which the reader will notice
        except Garbled as error:
            self._said.append(f"it cannot be told what to do: {error}")
            self.kill()
        finally:
            try:
                stream.close()
            except OSError:
                pass

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            for message in messages(stream):
                self._heard(message)
        except (Garbled, OSError) as error:
            self._said.append(f"its answers cannot be understood: {error}")
            self.kill()
        status = self._process.wait()
        self._orders.put(None)
        self._noise.join(1.0)
        stream.close()
        self._ended(status, "\n".join(self._said))

    def _drain(self) -> None:
        stream: IO[bytes] | None = self._process.stderr
        assert stream is not None
        for line in stream:
            self._said.append(line[:2000].decode("utf-8", "replace").rstrip())
        stream.close()


def own_command() -> list[str]:
    """How this Python starts a worker of this very package."""
    nice = shutil.which("nice")  # from its first moment on, while it still loads; the worker sees to the rest
    gives_way = [nice, "-n", "5"] if nice and sys.platform != "win32" else []
    return [*gives_way, sys.executable, "-m", f"{__package__}.process"]
