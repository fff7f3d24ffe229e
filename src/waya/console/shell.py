"""What every page shows around itself: who, where, when, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from waya.kernel import clock
from waya.network.queries import online_count
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.reports.queries.shell import counts

# The side bar's entries, and what one must be allowed to see to have each.
ENTRIES = {
    "customers": "customers.view",
    "payments": "money.view",
    "billing": "money.view",
    "invoices": "money.view",
    "collections": "money.view",
    "books": "books.view",
    "online": "network.view",
    "routers": "network.view",
    "plans": "customers.view",
    "approvals": "org.approve",
    "settings": "org.policy",
}
_ONLINE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page; counts that a person may not see are None."""

    entity: str
    branch: str
    person: str
    role: str
    now: datetime
    hidden: frozenset[str]
    suspense: int | None
    overdue: int | None
    online: int | None
    routers_wrong: int | None
    approvals: int | None
    lab: str | None


class May:
    """Asked in templates: `may.payments_take` is whether they may `payments.take`."""

    def __init__(self, by: Actor) -> None:
        self.by = by

    def __getitem__(self, name: str) -> bool:
        return self.by.can(name.replace("_", ".", 1))


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of every console page: what the frame shows, what they may, and which frame.

    Whoever asks with htmx takes a part out of the page and gets no frame; `shell` is read
    only when a frame is drawn.
    """
    by = getattr(request, "by", None)
    entity = getattr(request, "entity", None)
    if by is None or entity is None:
        return {}
    htmx = getattr(request, "htmx", None)
    part = htmx and not htmx.boosted and not htmx.history_restore_request
    return {
        "shell": SimpleLazyObject(lambda: _shell(by, entity)),
        "may": May(by),
        "frame": "console/part.html" if part else "console/base.html",
    }


def _shell(by: Actor, entity: Entity) -> Shell:
    hidden = frozenset(name for name, may in ENTRIES.items() if not by.can(may))
    seen = counts(entity.pk, by.id or 0, clock.today(entity.zone))
    return Shell(
        entity=entity.name,
        branch="All branches",
        person=by.name,
        role=seen.roles,
        now=clock.now(),
        hidden=hidden,
        suspense=None if "payments" in hidden else seen.suspense,
        overdue=None if "collections" in hidden else seen.overdue,
        online=None if "online" in hidden else _online(entity.pk),
        routers_wrong=None if "routers" in hidden else seen.routers_wrong,
        approvals=None if "approvals" in hidden else seen.approvals,
        lab=_lab(),
    )


def _online(entity_id: int) -> int:
    """Counted once in five seconds for everybody who looks."""
    key = f"online:{entity_id}"
    found: int | None = cache.get(key)
    if found is None:
        found = online_count(entity_id)
        cache.set(key, found, _ONLINE_SECONDS)
    return found


def _lab() -> str | None:
    """How far business time runs ahead, in a lab."""
    if not settings.WAYA_LAB:
        return None
    ahead = clock.now() - clock.real_now()
    if ahead < timedelta(minutes=1):
        return "real time"
    days, hours = ahead.days, ahead.seconds // 3600
    if days:
        return f"{days} day{'s' if days > 1 else ''} ahead"
    return f"{hours} hour{'s' if hours != 1 else ''} ahead" if hours else "minutes ahead"
