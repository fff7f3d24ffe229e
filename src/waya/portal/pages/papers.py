"""A customer's own documents as PDF: bills, what was asked, receipts, credits, a statement."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from waya.kernel import clock
from waya.portal.frame import customers_only
from waya.portal.session import Guest
from waya.reports.documents.printing import Printed, days_asked, printed
from waya.reports.documents.printing import statement as drawn


@require_safe
@customers_only
def document(request: HttpRequest, guest: Guest, kind: str, public_id: UUID) -> HttpResponse:
    """A document of theirs, of the kind that the address is for."""
    found = printed(kind, customer=guest.customer, public_id=public_id)
    if found is None:
        raise Http404
    return _file(found)


@require_safe
@customers_only
def statement(request: HttpRequest, guest: Guest) -> HttpResponse:
    """What happened on their account: in three months up to today, or since another day."""
    today = clock.today(guest.entity.zone)
    since, through = days_asked(request.GET.get("since", ""), "", today)
    return _file(drawn(guest.customer, since, through))


def _file(found: Printed) -> HttpResponse:
    return HttpResponse(found.page, headers=found.headers(kept=True))
