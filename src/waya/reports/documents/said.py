"""Words in the reader's language, looked up once each: a page of reasons says the same few."""

from __future__ import annotations

from functools import lru_cache

from django.utils import translation


def gettext(words: str) -> str:
    """What Django says for them."""
    return _in(words, translation.get_language())


@lru_cache(maxsize=1024)
def _in(words: str, language: str | None) -> str:
    return translation.gettext(words)
