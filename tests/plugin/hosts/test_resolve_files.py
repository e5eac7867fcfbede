"""The way by files, which every edition has: what `score` writes into an edit that Resolve exported, Resolve can import.

The rules are those of hosts.md A1.6, which others measured: each is broken in silence.
"""

from __future__ import annotations

import json
import wave
from pathlib import PurePosixPath

import pytest

from hitpoint.plugin.cli import main

from .contract import SCORE, Cut
from .resolve_project import exported
from .resolve_stand import ResolveStand


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The edit as Resolve exported it, and as it is after `hitpoint score`."""
    folder = tmp_path_factory.mktemp("resolve files")
    stand = ResolveStand(folder)
    stand.make(Cut("24000/1001", start=86_400, shots=(24, 24), markers=((10, "mine"),)))
    before = exported(stand.program.project, stand.line)
    edit = folder / "a cut.otio"
    edit.write_text(json.dumps(before), encoding="utf-8")
    out = folder / "a cut.scored.otio"
    assert main(["score", str(edit), "-o", str(out), "--json"]) == 0
    return before, json.loads(out.read_text(encoding="utf-8")), folder


def ours(made):
    (track,) = [track for track in made["tracks"]["children"] if track["name"] == SCORE]
    (clip,) = [child for child in track["children"] if child["OTIO_SCHEMA"].startswith("Clip.")]
    return track, clip, clip["media_references"][clip["active_media_reference_key"]]


def test_the_media_is_named_by_a_bare_path_that_is_there(scored):
    _, made, folder = scored
    url = ours(made)[2]["target_url"]
    assert "://" not in url and "\\" not in url  # Resolve 20.2 refuses file://, and a missing file without a word
    assert (folder / PurePosixPath(url)).is_file()


def test_ranges_start_at_zero_as_the_sound_has_no_timecode(scored):
    _, made, _ = scored
    _, clip, media = ours(made)
    for found in (clip["source_range"], media["available_range"]):
        assert found["start_time"]["value"] == 0
        assert found["duration"]["value"] == 48
        assert abs(found["duration"]["rate"] - 24000 / 1001) < 1e-3


def test_the_sound_has_no_start_timecode_and_is_as_long_as_the_timeline(scored):
    _, made, folder = scored
    path = folder / PurePosixPath(ours(made)[2]["target_url"])
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 48_000, 96_096)
    assert b"bext" not in path.read_bytes()[:4096]


def test_the_track_says_that_it_is_stereo_in_resolves_words(scored):
    _, made, _ = scored
    track, clip, _ = ours(made)
    assert track["metadata"]["Resolve_OTIO"] == {"Audio Type": "Stereo", "Locked": False, "SoloOn": False}
    assert [channel["Source Channel ID"] for channel in clip["metadata"]["Resolve_OTIO"]["Channels"]] == [0, 1]


def test_all_else_is_as_resolve_wrote_it(scored):
    before, made, _ = scored
    kept = [track for track in made["tracks"]["children"] if track["name"] != SCORE]
    assert kept == before["tracks"]["children"]
    for name in ("OTIO_SCHEMA", "metadata", "name", "global_start_time"):
        assert made[name] == before[name]
    assert made["tracks"]["markers"] == before["tracks"]["markers"]
