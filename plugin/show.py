"""Answers and progress for a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..runtime.progress import Progress, silent

Answer = dict[str, Any]
MOST_ROWS = 40
WIDEST = 48


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on standard error where that is a terminal; else nothing."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:<32}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda fraction, words: bar.update(task, completed=fraction, description=words)


def inspect(answer: Answer) -> None:
    _head(answer)
    _say(
        f"picture: frames {answer['picture_start']} to {answer['picture_end']}" if answer["shots"] else "picture: none"
    )
    cuts = answer["cuts"]
    _say(f"{len(cuts)} cuts, {len(answer['through_edits'])} through edits, {len(answer['shots'])} shots")
    rows = [
        (c["frame"], f"{c['seconds']:.3f}", c["kind"] + (" (overlay?)" if c["maybe_overlay"] else "")) for c in cuts
    ]
    _table(("cut at frame", "seconds", "kind"), rows)
    marks = [
        (m["frame"], f"{m['seconds']:.3f}", m["name"], m["note"], m["color"], m["source"]) for m in answer["markers"]
    ]
    _table(("marker at", "seconds", "name", "note", "colour", "on"), marks)
    boards = [
        (
            b["name"],
            b["start"],
            b["end"],
            f"{b['mood']['valence']:+.2f}",
            f"{b['mood']['energy']:.2f}",
            _cell(", ".join(b["mood"]["reasons"])),
        )
        for b in answer.get("storyboards", [])
    ]
    _table(("storyboard", "from frame", "to", "valence", "energy", "because"), boards)
    spoken = [(d["start"], d["end"], d["track"], f"{d['confidence']:.2f}") for d in answer.get("dialogue", [])]
    _table(("speech from", "to", "track", "sure"), spoken)
    if answer.get("picture"):
        _say(f"drew {answer['picture']}")
    for track in answer["audio_tracks"]:
        _say(f"audio track '{track['name']}': {len(track['clips'])} clips")
    _warn(answer)


def cues(answer: Answer) -> None:
    _say(f"wrote {answer['out']}: {len(answer['storyboards'])} storyboards, {len(answer['hits'])} hits")
    _warn(answer)


def score(answer: Answer) -> None:
    _say(f"wrote {answer['out']}")
    _say(f"      {answer['folder']}: {', '.join(answer['files'])}")
    report(answer)


def report(answer: Answer) -> None:
    """The report of a score, as `score` and `demo` print it."""
    _say(f"engine {answer['engine']} {answer['engine_version']} ({answer['licence']}), seed {answer['seed']}")
    boards = [(b["name"], b["start"], b["end"], f"{b['tempo']:g}") for b in answer["storyboards"]]
    _table(("storyboard", "from frame", "to", "tempo"), boards)
    hits = [
        (
            h["timecode"],
            h["kind"],
            h["name"],
            h["outcome"],
            _off(None if h["landed"] is None else h["landed"] - h["asked"]),
        )
        for h in answer["hits"]
    ]
    _table(("hit", "kind", "name", "outcome", "ms off"), hits)
    total = len(answer["hits"])
    _say(f"{answer['landed']} of {total} hits landed, {answer['near']} near, {answer['missed']} missed")
    _say(f"{_level(answer)}, {answer['samples']} samples ({answer['seconds']:.3f} s)")
    _warn(answer)


def _level(answer: Answer) -> str:
    if answer["true_peak"] is None:
        return "silent"
    loudness = answer["loudness"]
    words = "too short or too quiet for a loudness" if loudness is None else f"{loudness:.1f} LUFS"
    return f"{words}, true peak {answer['true_peak']:.1f} dBTP"


def _off(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:+.1f}"


def unscore(answer: Answer) -> None:
    _say(f"wrote {answer['out']}: {answer['tracks_removed']} of our tracks taken out")
    _warn(answer)


def evaluate(answer: Answer) -> None:
    moments = [
        (m["frame"], f"{m['seconds']:.3f}", m["kind"], m["name"], m["outcome"], _off(m["distance"]))
        for m in answer["moments"]
    ]
    _table(("frame", "seconds", "kind", "name", "outcome", "ms off"), moments)
    for key, words in (
        ("within_half_frame", "within half a frame"),
        ("within_frame", "within a frame"),
        ("within_near", "within 0.1 s"),
    ):
        share = answer[key]
        if share["fraction"] is not None:
            _say(
                f"{100 * share['fraction']:.0f} % of the moments have an onset {words}; chance is {100 * share['chance']:.0f} %"
            )
    _say(f"{answer['onsets']} onsets heard")
    _say(_level(answer))
    _say(f"{answer['samples']} samples; the edit has {answer['expected_samples']} ({answer['difference']:+d})")
    _warn(answer)


def preview(answer: Answer) -> None:
    _say(f"wrote {answer['out']}: {answer['frames']} frames")
    _warn(answer)


def demo(answer: Answer) -> None:
    _say("made a film, cut it, scored it:")
    for path in answer["wrote"]:
        _say(f"  {path}")
    report(answer["report"])


def doctor(answer: Answer) -> None:
    for part in answer["parts"]:
        mark = "ok     " if part["found"] else ("missing" if part["needed"] else "absent ")
        _say(f"{mark} {part['name']:<28} {part['detail']}")
        if not part["found"] and part["remedy"]:
            _say(f"        {part['remedy']}")
    _warn(answer)


def _head(answer: Answer) -> None:
    drop = " drop-frame" if answer["drop_frame"] else ""
    _say(f"'{answer['name']}': {answer['frames']} frames at {answer['rate']}{drop} ({answer['seconds']:.3f} s)")
    _say(f"starts at {answer['start_timecode']}")


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    shown = [tuple(_cell(cell) for cell in row) for row in rows[:MOST_ROWS]]
    widths = [max(len(row[i]) for row in [head, *shown]) for i in range(len(head))]
    for row in [head, *shown]:
        _say("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    if len(rows) > MOST_ROWS:
        _say(f"  ... and {len(rows) - MOST_ROWS} more; --json lists all")


def _cell(value: Any) -> str:
    text = str(value).replace("\n", " ")
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _warn(answer: Answer) -> None:
    for warning in answer.get("warnings", []):
        print(plain(f"warning: {warning}"), file=sys.stderr)


def plain(text: str) -> str:
    """Text without what would move a terminal's cursor or change its colours."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _say(text: str) -> None:
    text = plain(text)
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
