"""What to look at before a month is closed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from waya.billing.models import Parked
from waya.billing.queries.deferred import unrecognised
from waya.kernel.money import Money
from waya.ledger.models import FiscalPeriod
from waya.ledger.queries.balances import trial_balance
from waya.org.models import DailyRun, Entity
from waya.payments.models import Notification, Payment

OPEN, SOFT_CLOSED, LOCKED = FiscalPeriod.OPEN, FiscalPeriod.SOFT_CLOSED, FiscalPeriod.LOCKED


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that is done, or what is missing, and where to see to it."""

    words: str
    missing: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the books: its days, half-open, and whether it is open."""

    start: date
    end: date
    state: str


def months(entity_id: int, today: date, *, many: int = 12) -> list[Month]:
    """This month and those before it, newest first, with the state of each. One query."""
    starts = [today.replace(day=1)]
    while len(starts) < many:
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
    shut = list(
        FiscalPeriod.objects.filter(entity_id=entity_id, end__gt=starts[-1])
        .exclude(state=FiscalPeriod.OPEN)
        .order_by("start")
    )
    ends = [(start + timedelta(days=31)).replace(day=1) for start in starts]
    return [
        Month(start, end, next(
            (one.state for one in shut if one.start <= start and one.end >= end),
            FiscalPeriod.OPEN,
        ))
        for start, end in zip(starts, ends, strict=True)
    ]  # fmt: skip


def checklist(entity: Entity, month: Month) -> list[Look]:
    """What closing a month rests on, and what of it is missing. Seven queries."""
    last = month.end - timedelta(days=1)
    unmatched = Payment.objects.filter(entity=entity, customer=None, value_on__lte=last).count()
    waiting = Notification.objects.filter(
        merchant__entity=entity, state=Notification.WAITING
    ).count()
    parked = Parked.objects.filter(entity=entity, on__lt=month.end, resolved_at=None).count()
    done = DailyRun.objects.filter(entity=entity, day__gte=month.end).exists()
    earned = _by_currency(
        Money(minor, currency) for (*_, currency), minor in unrecognised(entity.pk, last).items()
    )
    off = _by_currency(row.amount for row in trial_balance(entity.pk, through=last))
    return [
        Look("Every day of the month is worked through", "" if done else "the month is not over"),
        Look("Nobody's billing is parked", f"{parked} customers wait" if parked else ""),
        Look("Notifications of money are worked off", f"{waiting} wait" if waiting else "",
             "/payments"),
        Look("No payment stands in suspense", f"{unmatched} payments" if unmatched else "",
             "/payments?state=suspense"),
        Look("What is earned is recognised", f"{earned} is not yet" if earned else "",
             f"/books?tab=deferred&since={month.start}&through={last}"),
        Look("Debits equal credits", f"{off} apart" if off else "",
             f"/books?tab=accounts&through={last}"),
    ]  # fmt: skip


def _by_currency(amounts: Iterable[Money]) -> str:
    """What is left of each currency, in words; empty when nothing is."""
    sums: dict[str, Money] = {}
    for one in amounts:
        sums[one.currency] = sums.get(one.currency, Money(0, one.currency)) + one
    return ", ".join(str(one) for one in sums.values() if one)
