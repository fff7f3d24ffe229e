"""Issue invoices and pro formas: numbered without gaps, posted, and never changed after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction

from waya.billing.models import Invoice, InvoiceLine, InvoiceTax, ProForma
from waya.billing.queries.pricing import PriceList
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Charged, Draft, booking
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.periods import Period
from waya.kernel.rates import as_percent
from waya.ledger.commands.entries import post_many
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import next_numbers
from waya.parties.models import Customer
from waya.subscriptions.models import Subscription


@transaction.atomic
def issue(*, drafts: Sequence[Draft], by: Actor) -> list[Invoice]:
    """Issue invoices of one entity, in order; each posts its entry.

    Set-wise. Numbers are taken last. A period that was billed before is refused by the
    database, and nothing of the batch is kept.
    """
    by = by.must("billing.issue")
    if not drafts:
        return []
    customers = Customer.objects.in_bulk({draft.customer_id for draft in drafts})
    numbers = next_numbers(entity_id=drafts[0].entity_id, kind="invoice", count=len(drafts), by=by)
    invoices = Invoice.objects.bulk_create(
        [
            _invoice(draft, number, customers[draft.customer_id])
            for draft, number in zip(drafts, numbers, strict=True)
        ]
    )
    lines = InvoiceLine.objects.bulk_create(
        [_line(draft, invoice) for draft, invoice in zip(drafts, invoices, strict=True)]
    )
    InvoiceTax.objects.bulk_create(
        tax
        for draft, line in zip(drafts, lines, strict=True)
        for tax in _taxes(draft.charged, line)
    )
    post_many(
        entries=[
            booking(draft, number)
            for draft, number in zip(drafts, numbers, strict=True)
            if draft.charged.taxed.gross
        ],
        by=by,
    )
    record_many(by, [_issued(draft, one) for draft, one in zip(drafts, invoices, strict=True)])
    return invoices


def _invoice(draft: Draft, number: str, customer: Customer) -> Invoice:
    taxed = draft.charged.taxed
    return Invoice(
        entity_id=draft.entity_id,
        customer=customer,
        number=number,
        issued_on=draft.issued_on,
        issued_at=clock.now(),
        due_on=draft.due_on,
        currency=taxed.net.currency,
        net_minor=taxed.net.minor,
        tax_minor=taxed.tax.minor,
        total_minor=taxed.gross.minor,
        customer_as_issued={"name": customer.name, "account_number": customer.account_number},
    )


def _line(draft: Draft, invoice: Invoice) -> InvoiceLine:
    taxed, period = draft.charged.taxed, draft.charged.period
    return InvoiceLine(
        invoice=invoice,
        subscription_id=draft.subscription_id,
        description=draft.description,
        start=period.start,
        end=period.end,
        net_minor=taxed.net.minor,
        tax_minor=taxed.tax.minor,
        total_minor=taxed.gross.minor,
        why=draft.charged.why,
    )


def _taxes(charged: Charged, line: InvoiceLine) -> list[InvoiceTax]:
    return [
        InvoiceTax(
            line=line,
            sequence=place,
            tax=row.rate.tax,
            name=row.rate.name,
            rate_percent=as_percent(row.rate.ratio),
            base_minor=row.base.minor,
            amount_minor=row.amount.minor,
            law=row.rate.law,
        )
        for place, row in enumerate(charged.taxed.rows, start=1)
    ]


def _issued(draft: Draft, invoice: Invoice) -> Happened:
    return Happened(
        "invoice.issued",
        ("invoice", invoice.pk),
        customer_id=invoice.customer_id,
        why={
            "number": invoice.number,
            "minor": invoice.total_minor,
            "currency": invoice.currency,
            "due": invoice.due_on.isoformat(),
            "for": draft.description,
        },
    )


@transaction.atomic
def quote(*, subscription_id: int, on: date, by: Actor) -> ProForma:
    """Ask for the first period of a subscription that begins today, and until it is paid.

    Asking again on the same day gives the same pro forma; a later day lapses the earlier
    one, whose days have passed. Refuses `subscription_running` once it was paid.
    """
    by = by.must("billing.quote")
    row = Subscription.objects.select_related("plan", "entity").get(pk=subscription_id)
    if row.state != Subscription.PENDING:
        raise Refused("subscription_running", username=row.username)
    known = ProForma.objects.filter(subscription=row, start=on).first()
    if known:
        return known
    ProForma.objects.filter(subscription=row, state=ProForma.OPEN).update(state=ProForma.LAPSED)
    bought = renewal.first(on, months=row.plan.months, calendar_day=row.plan.calendar_day)
    charged = PriceList([row.plan], row.entity.country).charge(
        row.plan, bought, tax_point=on, whole=row.plan.calendar_day is None
    )
    return ask(asked=[(row, charged)], on=on, by=by)[0]


@transaction.atomic
def ask(*, asked: Sequence[tuple[Subscription, Charged]], on: date, by: Actor) -> list[ProForma]:
    """Issue pro formas of one entity: no tax document, nothing is posted."""
    by = by.must("billing.quote")
    if not asked:
        return []
    numbers = next_numbers(
        entity_id=asked[0][0].entity_id, kind="pro_forma", count=len(asked), by=by
    )
    rows = ProForma.objects.bulk_create(
        [
            ProForma(
                entity_id=row.entity_id,
                customer_id=row.customer_id,
                subscription=row,
                number=number,
                issued_on=on,
                start=charged.period.start,
                end=charged.period.end,
                currency=charged.taxed.net.currency,
                total_minor=charged.taxed.gross.minor,
                why=charged.why,
            )
            for (row, charged), number in zip(asked, numbers, strict=True)
        ]
    )
    record_many(by, [
        Happened("pro_forma.issued", ("pro_forma", one.pk), customer_id=one.customer_id,
                 why={"number": one.number, "minor": one.total_minor, "currency": one.currency,
                      "from": one.start.isoformat(), "until": one.end.isoformat()})
        for one in rows
    ])  # fmt: skip
    return rows


def due_day(issued_on: date, due_days: int) -> date:
    """The day an invoice falls due; that day is still in time."""
    return issued_on + timedelta(days=due_days)


def asked_period(pro_forma: ProForma) -> Period:
    """The half-open period that a pro forma asks for."""
    return Period(pro_forma.start, pro_forma.end)
