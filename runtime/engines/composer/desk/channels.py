"""The five channels of the desk: compression, level, pump, warmth, width, chorus, echoes, room, and the glue of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar

import numpy as np

from ....cues.sheet import CueSheet
from ..desk_settings import Desk
from ..event import KITS, STEMS, Event
from ..instruments.tone import Pair
from .compression import FRAME, KICKS, MANNERS, Compressor, Filter, Glue, Pump, power_of
from .delay import Chorus, Echo
from .reverb import Reverb
from .settings import Gain, Settings

CORNER = 650.0  # Hz where warm and bright part
BELOW, ABOVE = 2.5, 4.5  # dB that full warmth adds below and takes above
BASS_WIDTH = 0.2  # of what the bass was played with: its sides stay together
ECHO_LEVEL, CHORUS_LEVEL, ROOM_LEVEL = 0.7, 0.8, 0.9  # of what is sent all of

Made = TypeVar("Made")


class Channels:
    """Mixes stem by stem, in chunks of one length; the stems together are the programme."""

    def __init__(
        self, sheet: CueSheet, events: Sequence[Event], desks: Sequence[Desk], rate: int, chunk: int, pool: Executor
    ) -> None:
        self._set = Settings(sheet, desks, rate)
        self._rate, self._chunk, self._pool = rate, chunk, pool
        self._frame = round(FRAME * rate)
        self._compressors = {stem: Compressor(MANNERS[stem], self._frame) for stem in STEMS}
        self._glue = Glue(self._frame)
        kicks = [(e.note.start, e.note.velocity) for e in events if e.voice in KITS and e.note.pitch in KICKS]
        self._pump = Pump(kicks, rate) if self._set.pump.most else None
        keep = float(np.exp(-2 * np.pi * CORNER / rate))
        self._low = {stem: Filter(keep, 2) for stem in STEMS} if self._set.warmth.most else {}
        self._choruses = {stem: Chorus(rate) for stem in STEMS if self._set.chorus[stem].most}
        self._echoing = [stem for stem in STEMS if self._set.delay[stem].most]
        self._echoes = {delay: Echo(delay, len(self._echoing)) for delay in self._set.delays} if self._echoing else {}
        self._rooms: dict[str, dict[tuple[float, float], Reverb]] = {stem: {} for stem in STEMS}
        self._silent = dict.fromkeys(STEMS, True)

    def mix(self, start: int, dry: Mapping[str, Pair]) -> dict[str, Pair]:
        """Finished stems for dry ones (2, chunk) whose first sample is `start`."""
        stems = self._each(lambda stem: self._channel(stem, start, dry[stem]))
        echoes = self._echo(start, stems)
        wet = self._each(lambda stem: self._ring(stem, start, stems[stem], echoes.get(stem)))
        stems = {stem: sound if (rung := wet[stem]) is None else sound + rung for stem, sound in stems.items()}
        total = stems[STEMS[0]] + stems[STEMS[1]]
        for stem in STEMS[2:]:
            total += stems[stem]
        depth = self._set.glue.over(start, self._chunk)
        if not isinstance(depth, float):
            depth = depth[self._frame - 1 :: self._frame]
        gain = self._glue.gain(power_of(total, self._frame), depth)
        return {stem: sound * gain for stem, sound in stems.items()}

    def _each(self, work: Callable[[str], Made]) -> dict[str, Made]:
        """By stem what `work` makes, several stems at once."""
        return dict(zip(STEMS, self._pool.map(work, STEMS), strict=True))

    def _channel(self, stem: str, start: int, dry: Pair) -> Pair:
        """All that a stem goes through on its own, with its chorus."""
        gain: Gain = self._compressors[stem].gain(power_of(dry, self._frame))
        was_silent, self._silent[stem] = self._silent[stem], not dry.any()
        if was_silent and self._silent[stem]:
            return dry  # and what rang in the filters is over
        gain = gain * self._set.level[stem].over(start, self._chunk)
        if stem == "harmony" and self._pump and (way := self._pump.over(start, self._chunk)) is not None:
            gain = gain * np.exp(way * np.float32(-np.log(10) / 20) * self._set.pump.over(start, self._chunk))
        sound: Pair = dry * gain
        if self._low:
            warmth = self._set.warmth.over(start, self._chunk)
            low = self._low[stem](sound)
            above = 10 ** (-ABOVE / 20 * warmth)
            sound *= above
            low *= 10 ** (BELOW / 20 * warmth) - above
            sound += low
        if stem in self._choruses:
            much = self._set.chorus[stem].over(start, self._chunk)
            second = self._choruses[stem].sound(sound, start, bool(np.any(much)))
            if second is not None:
                second *= much * np.float32(CHORUS_LEVEL)
                sound += second
        width = self._set.width.over(start, self._chunk)
        width = width * BASS_WIDTH if stem == "bass" else width
        if not isinstance(width, float) or width != 1.0:
            side = (sound[0] - sound[1]) * (np.float32(0.5) * (1 - width))
            sound[0] -= side
            sound[1] += side
        return sound.astype(np.float32, copy=False)

    def _echo(self, start: int, stems: Mapping[str, Pair]) -> dict[str, Pair]:
        """By stem what comes back from the delays."""
        wet: dict[str, Pair] = {}
        sends = [self._set.delay[stem].over(start, self._chunk) for stem in self._echoing]
        for delay, echo in self._echoes.items():
            here = self._set.delays[delay].over(start, self._chunk)
            sent = np.zeros((len(self._echoing), 2, self._chunk), np.float32)
            if np.any(here):
                for index, stem in enumerate(self._echoing):
                    sent[index] = stems[stem] * (np.float32(ECHO_LEVEL) * sends[index] * here)
            heard = echo.echo(sent)
            if heard is not None:
                for index, stem in enumerate(self._echoing):
                    wet[stem] = wet[stem] + heard[index] if stem in wet else heard[index]
        return wet

    def _ring(self, stem: str, start: int, dry: Pair, wet: Pair | None) -> Pair | None:
        """What comes back from the rooms, with the echoes `wet`, which ring in them too; None where nothing does."""
        if not self._set.reverb[stem].most:
            return wet
        much = self._set.reverb[stem].over(start, self._chunk)
        source = dry if wet is None else dry + wet
        sent = (source[0] + source[1]) * (np.float32(0.5 * ROOM_LEVEL) * much)
        for room, course in self._set.rooms.items():
            here = course.over(start, self._chunk)
            asked = bool(np.any(here)) and bool(np.any(much))
            known = self._rooms[stem]
            if room not in known:
                if not asked:
                    continue
                known[room] = Reverb(*room, self._chunk, self._rate)
            heard = known[room].ring(sent if isinstance(here, float) and here == 1.0 else sent * np.float32(here))
            if heard is not None:
                wet = heard if wet is None else wet + heard
            elif not asked:
                del known[room]
        return wet
