"""Disputes: an invoice that a customer does not accept, until a person has looked."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from waya.billing.commands.standings import restore
from waya.billing.models import Dispute, Invoice
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Entity
from waya.parties.commands.customers import lock_customers


@transaction.atomic
def open_dispute(*, invoice_id: int, reason: str, by: Actor) -> Dispute:
    """Say that a customer does not accept an invoice: it no longer counts, and whoever was
    walled for it alone is back.

    One that is open already is given again. Refuses `reason_missing`, and `dispute_settled`
    when nothing is missing on the invoice.
    """
    by = by.must("billing.dispute")
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Refused("reason_missing")
    invoice = Invoice.objects.get(pk=invoice_id)
    lock_customers(customer_ids=[invoice.customer_id], by=by)
    known = Dispute.objects.filter(invoice=invoice, state=Dispute.OPEN).first()
    if known is not None:
        return known
    invoice.refresh_from_db(fields=["paid_minor"])
    if invoice.paid_minor >= invoice.total_minor:
        raise Refused("dispute_settled")
    today = _today(invoice)
    made = Dispute.objects.create(
        invoice=invoice, reason=reason, opened_on=today, opened_at=clock.now(), opened_by=by.name
    )
    record = _told("dispute.opened", made, by)
    restore(entity_id=invoice.entity_id, customer_ids=[invoice.customer_id], on=today,
            causes={invoice.customer_id: record}, by=by)  # fmt: skip
    return made


@transaction.atomic
def close_dispute(*, dispute_id: int, upheld: bool, by: Actor) -> Dispute:
    """Close a dispute: upheld (a credit note is to follow, or a write-off), or rejected, and
    then the invoice counts again from the next judgement, by its old due day.

    Closing it the same way again changes nothing; the other way refuses `dispute_closed`.
    """
    by = by.must("billing.dispute")
    rows = Dispute.objects.select_related("invoice")
    dispute = rows.select_for_update(no_key=True, of=("self",)).get(pk=dispute_id)
    state = Dispute.UPHELD if upheld else Dispute.REJECTED
    if dispute.state == state:
        return dispute
    if dispute.state != Dispute.OPEN:
        raise Refused("dispute_closed")
    dispute.state, dispute.closed_at, dispute.closed_by = state, clock.now(), by.name
    dispute.save(update_fields=["state", "closed_at", "closed_by"])
    _told("dispute.closed", dispute, by)
    return dispute


def _today(invoice: Invoice) -> date:
    return clock.today(Entity.objects.values_list("zone", flat=True).get(pk=invoice.entity_id))


def _told(action: str, dispute: Dispute, by: Actor) -> int:
    invoice = dispute.invoice
    why = {"number": invoice.number, "reason": dispute.reason, "state": dispute.state}
    (record,) = record_many(by, [Happened(action, ("invoice", invoice.pk),
                                          customer_id=invoice.customer_id, why=why)])  # fmt: skip
    return record
