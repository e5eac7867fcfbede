from dataclasses import replace

from hitpoint.runtime.edit import Cut
from hitpoint.ui.state.edit import SeenEdit, ShotLook, Swatch


def test_a_palette_is_that_of_the_shots_by_their_length(edit):
    red, blue, nearly_red = Swatch("#ff0000", 1.0), Swatch("#0000ff", 1.0), Swatch("#f00a0a", 1.0)
    looks = [ShotLook() for _ in edit.shots]
    looks[0], looks[1], looks[2] = (ShotLook(palette=(each,), known=True) for each in (nearly_red, red, blue))
    seen = SeenEdit("", edit, True, tuple(looks))
    found = seen.palette(0, 130)  # shots of 40, 50 and 40 frames
    assert [swatch.colour for swatch in found] == ["#ff0000", "#0000ff"]
    assert found[0].share == round(90 / 130, 4)
    assert seen.palette(200, 300) == ()


def test_shots_are_found_where_they_reach_into(edit):
    seen = SeenEdit("", edit)
    assert [span for span, _ in seen.shots_in(50, 131)] == [(40, 90), (90, 130), (130, 200)]
    assert [span for span, _ in seen.shots_in(0, 1)] == [(0, 40)]


def test_cuts_where_a_storyboard_may_start_lie_inside_the_picture(edit):
    more = replace(edit, cuts=(Cut(0), *edit.cuts, Cut(edit.frames), Cut(40)))
    assert SeenEdit("", more).cut_frames() == tuple(cut.frame for cut in edit.cuts)
    assert SeenEdit("", replace(edit, picture_start=None)).picture == (0, 0)


def test_missing_media_are_named_once(edit):
    twice = replace(edit, shots=(edit.shots[0], edit.shots[0], replace(edit.shots[1], online=True)))
    assert SeenEdit("", twice).missing() == ("0.mov",)
