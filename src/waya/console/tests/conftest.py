"""What tests of the console stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from waya.console.tests.make import Town, town

Opens = Callable[[Client, int], Page]
_PATIENCE = 30_000


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Figures are kept for seconds; a test wants those of its own town."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def there(db: None) -> Town:
    """Baraka Net with its cast."""
    return town()


@pytest.fixture
def live_town(transactional_db: None) -> Town:
    """The same, where a server in another thread sees it."""
    return town()


@pytest.fixture
def opens(chromium: Browser, live_server: LiveServer) -> Opens:
    """Open a browser window for a member of staff who has signed in, at a width."""

    def open_(client: Client, width: int = 1440) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, base_url=live_server.url
        )
        key = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": key, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        expect.set_options(timeout=_PATIENCE)
        return page

    return open_
