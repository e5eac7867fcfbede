"""One item of the corpus: the edit of a seed, seen, planned, scored and measured."""

from __future__ import annotations

import io
import json
import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...runtime.cues.sheet import CueSheet
from ...runtime.cues.sheet_json import dumps
from ...runtime.edit import Edit
from ...runtime.engines.composer.engine import Composer
from ...runtime.mix.files import writing
from ...runtime.picture.by_second import scene_onsets
from ...runtime.progress import Progress, part, silent
from . import targets
from .edit import edit as edit_of
from .planning import intended, sheet
from .playing import Played, play
from .reading import COLUMNS, MODES, SCHEMA, STEMS, STYLES, Item, Values
from .reading import item as read_item
from .recipe import VERSION, Recipe, recipe

UNFINISHED = ".unfinished-"
# Equal seeds give equal bytes as long as this is the same.
MADE_BY = f"hitpoint {__version__}, recipe {VERSION}, composer {Composer.version}"


@dataclass(frozen=True)
class Sound:
    """A recipe's music, made without a film: the storyboards and moods are the recipe's own.

    `arrays` are those that an item of the corpus has, by name; see `reading.Item`.
    """

    recipe: Recipe
    edit: Edit
    sheet: CueSheet
    arrays: Mapping[str, Values]

    @property
    def audio(self) -> Values:
        """(samples, 2) int16 at 48 kHz."""
        return self.arrays["audio"]


def sound(seed: int, progress: Progress = silent) -> Sound:
    made = recipe(seed)
    edit = edit_of(made)
    plan = sheet(made, edit, intended(made))
    return Sound(made, edit, plan, _scored(made, edit, plan, progress))


def folder_of(shelf: Path, seed: int) -> Path:
    return shelf / "items" / f"{seed:09}"


def make(
    seed: int, shelf: Path, *, sound_only: bool = False, distance: bool = True, progress: Progress = silent
) -> Item:
    """Makes an item and puts it on the shelf as a whole; what lay there before gives way. Raises OutputError.

    Without `distance` it has none of VidMusician's distances between pictures, which take half of the time.
    """
    said: dict[str, Any] = {"film": not sound_only}
    if sound_only:
        made = sound(seed, progress)
        arrays, plan = dict(made.arrays), made.sheet
    else:
        from .seeing import see

        drawn = recipe(seed)
        seen = see(drawn, distance=distance, progress=part(progress, 0.0, 0.7))
        plan = sheet(drawn, seen.edit, seen.boards, seen.seen)
        arrays = {**_scored(drawn, seen.edit, plan, part(progress, 0.7, 1.0)), **seen.arrays()}
        said["descriptor"] = seen.seen.descriptor
    target = folder_of(shelf, seed)
    return _put(target, seed, arrays, plan, said)


def _scored(made: Recipe, edit: Edit, plan: CueSheet, progress: Progress) -> dict[str, Values]:
    played = play(plan, made.music, part(progress, 0.0, 0.9))
    levels = targets.decibels(targets.mel(targets.mono(played.audio)))
    found: dict[str, Values] = {
        "audio": played.audio,
        "odf": targets.onset_strength(levels),
        "mel_low": targets.mel_low(levels).astype(np.float16),
        "tempogram_low": targets.tempogram_low(played.audio).astype(np.float16),
        "cuts": np.array([edit.seconds(cut.frame) for cut in edit.cuts if not cut.maybe_overlay], np.float64),
        "onsets01": scene_onsets(edit).astype(np.uint8),
        "onsets": np.array(played.onsets, np.float64),
        "notes": _table(
            "notes", [(STEMS.index(n.stem), n.start, n.seconds, n.pitch, n.velocity) for n in played.notes]
        ),
        "energy": _table("energy", [(edit.seconds(frame), energy) for frame, energy in plan.energy]),
        "intended": _table(
            "intended",
            [
                (edit.seconds(b.start), edit.seconds(b.end), b.valence, b.energy, STYLES.index(b.style))
                for b in made.boards
            ],
        ),
        **_planned(edit, plan, played),
    }
    progress(1.0, "measured")
    return found


def _planned(edit: Edit, plan: CueSheet, played: Played) -> dict[str, Values]:
    boards, beats = [], []
    for board, music in zip(plan.storyboards, played.plans, strict=True):
        brief = board.brief
        words = (STYLES.index(music.style), music.tonic, MODES.index(music.mode), board.tempo)
        mood = (brief.valence, brief.energy, brief.density)
        boards.append((edit.seconds(board.start), edit.seconds(board.end), *mood, *words))
        downbeats = set(board.downbeats())
        beats += [(time, number in downbeats) for number, time in enumerate(board.beats)]
    hits = [(edit.seconds(h.frame), h.weight, np.nan if h.at is None else h.at) for h in plan.hits]
    return {"boards": _table("boards", boards), "beats": _table("beats", beats), "hits": _table("hits", hits)}


def _table(name: str, rows: list[Any]) -> Values:
    return np.array(rows, np.float64).reshape(-1, len(COLUMNS[name]))


def _put(target: Path, seed: int, arrays: Mapping[str, Values], plan: CueSheet, said: Mapping[str, Any]) -> Item:
    listed: dict[str, Any] = {}
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        room = target.parent / f"{UNFINISHED}{seed}-{os.getpid()}"
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        try:
            for name, values in arrays.items():
                data = _bytes(values)
                (room / f"{name}.npy").write_bytes(data)
                listed[name] = {
                    "bytes": len(data),
                    "crc32": zlib.crc32(data),
                    "shape": list(values.shape),
                    "dtype": str(values.dtype),
                }
            (room / "cues.json").write_text(dumps(plan), "utf-8")
            whole = {
                "schema": SCHEMA,
                "seed": seed,
                "made_by": MADE_BY,
                "rate": str(plan.rate),
                "frames": plan.frames,
                "seconds": round(plan.seconds(plan.frames), 6),
                **said,
                "arrays": listed,
            }
            (room / "item.json").write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
            shutil.rmtree(target, ignore_errors=True)
            room.rename(target)
        except BaseException:
            shutil.rmtree(room, ignore_errors=True)
            raise
    return read_item(target)


def _bytes(values: Values) -> bytes:
    held = io.BytesIO()
    np.save(held, values, allow_pickle=False)
    return held.getvalue()
