"""What all tests share: where the package came from, where sample timelines lie, and small timelines made here."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import opentimelineio as otio
import pytest

import hitpoint

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared" / "edits"


def pytest_configure(config: pytest.Config) -> None:
    # Tests neither use nor fill the cache of who runs them.
    os.environ.setdefault("HITPOINT_CACHE", tempfile.mkdtemp(prefix="hitpoint-cache-"))
    # A checkout folder called hitpoint can shadow the installed package.
    home = Path(hitpoint.__file__).resolve().parent
    if home != REPOSITORY and "site-packages" not in home.parts:
        raise pytest.UsageError(f"hitpoint was imported from {home}, neither this checkout nor an installed package")


def pytest_report_header(config: pytest.Config) -> str:
    return f"hitpoint {hitpoint.__version__} from {Path(hitpoint.__file__).parent}"


@pytest.fixture(scope="session")
def shared_edits() -> Path:
    """Real timelines with known answers, beside the checkout where this is developed."""
    if not SHARED.is_dir():
        pytest.skip("the sample timelines are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def program():
    """Finds a system program; CI must have it, elsewhere the test is skipped."""

    def find(name: str, package: str) -> str:
        path = shutil.which(name)
        if path is None:
            message = f"{name} is not installed (apt-get install {package})"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
        return path

    return find


def rational(value: float, rate: float):
    return otio.opentime.RationalTime(value, rate)


def span(start: float, length: float, rate: float = 24):
    return otio.opentime.TimeRange(rational(start, rate), rational(length, rate))


def clip(
    name: str, length: float, start: float = 0, rate: float = 24, *, url: str | None = None, speed=None, enabled=True
):
    media = otio.schema.ExternalReference(url or f"file:///media/{name}.mov", span(0, 5000, rate))
    item = otio.schema.Clip(name, media, span(start, length, rate))
    item.enabled = enabled
    if speed is not None:
        item.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed) if speed else otio.schema.FreezeFrame())
    return item


def gap(length: float, rate: float = 24):
    return otio.schema.Gap(duration=rational(length, rate))


def dissolve(into: float, out: float, rate: float = 24):
    return otio.schema.Transition(
        "d", otio.schema.TransitionTypes.SMPTE_Dissolve, rational(into, rate), rational(out, rate)
    )


def track(*children, kind: str = "Video", name: str = "V1", enabled=True, **more):
    item = otio.schema.Track(name, list(children), kind=kind, **more)
    item.enabled = enabled
    return item


def stack(*children, name: str = "nest", **more):
    return otio.schema.Stack(name, list(children), **more)


def timeline(*tracks, name: str = "cut", start: float | None = None, rate: float = 24):
    made = otio.schema.Timeline(name, global_start_time=None if start is None else rational(start, rate))
    made.tracks.extend(tracks)
    return made


def mark(item, frame: float, name: str, length: float = 0, rate: float = 24, color: str = "RED", note: str = ""):
    item.markers.append(otio.schema.Marker(name, span(frame, length, rate), color, comment=note))
    return item


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders of small timelines, in frames."""
    return SimpleNamespace(
        clip=clip, gap=gap, dissolve=dissolve, track=track, stack=stack, timeline=timeline, mark=mark, span=span
    )


@pytest.fixture
def save(tmp_path: Path):
    """Writes a timeline as .otio and gives its path."""

    def write(made, name: str = "cut.otio") -> Path:
        path = tmp_path / name
        path.write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def read(save):
    """The Edit of a timeline made here."""
    from hitpoint.plugin.timeline.reading import read_edit

    def edit(made, **options):
        return read_edit(save(made), **options)[0]

    return edit
