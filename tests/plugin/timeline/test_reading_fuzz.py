"""Any file is read or refused in one line: fuzzing the reader."""

from __future__ import annotations

import json

import opentimelineio as otio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import HitpointError

LEAF = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=12))
TIME = st.fixed_dictionaries(
    {"OTIO_SCHEMA": st.just("RationalTime.1"), "rate": st.floats() | LEAF, "value": st.floats() | LEAF}
)
RANGE = st.fixed_dictionaries({"OTIO_SCHEMA": st.just("TimeRange.1"), "duration": TIME, "start_time": TIME})
SCHEMAS = (
    "Clip.2",
    "Clip.1",
    "Gap.1",
    "Stack.1",
    "Track.1",
    "Transition.1",
    "Marker.2",
    "LinearTimeWarp.1",
    "Timeline.1",
)


def item(children):
    return st.fixed_dictionaries(
        {"OTIO_SCHEMA": st.sampled_from(SCHEMAS)},
        optional={
            "name": LEAF,
            "kind": st.sampled_from(["Video", "Audio", "Subtitle", ""]) | LEAF,
            "source_range": RANGE | LEAF,
            "in_offset": TIME,
            "out_offset": TIME,
            "marked_range": RANGE,
            "time_scalar": st.floats(),
            "enabled": st.booleans(),
            "effects": st.lists(children, max_size=2),
            "markers": st.lists(children, max_size=2),
            "children": st.lists(children, max_size=4),
            "media_reference": LEAF
            | st.fixed_dictionaries(
                {"OTIO_SCHEMA": st.sampled_from(["ExternalReference.1", "MissingReference.1", "GeneratorReference.1"])},
                optional={"target_url": LEAF, "available_range": RANGE | LEAF},
            ),
        },
    )


TIMELINE = st.fixed_dictionaries(
    {
        "OTIO_SCHEMA": st.just("Timeline.1"),
        "name": LEAF,
        "global_start_time": TIME | st.none(),
        "tracks": st.recursive(item(LEAF), item, max_leaves=12) | LEAF,
    }
)


def reads_or_refuses(path):
    try:
        edit, _ = read_edit(path)
    except HitpointError as error:
        assert error.status == 3
        assert "\n" not in str(error)
        return
    json.dumps(edit.to_json(), allow_nan=False)
    assert edit.frames >= 0
    found = [cut.frame for cut in edit.cuts]
    assert found == sorted(set(found))
    assert all(0 < frame < edit.picture_end for frame in found)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=TIMELINE)
def test_any_timeline_shaped_json_is_read_or_refused(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("fuzz") / "x.otio"
    path.write_text(json.dumps(made), encoding="utf-8")
    reads_or_refuses(path)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, make, data, edl_text):
    nest = make.stack(make.track(make.clip("P", 30, speed=2.0), make.clip("Q", 30)), source_range=make.span(12, 24))
    made = make.timeline(make.track(make.clip("A", 24), make.dissolve(4, 4), nest, make.gap(9), make.clip("B", 24)))
    sources = {
        "x.otio": otio.adapters.write_to_string(made, "otio_json").encode(),
        "x.edl": edl_text.encode(),
        "x.xml": otio.adapters.write_to_string(
            make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)), start=0), "fcp_xml"
        ).encode(),
    }
    name = data.draw(st.sampled_from(sorted(sources)))
    content = bytearray(sources[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "drop", "double"])):
            case "flip":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[max(1, at) :]
            case "drop":
                del content[at : at + data.draw(st.integers(1, 40))]
            case "double":
                content[at:at] = content[at : at + 40]
        content = content or bytearray(b"x")
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(bytes(content))
    reads_or_refuses(path)
