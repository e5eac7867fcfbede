"""What the picture and the sound of an edit show, gathered: the steps between reading an edit and planning its music."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..runtime.cues.sheet import CueSheet
from ..runtime.edit import Edit, with_detected
from ..runtime.picture.mood import moods
from ..runtime.picture.storyboards import Board, Wishes, storyboards
from ..runtime.progress import Progress, part, silent
from . import eyes
from .timeline.bundle import extract_media
from .timeline.document import Document
from .timeline.reading import Source

if TYPE_CHECKING:  # what opens media is imported when there are media to open
    from ..runtime.picture.dialogue import Stretch
    from ..runtime.picture.look import Seen
    from ..runtime.picture.parse import Thumbs

Detect = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class Wanted:
    """What to look into. Without `picture` only markers and gaps make storyboards; `pictures` keeps thumbnails.

    Markers of these `colours` start storyboards, as markers named `storyboard: NAME` do. `vision` is a vision pack's
    name, folder or file; `commercial` refuses one whose licence forbids selling what it helps to make.
    """

    detect: Detect = "auto"
    picture: bool = True
    speech: bool = False
    pictures: bool = False
    colours: tuple[str, ...] = ()
    vision: str | None = None
    commercial: bool = False


USUAL = Wanted()
OTHER_MOOD = 0.25  # of a valence: moods that differ by less are taken for one


@dataclass(frozen=True)
class Shown:
    """`edit` knows the cuts that were detected. `seen` is None where no medium could be looked at."""

    edit: Edit
    boards: tuple[Board, ...]
    seen: Seen | None = None
    thumbs: Thumbs | None = None
    dialogue: tuple[Stretch, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What `inspect` says beyond the edit."""
        looks = self.seen.looks if self.seen else ()
        at = self.edit.seconds
        return {
            **self.edit.to_json(),
            "storyboards": [board.to_json() for board in self.boards],
            "looks": [
                {"start": shot.start, "end": shot.end, **look.to_json()}
                for shot, look in zip(self.edit.shots, looks, strict=False)
            ],
            "visual_beats": [
                {"seconds": round(beat.seconds, 3), "strength": round(beat.strength, 3)}
                for beat in (self.seen.beats if self.seen else ())
            ],
            "dialogue": [
                {**said.to_json(), "seconds": round(at(said.start), 3), "length": round(at(said.end - said.start), 3)}
                for said in self.dialogue
            ],
            "warnings": list(dict.fromkeys([*self.edit.warnings, *self.warnings])),
        }


def look(edit: Edit, wanted: Wanted = USUAL, progress: Progress = silent) -> Shown:
    """Looks at the media behind an edit: hidden cuts, what each shot shows, storyboards, and where people speak."""
    warnings: list[str] = []
    seen: Seen | None = None
    thumbs: Thumbs | None = None
    if wanted.picture and any(shot.online for shot in edit.shots):
        from ..runtime.picture.detect import detect
        from ..runtime.picture.parse import parse, parse_with_pictures

        if wanted.detect != "never":
            edit = with_detected(edit, detect(edit, mode=wanted.detect, progress=part(progress, 0.0, 0.3)))
        looking = part(progress, 0.3, 0.8)
        with eyes.opened(wanted.vision, wanted.commercial, warnings) as vision:
            if wanted.pictures:
                seen, thumbs = parse_with_pictures(edit, vision=vision, progress=looking)
            else:
                seen = parse(edit, vision=vision, progress=looking)
        warnings += seen.warnings
    elif wanted.vision:
        warnings.append("the vision pack has looked at nothing: no medium of this edit's picture was found")
    spoken, unheard = listen(edit, part(progress, 0.8, 1.0)) if wanted.speech else ((), ())
    warnings += unheard
    boards, told = storyboards(edit, seen, wishes=Wishes(colours=wanted.colours))
    warnings += told
    return Shown(edit, boards, seen, thumbs, spoken, tuple(dict.fromkeys(warnings)))


def compared(shown: Shown, sheet: CueSheet) -> CueSheet:
    """The sheet, with a word where a mood in it is none that its picture has: a model that looks knows the picture's."""
    boards = sheet.storyboards
    if shown.seen is None or not boards:
        return sheet
    bounds = [*(board.start for board in boards), boards[-1].end]
    found = moods(shown.edit, shown.seen, bounds)
    other = [
        f"'{board.name}' ({board.brief.valence:+.2f}, its picture {mood.valence:+.2f})"
        for board, mood in zip(boards, found, strict=True)
        if abs(board.brief.valence - mood.valence) > OTHER_MOOD
    ]
    if not other:
        return sheet
    more = f" and {len(other) - 3} more" if len(other) > 3 else ""
    told = (
        f"dark and bright come from the picture here, not from the cue sheet: {', '.join(other[:3])}{more}; its energy "
        "and density count"
    )
    return replace(sheet, warnings=tuple(dict.fromkeys([*sheet.warnings, told])))


def listen(edit: Edit, progress: Progress = silent) -> tuple[tuple[Stretch, ...], tuple[str, ...]]:
    """Where people speak on the edit's own sound, and what could not be heard."""
    if not any(clip.online for track in edit.audio_tracks for clip in track.clips):
        return (), ()
    from ..runtime.picture.dialogue import dialogue

    heard = dialogue(edit, progress=progress)
    return heard.stretches, heard.warnings


@contextmanager
def opened(source: Source) -> Iterator[tuple[Edit, Document, Source]]:
    """An edit whose media can be opened for as long as the context lasts, and the source that finds them."""
    edit, document = source.read()
    with with_media(source, edit, document) as (reachable, finding):
        yield reachable, document, finding


@contextmanager
def with_media(source: Source, edit: Edit, document: Document) -> Iterator[tuple[Edit, Source]]:
    """The same for an edit that is read already: the media of an .otioz lie in a folder of their own meanwhile."""
    if document.format != "otioz":
        yield edit, source
        return
    with tempfile.TemporaryDirectory(prefix="hitpoint-") as room:
        extract_media(document.path, Path(room))
        finding = replace(source, media_roots=(Path(room), *source.media_roots))
        yield finding.read()[0], finding
