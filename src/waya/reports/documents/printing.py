"""Documents as PDF files, for every surface: found, drawn and named in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Model

from waya.billing.models import CreditNote, Invoice, ProForma
from waya.parties.models import Customer
from waya.payments.models import Payment
from waya.reports.documents import papers

PDF: Final = "application/pdf"
_LAST: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Printed:
    """A page and the name that its file has."""

    page: bytes
    name: str

    def headers(self, *, kept: bool) -> dict[str, str]:
        """What a browser is told: to keep it as a file, or to show it."""
        how = "attachment" if kept else "inline"
        return {
            "Content-Type": PDF,
            "Content-Disposition": f'{how}; filename="{self.name}.pdf"',
        }


@dataclass(frozen=True, slots=True)
class _Kind:
    model: type[Model]
    number: str
    draw: Callable[[Any], bytes]
    related: tuple[str, ...] = ()


_KINDS: Final[Mapping[str, _Kind]] = {
    "invoice": _Kind(Invoice, "number", papers.invoice),
    "pro_forma": _Kind(ProForma, "number", papers.pro_forma, ("subscription__plan",)),
    "credit_note": _Kind(CreditNote, "number", papers.credit_note, ("invoice",)),
    "receipt": _Kind(Payment, "receipt_number", papers.receipt),
}


def printed(kind: str, *, number: str | None = None, **of: object) -> Printed | None:
    """The invoice, pro forma, credit note or receipt that these look-ups find, as it is today;
    None if there is none."""
    wanted = _KINDS[kind]
    if number is not None:
        of[wanted.number] = number
    rows = wanted.model._default_manager.filter(**of)
    rows = rows.select_related("customer", "entity", "issuer", *wanted.related)
    row = rows.order_by("pk").first()
    return None if row is None else Printed(wanted.draw(row), getattr(row, wanted.number))


def statement(customer: Customer, since: date, through: date) -> Printed:
    """A customer's statement of some days, both included."""
    name = f"{customer.account_number}-{through.isoformat()}"
    return Printed(papers.statement(customer, since, through), name)


def days_asked(since: str, through: str, today: date) -> tuple[date, date]:
    """The days of a statement from what an address says, both included; three months up to
    today where it says nothing that can be read."""
    last = _day(through) or today
    return min(_day(since) or last - _LAST, last), last


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None
