"""Many items: made by several processes, kept in a folder, gone on with where a build was interrupted."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path

from ...runtime.engines.composer.style import FOLDER
from ...runtime.errors import HitpointError, OutputError, UsageError
from ...runtime.mix.files import writing
from ...runtime.progress import Progress, silent
from .reading import HELD_OUT as HELD_OUT
from .reading import LIST, SCHEMA, intact
from .reading import Corpus as Corpus
from .reading import Item as Item
from .reading import item as read_item

_PATIENCE = 0.1  # seconds between two looks at whether somebody cancelled
# One core a process: matrices are small here, and the same bytes must come out however many processes there are.
_ALONE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_UNFINISHED = re.compile(r"\.unfinished-(\d+)-")


@dataclass(frozen=True)
class Built:
    """Seeds that were `made` now, those among them that were found `damaged`, and those that were there already."""

    made: tuple[int, ...]
    damaged: tuple[int, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True)
class _Wanted:
    sound_only: bool
    distance: bool

    def met_by(self, item: Item) -> bool:
        from .item import MADE_BY

        seen = bool(item.said.get("film")) and (item.has("distance") or not self.distance)
        return (self.sound_only or seen) and item.said.get("made_by") == MADE_BY


def build(
    folder: Path,
    seeds: Sequence[int],
    *,
    workers: int = 1,
    sound_only: bool = False,
    distance: bool = True,
    progress: Progress = silent,
) -> Built:
    """Sees to it that the corpus in `folder` holds an item of every seed. What is there and whole stays.

    An item that another version made, or without the film or the `distance`s that are asked for, is made anew.
    Whatever `progress` raises stops the workers within a moment; what was finished stays. Builds
    of other seeds may work in the same folder at the same time.
    """
    if workers < 1 or any(seed < 0 for seed in seeds):
        raise UsageError("a corpus is built by at least one worker, from seeds that are 0 or more")
    _start(folder)
    wanted = list(dict.fromkeys(seeds))
    _sweep(folder, wanted)
    progress(0.0, "looking through what is there")
    what = _Wanted(sound_only, distance)
    states = {seed: _state(_place(folder, seed), what) for seed in wanted}
    missing = [seed for seed in wanted if states[seed] != "kept"]
    if missing:
        _make_all(folder, missing, workers, what, len(wanted), progress)
    progress(1.0, "the corpus is there")
    return Built(
        tuple(missing),
        tuple(seed for seed in wanted if states[seed] == "damaged"),
        tuple(seed for seed in wanted if states[seed] == "kept"),
    )


def _place(folder: Path, seed: int) -> Path:
    from .item import folder_of

    return folder_of(folder, seed)


def _start(folder: Path) -> None:
    """A folder that holds other things is nobody's corpus."""
    if (folder / LIST).is_file():
        return
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} holds files that are no corpus: give the corpus a folder of its own")
        (folder / "items").mkdir()
        (folder / LIST).write_text(json.dumps({"schema": SCHEMA}) + "\n", "utf-8")


def _sweep(folder: Path, seeds: Sequence[int]) -> None:
    """What an interrupted build of these seeds left half-written."""
    ours = set(seeds)
    for path in (folder / "items").glob(".unfinished-*"):
        if (named := _UNFINISHED.match(path.name)) and int(named[1]) in ours:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _swept(folder: Path, seeds: Sequence[int]) -> Iterator[None]:
    """When the workers are gone, however they went, nothing half-written is left."""
    try:
        yield
    finally:
        _sweep(folder, seeds)


def _state(place: Path, what: _Wanted) -> str:
    if not place.exists():
        return "missing"
    if not intact(place):
        return "damaged"
    return "kept" if what.met_by(read_item(place)) else "missing"


def _make_all(folder: Path, seeds: Sequence[int], workers: int, what: _Wanted, total: int, progress: Progress) -> None:
    done = total - len(seeds)
    with _swept(folder, seeds), _pool(min(workers, len(seeds))) as (submit, stop):
        waiting: set[Future[int]] = {submit(_make_one, str(folder), seed, what) for seed in seeds}
        try:
            while waiting:
                finished, waiting = wait(waiting, _PATIENCE, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done += 1
                progress(done / total, f"made {done} of {total} items")
        except BrokenProcessPool:
            raise OutputError(
                f"{folder}: a worker was ended from outside (too little memory?); what is finished stays: build again"
            ) from None
        except BaseException:
            stop()
            raise
        finally:
            for future in waiting:
                future.cancel()


def _make_one(folder: str, seed: int, what: _Wanted) -> int:
    from .item import make

    try:
        make(seed, Path(folder), sound_only=what.sound_only, distance=what.distance)
    except HitpointError:
        raise
    except MemoryError:
        raise OutputError(f"item {seed}: there is not enough memory; fewer workers need less") from None
    except OSError as error:  # scratch files of the mix, and of the film
        raise OutputError(f"item {seed}: cannot be written: {error.strerror or error}") from None
    return seed


@contextmanager
def _pool(workers: int) -> Iterator[tuple[Callable[..., Future[int]], Callable[[], None]]]:
    """How a call is handed to a worker, and how all workers are stopped at once."""
    before = {name: os.environ.get(name) for name in _ALONE}
    os.environ.update(dict.fromkeys(_ALONE, "1"))
    # A worker that is stopped cannot clear up: its scratch files lie in a room of ours.
    room = tempfile.mkdtemp(prefix="hitpoint-corpus-")
    try:
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_settle, initargs=(room,))
        processes = pool._processes

        def stop() -> None:
            for process in list(processes.values()):
                process.terminate()

        try:
            yield pool.submit, stop
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    finally:
        shutil.rmtree(room, ignore_errors=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _settle(room: str) -> None:
    """An interrupt from the keyboard reaches every process; the one that builds decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = room
    os.environ.pop(FOLDER, None)  # somebody's own styles are not the corpus's
    threading.Thread(target=_leave_with, args=(parent_process(), room), daemon=True).start()


def _leave_with(parent: BaseProcess | None, room: str) -> None:
    """A worker does not outlive a build that was killed."""
    if parent is not None:
        parent.join()
        shutil.rmtree(room, ignore_errors=True)
        os._exit(1)
