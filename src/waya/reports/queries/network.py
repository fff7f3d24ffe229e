"""Routers and the access on them, with the customers and the reasons beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from waya.network.models import DesiredAccess, HandEdit
from waya.network.queries import AccessState, RouterState, access_states, router_states
from waya.org.models import AuditRecord
from waya.parties.models import Customer
from waya.reports.queries.paging import ROWS, Page, before, cut
from waya.subscriptions.models import Subscription

# The chips of a router's page, and which rows each one means.
SHOWS: dict[str, Q] = {
    "waiting": Q(confirmed_at=None, conflict_since=None),
    "conflict": Q(conflict_since__isnull=False),
    "walled": Q(restricted=True, ended=False),
    "ended": Q(ended=True),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A subscription and its access; no access before it was ever wanted."""

    subscription: Subscription
    access: AccessState | None

    @property
    def online(self) -> bool:
        """Whether a session was seen lately."""
        return self.access is not None and self.access.presence == "online"


@dataclass(frozen=True, slots=True)
class Held:
    """One name on a router: its state, whose it is, and the record that led to it."""

    access: AccessState
    customer: Customer | None
    cause: AuditRecord | None


@dataclass(frozen=True, slots=True)
class Board:
    """A router's page: its state, what was edited by hand, and the counts of chips."""

    state: RouterState
    edits: list[HandEdit]
    counts: dict[str, int]


def services(subscriptions: Sequence[Subscription]) -> list[Service]:
    """Subscriptions with what the routers should and do hold for them."""
    states = access_states([one.public_id for one in subscriptions])
    return [Service(one, states.get(one.public_id)) for one in subscriptions]


def board(entity_id: int, name: str) -> Board | None:
    """One router by name; None for one that this company does not have."""
    state = next((one for one in router_states(entity_id) if one.name == name), None)
    if state is None:
        return None
    rows = DesiredAccess.objects.filter(router_id=state.id)
    counted = rows.aggregate(
        all=Count("pk"),
        **{show: Count("pk", filter=which) for show, which in SHOWS.items()},
    )
    edits = HandEdit.objects.filter(router_id=state.id).order_by("-pk")
    return Board(state, list(edits[:5]), counted)


def held(router_id: int, *, show: str = "", name: str = "", key: str = "") -> Page[Held]:
    """What a router should hold and does, the latest change first. Six queries."""
    rows = DesiredAccess.objects.filter(router_id=router_id)
    if show in SHOWS:
        rows = rows.filter(SHOWS[show])
    if name:
        rows = rows.filter(name__startswith=name.lower())
    since, _, last = key.rpartition("~")
    if (pk := before(last)) is not None and since:
        at = datetime.fromisoformat(since)
        rows = rows.filter(Q(since__lt=at) | Q(since=at, pk__lt=pk))
    page = cut(
        list(rows.order_by("-since", "-pk")[: ROWS + 1]),
        lambda row: f"{row.since.isoformat()}~{row.pk}",
    )
    states = access_states([row.owner for row in page.rows])
    customers = Customer.objects.in_bulk([row.customer_id for row in page.rows])
    causes = AuditRecord.objects.in_bulk([row.cause_id for row in page.rows])
    return Page(
        [
            Held(
                states[row.owner],
                customers.get(row.customer_id or 0),
                causes.get(row.cause_id or 0),
            )
            for row in page.rows
            if row.owner in states
        ],
        page.next_key,
    )
