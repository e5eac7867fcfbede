"""An AAF's timecode is counted as it says itself."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import aaf2
import pytest

from hitpoint.plugin.timeline.aaf_clock import drops_frames
from hitpoint.plugin.timeline.reading import read_edit

EDITS = Path(__file__).resolve().parents[4] / "shared" / "edits"


def sequence(path: Path, start: int, drop: bool, rate: str = "30000/1001") -> Path:
    """A composition of one gap, with a timecode track."""
    with aaf2.open(str(path), "w") as file:
        composition = file.create.CompositionMob("Reel 1")
        composition.usage = "Usage_TopLevel"
        clock = composition.create_timeline_slot(rate)
        clock.segment = file.create.Timecode(round(Fraction(rate)), drop=drop)
        clock.segment.start, clock.segment.length = start, 1800
        picture = composition.create_picture_slot(rate)
        picture.segment.components.append(file.create.Filler("picture", 1800))
        file.content.mobs.append(composition)
    return path


@pytest.mark.parametrize("drop", [True, False])
def test_a_timecode_track_says_how_it_counts(tmp_path, drop):
    path = sequence(tmp_path / "cut.aaf", 107_892, drop)
    assert drops_frames(path, "Reel 1", 107_892) is drop


def test_another_composition_or_another_start_says_nothing(tmp_path):
    path = sequence(tmp_path / "cut.aaf", 107_892, True)
    assert not drops_frames(path, "Reel 2", 107_892)
    assert not drops_frames(path, "Reel 1", 0)
    assert not drops_frames(tmp_path / "nothing.aaf", "Reel 1", 0)


def test_avids_own_file_starts_at_five_oclock():
    path = EDITS / "aaf__2997fps-DFTC.aaf"
    if not path.is_file():
        pytest.skip("the shared edits are not here")
    edit, _ = read_edit(path)
    assert edit.rate.timecode(edit.start_frame, edit.drop_frame) == "05:00:00;00"
