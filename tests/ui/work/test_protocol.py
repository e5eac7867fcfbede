import io
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.ui.work import protocol
from hitpoint.ui.work.protocol import Garbled, messages, pack

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**50), 2**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=6,
)
MESSAGES = st.dictionaries(st.text(max_size=8), VALUES, max_size=5)


class Dribble(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data):
        self._data = data

    def read(self, size=-1):
        part, self._data = self._data[: min(size, 7)], self._data[min(size, 7) :]
        return part


@given(st.lists(MESSAGES, max_size=5))
@settings(deadline=None, max_examples=40)
def test_messages_arrive_as_they_were_sent_however_the_pipe_cuts_them(sent):
    data = b"".join(map(pack, sent))
    assert list(messages(Dribble(data))) == sent


@given(st.lists(MESSAGES, min_size=1, max_size=3), st.data())
@settings(deadline=None, max_examples=40)
def test_a_stream_that_is_cut_off_gives_what_was_whole_and_then_an_error(sent, data):
    whole = b"".join(map(pack, sent))
    ends = [sum(len(pack(each)) for each in sent[:count]) for count in range(len(sent) + 1)]
    cut = data.draw(st.integers(0, len(whole) - 1))
    found = []
    stream = messages(io.BytesIO(whole[:cut]))
    if cut in ends:
        assert list(stream) == sent[: ends.index(cut)]
        return
    with pytest.raises(Garbled):
        for each in stream:
            found.append(each)
    assert found == sent[: sum(end <= cut for end in ends[1:])]


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_garbage_is_found_out_and_nothing_else_is_raised(data):
    try:
        for each in messages(io.BytesIO(data)):
            assert isinstance(each, dict)
    except Garbled as error:
        assert str(error)


@pytest.mark.parametrize("body", [b"[1]", b"null", b"{", b"\xff\xfe", b'{"a":' * 100_000, b"nan", b""])
def test_a_message_that_is_no_object_is_garbled(body):
    with pytest.raises(Garbled):
        list(messages(io.BytesIO(struct.pack(">I", len(body)) + body)))


def test_a_length_that_lies_takes_no_memory():
    class Endless:
        asked = 0

        def read(self, size):
            Endless.asked += size
            return b"" if Endless.asked > 4 else struct.pack(">I", protocol.LONGEST)[:size]

    with pytest.raises(Garbled, match="ends after"):
        list(messages(Endless()))
    assert Endless.asked <= 2**20 + 4
    with pytest.raises(Garbled, match="announced"):
        list(messages(io.BytesIO(struct.pack(">I", protocol.LONGEST + 1))))


def test_what_the_other_side_would_refuse_is_not_sent(monkeypatch):
    monkeypatch.setattr(protocol, "LONGEST", 50)
    assert json.loads(pack({"a": "b" * 30})[4:]) == {"a": "b" * 30}
    with pytest.raises(Garbled, match="too long"):
        pack({"a": "b" * 60})
