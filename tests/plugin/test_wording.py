import pytest

from hitpoint.plugin.wording import Words, reworded
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Edit, Marker, Shot
from hitpoint.runtime.rate import Rate


def edit(*markers):
    marks = tuple(Marker(frame, frames, name, "", colour, "timeline") for frame, frames, name, colour in markers)
    return Edit("e", Rate.of(25), 500, 0, False, 0, 500, (), (), marks, (Shot(0, 500, "a"),))


WORDS = Words(("boum",), ("scène", "act one"), ("stille",), ("Yellow",))


@pytest.mark.parametrize(
    ("name", "colour", "becomes"),
    [
        ("Boum", "RED", "hit"),
        ("boum: the door", "RED", "hit: the door"),
        ("boumerang", "RED", "boumerang"),
        ("Scène: Nuit", "", "storyboard: Nuit"),
        ("act  one", "", "storyboard: "),
        ("Stille hier", "", "silence: hier"),
        ("anything", "YELLOW", "silence: anything"),
        ("", "yellow", "silence"),
        ("storyboard: boum", "YELLOW", "storyboard: boum"),
        ("hit: stille", "YELLOW", "hit: stille"),
    ],
)
def test_a_persons_words_and_colours_become_ours(name, colour, becomes):
    assert reworded(edit((10, 0, name, colour)), WORDS).markers[0].name == becomes


def test_without_words_of_ones_own_nothing_is_touched():
    one = edit((10, 0, "boum", "YELLOW"))
    assert reworded(one) is one


def test_the_planning_does_what_the_words_say():
    said = edit((0, 0, "scène: A", ""), (200, 0, "scène: B", ""), (300, 50, "stille", ""), (120, 0, "boum: x", "RED"))
    sheet = plan(reworded(said, WORDS))
    assert [(board.name, board.start) for board in sheet.storyboards] == [("A", 0), ("B", 200)]
    assert [(rest.start, rest.end) for rest in sheet.rests] == [(300, 350)]
    assert [hit.wish for hit in sheet.hits if hit.frame == 120] == ["accent"]
