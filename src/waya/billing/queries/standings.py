"""How far behind customers are, judged from what is open: never from memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Min, Q, Sum

from waya.billing.models import Invoice, ProForma
from waya.billing.policy import DunningPolicy
from waya.billing.rules.dunning import Standing, lapse_due, standing, worse, worst
from waya.kernel.money import Money
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.org.queries import entity_of
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING


@dataclass(frozen=True, slots=True)
class Judged:
    """A running subscription, its standing now and before, and the facts behind it."""

    subscription_id: int
    customer_id: int
    router_id: int
    was: str
    standing: Standing
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Behind:
    oldest_due: date
    owed_minor: int


def judge(entity_id: int, customer_ids: Iterable[int], on: date) -> list[Judged]:
    """The standing of each running subscription of some customers, as of a day.

    A prepaid one falls due on its period's last day; an invoice that is overdue by more
    than the tolerance counts against every subscription of its customer.
    """
    wanted = set(customer_ids)
    policy = chosen(DunningPolicy, entity_id)
    entity = entity_of(entity_id)
    behind = _overdue(wanted, policy)
    asked = _asked(wanted)
    rows = Subscription.objects.filter(customer_id__in=wanted, state__in=RUNNING).order_by("pk")
    return [
        _judged(row, behind.get(row.customer_id), asked.get(row.pk, 0), on, policy, entity)
        for row in rows
    ]


def customers_to_restrict(entity_id: int, on: date) -> list[Judged]:
    """Running subscriptions that are further behind, as of a day, than they stand: found by
    index, judged by the same rule as everything else."""
    policy = chosen(DunningPolicy, entity_id)
    lapsed = Q(paid_through__lte=on - timedelta(days=policy.prepaid_grace_days))
    customers = set(
        Subscription.objects.filter(lapsed, entity_id=entity_id, state=Subscription.ACTIVE)
        .values_list("customer_id", flat=True)
    ) | set(
        Invoice.objects.filter(
            entity_id=entity_id,
            due_on__lt=on,
            paid_minor__lt=F("total_minor") - policy.tolerance_minor,
        ).values_list("customer_id", flat=True)
    )  # fmt: skip
    return [one for one in judge(entity_id, customers, on) if worse(one.standing, one.was)]


def _overdue(customers: set[int], policy: DunningPolicy) -> dict[int, _Behind]:
    rows = (
        Invoice.objects.filter(
            customer_id__in=customers, paid_minor__lt=F("total_minor") - policy.tolerance_minor
        )
        .values("customer_id")
        .annotate(oldest=Min("due_on"), owed=Sum(F("total_minor") - F("paid_minor")))
    )
    return {row["customer_id"]: _Behind(row["oldest"], row["owed"]) for row in rows}


def _asked(customers: set[int]) -> dict[int, int]:
    rows = ProForma.objects.filter(customer_id__in=customers, state=ProForma.OPEN)
    return dict(
        rows.values("subscription_id")
        .annotate(owed=Sum("total_minor"))
        .values_list("subscription_id", "owed")
    )


def _judged(
    row: Subscription,
    behind: _Behind | None,
    asked_minor: int,
    on: date,
    policy: DunningPolicy,
    entity: Entity,
) -> Judged:
    lapse = lapse_due(row.paid_through)
    for_lapse = standing(lapse, on, grace_days=policy.prepaid_grace_days)
    for_debt = standing(behind.oldest_due if behind else None, on, grace_days=policy.grace_days)
    due = lapse if for_lapse == worst(for_lapse, for_debt) and lapse else None
    owed = asked_minor
    if behind and for_debt != Standing.GOOD:
        due = min(due, behind.oldest_due) if due else behind.oldest_due
        owed += behind.owed_minor
    why: dict[str, Any] = {
        "on": on.isoformat(),
        "owed": str(Money(owed, entity.currency)),
        "owed_minor": owed,
        "currency": entity.currency,
    }
    if due:
        why["due"] = due.isoformat()
    if for_lapse != Standing.GOOD and row.paid_through:
        why |= {"rule": "prepaid period ended", "paid_through": row.paid_through.isoformat(),
                "grace_days": policy.prepaid_grace_days}  # fmt: skip
    elif for_debt != Standing.GOOD:
        why |= {"rule": "invoice overdue", "grace_days": policy.grace_days}
    return Judged(row.pk, row.customer_id, row.router_id, row.standing,
                  worst(for_lapse, for_debt), why)  # fmt: skip
