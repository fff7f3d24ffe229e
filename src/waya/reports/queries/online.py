"""Who is online this minute: open sessions on routers that were looked at lately."""

from __future__ import annotations

from dataclasses import dataclass

from waya.network.models import DesiredAccess, Session
from waya.network.queries import RouterState
from waya.parties.models import Customer
from waya.reports.queries.paging import ROWS, Page, before, cut
from waya.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Live:
    """A live session, and whose it is."""

    session: Session
    customer: Customer | None
    plan: str
    restricted: bool


def sessions(
    routers: list[RouterState], *, router: str = "", name: str = "", key: str = ""
) -> Page[Live]:
    """Live sessions on the routers that can be asked, newest first. Four queries."""
    seen = [one.id for one in routers if one.online is not None]
    if router:
        seen = [one.id for one in routers if one.name == router and one.online is not None]
    rows = Session.objects.filter(router_id__in=seen, ended_at=None).select_related("router")
    if name:
        rows = rows.filter(name__startswith=name.lower())
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    page = cut(list(rows.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))
    return Page(_with_customers(page.rows), page.next_key)


def _with_customers(rows: list[Session]) -> list[Live]:
    names = [row.name for row in rows]
    wanted = {
        (one.router_id, one.name): one for one in DesiredAccess.objects.filter(name__in=names)
    }
    customers = Customer.objects.in_bulk([one.customer_id for one in wanted.values()])
    plans = dict(
        Subscription.objects.filter(username__in=names).values_list("username", "plan__name")
    )
    live = []
    for row in rows:
        held = wanted.get((row.router_id, row.name))
        owner = customers.get(held.customer_id or 0) if held else None
        live.append(Live(row, owner, plans.get(row.name, ""), bool(held and held.restricted)))
    return live
