"""Resolve's stand-in keeps the contract: from outside, and through both scripts of its menu."""

from __future__ import annotations

from typing import ClassVar

import pytest

from .contract import Contract
from .resolve_menu import Menus
from .resolve_project import FREE
from .resolve_stand import ResolveStand


class TestResolveStudio(Contract):
    @pytest.fixture
    def stand(self, tmp_path):
        return ResolveStand(tmp_path)


class TestResolveThroughLua(Contract):
    """The script that free Resolve from 21.1 on runs, in a real LuaJIT, over the real loopback service."""

    longest = 17_280

    @pytest.fixture
    def stand(self, tmp_path, program):
        menus = Menus(tmp_path / "menus", program("luajit", "luajit"))
        stand = ResolveStand(tmp_path, FREE, "21.1.0", menus.connect)
        yield stand
        menus.end()
        # The free edition raises a dialog at a call that it does not have, and all that follow fail.
        assert "STUDIO ONLY" not in stand.program.said and not stand.program.dialog


class TestResolveThroughPython(Contract):
    """The other script of the menu: what differs between languages, since all else is the same calls."""

    KEPT: ClassVar = {
        "test_reading_gives_the_edit",
        "test_scoring_again_after_saving_and_opening_leaves_one_track",
        "test_markers_are_written_and_exactly_ours_go_again",
        "test_a_closed_host_says_so_and_its_project_is_as_it_was",
        "test_a_host_that_quits_halfway_leaves_the_project_as_it_was",
        "test_letting_go_of_a_host_leaves_it_running",
    }

    @pytest.fixture
    def stand(self, tmp_path):
        menus = Menus(tmp_path / "menus")
        yield ResolveStand(tmp_path, connect=menus.connect)
        menus.end()


for name in set(dir(Contract)) - TestResolveThroughPython.KEPT:
    if name.startswith("test_"):
        setattr(TestResolveThroughPython, name, None)
