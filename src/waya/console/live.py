"""Parts that refresh by themselves, and cost nothing while nothing changed.

A part carries a tag of the page's words in its `hx-headers`; it asks with that tag, and the
answer is 304, which swaps nothing, until the words differ.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

_MAIN = re.compile(r"<main.*</main>", re.DOTALL)
# Made anew for every drawing, and no news.
_TOKENS = re.compile(r'csrfmiddlewaretoken" value="[^"]*"')
_MARK = "page-version"


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page with a live part, or 304 when whoever asks has these very words."""
    drawn = render_to_string(template, context, request)
    main = _MAIN.search(drawn)
    words = _TOKENS.sub("", main.group() if main else drawn)
    version = sha256(words.encode()).hexdigest()[:16]
    tag = f'W/"{version}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    marked = drawn.replace(_MARK, f'W/\\"{version}\\"')
    return HttpResponse(marked, headers={"ETag": tag, "Cache-Control": "no-store"})
