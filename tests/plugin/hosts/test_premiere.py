"""The panel in Premiere's stand-in passes the contract."""

from __future__ import annotations

import pytest

from .contract import Contract
from .premiere_stand import PremiereStand, node


class TestPremiere(Contract):
    @pytest.fixture
    def stand(self, tmp_path):
        stand = PremiereStand(node(), tmp_path)
        yield stand
        stand.quit()
