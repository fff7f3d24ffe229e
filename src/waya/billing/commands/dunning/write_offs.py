"""Debts that are given up: a loss in the books, above a limit only with a person's yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F

from waya.billing.commands.standings import restore
from waya.billing.models import Invoice, InvoiceLine, WriteOff
from waya.billing.policy import AllowancePolicy, WriteOffPolicy
from waya.billing.rules.dunning_documents import loss
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.ledger.commands.entries import post_many
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.approvals import close_approval, request_approval
from waya.org.models import Approval, Entity
from waya.org.policy import chosen
from waya.org.rows.changing import change_rows
from waya.parties.commands.customers import lock_customers
from waya.parties.models import Customer
from waya.subscriptions.commands.lives import end
from waya.subscriptions.models import Subscription

KIND = "write_off"


@transaction.atomic
def write_off(*, invoice_id: int, reason: str, by: Actor) -> WriteOff | Approval:
    """Give up what is missing on an invoice; above the limit of policy, ask a person first and
    give the question. Whoever was walled for it alone is back.

    Written off before, it gives that. Refuses `reason_missing`, and `nothing_to_write_off`
    when nothing is missing.
    """
    by = by.must("billing.write_off")
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Refused("reason_missing")
    invoice = Invoice.objects.select_related("customer").get(pk=invoice_id)
    lock_customers(customer_ids=[invoice.customer_id], by=by)
    known = WriteOff.objects.filter(invoice=invoice).first()
    if known is not None:
        return known
    invoice.refresh_from_db(fields=["paid_minor"])
    left = invoice.total_minor - invoice.paid_minor
    if left <= 0:
        raise Refused("nothing_to_write_off")
    if left > chosen(WriteOffPolicy, invoice.entity_id).limit_minor:
        return ask_first(invoice=invoice, reason=reason, ends=False, by=by)
    today = _today(invoice)
    (made,) = write_off_many(invoices=[invoice], reason=reason, on=today, by=by)
    owner = invoice.customer_id
    restore(entity_id=invoice.entity_id, customer_ids=[owner], on=today, causes={}, by=by)
    return made


@transaction.atomic(savepoint=False)
def write_off_many(
    *, invoices: Sequence[Invoice], reason: str, on: date, by: Actor
) -> list[WriteOff]:
    """Give up what is missing on invoices of one entity, whose customers are locked. Set-wise:
    each posts Dr bad debts (or the allowance made for them), Cr receivable, once."""
    by = by.must("billing.write_off")
    open_ = [one for one in invoices if one.paid_minor < one.total_minor]
    if not open_:
        return []
    left = {one.pk: Money(one.total_minor - one.paid_minor, one.currency) for one in open_}
    today, now = _today(open_[0]), clock.now()
    made = WriteOff.objects.bulk_create(
        WriteOff(invoice=one, customer_id=one.customer_id, amount_minor=left[one.pk].minor,
                 currency=one.currency, on=on, written_at=now, written_by=by.name, reason=reason)
        for one in open_
    )  # fmt: skip
    owners = Customer.objects.filter(pk__in={one.customer_id for one in open_})
    branches = dict(owners.values_list("pk", "branch_id"))
    allowed = any(chosen(AllowancePolicy, open_[0].entity_id).percents)
    for one in open_:
        one.paid_minor, one.settled_on, one.moved_on = one.total_minor, today, on
    change_rows(open_, ["paid_minor", "settled_on", "moved_on"])
    post_many(
        entries=[
            loss(entity_id=one.entity_id, customer_id=one.customer_id,
                 branch_id=branches[one.customer_id], invoice_id=one.pk, number=one.number,
                 amount=left[one.pk], on=on, allowed=allowed)
            for one in open_
        ],
        by=by,
    )  # fmt: skip
    record_many(by, [
        Happened("invoice.written_off", ("invoice", one.pk), customer_id=one.customer_id,
                 why={"number": one.number, "minor": left[one.pk].minor, "currency": one.currency,
                      "reason": reason})
        for one in open_
    ])  # fmt: skip
    return made


@transaction.atomic(savepoint=False)
def end_walled(*, invoices: Sequence[Invoice], on: date, by: Actor) -> None:
    """End the walled subscriptions that these invoices were for: who will not pay for them is
    not served again by their debt being forgotten."""
    by = by.must("billing.write_off")
    lines = InvoiceLine.objects.filter(
        invoice__in=invoices, subscription__state=Subscription.SUSPENDED
    )
    for key in sorted(set(lines.values_list("subscription_id", flat=True))):
        end(subscription_id=key, on=on, by=by)


def ask_first(*, invoice: Invoice, reason: str, ends: bool, by: Actor) -> Approval:
    """Put a write-off before a person; what was asked for an invoice is not asked again.

    `ends` says that its walled subscriptions end with it.
    """
    by = by.must("billing.write_off")
    left = Money(invoice.total_minor - invoice.paid_minor, invoice.currency)
    owner = invoice.customer
    named: dict[str, Any] = {
        "id": owner.pk, "name": owner.name, "account": owner.account_number,
        "owed_minor": left.minor, "currency": left.currency, "due": invoice.due_on.isoformat(),
    }  # fmt: skip
    return request_approval(
        entity_id=invoice.entity_id,
        kind=KIND,
        subject=str(invoice.pk),
        title=f"Write off {left} of {owner.name}, {invoice.number}",
        why={"invoice": invoice.number, "reason": reason, "customers": [named],
             "invoice_id": invoice.pk, "ends_service": "yes" if ends else ""},
        by=by,
    )  # fmt: skip


@transaction.atomic
def write_off_approved(*, approval_id: int, by: Actor) -> int:
    """Go on with a write-off that a person granted, as far as nothing was paid meanwhile that
    makes it another: never more than was named. Gives how many invoices were written off."""
    by = by.must("billing.write_off")
    approval = Approval.objects.get(pk=approval_id)
    if approval.kind != KIND or approval.state != Approval.GRANTED:
        return 0
    invoice = Invoice.objects.get(pk=approval.why["invoice_id"])
    lock_customers(customer_ids=[invoice.customer_id], by=by)
    named = int(approval.why["customers"][0]["owed_minor"])
    rows = Invoice.objects.filter(
        pk=invoice.pk, total_minor__lte=F("paid_minor") + named, paid_minor__lt=F("total_minor")
    )
    found = list(rows)
    on = _today(invoice)
    made = write_off_many(invoices=found, reason=approval.why["reason"], on=on, by=by)
    if approval.why.get("ends_service"):
        end_walled(invoices=found, on=on, by=by)
    close_approval(approval_id=approval_id, by=by)
    return len(made)


def _today(invoice: Invoice) -> date:
    return clock.today(Entity.objects.values_list("zone", flat=True).get(pk=invoice.entity_id))
