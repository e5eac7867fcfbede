"""Values in words and figures, as the panel writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from ...runtime.edit import Edit
from ..state.plan import Board

if TYPE_CHECKING:

    def QT_TRANSLATE_NOOP(context: str, text: str) -> str: ...

else:
    from PySide6.QtCore import QT_TRANSLATE_NOOP


CONTEXTS = ("Panel", "", "words")  # where the translators' tool puts texts that no widget says


def tr(text: str) -> str:
    """For functions: widgets have a `tr` of their own."""
    for context in CONTEXTS:
        said = QCoreApplication.translate(context, text)
        if said != text:
            return said
    return text


COUNTED = {  # a language with more than two forms puts what fits all into the second
    "shot": (QT_TRANSLATE_NOOP("Panel", "{n} shot"), QT_TRANSLATE_NOOP("Panel", "{n} shots")),
    "job": (QT_TRANSLATE_NOOP("Panel", "{n} job"), QT_TRANSLATE_NOOP("Panel", "{n} jobs")),
    "hit": (QT_TRANSLATE_NOOP("Panel", "{n} hit"), QT_TRANSLATE_NOOP("Panel", "{n} hits")),
    "storyboard": (QT_TRANSLATE_NOOP("Panel", "{n} storyboard"), QT_TRANSLATE_NOOP("Panel", "{n} storyboards")),
    "missing": (
        QT_TRANSLATE_NOOP("Panel", "{n} medium was not found"), QT_TRANSLATE_NOOP("Panel", "{n} media were not found"),
    ),
}  # fmt: skip


def count(number: int, what: str) -> str:
    return tr(COUNTED[what][number != 1]).replace("{n}", f"{number:,}")


def mood(valence: float, energy: float) -> str:
    light = (
        tr("dark") if valence < -0.4 else tr("sombre") if valence < -0.1 else tr("bright") if valence > 0.4
        else tr("warm") if valence > 0.1 else tr("neutral")
    )  # fmt: skip
    force = (
        tr("calm") if energy < 0.3 else tr("flowing") if energy < 0.5 else tr("driving") if energy < 0.75
        else tr("intense")
    )  # fmt: skip
    return f"{light}, {force}"


def style(board: Board) -> str:
    return board.style[:1].upper() + board.style[1:]


def clock(seconds: float) -> str:
    """0:07, 1:02:03."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def left(seconds: float) -> str:
    if seconds < 1.5:
        return tr("a moment left")
    return tr("{time} left").replace("{time}", clock(seconds) if seconds >= 60 else f"{round(seconds)} s")


def size(bytes: int) -> str:
    value = float(bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit in ("B", "kB") or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def decibels(value: float) -> str:
    return "-∞ dB" if value <= SILENT_DB else f"{value:+.0f} dB".replace("-", "−") if value else "0 dB"


def edit_facts(edit: Edit) -> str:
    fps = f"{float(edit.rate.fps):.5g}"
    parts = [
        clock(edit.seconds(edit.frames)),
        tr("{n} fps").replace("{n}", fps),
        count(len(edit.shots), "shot"),
    ]
    return "  ·  ".join(parts)


SILENT_DB = -40.0  # a level at its lowest is silence
