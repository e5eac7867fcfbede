"""Opening an edit file: what format it is, which timeline in it is meant, and what its format leaves to be mended."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import opentimelineio as otio

from ...runtime.errors import HitpointError, InputError
from ...runtime.rate import Rate
from . import fcpxml, fcpxml_text, mend, mlt_places, mlt_reader, mlt_xml
from .aaf_clock import drops_frames
from .edl import read_edl
from .text import decode, encoding_of

Format = Literal["otio", "otioz", "otiod", "fcp7", "aaf", "edl", "kdenlive", "mlt", "fcpxml", "fcpxmld"]

SUFFIXES: dict[str, Format] = {
    ".otio": "otio",
    ".otioz": "otioz",
    ".otiod": "otiod",
    ".xml": "fcp7",
    ".aaf": "aaf",
    ".edl": "edl",
    ".kdenlive": "kdenlive",
    ".mlt": "mlt",
    ".fcpxml": "fcpxml",
    ".fcpxmld": "fcpxmld",
}
READS = ", ".join(SUFFIXES)
CONTENT = "content.otio"  # the timeline inside an .otioz or .otiod
FOLDERS = ("otiod", "fcpxmld")  # formats that are a folder
MAX_BYTES = 512 * 2**20


@dataclass
class Document:
    """An edit file, opened. `text` is the OTIO JSON or `data` the XML that write-back will insert into.

    `where` is the way to the chosen timeline inside the JSON, `index` its number among the file's timelines.
    """

    path: Path
    format: Format
    timeline: Any
    where: tuple[str | int, ...] = ()
    index: int = 0
    text: str = ""
    data: bytes = b""
    encoding: str = "utf-8"
    members: frozenset[str] = frozenset()  # what an .otioz holds beside its timeline
    rate: Rate | None = None
    drop_frame: bool | None = None
    warnings: list[str] = field(default_factory=list)
    root: Any = None  # keeps what OpenTimelineIO read alive

    @property
    def folder(self) -> Path:
        """What relative media paths are relative to."""
        return self.path if self.format in FOLDERS else self.path.parent


def open_document(path: Path, *, rate: Rate | None = None, timeline: str | None = None) -> Document:
    """Reads an edit file of any format we know. Raises InputError with one line that says what is wrong and where."""
    format = format_of(path)
    try:
        with _quietly():
            document = _open_edl(path, timeline, rate) if format == "edl" else _READERS[format](path, timeline)
    except HitpointError:
        raise
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: {_plain(error)}") from error
    except RecursionError:
        raise InputError(f"{path}: its items lie too deep inside each other to be read") from None
    except Exception as error:  # an adapter's own words for a file it does not understand
        raise InputError(f"{path}: not readable as {_WORDS[format]}: {_plain(error)}") from error
    return document


def played_by(path: Path) -> Path:
    """The file that says what an edit plays: itself, or the one in its bundle's folder."""
    if not path.is_dir():
        return path
    return path / (fcpxml_text.INFO if path.suffix.lower() == ".fcpxmld" else CONTENT)


def format_of(path: Path) -> Format:
    """The format of an existing file, by suffix and by what it holds."""
    suffix = path.suffix.lower()
    try:
        exists, is_folder, is_file = path.exists(), path.is_dir(), path.is_file()
    except OSError as error:
        raise InputError(f"{path}: {_plain(error)}") from error
    if not exists:
        raise InputError(f"{path}: there is no such file")
    format = SUFFIXES.get(suffix)
    if format is None:
        raise InputError(f"{path}: not an edit this program reads ({READS})")
    if exists and not is_folder and not is_file:
        raise InputError(f"{path}: is a device or a pipe, no file")
    if is_folder != (format in FOLDERS):
        raise InputError(f"{path}: is {'a folder' if is_folder else 'a file'}, not {_WORDS[format]}")
    return format


_WORDS: dict[Format, str] = {
    "otio": "an OpenTimelineIO file",
    "otioz": "an OpenTimelineIO bundle",
    "otiod": "an OpenTimelineIO bundle folder",
    "fcp7": "FCP7 XML",
    "aaf": "AAF",
    "edl": "a CMX 3600 EDL",
    "kdenlive": "a Kdenlive project",
    "mlt": "an MLT project",
    "fcpxml": "FCPXML",
    "fcpxmld": "an FCPXML bundle",
}


def _plain(error: BaseException) -> str:
    """The first line of an error, in one piece."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]


def _read_bytes(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES >> 20} MiB: not an edit")
    return path.read_bytes()


# OpenTimelineIO's own files


def _open_otio(path: Path, name: str | None) -> Document:
    return _from_json(path, "otio", _read_bytes(path), name)


def _open_otioz(path: Path, name: str | None) -> Document:
    with zipfile.ZipFile(path) as bundle:
        try:
            member = bundle.getinfo(CONTENT)
        except KeyError:
            raise InputError(f"{path}: the bundle holds no {CONTENT}") from None
        if member.file_size > MAX_BYTES:
            raise InputError(f"{path}: its {CONTENT} is larger than {MAX_BYTES >> 20} MiB")
        document = _from_json(path, "otioz", bundle.read(member), name)
        document.members = frozenset(bundle.namelist())
        return document


def _open_otiod(path: Path, name: str | None) -> Document:
    content = path / CONTENT
    if not content.is_file():
        raise InputError(f"{path}: the bundle holds no {CONTENT}")
    return _from_json(path, "otiod", _read_bytes(content), name)


def _from_json(path: Path, format: Format, data: bytes, name: str | None) -> Document:
    text = decode(data, path)
    body = text.removeprefix("\ufeff")
    try:
        raw = _load(body)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    places = list(_timelines(raw))
    if not places:
        schema = raw.get("OTIO_SCHEMA") if isinstance(raw, dict) else None
        kind = f"a {str(schema).split('.')[0]}" if schema else "no OpenTimelineIO object"
        raise InputError(f"{path}: holds {kind}, no timeline")
    try:
        root = otio.adapters.read_from_string(body, "otio_json")
    except Exception as error:
        lowered = mend.lower_schemas(raw)
        newer = mend.newer_schema(lowered)
        if newer:
            line = body[: body.find(f'"{newer}"')].count("\n") + 1
            raise InputError(
                f"{path}: line {line}: {newer} is written by a newer OpenTimelineIO than this program knows"
            ) from None
        if lowered == raw:
            raise InputError(f"{path}: {_plain(error)}") from None
        root = otio.adapters.read_from_string(json.dumps(lowered), "otio_json")
    remarks: list[str] = []
    index = _choose(path, [str(place[1].get("name") or "") for place in places], name, remarks)
    where = places[index][0]
    timeline = root
    for step in where:
        if isinstance(step, int):
            timeline = timeline[step]
    _check_timeline(path, timeline)
    return Document(
        path, format, timeline, where, index, text=text, encoding=encoding_of(data), warnings=remarks, root=root
    )


def _load(text: str) -> Any:
    """JSON as OpenTimelineIO accepts it, with Inf and NaN."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        if not re.search(r"[:\[,]\s*-?(?:Inf|inf|nan)\b", text):
            raise
        tokens = re.compile(r'"(?:[^"\\]|\\.)*"|\b(?:Inf|inf)\b|\bnan\b')
        words = {"Inf": "Infinity", "inf": "Infinity", "nan": "NaN"}
        return json.loads(tokens.sub(lambda token: words.get(token[0], token[0]), text))


def _timelines(raw: Any, where: tuple[str | int, ...] = ()) -> Any:
    if not isinstance(raw, dict):
        return
    schema = str(raw.get("OTIO_SCHEMA", ""))
    if schema.startswith("Timeline."):
        yield where, raw
    elif schema.startswith(("SerializableCollection.", "SerializeableCollection.")):
        children = raw.get("children")
        for i, child in enumerate(children if isinstance(children, list) else []):
            yield from _timelines(child, (*where, "children", i))


def _check_timeline(path: Path, timeline: Any) -> None:
    if not isinstance(timeline, otio.schema.Timeline):
        raise InputError(f"{path}: holds a {type(timeline).__name__}, no timeline")
    if timeline.tracks is None:
        raise InputError(f"{path}: its timeline has no tracks")


def _choose(path: Path, names: list[str], name: str | None, remarks: list[str]) -> int:
    if name is not None:
        if name not in names:
            known = ", ".join(f"'{n}'" for n in names)
            raise InputError(f"{path}: has no timeline named '{name}'; it has {known}")
        return names.index(name)
    if len(names) > 1:
        listed = ", ".join(f"'{n}'" for n in names)
        remarks.append(f"the file holds {len(names)} timelines ({listed}): the first is taken; --timeline NAME chooses")
    return 0


# Other programs' files, read by their adapters


def _from_adapter(path: Path, format: Format, root: Any, name: str | None) -> Document:
    found: list[Any] = []

    def gather(item: Any) -> None:
        if isinstance(item, otio.schema.Timeline):
            found.append(item)
        elif isinstance(item, otio.schema.SerializableCollection):
            for child in item:
                gather(child)

    gather(root)
    if not found:
        raise InputError(f"{path}: no timeline in it")
    remarks: list[str] = []
    index = _choose(path, [timeline.name or "" for timeline in found], name, remarks)
    _check_timeline(path, found[index])
    return Document(path, format, found[index], index=index, warnings=remarks, root=root)


def _open_fcp7(path: Path, name: str | None) -> Document:
    data = _read_bytes(path)
    text = decode(data, path)
    tag = _root_tag(text)
    if tag == "fcpxml":
        raise InputError(f"{path}: is FCPXML: name it .fcpxml to have it read")
    if tag != "xmeml":
        raise InputError(f"{path}: its root is <{tag}>, not the <xmeml> of FCP7 XML" if tag else f"{path}: not XML")
    root = mend.read_fcp7(text, path)
    document = _from_adapter(path, "fcp7", root, name)
    document.data = data
    document.drop_frame = mend.mend_fcp7(document.timeline)
    return document


def _root_tag(text: str) -> str:
    body = re.sub(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(\[.*?\])?[^>]*>", "", text[:65536], flags=re.DOTALL)
    found = re.match(r"\s*\ufeff?\s*<([A-Za-z_][\w.:-]*)", body)
    return found[1] if found else ""


def _open_aaf(path: Path, name: str | None) -> Document:
    with path.open("rb") as file:
        # Microsoft's structured storage; pyaaf2 would look for it a long time.
        if file.read(8) != bytes.fromhex("d0cf11e0a1b11ae1"):
            raise InputError(f"{path}: not an AAF file")
    document = _from_adapter(path, "aaf", otio.adapters.read_from_file(str(path), adapter_name="AAF"), name)
    if (start := document.timeline.global_start_time) is not None:
        document.drop_frame = drops_frames(path, document.timeline.name or "", round(start.value))
    return document


def _open_edl(path: Path, name: str | None, rate: Rate | None) -> Document:
    reading = read_edl(decode(_read_bytes(path), path), path, rate)
    document = _from_adapter(path, "edl", reading.timeline, name)
    document.rate, document.drop_frame = reading.rate, reading.drop_frame
    document.warnings += reading.warnings
    return document


def _open_kdenlive(path: Path, name: str | None) -> Document:
    return _from_mlt(path, "kdenlive", name)


def _open_mlt(path: Path, name: str | None) -> Document:
    return _from_mlt(path, "mlt", name)


def _from_mlt(path: Path, format: Format, name: str | None) -> Document:
    data = _read_bytes(path)
    decode(data, path)  # says what is wrong with an empty or a binary file
    return open_mlt(data, path, format, name)


def open_mlt(data: bytes, path: Path, format: Format, name: str | None, index: int | None = None) -> Document:
    """A project of Kdenlive or Shotcut that lies, or will lie, at `path`."""
    remarks: list[str] = []
    try:
        mlt = mlt_xml.parse(data)
        index = _choose(path, mlt_places.names(mlt), name, remarks) if index is None else index
        timeline, told = mlt_reader.read(mlt, mlt_places.sequences(mlt)[index], path.parent)
    except InputError as error:
        raise error if str(error).startswith(str(path)) else InputError(f"{path}: {error}") from None
    # Both editors count 29.97 and 59.94 in drop-frame, and nothing else.
    drop_frame = mlt.rate.can_drop
    return Document(
        path,
        format,
        timeline,
        index=index,
        data=data,
        rate=mlt.rate,
        drop_frame=drop_frame,
        warnings=[*remarks, *told],
    )


def _open_fcpxml(path: Path, name: str | None) -> Document:
    return _from_fcpxml(path, "fcpxml", path, name)


def _open_fcpxmld(path: Path, name: str | None) -> Document:
    content = path / fcpxml_text.INFO
    if not content.is_file():
        raise InputError(f"{path}: the bundle holds no {fcpxml_text.INFO}")
    return _from_fcpxml(path, "fcpxmld", content, name)


def _from_fcpxml(path: Path, format: Format, file: Path, name: str | None) -> Document:
    data = _read_bytes(file)
    decode(data, path)  # says what is wrong with an empty or a binary file
    remarks: list[str] = []
    try:
        document, found = fcpxml.open_projects(data)
        index = _choose(path, [project for project, _ in found], name, remarks)
        reading = fcpxml.read(document, *found[index])
    except InputError as error:
        raise error if str(error).startswith(str(path)) else InputError(f"{path}: {error}") from None
    return Document(
        path,
        format,
        reading.timeline,
        index=index,
        data=data,
        rate=reading.rate,
        drop_frame=reading.drop_frame,
        warnings=[*remarks, *reading.warnings],
    )


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keeps what adapters print and log off a standard output that may carry one JSON object."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


_READERS: dict[Format, Callable[[Path, str | None], Document]] = {
    "otio": _open_otio,
    "otioz": _open_otioz,
    "otiod": _open_otiod,
    "fcp7": _open_fcp7,
    "aaf": _open_aaf,
    "fcpxml": _open_fcpxml,
    "fcpxmld": _open_fcpxmld,
    "kdenlive": _open_kdenlive,
    "mlt": _open_mlt,
}
