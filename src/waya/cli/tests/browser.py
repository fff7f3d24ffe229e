"""A real browser for tests of screens: one of each worker, because to start it takes seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

NEWS = "news.example"
_HAS_AXE = "() => typeof axe !== 'undefined'"
_axe = Axe()


@dataclass(frozen=True, slots=True)
class _Started:
    """Chromium, and the loop of this thread in which Playwright talks to it."""

    browser: Browser
    loop: asyncio.AbstractEventLoop

    @contextmanager
    def at_hand(self) -> Iterator[Browser]:
        """The loop counts as running, and afterwards does not: other tests run loops too."""
        asyncio._set_running_loop(self.loop)
        try:
            yield self.browser
        finally:
            asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def _started(needs_program: Callable[[str], str], live_server: LiveServer) -> Iterator[_Started]:
    """Debian's Chromium, to which a news site is at our address: what a router's redirect does."""
    to = urlsplit(live_server.url).netloc
    arguments = ["--no-sandbox", f"--host-resolver-rules=MAP {NEWS} {to}"]
    path = needs_program("chromium")
    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(executable_path=path, args=arguments)
    started = _Started(browser, asyncio.get_running_loop())
    with started.at_hand():
        pass
    yield started
    with started.at_hand():
        browser.close()
        playwright.stop()


@pytest.fixture
def chromium(_started: _Started, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """The worker's browser, with no window open; Django works beside its loop."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with _started.at_hand() as browser:
        yield browser
        for context in browser.contexts:
            context.close()


def serious(page: Page) -> list[str]:
    """What axe holds against a page that is serious or worse, and where."""
    if page.evaluate(_HAS_AXE):
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    else:
        found = _axe.run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
