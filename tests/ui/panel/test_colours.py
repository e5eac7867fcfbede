"""What is written can be read, in both themes and on every mood."""

from __future__ import annotations

import pytest

from hitpoint.ui.theme import icons
from hitpoint.ui.theme.colours import READABLE, SEEN, SHOWN, THEMES, WRITTEN, block, contrast


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)  # WebAIM's calculator
    assert contrast("#0000ff", "#ffff00") == pytest.approx(8.0, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(("ink", "under"), WRITTEN)
def test_every_text_can_be_read_on_what_lies_under_it(name, ink, under):
    colours = THEMES[name]
    assert contrast(getattr(colours, ink), getattr(colours, under)) >= READABLE


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(("mark", "under"), SHOWN)
def test_every_mark_can_be_seen_on_what_lies_under_it(name, mark, under):
    colours = THEMES[name]
    assert contrast(getattr(colours, mark), getattr(colours, under)) >= SEEN


@pytest.mark.parametrize("name", THEMES)
def test_a_storyboards_name_and_words_can_be_read_whatever_its_mood(name):
    colours = THEMES[name]
    worst = min(
        contrast(ink, block(colours, valence / 10, energy / 10))
        for valence in range(-10, 11)
        for energy in range(11)
        for ink in (colours.bright, colours.text)
    )
    assert worst >= READABLE


@pytest.mark.parametrize("name", icons.NAMES)
def test_every_icon_draws_something_and_stays_inside_its_square(qapp, name):
    picture = icons.pixmap(name, 64, "#ff0000").toImage()
    inked = [(x, y) for x in range(64) for y in range(64) if picture.pixelColor(x, y).alpha() > 40]
    assert len(inked) > 60
    assert all(0 < x < 63 and 0 < y < 63 for x, y in inked)
