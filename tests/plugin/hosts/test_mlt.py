"""The contract for projects of Kdenlive and Shotcut, looked at by an XML parser that is not ours."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import pytest

from hitpoint.plugin.hosts.mlt import MltHost
from hitpoint.plugin.hosts.protocol import HostRefused
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.mix import files as committing

from .contract import SCORE, Contract, Cut, Lying
from .mlt_projects import Clip, kdenlive, shotcut


def prop(node, name):
    return next((each.text or "" for each in node.findall("property") if each.get("name") == name), None)


class KdenliveStand:
    """A project and whoever may write it besides."""

    suffix = ".kdenlive"
    modern = True
    impossible: ClassVar = {
        "start": "neither Kdenlive nor Shotcut knows a start timecode",
        "drop": "they count 29.97 in drop-frame whatever somebody wants",
    }

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.path = folder / f"cut{self.suffix}"
        self.away = folder / "elsewhere"
        self.monkeypatch = monkeypatch

    def make(self, cut: Cut) -> None:
        rate = Fraction(cut.rate)
        self.path.write_text(
            self.written(
                [[Clip(f"media/{n}.mov", frames, 10) for n, frames in enumerate(cut.shots)]],
                [[Clip("media/voice.wav", 20)]],
                (rate.numerator, rate.denominator),
                cut.markers,
                cut.name,
            ),
            encoding="utf-8",
        )

    def written(self, picture, sound, rate, markers, name):
        return kdenlive(picture, sound, rate=rate, guides=markers, modern=self.modern, name=name)

    def host(self):
        return MltHost(Source(self.path))

    def snapshot(self):
        return self.path.read_bytes()

    # Looking

    def root(self):
        return ET.parse(self.path).getroot()

    def rows(self):
        """(name, its playlists) of every sound track."""
        root = self.root()
        lists = {each.get("id"): each for each in root.findall("playlist")}
        for track in root.findall("tractor"):
            if prop(track, "kdenlive:audio_track") == "1":
                yield (
                    prop(track, "kdenlive:track_name"),
                    [lists[each.get("producer")] for each in track.findall("track")],
                )

    def sounds(self):
        root = self.root()
        producers = {each.get("id"): each for each in [*root.findall("producer"), *root.findall("chain")]}
        found = []
        for name, playlists in self.rows():
            for playlist in playlists:
                at = 0
                for item in playlist:
                    if item.tag == "blank":
                        at += int(item.get("length"))
                    elif item.tag == "entry":
                        frames = int(item.get("out")) - int(item.get("in")) + 1
                        path = self.path.parent / prop(producers[item.get("producer")], "resource")
                        found.append(Lying(name, at, frames, path))
                        at += frames
        return found

    def guides(self):
        for node in self.root().iter("property"):
            if node.get("name", "").endswith("properties.guides"):
                return json.loads(node.text or "[]")
        return []

    def marks(self):
        return [(each["pos"], each["comment"]) for each in self.guides()]

    # Doing

    def change(self, pattern, new, count=1):
        text = self.path.read_text(encoding="utf-8")
        text, done = re.subn(pattern, new, text, count=count, flags=re.DOTALL)
        assert done == count, pattern
        self.path.write_text(text, encoding="utf-8")

    def ours(self):
        """What the first playlist of our track is called."""
        track = next(t for t in self.root().findall("tractor") if prop(t, "kdenlive:track_name") == SCORE)
        return track.findall("track")[0].get("producer")

    def put_foreign_on_our_track(self):
        voice = r' <producer id="door" in="0" out="23"><property name="resource">door.wav</property><property name="length">24</property><property name="mlt_service">avformat</property></producer>'
        name = self.ours()
        self.change(rf'(<playlist id="{name}">)', rf"{voice}\1")
        self.change(rf'(<playlist id="{name}">.*?)(</playlist>)', r'\1<entry producer="door" in="0" out="23"/>\2')

    def move_ours(self):
        self.change(rf'(<playlist id="{self.ours()}">.*?)(<entry)', r'\1<blank length="12"/>\2')

    def lock_ours(self):
        self.change(
            rf'(<property name="kdenlive:track_name">{SCORE}</property>)',
            r'\1<property name="kdenlive:locked_track">1</property>',
        )

    def put_marker(self, frame, name):
        listed = json.dumps([*self.guides(), {"comment": name, "pos": frame, "type": 2}])
        self.change(r'(properties.guides">)[^<]*', lambda found: found[1] + listed)

    def close_host(self):
        self.path.rename(self.away)

    def reopen(self):
        self.monkeypatch.undo()
        if self.away.exists():
            self.away.rename(self.path)

    def quit_halfway(self):
        def fails(staged):
            raise OSError(28, "No space left on device", str(staged.target))

        self.monkeypatch.setattr(committing, "_place", fails)


class OlderStand(KdenliveStand):
    modern = False


class ShotcutStand(KdenliveStand):
    suffix = ".mlt"

    def written(self, picture, sound, rate, markers, name):
        return shotcut(picture, sound, rate=rate, markers=markers)

    def rows(self):
        for playlist in self.root().findall("playlist"):
            if prop(playlist, "shotcut:audio") == "1":
                yield prop(playlist, "shotcut:name"), [playlist]

    def marks(self):
        group = next((each for each in self.root().iter("properties") if each.get("name") == "shotcut:markers"), ())
        return [(int(prop(each, "start")), prop(each, "text")) for each in group]

    def ours(self):
        return next(each.get("id") for each in self.root().findall("playlist") if prop(each, "shotcut:name") == SCORE)

    def lock_ours(self):
        self.change(
            rf'(<property name="shotcut:name">{SCORE}</property>)', r'\1<property name="shotcut:lock">1</property>'
        )

    def put_marker(self, frame, name):
        own = f'<properties name="9"><property name="text">{name}</property><property name="start">{frame}</property></properties>'
        if any(self.marks()):
            self.change(r'(<properties name="shotcut:markers">)', rf"\1{own}")
        else:
            group = f'<properties name="shotcut:markers">{own}</properties>'
            self.change(r'(<property name="shotcut">1</property>)', rf"\1{group}")


class MltContract(Contract):
    def test_the_project_as_it_was_is_kept_beside_once(self, stand, made, music):
        host = made()
        before = stand.snapshot()
        placed = host.place(music(host))
        beside = stand.path.with_name(f"cut.before-hitpoint{stand.suffix}")
        assert beside.read_bytes() == before
        assert any(beside.name in words for words in placed.warnings)
        host.place(music(host))
        assert [each.name for each in stand.path.parent.glob("cut.before*")] == [beside.name]
        stand.put_marker(20, "since then")
        changed = stand.snapshot()
        host.place(music(host))
        assert stand.path.with_name(f"cut.before-hitpoint-2{stand.suffix}").read_bytes() == changed


class TestKdenlive(MltContract):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return KdenliveStand(tmp_path, monkeypatch)

    def test_a_write_protected_project_is_refused_as_soon_as_it_is_planned(self, stand, made, music, monkeypatch):
        host = made()
        given = music(host)
        monkeypatch.setattr(committing, "_may_write", lambda _: False)
        with pytest.raises(HostRefused, match=r"cut\.kdenlive: it is write-protected"):
            host.plan(given)
        assert not list(stand.path.parent.glob(".hitpoint-*"))

    def test_the_playhead_is_where_it_was_saved(self, stand, made):
        host = made()
        stand.change(r'(properties.position">)0', r"\g<1>57")
        assert host.playhead() == 57


class TestOlderKdenlive(MltContract):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return OlderStand(tmp_path, monkeypatch)


class TestShotcut(MltContract):
    @pytest.fixture
    def stand(self, tmp_path, monkeypatch):
        return ShotcutStand(tmp_path, monkeypatch)
