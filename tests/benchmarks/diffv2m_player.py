"""A pack of Diff-V2M put to edits of a corpus, with what it is told changed on the way: what the table is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.sheet import CueSheet
from hitpoint.runtime.engines.diffv2m.conditions import Asked, conditions
from hitpoint.runtime.engines.diffv2m.engine import DiffV2M
from hitpoint.runtime.engines.diffv2m.piece import Maker
from hitpoint.runtime.engines.diffv2m.play import play
from hitpoint.runtime.engines.diffv2m.rhythm import Planned, planned
from hitpoint.runtime.engines.diffv2m.rows import drawn
from hitpoint.runtime.engines.diffv2m.sight import Sight
from hitpoint.runtime.packs.diffusion.defaults import windows_of
from hitpoint.runtime.packs.diffusion.guidance import Asked as AskedModel
from hitpoint.runtime.packs.store import open_folder
from hitpoint.runtime.progress import silent

LONGEST = 24.0  # seconds of an item that are made: enough of each, of many


@dataclass(frozen=True)
class Held:
    """A held-out edit: its plan, what its picture showed, and the composer's music for it, (samples, 2)."""

    seed: int
    sheet: CueSheet
    sight: Sight
    light: float
    warmth: float
    music: np.ndarray
    cuts: np.ndarray


def held(item) -> Held:
    sheet = sheet_json.read(item.folder / "cues.json")
    meaning = np.asarray(item.meaning, np.float32)
    peaks = np.asarray(item.array("visual_peaks"), np.float64)
    sight = Sight(
        begin=sheet.seconds(sheet.storyboards[0].start),
        meaning=meaning,
        colour=np.asarray(item.colour, np.float32).reshape(len(meaning), -1),
        seen=np.abs(meaning).max(axis=1) > 0,
        cuts=np.asarray(item.cuts, np.float64),
        beats=peaks[:, 0],
        strengths=peaks[:, 1].astype(np.float32),
    )
    looks = item.looks
    weights = looks["end"] - looks["start"]
    light, warmth = (float(np.average(looks[name], weights=weights)) for name in ("light", "warmth"))
    music = np.asarray(item.audio, np.float32) / 32768
    return Held(item.seed, sheet, sight, light, warmth, music, np.asarray(item.cuts, np.float64))


class Player:
    """One pack on a processor."""

    def __init__(self, folder: Path, steps: int | None = None, guidance: float | None = None) -> None:
        self.pack = open_folder(folder)
        self._engine = DiffV2M(pack=self.pack, device="cpu", steps=steps, guidance=guidance)
        self.settings = self._engine.settings
        self.played = self._engine.model
        self.windows = windows_of(self.pack.sampler, fixed=self.settings.policy == "compat")
        self._usual: dict[int, np.ndarray] = {}

    def usual(self, edit: Held) -> np.ndarray:
        """The edit as it is, with its own seed; made once."""
        if edit.seed not in self._usual:
            self._usual[edit.seed] = self.make(edit, edit.seed).astype(np.float16)
        return self._usual[edit.seed].astype(np.float32)

    @property
    def rate(self) -> float:
        return self.settings.rate

    def seconds(self, edit: Held) -> float:
        boards = edit.sheet.storyboards
        return min(LONGEST, edit.sheet.seconds(boards[-1].end) - edit.sheet.seconds(boards[0].start))

    def frames(self, edit: Held) -> int:
        return math.ceil(self.seconds(edit) * self.rate - 1e-6)

    def plan(self, edit: Held) -> Planned:
        return planned(edit.sheet, self.settings.usual)

    def curve(self, plan: Planned, frames: int) -> np.ndarray:
        """(frames,): the rhythm that is asked for, as the model is told it."""
        return drawn(plan.times, plan.strengths, frames, self.rate)

    def make(
        self, edit: Held, seed: int, *, plan: Planned | None = None, sight: Sight | None = None, nothing: bool = False
    ) -> np.ndarray:
        """(samples, 2) from the first storyboard's start on. `nothing`: no condition at all is told."""
        frames, seconds = self.frames(edit), self.seconds(edit)
        wished = "plan" if self.settings.drawn else "predicted"
        sight = sight or edit.sight
        asked = Asked(self.settings, plan or self.plan(edit), sight, wished, seconds, frames)
        model = self._engine._model
        predict = model.predict if wished == "predicted" and model.predicts else None
        told = conditions(asked, self.windows, predict)

        def asked_of(start: int, stop: int) -> AskedModel:
            found = model.asked(told.of(start, stop))
            return AskedModel(found.null, found.null) if nothing else found

        latents = Maker(model, self._engine._sampling, self.windows, asked_of, frames, 1).whole(seed, silent)
        # play() wants a sheet that starts with the music and is as long as it
        rate = edit.sheet.rate
        whole = rate.frame_at(seconds)
        board = replace(edit.sheet.storyboards[0], start=0, end=whole)
        sheet = replace(edit.sheet, frames=whole, storyboards=(board,), rests=())
        return np.concatenate(list(play(sheet, latents, self.settings, model.codec, silent)))
