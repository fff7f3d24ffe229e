"""Routers in memory for every test of the network that asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from waya.network.tests.make import Network, network


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Lines that lead to routers in memory."""
    with network(monkeypatch) as made:
        yield made
