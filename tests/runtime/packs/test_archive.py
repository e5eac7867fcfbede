"""A pack as one file: what comes out is what went in, and a hostile zip puts nothing anywhere."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs import archive, store


@pytest.fixture
def tiny(packs, tmp_path):
    return packs.write(tmp_path / "tiny")


@pytest.fixture
def packed(tiny):
    made = io.BytesIO()
    archive.pack_up(tiny, ["step.fp32.onnx"], made)
    return made.getvalue()


@pytest.fixture
def refused(tmp_path):
    """The line that says why a file is refused; nothing but what was unpacked lies in the folder for it."""

    def check(content: bytes, peek: bool = True) -> str:
        path, folder = tmp_path / "hostile.hitpack", tmp_path / "unpacked"
        path.write_bytes(content)
        folder.mkdir(exist_ok=True)
        before = {entry for entry in tmp_path.rglob("*") if folder not in entry.parents}
        with pytest.raises(EngineError) as caught:
            store.open_file(path, folder)
        assert {entry for entry in tmp_path.rglob("*") if folder not in entry.parents} == before
        assert all(entry.is_file() and not entry.is_symlink() for entry in folder.iterdir())
        text = str(caught.value)
        assert "\n" not in text
        assert str(path) in text
        if peek:
            with pytest.raises(EngineError):
                archive.peek(path)
        return text

    return check


def zipped(tiny, *more, method=zipfile.ZIP_DEFLATED, without=()) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as out:
        for path in sorted(tiny.iterdir()):
            if path.name not in without:
                out.write(path, path.name)
        for name, content in more:
            out.writestr(name, content)
    return made.getvalue()


def test_a_pack_comes_out_as_it_went_in(tiny, packed, tmp_path):
    path, folder = tmp_path / "tiny.hitpack", tmp_path / "out"
    path.write_bytes(packed)
    folder.mkdir()
    assert store.open_file(path, folder).name == archive.peek(path).name == "tiny"
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {p.name: p.read_bytes() for p in tiny.iterdir()}


def test_the_same_pack_gives_the_same_file(tiny, packed):
    (tiny / "pack.json").touch()
    again = io.BytesIO()
    archive.pack_up(tiny, ["step.fp32.onnx", "pack.json"], again)
    assert again.getvalue() == packed


def test_what_any_program_zips_is_read_too(tiny, tmp_path):
    path = tmp_path / "tiny.zip"
    path.write_bytes(zipped(tiny))
    with store.opened(str(path)) as pack:
        assert pack.name == "tiny"
        assert (pack.folder / "step.fp32.onnx").is_file()
    assert not pack.folder.exists()


def test_a_truncated_file_is_refused_wherever_it_ends(packed, refused):
    for end in (*range(0, 200, 7), *range(len(packed) - 120, len(packed), 5)):
        assert "no sound zip" in refused(packed[:end])


@pytest.mark.parametrize(
    "name", ["../evil.onnx", "/evil.onnx", "a/b.onnx", "..\\evil.onnx", "C:evil.onnx", "sub/", "..", "line\nbreak.onnx"]
)
def test_names_that_lead_elsewhere_are_refused(tiny, refused, name):
    assert "nowhere else" in refused(zipped(tiny, (name, b"evil")))


def test_a_name_that_ends_early_is_refused(tiny, refused):
    content = zipped(tiny, ("evilXonnx", b"evil")).replace(b"evilXonnx", b"evil\0onnx")
    assert "nowhere else" in refused(content)


def test_links_in_a_zip_are_refused(tiny, refused):
    link = zipfile.ZipInfo("step.fp32.onnx")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "no plain file" in refused(zipped(tiny, (link, b"/etc/passwd"), without=["step.fp32.onnx"]))


def test_files_that_nobody_lists_are_refused_in_a_zip_too(tiny, refused):
    assert "'weights.pkl' is in it" in refused(zipped(tiny, ("weights.pkl", b"\x80\x04.")))
    assert "'inner.zip' is in it" in refused(zipped(tiny, ("inner.zip", zipped(tiny))))
    assert "step.fp32.onnx is missing" in refused(zipped(tiny, without=["step.fp32.onnx"]))
    assert "no pack.json at the top" in refused(zipped(tiny, without=["pack.json"]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused(tiny, refused):
    assert "in it twice" in refused(zipped(tiny, ("pack.json", b"{}")))
    assert "in it twice" in refused(zipped(tiny, ("PACK.JSON", b"{}")))


def test_a_file_that_swells_is_a_bomb(tiny, refused):
    assert "zip bomb" in refused(zipped(tiny, ("zeros.onnx", bytes(50_000_000))))


def test_a_size_that_is_understated_stops_where_it_was_stated(tiny, refused):
    """The table of contents says what the pack says, and the stream goes on."""
    good = (tiny / "step.fp32.onnx").read_bytes()
    content = bytearray(zipped(tiny, ("step.fp32.onnx", good + bytes(3_000_000)), without=["step.fp32.onnx"]))
    place = content.rindex(b"PK\1\2")
    struct.pack_into("<I", content, place + 24, len(good))
    assert "no sound zip" in refused(bytes(content), peek=False)


def test_entries_that_share_bytes_are_a_bomb(tiny, refused):
    content = bytearray(zipped(tiny, ("a.onnx", b"same"), ("b.onnx", b"same"), method=zipfile.ZIP_STORED))
    first = content.index(b"PK\3\4", content.index(b"step.fp32.onnx"))
    last = content.rindex(b"PK\1\2")
    assert content[last + 46 : last + 52] == b"b.onnx"
    struct.pack_into("<I", content, last + 42, first)
    assert "lies over another file" in refused(bytes(content))


def test_many_entries_are_refused_without_reading_them(tiny, refused):
    assert "at most 256" in refused(zipped(tiny, *((f"{n}.onnx", b"") for n in range(300))))
    assert "table of contents is too long" in refused(zipped(tiny, *((f"{n:>0120}.onnx", b"") for n in range(9000))))


def test_encrypted_and_unusual_files_are_refused(tiny, refused):
    content = bytearray(zipped(tiny))
    place = content.index(b"PK\1\2")
    struct.pack_into("<H", content, place + 8, 1)
    assert "encrypted" in refused(bytes(content))
    assert "unusual method" in refused(zipped(tiny, method=zipfile.ZIP_LZMA))


def test_a_flipped_byte_in_a_zip_is_found(packed, refused):
    content = bytearray(packed)
    content[packed.index(b"gain")] ^= 1
    assert "no sound zip" in refused(bytes(content), peek=False)  # by the zip's own sum, before ours


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(EngineError, match="no such pack"), store.opened(str(tmp_path / "none.hitpack")):
        pass
