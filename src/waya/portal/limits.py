"""How often one address may do what costs somebody else something."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

from waya.kernel.errors import Refused
from waya.org.addresses import caller


def limit(request: HttpRequest, what: str, *, times: int, minutes: int) -> None:
    """Count this, and refuse `too_often` with the `minutes` once it was done so many times.

    Counted in each web process by itself: a stranger gets as many times more as there are
    processes, which is still few. Codes, which must be exact, are counted in the database.
    """
    key = f"limit:{what}:{caller(request.META)}"
    cache.add(key, 0, timeout=minutes * 60)
    try:
        done = cache.incr(key)
    except ValueError:  # it ran out between the two lines
        return
    if done > times:
        raise Refused("too_often", minutes=minutes)
