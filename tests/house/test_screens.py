"""Every screen is visited by a test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from tests.house.tree import sources

SCREENS = ("waya.console", "waya.portal")


def screens(
    patterns: Iterable[URLPattern | URLResolver], before: str = ""
) -> Iterator[tuple[str, str]]:
    """The name and the address of each page of console and portal."""
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from screens(pattern.url_patterns, address)
        elif getattr(pattern.callback, "__module__", "").startswith(SCREENS):
            yield pattern.name or "", address


def unvisited(named: Iterable[tuple[str, str]], tests: str) -> list[str]:
    """Screens whose name no test says, and whose address none asks for.

    An address is looked for with anything in place of its arguments.
    """
    missing = []
    for name, address in named:
        pieces = [re.escape(piece) for piece in re.split(r"<[^>]*>", address)]
        pattern = "/" + r"[^\"'?/]+".join(pieces) + r"[\"'?#]"
        told = name and re.search(rf"[\"'](?:\w+:)?{re.escape(name)}[\"']", tests)
        if not told and not re.search(pattern, tests):
            missing.append(address)
    return missing


def test_every_screen_has_a_test() -> None:
    tests = "\n".join(source.text for source in sources() if source.is_test)
    assert unvisited(screens(get_resolver().url_patterns), tests) == []


def test_a_screen_without_a_test_is_seen() -> None:
    screen = ("customer", "customers/<int:number>")
    assert unvisited([screen], "client.get('/invoices/1')") == ["customers/<int:number>"]
    assert unvisited([screen], "client.get(f'/customers/{amina}')") == []
    assert unvisited([screen], "client.get(reverse('console:customer'))") == []
