"""The world that stories happen in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from pytest_django.live_server_helper import LiveServer
from tests.stories.world import World, world


@pytest.fixture
def baraka(
    live_server: LiveServer, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Baraka Net opens on Monday, 11 January 2027."""
    with world(str(live_server.url), date(2027, 1, 11), monkeypatch) as made:
        yield made
