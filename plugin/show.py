"""Answers and progress for a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..runtime.progress import Progress, silent

Answer = dict[str, Any]
MOST_ROWS = 40


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
            "" if h["landed"] is None else f"{1000 * (h['landed'] - h['asked']):+.1f}",
        )
        for h in answer["hits"]
    ]
    _table(("hit", "kind", "name", "outcome", "ms off"), hits)
    total = len(answer["hits"])
    _say(f"{answer['landed']} of {total} hits landed, {answer['near']} near, {answer['missed']} missed")
    loudness = "silent" if answer["loudness"] is None else f"{answer['loudness']:.1f} LUFS"
    peak = "" if answer["true_peak"] is None else f", true peak {answer['true_peak']:.1f} dBTP"
    _say(f"{loudness}{peak}, {answer['samples']} samples ({answer['seconds']:.3f} s)")
    _warn(answer)


def unscore(answer: Answer) -> None:
    _say(f"wrote {answer['out']}: {answer['tracks_removed']} of our tracks taken out")
    _warn(answer)


def evaluate(answer: Answer) -> None:
    for key, value in answer.items():
        if key == "warnings":
            continue
        if isinstance(value, dict):
            _say(f"{key}: " + ", ".join(f"{k} {_short(v)}" for k, v in value.items()))
        elif isinstance(value, list):
            _table(tuple(value[0]) if value else (), [tuple(_short(v) for v in row.values()) for row in value])
        else:
            _say(f"{key}: {_short(value)}")
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
    shown = [tuple(str(cell).replace("\n", " ") for cell in row) for row in rows[:MOST_ROWS]]
    widths = [max(len(row[i]) for row in [head, *shown]) for i in range(len(head))]
    for row in [head, *shown]:
        _say("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    if len(rows) > MOST_ROWS:
        _say(f"  ... and {len(rows) - MOST_ROWS} more; --json lists all")


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _warn(answer: Answer) -> None:
    for warning in answer.get("warnings", []):
        print(f"warning: {warning}", file=sys.stderr)


def _say(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
