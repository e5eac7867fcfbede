"""The loopback service: how a bridge inside a host and our process talk. HTTP/1.1 with JSON on 127.0.0.1, for one client.

docs/bridge.md has the wire format. What is read from a connection before its token is known is a few kilobytes and a few
seconds; whoever keeps us waiting is let go, and makes nobody else wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import itertools
import json
import re
import secrets
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ...runtime.errors import HitpointError, OutputError
from .http_head import WORDS, Refused, Request, parse

ADDRESS = "127.0.0.1"
PROTOCOL = 1
HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024 * 1024
HEAD_SECONDS = 5.0
BODY_SECONDS = 60.0
POLL_SECONDS = 20.0  # a GET /next without news is answered after as long
GRACE_SECONDS = 10.0  # without any connection, and the client is gone
MOST_CONNECTIONS = 32

_ROUTES = {"/hello": "POST", "/next": "GET", "/done": "POST", "/ask": "POST", "/bye": "POST"}
_SESSION = "hitpoint-session"

# A wish of the client -> the answer. Raises HitpointError for a refusal. Called on the service's thread: to return at once.
Asked = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


class Gone(Exception):
    """There is no client, or it went away, or it did not answer in time. The words are for a person."""


class Failed(Exception):
    """The client answered with an error. `kind` is closed, input, usage, output, refused or fault."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Client:
    """Who said hello."""

    host: str
    title: str
    version: str


@dataclass
class _Waiting:
    """A command that is not answered yet; `taken` once the client has it."""

    message: dict[str, Any]
    answer: Future[Any] = field(default_factory=Future)
    taken: bool = False


@dataclass(eq=False)
class _Line:
    """A connection; `known` once it showed the token, `client` once it showed the session."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    known: bool = False
    client: bool = False


class Loopback:
    """Listens from `start` until `close`, or until its client is gone: then `ended` is set.

    `origins` are those that may call although they are web pages of a kind: a UXP panel's. `asked` hears the client's wishes.
    `ports` are tried before any other, for a client that may call none but those.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        origins: Iterable[str] = (),
        asked: Asked | None = None,
        ports: Iterable[int] = (),
        grace: float = GRACE_SECONDS,
        poll: float = POLL_SECONDS,
        head_seconds: float = HEAD_SECONDS,
        body_bytes: int = BODY_BYTES,
    ) -> None:
        self.token = token or secrets.token_urlsafe(32)
        self.port = 0
        self.client: Client | None = None
        self.met = threading.Event()
        self.ended = threading.Event()
        self._origins = frozenset(origins)
        self._asked = asked
        self._ports = (*ports, 0)
        self._grace, self._poll, self._head_seconds, self._body_bytes = grace, poll, head_seconds, body_bytes
        self._numbers = itertools.count(1)
        self._session = ""
        self._waiting: dict[int, _Waiting] = {}
        self._queue: deque[dict[str, Any]] = deque()
        self._lines: list[_Line] = []
        self._news: asyncio.Event | None = None
        self._polls = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    # For our side: any thread

    def start(self) -> None:
        """Raises OutputError where this machine lets nobody listen."""
        listening = self._listening()
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening, ready)), name="hitpoint-loopback", daemon=True
        )
        self._thread.start()
        ready.wait()

    def _listening(self) -> socket.socket:
        for port in self._ports:
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                listening.bind((ADDRESS, port))
                listening.listen(MOST_CONNECTIONS)
                return listening
            except OSError as error:
                listening.close()
                why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot listen on {ADDRESS}: {why}")

    def __enter__(self) -> Loopback:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def command(self, do: str, given: Mapping[str, Any], seconds: float) -> Any:
        """What the client answers. Raises Gone and Failed."""
        waiting = _Waiting({"id": next(self._numbers), "do": do, "with": dict(given), "within": seconds})
        if not self._call(self._put, waiting):
            raise Gone("the connection is closed")
        try:
            return waiting.answer.result(seconds)
        except TimeoutError:
            self._call(self._forget, waiting)
            began = "it may still be at it" if waiting.taken else "nothing was begun"
            raise Gone(f"no answer within {seconds:g} seconds: {began}") from None

    def tell(self, what: str, **more: Any) -> None:
        """News for the client. Of progress it gets the latest only."""
        self._call(self._add, {"tell": what, **more})

    def close(self, patience: float = 2.0) -> None:
        """Says goodbye and stops listening. Safe to call twice, and from the client's own wishes."""
        self._call(self._end)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(patience + 3.0)

    def _call(self, what: Callable[..., None], *given: Any) -> bool:
        if self._loop is None or self.ended.is_set():
            return False
        try:
            self._loop.call_soon_threadsafe(what, *given)
        except RuntimeError:  # it ended meanwhile
            return False
        return True

    # On the service's thread

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda *_: None)  # a connection that breaks is none of anybody's business
        self._news, self._stop = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._connected, sock=listening, limit=HEAD_BYTES)
        ready.set()
        try:
            await self._stop.wait()
            server.close()
            await self._drained()
        finally:
            self.ended.set()
            for waiting in self._waiting.values():
                if not waiting.answer.done():
                    waiting.answer.set_exception(Gone("the connection was closed"))
            for line in self._lines:
                line.writer.close()
            self.met.set()

    async def _drained(self) -> None:
        """Waits a moment for what was said last to go out."""
        if self.client is None or not any(line.client for line in self._lines):
            return
        self._queue.append({"tell": "bye"})
        self._wake()
        for _ in range(6):
            if not self._queue and not self._polls:
                break
            await asyncio.sleep(0.05)

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()

    def _put(self, waiting: _Waiting) -> None:
        if self._stop is None or self._stop.is_set():
            waiting.answer.set_exception(Gone("the connection was closed"))
            return
        self._waiting[waiting.message["id"]] = waiting
        self._add(waiting.message)

    def _add(self, message: dict[str, Any]) -> None:
        if message.get("tell") == "progress" and self._queue and self._queue[-1].get("tell") == "progress":
            self._queue.pop()
        self._queue.append(message)
        self._wake()

    def _forget(self, waiting: _Waiting) -> None:
        self._waiting.pop(waiting.message["id"], None)
        if waiting.message in self._queue:
            self._queue.remove(waiting.message)

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = asyncio.Event()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(reader, writer)
        self._lines.append(line)
        if len(self._lines) > MOST_CONNECTIONS:  # the oldest of those that never said who they are makes room
            stale = next((other for other in self._lines if not other.client), line)
            stale.writer.transport.abort()
            self._lines.remove(stale)
        try:
            while await self._exchange(line):
                pass
        except (OSError, EOFError, TimeoutError, ValueError):
            pass
        finally:
            if line in self._lines:
                self._lines.remove(line)
            writer.close()
            self._left()

    def _left(self) -> None:
        """A connection ended; was it the client's last, it has a little while to come back."""
        if self.client is None or any(line.client for line in self._lines):
            return
        if self._leaving is None and self._loop is not None:
            self._leaving = self._loop.call_later(self._grace, self._end)

    async def _exchange(self, line: _Line) -> bool:
        """One request and its answer; whether the connection goes on."""
        head = b""
        origin = None
        try:
            if line.client:  # the client may be silent as long as it likes
                head = await line.reader.readexactly(1)
            head += await asyncio.wait_for(line.reader.readuntil(b"\r\n\r\n"), self._head_seconds)
            request = parse(head)
            origin = self._check(request)
            status, said = await self._answer(line, request)
        except Refused as refusal:
            await self._write(line, refusal.status, {"error": str(refusal)}, origin, last=refusal.last)
            if refusal.last:
                await _linger(line)
            return not refusal.last
        except asyncio.LimitOverrunError:
            await self._write(line, 431, {"error": f"the head of a request is longer than {HEAD_BYTES} bytes"}, None)
            await _linger(line)
            return False
        last = request.fields.get("connection", "").lower() == "close" or request.path == "/bye"
        await self._write(line, status, said, origin, last=last)
        if request.path == "/bye" and status == 204:
            self._end()
        return not last

    def _check(self, request: Request) -> str | None:
        """Who may call at all. Answers the origin that is to be named in the answer."""
        if request.fields.get("host", "") not in (f"{ADDRESS}:{self.port}", f"localhost:{self.port}"):
            raise Refused(403, "this service answers to its own address only")
        origin = request.fields.get("origin")
        if origin is not None and origin not in self._origins:
            raise Refused(403, "no web page may call this service")
        return origin

    async def _answer(self, line: _Line, request: Request) -> tuple[int, dict[str, Any] | None]:
        if request.method == "OPTIONS" and "origin" in request.fields and request.path in _ROUTES:
            return 204, None
        given = request.fields.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, b"Bearer " + self.token.encode()):
            raise Refused(401, "wrong token")
        line.known = True
        if request.path not in _ROUTES:
            raise Refused(404, "no such path")
        if request.method != _ROUTES[request.path]:
            raise Refused(405, f"{request.path} is a {_ROUTES[request.path]}")
        if request.path != "/hello":
            session = request.fields.get(_SESSION, "").encode("latin-1")
            if not self._session or not hmac.compare_digest(session, self._session.encode()):
                raise Refused(403, "wrong session: say hello first")
            self._is_client(line)
        body = await self._body(line, request)
        if request.path == "/hello":
            return 200, self._hello(line, body)
        if request.path == "/next":
            told = await self._next(line)
            return (200, told) if told is not None else (204, None)
        if request.path == "/done":
            self._done(body)
            return 204, None
        if request.path == "/ask":
            return 200, self._ask(body)
        return 204, None

    def _is_client(self, line: _Line) -> None:
        line.client = True
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    async def _body(self, line: _Line, request: Request) -> dict[str, Any]:
        """The JSON object that was sent; an empty one for a GET."""
        text = request.fields.get("content-length")
        if text is None:
            if request.method == "POST":
                raise Refused(411, "a POST says how long it is")
            return {}
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise Refused(400, "Content-Length is no length")
        length = int(text)
        if length > self._body_bytes:
            raise Refused(413, f"more than {self._body_bytes} bytes")
        data = await asyncio.wait_for(line.reader.readexactly(length), BODY_SECONDS)
        if not data and request.method == "GET":
            return {}
        try:
            said = json.loads(data, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Refused(400, "the body is no JSON", last=False) from None
        if not isinstance(said, dict):
            raise Refused(400, "the body is no JSON object", last=False)
        return said

    def _hello(self, line: _Line, said: Mapping[str, Any]) -> dict[str, Any]:
        if self._session:
            raise Refused(409, "another client is connected already")
        if said.get("protocol") != PROTOCOL:
            raise Refused(400, f"this is protocol {PROTOCOL}: install the bridge anew")
        names = [said.get(name) for name in ("host", "title", "version")]
        if not all(isinstance(name, str) and 0 < len(name) <= 200 for name in names):
            raise Refused(400, "a hello says host, title and version")
        self._session = secrets.token_urlsafe(24)
        self.client = Client(*(str(name) for name in names))
        self._is_client(line)
        self.met.set()
        return {"session": self._session, "protocol": PROTOCOL}

    async def _next(self, line: _Line) -> dict[str, Any] | None:
        """The next message; None where there is none for a while, or where the client left."""
        assert self._loop is not None
        until = self._loop.time() + self._poll
        listening = asyncio.ensure_future(line.reader.read(1))
        self._polls += 1
        try:
            while not self._queue:
                if self._news is None or self._stop is None or self._stop.is_set():
                    return None
                woken = asyncio.ensure_future(self._news.wait())
                done, _ = await asyncio.wait(
                    (woken, listening), timeout=until - self._loop.time(), return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
                if listening in done:  # it hung up, or speaks out of turn
                    raise EOFError
                if not done:
                    return None
            message = self._queue.popleft()
        finally:
            self._polls -= 1
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await listening
        waiting = self._waiting.get(message.get("id", 0))
        if waiting is not None:
            waiting.taken = True
        return message

    def _done(self, said: Mapping[str, Any]) -> None:
        number = said.get("id")
        waiting = self._waiting.pop(number, None) if isinstance(number, int) else None
        if waiting is None or waiting.answer.done():
            raise Refused(404, "nobody waits for this answer", last=False)
        error = said.get("error")
        if isinstance(error, dict):
            kind, words = str(error.get("kind", "fault")), " ".join(str(error.get("message", "")).split())
            waiting.answer.set_exception(Failed(kind, words[:2000] or "it failed"))
        else:
            waiting.answer.set_result(said.get("result"))

    def _ask(self, said: Mapping[str, Any]) -> dict[str, Any]:
        what, given = said.get("ask"), said.get("with", {})
        if not isinstance(what, str) or not isinstance(given, dict):
            raise Refused(400, 'a wish is {"ask": name, "with": {...}}', last=False)
        if self._asked is None:
            raise Refused(400, "nobody here grants wishes", last=False)
        try:
            return {"answer": dict(self._asked(what, given))}
        except HitpointError as error:
            raise Refused(400, " ".join(str(error).split()), last=False) from None

    async def _write(
        self, line: _Line, status: int, said: Mapping[str, Any] | None, origin: str | None, last: bool = True
    ) -> None:
        body = b"" if said is None else json.dumps(said).encode("ascii")
        fields = ["Cache-Control: no-store", f"Connection: {'close' if last else 'keep-alive'}"]
        if status != 204:
            fields += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        if origin is not None:
            fields += [f"Access-Control-Allow-Origin: {origin}", "Vary: Origin"]
            fields += ["Access-Control-Allow-Methods: GET, POST"]
            fields += ["Access-Control-Allow-Headers: Authorization, Content-Type, Hitpoint-Session"]
        head = "\r\n".join([f"HTTP/1.1 {status} {WORDS[status]}", *fields, "", ""])
        line.writer.write(head.encode("latin-1") + body)
        await asyncio.wait_for(line.writer.drain(), BODY_SECONDS)


async def _linger(line: _Line) -> None:
    """Lets an answer arrive before the connection breaks over what was not read."""
    with contextlib.suppress(OSError, TimeoutError):
        line.writer.write_eof()
        async with asyncio.timeout(1.0):
            for _ in range(64):
                if not await line.reader.read(HEAD_BYTES):
                    break


def _no_number(name: str) -> Any:
    raise ValueError(name)
