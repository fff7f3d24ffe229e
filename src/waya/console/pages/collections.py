"""Collections: who is behind, how far, and what happens next?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from waya.billing.queries.debts import ladder_of
from waya.billing.rules.ladder.values import HOLDING, Kind
from waya.console.pages.customers import WORDS
from waya.console.pages.dunning.tabs import tabs
from waya.console.pieces import Chip, address, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.queries import approvals_waiting
from waya.reports.queries import owing as reads
from waya.reports.queries.messages import last_words
from waya.reports.queries.today import service


@staff("money.view")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """Customers with overdue invoices, or with `show=renewals` those who let one pass."""
    entity, key = request.entity, request.GET.get("from", "")
    today = clock.today(entity.zone)
    behind = reads.overdue(entity.pk, entity.currency, today)
    has = service(entity.pk, today)
    late = has.lapsed
    show = request.GET.get("show", "")
    if show not in ("invoices", "renewals"):
        show = "invoices" if behind.customers or not late else "renewals"
    read = reads.lapsed if show == "renewals" else reads.debtors
    page = read(entity.pk, entity.currency, today, key=key)
    told = last_words([row.customer_id for row in page.rows])
    walled_after = _walled_after(entity.pk, Kind.RENEWAL if show == "renewals" else Kind.INVOICE)
    context = {
        "tabs": tabs("overdue"),
        "total": f"{many(behind.customers, 'customer')} overdue, {many(late, 'renewal')} not paid",
        "overdue": behind.owed,
        "walled": has.walled,
        "brake": _brake(entity.pk, by),
        "chips": [
            Chip("Invoices", address(request, show="invoices"), on=show == "invoices",
                 count=behind.customers, stays=True),
            Chip("Renewals", address(request, show="renewals"), on=show == "renewals",
                 count=late, stays=True),
        ],
        "rows": [_row(row, walled_after, told, today) for row in page.rows],
        "earlier": earlier(request, page.next_key),
        "earlier_words": "More",
        "later": newest(request),
    }  # fmt: skip
    return render(request, "console/collections.html", context)


def _walled_after(entity_id: int, kind: Kind) -> int | None:
    """So many days after it fell due such a debt walls most customers; None for never."""
    everybody = ladder_of(entity_id).segments[-1]
    days = [one.from_days for one in everybody.rungs
            if one.action in HOLDING and kind in one.debts]  # fmt: skip
    # The register tells a renewal's age from its period's first day, the ladder from the last
    # day before it.
    return min(days) - (kind is Kind.RENEWAL) if days else None


def _row(
    row: reads.Debtor, walled_after: int | None, told: dict[int, str], today: date
) -> dict[str, Any]:
    falls = None if walled_after is None else row.oldest + timedelta(days=walled_after)
    ahead = f"walled from {falls:%-d %b}" if falls and falls > today else "judged again tonight"
    known = {"walled": "back when it is paid", "ended": "service has ended"}
    return {
        "name": row.name,
        "url": f"/customers/{row.account}",
        "account": row.account,
        "phone": row.phone,
        "oldest_due": row.oldest,
        "late": many(row.days, "day"),
        "owes": row.owed,
        "standing": row.state,
        "standing_words": WORDS.get(row.state, ""),
        "next": known.get(row.state, ahead),
        "last": told.get(row.customer_id, "not yet told"),
    }


def _brake(entity_id: int, by: Actor) -> dict[str, str] | None:
    """A night's cut-offs that wait for a person."""
    waiting = approvals_waiting(entity_id).filter(kind__contains="cut_off").first()
    if waiting is None:
        return None
    return {
        "title": waiting.title,
        "text": "Nobody of these is cut off before somebody has said yes.",
        "url": f"/approvals#approval-{waiting.pk}" if by.can("org.approve") else "",
    }
