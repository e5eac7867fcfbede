"""A codec pack at work: latents to sound and sound to latents, of any length, in bounded memory.

A piece is run with as many frames on either side as its own can hear, which are then dropped: what comes out is what
one run over the whole would give. At the true ends nothing is added: the graphs know what an end is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import EngineError, InputError
from ..memory import in_pieces
from ..pack import Pack, Tensor
from ..session import Graph, Sessions, chosen

Latents = NDArray[np.float32]  # (channels, frames)
Sound = NDArray[np.float32]  # (samples, 2) at the pack's own rate, full scale 1.0

DECODER, ENCODER = "decoder", "encoder"
PIECE = 128  # latent frames in one run, where the pack's settings do not say `piece`
STEREO = 2


class Codec:
    """Any pack with a graph `decoder` from latents (batch, channels, frames) to sound (batch, 2, samples); to encode, one
    `encoder` the other way round too. `hop` and `receptive_field` are those of pack.json.
    """

    def __init__(self, pack: Pack, sessions: Sessions) -> None:
        if DECODER not in pack.graphs:
            raise EngineError(f"the pack {pack.name} holds no codec: it has no graph '{DECODER}'")
        if not pack.hop or pack.receptive_field is None or not pack.sample_rate:
            raise EngineError(
                f"the pack {pack.name} holds no whole codec: pack.json lacks its sample_rate, hop or receptive_field"
            )
        self.pack, self.sessions = pack, sessions
        self.rate, self.hop, self.reach = pack.sample_rate, pack.hop, pack.receptive_field
        self._decoder = _Half(pack, DECODER, latents_at="inputs")
        self.channels = self._decoder.channels
        self._encoder = _Half(pack, ENCODER, latents_at="outputs") if ENCODER in pack.graphs else None
        if self._encoder and self._encoder.channels != self.channels:
            raise EngineError(
                f"the pack {pack.name} is no codec: its encoder gives {self._encoder.channels} channels, "
                f"its decoder takes {self.channels}"
            )
        said = pack.settings.get("piece", PIECE)
        self._piece = said if isinstance(said, int) and not isinstance(said, bool) and said > 0 else PIECE

    @property
    def variant(self) -> str:
        """The precision that it runs in, both halves where they differ."""
        halves = [half for half in (self._encoder, self._decoder) if half]
        names = [
            chosen(self.pack, self.pack.graph(half.role), self.sessions.device, self.sessions.variant)
            for half in halves
        ]
        return " and ".join(dict.fromkeys(variant.precision for variant in names))

    def decode(self, latents: Latents) -> Sound:
        """(channels, frames) -> (hop * frames, 2)."""
        return _joined(list(self.decode_blocks([latents])), (0, STEREO))

    def decode_blocks(self, blocks: Iterable[Latents]) -> Iterator[Sound]:
        """Latents that follow each other, in blocks of any length, as sound in blocks. Each comes as soon as the frames
        are there that it hears.
        """
        yield from self._decoder.play(self, map(self._latents, blocks), per_in=1, per_out=self.hop)

    def encode(self, sound: Sound) -> Latents:
        """(samples, 2) -> (channels, frames); silence fills the last frame up. Raises InputError."""
        return _joined([block.T for block in self.encode_blocks([sound])], (0, self.channels)).T

    def encode_blocks(self, blocks: Iterable[Sound]) -> Iterator[Latents]:
        """Sound in blocks of any length as latents (channels, frames) in blocks."""
        if self._encoder is None:
            raise EngineError(f"the pack {self.pack.name} cannot encode: it has no graph '{ENCODER}'")
        for made in self._encoder.play(self, self._whole_frames(blocks), per_in=self.hop, per_out=1):
            yield made.T

    def through(self, sound: Sound) -> Sound:
        """What the codec makes of a sound, as long as it was."""
        return self.decode(self.encode(sound))[: len(sound)]

    def _latents(self, block: Latents) -> NDArray[np.float32]:
        """(frames, channels), checked."""
        if block.ndim != 2 or block.shape[0] != self.channels:
            raise EngineError(
                f"the pack {self.pack.name} decodes latents of {self.channels} channels, not {block.shape}"
            )
        if not np.isfinite(block).all():
            raise EngineError(f"latents for the pack {self.pack.name} hold numbers that are none: the model ran astray")
        return np.asarray(block, np.float32).T

    def _whole_frames(self, blocks: Iterable[Sound]) -> Iterator[NDArray[np.float32]]:
        """The same sound, and silence after it up to a whole frame."""
        samples = 0
        for block in blocks:
            if block.ndim != 2 or block.shape[1] != STEREO:
                raise InputError(f"a codec hears stereo: sound of the shape (samples, 2), not {block.shape}")
            if not np.isfinite(block).all():
                at = samples + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
                raise InputError(f"the sound holds numbers that are none, from {at / self.rate:.3f} s on")
            samples += len(block)
            yield np.asarray(block, np.float32)
        if samples == 0:
            raise InputError("there is no sound to encode: it is empty")
        yield np.zeros((-samples % self.hop, STEREO), np.float32)


@dataclass
class _Half:
    """One of the two graphs, opened when it is first needed, and the pieces that memory allowed last time."""

    pack: Pack
    role: str
    latents_at: str

    def __post_init__(self) -> None:
        self._graph: Graph | None = None
        self._piece = 0
        for variant in self.pack.graph(self.role).variants.values():
            latents, sound = (
                (variant.inputs, variant.outputs) if self.latents_at == "inputs" else (variant.outputs, variant.inputs)
            )
            if len(variant.inputs) != 1 or not _three(latents) or not _three(sound) or sound[0].shape[1] != STEREO:
                raise EngineError(
                    f"the pack {self.pack.name}: its graph '{self.role}' does not go between latents (batch, channels, "
                    "frames) and sound (batch, 2, samples)"
                )
            self.channels = int(latents[0].shape[1])
            self.given, self.taken = variant.inputs[0].name, variant.outputs[0].name

    def play(
        self, codec: Codec, blocks: Iterator[NDArray[np.float32]], *, per_in: int, per_out: int
    ) -> Iterator[NDArray[np.float32]]:
        """Blocks (n, k) in, `per_in` rows a frame; the graph's answers, `per_out` rows a frame."""
        size, reach = codec._piece, codec.reach
        held = np.zeros((0, 0), np.float32)  # from frame `first` on
        first = done = 0
        for block in blocks:
            held = np.concatenate([held, block]) if held.size else block
            while len(held) >= (done - first + size + reach) * per_in:
                yield self._run(codec, held, done - first, size, per_in, per_out)
                done += size
                keep = max(0, done - reach)
                held, first = held[(keep - first) * per_in :], keep
        left = len(held) // per_in - (done - first)
        for start in range(0, left, size):
            yield self._run(codec, held, done - first + start, min(size, left - start), per_in, per_out)

    def _run(
        self, codec: Codec, held: NDArray[np.float32], start: int, frames: int, per_in: int, per_out: int
    ) -> NDArray[np.float32]:
        """`frames` of them from `start` on, with all that is held as what they may hear."""
        known = len(held) // per_in

        def work(graph: Graph, piece: int) -> NDArray[np.float32]:
            made = []
            for at in range(start, start + frames, piece):
                stop = min(at + piece, start + frames)
                low, high = max(0, at - codec.reach), min(known, stop + codec.reach)
                given = np.ascontiguousarray(held[low * per_in : high * per_in].T)[None]
                taken = graph.run({self.given: given}, [self.taken])[self.taken][0].T
                if len(taken) != (high - low) * per_out:
                    raise EngineError(f"{graph}: {high - low} frames give {len(taken)} rows, not {per_out} each")
                made.append(taken[(at - low) * per_out : (stop - low) * per_out])
            self._graph, self._piece = graph, piece
            return _joined(made, (0, 0))

        if self._graph is None:
            self._graph, self._piece = codec.sessions.open(self.pack, self.role), codec._piece
        return in_pieces(work, codec.sessions, self._graph, self._piece)


def _three(tensors: tuple[Tensor, ...]) -> bool:
    return len(tensors) >= 1 and len(tensors[0].shape) == 3 and isinstance(tensors[0].shape[1], int)


def _joined(parts: list[NDArray[np.float32]], empty: tuple[int, int]) -> NDArray[np.float32]:
    return np.concatenate(parts) if parts else np.zeros(empty, np.float32)
