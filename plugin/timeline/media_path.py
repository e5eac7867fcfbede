"""How media are written in timelines: reading every form that hosts write, finding the file, writing it their way.

OpenTimelineIO's own helpers lose drives, cut names at '#' and decode plain paths; nothing here uses them. The rules
are about text, so a Windows path reads the same on every system.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Literal
from urllib.parse import quote

Kind = Literal["relative", "posix", "windows", "unc", "elsewhere"]
Form = Literal["relative", "plain", "url", "localhost"]

INDEX_LIMIT = 200_000  # entries looked at under one media root

# A colon alone is no scheme: 'take: 2.wav' is a name.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|data:[\w/+.-]*[;,]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_URL_DRIVE = re.compile(r"[\\/]*([A-Za-z])[:|](?=[\\/]|$)")
# '%04d' in a URL is a frame number's place, never an encoded control character.
_ESCAPES = re.compile(r"(?:%(?!0\dd)[0-9A-Fa-f]{2})+")
_SEQUENCE = re.compile(r"\[\d+-\d+\]|%0\d+d")
_THIS_MACHINE = ("", "localhost", "127.0.0.1")


@dataclass(frozen=True)
class MediaPath:
    """A medium as the machine that wrote the timeline would name it.

    `text` has that machine's separators; for `elsewhere` (http and the like) it is the URL as it was. `form` says how
    it was written, None where that is no form of ours. `is_sequence` names numbered stills, as in `x.[1001-1020].exr`.
    """

    text: str
    kind: Kind
    form: Form | None

    @property
    def pure(self) -> PurePosixPath | PureWindowsPath:
        return PureWindowsPath(self.text) if self.kind in ("windows", "unc") else PurePosixPath(self.text)

    @property
    def names(self) -> tuple[str, ...]:
        """Folders and file name, without drive, share or root."""
        pure = self.pure
        return pure.parts[1:] if pure.anchor else pure.parts

    @property
    def is_sequence(self) -> bool:
        return _SEQUENCE.search(self.pure.name) is not None


def parse(url: str | None) -> MediaPath | None:
    """Read any form that a host writes. None where nothing is written. Never touches the file system."""
    if not url:
        return None
    if url[:5].lower() == "file:":
        return _file_url(url[5:], _unescape)
    if _SCHEME.match(url):
        return MediaPath(url, "elsewhere", None)
    return _plain(url, "plain")


def _plain(text: str, form: Form) -> MediaPath:
    if text[:4] in ("\\\\?\\", "//?/"):  # Windows' long paths
        text = text[4:]
        if text[:4].upper() in ("UNC\\", "UNC/"):
            text = "\\\\" + text[4:]
    if _DRIVE.match(text):
        return MediaPath(str(PureWindowsPath(text)), "windows", form)
    if re.match(r"\\\\|//(?!/)", text):
        return MediaPath(str(PureWindowsPath(text)), "unc", form)
    if text.startswith("\\"):
        return MediaPath(str(PureWindowsPath(text)), "windows", form)
    if text.startswith("/"):
        return MediaPath("/" + str(PurePosixPath(text)).lstrip("/"), "posix", form)
    return MediaPath(str(PurePosixPath(text)), "relative", "relative")


def _file_url(rest: str, unescape: Callable[[str], str]) -> MediaPath:
    """`rest` follows 'file:'. A file URL has no query and no fragment: '#' and '?' belong to the name."""
    match = re.match(r"//([^/\\]*)(.*)", rest, re.DOTALL)
    if not match:
        return _local(unescape(rest), "url")
    host, path = unescape(match[1]), unescape(match[2])
    if host.lower() in _THIS_MACHINE:
        return _local(path, "localhost" if host.lower() == "localhost" else "url")
    if re.fullmatch(r"[A-Za-z][:|]", host):  # file://C:/x, broken but common
        return _plain(f"{host[0]}:{path or '/'}", "url")
    if host in (".", "..") or not path:
        return _plain(host + path, "url")
    return _plain(f"\\\\{host}{path}", "url")


def _local(path: str, form: Form) -> MediaPath:
    if drive := _URL_DRIVE.match(path):
        return _plain(f"{drive[1]}:{path[drive.end() :] or '/'}", form)
    if path.startswith(("//", "\\\\")):  # file:////server/share, and with localhost as Premiere has it
        return _plain("\\\\" + path.lstrip("/\\"), form)
    return _plain(path, form)


def _unescape(text: str) -> str:
    """Percent-decode, tolerating a stray '%' and names that were encoded as latin-1."""

    def decoded(run: re.Match[str]) -> str:
        data = bytes.fromhex(run[0].replace("%", ""))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    return _ESCAPES.sub(decoded, text)


def as_plain(path: PurePath) -> str:
    """As the file's own system writes it: Resolve and Kdenlive."""
    return str(path) if isinstance(path, PureWindowsPath) else _one_root(str(path))


def as_url(path: PurePath) -> str:
    """A percent-encoded file URL: Premiere's OTIO. The path has to be absolute."""
    posix = _absolute(path)
    if not isinstance(path, PureWindowsPath):
        return "file://" + _quoted(posix)
    if posix.startswith("//"):
        return "file:" + _quoted(posix)
    return f"file:///{posix[:2]}{_quoted(posix[2:])}"


def as_localhost_url(path: PurePath) -> str:
    """As Premiere and Final Cut 7 write XML: `file://localhost/C%3a/a.wav`. The path has to be absolute."""
    posix = _absolute(path)
    if not isinstance(path, PureWindowsPath) or posix.startswith("//"):
        return "file://localhost" + _quoted(posix)
    return f"file://localhost/{posix[0]}%3a{_quoted(posix[2:])}"


def as_relative(path: PurePath, base: PurePath) -> str:
    """From the timeline's folder, with forward slashes; as_plain where no way leads there, as from drive to drive."""
    flavour = PureWindowsPath if isinstance(path, PureWindowsPath) else PurePosixPath
    if flavour(path.anchor) != flavour(base.anchor):
        return as_plain(path)
    shared = 0
    for ours, theirs in zip(path.parts, base.parts, strict=False):
        if flavour(ours) != flavour(theirs):
            break
        shared += 1
    text = "/".join([".."] * (len(base.parts) - shared) + list(path.parts[shared:])) or "."
    return (
        text if parse(text) == MediaPath(text, "relative", "relative") else "./" + text
    )  # a name such as 'file:x' needs the dot


def style_of(urls: Iterable[str]) -> Form | None:
    """The form that most of a timeline's media are written in; the first one met where two are equally common."""
    forms = Counter(read.form for read in map(parse, urls) if read and read.form)
    return forms.most_common(1)[0][0] if forms else None


def _absolute(path: PurePath) -> str:
    if not path.is_absolute():
        raise ValueError(f"a file URL needs an absolute path, not {path}")
    return path.as_posix() if isinstance(path, PureWindowsPath) else _one_root(path.as_posix())


def _one_root(text: str) -> str:
    return "/" + text.lstrip("/") if text.startswith("/") else text


def _quoted(text: str) -> str:
    return quote(text, errors="surrogateescape")


class MediaFinder:
    """Finds the files behind a timeline's media.

    `base` is the timeline's folder: relative paths start there, never in the working directory. `roots` are where
    media may have moved to: first the longest end of the path that exists under one of them, then the file name
    anywhere below. Case and Unicode normalisation are forgiven where nothing matches exactly.
    """

    def __init__(self, base: Path, roots: Sequence[Path] = ()) -> None:
        self._base = base.absolute()
        self._roots = tuple(root.absolute() for root in roots)
        self._found: dict[str, Path | None] = {}
        self._listings: dict[Path, dict[str, list[str]]] = {}
        self._indexes: dict[Path, dict[str, list[Path]]] = {}
        self.notes: list[str] = []

    def find(self, url: str | None) -> Path | None:
        """The existing file, or None. What made a choice impossible is added to `notes`. Never raises."""
        if not url:
            return None
        if url not in self._found:
            self._found[url] = self._search(list(_readings(url)))
        return self._found[url]

    def _search(self, readings: list[MediaPath]) -> Path | None:
        for reading in readings:
            if found := self._as_written(reading):
                return found
        for reading in readings if self._roots else ():
            if found := self._below_a_root(reading):
                return found
        for reading in readings if self._roots else ():
            if found := self._by_name(reading):
                return found
        return None

    def _as_written(self, reading: MediaPath) -> Path | None:
        if reading.kind == "relative":
            return self._descend(self._base, reading.names)
        if (reading.kind == "posix") == (os.name == "nt") or not reading.pure.is_absolute():
            return None
        return self._descend(Path(reading.pure.anchor), reading.names)

    def _below_a_root(self, reading: MediaPath) -> Path | None:
        names = [name for name in reading.names if name != ".."]
        for start in range(len(names) - 1):
            for root in self._roots:
                if found := self._descend(root, names[start:]):
                    return found
        return None

    def _by_name(self, reading: MediaPath) -> Path | None:
        """The file of that name which shares the most folders, counted from the file upwards."""
        name = reading.pure.name
        if not name:
            return None
        direct = [found for root in self._roots if (found := self._descend(root, [name]))]
        below = [path for root in self._roots for path in self._index(root).get(_key(name), ())]
        candidates = {os.path.realpath(path): path for path in below + direct}
        folders = [_key(folder) for folder in reading.names[:-1]]

        def nearness(path: Path) -> tuple[int, bool, bool]:
            shared = 0
            for ours, theirs in zip(reversed(path.parts[:-1]), reversed(folders), strict=False):
                if _key(ours) != theirs:
                    break
                shared += 1
            return shared, path.name == name, path in direct

        if not candidates:
            return None
        best = max(map(nearness, candidates.values()))
        tied = [path for path in candidates.values() if nearness(path) == best]
        if len(tied) == 1:
            return tied[0]
        self.notes.append(
            f"{name}: {len(tied)} files of this name lie below the media root, among them {min(tied)}; "
            "none was taken: name a narrower media root"
        )
        return None

    def _descend(self, folder: Path, names: Sequence[str]) -> Path | None:
        if os.name == "nt" and any(":" in name for name in names):
            return None  # a drive in the middle would start anew from the working directory
        exact = folder.joinpath(*names)
        if _is_file(exact):
            return exact
        for name in names:
            if _mode(folder / name) is None:
                alike = self._listing(folder).get(_key(name), [])
                if len(alike) != 1:
                    return None
                name = alike[0]
            folder /= name
        return folder if _is_file(folder) else None

    def _listing(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._listings:
            listing: dict[str, list[str]] = {}
            for entry in _entries(folder):
                listing.setdefault(_key(entry.name), []).append(entry.name)
            self._listings[folder] = listing
        return self._listings[folder]

    def _index(self, root: Path) -> dict[str, list[Path]]:
        if root not in self._indexes:
            files, whole = _files_below(root)
            self._indexes[root] = files
            if not whole:
                self.notes.append(f"{root}: only the first {INDEX_LIMIT:,} entries were searched for moved media")
        return self._indexes[root]


def resolve(url: str, *, base: Path, roots: Sequence[Path] = ()) -> Path | None:
    """The file behind one URL. For a whole timeline keep a MediaFinder: it looks through a root only once."""
    return MediaFinder(base, roots).find(url)


def _readings(url: str) -> Iterator[MediaPath]:
    """What the text may mean, the likeliest first: some writers encode nothing, some mix up slashes."""
    read = parse(url)
    if not read or read.kind == "elsewhere":
        return
    yield read
    if url[:5].lower() == "file:" and "%" in url:
        yield _file_url(url[5:], lambda text: text)
    if read.kind == "relative" and "\\" in read.text:
        yield MediaPath(read.text.replace("\\", "/"), "relative", "relative")
    if read.kind == "unc":
        slashed = read.pure.as_posix()[1:]
        yield MediaPath(slashed, "posix", read.form)  # //Volumes/x
        if read.form == "url":
            yield MediaPath(slashed[1:], "relative", "relative")  # file://media/x.wav


def _files_below(root: Path) -> tuple[dict[str, list[Path]], bool]:
    """Every file by its name, shallow ones first; False where the limit ended the search."""
    files: dict[str, list[Path]] = {}
    folders, seen, left = deque([root]), set(), INDEX_LIMIT
    while folders:
        folder = folders.popleft()
        try:
            status = folder.stat()
        except (OSError, ValueError):
            continue
        if (status.st_dev, status.st_ino) in seen:  # a link that leads back
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in sorted(_entries(folder), key=lambda entry: entry.name):
            if left == 0:
                return files, False
            left -= 1
            try:
                if entry.is_dir():
                    folders.append(Path(entry.path))
                elif entry.is_file():
                    files.setdefault(_key(entry.name), []).append(Path(entry.path))
            except OSError:
                continue
    return files, True


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(islice(entries, INDEX_LIMIT))
    except (OSError, ValueError):
        return []


def _key(name: str) -> str:
    """What names of one file have in common across systems; a byte that is no UTF-8 counts as latin-1."""
    latin = re.sub(r"[\udc80-\udcff]", lambda byte: chr(ord(byte[0]) - 0xDC00), name)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", latin).casefold())


def _is_file(path: Path) -> bool:
    mode = _mode(path)
    return mode is not None and stat.S_ISREG(mode)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return None
