"""What happened to a customer or a router, newest first, with what led to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from waya.billing.models import Invoice
from waya.messaging.models import Message
from waya.network.models import Router
from waya.org.models import AuditRecord
from waya.payments.models import Payment
from waya.reports.queries.paging import ROWS, Page, before, cut

# How far back a cause is followed: proof, restored, paid, prompt.
_DEPTH = 4

# What is told with the name of its router.
_ROUTED = {"access.wanted", "access.confirmed"}

# The chips of a timeline, by the beginnings of actions.
KINDS: dict[str, tuple[str, ...]] = {
    "money": (
        "payment.", "invoice.", "pro_forma.", "prompt.", "credit_note.", "promise.", "dispute.",
        "follow_up.",
    ),
    "service": ("subscription.", "access.", "router."),
    "messages": ("message.",),
    "people": ("customer.", "person.", "approval.", "policy.", "plan.", "price."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded fact, the facts that led to it (nearest first), and the rows it names."""

    record: AuditRecord
    causes: list[AuditRecord]
    message: Message | None = None
    payment: Payment | None = None
    invoice: Invoice | None = None
    router: str = ""


@dataclass(slots=True)
class _Named:
    """Rows that records name, by kind and id."""

    messages: dict[int, Message] = field(default_factory=dict)
    payments: dict[int, Payment] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    routers: dict[int, str] = field(default_factory=dict)


def of_customer(
    customer_id: int,
    *,
    kind: str = "",
    without: Iterable[str] = (),
    hidden_actions: Iterable[str] = (),
    key: str = "",
) -> Page[Event]:
    """A customer's timeline; `kind` is one of KINDS, `without` those that the reader may not
    see, `hidden_actions` what only the audit tells. At most nine queries."""
    which = Q(customer_id=customer_id) & ~Q(action__in=hidden_actions)
    for hidden in without:
        which &= ~_begins(KINDS[hidden])
    return _events(which, kind, key)


def of_subject(kind: str, subject_id: int) -> list[Event]:
    """What happened to one document or payment."""
    return _events(Q(subject_kind=kind, subject_id=subject_id), "", "").rows


def of_router(router_id: int, *, key: str = "") -> Page[Event]:
    """What happened to a router itself: trouble, hand edits, its return."""
    return _events(Q(router_id=router_id, action__startswith="router."), "", key)


def _events(which: Q, kind: str, key: str) -> Page[Event]:
    rows = AuditRecord.objects.filter(which)
    if kind in KINDS:
        rows = rows.filter(_begins(KINDS[kind]))
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    page = cut(list(rows.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))
    causes = _causes(page.rows)
    named = _named([*page.rows, *causes.values()])
    return Page([_event(row, causes, named) for row in page.rows], page.next_key)


def _begins(starts: Iterable[str]) -> Q:
    which = Q()
    for start in starts:
        which |= Q(action__startswith=start)
    return which


def _causes(rows: Iterable[AuditRecord]) -> dict[int, AuditRecord]:
    """Everything that led to these, one query a step back."""
    known = {row.pk: row for row in rows}
    wished = {row.cause_id for row in rows if row.cause_id} - known.keys()
    for _ in range(_DEPTH):
        if not wished:
            break
        found = AuditRecord.objects.in_bulk(wished)
        known |= found
        wished = {row.cause_id for row in found.values() if row.cause_id} - known.keys()
    return known


def _named(rows: list[AuditRecord]) -> _Named:
    def keys(kind: str) -> set[int]:
        return {row.subject_id for row in rows if row.subject_kind == kind and row.subject_id}

    routers = {row.router_id for row in rows if row.router_id and row.action in _ROUTED}
    return _Named(
        messages=Message.objects.in_bulk(keys("message")),
        payments=Payment.objects.in_bulk(keys("payment")),
        invoices=Invoice.objects.in_bulk(keys("invoice")),
        routers=dict(Router.objects.filter(pk__in=routers).values_list("pk", "name")),
    )


def _event(row: AuditRecord, known: dict[int, AuditRecord], named: _Named) -> Event:
    causes: list[AuditRecord] = []
    above = row
    while above.cause_id in known and len(causes) < _DEPTH:
        above = known[above.cause_id]
        causes.append(above)
    subject = row.subject_id or 0
    return Event(
        record=row,
        causes=causes,
        message=named.messages.get(subject) if row.subject_kind == "message" else None,
        payment=named.payments.get(subject) if row.subject_kind == "payment" else None,
        invoice=named.invoices.get(subject) if row.subject_kind == "invoice" else None,
        router=named.routers.get(row.router_id or 0, ""),
    )
