from __future__ import annotations

import opentimelineio as otio
import pytest

from hitpoint.plugin.timeline.music_only import otio_json
from hitpoint.plugin.timeline.score_track import score_track


@pytest.mark.parametrize("rate", [24000 / 1001, 23.976, 25.0, 29.97, 60000 / 1001])
def test_a_timeline_with_music_alone_has_the_edits_name_rate_and_start(rate: float) -> None:
    track = score_track(
        name="Hitpoint Score",
        frames=240,
        rate=rate,
        media_url="score.wav",
        media_name="score.wav",
        samples=480480,
        provenance={"engine": "composer"},
    )
    timeline = otio.adapters.read_from_string(otio_json('Schnitt "ü"', rate, 86400, track), "otio_json")
    assert timeline.name == 'Schnitt "ü"'
    assert timeline.global_start_time == otio.opentime.RationalTime(86400, rate)
    assert [(t.name, t.kind) for t in timeline.tracks] == [("Hitpoint Score", "Audio")]
    assert timeline.duration() == otio.opentime.RationalTime(240, rate)
    clip = timeline.tracks[0][0]
    assert clip.media_reference.available_range == clip.source_range
    assert clip.media_reference.metadata["hitpoint"]["samples"] == 480480


def test_a_timeline_that_starts_at_zero_says_so() -> None:
    track = score_track(name="a", frames=1, rate=25.0, media_url="b", media_name="c", samples=1920, provenance={})
    timeline = otio.adapters.read_from_string(otio_json("", 25.0, 0, track), "otio_json")
    assert timeline.global_start_time == otio.opentime.RationalTime(0, 25)
