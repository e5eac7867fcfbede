"""The films of a recipe: one small file for each roll, with every shot that comes from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from ...runtime.errors import OutputError
from ...runtime.progress import Progress, silent
from .edit import layout, used
from .recipe import Recipe, ShotRecipe
from .scene import HEIGHT, WIDTH, Picture, painter

TAIL = 6  # frames after the last shot of a roll


def names(recipe: Recipe) -> dict[int, str]:
    """The file of each roll that the edit uses."""
    return {roll: f"roll-{roll + 1}.mp4" for roll in sorted({shot.roll for shot in recipe.shots})}


def film(recipe: Recipe, folder: Path, progress: Progress = silent) -> dict[int, Path]:
    """Writes the rolls into `folder`. Equal recipes, equal frames."""
    rolls = names(recipe)
    placed = list(zip(recipe.shots, layout(recipe), strict=True))
    try:
        for number, (roll, name) in enumerate(rolls.items()):
            progress(number / len(rolls), "filming")
            inside = [(shot, start) for shot, start in placed if shot.roll == roll]
            _write(folder / name, recipe, inside, lambda: progress(0.5, "filming"))
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"{folder}: the film cannot be written: {error.strerror or error}") from None
    progress(1.0, "filmed")
    return {roll: folder / name for roll, name in rolls.items()}


def frames(recipe: Recipe, shots: list[tuple[ShotRecipe, int]]) -> Iterator[Picture]:
    """A roll's pictures: each shot with what was filmed before it, the last one with a tail."""
    at = 0
    for number, (shot, start) in enumerate(shots):
        paint = painter(shot)
        end = start + used(shot) + (TAIL if number + 1 == len(shots) else 0)
        for frame in range(at, end):
            yield paint((frame - start) / float(recipe.rate.fps))
        at = end


def _write(path: Path, recipe: Recipe, shots: list[tuple[ShotRecipe, int]], check: Callable[[], Any]) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libx264" if "libx264" in av.codecs_available else "mpeg4",
            rate=recipe.rate.fps,
            options={"preset": "superfast", "crf": "20", "g": "48"},
        )
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.thread_count = 1  # the same bytes on any machine
        converter = VideoReformatter()
        for number, picture in enumerate(frames(recipe, shots)):
            if number % 50 == 0:
                check()
            frame = converter.reformat(av.VideoFrame.from_ndarray(picture, "rgb24"), format="yuv420p")
            frame.pts, frame.time_base = number, 1 / recipe.rate.fps
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
