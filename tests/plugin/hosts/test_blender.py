"""The add-on in real Blenders passes the contract: Debian's, and a later version as a Python module."""

from __future__ import annotations

import pytest

from .blender_stand import BlenderStand, Room, program, wheel
from .contract import Contract


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    room = Room(program(), tmp_path_factory.mktemp("blender"))
    yield room
    room.close()


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    room = Room(wheel(), tmp_path_factory.mktemp("bpy"))
    yield room
    room.close()


class TestBlender(Contract):
    @pytest.fixture
    def stand(self, installed, tmp_path):
        stand = BlenderStand(installed, tmp_path)
        yield stand
        stand.quit()


class TestLaterBlender(Contract):
    @pytest.fixture
    def stand(self, later, tmp_path):
        stand = BlenderStand(later, tmp_path)
        yield stand
        stand.quit()
