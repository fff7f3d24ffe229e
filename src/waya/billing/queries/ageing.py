"""How old is what customers owe, as of any day: read from sums by day, never from invoices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Sum

from waya.billing.models import Invoice, ReceivableDelta
from waya.kernel.money import Money

# Days past due, from and through; None is no end.
AGES: tuple[tuple[int | None, int | None], ...] = (
    (None, 0), (1, 30), (31, 60), (61, 90), (91, None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aged:
    """What was unpaid of one age: `first` through `last` days past due; None is no end."""

    first: int | None
    last: int | None
    owed: Money


def ageing(entity_id: int, on: date) -> list[Aged]:
    """What was unpaid at the end of a day, by age and currency, the youngest first; a row for
    every age of each currency. One query, whatever was invoiced."""
    rows = (
        ReceivableDelta.objects.filter(entity_id=entity_id, on__lte=on)
        .values("currency", "due_on")
        .annotate(owed=Sum("amount_minor"))
        .values_list("currency", "due_on", "owed")
    )
    sums: dict[str, list[int]] = {}
    for currency, due_on, owed in rows:
        sums.setdefault(currency, [0] * len(AGES))[age_of(due_on, on)] += owed
    return [
        Aged(first, last, Money(owed, currency))
        for currency, ages in sorted(sums.items())
        for (first, last), owed in zip(AGES, ages, strict=True)
    ]


def age_of(due_on: date, on: date) -> int:
    """Which of `AGES` something due on a day is, on another day."""
    days = (on - due_on).days
    return next(at for at, (_, last) in enumerate(AGES) if last is None or days <= last)


def unlike_their_invoices(entity_id: int) -> list[str]:
    """Due days whose kept sums are not what their invoices lack: always none, unless somebody
    went around the database's triggers."""
    kept = dict(
        ReceivableDelta.objects.filter(entity_id=entity_id)
        .values_list("due_on")
        .annotate(owed=Sum("amount_minor"))
    )
    owed = dict(
        Invoice.objects.filter(entity_id=entity_id, paid_minor__lt=F("total_minor"))
        .values_list("due_on")
        .annotate(owed=Sum(F("total_minor") - F("paid_minor")))
    )
    return [
        f"due {day}: kept {kept.get(day, 0)}, lacking {owed.get(day, 0)}"
        for day in sorted({*kept, *owed})
        if kept.get(day, 0) != owed.get(day, 0)
    ]
