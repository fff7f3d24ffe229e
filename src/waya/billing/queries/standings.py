"""How far behind customers are, judged from what is open: never from memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q

from waya.billing.models import Invoice
from waya.billing.policy import DunningPolicy
from waya.billing.rules.dunning import Standing, lapse_due, standing, worse, worst
from waya.kernel.money import Money
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.org.queries import entity_of
from waya.org.rows.asking import ask
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


@dataclass(frozen=True, slots=True)
class _Row:
    """What is judged of a subscription."""

    id: int
    customer_id: int
    router_id: int
    standing: str
    paid_through: date | None


_ROWS = """
select id, customer_id, router_id, standing, paid_through from subscriptions_subscription
where customer_id = any(%s) and state = any(%s) order by id
"""
_ASKED = """
select subscription_id, sum(total_minor)::bigint from billing_proforma
where customer_id = any(%s) and state = 'open' group by subscription_id
"""
_OVERDUE = """
select customer_id, min(due_on), sum(total_minor - paid_minor)::bigint from billing_invoice
where customer_id = any(%s) and paid_minor < total_minor - %s and paid_minor < total_minor
group by customer_id
"""


def judge(
    entity_id: int,
    customer_ids: Iterable[int],
    on: date,
    paid: Mapping[int, date | None] | None = None,
) -> list[Judged]:
    """The standing of each running subscription of some customers, as of a day; `paid` is
    through when some are paid by what is just being settled, by subscription.

    A prepaid one falls due on its period's last day; an invoice that is overdue by more
    than the tolerance counts against every subscription of its customer.
    """
    wanted = set(customer_ids)
    policy = chosen(DunningPolicy, entity_id)
    entity = entity_of(entity_id)
    behind = _overdue(wanted, policy)
    asked = dict(ask(_ASKED, [list(wanted)]))
    rows = [_Row(*one) for one in ask(_ROWS, [list(wanted), list(RUNNING)])]
    if paid:
        rows = [replace(row, paid_through=paid.get(row.id, row.paid_through)) for row in rows]
    return [
        _judged(row, behind.get(row.customer_id), asked.get(row.id, 0), on, policy, entity)
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
    rows = ask(_OVERDUE, [list(customers), policy.tolerance_minor])
    return {customer_id: _Behind(oldest, owed) for customer_id, oldest, owed in rows}


def _judged(
    row: _Row,
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
    return Judged(row.id, row.customer_id, row.router_id, row.standing,
                  worst(for_lapse, for_debt), why)  # fmt: skip
