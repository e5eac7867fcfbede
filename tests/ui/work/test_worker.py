"""A worker process of our own, spoken to through its pipes."""

import io
import os
import signal
import struct
import subprocess
import sys
import time
from queue import Queue

import pytest

from hitpoint.ui.work.link import Link, own_command
from hitpoint.ui.work.protocol import messages, pack


class Talk:
    def __init__(self, command=None):
        self.heard, self.over = Queue(), Queue()
        self.link = Link(self.heard.put, lambda *said: self.over.put(said), command)

    def ask(self, do, number=1, **given):
        self.link.tell({"id": number, "do": do, "with": given})

    def until(self, *keys, timeout=60):
        """The first message with one of the keys."""
        end = time.monotonic() + timeout
        while True:
            message = self.heard.get(timeout=max(0.1, end - time.monotonic()))
            if any(key in message for key in keys):
                return message


@pytest.fixture
def talk():
    talk = Talk()
    yield talk
    talk.link.kill()
    talk.over.get(timeout=20)


def test_a_task_that_there_is_not_is_a_sentence_and_the_worker_goes_on(talk):
    talk.ask("dance")
    assert "does not know how to 'dance'" in talk.until("failed")["failed"]
    talk.ask("open", 2, source={"path": "/nowhere/cut.otio"})
    assert talk.until("failed") == {"id": 2, "failed": "/nowhere/cut.otio: there is no such file", "details": ""}
    talk.ask("heard", 3)
    message = talk.until("failed")
    assert "a fault of Hitpoint's own (KeyError: 'folder')" in message["failed"]
    assert "Traceback" in message["details"] and "Traceback" not in message["failed"]


def test_a_message_longer_than_any_pipe_arrives_while_the_worker_still_starts():
    talk = Talk()
    begun = time.monotonic()
    talk.ask("heard", folder="/nowhere/" + "x" * 3_000_000)
    assert time.monotonic() - begun < 1.0  # telling does not wait for who listens
    assert "cannot be read" in talk.until("failed")["failed"]
    talk.link.kill()


def test_cancelled_before_it_begins_it_never_begins(talk):
    talk.link.tell({"cancel": 5})
    talk.ask("open", 5, source={"path": "/nowhere/cut.otio"})
    assert talk.until("failed", "cancelled", "done") == {"id": 5, "cancelled": True}


def run(data: bytes, timeout=30):
    """The worker's answers to these bytes, and how it ended."""
    done = subprocess.run(own_command(), input=data, capture_output=True, timeout=timeout, check=False)
    return list(messages(io.BytesIO(done.stdout))), done


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">I", 2**32 - 1) + b"{}",
        struct.pack(">I", 4) + b"null",
        pack({"id": 1, "do": "heard", "with": {"folder": "/nowhere"}})[:-3],
        os.urandom(400),
    ],
    ids=["another protocol", "oversize", "no object", "cut off", "noise"],
)
def test_on_garbage_the_worker_ends_without_a_traceback(data):
    answers, done = run(data)
    assert done.returncode == 0
    assert [list(answer) for answer in answers] == [["ready"]]
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "message",
    [{"id": "1", "do": "open"}, {"do": "open"}, {"id": 1}, {"id": 1, "do": ["open"], "with": 3}, {"cancel": {}}],
)
def test_an_order_without_sense_does_not_end_the_worker(talk, message):
    talk.link.tell(message)
    talk.ask("heard", 9, folder="/nowhere")
    while (answer := talk.until("failed", "done"))["id"] != 9:
        assert answer["failed"]
    assert "cannot be read" in answer["failed"]


def test_answers_that_are_garbage_end_the_link_with_a_reason():
    talk = Talk(["/bin/sh", "-c", "echo what is this; sleep 30"])
    status, said = talk.over.get(timeout=20)
    assert status == -signal.SIGKILL and "cannot be understood" in said


def test_what_is_said_on_standard_error_is_kept_for_the_details():
    talk = Talk(["/bin/sh", "-c", "for i in $(seq 500); do echo line $i >&2; done; exit 3"])
    status, said = talk.over.get(timeout=20)
    assert status == 3 and said.splitlines()[-1] == "line 500" and len(said.splitlines()) <= 81


def test_the_worker_does_not_outlive_the_panel():
    process = subprocess.Popen(own_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert "ready" in next(messages(process.stdout))
    process.stdin.close()  # as when the panel is killed
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def test_prints_of_libraries_do_not_end_up_between_the_messages(tmp_path):
    noisy = tmp_path / "noisy.py"
    noisy.write_text(
        "import os, sys\n"
        "from hitpoint.ui.work import process, tasks\n"
        "def loud(given, progress):\n"
        "    print('python'); os.write(1, b'native'); sys.stdout.flush(); return {'ok': 1}\n"
        "tasks.TASKS['loud'] = loud\n"
        "process.main()\n"
    )
    talk = Talk([sys.executable, str(noisy)])
    talk.ask("loud")
    assert talk.until("done", "failed") == {"id": 1, "done": {"ok": 1}}
    talk.link.close()
    status, said = talk.over.get(timeout=20)
    assert status == 0 and "native" in said and "python" in said


def test_telling_a_worker_that_is_gone_raises_nothing():
    talk = Talk(["/bin/sh", "-c", "exit 0"])
    talk.over.get(timeout=20)
    for _ in range(50):
        talk.ask("open")
    assert talk.over.empty()
