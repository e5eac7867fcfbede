"""The contract: what every bridge to an editor must do, tested once for all of them.

A test file gives a `Stand`, the hands of a person in one editor, and subclasses:

    class TestBlender(Contract):
        @pytest.fixture
        def stand(self, tmp_path):
            stand = BlenderStand(tmp_path)
            yield stand
            stand.quit()

A stand that cannot do something has it in `impossible`, with the reason; the tests that need it are skipped by that name.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import pytest

from hitpoint.plugin.hosts.protocol import Host, HostClosed, HostRefused, Mark, Music, Sound
from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import HitpointError, InputError, OutputError, UsageError

SCORE, SECOND = "Hitpoint Score", "Hitpoint Score 2"

# What a stand may be unable to do. "start": its timelines have no start timecode; "drop": nor drop-frame counting.
Deed = Literal["foreign", "move", "lock", "close", "quit", "reopen", "mark", "start", "drop"]
DEEDS = ("foreign", "move", "lock", "close", "quit", "reopen", "mark", "start", "drop")


@dataclass(frozen=True)
class Cut:
    """A timeline to be made: shots of these lengths in frames, each of a medium of its own, one after the other from the
    first frame on. `start` is the frame number of its start timecode; `markers` are a person's.
    """

    rate: str = "24"
    shots: tuple[int, ...] = (48, 30, 42)
    start: int = 0
    drop: bool = False
    markers: tuple[tuple[int, str], ...] = ()
    name: str = "the cut"

    @property
    def frames(self) -> int:
        return sum(self.shots)

    @property
    def cuts(self) -> list[int]:
        return list(accumulate(self.shots))[:-1]


@dataclass(frozen=True)
class Lying:
    """A clip on a sound track as an outsider finds it. `start` counts from the timeline's first frame."""

    track: str
    start: int
    frames: int
    sound: Path | None


class Stand(Protocol):
    """One editor with a project of the test's. Who looks and does here is a person, or a file that is read anew: never
    the bridge that is tested.
    """

    impossible: Mapping[Deed, str]

    def make(self, cut: Cut) -> None:
        """A new project with that timeline, saved and open."""
        ...

    def host(self) -> Host:
        """A connection to the editor as it runs now."""
        ...

    def snapshot(self) -> Any:
        """The whole project, comparable by ==: tracks, clips, markers, bins, locks, playhead; not what undo could do."""
        ...

    def sounds(self) -> Sequence[Lying]:
        """Every clip on a sound track, in any order."""
        ...

    def marks(self) -> Sequence[tuple[int, str]]:
        """Every marker of the timeline: frame and name."""
        ...

    def put_foreign_on_our_track(self) -> None:
        """A sound of the person's own on the track that our score lies on."""
        ...

    def move_ours(self) -> None:
        """Our clip lies some frames later."""
        ...

    def lock_ours(self) -> None:
        """The track of our score is locked."""
        ...

    def put_marker(self, frame: int, name: str) -> None:
        """A marker of the person's own."""
        ...

    def close_host(self) -> None:
        """The editor is closed, all saved."""
        ...

    def quit_halfway(self) -> None:
        """The next `place` is not survived: the editor dies after it changed something, before it is done."""
        ...

    def reopen(self) -> None:
        """Saves where the editor runs, and opens what is on the disk anew; starts it where it does not."""
        ...


def silent_wav(path: Path, frames: int, rate: str) -> Path:
    """A WAV as scores have it, silent, as long as that many frames. Takes no room on the disk, however long."""
    samples = int(Fraction(frames) * 48_000 / Fraction(rate) + Fraction(1, 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(48_000)
    data = samples * 6
    with path.open("r+b") as raw:
        raw.truncate(44 + data)
        for place, number in ((4, 36 + data), (40, data)):
            raw.seek(place)
            raw.write(number.to_bytes(4, "little"))
    return path


def the_edit(host: Host, folder: Path) -> Any:
    """What our own reader makes of what the host says."""
    opened = host.read()
    path = folder / "as read.otio"
    path.write_text(opened.otio, encoding="utf-8")
    return replace(read_edit(path)[0], drop_frame=opened.drop_frame)


def one_line(error: BaseException) -> str:
    text = str(error)
    assert text.strip() and "\n" not in text, text
    assert "Traceback" not in text
    return text


class Contract:
    """What every host does. `longest` is the length of the long timeline, for hosts that are slow with it."""

    longest: ClassVar[int] = 172_800  # two hours at 23.976

    # What the tests need besides the stand

    @pytest.fixture
    def made(self, stand: Any) -> Callable[..., Host]:
        return self.maker(stand)

    @pytest.fixture
    def music(self, tmp_path: Path) -> Callable[..., Music]:
        return self.composer(tmp_path)

    def maker(self, stand: Any) -> Callable[..., Host]:
        """Makes a Cut of what it is given, and a connection to the host that has it open."""

        def make(**more: Any) -> Host:
            cut = Cut(**more)
            for deed, has in (("start", cut.start), ("drop", cut.drop)):
                if has:
                    self.needs(stand, deed)
            stand.make(cut)
            host: Host = stand.host()
            return host

        return make

    def composer(self, folder: Path) -> Callable[..., Music]:
        """A new score for the timeline as it is now, one sound a stem."""
        numbers = iter(range(1, 100))

        def compose(host: Host, *stems: str, marks: Sequence[tuple[int, str]] = (), **more: Any) -> Music:
            edit = the_edit(host, folder)
            take = folder / "music" / "cut.hitpoint" / "takes" / f"{next(numbers):02}"
            rate = str(edit.rate)
            paths = {stem: take / "stems" / f"{stem}.wav" if stem else take / "score.wav" for stem in stems or ("",)}
            sounds = tuple(Sound(silent_wav(path, edit.frames, rate), stem) for stem, path in paths.items())
            known = {"version": "0.1.0", "engine": "composer", "seed": 0, "cue_sheet": "0" * 64}
            return Music(sounds, edit.frames, rate, known, tuple(Mark(*mark) for mark in marks), **more)

        return compose

    def needs(self, stand: Any, *deeds: str) -> None:
        for deed in deeds:
            if deed in stand.impossible:
                pytest.skip(f"{type(stand).__name__}: {deed}: {stand.impossible[deed]}")

    def can(self, host: Host, *abilities: Any) -> None:
        about = host.about()
        for ability in abilities:
            if ability in about.cannot:
                pytest.skip(f"{about.name}: {ability}: {about.cannot[ability]}")

    def lying(self, stand: Any, *tracks: str) -> list[tuple[str, int, int]]:
        """What lies on the tracks of those names; on every track of ours where none is named."""
        found = [clip for clip in stand.sounds() if (clip.track in tracks if tracks else clip.track.startswith(SCORE))]
        return sorted((clip.track, clip.start, clip.frames) for clip in found)

    # Reading

    def test_it_says_what_it_is_and_what_it_cannot(self, stand, made):
        about = made().about()
        assert about.name and about.title and about.version
        assert set(stand.impossible) <= set(DEEDS)
        for words in [*about.cannot.values(), *stand.impossible.values()]:
            assert len(words.split()) > 2 and "\n" not in words

    def test_reading_gives_the_edit(self, stand, made, tmp_path):
        self.needs(stand, "mark")
        host = made(markers=((0, "storyboard: One"), (78, "storyboard: Two"), (100, "door")))
        self.can(host, "read")
        edit = the_edit(host, tmp_path)
        assert (str(edit.rate), edit.frames) == ("24", 120)
        assert [cut.frame for cut in edit.cuts] == [48, 78]
        assert [(m.frame, m.name) for m in edit.markers] == [
            (0, "storyboard: One"),
            (78, "storyboard: Two"),
            (100, "door"),
        ]
        assert len(edit.shots) == 3
        assert host.read().name

    @pytest.mark.parametrize("rate", ["24000/1001", "24", "25", "30000/1001", "50", "60000/1001"])
    def test_every_rate_is_read_and_scored_to_the_frame(self, stand, made, music, tmp_path, rate):
        self._arrives(stand, made(rate=rate, shots=(101, 50, 66)), music, tmp_path, rate)

    @pytest.mark.parametrize(
        ("rate", "start", "drop"),
        [
            ("24000/1001", 86_400, False),  # 01:00:00:00
            ("25", 900_000, False),  # 10:00:00:00
            ("30000/1001", 107_892, True),  # 01:00:00;00
            ("30000/1001", 108_000, False),  # 01:00:00:00
            ("60000/1001", 215_784, True),  # 01:00:00;00
        ],
    )
    def test_a_start_timecode_shifts_nothing(self, stand, made, music, tmp_path, rate, start, drop):
        host = made(rate=rate, start=start, drop=drop, shots=(101, 50, 66))
        edit = the_edit(host, tmp_path)
        assert (edit.start_frame, edit.drop_frame) == (start, drop)
        self._arrives(stand, host, music, tmp_path, rate)

    def _arrives(self, stand: Any, host: Host, music: Any, folder: Path, rate: str) -> None:
        self.can(host, "read", "place")
        edit = the_edit(host, folder)
        assert (str(edit.rate), edit.frames) == (rate, 217)
        assert [cut.frame for cut in edit.cuts] == [101, 151]
        host.place(music(host))
        assert self.lying(stand) == [(SCORE, 0, 217)]
        assert the_edit(host, folder).frames == 217

    def test_a_long_timeline_is_read_and_scored_to_the_frame(self, stand, made, music, tmp_path):
        first, last = 1001, 2999
        host = made(rate="24000/1001", shots=(first, self.longest - first - last, last))
        self.can(host, "read", "place")
        edit = the_edit(host, tmp_path)
        assert (edit.frames, [cut.frame for cut in edit.cuts]) == (self.longest, [first, self.longest - last])
        host.place(music(host))
        assert self.lying(stand) == [(SCORE, 0, self.longest)]

    def test_the_revision_changes_with_the_timeline_and_not_with_our_score(self, stand, made, music):
        self.needs(stand, "mark")
        host = made()
        first = host.read().revision
        assert host.read().revision == first
        self.can(host, "place")
        host.place(music(host))
        assert host.read().revision == first
        stand.put_marker(20, "a person's")
        assert host.read().revision != first

    def test_our_score_is_no_part_of_the_edit(self, stand, made, music, tmp_path):
        host = made(shots=(24, 24))
        self.can(host, "read", "place")
        before = the_edit(host, tmp_path)
        host.place(music(host))
        after = the_edit(host, tmp_path)
        assert (after.frames, after.audio_tracks, after.cuts) == (before.frames, before.audio_tracks, before.cuts)

    # Placing

    def test_a_score_lies_on_a_track_of_its_own_over_the_whole_timeline(self, stand, made, music):
        host = made()
        self.can(host, "place")
        before = list(stand.sounds())
        score = music(host)
        planned = host.plan(score)
        assert list(stand.sounds()) == before  # planning does nothing
        placed = host.place(score)
        assert (planned.track, placed.tracks, placed.missing) == (SCORE, (SCORE,), ())
        new = [clip for clip in stand.sounds() if clip not in before]
        assert [(clip.track, clip.start, clip.frames) for clip in new] == [(SCORE, 0, 120)]
        assert new[0].sound is not None and new[0].sound.samefile(score.sounds[0].path)
        assert all(clip in stand.sounds() for clip in before)

    def test_what_was_there_before_stays_as_it_was(self, stand, made, music, tmp_path):
        host = made(markers=() if "mark" in stand.impossible else ((10, "mine"),))
        self.can(host, "place")
        edit, marks = the_edit(host, tmp_path), sorted(stand.marks())
        ours = () if {"mark"} & set(stand.impossible) or "markers" in host.about().cannot else ((60, "bar 3"),)
        host.place(music(host, marks=ours))
        after = the_edit(host, tmp_path)
        assert (after.shots, after.cuts, after.markers) == (edit.shots, edit.cuts, edit.markers)
        assert sorted(stand.marks()) == sorted([*marks, *ours])

    def test_scoring_twice_leaves_one_track(self, stand, made, music):
        host = made()
        self.can(host, "place", "replace")
        host.place(music(host))
        second = music(host)
        assert host.plan(second).replaces
        placed = host.place(second)
        assert placed.tracks == (SCORE,)
        assert self.lying(stand) == [(SCORE, 0, 120)]
        (clip,) = [clip for clip in stand.sounds() if clip.track == SCORE]
        assert clip.sound is not None and clip.sound.samefile(second.sounds[0].path)

    def test_scoring_again_after_saving_and_opening_leaves_one_track(self, stand, made, music):
        self.needs(stand, "reopen")
        host = made()
        self.can(host, "place", "replace")
        host.place(music(host))
        lying = self.lying(stand)
        stand.reopen()
        assert self.lying(stand) == lying == [(SCORE, 0, 120)]
        host = stand.host()
        host.place(music(host))
        stand.reopen()
        assert self.lying(stand) == [(SCORE, 0, 120)]

    def test_stems_lie_on_tracks_of_their_own(self, stand, made, music):
        host = made()
        self.can(host, "place", "stems")
        placed = host.place(music(host, "bass", "drums"))
        names = (f"{SCORE}: bass", f"{SCORE}: drums")
        assert tuple(sorted(placed.tracks)) == names
        assert self.lying(stand) == [(name, 0, 120) for name in names]
        self.can(host, "replace")
        host.place(music(host, "bass", "drums", "pad"))
        assert self.lying(stand) == [(f"{SCORE}: {stem}", 0, 120) for stem in ("bass", "drums", "pad")]
        host.place(music(host))
        assert self.lying(stand) == [(SCORE, 0, 120)]

    def test_markers_are_written_and_exactly_ours_go_again(self, stand, made, music):
        self.needs(stand, "mark")
        host = made(markers=((10, "mine"), (78, "storyboard: Two")))
        self.can(host, "place", "markers", "remove")
        mine = sorted(stand.marks())
        placed = host.place(music(host, marks=((0, "One"), (60, "bar 3"))))
        assert placed.marks == 2
        assert sorted(stand.marks()) == sorted([*mine, (0, "One"), (60, "bar 3")])
        if "replace" not in host.about().cannot:
            assert host.place(music(host, marks=((30, "bar 2"),))).marks == 1
            assert sorted(stand.marks()) == sorted([*mine, (30, "bar 2")])
        host.remove()
        assert sorted(stand.marks()) == mine

    def test_a_foreign_clip_on_our_track_is_never_touched(self, stand, made, music):
        self.needs(stand, "foreign")
        host = made()
        self.can(host, "place", "remove")
        host.place(music(host))
        before = list(stand.sounds())
        stand.put_foreign_on_our_track()
        (foreign,) = [clip for clip in stand.sounds() if clip not in before]
        host = stand.host()
        score = music(host)
        planned = host.plan(score)
        assert planned.track == SECOND and planned.warnings
        placed = host.place(score)
        assert placed.tracks == (SECOND,) and placed.warnings
        assert self.lying(stand, SECOND) == [(SECOND, 0, score.frames)]
        assert foreign in stand.sounds()
        removed = host.remove()
        assert SECOND in removed.tracks
        assert self.lying(stand, SECOND) == []
        assert foreign in stand.sounds()

    def test_a_clip_of_ours_that_was_moved_stays(self, stand, made, music):
        self.needs(stand, "move")
        host = made()
        self.can(host, "place", "remove")
        host.place(music(host))
        stand.move_ours()
        moved = self.lying(stand)
        assert moved != [(SCORE, 0, 120)]
        host = stand.host()
        score = music(host)
        assert host.plan(score).track == SECOND
        placed = host.place(score)
        assert placed.tracks == (SECOND,) and placed.warnings
        assert self.lying(stand) == sorted([*moved, (SECOND, 0, score.frames)])
        removed = host.remove()
        assert removed.tracks == (SECOND,) and removed.warnings
        assert self.lying(stand) == moved

    # Removing

    def test_remove_gives_back_what_was(self, stand, made, music):
        host = made(markers=() if "mark" in stand.impossible else ((10, "mine"),))
        self.can(host, "place", "remove")
        before = stand.snapshot()
        marks = () if "markers" in host.about().cannot else ((0, "One"), (60, "Two"))
        host.place(music(host, marks=marks))
        assert stand.snapshot() != before
        removed = host.remove()
        assert (removed.tracks, removed.marks) == ((SCORE,), len(marks))
        assert stand.snapshot() == before

    def test_remove_after_scoring_twice_saving_and_opening_gives_back_what_was(self, stand, made, music):
        self.needs(stand, "reopen")
        host = made()
        self.can(host, "place", "replace", "remove")
        before = stand.snapshot()
        host.place(music(host))
        host.place(music(host, *(() if "stems" in host.about().cannot else ("bass", "drums"))))
        stand.reopen()
        stand.host().remove()
        stand.reopen()
        assert stand.snapshot() == before

    def test_remove_with_no_score_changes_nothing(self, stand, made):
        host = made()
        self.can(host, "remove")
        before = stand.snapshot()
        assert host.remove().tracks == ()
        assert stand.snapshot() == before

    # What goes wrong

    def test_a_missing_sound_is_refused_and_nothing_changes(self, stand, made, music):
        host = made()
        self.can(host, "place")
        score = music(host)
        score.sounds[0].path.unlink()
        before = stand.snapshot()
        for attempt in (host.plan, host.place):
            with pytest.raises(InputError) as caught:
                attempt(score)
            assert not isinstance(caught.value, HostClosed)
            assert score.sounds[0].path.name in one_line(caught.value)
        assert stand.snapshot() == before

    def test_one_missing_stem_is_refused_as_a_whole(self, stand, made, music):
        host = made()
        self.can(host, "place", "stems", "replace")
        host.place(music(host))
        score = music(host, "bass", "drums")
        score.sounds[1].path.unlink()
        before = stand.snapshot()
        with pytest.raises(InputError) as caught:
            host.place(score)
        assert score.sounds[1].path.name in one_line(caught.value)
        assert stand.snapshot() == before

    def test_a_locked_track_is_refused_and_nothing_changes(self, stand, made, music):
        self.needs(stand, "lock")
        host = made()
        self.can(host, "place", "replace", "remove")
        host.place(music(host))
        stand.lock_ours()
        host = stand.host()
        score = music(host)
        before = stand.snapshot()
        for attempt in (host.plan, host.place):
            with pytest.raises((UsageError, OutputError)) as caught:
                attempt(score)
            assert "lock" in one_line(caught.value)
        assert stand.snapshot() == before
        try:
            removed = host.remove()
        except (UsageError, OutputError) as error:
            assert "lock" in one_line(error)
        else:
            assert removed.tracks == () and any("lock" in words for words in removed.warnings)
        assert stand.snapshot() == before

    def test_a_closed_host_says_so_and_its_project_is_as_it_was(self, stand, made, music):
        self.needs(stand, "close", "reopen")
        host = made()
        self.can(host, "read", "place")
        score = music(host)
        before = stand.snapshot()
        stand.close_host()
        attempts: list[Callable[[], Any]] = [
            host.read,
            lambda: host.plan(score),
            lambda: host.place(score),
            host.remove,
        ]
        for attempt in attempts:
            with pytest.raises(HostClosed) as caught:
                attempt()
            one_line(caught.value)
        host.close()
        stand.reopen()
        assert stand.snapshot() == before

    @pytest.mark.parametrize("scored", [False, True])
    def test_a_host_that_quits_halfway_leaves_the_project_as_it_was(self, stand, made, music, scored):
        self.needs(stand, "quit", "reopen")
        host = made()
        self.can(host, "place", "replace")
        if scored:
            host.place(music(host))
        stand.reopen()
        host = stand.host()
        score = music(host)
        before = stand.snapshot()
        stand.quit_halfway()
        with pytest.raises((HostClosed, HostRefused)) as caught:
            host.place(score)
        one_line(caught.value)
        stand.reopen()
        assert stand.snapshot() == before
        host = stand.host()  # and it can be gone on with
        host.place(music(host))
        assert self.lying(stand) == [(SCORE, 0, 120)]

    def test_letting_go_of_a_host_leaves_it_running(self, stand, made):
        host = made()
        self.can(host, "read")
        name = host.read().name
        before = stand.snapshot()
        host.close()
        host.close()
        assert stand.snapshot() == before
        assert stand.host().read().name == name

    # The playhead

    @pytest.mark.parametrize("start", [0, 86_400])
    def test_the_playhead_moves_and_is_read_back(self, stand, made, start):
        host = made(start=start)
        self.can(host, "playhead", "move")
        for frame in (0, 48, 119, 7):
            host.move(frame)
            assert host.playhead() == frame

    # Honesty

    def test_what_it_cannot_is_refused_with_the_words_it_gave_for_it(self, stand, made, music):
        host = made()
        cannot = host.about().cannot

        def again() -> None:
            host.place(music(host))
            host.place(music(host))

        attempts: dict[str, Callable[[], Any]] = {
            "read": host.read,
            "place": lambda: host.place(music(host)),
            "replace": again,
            "remove": host.remove,
            "playhead": host.playhead,
            "move": lambda: host.move(1),
            "stems": lambda: host.place(music(host, "bass", "drums")),
            "duck": lambda: host.place(music(host, duck=((0, 0.0), (10, -6.0)))),
        }
        for ability, attempt in attempts.items():
            if ability in cannot and not ("place" in cannot and ability in ("replace", "stems", "duck")):
                with pytest.raises(HitpointError) as caught:
                    attempt()
                assert cannot[ability] in one_line(caught.value), ability
        if "markers" in cannot and "place" not in cannot and "replace" not in cannot:
            placed = host.place(music(host, marks=((0, "One"),)))  # the music arrives, and what does not is said
            assert placed.marks == 0 and any(cannot["markers"] in words for words in placed.missing)
