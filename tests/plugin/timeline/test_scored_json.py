from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.plugin.timeline import scored_json
from hitpoint.plugin.timeline.score_track import marker, ours, score_track
from hitpoint.runtime.errors import InputError, UsageError

EDITS = Path(__file__).resolve().parents[4] / "shared" / "edits"
URL = "cut.scored.hitpoint/score.wav"


def our_track(frames: int = 100, rate: float = 24.0, lead: float = 0, url: str = URL) -> dict[str, Any]:
    return score_track(
        name="Hitpoint Score",
        frames=frames,
        rate=rate,
        lead=lead,
        media_url=url,
        media_name="score.wav",
        samples=round(frames * 48000 / rate),
        provenance={"engine": "composer", "seed": 0, "time_map": [[0, 120.0]]},
    )


def our_marker(frame: int = 12) -> dict[str, Any]:
    return marker(frame, "storyboard 1", 24.0, "GREEN", {"kind": "storyboard"})


def external(url: str, **more: Any) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "ExternalReference.1", "metadata": {}, "target_url": url, **more}


def timeline(*children: Any, **stack: Any) -> dict[str, Any]:
    tracks = {"OTIO_SCHEMA": "Stack.1", "children": list(children), **stack}
    return {"OTIO_SCHEMA": "Timeline.1", "metadata": {}, "name": "cut", "tracks": tracks}


def video(*urls: str) -> dict[str, Any]:
    clips = [
        {"OTIO_SCHEMA": "Clip.2", "media_references": {"DEFAULT_MEDIA": external(url)}, "name": f"shot {i}"}
        for i, url in enumerate(urls)
    ]
    return {"OTIO_SCHEMA": "Track.1", "name": "V1", "kind": "Video", "children": clips}


def user_track(name: str = "Dialogue") -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Track.1", "name": name, "kind": "Audio", "children": []}


def scored(*children: Any) -> str:
    return scored_json.insert(json.dumps(timeline(*children), indent=4), (), our_track())


def edited(text: str, change: Any) -> str:
    """The file after somebody's hand changed the score's track in a host that writes its own way."""
    tree = json.loads(text)
    change(tree["tracks"]["children"])
    return json.dumps(tree, indent=2)


texts = st.text(max_size=8) | st.sampled_from(
    ['"', "\\", '\\"target_url": "x"', "}]", "[{", "target_url", "😀", "a\nb", "Hitpoint Scor", ","]
)
urls = st.sampled_from(
    ["a.mov", "media/b c.wav", "file:///x.mov", "/abs/y.mov", "C:\\z.mov", "c:/z.mov", "\\\\server\\s\\q.mov", ""]
) | st.text(max_size=6)
numbers = st.integers(-9, 10**20) | st.floats() | st.booleans() | st.none()
anything = st.recursive(
    numbers | texts,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(texts, inside, max_size=3),
    max_leaves=6,
)
references = st.builds(external, urls, extra=anything) | st.builds(
    lambda url: {"target_url_base": url, "name_prefix": "f", "OTIO_SCHEMA": "ImageSequenceReference.1"}, urls
)
clips = st.builds(
    lambda media, more: {"OTIO_SCHEMA": "Clip.2", "media_references": {"DEFAULT_MEDIA": media}, "metadata": more},
    references,
    st.dictionaries(texts, anything, max_size=2) | st.just({"target_url": "not a medium"}),
)
tracks = st.builds(
    lambda children, name: {"OTIO_SCHEMA": "Track.1", "name": name, "children": children, "kind": "Video"},
    st.lists(clips, max_size=3),
    texts,
)
marker_lists = st.none() | st.lists(
    st.builds(lambda name: {"OTIO_SCHEMA": "Marker.2", "name": name, "metadata": {}}, texts), max_size=2
)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, tuple[str | int, ...]]:
    """The text of a file, in any white space, and the way to one timeline in it."""
    shuffle = random.Random(draw(st.integers(0, 2**16)))

    def shuffled(thing: dict[str, Any]) -> dict[str, Any]:
        keys = list(thing)
        shuffle.shuffle(keys)
        return {key: thing[key] for key in keys}

    stack: dict[str, Any] = {"OTIO_SCHEMA": "Stack.1", "children": draw(st.lists(tracks, max_size=3))}
    markers = draw(marker_lists)
    if markers is not None:
        stack["markers"] = markers
    tree: Any = shuffled(
        {
            "OTIO_SCHEMA": "Timeline.1",
            "name": draw(texts),
            "metadata": draw(st.dictionaries(texts, anything, max_size=2)),
            "tracks": shuffled(stack),
        }
    )
    path: tuple[str | int, ...] = ()
    for _ in range(draw(st.integers(0, 2))):
        before = draw(st.lists(st.just({"OTIO_SCHEMA": "Clip.2", "name": "loose"}), max_size=2))
        tree = {"OTIO_SCHEMA": "SerializableCollection.1", "children": [*before, tree, *before[:1]]}
        path = ("children", len(before), *path)
    style = draw(st.sampled_from(["minified", "pretty", "tabs", "crlf", "wild"]))
    ascii_only = draw(st.booleans())
    if style == "wild":
        text = wild(tree, shuffle, ascii_only)
    else:
        indent: int | str | None = {"minified": None, "tabs": "\t"}.get(style, 4)
        separators = (",", ":") if style == "minified" else (",", ": ")
        text = json.dumps(tree, indent=indent, separators=separators, ensure_ascii=ascii_only)
        text = text.replace("\n", "\r\n") if style == "crlf" else text
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", "\n", " \r\n"])), path


def wild(value: Any, dice: random.Random, ascii_only: bool) -> str:
    def space() -> str:
        return "".join(dice.choice(" \t\r\n") for _ in range(dice.choice((0, 0, 1, 3))))

    if isinstance(value, dict):
        members = [
            f"{space()}{json.dumps(k, ensure_ascii=ascii_only)}{space()}:{space()}{wild(v, dice, ascii_only)}{space()}"
            for k, v in value.items()
        ]
        return "{" + (",".join(members) or space()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(space() + wild(v, dice, ascii_only) + space() for v in value) or space()) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def at(tree: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def without_nan(tree: Any) -> str:
    return json.dumps(tree)  # NaN is not equal to itself, "NaN" is


prefixes = st.sampled_from(["", "../", "../a b/", 'sub "é"\\/', "..\\"])


@settings(max_examples=400, deadline=None)
@given(files(), prefixes, st.integers(0, 2))
def test_inserting_and_removing_gives_the_file_back_byte_for_byte(
    file: tuple[str, tuple[str | int, ...]], prefix: str, markers: int
) -> None:
    text, path = file
    after = scored_json.insert(text, path, our_track(), [our_marker(i) for i in range(markers)], prefix)
    back = scored_json.remove(after, path)
    assert back.text == text
    assert [known["engine"] for known in back.removed] == ["composer"]
    assert back.warnings == []


@settings(max_examples=200, deadline=None)
@given(files())
def test_the_scored_file_is_the_file_plus_one_track_and_our_markers(file: tuple[str, tuple[str | int, ...]]) -> None:
    text, path = file
    expected = json.loads(text.removeprefix("\ufeff"))
    got = json.loads(scored_json.insert(text, path, our_track(), [our_marker()]).removeprefix("\ufeff"))
    stack = at(got, path)["tracks"]
    track, added = stack["children"].pop(), stack["markers"].pop()
    assert track["name"] == "Hitpoint Score"
    assert added["name"] == "storyboard 1"
    if "markers" not in at(expected, path)["tracks"]:
        assert stack.pop("markers") == []
    assert without_nan(got) == without_nan(expected)


@settings(max_examples=150, deadline=None)
@given(files(), prefixes, prefixes)
def test_scoring_a_scored_file_again_and_removing_gives_the_first_file_back(
    file: tuple[str, tuple[str | int, ...]], first: str, second: str
) -> None:
    text, path = file
    once = scored_json.insert(text, path, our_track(), [our_marker()], first)
    again = scored_json.replace(once, path, our_track(frames=120), [our_marker(3)], second)
    assert (again.name, again.warnings) == ("Hitpoint Score", [])
    assert scored_json.remove(again.text, path).text == text


@settings(max_examples=300, deadline=None)
@given(files(), st.data())
def test_a_damaged_file_is_refused_in_words_or_read(
    file: tuple[str, tuple[str | int, ...]], data: st.DataObject
) -> None:
    text, path = file
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    broken = text[:start] + data.draw(st.text('{}[]",:\\x0', max_size=3)) + text[end:]
    for act in (
        lambda: scored_json.insert(broken, path, our_track(), [our_marker()], "../"),
        lambda: scored_json.remove(broken, path),
        lambda: scored_json.replace(broken, path, our_track()),
        lambda: scored_json.timelines(broken),
    ):
        try:
            act()
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("path", sorted(EDITS.glob("*.otio")), ids=lambda path: path.name)
@pytest.mark.parametrize("prefix", ["", "../x y/"])
def test_real_files_come_back_byte_for_byte_and_read_as_one_track_more(path: Path, prefix: str) -> None:
    text = path.read_bytes().decode("utf-8")
    for where, _ in scored_json.timelines(text):
        after = scored_json.insert(text, where, our_track(), [our_marker()], prefix)
        assert scored_json.remove(after, where).text == text
        assert scored_json.replace(after, where, our_track(), [our_marker()]).text == after
        if "Marker.3" in text:
            continue
        before, now = (otio.adapters.read_from_string(t, "otio_json") for t in (text, after))
        assert now.tracks.pop().name == "Hitpoint Score"
        assert now.tracks.markers.pop().name == "storyboard 1"
        if not prefix:
            assert now.to_json_string() == before.to_json_string()


def test_the_track_is_indented_as_its_neighbours_are() -> None:
    for text in (json.dumps(timeline(user_track(), user_track()), indent=n) for n in (2, 4, "\t")):
        after = scored_json.insert(text, (), our_track(), [our_marker()])
        tree = json.loads(after)
        indent: int | str = "\t" if "\t" in text else len(text.split("\n")[1]) - len(text.split("\n")[1].lstrip())
        assert after == json.dumps(tree, indent=indent)


def test_a_minified_file_stays_on_one_line() -> None:
    for children in ([], [user_track()], [user_track(), user_track()]):
        text = json.dumps(timeline(*children), separators=(",", ":"))
        after = scored_json.insert(text, (), our_track(), [our_marker()])
        assert after == json.dumps(json.loads(after), separators=(",", ":"))


def test_a_file_with_carriage_returns_gets_no_bare_line_feed() -> None:
    text = json.dumps(timeline(), indent=4).replace("\n", "\r\n")
    assert scored_json.insert(text, (), our_track(), [our_marker()]).replace("\r\n", "").count("\n") == 0


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        ("a.mov", "../a.mov"),
        ("./media/a b.mov", ".././media/a b.mov"),
        ("../a.mov", "../../a.mov"),
        ("take 1: final.mov", "../take 1: final.mov"),
        ("", ""),
        ("/a.mov", "/a.mov"),
        ("file:///a.mov", "file:///a.mov"),
        ("https://x/a.mov", "https://x/a.mov"),
        ("C:\\a.mov", "C:\\a.mov"),
        ("c:/a.mov", "c:/a.mov"),
        ("\\\\server\\share\\a.mov", "\\\\server\\share\\a.mov"),
    ],
)
def test_only_relative_paths_are_rebased(url: str, moved: str) -> None:
    text = json.dumps(timeline(video(url)), indent=4)
    after = scored_json.insert(text, (), our_track(), media_prefix="../")
    found = json.loads(after)["tracks"]["children"]
    assert found[0]["children"][0]["media_references"]["DEFAULT_MEDIA"]["target_url"] == moved
    assert found[1]["children"][0]["media_references"]["DEFAULT_MEDIA"]["target_url"] == URL


def test_a_target_url_in_metadata_is_no_medium() -> None:
    tree = timeline({**user_track(), "metadata": {"host": {"target_url": "a.mov"}, "target_url": "b.mov"}})
    after = json.loads(scored_json.insert(json.dumps(tree), (), our_track(), media_prefix="../"))
    assert after["tracks"]["children"][0] == tree["tracks"]["children"][0]


def test_a_path_is_rebased_within_its_own_spelling() -> None:
    text = json.dumps(timeline(video("XX"))).replace('"XX"', r'"m\u00e9dia\/a.mov"')
    assert r'"..\/m' not in text
    after = scored_json.insert(text, (), our_track(), media_prefix="é/")
    assert r'"\u00e9/m\u00e9dia\/a.mov"' in after


def test_a_prefix_is_found_again_after_another_program_wrote_the_file() -> None:
    text = json.dumps(timeline(video("a.mov", "😀.mov")), indent=4)
    after = scored_json.insert(text, (), our_track(), media_prefix="é 😀/")
    for rewritten in (json.dumps(json.loads(after), ensure_ascii=False), after.replace("/a.mov", "\\/a.mov")):
        assert json.loads(scored_json.remove(rewritten, ()).text) == json.loads(text)


def test_a_prefix_that_is_no_relative_path_is_refused() -> None:
    with pytest.raises(UsageError, match="relative"):
        scored_json.insert(json.dumps(timeline()), (), our_track(), media_prefix="/media/")


@pytest.mark.parametrize(
    "text",
    [
        '{"OTIO_SCHEMA": "Timeline.1"}',
        '{"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Stack.1"}}',
        "{}",
        "[]",
        "",
    ],
)
def test_a_file_without_a_stack_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        scored_json.insert(text, (), our_track())


def test_a_truncated_file_is_refused_with_its_line() -> None:
    text = json.dumps(timeline(user_track()), indent=4)
    with pytest.raises(InputError, match="line 9"):
        scored_json.insert("\n".join(text.split("\n")[:9]), (), our_track())


def test_deep_nesting_is_no_obstacle() -> None:
    deep = "[" * 5000 + "]" * 5000
    text = f'{{"tracks": {{"children": [{{"hitpoint": {deep}}}]}}, "metadata": {deep}}}'
    assert scored_json.remove(scored_json.insert(text, (), our_track()), ()).text == text


def test_timelines_in_collections_are_found_with_their_names() -> None:
    inner = {"OTIO_SCHEMA": "SerializableCollection.1", "children": [{**timeline(), "name": "b"}]}
    tree = {"OTIO_SCHEMA": "SerializableCollection.1", "children": [{**timeline(), "name": "a"}, {}, inner]}
    found = scored_json.timelines(json.dumps(tree))
    assert found == [(("children", 0), "a"), (("children", 2, "children", 0), "b")]


def test_a_fresh_score_is_untouched() -> None:
    assert ours(our_track()) == "untouched"
    assert ours(our_track(lead=24)) == "untouched"
    assert ours(our_track(rate=23.976)) == "untouched"
    assert ours(user_track()) is None
    assert ours(user_track("Hitpoint Score")) is None


def shift(track: dict[str, Any]) -> None:
    track["children"].insert(0, our_track(lead=10)["children"][0])


def trim(track: dict[str, Any]) -> None:
    track["children"][0]["source_range"]["duration"]["value"] -= 5


def split(track: dict[str, Any]) -> None:
    track["children"].append(copy.deepcopy(track["children"][0]))


def mark(track: dict[str, Any]) -> None:
    track["children"][0]["markers"].append({"OTIO_SCHEMA": "Marker.2", "name": "louder here"})


def fade(track: dict[str, Any]) -> None:
    track["children"][0]["effects"].append({"OTIO_SCHEMA": "Effect.1", "name": "Volume"})


@pytest.mark.parametrize("change", [shift, trim, split, mark, fade])
def test_a_score_that_somebody_changed_stays_and_the_new_one_is_numbered(change: Any) -> None:
    text = edited(scored(user_track()), lambda tracks: change(tracks[1]))
    assert ours(json.loads(text)["tracks"]["children"][1]) == "moved"
    after = scored_json.replace(text, (), our_track(url="cut.scored.hitpoint/score-2.wav"))
    names = [track["name"] for track in json.loads(after.text)["tracks"]["children"]]
    assert names == ["Dialogue", "Hitpoint Score", "Hitpoint Score 2"]
    assert after.name == "Hitpoint Score 2"
    assert "mute it" in after.warnings[0]
    assert scored_json.plan(text, ()).kept_media[0] == URL
    assert json.loads(scored_json.remove(after.text, ()).text) == timeline(user_track())


def test_a_copied_score_is_not_taken_away() -> None:
    text = edited(scored(), lambda tracks: tracks.append(copy.deepcopy(tracks[0])))
    after = scored_json.replace(text, (), our_track())
    assert [t["name"] for t in json.loads(after.text)["tracks"]["children"]] == ["Hitpoint Score"] * 2 + [
        "Hitpoint Score 2"
    ]
    assert len(after.warnings) == 2


def test_a_new_score_takes_the_place_and_the_name_of_the_old_one() -> None:
    def arrange(tracks: list[Any]) -> None:
        tracks.insert(0, tracks.pop())
        tracks[0]["name"] = "Music"

    for position in (0, 1):
        text = edited(scored(user_track("A"), user_track("B")), arrange)
        if position:
            text = edited(text, lambda tracks: tracks.insert(1, tracks.pop(0)))
        after = scored_json.replace(text, (), our_track(frames=50))
        tracks_ = json.loads(after.text)["tracks"]["children"]
        assert [t["name"] for t in tracks_] == (["Music", "A", "B"] if not position else ["A", "Music", "B"])
        assert tracks_[position]["metadata"]["hitpoint"]["frames"] == 50
        assert json.loads(scored_json.remove(after.text, ()).text) == timeline(user_track("A"), user_track("B"))


def test_clips_of_others_on_our_track_stay() -> None:
    foreign = {
        "OTIO_SCHEMA": "Clip.2",
        "name": "door slam",
        "media_references": {"DEFAULT_MEDIA": external("door.wav")},
    }
    text = edited(scored(user_track()), lambda tracks: tracks[1]["children"].append(foreign))
    back = scored_json.remove(text, ())
    kept = json.loads(back.text)["tracks"]["children"][1]
    assert [item["OTIO_SCHEMA"] for item in kept["children"]] == ["Gap.1", "Clip.2"]
    assert kept["children"][0]["source_range"]["duration"]["value"] == 100
    assert kept["children"][1] == foreign
    assert "hitpoint" not in kept["metadata"]
    assert "not ours" in back.warnings[0]
    again = scored_json.replace(text, (), our_track())
    assert again.name == "Hitpoint Score 2"
    assert scored_json.remove(again.text, ()).text.count("door slam") == 1


def test_our_clip_on_a_track_of_others_leaves_a_gap() -> None:
    text = edited(scored(user_track()), lambda tracks: tracks[0]["children"].append(tracks.pop()["children"][0]))
    back = json.loads(scored_json.remove(text, ()).text)["tracks"]["children"]
    assert [t["name"] for t in back] == ["Dialogue"]


def test_a_score_is_known_after_a_host_lost_what_we_wrote_down() -> None:
    def forget(tracks: list[Any]) -> None:
        tracks[1]["metadata"] = tracks[1]["children"][0]["metadata"] = {}
        tracks[1]["children"][0]["media_references"]["DEFAULT_MEDIA"]["target_url"] = (
            "file:///x/cut.scored.hitpoint/score-2.wav"
        )

    text = edited(scored(user_track()), forget)
    assert ours(json.loads(text)["tracks"]["children"][1]) == "untouched"
    assert json.loads(scored_json.remove(text, ()).text) == timeline(user_track())


def test_only_our_markers_go() -> None:
    theirs = {"OTIO_SCHEMA": "Marker.2", "name": "theirs", "metadata": {}}
    text = json.dumps(timeline(markers=[theirs]))
    after = scored_json.insert(text, (), our_track(), [our_marker(1), our_marker(2)])
    later = json.loads(after)
    later["tracks"]["markers"].append(theirs)
    assert json.loads(scored_json.remove(json.dumps(later), ()).text)["tracks"]["markers"] == [theirs, theirs]


@pytest.mark.parametrize("rate", [23.976, 24000 / 1001, 24.0, 25.0, 29.97, 30.0, 50.0, 60000 / 1001, 60.0])
def test_every_adapter_takes_the_scored_timeline(rate: float, tmp_path: Path) -> None:
    source = otio.schema.Timeline("cut", global_start_time=otio.opentime.RationalTime(0, rate))
    shot = otio.opentime.TimeRange(otio.opentime.RationalTime(0, rate), otio.opentime.RationalTime(100, rate))
    source.tracks.append(otio.schema.Track("V1", kind="Video"))
    source.tracks[0].append(otio.schema.Clip("a", otio.schema.ExternalReference("/a.mov", shot), shot))
    text = scored_json.insert(otio.adapters.write_to_string(source, "otio_json"), (), our_track(rate=rate))
    scored_ = otio.adapters.read_from_string(text, "otio_json")
    assert scored_.duration() == source.duration()
    assert scored_.duration().rate == rate
    fcp = otio.adapters.read_from_string(otio.adapters.write_to_string(scored_, "fcp_xml"), "fcp_xml")
    assert fcp.audio_tracks()[0][0].source_range.duration.value == 100
    if rate != 29.97:  # the AAF writer knows 30000/1001 only
        otio.adapters.write_to_file(scored_, str(tmp_path / "a.aaf"), use_empty_mob_ids=True)
        aaf = otio.adapters.read_from_file(str(tmp_path / "a.aaf"))
        assert aaf.audio_tracks()[0].duration().to_seconds() == pytest.approx(100 / rate)


def test_three_thousand_clips_take_no_longer_than_a_second() -> None:
    tree = timeline(video(*(f"media/{i}.mov" for i in range(3000))))
    for clip in tree["tracks"]["children"][0]["children"]:
        clip["metadata"] = {"host": [{"Parameter": str(i), "Value": 0.0} for i in range(25)]}
    text = json.dumps(tree, indent=4)
    assert len(text) > 6_000_000
    started = time.process_time()
    after = scored_json.insert(text, (), our_track(), [our_marker()], "../")
    middle = time.process_time()
    assert scored_json.remove(after, ()).text == text
    assert max(middle - started, time.process_time() - middle) < 3.0  # 0.6 s on the machine it was written on
