"""What a pack of the family diffv2m says of itself, checked before any of it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import EngineError
from ...packs.pack import Pack

FAMILY = "diffv2m"
PREDICTOR, CONDITION, STEP, DECODER = "predictor", "condition", "step", "decoder"
STEM = "music"

Rhythm = Literal["plan", "predicted", "both"]  # where the rhythm that the model is told comes from
Policy = Literal["compat", "fixed"]


@dataclass(frozen=True)
class Settings:
    """`mean` and `spread` (channels, 1) make the model's latents those of the decoder. `rate` is in latent frames a
    second, `rows` how many numbers a row of rhythm has; rows go at `rhythm_rate` a second. `usual` is how strong an
    ordinary beat is where 1 is a strong accent. `null` names what is zero where nothing is asked.
    """

    policy: Policy
    drawn: bool
    rows: int
    rhythm_rate: float
    usual: float
    null: tuple[str, ...]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    descriptor: str
    gain: float
    rate: float

    @property
    def channels(self) -> int:
        return len(self.mean)


def settings_of(pack: Pack) -> Settings:
    """Raises EngineError where the pack is another kind of model, or lacks something."""
    if pack.family != FAMILY:
        raise EngineError(f"the pack {pack.name} is of the family '{pack.family}': the engine {FAMILY} cannot play it")
    for role in (CONDITION, STEP, DECODER):
        pack.graph(role)  # which says what is missing
    if not pack.sample_rate or not pack.hop:
        raise EngineError(f"the pack {pack.name} is not whole: pack.json lacks its sample_rate or hop")
    said = _Said(pack)
    mean, spread = said.numbers("latent_mean"), said.numbers("latent_spread")
    if len(mean) != len(spread) or (spread <= 0).any():
        raise said.wrong("latent_spread")
    rate = pack.sample_rate / pack.hop
    policy = said.word("policy", get_args(Policy))
    return Settings(
        policy=policy,
        drawn=said.word("rhythm", ("odf", "mel", "tempogram")) == "odf",
        rows=int(said.number("rhythm_width", 1, 4096)),
        rhythm_rate=said.number("rhythm_rate", 0.1, 1000, rate if policy == "fixed" else 1.0),
        usual=said.number("rhythm_usual", 0, 1, 0.5),
        null=said.words("null"),
        mean=mean[:, None],
        spread=spread[:, None],
        descriptor=said.text("descriptor"),
        gain=10 ** (said.number("gain_db", -60, 60, 0.0) / 20),
        rate=rate,
    )


class _Said:
    """The settings of a pack, one at a time."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def wrong(self, key: str) -> EngineError:
        value = self._pack.settings.get(key)
        return EngineError(f"the pack {self._pack.name} is not whole: its setting '{key}' is {value!r:.60}")

    def word(self, key: str, known: tuple[str, ...]) -> Any:
        if self._pack.settings.get(key) not in known:
            raise self.wrong(key)
        return self._pack.settings[key]

    def text(self, key: str) -> str:
        value = self._pack.settings.get(key, "")
        if not isinstance(value, str):
            raise self.wrong(key)
        return value

    def words(self, key: str) -> tuple[str, ...]:
        value = self._pack.settings.get(key)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(key)
        return tuple(value)

    def number(self, key: str, least: float, most: float, usual: float | None = None) -> float:
        value = self._pack.settings.get(key, usual)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.wrong(key)
        return float(value)

    def numbers(self, key: str) -> NDArray[np.float32]:
        value = self._pack.settings.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(each, int | float) for each in value):
            raise self.wrong(key)
        return np.array(value, np.float32)
