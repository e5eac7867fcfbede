"""Any FCPXML is read, or refused in one line, in bounded time."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.plugin.timeline import fcpxml_score
from hitpoint.plugin.timeline.fcp7_xml import Music
from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import HitpointError, InputError

from .fcpxml_documents import clip, document, project

ODD = "-1s 5/0s 0/5s 1e9s nan 99999999999999999999999999s 36000000s 9223372036854775807/1s 1/9223372036854775807s s １s 400000s"
TIME = st.sampled_from(["", *ODD.split()])
WORD = st.sampled_from(["r1", "r2", "r3", "r9", "", "0", "1", "-1", "x", "all", "video", "audio", "29.97", "inf", "-3"])
TAGS = (
    *("asset-clip", "clip", "ref-clip", "sync-clip", "mc-clip", "video", "audio", "title", "gap", "audition", "spine"),
    *("transition", "timeMap", "timept", "conform-rate", "marker", "chapter-marker", "note", "mc-source", "caption"),
)
FINE = st.sampled_from(["0s", "1s", "2s", "3/2s", "1001/30000s", "7/25s", "3600s", "-1s"])
TIMES = st.integers(0, 30).flatmap(lambda n: TIME if n == 0 else FINE)  # all of them odd would read nothing
ATTRIBUTES = st.fixed_dictionaries(
    {"duration": TIMES.filter(lambda time: time[0:1] != "-"), "time": FINE, "value": FINE},
    optional={"offset": TIMES, "start": TIMES, "audioStart": TIMES, "audioDuration": TIMES, "tcStart": TIMES},
)
WORDS = st.fixed_dictionaries(
    {"ref": st.sampled_from(["r2", "r3", "r9", "r9", "r8", "r1"])},
    optional={
        "lane": st.sampled_from(["1", "-1", "2", "0"]),
        "enabled": WORD,
        "srcEnable": WORD,
        "scaleEnabled": WORD,
        "srcFrameRate": st.sampled_from(["29.97", "24", "25", "60"]),
        "angleID": WORD,
        "name": WORD,
    },
)


def written(tag, times, words, inside):
    said = "".join(f" {key}='{value}'" for key, value in (times | words).items())
    return f"<{tag}{said}>{''.join(inside)}</{tag}>"


def element(children):
    return st.builds(written, st.sampled_from(TAGS), ATTRIBUTES, WORDS, st.lists(children, max_size=4))


TREE = st.recursive(element(st.just("")), element, max_leaves=12)
NESTS = st.lists(TREE, max_size=3).map(
    lambda inside: f'<media id="r9"><sequence format="r1"><spine>{"".join(inside)}</spine></sequence></media>'
)


def reads_or_refuses(path):
    try:
        edit, read = read_edit(path)
    except HitpointError as error:
        assert error.status == 3
        assert "\n" not in str(error)
        return
    json.dumps(edit.to_json(), allow_nan=False)
    assert edit.frames >= 0
    found = [cut.frame for cut in edit.cuts]
    assert found == sorted(set(found))
    music = [Music(max(edit.frames, 1), "file:///score.wav", "score.wav", {"engine": "x"})]
    try:
        scored = fcpxml_score.replace(read.data, read.index, music)
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert fcpxml_score.remove(scored.data).data == read.data


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(spine=st.lists(TREE, max_size=4), nests=NESTS, start=TIME, frame=TIME)
def test_any_document_of_known_elements_is_read_or_refused(tmp_path_factory, spine, nests, start, frame):
    text = document(project("".join(spine), more=f'tcStart="{start}"'), media=nests)
    text = text.replace("100/2500s", frame) if len(frame) > 3 else text
    path = tmp_path_factory.mktemp("fuzz") / "x.fcpxml"
    path.write_text(text, encoding="utf-8")
    reads_or_refuses(path)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_document_is_read_or_refused(tmp_path_factory, data):
    inside = clip("r3", "1s", "1s", more='lane="1"') + '<marker start="1s" value="m"/>'
    nest = '<media id="r9"><sequence format="r1"><spine>' + clip("r3", "0s", "4s") + "</spine></sequence></media>"
    spine = clip("r2", "0s", "2s", inside) + '<ref-clip ref="r9" offset="2s" duration="2s"/>' + clip("r4", "4s", "1s")
    content = bytearray(document(project(spine), media=nest).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "drop", "double", "digit"])):
            case "flip":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[max(1, at) :]
            case "drop":
                del content[at : at + data.draw(st.integers(1, 40))]
            case "double":
                content[at:at] = content[at : at + 40]
            case "digit":
                digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
                if digits:
                    content[data.draw(st.sampled_from(digits))] = ord(data.draw(st.sampled_from("0123456789-/s.")))
        content = content or bytearray(b"x")
    path = tmp_path_factory.mktemp("fuzz") / "x.fcpxml"
    path.write_bytes(bytes(content))
    reads_or_refuses(path)


def nested(depth: int, wide: int) -> str:
    """Compound clips of compound clips: wide to the power of depth clips in a file of depth times wide."""
    made = '<media id="n0"><sequence format="r1"><spine>' + clip("r2", "0s", "1s") + "</spine></sequence></media>"
    for level in range(1, depth + 1):
        inside = "".join(f'<ref-clip ref="n{level - 1}" offset="{i}s" duration="1s"/>' for i in range(wide))
        made += f'<media id="n{level}"><sequence format="r1"><spine>{inside}</spine></sequence></media>'
    return made


BOMB = '<!DOCTYPE fcpxml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (document(project(clip("r2", "0s", "-1s"))), "negative duration"),
        (document(project(clip("r2", "0s", "1/0s"))), "no time"),
        (document(project(clip("r2", "0s", "4000000s"))), "beyond any timeline"),
        (document(project(clip("r2", "0s", "400000s"))), "hours long"),
        (document(project(clip("r2", "0s", "soon"))), "no time: 'soon'"),
        (document(project('<video ref="r7" offset="0s"/>')), "has no duration"),
        (document(project(clip("r2", "0s", "1s", clip("r3", "0s", "1s", more='lane="up"')))), "lane that is no number"),
        (document(project(clip("r2", "0s", "1s"))).replace("100/2500s", "0s"), "longer than nothing"),
        (document(project(clip("r2", "0s", "1s"))).replace("100/2500s", "-1/25s"), "longer than nothing"),
        (document(project(clip("r2", "0s", "1s"))).replace("100/2500s", "1/900000s"), "nothing plays"),
        (document(project('<clip offset="0s" duration="1s"><conform-rate srcFrameRate="x"/></clip>')), "no frame rate"),
        (document(project(clip("r2", "0s", "1s") + '<transition offset="0s" duration="-1s"/>')), "negative length"),
        (
            document(
                project('<ref-clip ref="r9" offset="0s" duration="1s"/>'),
                media='<media id="r9"><sequence format="r1"><spine><ref-clip ref="r9" offset="0s" duration="1s"/></spine>'
                "</sequence></media>",
            ),
            "contains itself",
        ),
        (document(project('<ref-clip ref="n12" offset="0s" duration="9s"/>'), media=nested(12, 10)), "more than"),
        (document(project('<ref-clip ref="n70" offset="0s" duration="1s"/>'), media=nested(70, 1)), "deep"),
        (document(project("<gap duration='1s'>" * 500 + "</gap>" * 500)), "too deep"),
        (document(project(clip("r2", "0s", "1s"))).replace("<!DOCTYPE fcpxml>", BOMB), "entity"),
        (document(project(clip("r2", "0s", "1s")))[:-20], "not a whole XML document"),
        (document(), "no project"),
        ("<xmeml/>", "root is <xmeml>"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line_that_says_why(write, text, says):
    path = write("x.fcpxml", text)
    with pytest.raises(InputError) as caught:
        read_edit(path)
    assert says in str(caught.value)
    assert "x.fcpxml" in str(caught.value)
    assert "\n" not in str(caught.value)
