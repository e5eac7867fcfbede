"""What hosts that are files share: whether the file is there, what may be asked of it, and what placing would do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ...runtime.edit import Edit
from ...runtime.errors import InputError, OutputError
from ...runtime.mix.files import Transaction
from ..timeline.document import Document
from .protocol import Ability, About, HostClosed, HostRefused, Music, Placed, track_names, unable


class Reads(Protocol):
    """`timeline.reading.Source`, which says which timeline of the file is meant, and where its media are."""

    @property
    def path(self) -> Path: ...

    @property
    def timeline(self) -> str | None: ...

    def read(self) -> tuple[Edit, Document]: ...


class AtFile(ABC):
    """The file that `source` names."""

    def __init__(self, source: Reads) -> None:
        self._source = source

    @abstractmethod
    def about(self) -> About: ...

    def _read(self) -> tuple[Edit, Document]:
        self._there()
        return self._source.read()

    def _there(self) -> None:
        path = self._source.path
        try:
            there = path.exists()
        except OSError:
            there = False
        if not there:
            raise HostClosed(f"{path}: there is no such file")

    def _may(self, ability: Ability) -> None:
        self._there()
        about = self.about()
        if ability in about.cannot:
            raise unable(about, ability)

    def _fitting(self, music: Music) -> tuple[Edit, Document]:
        """The edit as it is now. Raises where the music cannot be placed on it."""
        self._may("place")
        if music.duck:
            self._may("duck")
        for sound in music.sounds:
            if not sound.path.is_file():
                raise InputError(f"{sound.path}: there is no such file to put on the timeline")
        edit, document = self._read()
        path = self._source.path
        if music.frames != edit.frames:
            raise HostRefused(
                f"{path.name} is {edit.frames} frames long now, and the score {music.frames}: make it anew"
            )
        with refused(), Transaction() as files:  # whether the file may be replaced
            (files.stage_folder if path.is_dir() else files.stage)(path)
        return edit, document

    def _as_it_was(self, edit: Edit, again: Edit) -> None:
        """Raises HostRefused where what is not ours would be read otherwise. Lengths may differ: a track that we no longer
        share with somebody's clips counts from now on.
        """
        if (again.shots, again.cuts, again.markers) != (edit.shots, edit.cuts, edit.markers):
            raise HostRefused(f"{self._source.path.name} would not be read as it was: nothing was written")

    def _changed_meanwhile(self) -> HostRefused:
        return HostRefused(f"{self._source.path.name} was changed meanwhile by another program: nothing was written")

    def _not_found_again(self) -> HostRefused:
        return HostRefused(f"the score would not be found in {self._source.path.name} again: nothing was written")


def steps(going: Sequence[str], track: str, music: Music) -> tuple[str, ...]:
    """What placing does, in sentences: the tracks that go, those that come, and the markers."""
    laid = zip(track_names(track, music.sounds), music.sounds, strict=True)
    written = f"write {len(music.marks)} marker{'s' if len(music.marks) > 1 else ''}"
    return (
        *(f"take the track '{name}' off" for name in going),
        *(f"lay '{sound.path.name}' on the new track '{name}'" for name, sound in laid),
        *((written,) if music.marks else ()),
    )


def arrived(tracks: tuple[str, ...], marks: int, music: Music) -> Placed:
    """`marks` of ours are found again; what is not is missing."""
    wanted = len(music.marks)
    missing = () if marks == wanted else (f"{wanted - marks} of {wanted} markers",)
    return Placed(tracks, marks, missing)


@contextmanager
def refused() -> Iterator[None]:
    """What keeps the file from being written, in the words of a host."""
    try:
        yield
    except HostRefused:
        raise
    except OutputError as error:
        raise HostRefused(str(error)) from error
    except OSError as error:
        raise HostRefused(f"the file cannot be written: {(error.strerror or str(error)).lower()}") from error
