"""The engine: a pack of the family diffv2m plays a cue sheet, and what its picture showed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...cues.sheet import CueSheet
from ...errors import EngineError, UsageError
from ...packs import providers
from ...packs.diffusion.defaults import sampling_of, windows_of
from ...packs.diffusion.guidance import Asked as AskedModel
from ...packs.diffusion.prediction import Latents
from ...packs.diffusion.sample import Sampling
from ...packs.pack import MANIFEST, Pack
from ...packs.session import Graph
from ...picture.look import Seen
from ...progress import Progress, part
from ..engine import Block, Performance
from .conditions import Asked, conditions
from .model import Model
from .piece import JOIN, Maker, spans_of, with_own
from .play import play, silence_of
from .rhythm import planned
from .settings import STEM, Rhythm, settings_of
from .sight import sight

TOGETHER = 4  # windows that a GPU is asked for in one run
MADE = 0.9  # of the work, when all latents are there
GUIDANCE = (0.0, 100.0)
STEPS = (1, 1000)
USUAL_STYLE = "cinematic"


@dataclass(frozen=True)
class _Kept:
    """The piece that was made last, by its own seed."""

    sheet: CueSheet
    seen: Seen | None
    seed: int
    latents: Latents


class DiffV2M:
    """Another seed for one storyboard leaves every latent of the others as it was, but for a join of one second around
    its edges, and so every sample outside that and what the decoder hears beside it.
    """

    name = "diffv2m"
    version = "1"

    def __init__(
        self,
        *,
        pack: Pack,
        device: str = providers.AUTO,
        variant: str | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        rhythm: Rhythm | None = None,
    ) -> None:
        """`steps` and `guidance` are the pack's own where they are None; `rhythm` is then "both" where the pack can.

        Raises EngineError where the pack cannot be played, or not so.
        """
        self.settings = settings_of(pack)
        self._steps, self._guidance = _checked(steps, guidance)
        self._model = Model(pack, self.settings, device, variant)
        self.rhythm = _rhythm(rhythm, pack, self.settings.drawn, self._model.predicts)
        self.licence = str(pack.licence)
        self.pack: str | None = f"{pack.name} {pack.version}"
        self._sampling(self._model.step)  # which raises where the pack's sampler cannot be
        windows_of(pack.sampler)
        # pack.json lists the hashes of all that it holds
        self._sha256 = hashlib.sha256((pack.folder / MANIFEST).read_bytes()).hexdigest()
        self._last: _Kept | None = None

    @property
    def join(self) -> float:
        """Seconds around a storyboard's edges in which its neighbours change with it, half on either side."""
        return JOIN

    @property
    def model(self) -> Mapping[str, object]:
        """How the pack is played, as the report says it."""
        sampling, pack = self._sampling(self._model.step), self._model.pack
        licence = pack.licence
        return {
            "name": pack.name,
            "version": pack.version,
            "licence": {"id": licence.id, "name": licence.name, "url": licence.url, "commercial": licence.commercial},
            "sha256": self._sha256,
            "device": self._model.step.device,
            "variant": self._model.step.variant.precision,
            "method": sampling.method,
            "steps": sampling.steps,
            "guidance": sampling.guidance.scale,
            "rhythm": self.rhythm,
        }

    def perform(
        self,
        sheet: CueSheet,
        *,
        seed: int,
        seeds: Mapping[int, int] | None = None,
        seen: Seen | None = None,
        progress: Progress,
    ) -> Performance:
        """The latents are made here, up to nine tenths of `progress`; they become sound while blocks are drawn."""
        said: list[str] = []
        if not sheet.storyboards:
            silence = (Block({STEM: sound}) for sound in silence_of(sheet.samples))
            return Performance((STEM,), silence, (), rings=False, model=self.model)
        own = {number: other for number, other in (seeds or {}).items() if other != seed}
        unknown = [number for number in own if not 0 <= number < len(sheet.storyboards)]
        if unknown:
            raise UsageError(f"there is no storyboard number {unknown[0]}")
        maker = self._maker(sheet, seen, said)
        working = part(progress, 0.0, MADE)
        share = 1 / (1 + len(own))
        latents = self._whole(maker, sheet, seen, seed, part(working, 0.0, share))
        if own:
            spans = spans_of(sheet, self.settings.rate, maker.frames)
            latents = with_own(maker, latents, spans, own, part(working, share, 1.0))
        said += [words for words in self._model.warnings if words not in said]
        return Performance(
            stems=(STEM,),
            blocks=self._blocks(sheet, latents, said, part(progress, MADE, 1.0)),
            onsets=None,
            warnings=said,
            rings=False,
            model=self.model,
        )

    def _maker(self, sheet: CueSheet, seen: Seen | None, said: list[str]) -> Maker:
        model, settings = self._model, self.settings
        begin, end = sheet.seconds(sheet.storyboards[0].start), sheet.seconds(sheet.storyboards[-1].end)
        frames = max(1, math.ceil((end - begin) * settings.rate - 1e-6))
        shown = sight(sheet, seen, settings.descriptor)
        said += [*shown.warnings, *_not_taken(sheet)]
        if self.rhythm == "predicted" and not shown.seen.any():
            said.append("nothing was seen that a rhythm could be predicted from: the model chooses its own")
        on_gpu = model.step.device != providers.CPU
        windows = windows_of(model.pack.sampler, fixed=settings.policy == "compat")
        asked = Asked(settings, planned(sheet, settings.usual), shown, self.rhythm, end - begin, frames)
        predict = model.predict if model.predicts and self.rhythm != "plan" and shown.seen.any() else None
        told = conditions(asked, windows, predict)

        def asked_of(start: int, stop: int) -> AskedModel:
            return model.asked(told.of(start, stop))

        return Maker(model, self._sampling, windows, asked_of, frames, TOGETHER if on_gpu else 1)

    def _sampling(self, step: Graph) -> Sampling:
        said = dict(self._model.pack.sampler)
        if self._guidance is not None:
            said["guidance"] = self._guidance
        # On a processor two runs are as fast as one of two rows; in int8 the rows of a batch would share their scales,
        # and the runs go side by side.
        together = step.device != providers.CPU and step.variant.precision != "int8"
        return sampling_of(said, together=together, beside=step.beside, steps=self._steps)

    def _whole(self, maker: Maker, sheet: CueSheet, seen: Seen | None, seed: int, progress: Progress) -> Latents:
        """The piece of one seed; the last one is known, for takes that change a storyboard of it."""
        last = self._last
        if last is None or last.seed != seed or last.seen is not seen or last.sheet != sheet:
            last = self._last = _Kept(sheet, seen, seed, maker.whole(seed, progress))
        return last.latents

    def _blocks(self, sheet: CueSheet, latents: Latents, said: list[str], progress: Progress) -> Iterator[Block]:
        for sound in play(sheet, latents, self.settings, self._model.codec, progress):
            yield Block({STEM: sound})
        said += [words for words in self._model.warnings if words not in said]


def _rhythm(asked: Rhythm | None, pack: Pack, drawn: bool, predicts: bool) -> Rhythm:
    """Where the rhythm comes from, of what the pack can do. Raises EngineError where it cannot do what is asked."""
    if asked in ("predicted", "both") and not predicts:
        raise EngineError(f"the pack {pack.name} has no predictor: --rhythm plan takes the rhythm from the plan alone")
    if asked in ("plan", "both") and not drawn:
        raise EngineError(
            f"the pack {pack.name} knows rhythm as '{pack.settings['rhythm']}', which no plan can draw: --rhythm predicted"
        )
    if asked:
        return asked
    if not drawn:
        return "predicted"
    return "both" if predicts else "plan"


def _checked(steps: int | None, guidance: float | None) -> tuple[int | None, float | None]:
    if steps is not None and not STEPS[0] <= steps <= STEPS[1]:
        raise UsageError(f"--steps {steps}: not between {STEPS[0]} and {STEPS[1]}")
    if guidance is not None and not GUIDANCE[0] <= guidance <= GUIDANCE[1]:
        raise UsageError(f"--guidance {guidance:g}: not between {GUIDANCE[0]:g} and {GUIDANCE[1]:g}")
    return steps, guidance


def _not_taken(sheet: CueSheet) -> list[str]:
    """What the briefs ask for that this engine does not know."""
    said = []
    styles = sorted({board.brief.style for board in sheet.storyboards} - {USUAL_STYLE})
    if styles:
        said.append(f"diffv2m has no styles: '{styles[0]}' is the composer's")
    if any(board.brief.prompt for board in sheet.storyboards):
        said.append("diffv2m hears no words: what the storyboards' prompts say is not in the music")
    return said
