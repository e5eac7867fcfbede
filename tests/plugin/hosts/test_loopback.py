"""The loopback service: who gets in, what is refused, and that nobody can make it wait, fall or listen elsewhere."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import struct
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.plugin.hosts.loopback import HEAD_BYTES, Failed, Gone, Loopback
from hitpoint.runtime.errors import UsageError

TOKEN = "a-token-of-sixteen-and-more"
HELLO = {"protocol": 1, "host": "fake", "title": "Fake", "version": "1.0"}


class Caller:
    """A client as a host's bridge has it, written from docs/bridge.md."""

    def __init__(self, service, token=TOKEN):
        self.service, self.token, self.session = service, token, ""
        self.line = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)

    def call(self, method, path, said=None, **fields):
        headers = {
            "Authorization": f"Bearer {self.token}",
            **({"Hitpoint-Session": self.session} if self.session else {}),
        }
        headers |= {name.replace("_", "-"): value for name, value in fields.items()}
        body = None if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        self.line.request(method, path, body, {name: value for name, value in headers.items() if value is not None})
        answer = self.line.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def hello(self):
        status, said = self.call("POST", "/hello", HELLO)
        assert status == 200
        self.session = said["session"]
        return self

    def hang_up(self):
        self.line.close()


@pytest.fixture
def service():
    wishes = []

    def asked(what, given):
        if what == "no":
            raise UsageError("not now")
        wishes.append((what, dict(given)))
        return {"heard": what}

    with Loopback(TOKEN, asked=asked, poll=0.2, grace=0.3, head_seconds=0.4, body_bytes=4096) as service:
        service.wishes = wishes
        yield service


def answering(caller, answer):
    """Answers the next command from a thread of its own."""

    def work():
        while True:
            status, said = caller.call("GET", "/next")
            if status == 200 and "do" in said:
                caller.call("POST", "/done", {"id": said["id"], **answer(said)})
                return

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def raw(service, data, wait=5.0):
    """What comes back for bytes that no HTTP library would send."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=wait) as line:
        line.sendall(data)
        said = b""
        with contextlib.suppress(OSError):
            while more := line.recv(4096):
                said += more
        return said


def head(service, *fields, first="GET /next HTTP/1.1"):
    return "\r\n".join([first, f"Host: 127.0.0.1:{service.port}", *fields, "", ""]).encode("latin-1")


def test_a_command_goes_out_and_its_answer_comes_back(service):
    caller = Caller(service).hello()
    assert (service.client.host, service.client.title, service.client.version) == ("fake", "Fake", "1.0")
    answering(caller, lambda said: {"result": [said["do"], said["with"]]})
    assert service.command("move", {"frame": 7}, 10) == ["move", {"frame": 7}]


def test_an_error_of_the_client_comes_back_with_its_kind(service):
    answering(Caller(service).hello(), lambda _: {"error": {"kind": "output", "message": "the track\n is locked"}})
    with pytest.raises(Failed, match="the track is locked") as caught:
        service.command("place", {}, 10)
    assert caught.value.kind == "output"


def test_news_arrive_in_order_and_of_progress_the_latest(service):
    caller = Caller(service).hello()
    for fraction in (0.1, 0.2, 0.3):
        service.tell("progress", fraction=fraction, words="at work")
    service.tell("done", words="there")
    seen = [caller.call("GET", "/next")[1] for _ in range(2)]
    assert [said["tell"] for said in seen][-1] == "done"
    assert seen[0] == {"tell": "progress", "fraction": 0.3, "words": "at work"}
    assert caller.call("GET", "/next") == (204, None)


def test_wishes_of_the_client_are_heard_and_refused_in_words(service):
    caller = Caller(service).hello()
    assert caller.call("POST", "/ask", {"ask": "score", "with": {"seed": 1}}) == (200, {"answer": {"heard": "score"}})
    assert service.wishes == [("score", {"seed": 1})]
    assert caller.call("POST", "/ask", {"ask": "no", "with": {}}) == (400, {"error": "not now"})
    assert caller.call("POST", "/ask", {"ask": 1})[0] == 400


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ü"])
@pytest.mark.parametrize("path", ["/hello", "/next", "/nothing"])
def test_a_wrong_token_gets_nowhere(service, token, path):
    said = raw(
        service, head(service, f"Authorization: Bearer {token}", "Content-Length: 0", first=f"POST {path} HTTP/1.1")
    )
    assert said.startswith(b"HTTP/1.1 401 ")
    assert service.client is None


def test_no_token_at_all_gets_nowhere(service):
    assert raw(service, head(service)).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("origin", ["https://example.com", "http://127.0.0.1", "null", ""])
def test_web_pages_are_refused_even_with_the_token(service, origin):
    caller = Caller(service).hello()
    assert caller.call("GET", "/next", Origin=origin)[0] == 403
    asked = head(service, f"Origin: {origin}", "Access-Control-Request-Method: POST", first="OPTIONS /hello HTTP/1.1")
    answer = raw(service, asked)
    assert answer.startswith(b"HTTP/1.1 403 ") and b"Access-Control-Allow-Origin" not in answer


def test_an_origin_that_is_allowed_may_call_and_ask_beforehand():
    with Loopback(TOKEN, origins=["uxp://panel"], poll=0.1) as service:
        answer = raw(
            service, head(service, "Origin: uxp://panel", "Connection: close", first="OPTIONS /hello HTTP/1.1")
        )
        assert answer.startswith(b"HTTP/1.1 204 ") and b"Access-Control-Allow-Origin: uxp://panel" in answer
        assert Caller(service).call("POST", "/hello", HELLO, Origin="uxp://panel")[0] == 200


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1", "127.0.0.1:1", "localhost"])
def test_a_name_that_was_bent_to_this_machine_is_refused(service, host):
    data = f"GET /next HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    assert raw(service, data).startswith(b"HTTP/1.1 403 ")


def test_a_second_client_is_refused_and_the_first_goes_on(service):
    first = Caller(service).hello()
    assert Caller(service).call("POST", "/hello", HELLO)[0] == 409
    other = Caller(service)
    other.session = "made up"
    assert other.call("GET", "/next")[0] == 403
    assert Caller(service).call("GET", "/next")[0] == 403
    assert first.call("GET", "/next")[0] == 204


@pytest.mark.parametrize("path", ["/", "/etc/passwd", "/hello/", "/../hello", "//next", "/next?x=1", "/%6eext"])
def test_a_path_outside_what_was_agreed_is_refused(service, path):
    assert Caller(service).hello().call("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/hello"), ("POST", "/next"), ("PUT", "/done"), ("DELETE", "/bye")]
)
def test_a_method_that_was_not_agreed_is_refused(service, method, path):
    assert Caller(service).call(method, path, b"")[0] == 405


def test_an_oversized_message_is_refused_unread(service):
    caller = Caller(service).hello()
    assert caller.call("POST", "/done", b"x" * 4097)[0] == 413
    auth = (f"Authorization: Bearer {TOKEN}", f"Hitpoint-Session: {caller.session}")
    huge = head(service, *auth, "Content-Length: 999999999999", first="POST /done HTTP/1.1")
    assert raw(service, huge).startswith(b"HTTP/1.1 413 ")
    assert raw(service, b"GET /next HTTP/1.1\r\nA: " + b"x" * (HEAD_BYTES + 1)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b"\xff\xfe", b'{"id": NaN}', b"[" * 4000, b'"text"', b"null", b'{"a": 1e999'],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused_and_the_line_goes_on(service, body):
    caller = Caller(service).hello()
    assert caller.call("POST", "/done", body)[0] == 400
    assert caller.call("GET", "/next")[0] == 204


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"HELLO\r\n\r\n", 400),
        (b"GET /next HTTP/1.0\r\n\r\n", 400),
        (b"GET  /next HTTP/1.1\r\n\r\n", 400),
        (b"GET http://127.0.0.1/next HTTP/1.1\r\n\r\n", 400),
        (b"GET /next HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /next HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /next HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"POST /done HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /next HTTP/1.1\r\n\r\n", 403),
    ],
)
def test_what_is_no_request_of_ours_is_refused(service, data, status):
    assert raw(service, data).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_length_that_is_none_is_refused(service):
    auth = f"Authorization: Bearer {TOKEN}"
    for field, status in (("Content-Length: -1", 400), ("Content-Length: 1_0", 400), ("X: y", 411)):
        said = raw(service, head(service, auth, field, first="POST /hello HTTP/1.1"))
        assert said.startswith(f"HTTP/1.1 {status} ".encode()), field


@pytest.mark.parametrize("hello", [{}, {**HELLO, "protocol": 2}, {**HELLO, "title": ""}, {**HELLO, "version": 3}, {**HELLO, "host": "x" * 201}])  # fmt: skip
def test_a_hello_that_says_too_little_is_refused_and_another_may_follow(service, hello):
    assert Caller(service).call("POST", "/hello", hello)[0] == 400
    Caller(service).hello()


def test_who_speaks_slowly_is_let_go_and_keeps_nobody_waiting(service):
    slow = []
    for _ in range(60):
        line = socket.create_connection(("127.0.0.1", service.port), timeout=5)
        line.sendall(b"POST /hello HTTP/1.1\r\nX: ")
        slow.append(line)
    caller = Caller(service).hello()
    assert caller.call("GET", "/next")[0] == 204
    for line in slow:
        with contextlib.suppress(OSError):  # or it broke
            assert line.recv(100) == b""
        line.close()
    assert caller.call("GET", "/next")[0] == 204


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=200).map(lambda data: b"POST /hello HTTP/1.1\r\n" + data + b"\r\n\r\n"),
        st.binary(max_size=200).map(
            lambda data: (
                f"POST /ask HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(data)}\r\n\r\n".encode()
                + data
            )
        ),
    )
)
def test_no_bytes_bring_it_down(fuzzed, data):
    service, caller = fuzzed
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while line.recv(4096):
                pass
    assert not service.ended.is_set()
    assert caller.call("POST", "/ask", {"ask": "still", "with": {}})[0] == 200


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["/done", "/ask", "/next", "/hello"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "ask", "with", "error"]), inner)
        ),
        max_leaves=8,
    ),
)
def test_no_json_brings_it_down(fuzzed, path, said):
    service, caller = fuzzed
    status, _ = caller.call("POST", path, said)
    assert status in (200, 204, 400, 404, 405, 409) and not service.ended.is_set()


@pytest.fixture(scope="module")
def fuzzed():
    with Loopback(TOKEN, asked=lambda *_: {}, poll=0.05, head_seconds=0.3) as service:
        caller = Caller(service).hello()

        class Anew(Caller):
            """Some refusals end the line: it is opened anew."""

            def call(self, *given, **more):
                self.line.close()
                return super().call(*given, **more)

        anew = Anew(service)
        anew.session = caller.session
        yield service, anew


def test_a_client_that_went_away_ends_the_service_and_what_waits_for_it(service):
    caller = Caller(service).hello()
    caller.call("GET", "/next")
    seen = []

    def wait():
        with pytest.raises(Gone) as caught:
            service.command("place", {}, 30)
        seen.append(str(caught.value))

    thread = threading.Thread(target=wait)
    thread.start()
    caller.hang_up()
    thread.join(10)
    assert seen and service.ended.wait(5)
    with pytest.raises(Gone):
        service.command("about", {}, 5)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", service.port), timeout=2)


def test_a_client_that_comes_back_in_time_is_still_the_client(service):
    first = Caller(service).hello()
    session = first.session
    first.hang_up()
    again = Caller(service)
    again.session = session
    assert again.call("GET", "/next")[0] == 204
    answering(again, lambda _: {"result": 1})
    assert service.command("about", {}, 5) == 1


def test_goodbye_ends_the_service(service):
    assert Caller(service).hello().call("POST", "/bye", {})[0] == 204
    assert service.ended.wait(5)


def test_closing_says_goodbye_to_the_client(service):
    caller = Caller(service).hello()
    seen = []
    thread = threading.Thread(target=lambda: seen.append(caller.call("GET", "/next")))
    thread.start()
    service.close()
    thread.join(5)
    assert seen in ([(200, {"tell": "bye"})], [(204, None)])
    service.close()


def test_a_client_that_does_not_answer_in_time_is_said_and_its_late_answer_is_nobodys(service):
    caller = Caller(service).hello()
    with pytest.raises(Gone, match="nothing was begun"):
        service.command("read", {}, 0.05)
    assert caller.call("GET", "/next") == (204, None)  # what nobody waits for is not asked any more
    assert caller.call("POST", "/done", {"id": 1, "result": {}})[0] == 404


def test_it_listens_on_the_loopback_address_alone(service):
    if sys.platform.startswith("linux"):
        ours = {os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and link.exists()}
        listening = []
        for table in ("tcp", "tcp6"):
            for row in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
                local, state, inode = (row.split()[column] for column in (1, 3, 9))
                if state == "0A" and f"socket:[{inode}]" in ours:
                    listening.append(local)
        address = struct.unpack("<I", socket.inet_aton("127.0.0.1"))[0]
        mine = [local for local in listening if local.endswith(f":{service.port:04X}")]
        assert mine == [f"{address:08X}:{service.port:04X}"]
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.2", service.port), timeout=2)
    for _, _, _, _, where in socket.getaddrinfo(socket.gethostname(), service.port, socket.AF_INET, socket.SOCK_STREAM):
        if where[0] != "127.0.0.1":
            with pytest.raises(OSError):
                socket.create_connection(where[:2], timeout=2)


def test_tokens_are_long_and_never_the_same():
    tokens = {Loopback().token for _ in range(20)}
    assert len(tokens) == 20 and all(len(token) >= 40 for token in tokens)


def test_many_commands_from_many_threads_each_get_their_own_answer(service):
    caller = Caller(service).hello()
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            status, said = caller.call("GET", "/next")
            if status == 200 and "do" in said:
                caller.call("POST", "/done", {"id": said["id"], "result": said["with"]["n"]})

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    found = {}
    workers = [
        threading.Thread(target=lambda n=n: found.update({n: service.command("x", {"n": n}, 10)})) for n in range(20)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(15)
    stop.set()
    thread.join(5)
    assert found == {n: n for n in range(20)}
