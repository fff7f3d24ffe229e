"""What customers owe and what we hold for them; what became of their invoices, and what was
given up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Min, QuerySet, Sum

from waya.billing.models import Credit, CreditNote, Invoice, ProForma, WriteOff
from waya.billing.policy import WriteOffPolicy
from waya.billing.rules.invoice_states import NOTHING_GONE, Gone, State, state_of
from waya.kernel.money import Money
from waya.org.models import Entity
from waya.org.policy import chosen


@dataclass(frozen=True, slots=True)
class Account:
    """Where a customer stands: owed on invoices, asked on pro formas, held as credit.

    `to_pay` is what brings everything in order: owed and asked, less credit, never below
    zero.
    """

    owed: Money
    asked: Money
    credit: Money

    @property
    def to_pay(self) -> Money:
        left = self.owed + self.asked - self.credit
        return left if left.minor > 0 else Money(0, left.currency)


@dataclass(frozen=True, slots=True)
class Arrears:
    """A customer with overdue invoices."""

    customer_id: int
    name: str
    oldest_due: date
    owed: Money


def accounts(entity_id: int, customer_ids: Iterable[int]) -> dict[int, Account]:
    """Where some customers of an entity stand, in three queries for any number of them."""
    keys = set(customer_ids)
    currency = Entity.objects.values_list("currency", flat=True).get(pk=entity_id)
    owed = dict(
        open_invoices(keys)
        .order_by()  # what rows are ordered by would group them
        .values("customer_id")
        .annotate(left=Sum(F("total_minor") - F("paid_minor")))
        .values_list("customer_id", "left")
    )
    asked = dict(
        open_pro_formas(keys)
        .order_by()
        .values("customer_id")
        .annotate(left=Sum("total_minor"))
        .values_list("customer_id", "left")
    )
    held = dict(
        Credit.objects.filter(customer_id__in=keys).values_list("customer_id", "amount_minor")
    )
    return {
        key: Account(
            Money(owed.get(key, 0), currency),
            Money(asked.get(key, 0), currency),
            Money(held.get(key, 0), currency),
        )
        for key in keys
    }


def account(customer_id: int, entity_id: int) -> Account:
    """Where one customer stands."""
    return accounts(entity_id, [customer_id])[customer_id]


def open_invoices(customer_ids: Iterable[int]) -> QuerySet[Invoice]:
    """Invoices that something is missing on, oldest due first."""
    return Invoice.objects.filter(
        customer_id__in=list(customer_ids), paid_minor__lt=F("total_minor")
    ).order_by("due_on", "pk")


def open_pro_formas(customer_ids: Iterable[int]) -> QuerySet[ProForma]:
    """Pro formas that wait to be paid, oldest period first."""
    return ProForma.objects.filter(
        customer_id__in=list(customer_ids), state=ProForma.OPEN
    ).order_by("start", "pk")


def arrears(entity: Entity, *, due_before: date) -> Iterator[Arrears]:
    """Customers with unpaid invoices past their date, longest overdue first."""
    rows = (
        Invoice.objects.filter(
            entity=entity, due_on__lt=due_before, paid_minor__lt=F("total_minor")
        )
        .values("customer_id", "customer__name")
        .annotate(oldest=Min("due_on"), owed=Sum(F("total_minor") - F("paid_minor")))
        .order_by("oldest", "customer_id")
    )
    for row in rows:
        yield Arrears(
            customer_id=row["customer_id"],
            name=row["customer__name"],
            oldest_due=row["oldest"],
            owed=Money(row["owed"], entity.currency),
        )


def gone_of(invoices: Iterable[Invoice]) -> dict[int, Gone]:
    """What credit notes and write-offs took from invoices, by id, for every one of them.

    Two queries however many there are, and none where nothing was settled yet.
    """
    rows = list(invoices)
    touched = [row.pk for row in rows if row.paid_minor]
    found = dict.fromkeys((row.pk for row in rows), NOTHING_GONE)
    if not touched:
        return found
    lost = {
        key: sums
        for key, *sums in WriteOff.objects.filter(invoice__in=touched).values_list(
            "invoice_id", "amount_minor", "recovered_minor"
        )
    }
    credited = {
        key: (total, applied)
        for key, total, applied in CreditNote.objects.filter(invoice__in=touched)
        .values("invoice_id")
        .annotate(total=Sum("total_minor"), applied=Sum("applied_minor"))
        .values_list("invoice_id", "total", "applied")
    }
    for key in {*lost, *credited}:
        found[key] = Gone(*credited.get(key, (0, 0)), *lost.get(key, (0, 0)))
    return found


def invoice_states(invoices: Iterable[Invoice], today: date) -> dict[int, State]:
    """What each invoice is on a day, by id; at most two queries."""
    rows = list(invoices)
    gone = gone_of(rows)
    return {row.pk: invoice_state(row, gone[row.pk], today) for row in rows}


def invoice_state(invoice: Invoice, gone: Gone, today: date) -> State:
    """What one invoice is on a day, by what was taken from it."""
    return state_of(
        total=invoice.total_minor,
        settled=invoice.paid_minor,
        gone=gone,
        due_on=invoice.due_on,
        today=today,
    )


def lost_of(entity_id: int, customer_ids: Iterable[int]) -> dict[int, list[WriteOff]]:
    """What was written off of some customers, locked, and did not come yet, the oldest first:
    nothing where policy leaves it to a person."""
    if not chosen(WriteOffPolicy, entity_id).recovers:
        return {}
    rows = WriteOff.objects.filter(
        customer_id__in=list(customer_ids), recovered_minor__lt=F("amount_minor")
    )
    found: dict[int, list[WriteOff]] = {}
    for row in rows.select_related("invoice").order_by("on", "pk"):
        found.setdefault(row.customer_id, []).append(row)
    return found
