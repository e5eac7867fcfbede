"""The cue list: spotting notes as a table that a composer opens in any spreadsheet."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from .beats import laid
from .sheet import CueSheet, Hit, Storyboard

COLUMNS = (
    "timecode", "frame", "seconds", "bar", "beat", "tempo", "kind", "name", "weight", "wish", "place", "outcome",
    "asked", "met", "ms off", "storyboard",
)  # fmt: skip
BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP: what a spreadsheet may take for a formula
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it Excel takes UTF-8 for the system's old encoding
TEMPO_STEP = 2.0  # bpm from bar to bar that are worth a line

Cell = str | int | float | None


def cue_list(sheet: CueSheet) -> str:
    """CSV, rising in time, to be written as UTF-8: a row for every hit, change of metre or tempo, and rest.

    Bars count on through the piece from 1. A beat of 2.5 lies halfway between the second and the third of its bar.
    `asked` and `met` are seconds; `ms off` is above zero where the music is late.
    """
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for _, _, row in sorted(_rows(sheet), key=lambda row: (round(row[0], 4), row[1])):
        table.writerow(_safe(row.get(column)) for column in COLUMNS)
    return BOM + file.getvalue()


def _safe(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula: an apostrophe in front makes it plain text."""
    if isinstance(cell, str) and cell.startswith(BEGINS_FORMULA):
        return "'" + cell
    return cell


class _Bars:
    """The bars of one storyboard: `first` is the number of its first one."""

    def __init__(self, sheet: CueSheet, board: Storyboard, first: int) -> None:
        self.board, self.first = board, first
        self.beats = laid(board, sheet.rate)
        self.downbeats = board.downbeats(len(self.beats))
        self.end = sheet.seconds(board.end)

    def place(self, seconds: float) -> tuple[int, float]:
        """Bar and beat of a moment."""
        at = max(0, bisect_right(self.beats, seconds + 1e-6) - 1)
        bar = bisect_right(self.downbeats, at) - 1
        part = min(0.99, max(0.0, (seconds - self.beats[at]) / self._length(at)))
        return self.first + bar, at - self.downbeats[bar] + 1 + part

    def tempo(self, seconds: float) -> float:
        """The tempo there, in bpm: that of the beat in which the moment lies."""
        return 60.0 / self._length(max(0, bisect_right(self.beats, seconds + 1e-6) - 1))

    def changes(self) -> Iterator[tuple[float, str, str]]:
        """Seconds, kind and words of every bar that is of another length, or clearly of another tempo, than before."""
        length, tempo, last = 0, 0.0, len(self.beats)
        for start, end in pairwise([*self.downbeats, last]):
            now = 60.0 * (end - start) / sum(self._length(beat) for beat in range(start, end))
            if abs(now - tempo) >= TEMPO_STEP:
                yield self.beats[start], "tempo", f"{now:.2f} bpm"
                tempo = now
            if end - start > length or (
                end - start < length and end < last
            ):  # no bar is shorter because the end cuts it off
                yield self.beats[start], "metre", f"{end - start}/4 time"
                length = end - start

    def _length(self, beat: int) -> float:
        """Seconds from a beat to the next; the last is as long as the one before it."""
        if len(self.beats) < 2:
            return 60.0 / self.board.tempo
        beat = min(beat, len(self.beats) - 2)
        return self.beats[beat + 1] - self.beats[beat]


def _rows(sheet: CueSheet) -> Iterator[tuple[float, int, dict[str, Cell]]]:
    """Each row with its seconds and its order among those of one moment: what changes comes before what happens."""
    known: list[_Bars] = []
    count = 1
    for board in sheet.storyboards:
        known.append(_Bars(sheet, board, count))
        count += len(known[-1].downbeats)
    for bars in known:
        for seconds, kind, words in bars.changes():
            yield seconds, 0, {**_where(sheet, bars, seconds), "kind": kind, "name": words}
    starts = [board.start for board in sheet.storyboards]

    def around(frame: int) -> _Bars | None:
        at = bisect_right(starts, frame) - 1
        return known[at] if at >= 0 and frame < known[at].board.end else None

    for rest in sheet.rests:
        seconds = sheet.seconds(rest.start)
        until = sheet.rate.timecode(sheet.start_frame + rest.end, sheet.drop_frame)
        words = f"{rest.name or 'silence'} (until {until})"
        yield seconds, 1, {**_where(sheet, around(rest.start), seconds, rest.start), "kind": "rest", "name": words}
    for hit in sheet.hits:
        seconds = sheet.seconds(hit.frame)
        where = _where(sheet, around(hit.frame), seconds, hit.frame)
        met = seconds if hit.outcome != "landed" or hit.at is None else hit.at
        yield seconds, 2, {**where, **_beat(around(hit.frame), met), **_of(hit, seconds)}


def _of(hit: Hit, asked: float) -> dict[str, Cell]:
    return {
        "kind": hit.kind,
        "name": hit.name,
        "weight": round(hit.weight, 2),
        "wish": hit.wish,
        "place": hit.place,
        "outcome": hit.outcome,
        "asked": round(asked, 3),
        "met": None if hit.at is None else round(hit.at, 3),
        "ms off": None if hit.at is None else round(1000 * (hit.at - asked), 1) + 0.0,
    }


def _where(sheet: CueSheet, bars: _Bars | None, seconds: float, frame: int | None = None) -> dict[str, Cell]:
    frame = sheet.rate.frame_at(seconds) if frame is None else frame
    where: dict[str, Cell] = {
        "timecode": sheet.rate.timecode(sheet.start_frame + frame, sheet.drop_frame),
        "frame": frame,
        "seconds": round(seconds, 3),
    }
    return {**where, **_beat(bars, seconds)}


def _beat(bars: _Bars | None, seconds: float) -> dict[str, Cell]:
    if bars is None:
        return {}
    bar, beat = bars.place(seconds)
    return {"bar": bar, "beat": round(beat, 2), "tempo": round(bars.tempo(seconds), 2), "storyboard": bars.board.name}
