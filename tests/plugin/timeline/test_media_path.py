"""Every form in which a host writes a medium, and finding the file behind it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hitpoint.plugin.timeline import media_path
from hitpoint.plugin.timeline.media_path import (
    MediaFinder,
    as_localhost_url,
    as_plain,
    as_relative,
    as_url,
    parse,
    resolve,
    style_of,
)

FORMS = [
    # POSIX, as it is
    ("/media/a.mov", "/media/a.mov", "posix", "plain"),
    ("/media/a b/take #1 100%.wav", "/media/a b/take #1 100%.wav", "posix", "plain"),
    ("/media/a%20b.wav", "/media/a%20b.wav", "posix", "plain"),
    ("/media/what?.wav", "/media/what?.wav", "posix", "plain"),
    ("/media/a\\b.wav", "/media/a\\b.wav", "posix", "plain"),
    ("/media/ends in spaces.wav  ", "/media/ends in spaces.wav  ", "posix", "plain"),
    ("///media//./a.mov", "/media/a.mov", "posix", "plain"),
    # relative, never decoded
    ("media/x.wav", "media/x.wav", "relative", "relative"),
    ("./x.wav", "x.wav", "relative", "relative"),
    ("../media/x.wav", "../media/x.wav", "relative", "relative"),
    ("x.wav", "x.wav", "relative", "relative"),
    ("take #1 100%.wav", "take #1 100%.wav", "relative", "relative"),
    ("a%20b.wav", "a%20b.wav", "relative", "relative"),
    ("take: 2.wav", "take: 2.wav", "relative", "relative"),
    ("a: b/c.wav", "a: b/c.wav", "relative", "relative"),
    ("Zürich é.wav", "Zürich é.wav", "relative", "relative"),
    # Windows
    ("C:\\a\\b.wav", "C:\\a\\b.wav", "windows", "plain"),
    ("C:/a/b.wav", "C:\\a\\b.wav", "windows", "plain"),
    ("C:\\Müsic\\take #1 100%.wav", "C:\\Müsic\\take #1 100%.wav", "windows", "plain"),
    ("S:\\path\\x%20y.mov", "S:\\path\\x%20y.mov", "windows", "plain"),
    ("\\Music\\x.wav", "\\Music\\x.wav", "windows", "plain"),
    ("\\\\?\\C:\\deep\\x.wav", "C:\\deep\\x.wav", "windows", "plain"),
    ("\\\\server\\share\\x.wav", "\\\\server\\share\\x.wav", "unc", "plain"),
    ("//server/share/x.wav", "\\\\server\\share\\x.wav", "unc", "plain"),
    ("\\\\?\\UNC\\server\\share\\x.wav", "\\\\server\\share\\x.wav", "unc", "plain"),
    # file URLs on POSIX
    ("file:///p", "/p", "posix", "url"),
    ("file:/p/x.wav", "/p/x.wav", "posix", "url"),
    ("FILE:///p/x.wav", "/p/x.wav", "posix", "url"),
    ("file:///a%20b/c.wav", "/a b/c.wav", "posix", "url"),
    ("file:///a b/é.wav", "/a b/é.wav", "posix", "url"),
    ("file:///a/take%20%231%20100%25.wav", "/a/take #1 100%.wav", "posix", "url"),
    ("file:///a/take #1 100%.wav", "/a/take #1 100%.wav", "posix", "url"),
    ("file:///a/what?.wav", "/a/what?.wav", "posix", "url"),
    ("file:///a/what%3F.wav", "/a/what?.wav", "posix", "url"),
    ("file:///a/b+c&d=e;f.wav", "/a/b+c&d=e;f.wav", "posix", "url"),
    ("file:///a/%zz%4.wav", "/a/%zz%4.wav", "posix", "url"),
    ("file:///a/caf%C3%A9.wav", "/a/café.wav", "posix", "url"),
    ("file:///a/caf%E9.wav", "/a/café.wav", "posix", "url"),
    ("file:///a/%E9t%C3%A9 é.wav", "/a/été é.wav", "posix", "url"),
    ("file:///a/x.wav%20", "/a/x.wav ", "posix", "url"),
    ("file:///a%5Cb.wav", "/a\\b.wav", "posix", "url"),
    ("file://127.0.0.1/a/b.wav", "/a/b.wav", "posix", "url"),
    ("file://localhost/Volumes/My%20Disk/x.mov", "/Volumes/My Disk/x.mov", "posix", "localhost"),
    ("file://LOCALHOST/Users/x.mov", "/Users/x.mov", "posix", "localhost"),
    # file URLs on Windows
    ("file:///C:/x/y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file:///C%3A/x/y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file:///C|/x/y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file:///C:\\x\\y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file://C:/x/y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file://C%3a/x/y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file://C:\\x\\y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file:/C:/x/y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file:C:/x/y.wav", "C:\\x\\y.wav", "windows", "url"),
    ("file://localhost/D%3a/media/a%20b.wav", "D:\\media\\a b.wav", "windows", "localhost"),
    ("file://localhost/D:/media/a.wav", "D:\\media\\a.wav", "windows", "localhost"),
    # file URLs of a network share
    ("file://server/share/x%20y.wav", "\\\\server\\share\\x y.wav", "unc", "url"),
    ("file:////server/share/x.wav", "\\\\server\\share\\x.wav", "unc", "url"),
    ("file://///server/share/x.wav", "\\\\server\\share\\x.wav", "unc", "url"),
    ("file://\\\\server\\share\\x.wav", "\\\\server\\share\\x.wav", "unc", "url"),
    ("file://localhost//server/share/x.wav", "\\\\server\\share\\x.wav", "unc", "localhost"),
    # sloppy relative file URLs
    ("file:media/x%20y.wav", "media/x y.wav", "relative", "relative"),
    ("file://./media/x.wav", "media/x.wav", "relative", "relative"),
    ("file://x.wav", "x.wav", "relative", "relative"),
    # never opened
    ("https://example.com/a%20b.mov?x=1", "https://example.com/a%20b.mov?x=1", "elsewhere", None),
    ("s3://bucket/x.mov", "s3://bucket/x.mov", "elsewhere", None),
    ("data:video/mp4;base64,AAAA", "data:video/mp4;base64,AAAA", "elsewhere", None),
]


@pytest.mark.parametrize(("url", "text", "kind", "form"), FORMS, ids=[row[0] for row in FORMS])
def test_a_form_that_hosts_write_is_read(url: str, text: str, kind: str, form: str | None) -> None:
    read = parse(url)
    assert read is not None
    assert (read.text, read.kind, read.form) == (text, kind, form)


@pytest.mark.parametrize("nothing", ["", None])
def test_where_nothing_is_written_nothing_is_read(nothing: str | None, tmp_path: Path) -> None:
    assert parse(nothing) is None
    assert MediaFinder(tmp_path).find(nothing) is None


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("/f/shot.[1001-1020].exr", "/f/shot.[1001-1020].exr"),
        ("shot.%04d.exr", "shot.%04d.exr"),
        ("file:///f/shot.%04d.exr", "/f/shot.%04d.exr"),
        ("file:///f/shot.%2504d.exr", "/f/shot.%04d.exr"),
        ("file:///f/shot.%5B1001-1020%5D.exr", "/f/shot.[1001-1020].exr"),
    ],
)
def test_numbered_stills_are_left_as_they_are(url: str, text: str) -> None:
    read = parse(url)
    assert read is not None and read.is_sequence and read.text == text


def test_an_ordinary_name_is_no_sequence_of_stills() -> None:
    for url in ("/f/x.[1080].mov", "100%.wav", "/shot[1-2]/x.mov", "50%d.wav"):
        read = parse(url)
        assert read is not None and not read.is_sequence, url


WRITTEN = [
    (PurePosixPath("/a b/é#1.wav"), "/a b/é#1.wav", "file:///a%20b/%C3%A9%231.wav",
     "file://localhost/a%20b/%C3%A9%231.wav"),
    (PurePosixPath("/a/100%25?.wav"), "/a/100%25?.wav", "file:///a/100%2525%3F.wav",
     "file://localhost/a/100%2525%3F.wav"),
    (PureWindowsPath("C:/My Müsic/#1.wav"), "C:\\My Müsic\\#1.wav", "file:///C:/My%20M%C3%BCsic/%231.wav",
     "file://localhost/C%3a/My%20M%C3%BCsic/%231.wav"),
    (PureWindowsPath("//server/share/a b.wav"), "\\\\server\\share\\a b.wav", "file://server/share/a%20b.wav",
     "file://localhost//server/share/a%20b.wav"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "plain", "url", "localhost"), WRITTEN, ids=[row[1] for row in WRITTEN])
def test_a_path_is_written_the_way_each_host_wants_it(path: PurePath, plain: str, url: str, localhost: str) -> None:
    assert (as_plain(path), as_url(path), as_localhost_url(path)) == (plain, url, localhost)
    assert as_url(path) == path.as_uri()  # pathlib agrees


def test_a_file_url_of_a_relative_path_is_refused_rather_than_guessed() -> None:
    for write in (as_url, as_localhost_url):
        with pytest.raises(ValueError, match="absolute"):
            write(PurePosixPath("x.wav"))


@pytest.mark.parametrize(
    ("path", "base", "text"),
    [
        (PurePosixPath("/p/cut.hitpoint/score.wav"), PurePosixPath("/p"), "cut.hitpoint/score.wav"),
        (PurePosixPath("/p/score.wav"), PurePosixPath("/p/edits/v2"), "../../score.wav"),
        (PurePosixPath("/p/take #1 100%.wav"), PurePosixPath("/p"), "take #1 100%.wav"),
        (PurePosixPath("/p/file:x.wav"), PurePosixPath("/p"), "./file:x.wav"),
        (PurePosixPath("/p/C:/x.wav"), PurePosixPath("/p"), "./C:/x.wav"),
        (PureWindowsPath("C:/P/a/x.wav"), PureWindowsPath("c:/p"), "a/x.wav"),
        (PureWindowsPath("D:/x.wav"), PureWindowsPath("C:/p"), "D:\\x.wav"),
        (PureWindowsPath("//s/share/a/x.wav"), PureWindowsPath("//s/share/b"), "../a/x.wav"),
    ],
)
def test_a_path_is_written_from_the_timelines_folder(path: PurePath, base: PurePath, text: str) -> None:
    assert as_relative(path, base) == text


def test_the_form_most_media_use_is_the_timelines_style() -> None:
    assert style_of(["/a/x.mov", "file:///a/y.mov", "file:///a/z.mov"]) == "url"
    assert style_of(["file://localhost/C%3a/x.mov", "", "https://x/y.mov", "https://x/z.mov"]) == "localhost"
    assert style_of(["C:\\a.mov", "x.mov"]) == "plain"  # as common as the other, but first
    assert style_of(["x.mov", "media/y.mov", "/z.mov"]) == "relative"
    assert style_of(["", "https://x/y.mov"]) is None


# Names without the characters that no system stores; '%04d' alone cannot be told from an encoded control character.
name_text = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/\\:|\0"), min_size=1, max_size=12
).filter(lambda name: name not in (".", ".."))
posix_names = st.lists(name_text, min_size=1, max_size=5)
# Windows stores neither < > " ? * nor a name that ends in a dot or space.
windows_names = st.lists(
    name_text.map(lambda name: "".join("_" if c in '<>"?*' else c for c in name).rstrip(". ") or "x"),
    min_size=1,
    max_size=5,
)
posix_paths = posix_names.map(lambda names: PurePosixPath("/", *names))
windows_paths = st.builds(
    lambda root, names: PureWindowsPath(root, *names),
    st.sampled_from(["C:\\", "d:\\", "\\\\server\\share\\", "\\\\nas-1.local\\my media$\\"]),
    windows_names,
)


@given(st.one_of(posix_paths, windows_paths), st.sampled_from([as_plain, as_url, as_localhost_url]))
def test_what_is_written_is_read_as_the_same_path(path: PurePath, write: object) -> None:
    read = parse(write(path))  # type: ignore[operator]
    assert read is not None
    assert (str(read.pure), type(read.pure)) == (str(path), type(path))


@given(st.one_of(st.tuples(posix_paths, posix_paths), st.tuples(windows_paths, windows_paths)))
def test_a_relative_path_leads_from_the_base_to_the_file(paths: tuple[PurePath, PurePath]) -> None:
    path, base = paths
    assume(path.anchor == base.anchor)
    read = parse(as_relative(path, base))
    assert read is not None and read.kind == "relative"
    flavour = type(path)
    walked = list(base.parts)
    for name in flavour(read.text).parts:
        walked = walked[:-1] if name == ".." else [*walked, name]
    assert flavour(*walked) == path


@given(st.text(max_size=40), st.sampled_from(["", "file:", "file://", "file:///", "\\\\", "file://localhost/"]))
def test_no_text_makes_reading_or_finding_fail(text: str, start: str) -> None:
    parse(start + text)
    MediaFinder(Path("/nonexistent"), [Path("/also/nonexistent")]).find(start + text)


def _file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


AWKWARD = ["take #1 100%.wav", "a%20b.wav", "what?.wav", "a b é.wav", "file:x.wav", "ends in a space.wav ", "a\\b.wav"]


@pytest.mark.skipif(os.name == "nt", reason="Windows stores no such names")
@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_name_is_found_in_every_form(name: str, tmp_path: Path) -> None:
    path = _file(tmp_path / "media" / name)
    for url in (as_plain(path), as_url(path), as_localhost_url(path), as_relative(path, tmp_path)):
        assert resolve(url, base=tmp_path) == path, url


def test_a_relative_path_starts_at_the_timeline_not_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = tmp_path / "edit", tmp_path / "cwd"
    wanted, _ = _file(here / "x.wav"), _file(elsewhere / "x.wav")
    _file(elsewhere / "only here.wav")
    monkeypatch.chdir(elsewhere)
    assert resolve("x.wav", base=here) == wanted
    assert resolve("./x.wav", base=here) == wanted
    assert resolve("only here.wav", base=here) is None


def test_a_url_whose_writer_encoded_nothing_is_found(tmp_path: Path) -> None:
    path = _file(tmp_path / "a%20b #2.wav")
    assert resolve(f"file://{path}", base=tmp_path) == path


def test_the_encoded_reading_of_a_url_wins_over_the_literal_one(tmp_path: Path) -> None:
    _file(tmp_path / "a%20b.wav")
    decoded = _file(tmp_path / "a b.wav")
    assert resolve(f"file://{tmp_path}/a%20b.wav", base=tmp_path) == decoded


def test_a_sloppy_relative_url_is_found_beside_the_timeline(tmp_path: Path) -> None:
    path = _file(tmp_path / "media" / "x.wav")
    assert resolve("file://media/x.wav", base=tmp_path) == path


def test_backslashes_of_a_relative_windows_path_lead_into_folders(tmp_path: Path) -> None:
    path = _file(tmp_path / "media" / "x.wav")
    assert resolve("media\\x.wav", base=tmp_path) == path


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_a_name_is_found_in_the_other_unicode_normalisation(stored: str, tmp_path: Path) -> None:
    name = "Évaluation ü.wav"
    path = _file(tmp_path / unicodedata.normalize(stored, "Müsik") / unicodedata.normalize(stored, name))
    other = unicodedata.normalize("NFD" if stored == "NFC" else "NFC", f"Müsik/{name}")
    assert resolve(other, base=tmp_path) == path
    assert resolve(as_url(PurePosixPath(f"{tmp_path}/{other}")), base=tmp_path) == path


def test_a_folder_is_no_medium(tmp_path: Path) -> None:
    (tmp_path / "x.mov").mkdir()
    assert resolve("x.mov", base=tmp_path, roots=[tmp_path]) is None


@pytest.mark.parametrize(
    "url",
    [
        "C:\\Project\\Day 1\\a.mov",
        "file://localhost/C%3a/Project/Day%201/a.mov",
        "\\\\server\\Project\\Day 1\\a.mov",
        "/Volumes/Raid/Project/Day 1/a.mov",
        "../Day 1/a.mov",
    ],
)
def test_moved_media_are_found_by_the_end_of_their_path(url: str, tmp_path: Path) -> None:
    wanted = _file(tmp_path / "root" / "Day 1" / "a.mov")
    _file(tmp_path / "root" / "Day 2" / "a.mov")
    assert resolve(url, base=tmp_path / "edit", roots=[tmp_path / "root"]) == wanted
    assert resolve(url, base=tmp_path / "edit") is None


def test_the_longest_shared_end_wins_over_all_roots(tmp_path: Path) -> None:
    _file(tmp_path / "one" / "day" / "a.mov")
    wanted = _file(tmp_path / "two" / "project" / "day" / "a.mov")
    roots = [tmp_path / "one", tmp_path / "two"]
    assert resolve("/old/project/day/a.mov", base=tmp_path, roots=roots) == wanted


def test_a_file_is_found_by_name_anywhere_below_the_root(tmp_path: Path) -> None:
    wanted = _file(tmp_path / "deep" / "er" / "still" / "A.MOV")
    assert resolve("D:/lost/a.mov", base=tmp_path / "edit", roots=[tmp_path]) == wanted


def test_of_two_files_of_one_name_the_one_sharing_folders_is_taken(tmp_path: Path) -> None:
    _file(tmp_path / "x" / "Cam B" / "a.mov")
    wanted = _file(tmp_path / "y" / "Cam A" / "a.mov")
    assert resolve("D:\\Shoot\\cam a\\a.mov", base=tmp_path / "edit", roots=[tmp_path]) == wanted


def test_an_ambiguous_name_is_left_offline_with_a_note(tmp_path: Path) -> None:
    _file(tmp_path / "x" / "a.mov")
    _file(tmp_path / "y" / "a.mov")
    finder = MediaFinder(tmp_path / "edit", [tmp_path])
    assert finder.find("/lost/a.mov") is None
    assert finder.find("/lost/a.mov") is None
    assert len(finder.notes) == 1 and "a.mov" in finder.notes[0] and "2 files" in finder.notes[0]


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_links_that_lead_back_end_the_search(tmp_path: Path) -> None:
    wanted = _file(tmp_path / "sub" / "deep" / "a.mov")
    (tmp_path / "sub" / "deep" / "loop").symlink_to(tmp_path)
    (tmp_path / "sub" / "self").symlink_to("self")
    found = resolve("/lost/a.mov", base=tmp_path / "edit", roots=[tmp_path])
    assert found is not None and found.samefile(wanted)


def test_a_root_is_read_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        _file(tmp_path / "deep" / f"{n}.mov")
    walks = []
    real = media_path._files_below
    monkeypatch.setattr(media_path, "_files_below", lambda root: walks.append(root) or real(root))
    finder = MediaFinder(tmp_path / "edit", [tmp_path])
    assert all(finder.find(f"/lost/{n}.mov") for n in range(5))
    assert finder.find("/lost/none.mov") is None
    assert walks == [tmp_path]


def test_a_huge_root_is_searched_to_a_limit_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_path, "INDEX_LIMIT", 20)
    for n in range(30):
        _file(tmp_path / "deep" / f"{n:02}.mov")
    finder = MediaFinder(tmp_path / "edit", [tmp_path])
    assert finder.find("/lost/05.mov") is not None
    assert finder.find("/lost/29.mov") is None
    assert any("20 entries" in note for note in finder.notes)


def test_nothing_of_the_network_is_ever_looked_for(tmp_path: Path) -> None:
    _file(tmp_path / "a.mov")
    assert resolve("https://example.com/a.mov", base=tmp_path, roots=[tmp_path]) is None


@pytest.mark.parametrize("url", ["a\0b.wav", "x" * 5000, "/" + "y" * 300 + "/a.wav", "\ud800.wav", "file:///%00"])
def test_an_impossible_name_is_simply_not_found(url: str, tmp_path: Path) -> None:
    assert resolve(url, base=tmp_path, roots=[tmp_path]) is None


@pytest.mark.parametrize("fails", ["stat", "scandir"])
def test_a_folder_without_permission_is_passed_over(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    _file(locked / "a.mov")
    wanted = _file(tmp_path / "open" / "b.mov")
    real = getattr(os, fails)

    def refuse(path: os.PathLike[str] | str, *rest: object, **named: object) -> object:
        if str(path).startswith(str(locked)):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **named)

    monkeypatch.setattr(os, fails, refuse)
    finder = MediaFinder(tmp_path, [tmp_path])
    assert finder.find("/lost/A.mov") is None
    assert finder.find("/lost/b.mov") == wanted
