"""Reading Kdenlive, Shotcut and bare MLT: what an editor does there, as cuts, shots and markers in frames."""

from __future__ import annotations

import json

import pytest

from hitpoint.plugin.timeline import mlt_reader
from hitpoint.plugin.timeline.mlt_xml import frames_of
from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate

PROFILE = '<profile frame_rate_num="25" frame_rate_den="1" width="320" height="180"/>'


def producer(name, resource=None, length=500, service="avformat-novalidate", **more):
    told = {"resource": resource or f"/media/{name}.mov", "mlt_service": service, "length": length, **more}
    inside = "".join(f'<property name="{key}">{value}</property>' for key, value in told.items())
    return f'<producer id="{name}" in="0" out="{length - 1}">{inside}</producer>'


def entry(name, first, frames, inside=""):
    return f'<entry producer="{name}" in="{first}" out="{first + frames - 1}">{inside}</entry>'


def prop(name, value):
    return f'<property name="{name}">{value}</property>'


def kdenlive(*tracks, body="", bin_="", guides="[]", profile=PROFILE, inside=""):
    """A project as 22.12 has it. A track is (playlist, playlist, more inside, "audio" or "video")."""
    text = body
    for number, (one, two, more, kind) in enumerate(tracks):
        text += f'<playlist id="p{number}a">{one}</playlist><playlist id="p{number}b">{two}</playlist>'
        flag = prop("kdenlive:audio_track", 1) if kind.startswith("audio") else ""
        normal = "video" if kind.startswith("audio") else "audio"
        hide = "both" if kind.endswith("off") else normal
        text += (
            f'<tractor id="t{number}">{prop("kdenlive:track_name", f"T{number}")}{flag}'
            f'<track hide="{hide}" producer="p{number}a"/><track hide="{hide}" producer="p{number}b"/>{more}</tractor>'
        )
    docs = prop("kdenlive:docproperties.version", "1.04") + prop("kdenlive:docproperties.guides", guides)
    black = producer("black_track", "black", service="color")
    listed = "".join(f'<track producer="t{number}"/>' for number in range(len(tracks)))
    return (
        f'<mlt LC_NUMERIC="C" producer="main_bin">{profile}{body if not tracks else ""}'
        f'<playlist id="main_bin">{docs}{bin_}</playlist>{black}{text}'
        f'<tractor id="main"><track producer="black_track"/>{listed}{inside}</tractor></mlt>'
    )


def bare(playlist, *defined, more="", profile=PROFILE, attributes=""):
    return (
        f'<mlt>{profile}{"".join(defined)}<playlist id="pictures">{playlist}</playlist>'
        f'<tractor id="all" {attributes}><track producer="pictures"/>{more}</tractor></mlt>'
    )


@pytest.fixture
def edit(write):
    def read(text, name="cut.kdenlive", **options):
        return read_edit(write(name, text), **options)[0]

    return read


def cuts(edit):
    return [(cut.frame, cut.kind) for cut in edit.cuts]


AB = producer("a") + producer("b")


def test_a_mix_on_one_track_is_a_dissolve_with_its_cut_in_the_middle(edit):
    mix = f'<transition in="60" out="79">{prop("kdenlive:mixcut", 10)}{prop("mlt_service", "luma")}</transition>'
    track = (entry("a", 0, 80), '<blank length="60"/>' + entry("b", 100, 90), mix, "video")
    got = edit(kdenlive(track, body=AB))
    assert cuts(got) == [(70, "transition")]  # the overlap is 60..80
    assert (got.frames, got.picture_end) == (150, 150)
    assert [float(shot.sources[0].at) for shot in got.shots] == [0.0, pytest.approx((100 + 10) / 25)]


def test_clips_over_each_other_without_a_mix_are_layers(edit):
    track = (entry("a", 0, 100), '<blank length="40"/>' + entry("b", 0, 20), "", "video")
    got = edit(kdenlive(track, body=AB))
    assert cuts(got) == [(40, "cut"), (60, "cut")]


def test_a_dissolve_of_shotcut_is_an_entry_of_its_own(edit):
    halves = '<track producer="a" in="50" out="69"/><track producer="b" in="10" out="29"/>'
    dissolve = (
        f'<tractor id="d" in="0" out="19">{halves}<transition>{prop("mlt_service", "luma")}</transition></tractor>'
    )
    got = edit(bare(entry("a", 0, 50) + entry("d", 0, 20) + entry("b", 30, 40), AB, dissolve), "cut.mlt")
    assert cuts(got) == [(60, "transition")]
    assert (got.frames, got.through_edits) == (110, ())
    assert len(got.shots) == 2


def test_speed_and_reverse_say_which_frames_of_the_medium_are_seen(edit):
    warped = producer("w", "2:/media/a.mov", 250, "timewarp", warp_speed="2", warp_resource="/media/a.mov")
    back = producer("r", "-1:/media/a.mov", 500, "timewarp", warp_speed="-1,0", warp_resource="/media/a.mov")
    got = edit(bare(entry("w", 10, 50) + entry("r", 0, 40), warped, back), "cut.mlt")
    fast, reverse = (shot.sources[0] for shot in got.shots)
    assert (fast.media, float(fast.at), float(fast.speed)) == ("/media/a.mov", 20 / 25, 2.0)
    assert (float(reverse.at), float(reverse.speed)) == (500 / 25, -1.0)  # from its end backwards


def test_a_speed_that_changes_is_said(edit):
    link = f"<link>{prop('mlt_service', 'timeremap')}</link>"
    remapped = producer("a").replace("producer", "chain").replace("</chain>", f"{link}</chain>")
    got = edit(bare(entry("a", 0, 50), remapped), "cut.mlt")
    assert any("speed" in words for words in got.warnings)


def test_hidden_and_muted_tracks_do_not_count(edit):
    below = (entry("a", 0, 100), "", "", "video")
    hidden = ('<blank length="30"/>' + entry("b", 0, 20), "", "", "video off")
    voice, muted = (entry("a", 0, 50), "", "", "audio"), (entry("b", 0, 60), "", "", "audio off")
    got = edit(kdenlive(voice, muted, below, hidden, body=AB))
    assert cuts(got) == []
    assert [(track.name, len(track.clips)) for track in got.audio_tracks] == [("T0", 1)]


def test_the_sound_of_a_picture_is_heard_where_both_lie_in_one_clip(edit):
    got = edit(bare(entry("a", 0, 50) + entry("c", 0, 20), AB, producer("c", "red", service="color")), "cut.mlt")
    assert [[(c.start, c.end) for c in track.clips] for track in got.audio_tracks] == [[(0, 50)]]


def test_guides_and_markers_of_clips_are_markers(edit):
    held = json.dumps([{"comment": "in the clip", "pos": 30, "type": 3}, {"comment": "cut away", "pos": 90, "type": 0}])
    known = producer("a", **{"kdenlive:id": 4, "kdenlive:markers": held})
    guides = json.dumps([{"comment": "door", "pos": 12, "type": 8, "duration": 5}, {"pos": "x"}, 7])
    inside = prop("kdenlive:id", 4)
    picture, sound = (entry("a", 20, 50, inside), "", "", "video"), (entry("a", 20, 50, inside), "", "", "audio")
    got = edit(kdenlive(sound, picture, body=known, bin_='<entry producer="a" in="0" out="499"/>', guides=guides))
    told = [(m.frame, m.name, m.source, m.frames, m.visible) for m in got.markers]
    assert told == [
        (10, "in the clip", "clip", 0, True),
        (12, "door", "timeline", 5, True),
        (70, "cut away", "clip", 0, False),
    ]
    assert [m.color for m in got.markers][:2] == ["GREEN", "MAGENTA"]


def test_a_dissolve_between_two_tracks_is_a_transition(edit):
    laid = f'<transition in="80" out="99">{prop("a_track", 1)}{prop("b_track", 2)}{prop("mlt_service", "luma")}</transition>'
    below, above = (entry("a", 0, 100), "", "", "video"), ('<blank length="80"/>' + entry("b", 0, 70), "", "", "video")
    got = edit(kdenlive(below, above, body=AB, inside=laid))
    assert cuts(got)[0] == (90, "transition")


def test_a_picture_in_a_picture_is_no_certain_cut(edit):
    laid = f'<transition in="30" out="49">{prop("a_track", 1)}{prop("b_track", 2)}{prop("mlt_service", "qtblend")}</transition>'
    below, above = (entry("a", 0, 100), "", "", "video"), ('<blank length="30"/>' + entry("b", 0, 20), "", "", "video")
    got = edit(kdenlive(below, above, body=AB, inside=laid))
    assert [(cut.frame, cut.maybe_overlay) for cut in got.cuts] == [(30, True), (50, True)]


def test_a_black_clip_is_black_and_a_title_is_an_overlay(edit):
    black, red = producer("k", "0x000000ff", service="color"), producer("c", "#ffff0000", service="color")
    title = producer("t", "", service="kdenlivetitle")
    below = (entry("a", 0, 40) + entry("k", 0, 10) + entry("c", 0, 50), "", "", "video")
    above = ('<blank length="60"/>' + entry("t", 0, 20), "", "", "video")
    got = edit(kdenlive(below, above, body=AB + black + red + title))
    assert [(cut.frame, cut.kind, cut.maybe_overlay) for cut in got.cuts] == [
        (40, "to_black", False),
        (50, "from_black", False),
        (60, "cut", True),
        (80, "cut", True),
    ]


def sequences(*inner_entries, active="one"):
    """A project with two sequences, as 23.04 and later have it; the first one plays the second."""

    def tractor(name, playlist):
        said = prop("kdenlive:uuid", "{" + name + "}") + prop("kdenlive:clipname", name)
        track = f'<playlist id="{name}p">{playlist}</playlist><playlist id="{name}q"/><tractor id="{name}t">'
        track += f'{prop("kdenlive:trackheight", 60)}<track hide="audio" producer="{name}p"/><track producer="{name}q"/></tractor>'
        black = producer(f"{name}k", "0", service="color", **{"kdenlive:playlistid": "black_track"})
        return (
            f'{track}{black}<tractor id="{name}">{said}<track producer="{name}k"/><track producer="{name}t"/></tractor>'
        )

    docs = prop("kdenlive:docproperties.version", "1.1") + prop(
        "kdenlive:docproperties.activetimeline", "{" + active + "}"
    )
    bin_ = f'<playlist id="main_bin">{docs}<entry producer="two"/><entry producer="one"/></playlist>'
    two = tractor("two", entry("a", 0, 30) + entry("b", 0, 40))
    one = tractor("one", entry("a", 100, 20) + entry("two", 10, 50) + "".join(inner_entries))
    return f'<mlt producer="main_bin">{PROFILE}{AB}{two}{one}{bin_}<tractor id="z">{prop("kdenlive:projectTractor", 1)}<track producer="one"/></tractor></mlt>'


def test_a_nested_sequence_shows_its_cuts_and_can_be_read_alone(edit):
    got = edit(sequences())
    assert (got.name, got.frames, [cut.frame for cut in got.cuts]) == ("one", 70, [20, 40])
    assert any("2 timelines" in words for words in got.warnings)
    alone = edit(sequences(), timeline="two")
    assert (alone.frames, [cut.frame for cut in alone.cuts]) == (70, [30])
    assert edit(sequences(active="two")).name == "two"
    with pytest.raises(InputError, match="no timeline named"):
        edit(sequences(), timeline="three")


def test_a_relative_path_counts_from_the_root_or_from_where_the_project_lies_now(edit, write):
    write("here.mov", b"x")
    text = bare(entry("a", 0, 50) + entry("b", 0, 50), producer("a", "here.mov"), producer("b", "there.mov"))
    got = edit(text.replace("<mlt", '<mlt root="/gone/away"'), "cut.mlt")
    assert [shot.online for shot in got.shots] == [True, False]
    assert got.shots[1].media == "/gone/away/there.mov"


def test_a_proxy_stands_for_its_original(edit):
    proxied = producer(
        "a", "/cache/proxy/1.mkv", **{"kdenlive:proxy": "/cache/proxy/1.mkv", "kdenlive:originalurl": "/m/a.mov"}
    )
    assert edit(bare(entry("a", 0, 50), proxied), "cut.mlt").shots[0].media == "/m/a.mov"


def test_bare_mlt_plays_what_its_tractor_says(edit):
    got = edit(bare(entry("a", 0, 50) + entry("b", 0, 50), AB, attributes='in="20" out="79"'), "cut.mlt")
    assert (got.frames, [cut.frame for cut in got.cuts]) == (60, [30])


def test_a_playlist_alone_is_a_timeline(edit):
    got = edit(
        f'<mlt>{PROFILE}{AB}<playlist id="p">{entry("a", 0, 50)}<blank length="5"/>{entry("b", 0, 5)}</playlist></mlt>',
        "cut.mlt",
    )
    assert [(cut.frame, cut.kind) for cut in got.cuts] == [(50, "to_black"), (55, "from_black")]


@pytest.mark.parametrize(
    ("num", "den", "rate", "drop"),
    [(24000, 1001, "24000/1001", False), (30000, 1001, "30000/1001", True), (60000, 1001, "60000/1001", True), (50, 1, "50", False)],
)  # fmt: skip
def test_rates_are_exact_and_two_hours_end_on_their_frame(edit, num, den, rate, drop):
    profile = f'<profile frame_rate_num="{num}" frame_rate_den="{den}"/>'
    frames = round(7200 * num / den)
    text = bare(
        entry("a", 0, frames - 7) + entry("b", 0, 7), producer("a", length=frames), producer("b"), profile=profile
    )
    got = edit(text, "cut.mlt")
    assert (str(got.rate), got.drop_frame, got.frames) == (rate, drop, frames)
    assert [cut.frame for cut in got.cuts] == [frames - 7]


# What melt 7.12 makes of these, from `melt -consumer xml time_format=frames`.
@pytest.mark.parametrize(
    ("text", "fps", "frames"),
    [
        ("00:00:01.000", "25", 25),
        ("01:00:00.000", "24000/1001", 86313),
        ("01:59:59.958", "24000/1001", 172626),
        ("00:01:00.017", "60000/1001", 3597),
        ("00:01:02:03", "30", 1863),
        ("00:00:10;05", "30000/1001", 305),
        ("77", "24", 77),
        ("-3", "24", -3),
        ("12.9", "24", 12),
    ],
)
def test_times_are_counted_as_mlt_counts_them(text, fps, frames):
    assert frames_of(text, Rate.of(fps)) == frames


def test_a_comma_that_a_locale_wrote_is_a_point():
    assert frames_of("00:00:00,960", Rate.of(25)) == 24


@pytest.mark.parametrize("text", ["", "abc", "1:2:3:4:5", "00:00:", "1e9", "nan", "9" * 20])
def test_what_is_no_time_is_none(text):
    assert frames_of(text, Rate.of(25)) is None


# What is refused


def nested(levels):
    """Each playlist plays the one before it twice: a few lines, and more clips than any memory holds."""
    text = producer("n0")
    for level in range(1, levels):
        inside = entry(f"n{level - 1}", 0, 10) * 2
        text += f'<playlist id="n{level}">{inside}</playlist>'
    return f"<mlt>{PROFILE}{text}</mlt>"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<mlt>", "line 1"),
        ("<mlt><profile", "line 1"),
        ("<other/>", "<mlt>"),
        (f"<mlt>{PROFILE}</mlt>", "no timeline"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]><mlt>&a;</mlt>', "entit"),
        (f'<mlt>{PROFILE}{producer("a")}<playlist id="p"><entry producer="a" in="0" out="soon"/></playlist></mlt>', "'soon'"),
        ('<mlt><profile frame_rate_num="0" frame_rate_den="1"/><playlist id="p"/></mlt>', "0/1"),
        (f'<mlt>{PROFILE}<playlist id="p"><entry producer="p" in="0" out="9"/></playlist></mlt>', "inside itself"),
        (
            f'<mlt>{PROFILE}<tractor id="x"><track producer="y"/></tractor><tractor id="y"><track producer="x"/></tractor></mlt>',
            "inside itself",
        ),
        (nested(40), "clips"),
        (f"<mlt>{PROFILE}{'<playlist>' * 300}{'</playlist>' * 300}</mlt>", "deep"),
        (f'<mlt>{PROFILE}{producer("a")}<playlist id="p"><entry producer="a" in="0" out="9" repeat="900000000"/></playlist></mlt>', "clips"),
        (f'<mlt>{PROFILE}<playlist id="p"><blank length="2000000000"/>{entry("a", 0, 5)}</playlist>{AB}<tractor id="t"><track producer="p"/></tractor></mlt>', "beyond any timeline"),
    ],
)  # fmt: skip
def test_what_is_damaged_or_hostile_gets_one_line(edit, monkeypatch, text, says):
    monkeypatch.setattr(mlt_reader, "MAX_ITEMS", 5000)
    with pytest.raises(InputError) as caught:
        edit(text, "cut.mlt")
    assert says in str(caught.value) and "\n" not in str(caught.value) and "cut.mlt" in str(caught.value)


def test_what_is_only_odd_is_read_with_a_word(edit):
    got = edit(bare(entry("a", 0, 50) + entry("nobody", 0, 10) + entry("b", 0, 5), AB, profile=""), "cut.mlt")
    assert [cut.frame for cut in got.cuts] == [50, 60]
    assert any("nobody" in words for words in got.warnings)
    assert any("no frame rate" in words for words in got.warnings)


def test_three_thousand_clips_are_no_trouble(edit):
    got = edit(
        bare(
            "".join(entry("ab"[n % 2], n, 10) for n in range(3000)),
            producer("a", length=9000),
            producer("b", length=9000),
        ),
        "cut.mlt",
    )
    assert len(got.cuts) == 2999
