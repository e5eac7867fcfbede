"""Bridges to editors. Every one of them passes the contract; a package, so that its tests can share that class."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.contract")
