"""FCPXML documents for tests, in the shapes that Final Cut writes."""

from __future__ import annotations

FORMATS = {
    "24": "100/2400s",
    "25": "100/2500s",
    "30": "100/3000s",
    "23.976": "1001/24000s",
    "29.97": "1001/30000s",
    "59.94": "1001/60000s",
}


def asset(
    id_: str, name: str, more: str = 'start="0s" duration="600s" hasVideo="1" hasAudio="1"', version: str = "1.11"
):
    url = f"file:///media/{name}.mov"
    if version in ("1.5", "1.6", "1.7", "1.8"):
        return f'<asset id="{id_}" name="{name}" src="{url}" {more} format="r1"/>'
    return f'<asset id="{id_}" name="{name}" {more} format="r1"><media-rep kind="original-media" src="{url}"/></asset>'


def project(spine: str, name: str = "cut", more: str = 'tcStart="0s" tcFormat="NDF"'):
    sequence = f'<sequence format="r1" {more} audioLayout="stereo" audioRate="48k"><spine>{spine}</spine></sequence>'
    return f'<project name="{name}">{sequence}</project>'


def document(*projects: str, rate: str = "25", media: str = "", version: str = "1.11", library: bool = True):
    assets = "".join(asset(id_, name, version=version) for id_, name in (("r2", "A"), ("r3", "B"), ("r4", "C")))
    form = f'<format id="r1" frameDuration="{FORMATS[rate]}" width="1920" height="1080"/>'
    event = f'<event name="e">{"".join(projects)}</event>'
    inner = f'<library location="file:///x.fcpbundle/">{event}</library>' if library else event
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    return f'{head}<fcpxml version="{version}"><resources>{form}{assets}{media}</resources>{inner}</fcpxml>\n'


def clip(ref: str, offset: str, duration: str, inside: str = "", more: str = ""):
    tag = f'<asset-clip ref="{ref}" offset="{offset}" name="{ref}" duration="{duration}" {more}'.rstrip()
    return f"{tag}>{inside}</asset-clip>" if inside else f"{tag}/>"
