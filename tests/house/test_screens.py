"""Every screen is visited by a test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from tests.house.tree import files, sources

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


_LINK = re.compile(r"""(?:href|action|hx-(?:get|post|put|delete))=["'](/[^"']*)["']""")
_FILLED = ("1", "100001-4", "7c0ef2c4-9c2e-4a62-9d4c-4d1d3c1a0b0e", "2027-01-31")


def broken(template: str) -> list[str]:
    """Links to pages of ours that nothing answers; what stands for `{{ … }}` is tried in turn."""
    missing = []
    for link in _LINK.findall(template):
        path = re.split(r"[?#]|{%", link)[0]
        filled = [re.sub(r"{{.*?}}", one, path) for one in _FILLED]
        if "{%" not in link and not path.startswith("/static/") and not any(map(_answers, filled)):
            missing.append(link)
    return missing


def _answers(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def test_every_link_on_a_screen_leads_somewhere() -> None:
    shown = [path for path in files() if path.suffix == ".html"]
    found = [(path.name, link) for path in shown for link in broken(path.read_text())]
    assert found == []


def test_a_broken_link_is_seen() -> None:
    assert broken('<a href="/no-such/{{ customer.pk }}/page">') == [
        "/no-such/{{ customer.pk }}/page"
    ]
