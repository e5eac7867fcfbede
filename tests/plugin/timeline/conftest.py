"""What the tests of reading files share."""

from __future__ import annotations

import pytest

EDL = """TITLE: PAL
FCM: NON-DROP FRAME

001  A V C 01:00:00:00 01:00:02:10 01:00:00:00 01:00:02:10
* FROM CLIP NAME: A.mov
002  B V C 01:00:00:00 01:00:03:05 01:00:02:10 01:00:05:15
* FROM CLIP NAME: B.mov
* LOC: 01:00:03:00 RED     HIT
"""


@pytest.fixture
def write(tmp_path):
    def put(name, content, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return put


@pytest.fixture
def edl_text():
    return EDL
