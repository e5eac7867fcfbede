"""`hitpoint demo`: a small film, its edit, a score on its timeline, and a preview to watch."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...runtime.errors import OutputError
from ...runtime.mix.files import Transaction, writing
from ...runtime.progress import Progress, forward, part, silent
from .. import scoring
from ..preview import render_preview
from ..timeline.reading import Source
from .film import DIALOGUE, DIALOGUE_FRAMES, DemoClip, make_film
from .scenes import FLASHES

MADE_HERE = "hitpoint-demo"  # in the metadata of a timeline that a demo made
MEDIA = "media"
EDIT = "demo.otio"
SCORED = "demo.scored.otio"
PREVIEW = "demo.preview.mp4"
DISSOLVE = 8  # frames to each side of the cut
DIALOGUE_AT = 40

# Storyboard, clip, first frame of the clip, frames.
CUTS = (
    ("Morning", "dawn", 0, 96),
    ("", "sea", 12, 72),
    ("", "dawn", 108, 72),
    ("The fair", "fair", 6, 36),
    ("", "train", 0, 24),
    ("", "fair", 60, 30),
    ("", "train", 48, 24),
    ("", "meadow", 20, 42),
    ("", "fair", 100, 40),
    ("Storm", "storm", 0, 66),
    ("", "sea", 100, 48),
    ("", "storm", 90, 60),
    ("", "meadow", 96, 64),
)


def run(folder: Path, *, seed: int = 0, progress: Progress = silent) -> dict[str, Any]:
    """Makes everything in `folder` and says what was written and how the music landed."""
    progress = forward(progress)
    edit_path = make_edit(folder, part(progress, 0.0, 0.35))
    source = Source(edit_path)
    wish = scoring.Wish(seed=seed, markers="storyboards", stems=True)
    scored = scoring.score(source, wish, out=folder / SCORED, progress=part(progress, 0.35, 0.6))
    edit, _ = source.read()
    preview = render_preview(edit, scored.wav, folder / PREVIEW, progress=part(progress, 0.6, 1.0))
    wrote = [edit_path, scored.out, *(scored.folder / name for name in scored.report["files"]), preview.path]
    warnings = [*scored.report["warnings"], *preview.warnings]
    return {
        "folder": str(folder),
        "edit": str(edit_path),
        "out": str(scored.out),
        "preview": str(preview.path),
        "wrote": [str(path) for path in wrote],
        "report": scored.report,
        "warnings": warnings,
    }


def make_edit(folder: Path, progress: Progress = silent) -> Path:
    """Makes the film and its edit in `folder`, without a score, and says where the edit lies."""
    _check_folder(folder)
    try:
        clips = {clip.name: clip for clip in make_film(folder / MEDIA, progress)}
    except BaseException:
        for empty in (folder / MEDIA, folder):
            with contextlib.suppress(OSError):
                empty.rmdir()
        raise
    edit_path = folder / EDIT
    with Transaction() as files:
        staged = files.stage(edit_path)
        with writing(edit_path):
            staged.write_text(otio.adapters.write_to_string(timeline(clips), "otio_json"), encoding="utf-8")
        files.commit()
    return edit_path


def _check_folder(folder: Path) -> None:
    """Only an empty folder, or one that a demo made before, is written into."""
    taken: list[str] = []
    try:
        taken = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        ours = not taken or MADE_HERE in json.loads((folder / EDIT).read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise OutputError(
            f"{folder} holds other files ({', '.join(taken[:3])}): --out names a folder for the demo alone"
        )


def timeline(clips: Mapping[str, DemoClip]) -> Any:
    """The edit: a dozen cuts, one of them a dissolve, three storyboards, markers, and two tracks of sound."""
    fps = float(next(iter(clips.values())).rate.fps)
    made = otio.schema.Timeline("Hitpoint demo", global_start_time=otio.opentime.RationalTime(86400, fps))
    made.metadata[MADE_HERE] = True
    picture = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    ambience = otio.schema.Track("Ambience", kind=otio.schema.TrackKind.Audio)
    dialogue = otio.schema.Track("Dialogue", kind=otio.schema.TrackKind.Audio)
    stack = made.tracks
    frame = 0
    for i, (board, name, first, frames) in enumerate(CUTS):
        if board:
            _mark(stack, frame, 0, f"storyboard: {board}", "PURPLE", fps)
        if i == len(CUTS) - 1:
            offset = otio.opentime.RationalTime(DISSOLVE, fps)
            kind = otio.schema.TransitionTypes.SMPTE_Dissolve
            picture.append(otio.schema.Transition("dissolve", kind, offset, offset))
        shot = _clip(clips[name].path, clips[name].frames, first, frames, fps)
        if name == "storm":
            for flash in FLASHES:
                at = round(flash * fps)
                if first + 12 <= at < first + frames - 12:
                    _mark(shot, at, 0, "hit: lightning", "RED", fps)
                    break
        picture.append(shot)
        ambience.append(_clip(clips[name].path, clips[name].frames, first, frames, fps))
        frame += frames
    dialogue.append(otio.schema.Gap(duration=otio.opentime.RationalTime(DIALOGUE_AT, fps)))
    voice = next(iter(clips.values())).path.with_name(DIALOGUE)
    dialogue.append(_clip(voice, DIALOGUE_FRAMES, 0, DIALOGUE_FRAMES, fps))
    stack.extend([picture, ambience, dialogue])
    return made


def _clip(path: Path, available: int, first: int, frames: int, fps: float) -> Any:
    def span(start: int, length: int) -> Any:
        return otio.opentime.TimeRange(otio.opentime.RationalTime(start, fps), otio.opentime.RationalTime(length, fps))

    media = otio.schema.ExternalReference(f"{MEDIA}/{path.name}", span(0, available))
    return otio.schema.Clip(path.name, media, span(first, frames))


def _mark(item: Any, frame: int, frames: int, name: str, color: str, fps: float) -> None:
    start, length = otio.opentime.RationalTime(frame, fps), otio.opentime.RationalTime(frames, fps)
    item.markers.append(otio.schema.Marker(name, otio.opentime.TimeRange(start, length), color))
