"""What somebody asks of the spotting in words of the host: timecodes, colours and tempi."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..runtime.cues.laying import FASTEST, SLOWEST
from ..runtime.cues.sheet import CueSheet, Rest
from ..runtime.cues.spot import Wishes
from ..runtime.edit import Edit
from ..runtime.engines.composer.style import Style, load
from ..runtime.errors import InputError, UsageError


@dataclass(frozen=True)
class Asked:
    """`hit_colours` of the markers that are hits (all where empty), `silences` as pairs of timecodes, `tempi` in bpm."""

    hit_colours: tuple[str, ...] = ()
    silences: tuple[tuple[str, str], ...] = ()
    tempi: tuple[float, float] = (SLOWEST, FASTEST)
    style: str | None = None

    def of(self, edit: Edit) -> Wishes:
        """The wishes in this edit's frames. Raises UsageError where a timecode is none, or lies outside."""
        rests = tuple(_rest(edit, pair) for pair in self.silences)
        wishes = Wishes(self.hit_colours, rests, *self.tempi)
        return wishes if self.style is None else wishes.in_style(self.style, _style(self.style).tempo)

    def styled(self, sheet: CueSheet) -> CueSheet:
        """A sheet that was made elsewhere, in the style asked for."""
        if self.style is None:
            return sheet
        _style(self.style)
        boards = (replace(board, brief=replace(board.brief, style=self.style)) for board in sheet.storyboards)
        return replace(sheet, storyboards=tuple(boards))


def _style(name: str) -> Style:
    try:
        return load(name)
    except InputError as error:
        raise UsageError(f"--style: {error}") from None


USUAL = Asked()


def _rest(edit: Edit, pair: Sequence[str]) -> Rest:
    frames = []
    for timecode in pair:
        try:
            frame = edit.rate.frame_of(timecode, edit.drop_frame) - edit.start_frame
        except ValueError as error:
            raise UsageError(f"--silence: {error}") from None
        if not 0 <= frame <= edit.frames:
            lasts = f"from {edit.timecode(0)} to {edit.timecode(edit.frames)}"
            raise UsageError(f"--silence {timecode} lies outside the timeline, which lasts {lasts}")
        frames.append(frame)
    if frames[0] >= frames[1]:
        raise UsageError(f"--silence {pair[0]} is not before {pair[1]}")
    return Rest(frames[0], frames[1], "silence")
