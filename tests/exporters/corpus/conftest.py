"""What tests of the corpus share: a small one, built once, and recipes as timelines."""

from __future__ import annotations

import shutil
from pathlib import Path

import opentimelineio as otio
import pytest

from hitpoint.exporters.corpus.edit import layout
from hitpoint.exporters.corpus.film import names
from hitpoint.exporters.corpus.recipe import Recipe
from hitpoint.exporters.corpus.shelf import build

CALM, PALE = 893, 2495  # 12 s each, made without a film
FILMED = 2360  # 12 s in two storyboards, a shot at another speed
HELD = 1_000_037


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory) -> Path:
    """Two items of sound alone, one with its film, and one that is held out."""
    folder = tmp_path_factory.mktemp("corpus") / "small"
    build(folder, [FILMED], workers=1)
    build(folder, [CALM, PALE, HELD], workers=2, sound_only=True)
    return folder


@pytest.fixture
def corpus(small_corpus, tmp_path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(small_corpus, tmp_path / "small"))


@pytest.fixture(scope="session")
def as_timeline():
    """Writes a recipe as the timeline that an editor would have made of its films."""
    return timeline


def timeline(recipe: Recipe, folder: Path) -> otio.schema.Timeline:
    rate = float(recipe.rate.fps)

    def span(start: int, frames: int) -> otio.opentime.TimeRange:
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(frames, rate)
        )

    track, at = otio.schema.Track("V1", kind="Video"), 0
    for shot, start in zip(recipe.shots, layout(recipe), strict=True):
        if shot.start > at:
            track.append(otio.schema.Gap(source_range=span(0, shot.start - at)))
        media = otio.schema.ExternalReference(str(folder / names(recipe)[shot.roll]), span(0, 100_000))
        clip = otio.schema.Clip(f"at {shot.start}", media, span(start, shot.end - shot.start))
        if shot.speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(shot.speed)))
        track.append(clip)
        at = shot.end
    made = otio.schema.Timeline(
        f"corpus {recipe.seed}", global_start_time=otio.opentime.RationalTime(recipe.start_frame, rate)
    )
    made.tracks.append(track)
    for mark in recipe.markers:
        made.tracks.markers.append(otio.schema.Marker(mark.name, span(mark.frame, mark.frames), mark.color))
    return made
