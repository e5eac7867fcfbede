"""Whatever becomes of a pack's bytes: one clear line or a sound pack, never a traceback, and never for long."""

from __future__ import annotations

import io
import json
import random
import time
from pathlib import Path

import jsonschema
import pytest

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs import archive, store
from hitpoint.runtime.packs.onnx_file import check, parse
from hitpoint.runtime.packs.pack import Refused
from hitpoint.runtime.packs.pack_read import loads

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "pack.schema.json").read_text())
LONGEST = 5.0  # seconds for one damaged pack of a few hundred bytes, on a busy machine


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, cut out, doubled or replaced, a few at a time."""
    made = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place, length = chance.randrange(len(made) + 1), chance.randrange(1, 40)
        kind = chance.randrange(5)
        if kind == 0 and place < len(made):
            made[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del made[place : place + length]
        elif kind == 2:
            made[place:place] = made[place : place + length]
        elif kind == 3:
            made[place : place + length] = chance.randbytes(length)
        else:
            made[place : place + 1] = chance.choice((b"\xff" * 10, b"\x80" * 9 + b"\x01", b"\0", b"PK\1\2", b"9" * 30))
        if not made:
            return b""
    return bytes(made)


def outcome(call) -> str:
    """What came of it: nothing, or the one line. Anything but an EngineError is a fault of ours."""
    start = time.monotonic()
    try:
        call()
        text = ""
    except EngineError as error:
        text = str(error)
        assert text
        assert "\n" not in text
    assert time.monotonic() - start < LONGEST
    return text


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_folder_gives_one_line(packs, tmp_path, seed):
    chance = random.Random(seed)
    folder = packs.write(tmp_path / "tiny")
    files = {path: path.read_bytes() for path in folder.iterdir()}
    said = set()
    for _ in range(60):
        for path, content in files.items():
            path.write_bytes(content)
        path = chance.choice(sorted(files))
        path.write_bytes(damaged(files[path], chance))
        said.add(outcome(lambda: store.open_folder(folder)))
    assert len(said) > 20


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_file_gives_one_line(packs, tmp_path, seed):
    chance = random.Random(seed)
    made = io.BytesIO()
    archive.pack_up(packs.write(tmp_path / "tiny"), ["step.fp32.onnx"], made)
    path = tmp_path / "damaged.hitpack"
    said = set()
    for number in range(60):
        path.write_bytes(damaged(made.getvalue(), chance))
        folder = tmp_path / f"out {number}"
        folder.mkdir()
        said.add(outcome(lambda folder=folder: store.open_file(path, folder)))
    assert len(said) > 5


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_graph_with_a_fresh_hash_gives_one_line(packs, seed):
    """What the walk through a graph makes of bytes that somebody signed."""
    chance = random.Random(seed)
    content = packs.straight().SerializeToString()

    def read():
        check(parse(memoryview(damaged(content, chance)), "step.onnx"), "step.onnx")

    assert len({outcome(read) for _ in range(400)}) > 20


WILD = (
    None,
    True,
    -1,
    0,
    1.5,
    2**31,
    2**70,
    1e308,
    "",
    "x" * 3000,
    "../x",
    "a.onnx",
    [],
    {},
    [[]],
    "fp16",
    "é",
    "\ud800",
)


def wild(value, chance: random.Random):
    """The same document with one thing in it changed, dropped or added."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        kind = chance.random()
        if kind < 0.1:
            return {name: entry for name, entry in value.items() if name != key}
        if kind < 0.15:
            return {**value, chance.choice(("extra", "", "é", "fp16", "data", "vision", "hop")): chance.choice(WILD)}
        return {**value, key: wild(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = chance.randrange(len(value))
        return [*value[:place], wild(value[place], chance), *value[place + 1 :]]
    return chance.choice(WILD)


@pytest.mark.parametrize("seed", range(4))
def test_the_reader_accepts_what_the_schema_accepts_and_nothing_else(packs, tmp_path, seed):
    """Two exceptions, which a schema cannot say: two things of one name, and names of devices."""
    folder = packs.write(
        tmp_path / "tiny",
        {"step": {"fp32": packs.straight(), "int8": packs.straight(2.01)}},
        vision={"descriptor": "clip", "width": 512, "parts": 50, "rate": 1},
        sampler={"steps": 30, "cfg": 3.0, "name": "ddim", "list": [1, "a", None]},
        settings={"mean": [0.1, 0.2]},
        sample_rate=44100, hop=2048, receptive_field=10,
    )  # fmt: skip
    whole = json.loads((folder / "pack.json").read_text())
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    validator.validate(whole)
    chance = random.Random(seed)
    accepted = 0
    for _ in range(1500):
        said = wild(whole, chance)
        try:
            loads(json.dumps(said).encode(), folder)
            read = True
        except Refused:
            read = False
        accepted += read
        assert read == validator.is_valid(said), said
    assert 20 < accepted < 1000
