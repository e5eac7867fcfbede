"""The contact sheet: what an editor sees on it, and that nothing breaks it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from hitpoint.plugin import lanes, lettering
from hitpoint.plugin.canvas import fitted
from hitpoint.plugin.pictures import contact_sheet, write_png
from hitpoint.runtime.edit import Cut, Edit, Marker, Shot
from hitpoint.runtime.errors import OutputError
from hitpoint.runtime.picture.look import Curves, Look, Seen, Swatch
from hitpoint.runtime.rate import Rate


@dataclass(frozen=True)
class Mood:
    valence: float = 0.4
    energy: float = 0.6
    reasons: tuple[str, ...] = ("many cuts", "a dark picture")


@dataclass(frozen=True)
class Board:
    name: str
    start: int
    end: int
    mood: Mood = Mood()


def edit_of(*lengths, **more):
    edges = np.cumsum([0, *lengths]).tolist()
    shots = tuple(Shot(a, b, f"s{a}", "m", True) for a, b in pairwise(edges))
    cuts = tuple(Cut(edge) for edge in edges[1:-1])
    whole = edges[-1]
    return Edit(
        "An edit", Rate(Fraction(25)), whole, picture_start=0, picture_end=whole, shots=shots, cuts=cuts, **more
    )


def seen_of(edit, motion=0.5, palette=()):
    seconds = np.arange(0.05, max(edit.seconds(edit.frames), 0.1), 0.1, dtype=np.float32)
    flat = np.full(len(seconds), motion, np.float32)
    nothing = np.zeros((1, 1), np.float32)
    look = Look(palette=palette, known=bool(palette))
    curves = Curves(seconds, flat * 0 + 0.3, flat, flat, flat)
    return Seen((look,) * len(edit.shots), curves, (), nothing, "own", nothing, nothing)


def red(frame):
    return np.full((90, 160, 3), (250, 10, 20), np.uint8)


def share(image, colour):
    return float((np.abs(image.astype(int) - colour).max(-1) <= 3).mean())


def sheet(edit, boards=None, thumbs=red, dialogue=(), **more):
    boards = [Board("All", 0, edit.frames)] if boards is None else boards
    return contact_sheet(edit, boards, more.pop("seen", seen_of(edit)), thumbs, dialogue, **more)


def test_the_pictures_of_the_edit_are_on_the_sheet():
    assert share(sheet(edit_of(50, 50)), (250, 10, 20)) > 0.1
    assert share(sheet(edit_of(50, 50), thumbs=lambda frame: None), (250, 10, 20)) == 0


def test_pictures_are_asked_for_in_rising_order_and_each_shot_has_one_of_its_own():
    asked = []
    edit = edit_of(40, 60, 50, 30)
    sheet(edit, thumbs=lambda frame: asked.append(frame) or red(frame))
    assert asked == sorted(set(asked))
    assert all(any(shot.start <= frame < shot.end for frame in asked) for shot in edit.shots)


def test_a_long_edit_asks_for_a_bounded_number_of_pictures_and_stays_a_picture():
    edit = edit_of(*[90] * 2000)  # two hours
    boards = [Board(f"Board {n}", n * 900, (n + 1) * 900) for n in range(200)]
    asked = []
    image = sheet(edit, boards, thumbs=lambda frame: asked.append(frame))
    assert len(asked) <= 500
    assert image.shape[0] < 10_000
    assert image.shape[1] == 1920


def test_the_palette_of_a_storyboard_is_shown():
    edit = edit_of(100)
    image = sheet(edit, seen=seen_of(edit, palette=(Swatch(1, 200, 90, 0.7), Swatch(200, 1, 190, 0.3))))
    one, other = share(image, (1, 200, 90)), share(image, (200, 1, 190))
    assert one / other == pytest.approx(0.7 / 0.3, rel=0.1)


def test_more_motion_stands_higher():
    edit = edit_of(100)

    def top(motion):
        image = sheet(edit, seen=seen_of(edit, motion=motion))[:400]
        rows = np.flatnonzero((np.abs(image.astype(int) - lanes.MOTION).max(-1) <= 2).sum(1) > 1000)
        return rows.min()

    assert top(0.9) < top(0.5) < top(0.1)


def test_dialogue_takes_its_share_of_the_time_axis():
    edit = edit_of(250)  # ten seconds
    image = sheet(edit, dialogue=[(1.0, 3.0), (8.0, 9.0)])[120:]
    row = max(image, key=lambda row: share(row, lanes.DIALOGUE))
    assert share(row, lanes.DIALOGUE) * image.shape[1] / (image.shape[1] - 80) == pytest.approx(0.3, abs=0.01)


def test_a_detected_cut_has_a_colour_of_its_own():
    edit = edit_of(60, 60)
    found = replace(edit, cuts=(Cut(60, "detected", confidence=1.0),))
    colour = lanes.CUTS["detected"]
    assert share(sheet(found)[96:], colour) > 0
    assert share(sheet(edit)[96:], colour) == 0


@pytest.mark.parametrize(
    "edit",
    [
        Edit("empty", Rate(Fraction(24)), 0),
        Edit("", Rate(Fraction(24)), 100),
        edit_of(1),
        replace(edit_of(30, 40), name="x" * 500, markers=tuple(
            Marker(n, 0, "Ünïcode 日本 " * 20, "", "nowhere", "timeline") for n in (0, 1, 35, 69))),
    ],
)  # fmt: skip
def test_any_edit_gives_a_sheet(edit):
    for thumbs in (red, lambda frame: None):
        nothing = np.zeros(0, np.float32)
        blind = Seen((), Curves(nothing, nothing, nothing, nothing, nothing), (), nothing, "own", nothing, nothing)
        boards = [Board("long name " * 30, 0, edit.frames, Mood(reasons=("word" * 50,) * 9))] if edit.frames else []
        image = contact_sheet(edit, boards, blind, thumbs)
        assert image.dtype == np.uint8
        assert image.shape[1:] == (1920, 3)


@pytest.mark.parametrize("count", [1, 7, 25, 121])
@pytest.mark.parametrize("width", [900, 1920, 3840])
def test_nothing_reaches_over_the_edge_of_the_sheet(count, width):
    edit = edit_of(*[50] * count)
    boards = [
        Board("A name that is too long for its place, whatever that is", n * 50, n * 50 + 50) for n in range(count)
    ]
    image = sheet(edit, boards, width=width, dialogue=[(0, 1e9)])
    assert image.shape[1] == width
    assert (image[:, -30:] == lanes.GROUND).all()
    assert (image[:, :30] == lanes.GROUND).all()
    assert (image[-15:] == lanes.GROUND).all()


def test_a_picture_keeps_its_shape_where_it_is_made_to_fit():
    tall = fitted(np.full((200, 100, 3), 255, np.uint8), 160, 90, (0, 0, 0))
    lit = tall[..., 0] > 128
    assert lit.any(0).sum() == 45
    assert lit.any(1).sum() == 90


def test_text_ends_where_it_is_told_to_and_accents_fall():
    image = np.zeros((40, 400, 3), np.uint8)
    lettering.write(image, 10, 5, "W" * 100, (255, 255, 255), 2, 200)
    assert np.flatnonzero(image.any((0, 2))).max() <= 210
    one, other = (np.zeros((20, 100, 3), np.uint8) for _ in range(2))
    lettering.write(one, 0, 0, "Élan", (255, 255, 255))
    lettering.write(other, 0, 0, "Elan", (255, 255, 255))
    assert (one == other).all()


def test_no_two_letters_look_the_same():
    shapes = set()
    letters = [chr(code) for code in range(33, 127)]
    for letter in letters:
        image = np.zeros((20, 12, 3), np.uint8)
        lettering.write(image, 0, 0, letter, (255, 255, 255))
        assert image.any(), letter
        shapes.add(image.tobytes())
    assert len(shapes) == len(letters)


def test_a_written_sheet_reads_back_dot_for_dot(tmp_path):
    image = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)
    write_png(tmp_path / "sheet.png", image)
    with av.open(str(tmp_path / "sheet.png")) as container:
        assert (next(container.decode(video=0)).to_ndarray(format="rgb24") == image).all()
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_a_sheet_that_cannot_be_written_leaves_what_was_there(tmp_path):
    with pytest.raises(OutputError):
        write_png(tmp_path / "gone" / "sheet.png", np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError):
        write_png(tmp_path / "folder.png", np.zeros((4, 4, 3), np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]
